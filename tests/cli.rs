//! The command `tilexpr`, run as a user runs it: results, and each way in which it may not give any.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use ndarray::{Array1, Array2, array};
use tempfile::TempDir;
use tilexpr::npy;

/// What a run said, and its status.
#[derive(PartialEq, Debug)]
struct Ran {
    status: i32,
    out: String,
    err: String,
}

/// A folder of a test's own, in which commands run.
struct Folder(TempDir);

impl Folder {
    /// With `x.npy`, `y.npy`, a table `m.npy`, and `trades.csv`.
    fn new() -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        npy::write(folder.path("x.npy"), &[3.0, 5.0, 8.0]).unwrap();
        npy::write(folder.path("y.npy"), &[4.0, 12.0, 15.0]).unwrap();
        npy::write(folder.path("m.npy"), &array![[1_i32, 2, 3], [4, 5, 6]]).unwrap();
        folder.write("trades.csv", "price,volume,open\n1.5,100,true\n2.0,300,false\n4,50,true\n");
        folder
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    fn command(&self, args: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tilexpr"));
        command.args(args).current_dir(self.0.path()).stdin(Stdio::null()).env_remove("TILEXPR_EXECUTOR");
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        finish(self.command(args))
    }

    fn with_input(&self, args: &[&str], input: &[u8]) -> Ran {
        let mut child = self.command(args);
        let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // It may end without having read all.
        let _ = child.stdin.take().unwrap().write_all(input);
        ran(&child.wait_with_output().unwrap())
    }

    /// What is printed by a command that does what it should.
    fn prints(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!((ran.status, &*ran.err), (0, ""), "{args:?}");
        ran.out
    }

    /// The status of a command that does not, and what it says; it prints nothing else.
    fn fails(&self, args: &[&str]) -> (i32, String) {
        let ran = self.run(args);
        assert_eq!(ran.out, "", "{args:?}");
        assert!(!ran.err.contains("panicked"), "{args:?}: {}", ran.err);
        (ran.status, ran.err)
    }

    /// The files that there are.
    fn files(&self) -> Vec<String> {
        let mut all: Vec<String> = fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        all.sort();
        all
    }
}

fn finish(mut command: Command) -> Ran {
    ran(&command.output().unwrap())
}

fn ran(output: &std::process::Output) -> Ran {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { status: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

fn error(message: &str) -> String {
    format!("error: {message}\n")
}

fn floats(path: &Path) -> Vec<f64> {
    npy::read(path).unwrap().into_vec().unwrap()
}

#[test]
fn files_in_and_a_file_out() {
    let folder = Folder::new();
    assert_eq!(folder.prints(&["sqrt(a**2 + b**2)", "a=x.npy", "b=y.npy", "-o", "z.npy"]), "");
    assert_eq!(floats(&folder.path("z.npy")), [5.0, 13.0, 17.0]);
    // An output may be an input; options stand anywhere.
    assert_eq!(folder.prints(&["-o", "x.npy", "a*2", "a=x.npy"]), "");
    assert_eq!(floats(&folder.path("x.npy")), [6.0, 10.0, 16.0]);
    assert_eq!(folder.files(), ["m.npy", "trades.csv", "x.npy", "y.npy", "z.npy"]);
}

#[test]
fn results_are_printed() {
    let folder = Folder::new();
    for (text, printed) in [
        ("sum(a)", "16.0\n"),
        ("a > 4", "bool (3,)\n[False  True  True]\n"),
        ("a/3", "f64 (3,)\n[1.         1.66666667 2.66666667]\n"),
        ("f32(a), argmax(a)", "f32 (3,)\n[3. 5. 8.]\n2\n"),
        ("-a", "f64 (3,)\n[-3. -5. -8.]\n"),
        ("a + 1j", "c128 (3,)\n[3.+1.j 5.+1.j 8.+1.j]\n"),
    ] {
        assert_eq!(folder.prints(&[text, "a=x.npy"]), printed, "{text}");
    }
    assert_eq!(
        folder.prints(&["sum(m, axis=0), m", "m=m.npy"]),
        "i64 (3,)\n[5 7 9]\ni32 (2, 3)\n[[1 2 3]\n [4 5 6]]\n"
    );
    assert_eq!(folder.prints(&["2**0.5"]), "1.4142135623730951\n");
}

#[test]
fn several_results_go_to_several_files() {
    let folder = Folder::new();
    folder.prints(&["m = mean(a); a - m, m", "a=y.npy", "-o", "centred.npy", "-o", "mean.npy"]);
    assert_eq!(floats(&folder.path("mean.npy")), [31.0 / 3.0]);
    assert_eq!(floats(&folder.path("centred.npy"))[0], 4.0 - 31.0 / 3.0);
    let (status, said) = folder.fails(&["a, a*2", "a=x.npy", "-o", "z.npy"]);
    assert_eq!(status, 2);
    assert_eq!(
        said,
        error(
            "the text has 2 results, and 1 output is given\nhelp: pass `-o FILE` once for each result, in their order; or not at all, and all are printed"
        )
    );
    assert!(!folder.path("z.npy").exists());
    assert_eq!(folder.fails(&["a, a*2", "a=x.npy", "-o", "z.npy", "-o", "z.npy"]).0, 2);
}

#[test]
fn columns_by_name() {
    let folder = Folder::new();
    assert_eq!(folder.prints(&["sum(price*volume)", "trades.csv"]), "950.0\n");
    assert_eq!(folder.prints(&["sum(p*open)", "trades.csv", "p=trades.csv:price"]), "5.5\n");
    assert_eq!(folder.prints(&["volume*2", "./trades.csv"]), "i64 (3,)\n[200 600 100]\n");
    assert_eq!(folder.prints(&["price/max(price)", "trades.csv", "-o", "share.csv"]), "");
    assert_eq!(fs::read_to_string(folder.path("share.csv")).unwrap(), "result\n0.375\n0.5\n1.0\n");
    // Arrays of both kinds, and a file with a single column.
    assert_eq!(folder.prints(&["sum(a*price), sum(s*a)", "trades.csv", "a=x.npy", "s=share.csv"]), "46.5\n11.625\n");
    folder.write("t.tsv", "a\tb c\n1\t2\n");
    assert_eq!(folder.prints(&["x*10", "x=t.tsv:b c"]), "i64 (1,)\n[20]\n");
}

#[test]
fn numbers_are_as_in_the_text() {
    let folder = Folder::new();
    npy::write(folder.path("f.npy"), &[0.5_f32, 1.0]).unwrap();
    npy::write(folder.path("u.npy"), &[1_u8, 2]).unwrap();
    for (text, inputs, printed) in [
        ("a*k", &["a=f.npy", "k=2.5"][..], "f32 (2,)\n[1.25 2.5 ]\n"),
        ("a + k", &["a=u.npy", "k=200"], "u8 (2,)\n[201 202]\n"),
        ("k", &["k=9223372036854775807"], "9223372036854775807\n"),
        ("k", &["k=18446744073709551615"], "18446744073709551615\n"),
        ("k", &["k=-1/4"], "-0.25\n"),
        ("k", &["k=0x10"], "16\n"),
        ("k*2", &["k=pi/2"], "3.141592653589793\n"),
        ("a*k", &["a=f.npy", "k=f64(2)"], "f32 (2,)\n[1. 2.]\n"),
        ("k", &["k=True"], "True\n"),
        ("k", &["k=1 + 2j"], "(1.0+2.0j)\n"),
        ("e + 1", &["e=2"], "3\n"),
    ] {
        let args: Vec<&str> = std::iter::once(text).chain(inputs.iter().copied()).collect();
        assert_eq!(folder.prints(&args), printed, "{args:?}");
    }
    let (status, said) = folder.fails(&["a + k", "a=u.npy", "k=300"]);
    assert!(status == 1 && said.contains("300"), "{said}");
}

#[test]
fn formats() {
    let folder = Folder::new();
    assert_eq!(
        folder.prints(&["m*2, sum(m)", "m=m.npy", "--format", "json"]),
        "{\"dtype\": \"i32\", \"shape\": [2, 3], \"values\": [[2, 4, 6], [8, 10, 12]]}\n{\"dtype\": \"i64\", \"shape\": [], \"values\": 21}\n"
    );
    assert_eq!(
        folder.prints(&["a, a > 4", "a=x.npy", "-f", "csv"]),
        "result1,result2\n3.0,false\n5.0,true\n8.0,true\n"
    );
    let bytes = folder.command(&["a*2", "a=x.npy", "-f", "npy"]).output().unwrap().stdout;
    folder.write("piped.npy", bytes);
    assert_eq!(floats(&folder.path("piped.npy")), [6.0, 10.0, 16.0]);
    let (status, said) = folder.fails(&["m", "m=m.npy", "-f", "csv"]);
    assert!(status == 1 && said.contains("a result has the shape (2, 3), and a table has columns"), "{said}");
    let (status, said) = folder.fails(&["m", "m=m.npy", "-o", "m.xlsx"]);
    assert!(status == 2 && said.contains("`m.xlsx` does not say in which format to write"), "{said}");
}

#[test]
fn standard_input() {
    let folder = Folder::new();
    let table = b"a,b\n1,2\n3,4\n";
    assert_eq!(folder.with_input(&["sum(a*b)", "-"], table).out, "14\n");
    assert_eq!(folder.with_input(&["sum(x)", "x=-:b"], table).out, "6\n");
    let array = fs::read(folder.path("x.npy")).unwrap();
    assert_eq!(folder.with_input(&["sum(a)", "a=-"], &array).out, "16.0\n");
    let broken = folder.with_input(&["sum(a)", "a=-"], &array[..140]);
    assert_eq!(broken.status, 1);
    assert!(broken.err.starts_with("error: standard input: "), "{}", broken.err);
    let ran = folder.with_input(&["sum(a)", "-"], b"a\n1\n,\n");
    assert_eq!((ran.status, &*ran.out), (1, ""));
    assert!(ran.err.starts_with("error: standard input: line 3 has 2 cells, not 1"), "{}", ran.err);
}

#[cfg(unix)]
#[test]
fn pipes_have_names_too() {
    let folder = Folder::new();
    let mut shell = Command::new("sh");
    // As `<(...)` of other shells.
    let line =
        format!("cat trades.csv | {} 'sum(price), sum(p)' /dev/fd/0 p=/dev/fd/0:price", env!("CARGO_BIN_EXE_tilexpr"));
    shell.arg("-c").arg(line).current_dir(folder.0.path());
    let ran = finish(shell);
    assert_eq!((ran.status, &*ran.out), (0, "7.5\n7.5\n"), "{}", ran.err);
    // The target of a link is replaced, with its permissions.
    use std::os::unix::fs::{PermissionsExt, symlink};
    folder.write("real.csv", "old");
    fs::set_permissions(folder.path("real.csv"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.csv", folder.path("link.csv")).unwrap();
    folder.prints(&["a*2", "a=x.npy", "-o", "link.csv"]);
    assert_eq!(fs::read_to_string(folder.path("real.csv")).unwrap(), "result\n6.0\n10.0\n16.0\n");
    assert_eq!(fs::metadata(folder.path("real.csv")).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn names_are_compared_in_one_form() {
    let folder = Folder::new();
    folder.write("t.csv", "\u{b5}\n2\n");
    assert_eq!(folder.prints(&["\u{3bc}*3", "t.csv"]), "i64 (1,)\n[6]\n");
    assert_eq!(folder.prints(&["\u{3bc}*3", "\u{b5}=2"]), "6\n");
}

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

/// The blocks of `docs/command-line.md`: what is printed there is what is printed.
#[cfg(unix)]
#[test]
fn the_page_is_true() {
    const PAGE: &str = include_str!("../docs/command-line.md");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("trades.csv"), "price,volume,open\n1.5,100,true\n2.0,300,false\n4.0,50,true\n")
        .unwrap();
    let here = Path::new(env!("CARGO_BIN_EXE_tilexpr")).parent().unwrap();
    let path = format!("{}:{}", here.display(), std::env::var("PATH").unwrap());
    let blocks = PAGE.split("```console\n").skip(1).map(|block| block.split("```").next().unwrap());
    let mut commands = 0;
    for step in blocks.flat_map(|block| block.split("$ ").skip(1)) {
        let (command, expected) = step.split_once('\n').unwrap();
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("{{ {command}; }} 2>&1")).env("PATH", &path).current_dir(folder.path());
        assert_eq!(finish(shell).out, expected, "{command}");
        commands += 1;
    }
    assert!(commands > 15);
}

#[cfg(feature = "parquet")]
mod parquet_files {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;

    use super::*;

    fn with_trades() -> Folder {
        let folder = Folder::new();
        let columns: [(&str, ArrayRef); 4] = [
            ("price", Arc::new(Float64Array::from(vec![1.5, 2.0, 4.0]))),
            ("volume", Arc::new(Int32Array::from(vec![100, 300, 50]))),
            ("city", Arc::new(StringArray::from(vec!["a", "b", "c"]))),
            ("gaps", Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut writer =
            ArrowWriter::try_new(fs::File::create(folder.path("trades.parquet")).unwrap(), batch.schema(), None)
                .unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        folder
    }

    #[test]
    fn columns_by_name() {
        let folder = with_trades();
        assert_eq!(folder.prints(&["sum(price*volume)", "trades.parquet"]), "950.0\n");
        assert_eq!(folder.prints(&["v*2", "v=trades.parquet:volume"]), "i32 (3,)\n[200 600 100]\n");
        assert_eq!(folder.prints(&["sum(v - volume)", "v=trades.csv:volume", "trades.parquet"]), "0\n");
        folder.prints(&["price*a", "trades.parquet", "a=x.npy", "-o", "z.npy"]);
        assert_eq!(floats(&folder.path("z.npy")), [4.5, 10.0, 32.0]);
    }

    #[test]
    fn what_is_refused() {
        let folder = with_trades();
        for (text, said) in [
            ("sum(gaps)", "trades.parquet: column `gaps` has 1 null in 3 rows\nhelp: fill them"),
            ("city", "trades.parquet: column `city` is of type Utf8"),
            (
                "prise",
                "trades.parquet has no column `prise`, and nothing else is given for it\nhelp: did you mean `price`?",
            ),
        ] {
            let found = folder.fails(&[text, "trades.parquet"]).1;
            assert!(found.starts_with(&format!("error: {said}")), "{found}");
        }
        let (status, said) = folder.fails(&["price", "trades.parquet", "-m", "20"]);
        assert!(status == 1 && said.contains("trades.parquet takes 24 bytes of memory"), "{said}");
        folder.write("bad.parquet", &fs::read(folder.path("trades.parquet")).unwrap()[..300]);
        let (status, said) = folder.fails(&["price", "bad.parquet"]);
        assert!(
            status == 1 && said.starts_with("error: bad.parquet: this is no Parquet file that can be read"),
            "{said}"
        );
    }
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_build_without_parquet_says_so() {
    let folder = Folder::new();
    let said = folder.fails(&["price", "none.parquet"]).1;
    assert!(
        said.starts_with("error: none.parquet: this build of the command does not read .parquet files\nhelp: build it"),
        "{said}"
    );
}
