//! Arrays in NumPy's `.npy` files: read, written, mapped to memory.
//!
//! All element types of this library, versions 1 to 3 of the format, both byte orders, C and Fortran order. What is written is what
//! `numpy.save` writes.
//!
//! ```
//! use ndarray::{Array2, array};
//! use tilexpr::npy;
//! let path = tempfile::NamedTempFile::new()?.into_temp_path();
//! npy::write(&path, &array![[1.0, 2.0], [3.0, 4.0]])?;
//! let a: Array2<f64> = npy::read(&path)?.into_array()?;
//! assert_eq!(a, array![[1.0, 2.0], [3.0, 4.0]]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod header;
pub(super) mod input;
mod literal;
mod map;
mod open;

use std::path::Path;

pub use self::header::Header;
use self::input::Input;
pub use self::map::Map;
use super::error::FileError;
use super::target::Target;
use crate::array::arg::IntoArg;
use crate::array::result::AnyArray;
use crate::array::view::View;
use crate::error::eval::EvalError;
use crate::expr::api::Expr;
use crate::plan::order::Order;

/// Reads a file whole. Fortran order stays as it is; numbers of other machines are turned into those of this one.
///
/// ```
/// use tilexpr::{DType, npy};
/// let path = tempfile::NamedTempFile::new()?.into_temp_path();
/// npy::write(&path, &[1_u8, 2, 3])?;
/// let a = npy::read(&path)?;
/// assert_eq!((a.dtype(), a.shape()), (DType::U8, &[3][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As for [`Header::read`]; where the file cannot be read, or is changed meanwhile; and where there is no memory for it.
pub fn read(path: impl AsRef<Path>) -> Result<AnyArray, FileError> {
    let input = Input::open(path.as_ref())?;
    let found = input.read_whole()?;
    input.check_unchanged()?;
    Ok(found)
}

/// Writes an array, of any layout, as a file: in Fortran order if it lies so, else in C order. A file that is there is replaced, when all of the new one is
/// on the disk; where that fails it stays as it was.
///
/// A bare number is written as an array of no axes.
///
/// ```
/// use ndarray::array;
/// use tilexpr::npy;
/// let path = tempfile::NamedTempFile::new()?.into_temp_path();
/// let a = array![[1, 2, 3], [4, 5, 6]];
/// npy::write(&path, a.t())?;
/// assert!(npy::Header::read(&path)?.fortran_order);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Where the file cannot be written, the disk is full, or there is no memory to put elements in order that lie in none.
pub fn write<'a>(path: impl AsRef<Path>, array: impl IntoArg<'a>) -> Result<(), FileError> {
    let (path, array) = (path.as_ref(), array.into_arg());
    let view = View::of(array.view());
    let header = |reversed| Header::new(view.dtype(), view.shape(), reversed);
    for reversed in [false, true] {
        if let Some(bytes) = view.bytes(reversed) {
            return put(path, &header(reversed), bytes);
        }
    }
    let packed = packed(view)?;
    put(path, &header(false), packed.view().bytes(false).unwrap_or_default())
}

/// A copy whose elements lie in C order.
fn packed(view: View) -> Result<AnyArray, EvalError> {
    let copy = Expr::builder().order(Order::C).compile("a").map_err(EvalError::from)?;
    copy.eval(crate::args![a = view])
}

/// Writes a file of these elements.
fn put(path: &Path, header: &Header, elements: &[u8]) -> Result<(), FileError> {
    let target = Target::create(path)?;
    target.write(0, &header.encode())?;
    target.write(header.offset, elements)?;
    target.flush()?;
    target.finish()
}
