//! Array expressions as text, compiled into fused, cache-tiled, multi-threaded loops.
//!
//! ```
//! use ndarray::{Array1, array};
//! use tilexpr::{Expr, args};
//!
//! let (a, b, c) = (array![1.0, 2.0], array![3.0, 4.0], array![0.5, 0.5]);
//! let e = Expr::compile("a*b + c")?;
//! let mut y: Array1<f64> = e.eval(args![a, b, c])?; // a new array
//! assert_eq!(y, array![3.5, 8.5]);
//! e.eval_into(args![a, b, c = 1.0], &mut y)?; // into one that is there
//! assert_eq!(y, array![4.0, 9.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `&a * &b + &c` in ndarray walks over memory once for each operator and allocates a temporary array. Here the whole
//! expression is one loop: each element is read once, computed in registers, and written once, on as many threads as
//! pay. The formula is text, so it may come from a configuration or a user; nothing of the text is ever executed but
//! the arithmetic that it says.
//!
//! # What an expression is
//! Python's grammar for expressions, with NumPy 2's meaning: broadcasting, the promotion of types (numbers in the text, and
//! bare Rust numbers, do not widen an array's type), wrapping integers, IEEE floats with every operation rounded as
//! written. Reductions (`sum prod min max mean any all`, with `axis=` and `keepdims=`) may stand anywhere. `t = a*b; t + c`
//! names a part, `f(x) = x*exp(-x); f(a) + f(b)` defines a function, `x, y` has two results.
//!
//! A function of the text has one value and at least one parameter; its body may use what stands before it: names, other
//! functions, and arguments of the call as a whole. It does not call itself.
//!
//! # What a name is
//! - A name before `(` is a function, any other is a variable, so `mean(x) - mean` has two arguments: columns may be called `max`, `gamma`
//!   or `c64`. A definition of the text hides a registered function of its name ([`Builder::function`]), and that the library's.
//! - A variable is a parameter within the body of its function, else what the text assigned last, else an argument, but
//!   that `pi`, `e`, `inf` and `nan` are constants unless the text assigns or the builder declares them ([`Builder::name`],
//!   [`Builder::constants`]).
//! - `x.sum(axis=0)` is `sum(x, axis=0)`, for all functions. `np.` and `numpy.` are dropped before the library's functions and
//!   constants, unless the text or the builder makes that name a variable.
//! - The value of a keyword `dtype` is a type: `f32`, `np.float32`.
//! - Names are compared in NFKC, as in Python, those that a caller gives too.
//! - [`identifiers`] says which variables a text has, before it is compiled.
//!
//! Element types are `bool`, the integers `i8 i16 i32 i64 u8 u16 u32 u64`, the floats `f32 f64` and the complex numbers
//! `c64 c128` (of two `f32`, of two `f64`). Small ones stay small, in memory and in registers: `a + b` of two `u8` is
//! `u8`, and wraps.
//!
//! # Ways to call
//! | | |
//! |---|---|
//! | [`Expr::eval`] | into a new array, a scalar, an [`AnyArray`], or a tuple of these |
//! | [`Expr::eval_into`] | into memory of the caller's: arrays and views of any layout, `Vec`s, slices |
//! | [`Expr::update`] | in place: `a = f(a, ...)` |
//! | [`Expr::prepare`] | names and types resolved once, for calls on short arrays |
//! | [`Expr::prepare_dyn`], [`Expr::prepare_update`] | likewise, for any number of names, and in place |
//! | [`Expr::partial`] | reductions of an array in parts, on other machines too: [`State`] |
//! | [`Expr::stream`] | over `.npy` files of any size, in bounded memory ([`npy`] reads and writes them whole) |
//! | [`Expr::outputs`], [`Expr::layouts`], [`Expr::explain`] | what a call would give, and how it is computed, without running it |
//! | [`eval!`] | in one line |
//!
//! [`Expr::with_threads`] and its kin say on which threads calls run and how these share work ([`LoopSchedule`]), when they end
//! ([`CancelToken`], deadline, timeout), and how much memory they may take.
//!
//! # What always holds
//! - Results do not depend on threads, executor, memory layout, CPU or options: the same bits each time. (A NaN equals any
//!   NaN. Only [`Builder::order`] changes how a result lies in memory.)
//! - An [`Expr`] is `Send + Sync`, cheap to clone, and may be called from many threads at once.
//! - No text makes it panic, recurse without bound or write outside of its output; the size of a text, and of what it
//!   becomes, is bounded by [`Limits`].
//!
//! # Features
//! `jit` (on by default) compiles to machine code (AVX-512, AVX2; elsewhere through Cranelift). Without it (`default-features = false`) everything runs on
//! a portable interpreter, with the same results to the bit.
//!
//! `ndarray` (on by default) takes and gives arrays of the crate ndarray. Without it there are slices, `Vec`s, [`View`]s of any
//! memory, and [`AnyArray`].
//!
//! `files` (on by default) has [`npy`] and [`Expr::stream`].
//!
//! `arrow` takes columns of Arrow as arguments (`Column`), `parquet` reads them from files (`ParquetFile`). `cli` builds the command `tilexpr`
//! (`docs/command-line.md` in the repository), which libraries need not.
//!
//! `internals` is for the tests, fuzzers and tools of this repository: it opens modules that may change with any version.
//!
//! # Guides
//! In the repository, `docs/` is a book. Its first part is a course on computing with arrays, from caches and temporaries to threads and
//! files larger than memory; its second part the reference: `docs/numexpr.md` for those who come from numexpr,
//! `docs/functions.md` lists functions, operators and types, `docs/loops.md` is on loops at each point, `docs/command-line.md` is on the command, `docs/security.md` on text that is
//! not trusted, `docs/design.md` on how it works. The examples (`cargo run --release --example quickstart`) are programs to copy from.

#![warn(missing_docs)]

mod array;
#[cfg(feature = "arrow")]
mod columns;
pub(crate) mod diagnostic;
mod dtype;
mod error;
mod explain;
mod expr;
#[cfg(feature = "files")]
mod files;
mod run;

// Inside the crate these are private; tests, fuzzers and tools turn the feature on.
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod ir;
#[cfg(not(feature = "internals"))]
mod ir;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod jit;
#[cfg(not(feature = "internals"))]
mod jit;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod math;
#[cfg(not(feature = "internals"))]
mod math;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod plan;
#[cfg(not(feature = "internals"))]
mod plan;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod syntax;
#[cfg(not(feature = "internals"))]
mod syntax;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod types;
#[cfg(not(feature = "internals"))]
mod types;

pub use array::arg::{Arg, Args, AsArgs, IntoArg};
pub use array::out::Out;
pub use array::result::{AnyArray, FromResult};
pub use array::view::{Memory, View, ViewMut};
#[cfg(feature = "arrow")]
pub use columns::Column;
#[cfg(feature = "parquet")]
pub use columns::{Batches, ParquetFile};
pub use dtype::{ByteOrder, DType, Element, Kind, Real, Scalar};
pub use error::eval::{Detail, EvalError, EvalErrorKind};
pub use error::{CompileError, CompileErrorKind};
pub use explain::{Explain, StagePlan};
pub use expr::api::{Builder, Expr, Names};
pub use expr::casting::Casting;
pub use expr::indices::Indices;
pub use expr::layout::Layout;
pub use expr::partial::state::State;
pub use expr::prepared::{BoundCall, Prepared, PreparedDyn, PreparedUpdate};
#[cfg(feature = "files")]
pub use files::error::{FileError, FileErrorKind};
#[cfg(feature = "files")]
pub use files::npy;
#[cfg(feature = "files")]
pub use files::stream::api::Stream;
#[cfg(feature = "files")]
pub use files::stream::plan::{StreamPlan, StreamResult};
pub use ir::registered::RustFunction;
pub use jit::tier::Executor;
pub use math::Accuracy;
pub use plan::order::Order;
pub use run::loops::LoopSchedule;
pub use run::stop::CancelToken;
pub use run::threads::Threads;
pub use syntax::Limits;
pub use types::contract::Relaxed;
pub use types::identifiers;

/// The code in the guides is tested with that of the documentation.
#[cfg(doctest)]
mod guides {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../docs/loops.md")]
    struct Loops;
    #[doc = include_str!("../docs/numexpr.md")]
    struct Numexpr;
    #[doc = include_str!("../docs/indices.md")]
    struct Indices;
    #[doc = include_str!("../docs/random.md")]
    struct Random;
    #[doc = include_str!("../docs/security.md")]
    struct Security;
    #[doc = include_str!("../docs/course/memory.md")]
    struct Memory;
    #[doc = include_str!("../docs/course/layout.md")]
    struct Layout;
    #[doc = include_str!("../docs/course/temporaries.md")]
    struct Temporaries;
    #[doc = include_str!("../docs/course/in-place.md")]
    struct InPlace;
    #[doc = include_str!("../docs/course/tiles.md")]
    struct Tiles;
    #[doc = include_str!("../docs/course/fused.md")]
    struct Fused;
    #[doc = include_str!("../docs/course/threads.md")]
    struct Threads;
    #[doc = include_str!("../docs/course/schedules.md")]
    struct Schedules;
    #[doc = include_str!("../docs/course/numexpr.md")]
    struct CourseNumexpr;
    #[doc = include_str!("../docs/course/profiling.md")]
    struct Profiling;
    #[doc = include_str!("../docs/course/beyond-memory.md")]
    struct BeyondMemory;
    #[doc = include_str!("../docs/course/something-else.md")]
    struct SomethingElse;
}
