//! Arguments are found by their names.
//!
//! Comes in: named arguments, and the free names of a text. Goes out: the type and the array for each name, in the order of the
//! names. Always holds: what the text does not name is left out; no name has two arguments, and none that is a constant in
//! the text has one.

use std::collections::{HashMap, HashSet};

use smallvec::SmallVec;

use super::arg::{Arg, Args};
use super::core::Core;
use super::error::{EvalError, EvalErrorKind};
use super::view::Strided;
use crate::diagnostic::excerpt;
use crate::syntax::suggest;
use crate::types::InputType;
use crate::types::resolve::CONSTANTS;

/// Arguments up to which each name is compared with each.
const FEW: usize = 24;

/// Arguments in the order of the names.
pub type Bound<'a> = SmallVec<[(InputType, Strided<'a>); 8]>;

impl Core {
    /// Finds the argument of each name. `targets` are arrays that stand for names too (those to be updated).
    /// They are put into `bound`, which is empty (it is large: to hand it back would be to copy it).
    pub fn bind<'a>(
        &self,
        args: &'a Args,
        targets: &[(&str, Strided<'a>)],
        bound: &mut Bound<'a>,
    ) -> Result<(), EvalError> {
        let items = args.items();
        check_names(items, targets)?;
        if !self.constants.is_empty() {
            self.check_constants(items, targets)?;
        }
        let mut next = 0;
        let mut places = None;
        let place_among_many =
            || items.iter().enumerate().map(|(at, (name, _))| (*name, at)).collect::<HashMap<_, _>>();
        let mut place = |name: &str| match items.len() {
            ..=FEW => items.iter().position(|(n, _)| *n == name),
            _ => places.get_or_insert_with(place_among_many).get(name).copied(),
        };
        for name in self.names() {
            if let Some((_, view)) = targets.iter().find(|(n, _)| n == name) {
                bound.push((InputType::strong(view.dtype), *view));
                continue;
            }
            // Arguments mostly come in the order of the names: look there first.
            let here = items.get(next).filter(|(n, _)| n == name).map(|_| next);
            let Some(at) = here.or_else(|| place(name)) else {
                return Err(self.missing(name, items));
            };
            next = at + 1;
            bound.push(typed_view(&items[at].1));
        }
        Ok(())
    }

    /// Refuses an argument with the name of a constant: the text would go on to mean the constant.
    fn check_constants(&self, items: &[(&str, Arg)], targets: &[(&str, Strided)]) -> Result<(), EvalError> {
        let mut names = items.iter().map(|(name, _)| *name).chain(targets.iter().map(|(name, _)| *name));
        let Some(name) = names.find(|name| self.constants.iter().any(|c| c == name)) else { return Ok(()) };
        let message = format!("`{name}` is a constant in the text, but there is an argument of that name");
        Err(EvalError::new(EvalErrorKind::ConstantArgument, message)
            .of(name)
            .with_help(format!("declare it: `Expr::builder().name(\"{name}\")`, or give the argument another name")))
    }

    #[cold]
    fn missing(&self, name: &str, items: &[(&str, Arg)]) -> EvalError {
        let shown = excerpt(name);
        let error =
            EvalError::new(EvalErrorKind::MissingArgument, format!("there is no argument for `{shown}`")).of(name);
        let constant = || CONSTANTS.iter().map(|(constant, _)| *constant).find(|c| c.eq_ignore_ascii_case(name));
        if let Some(usual) = suggest::elsewhere(name).or_else(constant) {
            return error.with_help(format!("did you mean `{usual}`?"));
        }
        match suggest::nearest(name, items.iter().map(|(n, _)| *n)) {
            Some(near) => error.with_help(format!("there is one named `{near}`; did you mean `{shown} = {near}`?")),
            None => error.with_help(format!("pass it: `args![..., {shown} = value]`")),
        }
    }
}

/// An argument's type and array.
#[inline]
pub fn typed_view<'a>(arg: &'a Arg) -> (InputType, Strided<'a>) {
    let view = arg.view();
    (InputType { dtype: view.dtype, weak: arg.is_weak() }, view)
}

/// Refuses a name that is given twice.
fn check_names(items: &[(&str, Arg)], targets: &[(&str, Strided)]) -> Result<(), EvalError> {
    let twice = if items.len() + targets.len() <= FEW {
        let repeated = items.iter().enumerate().find(|(at, (name, _))| items[..*at].iter().any(|(n, _)| n == name));
        let both = items.iter().find(|(name, _)| targets.iter().any(|(n, _)| n == name));
        let targets = targets.iter().enumerate().find(|(at, (name, _))| targets[..*at].iter().any(|(n, _)| n == name));
        repeated.map(|(_, item)| item.0).or(both.map(|item| item.0)).or(targets.map(|(_, item)| item.0))
    } else {
        let mut seen = HashSet::new();
        items.iter().map(|(n, _)| *n).chain(targets.iter().map(|(n, _)| *n)).find(|name| !seen.insert(*name))
    };
    match twice {
        None => Ok(()),
        Some(name) => Err(EvalError::new(EvalErrorKind::DuplicateArgument, format!("`{name}` is given twice"))
            .of(name)
            .with_help("pass each name once")),
    }
}
