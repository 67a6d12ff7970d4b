//! Arrays in files: `.npy` files whole, and expressions over them in pieces.
#![cfg(feature = "files")]

mod bad;
#[path = "../common/mod.rs"]
mod common;
mod counts;
mod process;
mod runs;
mod stream;
mod whole;

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tilexpr::{FileError, FileErrorKind};

/// A folder that goes with the test.
struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        // In memory, where there is such a place: what is written is waited for.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Folder(folder.expect("a temporary folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file of these bytes.
    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("written");
        path
    }

    /// What is in it.
    fn names(&self) -> Vec<String> {
        let names =
            std::fs::read_dir(self.0.path()).expect("a folder").map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

/// A `.npy` file of version 1 with this dictionary.
fn npy(dictionary: &str, elements: &[u8]) -> Vec<u8> {
    versioned(1, dictionary, elements)
}

fn versioned(version: u8, dictionary: &str, elements: &[u8]) -> Vec<u8> {
    let length = dictionary.len() as u32;
    let length = if version == 1 { length.to_le_bytes()[..2].to_vec() } else { length.to_le_bytes().to_vec() };
    [b"\x93NUMPY", &[version, 0][..], &length, dictionary.as_bytes(), elements].concat()
}

/// The dictionary of an array.
fn dictionary(descr: &str, fortran_order: bool, shape: &str) -> String {
    let truth = if fortran_order { "True" } else { "False" };
    format!("{{'descr': '{descr}', 'fortran_order': {truth}, 'shape': {shape}, }}\n")
}

/// Kind, path and text (what stands behind the path).
#[track_caller]
fn check(error: &FileError, kind: FileErrorKind, path: &Path, text: &str) {
    let shown = error.to_string();
    let text = format!("{}: {text}", path.display());
    assert_eq!((error.kind(), error.path(), shown.as_str()), (kind, Some(path), text.as_str()));
}
