//! Commands in blocks of `sh` name what there is: examples and their options, benchmarks, tests, features, files. They are not run.

use std::collections::{BTreeMap, BTreeSet};

use super::page::Page;
use super::project::Project;

/// What is wrong with the commands of these pages, and which examples none of them runs.
pub fn check(project: &Project, pages: &[Page]) -> Vec<String> {
    let (mut faults, mut shown) = (Vec::new(), BTreeSet::new());
    for page in pages {
        for block in page.blocks.iter().filter(|block| block.language == "sh") {
            for (at, text) in lines(&block.text) {
                let Some(words) = shlex::split(&text) else {
                    faults.push(page.fault(block.line + at, "a quotation mark is missing"));
                    continue;
                };
                for words in words.split(|word| matches!(&**word, "|" | "&&" | ";" | ">")) {
                    let command = Command::of(words);
                    let wrong = command.wrong(project).into_iter();
                    faults.extend(wrong.map(|why| page.fault(block.line + at, &why)));
                    shown.extend(command.example.map(String::from));
                }
            }
        }
    }
    let hidden = project.examples.keys().filter(|name| !shown.contains(*name));
    faults.extend(hidden.map(|name| format!("examples/{name}: no page has a command that runs it")));
    faults
}

/// Commands, each with the number of its line; a line that ends in `\` goes on in the next.
fn lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (at, line) in text.lines().enumerate() {
        let part = line.strip_suffix('\\').unwrap_or(line);
        match lines.last_mut() {
            Some((_, whole)) if goes_on => *whole += part,
            _ => lines.push((1 + at, part.to_owned())),
        }
        goes_on = line.ends_with('\\');
    }
    lines
}

/// A command, taken apart.
#[derive(Default)]
struct Command<'a> {
    /// The program, and behind it the command of `cargo`.
    program: &'a str,
    example: Option<&'a str>,
    /// Other names that cargo is given: the option, and the name.
    named: Vec<(&'a str, &'a str)>,
    /// Options of the program that is run.
    options: Vec<&'a str>,
}

impl<'a> Command<'a> {
    fn of(words: &'a [String]) -> Command<'a> {
        let mut command = Command::default();
        // Variables of the environment come first.
        let mut words = words.iter().map(String::as_str).skip_while(|word| word.contains('=')).peekable();
        command.program = words.next().unwrap_or_default();
        if command.program == "cargo" {
            while let Some(word) = words.next_if(|&word| word != "--") {
                match word {
                    "--example" => command.example = words.next(),
                    "--bench" | "--test" | "--bin" | "--features" | "--manifest-path" => {
                        command.named.extend(words.next().map(|name| (word, name)));
                    }
                    "run" | "bench" | "test" => command.program = word,
                    _ => {}
                }
            }
        }
        command.options = words.filter(|word| word.starts_with("--") && word.len() > 2).collect();
        command
    }

    fn wrong(&self, project: &Project) -> Vec<String> {
        let mut wrong = Vec::new();
        for &(option, name) in &self.named {
            let there = match option {
                "--bench" => project.benches.contains(name),
                "--test" => project.tests.contains(name),
                "--bin" => project.programs.contains_key(name),
                "--features" if self.named.iter().any(|named| named.0 == "--manifest-path") => true,
                "--features" => name.split(',').all(|name| project.features.contains(name)),
                _ => project.root.join(name).is_file(),
            };
            if !there {
                wrong.push(format!("`{option} {name}`: there is none of that name"));
            }
        }
        if self.program.contains('/') && !project.root.join(self.program).is_file() {
            wrong.push(format!("there is no file `{}`", self.program));
        }
        let source = match (self.example, self.program) {
            (Some(name), _) => project.examples.get(name).map(|source| help(source)),
            (None, "run") if self.named.iter().all(|named| named.0 != "--manifest-path") => only(&project.programs),
            (None, program) => project.programs.get(program).map(String::as_str),
        };
        match (self.example, source) {
            (Some(name), None) => wrong.push(format!("there is no example `{name}`")),
            (_, Some(source)) => {
                let unknown = self.options.iter().filter(|option| !has(source, option));
                wrong.extend(unknown.map(|option| format!("`{option}` is not among its options")));
            }
            (None, None) => {}
        }
        wrong
    }
}

/// The text that an example prints for `--help`: the constant `HELP`; without one, all of the source.
fn help(source: &str) -> &str {
    let text = source.split_once("const HELP: &str = \"").and_then(|(_, text)| text.split_once("\";"));
    text.map_or(source, |(text, _)| text)
}

/// The source of the only program that there is: what `cargo run` runs.
fn only(programs: &BTreeMap<String, String>) -> Option<&str> {
    programs.values().next().filter(|_| programs.len() == 1).map(String::as_str)
}

/// Whether a text has an option, as a whole word; or as the field from which clap makes one.
fn has(text: &str, option: &str) -> bool {
    let option = option.split('=').next().unwrap_or(option);
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-');
    let field = format!("pub {}:", option.trim_start_matches('-').replace('-', "_"));
    let word = text.match_indices(option).any(|(at, _)| ends(&text[at + option.len()..]));
    word || text.contains(&field) || option == "--help"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(example: &str, source: &str) -> Project {
        Project {
            root: env!("CARGO_MANIFEST_DIR").into(),
            examples: [(example.into(), source.into())].into(),
            benches: ["targets".into()].into(),
            tests: ["fork".into()].into(),
            programs: [("tool".into(), "pub explain: bool, pub limit_memory: usize,".into())].into(),
            features: ["jit".into()].into(),
            lib: String::new(),
            cli: String::new(),
        }
    }

    fn faults(line: &str) -> Vec<String> {
        let help = "const HELP: &str = \"\\\n  --size N  how large\n  --json FILE  table\n\";\n// --other\n";
        let seen = "```sh\ncargo run --release --example there\n```\n";
        let page = Page::of("p.md".into(), &format!("{seen}```sh\n{line}\n```\n"));
        check(&project("there", help), &[page])
    }

    #[test]
    fn what_is_there_may_be_named() {
        for line in [
            "cargo run --release --example there -- --size 100 --json x.json   # all",
            "RUSTFLAGS=\"-C target-cpu=native\" cargo bench --bench targets -- roofline --no-such",
            "cargo test --no-default-features --test fork && lscpu -C",
            "cargo run --manifest-path Cargo.toml --features any -- exp",
            "tool 'a + b' a=x.npy --explain --limit-memory 1G > y",
            "cargo run --features jit -- 'a + b' --explain",
            "src/main.rs --help",
        ] {
            assert_eq!(faults(line), [""; 0], "{line}");
        }
    }

    #[test]
    fn what_is_not_there_may_not() {
        for line in [
            "cargo run --example gone",
            "cargo run --example there -- --other",
            "cargo run --example there -- \\\n  --siz 1",
            "cargo bench --bench target",
            "RAYON_NUM_THREADS=1 cargo test --test forks",
            "cargo run --features jot",
            "tool --explain-all",
            "cargo run -- 'a + b' --limit",
            "ls | tools/none.sh",
            "echo 'open",
        ] {
            assert_eq!(faults(line).len(), 1, "{line}: {:?}", faults(line));
        }
    }

    #[test]
    fn an_example_that_no_page_runs_is_a_fault() {
        let faults = check(&project("alone", ""), &[]);
        assert_eq!(faults, ["examples/alone: no page has a command that runs it"]);
    }
}
