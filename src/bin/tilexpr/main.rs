//! The command `tilexpr`: array expressions over files.
//!
//! | file                          | what                                                          |
//! |-------------------------------|---------------------------------------------------------------|
//! | `options`, `input`            | what the command line says                                    |
//! | `load`, `csv`, `names`        | what the names of the text stand for                          |
//! | `run`, `limit`, `progress`    | the expression over them: whole in memory, or in pieces       |
//! | `output`, `show`, `cell`      | where results go, and how they look                           |
//! | `functions`                   | the list of functions                                         |
//! | `failure`                     | why there is no result, and the exit status                   |

mod cell;
mod csv;
mod failure;
mod functions;
mod input;
mod limit;
mod load;
mod names;
mod options;
mod output;
mod progress;
mod run;
mod show;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::failure::Failure;
use crate::options::Options;

fn main() -> ExitCode {
    #[cfg(feature = "parquet")]
    hush();
    let options = Options::parse();
    let done = match &options.text {
        _ if options.functions => list(),
        Some(text) => run::run(&options, text),
        // The parser asks for one.
        None => Ok(()),
    };
    let Err(failure) = done else { return ExitCode::SUCCESS };
    if let Some(message) = failure.message() {
        say("error", message);
    }
    ExitCode::from(failure.status())
}

/// Says nothing of panics in the reader of Parquet files: on damaged ones it has some, which the library catches and makes errors of.
#[cfg(feature = "parquet")]
fn hush() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panic.location().is_some_and(|place| place.file().contains("/parquet-")) {
            usual(panic);
        }
    }));
}

fn list() -> Result<(), Failure> {
    let mut list = Vec::new();
    functions::write(&mut list)?;
    io::stdout().lock().write_all(list.trim_ascii_start()).map_err(|error| Failure::printing(&error))
}

/// Tells what is no error.
fn note(message: &str) {
    say("note", message);
}

/// Writes to standard error; where that is closed, nobody wants to know.
fn say(what: &str, message: &str) {
    let _ = writeln!(io::stderr().lock(), "{what}: {message}");
}
