//! Columns of Arrow and of Parquet files as arguments.
//!
//! | file      | what                                                                        |
//! |-----------|-----------------------------------------------------------------------------|
//! | `column`  | an Arrow array that has been looked at: its elements as they lie, no nulls  |
//! | `parquet` | named columns of a file, batch by batch or whole                            |

mod column;
#[cfg(feature = "parquet")]
mod parquet;

pub use column::Column;
#[cfg(feature = "parquet")]
pub use parquet::{Batches, ParquetFile};
