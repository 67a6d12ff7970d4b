//! What a run is about, checked: files opened, names bound, types and shapes fitting.
//!
//! Comes in: an expression, files and arguments by name. Goes out: what stands for each name of the text, and the typed text. Always holds: every
//! header that is used has been read and compared with its file's length; no element has been read.

use std::path::PathBuf;
use std::sync::Arc;

use super::demand::Shaped;
use super::passes::Lying;
use crate::array::arg::{Arg, Args};
use crate::array::view::{Strided, View};
use crate::error::eval::{EvalError, EvalErrorKind};
use crate::expr::api::Expr;
use crate::expr::core::{Bound, Typed};
use crate::files::error::{FileError, FileErrorKind};
use crate::files::npy::Header;
use crate::files::npy::input::Input;
use crate::syntax::normal;

/// What stands for a name.
pub enum Given<'a> {
    /// A file.
    File(Input),
    /// An array in memory, or a number.
    Memory(Arg<'a>),
}

impl Given<'_> {
    /// The header, of a file.
    pub fn header(&self) -> Option<&Header> {
        match self {
            Given::File(input) => Some(&input.header),
            Given::Memory(_) => None,
        }
    }

    /// The length of each axis.
    pub fn shape(&self) -> &[usize] {
        match self {
            Given::File(input) => &input.header.shape,
            Given::Memory(arg) => arg.view().shape,
        }
    }
}

/// A run.
pub struct Setup<'a> {
    /// What is computed.
    pub expr: Expr,
    /// What stands for each of its names.
    pub given: Vec<Given<'a>>,
    /// The typed text.
    pub typed: Arc<Typed>,
}

impl<'a> Setup<'a> {
    /// Opens the files that the text names, and checks that all fits.
    pub fn new(expr: &Expr, files: &[(String, PathBuf)], args: &[(String, Arg<'a>)]) -> Result<Setup<'a>, FileError> {
        let names = expr.names();
        let place = |name: &str| names.iter().position(|of| *of == *normal(name));
        let mut inputs: Vec<Option<Input>> = Vec::new();
        for (name, path) in files {
            inputs.push(place(name).map(|_| Input::open(path)).transpose()?);
        }
        let strides: Vec<Vec<isize>> =
            inputs.iter().map(|input| input.as_ref().map_or(Vec::new(), |input| input.header.strides())).collect();
        let typed = {
            // As arguments that have no elements yet: nothing is evaluated on them.
            let of = |at: usize| match &inputs[at] {
                Some(Input { header, .. }) => {
                    let nowhere = std::ptr::dangling_mut();
                    Arg::new(View::of(Strided::new(nowhere, header.dtype, &header.shape, &strides[at])))
                }
                None => Arg::new(0),
            };
            let files = files.iter().enumerate().map(|(at, (name, _))| (&**name, of(at)));
            let all: Args = files.chain(args.iter().map(|(name, arg)| (&**name, arg.clone()))).collect();
            let mut bound = Bound::new();
            expr.core.bind(&all, &[], &mut bound)?;
            if let Some((name, _)) = names.iter().zip(&bound).find(|(_, (ty, _))| ty.text.is_some()) {
                let message = format!("`{name}` is an array of strings, which a stream does not take");
                let error = EvalError::new(EvalErrorKind::Type, message).of(name);
                return Err(error.with_help("read the files, and evaluate on arrays").into());
            }
            let typed = expr.core.typed(&bound)?;
            typed.inputs(&expr.core, &bound)?;
            expr.core.stage_shapes(&typed, &bound)?;
            typed
        };
        let mut given: Vec<Option<Given>> = names.iter().map(|_| None).collect();
        for ((name, _), input) in files.iter().zip(inputs) {
            if let (Some(at), Some(input)) = (place(name), input) {
                given[at] = Some(Given::File(input));
            }
        }
        for (name, arg) in args {
            if let Some(at) = place(name) {
                given[at] = Some(Given::Memory(arg.clone()));
            }
        }
        // Every name was bound above.
        let given = given.into_iter().flatten().collect();
        Ok(Setup { expr: expr.clone(), given, typed })
    }

    /// The graph with the shapes of its values.
    pub fn shaped(&self) -> Result<Shaped<'_>, FileError> {
        let graph = &self.typed.program.graph;
        let shaped = Shaped::new(graph, |input| self.of(input).shape());
        shaped.ok_or_else(|| {
            FileError::new(FileErrorKind::Unsupported, None, "shapes of parts that no result needs do not fit together")
        })
    }

    /// What stands for an input of the graph.
    fn of(&self, input: u32) -> &Given<'a> {
        &self.given[self.typed.program.graph.inputs[input as usize].name as usize]
    }

    /// The files.
    pub fn files(&self) -> impl Iterator<Item = &Input> {
        self.given.iter().filter_map(|given| match given {
            Given::File(input) => Some(input),
            Given::Memory(_) => None,
        })
    }
}

impl Lying for Setup<'_> {
    fn is_file(&self, input: u32) -> bool {
        self.of(input).header().is_some()
    }

    fn is_packed(&self, input: u32, reversed: bool) -> bool {
        match self.of(input) {
            Given::File(Input { header, .. }) => {
                if reversed {
                    header.is_f()
                } else {
                    header.is_c()
                }
            }
            Given::Memory(arg) => View::of(arg.view()).bytes(reversed).is_some(),
        }
    }
}
