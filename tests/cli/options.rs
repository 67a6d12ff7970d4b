//! Limits, threads, executors, explanations, help.

use super::*;

#[test]
fn memory_is_limited() {
    let folder = Folder::new();
    let n = 300_000;
    let values: Vec<f64> = (0..n).map(|i| (f64::from(i) * 0.1).sin()).collect();
    npy::write(folder.path("a.npy"), &values).unwrap();
    let square = Array2::from_shape_vec((500, 600), values.clone()).unwrap();
    npy::write(folder.path("m.npy"), &square.t().as_standard_layout()).unwrap();
    // In pieces, with the bits of the whole.
    for text in ["sum(a*a), mean(a), max(a)", "sum(a - mean(a))"] {
        assert_eq!(folder.prints(&[text, "a=a.npy", "-m", "1M"]), folder.prints(&[text, "a=a.npy"]), "{text}");
    }
    folder.prints(&["sqrt(a*a) - mean(a), max(a)", "a=a.npy", "-m", "1M", "-o", "pieces.npy", "-o", "max.npy"]);
    folder.prints(&["sqrt(a*a) - mean(a)", "a=a.npy", "-o", "whole.npy"]);
    assert!(fs::read(folder.path("pieces.npy")).unwrap() == fs::read(folder.path("whole.npy")).unwrap());
    // Too small, with what is enough; which is.
    let args = ["a*2", "a=a.npy", "-m", "1M"];
    let (status, said) = folder.fails(&args);
    assert_eq!(status, 1);
    assert!(
        said.starts_with(
            "error: the call takes 4.6 MiB of memory, and the limit is 1.0 MiB\nhelp: `--limit-memory 5M` is enough"
        ),
        "{said}"
    );
    let rows: String = (0..60_000).map(|i| format!("{i},{i}\n")).collect();
    folder.write("rows.csv", format!("a,b\n{rows}"));
    let (status, said) = folder.fails(&["sum(a)", "rows.csv", "-m", "300K"]);
    assert_eq!(
        (status, &*said),
        (
            1,
            &*error(
                "rows.csv takes 468.8 KiB of memory, and the limit is 300.0 KiB\nhelp: `--limit-memory 469K` is enough for it"
            )
        )
    );
    assert_eq!(folder.prints(&["sum(a)", "rows.csv", "-m", "480K"]), "1799970000\n");
    let (status, said) = folder.fails(&["sum(a)", "a=a.npy", "-m", "1"]);
    assert!(status == 1 && said.starts_with("error: the call, in pieces, takes "), "{said}");
    let enough = said.rsplit('`').nth(1).unwrap().rsplit(' ').next().unwrap();
    assert_eq!(folder.prints(&["sum(a)", "a=a.npy", "-m", enough]), folder.prints(&["sum(a)", "a=a.npy"]));
    assert_eq!(folder.fails(&["1", "-m", "lots"]).0, 2);
}

#[test]
fn threads_executors_and_explain() {
    let folder = Folder::new();
    for options in [&["--threads", "1"][..], &["-t", "3"], &["--executor", "interpreter"]] {
        let args: Vec<&str> = ["sum(a*a)", "a=x.npy"].iter().chain(options).copied().collect();
        assert_eq!(folder.prints(&args), "98.0\n", "{options:?}");
    }
    assert_eq!(folder.fails(&["1", "--threads", "0"]).0, 2);
    let (status, said) = folder.fails(&["1", "--executor", "abacus"]);
    assert!(status == 2 && said.contains("this machine has auto, interpreter"), "{said}");
    let explained = folder.prints(&["sqrt(a)*2", "a=x.npy", "--explain"]);
    assert!(explained.contains("sqrt"), "{explained}");
}

#[test]
fn help_and_lists() {
    let folder = Folder::new();
    assert!(folder.prints(&["--help"]).contains("tilexpr 'mean(price*volume)' trades.csv"));
    assert!(folder.prints(&["-h"]).lines().count() < 40);
    assert!(folder.prints(&["--version"]).starts_with("tilexpr 0."));
    let list = folder.prints(&["--functions"]);
    assert!(
        list.starts_with(
            "Choosing and bounding\n  where(condition, x, y)        x where the condition holds, else y.\n"
        ),
        "{list}"
    );
    let (status, said) = folder.fails(&[] as &[&str]);
    assert!(status == 2 && said.contains("Usage: tilexpr"), "{said}");
    assert_eq!(folder.fails(&["a", "--nonsense"]).0, 2);
}
