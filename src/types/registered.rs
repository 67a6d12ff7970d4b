//! Functions that the caller registers: rows like those of the library.
//!
//! Comes in: a name and a function pointer. Goes out: a row that lives as long as the process, the same one for the same
//! name and function. Always holds: a program has only so many functions, so the rows are bounded, unless it makes up
//! names without end.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use super::function::{Function, Rule};
use crate::ir::helper::{Code, Helper};
use crate::ir::registered::{Registered, RustFunction};

/// A registered function. Two are equal if name, type and address are.
#[derive(Clone, Copy, Debug)]
pub struct Custom(pub &'static Function);

impl PartialEq for Custom {
    fn eq(&self, other: &Custom) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Custom {}

impl std::hash::Hash for Custom {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        std::ptr::hash(self.0, state);
    }
}

#[derive(Default)]
struct Registry {
    known: HashMap<(String, usize, TypeId), Custom>,
    /// By number.
    names: Vec<&'static str>,
}

static REGISTRY: LazyLock<Mutex<Registry>> = LazyLock::new(Mutex::default);

/// The names of the parameters, in messages.
const PARAMS: &[&str] = &["x", "y", "z"];

impl Custom {
    /// The row for a function under a name.
    pub fn new<F: RustFunction>(name: String, function: F) -> Custom {
        let mut registry = REGISTRY.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (name, function.pointer() as usize, TypeId::of::<F>());
        if let Some(&known) = registry.known.get(&key) {
            return known;
        }
        let number = registry.names.len() as u32;
        let name: &'static str = key.0.clone().leak();
        let registered: &'static Registered = Box::leak(Box::new(Registered::new(number, function)));
        let helper: &'static Helper = Box::leak(Box::new(Helper { name, code: Code::Rust(registered) }));
        let required = F::ARGS.len();
        let new = Custom(Box::leak(Box::new(Function {
            name,
            aliases: &[],
            params: PARAMS.get(..required).unwrap_or(PARAMS),
            required,
            doc: "",
            rule: Rule::Custom(helper),
        })));
        registry.names.push(name);
        registry.known.insert(key, new);
        new
    }

    /// The name of the function with this number.
    pub fn name_of(number: u32) -> Option<&'static str> {
        REGISTRY.lock().unwrap_or_else(PoisonError::into_inner).names.get(number as usize).copied()
    }
}
