//! Files that are none, or not what they say. Never a panic, and no memory for what is only said.

use std::path::Path;

use proptest::prelude::*;
use tilexpr::{AnyArray, DType, FileError, FileErrorKind as Kind, npy};

use super::{Folder, check, dictionary, npy as file, versioned};

fn fails(path: &Path) -> FileError {
    let error = npy::read(path).expect_err("read");
    assert_eq!(npy::Header::read(path).expect_err("read").to_string(), error.to_string());
    // SAFETY: the test alone knows of the file.
    assert_eq!(unsafe { npy::Map::open(path) }.expect_err("mapped").to_string(), error.to_string());
    assert!(!error.message().is_empty() && !format!("{error:?}").is_empty());
    error
}

#[test]
fn files_that_are_not_there() {
    let folder = Folder::new();
    let path = folder.path("a.npy");
    let text = "there is no such file\nhelp: look at the path, which begins at the current folder";
    check(&fails(&path), Kind::NotFound, &path, text);
    let path = folder.path("");
    check(&fails(&path), Kind::Io, &path, "this is a folder\nhelp: name a file in it");
    if cfg!(unix) {
        let path = Path::new("/dev/null");
        check(&fails(path), Kind::Io, path, "this is no ordinary file\nhelp: copy what comes from it into a file");
    }
}

#[test]
fn headers() {
    let folder = Folder::new();
    let help = "\nhelp: arrays are read from what `numpy.save`, or this library, writes";
    let good = dictionary("<f8", false, "(1,)");
    for (bytes, message) in [
        (vec![], "the file is empty"),
        (b"\x93NUM".to_vec(), "the file ends within its header"),
        (b"\x93NUMPY\x01\x00\x05".to_vec(), "the file ends within its header"),
        (b"\x93NUMPY\x02\x00\x05\x00\x00".to_vec(), "the file ends within its header"),
        (b"PK\x03\x04".to_vec(), "this is a zip archive (`.npz`?), not a `.npy` file"),
        (b"a,b\n1,2\n".to_vec(), "this is no `.npy` file: it does not begin with `\\x93NUMPY`"),
        (versioned(4, &good, &[0; 8]), "version 4.0 of the format is unknown"),
        (
            b"\x93NUMPY\x02\x00\xff\xff\xff\xff{'".to_vec(),
            "its header is said to be of 4294967295 bytes, beyond the end of the file",
        ),
        (file("{'descr': '<f8'", &[]), "`}` was expected where it ends"),
        (file(&dictionary("<f8", false, "(1)"), &[]), "the shape is a number in brackets, not a tuple"),
        (file("\u{fffd}\n", &[]), "`{` was expected, not `\u{fffd}`"),
    ] {
        let path = folder.put("a.npy", bytes);
        check(&fails(&path), Kind::Header, &path, &format!("{message}{help}"));
    }
    let ones = vec!["1"; 65].join(", ");
    let path = folder.put("a.npy", file(&dictionary("<f8", false, &format!("({ones})")), &[0; 8]));
    check(&fails(&path), Kind::Header, &path, "it has 65 axes, at most 64 are possible");
    // A text longer than any array needs is not read, even where it is there.
    let path = folder.put("a.npy", versioned(2, &" ".repeat(2 << 20), &[]));
    let message = "its header is said to be of 2097152 bytes, more than any array of numbers needs";
    check(&fails(&path), Kind::Header, &path, &format!("{message}{help}"));
}

#[test]
fn types() {
    let folder = Folder::new();
    for (descr, what, instead) in [
        ("<f2", "half-precision floats (`float16`), `<f2`", "as `f32`: `np.save(path, a.astype('f4'))`"),
        ("|O", "Python objects, `|O`", "as numbers: `np.save(path, a.astype('f8'))`"),
        ("<U5", "strings, `<U5`", "as numbers, if they are some: `np.save(path, a.astype('f8'))`"),
        ("<M8[ns]", "dates (`datetime64`), `<M8[ns]`", "as whole numbers: `np.save(path, a.astype('i8'))`"),
    ] {
        let path = folder.put("a.npy", file(&dictionary(descr, false, "(1,)"), &[0; 8]));
        let text = format!("its elements are {what}, which expressions have not\nhelp: save them {instead}");
        check(&fails(&path), Kind::DType, &path, &text);
    }
    let fields = "{'descr': [('x', '<f8'), ('y', '<f8')], 'fortran_order': False, 'shape': (1,), }\n";
    let path = folder.put("a.npy", file(fields, &[0; 16]));
    let text = "its elements are records with fields (a structured type)\nhelp: save each field as an array of its own: `np.save(path, a['field'])`";
    check(&fails(&path), Kind::DType, &path, text);
}

#[test]
fn lengths() {
    let folder = Folder::new();
    for (shape, bytes, needed) in [
        ("(2, 3)", 47, "48"),
        ("(2, 3)", 0, "48"),
        ("()", 7, "8"),
        ("(1000000000000,)", 8, "8000000000000"),
        ("(4294967296, 4294967296)", 8, "more than there can be"),
        ("(1152921504606846976,)", 8, "more than there can be"),
    ] {
        let path = folder.put("a.npy", file(&dictionary("<f8", false, shape), &vec![0; bytes]));
        let shape = shape.replace(['(', ')'], "").trim_end_matches(',').to_string();
        let text = format!(
            "it has {bytes} bytes of elements, but an array of f64 of shape [{shape}], as its header says, has {needed}\n\
             help: it was cut off, or is still being written: make it again"
        );
        check(&fails(&path), Kind::Short, &path, &text);
    }
    for (shape, bytes) in [("(2,)", 17), ("(18446744073709551615, 3, 0)", 1)] {
        let path = folder.put("a.npy", file(&dictionary("<f8", false, shape), &vec![0; bytes]));
        let needed = if bytes == 1 { 0 } else { 16 };
        let text = format!(
            "it goes on for 1 bytes behind the {needed} of the array of f64 of shape [{}] that its header tells of\n\
             help: it may be several arrays, saved one behind the other: save each into a file of its own",
            shape.replace(['(', ')'], "").trim_end_matches(',')
        );
        check(&fails(&path), Kind::Long, &path, &text);
    }
}

#[test]
fn maps() {
    let folder = Folder::new();
    let help = "\nhelp: read it: `tilexpr::npy::read(path)`";
    let path = folder.put("a.npy", file(&dictionary("|b1", false, "(2,)"), &[1, 2]));
    // SAFETY: the test alone knows of the file.
    let error = unsafe { npy::Map::open(&path) }.unwrap_err();
    check(&error, Kind::Layout, &path, &format!("it has bools that are neither 0 nor 1{help}"));
}

#[test]
fn places_that_cannot_be_written() {
    let folder = Folder::new();
    let write = |path: &Path| npy::write(path, &[1.0]).unwrap_err();
    let path = folder.path("none/a.npy");
    let text = "the folder in which it is to be written does not exist\nhelp: make the folder";
    check(&write(&path), Kind::NotFound, &path, text);
    let path = folder.path("");
    check(&write(&path), Kind::Output, &path, "this is a folder\nhelp: name a file in it");
    if cfg!(unix) {
        // It is no disk that is full: it would be replaced.
        let path = Path::new("/dev/full");
        let text =
            "this is no ordinary file\nhelp: results are put in the place of a file: name one that may be replaced";
        check(&write(path), Kind::Output, path, text);
    }
}

/// Reads a file, whatever it is; what is read is as large as the file.
fn read(folder: &Folder, bytes: &[u8]) -> Option<AnyArray> {
    let path = folder.put("a.npy", bytes);
    match npy::read(&path) {
        Ok(array) => {
            let elements = if array.shape().contains(&0) { 0 } else { array.shape().iter().product::<usize>() };
            assert!(elements * array.dtype().size() < bytes.len());
            Some(array)
        }
        Err(error) => {
            assert_eq!(error.path(), Some(&*path));
            None
        }
    }
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300), begins in 0..4u8) {
        let start: &[u8] = match begins {
            0 => b"",
            1 => b"\x93NUMPY",
            2 => b"\x93NUMPY\x01\x00\x40\x00{'descr': '<f8', ",
            _ => b"\x93NUMPY\x02\x00\x40\x00\x00\x00{'shape': (",
        };
        read(&Folder::new(), &[start, &bytes].concat());
    }

    #[test]
    fn changed_headers(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..6), dtype in 0..13usize) {
        let folder = Folder::new();
        let dtype = DType::ALL[dtype];
        let array = tilexpr::Expr::compile(&format!("{dtype}(n)")).unwrap();
        let array: AnyArray = array.eval(tilexpr::args![n = &ndarray::Array2::<i64>::ones((3, 4))]).unwrap();
        npy::write(folder.path("a.npy"), &array).unwrap();
        let mut bytes = std::fs::read(folder.path("a.npy")).unwrap();
        for (at, byte, how) in changes {
            let at = at.index(bytes.len().min(80));
            match how {
                0 => bytes[at] = byte,
                // A character that means something there.
                1 => bytes[at] = b"{}()[]',:0123456789 <>|=TFbiufc\xff"[byte as usize % 32],
                _ => { bytes.remove(at); }
            }
        }
        read(&folder, &bytes);
    }

    #[test]
    fn cut_files(at in any::<prop::sample::Index>(), reversed: bool) {
        let folder = Folder::new();
        let a = ndarray::Array2::<f32>::ones((3, 5));
        npy::write(folder.path("a.npy"), if reversed { a.t() } else { a.view() }).unwrap();
        let bytes = std::fs::read(folder.path("a.npy")).unwrap();
        prop_assert!(read(&folder, &bytes[..at.index(bytes.len())]).is_none());
        prop_assert!(read(&folder, &bytes).is_some());
    }
}
