//! What an explanation says. (Not the times, which are the machine's, nor the machine code.)

use ndarray::{Array1, Array2, Array3, s};
use num_complex::Complex;
use tilexpr::{Args, ByteOrder, Executor, Explain, Expr, Threads, View, args};

fn explain(text: &str, args: &Args) -> Explain {
    let expr = Expr::builder().executor(Executor::Native).threads(Threads::Serial).compile(text).unwrap();
    expr.explain(args).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// All of these are said.
fn says(explained: &Explain, parts: &[&str]) {
    let text = explained.to_string();
    let missing: Vec<_> = parts.iter().filter(|part| !text.contains(**part)).collect();
    assert!(missing.is_empty(), "{missing:#?} are missing in\n{text}");
}

/// One of the reasons of a stage says this; none does where it is empty.
fn slow(explained: &Explain, stage: usize, part: &str) {
    let mut reasons = explained.stages()[stage].slow.clone();
    // Without the feature `jit` everything is.
    reasons.retain(|r| cfg!(feature = "jit") || part.contains("interpreted") || !r.contains("interpreted"));
    let found = if part.is_empty() { reasons.is_empty() } else { reasons.iter().any(|r| r.contains(part)) };
    assert!(found, "{part:?} in {reasons:#?}");
}

#[test]
fn types_sharing_constants() {
    let (a, i) = (Array2::<f64>::ones((300, 200)), Array1::<i32>::ones(200));
    let explained = explain("sqrt(a*i) + (a*i)*sin(2*pi/7)", &args![a, i]);
    says(
        &explained,
        &[
            "  a        f64   [300, 200]\n  i        i32   [200]\n",
            "result\n           f64   [300, 200], 469 KiB",
            "converted\n  `i` at column 8: i32 -> f64 for `a*i`\n",
            "computed once\n  `a*i` at column 14 is the one at column 6\n",
            "constants\n  `sin(2*pi/7)` at column 19 is 0.78183",
        ],
    );
    let plain = explain("a + a", &args![a]).to_string();
    assert!(
        !plain.contains("converted") && !plain.contains("computed once") && !plain.contains("constants"),
        "{plain}"
    );
}

#[test]
fn places_in_several_lines() {
    let (f, k) = (Array1::<f32>::ones(10), 2);
    let explained = explain("t = f*k\nt + f64(f)", &args![f, k]);
    says(&explained, &["`f` at line 1, column 5: f32 -> f64 for `f64(f)`", "k        i64   a bare number"]);
}

#[test]
fn loops_and_movement() {
    let a = Array3::<f64>::ones((40, 50, 60));
    let whole = explain("2*a", &args![a]);
    says(
        &whole,
        &["loops      i0: 120,000 (axes 0, 1, 2 as one)", "reads      f64 `a`: i0 next", "16.0 bytes, 1 operation\n"],
    );
    slow(&whole, 0, "");
    let row = Array1::<f64>::ones(60);
    let broadcast = explain("a + row", &args![a, row]);
    says(&broadcast, &["i0: 2,000 (axes 0, 1 as one), i1: 60 (axis 2)", "`row`: i0 stays, i1 next"]);
    // The result lies as the argument does, so the loops do, too.
    let turned = explain("2*a", &args![a = a.t()]);
    says(&turned, &["i0: 120,000 (axes 2, 1, 0 as one)", "strides [1, 60, 3000] elements"]);
}

#[test]
fn reductions() {
    let a = Array2::<f64>::ones((600, 700));
    let explained = explain("(a - mean(a, axis=1, keepdims=True))/max(a)", &args![a]);
    assert_eq!(explained.stages().len(), 4);
    says(
        &explained,
        &[
            "stage 0: reduction over axis 1: sum for `mean(a, axis=1, keepdims=True)`; 420,000 elements",
            "i0: 600 (axis 0), i1: 700 (axis 1, reduced)",
            "runs of 700 in blocks of 512",
            "stage 1: reduction over all axes: max for `max(a)`",
            "stage 2: part of `mean(a, axis=1, keepdims=True)`, once for the later stages that read it; 600 elements",
            "stage 3: elementwise",
            "reads      f64 what stage 2 leaves for `mean(a, axis=1, keepdims=True)`: i0 next, i1 stays",
        ],
    );
    slow(&explained, 2, "");
    slow(&explained, 3, "`a` is read a second time: stage 0 had to end first");
    let both = explain("sum(a, axis=0), sum(a, axis=1)", &args![a]);
    slow(&both, 1, "`a` is read a second time: stage 0 runs over other axes, or gives another shape");
    says(&explain("sum(a, axis=0)", &args![a]), &["rows of neighbours are combined side by side"]);
    let joined = explain("sqrt(sum(a**2, axis=1))", &args![a = a.slice(s![.., ..300])]);
    assert_eq!(joined.stages().len(), 1);
    says(
        &joined,
        &["each run of 300 is combined in registers, and what reads the result (stage 1) is done in the same pass"],
    );
    let both = explain("sum(a), min(a)", &args![a]);
    says(&both, &["sum for `sum(a)`, min for `min(a)`"]);
    let forms = explain("mean(a, axis=0), a - mean(a, axis=0, keepdims=True)", &args![a]);
    says(&forms, &["stage 0: reduction over axis 0: sum for `mean(a, axis=0)`; 420,000 elements"]);
    assert_eq!(forms.stages().len(), 4, "one reduction, the mean once for what reads it at many points, two results");
    let cube = Array3::<f64>::ones((30, 40, 50));
    slow(&explain("sum(cube, axis=(0, 2))", &args![cube]), 0, "logical order");
}

#[test]
fn scans() {
    let a = Array2::<f64>::ones((600, 700));
    let explained = explain("cumsum(a*a, axis=1)/2, max(a)", &args![a]);
    says(
        &explained,
        &[
            "scan along axis 1: cumsum for `cumsum(a*a, axis=1)`; 420,000 elements",
            "computed into a buffer and scanned there in blocks of 512, each combined with what comes before it, and what reads the result (stage 2) is done in the same pass",
            "writes     f64 the result",
        ],
    );
    let bytes = Array1::<u8>::ones(5000);
    let counted = explain("histogram(bytes, 10, 0, 256)", &args![bytes]);
    says(
        &counted,
        &["counts of 10 numbers for `histogram(bytes, 10, 0, 256)`", "counted there, in tables of the tasks' own"],
    );
    let flat = explain("max(cumsum(a))", &args![a]);
    says(&flat, &["scan along all axes as one: cumsum for `cumsum(a)`", "writes     f64 for later stages"]);
    // What no kernel does is said to be done by none.
    let line = Array1::<f64>::ones(10_000);
    let plain = explain("cumsum(line)", &args![line]);
    says(&plain, &["scanned where it lies in blocks of 512", "run by     loops of the library, no kernel"]);
    assert!(plain.stages()[0].kernel.is_empty() && !plain.to_string().contains("kernel of stage 0"));
    let read = explain("cumsum(line)/3", &args![line]);
    says(&read, &["scanned where it lies in blocks of 512", "div.f64"]);
}

/// A scan by a function says what could be otherwise, and no more; views are called by the arguments that they are of.
#[test]
fn scans_by_functions_and_views() {
    let line = Array1::<f64>::ones(10_000);
    let table = Array2::<f64>::ones((600, 700));
    for text in ["scan(lambda s, x: s*0.5 + x, 0.0, line)", "scan(lambda s, x: s*0.5 + x, 0.0, line, reverse=True)"] {
        let explained = explain(text, &args![line]);
        says(&explained, &["scan by a function along axis 0"]);
        assert!(!explained.stages()[0].slow.iter().any(|why| why.contains("vectors")), "{explained}");
    }
    for axis in [0, 1] {
        let explained = explain(&format!("scan(lambda s, x: s*0.5 + x, 0.0, table, axis={axis})"), &args![table]);
        let vectors = |why: &&String| why.contains("instead of vectors");
        assert_eq!(explained.stages()[0].slow.iter().filter(vectors).count() > 0, axis == 1, "{explained}");
    }
    let explained = explain("f = lambda m: m[2:] + 1; f(line)", &args![line]);
    says(&explained, &["reads      f64 `line[2:]`"]);
    let explained = explain("f = lambda m, k: m[k]*2; D[i] = f(line, i)", &args![line]);
    says(&explained, &["`line["]);
}

#[test]
fn short_runs() {
    let (a, b) = (Array3::<f64>::ones((1, 50, 3)), Array2::<f64>::ones((3, 50)));
    let explained = explain("sum(a*b, axis=0)", &args![a, b = b.t()]);
    says(&explained, &["i0: 50 (axis 1), i1: 3 (axis 2)"]);
    let rows = Array2::<f64>::ones((1000, 3));
    let explained = explain("sum(rows/3, axis=1)", &args![rows]);
    says(&explained, &["the 3 elements of a run are combined without a loop, of many runs at once"]);
    // A division and an addition, and what merges lanes: of a run 3, 3 and 2 or so.
    assert!((2..=5).contains(&explained.stages()[0].operations), "{}", explained.stages()[0].operations);
    assert!(explained.to_string().contains("in0_at0 is `rows`, in0_at1 is `rows`, in0_at2 is `rows`"), "{explained}");
    let wide = Array2::<f64>::ones((3, 1000));
    slow(&explain("sum(wide, axis=0)", &args![wide]), 0, "");
    // What another pass of this thread was given is not said of this one.
    let (big, turned) = (Array3::<f64>::ones((3, 200, 200)), Array3::<f64>::ones((3, 200, 200)));
    let turned = turned.permuted_axes([0, 2, 1]);
    let _: Array2<f64> = Expr::compile("sum(big + turned, axis=0)").unwrap().eval(args![big, turned]).unwrap();
    let plain = Array2::<f64>::ones((600, 600));
    assert!(!explain("sum(plain, axis=0)", &args![plain]).to_string().contains("buffer"));
}

#[test]
fn results_over_the_same_points_are_one_pass() {
    let a = Array2::<f64>::ones((60, 70));
    let stages = |text: &str| explain(text, &args![a]).stages().len();
    assert_eq!(stages("m = mean(a, axis=0); a/sqrt(m), a/exp(m)"), 3);
    assert_eq!(stages("m = mean(a, axis=0); sum(a/sqrt(m)), sum(a*m)"), 4, "two results of no axes are another pass");
    assert_eq!(stages("m = mean(a, axis=0); a*m, a + 1"), 3);
    let b = Array2::<f64>::ones((60, 70));
    let row = Array1::<f64>::ones(70);
    let stages = |text: &str| explain(text, &args![a, b, row]).stages().len();
    assert_eq!(stages("a > 0.5, a + b, b*2"), 1);
    assert_eq!(stages("a*2, b*2"), 2, "nothing in common");
    assert_eq!(stages("row*2, row + a"), 2, "another shape");
}

/// The body of a function of the text stands where it is defined; what is shared is the call.
#[test]
fn what_functions_share() {
    let a = Array1::<f64>::ones(3);
    let explained = explain("f(x) = sin(x); f(a) + f(a)*2", &args![a]);
    says(&explained, &["computed once\n  `f(a)` at column 23 is the one at column 16\n"]);
}

#[test]
fn why_it_is_slow() {
    let (a, l, u) = (Array2::<f64>::ones((300, 400)), Array1::<i64>::ones(5000), Array1::<u8>::ones(5000));
    slow(&explain("7 // l", &args![l]), 0, "1 division of integers");
    let by_constant = explain("l // 7", &args![l]);
    let reasons = &by_constant.stages()[0].slow;
    assert!(
        !reasons.iter().any(|reason| reason.contains("division")),
        "by a constant it is a multiplication: {reasons:?}"
    );
    slow(&explain("sqrt(l)", &args![l]), 0, "cast of `l` from i64 to f64");
    slow(&explain("sqrt(sqrt(sqrt(l)))", &args![l]), 0, "3 divisions or roots");
    slow(&explain("sin(u) + cos(u) + tan(f64(u))", &args![u]), 0, "u8 beside f64");
    slow(&explain("a + b", &args![a, b = Array2::<f64>::ones((400, 300)).t()]), 0, "`b` lies across the loops");
    slow(
        &explain("2*b", &args![b = a.slice(s![.., ..;4])]),
        0,
        "with a stride of 32 bytes, one element at a time: of the memory that moves 25% is used",
    );
    slow(&explain("a*b", &args![a, b = a.slice(s![.., ..;-1])]), 0, "`b` is reversed");
    let thin = Array3::<f64>::ones((2000, 3, 4));
    slow(&explain("2*t", &args![t = thin.slice(s![.., ..;2, ..3])]), 0, "the innermost loop has 3 elements only");
    let wide = Array2::<f64>::ones((2000, 2000));
    let gap = explain("2*w", &args![w = wide.slice(s![.., ..1999])]);
    // (Where it is interpreted memory waits for arithmetic, not the other way round.)
    if gap.stages()[0].memory_bound {
        slow(&gap, 0, "rows of 15.6 KiB each begin anew, for at their ends `w` does not go on with the next");
    }
    slow(&explain("2*w", &args![w = &wide]), 0, "");
    slow(&explain("sum(w, axis=0)", &args![w = wide.slice(s![..20, ..])]), 0, "of only 20 rows each result is made");
    slow(&explain("sum(w, axis=1)", &args![w = wide.slice(s![.., ..100])]), 0, "the reduced runs are short");
    let swapped = View::from(&wide).with_byte_order(ByteOrder::NATIVE.swapped());
    slow(&explain("2*w", &args![w = swapped]), 0, "the bytes of `w` are turned round at each element");
    let z = Array1::<Complex<f64>>::ones(5000);
    says(&explain("z*z", &args![z]), &["`z.real`: i0 +16 bytes", "32.0 bytes"]);
    slow(&explain("z*z", &args![z]), 0, "");
    let interpreted =
        Expr::builder().executor(Executor::Interpreter).compile("2*a").unwrap().explain(args![a]).unwrap();
    slow(&interpreted, 0, "it is interpreted");
    says(&interpreted, &["the interpreter, as asked for"]);
}

#[test]
fn who_runs_it() {
    let (few, many) = (Array1::<f64>::ones(100), Array1::<f64>::ones(2_000_000));
    let e = Expr::compile("3*x - 1.5").unwrap();
    let small = e.explain(args![x = &few]).unwrap();
    assert_eq!((small.stages()[0].native, small.stages()[0].threads), (false, 1));
    if cfg!(feature = "jit") {
        says(&small, &["so little work does not pay for compiling"]);
    }
    let large = e.explain(args![x = &many]).unwrap();
    assert_eq!(large.stages()[0].native, cfg!(feature = "jit"));
    assert_eq!(large.stages()[0].assembly.is_some(), cfg!(feature = "jit"));
    assert_eq!((large.stages()[0].elements, large.stages()[0].operations), (2_000_000, 2));
    assert!(large.stages()[0].nanoseconds > 1000.0);
    // Nothing has been run, so the first call finds the counters as they were.
    assert!(!e.explain(args![x = &few]).unwrap().stages()[0].native);
}

#[test]
fn of_nothing() {
    let a = Array2::<f64>::zeros((0, 3));
    let explained = explain("2*a", &args![a]);
    assert_eq!(explained.stages().len(), 0);
    says(&explained, &["nothing to do: there are no elements"]);
    says(
        &explain("1 + 2*3", &args![]),
        &["constants\n  `1 + 2*3` at column 1 is 7\n", "stage 0: elementwise; 1 element\n"],
    );
}

/// The last sections are the longest.
#[test]
fn the_order_of_sections() {
    let a = Array1::<f64>::ones(1000);
    let text = explain("sqrt(a)", &args![a]).to_string();
    let places: Vec<usize> =
        ["arguments", "result", "stage 0:", "time", "kernel of stage 0", "machine code of stage 0"]
            .map(|part| text.find(part).unwrap_or_else(|| panic!("{part}\n{text}")))
            .to_vec();
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn functions_of_the_callers() {
    let a = Array1::<f64>::ones(1000);
    let halve: fn(f64) -> f64 = |x| x / 2.0;
    let expr = Expr::builder()
        .executor(Executor::Native)
        .function("halve", halve)
        .compile("f(x) = x*x + 1; f(a) + halve(a) + f(a)");
    let explained = expr.unwrap().explain(args![a]).unwrap();
    slow(&explained, 0, "is called for one element at a time");
    // What is put in twice from one place of the text is computed once, but there is no other place to name.
    assert_eq!(explained.stages()[0].operations, 5);
}

#[test]
fn a_chain_of_reductions_takes_passes_not_their_square() {
    let a = Array2::from_shape_fn((60, 50), |(i, j)| (i * 50 + j) as f64 + 1.0);
    let stages = |steps: usize| {
        let text = "t = a; ".to_string() + &"t = t/sum(t, axis=1, keepdims=True); ".repeat(steps) + "t";
        let explained = explain(&text, &args![a]);
        let operations = explained.stages().iter().map(|stage| stage.operations).max().unwrap();
        (explained.stages().len(), operations)
    };
    // A division and a sum each.
    assert_eq!(stages(20), (40, 1));
    assert_eq!(stages(40), (80, 1));
    // What is little is computed again, and what few elements need.
    let stages = |text: &str| explain(text, &args![a]).stages().len();
    assert_eq!(
        stages("(a - mean(a, axis=1, keepdims=True))*sum(a - mean(a, axis=1, keepdims=True), axis=1, keepdims=True)"),
        3
    );
    assert_eq!(stages("e = exp(a); e/sum(e, axis=1, keepdims=True)"), 3);
    assert_eq!(stages("e = exp(a); sum(e, axis=1) + max(e, axis=1)"), 1);
}

#[test]
fn stages_that_keep_rows_apart_are_a_loop_over_rows() {
    let (a, w) = (Array2::<f64>::ones((1000, 500)), Array1::<f64>::ones(500));
    let softmax = "e = exp(a - max(a, axis=1, keepdims=True)); e/sum(e, axis=1, keepdims=True)";
    let explained = explain(softmax, &args![a]);
    let elements: Vec<usize> = explained.stages().iter().map(|stage| stage.elements).collect();
    assert_eq!(elements, [500_000; 4]);
    says(
        &explained,
        &[
            "by rows    with the other stages by rows: 10 of 1,000 at a time, ",
            "`exp(a - max(a, axis=1, keepdims=True))`",
        ],
    );
    let by_rows = |text: &str| explain(text, &args![a, w]).to_string().matches("by rows  ").count();
    assert_eq!(by_rows(&softmax.replace("e/sum", "exp(w)*e/sum")), 4, "`exp(w)` comes before");
    assert_eq!(by_rows(&softmax.replace('1', "0")), 0, "columns");
    assert_eq!(by_rows("e = exp(a); e/sum(e)"), 0, "all");
    assert_eq!(by_rows("a/sum(a)"), 0);
    assert_eq!(by_rows("a*2, exp(a)"), 0, "one pass");
}

/// A view has the name of what it is a view of, not of the parameter that stands for that, and is not lost where the text is long.
#[test]
fn what_views_are_called() {
    let (x, a) = (Array1::<f64>::ones(300), Array2::<f64>::ones((30, 20)));
    let called = |text: &str, names: &[&str]| {
        let parts: Vec<String> = names.iter().map(|name| format!("reads      f64 `{name}`:")).collect();
        says(&explain(text, &args![x, a]), &parts.iter().map(String::as_str).collect::<Vec<_>>());
    };
    called("f = lambda m: m[1:] - m[:-1]; f(x)", &["x[1:]", "x[:-1]"]);
    called("f(m) = sum[j](m[j]*2); f(x)", &["x[j]"]);
    called("v[i] = x[1:][wrap(i-1)] + x[1:][i]", &["x[1:][wrap(i-1)]", "x[1:][i]"]);
    called("(x*2)[1:]", &["x[1:]"]);
    called("f = lambda m: m.T[1:]; f(a)", &["a.T[1:]"]);
    called("f = lambda m: diff(m, axis=0); f(a)", &["a[1:]", "a[:-1]"]);
    called("roll(x, 2) + diff(a)[0, 0]", &["roll(x, 2)", "a[..., 1:][0, 0]", "a[..., :-1][0, 0]"]);
    called("v[i] = x[wrap(\n i - 1)]", &["x[...]"]);
    let explained = explain("v[i, j] = a[zero(i-1), j] + sum[k](x[k])", &args![x, a]);
    says(&explained, &["i from 0 to 29, j from 0 to 19; reduced k from 0 to 299", "`a[zero(i-1), j]`"]);
}
