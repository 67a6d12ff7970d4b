//! What every generator of machine code needs, whatever makes the instructions.
//!
//! Comes in: a kernel, and the [`Machine`] that code is made for; later the code. Goes out: decisions about a kernel that
//! depend on the machine's numbers alone; then something that runs. Always holds: nothing here knows which generator it
//! serves, and no decision changes a result.
//!
//! | file         | what                                                                |
//! |--------------|---------------------------------------------------------------------|
//! | `machine`    | vectors, registers and instructions of a CPU                        |
//! | `addresses`  | how accesses are addressed: bases that some of them share           |
//! | `liveness`   | who reads what, how much is alive at once, what waits for what      |
//! | `crowded`    | whether a kernel is too much for any registers                      |
//! | `masks`      | widths of bools in registers                                        |
//! | `padded`     | long bodies without a tail                                          |
//! | `pages`      | pages of memory for code                                            |
//! | `past_cache` | the form of a kernel that stores past the cache                     |
//! | `code`       | executable memory, the way into it, and a kernel that runs          |

pub mod addresses;
pub mod code;
pub mod crowded;
pub mod liveness;
pub mod machine;
pub mod masks;
pub mod padded;
#[cfg(all(unix, target_arch = "x86_64"))]
mod pages;
pub mod past_cache;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Unsupported;

/// Bytes of stack that code may take: an eighth of what Rust gives a thread. The values of some ten thousand operations, if
/// all of them wait for others.
pub const LARGEST_FRAME: u32 = 256 << 10;

/// What a generator makes; a panic in it is `Unsupported`.
pub fn guarded<T>(generate: impl FnOnce() -> Result<T, Unsupported>) -> Result<T, Unsupported> {
    let message = |panic: Box<dyn Any + Send>| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        Unsupported(format!("the code generator failed: {}", text.unwrap_or("no message")))
    };
    catch_unwind(AssertUnwindSafe(generate)).unwrap_or_else(|panic| Err(message(panic)))
}
