//! Random trees through printer and parser, and random texts that must not harm.

use proptest::prelude::*;
use tilexpr::syntax::ast::{Ast, Coordinate, Literal, Node, NodeId, Span};
use tilexpr::syntax::print::{print, print_full};
use tilexpr::syntax::{Limits, for_each_child, parse};
use tilexpr::{AnyArray, Executor, Expr, args};

fn without_spans(mut ast: Ast) -> Ast {
    let none = Span::default();
    ast.spans.fill(none);
    for node in &mut ast.nodes {
        if let Node::Call { function_span, .. } = node {
            *function_span = none;
        }
    }
    ast.args.iter_mut().for_each(|argument| argument.keyword = argument.keyword.map(|(name, _)| (name, none)));
    ast.assignments.iter_mut().for_each(|assignment| assignment.name_span = none);
    ast.params.iter_mut().for_each(|param| param.1 = none);
    for coordinate in &mut ast.coordinates {
        match coordinate {
            Coordinate::Slice(_, span) | Coordinate::Ellipsis(span) => *span = none,
            Coordinate::Value(_) => {}
        }
    }
    ast
}

/// The text of a random expression, every operation in parentheses: which tree it is does not hang on the grammar.
fn bracketed() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        any::<u64>().prop_map(|value| Literal::Int(value.into())),
        any::<u128>().prop_map(|value| Literal::Int(value >> 1)),
        any::<f64>().prop_map(|value| Literal::Float(if value.is_nan() { 0.5 } else { value.abs() })),
        any::<f64>().prop_map(|value| Literal::Imaginary(if value.is_nan() { 0.5 } else { value.abs() })),
        any::<bool>().prop_map(Literal::Bool),
        proptest::strategy::Just(Literal::None),
    ];
    let leaf = prop_oneof![
        prop::sample::select(vec!["a", "b", "x1", "α", "_"]).prop_map(str::to_string),
        prop::sample::select(vec!["'it\\'s'", "b\"\\xff# )\"", "''"]).prop_map(str::to_string),
        number.prop_map(|literal| literal.to_string()),
    ];
    leaf.prop_recursive(6, 60, 4, |inner| {
        let binary = prop::sample::select(vec![
            "+", "-", "*", "/", "//", "%", "**", "<<", ">>", "&", "^", "|", "and", "or",
        ]);
        let compare = prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]);
        let unary = prop::sample::select(vec!["-", "+", "~", "not "]);
        prop_oneof![
            4 => (inner.clone(), binary, inner.clone()).prop_map(|(a, op, b)| format!("(({a}) {op} ({b}))")),
            1 => (inner.clone(), prop::collection::vec((compare, inner.clone()), 1..3)).prop_map(|(first, links)| {
                let links: String = links.iter().map(|(op, operand)| format!(" {op} ({operand})")).collect();
                format!("(({first}){links})")
            }),
            1 => (inner.clone(), any::<bool>(), prop::collection::vec(inner.clone(), 0..3), inner.clone()).prop_map(
                |(of, not, items, other)| {
                    let items: String = items.iter().map(|item| format!("{item},")).collect();
                    let link = if not { "not in" } else { "in" };
                    format!("(({other}) < ({of}) {link} ({items}))")
                }
            ),
            2 => (unary, inner.clone()).prop_map(|(op, of)| format!("({op}({of}))")),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, c, b)| format!("(({a}) if ({c}) else ({b}))")),
            1 => (inner.clone(), any::<bool>()).prop_map(|(of, real)| format!("({of}){}", if real { ".real" } else { ".imag" })),
            1 => (prop::collection::vec(inner.clone(), 0..3), prop::option::of(inner.clone())).prop_map(|(args, keyword)| {
                let mut args: Vec<String> = args.iter().map(|arg| format!("({arg})")).collect();
                args.extend(keyword.map(|value| format!("k=({value})")));
                format!("f({})", args.join(", "))
            }),
            1 => (inner.clone(), prop::option::of(inner.clone())).prop_map(|(of, arg)| match arg {
                Some(arg) => format!("({of}).f(({arg}), k={arg})"),
                None => format!("({of}).g"),
            }),
            1 => (inner.clone(), any::<bool>(), any::<bool>()).prop_map(|(body, several, keyword)| {
                let body = if several { format!("({body}, a,)") } else { body };
                format!("f(a, {}lambda b, x1: {body})", if keyword { "k=" } else { "" })
            }),
            1 => (inner.clone(), inner.clone(), 0..6).prop_map(|(of, at, form)| match form {
                0 => format!("({of})[({at})]"),
                1 => format!("({of})[({at}):, ::-1, ...]"),
                2 => format!("({of})[:({at}):2, None]"),
                3 => format!("({of})[..., wrap(({at}) - 1), fill(({at}), 0)]"),
                4 => format!("sum[b](({of})*({at}))"),
                _ => format!("argmax[b, x1:({at})](({of}))"),
            }),
            1 => prop::collection::vec(inner, 0..3).prop_map(|items| {
                format!("g(axis=({}))", items.iter().map(|item| format!("{item},")).collect::<String>())
            }),
        ]
    })
}

fn program() -> impl Strategy<Value = String> {
    let head = prop::sample::select(vec![
        "",
        "",
        "(x1)",
        "(a, b)",
        "(α,)",
        ", u",
        " = lambda α, a",
        ", b = lambda",
        "[a, x1:9]",
        "[α]",
    ]);
    (prop::collection::vec((head, bracketed()), 0..3), prop::collection::vec(bracketed(), 1..3), any::<bool>())
        .prop_map(|(values, results, comma)| {
            let statements = values.iter().enumerate().map(|(i, (head, value))| match *head {
                " = lambda α, a" => format!("t{i}{head}: ({value}, a)\n"),
                ", b = lambda" => format!("t{i}, b = {value}, a\n"),
                head => format!("t{i}{head} = {value}\n"),
            });
            let statements: String = statements.collect();
            format!("{statements}{}{}", results.join(", "), if comma { "," } else { "" })
        })
}

/// What every tree promises.
fn check(ast: &Ast, source: &str) {
    assert_eq!(ast.nodes.len(), ast.spans.len());
    assert!(!ast.results.is_empty());
    for id in 0..ast.nodes.len() {
        let id = NodeId(id as u32);
        for_each_child(ast, id, |child| assert!(child < id));
        // (What a text that ends with an array in index notation gives stands nowhere.)
        let last = ast.results.contains(&id);
        assert!(source.get(ast.span(id).range()).is_some_and(|text| last || !text.is_empty()));
    }
}

fn harmless(source: &str) {
    match parse(source, &Limits::default()) {
        Ok(ast) => {
            check(&ast, source);
            let again = parse(&print(&ast), &Limits::default()).expect("printed text parses");
            assert_eq!(without_spans(again), without_spans(ast));
        }
        Err(error) => {
            assert!(source.get(error.span()).is_some(), "{:?}", error.span());
            assert!(!error.message().is_empty() && !error.message().contains("not an expression"));
            assert!(error.to_string().len() < 1500);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn printed_trees_read_back(source in program()) {
        let ast = parse(&source, &Limits::default()).expect("the text is right");
        check(&ast, &source);
        let text = print(&ast);
        // A new line is printed as `; `, a string with a `b` before it, a tuple that is unpacked in brackets.
        let longer = source.matches(['\n', '\'', '"']).count() + 2 * source.matches('=').count();
        prop_assert!(text.len() <= source.len() + longer);
        let ast = without_spans(ast);
        prop_assert_eq!(without_spans(parse(&text, &Limits::default()).expect("printed text parses")), ast.clone(), "{}", text);
        let full = print_full(&ast);
        prop_assert_eq!(without_spans(parse(&full, &Limits::default()).expect("printed text parses")), ast, "{}", full);
    }

    #[test]
    fn random_tokens_do_no_harm(tokens in prop::collection::vec(prop::sample::select(vec![
        "a", "b", "f(", "(", "(", ")", ")", ")", ",", "=", ";", "\n", "if", "else", "not", "in", "not in", "and", "or", "-", "~", "+", "*", "**",
        "<", "==", ".real", ".f", ".f(", "𝛼", "𝐢𝐟", "1", "2.5", "3j", "()", "0x", "1_", "&&", "\"", "é", "²", "[", "is", "#", "\\", ".", "True",
        "]", "]", "a[", "sum[", "wrap(", ":", "...", "None", "lambda", "iterate(",
    ]), 0..14)) {
        harmless(&tokens.join(" "));
        harmless(&tokens.concat());
    }

    #[test]
    fn random_text_does_no_harm(text in "\\PC{0,40}", bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        harmless(&text);
        harmless(&String::from_utf8_lossy(&bytes));
        let ascii: String = bytes.iter().map(|byte| char::from(byte & 0x7f)).collect();
        harmless(&ascii);
    }
}

/// What a fuzzer begins with is of the language, and all executors give the same.
#[test]
fn seeds_of_the_fuzzers_run() {
    // Not part of the published crate.
    let Ok(seeds) = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds")) else { return };
    let a = ndarray::Array1::from_iter([0.5, -0.0, 3.0, 1e300, -3.0]);
    let b = ndarray::Array2::from_shape_fn((5, 5), |(i, j)| i as f64 - 2.0 * j as f64);
    let mut refused = Vec::new();
    for seed in seeds {
        let text = std::fs::read_to_string(seed.expect("a file").path()).expect("text");
        let run = |executor| -> Result<String, Box<dyn std::error::Error>> {
            let results: Vec<AnyArray> =
                Expr::builder().executor(executor).compile(&text)?.eval(args![a = &a, b = &b])?;
            Ok(format!("{results:?}"))
        };
        match (run(Executor::Interpreter), run(Executor::Native)) {
            (Ok(x), Ok(y)) => assert_eq!(x, y, "{text}"),
            (x, y) => refused.push(format!("{text}: {x:?}, {y:?}")),
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}
