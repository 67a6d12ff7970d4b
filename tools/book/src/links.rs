//! Links and pictures lead somewhere: in the repository, as they are read on the web, and in the book as it is built.

use std::collections::HashSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::page::{Link, Page};
use super::{DOCS, is_markdown};

/// All that a link may lead to.
pub struct Ground<'a> {
    /// The folder of the repository.
    pub root: &'a Path,
    /// The folder of the book as it is built.
    pub built: &'a Path,
    pub pages: &'a [Page],
}

/// What is wrong with the links of the pages. `others` are the files beside the pages: each must be shown by one.
pub fn check(ground: &Ground, others: &[PathBuf]) -> Vec<String> {
    let (mut faults, mut reached) = (Vec::new(), HashSet::new());
    for page in ground.pages {
        for link in &page.links {
            match target(page, link) {
                Some((path, anchor)) => {
                    let fault = wrong(ground, page, &path, anchor);
                    faults.extend(fault.map(|why| page.fault(link.line, &format!("`{}`: {why}", link.to))));
                    reached.insert(path);
                }
                None if is_of_the_web(&link.to) => {}
                None => faults.push(page.fault(link.line, &format!("`{}` leads out of the repository", link.to))),
            }
        }
        let html = "HTML in a page is not checked, and `<T>` outside of code is HTML";
        faults.extend(page.html.iter().map(|&line| page.fault(line, html)));
    }
    let of_the_book = |path: &Path| path.ends_with("book.toml") || path.ends_with("book.css");
    let shown = |path: &&PathBuf| of_the_book(path) || reached.contains(*path);
    faults
        .extend(others.iter().filter(|path| !shown(path)).map(|path| format!("{}: no page shows it", path.display())));
    faults
}

fn is_of_the_web(to: &str) -> bool {
    ["https://", "http://", "mailto:"].iter().any(|scheme| to.starts_with(scheme))
}

/// The file that a link names, from the root, and what stands behind its `#`; none for other sites, and for what leads out of the root.
fn target<'a>(page: &Page, link: &'a Link) -> Option<(PathBuf, Option<&'a str>)> {
    if is_of_the_web(&link.to) {
        return None;
    }
    let (path, anchor) = link.to.split_once('#').map_or((&*link.to, None), |(path, anchor)| (path, Some(anchor)));
    if path.is_empty() {
        return Some((page.path.clone(), anchor));
    }
    let mut whole = page.path.parent().map(Path::to_owned).unwrap_or_default();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(name) => whole.push(name),
            Component::CurDir => {}
            Component::ParentDir => whole.pop().then_some(())?,
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some((whole, anchor))
}

/// Why a link leads nowhere.
fn wrong(ground: &Ground, from: &Page, path: &Path, anchor: Option<&str>) -> Option<&'static str> {
    if path.starts_with("target") || !ground.root.join(path).exists() {
        return Some("there is no such file");
    }
    if let Some(anchor) = anchor
        && !ground.pages.iter().any(|page| page.path == path && page.anchors.contains(anchor))
    {
        return Some("that page has no such heading");
    }
    // The book is nothing but what is in its folder.
    let from = from.path.strip_prefix(DOCS).ok()?;
    let Ok(path) = path.strip_prefix(DOCS) else {
        return Some("it is not in the book: name the file without a link");
    };
    if from == Path::new("SUMMARY.md") {
        return None;
    }
    let file = ground.built.join(if is_markdown(path) { path.with_extension("html") } else { path.to_owned() });
    match (fs::read(&file), anchor) {
        (Err(_), _) => Some("the book as it is built has no such file"),
        (Ok(html), Some(anchor)) if !String::from_utf8_lossy(&html).contains(&format!("id=\"{anchor}\"")) => {
            Some("the book as it is built has no such heading")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(from: &str, to: &str) -> Option<(PathBuf, Option<String>)> {
        let page = Page::of(from.into(), "");
        target(&page, &Link { line: 1, to: to.into() }).map(|(path, anchor)| (path, anchor.map(String::from)))
    }

    #[test]
    fn links_are_read_from_where_they_stand() {
        assert_eq!(to("docs/a.md", "b/c.md#d"), Some(("docs/b/c.md".into(), Some("d".into()))));
        assert_eq!(to("docs/a/b.md", "../c.svg"), Some(("docs/c.svg".into(), None)));
        assert_eq!(to("docs/a.md", "#here"), Some(("docs/a.md".into(), Some("here".into()))));
        assert_eq!(to("a.md", "../../etc"), None);
        assert_eq!(to("a.md", "https://docs.rs"), None);
    }

    #[test]
    fn a_link_to_nothing_is_a_fault() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let page = Page::of("Cargo.toml".into(), "# One\n[a](#one) [b](#two) [c](nowhere.md) [d](Cargo.toml)\n");
        let faults = check(&Ground { root, built: root, pages: &[page] }, &["picture.svg".into()]);
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(faults[0].starts_with("Cargo.toml:2: `#two`") && faults[1].contains("`nowhere.md`"), "{faults:?}");
        assert!(faults[2].starts_with("picture.svg"), "{faults:?}");
    }
}
