//! How far the elementary functions lie from the true values, and that nothing else has a say in their results.
//!
//! | file        | what                                                                             |
//! |-------------|----------------------------------------------------------------------------------|
//! | `points`    | points with correctly rounded results, from `data/accuracy.csv.gz`               |
//! | `special`   | zeros, infinities, NaN, the ends of the domains: tables of C99's and NumPy's values |
//! | `every_f32` | functions of one `f32`: a part of all 2^32 arguments, all of them on request     |
//! | `lanes`     | that an element's result does not depend on its neighbours                       |
//! | `floats`    | what these share: the two types, errors in ulp, evaluation                       |
//!
//! Everything is evaluated by all executors that the machine has, or by machine code where that is said; neighbours by two for each
//! function and type, and by all with `TILEXPR_EXECUTORS=all`. For millions of points against MPFR
//! there is a program of its own: `cargo run --release --manifest-path tools/accuracy/Cargo.toml -- --help`.

#[path = "../common/data.rs"]
mod data;
mod every_f32;
#[path = "../common/executors.rs"]
mod executors;
mod floats;
mod lanes;
mod points;
mod special;
