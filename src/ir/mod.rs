//! The kernel IR: what all executors run.
//!
//! | file                    | what                                                                  |
//! |-------------------------|-----------------------------------------------------------------------|
//! | `kernel`, `op`          | loops, instructions, operands; the table of operations                |
//! | `cost`                  | what operations cost; the rates of a machine                          |
//! | `monoid`                | what reductions combine by                                            |
//! | `kernel/helper`, `registered` | functions that are called: the library's, the user's                  |
//! | `kernel/region`         | code that stands for a function: a `patch` of whole vectors           |
//! | `semantics`             | what each operation means, as Rust code                               |
//! | `builder`               | makes kernels: shared, folded, simplified, hoisted                    |
//! | `rules`                 | rewrite rules as data; `builder/simplify` applies them, and
//! |                         | `builder/quotient` divides integers by constants as multiplication    |
//! | `huge_angle`            | sine, cosine and tangent of huge numbers, in integers                 |
//! | `cancelled`             | sums in which nearly everything cancels, in 256 bits                  |
//! | `fma`                   | `x*y + z` rounded once, where the machine has no instruction for it   |
//! | `verify`, `print`, `parse` | whether a kernel is one; its text form, written and read           |
//! | `random`, `examples`    | random kernels and regions, for tests                                 |

pub mod builder;
mod cancelled;
pub mod cost;
#[cfg(any(test, feature = "internals"))]
pub mod examples;
pub mod fma;
mod huge_angle;
pub mod kernel;
pub mod monoid;
pub mod op;
#[cfg(any(test, feature = "internals"))]
pub mod parse;
pub mod print;
#[cfg(any(test, feature = "internals"))]
pub mod random;
pub mod registered;
pub mod rules;
pub mod semantics;
#[cfg(any(debug_assertions, test, feature = "internals"))]
pub mod verify;

pub use builder::Builder;
#[cfg(any(test, feature = "internals"))]
pub use builder::simplify::rebuild;
pub use kernel::helper::Helper;
pub use kernel::*;
pub use monoid::{Fold, Fragment, Monoid};
pub use op::Op;
#[cfg(any(test, feature = "internals"))]
pub use parse::{ParseError, parse};
#[cfg(any(test, feature = "internals"))]
pub use verify::{VerifyError, verify};

#[cfg(test)]
mod tests;
