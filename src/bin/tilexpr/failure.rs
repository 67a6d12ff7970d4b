//! Why the command ends without a result, and the exit status that says so.

use std::fmt::Display;
use std::io;
use std::path::Path;

use tilexpr::{CompileError, EvalError, EvalErrorKind, FileError, FileErrorKind};

/// Why the command ends.
#[derive(Debug)]
pub enum Failure {
    /// The command is wrong: status 2.
    Usage(String),
    /// A file, the data or the machine does not allow it: status 1.
    Other(String),
    /// Who reads the output has closed it: nothing is to be said, and nothing is wrong.
    Closed,
}

impl Failure {
    /// A wrong command, and what to write.
    pub fn usage(message: impl Display, help: impl Display) -> Failure {
        Failure::Usage(format!("{message}\nhelp: {help}"))
    }

    /// What else does not allow it, and what to do.
    pub fn other(message: impl Display, help: impl Display) -> Failure {
        Failure::Other(format!("{message}\nhelp: {help}"))
    }

    /// What is wrong with a file.
    pub fn of(path: &Path, message: impl Display, help: impl Display) -> Failure {
        Failure::other(format!("{}: {message}", path.display()), help)
    }

    /// What the system said to an attempt to `act` ("read") a file.
    pub fn io(path: &Path, act: &str, error: &io::Error) -> Failure {
        let message = match error.kind() {
            io::ErrorKind::NotFound => "there is no such file".to_string(),
            io::ErrorKind::IsADirectory => "this is a folder".to_string(),
            _ => format!("cannot {act} it: {error}"),
        };
        Failure::Other(format!("{}: {message}", path.display()))
    }

    /// What the system said to printing.
    pub fn printing(error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Closed,
            _ => Failure::Other(format!("standard output: cannot write to it: {error}")),
        }
    }

    /// The status of the process.
    pub fn status(&self) -> u8 {
        match self {
            Failure::Closed => 0,
            Failure::Other(_) => 1,
            Failure::Usage(_) => 2,
        }
    }

    /// What is said.
    pub fn message(&self) -> Option<&str> {
        match self {
            Failure::Usage(message) | Failure::Other(message) => Some(message),
            Failure::Closed => None,
        }
    }
}

impl From<CompileError> for Failure {
    fn from(error: CompileError) -> Failure {
        Failure::Usage(error.to_string().trim_end().into())
    }
}

impl From<EvalError> for Failure {
    /// What is wrong with the text for all data is the command's fault.
    fn from(error: EvalError) -> Failure {
        let message = error.to_string().trim_end().to_string();
        match error.kind() {
            EvalErrorKind::Compile | EvalErrorKind::DuplicateArgument | EvalErrorKind::MissingArgument => {
                Failure::Usage(message)
            }
            _ => Failure::Other(message),
        }
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Failure {
        match (error.kind(), error.eval()) {
            (FileErrorKind::Eval, Some(error)) => error.clone().into(),
            _ => Failure::Other(error.to_string().trim_end().into()),
        }
    }
}
