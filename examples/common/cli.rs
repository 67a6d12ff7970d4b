//! Options of the command line, with errors that say what to write instead.

use std::error::Error;
use std::fs::{self, File};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::{Arg, Parser};

/// Why an example ends early.
pub enum Failure {
    /// `--help` was asked for.
    Help,
    /// An option is wrong: the message says which and why.
    Usage(String),
    /// Something else went wrong.
    Other(Box<dyn Error + Send + Sync>),
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::Other(error.into())
    }
}

/// The body of `main`: runs an example and turns its end into an exit code, 2 for wrong options.
pub fn run(help: &str, example: impl FnOnce(&mut Cli) -> Result<(), Failure>) -> ExitCode {
    match example(&mut Cli { parser: Parser::from_env() }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Help) => {
            print!("{help}");
            ExitCode::SUCCESS
        }
        Err(Failure::Usage(message)) => {
            eprintln!("error: {message}\nTry `--help` for the options.");
            ExitCode::from(2)
        }
        Err(Failure::Other(error)) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The options not yet read.
pub struct Cli {
    parser: Parser,
}

impl Cli {
    /// The name of the next option, without its dashes.
    pub fn option(&mut self) -> Result<Option<String>, Failure> {
        match self.parser.next().map_err(usage)? {
            None => Ok(None),
            Some(Arg::Short('h')) => Err(Failure::Help),
            Some(Arg::Long("help")) => Err(Failure::Help),
            Some(Arg::Long(name)) => Ok(Some(name.to_owned())),
            Some(Arg::Short(letter)) => Err(Failure::Usage(format!("there is no option `-{letter}`"))),
            Some(Arg::Value(value)) => {
                Err(Failure::Usage(format!("`{}` belongs to no option", value.to_string_lossy())))
            }
        }
    }

    /// All options of an example that has one number beside the shared ones: that number, by default the `usual` one, or with
    /// `--quick` the other.
    pub fn one_count(
        &mut self,
        own: &str,
        range: RangeInclusive<usize>,
        [usual, quick]: [usize; 2],
    ) -> Result<(usize, Shared), Failure> {
        let (mut number, mut shared) = (None, Shared::new());
        while let Some(name) = self.option()? {
            match name == own {
                true => number = Some(self.count(&name, range.clone())?),
                false => shared.take(&name, self)?,
            }
        }
        Ok((number.unwrap_or(shared.usually(usual, quick)), shared))
    }

    /// The value of an option as text.
    pub fn text(&mut self, name: &str) -> Result<String, Failure> {
        let value = self.parser.value().map_err(|_| Failure::Usage(format!("`--{name}` wants a value")))?;
        value.into_string().map_err(|value| Failure::Usage(format!("`--{name}`: {value:?} is not Unicode text")))
    }

    /// The value of an option as a whole number in a range.
    pub fn count(&mut self, name: &str, range: RangeInclusive<usize>) -> Result<usize, Failure> {
        let text = self.text(name)?;
        let number = text.replace('_', "").parse().ok().filter(|n| range.contains(n));
        number.ok_or_else(|| {
            let (least, most) = range.into_inner();
            Failure::Usage(format!("`--{name}` wants a whole number from {least} to {most}, and got `{text}`"))
        })
    }

    /// The value of an option as a time.
    pub fn seconds(&mut self, name: &str) -> Result<f64, Failure> {
        let text = self.text(name)?;
        let number = text.parse().ok().filter(|s: &f64| s.is_finite() && *s >= 0.0);
        number.ok_or_else(|| Failure::Usage(format!("`--{name}` wants seconds, as in `0.5`, and got `{text}`")))
    }
}

/// The options that every example has.
pub struct Shared {
    /// Threads of the pool.
    pub threads: usize,
    /// Where the table goes as JSON: opened before the work, so that a wrong path is known at once.
    pub json: Option<File>,
    /// The folder for pictures.
    pub out: PathBuf,
    /// About how long each variant may take altogether, if that is given.
    seconds: Option<f64>,
    /// Whether a look is enough: small arrays and short times, done in a few seconds.
    pub quick: bool,
}

impl Shared {
    pub fn new() -> Shared {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Shared { threads, json: None, out: PathBuf::from("target/pictures"), seconds: None, quick: false }
    }

    /// Reads the value of a shared option; any other name is an error.
    pub fn take(&mut self, name: &str, cli: &mut Cli) -> Result<(), Failure> {
        match name {
            "threads" => self.threads = cli.count(name, 1..=1024)?,
            "seconds" => self.seconds = Some(cli.seconds(name)?),
            "out" => self.out = cli.text(name)?.into(),
            "quick" => self.quick = true,
            "json" => {
                let path = cli.text(name)?;
                self.json = Some(File::create(&path).map_err(|e| cannot_write(&path, &e))?);
            }
            _ => return Err(Failure::Usage(format!("there is no option `--{name}`"))),
        }
        Ok(())
    }

    /// This value, or with `--quick` that one: for what the user has not given. To be asked when all options have been read.
    pub fn usually<T>(&self, value: T, quick: T) -> T {
        if self.quick { quick } else { value }
    }

    /// About how long each variant may take altogether.
    pub fn seconds(&self, usual: f64, quick: f64) -> f64 {
        self.seconds.unwrap_or(self.usually(usual, quick))
    }

    /// The path of a picture, in a folder that is there.
    pub fn picture(&self, name: &str) -> Result<PathBuf, Failure> {
        fs::create_dir_all(&self.out).map_err(|e| cannot_write(&self.out.display().to_string(), &e))?;
        Ok(self.out.join(name))
    }

    /// Runs `f` as a worker of a pool of `--threads` threads. Rayon's parallel iterators, and expressions that are not
    /// told otherwise, stay in the pool of the worker that calls them.
    pub fn in_pool<R: Send>(&self, f: impl FnOnce() -> R + Send) -> Result<R, Failure> {
        Ok(rayon::ThreadPoolBuilder::new().num_threads(self.threads).build()?.install(f))
    }
}

/// An error where more memory is needed than there is, as far as the system tells.
pub fn check_memory(bytes: u64, option: &str) -> Result<(), Failure> {
    let available = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
    });
    match available {
        Some(available) if available < bytes => {
            let gb = |bytes: u64| bytes as f64 / 1e9;
            let (needed, available) = (gb(bytes), gb(available));
            let message = format!("this needs about {needed:.1} GB of memory, and {available:.1} GB are free");
            Err(Failure::Usage(format!("{message}: choose a smaller `{option}`")))
        }
        _ => Ok(()),
    }
}

fn usage(error: lexopt::Error) -> Failure {
    Failure::Usage(error.to_string())
}

fn cannot_write(path: &str, error: &std::io::Error) -> Failure {
    Failure::Usage(format!("cannot write `{path}`: {error}"))
}
