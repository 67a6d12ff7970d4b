//! NumPy in a Python of its own, which times itself when asked: so its rounds lie between ours.
//!
//! Python is what `TILEXPR_PYTHON` names, else `python3`; without a NumPy there the column stays empty.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::json;

use crate::data::Spec;

/// The process.
pub struct Numpy {
    child: Child,
    requests: ChildStdin,
    replies: BufReader<ChildStdout>,
    /// Its version.
    pub version: String,
}

impl Numpy {
    /// Starts it, if it is there.
    pub fn start() -> Option<Numpy> {
        let python = std::env::var("TILEXPR_PYTHON").unwrap_or_else(|_| "python3".into());
        let version = Command::new(&python).args(["-c", "import numpy; print(numpy.__version__)"]).output().ok()?;
        if !version.status.success() {
            return None;
        }
        let version = String::from_utf8_lossy(&version.stdout).trim().to_string();
        let mut child = Command::new(&python)
            .args(["-c", include_str!("numpy.py")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let (requests, replies) = (child.stdin.take()?, BufReader::new(child.stdout.take()?));
        Some(Numpy { child, requests, replies, version })
    }

    /// Makes arrays and code ready to be timed.
    pub fn prepare(&mut self, arrays: &[Spec], code: &str) {
        let arrays: Vec<_> = arrays.iter().map(Spec::json).collect();
        let reply = self.ask(&json!({ "arrays": arrays, "code": code }));
        assert_eq!(reply, "ready", "NumPy does not run `{code}`");
    }

    /// Nanoseconds of one run, now.
    pub fn sample(&mut self) -> f64 {
        self.ask(&json!({})).parse().expect("NumPy answers with a number")
    }

    fn ask(&mut self, request: &serde_json::Value) -> String {
        writeln!(self.requests, "{request}").expect("Python reads");
        let mut reply = String::new();
        self.replies.read_line(&mut reply).expect("Python writes");
        reply.trim().to_string()
    }
}

impl Drop for Numpy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
