//! What a text is compiled with.
//!
//! Always holds: all that a compiled text depends on beside its source is here; equal texts and options are one entry of the
//! cache.

use super::fit::Casting;
use super::launch::Tuning;
use crate::jit::tier::Executor;
use crate::math::Accuracy;
use crate::syntax::Limits;
use crate::types::Given;
use crate::types::registered::Custom;

/// How the axes of a new result lie in memory.
///
/// ```
/// use ndarray::{Array2, array};
/// use tilexpr::{Expr, Order, args};
/// let a = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
/// let y: Array2<f64> = Expr::builder().order(Order::F).compile("a*2")?.eval(args![a])?;
/// assert_eq!(y, &a * 2.0);
/// assert_eq!(y.strides(), [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Order {
    /// The last axis' elements are neighbours.
    C,
    /// The first axis' elements are neighbours.
    F,
    /// F if all arguments with more than one axis lie so, else C.
    A,
    /// As in the arguments; C where they disagree.
    #[default]
    K,
}

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
    /// Which conversions a result may take on its way into an array of the caller's.
    pub casting: Casting,
    /// How large a text may be.
    pub limits: Limits,
    /// Names that are arguments even if they are those of constants.
    pub declared: Vec<String>,
    /// Functions of the caller's.
    pub functions: Vec<Custom>,
}

impl Options {
    /// What names are resolved with.
    pub fn given(&self) -> Given<'_> {
        Given { declared: &self.declared, functions: &self.functions, limits: self.limits }
    }
}
