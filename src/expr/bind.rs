//! Arguments are found by their names.
//!
//! Comes in: named arguments, and the free names of a text. Goes out: the type and the array for each name, in the order of the
//! names. Always holds: what the text does not name is left out; no name has two arguments, and none that is a constant in
//! the text has one; two spellings of a name are one name.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::core::{Bound, Core};
use crate::array::arg::{Arg, Args};
use crate::array::view::Strided;
use crate::diagnostic::{Diagnostic, excerpt};
use crate::error::eval::{EvalError, EvalErrorKind};
use crate::syntax::{normal, suggest};
use crate::types::InputType;
use crate::types::meaning::CONSTANTS;

/// Arguments up to which each name is compared with each.
const FEW: usize = 24;

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
        let names = self.names();
        if self.pieces.is_some() {
            self.check_indices(items)?;
        }
        // As most calls have it: what is given is what there is. So none is given twice, and none is a constant.
        if targets.is_empty() && items.len() == names.len() && items.iter().zip(names).all(|((n, _), name)| n == name) {
            for (_, arg) in items {
                bound.push((input_type(arg), arg.view()));
            }
            return Ok(());
        }
        let found = self.bind_as_written(items, |at| items[at].0, targets, bound);
        let names = || items.iter().map(|(name, _)| *name).chain(targets.iter().map(|(name, _)| *name));
        // Where each name has one and there are no others, none is another spelling of anything.
        if found.is_ok() && items.len() + targets.len() == self.names().len() || names().all(str::is_ascii) {
            return found;
        }
        bound.clear();
        let spelt: Vec<Cow<str>> = items.iter().map(|(name, _)| normal(name)).collect();
        let spelt_targets: Vec<Cow<str>> = targets.iter().map(|(name, _)| normal(name)).collect();
        let targets: Vec<_> = spelt_targets.iter().zip(targets).map(|(name, (_, view))| (&**name, *view)).collect();
        self.bind_as_written(items, |at| &spelt[at], &targets, bound)
    }

    /// As [`bind`](Core::bind), of arguments whose names are these.
    fn bind_as_written<'a, 'n>(
        &self,
        items: &'a [(&str, Arg)],
        item_name: impl Fn(usize) -> &'n str,
        targets: &[(&'n str, Strided<'a>)],
        bound: &mut Bound<'a>,
    ) -> Result<(), EvalError> {
        check_names(items.len(), &item_name, targets)?;
        if !self.constants.is_empty() {
            self.check_constants((0..items.len()).map(&item_name).chain(targets.iter().map(|(name, _)| *name)))?;
        }
        let mut next = 0;
        let mut places = None;
        let place_among_many = || (0..items.len()).map(|at| (item_name(at), at)).collect::<HashMap<_, _>>();
        let mut place = |name: &str| match items.len() {
            ..=FEW => (0..items.len()).find(|&at| item_name(at) == name),
            _ => places.get_or_insert_with(place_among_many).get(name).copied(),
        };
        for name in self.names() {
            if let Some((_, view)) = targets.iter().find(|(n, _)| n == name) {
                bound.push((target_type(view), *view));
                continue;
            }
            // Arguments mostly come in the order of the names: look there first.
            let here = (next < items.len() && item_name(next) == name).then_some(next);
            let Some(at) = here.or_else(|| place(name)) else {
                return Err(self.missing(name, (0..items.len()).map(&item_name)));
            };
            next = at + 1;
            let arg = &items[at].1;
            bound.push((input_type(arg), arg.view()));
        }
        Ok(())
    }

    /// Refuses an argument with the name of a constant: the text would go on to mean the constant.
    fn check_constants<'n>(&self, mut names: impl Iterator<Item = &'n str>) -> Result<(), EvalError> {
        let Some(name) = names.find(|name| self.constants.iter().any(|c| c == name)) else { return Ok(()) };
        let message = format!("`{name}` is a constant in the text, but there is an argument of that name");
        Err(EvalError::new(EvalErrorKind::ConstantArgument, message)
            .of(name)
            .with_help(format!("declare it: `Expr::builder().name(\"{name}\")`, or give the argument another name")))
    }

    /// Refuses an array that has the name of an index by a place alone: a coordinate was meant.
    fn check_indices(&self, items: &[(&str, Arg)]) -> Result<(), EvalError> {
        let is_array = |(_, arg): &&(&str, Arg)| !arg.view().shape.is_empty();
        let Some((name, span)) =
            items.iter().filter(is_array).find_map(|(name, _)| Some((*name, self.index_alone(&normal(name))?)))
        else {
            return Ok(());
        };
        let message = format!("`{}` is an index here, but there is an array of that name", excerpt(name));
        let help = "elements are not gathered: a name that stands alone as a coordinate is an index; give the array another name, or do not pass it";
        Err(EvalError::shown(EvalErrorKind::Shape, Diagnostic::new(message, span).with_help(help), &self.source)
            .of(name))
    }

    #[cold]
    fn missing<'n>(&self, name: &str, given: impl Iterator<Item = &'n str>) -> EvalError {
        let shown = excerpt(name);
        let error =
            EvalError::new(EvalErrorKind::MissingArgument, format!("there is no argument for `{shown}`")).of(name);
        if let Some(call) = self.function_named(name) {
            let help = format!("`{shown}` is a function too: write `{call}`, or pass an argument of that name");
            return error.with_help(help);
        }
        if self.pieces.is_some() && self.is_coordinate(name) {
            let help = format!(
                "an index stands on the left, `D[{shown}]`, or behind a reduction, `sum[{shown}](...)`; as a number pass it: `args![..., {shown} = value]`"
            );
            return error.with_help(help);
        }
        let mut constants = CONSTANTS.iter().map(|(constant, _)| *constant);
        let constant = || constants.find(|c| *c != name && c.eq_ignore_ascii_case(name));
        if let Some(usual) = suggest::elsewhere(name).or_else(constant) {
            return error.with_help(format!("did you mean `{usual}`?"));
        }
        match suggest::nearest(name, given) {
            Some(near) => error.with_help(format!("there is one named `{near}`; did you mean `{shown} = {near}`?")),
            None => error.with_help(format!("pass it: `args![..., {shown} = value]`")),
        }
    }
}

/// An argument's type.
#[inline]
pub fn input_type(arg: &Arg) -> InputType {
    InputType { dtype: arg.dtype(), weak: arg.is_weak(), swapped: arg.is_swapped(), text: arg.text() }
}

/// The type of an array to be updated, as an argument.
#[inline]
pub fn target_type(array: &Strided) -> InputType {
    InputType { swapped: array.swapped, ..InputType::strong(array.dtype) }
}

/// Refuses a name that is given twice.
fn check_names<'n>(
    items: usize,
    item_name: &impl Fn(usize) -> &'n str,
    targets: &[(&'n str, Strided)],
) -> Result<(), EvalError> {
    let count = items + targets.len();
    let name = |at: usize| if at < items { item_name(at) } else { targets[at - items].0 };
    let twice = if count <= FEW {
        (1..count).find(|&at| (0..at).any(|before| name(before) == name(at)))
    } else {
        let mut seen = HashSet::new();
        (0..count).find(|&at| !seen.insert(name(at)))
    };
    match twice {
        None => Ok(()),
        Some(at) => {
            let message = format!("`{}` is given twice", name(at));
            Err(EvalError::new(EvalErrorKind::DuplicateArgument, message).of(name(at)).with_help("pass each name once"))
        }
    }
}
