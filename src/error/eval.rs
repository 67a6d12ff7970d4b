//! What can go wrong with a call.

use std::error::Error;
use std::fmt;
use std::ops::Range;

use crate::diagnostic::Diagnostic;
use crate::dtype::DType;
use crate::error::{CompileError, CompileErrorKind};
use crate::syntax::ast::Span;

/// Why an expression could not be evaluated on these arguments.
///
/// Displays as a sentence that names the argument, what it is and what was needed, and where there is one, a remedy.
/// Unless [`kind`](EvalError::kind) is [`Fault`](EvalErrorKind::Fault), [`Panic`](EvalErrorKind::Panic),
/// [`Memory`](EvalErrorKind::Memory), [`Cancelled`](EvalErrorKind::Cancelled) or [`Deadline`](EvalErrorKind::Deadline), nothing
/// was computed, and an `out` is as it was.
///
/// ```
/// use ndarray::Array1;
/// use tilexpr::{Detail, EvalErrorKind, Expr, args};
/// let (a, b) = ([1.0, 2.0], [1.0, 2.0, 3.0]);
/// let error = Expr::compile("a + b")?.eval::<Array1<f64>>(args![a, b]).unwrap_err();
/// assert_eq!(error.kind(), EvalErrorKind::Shape);
/// assert_eq!(error.message(), "the shapes do not fit together: `a` has the shape [2], `b` has the shape [3]");
/// // The same for those who phrase it in words of their own:
/// assert_eq!(error.argument(), Some("b"));
/// assert_eq!((error.found(), error.expected()), (Some(&Detail::Shape(vec![3])), Some(&Detail::Shape(vec![2]))));
/// # Ok::<(), tilexpr::CompileError>(())
/// ```
#[derive(Clone)]
pub struct EvalError(Box<Repr>);

#[derive(Clone)]
struct Repr {
    kind: EvalErrorKind,
    message: String,
    help: Option<String>,
    span: Option<Span>,
    argument: Option<String>,
    found: Option<Detail>,
    expected: Option<Detail>,
    /// The text, where its place is shown.
    source: Option<Box<str>>,
    cause: Option<CompileError>,
}

/// What an argument, an output or a result is, or what it had to be: for those who phrase errors in words of their own.
///
/// ```
/// use tilexpr::{DType, Detail, Expr, args};
/// let (a, mut y) = ([1.0, 2.0], [0_i32; 2]);
/// let error = Expr::compile("a*2")?.eval_into(args![a], &mut y).unwrap_err();
/// assert_eq!(error.found(), Some(&Detail::DType(DType::I32)));
/// assert_eq!(error.expected(), Some(&Detail::DType(DType::F64)));
/// # Ok::<(), tilexpr::CompileError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Detail {
    /// A type of elements.
    DType(DType),
    /// The length of each axis.
    Shape(Vec<usize>),
    /// How many: of axes, arguments, outputs, results.
    Count(usize),
    /// A whole number: an axis, or the value of an argument.
    Number(i128),
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Detail::DType(dtype) => write!(f, "{dtype}"),
            Detail::Shape(shape) => write!(f, "{shape:?}"),
            Detail::Count(n) => write!(f, "{n}"),
            Detail::Number(n) => write!(f, "{n}"),
        }
    }
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
    /// The call's token was cancelled ([`Expr::with_cancel`](crate::Expr::with_cancel)). An `out` holds unspecified values now, unless it was cancelled
    /// before the call began.
    Cancelled,
    /// The call's deadline or timeout passed ([`Expr::with_deadline`](crate::Expr::with_deadline)). An `out` holds unspecified values now, unless it
    /// had passed before the call began.
    Deadline,
    /// The call needs more memory than it may take ([`Expr::with_memory_limit`](crate::Expr::with_memory_limit)): [`found`](EvalError::found) is how many
    /// bytes, [`expected`](EvalError::expected) the limit. Nothing was computed.
    MemoryLimit,
    /// States of parts of an array do not belong together, a part does not begin and end at a block, a text has a result that is no
    /// reduction over all axes ([`Expr::partial`](crate::Expr::partial)), or bytes are no state: the message says which.
    Partial,
    /// A prepared call was given arguments of other types than it was prepared for: prepare one for these.
    Prepared,
}

impl EvalError {
    pub(crate) fn new(kind: EvalErrorKind, message: impl Into<String>) -> EvalError {
        let (help, span, source, argument, found, expected, cause) = Default::default();
        let message = message.into();
        EvalError(Box::new(Repr { kind, message, help, span, source, argument, found, expected, cause }))
    }

    /// An error that shows its place in the text.
    pub(crate) fn shown(kind: EvalErrorKind, diagnostic: Diagnostic, source: &str) -> EvalError {
        let Diagnostic { message, span, help } = diagnostic;
        let mut error = EvalError::new(kind, message).at(span);
        (error.0.help, error.0.source) = (help, Some(source.into()));
        error
    }

    /// With the name of the argument that is at fault.
    pub(crate) fn of(mut self, argument: &str) -> EvalError {
        self.0.argument = Some(argument.to_string());
        self
    }

    /// With what was found, and what was needed.
    pub(crate) fn with_found(mut self, found: Detail, expected: impl Into<Option<Detail>>) -> EvalError {
        (self.0.found, self.0.expected) = (Some(found), expected.into());
        self
    }

    /// With the place in the text.
    pub(crate) fn at(mut self, span: Span) -> EvalError {
        self.0.span = Some(span);
        self
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
        self.0.help.as_deref().or_else(|| self.0.cause.as_ref()?.help())
    }

    /// Where in the text, in bytes, if it is known: of what has no meaning for these types, of a reduction, of a value that the data
    /// do not allow. None where the error is of no one place.
    ///
    /// ```
    /// use tilexpr::{AnyArray, Expr, args};
    /// let error = Expr::compile("a + 2**n")?.eval::<AnyArray>(args![a = 1, n = &[2, -1]]).unwrap_err();
    /// assert_eq!(error.span().map(|span| &error.source_text().unwrap()[span]), Some("2**n"));
    /// # Ok::<(), tilexpr::CompileError>(())
    /// ```
    pub fn span(&self) -> Option<Range<usize>> {
        self.0.span.map(Span::range).or_else(|| Some(self.0.cause.as_ref()?.span()))
    }

    /// The text in which the place is, if the error shows it.
    pub fn source_text(&self) -> Option<&str> {
        self.0.source.as_deref().or_else(|| Some(self.0.cause.as_ref()?.source_text()))
    }

    /// The name of the argument that is missing, given twice, or not what is needed, if it is one argument's fault.
    pub fn argument(&self) -> Option<&str> {
        self.0.argument.as_deref()
    }

    /// What that argument, the output or the result is.
    pub fn found(&self) -> Option<&Detail> {
        self.0.found.as_ref()
    }

    /// What was needed instead.
    pub fn expected(&self) -> Option<&Detail> {
        self.0.expected.as_ref()
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
        let mut error = EvalError::new(kind, cause.message());
        error.0.cause = Some(cause);
        error
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if let Some(cause) = &self.0.cause {
            return cause.fmt(f);
        }
        if let (Some(span), Some(source)) = (self.0.span, &self.0.source) {
            let diagnostic = Diagnostic { message: self.0.message.clone(), span, help: self.0.help.clone() };
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
