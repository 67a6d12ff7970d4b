//! Named columns of a Parquet file.
//!
//! Comes in: a file, and the names of columns. Goes out: these columns, batch by batch or whole. Always holds: only the columns that are
//! asked for are read and decoded; what a file says of itself is not believed beyond what memory can hold.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;

use super::column::{Column, check_type, find};
use crate::diagnostic::several;
use crate::dtype::DType;
use crate::files::error::{FileError, FileErrorKind};

/// A Parquet file, of which columns are read.
///
/// ```no_run
/// use tilexpr::{Arg, Args, Expr, ParquetFile};
/// let trades = ParquetFile::open("trades.parquet")?;
/// let columns = trades.read(&["price", "volume"])?;
/// let args: Args = columns.iter().map(|column| (column.name(), Arg::new(column))).collect();
/// let turnover: f64 = Expr::compile("sum(price*volume)")?.eval(args)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A file that is larger than memory is read in batches, whose [states](crate::Expr::partial) come to the bits of the whole:
///
/// ```no_run
/// # use tilexpr::{Arg, Args, Expr, ParquetFile, State};
/// let trades = ParquetFile::open("trades.parquet")?;
/// let e = Expr::compile("sum(price*volume), max(price)")?;
/// let (mut whole, mut row) = (None::<State>, 0);
/// for columns in trades.batches(&["price", "volume"], 1 << 20)? {
///     let columns = columns?;
///     let args: Args = columns.iter().map(|column| (column.name(), Arg::new(column))).collect();
///     let part = e.partial(args, row, trades.rows())?;
///     row += columns[0].rows();
///     whole = Some(match whole {
///         Some(whole) => whole.merge(part)?,
///         None => part,
///     });
/// }
/// let (turnover, highest): (f64, f64) = whole.expect("at least one row").finish()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ParquetFile {
    path: PathBuf,
    file: File,
    metadata: ArrowReaderMetadata,
    rows: usize,
}

impl ParquetFile {
    /// Opens a file, and reads what it says of its columns.
    ///
    /// # Errors
    /// Where it cannot be read, and where it is no Parquet file.
    pub fn open(path: impl AsRef<Path>) -> Result<ParquetFile, FileError> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|error| FileError::from_io(path, "open", error))?;
        let read = || ArrowReaderMetadata::load(&file, ArrowReaderOptions::new());
        let metadata = guarded(read).map_err(|error| broken(path, &error))?;
        let rows = metadata.metadata().file_metadata().num_rows();
        let rows = usize::try_from(rows).map_err(|_| broken(path, &format!("it says that it has {rows} rows")))?;
        Ok(ParquetFile { path: path.to_path_buf(), file, metadata, rows })
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The names of its columns in order, those of types among them that expressions do not have.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.metadata.schema().fields().iter().map(|field| field.name().as_str())
    }

    /// The type of a column's elements.
    ///
    /// # Errors
    /// [`Column`](FileErrorKind::Column) where there is no such column, or more than one, and [`DType`](FileErrorKind::DType) where its type is none that
    /// expressions have.
    pub fn dtype(&self, name: &str) -> Result<DType, FileError> {
        Ok(self.field(name)?.1)
    }

    /// These columns whole, in the order of the names.
    ///
    /// # Errors
    /// As for [`batches`](ParquetFile::batches), and as its items.
    pub fn read(&self, names: &[&str]) -> Result<Vec<Column>, FileError> {
        match self.batches(names, self.rows)?.next() {
            Some(columns) => columns,
            None => self.empty(names),
        }
    }

    /// These columns in batches of so many rows, of which the last may have fewer, each in the order of the names.
    ///
    /// An item is an error where the file cannot be read or decoded, and where a value is null. After an error there are no more.
    ///
    /// # Errors
    /// [`Column`](FileErrorKind::Column) and [`DType`](FileErrorKind::DType) as for [`dtype`](ParquetFile::dtype), and [`Memory`](FileErrorKind::Memory) where a batch is larger than memory.
    pub fn batches(&self, names: &[&str], rows: usize) -> Result<Batches<'_>, FileError> {
        let mut fields = Vec::with_capacity(names.len());
        let mut bytes = 0_usize;
        let each = rows.min(self.rows);
        for name in names {
            let (at, dtype) = self.field(name)?;
            fields.push(at);
            bytes = bytes.saturating_add(dtype.size().saturating_mul(each));
        }
        // The reader may make room for a batch at once, which ends the process where there is none.
        Vec::<u8>::new().try_reserve_exact(bytes).map_err(|_| {
            let message = format!("the columns take {bytes} bytes, more than there is memory");
            FileError::of(FileErrorKind::Memory, &self.path, message).with_help("read them in smaller batches")
        })?;
        let file = self.file.try_clone().map_err(|error| FileError::from_io(&self.path, "open", error))?;
        let build = || {
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
            let projection = ProjectionMask::roots(builder.parquet_schema(), fields);
            builder.with_projection(projection).with_batch_size(rows.max(1)).build()
        };
        let reader = guarded(build).map_err(|error| broken(&self.path, &error))?;
        let names = names.iter().map(|name| name.to_string()).collect();
        Ok(Batches { file: self, names, reader: Some(reader), done: 0 })
    }

    /// Where a column is, and the type of its elements.
    fn field(&self, name: &str) -> Result<(usize, DType), FileError> {
        let found = find(self.names(), name).and_then(|at| {
            let field = self.metadata.schema().field(at);
            Ok((at, check_type(name, field.data_type())?))
        });
        found.map_err(|error| error.at(&self.path))
    }

    /// Columns without rows.
    fn empty(&self, names: &[&str]) -> Result<Vec<Column>, FileError> {
        let one = |name: &&str| {
            let (at, _) = self.field(name)?;
            Column::new(*name, &arrow_array::new_empty_array(self.metadata.schema().field(at).data_type()))
        };
        names.iter().map(one).collect()
    }
}

/// The batches of some columns: see [`ParquetFile::batches`].
#[derive(Debug)]
pub struct Batches<'a> {
    file: &'a ParquetFile,
    names: Vec<String>,
    /// None after an error.
    reader: Option<ParquetRecordBatchReader>,
    /// Rows that have been read.
    done: usize,
}

impl Iterator for Batches<'_> {
    type Item = Result<Vec<Column>, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.step().transpose();
        if !matches!(next, Some(Ok(_))) {
            self.reader = None;
        }
        next
    }
}

impl Batches<'_> {
    fn step(&mut self) -> Result<Option<Vec<Column>>, FileError> {
        let path = &self.file.path;
        let Some(reader) = &mut self.reader else { return Ok(None) };
        let Some(batch) = guarded(|| reader.next().transpose()).map_err(|error| broken(path, &error))? else {
            if self.done < self.file.rows {
                let (rows, done) = (several(self.file.rows, "row", "rows"), self.done);
                return Err(broken(path, &format!("it says that it has {rows}, and has {done}")));
            }
            return Ok(None);
        };
        let columns = self.names.iter().map(|name| Column::of_batch(&batch, name)).collect::<Result<_, _>>();
        let from = self.done;
        self.done += batch.num_rows();
        columns.map(Some).map_err(|error| {
            let all = from == 0 && self.done == self.file.rows;
            let error = if all { error } else { error.within(&format!("in the rows from {from} to {}", self.done)) };
            error.at(path)
        })
    }
}

/// What the reader gives, or why it does not: on some broken files it panics.
fn guarded<T, E: Into<ParquetError>>(read: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(result) => result.map_err(|error| error.into().to_string()),
        Err(_) => Err("its contents contradict each other".into()),
    }
}

#[cold]
fn broken(path: &Path, why: &dyn std::fmt::Display) -> FileError {
    FileError::of(FileErrorKind::Format, path, format!("this is no Parquet file that can be read: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_reader_is_an_error() {
        let found =
            guarded(|| -> Result<(), ParquetError> { panic!("column start and length should not be negative") });
        assert_eq!(found.unwrap_err(), "its contents contradict each other");
    }
}
