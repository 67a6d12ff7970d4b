//! What the names of a text stand for: the columns and files that they need, and no others.
//!
//! Comes in: the names, and the inputs of the command line. Goes out: for each name a number, a column in memory, or the path of a `.npy`
//! file that has not been read. Always holds: each file of columns is gone through once; no name has two meanings.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use tilexpr::{AnyArray, Arg};

use crate::csv::{self, Csv};
use crate::failure::Failure;
use crate::input::{self, Input, Kind, Source, Value};
use crate::names;
use crate::progress;

/// Files of fewer bytes are read before a bar would be seen.
const WORTH_A_BAR: u64 = 64 << 20;

/// What a name stands for.
pub enum Data {
    Number(AnyArray),
    Csv(csv::Column),
    #[cfg(feature = "parquet")]
    Arrow(tilexpr::Column),
    /// A `.npy` file.
    File(PathBuf),
}

impl Data {
    /// As an argument, if it is in memory.
    pub fn arg(&self) -> Option<Arg<'_>> {
        match self {
            Data::Number(number) => Some(input::number_arg(number)),
            Data::Csv(column) => Some(column.arg()),
            #[cfg(feature = "parquet")]
            Data::Arrow(column) => Some(Arg::new(column)),
            Data::File(_) => None,
        }
    }
}

/// Where the data of a name is.
enum Origin {
    Number(AnyArray),
    Npy(PathBuf),
    /// A column, by the number of its file and its name there.
    Column(usize, String),
}

/// A file with columns.
struct Table {
    path: PathBuf,
    kind: Kind,
    names: Vec<String>,
    /// Whether its columns are names of the text.
    open: bool,
}

/// All inputs, and copies of those that can be read but once.
pub struct Inputs {
    tables: Vec<Table>,
    spooled: RefCell<Vec<(Source, NamedTempFile)>>,
    limit: Option<usize>,
    quiet: bool,
}

impl Inputs {
    /// Inputs whose columns may take so many bytes; where it is not quiet, notes and a bar are shown.
    pub fn new(limit: Option<usize>, quiet: bool) -> Inputs {
        Inputs { tables: Vec::new(), spooled: RefCell::default(), limit, quiet }
    }

    /// The data of each name. `constants` are names that have a meaning already.
    pub fn load(
        &mut self,
        names: &[String],
        constants: &[String],
        inputs: Vec<Input>,
    ) -> Result<Vec<(String, Data)>, Failure> {
        let mut named: Vec<(String, Value)> = Vec::new();
        for input in inputs {
            match input {
                Input::Named(name, value) => named.push((name, value)),
                Input::Table(source) => {
                    self.table(&source, true)?;
                }
            }
        }
        let mut origins: Vec<(String, Origin)> = Vec::with_capacity(names.len());
        let mut missing = Vec::new();
        for name in names {
            let given = named.iter().position(|(given, _)| *given == *name).map(|at| named.swap_remove(at));
            match given {
                Some((_, value)) => origins.push((name.clone(), self.given(name, value)?)),
                None => match self.column(name)? {
                    Some(origin) => origins.push((name.clone(), origin)),
                    None => missing.push(name.as_str()),
                },
            }
        }
        if !missing.is_empty() {
            return Err(self.missing(&missing));
        }
        for (name, _) in named.iter().filter(|_| !self.quiet) {
            crate::note(&format!("the text has no `{name}`"));
        }
        for constant in constants {
            if let Some(Origin::Column(at, _)) = self.column(constant)? {
                let path = self.tables[at].path.display();
                let message = format!("`{constant}` is a constant, and a column of {path}");
                let help = format!(
                    "write `{constant}={path}:{constant}` for the column, `np.{constant}` in the text for the constant"
                );
                return Err(Failure::usage(message, help));
            }
        }
        self.read(origins)
    }

    /// What was given to a name on the command line.
    fn given(&mut self, name: &str, value: Value) -> Result<Origin, Failure> {
        match value {
            Value::Number(number) => Ok(Origin::Number(number)),
            Value::Column(source, column) => {
                let at = self.table(&source, false)?;
                names::find(&column, &self.tables[at].names, &self.tables[at].path)?;
                Ok(Origin::Column(at, column))
            }
            Value::Array(source) => {
                let path = self.path(&source)?;
                if kind(&path, &source)? == Kind::Npy {
                    return Ok(Origin::Npy(path));
                }
                let at = self.table(&source, false)?;
                match self.tables[at].names.as_slice() {
                    [only] => Ok(Origin::Column(at, only.clone())),
                    several => {
                        let message = format!("{} has {} columns", source.shown(), several.len());
                        let help = format!(
                            "say which: `{name}={}:{}`",
                            source.shown(),
                            several.first().map_or("", |name| name)
                        );
                        Err(Failure::usage(message, help))
                    }
                }
            }
        }
    }

    /// Where the column of this name is, if a file has it.
    fn column(&self, name: &str) -> Result<Option<Origin>, Failure> {
        let mut found = None;
        for (at, table) in self.tables.iter().enumerate().filter(|(_, table)| table.open) {
            if names::positions(name, &table.names).next().is_none() {
                continue;
            }
            names::find(name, &table.names, &table.path)?;
            if let Some(Origin::Column(other, _)) = found {
                let other: &Table = &self.tables[other];
                let (path, other) = (table.path.display(), other.path.display());
                let message = format!("{other} and {path} both have a column `{name}`");
                return Err(Failure::usage(message, format!("say which: `{name}={other}:{name}`")));
            }
            found = Some(Origin::Column(at, name.into()));
        }
        Ok(found)
    }

    /// The error of names that stand for nothing.
    fn missing(&self, missing: &[&str]) -> Failure {
        let list = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let open: Vec<&Table> = self.tables.iter().filter(|table| table.open).collect();
        match (open.as_slice(), missing) {
            ([table], [name]) => {
                let message =
                    format!("{} has no column `{name}`, and nothing else is given for it", table.path.display());
                Failure::usage(message, names::suggest(name, &table.names))
            }
            (_, [name]) => Failure::usage(format!("nothing is given for `{name}`"), input::help(name)),
            (_, several) => {
                let inputs: Vec<String> = several.iter().map(|name| format!("{name}=FILE")).collect();
                let help = format!("write `{}`; FILE may be a number, or FILE:COLUMN", inputs.join(" "));
                Failure::usage(format!("nothing is given for {}", list(several)), help)
            }
        }
    }

    /// The number of a file with columns, of which the names are read when it is first asked for.
    fn table(&mut self, source: &Source, open: bool) -> Result<usize, Failure> {
        let path = self.path(source)?;
        if let Some(at) = self.tables.iter().position(|table| table.path == path) {
            self.tables[at].open |= open;
            return Ok(at);
        }
        let kind = kind(&path, source)?;
        let names = match kind {
            Kind::Npy => {
                let shown = source.shown();
                let message = format!("{shown} has one array, without a name");
                return Err(Failure::usage(
                    message,
                    format!("say which it is: `a={}`", if shown.contains(' ') { "-" } else { &shown }),
                ));
            }
            Kind::Csv { delimiter } => Csv { delimiter, path: &path, limit: None }.names(open_file(&path)?)?,
            Kind::Parquet => parquet_names(&path)?,
        };
        self.tables.push(Table { path, kind, names, open });
        Ok(self.tables.len() - 1)
    }

    /// The path of a source. What comes from standard input or a pipe is put into a file first, for it is read more than once.
    fn path(&self, source: &Source) -> Result<PathBuf, Failure> {
        if let Source::File(path) = source
            && fs::metadata(path).map_or(true, |metadata| metadata.is_file() || metadata.is_dir())
        {
            return Ok(path.clone());
        }
        let mut spooled = self.spooled.borrow_mut();
        if let Some((_, file)) = spooled.iter().find(|(other, _)| other == source) {
            return Ok(file.path().into());
        }
        let failed = |error: io::Error| Failure::Other(format!("{}: cannot read it: {error}", source.shown()));
        let mut file = NamedTempFile::new().map_err(failed)?;
        match source {
            Source::Stdin => io::copy(&mut io::stdin().lock(), &mut file),
            Source::File(path) => File::open(path).and_then(|mut from| io::copy(&mut from, &mut file)),
        }
        .map_err(failed)?;
        let path = file.path().into();
        spooled.push((source.clone(), file));
        Ok(path)
    }

    /// Reads what is needed.
    fn read(&self, origins: Vec<(String, Origin)>) -> Result<Vec<(String, Data)>, Failure> {
        let mut columns: Vec<Vec<Data>> = Vec::with_capacity(self.tables.len());
        for (at, table) in self.tables.iter().enumerate() {
            let wanted = origins.iter().filter_map(|(_, origin)| match origin {
                Origin::Column(of, name) if *of == at => Some(name.clone()),
                _ => None,
            });
            let wanted: Vec<String> = wanted.collect();
            let mut read = if wanted.is_empty() { Vec::new() } else { self.columns(table, &wanted)? };
            read.reverse();
            columns.push(read);
        }
        let data = origins.into_iter().filter_map(|(name, origin)| {
            let data = match origin {
                Origin::Number(number) => Data::Number(number),
                Origin::Npy(path) => Data::File(path),
                Origin::Column(at, _) => columns.get_mut(at)?.pop()?,
            };
            Some((name, data))
        });
        Ok(data.collect())
    }

    fn columns(&self, table: &Table, wanted: &[String]) -> Result<Vec<Data>, Failure> {
        match table.kind {
            Kind::Csv { delimiter } => {
                let file = open_file(&table.path)?;
                let bytes = file.metadata().map_or(0, |metadata| metadata.len());
                let bar = progress::bar(bytes, self.quiet || bytes < WORTH_A_BAR);
                let csv = Csv { delimiter, path: &table.path, limit: self.limit };
                let columns = csv.read(bar.wrap_read(file), wanted);
                bar.finish_and_clear();
                Ok(columns?.into_iter().map(Data::Csv).collect())
            }
            Kind::Parquet => self.parquet(table, wanted),
            Kind::Npy => Ok(Vec::new()),
        }
    }

    #[cfg(feature = "parquet")]
    fn parquet(&self, table: &Table, wanted: &[String]) -> Result<Vec<Data>, Failure> {
        let file = tilexpr::ParquetFile::open(&table.path)?;
        // As the file spells them.
        let mut spelt = Vec::with_capacity(wanted.len());
        let mut bytes = 0_usize;
        for name in wanted {
            let name = table.names[names::find(name, &table.names, &table.path)?].as_str();
            bytes = bytes.saturating_add(file.dtype(name)?.size().saturating_mul(file.rows()));
            spelt.push(name);
        }
        if let Some(limit) = self.limit.filter(|&limit| bytes > limit) {
            return Err(crate::limit::too_small(&table.path.display().to_string(), bytes, limit, ""));
        }
        Ok(file.read(&spelt)?.into_iter().map(Data::Arrow).collect())
    }

    #[cfg(not(feature = "parquet"))]
    fn parquet(&self, _: &Table, _: &[String]) -> Result<Vec<Data>, Failure> {
        Ok(Vec::new())
    }

    /// A message that says where things came from, and not where copies of them are.
    pub fn shown(&self, message: &str) -> String {
        let spooled = self.spooled.borrow();
        spooled.iter().fold(message.into(), |message: String, (source, file)| {
            message.replace(&file.path().display().to_string(), &source.shown())
        })
    }
}

fn open_file(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| Failure::io(path, "open", &error))
}

/// The format of a file: by the end of its name, or by its first bytes.
fn kind(path: &Path, source: &Source) -> Result<Kind, Failure> {
    if let (Source::File(_), Some(kind)) = (source, Kind::of(path)) {
        return Ok(kind);
    }
    let mut first = Vec::new();
    let read = open_file(path)?.take(6).read_to_end(&mut first);
    read.map_err(|error| Failure::io(path, "read", &error))?;
    let named = matches!(source, Source::File(named) if named == path);
    match &first[..] {
        b"\x93NUMPY" => Ok(Kind::Npy),
        [b'P', b'A', b'R', b'1', ..] => Ok(Kind::Parquet),
        // Standard input and pipes have no name that could say it.
        _ if !named => Ok(Kind::Csv { delimiter: b',' }),
        _ => {
            let help = "name it .npy, .csv, .tsv or .parquet";
            Err(Failure::of(path, "neither its name nor its beginning says what it is", help))
        }
    }
}

#[cfg(feature = "parquet")]
fn parquet_names(path: &Path) -> Result<Vec<String>, Failure> {
    Ok(tilexpr::ParquetFile::open(path)?.names().map(String::from).collect())
}

#[cfg(not(feature = "parquet"))]
fn parquet_names(path: &Path) -> Result<Vec<String>, Failure> {
    let help = "build it with them: `cargo install --path . --features cli,parquet`";
    Err(Failure::of(path, "this build of the command does not read .parquet files", help))
}
