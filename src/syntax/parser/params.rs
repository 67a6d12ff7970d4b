//! The parameters of functions.
//!
//! Comes in: a list that was read. Goes out: the parameters in the tree, or what is wrong with them. Always holds: they are plain names, each once.

use std::collections::HashSet;
use std::ops::Range;

use super::Reader;
use crate::diagnostic::{Diagnostic, Span};
use crate::error::CompileError;
use crate::syntax::ast::Node;

impl Reader<'_> {
    /// The parameters of a `lambda`, each once.
    pub(super) fn params_differ(&self, params: &Range<u32>) -> Result<(), CompileError> {
        let ast = &self.tree.ast;
        let mut seen = HashSet::new();
        match ast.params_in(params).iter().find(|(name, _)| !seen.insert(*name)) {
            Some(&(name, span)) => Err(self.fail(stands_twice(ast.name(name), span))),
            None => Ok(()),
        }
    }

    /// The parameters of a definition, which were read as the arguments of a call: plain names, each once.
    pub(super) fn params(&mut self, args: Range<u32>, list: Span) -> Result<Range<u32>, CompileError> {
        let ast = &mut self.tree.0.ast;
        let start = ast.params.len();
        let mut seen = HashSet::new();
        let mut wrong = None;
        for argument in ast.args.get(args.start as usize..args.end as usize).unwrap_or(&[]) {
            let span = ast.span(argument.value);
            if let Some((_, keyword)) = argument.keyword {
                let diagnostic = Diagnostic::new("parameters have no default values", keyword.to(span));
                wrong = Some(diagnostic.with_help("write the name alone: every call gives all arguments"));
                break;
            }
            let Node::Name(name) = *ast.node(argument.value) else {
                let diagnostic = Diagnostic::new("a parameter is a name by itself", span);
                wrong = Some(diagnostic.with_help("a function is written `f(x, y) = x*y`; to compare, write `==`"));
                break;
            };
            if !seen.insert(name) {
                wrong = Some(stands_twice(ast.name(name), span));
                break;
            }
            ast.params.push((name, span));
        }
        let end = ast.params.len();
        match wrong {
            Some(diagnostic) => Err(self.fail(diagnostic)),
            None if end == start => Err(self.fail(
                Diagnostic::new("a function without parameters is a value", list)
                    .with_help("write it without the brackets: `t = a*b`"),
            )),
            None => Ok(start as u32..end as u32),
        }
    }
}

fn stands_twice(param: &str, span: Span) -> Diagnostic {
    let message = format!("the parameter `{}` stands twice", crate::diagnostic::excerpt(param));
    Diagnostic::new(message, span).with_help("give one of the two another name")
}
