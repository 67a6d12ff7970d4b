//! The command `tilexpr`, run as a user runs it: results, and each way in which it may not give any.

mod options;
#[cfg(feature = "parquet")]
mod parquet_files;
mod refused;
mod results;

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

/// The blocks of `docs/command-line.md`: what is printed there is what is printed.
#[cfg(unix)]
#[test]
fn the_page_is_true() {
    const PAGE: &str = include_str!("../../docs/command-line.md");
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
