//! A tree that is printed and read again is the same tree.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tilexpr::Limits;
use tilexpr::syntax::ast::{Ast, Coordinate, Node, Span};
use tilexpr::syntax::parse;
use tilexpr::syntax::print::{print, print_full};

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

fuzz_target!(|text: &str| {
    let Ok(ast) = parse(text, &Limits::default()) else { return };
    let ast = without_spans(ast);
    for printed in [print(&ast), print_full(&ast)] {
        match parse(&printed, &Limits::default()) {
            Ok(again) => assert_eq!(without_spans(again), ast, "{printed}"),
            Err(error) => panic!("what was printed is refused: {error}"),
        }
    }
});
