//! Functions of the caller's: how kernels call a Rust function that panics at worst.
//!
//! Comes in: a plain function pointer of numbers. Goes out: a [`Registered`], which executors call through [`enter`].
//! Always holds: no panic leaves `enter`; after the first one the call's results do not matter, so no more calls are
//! made. The calling convention of the Rust function is known to `invoke` alone, which was made for its type.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};

use super::FaultCode;
use crate::dtype::{DType, Scalar};

/// A Rust function that can be registered: a plain function pointer with one to three arguments. Arguments and result
/// are `f64`, `f32`, `i64` or `i32`, each as it likes.
///
/// The name of a function is of a type of its own, as a closure is; `as` makes a pointer of it:
///
/// ```
/// use tilexpr::{Expr, args};
/// fn sigmoid(x: f64) -> f64 {
///     1.0 / (1.0 + (-x).exp())
/// }
/// let e = Expr::builder().function("sigmoid", sigmoid as fn(f64) -> f64).compile("sigmoid(a) + 1")?;
/// assert_eq!(e.eval::<f64>(args![a = 0.0])?, 1.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait RustFunction: Copy + 'static + sealed::Signature {}

mod sealed {
    use crate::dtype::{DType, Real};

    /// Elements that are numbers.
    pub trait Number: Real {}
    impl Number for f64 {}
    impl Number for f32 {}
    impl Number for i64 {}
    impl Number for i32 {}

    /// What a function pointer's type says.
    pub trait Signature {
        const ARGS: &'static [DType];
        const RESULT: DType;

        fn pointer(self) -> *const ();

        /// # Safety
        /// `pointer` is of this type. There are as many arguments as it has, each the bits of its type.
        unsafe fn invoke(pointer: *const (), args: &[u64]) -> u64;
    }
}

use sealed::{Number, Signature};

macro_rules! signatures {
    ($(($($x:ident)+)),*) => { $(
        impl<$($x: Number,)+ R: Number> RustFunction for fn($($x),+) -> R {}

        impl<$($x: Number,)+ R: Number> Signature for fn($($x),+) -> R {
            const ARGS: &'static [DType] = &[$($x::DTYPE),+];
            const RESULT: DType = R::DTYPE;

            fn pointer(self) -> *const () {
                self as *const ()
            }

            unsafe fn invoke(pointer: *const (), args: &[u64]) -> u64 {
                // SAFETY: the pointer was made of a value of this type.
                let function = unsafe { std::mem::transmute::<*const (), fn($($x),+) -> R>(pointer) };
                let mut args = args.iter().copied();
                function($($x::from_scalar(Scalar::from_bits($x::DTYPE, args.next().unwrap_or(0)))),+).to_scalar().bits()
            }
        }
    )* };
}

signatures!((A), (A B), (A B C));

/// A function of the caller's.
pub struct Registered {
    /// Tells it from all others of this process.
    number: u32,
    args: &'static [DType],
    result: DType,
    pointer: *const (),
    invoke: unsafe fn(*const (), &[u64]) -> u64,
}

// SAFETY: the pointer is that of a function, which has no state.
unsafe impl Send for Registered {}
// SAFETY: as above.
unsafe impl Sync for Registered {}

impl std::fmt::Debug for Registered {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "function {} of {:?} to {}", self.number, self.args, self.result)
    }
}

/// The fault word's bits from here on are the number of the function that panicked, plus one.
const PANICKED: u32 = FaultCode::COUNT as u32;
/// Numbers that the fault word has room for; further functions share the last.
const NUMBERS: u32 = (1 << (32 - PANICKED)) - 2;

impl Registered {
    /// A function.
    pub fn new<F: RustFunction>(number: u32, function: F) -> Registered {
        Registered {
            number: number.min(NUMBERS),
            args: F::ARGS,
            result: F::RESULT,
            pointer: function.pointer(),
            invoke: F::invoke,
        }
    }

    /// The types of the arguments.
    pub fn args(&self) -> &'static [DType] {
        self.args
    }

    /// The type of the result.
    pub fn result(&self) -> DType {
        self.result
    }

    /// The number of the function that panicked, from a fault word.
    pub fn panicked(faults: u32) -> Option<u32> {
        (faults >> PANICKED).checked_sub(1)
    }
}

/// Calls the function; arguments and result are bits, and arguments that it does not have are anything. If it panics, that
/// is noted among the faults, and the result is 0.
pub extern "C" fn enter(registered: &Registered, faults: &AtomicU32, x: u64, y: u64, z: u64) -> u64 {
    if Registered::panicked(faults.load(Ordering::Relaxed)).is_some() {
        return 0;
    }
    let args = [x, y, z];
    let args = args.get(..registered.args.len()).unwrap_or(&args);
    // SAFETY: pointer and `invoke` are of one type, and there are the arguments that it has.
    let call = || unsafe { (registered.invoke)(registered.pointer, args) };
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(bits) => bits,
        Err(payload) => {
            // What was thrown may itself panic when it is dropped.
            std::mem::forget(payload);
            let note =
                |now: u32| Registered::panicked(now).is_none().then_some(now | (registered.number + 1) << PANICKED);
            // It fails only where another panic was noted meanwhile.
            let _ = faults.fetch_update(Ordering::Relaxed, Ordering::Relaxed, note);
            0
        }
    }
}
