//! "Did you mean ...?": the nearest of the names that exist.
//!
//! Comes in: a name that is unknown, and the candidates. Goes out: at most one of them. Always holds: nothing far-fetched;
//! of equally near ones the first wins, so put the likely first; the cost is bounded for long names.

/// Longer names are not compared: the distance is quadratic in the length.
const LONGEST: usize = 64;

/// The candidate that `name` was probably meant to be.
///
/// A difference in case alone always counts; else one edit in names up to five characters, and one more for each further three
/// (a swap of neighbours is one edit). Of a single letter no other is a likely misspelling.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().take(LONGEST + 1).count();
    if length > LONGEST {
        return None;
    }
    let allowed = if length < 2 { 0 } else { (length / 3).max(1) };
    let folded = name.to_lowercase();
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate == name || candidate.len() > 4 * (length + allowed) {
            continue;
        }
        let folded_candidate = candidate.to_lowercase();
        if folded_candidate == folded {
            return Some(candidate);
        }
        let distance = strsim::damerau_levenshtein(&folded, &folded_candidate);
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_misspellings_and_nothing_far_fetched() {
        let names = ["sin", "sqrt", "arctan2", "maximum", "True", "x", "pi"];
        for (name, expected) in [
            ("sqrrt", Some("sqrt")),
            ("sqtr", Some("sqrt")),
            ("SQRT", Some("sqrt")),
            ("true", Some("True")),
            ("maxmium", Some("maximum")),
            ("atan2", None),
            ("arctan", Some("arctan2")),
            ("X", Some("x")),
            ("y", None),
            ("", None),
            ("wavelength", None),
        ] {
            assert_eq!(nearest(name, names), expected, "{name}");
        }
        assert_eq!(nearest(&"s".repeat(100_000), names), None);
        assert_eq!(nearest("sin", ["sin"]), None);
    }
}
