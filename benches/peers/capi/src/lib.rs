//! tilexpr by a C interface: a text is bound once to the names and types of its arguments, then called with addresses.
//!
//! Comes in: texts, addresses, one length for all arrays. Goes out: elements written to `out`, or a message. Always holds: a function that
//! fails says so by what it returns (null, or not 0), and why in [`tilexpr_error`]; nothing unwinds into the caller.
//!
//! ```c
//! typedef struct tilexpr_function tilexpr_function;
//! tilexpr_function *tilexpr_bind(const char *text, const char *arguments);  // "a*b + c", "a:f64 b:f64 c:f64"
//! const char *tilexpr_result(const tilexpr_function *f);                    // "f64[n]", of a reduction "f64"
//! int tilexpr_call(const tilexpr_function *f, const void *const *arguments, size_t n, void *out);
//! const char *tilexpr_error(void);                                          // of this thread's last failure
//! void tilexpr_free(tilexpr_function *f);
//! ```
//!
//! Calls run on rayon's global pool, whose size is that of `RAYON_NUM_THREADS` when it is first used.

use std::cell::RefCell;
use std::error::Error;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use smallvec::SmallVec;
use tilexpr::{Arg, Args, DType, Expr, PreparedDyn, View, ViewMut};

/// An expression bound to the types of its arguments.
pub struct Function {
    prepared: PreparedDyn,
    /// Type and stride of each argument, in their order.
    arguments: Vec<(DType, [isize; 1])>,
    result: DType,
    /// Whether the result is one element, whatever the length of the arguments.
    reduces: bool,
    /// As [`tilexpr_result`] shows it.
    shown: CString,
}

thread_local! {
    /// Why the last function that failed on this thread did.
    static ERROR: RefCell<CString> = RefCell::default();
}

/// The message of an error or a panic, without the zero bytes that a C string cannot have.
fn to_c(message: &str) -> CString {
    CString::new(message.replace('\0', "\\0")).unwrap_or_default()
}

/// The value, or `failed` with the error's message kept for [`tilexpr_error`].
fn or_error<T>(failed: T, work: impl FnOnce() -> Result<T, Box<dyn Error>>) -> T {
    let outcome = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err("a panic".into()));
    outcome.unwrap_or_else(|error| {
        ERROR.with_borrow_mut(|kept| *kept = to_c(&error.to_string()));
        failed
    })
}

/// Names and types of `a:f64 b:f32`.
fn parse_arguments(text: &str) -> Result<Vec<(&str, DType)>, Box<dyn Error>> {
    let one = |word| -> Result<(&str, DType), Box<dyn Error>> {
        let (name, dtype) = str::split_once(word, ':').ok_or_else(|| format!("`{word}` is not `name:type`"))?;
        Ok((name, DType::from_name(dtype).ok_or_else(|| format!("there is no type `{dtype}`"))?))
    };
    text.split_whitespace().map(one).collect()
}

impl Function {
    fn new(text: &str, arguments: &str) -> Result<Function, Box<dyn Error>> {
        let arguments = parse_arguments(arguments)?;
        let names: Vec<&str> = arguments.iter().map(|(name, _)| *name).collect();
        let arguments: Vec<_> = arguments.iter().map(|(_, dtype)| (*dtype, [dtype.size() as isize])).collect();
        // Arrays of one element stand for those of the calls: of them, types alone matter here.
        let zero = [0_u64; 2];
        let examples = arguments.iter().map(|(dtype, stride)| {
            // SAFETY: an element of any type has at most 16 bytes, and may have all of them 0.
            Arg::new(unsafe { View::from_raw((&raw const zero).cast(), *dtype, &[1], stride) })
        });
        let like: Args = names.iter().copied().zip(examples).collect();
        let expr = Expr::compile(text)?;
        let (result, shape) = expr.output(&like)?;
        let prepared = expr.prepare_dyn(&names, &like)?;
        let reduces = shape.is_empty();
        drop(like);
        let shown = to_c(&format!("{result}{}", if reduces { "" } else { "[n]" }));
        Ok(Function { prepared, arguments, result, reduces, shown })
    }

    /// # Safety
    /// As for [`tilexpr_call`].
    unsafe fn call(&self, arguments: *const *const c_void, n: usize, out: *mut c_void) -> Result<(), Box<dyn Error>> {
        let shape = [n];
        let mut args: SmallVec<[Arg; 8]> = SmallVec::new();
        for (at, (dtype, stride)) in self.arguments.iter().enumerate() {
            // SAFETY: the caller passes the address of `n` elements of this type for each argument.
            args.push(Arg::new(unsafe { View::from_raw((*arguments.add(at)).cast(), *dtype, &shape, stride) }));
        }
        let (axes, step) = (usize::from(!self.reduces), [self.result.size() as isize]);
        // SAFETY: the caller passes memory of the result's elements, which nothing else uses meanwhile.
        let mut out = unsafe { ViewMut::from_raw(out.cast(), self.result, &shape[..axes], &step[..axes]) };
        Ok(self.prepared.call(&args, &mut out)?)
    }
}

/// Compiles a text for arguments of these names and types; null where that fails.
///
/// # Safety
/// Both are strings that end with a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tilexpr_bind(text: *const c_char, arguments: *const c_char) -> *mut Function {
    // SAFETY: the caller passes C strings.
    let (text, arguments) = unsafe { (CStr::from_ptr(text), CStr::from_ptr(arguments)) };
    or_error(ptr::null_mut(), || Ok(Box::into_raw(Box::new(Function::new(text.to_str()?, arguments.to_str()?)?))))
}

/// The type of the result, with `[n]` behind it where it is an array of the arguments' length.
///
/// # Safety
/// The function is one of [`tilexpr_bind`], not freed; the string lives as long as it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tilexpr_result(function: *const Function) -> *const c_char {
    // SAFETY: the caller passes a function that lives.
    unsafe { &*function }.shown.as_ptr()
}

/// Evaluates arrays of `n` elements each into `out`, which has `n` elements, or one if the expression reduces. 0, or 1 where
/// that fails.
///
/// # Safety
/// The function is one of [`tilexpr_bind`], not freed. There is an address for each argument, of `n` elements of its type, and `out` has room
/// for the result and lies apart from them all; nothing else writes to these or uses `out` meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tilexpr_call(
    function: *const Function,
    arguments: *const *const c_void,
    n: usize,
    out: *mut c_void,
) -> c_int {
    or_error(1, || {
        // SAFETY: the caller passes a function that lives, and arrays as it needs them.
        unsafe { (*function).call(arguments, n, out) }.map(|()| 0)
    })
}

/// Why the last function that failed on this thread did; until the next one fails.
#[unsafe(no_mangle)]
pub extern "C" fn tilexpr_error() -> *const c_char {
    ERROR.with_borrow(|kept| kept.as_ptr())
}

/// Frees a function; null is none.
///
/// # Safety
/// The function is one of [`tilexpr_bind`], not freed, and not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tilexpr_free(function: *mut Function) {
    if !function.is_null() {
        // SAFETY: the caller gives back what `tilexpr_bind` gave.
        drop(unsafe { Box::from_raw(function) });
    }
}
