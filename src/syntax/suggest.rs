//! "Did you mean ...?": the nearest of the names that exist.
//!
//! Comes in: a name that is unknown, and the candidates. Goes out: at most one of them. Always holds: nothing far-fetched;
//! of equally near ones the first wins, so put the likely first; the cost is bounded for long names.

/// Longer names are not compared: the distance is quadratic in the length.
const LONGEST: usize = 64;

/// Names of other languages and libraries, lower case, and what they are here.
const ELSEWHERE: [(&str, &str); 16] = [
    ("double", "f64"),
    ("single", "f32"),
    ("average", "mean"),
    ("avg", "mean"),
    ("stddev", "std"),
    ("variance", "var"),
    ("mod", "remainder"),
    ("tgamma", "gamma"),
    ("atan2", "arctan2"),
    ("asin", "arcsin"),
    ("acos", "arccos"),
    ("atan", "arctan"),
    ("infinity", "inf"),
    ("true", "True"),
    ("false", "False"),
    ("nan", "nan"),
];

/// Functions of NumPy and others that are not here, and what to do instead.
const INSTEAD: [(&[&str], &str); 9] = [
    (&["dot", "vdot", "inner"], "write the sum: `sum(a*b)`"),
    (&["matmul", "tensordot", "einsum"], "write `sum(a*b, axis=...)` with shapes that broadcast"),
    (&["norm"], "write it out: `sqrt(sum(abs(a)**2))`"),
    (&["ptp"], "write `max(a) - min(a)`"),
    (&["count_nonzero"], "write `sum(a != 0)`"),
    (&["astype", "cast"], "write the type as a function: `f32(a)`"),
    (&["array", "asarray", "list", "tuple"], "pass the array as an argument"),
    (
        &["sort", "argsort", "median", "percentile", "quantile", "unique", "cumsum", "cumprod", "diff", "roll"],
        "an element of a result depends on those at its own place, or on all of an axis in any order: this is neither",
    ),
    (
        &["print", "len", "range", "arange", "linspace", "zeros", "ones", "shape", "reshape", "transpose"],
        "the text computes with the elements of arrays; the rest is done before or after the call",
    ),
];

/// What to do instead of a function of this name, which is not in the language.
pub fn instead(name: &str) -> Option<&'static str> {
    INSTEAD.iter().find(|(names, _)| names.contains(&name)).map(|(_, help)| *help)
}

/// What is called so elsewhere, by its name here; none where it has the same name.
pub fn elsewhere(name: &str) -> Option<&'static str> {
    let folded = if name.len() <= LONGEST { name.to_lowercase() } else { return None };
    ELSEWHERE.iter().find(|(other, own)| *other == folded && *own != name).map(|(_, own)| *own)
}

/// The candidate that `name` was probably meant to be.
///
/// A difference in case alone always counts; else one edit for each three characters (a swap of neighbours is one edit): of one
/// or two letters no other is a likely misspelling.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().take(LONGEST + 1).count();
    if length > LONGEST {
        return None;
    }
    let allowed = length / 3;
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
