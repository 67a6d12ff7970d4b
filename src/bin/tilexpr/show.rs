//! Results as text: as NumPy shows them, as JSON, as CSV.
//!
//! Comes in: an array of any type. Goes out: text. Always holds: numbers are exact, but those of arrays in the form of NumPy, which have eight
//! digits behind the point.

use std::io::{self, Write};

use tilexpr::AnyArray;

use crate::cell::Cell;
use crate::failure::Failure;

/// Runs code on the elements of an array in C order.
macro_rules! with_elements {
    ($array:expr, $all:ident => $body:expr) => { with_elements!($array, $all => $body,
        Bool bool, I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64, F32 f32, F64 f64,
        C64 num_complex::Complex<f32>, C128 num_complex::Complex<f64>) };
    ($array:expr, $all:ident => $body:expr, $($dtype:ident $t:ty),*) => {{
        let array: AnyArray = $array;
        match array.dtype() {
            $(tilexpr::DType::$dtype => {
                let $all: Vec<$t> = array.into_vec().map_err(Failure::from)?;
                $body
            })*
            other => return Err(Failure::Other(format!("this command does not know arrays of {other}"))),
        }
    }};
}

/// Elements from which on an array is abbreviated, and how many of each axis are then shown at each end: NumPy's defaults, as is the width.
const MOST: usize = 1000;
const ENDS: usize = 3;
const WIDTH: usize = 75;

/// As NumPy shows it: a number alone; an array below its type and shape.
pub fn text(out: &mut impl Write, array: AnyArray) -> Result<(), Failure> {
    let (dtype, shape) = (array.dtype(), array.shape().to_vec());
    if !shape.is_empty() {
        writeln!(out, "{dtype} {}", shown(&shape)).map_err(|error| Failure::printing(&error))?;
    }
    with_elements!(array, all => rows(out, &all, &shape)).map_err(|error| Failure::printing(&error))
}

/// A shape as Python writes it.
pub fn shown(shape: &[usize]) -> String {
    match shape {
        [n] => format!("({n},)"),
        _ => format!("({})", shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// The places along an axis that are shown; none stands for those between.
fn places(length: usize, abbreviated: bool) -> Vec<Option<usize>> {
    if !abbreviated || length <= 2 * ENDS {
        return (0..length).map(Some).collect();
    }
    (0..ENDS).map(Some).chain([None]).chain((length - ENDS..length).map(Some)).collect()
}

fn rows<T: Cell>(out: &mut impl Write, all: &[T], shape: &[usize]) -> io::Result<()> {
    let Some((&last, outer)) = shape.split_last() else {
        return match all {
            [one] => writeln!(out, "{}", one.text()),
            _ => Ok(()),
        };
    };
    if all.is_empty() {
        return writeln!(out, "[]");
    }
    let abbreviated = all.len() > MOST;
    let axes: Vec<Vec<Option<usize>>> = outer.iter().map(|&length| places(length, abbreviated)).collect();
    let across = places(last, abbreviated);
    let elements: Vec<T> = points(&axes, outer)
        .filter_map(|point| point.row)
        .flat_map(|row| across.iter().flatten().map(move |at| row * last + at))
        .filter_map(|at| all.get(at).copied())
        .collect();
    let mut words = T::aligned(&elements).into_iter();
    for point in points(&axes, outer) {
        write!(out, "{}{}", " ".repeat(point.indent), "[".repeat(point.opens))?;
        if point.row.is_some() {
            let line = across.iter().map(|at| at.and_then(|_| words.next()).unwrap_or("...".into()));
            row(out, line, outer.len() + 1, point.closes)?;
        } else {
            write!(out, "...")?;
        }
        write!(out, "{}", "]".repeat(point.closes))?;
        // An empty line for each axis that ends but the innermost.
        let lines = if point.last { 1 } else { 1 + point.after };
        write!(out, "{}", "\n".repeat(lines))?;
    }
    Ok(())
}

/// The words of a row in brackets, the outer of which are written elsewhere.
fn row(out: &mut impl Write, words: impl Iterator<Item = String>, indent: usize, closes: usize) -> io::Result<()> {
    write!(out, "[")?;
    let mut column = indent;
    for (at, word) in words.enumerate() {
        let length = word.chars().count();
        if at > 0 && column + 1 + length + closes + 1 > WIDTH {
            write!(out, "\n{}", " ".repeat(indent))?;
            column = indent;
        } else if at > 0 {
            write!(out, " ")?;
            column += 1;
        }
        write!(out, "{word}")?;
        column += length;
    }
    write!(out, "]")
}

/// A row of an array that is shown, or what stands for several that are not.
struct Point {
    /// The number of the row; none stands for those between.
    row: Option<usize>,
    /// Spaces before it.
    indent: usize,
    /// Brackets of outer axes that open before it, and close behind it.
    opens: usize,
    closes: usize,
    /// Empty lines behind it.
    after: usize,
    /// Whether it is the last.
    last: bool,
}

/// All rows that are shown, in order.
fn points<'a>(axes: &'a [Vec<Option<usize>>], lengths: &'a [usize]) -> impl Iterator<Item = Point> + use<'a> {
    let mut at: Option<Vec<usize>> = Some(vec![0; axes.len()]);
    std::iter::from_fn(move || {
        let now = at.clone()?;
        let gap = now.iter().zip(axes).position(|(&at, places)| places.get(at).is_none_or(Option::is_none));
        // Of what is left out nothing further in is shown.
        let depth = gap.map_or(axes.len(), |axis| axis + 1);
        let row = gap.is_none().then(|| {
            let places = now.iter().zip(axes).zip(lengths);
            places.fold(0, |row, ((&at, places), length)| row * length + places.get(at).copied().flatten().unwrap_or(0))
        });
        let opens = match gap {
            Some(_) => 0,
            None => now.iter().rev().take_while(|&&at| at == 0).count(),
        };
        let ends = now[..depth].iter().zip(axes).rev().take_while(|(at, places)| **at + 1 == places.len()).count();
        let mut next = now;
        let axis = depth.checked_sub(ends + 1);
        at = axis.map(|axis| {
            next[axis] += 1;
            next[axis + 1..].fill(0);
            next
        });
        // Behind what stands for whole blocks, as behind a block.
        let after = axes.len() - depth + ends;
        Some(Point { row, indent: depth - opens, opens, closes: ends, after, last: at.is_none() })
    })
}

/// An object in one line: dtype, shape, and values in lists of lists.
pub fn json(out: &mut impl Write, array: AnyArray) -> Result<(), Failure> {
    let (dtype, shape) = (array.dtype(), array.shape().to_vec());
    // The elements of a list of each axis.
    let mut sizes = shape.clone();
    for axis in (0..sizes.len().saturating_sub(1)).rev() {
        sizes[axis] *= sizes[axis + 1];
    }
    let write = |out: &mut dyn Write, at: usize, element: String| {
        let opens = sizes.iter().filter(|&&size| at.is_multiple_of(size)).count();
        let closes = sizes.iter().filter(|&&size| (at + 1).is_multiple_of(size)).count();
        let comma = if at > 0 { ", " } else { "" };
        write!(out, "{comma}{}{element}{}", "[".repeat(opens), "]".repeat(closes))
    };
    let all = || {
        write!(out, "{{\"dtype\": \"{dtype}\", \"shape\": {shape:?}, \"values\": ")?;
        with_elements!(array, all => {
            if all.is_empty() {
                write!(out, "[]").map_err(|error| Failure::printing(&error))?;
            }
            for (at, element) in all.iter().enumerate() {
                write(out, at, element.json()).map_err(|error| Failure::printing(&error))?;
            }
        });
        writeln!(out, "}}")?;
        Ok(())
    };
    all()
}

/// A table with a column for each result.
pub fn csv(out: &mut impl Write, results: Vec<AnyArray>) -> Result<(), Failure> {
    let shapes: Vec<Vec<usize>> = results.iter().map(|array| array.shape().to_vec()).collect();
    if let Some(many) = shapes.iter().find(|shape| shape.len() > 1) {
        let message = format!("a result has the shape {}, and a table has columns", shown(many));
        return Err(Failure::other(message, "results of one axis, and numbers, are columns; write others as .npy"));
    }
    let rows = |shape: &[usize]| shape.first().copied().unwrap_or(1);
    if let Some(other) = shapes.iter().find(|shape| rows(shape) != rows(&shapes[0])) {
        let message = format!("results of {} and of {} elements are no table", rows(&shapes[0]), rows(other));
        return Err(Failure::other(message, "print them one by one"));
    }
    let names: Vec<String> = match shapes.len() {
        1 => vec!["result".into()],
        n => (1..=n).map(|at| format!("result{at}")).collect(),
    };
    let mut columns: Vec<Box<dyn Iterator<Item = String>>> = Vec::new();
    for array in results {
        with_elements!(array, all => columns.push(Box::new(all.into_iter().map(Cell::csv))));
    }
    let mut line = |cells: Vec<String>| writeln!(out, "{}", cells.join(",")).map_err(|error| Failure::printing(&error));
    line(names)?;
    for _ in 0..shapes.first().map_or(0, |shape| rows(shape)) {
        line(columns.iter_mut().filter_map(Iterator::next).collect())?;
    }
    Ok(())
}

impl From<io::Error> for Failure {
    /// Of printing.
    fn from(error: io::Error) -> Failure {
        Failure::printing(&error)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, Array2, Array3, ArrayD, arr0};

    use super::*;

    fn show(array: impl Into<AnyArray>) -> String {
        let mut out = Vec::new();
        text(&mut out, array.into()).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn as_json(array: impl Into<AnyArray>) -> String {
        let mut out = Vec::new();
        json(&mut out, array.into()).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn count(shape: &[usize]) -> ArrayD<i64> {
        let n: usize = shape.iter().product();
        Array::from_iter(0..n as i64).into_shape_with_order(shape).unwrap()
    }

    /// All as NumPy 2.4 prints them.
    #[test]
    fn arrays() {
        assert_eq!(show(arr0(2.5).into_dyn()), "2.5\n");
        assert_eq!(show(count(&[3])), "i64 (3,)\n[0 1 2]\n");
        assert_eq!(show(count(&[0, 3])), "i64 (0, 3)\n[]\n");
        let cube = "i64 (2, 3, 4)\n[[[ 0  1  2  3]\n  [ 4  5  6  7]\n  [ 8  9 10 11]]\n\n [[12 13 14 15]\n  [16 17 18 19]\n  [20 21 22 23]]]\n";
        assert_eq!(show(count(&[2, 3, 4])), cube);
        // As it lies does not matter.
        let turned = Array3::from_shape_fn((4, 3, 2), |(i, j, k)| (k * 12 + j * 4 + i) as i64).reversed_axes();
        assert_eq!(show(turned.into_dyn()), cube);
        let flags = Array2::from_shape_vec((1, 2), vec![true, false]).unwrap();
        assert_eq!(show(flags.into_dyn()), "bool (1, 2)\n[[ True False]]\n");
    }

    #[test]
    fn long_rows_go_on_in_the_next_line() {
        let sevenths = Array::from_iter((0..12).map(|i| f64::from(i) / 7.0)).into_dyn();
        let expected = "f64 (12,)\n[0.         0.14285714 0.28571429 0.42857143 0.57142857 0.71428571\n 0.85714286 1.         1.14285714 1.28571429 1.42857143 1.57142857]\n";
        assert_eq!(show(sevenths), expected);
    }

    #[test]
    fn large_arrays_are_abbreviated() {
        assert_eq!(show(count(&[1001])), "i64 (1001,)\n[   0    1    2 ...  998  999 1000]\n");
        let plane = show(count(&[50, 100]));
        let rows: Vec<&str> = plane.lines().collect();
        assert_eq!(rows.len(), 8);
        assert_eq!(rows[1], "[[   0    1    2 ...   97   98   99]");
        assert_eq!(rows[4], " ...");
        assert_eq!(rows[7], " [4900 4901 4902 ... 4997 4998 4999]]");
        let cube = show(count(&[8, 2, 100]));
        let rows: Vec<&str> = cube.lines().collect();
        assert_eq!(
            rows[..3],
            ["i64 (8, 2, 100)", "[[[   0    1    2 ...   97   98   99]", "  [ 100  101  102 ...  197  198  199]]"]
        );
        assert_eq!(rows[8..12], ["  [ 500  501  502 ...  597  598  599]]", "", " ...", ""][..]);
        assert_eq!(rows[19..], ["  [1500 1501 1502 ... 1597 1598 1599]]]"][..]);
    }

    #[test]
    fn json_and_csv() {
        assert_eq!(as_json(count(&[2, 2])), "{\"dtype\": \"i64\", \"shape\": [2, 2], \"values\": [[0, 1], [2, 3]]}\n");
        assert_eq!(as_json(arr0(f64::NAN).into_dyn()), "{\"dtype\": \"f64\", \"shape\": [], \"values\": \"NaN\"}\n");
        assert_eq!(as_json(count(&[0])), "{\"dtype\": \"i64\", \"shape\": [0], \"values\": []}\n");
        let mut out = Vec::new();
        let half = Array::from_vec(vec![0.5, 1.5]).into_dyn();
        csv(&mut out, vec![count(&[2]).into(), half.into()]).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "result1,result2\n0,0.5\n1,1.5\n");
        assert!(csv(&mut Vec::new(), vec![count(&[2, 2]).into()]).is_err());
        assert!(csv(&mut Vec::new(), vec![count(&[2]).into(), count(&[3]).into()]).is_err());
    }
}
