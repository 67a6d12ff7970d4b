//! Names of columns: found, or the nearest suggested.

use std::path::Path;

use unicode_normalization::UnicodeNormalization;

use crate::failure::Failure;

/// Where the one column of this name is. Names are compared as those of a text are: in NFKC.
pub fn find(name: &str, names: &[String], path: &Path) -> Result<usize, Failure> {
    let mut found = positions(name, names);
    match (found.next(), found.next()) {
        (Some(at), None) => Ok(at),
        (Some(_), Some(_)) => {
            Err(Failure::of(path, format!("there is more than one column `{name}`"), "rename one of them"))
        }
        (None, _) => Err(Failure::of(path, format!("there is no column `{name}`"), suggest(name, names))),
    }
}

/// Where columns of this name are.
pub fn positions<'a>(name: &str, names: &'a [String]) -> impl Iterator<Item = usize> + use<'a> {
    let wanted: String = name.nfkc().collect();
    names.iter().enumerate().filter(move |(_, other)| other.nfkc().eq(wanted.chars())).map(|(at, _)| at)
}

/// What to write instead of a name.
pub fn suggest(name: &str, names: &[String]) -> String {
    const NEAR: f64 = 0.8;
    const SHOWN: usize = 12;
    let nearness = |other: &String| strsim::jaro_winkler(&name.to_lowercase(), &other.to_lowercase());
    let nearest = names.iter().map(|other| (nearness(other), other)).max_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((_, nearest)) = nearest.filter(|(nearness, _)| *nearness >= NEAR) {
        return format!("did you mean `{nearest}`?");
    }
    let more = names.len().saturating_sub(SHOWN);
    let list: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    format!("there are the columns {}{more}", list.join(", "))
}
