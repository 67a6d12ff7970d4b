//! Errors of calls that were ended before their time, or would take too much memory, in words.

use crate::diagnostic::grouped;
use crate::error::eval::{Detail, EvalError, EvalErrorKind};
use crate::plan::needs::Needs;
use crate::run::settings::CallOptions;
use crate::run::stop::{Stop, Stopped};

/// Begins a call: what it looks at between tasks, if it may be ended.
///
/// # Errors
/// Where it is to end before it began.
#[inline]
pub fn begin(options: &CallOptions) -> Result<Option<Stop<'_>>, EvalError> {
    options.begin().map_err(stopped)
}

/// The error of a call that was ended.
#[cold]
pub fn stopped(why: Stopped) -> EvalError {
    match why {
        Stopped::Cancelled => EvalError::new(EvalErrorKind::Cancelled, "the call was cancelled")
            .with_help("its token stays cancelled: give the next call a new one"),
        Stopped::Deadline => EvalError::new(EvalErrorKind::Deadline, "the call did not come to its end in time")
            .with_help("allow it more time, or evaluate it in pieces"),
    }
}

/// The error of a call that would take more bytes than it may.
#[cold]
pub fn too_much(needs: Needs, most: usize) -> EvalError {
    let parts = [
        (needs.results, "for new results"),
        (needs.between, "between passes"),
        (needs.scratch, "for what threads rearrange and combine"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(bytes, _)| *bytes > 0)
        .map(|(bytes, what)| format!("{} {what}", grouped(*bytes)))
        .collect();
    let (total, most_text) = (grouped(needs.total()), grouped(most));
    let message = format!("the call needs {total} bytes ({}), its limit is {most_text}", parts.join(", "));
    let help = match needs.results {
        0 => "raise the memory limit, or evaluate it in pieces",
        _ => "raise the memory limit, evaluate it in pieces, or into an array that is there: `eval_into`",
    };
    EvalError::new(EvalErrorKind::MemoryLimit, message)
        .with_found(Detail::Count(needs.total()), Detail::Count(most))
        .with_help(help)
}
