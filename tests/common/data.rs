//! The files of test data: one of `tests/data`, or another that the environment names.

use std::io::Read;

/// Path and text of the file that `variable` names, else of `tests/data/name`; unpacked if the name ends in `.gz`.
pub fn read(variable: &str, name: &str) -> (String, String) {
    let path = std::env::var(variable).unwrap_or_else(|_| format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR")));
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut text = String::new();
    let read = match path.ends_with(".gz") {
        true => flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text),
        false => bytes.as_slice().read_to_string(&mut text),
    };
    read.unwrap_or_else(|e| panic!("{path}: {e}"));
    (path, text)
}
