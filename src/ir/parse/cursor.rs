//! A line of the text form, token by token.
//!
//! Comes in: what is left of a line. Goes out: words, numbers, names, lists; or what was expected there. Always holds after each method: the rest
//! begins with no space and no comment.

use std::str::FromStr;

use smallvec::SmallVec;

use super::Result1;
use crate::ir::kernel::Value;
use crate::ir::print;

/// What is left of a line.
pub(super) struct Cursor<'a> {
    pub(super) rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub(super) fn skip(&mut self) {
        self.rest = self.rest.trim_start();
        if self.rest.starts_with("//") {
            self.rest = "";
        }
    }

    fn take(&mut self, len: usize) -> &'a str {
        let (token, rest) = self.rest.split_at(len);
        self.rest = rest;
        self.skip();
        token
    }

    /// The longest beginning of such characters.
    fn take_while(&mut self, mut of: impl FnMut(char) -> bool) -> &'a str {
        self.take(self.rest.find(|c| !of(c)).unwrap_or(self.rest.len()))
    }

    pub(super) fn found(&self) -> String {
        if self.rest.is_empty() { "the end of the line".into() } else { format!("`{}`", self.rest) }
    }

    pub(super) fn eat(&mut self, token: &str) -> bool {
        let there = self.rest.starts_with(token);
        if there {
            self.take(token.len());
        }
        there
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let rest = self.rest.strip_prefix(word);
        rest.is_some_and(|r| !r.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.')) && self.eat(word)
    }

    pub(super) fn require(&mut self, token: &str) -> Result1<()> {
        if self.eat(token) { Ok(()) } else { Err(format!("expected `{token}`, found {}", self.found())) }
    }

    pub(super) fn end(&self) -> Result1<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(format!("expected the end of the line, found {}", self.found())) }
    }

    /// A word with its dots: `mul.f64`.
    pub(super) fn word(&mut self) -> Result1<&'a str> {
        let word = self.take_while(|c| c.is_alphanumeric() || c == '_' || c == '.');
        if word.is_empty() { Err(format!("expected a word, found {}", self.found())) } else { Ok(word) }
    }

    /// Everything up to a space.
    pub(super) fn token(&mut self) -> Result1<&'a str> {
        let token = self.take_while(|c| !c.is_whitespace());
        if token.is_empty() { Err("expected a constant, found the end of the line".into()) } else { Ok(token) }
    }

    /// A number after a prefix: `v3`.
    pub(super) fn numbered<T: FromStr>(&mut self, prefix: &str) -> Result1<T> {
        let found = self.found();
        let digits = match self.rest.strip_prefix(prefix) {
            Some(rest) => rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()),
            None => 0,
        };
        let number = if digits > 0 { self.take(prefix.len() + digits)[prefix.len()..].parse().ok() } else { None };
        number.ok_or_else(|| format!("expected `{prefix}` and a number, found {found}"))
    }

    pub(super) fn value(&mut self) -> Result1<Value> {
        Ok(Value(self.numbered("v")?))
    }

    pub(super) fn signed(&mut self) -> Result1<i32> {
        let found = self.found();
        let token = self.take_while(|c| c.is_ascii_digit() || c == '+' || c == '-');
        token.parse().map_err(|_| format!("expected an offset, found {found}"))
    }

    /// A name as it is, or in quotes with `\u{...}` for what cannot stand there.
    pub(super) fn name(&mut self) -> Result1<String> {
        if !self.rest.starts_with('"') {
            let found = self.found();
            let name = self.take_while(|c| c.is_alphanumeric() || c == '_');
            return if print::is_bare(name) { Ok(name.into()) } else { Err(format!("expected a name, found {found}")) };
        }
        let unfinished = || "a name lacks its closing quote".to_string();
        let close = self.rest[1..].find('"').ok_or_else(unfinished)? + 1;
        let inner = &self.take(close + 1)[1..close];
        let mut parts = inner.split('\\');
        let mut name = parts.next().unwrap_or_default().to_string();
        for part in parts {
            let wrong = || format!("expected `u{{...}}` after a backslash, found `{part}`");
            let (hex, plain) = part.strip_prefix("u{").and_then(|r| r.split_once('}')).ok_or_else(wrong)?;
            name.push(u32::from_str_radix(hex, 16).ok().and_then(char::from_u32).ok_or_else(wrong)?);
            name.push_str(plain);
        }
        Ok(name)
    }

    /// Items between commas, up to the closing token; an empty one stands for the end of the line.
    pub(super) fn list<A: smallvec::Array>(
        &mut self,
        close: &str,
        mut item: impl FnMut(&mut Self) -> Result1<A::Item>,
    ) -> Result1<SmallVec<A>> {
        let mut items = SmallVec::new();
        let closed = |c: &mut Self| if close.is_empty() { c.rest.is_empty() } else { c.eat(close) };
        if closed(self) {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if closed(self) {
                return Ok(items);
            }
            self.require(",")?;
        }
    }
}
