//! Runs in processes of their own: with little memory, with a full disk, killed in the middle.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};

use tilexpr::{Expr, FileErrorKind, npy};

use super::common::setting;
use super::{Folder, dictionary, npy as file};

/// What this process is to do, as a child of another test.
#[test]
#[ignore = "a part of the other tests, which start it"]
fn child() {
    let Ok(what) = std::env::var("TILEXPR_CHILD") else { return };
    let folder = std::env::var("TILEXPR_FOLDER").unwrap();
    let path = |name: &str| Path::new(&folder).join(name);
    let stream = |text: &str| {
        let e = Expr::compile(text).unwrap();
        e.stream().file("a", path("a.npy")).file("b", path("b.npy")).memory_limit(8 << 20)
    };
    match &*what {
        "sum" => {
            let (sum, greatest): (f64, f64) = stream("sum((a - b)**2), max(a)").run().unwrap();
            assert_eq!((sum, greatest), (25.0, 3.0));
            // Neither file fits.
            assert_eq!(npy::read(path("a.npy")).unwrap_err().kind(), FileErrorKind::Memory);
        }
        "write" => {
            let error = stream("a + b").output(path("z.npy")).run::<()>().unwrap_err();
            assert_eq!((error.kind(), error.path()), (FileErrorKind::Io, Some(&*path("z.npy"))));
            assert!(error.to_string().contains("there is no room to write it: "), "{error}");
            let error = npy::write(path("z.npy"), &vec![0.0; 1 << 20]).unwrap_err();
            assert!(error.to_string().contains("there is no room to write it: "), "{error}");
        }
        "wait" => {
            let wait = |done, _| {
                if done > 0 {
                    println!("begun");
                    std::thread::sleep(std::time::Duration::from_secs(100));
                }
                ControlFlow::Continue(())
            };
            stream("a + b").output(path("z.npy")).on_progress(wait).run::<()>().unwrap();
        }
        other => panic!("{other} is nothing to do"),
    }
    println!("done");
}

/// A process that does this, started by a shell that does that before.
fn start(what: &str, before: &str, folder: &Folder) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{before} exec \"$@\""), "sh"]).arg(std::env::current_exe().unwrap());
    command.args(["--exact", "process::child", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env("TILEXPR_CHILD", what).env("TILEXPR_FOLDER", folder.path("")).env("RAYON_NUM_THREADS", "2");
    command
}

/// A file of so many numbers, all 0 but the last, that takes no room on the disk.
fn sparse(folder: &Folder, name: &str, n: usize, last: f64) {
    let path = folder.put(name, file(&dictionary("<f8", false, &format!("({n},)")), &[]));
    let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    let end = file.seek(SeekFrom::End(0)).unwrap() + 8 * n as u64;
    file.set_len(end).unwrap();
    file.seek(SeekFrom::End(-8)).unwrap();
    file.write_all(&last.to_le_bytes()).unwrap();
}

/// Files of twice the memory that the process may have, program and all. `TILEXPR_LARGE=N` makes that N megabytes.
#[test]
fn files_of_twice_the_memory() {
    let (folder, megabytes) = (Folder::new(), setting("TILEXPR_LARGE", 300) as usize);
    let n = megabytes * (1 << 20) / 8;
    sparse(&folder, "a.npy", n, 3.0);
    sparse(&folder, "b.npy", n, -2.0);
    let before = format!("ulimit -v {};", megabytes << 10);
    let output = start("sum", &before, &folder).env("MALLOC_ARENA_MAX", "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("done"), "{text}");
}

#[test]
fn a_full_disk() {
    let folder = Folder::new();
    sparse(&folder, "a.npy", 1 << 20, 3.0);
    sparse(&folder, "b.npy", 1 << 20, 3.0);
    for old in [false, true] {
        if old {
            folder.put("z.npy", "old");
        }
        // No file of more than a megabyte; to try is an error and no signal.
        let output = start("write", "trap '' XFSZ; ulimit -f 1024;", &folder).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("done"), "{text}");
        assert_eq!(folder.names(), if old { vec!["a.npy", "b.npy", "z.npy"] } else { vec!["a.npy", "b.npy"] });
    }
    assert_eq!(std::fs::read(folder.path("z.npy")).unwrap(), b"old");
}

#[test]
fn killed_in_the_middle() {
    let folder = Folder::new();
    sparse(&folder, "a.npy", 1 << 18, 3.0);
    sparse(&folder, "b.npy", 1 << 18, 3.0);
    for old in [false, true] {
        if old {
            folder.put("z.npy", "old");
        }
        let mut child = start("wait", "", &folder).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.ends_with("begun")));
        child.kill().unwrap();
        child.wait().unwrap();
        let left = folder.names().into_iter().filter(|name| !name.starts_with(".tilexpr-"));
        let expected: &[&str] = if old { &["a.npy", "b.npy", "z.npy"] } else { &["a.npy", "b.npy"] };
        assert_eq!(left.collect::<Vec<_>>(), expected);
    }
    assert_eq!(std::fs::read(folder.path("z.npy")).unwrap(), b"old");
}
