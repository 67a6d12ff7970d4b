//! Columns of Parquet files.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;

use super::*;

fn with_trades() -> Folder {
    let folder = Folder::new();
    let columns: [(&str, ArrayRef); 4] = [
        ("price", Arc::new(Float64Array::from(vec![1.5, 2.0, 4.0]))),
        ("volume", Arc::new(Int32Array::from(vec![100, 300, 50]))),
        ("city", Arc::new(StringArray::from(vec!["a", "b", "c"]))),
        ("gaps", Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer =
        ArrowWriter::try_new(fs::File::create(folder.path("trades.parquet")).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    folder
}

#[test]
fn columns_by_name() {
    let folder = with_trades();
    assert_eq!(folder.prints(&["sum(price*volume)", "trades.parquet"]), "950.0\n");
    assert_eq!(folder.prints(&["v*2", "v=trades.parquet:volume"]), "i32 (3,)\n[200 600 100]\n");
    assert_eq!(folder.prints(&["sum(v - volume)", "v=trades.csv:volume", "trades.parquet"]), "0\n");
    folder.prints(&["price*a", "trades.parquet", "a=x.npy", "-o", "z.npy"]);
    assert_eq!(floats(&folder.path("z.npy")), [4.5, 10.0, 32.0]);
}

#[test]
fn what_is_refused() {
    let folder = with_trades();
    for (text, said) in [
        ("sum(gaps)", "trades.parquet: column `gaps` has 1 null in 3 rows\nhelp: fill them"),
        ("city", "trades.parquet: column `city` is of type Utf8"),
        (
            "prise",
            "trades.parquet has no column `prise`, and nothing else is given for it\nhelp: did you mean `price`?",
        ),
    ] {
        let found = folder.fails(&[text, "trades.parquet"]).1;
        assert!(found.starts_with(&format!("error: {said}")), "{found}");
    }
    let (status, said) = folder.fails(&["price", "trades.parquet", "-m", "20"]);
    assert!(status == 1 && said.contains("trades.parquet takes 24 bytes of memory"), "{said}");
    folder.write("bad.parquet", &fs::read(folder.path("trades.parquet")).unwrap()[..300]);
    let (status, said) = folder.fails(&["price", "bad.parquet"]);
    assert!(status == 1 && said.starts_with("error: bad.parquet: this is no Parquet file that can be read"), "{said}");
}
