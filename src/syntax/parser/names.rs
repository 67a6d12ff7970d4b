//! Names of a text, each once.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::syntax::ast::NameId;

/// Finds names again: the first few by looking at each, more by hashing.
#[derive(Default)]
pub(super) struct Names<'a> {
    map: HashMap<Cow<'a, str>, NameId>,
}

/// Up to so many names are compared one by one.
const FEW: usize = 8;

impl<'a> Names<'a> {
    pub(super) fn find(&self, text: &str, list: &[String]) -> Option<NameId> {
        if list.len() <= FEW {
            return list.iter().position(|name| name == text).map(|at| NameId(at as u32));
        }
        self.map.get(text).copied()
    }

    pub(super) fn add(&mut self, text: Cow<'a, str>, list: &mut Vec<String>) -> NameId {
        let id = NameId(list.len() as u32);
        list.push(text.clone().into_owned());
        self.map.insert(text, id);
        id
    }
}
