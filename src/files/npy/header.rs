//! What stands before the elements of a `.npy` file.
//!
//! Comes in: the first bytes of a file and its length; or a type and a shape. Goes out: a [`Header`]; or the bytes that NumPy would write.
//! Always holds: a header that is handed out is of a file as long as it says.
//!
//! The format: `\x93NUMPY`, a version (two bytes), the length of the text (two bytes in version 1, four in 2 and 3), the text, the
//! elements. (NumPy Enhancement Proposal 1, and `numpy.lib.format`.)

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::literal::{self, Descr};
use super::open::open;
use crate::dtype::{DType, Kind};
use crate::files::error::{FileError, FileErrorKind};
use crate::plan::shape::{MAX_RANK, strides};

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// The longest text of a header that is read. What this library reads needs a tenth of a percent of it.
const LONGEST: u64 = 1 << 20;

/// To how many bytes NumPy aligns elements.
const ALIGNMENT: usize = 64;

/// The places for digits that NumPy leaves in a header for an array that grows.
const GROWTH: usize = 21;

/// What a `.npy` file holds, and where: what stands before its elements.
///
/// ```
/// use tilexpr::{DType, npy};
/// let path = tempfile::NamedTempFile::new()?.into_temp_path();
/// npy::write(&path, &[1.0_f32, 2.0, 3.0])?;
/// let header = npy::Header::read(&path)?;
/// assert_eq!((header.dtype, &header.shape[..], header.offset), (DType::F32, &[3][..], 128));
/// assert!(!header.fortran_order && !header.swapped);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Header {
    /// The type of the elements.
    pub dtype: DType,
    /// The length of each axis.
    pub shape: Vec<usize>,
    /// Whether the first axis is the innermost, and not the last.
    pub fortran_order: bool,
    /// Whether the bytes of each number stand in another order than on this machine.
    pub swapped: bool,
    /// The bytes before the first element.
    pub offset: u64,
}

impl Header {
    /// Reads the header of a file, and compares it with the file's length. Elements are not read.
    ///
    /// # Errors
    /// Where there is no such file, it is none of this format, its elements are of a type that this library has not, or it is shorter
    /// or longer than its header says.
    pub fn read(path: impl AsRef<Path>) -> Result<Header, FileError> {
        let path = path.as_ref();
        let (mut file, length) = open(path)?;
        Header::of(&mut file, length, path)
    }

    /// The header of an open file of so many bytes, from its beginning.
    pub(crate) fn of(file: &mut File, length: u64, path: &Path) -> Result<Header, FileError> {
        let fail = |error| FileError::from_io(path, "read", error);
        let mut start = Vec::new();
        file.take(12).read_to_end(&mut start).map_err(fail)?;
        let text = text_range(&start, length).map_err(|message| malformed(path, message))?;
        let mut bytes = start.get(text.start..).unwrap_or_default().to_vec();
        let missing = (text.end - text.start).saturating_sub(bytes.len());
        file.take(missing as u64).read_to_end(&mut bytes).map_err(fail)?;
        bytes.truncate(text.end - text.start);
        if bytes.len() < text.end - text.start {
            return Err(FileError::of(FileErrorKind::Changed, path, "the file became shorter while it was read"));
        }
        let header = Header::parse(&bytes, text.end as u64, path)?;
        header.check_length(length, path)?;
        Ok(header)
    }

    /// The header of this text, behind which elements stand from `offset` on.
    fn parse(text: &[u8], offset: u64, path: &Path) -> Result<Header, FileError> {
        let text = String::from_utf8_lossy(text);
        let found = literal::read(&text).map_err(|message| malformed(path, message))?;
        let (dtype, swapped) = match found.descr {
            Descr::Name(name) => dtype(name)
                .map_err(|(message, help)| FileError::of(FileErrorKind::DType, path, message).with_help(help))?,
            Descr::Structured => {
                let message = "its elements are records with fields (a structured type)";
                return Err(FileError::of(FileErrorKind::DType, path, message)
                    .with_help("save each field as an array of its own: `np.save(path, a['field'])`"));
            }
        };
        if found.shape.len() > MAX_RANK {
            let message = format!("it has {} axes, at most {MAX_RANK} are possible", found.shape.len());
            return Err(FileError::of(FileErrorKind::Header, path, message));
        }
        Ok(Header { dtype, shape: found.shape, fortran_order: found.fortran_order, swapped, offset })
    }

    /// The number of elements. (Of a header that was handed out their bytes are as many as the file's.)
    pub fn elements(&self) -> usize {
        if self.shape.contains(&0) { 0 } else { self.shape.iter().product() }
    }

    /// The bytes of all elements.
    pub fn bytes(&self) -> u64 {
        self.elements() as u64 * self.dtype.size() as u64
    }

    /// The stride along each axis, in bytes.
    pub(crate) fn strides(&self) -> Vec<isize> {
        let mut order: Vec<usize> = (0..self.shape.len()).collect();
        if self.fortran_order {
            order.reverse();
        }
        strides(&self.shape, &order).iter().map(|step| step * self.dtype.size() as isize).collect()
    }

    /// Whether elements lie in C order (in the order of their indices).
    pub(crate) fn is_c(&self) -> bool {
        !self.fortran_order || self.shape.iter().filter(|&&length| length != 1).count() < 2
    }

    /// Whether elements lie in the order of their reversed indices.
    pub(crate) fn is_f(&self) -> bool {
        self.fortran_order || self.shape.iter().filter(|&&length| length != 1).count() < 2
    }

    /// Whether the file is as long as its elements are many.
    pub(crate) fn check_length(&self, length: u64, path: &Path) -> Result<(), FileError> {
        let size = self.dtype.size() as u64;
        // What has an axis of length 0 has no elements, however long the others are.
        let elements = match self.shape.contains(&0) {
            true => Some(0),
            false => self.shape.iter().try_fold(1u64, |n, &axis| n.checked_mul(axis as u64)),
        };
        let needed = elements.and_then(|n| n.checked_mul(size)).filter(|&bytes| bytes <= isize::MAX as u64);
        let there = length.saturating_sub(self.offset);
        match needed {
            Some(needed) if needed == there => Ok(()),
            Some(needed) if needed < there => {
                let message = format!(
                    "it goes on for {} bytes behind the {needed} of the array of {} of shape {:?} that its header tells of",
                    there - needed,
                    self.dtype,
                    self.shape
                );
                Err(FileError::of(FileErrorKind::Long, path, message).with_help(
                    "it may be several arrays, saved one behind the other: save each into a file of its own",
                ))
            }
            _ => {
                let needed = needed.map_or("more than there can be".to_string(), |bytes| bytes.to_string());
                let message = format!(
                    "it has {there} bytes of elements, but an array of {} of shape {:?}, as its header says, has {needed}",
                    self.dtype, self.shape
                );
                Err(FileError::of(FileErrorKind::Short, path, message)
                    .with_help("it was cut off, or is still being written: make it again"))
            }
        }
    }

    /// The header of an array that is to be written as this machine has it.
    pub(crate) fn new(dtype: DType, shape: &[usize], fortran_order: bool) -> Header {
        let mut header = Header { dtype, shape: shape.to_vec(), fortran_order, swapped: false, offset: 0 };
        header.offset = header.encode().len() as u64;
        header
    }

    /// The bytes before the elements, as NumPy writes them.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let order = match (self.dtype.size(), cfg!(target_endian = "big") != self.swapped) {
            (1, _) => '|',
            (_, true) => '>',
            (_, false) => '<',
        };
        let (kind, size) = (kind(self.dtype), self.dtype.size());
        let truth = if self.fortran_order { "True" } else { "False" };
        let mut shape = String::new();
        self.shape.iter().for_each(|length| shape.push_str(&format!("{length}, ")));
        let shape = if self.shape.len() == 1 { shape.trim_end() } else { shape.trim_end_matches(", ") };
        let mut text = format!("{{'descr': '{order}{kind}{size}', 'fortran_order': {truth}, 'shape': ({shape}), }}");
        let grows = if self.fortran_order { self.shape.last() } else { self.shape.first() };
        if let Some(length) = grows {
            text.extend(std::iter::repeat_n(' ', GROWTH - length.to_string().len().min(GROWTH)));
        }
        // Of at most 64 axes the text is never longer than version 1 can say.
        let before = MAGIC.len() + 4;
        let padded = (before + text.len() + 1).next_multiple_of(ALIGNMENT);
        text.extend(std::iter::repeat_n(' ', padded - before - text.len() - 1));
        text.push('\n');
        [MAGIC, &[1, 0][..], &(text.len() as u16).to_le_bytes(), text.as_bytes()].concat()
    }
}

/// Where the text of a header stands, by the first bytes of a file of this length.
fn text_range(start: &[u8], length: u64) -> Result<std::ops::Range<usize>, String> {
    if start.is_empty() {
        return Err("the file is empty".into());
    }
    if !start.starts_with(MAGIC) {
        return Err(match start {
            [b'P', b'K', ..] => "this is a zip archive (`.npz`?), not a `.npy` file".into(),
            _ if MAGIC.starts_with(start) => "the file ends within its header".into(),
            _ => "this is no `.npy` file: it does not begin with `\\x93NUMPY`".into(),
        });
    }
    let (at, text) = match start[MAGIC.len()..] {
        [1, 0, a, b, ..] => (10, u64::from(u16::from_le_bytes([a, b]))),
        [2 | 3, 0, a, b, c, d, ..] => (12, u64::from(u32::from_le_bytes([a, b, c, d]))),
        [1..=3, 0, ..] | [1..=3] | [] => return Err("the file ends within its header".into()),
        [major, minor, ..] => return Err(format!("version {major}.{minor} of the format is unknown")),
        [major] => return Err(format!("version {major} of the format is unknown")),
    };
    if at + text > length {
        return Err(format!("its header is said to be of {text} bytes, beyond the end of the file"));
    }
    if text > LONGEST {
        return Err(format!("its header is said to be of {text} bytes, more than any array of numbers needs"));
    }
    Ok(at as usize..(at + text) as usize)
}

fn malformed(path: &Path, message: String) -> FileError {
    let help = "arrays are read from what `numpy.save`, or this library, writes";
    FileError::of(FileErrorKind::Header, path, message).with_help(help)
}

/// The letter of a kind of numbers.
fn kind(dtype: DType) -> char {
    match dtype.kind() {
        Kind::Bool => 'b',
        Kind::Int if dtype.is_signed() => 'i',
        Kind::Int => 'u',
        Kind::Float => 'f',
        Kind::Complex => 'c',
    }
}

/// The type of this name, and whether its bytes stand in the other order; or what it is instead, and what to do.
fn dtype(name: &str) -> Result<(DType, bool), (String, String)> {
    let (order, code) = match name.chars().next() {
        Some(order @ ('<' | '>' | '=' | '|')) => (order, &name[1..]),
        _ => ('=', name),
    };
    let swapped = match order {
        '<' => cfg!(target_endian = "big"),
        '>' => cfg!(target_endian = "little"),
        _ => false,
    };
    let code = if code == "?" { "b1" } else { code };
    let found = DType::ALL.into_iter().find(|&of| code == format!("{}{}", kind(of), of.size()));
    if let Some(of) = found {
        return Ok((of, swapped && of.size() > 1));
    }
    let size = code.get(1..).unwrap_or_default();
    let (what, instead) = match (code.chars().next(), size) {
        (Some('f'), "2") => ("half-precision floats (`float16`)", "as `f32`: `np.save(path, a.astype('f4'))`"),
        (Some('f' | 'g'), _) => ("extended floats (`longdouble`)", "as `f64`: `np.save(path, a.astype('f8'))`"),
        (Some('c'), _) => ("extended complex numbers (`clongdouble`)", "as `c128`: `np.save(path, a.astype('c16'))`"),
        (Some('O'), _) => ("Python objects", "as numbers: `np.save(path, a.astype('f8'))`"),
        (Some('S' | 'a' | 'U' | 'T'), _) => {
            ("strings", "as numbers, if they are some: `np.save(path, a.astype('f8'))`")
        }
        (Some('M'), _) => ("dates (`datetime64`)", "as whole numbers: `np.save(path, a.astype('i8'))`"),
        (Some('m'), _) => ("spans of time (`timedelta64`)", "as whole numbers: `np.save(path, a.astype('i8'))`"),
        (Some('V'), _) => ("raw bytes (`void`)", "with the type that they are: `np.save(path, a.view('f8'))`"),
        _ => ("of an unknown type", "as numbers: `np.save(path, a.astype('f8'))`"),
    };
    let shown = crate::diagnostic::excerpt(name);
    Err((format!("its elements are {what}, `{shown}`, which expressions have not"), format!("save them {instead}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(header: &Header) -> String {
        String::from_utf8_lossy(&header.encode()[10..]).trim_end().to_string()
    }

    #[test]
    fn headers_as_numpy_writes_them() {
        let header = Header::new(DType::F64, &[3, 4], false);
        assert_eq!(text(&header), "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }");
        assert_eq!((header.offset, &header.encode()[..10]), (128, &b"\x93NUMPY\x01\x00\x76\x00"[..]));
        assert_eq!(
            text(&Header::new(DType::Bool, &[], false)),
            "{'descr': '|b1', 'fortran_order': False, 'shape': (), }"
        );
        assert_eq!(
            text(&Header::new(DType::C64, &[7], true)),
            "{'descr': '<c8', 'fortran_order': True, 'shape': (7,), }"
        );
        // As long as there can be: it goes on where the first axis grows.
        assert_eq!(Header::new(DType::U16, &[usize::MAX; 64], false).encode().len() % ALIGNMENT, 0);
    }

    #[test]
    fn names_of_types() {
        for of in DType::ALL {
            let name = format!("{}{}", kind(of), of.size());
            assert_eq!(dtype(&name), Ok((of, false)));
            assert_eq!(dtype(&format!("<{name}")), Ok((of, false)));
            assert_eq!(dtype(&format!(">{name}")), Ok((of, of.size() > 1)));
        }
        assert_eq!(dtype("?"), Ok((DType::Bool, false)));
        for (name, what) in [
            ("<f2", "half-precision floats (`float16`)"),
            ("<f16", "extended floats (`longdouble`)"),
            ("|O", "Python objects"),
            ("<U3", "strings"),
            ("|S10", "strings"),
            ("<M8[ns]", "dates (`datetime64`)"),
            ("<m8[s]", "spans of time (`timedelta64`)"),
            ("|V8", "raw bytes (`void`)"),
            ("", "of an unknown type"),
            ("é", "of an unknown type"),
        ] {
            let (message, _) = dtype(name).unwrap_err();
            assert_eq!(message, format!("its elements are {what}, `{name}`, which expressions have not"));
        }
    }
}
