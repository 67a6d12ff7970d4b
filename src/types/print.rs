//! The text form of a graph, for tests and for people.
//!
//! One line a node: `v2: f64 = mul v0, v1`. Then the outputs, and the checks of bare integers.

use std::fmt;

use super::graph::{Axes, Graph, NodeKind, Word};

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (at, node) in self.nodes.iter().enumerate() {
            write!(f, "v{at}: {} = ", node.dtype)?;
            match &node.kind {
                NodeKind::Input(input) => {
                    let name = self.inputs.get(*input as usize).map_or(0, |input| input.name);
                    write!(f, "input {name}")?;
                    if let Some(part) = self.inputs.get(*input as usize).and_then(|input| input.part) {
                        write!(f, " {}", part.name())?;
                    }
                    if let Some(Word { at }) = self.inputs.get(*input as usize).and_then(|input| input.word) {
                        write!(f, " from byte {at}")?;
                    }
                }
                NodeKind::Const(c) => write!(f, "{c}")?,
                NodeKind::Op(op) => f.write_str(op.name())?,
                NodeKind::Math(function) => f.write_str(function.name())?,
                NodeKind::Complex(function, part) => write!(f, "{} {}", function.name(), part.name())?,
                NodeKind::Random(random) => f.write_str(random.name())?,
                NodeKind::Patch(helper) => write!(f, "patch {}", helper.name)?,
                NodeKind::Fault(number) => write!(f, "fault e{number}")?,
                NodeKind::Reduce { monoid, axes, keepdims } => {
                    write!(f, "reduce {}{axes}{}", monoid.name, if *keepdims { " keepdims" } else { "" })?;
                }
                NodeKind::Scan { scan, axis } => match axis {
                    Some(axis) => write!(f, "{} [{axis}]", scan.name())?,
                    None => f.write_str(scan.name())?,
                },
                NodeKind::Counts(bins) => write!(f, "counts {bins}")?,
                NodeKind::Loop { index, part } => write!(f, "loop l{index}.{part}")?,
                NodeKind::ScanWith { index, part, axis, reverse } => {
                    write!(f, "scan l{index}.{part} [{axis}]{}", if *reverse { " reverse" } else { "" })?;
                }
                NodeKind::Param(number) => write!(f, "param {number}")?,
                NodeKind::Position => f.write_str("position")?,
                NodeKind::Index(Some(axis)) => write!(f, "index axis {axis}")?,
                NodeKind::Index(None) => f.write_str("index")?,
                NodeKind::Count(axes) => write!(f, "count{axes}")?,
            }
            for (at, arg) in node.args.iter().enumerate() {
                write!(f, "{} v{}", if at == 0 { "" } else { "," }, arg.0)?;
            }
            writeln!(f)?;
        }
        f.write_str("outputs")?;
        for output in &self.outputs {
            write!(f, " v{}", output.0)?;
        }
        for check in &self.range_checks {
            write!(f, "\ncheck {} in {}", check.name, check.dtype)?;
        }
        for (at, of) in self.loops.iter().enumerate() {
            let kind = if of.body.cond { "while" } else { "step" };
            write!(f, "\nl{at}: {kind} of {} states\n{}", of.body.states, of.body.graph)?;
        }
        Ok(())
    }
}

impl fmt::Display for Axes {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Axes::All => Ok(()),
            Axes::List(list) => write!(f, " {:?}", list.as_slice()),
        }
    }
}
