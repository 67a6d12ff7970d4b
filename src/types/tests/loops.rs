//! Loops at points, functions that are passed, tuples: values at single points, graphs, and what is refused.

use super::evaluate::{Outcome, evaluate};
use super::{compile, graph};
use crate::types::graph::NodeKind;

/// The results of an expression without arguments, with their types.
fn value(text: &str) -> String {
    match evaluate(&graph(text), &[]) {
        Outcome::Values(outputs) => {
            let show =
                |c: &crate::dtype::Scalar| format!("{}:{}", c.to_string().split(':').next().unwrap_or(""), c.dtype());
            outputs.iter().flatten().map(show).collect::<Vec<_>>().join(" ")
        }
        Outcome::Fault(kind) => format!("{kind:?}"),
    }
}

#[test]
fn facts() {
    for (text, expected) in [
        ("iterate(lambda n: n + 1, 0, lambda n: n*n < 50, 100)", "8:i64"),
        ("iterate(lambda n: n + 1, 0, lambda n: n*n < 50, 3)", "3:i64"),
        ("iterate(lambda n: n + 1, 5, lambda n: n < 3, 100)", "5:i64"),
        ("iterate(lambda n: n + 1, 5, lambda n: True, 0)", "5:i64"),
        ("iterate(lambda n: n + 1, 5, lambda n: True, -3)", "5:i64"),
        ("iterate(lambda x: x/0, 1.0, lambda x: x - x < 1, 100)", "inf:f64"),
        ("repeat(lambda x: x*2, 1, 3)", "8:i64"),
        ("repeat(lambda x: x*2, 1, 62)", "4611686018427387904:i64"),
        ("repeat(lambda x: x/2, 1.0, 3), repeat(lambda x: x/2, 1.0, 20)", "0.125:f64 9.5367431640625e-7:f64"),
        ("repeat(lambda x: x/2, 1.0, 0), repeat(lambda x: x/2, 1.0, -1)", "1.0:f64 1.0:f64"),
        // The type of a state is that of its start; a weak float takes that of the others.
        ("repeat(lambda x, y: (x*y, y + 1), (1.0, f32(1)), 3)", "6.0:f32 4.0:f32"),
        ("repeat(lambda x, y: (x*y, y + 1), (1.0, i32(1)), 3)", "6.0:f64 4:i32"),
        ("repeat(lambda x, y: (x + 1, y), (i8(126), 0), 3)", "-127:i8 0:i64"),
        ("repeat(lambda x, y: (y, x), (1, 0), 9)", "0:i64 1:i64"),
        ("repeat(lambda b: not b, True, 3)", "false:bool"),
        // A narrower value is converted.
        ("repeat(lambda x: 7, 1.0, 2), repeat(lambda x: f32(0.5), 1.0, 12)", "7.0:f64 0.5:f64"),
        ("repeat(lambda z: z*z, 1 + 1j, 2)", "-4.0:f64 0.0:f64"),
        (
            "z, n = iterate(lambda z, n: (z*z, n + 1), (c64(1 + 1j), 0), lambda z, n: abs(z) < 9, 9); z.real, n",
            "16.0:f32 3:i64",
        ),
        ("repeat(lambda z: 2, 1j, 9)", "2.0:f64 0.0:f64"),
        // Functions by name, `lambda`s that have names, and what they read.
        ("f(x) = x*3; repeat(f, 2, 2)", "18:i64"),
        ("f = lambda x: x*3; repeat(f, 2, 2), f(5)", "18:i64 15:i64"),
        ("k = 5; f = lambda x: x + k; k = 7; repeat(f, 0, 2), k", "10:i64 7:i64"),
        ("g(k) = repeat(lambda x: x + k, 0, 3); g(2) + g(5)", "21:i64"),
        ("g(x) = repeat(lambda x: x*2, x + 1, 3); g(2)", "24:i64"),
        ("h(x) = x*10; g(k) = iterate(lambda x: x + h(k), 0, lambda x: x < k*100, 9); g(2)", "180:i64"),
        ("s(x) = x + 1; g(k) = iterate(s, 0, lambda x: x*x < k, 99); g(50)", "8:i64"),
        ("g(k) = iterate(lambda x: x + repeat(lambda y: y*k, x + 1, 2), 0, lambda x: x < k*99, 9); g(2)", "624:i64"),
        ("x = 3; repeat(lambda y: y + x, 0, 2), repeat(lambda x: x + 1, x, 2)", "6:i64 5:i64"),
        ("iterate(lambda x: x + sum(i64(3)), 0, lambda x: x < 10, 99)", "12:i64"),
        // Tuples.
        ("t = (1, 2.5); t[0], t[-1], t[1]", "1:i64 2.5:f64 2.5:f64"),
        ("x, y = 3, 4; x*x + y*y", "25:i64"),
        ("x, y = 3, 4; x, y = y, x; x, y", "4:i64 3:i64"),
        ("f(x) = (x, x*x); a, b = f(3); a + b, f(5)[1]", "12:i64 25:i64"),
        ("f(x) = (x, x*x); f(3)", "3:i64 9:i64"),
        ("f(t) = t[0] + t[1]; f((3, 4))", "7:i64"),
        ("s = (1, 0); repeat(lambda x, y: (x + y, x), s, 9)", "55:i64 34:i64"),
        ("(repeat(lambda x: (x*2,), (1,), 2))", "4:i64"),
        ("t = repeat(lambda x, y: (x + y, x), (1, 0), 9); t[0] - t[1]", "21:i64"),
        // A point at which no step is done raises no error.
        ("iterate(lambda n: n + i64(2)**i64(-1), 0, lambda n: n < 0, 9)", "0:i64"),
        ("iterate(lambda n: n + i64(2)**i64(-1), 0, lambda n: n < 1, 9)", "NegativePower"),
        ("iterate(lambda n: n + 1, 0, lambda n: i64(2)**(4 - n) > 0, 9)", "NegativePower"),
        ("iterate(lambda n: n + 1, 0, lambda n: i64(2)**(4 - n) > 0, 5)", "5:i64"),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

/// The results for `a` of several points.
fn scanned(text: &str, a: &[f64]) -> String {
    let found = match evaluate(&graph(text), &[a.iter().map(|&x| x.into()).collect()]) {
        Outcome::Values(outputs) => outputs,
        Outcome::Fault(kind) => return format!("{kind:?}"),
    };
    let show = |c: &crate::dtype::Scalar| c.to_string().split(':').next().unwrap_or("").to_string();
    let outputs = found.iter().map(|values| values.iter().map(show).collect::<Vec<_>>().join(" "));
    outputs.collect::<Vec<_>>().join("; ")
}

#[test]
fn scans() {
    for (text, expected) in [
        ("scan(lambda s, x: s + x, 0.0, a)", "1.0 3.0 6.0 10.0"),
        ("scan(lambda s, x: s + x, 0.0, a, reverse=True)", "10.0 9.0 7.0 4.0"),
        ("f(s, x) = s*0.5 + x; scan(f, 8.0, a, -1)", "5.0 4.5 5.25 6.625"),
        ("scan(lambda s, x: s + 1, 0, a)", "1 2 3 4"),
        ("scan(lambda s, x: where(x > 2, x, s), nan, a)", "nan nan 3.0 4.0"),
        ("scan(lambda s, x: (s[1], s[0] + s[1]*x), (1.0, 1.0), a)", "1.0 2.0 5.0 17.0; 2.0 5.0 17.0 73.0"),
        ("k = 2*a; scan(lambda s, x: s + x[0]*x[1] + k, 0.0, (a, a + 1))", "4.0 14.0 32.0 60.0"),
        ("s, c = scan(lambda s, x: (s[0] + x, s[1] + 1), (0.0, 0), a); s/c", "1.0 1.5 2.0 2.5"),
        ("scan(lambda z, x: z*1j + x, 0j, a).imag", "0.0 1.0 2.0 2.0"),
        ("scan(lambda s, x: s + i64(2)**(2 - s), 1, a)", "NegativePower"),
    ] {
        assert_eq!(scanned(text, &[1.0, 2.0, 3.0, 4.0]), expected, "{text}");
    }
}

#[test]
fn loops_in_the_graph() {
    let count = |text: &str, is: fn(&NodeKind) -> bool| graph(text).nodes.iter().filter(|node| is(&node.kind)).count();
    let loops = |text: &str| count(text, |kind| matches!(kind, NodeKind::Loop { .. }));
    // What is the same at each step is computed before the loop, and captured.
    let g = graph("iterate(lambda x: x*exp(a), c, lambda x: x < exp(a), 9)");
    assert_eq!(g.nodes.iter().filter(|node| matches!(node.kind, NodeKind::Math(_))).count(), 1, "{g}");
    assert!(g.loops[0].body.graph.nodes.iter().all(|node| !matches!(node.kind, NodeKind::Math(_))), "{g}");
    // Few steps are written out; equal loops are one.
    assert_eq!(loops("repeat(lambda x: x*a, c, 3)"), 0);
    assert_eq!(loops("repeat(lambda x: x*a, c, 9)"), 1);
    assert_eq!(loops("repeat(lambda x: x*a, c, k)"), 1);
}

#[test]
fn equal_loops_are_one() {
    let g = graph(
        "s, t = repeat(lambda x, y: (x*y, y), (a, c), 9); u, v = repeat(lambda p, q: (p*q, q), (a, c), 9); s + u, t + v",
    );
    assert_eq!(g.loops.len(), 1);
    assert_eq!(g.nodes.iter().filter(|node| matches!(node.kind, NodeKind::Loop { .. })).count(), 2, "{g}");
}

/// The text, where, what is wrong, and what helps.
const MESSAGES: &[[&str; 4]] = &[
    [
        "iterate(a, a, a, 3)",
        "a",
        "`iterate` takes a function as `body`",
        "write `lambda x: ...`, or the name of a function that this text defines: `f = lambda x: x/2`",
    ],
    ["repeat(sqrt, a, 3)", "sqrt", "`repeat` takes a function as `body`", "write `lambda x: sqrt(x)`"],
    [
        "iterate(lambda x: x, a, True, 3)",
        "True",
        "`iterate` takes a function as `cond`",
        "write `lambda x: ...`, or the name of a function that this text defines: `f = lambda x: x/2`",
    ],
    ["sum(lambda x: x)", "lambda x: x", "a function is not a value", FUNCTIONS],
    [
        "f = lambda x: x; f + a",
        "f",
        "`f` is a function, and no value",
        "call it: `f(x)`; `iterate`, `repeat` and `scan` take it by its name",
    ],
    [
        "repeat(f, a, 3) + 1; f = lambda x: x",
        "repeat(f, a, 3) + 1",
        "the value of this statement is not used: only the last can be a bare expression",
        "give it a name: `t = ...`; several results are written `x, y`",
    ],
    [
        "t = repeat(f, a, 3); f = lambda x: x; t",
        "f",
        "`f` is called before it is defined",
        "put its definition before this statement",
    ],
    [
        "f = lambda x: repeat(f, x, 3); f(a)",
        "f",
        "`f` calls itself",
        "functions cannot: write the formula out, or pass what changes as an argument",
    ],
    [
        "f = lambda x: x; f = lambda y: y; f(a)",
        "f",
        "the function `f` is defined twice",
        "give one of the two another name",
    ],
    [
        "repeat(lambda x: x, a)",
        "repeat(lambda x: x, a)",
        "`repeat` takes 3 arguments, 2 given",
        "`repeat(body, start, n)`",
    ],
    [
        "iterate(lambda x: x, a, 3)",
        "iterate(lambda x: x, a, 3)",
        "`iterate` takes 4 arguments, 3 given",
        "`iterate(body, start, cond, max)`",
    ],
    [
        "repeat(lambda x, y: (x, y), a, 3)",
        "lambda x, y: (x, y)",
        "the `body` here takes 2 values, and `start` has 1 state",
        PARAMETER,
    ],
    [
        "f = lambda x: x; repeat(f, (a, 0), 3)",
        "repeat(f, (a, 0), 3)",
        "`f(x)` takes 1 value, and `start` has 2 states",
        PARAMETER,
    ],
    [
        "iterate(lambda x, n: (x, n), (a, 0), lambda x: x > 1, 3)",
        "lambda x: x > 1",
        "the `cond` here takes 1 value, and `start` has 2 states",
        PARAMETER,
    ],
    ["repeat(lambda x, n: x, (a, 0), 3)", "x", "`body` gives one value, and `start` is a tuple of 2", NEXT],
    [
        "repeat(lambda x, n: (x, n, 1), (a, 0), 3)",
        "(x, n, 1)",
        "`body` gives a tuple of 3, and `start` is a tuple of 2",
        NEXT,
    ],
    ["repeat(lambda x: (x, 1), a, 3)", "(x, 1)", "`body` gives a tuple of 2, and `start` is one value", NEXT],
    ["repeat(lambda x: x, (), 3)", "()", "this tuple has no items", "a state is a value, or a tuple of values"],
    [
        "repeat(lambda x, n: (x, n + 0.5), (a, 0), 3)[0]",
        "n + 0.5",
        "`body` gives f64 for the state `n`, which begins as i64",
        "begin with the wider type: `f64(0)` in `start`; or cast what `body` gives",
    ],
    [
        "repeat(lambda x: x*a, f, 9)",
        "x*a",
        "`body` gives f64 for the state `x`, which begins as f32",
        "begin with the wider type: `f64(f)` in `start`; or cast what `body` gives",
    ],
    [
        "repeat(lambda z: z*1j, a, 9)",
        "z*1j",
        "`body` gives c128 for the state `z`, which begins as f64",
        "begin with the wider type: `c128(a)` in `start`; or cast what `body` gives",
    ],
    [
        "repeat(lambda x: x + 's', a, 9)",
        "x + 's'",
        "`+` takes numbers, not f64 and string (in the call `repeat(lambda x: x + 's', a, 9)`)",
        "strings are compared (`==`, `<`, `in`, ...) and searched: `contains(x, y)`",
    ],
    [
        "repeat(lambda x: x, 's', 9)",
        "'s'",
        "a state is a number, not a string (in the call `repeat(lambda x: x, 's', 9)`)",
        "begin with a number",
    ],
    [
        "iterate(lambda x: x/2, a, lambda x: x, 3)",
        "x",
        "`cond` gives f64, and a loop goes on while it holds: a bool",
        "write a comparison: `x != 0`",
    ],
    ["iterate(lambda x: x/2, a, lambda x: (x > 1, 1), 3)", "(x > 1, 1)", "a tuple is not a value", TUPLE],
    ["repeat(lambda x: x/2, a, 9.0)", "9.0", "`n` is a whole number, not float", WHOLE],
    ["repeat(lambda x: x/2, a, w)", "w", "`n` is a whole number, not float", WHOLE],
    ["iterate(lambda x: x/2, a, lambda x: x > 1, b)", "b", "`max` is a whole number, not bool", WHOLE],
    ["repeat(lambda x: x/2, a, (1, 2))", "(1, 2)", "a tuple is not a value", TUPLE],
    [
        "repeat(lambda x: x/2, a, 1_000_001)",
        "1_000_001",
        "1000001 steps of a loop, the limit is 1000000",
        "if the text is trusted, raise `Limits::iterations`",
    ],
    [
        "iterate(lambda x: x/sum(x), a, lambda x: x > 1, 3)",
        "sum(x)",
        "a reduction within `iterate` cannot depend on its states: each point goes on by itself",
        "reduce before the loop, or after it",
    ],
    [
        "iterate(lambda x: x/2, a, lambda x: x > mean(x), 3)",
        "mean(x)",
        "a reduction within `iterate` cannot depend on its states: each point goes on by itself",
        "reduce before the loop, or after it",
    ],
    [
        "repeat(lambda x: repeat(lambda y: y/x, x, 9), a, 9)",
        "repeat(lambda y: y/x, x, 9)",
        "this loop depends on the states of the `repeat` around it",
        "loops are not nested, but for `repeat` of up to 8 steps: let one loop have the states of both",
    ],
    ["scan(lambda s: s, 0.0, a)", "lambda s: s", "the `f` here takes 1 value, and `scan` passes two", PASSED],
    [
        "f = lambda s, t, x: s; scan(f, (0, 1), a)",
        "scan(f, (0, 1), a)",
        "`f(s, t, x)` takes 3 values, and `scan` passes two",
        PASSED,
    ],
    [
        "scan(lambda s, x: s + x, 0, a)",
        "s + x",
        "`f` gives f64 for the state, which begins as i64",
        "begin with the wider type: `f64(0)` in `start`; or cast what `f` gives",
    ],
    [
        "scan(lambda s, x: (s[0], s[1] + x), (0.0, 0), a)[0]",
        "s[1] + x",
        "`f` gives f64 for the state of number 1, which begins as i64",
        "begin with the wider type: `f64(0)` in `start`; or cast what `f` gives",
    ],
    [
        "scan(lambda s, x: s[0] + x, (0.0, 0), a)",
        "s[0] + x",
        "`f` gives one value, and `start` is a tuple of 2",
        "it gives the next value of each state, in order: `lambda s, x: (s[0] + x, s[1]*x)`",
    ],
    ["scan(lambda s, x: s + x, (0.0, 0), a)", "s", "a tuple is not a value", TUPLE],
    [
        "scan(lambda s, x: s + x, 0.0, a, axis=(0, 1))",
        "(0, 1)",
        "`scan` runs along one axis",
        "as in `axis=0`, `axis=-1`",
    ],
    [
        "scan(lambda s, x: s + x, 0.0, a, axis=k)",
        "k",
        "`axis` must be a literal integer, or a tuple of them",
        "as in `axis=0`, `axis=-1`, `axis=(0, 1)`",
    ],
    ["scan(lambda s, x: s + x, 0.0, a, reverse=k)", "k", "`reverse` must be `True` or `False`", ""],
    [
        "scan(lambda s, x: s + cumsum(x), 0.0, a)",
        "cumsum(x)",
        "a reduction within `scan` cannot depend on its states: each point goes on by itself",
        "reduce before the loop, or after it",
    ],
    [
        "g(f) = repeat(f, a, 3); g(a)",
        "f",
        "`repeat` takes a function as `body`",
        "write `lambda x: ...`, or the name of a function that this text defines: `f = lambda x: x/2`",
    ],
    ["f = lambda x, y: x*y; f(a)", "f(a)", "`f` takes 2 arguments, 1 given", "it is defined in this text as `f(x, y)`"],
    [
        "x, y = a; x",
        "x, y",
        "several names take the values of a tuple, and this is one value",
        "give each its own value: `x = a; y = b`",
    ],
    ["x, y = (a, c, i); x", "x, y", "2 names, and the tuple has 3 values", "write a name for each of its values"],
    ["t = (a, c); t + 1", "t", "a tuple is not a value", TUPLE],
    ["t = (a, c); (t, 1)", "t", "a tuple is not a value", TUPLE],
    ["t = (a, c); u = (t, 1); u[1]", "t", "a tuple is not an item of another", "write all items in one: `(x, y, z)`"],
    [
        "t = (a, c); t[2]",
        "t[2]",
        "this is a tuple of 2 values",
        "an item is read by its number, `t[0]` to `t[1]`; all of them by `x, y = t`",
    ],
    [
        "t = (a, c); t[k]",
        "t[k]",
        "this is a tuple of 2 values",
        "an item is read by its number, `t[0]` to `t[1]`; all of them by `x, y = t`",
    ],
    [
        "t = (a, c); t[0:1]",
        "t[0:1]",
        "this is a tuple of 2 values",
        "an item is read by its number, `t[0]` to `t[1]`; all of them by `x, y = t`",
    ],
    ["sqrt((a, c))", "(a, c)", "a tuple is not a value", TUPLE],
    [
        "f(x) = (x, ~x); f(a)[0]",
        "~x",
        "`~` takes bools or integers, not f64 (in the call `f(a)`)",
        "convert it: `i64(x)`",
    ],
];

const FUNCTIONS: &str =
    "`iterate`, `repeat` and `scan` take functions; a function is given a name by `f = lambda x: ...`, and called";
const PARAMETER: &str = "there is a parameter for each item of `start`: `iterate(lambda x, n: ..., (x0, 0), ...)`";
const PASSED: &str =
    "`f(state, x)`: what it has come to, and the next element; each may be a tuple, read as `s[0]`, `s[1]`";
const NEXT: &str = "it gives the next value of each state, in order: `lambda x, n: (x/2, n + 1)`";
const WHOLE: &str = "as in `100`, or as an argument";
const TUPLE: &str = "several results stand at the end of the text, as in `x, y`; `axis=(0, 1)` and `x in (0, 1)` take a tuple; an item is read as `t[0]`, all of them by `x, y = t`";

#[test]
fn messages() {
    let mut wrong = String::new();
    for &[text, place, message, help] in MESSAGES {
        let error = compile(text).err().unwrap_or_else(|| panic!("{text}"));
        let found = [text, &text[error.span()], error.message(), error.help().unwrap_or("")];
        if found != [text, place, message, help] {
            wrong += &format!("{found:#?}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// No text takes long, or the stack.
#[test]
fn size_is_no_matter() {
    let nested = |depth: usize, n: usize| "repeat(lambda x: ".repeat(depth) + "x" + &format!(", x, {n})").repeat(depth);
    for (text, refused) in [
        (nested(3000, 1).replace(", x, 1)", ", x + 1, 1)") + "*0", true),
        (nested(3000, 9), true),
        (nested(300, 1), false),
        (format!("{}a", "f1 = lambda x: x; ".to_string() + &"t = repeat(lambda x: x + 1, a, 9); ".repeat(3000)), false),
        (format!("t = ({}a); t[3000]", "a, ".repeat(3000)), false),
        (format!("repeat(lambda {}: ({}), ({}), 2)", names(65), names(65), names(65)), true),
        (format!("repeat(lambda {}: ({}), ({}), 2)[63]", names(64), names(64), names(64)), false),
    ] {
        let begin = std::time::Instant::now();
        assert_eq!(compile(&text).is_err(), refused, "{:.80}: {:?}", text, compile(&text).err());
        assert!(begin.elapsed().as_secs() < 20, "{text:.80}: {:?}", begin.elapsed());
    }
}

/// So many names.
fn names(n: usize) -> String {
    (0..n).map(|at| format!("a{at}")).collect::<Vec<_>>().join(", ")
}
