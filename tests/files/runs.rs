//! What goes wrong in a run over files, and what is left then: nothing.

use std::fs::OpenOptions;
use std::ops::ControlFlow;

use ndarray::Array2;
use tilexpr::{AnyArray, Expr, FileError, FileErrorKind as Kind, npy};

use super::{Folder, check, dictionary, npy as file};

fn compile(text: &str) -> Expr {
    Expr::compile(text).unwrap_or_else(|e| panic!("{e}"))
}

/// Kind and full text of an error that is no file's.
#[track_caller]
fn says(error: &FileError, kind: Kind, text: &str) {
    assert_eq!((error.kind(), error.path(), error.to_string().as_str()), (kind, None, text));
}

/// A folder with a file of so many numbers, 0, 1, 2, ...
fn folder(n: usize) -> (Folder, std::path::PathBuf) {
    let folder = Folder::new();
    let path = folder.path("a.npy");
    npy::write(&path, &(0..n).map(|i| i as f64).collect::<Vec<_>>()).unwrap();
    (folder, path)
}

#[test]
fn an_output_may_take_the_place_of_an_input() {
    let (folder, a) = folder(10_000);
    for _ in 0..3 {
        let last: f64 = compile("a*2, max(a)").stream().file("a", &a).output(&a).piece(5000).run().unwrap();
        assert!(last > 0.0);
    }
    assert_eq!(npy::read(&a).unwrap().into_vec::<f64>().unwrap()[9999], 8.0 * 9999.0);
    assert_eq!(folder.names(), ["a.npy"]);
}

#[test]
fn nothing_is_written_where_something_is_wrong() {
    let (folder, a) = folder(1000);
    let z = folder.put("z.npy", "old");
    let run = |text: &str| compile(text).stream().file("a", &a).output(&z).run::<Vec<AnyArray>>().unwrap_err();
    let error = run("sum(a)");
    let help = "\nhelp: name an output for each result that has the elements or rows of a file, in their order; reductions of all are values";
    says(&error, Kind::Output, &format!("1 output is given, but no result has the elements or rows of a file{help}"));
    let text =
        format!("1 output is given for 2 results that go to files: f64 of shape [1000], bool of shape [1000]{help}");
    says(&run("a + 1, mean(a), a > 2"), Kind::Output, &text);
    let error =
        compile("a, a").stream().file("a", &a).output(&z).output(folder.path("./z.npy")).run::<()>().unwrap_err();
    let text = "it is named for two results\nhelp: write each to a file of its own";
    check(&error, Kind::Output, &folder.path("./z.npy"), text);
    let error = compile("a").stream().file("a", &a).output(folder.path("none/z.npy")).run::<()>().unwrap_err();
    let text = "the folder in which it is to be written does not exist\nhelp: make the folder";
    check(&error, Kind::NotFound, &folder.path("none/z.npy"), text);
    // Errors of the text are those of any call.
    says(&run("a + b"), Kind::Eval, "there is no argument for `b`\nhelp: pass it: `args![..., b = value]`");
    assert_eq!(run("~a").eval().unwrap().span(), Some(0..2));
    let b = folder.put("b.npy", file(&dictionary("<f8", false, "(3,)"), &[0; 24]));
    let error = compile("a + b").stream().file("a", &a).file("b", &b).output(&z).run::<()>().unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the shapes do not fit together: `a` has the shape [1000], `b` has the shape [3]")
    );
    let error = compile("a").stream().file("a", &a).arg("a", 1.0).output(&z).run::<()>().unwrap_err();
    says(&error, Kind::Eval, "`a` is given twice\nhelp: pass each name once");
    let name = tilexpr::Arg::string(b"abc");
    let error = compile("a*(s == 'abc')").stream().file("a", &a).arg("s", name).output(&z).run::<()>().unwrap_err();
    says(
        &error,
        Kind::Eval,
        "`s` is an array of strings, which a stream does not take\nhelp: read the files, and evaluate on arrays",
    );
    // Errors of files that the text needs; others are not looked at.
    let none = folder.path("none.npy");
    let error = compile("a + b").stream().file("a", &a).file("b", &none).output(&z).run::<()>().unwrap_err();
    assert_eq!((error.kind(), error.path()), (Kind::NotFound, Some(&*none)));
    compile("a").stream().file("a", &a).file("b", &none).output(folder.path("y.npy")).run::<()>().unwrap();
    // Errors of the data, met in the middle.
    let error = compile("i64(a)**(2 - i64(a) // 500 * 3)").stream().file("a", &a).output(&z).piece(4096).run::<()>();
    assert_eq!(error.unwrap_err().eval().unwrap().kind(), tilexpr::EvalErrorKind::Fault);
    assert_eq!(folder.names(), ["a.npy", "b.npy", "y.npy", "z.npy"]);
    assert_eq!(std::fs::read(&z).unwrap(), b"old");
}

#[test]
fn limits_of_memory() {
    let folder = Folder::new();
    let (a, row) = (folder.path("a.npy"), folder.path("row.npy"));
    npy::write(&a, &Array2::<f64>::ones((600, 1000))).unwrap();
    npy::write(&row, &vec![1.0; 1000]).unwrap();
    let stream = |text: &str, limit: usize| {
        let stream = compile(text).stream().file("a", &a).file("row", &row).memory_limit(limit);
        stream.run::<AnyArray>()
    };
    // 512 elements at least, for a sum has an order; a row, where rows are needed.
    for (text, needed, more) in [
        ("sum(a)", 4096 + 64 + 64 + 8 + 16, ""),
        ("sum(max(a, axis=1))", 0, ""),
        ("sum(max(a - row, axis=1))", 0, ", 8000 of them for files that are repeated and so held whole"),
    ] {
        let error = stream(text, 100).unwrap_err();
        assert_eq!(error.kind(), Kind::Memory);
        let said: usize = error.help().unwrap().split_whitespace().nth(1).unwrap().parse().unwrap();
        assert!(needed == 0 || said == needed, "{said} {needed}");
        let text_of = format!(
            "a limit of 100 bytes of memory is too small: {said} bytes are needed{more}\nhelp: allow {said} bytes: `memory_limit({said})`"
        );
        says(&error, Kind::Memory, &text_of);
        // What is said is enough, and no less is.
        assert!(stream(text, said).is_ok());
        assert_eq!(stream(text, said - 1).unwrap_err().kind(), Kind::Memory);
    }
    let plan = compile("sum(a)").stream().file("a", &a).memory_limit(1 << 20).plan().unwrap();
    assert!(plan.memory <= 1 << 20 && plan.read == 4_800_000 && plan.passes == 1 && plan.written == 0);
    let plan = compile("a - mean(a)").stream().file("a", &a).plan().unwrap();
    assert!(plan.read == 9_600_000 && plan.passes == 2 && plan.written == 4_800_000);
}

#[test]
fn files_that_change_meanwhile() {
    let (folder, a) = folder(100_000);
    let z = folder.path("z.npy");
    for length in [1000, 900_000] {
        npy::write(&a, &vec![1.0; 100_000]).unwrap();
        let change = |done: u64, _| {
            if done == 0 {
                OpenOptions::new().write(true).open(&a).unwrap().set_len(length).unwrap();
            }
            ControlFlow::Continue(())
        };
        let found = compile("a*2, sum(a)").stream().file("a", &a).output(&z).on_progress(change).run::<f64>();
        let help = "\nhelp: wait until whoever writes it has ended, and run this again";
        let text = format!("the file was changed while it was read{help}");
        check(&found.unwrap_err(), Kind::Changed, &a, &text);
        assert_eq!(folder.names(), ["a.npy"]);
    }
}

#[test]
fn runs_that_are_stopped() {
    let (folder, a) = folder(100_000);
    let z = folder.put("z.npy", "old");
    for at in [0, 1] {
        let mut seen = Vec::new();
        let stop = |done, total| {
            seen.push((done, total));
            if (done == total) == (at == 1) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let found = compile("a*2, sum(a)").stream().file("a", &a).output(&z).on_progress(stop).run::<f64>();
        says(&found.unwrap_err(), Kind::Stopped, "the run was stopped by its progress callback");
        assert_eq!(seen[0], (0, 800_000));
        assert_eq!(
            (folder.names(), std::fs::read(&z).unwrap()),
            (vec!["a.npy".into(), "z.npy".into()], b"old".to_vec())
        );
    }
}

#[test]
fn what_does_not_go_in_pieces() {
    let folder = Folder::new();
    let a = folder.path("a.npy");
    npy::write(&a, &ndarray::Array3::<f64>::ones((20, 3, 3))).unwrap();
    let error = compile("1 + sum(a, axis=(0, 2))").stream().file("a", &a).run::<AnyArray>().unwrap_err();
    let text = "this reduction combines rows of a file with axes further in, in an order that pieces of rows do not keep
  |
1 | 1 + sum(a, axis=(0, 2))
  |     ^^^^^^^^^^^^^^^^^^^
help: reduce axis 0 first, or the inner axes first, and then the rest: `sum(sum(a, axis=2), axis=0)` (its last bits may differ)";
    says(&error, Kind::Unsupported, text);
}

#[test]
fn functions_of_rust_and_their_panics() {
    let (folder, a) = folder(5000);
    let odd = |x: f64| if x == 4321.0 { panic!("odd") } else { x + 1.0 };
    let e = Expr::builder().function("f", odd as fn(f64) -> f64).compile("f(a)").unwrap();
    let found = e.stream().file("a", &a).output(folder.path("z.npy")).piece(4096).run::<()>();
    assert_eq!(found.unwrap_err().eval().unwrap().kind(), tilexpr::EvalErrorKind::Panic);
    assert_eq!(folder.names(), ["a.npy"]);
}

#[test]
fn what_bounds_calls_bounds_a_run() {
    let (folder, a) = folder(500_000);
    let z = folder.path("z.npy");
    let run = |e: &Expr| e.stream().file("a", &a).output(&z).piece(4096).run::<()>();
    let slow = |x: f64| {
        std::thread::sleep(std::time::Duration::from_micros(10));
        x
    };
    let slow = Expr::builder().function("f", slow as fn(f64) -> f64).compile("f(a)").unwrap();
    // Each piece takes less than that by far.
    let error = run(&slow.with_timeout(std::time::Duration::from_millis(200))).unwrap_err();
    assert_eq!(error.eval().map(|e| e.kind()), Some(tilexpr::EvalErrorKind::Deadline), "{error}");
    let token = tilexpr::CancelToken::new();
    token.cancel();
    let error = run(&compile("a*2").with_cancel(token)).unwrap_err();
    assert_eq!(error.eval().map(|e| e.kind()), Some(tilexpr::EvalErrorKind::Cancelled), "{error}");
    assert_eq!(folder.names(), ["a.npy"]);
    let error = run(&compile("a*2").with_memory_limit(100)).unwrap_err();
    assert_eq!(error.kind(), Kind::Memory, "{error}");
    // Of all pieces together it is not asked for more than there is at a time.
    run(&compile("a*2").with_memory_limit(2_000_000)).unwrap();
    assert_eq!(folder.names(), ["a.npy", "z.npy"]);
}
