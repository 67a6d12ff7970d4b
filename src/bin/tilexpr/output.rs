//! Where results go: files, or standard output.
//!
//! Always holds: a file is there with all of its contents or not at all; what was under its name before stays until then.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use tilexpr::{AnyArray, npy};

use crate::failure::Failure;
use crate::input::Kind;
use crate::options::{Format, Options};
use crate::show;

/// A file for a result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    pub path: PathBuf,
    pub format: Format,
}

impl Output {
    /// What the options say, before anything is computed.
    pub fn all(options: &Options) -> Result<Vec<Output>, Failure> {
        let mut all: Vec<Output> = Vec::with_capacity(options.output.len());
        for path in &options.output {
            let format = match (Kind::of(path), options.format) {
                (Some(Kind::Npy), _) => Format::Npy,
                (Some(Kind::Csv { delimiter: b',' }), _) => Format::Csv,
                (None, format @ (Format::Npy | Format::Csv | Format::Json)) => format,
                _ => {
                    let message = format!("`{}` does not say in which format to write", path.display());
                    return Err(Failure::usage(message, "end the name in .npy or .csv, or pass `--format`"));
                }
            };
            if all.iter().any(|other| other.path == *path) {
                let message = format!("two results are to go to `{}`", path.display());
                return Err(Failure::usage(message, "name a file for each"));
            }
            check(path)?;
            all.push(Output { path: path.clone(), format });
        }
        Ok(all)
    }

    /// Writes a result.
    pub fn write(&self, array: AnyArray) -> Result<(), Failure> {
        // A device or a pipe is written to as it is.
        let special = fs::metadata(&self.path).is_ok_and(|metadata| !metadata.is_file());
        if self.format == Format::Npy && !special {
            return Ok(npy::write(&self.path, &array)?);
        }
        let failed = |error: io::Error| Failure::io(&self.path, "write", &error);
        if special {
            let file = File::options().write(true).open(&self.path).map_err(failed)?;
            return self.fill(array, file).map(drop);
        }
        // What a link leads to is replaced, not the link.
        let path = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let mut builder = tempfile::Builder::new();
        builder.prefix(".tilexpr-").suffix(".part");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let target = builder.tempfile_in(folder(&path)).map_err(failed)?;
        if let Ok(metadata) = fs::metadata(&path) {
            // Where it cannot have those of the file that it replaces, it has those of a new one.
            let _ = target.as_file().set_permissions(metadata.permissions());
        }
        let target = self.fill(array, target)?;
        target.as_file().sync_all().map_err(failed)?;
        target.persist(&path).map(drop).map_err(|error| failed(error.error))
    }

    fn fill<W: Write>(&self, array: AnyArray, file: W) -> Result<W, Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::Other(format!("{}: cannot write it: {error}", self.path.display()))
        };
        let mut out = BufWriter::with_capacity(1 << 16, file);
        put(&mut out, vec![array], self.format).map_err(|failure| match failure {
            // Said of standard output; here it is this file.
            Failure::Other(message) if message.starts_with("standard output") => {
                failed(&message.rsplit(": ").next().unwrap_or_default())
            }
            Failure::Closed => failed(&"who reads it has closed it"),
            other => other,
        })?;
        out.into_inner().map_err(|error| failed(error.error()))
    }
}

/// Looks whether a file can be put there, as far as that is known before.
fn check(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        return Err(Failure::of(path, "this is a folder", "name a file in it"));
    }
    if !folder(path).is_dir() {
        let message = format!("there is no folder `{}`", folder(path).display());
        return Err(Failure::of(path, message, "make it, or write elsewhere"));
    }
    Ok(())
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Prints results on standard output.
pub fn print(results: Vec<AnyArray>, format: Format) -> Result<(), Failure> {
    let stdout = io::stdout().lock();
    if format == Format::Npy && stdout.is_terminal() {
        return Err(Failure::usage("a terminal does not show .npy files", "pass `-o FILE`, or pipe it on"));
    }
    let mut out = BufWriter::with_capacity(1 << 16, stdout);
    put(&mut out, results, format)?;
    out.flush().map_err(|error| Failure::printing(&error))
}

/// Prints text on standard output.
pub fn print_text(text: &str) -> Result<(), Failure> {
    writeln!(io::stdout().lock(), "{text}").map_err(|error| Failure::printing(&error))
}

fn put(out: &mut impl Write, results: Vec<AnyArray>, format: Format) -> Result<(), Failure> {
    match format {
        Format::Csv => show::csv(out, results),
        Format::Text => results.into_iter().try_for_each(|array| show::text(out, array)),
        Format::Json => results.into_iter().try_for_each(|array| show::json(out, array)),
        Format::Npy => results.into_iter().try_for_each(|array| bytes(out, &array)),
    }
}

/// The bytes of a `.npy` file.
fn bytes(out: &mut impl Write, array: &AnyArray) -> Result<(), Failure> {
    let file = NamedTempFile::new()?;
    npy::write(file.path(), array)?;
    io::copy(&mut File::open(file.path())?, out)?;
    Ok(())
}
