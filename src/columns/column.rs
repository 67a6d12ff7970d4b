//! An Arrow array as an argument.
//!
//! Comes in: an array of Arrow, under a name. Goes out: a column whose elements expressions read where they lie; or an error, for an
//! array with nulls or of a type that expressions do not have. Always holds: elements are shared with the array and never copied, but bools,
//! of which Arrow packs eight into a byte.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch, types};
use arrow_buffer::ScalarBuffer;
use arrow_schema::DataType;

use crate::array::arg::{Arg, IntoArg};
use crate::diagnostic::{excerpt, several};
use crate::dtype::DType;
use crate::files::error::{FileError, FileErrorKind};
use crate::syntax::suggest::nearest;

/// A column of Arrow: an array of numbers or bools without nulls, to be passed as an argument.
///
/// It shares the array's memory, also that of a slice: making one costs nothing, and nothing is copied. Only bools are: Arrow keeps
/// eight of them in a byte, expressions read one.
///
/// Arrays are those of the crate `arrow` (or `arrow-array`), version 60.
///
/// ```
/// use arrow_array::Float64Array;
/// use tilexpr::{Column, Expr, args};
/// let array = Float64Array::from(vec![1.5, 2.0, 4.0]);
/// let price = Column::new("price", &array.slice(1, 2))?;
/// let total: f64 = Expr::compile("sum(price*100)")?.eval(args![price])?;
/// assert_eq!(total, 600.0);
///
/// let gaps = Float64Array::from(vec![Some(1.5), None]);
/// let error = Column::new("price", &gaps).unwrap_err();
/// assert_eq!(error.message(), "column `price` has 1 null in 2 rows");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Columns know their names, so that many of them become arguments at once:
///
/// ```
/// use tilexpr::{Arg, Args, Column};
/// fn args_of(columns: &[Column]) -> Args<'_> {
///     columns.iter().map(|column| (column.name(), Arg::new(column))).collect()
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Column {
    name: String,
    elements: Elements,
}

macro_rules! elements {
    ($($dtype:ident $t:ty, $arrow:ident;)*) => {
        /// The elements, in memory that is shared with whoever else has it.
        #[derive(Clone, Debug)]
        enum Elements {
            Bool(Arc<[bool]>),
            $($dtype(ScalarBuffer<$t>),)*
        }

        impl Elements {
            /// Those of an array, if it is of a type that expressions have.
            fn of(array: &dyn Array) -> Option<Elements> {
                if let Some(array) = array.as_boolean_opt() {
                    return Some(Elements::Bool(array.values().iter().collect()));
                }
                $(if let Some(array) = array.as_primitive_opt::<types::$arrow>() {
                    return Some(Elements::$dtype(array.values().clone()));
                })*
                None
            }
        }

        impl<'a> IntoArg<'a> for &'a Column {
            fn into_arg(self) -> Arg<'a> {
                match &self.elements {
                    Elements::Bool(elements) => Arg::new(&elements[..]),
                    $(Elements::$dtype(elements) => Arg::new(&elements[..]),)*
                }
            }
        }

        /// The type of elements that stands for a type of Arrow.
        fn dtype(of: &DataType) -> Option<DType> {
            match of {
                DataType::Boolean => Some(DType::Bool),
                $(of if *of == <types::$arrow as types::ArrowPrimitiveType>::DATA_TYPE => Some(DType::$dtype),)*
                _ => None,
            }
        }
    };
}

elements! {
    I8 i8, Int8Type;
    I16 i16, Int16Type;
    I32 i32, Int32Type;
    I64 i64, Int64Type;
    U8 u8, UInt8Type;
    U16 u16, UInt16Type;
    U32 u32, UInt32Type;
    U64 u64, UInt64Type;
    F32 f32, Float32Type;
    F64 f64, Float64Type;
}

impl Column {
    /// An array as a column of this name.
    ///
    /// # Errors
    /// [`Nulls`](FileErrorKind::Nulls) where a value is null, [`DType`](FileErrorKind::DType) where the array is not of bools, of integers of up to 64 bits,
    /// or of floats of 32 or 64 bits. Both say what to do.
    pub fn new(name: impl Into<String>, array: &dyn Array) -> Result<Column, FileError> {
        let name = name.into();
        let nulls = array.logical_null_count();
        let elements = Elements::of(array).ok_or_else(|| wrong_type(&name, array.data_type()))?;
        if nulls > 0 {
            return Err(has_nulls(&name, nulls, array.len()));
        }
        Ok(Column { name, elements })
    }

    /// The column of this name of a batch of records.
    ///
    /// # Errors
    /// [`Column`](FileErrorKind::Column) where there is none, or more than one; else as for [`new`](Column::new).
    ///
    /// ```
    /// use arrow_array::record_batch;
    /// use tilexpr::{Column, Expr, args};
    /// let trades = record_batch!(("price", Float64, [1.5, 2.0]), ("volume", Int64, [100, 300]))?;
    /// let (price, volume) = (Column::of_batch(&trades, "price")?, Column::of_batch(&trades, "volume")?);
    /// let turnover: f64 = Expr::compile("sum(price*volume)")?.eval(args![price, volume])?;
    /// assert_eq!(turnover, 750.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of_batch(batch: &RecordBatch, name: &str) -> Result<Column, FileError> {
        let schema = batch.schema_ref();
        let at = find(schema.fields().iter().map(|field| field.name().as_str()), name)?;
        Column::new(name, batch.column(at))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type of its elements.
    pub fn dtype(&self) -> DType {
        Arg::new(self).dtype()
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        Arg::new(self).shape().first().copied().unwrap_or(0)
    }
}

/// Where the one column of this name is.
pub fn find<'a>(names: impl Iterator<Item = &'a str> + Clone, name: &str) -> Result<usize, FileError> {
    let mut found = names.clone().enumerate().filter(|(_, other)| *other == name);
    let shown = excerpt(name);
    match (found.next(), found.next()) {
        (Some((at, _)), None) => Ok(at),
        (Some(_), Some(_)) => {
            let message = format!("there is more than one column `{shown}`");
            Err(FileError::new(FileErrorKind::Column, None, message).with_help("rename one of them"))
        }
        (None, _) => {
            let help = match nearest(name, names.clone()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => there_are(names),
            };
            Err(FileError::new(FileErrorKind::Column, None, format!("there is no column `{shown}`")).with_help(help))
        }
    }
}

/// The columns that there are, as far as a line holds them.
fn there_are<'a>(names: impl Iterator<Item = &'a str> + Clone) -> String {
    const SHOWN: usize = 12;
    let count = names.clone().count();
    let mut list: Vec<String> = names.take(SHOWN).map(|name| format!("`{}`", excerpt(name))).collect();
    if count > SHOWN {
        list.push(format!("and {} more", count - SHOWN));
    }
    match count {
        0 => "there are no columns at all".into(),
        1 => format!("the only column is {}", list.concat()),
        _ => format!("the columns are {}", list.join(", ")),
    }
}

/// Refuses a type that expressions do not have.
#[cfg_attr(not(feature = "parquet"), allow(dead_code))]
pub fn check_type(name: &str, of: &DataType) -> Result<DType, FileError> {
    dtype(of).ok_or_else(|| wrong_type(name, of))
}

#[cold]
fn has_nulls(name: &str, nulls: usize, rows: usize) -> FileError {
    let (nulls, rows) = (several(nulls, "null", "nulls"), several(rows, "row", "rows"));
    FileError::new(FileErrorKind::Nulls, None, format!("column `{}` has {nulls} in {rows}", excerpt(name))).with_help(
        "fill them with a value, or drop those rows, before: expressions have no nulls (NaN is a float like any other)",
    )
}

#[cold]
fn wrong_type(name: &str, of: &DataType) -> FileError {
    use DataType::*;
    let help = match of {
        Float16 => "cast it to Float32 before",
        Timestamp(..) | Date32 | Date64 | Time32(_) | Time64(_) | Duration(_) => {
            "cast it to an integer before: Int64 holds them all, in the unit that the type names"
        }
        Decimal32(..) | Decimal64(..) | Decimal128(..) | Decimal256(..) => "cast it to Float64 before",
        Dictionary(..) | RunEndEncoded(..) => "cast it to the type of its values before",
        _ => "expressions compute with bools, integers of 8 to 64 bits, Float32 and Float64",
    };
    let message = format!("column `{}` is of type {of}, which expressions do not have", excerpt(name));
    FileError::new(FileErrorKind::DType, None, message).with_help(help)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int16Array, UInt8Array};

    use super::*;

    /// The address of the first element as expressions see it.
    fn address(column: &Column) -> usize {
        Arg::new(column).view().pointer.addr()
    }

    #[test]
    fn elements_stay_where_they_are() {
        let array = Float64Array::from(vec![1.0, 2.0, 3.0, 4.0]);
        let first = array.values().as_ptr().addr();
        assert_eq!(address(&Column::new("x", &array).unwrap()), first);
        // A slice; one of a slice; behind a pointer; of another size; a clone.
        let slice = array.slice(1, 3);
        assert_eq!(address(&Column::new("x", &slice).unwrap()), first + 8);
        let slice: ArrayRef = Arc::new(slice.slice(1, 1));
        let column = Column::new("x", &slice).unwrap();
        assert_eq!((address(&column), column.rows(), column.dtype()), (first + 16, 1, DType::F64));
        let small = Int16Array::from(vec![1, 2, 3]);
        assert_eq!(address(&Column::new("x", &small.slice(2, 1)).unwrap()), small.values().as_ptr().addr() + 4);
        assert_eq!(address(&column.clone()), address(&column));
    }

    #[test]
    fn the_column_keeps_the_memory() {
        let array = UInt8Array::from(vec![3, 4, 5]);
        let column = Column::new("x", &array.slice(1, 2)).unwrap();
        drop(array);
        let Elements::U8(elements) = &column.elements else { panic!("{column:?}") };
        assert_eq!(elements[..], [4, 5]);
    }

    #[test]
    fn bools_are_unpacked() {
        let bits: Vec<bool> = (0..100).map(|i| i % 3 == 0).collect();
        let column = Column::new("x", &BooleanArray::from(bits.clone()).slice(5, 90)).unwrap();
        let Elements::Bool(elements) = &column.elements else { panic!("{column:?}") };
        assert_eq!(elements[..], bits[5..95]);
        assert_eq!((column.dtype(), column.rows()), (DType::Bool, 90));
    }
}
