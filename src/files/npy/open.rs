//! Files that are read from anywhere.

use std::fs::{self, File, Metadata};
use std::path::Path;

use crate::files::error::{FileError, FileErrorKind};

/// Opens a file for reading, which must be one that has a length and can be read from anywhere.
pub fn open(path: &Path) -> Result<(File, u64), FileError> {
    let fail = |error| FileError::from_io(path, "open", error);
    let refused = |metadata: &Metadata| {
        let message = if metadata.is_dir() { "this is a folder" } else { "this is no ordinary file" };
        let help = if metadata.is_dir() { "name a file in it" } else { "copy what comes from it into a file" };
        FileError::of(FileErrorKind::Io, path, message).with_help(help)
    };
    // Asked by name before it is opened, for to open a pipe is to wait for whoever writes to it.
    let metadata = fs::metadata(path).map_err(fail)?;
    if !metadata.is_file() {
        return Err(refused(&metadata));
    }
    let file = File::open(path).map_err(fail)?;
    let length = file.metadata().map_err(fail)?.len();
    Ok((file, length))
}
