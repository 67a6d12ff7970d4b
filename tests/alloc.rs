//! What a call allocates: nothing into memory that is there, the result and no more otherwise.
//!
//! One test in a process of its own, for the counter counts all.

#[path = "common/counting.rs"]
mod counting;
#[path = "common/executors.rs"]
mod executors;

use ndarray::{Array1, Array2, ArrayD, IxDyn, s};
use tilexpr::{Arg, Executor, Expr, Threads, args};

/// This thread's allocations, and their bytes, in a call that is warm.
fn cost(mut call: impl FnMut()) -> (usize, usize) {
    (0..3).for_each(|_| call());
    let before = counting::of_this_thread();
    call();
    let after = counting::of_this_thread();
    (after.0 - before.0, after.1 - before.1)
}

#[test]
fn a_warm_call_allocates_its_result_and_nothing_else() {
    let mut failures = Vec::new();
    for executor in executors::all() {
        serial(executor, &mut failures);
    }
    parallel(&mut failures);
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

fn serial(executor: Executor, failures: &mut Vec<String>) {
    let compile =
        |text: &str| Expr::builder().executor(executor).threads(Threads::Serial).compile(text).expect("it compiles");
    let mut none = |what: &str, call: &mut dyn FnMut()| {
        let (count, bytes) = cost(call);
        if count > 0 {
            failures.push(format!("{executor:?}: {what}: {count} allocations of {bytes} bytes"));
        }
    };

    let (a, b, c) = (Array1::from_elem(1000, 1.5), Array1::from_elem(1000, 2.5), Array1::from_elem(1000, 0.5));
    let mut y = Array1::<f64>::zeros(1000);
    let e = compile("a*b + c");
    none("contiguous", &mut || e.eval_into(args![a, b, c], &mut y).unwrap());
    let k = 2.5;
    none("scalar", &mut || e.eval_into(args![a, b, c = k], &mut y).unwrap());
    let long = Array1::from_elem(3000, 1.5);
    none("strided", &mut || e.eval_into(args![a = long.slice(s![..;3]), b, c], &mut y).unwrap());
    none("reversed", &mut || e.eval_into(args![a = a.slice(s![..;-1]), b, c], &mut y.slice_mut(s![..])).unwrap());

    let (m, n) = (Array2::from_elem((90, 70), 1.5), Array2::from_elem((70, 90), 2.5));
    let (row, column) = (Array1::from_elem(70, 1.5), Array2::from_elem((90, 1), 1.5));
    let mut w = Array2::<f64>::zeros((90, 70));
    none("transposed", &mut || e.eval_into(args![a = &m, b = n.t(), c = 1.0], &mut w).unwrap());
    none("a larger result", &mut || e.eval_into(args![a = &row, b = 2.0, c = 1.0], &mut w).unwrap());
    none("broadcast", &mut || e.eval_into(args![a = &m, b = &row, c = &column], &mut w).unwrap());
    let cube = ArrayD::from_elem(IxDyn(&[9, 10, 11]), 1.5);
    let other = ArrayD::from_elem(IxDyn(&[11, 10, 9]), 1.5);
    let mut x = ArrayD::<f64>::zeros(IxDyn(&[9, 10, 11]));
    // (A view of three axes that is passed by value takes its shape along: pass it by reference.)
    let other = other.t();
    none("3 axes", &mut || e.eval_into(args![a = &cube, b = &other, c = 1.0], &mut x).unwrap());

    let mut point = ArrayD::<f64>::zeros(IxDyn(&[]));
    let big = Array1::from_elem(20_000, 1.5);
    let sum = compile("sum(a*2)");
    none("sum, short", &mut || sum.eval_into(args![a], &mut point).unwrap());
    none("sum", &mut || sum.eval_into(args![a = &big], &mut point).unwrap());
    none("sum, transposed", &mut || sum.eval_into(args![a = m.t()], &mut point).unwrap());
    let tall = Array2::from_elem((1100, 70), 1.5);
    let (mut down, mut across) = (Array1::<f64>::zeros(70), Array1::<f64>::zeros(1100));
    let (sum0, sum1) = (compile("sum(a*2, axis=0)"), compile("sum(a*2, axis=1)"));
    none("sum, axis 0", &mut || sum0.eval_into(args![a = &tall], &mut down).unwrap());
    none("sum, axis 1", &mut || sum1.eval_into(args![a = &tall], &mut across).unwrap());
    none("sum, axis 0, transposed", &mut || sum0.eval_into(args![a = tall.t()], &mut across).unwrap());
    none("sum, axis 1, transposed", &mut || sum1.eval_into(args![a = tall.t()], &mut down).unwrap());
    let rows = compile("a / sum(a, axis=1, keepdims=True)");
    none("rows", &mut || rows.eval_into(args![a = &m], &mut w).unwrap());
    let (high, mut wide) = (Array2::from_elem((301, 70), 1.5), Array2::<f64>::zeros((301, 70)));
    let softmax = compile("e = exp(a - max(a, axis=1, keepdims=True)); e / sum(e, axis=1, keepdims=True)");
    none("a loop over rows", &mut || softmax.eval_into(args![a = &high], &mut wide).unwrap());
    let stats = compile("(a - mean(a)) / sqrt(mean(a*a) - mean(a)**2)");
    none("several reductions", &mut || stats.eval_into(args![a], &mut y).unwrap());
    let (mut p, mut q) = (Array1::<f64>::zeros(1000), Array1::from_elem(1000, false));
    let two = compile("a + b, a < b");
    none("several results", &mut || two.eval_into(args![a, b], &mut (&mut p, &mut q)).unwrap());
    let two = compile("a + b, sum(a)");
    none("a map and a sum", &mut || two.eval_into(args![a, b], &mut (&mut p, &mut point)).unwrap());

    let (scan, scan0) = (compile("cumsum(a)"), compile("cummax(a*2, axis=0)"));
    let mut z = Array1::<f64>::zeros(20_000);
    none("a scan", &mut || scan.eval_into(args![a = &big], &mut z).unwrap());
    none("a scan, axis 0", &mut || scan0.eval_into(args![a = &high], &mut wide).unwrap());
    let (bytes, mut counts) = (Array1::from_elem(20_000, 7_u8), Array1::<i64>::zeros(10));
    let (of_bytes, of_floats) = (compile("bincount(a, 10)"), compile("histogram(a, 10, 0, 5)"));
    none("counts of bytes", &mut || of_bytes.eval_into(args![a = &bytes], &mut counts).unwrap());
    none("a histogram", &mut || of_floats.eval_into(args![a = &big], &mut counts).unwrap());

    let f = e.prepare(["a", "b", "c"], args![a, b, c]).unwrap();
    none("prepared", &mut || f.call([Arg::new(&a), Arg::new(&b), Arg::new(&c)], &mut y).unwrap());
    let slices = [&a, &b, &c].map(|x| x.as_slice().unwrap());
    none("slices", &mut || f.call_slices(slices, y.as_slice_mut().unwrap()).unwrap());
    none("prepared, strided", &mut || {
        f.call([Arg::new(long.slice(s![..;3])), Arg::new(&b), Arg::new(&c)], &mut y).unwrap();
    });
    none("update", &mut || e.update("a", &mut y, args![b = 0.5, c]).unwrap());
    let two = compile("u + v, u - v");
    none("update two", &mut || two.update(["u", "v"], &mut (&mut p, &mut y), args![]).unwrap());

    let (count, bytes) = cost(|| drop(e.eval::<Array1<f64>>(args![a, b, c]).unwrap()));
    if count > 8 || bytes > 8 * 1000 + 400 {
        failures.push(format!("{executor:?}: eval: {count} allocations of {bytes} bytes"));
    }
}

/// The pool allocates a job for each worker that is called, and a little for its queues; the library should add nothing to that.
fn parallel(failures: &mut Vec<String>) {
    let pool = std::sync::Arc::new(rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap());
    let compile = |text: &str| {
        let threads = Threads::Pool(pool.clone());
        Expr::builder().executor(Executor::Native).serial_below(0).grain(1).tile(512).threads(threads).compile(text)
    };
    let a = Array1::from_elem(100_000, 1.5);
    let (mut y, mut point) = (Array1::<f64>::zeros(100_000), ArrayD::<f64>::zeros(IxDyn(&[])));
    let (e, sum) = (compile("a*2 + 1").unwrap(), compile("sum(a)").unwrap());
    for _ in 0..200 {
        e.eval_into(args![a], &mut y).unwrap();
        sum.eval_into(args![a], &mut point).unwrap();
    }
    let before = counting::of_all();
    for _ in 0..50 {
        e.eval_into(args![a], &mut y).unwrap();
        sum.eval_into(args![a], &mut point).unwrap();
    }
    let count = counting::of_all() - before;
    // One worker, and rayon's injector queue takes a block for every 60-odd calls from outside the pool.
    if count > 150 {
        failures.push(format!("parallel: {count} allocations in 100 calls"));
    }
}
