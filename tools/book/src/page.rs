//! A page as the checks see it: its headings, links and blocks of code, with the lines where they stand.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use mdbook_markdown::pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};
use mdbook_markdown::{MarkdownOptions, new_cmark_parser};

/// A page.
pub struct Page {
    /// Where it is, from the root of the repository.
    pub path: PathBuf,
    /// What a link to a place in it may end with, behind the `#`.
    pub anchors: HashSet<String>,
    pub links: Vec<Link>,
    pub blocks: Vec<Block>,
    /// HTML, which is not looked into: a tag where one was meant to be read, or a link that is not checked.
    pub html: Vec<usize>,
}

/// A link, or a picture.
pub struct Link {
    pub line: usize,
    pub to: String,
}

/// A fenced block of code.
pub struct Block {
    pub line: usize,
    /// What stands behind the fence, up to a comma.
    pub language: String,
    pub text: String,
}

impl Page {
    /// Reads the page at `path`, which is given from the root.
    pub fn read(root: &Path, path: PathBuf) -> Result<Page> {
        let text = fs::read_to_string(root.join(&path)).with_context(|| path.display().to_string())?;
        Ok(Page::of(path, &text))
    }

    /// The page with this text.
    pub fn of(path: PathBuf, text: &str) -> Page {
        let mut page = Page { path, anchors: HashSet::new(), links: vec![], blocks: vec![], html: vec![] };
        let mut options = MarkdownOptions::default();
        options.smart_punctuation = false;
        let (mut heading, mut code, mut seen) = (None::<String>, false, HashMap::new());
        for (event, Range { start, .. }) in new_cmark_parser(text, &options).into_offset_iter() {
            let line = 1 + text[..start].matches('\n').count();
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(Link { line, to: dest_url.into_string() });
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let anchor = anchor(&heading.take().unwrap_or_default());
                    let times = seen.entry(anchor.clone()).and_modify(|n| *n += 1).or_insert(0);
                    page.anchors.insert(if *times == 0 { anchor } else { format!("{anchor}-{times}") });
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    let language = info.split([',', ' ']).next().unwrap_or_default().to_owned();
                    page.blocks.push(Block { line, language, text: String::new() });
                    code = true;
                }
                Event::End(TagEnd::CodeBlock) => code = false,
                Event::Text(text) | Event::Code(text) => match (&mut heading, page.blocks.last_mut()) {
                    (Some(heading), _) => *heading += &text,
                    (None, Some(block)) if code => block.text += &text,
                    _ => {}
                },
                Event::Html(html) | Event::InlineHtml(html) if !html.starts_with("<!--") => page.html.push(line),
                _ => {}
            }
        }
        page
    }

    /// What is wrong, and where.
    pub fn fault(&self, line: usize, message: &str) -> String {
        format!("{}:{line}: {message}", self.path.display())
    }
}

/// A heading as an address: as GitHub and mdBook make it.
fn anchor(heading: &str) -> String {
    let letters = heading.trim().chars().filter_map(|c| match c {
        c if c.is_alphanumeric() => Some(c),
        '_' | '-' => Some(c),
        c if c.is_whitespace() => Some('-'),
        _ => None,
    });
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_links_and_blocks_with_their_lines() {
        let text =
            "# A `b`: c, d\n\n## Same\n## Same\n\nsee [x](y.md#z) and <T>\n\n```sh\nls -l # all\n```\n![p](q.svg)\n";
        let page = Page::of("p.md".into(), text);
        assert_eq!(page.anchors, ["a-b-c-d", "same", "same-1"].map(String::from).into());
        let links: Vec<_> = page.links.iter().map(|link| (link.line, link.to.as_str())).collect();
        assert_eq!(links, [(6, "y.md#z"), (11, "q.svg")]);
        let [block] = &page.blocks[..] else { panic!() };
        assert_eq!((block.line, &*block.language, &*block.text), (8, "sh", "ls -l # all\n"));
        assert_eq!(page.html, [6]);
    }
}
