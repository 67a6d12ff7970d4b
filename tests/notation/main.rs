//! Texts with indices: slices, index notation, boundary modes; against NumPy's rules written out as loops.

mod beyond;
#[path = "../common/executors.rs"]
mod executors;
mod hostile;
mod random;
#[allow(dead_code)]
#[path = "../common/rng.rs"]
mod rng;

use ndarray::{Array1, Array2, Array3, ArrayD, array};
use tilexpr::{AnyArray, Args, Executor, Expr, args};

fn eval<R: tilexpr::FromResult>(text: &str, args: Args) -> R {
    let expr = Expr::compile(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    expr.eval(&args).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

fn grid(n: usize, m: usize) -> Array2<f64> {
    Array2::from_shape_fn((n, m), |(i, j)| ((i * 31 + j * 17) % 23) as f64 * 0.37 - 3.0)
}

#[test]
fn slices_are_numpys() {
    let a = grid(5, 7);
    let y: Array2<f64> = eval("a[1:-1, ::2]", args![a]);
    assert_eq!(y, a.slice(ndarray::s![1..4, ..;2]));
    let y: Array1<f64> = eval("a[-1]", args![a]);
    assert_eq!(y, a.row(4));
    let y: Array1<f64> = eval("a[..., 0]*2", args![a]);
    assert_eq!(y, a.column(0).to_owned() * 2.0);
    let y: Array3<f64> = eval("a[:, None] + a[None]", args![a]);
    assert_eq!(y.shape(), [5, 5, 7]);
    assert_eq!(y[[2, 3, 4]], a[[2, 4]] + a[[3, 4]]);
    let y: Array2<f64> = eval("a.T[::-1]", args![a]);
    assert_eq!(y, a.t().slice(ndarray::s![..;-1, ..]));
    let y: Array2<f64> = eval("(a*2 + a[0])[1:3, n:]", args![a, n = 2]);
    let whole: Array2<f64> = eval("a*2 + a[0]", args![a]);
    assert_eq!(y, whole.slice(ndarray::s![1..3, 2..]));
    let y: Array1<f64> = eval("sum(a, axis=0)[1:4] - a[0, 1:4]", args![a]);
    assert_eq!(y, (a.sum_axis(ndarray::Axis(0)) - a.row(0)).slice(ndarray::s![1..4]));
    let y: f64 = eval("a[2, 3]", args![a]);
    assert_eq!(y, a[[2, 3]]);
    let y: Array2<f64> = eval("diff(a)", args![a]);
    assert_eq!(y, &a.slice(ndarray::s![.., 1..]) - &a.slice(ndarray::s![.., ..-1]));
    // Bools differ or do not, as in NumPy.
    let y: Array2<bool> = eval("diff(a > 0, axis=0)", args![a]);
    assert_eq!(y, Array2::from_shape_fn((4, 7), |(i, j)| (a[[i, j]] > 0.0) != (a[[i + 1, j]] > 0.0)));
    let y: Array2<f64> = eval("roll(a, 2, axis=1) - roll(a, -1, axis=0)", args![a]);
    let expected = Array2::from_shape_fn((5, 7), |(i, j)| a[[i, (j + 5) % 7]] - a[[(i + 1) % 5, j]]);
    assert_eq!(y, expected);
    let y: Array2<f64> = eval("roll(a, 3)", args![a]);
    let flat: Vec<f64> = a.iter().copied().collect();
    assert_eq!(y, Array2::from_shape_fn((5, 7), |(i, j)| flat[(i * 7 + j + 35 - 3) % 35]));
}

/// A function whose body has indices is the same called as written out.
#[test]
fn functions_with_indices() {
    let x = ndarray::arr1(&[1.0, 2.0, 3.0]);
    for text in
        ["f(m) = sum[j](m[j]*2); f(x)", "f = lambda m: sum[j](m[j]*2); f(x)", "f(m) = sum[j](m[j]); y = f(x); y + f(x)"]
    {
        assert_eq!(eval::<f64>(text, args![x]), 12.0, "{text}");
    }
    let y: (f64, f64) = Expr::compile("f(m) = sum[j](m[j]); f(x), 2*f(x)").unwrap().eval(args![x]).unwrap();
    assert_eq!(y, (6.0, 12.0));
}

#[test]
fn a_stencil_of_slices_is_one_pass() {
    let u = grid(9, 8);
    let text = "u[1:-1,1:-1] + c*(u[2:,1:-1] + u[:-2,1:-1] + u[1:-1,2:] + u[1:-1,:-2] - 4*u[1:-1,1:-1])";
    let y: Array2<f64> = eval(text, args![u, c = 0.1]);
    let at = |i: usize, j: usize| {
        u[[i, j]] + 0.1 * (u[[i + 1, j]] + u[[i - 1, j]] + u[[i, j + 1]] + u[[i, j - 1]] - 4.0 * u[[i, j]])
    };
    assert_eq!(y, Array2::from_shape_fn((7, 6), |(i, j)| at(i + 1, j + 1)));
}

#[test]
fn products_traces_distances() {
    let (a, b) = (grid(4, 6), grid(6, 5));
    let text = "C[i, j] = sum[k](A[i, k]*B[k, j])";
    let c: Array2<f64> = eval(text, args![A = &a, B = &b]);
    let broadcast: Array2<f64> = eval("sum(A[:, None]*B.T[None], axis=2)", args![A = &a, B = &b]);
    assert_eq!(c, broadcast);
    let alone: Array2<f64> = eval("sum[k](A[i, k]*B[k, j])", args![A = &a, B = &b]);
    assert_eq!(c, alone);
    let s = grid(5, 5);
    let t: f64 = eval("t = sum[i](A[i, i]); t", args![A = &s]);
    assert!((t - s.diag().sum()).abs() < 1e-12);
    let (x, y) = (grid(6, 3), grid(4, 3));
    let d: Array2<f64> = eval("D[i, j] = sqrt(sum[k]((X[i, k] - Y[j, k])**2))", args![X = &x, Y = &y]);
    let by_hand = |(i, j): (usize, usize)| (0..3).map(|k| (x[[i, k]] - y[[j, k]]).powi(2)).sum::<f64>().sqrt();
    assert!(d.iter().zip(&Array2::from_shape_fn((6, 4), by_hand)).all(|(a, b)| (a - b).abs() < 1e-12));
    let m = ArrayD::from_shape_fn(vec![2, 3, 4], |i| (i[0] * 12 + i[1] * 4 + i[2]) as f64);
    let v = ArrayD::from_shape_fn(vec![2, 4], |i| (i[0] + i[1]) as f64);
    let w: Array2<f64> = eval("sum[n](M[b,m,n]*v[b,n])", args![M = &m, v]);
    assert_eq!(w[[1, 2]], (0..4).map(|n| m[[1, 2, n]] * v[[1, n]]).sum::<f64>());
}

/// SciPy's names and rules, written as one reads them.
fn at(mode: &str, i: i64, n: i64) -> Option<usize> {
    let inside = (0..n).contains(&i);
    match mode {
        "wrap" => Some(i.rem_euclid(n) as usize),
        "clamp" => Some(i.clamp(0, n - 1) as usize),
        "reflect" => {
            let mut i = i;
            while !(0..n).contains(&i) {
                i = if i < 0 { -1 - i } else { 2 * n - 1 - i };
            }
            Some(i as usize)
        }
        "mirror" => {
            let mut i = i;
            while !(0..n).contains(&i) {
                i = if n == 1 {
                    0
                } else if i < 0 {
                    -i
                } else {
                    2 * n - 2 - i
                };
            }
            Some(i as usize)
        }
        _ => inside.then_some(i as usize),
    }
}

#[test]
fn boundary_modes_at_all_sizes() {
    for mode in ["wrap", "clamp", "reflect", "mirror", "zero", "fill"] {
        let read = |e: &str| if mode == "fill" { format!("fill({e}, 7.5)") } else { format!("{mode}({e})") };
        let text = format!(
            "v[i, j] = u[i, j] + c*(u[{}, j] + 2*u[{}, j] + 3*u[i, {}] + 5*u[i, {}])",
            read("i-1"),
            read("i+2"),
            read("j-3"),
            read("j+1")
        );
        let outside = if mode == "fill" { 7.5 } else { 0.0 };
        for (n, m) in [(1, 1), (1, 5), (2, 3), (3, 2), (4, 4), (7, 9), (5, 1)] {
            let u = grid(n, m);
            let get = |i: i64, j: i64| match (at(mode, i, n as i64), at(mode, j, m as i64)) {
                (Some(i), Some(j)) => u[[i, j]],
                _ => outside,
            };
            let expected = Array2::from_shape_fn((n, m), |(i, j)| {
                let (i, j) = (i as i64, j as i64);
                get(i, j) + 0.25 * (get(i - 1, j) + 2.0 * get(i + 2, j) + 3.0 * get(i, j - 3) + 5.0 * get(i, j + 1))
            });
            let v: Array2<f64> = eval(&text, args![u, c = 0.25]);
            assert_eq!(v, expected, "{text} {n} {m}");
            let mut out: Array2<f64> = Array2::zeros((n, m));
            Expr::compile(&text).unwrap().eval_into(args![u, c = 0.25], &mut out).unwrap();
            assert_eq!(out, expected, "{text} {n} {m} into");
            let mut own = u.clone();
            Expr::compile(&text).unwrap().update("u", &mut own, args![c = 0.25]).unwrap();
            assert_eq!(own, expected, "{text} {n} {m} update");
        }
    }
}

#[test]
fn stencils_of_weights() {
    for mode in ["wrap", "clamp", "reflect", "mirror", "zero"] {
        for (n, m) in [(1, 1), (2, 6), (3, 3), (8, 7)] {
            let (img, w) = (grid(n, m), grid(5, 3));
            let text = format!("g[y, x] = sum[dy, dx](img[{mode}(y + dy - 2), {mode}(x + dx - 1)]*w[dy, dx])");
            let g: Array2<f64> = eval(&text, args![img, w]);
            let expected = Array2::from_shape_fn((n, m), |(y, x)| {
                let mut sum = 0.0;
                for dy in 0..5 {
                    for dx in 0..3 {
                        let (i, j) = (y as i64 + dy as i64 - 2, x as i64 + dx as i64 - 1);
                        if let (Some(i), Some(j)) = (at(mode, i, n as i64), at(mode, j, m as i64)) {
                            sum += img[[i, j]] * w[[dy, dx]];
                        }
                    }
                }
                sum
            });
            let near = g.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12);
            assert!(g.shape() == expected.shape() && near, "{text} {n} {m}\n{g}\n{expected}");
        }
    }
}

#[test]
fn ranges() {
    let a = Array1::from_iter((0..10).map(f64::from));
    let y: Array1<f64> = eval("d[i] = a[i+1] - a[i]", args![a]);
    assert_eq!(y, Array1::ones(9));
    let y: Array1<f64> = eval("d[i] = a[i-1]", args![a]);
    assert_eq!(y, a.slice(ndarray::s![..10]));
    let y: Array1<f64> = eval("d[i] = a[2*i + 1]", args![a]);
    assert_eq!(y, array![1.0, 3.0, 5.0, 7.0, 9.0]);
    let y: Array1<f64> = eval("d[i] = a[9 - i]", args![a]);
    assert_eq!(y, a.slice(ndarray::s![..;-1]));
    let y: Array2<f64> = eval("h[i, j:3] = a[i + j]", args![a]);
    assert_eq!(y, Array2::from_shape_fn((8, 3), |(i, j)| (i + j) as f64));
    let y: Array2<f64> = eval("h[i:2, j] = a[j]", args![a]);
    assert_eq!(y, Array2::from_shape_fn((2, 10), |(_, j)| j as f64));
    // A number of the point beside a reduction that it joins.
    let y: Array1<f64> = eval("s[i] = sum[k](b[i, k]) - i", args![b = &Array2::<f64>::ones((3, 9))]);
    assert_eq!(y, array![9.0, 8.0, 7.0]);
    let y: f64 = eval("sum[i:n](a[i])", args![a, n = 4]);
    assert_eq!(y, 6.0);
}

#[test]
fn values_outside_keep_their_types() {
    let a = array![1_i32, 2, 3];
    let y: AnyArray = eval("v[i] = a[zero(i-1)]", args![a]);
    assert_eq!(y.dtype(), tilexpr::DType::I32);
    assert_eq!(y.into_vec::<i32>().unwrap(), [0, 1, 2]);
    let y: AnyArray = eval("v[i] = a[fill(i-1, 0.5)]", args![a]);
    assert_eq!(y.into_vec::<f64>().unwrap(), [0.5, 1.0, 2.0]);
}

/// What is wrong with a text, or with a call: the message, the place, the help.
fn refused(text: &str, args: Args) -> (String, String, String) {
    match Expr::compile(text) {
        Err(error) => {
            let place = text[error.span()].to_string();
            (error.message().to_string(), place, error.help().unwrap_or_default().to_string())
        }
        Ok(expr) => {
            let error = expr.eval::<AnyArray>(&args).expect_err(text);
            let place = error.span().map(|span| text[span].to_string()).unwrap_or_default();
            (error.message().to_string(), place, error.help().unwrap_or_default().to_string())
        }
    }
}

#[test]
fn errors_say_what_to_write() {
    let (a, idx) = (grid(6, 4), [1_i64, 2]);
    let mut wrong = String::new();
    for (text, message, place, help) in [
        ("a[9]", "9 is out of range: axis 0 has the length 6", "9", ""),
        ("a[0, -5]", "-5 is out of range: axis 1 has the length 4", "-5", ""),
        ("a[0, 0, 0]", "this has 2 axes, but coordinates for 3 axes are given", "a[0, 0, 0]", ""),
        (
            "a[idx, j]",
            "`idx` is an index here, but there is an array of that name",
            "idx",
            "elements are not gathered: a name that stands alone as a coordinate is an index; give the array another name, or do not pass it",
        ),
        (
            "a[idx + 0]",
            "`idx` is an array of shape [2], but stands where a single whole number must",
            "idx + 0",
            "elements are not gathered: coordinates are sums of indices times whole numbers",
        ),
        (
            "v[i] = a[i, idx[i]]",
            "a coordinate cannot come from an array: elements are not gathered",
            "idx[i]",
            "coordinates are sums of indices times whole numbers",
        ),
        (
            "v[i] = a[i + 0.5, 0]",
            "a coordinate is a whole number",
            "0.5",
            "for a value between two elements write out the interpolation; `//` divides whole numbers",
        ),
        ("v[i] = a[i, f]", "`f` is of f64, but coordinates are whole numbers", "f", "pass an integer"),
        (
            "v[i, j] = a[i][j]",
            "this is a single number at each point: it has no parts",
            "a[i]",
            "all coordinates stand between one pair of brackets: `a[i, j]`",
        ),
        (
            "D[i + 1] = a[i, 0]",
            "what stands between the brackets on the left are indices: plain names",
            "i + 1",
            "write `D[i] = ...` and shift what stands on the right: `a[i - 1]`; a range is given as `D[i:n]`",
        ),
        (
            "v[i] = a[i, 0] + a[0, i]",
            "the index `i` stands for axes of two lengths: 6 in `a[i, 0]`, 4 in `a[0, i]`",
            "i",
            "to take the first ones of the longer give a range, as in `[i:n]`",
        ),
        (
            "v[i] = a[i, j]",
            "there is no argument for `j`",
            "",
            "an index stands on the left, `D[j]`, or behind a reduction, `sum[j](...)`; as a number pass it: `args![..., j = value]`",
        ),
        (
            "v[i] = a[i, 0]*sum[k](a[k, 0]) + a[k, 0]",
            "there is no argument for `k`",
            "",
            "an index stands on the left, `D[k]`, or behind a reduction, `sum[k](...)`; as a number pass it: `args![..., k = value]`",
        ),
        (
            "v[i] = sum(a[i, 0])",
            "`sum` runs over no axes in index notation",
            "sum(a[i, 0])",
            "name the indices that it runs over: `sum[k](...)`",
        ),
        (
            "v[i] = sum[k](a[i, k], axis=0)",
            "a reduction over indices has no `axis`",
            "axis",
            "the indices between its brackets say what it runs over",
        ),
        (
            "v[i] = sin[k](a[i, k])",
            "`sin` is no reduction: it runs over no index",
            "sin[k](a[i, k])",
            "write `sin(x)`; indices stand behind reductions, as in `sum[k](...)`",
        ),
        ("sum[k](a[i, 0])", "nothing says how far `k` runs", "k", "give it a range: `[k:n]`"),
        ("v[i, j] = a[i + j, 0]", "nothing says how far `i` and `j` run", "i + j", "give one of them a range: `[j:n]`"),
        (
            "sum[k:9](a[k, 0])",
            "`k` runs from 0 to 8, but the axis has the length 6",
            "k",
            "give its indices shorter ranges, or say what there is outside: `clamp(...)`, `wrap(...)`, `zero(...)`",
        ),
        (
            "a*sum[k](a[k, 0])",
            "`a` is an array of shape [6, 4]: in index notation it has coordinates",
            "a",
            "write them behind it, as in `a[i, j]`; a single number has none",
        ),
        (
            "k = 2; a[k, 0]",
            "`k` is an index here, and a value elsewhere in the text",
            "k",
            "as a number write `k + 0`; else give one of the two another name",
        ),
        (
            "D[i:100000000000] = a[0, 0] + i",
            "the text asks for an array of shape [100000000000], more than the limit of 1073741824 elements",
            "a[0, 0] + i",
            "if the text is trusted, raise `Limits::elements`",
        ),
        (
            "mean[i:10**15](a[0, 0]*i)",
            "the indices come to more than 1099511627776 points",
            "mean[i:10**15](a[0, 0]*i)",
            "give the call a deadline; or, if the text is trusted, raise `Limits::points`",
        ),
        ("a[::0]", "the step of a slice is 0", "::0", "leave it out, or write `::-1`"),
        (
            "v[i] = a[fill(i - 1), 0]",
            "`fill` takes a coordinate and a value",
            "a[fill(i - 1), 0]",
            "write `a[fill(i - 1, 0.5)]`",
        ),
        ("D[i, i] = a[i, i]", "the index `i` stands twice", "i", "give one of the two another name"),
    ] {
        let found = refused(text, args![a, idx = &idx, f = 0.5]);
        if found != (message.to_string(), place.to_string(), help.to_string()) {
            wrong += &format!("{text}\n  {found:?}\n");
        }
    }
    assert!(wrong.is_empty(), "these are different:\n{wrong}");
}

#[test]
fn several_statements() {
    let (a, b) = (grid(4, 5), grid(5, 3));
    let (d, c): (Array2<f64>, Array2<f64>) =
        eval("C[i, j] = sum[k](A[i, k]*B[k, j]); D[j, i] = 2*C[i, j]; D, C", args![A = &a, B = &b]);
    assert_eq!(d, c.t().to_owned() * 2.0);
    let y: Array2<f64> = eval("s = sum(A); C[i, j] = A[i, j]/s; C - 1", args![A = &a]);
    let whole: f64 = eval("sum(A)", args![A = &a]);
    assert_eq!(y, a / whole - 1.0);
}

/// The sum of a block: element `k` in lane `k mod 8`, lanes merged pairwise.
fn lanes(elements: impl Iterator<Item = f64>) -> f64 {
    let mut lanes = [-0.0; 8];
    elements.enumerate().for_each(|(k, x)| lanes[k % 8] += x);
    let a: [f64; 4] = std::array::from_fn(|l| lanes[l] + lanes[l + 4]);
    (a[0] + a[2]) + (a[1] + a[3])
}

/// The sum of at most two blocks.
fn blocks(elements: impl Iterator<Item = f64> + Clone) -> f64 {
    let first = lanes(elements.clone().take(512));
    let mut rest = elements.skip(512).peekable();
    if rest.peek().is_none() { first } else { first + lanes(rest) }
}

#[test]
fn windows_are_summed_in_lanes() {
    let img = grid(40, 37).mapv(|x| x as f32);
    let few = [(1, 8), (3, 3), (5, 5), (2, 31), (8, 8), (16, 4), (5, 13), (17, 2), (11, 11), (15, 15), (16, 16)];
    // Of more elements, or rows, than stand side by side in registers: in columns, of one block and of two, and gathered.
    let many = [(18, 9), (33, 17), (20, 30)];
    for (rows, columns) in few.into_iter().chain(many) {
        let w = grid(rows, columns).mapv(|x| 0.3 * x as f32);
        let (height, width) = (40 - rows + 1, 37 - columns + 1);
        let part = |y: usize, x: usize, k: usize| img[[y + k / columns, x + k % columns]];
        let sum = |(y, x)| {
            let product = |k: usize| f64::from(part(y, x, k) * w[[k / columns, k % columns]]);
            blocks((0..rows * columns).map(product)) as f32
        };
        // (Columns at the border are few, or one, and lie otherwise.)
        let clamped = |(y, x): (usize, usize)| {
            let product = |k: usize| {
                let at = [(y + k / columns).saturating_sub(2).min(39), (x + k % columns).saturating_sub(2).min(36)];
                f64::from(img[at] * w[[k / columns, k % columns]])
            };
            blocks((0..rows * columns).map(product)) as f32
        };
        let greatest = |(y, x)| (0..rows * columns).map(|k| part(y, x, k)).fold(f32::NEG_INFINITY, f32::max);
        let (sums, clamped) = (Array2::from_shape_fn((height, width), sum), Array2::from_shape_fn((40, 37), clamped));
        for executor in [Executor::Interpreter, Executor::Cranelift, Executor::Auto] {
            let compile = |text| Expr::builder().executor(executor).compile(text).unwrap();
            let expr = compile("g[y, x] = sum[dy, dx](img[y + dy, x + dx]*w[dy, dx])");
            let g: Array2<f32> = expr.eval(args![img = &img, w = &w]).unwrap();
            assert_eq!(g, sums, "{rows} x {columns}, {executor:?}");
            let expr = compile("g[y, x] = sum[dy, dx](img[clamp(y + dy - 2), clamp(x + dx - 2)]*w[dy, dx])");
            let g: Array2<f32> = expr.eval(args![img = &img, w = &w]).unwrap();
            assert_eq!(g, clamped, "{rows} x {columns}, {executor:?}");
            let expr = compile("g[y, x] = max[dy:n, dx:m](img[y + dy, x + dx])");
            let g: Array2<f32> = expr.eval(args![img = &img, n = rows as i64, m = columns as i64]).unwrap();
            assert_eq!(g, Array2::from_shape_fn((height, width), greatest), "{rows} x {columns}, {executor:?}");
            // Columns side by side, which do not overlap.
            let expr = compile("sum(x*x, axis=1)");
            let x = img.slice(ndarray::s![..(rows * columns.min(2)).min(40), ..]).insert_axis(ndarray::Axis(0));
            let y: Array2<f32> = expr.eval(args![x]).unwrap();
            let squares = |column| lanes((0..x.shape()[1]).map(|k| f64::from(x[[0, k, column]] * x[[0, k, column]])));
            assert_eq!(y, Array2::from_shape_fn((1, 37), |(_, column)| squares(column) as f32));
        }
    }
}
