//! A `.npy` file as memory: nothing is read before it is used, and nothing is copied.

use std::path::{Path, PathBuf};

use memmap2::{Mmap, MmapOptions};

use super::header::Header;
use super::open::open;
use crate::array::arg::{Arg, IntoArg};
use crate::array::view::View;
use crate::dtype::{ByteOrder, DType};
use crate::files::error::{FileError, FileErrorKind};

/// A `.npy` file mapped to memory: an argument of a call like any other.
///
/// The system reads each page when it is first used, and may forget it again. Prefer [`read`](super::read), or [`Expr::stream`](crate::Expr::stream) for
/// files larger than memory: an error of the disk is an error there, while here it ends the process.
///
/// ```
/// use tilexpr::{Expr, args, npy};
/// let path = tempfile::NamedTempFile::new()?.into_temp_path();
/// npy::write(&path, &[1.0, 2.0, 3.0])?;
/// // SAFETY: nothing changes the file meanwhile.
/// let a = unsafe { npy::Map::open(&path)? };
/// assert_eq!(Expr::compile("sum(a)")?.eval::<f64>(args![a])?, 6.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Map {
    map: Mmap,
    header: Header,
    /// In bytes.
    strides: Vec<isize>,
    path: PathBuf,
}

impl Map {
    /// Maps a file.
    ///
    /// # Safety
    /// As long as the map is there, neither this process nor any other writes to the file, or makes it shorter. Elements that change while
    /// they are read are undefined behaviour; a file that becomes shorter, or a disk that fails, ends the process by a signal (`SIGBUS`)
    /// at the next use of what is no longer there.
    ///
    /// # Errors
    /// As for [`Header::read`]; and where bools are not the bytes 0 and 1 ([`FileErrorKind::Layout`]).
    pub unsafe fn open(path: impl AsRef<Path>) -> Result<Map, FileError> {
        let path = path.as_ref();
        let (mut file, length) = open(path)?;
        let header = Header::of(&mut file, length, path)?;
        // SAFETY: the caller promises that the file stays as it is.
        let map = unsafe { MmapOptions::new().map(&file) };
        let map = map.map_err(|error| FileError::from_io(path, "map", error))?;
        let elements = map.get(header.offset as usize..).unwrap_or_default();
        if elements.len() as u64 != header.bytes() {
            return Err(FileError::of(FileErrorKind::Changed, path, "the file was changed while it was opened"));
        }
        if header.dtype == DType::Bool && elements.iter().any(|&byte| byte > 1) {
            let message = "it has bools that are neither 0 nor 1";
            return Err(
                FileError::of(FileErrorKind::Layout, path, message).with_help("read it: `tilexpr::npy::read(path)`")
            );
        }
        let strides = header.strides();
        Ok(Map { map, header, strides, path: path.to_path_buf() })
    }

    /// What the file holds.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The path that it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The array.
    pub fn view(&self) -> View<'_> {
        let elements = self.map.get(self.header.offset as usize..).unwrap_or_default();
        let view = View::within(elements, self.header.dtype, &self.header.shape, &self.strides);
        // It was compared with the file's length when it was opened.
        let view = view.unwrap_or_else(|| View::empty(self.header.dtype));
        let order = ByteOrder::NATIVE;
        view.with_byte_order(if self.header.swapped { order.swapped() } else { order })
    }
}

impl<'a> IntoArg<'a> for &'a Map {
    fn into_arg(self) -> Arg<'a> {
        self.view().into_arg()
    }
}
