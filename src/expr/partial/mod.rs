//! Reductions of a part of an array, as states that are merged into the result of the whole.
//!
//! Comes in: a text whose results are reductions over all axes, a part of its arrays, and where that stands in the whole. Goes out: a
//! [`State`]. Always holds: what the states of all parts come to has the bits of one call, however the whole was cut.

mod bytes;
pub mod state;

use smallvec::SmallVec;

use self::state::{Finish, Node, State, Text, refused};
use super::api::Expr;
use super::core::{Arguments, Bound, Core, Typed};
use crate::array::arg::AsArgs;
use crate::diagnostic::Diagnostic;
use crate::dtype::DType;
use crate::error::eval::{EvalError, EvalErrorKind};
use crate::expr::ended::begin;
use crate::ir::{Monoid, Op};
use crate::plan::partial::aligned;
use crate::plan::schedule::BLOCK;
use crate::plan::shape::count;
use crate::run::settings::CallOptions;
use crate::types::graph::{Axes, Graph, NodeId, NodeKind};

impl Expr {
    /// Combines a part of a larger array, for a text whose results are reductions over all axes (`sum(a), max(a*b)`): elements
    /// `offset..` of `total`, flattened in C order. The states of all parts, [merged](State::merge) in order, [come to](State::finish)
    /// what one call on the whole gives, to the bit. So arrays may be larger than memory, and lie on several machines.
    ///
    /// `offset` is a multiple of 512, and so is the number of elements unless they are the last. Fastest are parts of 2^k times 512
    /// elements, each at a multiple of its own length. The arguments broadcast to the part. All parts have arguments of the same types, the same
    /// bare numbers, and are run with the same [`Accuracy`](crate::Accuracy).
    ///
    /// What is not known before the whole is (`mean`, `std`, `max(a) - min(a)`) is computed from the results: `sum(a)`
    /// over `total` is the mean.
    ///
    /// ```
    /// use tilexpr::{Expr, State, args};
    /// let a: Vec<f64> = (0..5000).map(|i| (i as f64).sin()).collect();
    /// let e = Expr::compile("sum(a*a), argmax(a)")?;
    /// let (first, last) = a.split_at(4096);
    /// let first = e.partial(args![a = first], 0, a.len())?;
    /// let last = e.partial(args![a = last], 4096, a.len())?.to_bytes(); // from another machine
    /// let whole: (f64, i64) = first.merge(State::from_bytes(&last)?)?.finish()?;
    /// assert_eq!(whole, e.eval(args![a])?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`eval`](Expr::eval), and of the kind [`Partial`](EvalErrorKind::Partial) where a result is no reduction over all axes or
    /// depends on another one, where reductions run over different numbers of elements, and where the part does not begin and end as
    /// said above.
    pub fn partial<'a>(&self, args: impl AsArgs<'a>, offset: usize, total: usize) -> Result<State, EvalError> {
        let mut bound = Bound::new();
        self.core.bind(args.borrow(), &[], &mut bound)?;
        self.core.partial(&bound, offset, total, &self.options)
    }
}

impl Core {
    /// The state of elements `offset..` of `total`.
    pub fn partial(
        &self,
        bound: &Arguments,
        offset: usize,
        total: usize,
        options: &CallOptions,
    ) -> Result<State, EvalError> {
        let stop = begin(options)?;
        let typed = self.typed(bound)?;
        let reductions = reductions(&typed);
        let results = self.finishes(&typed, &reductions)?;
        self.check_reductions(&typed)?;
        let monoids = reductions.iter().map(|(_, monoid)| *monoid).collect();
        let text = Text { source: self.source.to_string(), types: self.types(&typed), monoids, results };
        // An empty part has no elements to run over, and is a state all the same.
        if bound.iter().any(|(_, view)| view.shape.contains(&0)) {
            check_place(offset, 0, total)?;
            return Ok(State::new(text, offset..offset, total));
        }
        let elements = self.elements(&typed, bound)?;
        check_place(offset, elements, total)?;
        let mut state = State::new(text, offset..offset + elements, total);
        let (first, blocks) = (offset / BLOCK, elements.div_ceil(BLOCK));
        let ends = offset + elements == total;
        let stored =
            self.states(&typed, bound, aligned(first, (!ends).then_some(blocks)), self.settings(options, &stop))?;
        let mut stored = stored.into_iter().map(|array| array.into_scalars());
        for (column, &(node, monoid)) in reductions.iter().enumerate() {
            let components: SmallVec<[Vec<_>; 2]> = stored.by_ref().take(monoid.state.len()).collect();
            let pieces = components.first().map_or(0, Vec::len);
            // The power of two that cuts so many blocks into so many pieces.
            let piece = blocks.div_ceil(pieces.max(1)).next_power_of_two();
            let at_position = position(&typed.program.graph, node);
            for at in 0..pieces {
                let mut values: SmallVec<[_; 2]> =
                    components.iter().filter_map(|values| values.get(at).copied()).collect();
                if let Some(position) = at_position.and_then(|part| values.get_mut(part)) {
                    *position = (position.bits() as i64).wrapping_add(offset as i64).into();
                }
                let start = (at * piece).min(blocks);
                let blocks = first + start..first + (start + piece).min(blocks);
                state.push(column, Node { blocks, values }).ok_or_else(refused)?;
            }
        }
        Ok(state)
    }

    /// Refuses reductions of which parts say nothing: over some axes, or of what depends on the whole.
    fn check_reductions(&self, typed: &Typed) -> Result<(), EvalError> {
        let graph = &typed.program.graph;
        // Whether a node depends on a reduction, or on how many elements there are.
        let mut whole = vec![false; graph.nodes.len()];
        for (at, node) in graph.nodes.iter().enumerate() {
            let above = node.args.iter().any(|arg| whole[arg.0 as usize]);
            if node.kind.scan_axis().is_some() {
                let message = "a scan goes on from what lies before a part of an array, which the part does not know";
                return Err(self.not_a_reduction(message, NodeId(at as u32), graph));
            }
            if let NodeKind::Index(_) = node.kind {
                let message = "an index counts from the beginning of the whole array, which a part does not know";
                return Err(self.not_a_reduction(message, NodeId(at as u32), graph));
            }
            if let NodeKind::Counts(_) = node.kind {
                let message = "counts are an array, no state: add up those of the parts, each evaluated by itself";
                return Err(self.not_a_reduction(message, NodeId(at as u32), graph));
            }
            let reduces = matches!(node.kind, NodeKind::Reduce { .. });
            let plain = matches!(node.kind, NodeKind::Reduce { axes: Axes::All, keepdims: false, .. });
            if reduces && (above || !plain) {
                let message = if above {
                    "this reduction depends on another one, which a part of an array does not know"
                } else {
                    "this reduction is not over all axes, so parts have no common result"
                };
                return Err(self.not_a_reduction(message, NodeId(at as u32), graph));
            }
            whole[at] = above || reduces || matches!(node.kind, NodeKind::Count(_));
        }
        Ok(())
    }

    /// What becomes of the finished reductions: for each result the reduction of each of its parts, and conversions.
    fn finishes(&self, typed: &Typed, reductions: &[(NodeId, &'static Monoid)]) -> Result<Vec<Finish>, EvalError> {
        let graph = &typed.program.graph;
        let part = |output: NodeId| {
            let (mut at, mut converts) = (output, Vec::new());
            loop {
                let node = graph.node(at);
                match (&node.kind, &node.args[..]) {
                    (NodeKind::Op(Op::Convert), [of]) => {
                        converts.push(node.dtype);
                        at = *of;
                    }
                    // One part of a complex number has the shape of both by such a selection.
                    (NodeKind::Op(Op::Select), [_, yes, no]) if yes == no => at = *yes,
                    _ => break,
                }
            }
            converts.reverse();
            let column = reductions.iter().position(|(node, _)| *node == at);
            let message = "this result is no reduction, so a part of an array says nothing of it";
            column.map(|column| (column, converts)).ok_or_else(|| self.not_a_reduction(message, output, graph))
        };
        let finish = |(dtype, outputs): (DType, std::ops::Range<usize>)| {
            let parts = outputs.map(|output| part(graph.outputs[output])).collect::<Result<_, _>>()?;
            Ok(Finish { dtype, parts })
        };
        graph.results().map(finish).collect()
    }

    #[cold]
    fn not_a_reduction(&self, message: &str, node: NodeId, graph: &Graph) -> EvalError {
        let help = "write reductions over all axes alone, as in `sum(a), sum(a*a)`, and compute with what `finish` gives: a mean is \
                    the sum over the total";
        let diagnostic = Diagnostic::new(message.to_string(), graph.node(node).span).with_help(help);
        EvalError::shown(EvalErrorKind::Partial, diagnostic, &self.source)
    }

    /// The number of elements that all reductions run over.
    fn elements(&self, typed: &Typed, bound: &Arguments) -> Result<usize, EvalError> {
        let shapes = self.stage_shapes(typed, bound)?;
        let reduces = typed.program.stages.iter().zip(&shapes.stages).filter(|(stage, _)| stage.group().is_some());
        let mut counts = reduces.map(|(_, shape)| count(shape).unwrap_or(usize::MAX));
        let first = counts.next().unwrap_or(0);
        match counts.find(|&other| other != first) {
            None => Ok(first),
            Some(other) => {
                let message = format!("the reductions run over {first} and over {other} elements, not over as many");
                Err(EvalError::new(EvalErrorKind::Partial, message)
                    .with_help("reduce arrays of one shape in a text, others in another"))
            }
        }
    }

    /// The types of the arguments, in words.
    fn types(&self, typed: &Typed) -> String {
        let one = |(name, ty): (&String, &crate::types::InputType)| {
            format!("{name}: {}{}", if ty.weak { "bare " } else { "" }, ty.dtype)
        };
        self.names().iter().zip(&typed.signature).map(one).collect::<Vec<_>>().join(", ")
    }
}

/// The reductions of a program, in the order in which their states are handed out.
fn reductions(typed: &Typed) -> Vec<(NodeId, &'static Monoid)> {
    let groups = typed.program.stages.iter().filter_map(|stage| stage.group());
    groups.flat_map(|group| group.nodes.iter().copied().zip(group.monoids.iter().copied())).collect()
}

/// Which component of a reduction's state is a position, if one is: the argument that it is combined from.
fn position(graph: &Graph, node: NodeId) -> Option<usize> {
    graph.node(node).args.iter().position(|&arg| graph.node(arg).kind == NodeKind::Position)
}

/// Refuses a part that is none of the whole, or does not begin and end at a block.
fn check_place(offset: usize, elements: usize, total: usize) -> Result<(), EvalError> {
    let error = |message: String, help: String| Err(EvalError::new(EvalErrorKind::Partial, message).with_help(help));
    let end = offset.checked_add(elements).filter(|&end| end <= total && i64::try_from(total).is_ok());
    let Some(end) = end else {
        let message = format!("{elements} elements from {offset} on are no part of {total}");
        return error(message, "`total` is the number of elements of the whole array".into());
    };
    if !offset.is_multiple_of(BLOCK) && offset != total {
        let message = format!("the part begins at element {offset}, which is no multiple of {BLOCK}");
        return error(message, format!("begin it at {}", offset / BLOCK * BLOCK));
    }
    if !end.is_multiple_of(BLOCK) && end != total {
        let message = format!("the part ends at element {end}, which is no multiple of {BLOCK}, nor the end, {total}");
        return error(message, format!("give it {} elements, or all to the end", elements / BLOCK * BLOCK));
    }
    Ok(())
}
