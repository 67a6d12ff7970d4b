//! The syntax of expressions as a user meets it: what binds to what, what errors say, what huge texts cost.

#[path = "../common/counting.rs"]
mod counting;
mod errors;

use tilexpr::syntax::ast::{Ast, Literal, Node, Span};
use tilexpr::syntax::print::{print, print_full};
use tilexpr::syntax::{Limits, parse};
use tilexpr::{CompileError, CompileErrorKind};

fn read(source: &str) -> Ast {
    parse(source, &Limits::default()).unwrap_or_else(|error| panic!("{source}\n{error}"))
}

fn refuse(source: &str) -> CompileError {
    match parse(source, &Limits::default()) {
        Ok(ast) => panic!("`{source}` was read as {}", print(&ast)),
        Err(error) => error,
    }
}

#[test]
fn precedence_is_pythons() {
    for (source, full) in [
        ("a + b*c", "(a + (b * c))"),
        ("a - b - c", "((a - b) - c)"),
        ("a / b // c % d * e", "((((a / b) // c) % d) * e)"),
        ("-a**2", "(-(a**2))"),
        ("2**-1", "(2**(-1))"),
        ("a**b**c", "(a**(b**c))"),
        ("a**-b**c", "(a**(-(b**c)))"),
        ("-a**-b**-c", "(-(a**(-(b**(-c)))))"),
        ("(-a)**2", "((-a)**2)"),
        ("-a*b", "((-a) * b)"),
        ("a*-b", "(a * (-b))"),
        ("a - -b", "(a - (-b))"),
        ("-+~a", "(-(+(~a)))"),
        ("~a & b", "((~a) & b)"),
        ("a**b*c", "((a**b) * c)"),
        ("a + b << c - d", "((a + b) << (c - d))"),
        ("a << b >> c", "((a << b) >> c)"),
        ("a | b ^ c & d << e", "(a | (b ^ (c & (d << e))))"),
        ("a & b > c", "((a & b) > c)"),
        ("a < b == c != d", "(a < b == c != d)"),
        ("(a < b) < c", "((a < b) < c)"),
        ("not a == b", "(not (a == b))"),
        ("not not a", "(not (not a))"),
        ("not a and b or not c", "(((not a) and b) or (not c))"),
        ("a or b and c", "(a or (b and c))"),
        ("a and b and c", "((a and b) and c)"),
        ("a if b else c", "(a if b else c)"),
        ("a if b else c if d else e", "(a if b else (c if d else e))"),
        ("a or b if not c else d and e", "((a or b) if (not c) else (d and e))"),
        ("a.real + b.imag**2", "(a.real + (b.imag**2))"),
        ("-a.real", "(-a.real)"),
        ("(a + b).imag.real", "(a + b).imag.real"),
        ("(1).real + 1.5.real + 2j.imag", "(((1).real + 1.5.real) + 2.0j.imag)"),
        ("f(a, b)(c)".trim_end_matches("(c)"), "f(a, b)"),
        ("sum(a*b, axis=(0, 1), keepdims=True)", "sum((a * b), axis=(0, 1), keepdims=True)"),
        ("a.sum(axis=0)", "a.sum(axis=0)"),
        ("-a.sum(1)**2", "(-(a.sum(1)**2))"),
        ("(a*b) . sum (axis=1).real + np.sin(a.T)", "((a * b).sum(axis=1).real + np.sin(a.T))"),
        ("f(a).g(b.h(), c).k() + np.pi", "(f(a).g(b.h(), c).k() + np.pi)"),
        ("(1).f() + 1.5.f() + (1).f", "(((1).f() + 1.5.f()) + (1).f)"),
        ("𝛼.ｒｅａｌ + ﬁt + µ", "((α.real + fit) + μ)"),
        ("f((0,), (), ((0, 1)),)", "f((0,), (), (0, 1))"),
        ("f()", "f()"),
        ("t = a*b; t + c", "t = (a * b); (t + c)"),
        ("t = a\n\nu = t # note\n;t*u;\n", "t = a; u = t; (t * u)"),
        ("x, y", "x, y"),
        ("(x, y)", "x, y"),
        ("((x, y,))", "x, y"),
        ("x,", "x,"),
        ("(\n a +\r\n b # c\n)", "(a + b)"),
        ("a + \\\n b", "(a + b)"),
        ("\u{feff}a", "a"),
        ("pi = 3; pi*α", "pi = 3; (pi * α)"),
        ("f(x) = x*x; f(a)", "f(x) = (x * x); f(a)"),
        ("f (x, y,) = x*y\nt = f(a, b)\ng(x) = f(x, t)\ng(1)", "f(x, y) = (x * y); t = f(a, b); g(x) = f(x, t); g(1)"),
        ("f = lambda x: x*x; f(a)", "f = lambda x: (x * x); f(a)"),
        ("f = lambda x, y,: (x + 1, y,); f(a, b)", "f = lambda x, y: ((x + 1), y); f(a, b)"),
        ("f(x) = ((x, 1)); f(a)", "f(x) = (x, 1); f(a)"),
        ("f(lambda x: x + 1, a, k=lambda y, z: (y, z))", "f(lambda x: (x + 1), a, k=lambda y, z: (y, z))"),
        ("f(lambda x: g(lambda y: x if y else 1, x), a)", "f(lambda x: g(lambda y: (x if y else 1), x), a)"),
        ("t = a, b + 1; t", "t = (a, (b + 1)); t"),
        ("t = a,; t", "t = (a,); t"),
        ("x, y = f(a)[1], 2; x", "x, y = (f(a)[1], 2); x"),
        ("x, y, z = f(a); x", "x, y, z = f(a); x"),
        ("x,\\\n y = ((a, b)); y", "x, y = (a, b); y"),
        ("a<-b", "(a < (-b))"),
        ("a in (b, c)", "(a in (b, c))"),
        ("a + b not in (c,) and d", "(((a + b) not in (c,)) and d)"),
        ("not a in () or b", "((not (a in ())) or b)"),
        ("a & b in ((1, 2,))", "((a & b) in (1, 2))"),
        ("a < b in (1, -c) if d not\\\n in (e,) else f", "((a < b in (1, (-c))) if (d not in (e,)) else f)"),
        ("f(a in (1, 2), b not in k)", "f((a in (1, 2)), (b not in k))"),
        ("a--b", "(a - (-b))"),
    ] {
        assert_eq!(print_full(&read(source)), full, "{source}");
    }
}

#[test]
fn print_keeps_only_the_parentheses_that_matter() {
    for text in [
        "a + b * c",
        "(a + b) * c",
        "a - (b - c)",
        "(a**b)**c",
        "a**b**c",
        "(-a)**2",
        "-a**2",
        "a**-b",
        "a**(b + c)",
        "-(a * b)",
        "-a * b",
        "--a",
        "not a == b",
        "(not a) == b",
        "(a < b) < c",
        "a < (b < c)",
        "a < b < c",
        "(a if b else c) if d else e",
        "a if (b if c else d) else e",
        "a if b else c if d else e",
        "(a if b else c) + 1",
        "(a and b) == c",
        "a and (b and c)",
        "(1).real",
        "(1).f(2) + (a + b).sum(axis=(0, 1)).g()",
        "(-a).f() + -a.f() + a.f()**b.g",
        "(-a).imag",
        "f(a if b else c, (0, 1), k=(0,))",
        "1e999 + 1e-7 + 1.0 + 1e999j + True",
        "step = lambda z, n: (z * z + c, n + 1); iterate(step, (z0, 0), lambda z, n: z.real < 4, 300)[1]",
        "x, y = (a, b); t = (x,); t",
        "a[1:-1, ::2, ..., None, n + 1][:, 0] + (a + b)[1].T[i].real",
        "sum[k, j:n + 1](a[i, k]) + a.sum[k](b)[2:] + a[b if c else d]",
        "D[i, j:10] = a[i] + b[j]; D[i, j]",
    ] {
        assert_eq!(print(&read(text)), text);
        let bracketed = print_full(&read(text));
        assert_eq!(print(&read(&bracketed)), text, "{bracketed}");
    }
}

#[test]
fn redundant_brackets_leave_the_tree_as_it_is() {
    let plain = read("t = a*b + c; f(t, k=a) + t**2, t < 1 < c");
    let bracketed = read("t = ((a*b) + (c)); ((f((t), k=((a)))) + ((t)**(2)), ((t) < (1) < (c)))");
    assert_eq!(without_spans(plain), without_spans(bracketed));
}

fn without_spans(mut ast: Ast) -> Ast {
    let none = Span::default();
    ast.spans.fill(none);
    for node in &mut ast.nodes {
        if let Node::Call { function_span, .. } = node {
            *function_span = none;
        }
    }
    for argument in &mut ast.args {
        argument.keyword = argument.keyword.map(|(name, _)| (name, none));
    }
    for assignment in &mut ast.assignments {
        assignment.name_span = none;
    }
    ast.params.iter_mut().for_each(|param| param.1 = none);
    ast
}

#[test]
fn names_and_spans() {
    let source = "t = f(b, k=a); (t + b)*α";
    let ast = read(source);
    assert_eq!(ast.names, ["t", "f", "b", "k", "a", "α"]);
    let text = |id| &source[ast.span(id).range()];
    assert_eq!(text(ast.results[0]), "(t + b)*α");
    let Node::Binary(_, left, _) = *ast.node(ast.results[0]) else { panic!() };
    assert_eq!(text(left), "t + b");
    assert_eq!(text(ast.assignments[0].value), "f(b, k=a)");
    let literal = read("0xff");
    assert_eq!(literal.node(literal.results[0]), &Node::Literal(Literal::Int(255)));
}

/// Bytes that reading a text, writing it and reading that may allocate, for each byte of the text. What is copied again and again would take
/// thousands of times as much; and whoever runs these tests would notice quadratic time, which is hours.
const BYTES: usize = 2000;

/// Runs with the stack of a thread as Rust makes it, dropping included. What is allocated follows from the length of the text.
fn in_a_small_thread(name: &'static str, source: String, is_right: bool) {
    let run = move || {
        let (_, before) = counting::of_this_thread();
        let result = parse(&source, &Limits::default());
        assert_eq!(
            result.is_ok(),
            is_right,
            "{name}: {}",
            result.err().map_or(String::new(), |error| error.to_string())
        );
        if let Ok(ast) = &result {
            let text = print(ast);
            assert_eq!(
                parse(&text, &Limits::default()).map(without_spans).ok(),
                Some(without_spans(ast.clone())),
                "{name}"
            );
        }
        drop(result);
        (counting::of_this_thread().1 - before) / source.len()
    };
    let bytes = std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
    eprintln!("{name}: {bytes} bytes for each byte");
    assert!(bytes <= BYTES, "{name}: {bytes} bytes for each byte");
}

#[test]
fn huge_texts_are_read_or_refused_in_linear_memory() {
    let n = 100_000;
    let sum = |n: usize| (0..n).map(|i| format!("x{}", i % 100)).collect::<Vec<_>>().join(" + ");
    for (name, source, is_right) in [
        ("sum of 10,000", sum(10_000), true),
        ("sum of 100,000", sum(n), true),
        ("parentheses", format!("{}a{}", "(".repeat(n), ")".repeat(n)), true),
        ("groups to the right", format!("{}a{}", "b+(".repeat(n), ")".repeat(n)), true),
        ("groups to the left", format!("{}a{}", "(".repeat(n), ")+b".repeat(n)), true),
        ("calls", format!("{}a{}", "f(b, k=".repeat(n), ")".repeat(n)), true),
        ("minuses", format!("{}a", "-".repeat(n)), true),
        ("powers", format!("a{}", "**a".repeat(n)), true),
        ("powers of minus", format!("a{}", "**-a".repeat(n)), true),
        ("nots", format!("{}a", "not ".repeat(n)), true),
        ("ternaries", format!("{}a", "a if b else ".repeat(n)), true),
        ("comparisons", format!("a{}", " < a".repeat(n)), true),
        ("ands", format!("a{}", " and a".repeat(n)), true),
        ("attributes", format!("a{}", ".real".repeat(n)), true),
        ("methods", format!("a{}", ".f(b)".repeat(n)), true),
        ("methods of methods", format!("a{}{}", ".f(a".repeat(n), ")".repeat(n)), true),
        ("names behind dots", format!("a{}", ".b".repeat(n)), true),
        ("one long name of other letters", "𝛼".repeat(1 << 18), true),
        ("results", "a, ".repeat(n), true),
        ("statements", format!("{}t", "t = a\n".repeat(n)), true),
        ("arguments", format!("f({})", "a, ".repeat(n)), true),
        ("one keyword again and again", format!("f({})", "k=a, ".repeat(n)), false),
        ("unclosed", "(".repeat(n), false),
        ("unclosed calls", "f(".repeat(n), false),
        ("too deep", "(".repeat(n + 1), false),
        ("closing", ")".repeat(n), false),
        ("commas", ",".repeat(n), false),
        ("ifs", "a if ".repeat(n), false),
        ("equals", "a = ".repeat(n), false),
        ("side by side", "a ".repeat(n), false),
        ("names", (0..n).map(|i| format!("n{i},")).collect(), true),
        ("one long name", "n".repeat(1 << 20), true),
        ("one long number", "1".repeat(1 << 20), false),
        ("one long float", format!("1.{}", "1".repeat(1 << 20)), true),
        ("digits and underscores", "1_".repeat(1 << 20), false),
        ("one long comment", format!("a #{}", "é".repeat(1 << 19)), true),
        ("spaces", format!("{}a", " ".repeat(1 << 20)), true),
        ("newlines", format!("{}a", "\r\n".repeat(1 << 19)), true),
        ("quotes", "\"".repeat(1 << 20), false),
        ("one long string", format!("a == '{}'", "\\x00".repeat(1 << 18)), true),
        ("strings", format!("a in ({})", "'b',".repeat(n)), true),
        ("one MB of sum", format!("a{}", "+a".repeat(1 << 19)), true),
    ] {
        in_a_small_thread(name, source, is_right);
    }
}

#[test]
fn limits_name_themselves() {
    let limited = |change: fn(&mut Limits), source: &str| {
        let mut limits = Limits::default();
        change(&mut limits);
        let error = parse(source, &limits).unwrap_err();
        assert_eq!(error.kind(), CompileErrorKind::Limit);
        format!("{} / {}", error.message(), error.help().unwrap_or(""))
    };
    for (found, expected) in [
        (
            limited(|l| l.text = 4, "a + b"),
            "the text has 5 bytes, the limit is 4 / if the text is trusted, raise `Limits::text`",
        ),
        (
            limited(|l| l.nesting = 2, "((a))+(((a)))"),
            "brackets nest too deeply: this is number 3, the limit is 2 / if the text is trusted, raise `Limits::nesting`",
        ),
        (
            limited(|l| l.nodes = 4, "a+b+c"),
            "too many operands and operators: this is number 5, the limit is 4 / if the text is trusted, raise `Limits::nodes`",
        ),
        (
            limited(|l| l.names = 2, "a+b+a+c"),
            "too many names: this is number 3, the limit is 2 / if the text is trusted, raise `Limits::names`",
        ),
    ] {
        assert_eq!(found, expected);
    }
    let long = "é".repeat(10_000_000);
    let error = parse(&long, &Limits::default()).unwrap_err();
    assert!(error.source_text().len() <= 1024);
}
