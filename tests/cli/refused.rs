//! Each way in which a command gives no result, and what it says then.

use super::*;

#[test]
fn a_wrong_text_is_shown_with_its_place() {
    let folder = Folder::new();
    let (status, said) = folder.fails(&["sqrrt(a) + 1", "a=x.npy"]);
    assert_eq!(status, 2);
    assert_eq!(
        said,
        error("there is no function `sqrrt`\n  |\n1 | sqrrt(a) + 1\n  | ^^^^^\nhelp: did you mean `sqrt`?")
    );
    let (status, said) = folder.fails(&["a +", "a=x.npy"]);
    assert_eq!(
        (status, &*said),
        (2, &*error("expected a value after `+`, found the end of the text\n  |\n1 | a +\n  |    ^"))
    );
    assert_eq!(folder.fails(&["", "a=x.npy"]).0, 2);
    // Where the types do not fit it is the data that is wrong.
    let (status, said) = folder.fails(&["a & 1", "a=x.npy"]);
    assert!(status == 1 && said.contains('^'), "{said}");
    let (status, said) = folder.fails(&["a + m", "a=x.npy", "m=trades.csv:volume", "-o", "z.npy"]);
    assert_eq!((status, &*said), (0, ""));
    folder.write("short.csv", "v\n1\n2\n");
    let (status, said) = folder.fails(&["a + m", "a=x.npy", "m=short.csv"]);
    assert!(status == 1 && said.contains("the shapes do not fit together"), "{said}");
}

#[test]
fn names_without_data() {
    let folder = Folder::new();
    let help = "help: write `b=FILE`, `b=FILE:COLUMN` or `b=NUMBER`";
    assert_eq!(folder.fails(&["a + b", "a=x.npy"]), (2, error(&format!("nothing is given for `b`\n{help}"))));
    let said = folder.fails(&["a + b"]).1;
    assert_eq!(
        said,
        error("nothing is given for `a`, `b`\nhelp: write `a=FILE b=FILE`; FILE may be a number, or FILE:COLUMN")
    );
    let said = folder.fails(&["mean(prise)", "trades.csv"]).1;
    assert_eq!(
        said,
        error("trades.csv has no column `prise`, and nothing else is given for it\nhelp: did you mean `price`?")
    );
    let said = folder.fails(&["mean(zzz)", "trades.csv"]).1;
    assert!(said.ends_with("help: there are the columns `price`, `volume`, `open`\n"), "{said}");
    let said = folder.fails(&["mean(p)", "p=trades.csv:prize"]).1;
    assert_eq!(said, error("trades.csv: there is no column `prize`\nhelp: did you mean `price`?"));
    let said = folder.fails(&["mean(p)", "p=trades.csv"]).1;
    assert_eq!(said, error("trades.csv has 3 columns\nhelp: say which: `p=trades.csv:price`"));
    let said = folder.fails(&["mean(a)", "x.npy"]).1;
    assert_eq!(said, error("x.npy has one array, without a name\nhelp: say which it is: `a=x.npy`"));
    let said = folder.fails(&["a", "a=x.npy", "a=y.npy"]).1;
    assert_eq!(said, error("`a` is given twice\nhelp: give each name once"));
    let said = folder.fails(&["a", "a=hello"]).1;
    assert!(
        said.starts_with("error: `a=hello` is neither a number nor a file that there is\nhelp: write `a=FILE`"),
        "{said}"
    );
    assert_eq!(folder.fails(&["a", "a="]).0, 2);
    // What the text does not need is told, and does no harm.
    let ran = folder.run(&["a", "a=1", "b=x.npy"]);
    assert_eq!((ran.status, &*ran.out, &*ran.err), (0, "1\n", "note: the text has no `b`\n"));
    assert_eq!(folder.run(&["-q", "a", "a=1", "b=2"]).err, "");
}

#[test]
fn one_name_in_two_files() {
    let folder = Folder::new();
    folder.write("other.csv", "price,e\n1,2\n");
    let said = folder.fails(&["sum(price)", "trades.csv", "other.csv"]).1;
    assert_eq!(
        said,
        error("trades.csv and other.csv both have a column `price`\nhelp: say which: `price=trades.csv:price`")
    );
    assert_eq!(folder.prints(&["sum(price)", "trades.csv", "other.csv", "price=other.csv:price"]), "1\n");
    let said = folder.fails(&["price*e", "other.csv"]).1;
    assert_eq!(
        said,
        error(
            "`e` is a constant, and a column of other.csv\nhelp: write `e=other.csv:e` for the column, `np.e` in the text for the constant"
        )
    );
    assert_eq!(folder.prints(&["price*e", "other.csv", "e=other.csv:e"]), "i64 (1,)\n[2]\n");
    folder.write("twice.csv", "a,a\n1,2\n");
    assert_eq!(
        folder.fails(&["a", "twice.csv"]).1,
        error("twice.csv: there is more than one column `a`\nhelp: rename one of them")
    );
}

#[test]
fn cells_of_a_table() {
    let folder = Folder::new();
    let print = |table: &str| {
        folder.write("t.csv", table);
        folder.run(&["a", "t.csv"])
    };
    for (table, printed) in [
        ("a\n1\n-2\n", "i64 (2,)\n[ 1 -2]\n"),
        ("a\n1\n2.5\n", "f64 (2,)\n[1.  2.5]\n"),
        ("a\n-0\n0.5\n", "f64 (2,)\n[-0.   0.5]\n"),
        ("\u{feff}a,b\r\n\" 1 \",\"x, y\"\r\n", "i64 (1,)\n[1]\n"),
        ("a\nnan\n-inf\n1e300\n", "f64 (3,)\n[    nan    -inf 1.e+300]\n"),
        ("a\nTRUE\nfalse\n", "bool (2,)\n[ True False]\n"),
        ("a\n9223372036854775807\n", "i64 (1,)\n[9223372036854775807]\n"),
        ("a\n1\n9223372036854775808\n0.5\n", "f64 (3,)\n[1.00000000e+00 9.22337204e+18 5.00000000e-01]\n"),
        ("a,b\n1,\n", "i64 (1,)\n[1]\n"),
        ("a,b\n", "f64 (0,)\n[]\n"),
    ] {
        let ran = print(table);
        assert_eq!((ran.status, &*ran.out, &*ran.err), (0, printed, ""), "{table:?}");
    }
    for (table, said) in [
        ("a,b\n1,2\n,3\n", "line 3, column `a`: the cell is missing\nhelp: fill the cell"),
        ("a,b\n1,2\n3\n", "line 3 has 1 cell, not 2 as the first line\nhelp: a cell that has a comma"),
        ("a\n1\nx7\n", "line 3, column `a`: the cell `x7` is no number\nhelp: a column is of numbers"),
        ("a\ntrue\n1\n", "line 3, column `a`: the cell `1` is no `true` or `false`, as the cells above"),
        ("a\n1\ntrue\n", "line 3, column `a`: the cell `true` is no number"),
        ("a\n\"1,234\"\n", "line 2, column `a`: the cell `1,234` is no number"),
        ("a\n1e400\n", "line 2, column `a`: the cell `1e400` is beyond the floats of 64 bits"),
        (
            "a\n1\n9223372036854775808\n",
            "line 3, column `a`: the number is beyond the integers of 64 bits\nhelp: write it as a float",
        ),
        ("", "the file is empty\nhelp: the first line has the names of the columns"),
    ] {
        let ran = print(table);
        assert_eq!((ran.status, &*ran.out), (1, ""), "{table:?}");
        assert!(ran.err.starts_with(&format!("error: t.csv: {said}")), "{table:?}: {}", ran.err);
    }
    folder.write("t.csv", b"a\n\xff\xfe\n");
    assert!(folder.fails(&["a", "t.csv"]).1.contains("line 2, column `a`: the cell is no text"));
}

#[test]
fn files_that_are_not_what_they_should_be() {
    let folder = Folder::new();
    let (status, said) = folder.fails(&["a", "a=none.npy"]);
    assert!(status == 1 && said.starts_with("error: none.npy: there is no such file"), "{said}");
    let (status, said) = folder.fails(&["a", "none.csv"]);
    assert!(status == 1 && said.starts_with("error: none.csv: there is no such file"), "{said}");
    folder.write("short.npy", &fs::read(folder.path("x.npy")).unwrap()[..140]);
    let (status, said) = folder.fails(&["a*2", "a=short.npy", "-o", "z.npy"]);
    assert!(status == 1 && said.starts_with("error: short.npy: "), "{said}");
    folder.write("text.npy", "a,b\n1,2\n");
    assert_eq!(folder.fails(&["a*2", "a=text.npy", "-o", "z.npy"]).0, 1);
    let (status, said) = folder.fails(&["a", "a=."]);
    assert!(status == 1 && said.starts_with("error: "), "{said}");
    folder.write("data.bin", "1 2 3");
    let said = folder.fails(&["a", "a=data.bin"]).1;
    assert!(said.starts_with("error: data.bin: neither its name nor its beginning says what it is"), "{said}");
    // By its beginning.
    fs::copy(folder.path("x.npy"), folder.path("array")).unwrap();
    assert_eq!(folder.prints(&["sum(a)", "a=array"]), "16.0\n");
    assert!(!folder.path("z.npy").exists());
}

#[test]
fn outputs_that_cannot_be() {
    let folder = Folder::new();
    let before = folder.files();
    let (status, said) = folder.fails(&["a", "a=x.npy", "-o", "no/where.npy"]);
    assert!(status == 1 && said.starts_with("error: no/where.npy: there is no folder `no`"), "{said}");
    let (status, _) = folder.fails(&["a", "a=x.npy", "-o", "."]);
    assert_ne!(status, 0);
    fs::create_dir(folder.path("d.npy")).unwrap();
    let (status, said) = folder.fails(&["a", "a=x.npy", "-o", "d.npy"]);
    assert!(status == 1 && said.starts_with("error: d.npy: this is a folder"), "{said}");
    fs::remove_dir(folder.path("d.npy")).unwrap();
    assert_eq!(folder.files(), before);
    // What fails later leaves what was there, and nothing else.
    let (status, _) = folder.fails(&["a**n", "a=m.npy", "n=-1", "-o", "x.npy"]);
    assert_eq!((status, floats(&folder.path("x.npy"))), (1, vec![3.0, 5.0, 8.0]));
    assert_eq!(folder.files(), before);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk() {
    let folder = Folder::new();
    for format in ["csv", "json", "npy"] {
        let (status, said) = folder.fails(&["a", "a=x.npy", "-o", "/dev/full", "-f", format]);
        assert!(status == 1 && said.starts_with("error: /dev/full: cannot write it: "), "{format}: {said}");
    }
    let mut command = folder.command(&["a", "a=x.npy"]);
    command.stdout(fs::File::options().write(true).open("/dev/full").unwrap());
    let ran = finish(command);
    assert_eq!(ran.status, 1);
    assert!(ran.err.starts_with("error: standard output: cannot write to it: "), "{}", ran.err);
    assert_eq!(fs::metadata("/dev/full").unwrap().len(), 0);
}

#[cfg(unix)]
#[test]
fn who_reads_may_stop() {
    let folder = Folder::new();
    npy::write(folder.path("long.npy"), &Array1::<f64>::zeros(100_000)).unwrap();
    for format in ["csv", "json"] {
        let mut command = folder.command(&["a + 1", "a=long.npy", "-f", format]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 10];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let ran = ran(&child.wait_with_output().unwrap());
        assert_eq!((ran.status, &*ran.err), (0, ""), "{format}");
    }
    let mut child = folder.command(&["--functions"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[cfg(unix)]
#[test]
fn arguments_need_not_be_text() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new();
    let name = OsStr::from_bytes(b"x\xff.npy");
    fs::copy(folder.path("x.npy"), folder.0.path().join(name)).unwrap();
    let of = |prefix: &[u8], rest: &OsStr| OsStr::from_bytes(&[prefix, rest.as_bytes()].concat()).to_os_string();
    let ran = finish(folder.command(&[of(b"sum(a)", OsStr::new("")), of(b"a=", name)]));
    assert_eq!((ran.status, &*ran.out), (0, "16.0\n"), "{}", ran.err);
    let ran = finish(folder.command(&[
        OsStr::new("a*2"),
        OsStr::new("a=x.npy"),
        OsStr::new("-o"),
        OsStr::from_bytes(b"\xfe.npy"),
    ]));
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_eq!(floats(&folder.0.path().join(OsStr::from_bytes(b"\xfe.npy"))), [6.0, 10.0, 16.0]);
    for args in
        [[of(b"a\xff", OsStr::new("")), of(b"a=", name)], [of(b"a", OsStr::new("")), of(b"a=\xff", OsStr::new(""))]]
    {
        let ran = finish(folder.command(&args));
        assert!(ran.status > 0 && !ran.err.contains("panicked"), "{}", ran.err);
    }
}
