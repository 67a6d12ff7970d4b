//! Files, columns, numbers and pipes in; what is printed and written.

use super::*;

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
