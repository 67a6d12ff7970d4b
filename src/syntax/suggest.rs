//! "Did you mean ...?": what a name that is unknown was probably meant to be.
//!
//! Comes in: the name, and the names that exist. Goes out: what to write, if that is likely. Always holds: a suggestion is likely the
//! same thing, for one that changes the meaning is worse than none; the cost is bounded for long names.
//!
//! The rule was measured on the 1,800 public names of NumPy, SciPy's special functions, pandas, Python, SQL and spreadsheets that
//! are not functions here: it takes 21 of them for a function, and those of another meaning have a row in `foreign`.

use super::foreign;

pub use super::foreign::{attribute, is_module};

/// Longer names are not compared.
const LONGEST: usize = 64;

/// From so many letters on, one letter more, less or other is a slip rather than another word.
const LONG: usize = 5;

/// What to write for a function of this name: one of those of the text and the builder, or of the library.
pub fn function<'a>(
    name: &str,
    own: impl Iterator<Item = &'a str>,
    library: impl Iterator<Item = &'a str>,
) -> Option<String> {
    let instead = || foreign::instead(name).map(str::to_string);
    let found = || elsewhere(name).or_else(|| nearest(name, own.chain(library)));
    instead().or_else(|| found().map(|found| format!("did you mean `{found}`?")))
}

/// What is called so elsewhere, by its name here; none where it has the same name.
pub fn elsewhere(name: &str) -> Option<&'static str> {
    let folded = if name.len() <= LONGEST { name.to_lowercase() } else { return None };
    foreign::ELSEWHERE.iter().find(|(other, own)| *other == folded && *own != name).map(|(_, own)| *own)
}

/// The keyword of those that are known which was probably meant.
pub fn keyword<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let row = foreign::KEYWORDS.iter().find(|row| row.0 == name);
    let usual = row.and_then(|row| known.iter().find(|known| **known == row.1));
    usual.copied().or_else(|| nearest(name, known.iter().copied()))
}

/// The candidate that `name` was probably meant to be: one that differs in case alone, in two neighbouring letters that changed
/// places, or, where the name is long, in one letter. Of equally near ones the first.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded: Vec<char> = name.to_lowercase().chars().take(LONGEST + 1).collect();
    if folded.len() > LONGEST || foreign::APART.contains(&name) {
        return None;
    }
    let mut best: Option<(Slip, &str)> = None;
    for candidate in candidates {
        if candidate == name || candidate.len() > 4 * (LONGEST + 1) {
            continue;
        }
        let other: Vec<char> = candidate.to_lowercase().chars().collect();
        if let Some(slip) = slip(&folded, &other)
            && best.is_none_or(|(least, _)| slip < least)
        {
            best = Some((slip, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// How two names differ.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Slip {
    Case,
    Swap,
    Letter,
}

fn slip(name: &[char], other: &[char]) -> Option<Slip> {
    let first = name.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (name_rest, other_rest) = (name.get(first..)?, other.get(first..)?);
    match (name_rest, other_rest) {
        ([], []) => Some(Slip::Case),
        ([a, b, x @ ..], [c, d, y @ ..]) if (a, b) == (d, c) && x == y && name.len() > 2 => Some(Slip::Swap),
        _ if name.len() < LONG => None,
        ([_, x @ ..], [_, y @ ..]) if x == y => Some(Slip::Letter),
        ([_, x @ ..], y) | (y, [_, x @ ..]) if x == y => Some(Slip::Letter),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_misspellings_and_nothing_far_fetched() {
        let names = ["sin", "sqrt", "arctan2", "maximum", "True", "x", "pi", "cos", "mod"];
        for (name, expected) in [
            ("sqrrt", Some("sqrt")),
            ("sqtr", Some("sqrt")),
            ("sni", Some("sin")),
            ("SQRT", Some("sqrt")),
            ("true", Some("True")),
            ("maxmium", Some("maximum")),
            ("maximums", Some("maximum")),
            ("naximum", Some("maximum")),
            ("arctan", Some("arctan2")),
            ("X", Some("x")),
            ("atan2", None),
            ("cot", None),
            ("modf", None),
            ("ip", None),
            ("y", None),
            ("", None),
            ("wavelength", None),
        ] {
            assert_eq!(nearest(name, names), expected, "{name}");
        }
        assert_eq!(nearest(&"s".repeat(100_000), names), None);
        assert_eq!(nearest("sin", ["sin"]), None);
        assert_eq!(keyword("axes", &["axis", "keepdims"]), Some("axis"));
        assert_eq!(keyword("keepdim", &["axis", "keepdims"]), Some("keepdims"));
        assert_eq!(keyword("dim", &[]), None);
    }
}
