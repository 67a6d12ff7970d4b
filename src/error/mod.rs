//! The error of a text that cannot be compiled.
//!
//! Comes in: a diagnostic of `syntax` or a later pass, and the source. Goes out: an error that is one pointer wide, cheap
//! to clone, and shows the place when displayed. Always holds: what a caller may ask has an accessor, the rest is private.

pub mod eval;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;

/// Why a text could not be compiled.
///
/// Displayed, it shows the line of the text with a caret below the place, and mostly what to write instead:
///
/// ```text
/// expected a value after `+`, found the end of the text
///   |
/// 1 | a +
///   |    ^
/// ```
///
/// ```
/// use tilexpr::{CompileErrorKind, Expr};
/// let error = Expr::compile("sqrrt(a)").unwrap_err();
/// assert_eq!(error.kind(), CompileErrorKind::Name);
/// assert_eq!(error.message(), "there is no function `sqrrt`");
/// assert_eq!(&error.source_text()[error.span()], "sqrrt");
/// assert_eq!(error.help(), Some("did you mean `sqrt`?"));
/// ```
#[derive(Clone)]
pub struct CompileError(Arc<Inner>);

struct Inner {
    kind: CompileErrorKind,
    diagnostic: Diagnostic,
    source: Box<str>,
}

/// What kind of thing is wrong with a text.
///
/// ```
/// use tilexpr::{CompileErrorKind, Expr};
/// let kind = |text| Expr::compile(text).unwrap_err().kind();
/// assert_eq!(kind("a +"), CompileErrorKind::Syntax);
/// assert_eq!(kind("f(a)"), CompileErrorKind::Name);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum CompileErrorKind {
    /// The text does not follow the grammar. The message says what was expected and what was found.
    Syntax,
    /// The text is larger or nests deeper than the limits allow. Where the text is trusted, raise the limit that the
    /// message names.
    Limit,
    /// A function or keyword that does not exist, or a name that is used as what it is not. The help names the nearest
    /// that does exist.
    Name,
    /// An operation on types that it does not take, a call with the wrong number of arguments, a literal that its type
    /// does not hold. The message names the types.
    Type,
}

/// Of a text over the limit of length, what the error keeps.
const KEPT: usize = 1024;

impl CompileError {
    /// An error at a place in `source`.
    pub(crate) fn new(kind: CompileErrorKind, diagnostic: Diagnostic, source: &str) -> CompileError {
        CompileError(Arc::new(Inner { kind, diagnostic, source: source.into() }))
    }

    /// The same for a text so long that a copy of it is better not made.
    pub(crate) fn with_clipped_source(kind: CompileErrorKind, diagnostic: Diagnostic, source: &str) -> CompileError {
        let mut end = source.len().min(KEPT);
        while !source.is_char_boundary(end) {
            end -= 1;
        }
        CompileError::new(kind, diagnostic, source.get(..end).unwrap_or(""))
    }

    /// What kind of thing is wrong.
    pub fn kind(&self) -> CompileErrorKind {
        self.0.kind
    }

    /// What is wrong, in one line.
    pub fn message(&self) -> &str {
        &self.0.diagnostic.message
    }

    /// Where in the text, in bytes: a range for [`source_text`](Self::source_text). It may be empty, and stand at the end.
    pub fn span(&self) -> Range<usize> {
        self.0.diagnostic.span.range()
    }

    /// The text that was to be compiled. (Of one that is longer than the limit only the beginning is kept.)
    pub fn source_text(&self) -> &str {
        &self.0.source
    }

    /// What to write instead, if there is something to suggest.
    pub fn help(&self) -> Option<&str> {
        self.0.diagnostic.help.as_deref()
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}", self.0.diagnostic.render(&self.0.source))
    }
}

impl fmt::Debug for CompileError {
    /// The kind, and what `Display` shows: `unwrap` prints this.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "CompileError({:?}): {self}", self.kind())
    }
}

impl std::error::Error for CompileError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::ast::Span;

    #[test]
    fn is_small_and_goes_between_threads() {
        fn check<T: std::error::Error + Send + Sync + Clone + 'static>() {}
        check::<CompileError>();
        assert_eq!(size_of::<CompileError>(), size_of::<usize>());
    }

    #[test]
    fn accessors() {
        let diagnostic = Diagnostic::new("no such function", Span::new(0, 3)).with_help("write `sin`");
        let error = CompileError::new(CompileErrorKind::Name, diagnostic, "sni(x)");
        assert_eq!(error.kind(), CompileErrorKind::Name);
        assert_eq!(error.message(), "no such function");
        assert_eq!(&error.source_text()[error.span()], "sni");
        assert_eq!(error.help(), Some("write `sin`"));
        assert_eq!(error.to_string(), "no such function\n  |\n1 | sni(x)\n  | ^^^\nhelp: write `sin`");
        assert!(format!("{error:?}").starts_with("CompileError(Name): no such function\n"));
    }

    #[test]
    fn clipped_source_ends_between_characters() {
        let diagnostic = Diagnostic::new("too long", Span::default());
        let error = CompileError::with_clipped_source(CompileErrorKind::Limit, diagnostic, &"數".repeat(1000));
        assert_eq!(error.source_text().len(), 1023);
    }
}
