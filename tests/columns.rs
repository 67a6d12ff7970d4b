//! Columns of Arrow and Parquet: values, and what is refused.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::*;
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::WriterProperties;
use tilexpr::{Arg, Args, Column, DType, Expr, FileError, FileErrorKind, FromResult, ParquetFile, State};

const ROWS: usize = 10_000;

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> = columns.iter().map(|(name, a)| Field::new(*name, a.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, array)| array).collect()).unwrap()
}

fn numbers() -> RecordBatch {
    let float = |i: usize| (i as f64 * 0.37).sin();
    batch(vec![
        ("price", Arc::new(Float64Array::from_iter_values((0..ROWS).map(float)))),
        ("volume", Arc::new(Int64Array::from_iter_values((0..ROWS as i64).map(|i| i * i % 1009)))),
        ("small", Arc::new(Float32Array::from_iter_values((0..ROWS).map(|i| float(i) as f32)))),
        ("open", Arc::new(BooleanArray::from_iter((0..ROWS).map(|i| Some(i % 7 < 3))))),
        ("code", Arc::new(UInt8Array::from_iter_values((0..ROWS).map(|i| (i % 251) as u8)))),
        ("city", Arc::new(StringArray::from_iter_values((0..ROWS).map(|i| format!("c{}", i % 9))))),
        ("gaps", Arc::new(Int32Array::from_iter((0..ROWS as i32).map(|i| (i % 5000 != 4999).then_some(i))))),
    ])
}

fn write(name: &str, batch: &RecordBatch, properties: WriterProperties) -> PathBuf {
    let path = directory().join(name);
    let file = fs::File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    path
}

fn plain() -> WriterProperties {
    WriterProperties::builder().set_max_row_group_row_count(Some(3000)).build()
}

fn args(columns: &[Column]) -> Args<'_> {
    columns.iter().map(|column| (column.name(), Arg::new(column))).collect()
}

fn eval<R: FromResult>(text: &str, columns: &[Column]) -> R {
    Expr::compile(text).unwrap().eval(args(columns)).unwrap()
}

fn shown(error: FileError, path: &Path) -> String {
    assert!(error.path().is_none_or(|found| found == path));
    error.to_string().replace(path.to_str().unwrap(), "FILE")
}

#[test]
fn every_type() {
    let all: [(ArrayRef, DType); 11] = [
        (Arc::new(BooleanArray::from(vec![false, true])), DType::Bool),
        (Arc::new(Int8Array::from(vec![0, 1])), DType::I8),
        (Arc::new(Int16Array::from(vec![0, 1])), DType::I16),
        (Arc::new(Int32Array::from(vec![0, 1])), DType::I32),
        (Arc::new(Int64Array::from(vec![0, 1])), DType::I64),
        (Arc::new(UInt8Array::from(vec![0, 1])), DType::U8),
        (Arc::new(UInt16Array::from(vec![0, 1])), DType::U16),
        (Arc::new(UInt32Array::from(vec![0, 1])), DType::U32),
        (Arc::new(UInt64Array::from(vec![0, 1])), DType::U64),
        (Arc::new(Float32Array::from(vec![0.0, 1.0])), DType::F32),
        (Arc::new(Float64Array::from(vec![0.0, 1.0])), DType::F64),
    ];
    for (array, dtype) in all {
        let column = Column::new("x", &array).unwrap();
        assert_eq!((column.dtype(), column.rows(), column.name()), (dtype, 2, "x"));
        assert_eq!(eval::<i64>("i64(sum(x))", &[column]), 1, "{dtype}");
    }
}

#[test]
fn other_types_are_refused_by_name() {
    let indices = DictionaryArray::<Int32Type>::from_iter(["a", "b"]);
    let cases: [(ArrayRef, &str, &str); 7] = [
        (Arc::new(StringArray::from(vec!["a"])), "Utf8", "expressions compute with bools"),
        (new_null_array(&DataType::Float16, 1), "Float16", "cast it to Float32 before"),
        (Arc::new(TimestampMillisecondArray::from(vec![1])), "Timestamp(ms)", "cast it to an integer before"),
        (Arc::new(Date32Array::from(vec![1])), "Date32", "cast it to an integer before"),
        (Arc::new(Decimal128Array::from(vec![1])), "Decimal128(38, 10)", "cast it to Float64 before"),
        (Arc::new(indices), "Dictionary(Int32, Utf8)", "cast it to the type of its values before"),
        (Arc::new(NullArray::new(2)), "Null", "expressions compute with bools"),
    ];
    for (array, name, help) in cases {
        let error = Column::new("x", &array).unwrap_err();
        assert_eq!(error.kind(), FileErrorKind::DType);
        assert_eq!(error.message(), format!("column `x` is of type {name}, which expressions do not have"));
        assert!(error.help().unwrap().starts_with(help), "{error}");
    }
}

#[test]
fn nulls_are_an_error_where_there_are_any() {
    let array = Int32Array::from(vec![Some(1), None, Some(3), Some(4)]);
    let error = Column::new("x", &array).unwrap_err();
    assert_eq!((error.kind(), error.message()), (FileErrorKind::Nulls, "column `x` has 1 null in 4 rows"));
    assert!(error.help().unwrap().starts_with("fill them with a value, or drop those rows, before"));
    // A part without nulls of an array with some; an array that may have nulls, and has none.
    assert_eq!(Column::new("x", &array.slice(2, 2)).unwrap().rows(), 2);
    assert_eq!(Column::new("x", &Int32Array::from(vec![Some(1), Some(2)])).unwrap().rows(), 2);
    assert!(Column::new("x", &BooleanArray::from(vec![Some(true), None])).is_err());
}

#[test]
fn of_a_file_whole_and_in_batches() {
    let path = write("whole.parquet", &numbers(), plain());
    let file = ParquetFile::open(&path).unwrap();
    assert_eq!(file.rows(), ROWS);
    assert_eq!(file.names().collect::<Vec<_>>(), ["price", "volume", "small", "open", "code", "city", "gaps"]);
    assert_eq!(file.dtype("code").unwrap(), DType::U8);

    let text = "sum(price*volume*open), max(small), sum(code)";
    let names = ["volume", "code", "price", "open", "small"];
    let memory = numbers();
    let memory: Vec<Column> = names.iter().map(|name| Column::of_batch(&memory, name).unwrap()).collect();
    let expected: (f64, f32, u64) = eval(text, &memory);
    let whole = file.read(&names).unwrap();
    assert_eq!(whole.iter().map(Column::name).collect::<Vec<_>>(), names);
    assert_eq!(eval::<(f64, f32, u64)>(text, &whole), expected);

    // Batches that are multiples of 512 rows come to the bits of the whole.
    for rows in [512, 4096, 1 << 20] {
        let e = Expr::compile(text).unwrap();
        let (mut state, mut row) = (None::<State>, 0);
        for columns in file.batches(&names, rows).unwrap() {
            let columns = columns.unwrap();
            let part = e.partial(args(&columns), row, ROWS).unwrap();
            row += columns[0].rows();
            assert!(row == ROWS || columns[0].rows() == rows);
            state = Some(state.map_or_else(|| part.clone(), |state| state.merge(part.clone()).unwrap()));
        }
        assert_eq!(state.unwrap().finish::<(f64, f32, u64)>().unwrap(), expected, "{rows}");
    }
}

#[test]
fn compressed_files() {
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let gzip = Compression::GZIP(GzipLevel::default());
    for (name, compression) in
        [("snappy", Compression::SNAPPY), ("zstd", zstd), ("gzip", gzip), ("lz4", Compression::LZ4_RAW)]
    {
        let properties = WriterProperties::builder().set_compression(compression).build();
        let path = write(&format!("{name}.parquet"), &numbers(), properties);
        let columns = ParquetFile::open(&path).unwrap().read(&["volume"]).unwrap();
        assert_eq!(eval::<i64>("sum(volume)", &columns), (0..ROWS as i64).map(|i| i * i % 1009).sum(), "{name}");
    }
}

#[test]
fn what_a_file_has_not() {
    let path = write("lacks.parquet", &numbers(), plain());
    let file = ParquetFile::open(&path).unwrap();
    let wrong = |names: &[&str]| shown(file.read(names).unwrap_err(), &path);
    assert_eq!(wrong(&["prise"]), "FILE: there is no column `prise`\nhelp: did you mean `price`?");
    assert_eq!(
        wrong(&["z"]),
        "FILE: there is no column `z`\nhelp: the columns are `price`, `volume`, `small`, `open`, `code`, `city`, `gaps`"
    );
    assert!(
        wrong(&["price", "city"]).starts_with("FILE: column `city` is of type Utf8, which expressions do not have")
    );
    assert!(wrong(&["gaps"]).starts_with("FILE: column `gaps` has 2 nulls in 10000 rows\nhelp: fill them"));
    // The batches before the first null are right.
    let mut batches = file.batches(&["gaps"], 4096).unwrap();
    assert_eq!(batches.next().unwrap().unwrap()[0].rows(), 4096);
    let error = shown(batches.next().unwrap().unwrap_err(), &path);
    assert!(
        error.starts_with("FILE: column `gaps` has 1 null in 4096 rows, in the rows from 4096 to 8192\n"),
        "{error}"
    );
    assert!(batches.next().is_none());
}

#[test]
fn two_columns_of_one_name() {
    let one = || Arc::new(Float64Array::from(vec![1.0])) as ArrayRef;
    let path = write("twice.parquet", &batch(vec![("a", one()), ("b", one()), ("a", one())]), plain());
    let file = ParquetFile::open(&path).unwrap();
    let error = file.read(&["a"]).unwrap_err();
    assert_eq!(shown(error, &path), "FILE: there is more than one column `a`\nhelp: rename one of them");
    assert_eq!(file.read(&["b"]).unwrap()[0].rows(), 1);
}

#[test]
fn files_without_rows_or_columns() {
    let schema = Schema::new(vec![Field::new("a", DataType::Float64, false), Field::new("b", DataType::Boolean, true)]);
    let path = write("empty.parquet", &RecordBatch::new_empty(Arc::new(schema)), plain());
    let file = ParquetFile::open(&path).unwrap();
    let columns = file.read(&["b", "a"]).unwrap();
    assert_eq!((columns[0].rows(), columns[0].dtype(), columns[1].dtype()), (0, DType::Bool, DType::F64));
    assert_eq!(eval::<f64>("sum(a)", &columns), 0.0);
    assert!(file.batches(&["a"], 100).unwrap().next().is_none());
    assert!(file.read(&[]).unwrap().is_empty());
}

#[test]
fn no_file_and_no_parquet() {
    let path = directory().join("nowhere.parquet");
    let error = ParquetFile::open(&path).unwrap_err();
    assert_eq!(error.kind(), FileErrorKind::NotFound);
    fs::write(&path, "price,volume\n1,2\n").unwrap();
    let error = ParquetFile::open(&path).unwrap_err();
    assert_eq!(error.kind(), FileErrorKind::Format);
    assert!(shown(error, &path).starts_with("FILE: this is no Parquet file that can be read: "));
    fs::remove_file(&path).unwrap();
    assert!(ParquetFile::open(directory()).is_err());
}

/// A file that is cut short or damaged gives an error or numbers, and never a panic. (The reader may panic inside: that is caught.)
#[test]
fn damaged_files() {
    let small = numbers().slice(0, 700);
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let good = fs::read(write("good.parquet", &small, properties)).unwrap();
    let path = directory().join("damaged.parquet");
    let read = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let file = ParquetFile::open(&path)?;
        file.read(&["price", "open", "code"]).map(drop)
    };
    for length in (0..good.len()).step_by(97) {
        assert!(read(&good[..length]).is_err(), "{length}");
    }
    let mut seed = 1_u64;
    let rounds = std::env::var("TILEXPR_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    for _ in 0..rounds {
        let mut bytes = good.clone();
        for _ in 0..3 {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            // The last tenth, where the file says what is where, as often as the rest.
            let from = if seed >> 63 == 0 { 0 } else { good.len() * 9 / 10 };
            let at = from + (seed >> 20) as usize % (good.len() - from);
            bytes[at] ^= 1 << (seed >> 12 & 7);
        }
        let _ = read(&bytes);
    }
}
