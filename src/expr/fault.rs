//! Errors that the data made: the fault word of a call, in words.
//!
//! Comes in: the word, what the graph says of its faults, and the text. Goes out: an error that shows the place. Always holds: where
//! several faults share a bit of the word, the first is shown and the others are named.

use crate::diagnostic::{Diagnostic, excerpt, several};
use crate::error::eval::{EvalError, EvalErrorKind};
use crate::ir::FaultCode;
use crate::ir::registered::Registered;
use crate::types::graph::{Fault, FaultKind, Graph};
use crate::types::registered::Custom;

/// Places that are named.
const SHOWN: usize = 4;

/// The error for a fault word that is not 0.
#[cold]
pub fn error(faults: u32, graph: &Graph, source: &str) -> EvalError {
    if let Some(number) = Registered::panicked(faults) {
        let message = match Custom::name_of(number) {
            Some(name) => format!("the registered function `{name}` panicked"),
            None => "a registered function panicked".to_string(),
        };
        return EvalError::new(EvalErrorKind::Panic, message);
    }
    let Some(first) = (0..graph.faults.len()).find(|&at| faults & FaultCode::of(at).bit() != 0) else {
        return EvalError::new(EvalErrorKind::Fault, "the data have no result");
    };
    let Fault { kind, span, call, help } = &graph.faults[first];
    let same = (first..graph.faults.len()).filter(|&at| FaultCode::of(at) == FaultCode::of(first));
    let same: Vec<&Fault> = same.map(|at| &graph.faults[at]).collect();
    let (error, what) = match kind {
        _ if same.iter().any(|fault| fault.kind != *kind) => (EvalErrorKind::Fault, "the data have no result"),
        FaultKind::NegativePower => (EvalErrorKind::Fault, "an integer was raised to a negative integer power"),
        FaultKind::Bounds => (
            EvalErrorKind::Fault,
            "the bounds of a histogram are not finite, not in order, or nearer to each other than its bins can be",
        ),
        FaultKind::Iterations => (EvalErrorKind::Range, "a loop is to do more steps than the limit allows"),
        FaultKind::EmptyRange => (EvalErrorKind::Fault, "the `hi` of a `randint` is not above its `lo`"),
        FaultKind::OutOfRange => (
            EvalErrorKind::Range,
            "what was computed from bare integers alone is out of the range of the type that it is combined with",
        ),
    };
    let mut message = format!("{what}{call}");
    if same.len() > 1 {
        let text = |fault: &&Fault| format!("`{}`", excerpt(source.get(fault.span.range()).unwrap_or_default()));
        let shown: Vec<String> = same.iter().take(SHOWN).map(text).collect();
        let dots = if same.len() > SHOWN { ", ..." } else { "" };
        let places = several(same.len(), "place", "places");
        message += &format!(", at one of {places}: {}{dots}", shown.join(", "));
    }
    EvalError::shown(error, Diagnostic::new(message, *span).with_help(help.as_str()), source)
}
