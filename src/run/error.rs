//! What can go wrong with a call.

use std::error::Error;
use std::fmt;
use std::ops::Range;

use crate::diagnostic::Diagnostic;
use crate::error::{CompileError, CompileErrorKind};
use crate::syntax::ast::Span;

/// Why an expression could not be evaluated on these arguments.
///
/// Displays as a sentence that names the argument, what it is and what was needed, and where there is one, a remedy.
/// Unless [`kind`](EvalError::kind) is [`Fault`](EvalErrorKind::Fault), [`Panic`](EvalErrorKind::Panic) or
/// [`Memory`](EvalErrorKind::Memory), nothing was computed, and an `out` is as it was.
///
/// ```
/// use ndarray::Array1;
/// use tilexpr::{EvalErrorKind, Expr, args};
/// let (a, b) = ([1.0, 2.0], [1.0, 2.0, 3.0]);
/// let error = Expr::compile("a + b")?.eval::<Array1<f64>>(args![a, b]).unwrap_err();
/// assert_eq!(error.kind(), EvalErrorKind::Shape);
/// assert_eq!(error.message(), "the shapes do not fit together: `a` has the shape [2], `b` has the shape [3]");
/// # Ok::<(), tilexpr::CompileError>(())
/// ```
#[derive(Clone)]
pub struct EvalError(Box<Repr>);

#[derive(Clone)]
struct Repr {
    kind: EvalErrorKind,
    message: String,
    help: Option<String>,
    cause: Option<CompileError>,
    place: Option<(Span, Box<str>)>,
}

/// The kinds of [`EvalError`].
///
/// ```
/// use ndarray::Array1;
/// use tilexpr::{EvalErrorKind, Expr, args};
/// let (a, n) = ([2_i64, 3], [2_i64, -1]);
/// let power = Expr::compile("a**n")?;
/// let error = power.eval::<Array1<i64>>(args![a, n]).unwrap_err();
/// assert_eq!(error.kind(), EvalErrorKind::Fault);
/// let error = power.eval::<Array1<i64>>(args![a]).unwrap_err();
/// assert_eq!(error.kind(), EvalErrorKind::MissingArgument);
/// # Ok::<(), tilexpr::CompileError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum EvalErrorKind {
    /// The text is not an expression ([`eval!`](crate::eval) alone: elsewhere that is a [`CompileError`]).
    Compile,
    /// A name in the text has no argument: pass it, or declare it in the text.
    MissingArgument,
    /// The text becomes more operations for these types than the limits allow: where it is trusted, raise
    /// [`Limits::operations`](crate::Limits::operations).
    Limit,
    /// Two arguments have one name: pass it once.
    DuplicateArgument,
    /// An argument has the name of a constant that the text uses (`e`, `pi`, `inf`, `nan`): declare the name through
    /// the builder, or give the argument another.
    ConstantArgument,
    /// The expression has no meaning for arguments of these types: cast one of them.
    Type,
    /// Shapes do not broadcast, or there are more axes than arrays may have.
    Shape,
    /// A reduction's axis is not an axis of what it reduces.
    Axis,
    /// A bare integer argument is out of the range of the type that it is combined with.
    Range,
    /// The reduction of an empty array has no value (`min`, `max`).
    EmptyReduction,
    /// `out`, or the array to update, has the wrong shape or type, or there are too few or too many of them.
    Output,
    /// The result is not of the Rust type that was asked for.
    Result,
    /// The result would have more elements than memory can hold.
    TooLarge,
    /// The memory for the result could not be had.
    Memory,
    /// The data have no result (an integer to a negative integer power). An `out` holds unspecified values now.
    Fault,
    /// A registered Rust function panicked. An `out` holds unspecified values now.
    Panic,
    /// A prepared call was given arguments of other types than it was prepared for: prepare one for these.
    Prepared,
}

impl EvalError {
    pub(crate) fn new(kind: EvalErrorKind, message: impl Into<String>) -> EvalError {
        EvalError(Box::new(Repr { kind, message: message.into(), help: None, cause: None, place: None }))
    }

    /// An error that shows its place in the text.
    pub(crate) fn at(kind: EvalErrorKind, diagnostic: Diagnostic, source: &str) -> EvalError {
        let Diagnostic { message, span, help } = diagnostic;
        EvalError(Box::new(Repr { kind, message, help, cause: None, place: Some((span, source.into())) }))
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> EvalError {
        self.0.help = Some(help.into());
        self
    }

    /// What kind of error this is.
    pub fn kind(&self) -> EvalErrorKind {
        self.0.kind
    }

    /// What is wrong, in one sentence.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it, if that is known.
    pub fn help(&self) -> Option<&str> {
        self.0.cause.as_ref().map_or(self.0.help.as_deref(), CompileError::help)
    }

    /// Where in the text, in bytes: a range for [`source_text`](Self::source_text). None where the error is of no one place.
    ///
    /// ```
    /// use tilexpr::{AnyArray, Expr, args};
    /// let error = Expr::compile("a + 2**n")?.eval::<AnyArray>(args![a = 1, n = &[2, -1]]).unwrap_err();
    /// assert_eq!(error.span().map(|span| &error.source_text().unwrap()[span]), Some("2**n"));
    /// # Ok::<(), tilexpr::CompileError>(())
    /// ```
    pub fn span(&self) -> Option<Range<usize>> {
        let cause = self.0.cause.as_ref().map(CompileError::span);
        cause.or_else(|| self.0.place.as_ref().map(|(span, _)| span.range()))
    }

    /// The text in which the place is, if there is one.
    pub fn source_text(&self) -> Option<&str> {
        let cause = self.0.cause.as_ref().map(CompileError::source_text);
        cause.or_else(|| self.0.place.as_ref().map(|(_, source)| &**source))
    }
}

impl From<CompileError> for EvalError {
    /// An error with a place in the text.
    fn from(cause: CompileError) -> EvalError {
        let kind = match cause.kind() {
            CompileErrorKind::Type => EvalErrorKind::Type,
            CompileErrorKind::Limit => EvalErrorKind::Limit,
            _ => EvalErrorKind::Compile,
        };
        EvalError(Box::new(Repr {
            kind,
            message: cause.message().to_string(),
            help: None,
            cause: Some(cause),
            place: None,
        }))
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if let Some(cause) = &self.0.cause {
            return cause.fmt(f);
        }
        if let Some((span, source)) = &self.0.place {
            let diagnostic = Diagnostic { message: self.0.message.clone(), span: *span, help: self.0.help.clone() };
            return diagnostic.render(source).fmt(f);
        }
        f.write_str(&self.0.message)?;
        match &self.0.help {
            Some(help) => write!(f, "\nhelp: {help}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "EvalError({:?}: {self})", self.0.kind)
    }
}

impl Error for EvalError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.cause.as_ref().map(|e| e as _)
    }
}
