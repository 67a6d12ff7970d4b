//! Functions defined in the text: what they mean, what is wrong with them.

use super::{compile, graph};
use crate::CompileErrorKind;
use crate::syntax::Limits;
use crate::types::{Given, resolve};

/// A text with functions, and one without that means the same.
#[test]
fn a_call_has_the_meaning_of_the_body() {
    for (defined, plain) in [
        ("f(x) = x*exp(-x); f(a) + f(c)", "a*exp(-a) + c*exp(-c)"),
        ("f(x, y) = x - y\n f(c, a)", "c - a"),
        ("f(x) = x + a; f(c)", "c + a"),
        ("t = a*c; f(x) = x + t; t = 3; f(c) + t", "c + a*c + 3"),
        ("f(a) = a*2; f(c) + a", "c*2 + a"),
        ("f(pi) = pi*2; f(c) + pi", "c*2 + 3.141592653589793"),
        ("f(sum) = sum*2; f(c) + sum(a)", "c*2 + sum(a)"),
        ("sq(x) = x*x; norm(x, y) = sqrt(sq(x) + sq(y)); norm(a - 1, c)", "u = a - 1; sqrt(u*u + c*c)"),
        ("f(x) = x*x; f(f(f(a)))", "u = a*a; v = u*u; v*v"),
        ("f(x) = x**2 if x > 0 else (1 < x < 3); f(a)", "a**2 if a > 0 else (1 < a < 3)"),
        ("m(x) = x - mean(x, axis=0, keepdims=True); m(a) + m(c)", "a - mean(a, 0, True) + (c - mean(c, 0, True))"),
        ("f(x) = 3; f(a) + c", "3 + c"),
        ("f(x, n) = x**n; f(a, 2) + f(i, 3)", "a*a + i**3"),
        ("f(x) = x.real; f(a)", "a"),
        ("e(x) = x + 1; e(a)", "a + 1"),
        // Functions and variables have names of two kinds.
        ("f = a; f(x) = x*f; f(c) + f", "c*a + a"),
        ("f(sum) = sum(sum)*sum; f(a)", "sum(a)*a"),
        ("max = a; max(c) + max", "max(c) + a"),
        ("sin(x) = x*2; sin(a) + np.sin(c)", "a*2 + sin(c)"),
        ("sin(x) = np.sin(x)*2; sin(a)", "sin(a)*2"),
        // Methods, and the prefix of modules.
        ("f(x, y) = x - y; a.f(c)", "a - c"),
        ("a.sum(axis=0).max() + (a*c).mean().sqrt()", "max(sum(a, axis=0)) + sqrt(mean(a*c))"),
        ("np.sin(a)*numpy.pi + np.sum(c, axis=0)", "sin(a)*pi + sum(c, axis=0)"),
        ("np.where(a > np.e, a, np.inf)", "where(a > e, a, inf)"),
        ("f(np) = np.sum(); f(a)", "sum(a)"),
        ("f64 = a; sum(i, dtype=np.float64) + i.sum(dtype=f64) + f64", "sum(i, dtype=f64) + sum(i, dtype=f64) + a"),
        ("a.clip(None, np.pi) + (i in (1, 2)).sum()", "clip(a, None, pi) + sum(isin(i, (1, 2)))"),
        ("np = a; np.sum()", "sum(a)"),
        ("pi = 3; np.pi*a", "a*3.141592653589793"),
        ("μ = a; µ + ﬁt + fit", "a + fit + fit"),
        ("f(x) = x*2; t = f(a); g(y) = f(y) + t; g(c), t", "c*2 + a*2, a*2"),
    ] {
        let show = |text| {
            let graph = graph(text);
            let resolved = compile(text).unwrap().0;
            let mut names: Vec<_> = graph.inputs.iter().map(|i| resolved.free[i.name as usize].clone()).collect();
            names.sort();
            (graph.nodes.len(), names, graph.outputs.iter().map(|&o| graph.node(o).dtype).collect::<Vec<_>>())
        };
        assert_eq!(show(defined), show(plain), "{defined}\n{}{}", graph(defined), graph(plain));
    }
}

#[test]
fn types_are_those_of_the_call() {
    let types = |text: &str| -> Vec<String> {
        let graph = graph(text);
        graph.outputs.iter().map(|&o| graph.node(o).dtype.to_string()).collect()
    };
    assert_eq!(types("g(x) = x*2; g(i), g(f), g(a), g(2), g(b)"), ["i32", "f32", "f64", "i64", "i64"]);
    assert_eq!(types("g(x, y) = x + y; g(f, 2.5), g(i, 2), g(i, f)"), ["f32", "i32", "f64"]);
}

#[test]
fn arguments_are_computed_once() {
    assert_eq!(graph("f(x) = x*x*x; f(exp(a) + c)").nodes.len(), graph("exp(a) + c").nodes.len() + 2);
    assert_eq!(graph("f(x) = exp(x); f(a) + f(a)").nodes.len(), graph("exp(a) + exp(a)").nodes.len());
}

#[test]
fn names_of_functions_that_are_not_called_need_no_argument() {
    let free = |text: &str| compile(text).unwrap().0.free;
    assert_eq!(free("f(x) = x*k; a + 1"), ["a"]);
    assert_eq!(free("f(x) = x*k + q; c + f(a)"), ["k", "q", "c", "a"]);
    assert_eq!(free("f(x) = x + c; x + f(a)"), ["c", "x", "a"]);
}

#[test]
fn errors() {
    let another = "give one of the two another name";
    for (text, place, message, help) in [
        (
            "f(x) = f(x - 1); f(a)",
            "f",
            "`f` calls itself",
            "functions cannot: write the formula out, or pass what changes as an argument",
        ),
        (
            "g(x) = f(x); f(x) = x; g(a)",
            "f",
            "`f` is called before it is defined",
            "put its definition before this statement",
        ),
        (
            "y = f(a); f(x) = x; y",
            "f",
            "`f` is called before it is defined",
            "put its definition before this statement",
        ),
        ("sin(x) = sin(x)*2; sin(a)", "sin", "`sin` calls itself", "the library's function is `np.sin` here"),
        (
            "y = sin(a); sin(x) = x; y",
            "sin",
            "`sin` is called before it is defined",
            "put its definition before this statement",
        ),
        ("f(x) = x; f(x) = x*2; f(a)", "f", "the function `f` is defined twice", another),
        ("f(x, y) = x; f(a)", "f(a)", "`f` takes 2 arguments, 1 given", "it is defined in this text as `f(x, y)`"),
        ("f(x) = x; f(a, c)", "f(a, c)", "`f` takes 1 argument, 2 given", "it is defined in this text as `f(x)`"),
        ("f(x) = x; f(x=a)", "x", "`f` has no keyword `x`", "`x` goes by its position: `f(x)`"),
        ("f(x) = x; f(y=a)", "y", "`f` has no keyword `y`", "`f(x)`"),
        ("f(x) = x(2); f(a)", "x", "`x` is a variable, called here like a function", "for a product write `x*(...)`"),
        ("smooth(x) = x; smoth(a)", "smoth", "there is no function `smoth`", "did you mean `smooth`?"),
        ("f(x) = sqrrt(x); a", "sqrrt", "there is no function `sqrrt`", "did you mean `sqrt`?"),
        (
            "f(x) = x + t; t = a; f(a)",
            "t",
            "`t` is read before it is assigned",
            "a name is either an argument or assigned: give one of the two another name",
        ),
        (
            "f(x) = ~x; f(i) + f(a)",
            "~x",
            "`~` takes bools or integers, not f64 (in the call `f(a)`)",
            "convert it: `i64(x)`",
        ),
        (
            "f(x) = ~x; g(x) = f(x) + 1; g(i) + g(a*c)",
            "~x",
            "`~` takes bools or integers, not f64 (in the call `g(a*c)`)",
            "convert it: `i64(x)`",
        ),
        (
            "f(x, n) = sum(x, axis=n); f(a, 0)",
            "n",
            "`axis` must be a literal integer, or a tuple of them",
            "as in `axis=0`, `axis=-1`, `axis=(0, 1)`",
        ),
        (
            "f(x) = x; f((a, c)) + 1",
            "f((a, c))",
            "a tuple is not a value",
            "several results stand at the end of the text, as in `x, y`; `axis=(0, 1)` and `x in (0, 1)` take a tuple; an item is read as `t[0]`, all of them by `x, y = t`",
        ),
    ] {
        let error = compile(text).err().unwrap_or_else(|| panic!("{text}"));
        assert_eq!(error.message(), message, "{text}");
        assert_eq!(error.help().unwrap_or(""), help, "{text}");
        assert_eq!(&text[error.span()], place, "{text}");
    }
}

#[test]
fn names_that_are_declared() {
    let text = "f(x) = x; f(a) + f";
    let ast = crate::syntax::parse(text, &Limits::default()).unwrap();
    let declared = ["f".to_string()];
    assert_eq!(resolve(ast, text, Given { declared: &declared, ..Given::default() }).unwrap().free, ["a", "f"]);
}

/// Each function calls the one before it twice: a text of a few lines that would become 2^60 nodes.
#[test]
fn doubling_is_limited() {
    let double = |n: usize| {
        let chain = (1..n).map(|k| format!("h{k}(x) = h{}(x) + h{}(x)\n", k - 1, k - 1)).collect::<String>();
        format!("h0(x) = x*x\n{chain}h{}(a)", n - 1)
    };
    assert_eq!(graph(&double(12)).nodes.len(), 13);
    let text = double(60);
    let error = compile(&text).unwrap_err();
    assert_eq!(error.kind(), CompileErrorKind::Limit);
    assert_eq!(
        error.to_string(),
        "too many operands and operators, once functions are put in where they are called: this is number 2000001, \
         the limit is 2000000\n   |\n61 | h59(a)\n   | ^^^^^^\nhelp: if the text is trusted, raise `Limits::nodes`"
    );
}

/// A chain of functions as long as it may be, each calling the one before: no recursion.
#[test]
fn long_chains() {
    let n = 20_000;
    let chain = (1..n).map(|k| format!("h{k}(x) = h{}(x)\n", k - 1)).collect::<String>();
    assert_eq!(graph(&format!("h0(x) = x + 1\n{chain}h{}(a)", n - 1)).nodes.len(), 3);
}
