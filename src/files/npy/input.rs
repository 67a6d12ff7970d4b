//! A file that arrays are read from.
//!
//! Comes in: a path. Goes out: bytes from anywhere in the file, as this machine has numbers. Always holds: what is read was there when the file
//! was opened, or it is an error; many threads read at once.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::header::Header;
use super::open::open;
use crate::array::filled::Unfilled;
use crate::array::result::AnyArray;
use crate::dtype::DType;
use crate::files::error::{FileError, FileErrorKind};

/// An open `.npy` file.
#[derive(Debug)]
pub struct Input {
    file: File,
    /// The path as it was given.
    pub path: PathBuf,
    /// What it holds.
    pub header: Header,
    length: u64,
    modified: Option<SystemTime>,
}

impl Input {
    /// Opens a file and reads its header.
    pub fn open(path: &Path) -> Result<Input, FileError> {
        let (mut file, length) = open(path)?;
        let header = Header::of(&mut file, length, path)?;
        let modified = file.metadata().ok().and_then(|metadata| metadata.modified().ok());
        Ok(Input { file, path: path.to_path_buf(), header, length, modified })
    }

    /// Fills bytes with those of elements, from this byte of the elements on.
    pub fn read(&self, from: u64, bytes: &mut [u8]) -> Result<(), FileError> {
        match read_exact_at(&self.file, self.header.offset + from, bytes) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(self.changed()),
            Err(error) => return Err(FileError::from_io(&self.path, "read", error)),
        }
        as_native(self.header.dtype, self.header.swapped, bytes);
        Ok(())
    }

    /// All elements.
    pub fn read_whole(&self) -> Result<AnyArray, FileError> {
        let (header, mut at) = (&self.header, 0);
        let found = AnyArray::filled(header.dtype, &header.shape, header.fortran_order, &mut |bytes| {
            self.read(at, bytes)?;
            at += bytes.len() as u64;
            Ok(())
        });
        found.map_err(|error| match error {
            Unfilled::Given(error) => error,
            Unfilled::Memory(bytes) => {
                let message = format!("there is no memory for its {bytes} bytes");
                FileError::of(FileErrorKind::Memory, &self.path, message)
                    .with_help("read it in pieces: `Expr::stream`, whose memory is bounded")
            }
        })
    }

    /// Whether the file is still as it was when it was opened, as far as its length and its time say.
    pub fn check_unchanged(&self) -> Result<(), FileError> {
        let metadata = self.file.metadata().map_err(|error| FileError::from_io(&self.path, "read", error))?;
        let same = metadata.len() == self.length && metadata.modified().ok() == self.modified;
        if same { Ok(()) } else { Err(self.changed()) }
    }

    #[cold]
    fn changed(&self) -> FileError {
        FileError::of(FileErrorKind::Changed, &self.path, "the file was changed while it was read")
            .with_help("wait until whoever writes it has ended, and run this again")
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, from: u64, bytes: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, from)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut from: u64, mut bytes: &mut [u8]) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !bytes.is_empty() {
        match file.seek_read(bytes, from) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => (bytes, from) = (&mut bytes[read..], from + read as u64),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Makes bytes of a file those of numbers in memory: in the order of this machine; a bool is 0 or 1.
fn as_native(dtype: DType, swapped: bool, bytes: &mut [u8]) {
    if dtype == DType::Bool {
        bytes.iter_mut().for_each(|byte| *byte = u8::from(*byte != 0));
    }
    if !swapped {
        return;
    }
    match dtype.part().size() {
        2 => bytes.as_chunks_mut().0.iter_mut().for_each(|n| *n = u16::from_be_bytes(*n).to_le_bytes()),
        4 => bytes.as_chunks_mut().0.iter_mut().for_each(|n| *n = u32::from_be_bytes(*n).to_le_bytes()),
        8 => bytes.as_chunks_mut().0.iter_mut().for_each(|n| *n = u64::from_be_bytes(*n).to_le_bytes()),
        _ => {}
    }
}
