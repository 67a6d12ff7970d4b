//! Builds the book in `docs/` into `target/book`, and checks what it says: every link leads somewhere, every page is listed in
//! `SUMMARY.md`, every command names what there is, every piece of Rust is tested, every example has its place in the book.
//!
//!     cargo run --manifest-path tools/book/Cargo.toml
//!
//! It prints a line for each fault, with file and line, and fails if there is one. Links to other sites are not followed.

mod commands;
mod links;
mod page;
mod project;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use mdbook_driver::MDBook;

use links::Ground;
use page::Page;
use project::Project;

/// The folder of the pages.
const DOCS: &str = "docs";

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    match check(&root) {
        Ok((book, faults)) if faults.is_empty() => {
            println!("{}", book.join("index.html").display());
            ExitCode::SUCCESS
        }
        Ok((_, faults)) => {
            faults.iter().for_each(|fault| eprintln!("{fault}"));
            eprintln!("{} faults in the book", faults.len());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Builds the book, and gives the folder where it is, and what is wrong in it.
fn check(root: &Path) -> Result<(PathBuf, Vec<String>)> {
    tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::WARN).without_time().init();
    let root = root.canonicalize()?;
    let book = MDBook::load(root.join(DOCS))?;
    book.build()?;
    let built = book.build_dir_for("html").canonicalize()?;

    let mut paths = files(&root, Path::new(DOCS))?;
    paths.sort();
    let (texts, others): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| is_markdown(path));
    let listed: Vec<PathBuf> = book.book.chapters().filter_map(|page| page.source_path.clone()).collect();
    let readme = PathBuf::from("README.md");
    let pages = texts.into_iter().chain([readme]).map(|path| Page::read(&root, path));
    let pages = pages.collect::<Result<Vec<_>, _>>()?;
    let project = Project::read(&root)?;

    let mut faults = links::check(&Ground { root: &root, built: &built, pages: &pages }, &others);
    faults.extend(pages.iter().filter_map(|page| unlisted(page, &listed)));
    faults.extend(pages.iter().flat_map(|page| untested(page, &project)));
    faults.extend(commands::check(&project, &pages));
    Ok((built, faults))
}

/// All files under a folder, as paths from the root.
fn files(root: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in root.join(&folder).read_dir()? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    Ok(found)
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

/// A page of the book that nothing leads to.
fn unlisted(page: &Page, listed: &[PathBuf]) -> Option<String> {
    let path = page.path.strip_prefix(DOCS).ok()?;
    let known = path == Path::new("SUMMARY.md") || listed.iter().any(|listed| listed == path);
    (!known).then(|| page.fault(1, "SUMMARY.md does not list this page"))
}

/// Code of which nobody would notice that it has ceased to be right: what rustdoc tests are the pages that `src/lib.rs` includes.
fn untested(page: &Page, project: &Project) -> Vec<String> {
    let included = |source: &str| source.contains(&format!("../{}\"", page.path.display()));
    let (rust, console) = (included(&project.lib), included(&project.cli));
    let fault = |block: &page::Block| match block.language.as_str() {
        "rust" if !rust => Some("this code is not tested: include the page in `mod guides` of src/lib.rs"),
        "console" if !console => Some("these commands are not run: the test `cli` runs those of docs/command-line.md"),
        "rust" | "console" | "sh" | "text" | "toml" | "json" | "python" => None,
        "" => Some("say what language this block is: `text` if it is none"),
        _ => Some("nothing tests code in this language: `rust` and `sh` are tested, `text` is no code"),
    };
    page.blocks.iter().filter_map(|block| fault(block).map(|message| page.fault(block.line, message))).collect()
}
