//! An expression over its inputs: in memory, or file by file in pieces.
//!
//! Comes in: the options. Goes out: results, in files or printed. Always holds: whether files are read whole or in pieces changes no bit of a result.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use tilexpr::{
    AnyArray, Arg, Args, DType, Detail, EvalErrorKind, Expr, FileErrorKind, StreamPlan, Threads, identifiers, npy,
};

use crate::failure::Failure;
use crate::input::{self, Input};
use crate::limit;
use crate::load::{Data, Inputs};
use crate::options::{Format, Options};
use crate::output::{self, Output};
use crate::progress;

/// Files and results that are larger together are gone through in pieces, where that can be.
const WHOLE: usize = 256 << 20;

/// Does what the options say.
pub fn run(options: &Options, text: &str) -> Result<(), Failure> {
    let outputs = Output::all(options)?;
    let given = input::read(&options.inputs)?;
    let (expr, constants) = compile(options, text, &given)?;
    let mut inputs = Inputs::new(options.limit_memory, options.quiet);
    let all = inputs.load(expr.names(), &constants, given).and_then(|data| {
        let call = Call { options, expr, data, outputs };
        call.run()
    });
    all.map_err(|failure| match failure {
        Failure::Usage(message) => Failure::Usage(inputs.shown(&message)),
        Failure::Other(message) => Failure::Other(inputs.shown(&message)),
        Failure::Closed => Failure::Closed,
    })
}

/// The text, and those of its names that are constants.
fn compile(options: &Options, text: &str, given: &[Input]) -> Result<(Expr, Vec<String>), Failure> {
    let threads = match options.threads {
        None => Threads::Global,
        Some(1) => Threads::Serial,
        Some(n) => {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build();
            Threads::Pool(Arc::new(pool.map_err(|error| Failure::Other(format!("cannot make {n} threads: {error}")))?))
        }
    };
    let mut builder = Expr::builder().executor(options.executor).threads(threads);
    for input in given {
        if let Input::Named(name, _) = input {
            builder = builder.name(name);
        }
    }
    let expr = builder.compile(text)?;
    let mut constants = identifiers(text)?;
    constants.retain(|name| !expr.names().contains(name));
    Ok((expr, constants))
}

/// An expression with all that it needs.
struct Call<'a> {
    options: &'a Options,
    expr: Expr,
    data: Vec<(String, Data)>,
    outputs: Vec<Output>,
}

impl Call<'_> {
    fn run(self) -> Result<(), Failure> {
        let files: Vec<(&str, &PathBuf)> = self
            .data
            .iter()
            .filter_map(|(name, data)| match data {
                Data::File(path) => Some((&**name, path)),
                _ => None,
            })
            .collect();
        let mut bytes = 0_usize;
        for (_, path) in &files {
            bytes = bytes.saturating_add(usize::try_from(npy::Header::read(path)?.bytes()).unwrap_or(usize::MAX));
        }
        let whole = |results, help: &str| self.whole(&files, bytes, results, help);
        if files.is_empty() || self.options.explain {
            return whole(None, "");
        }
        let limit = self.options.limit_memory.unwrap_or(WHOLE).min(WHOLE);
        match self.stream(&files).plan() {
            Ok(plan) => {
                let results = plan.results.iter().map(|result| size(result.dtype, &result.shape));
                let results = results.fold(0, usize::saturating_add);
                if bytes.saturating_add(results) <= limit {
                    whole(Some(results), "")
                } else if self.goes_to_files(&plan)? {
                    self.pieces(&files, &plan)
                } else {
                    let help = "with `-o FILE.npy` for each result as large as the files less may do, for they go in pieces then";
                    whole(Some(results), help)
                }
            }
            Err(error) if error.kind() == FileErrorKind::Unsupported => whole(None, "it cannot be computed in pieces"),
            Err(error) if error.kind() == FileErrorKind::Memory && bytes <= limit => whole(None, ""),
            Err(error) => Err(match (error.needed(), self.options.limit_memory) {
                (Some(needed), Some(limit)) => {
                    let needed = usize::try_from(needed).unwrap_or(usize::MAX).saturating_add(self.columns());
                    limit::too_small("the call, in pieces,", needed, limit, "")
                }
                _ => error.into(),
            }),
        }
    }

    /// Whether all results that are as large as the files have one of NumPy's to go to.
    fn goes_to_files(&self, plan: &StreamPlan) -> Result<bool, Failure> {
        self.check_outputs(plan.results.len())?;
        let npy = |at: usize| self.outputs.get(at).is_some_and(|output| output.format == Format::Npy);
        Ok(plan.results.iter().enumerate().all(|(at, result)| !result.to_file || npy(at)))
    }

    fn check_outputs(&self, results: usize) -> Result<(), Failure> {
        let outputs = self.outputs.len();
        if outputs == 0 || outputs == results {
            return Ok(());
        }
        let several = |n: usize, what: &str| if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") };
        let message = format!(
            "the text has {}, and {} given",
            several(results, "result"),
            if outputs == 1 { "1 output is".into() } else { format!("{outputs} outputs are") }
        );
        Err(Failure::usage(
            message,
            "pass `-o FILE` once for each result, in their order; or not at all, and all are printed",
        ))
    }

    /// The arguments that are in memory.
    fn args(&self) -> Args<'_> {
        self.data.iter().filter_map(|(name, data)| Some((&**name, data.arg()?))).collect()
    }

    /// The bytes of those.
    fn columns(&self) -> usize {
        self.args().iter().map(|(_, arg)| size(arg.dtype(), arg.shape())).fold(0, usize::saturating_add)
    }

    fn stream(&self, files: &[(&str, &PathBuf)]) -> tilexpr::Stream<'_> {
        let stream = self.expr.stream().args(&self.args());
        let stream = files.iter().fold(stream, |stream, &(name, path)| stream.file(name, path));
        let columns = self.columns();
        match self.options.limit_memory {
            Some(limit) => stream.memory_limit(limit.saturating_sub(columns)),
            None => stream,
        }
    }

    /// All files in memory at once, of so many bytes, with results of so many, if that is known. `help` is what else to say where that is too much.
    fn whole(
        &self,
        files: &[(&str, &PathBuf)],
        bytes: usize,
        results: Option<usize>,
        help: &str,
    ) -> Result<(), Failure> {
        let held = bytes.saturating_add(self.columns());
        let room = match self.options.limit_memory {
            Some(limit) => Some(self.room(held, results, limit, help)?),
            None => None,
        };
        let mut arrays: Vec<(&str, AnyArray)> = Vec::with_capacity(files.len());
        for &(name, path) in files {
            arrays.push((name, npy::read(path)?));
        }
        let args: Args = arrays.iter().map(|(name, array)| (*name, Arg::new(array))).collect();
        let args = self.args().iter().chain(args.iter()).map(|(name, arg)| (name, arg.clone())).collect::<Args>();
        if self.options.explain {
            let text = self.expr.explain(&args)?.to_string();
            return output::print_text(text.trim_end());
        }
        let results = self.expr.outputs(&args)?;
        self.check_outputs(results.len())?;
        let found = self.expr.with_memory_limit(room).eval(&args);
        self.put(found.map_err(|error| match (error.kind(), error.found(), self.options.limit_memory) {
            (EvalErrorKind::MemoryLimit, Some(&Detail::Count(needed)), Some(limit)) => {
                limit::too_small("the call", held.saturating_add(needed), limit, help)
            }
            _ => error.into(),
        })?)
    }

    /// The memory that is left beside what is held.
    fn room(&self, held: usize, results: Option<usize>, limit: usize, help: &str) -> Result<usize, Failure> {
        match results {
            Some(results) if held.saturating_add(results) > limit => {
                Err(limit::too_small("the call", held.saturating_add(results), limit, help))
            }
            None if held > limit => {
                let (held, limit) = (limit::shown(held), limit::shown(limit));
                let message = format!("the inputs alone take {held} of memory, and the limit is {limit}");
                let more = if help.is_empty() { "" } else { ": " };
                Err(Failure::other(message, format!("allow for the results, too{more}{help}")))
            }
            _ => Ok(limit.saturating_sub(held)),
        }
    }

    /// Files in pieces.
    fn pieces(&self, files: &[(&str, &PathBuf)], plan: &StreamPlan) -> Result<(), Failure> {
        let mut stream = self.stream(files);
        for (output, _) in self.outputs.iter().zip(&plan.results).filter(|(_, result)| result.to_file) {
            stream = stream.output(&output.path);
        }
        let bar = progress::bar(plan.read, self.options.quiet);
        let tell = |done: u64, total: u64| {
            bar.set_length(total);
            bar.set_position(done);
            ControlFlow::Continue(())
        };
        let found = stream.on_progress(tell).run::<Vec<AnyArray>>();
        bar.finish_and_clear();
        let found = found?;
        if self.outputs.is_empty() {
            return output::print(found, self.options.format);
        }
        let values = self.outputs.iter().zip(&plan.results).filter(|(_, result)| !result.to_file);
        values.zip(found).try_for_each(|((output, _), value)| output.write(value))
    }

    /// Puts results where they belong.
    fn put(&self, results: Vec<AnyArray>) -> Result<(), Failure> {
        if self.outputs.is_empty() {
            return output::print(results, self.options.format);
        }
        self.outputs.iter().zip(results).try_for_each(|(output, result)| output.write(result))
    }
}

/// The bytes of an array.
fn size(dtype: DType, shape: &[usize]) -> usize {
    shape.iter().fold(dtype.size(), |product, &n| product.saturating_mul(n))
}
