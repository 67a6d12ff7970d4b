//! How an expression is computed, for a person to read.

use std::fmt;

use super::core::{Bound, Core};
use super::error::EvalError;
use super::threads::Threads;
use crate::plan::program::Work;

/// How an expression is computed for certain arguments: types, stages, and the kernels that have been made so far.
/// Display it; the form may change.
///
/// ```
/// use tilexpr::{Expr, args};
/// let a = [1.0, 2.0, 3.0];
/// let explained = Expr::compile("a - mean(a)")?.explain(args![a])?.to_string();
/// assert!(explained.contains("result: f64, shape [3]"));
/// assert!(explained.contains("reduction") && explained.contains("elementwise"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Explain {
    text: String,
}

impl Explain {
    pub(crate) fn new(core: &Core, threads: &Threads, bound: &Bound) -> Result<Explain, EvalError> {
        let outputs = core.outputs(bound)?;
        let typed = core.typed(bound)?;
        let mut text = String::new();
        Explain::write(&mut text, core, threads, bound, &typed, &outputs).unwrap_or_default();
        Ok(Explain { text })
    }

    fn write(
        f: &mut impl fmt::Write,
        core: &Core,
        threads: &Threads,
        bound: &Bound,
        typed: &super::core::Typed,
        outputs: &[(crate::DType, Vec<usize>)],
    ) -> fmt::Result {
        writeln!(f, "{}", core.source)?;
        for (name, (ty, view)) in core.names().iter().zip(bound) {
            let weak = if ty.weak { ", weak" } else { "" };
            writeln!(f, "  {name}: {}{weak}, shape {:?}, strides {:?}", ty.dtype, view.shape, view.strides)?;
        }
        for (dtype, shape) in outputs {
            writeln!(f, "  result: {dtype}, shape {shape:?}")?;
        }
        writeln!(f, "\ntyped graph (equal parts are one)\n{}", typed.program.graph)?;
        writeln!(f, "stages, each one pass over memory, on up to {} threads", threads.count())?;
        for (at, stage) in typed.program.stages.iter().enumerate() {
            match &stage.work {
                Work::Map(outputs) => writeln!(f, "  {at}: elementwise, {} stored", outputs.len())?,
                Work::Reduce(group) => {
                    let names: Vec<&str> = group.monoids.iter().map(|monoid| monoid.name.as_str()).collect();
                    write!(f, "  {at}: reduction, {}", names.join(", "))?;
                    match group.joins {
                        Some(map) => writeln!(f, ", joined by stage {map} where a run is at most 512 elements")?,
                        None => writeln!(f)?,
                    }
                }
            }
        }
        writeln!(f, "\nkernels made so far")?;
        for (stage, pass, slot) in typed.kernels.iter() {
            let code = slot.native().and_then(|native| native.code().map(<[u8]>::len));
            let by = code.map_or("interpreted".into(), |bytes| format!("{bytes} bytes of native code"));
            writeln!(f, "stage {stage}, {pass:?}: {by}\n{}", slot.kernel())?;
        }
        Ok(())
    }
}

impl fmt::Display for Explain {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.text)
    }
}
