//! `docs/functions.md` is what the table of functions says, and what the library answers when it is asked for types.
//!
//! `TILEXPR_WRITE=1 cargo test --test reference` writes the file anew.

use std::fmt::Write;

use tilexpr::math::Elementary;
use tilexpr::types::Function;
use tilexpr::types::function::Rule;
use tilexpr::{AnyArray, Args, DType, Expr, Kind, args};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/functions.md");

/// numexpr's functions.
const NUMEXPR: &[&str] = &[
    "where",
    "contains",
    "sqrt",
    "sin",
    "cos",
    "tan",
    "arcsin",
    "arccos",
    "arctan",
    "sinh",
    "cosh",
    "tanh",
    "arcsinh",
    "arccosh",
    "arctanh",
    "log",
    "log1p",
    "log10",
    "log2",
    "exp",
    "expm1",
    "abs",
    "absolute",
    "ceil",
    "floor",
    "round",
    "rint",
    "trunc",
    "sign",
    "conj",
    "real",
    "imag",
    "complex",
    "isnan",
    "isfinite",
    "isinf",
    "signbit",
    "arctan2",
    "fmod",
    "hypot",
    "nextafter",
    "copysign",
    "maximum",
    "minimum",
    "copy",
    "ones_like",
    "sum",
    "prod",
    "min",
    "max",
];

#[test]
fn the_reference_is_that_of_the_table() {
    let text = reference();
    if std::env::var_os("TILEXPR_WRITE").is_some() {
        std::fs::write(FILE, &text).unwrap();
    }
    let found = std::fs::read_to_string(FILE).unwrap_or_default();
    let line = text.lines().zip(found.lines()).position(|(a, b)| a != b);
    assert!(
        found == text,
        "docs/functions.md is stale, from line {} on: `TILEXPR_WRITE=1 cargo test --test reference` writes it anew",
        line.unwrap_or(text.lines().count().min(found.lines().count())) + 1,
    );
}

#[test]
fn all_of_numexpr_is_there() {
    let missing: Vec<_> = NUMEXPR.iter().filter(|name| Function::from_name(name).is_none()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// What has a heading of its own.
const GROUPS: &[(&str, &str)] = &[
    ("Choosing and bounding", ""),
    (
        "Elementary functions",
        "*Error* is the greatest that was found over the whole range, in units in the last place (ulp) from the true value, of `f32` \
         and of `f64`; where a second pair follows, it is that of `Accuracy::Fast`. 0.5 is correctly rounded. Of complex numbers it is \
         a few ulp of the modulus of the result; of `**` more, as its exponent and the logarithm of its base grow (some 30 \
         for |z| = 3 and exponents to 9).",
    ),
    ("Rounding, signs, remainders", ""),
    ("Of NumPy's, made of these", ""),
    ("Questions", "The answer is a `bool`."),
    ("Complex numbers", ""),
    (
        "Casts",
        "The name of a type is a function. Its result is of that type also where the operand is a number in the text.",
    ),
    (
        "Reductions",
        "`axis` is an integer, a tuple of integers, or left out (or `None`) for all axes; negative ones count from the end. `keepdims=True` leaves the \
         axes with length 1. `dtype=` is a type that the operand is converted to first, and the type of the result; `initial=` a number that is combined \
         with the result at the end, in its type, and the result of `min` and `max` over nothing. They may stand anywhere in an expression. The order of a sum follows from the shape alone.",
    ),
    (
        "Scans",
        "Each element becomes what it and all before it come to, along `axis` (an integer, negative ones count from the end; a single number has one axis), or, \
         if that is left out or `None`, along all axes as one, in C order: the result has one axis then. They may stand anywhere in an \
         expression, and go through memory once. The order follows from the length alone: blocks of 512 elements along the axis; within a block one \
         element after another; what the blocks before come to, one after another, is combined with each element of a block last. So up to 512 \
         elements have the bits of a plain loop, and NumPy's, and sums of many are more exact.",
    ),
    (
        "Loops",
        "`body`, `cond` and `f` are functions: the name of one that the text defines, or a `lambda` ([loops.md](loops.md)). `start` is a value, or a tuple of \
         several: then there is a parameter for each (in `scan` one for all of them), and the function gives a tuple. Everything broadcasts to one shape, and \
         each element goes on by itself. The types are those of `start`: of a whole number in the text `i64`, of another number the float type of the other \
         states, else `f64`; a function that gives a wider type is an error. `max` and `n` are whole numbers, or arrays of these with one for each \
         point, up to `Limits::iterations` (1,000,000).",
    ),
    (
        "Histograms",
        "They count all elements, and give an array of one axis. `bins` and `n` are whole numbers that the text says; `lo` and `hi` are numbers, bare arguments, or \
         results without axes, as in `histogram(x, 100, min(x), max(x))`, and may depend on the call: bounds that are not finite or not in order are an \
         error of it. Edges are NumPy's `linspace(lo, hi, bins + 1)`. There are no weights: `sum(w*(x == k))`.",
    ),
    (
        "Random numbers, indices, shifts",
        "Functions of their arguments like any other: the same everywhere and always, whatever the threads and the shapes. Seed, index and stream are \
         whole numbers of any type, numbers or arrays. See [random numbers](random.md).",
    ),
    ("Operators by name", "They take and give what the operators do."),
];

/// Under which heading a function stands.
fn group(function: &Function) -> usize {
    match function.rule {
        _ if function.name == "signbit" => 4,
        _ if function.name == "copy" => 3,
        Rule::Where | Rule::Select | Rule::Clip | Rule::Extremum(_) => 0,
        _ if error(function).is_some() => 1,
        Rule::Abs | Rule::Sign | Rule::Square | Rule::Integral(_) | Rule::Float(_) | Rule::Fmod => 2,
        Rule::IsNan | Rule::IsInf | Rule::IsFinite | Rule::Logical(_) => 4,
        Rule::Between | Rule::Isin | Rule::Isclose | Rule::Contains => 4,
        Rule::Complex | Rule::Real | Rule::Imag | Rule::Conj | Rule::Angle => 5,
        Rule::Cast(_) => 6,
        Rule::Reduce(_) | Rule::NanReduce(_) => 7,
        Rule::Scan(_) => 8,
        Rule::Loop { .. } | Rule::ScanBy => 9,
        Rule::Histogram | Rule::Bincount => 10,
        Rule::Random(_) | Rule::Index | Rule::Roll | Rule::Diff => 11,
        Rule::Unary(_) | Rule::Binary(_) | Rule::Compare(_) => 12,
        _ => 3,
    }
}

/// The bounds of an elementary function's error.
fn error(function: &Function) -> Option<String> {
    let elementary = match (function.rule, function.name) {
        (Rule::Math(elementary), _) => elementary,
        (_, "pow" | "exp10") => Elementary::Pow,
        (_, "sqrt") => return Some("0.5, 0.5".into()),
        _ => return None,
    };
    let row = elementary.row();
    let fast = row.fast_ulp.map_or(String::new(), |[a, b]| format!("; {a:?}, {b:?}"));
    Some(format!("{:?}, {:?}{fast}", row.ulp[0], row.ulp[1]))
}

fn reference() -> String {
    let mut t = String::from(
        "# Functions, operators, types\n\n\
         Made from the table of functions (`src/types/functions.rs`) by `TILEXPR_WRITE=1 cargo test --test reference`; a test fails when it \
         is stale. Names in parentheses are other names of the same. What numexpr has too, by the same name, is marked *n*.\n\n\
         *A float* is: of floats and complex numbers their own type, of bool and integers of 8 and 16 bits `f32`, of longer ones `f64`.\n\n",
    );
    for (title, _) in GROUPS {
        let anchor = title.to_lowercase().replace(' ', "-").replace([',', '\''], "");
        writeln!(t, "- [{title}](#{anchor})").unwrap();
    }
    t += "- [Operators](#operators)\n- [Element types](#element-types)\n- [Strings](#strings)\n";
    for (at, (title, note)) in GROUPS.iter().enumerate() {
        write!(t, "\n## {title}\n\n").unwrap();
        if !note.is_empty() {
            write!(t, "{note}\n\n").unwrap();
        }
        let with_error = at == 1;
        let brief = matches!(at, 6 | 8 | 9);
        t += match (with_error, brief) {
            (true, _) => "| function | | what | takes | gives | error |\n|---|---|---|---|---|---|\n",
            (_, true) => "| function | | what |\n|---|---|---|\n",
            _ => "| function | | what | takes | gives |\n|---|---|---|---|---|\n",
        };
        for function in Function::all().iter().filter(|function| group(function) == at) {
            let aliases: Vec<String> = function.aliases.iter().map(|alias| format!("`{alias}`")).collect();
            let aliases = if aliases.is_empty() { String::new() } else { format!(" ({})", aliases.join(", ")) };
            let mark = if function.names().any(|name| NUMEXPR.contains(&name)) { "n" } else { "" };
            let signature = function.signature(function.name);
            write!(t, "| `{signature}`{aliases} | {mark} | {} |", escaped(function.doc)).unwrap();
            if !brief {
                let params = match function.rule {
                    Rule::Isin => "a, (a, a)".to_string(),
                    Rule::Clip => "a, a, a".to_string(),
                    Rule::Histogram => "a, 4, 0, 1".to_string(),
                    Rule::Bincount => "a, 4".to_string(),
                    _ => ["a"; 4][..function.required].join(", "),
                };
                let (takes, gives) = match function.rule {
                    Rule::Contains => ("[strings](#strings)".into(), "`bool`".into()),
                    Rule::Roll => types("roll(a, 1)"),
                    _ => types(&format!("{}({params})", function.name)),
                };
                write!(t, " {takes} | {gives} |").unwrap();
            }
            if with_error {
                write!(t, " {} |", error(function).unwrap_or_default()).unwrap();
            }
            t.push('\n');
        }
    }
    operators(&mut t);
    element_types(&mut t);
    t
}

/// A bar within a table.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}

/// What the library says of an expression in `a`, for each type of `a`: in words, which it takes, and what it gives.
fn types(text: &str) -> (String, String) {
    let expr = Expr::compile(text).unwrap();
    let ask = |dtype: DType| {
        let array: AnyArray = Expr::compile(&format!("{dtype}(x)")).unwrap().eval(args![x = &[1i64]]).unwrap();
        expr.output(Args::new().with("a", &array)).ok().map(|(to, _)| to)
    };
    let pairs: Vec<(DType, DType)> = DType::ALL.into_iter().filter_map(|from| Some((from, ask(from)?))).collect();
    let taken: Vec<DType> = pairs.iter().map(|pair| pair.0).collect();
    let mut changed: Vec<DType> = pairs.iter().filter(|(a, b)| a != b && !is_part(*a, *b)).map(|pair| pair.1).collect();
    changed.sort();
    changed.dedup();
    if let [one] = changed[..]
        && pairs.iter().all(|pair| pair.1 == one)
    {
        return (words(&taken), format!("`{one}`"));
    }
    let of = |to: DType| {
        words(
            &pairs
                .iter()
                .filter(|(a, b)| *b == to && a != b && !is_part(*a, *b))
                .map(|pair| pair.0)
                .collect::<Vec<_>>(),
        )
    };
    let mut gives: Vec<String> = changed.iter().map(|&to| format!("`{to}` of {}", of(to))).collect();
    if pairs.iter().any(|&(a, b)| is_part(a, b)) {
        gives.push("the parts' type of complex".into());
    }
    if pairs.iter().any(|(a, b)| a == b) {
        gives.push(if gives.is_empty() { "the same".into() } else { "else the same".into() });
    }
    let gives = gives.join("; ");
    (words(&taken), if gives == FLOAT { "a float".into() } else { gives })
}

/// What [`types`] says of functions that give floats.
const FLOAT: &str = "`f32` of bool, 8- and 16-bit integers; `f64` of 32- and 64-bit integers; else the same";

/// Whether the one is complex and the other the type of its parts.
fn is_part(from: DType, to: DType) -> bool {
    from.is_complex() && from.part() == to
}

/// A set of types, shortly.
fn words(types: &[DType]) -> String {
    let class = |of: &dyn Fn(DType) -> bool| DType::ALL.into_iter().filter(|&d| of(d)).collect::<Vec<_>>();
    let classes: [(&str, Vec<DType>); 14] = [
        ("any", class(&|_| true)),
        ("any real", class(&|d| !d.is_complex())),
        ("numbers", class(&|d| d != DType::Bool)),
        ("real numbers", class(&|d| d != DType::Bool && !d.is_complex())),
        ("bool", class(&|d| d == DType::Bool)),
        ("integers", class(&|d| d.is_int())),
        ("signed integers", class(&|d| d.is_int() && d.is_signed())),
        ("unsigned integers", class(&|d| d.is_int() && !d.is_signed())),
        ("8- and 16-bit integers", class(&|d| d.is_int() && d.size() <= 2)),
        ("32- and 64-bit integers", class(&|d| d.is_int() && d.size() >= 4)),
        ("shorter signed integers", class(&|d| d.is_int() && d.is_signed() && d.size() < 8)),
        ("shorter unsigned integers", class(&|d| d.is_int() && !d.is_signed() && d.size() < 8)),
        ("floats", class(&|d| d.is_float())),
        ("complex", class(&|d| d.kind() == Kind::Complex)),
    ];
    let mut left = types.to_vec();
    let mut said = Vec::new();
    for (name, class) in classes {
        if class.iter().all(|d| left.contains(d)) {
            left.retain(|d| !class.contains(d));
            said.push(name.to_string());
        }
    }
    said.extend(left.iter().map(|d| format!("`{d}`")));
    said.join(", ")
}

const STRINGS: &str = "Strings are bytes, of a fixed width in an array: NumPy's `S`. They stand in the text (`'abc'`, `b'\\xff'`, with Python's \
    escapes), or are arguments made by `Arg::string` and `Arg::strings`. They take the comparisons (by the bytes, which have no sign; NULs at the \
    end do not count, so widths may differ), `in`, `between`, `isin`, `contains`, and give bools; nothing else, and beside strings alone.\n";

/// The operators, from those that bind tightest.
const OPERATORS: &[(&str, &str, &str)] = &[
    ("x.real", "a.real", "the real part; also `.imag`"),
    (
        "x ** y",
        "a ** a",
        "power; binds to the right. Integers wrap; to a negative integer power it is an error. A literal exponent is multiplication, within 1 ulp",
    ),
    ("-x", "-a", "negative; `-x**2` is `-(x**2)`"),
    ("+x", "+a", "itself"),
    ("~x", "~a", "all bits turned; of a bool the opposite"),
    ("x * y", "a * a", "product; of bools `and`"),
    ("x / y", "a / a", "quotient, never an integer"),
    ("x // y", "a // a", "quotient rounded down; of integers by 0 it is 0"),
    ("x % y", "a % a", "remainder with the sign of `y`; of integers by 0 it is 0"),
    ("x + y", "a + a", "sum; of bools `or`"),
    ("x - y", "a - a", "difference"),
    ("x << y", "a << a", "shifted to the left; by the width or more 0"),
    ("x >> y", "a >> a", "shifted to the right; by the width or more 0, or -1 of negative ones"),
    ("x & y", "a & a", "bits of both. Binds tighter than comparisons, as in Python"),
    ("x ^ y", "a ^ a", "bits of one alone"),
    ("x | y", "a | a", "bits of either"),
    ("x in (y, z)", "a in (a, a)", "`(x == y) | (x == z)`; also `not in`. Chains and binds as comparisons do"),
    (
        "x < y",
        "a < a",
        "also `<=`, `>`, `>=`; they chain: `1 < x <= 3`. Exact between integers of all types and with whole numbers; \
     an integer beside a float is converted first",
    ),
    ("x == y", "a == a", "also `!=`"),
    ("not x", "not a", "the opposite of a bool"),
    ("x and y", "a and a", "both; of every element, nothing is skipped"),
    ("x or y", "a or a", "either"),
    ("x if c else y", "a if a else a", "`where(c, x, y)`"),
];

fn operators(t: &mut String) {
    *t += "\n## Operators\n\nFrom the one that binds tightest. Types are for two operands of one type; where they differ, both become their \
           common type first ([below](#element-types)).\n\n| | what | takes | gives |\n|---|---|---|---|\n";
    for (shown, text, doc) in OPERATORS {
        let (takes, gives) = types(text);
        writeln!(t, "| `{}` | {} | {takes} | {gives} |", escaped(shown), escaped(doc)).unwrap();
    }
}

fn element_types(t: &mut String) {
    *t += "\n## Element types\n\n| type | bytes | |\n|---|---|---|\n";
    for dtype in DType::ALL {
        let what = match dtype.kind() {
            Kind::Bool => "true or false".to_string(),
            Kind::Int => format!("integers {}", range(dtype)),
            Kind::Float => format!("IEEE 754 binary{}", 8 * dtype.size()),
            _ => format!("complex numbers of two `{}`", dtype.part()),
        };
        writeln!(t, "| `{dtype}` | {} | {what} |", dtype.size()).unwrap();
    }
    *t += "\nThe type that two operands take together: NumPy 2's. The last columns are a number in the text, or a bare Rust number, which does \
           not widen its own kind.\n\n|  |";
    for dtype in DType::ALL {
        write!(t, " {dtype} |").unwrap();
    }
    *t += " `1` | `1.0` | `1j` |\n|---|";
    *t += &"---|".repeat(DType::ALL.len() + 3);
    for a in DType::ALL {
        write!(t, "\n| **{a}** |").unwrap();
        for b in DType::ALL {
            write!(t, " {} |", common(&format!("where(True, {a}(0), {b}(0))"))).unwrap();
        }
        for weak in ["1", "1.0", "1j"] {
            write!(t, " {} |", common(&format!("where(True, {a}(0), {weak})"))).unwrap();
        }
    }
    *t += "\n\n## Strings\n\n";
    *t += STRINGS;
}

fn common(text: &str) -> DType {
    Expr::compile(text).unwrap().output(args![]).unwrap().0
}

fn range(dtype: DType) -> String {
    let bits = 8 * dtype.size();
    if dtype.is_signed() { format!("-2^{} to 2^{0} - 1", bits - 1) } else { format!("0 to 2^{bits} - 1") }
}
