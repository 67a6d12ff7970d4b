//! What a fault word says.

use super::error::{EvalError, EvalErrorKind};
use crate::ir::FaultCode;
use crate::ir::registered::Registered;
use crate::types::registered::Custom;

#[cold]
pub fn error(faults: u32) -> EvalError {
    if let Some(number) = Registered::panicked(faults) {
        let message = match Custom::name_of(number) {
            Some(name) => format!("the registered function `{name}` panicked"),
            None => "a registered function panicked".to_string(),
        };
        return EvalError::new(EvalErrorKind::Panic, message);
    }
    let what = FaultCode::ALL.iter().find(|&&code| faults >> code as u32 & 1 == 1);
    match what {
        Some(FaultCode::NegativePower) => {
            EvalError::new(EvalErrorKind::Fault, "an integer was raised to a negative integer power")
                .with_help("make the base a float: `f64(x)**n`")
        }
        Some(FaultCode::OutOfRange) => {
            let message =
                "what was computed from bare integers alone is out of the range of the type that it is combined with";
            EvalError::new(EvalErrorKind::Range, message)
                .with_help("cast what it is combined with to a type that holds it, as in `i64(...)`; or pass floats")
        }
        None => EvalError::new(EvalErrorKind::Fault, "the data have no result"),
    }
}
