//! The header's text: the literal of a Python dictionary with three keys.
//!
//! Comes in: what stands between the length of the header and the elements. Goes out: the values of the three keys, of which the type is still
//! text. Always holds: one walk from front to back, without recursion, whatever the text; nothing is allocated but what the text has.

/// The values of the three keys.
#[derive(Debug, PartialEq)]
pub struct Literal<'a> {
    /// What stands for the type: of a simple one its name.
    pub descr: Descr<'a>,
    /// Whether the first axis is the innermost.
    pub fortran_order: bool,
    /// The length of each axis.
    pub shape: Vec<usize>,
}

/// A type as it is written.
#[derive(Debug, PartialEq)]
pub enum Descr<'a> {
    /// A string: `<f8`.
    Name(&'a str),
    /// A list of fields, or whatever else is no string.
    Structured,
}

struct Walk<'a> {
    rest: &'a str,
}

/// Reads the dictionary.
///
/// # Errors
/// What was expected, and what stands there.
pub fn read(text: &str) -> Result<Literal<'_>, String> {
    let mut walk = Walk { rest: text };
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    walk.symbol('{')?;
    while !walk.takes('}') {
        let key = walk.string()?;
        walk.symbol(':')?;
        let first = match key {
            "descr" => descr.replace(walk.descr()?).is_none(),
            "fortran_order" => fortran_order.replace(walk.truth()?).is_none(),
            "shape" => shape.replace(walk.shape()?).is_none(),
            _ => return Err(format!("`{}` is no key of a header", shown(key))),
        };
        if !first {
            return Err(format!("the key `{key}` stands twice"));
        }
        if !walk.takes(',') {
            walk.symbol('}')?;
            break;
        }
    }
    if !walk.rest.trim_start().is_empty() {
        return Err(format!("behind the dictionary stands `{}`", shown(walk.rest)));
    }
    let missing = |key: &str| format!("the key `{key}` is missing");
    Ok(Literal {
        descr: descr.ok_or_else(|| missing("descr"))?,
        fortran_order: fortran_order.ok_or_else(|| missing("fortran_order"))?,
        shape: shape.ok_or_else(|| missing("shape"))?,
    })
}

/// The beginning of a text, for a message.
fn shown(text: &str) -> String {
    crate::diagnostic::excerpt(text.trim())
}

impl<'a> Walk<'a> {
    /// Takes a character, if it is what comes next.
    fn takes(&mut self, symbol: char) -> bool {
        self.rest = self.rest.trim_start();
        let Some(rest) = self.rest.strip_prefix(symbol) else { return false };
        self.rest = rest;
        true
    }

    fn symbol(&mut self, symbol: char) -> Result<(), String> {
        if self.takes(symbol) { Ok(()) } else { Err(self.expected(&format!("`{symbol}`"))) }
    }

    #[cold]
    fn expected(&self, what: &str) -> String {
        match shown(self.rest) {
            rest if rest.is_empty() => format!("{what} was expected where it ends"),
            rest => format!("{what} was expected, not `{rest}`"),
        }
    }

    /// A string without escapes, as names of keys and of types are.
    fn string(&mut self) -> Result<&'a str, String> {
        self.rest = self.rest.trim_start();
        let quote = self.rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let quote = quote.ok_or_else(|| self.expected("a string"))?;
        let inside = &self.rest[1..];
        let end = inside.find(quote).ok_or_else(|| self.expected("a string that is closed"))?;
        self.rest = &inside[end + 1..];
        Ok(&inside[..end])
    }

    fn truth(&mut self) -> Result<bool, String> {
        self.rest = self.rest.trim_start();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err(self.expected("`True` or `False`"))
    }

    /// A tuple of lengths. (Python 2 wrote large ones with an `L`.)
    fn shape(&mut self) -> Result<Vec<usize>, String> {
        self.symbol('(')?;
        let mut lengths = Vec::new();
        while !self.takes(')') {
            self.rest = self.rest.trim_start();
            let digits = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
            let length = &self.rest[..digits];
            if length.is_empty() {
                return Err(self.expected("the length of an axis"));
            }
            lengths.push(length.parse().map_err(|_| format!("an axis of {} elements is too long", shown(length)))?);
            self.rest = &self.rest[digits..];
            self.rest = self.rest.strip_prefix('L').unwrap_or(self.rest);
            if !self.takes(',') {
                self.symbol(')')?;
                if lengths.len() == 1 {
                    return Err("the shape is a number in brackets, not a tuple".into());
                }
                break;
            }
        }
        Ok(lengths)
    }

    /// A name of a type; or a list of fields, which is passed over.
    fn descr(&mut self) -> Result<Descr<'a>, String> {
        self.rest = self.rest.trim_start();
        if self.rest.starts_with(['\'', '"']) {
            return self.string().map(Descr::Name);
        }
        let mut depth = 0usize;
        while let Some(c) = self.rest.chars().next() {
            match c {
                '\'' | '"' => {
                    self.string()?;
                    continue;
                }
                '[' | '(' | '{' => depth += 1,
                ']' | ')' | '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => break,
                _ if depth == 0 && !c.is_whitespace() => return Err(self.expected("a type")),
                _ => {}
            }
            self.rest = &self.rest[c.len_utf8()..];
        }
        Ok(Descr::Structured)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_numpy_writes() {
        let read = |text| read(text).unwrap();
        let found = read("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }      \n");
        assert_eq!(found, Literal { descr: Descr::Name("<f8"), fortran_order: false, shape: vec![3, 4] });
        let found = read("{\"shape\":(),\"fortran_order\":True,\"descr\":\"|b1\"}");
        assert_eq!(found, Literal { descr: Descr::Name("|b1"), fortran_order: true, shape: vec![] });
        assert_eq!(read("{'descr': 'u1', 'fortran_order': False, 'shape': (10L,)}").shape, [10]);
        let fields = "{'descr': [('a]', '<f8'), ('b', [('c', 'u1', (2,))])], 'fortran_order': False, 'shape': (1,)}";
        assert_eq!(read(fields).descr, Descr::Structured);
    }

    #[test]
    fn what_nobody_writes() {
        for (text, message) in [
            ("", "`{` was expected where it ends"),
            ("[]", "`{` was expected, not `[]`"),
            ("{}", "the key `descr` is missing"),
            ("{'descr': '<f8', 'shape': (1,)}", "the key `fortran_order` is missing"),
            ("{'descr': '<f8', 'descr': '<f8'}", "the key `descr` stands twice"),
            ("{'order': 1}", "`order` is no key of a header"),
            ("{'shape': (1)}", "the shape is a number in brackets, not a tuple"),
            ("{'shape': (-1,)}", "the length of an axis was expected, not `-1,)}`"),
            ("{'shape': (99999999999999999999,)}", "an axis of 99999999999999999999 elements is too long"),
            ("{'fortran_order': 0}", "`True` or `False` was expected, not `0}`"),
            ("{'descr", "a string that is closed was expected, not `'descr`"),
            ("{'descr': 3}", "a type was expected, not `3}`"),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)} x", "behind the dictionary stands `x`"),
        ] {
            assert_eq!(read(text).unwrap_err(), message, "{text}");
        }
    }
}
