//! What a text is compiled with.
//!
//! Always holds: all that a compiled text depends on beside its source is here; equal texts and options are one entry of the
//! cache.

use super::casting::Casting;
use crate::jit::tier::Executor;
use crate::math::Accuracy;
use crate::plan::order::Order;
use crate::plan::target::Tuning;
use crate::syntax::Limits;
use crate::types::contract::Relaxed;
use crate::types::registered::Custom;
use crate::types::{Given, Typing};

/// All that a compiled text depends on.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Options {
    /// Who runs kernels.
    pub executor: Executor,
    /// The order of results.
    pub order: Order,
    /// What steers runs.
    pub tuning: Tuning,
    /// How exact elementary functions are.
    pub accuracy: Accuracy,
    /// What may differ from the operations as they are written.
    pub relaxed: Option<Relaxed>,
    /// Which conversions a result may take on its way into an array of the caller's.
    pub casting: Casting,
    /// How large a text may be.
    pub limits: Limits,
    /// Names that are arguments even if they are those of constants.
    pub declared: Vec<String>,
    /// Whether the names of constants are variables like any other.
    pub plain_constants: bool,
    /// Functions of the caller's.
    pub functions: Vec<Custom>,
}

impl Options {
    /// What names are resolved with.
    pub fn given(&self) -> Given<'_> {
        Given {
            declared: &self.declared,
            plain_constants: self.plain_constants,
            functions: &self.functions,
            limits: self.limits,
        }
    }

    /// How texts are typed.
    pub fn typing(&self) -> Typing {
        Typing { limits: self.limits, contract: self.relaxed.is_some() }
    }
}
