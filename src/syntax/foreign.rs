//! Names that are well known from other languages and libraries, and what to write for them here.
//!
//! Comes in: a name that nothing here has. Goes out: what to write, in words, if that is known. Always holds: no row is a name of the
//! library's own (a test of the types compares the two). The lists come from the public names of NumPy, SciPy's special functions,
//! pandas, Python, SQL and spreadsheets; of these `APART` has those that `suggest::nearest` would take for another function.

/// Names of the same thing, lower case, and what it is called here.
pub const ELSEWHERE: &[(&str, &str)] = &[
    ("double", "f64"),
    ("single", "f32"),
    ("uint", "u64"),
    ("uintc", "u32"),
    ("uintp", "u64"),
    ("average", "mean"),
    ("avg", "mean"),
    ("stddev", "std"),
    ("stdev", "std"),
    ("variance", "var"),
    ("tgamma", "gamma"),
    ("sgn", "sign"),
    ("ceiling", "ceil"),
    ("infinity", "inf"),
    ("true", "True"),
    ("false", "False"),
    ("nan", "nan"),
];

const CHOICE: &str = "a choice is written `a if c else b`, or `where(c, a, b)`";
const SORTED: &str = "nothing is put in order here: sort the array before or after the call";
const QUANTILES: &str = "nothing is selected by rank here: sort the array outside of the text, or take it from `cumsum(histogram(a, bins, lo, hi))` to within a bin";
const OUTSIDE: &str = "the text computes with the elements of arrays; the rest is done before or after the call";
const TYPES: &str = "there is no float of 16 bits: `f32(x)` is the least";

/// Functions that are not here, and what to do instead.
const INSTEAD: &[(&[&str], &str)] = &[
    (&["dot", "vdot", "inner"], "write the sum: `sum(a*b)`, of matrices `sum[k](a[i, k]*b[k, j])`"),
    (&["matmul", "tensordot", "einsum"], "write the sum over an index: `sum[k](a[i, k]*b[k, j])`"),
    (&["trace"], "write `sum[i](a[i, i])`"),
    (&["transpose"], "write `a.T`"),
    (&["norm"], "write it out: `sqrt(sum(abs(a)**2))`"),
    (&["ptp"], "write `max(a) - min(a)`"),
    (&["count_nonzero"], "write `sum(a != 0)`"),
    (&["count", "countif"], "write the sum of a condition: `sum(a > 0)`"),
    (&["cov"], "write it out: `mean((x - mean(x))*(y - mean(y)))`"),
    (&["astype", "cast"], "write the type as a function: `f32(a)`"),
    (&["array", "asarray", "list", "tuple"], "pass the array as an argument"),
    (&["iif", "ifelse", "if_else", "ite", "cond", "case", "choose", "piecewise"], CHOICE),
    (&["isnull", "isna"], "the value that is missing is NaN: write `isnan(a)`"),
    (&["notnull", "notna"], "the value that is missing is NaN: write `not isnan(a)`"),
    (&["coalesce", "ifnull", "nvl", "fillna"], "the value that is missing is NaN: write `where(isnan(a), b, a)`"),
    (&["nullif"], "write `where(a == b, nan, a)`"),
    (&["xor"], "write `a ^ b`, or `logical_xor(a, b)`"),
    (&["cot", "cotan"], "write `1/tan(x)`"),
    (&["sec"], "write `1/cos(x)`"),
    (&["csc", "cosec"], "write `1/sin(x)`"),
    (&["fma"], "write `a*b + c`: it rounds twice"),
    (&["modf"], "write `x - trunc(x)` for the fraction, `trunc(x)` for the whole part"),
    (&["divmod"], "write `x // y` for the quotient, `x % y` for the remainder"),
    (&["logsumexp"], "write it out: `m = max(a); m + log(sum(exp(a - m)))`"),
    (&["softmax"], "write it out: `t = exp(a - max(a)); t / sum(t)`"),
    (&["expit", "sigmoid"], "write `1/(1 + exp(-x))`"),
    (&["relu"], "write `maximum(x, 0)`"),
    (&["rgamma"], "write `1/gamma(x)`"),
    (&["isqrt"], "write `i64(sqrt(x))`, which is exact below 2**52"),
    (&["reciprocal"], "write `1/x`"),
    (&["ldexp"], "write `x * 2.0**n`"),
    (&["least"], "write `minimum(a, b)`"),
    (&["greatest"], "write `maximum(a, b)`"),
    (&["f16", "float16", "half"], TYPES),
    (&["cumulative_sum"], "write `cumsum(a)`"),
    (&["cumulative_prod"], "write `cumprod(a)`"),
    (&["nancumsum"], "write `cumsum(where(isnan(a), 0, a))`"),
    (&["nancumprod"], "write `cumprod(where(isnan(a), 1, a))`"),
    (&["accumulate"], "of sums write `cumsum(a)`, of products `cumprod(a)`, of extremes `cummin(a)`, `cummax(a)`"),
    (&["sort", "argsort", "unique", "searchsorted"], SORTED),
    (&["median", "percentile", "quantile", "nanmedian", "nanpercentile", "nanquantile"], QUANTILES),
    (&["print", "len", "range", "arange", "linspace", "zeros", "ones", "shape", "reshape"], OUTSIDE),
];

/// Names that mean something else than the function here whose name is near.
pub const APART: &[&str] = &["erfcx", "expm1x", "insert", "isnat", "logaddexp2", "lower"];

/// What may be meant by an attribute that is not here.
const ATTRIBUTES: &[(&[&str], &str)] = &[
    (&["mT", "H"], "write `a.T`, or an index notation: `t[i, j] = a[j, i]`"),
    (&["shape", "size", "ndim", "dtype", "strides", "nbytes", "itemsize"], OUTSIDE),
];

/// Modules, which are no values.
const MODULES: &[&str] = &[
    "np", "numpy", "math", "cmath", "ne", "numexpr", "torch", "jax", "jnp", "cupy", "cp", "scipy", "pd", "tf", "Math",
];

/// Keywords of other libraries, and those of a reduction.
pub const KEYWORDS: &[(&str, &str)] = &[("axes", "axis"), ("dim", "axis"), ("dims", "axis"), ("correction", "ddof")];

/// What to do instead of a function of this name.
pub fn instead(name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase();
    INSTEAD.iter().find(|(names, _)| names.contains(&lower.as_str())).map(|(_, help)| *help)
}

/// What an attribute of this name may be meant for.
pub fn attribute(name: &str) -> Option<&'static str> {
    ATTRIBUTES.iter().find(|(names, _)| names.contains(&name)).map(|(_, help)| *help)
}

/// Whether a name is that of a module.
pub fn is_module(name: &str) -> bool {
    MODULES.contains(&name)
}

/// All that a function may be called elsewhere: tests look for those that are functions here by now.
#[cfg(test)]
pub fn functions() -> impl Iterator<Item = &'static str> {
    let elsewhere = ELSEWHERE.iter().map(|row| row.0);
    elsewhere.chain(INSTEAD.iter().flat_map(|row| row.0.iter().copied())).chain(APART.iter().copied())
}
