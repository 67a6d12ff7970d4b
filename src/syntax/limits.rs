//! How large a text may be before it is refused.
//!
//! Comes in: counts that the parser keeps as it goes. Goes out: an error that names the limit, what was found and what to
//! do. Always holds: memory and time of the parser are bounded by these numbers, whatever the text.

use super::ast::Span;
use crate::diagnostic::Diagnostic;
use crate::error::{CompileError, CompileErrorKind};

/// Bounds on the text of an expression and on what becomes of it.
///
/// The defaults are far above what people and most programs write, and low enough that a hostile text costs seconds at
/// most and some hundred megabytes. Nothing here guards the stack: no part of the compiler recurses over the text.
///
/// ```
/// use tilexpr::{CompileErrorKind, Expr, Limits};
/// let mut limits = Limits::default();
/// limits.nesting = 3;
/// let error = Expr::builder().limits(limits).compile("((((a))))").unwrap_err();
/// assert_eq!(error.kind(), CompileErrorKind::Limit);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of text. Default: 16 MiB. Whatever is set, a text must be shorter than 4 GiB.
    pub text: usize,
    /// Brackets open at the same time. Default: 100,000.
    pub nesting: usize,
    /// Operands, operators, commas and opening brackets in all; the tree has at most as many nodes, also when the functions
    /// of the text have been put in where they are called. Default: 2,000,000.
    pub nodes: usize,
    /// Distinct names, those of functions and keywords included. Default: 100,000.
    pub names: usize,
    /// Names that need an argument. Default: 10,000.
    pub inputs: usize,
    /// Primitive operations that the text becomes once types are known (of strings the more, the wider they are). An elementary function counts as those that it is
    /// made of (`exp` 55, `pow` 184, `arcsin` of a complex number 680), and what several reductions or results are
    /// made of counts for each of them, for which there is four times this room. Default: 1,000,000.
    pub operations: usize,
    /// Elements of an array whose size ranges of the text give (`D[i:n] = ...`), where no argument and no output is as large. Default: 2^30.
    pub elements: usize,
    /// Points that the ranges of indices come to together, in a call without a deadline. Default: 2^40.
    pub points: u64,
    /// Steps of a loop (`iterate`, `repeat`) at each point. Default: 1,000,000.
    pub iterations: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            text: 16 << 20,
            nesting: 100_000,
            nodes: 2_000_000,
            names: 100_000,
            inputs: 10_000,
            operations: 1_000_000,
            elements: 1 << 30,
            points: 1 << 40,
            iterations: 1_000_000,
        }
    }
}

impl Limits {
    /// Refuses a text that is too long.
    pub(super) fn check_text(&self, source: &str) -> Result<(), CompileError> {
        // Places are kept as u32; one is left over, so that the end of the text has a place too.
        let limit = self.text.min(u32::MAX as usize - 1);
        if source.len() <= limit {
            return Ok(());
        }
        let message = format!("the text has {} bytes, the limit is {limit}", source.len());
        let help = if limit < self.text {
            "texts of 4 GiB and more are not supported: split the expression"
        } else {
            "if the text is trusted, raise `Limits::text`"
        };
        let diagnostic = Diagnostic::new(message, Span::default()).with_help(help);
        Err(CompileError::with_clipped_source(CompileErrorKind::Limit, diagnostic, source))
    }
}

/// One limit was passed at `span`: `what` were counted, more than `limit`, which is the field `field`.
#[cold]
pub fn exceeded(source: &str, span: Span, what: &str, limit: usize, field: &str) -> CompileError {
    let message = format!("{what}: this is number {}, the limit is {limit}", limit.saturating_add(1));
    let help = format!("if the text is trusted, raise `Limits::{field}`");
    let diagnostic = Diagnostic::new(message, span).with_help(help);
    CompileError::new(CompileErrorKind::Limit, diagnostic, source)
}
