//! What commands may name: the examples, benchmarks, tests and features that there are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use toml::{Table, Value};

/// The project, as its files say.
pub struct Project {
    pub root: PathBuf,
    /// Each example, with its source.
    pub examples: BTreeMap<String, String>,
    pub benches: BTreeSet<String>,
    pub tests: BTreeSet<String>,
    /// Each program, with its source.
    pub programs: BTreeMap<String, String>,
    pub features: BTreeSet<String>,
    /// `src/lib.rs`, which includes the pages whose Rust is tested.
    pub lib: String,
    /// The test `cli`, which includes the pages whose blocks of `console` are run.
    pub cli: String,
}

impl Project {
    pub fn read(root: &Path) -> Result<Project> {
        let manifest: Table = fs::read_to_string(root.join("Cargo.toml"))?.parse()?;
        let keys = |name: &str| {
            let table = manifest.get(name).and_then(Value::as_table);
            table.into_iter().flat_map(Table::keys).cloned().collect::<BTreeSet<_>>()
        };
        let listed = |name: &str| {
            let targets = manifest.get(name).and_then(Value::as_array).into_iter().flatten();
            let text = |target: &Value, key: &str| target.get(key).and_then(Value::as_str).map(String::from);
            targets.filter_map(move |target| Some((text(target, "name")?, text(target, "path")))).collect::<Vec<_>>()
        };
        let sources_of_tests = found(root, "tests")?;
        let cli = sources_of_tests.get("cli").cloned().context("there is no test `cli`")?;
        let mut tests = sources_of_tests.into_keys().collect::<BTreeSet<_>>();
        tests.extend(listed("test").into_iter().map(|(name, _)| name));
        let program = |(name, path): (String, Option<String>)| {
            let path = root.join(path.unwrap_or_else(|| format!("src/bin/{name}.rs")));
            let source = if path.ends_with("main.rs") { sources(path.parent().unwrap_or(root)) } else { read(&path) };
            Ok((name, source?))
        };
        Ok(Project {
            root: root.to_owned(),
            examples: found(root, "examples")?,
            benches: listed("bench").into_iter().map(|(name, _)| name).collect(),
            tests,
            programs: listed("bin").into_iter().map(program).collect::<Result<_>>()?,
            features: keys("features"),
            lib: read(&root.join("src/lib.rs"))?,
            cli,
        })
    }
}

/// The programs that cargo finds in a folder, with their sources.
fn found(root: &Path, folder: &str) -> Result<BTreeMap<String, String>> {
    let mut programs = BTreeMap::new();
    for entry in root.join(folder).read_dir()? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.join("main.rs").is_file() {
            programs.insert(name, sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            programs.insert(name, read(&path)?);
        }
    }
    Ok(programs)
}

/// All sources in a folder, but not below it.
fn sources(folder: &Path) -> Result<String> {
    let mut text = String::new();
    for entry in folder.read_dir()? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            text += &read(&path)?;
        }
    }
    Ok(text)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}
