//! The ways to compute the sum of squared differences of two files. Each runs in a process of its own, whose memory is then its own.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use ndarray::Array1;
use tilexpr::{Expr, args, npy};

use crate::common::cli::Failure;

/// What all compute.
pub const TEXT: &str = "sum((a - b)**2)";

/// Bytes that a plain read asks for at a time: what `cat` does.
const READ: usize = 128 << 10;

/// A variant: what it gives of the two files, within so many bytes for arrays.
pub type Variant = fn(&Path, &Path, usize) -> Result<f64, Failure>;

/// All of them, the limit first.
pub const ALL: [(&str, Variant); 5] = [
    ("plain reads", plain),
    ("ndarray, whole", ndarray),
    ("tilexpr, whole", whole),
    ("tilexpr, mapped", mapped),
    ("tilexpr, streamed", streamed),
];

/// Reads both files to the end and computes nothing.
fn plain(a: &Path, b: &Path, _: usize) -> Result<f64, Failure> {
    let mut piece = vec![0; READ];
    for path in [a, b] {
        let mut file = File::open(path)?;
        while file.read(&mut piece)? > 0 {}
    }
    Ok(f64::NAN)
}

/// Both in memory, and a new array for each operator.
fn ndarray(a: &Path, b: &Path, _: usize) -> Result<f64, Failure> {
    let read = |path: &Path| Ok::<Array1<f64>, Failure>(npy::read(path)?.into_array()?);
    let apart = read(a)? - read(b)?;
    Ok((&apart * &apart).sum())
}

/// Both in memory, and no array between.
fn whole(a: &Path, b: &Path, _: usize) -> Result<f64, Failure> {
    let (a, b) = (npy::read(a)?, npy::read(b)?);
    Ok(Expr::compile(TEXT)?.eval(args![a, b])?)
}

/// Both as memory of the system's, which reads a page when it is first used.
fn mapped(a: &Path, b: &Path, _: usize) -> Result<f64, Failure> {
    // SAFETY: the files are this program's own, which has written them and now only reads them.
    let (a, b) = unsafe { (npy::Map::open(a)?, npy::Map::open(b)?) };
    Ok(Expr::compile(TEXT)?.eval(args![a, b])?)
}

/// Piece by piece.
fn streamed(a: &Path, b: &Path, memory: usize) -> Result<f64, Failure> {
    Ok(Expr::compile(TEXT)?.stream().file("a", a).file("b", b).memory_limit(memory).run()?)
}
