//! What others need for the composite expressions, measured on another machine.
//!
//! NumPy, numexpr, numexpr built against MKL's vector functions (VML), Numba (parallel), JAX (jit, CPU) and PyTorch
//! (torch.compile, CPU), in one process, interleaved, best of the rounds, on two threads of a 2-core machine with AVX-512. Arrays
//! of numbers from 0.1 to 2.1. Ratios across machines are a hint and no more.

/// The columns of the figures.
pub const PEERS: [&str; 6] = ["NumPy", "numexpr", "VML", "Numba", "JAX", "PyTorch"];

/// Nanoseconds an element: name, type, elements, then a figure for each of [`PEERS`], `-` where there is none.
const FIGURES: &str = "
axpb     f64    1000   1.23   3.39      -   2.56  18.17  13.03
axpb     f64  100000   1.24   1.71   1.14   0.22   1.15   0.52
axpb     f64 3000000   2.32   1.16      -   0.72   1.12   1.01
axpb     f32    1000   0.96   3.24      -   2.30  17.87  12.82
axpb     f32  100000   0.27   0.70   0.59   0.09   0.69   0.22
axpb     f32 3000000   0.80   0.55      -   0.33   0.56   0.37
poly3    f64    1000   3.34   5.31      -   2.62  15.18  13.29
poly3    f64  100000   1.08   2.14   1.51   0.12   0.51   0.26
poly3    f64 3000000   2.88   1.23      -   0.36   0.56   0.39
poly3    f32    1000   5.18   8.01      -   2.99  22.28  17.15
poly3    f32  100000   0.58   1.60   1.75   0.09   0.39   0.21
poly3    f32 3000000   1.86   1.45      -   0.19   0.38   0.30
trig     f64    1000  11.04  13.69      -   7.01  33.36  15.46
trig     f64  100000  18.10  18.22   1.55  74.47  14.82  67.89
trig     f64 3000000  20.02   9.40      -   9.24   9.28   1.45
trig     f32    1000   2.97   9.32      -   4.65  13.70  15.00
trig     f32  100000   1.29   6.30   1.34   5.05   5.45   0.44
trig     f32 3000000   1.87   5.28      -   5.22   5.16   0.39
gauss    f64    1000   5.75  12.85      -   6.62  13.67  14.69
gauss    f64  100000   3.98   4.75   2.33   4.37   3.24   1.24
gauss    f64 3000000   6.22   5.30      -   4.52   4.60   1.43
gauss    f32    1000   4.55  14.52      -   4.80  18.33  13.54
gauss    f32  100000   1.53   6.86   2.06   2.52   1.30   0.60
gauss    f32 3000000   3.19   5.84      -   2.84   0.55   0.60
where    f64    1000   4.11   6.17      -   2.70  19.53  13.32
where    f64  100000   6.47   5.09   3.15   0.41   1.67   0.60
where    f64 3000000   7.17   4.53      -   0.59   1.11   0.58
where    f32    1000   3.52   5.51      -   2.54  18.67  12.68
where    f32  100000   4.45   4.39   3.90   0.12   0.53   0.26
where    f32 3000000   5.71   3.43      -   0.28   0.39   0.32
tanhmix  f64    1000   5.45  25.54      -  12.49  32.80  18.93
tanhmix  f64  100000   4.58  16.09   2.42  14.32   8.75   3.50
tanhmix  f64 3000000   7.28  14.79      -  15.12   8.45   3.45
tanhmix  f32    1000   2.54  22.51      -  10.70  28.64  16.41
tanhmix  f32  100000   1.22  15.91   1.23  15.48   9.25   1.64
tanhmix  f32 3000000   2.96  15.25      -  15.62   8.76   2.69
powmix   f64    1000   6.06   6.37      -   2.79  17.78  13.90
powmix   f64  100000   5.11   3.61   2.33   0.41   1.14   0.58
powmix   f64 3000000   7.96   2.53      -   0.59   0.67   0.64
powmix   f32    1000   3.98   5.59      -   2.40  18.24  12.74
powmix   f32  100000   1.54   2.69   1.30   0.12   0.59   0.25
powmix   f32 3000000   3.33   1.55      -   0.26   0.32   0.31
sumsq    f64    1000   3.47   4.01      -   2.40  22.53  13.35
sumsq    f64  100000   1.32   1.44   1.32   0.33   0.57   0.23
sumsq    f64 3000000   1.80   1.91      -   0.38   0.47   0.35
sumsq    f32    1000   3.12   3.85      -   2.49  17.87  12.60
sumsq    f32  100000   0.38   1.23   1.23   0.29   0.56   0.24
sumsq    f32 3000000   0.89   1.41      -   0.47   0.25   0.21
sumexp   f64    1000   4.34   7.58      -   4.43  15.12  13.76
sumexp   f64  100000   1.98   4.36   1.53   2.33   1.36   0.59
sumexp   f64 3000000   3.17   5.20      -   2.65   1.28   0.62
sumexp   f32    1000   3.78   6.45      -   3.21  24.12  13.67
sumexp   f32  100000   0.83   2.93   1.29   1.26   0.80   0.34
sumexp   f32 3000000   1.54   3.48      -   1.26   0.36   0.28
";

/// The figures of an expression, type and size; NaN where there is none.
pub fn figures(name: &str, dtype: &str, n: usize) -> [f64; 6] {
    let n = n.to_string();
    let mut lines = FIGURES.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = lines.find(|row| row.len() > 3 && row[..3] == [name, dtype, &n]);
    std::array::from_fn(|at| row.as_ref().and_then(|row| row[3 + at].parse().ok()).unwrap_or(f64::NAN))
}
