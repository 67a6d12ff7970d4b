//! Stages that count.
//!
//! A task computes numbers into a buffer and counts them in tables of its own, which are added up when it ends: integers have no order. Numbers
//! that follow from one array of bytes are looked up: the bytes are counted, and each of the 256 that there may be has its number computed once.

use std::collections::HashSet;

use smallvec::SmallVec;

use super::kernels::Use;
use super::layout::{Body, OperandSpec};
use super::make::{Array, Maker, walk};
use super::nest::Nest;
use super::program::{Counts, Stage};
use super::schedule::{Counting, How, OfBytes, Operand, Place, Shown, Step, TileOperand, Tiles, Walk};
use super::shape::Shape;
use super::table::Table;
use crate::dtype::DType;
use crate::ir::Role;
use crate::types::graph::{Graph, NodeId, NodeKind};

/// Bytes of a buffer: they stay in L1.
const STEP: usize = 16 << 10;
/// Elements that a task takes, about.
const TASK: usize = 1 << 16;
/// Elements from which on bytes are counted, and numbers looked up.
const MANY: usize = 1 << 10;
/// Numbers up to which tasks have tables of their own: they stay in L2.
pub const SHARED: usize = 1 << 16;
/// Numbers up to which a task has several tables: they stay in L1 beside the buffer, or nearly.
pub const FEW: usize = 1 << 11;
/// So many: equal neighbours are counted in different ones, and do not wait for each other.
pub const SIDES: usize = 4;
/// Bytes that there are.
pub const BYTES: usize = 256;
/// Elements for each number that are counted before tables are added up.
const ADDED: usize = 4;

impl Maker<'_> {
    /// Adds the steps of stage `at`.
    pub fn count(&mut self, at: usize, counts: &Counts, empty: bool) {
        let (program, bins) = (self.program, counts.bins as usize);
        let shape = self.shapes.stages[at].clone();
        self.hold(at);
        let [Array { operand, .. }] = &self.left(at)[..] else { return };
        let Place::Call(place) = operand.place else { return };
        if empty {
            // (What it would read may be nowhere.)
            self.steps.push(Step::Fill { at: place, value: 0i64.into(), count: bins });
            return;
        }
        let stage = &program.stages[at];
        let sources: Vec<Array> = stage.sources.iter().map(|&source| self.source(source)).collect();
        let elements: usize = shape.iter().product();
        let byte = byte_source(&program.graph, stage, &sources).filter(|_| elements >= MANY);
        let numbers: SmallVec<[TileOperand; 4]> = (0..sources.len()).map(TileOperand::Walk).collect();
        let (of, arrays, mut operands, dtype) = match byte {
            Some(o) => {
                let dtype = sources[o].operand.spec.dtype;
                let array = Array {
                    operand: Operand { spec: OperandSpec::plain(dtype, Role::In), ..sources[o].operand },
                    ..sources[o].clone()
                };
                (Use::Copy(dtype), vec![array], SmallVec::from_slice(&[TileOperand::Walk(0)]), dtype)
            }
            None => (Use::Stage(at, Body::MAP), sources.clone(), numbers, DType::U32),
        };
        operands.push(TileOperand::Part(0));
        let moved: usize = arrays.iter().map(|array| array.operand.size()).sum();
        let tiles = self.tiles_of_counts(&shape, arrays, dtype.size());
        let operations = stage.nodes.iter().map(|&node| program.graph.operations(node)).sum::<usize>();
        let weight = if byte.is_some() { 4 } else { 4 + operations };
        let parallel = bins <= SHARED && self.target.pays_to_share(elements, moved, weight as f64);
        let fill = self.tile_kernel(&tiles, (&[dtype], tiles.step), of, operands);
        let of_bytes = byte.map(|o| self.of_bytes(at, &sources, o));
        let shown = Shown { how: How::Counted, joined: false, shape, walk: None, sources: sources.len(), moved: None };
        let least = (ADDED * bins).div_ceil(tiles.piece * tiles.group);
        let counting = Counting { stage: at, tiles, fill, of_bytes, bins, at: place, least, parallel, shown };
        self.steps.push(Step::Count(Box::new(counting)));
    }

    /// Tiles of these arrays, in the order in which they lie, for a buffer of elements of this size.
    fn tiles_of_counts(&self, shape: &Shape, arrays: Vec<Array>, size: usize) -> Tiles {
        let mut walk = walk(shape, arrays);
        walk.nest.arrange(|_| false);
        let rank = walk.nest.rank();
        // (Of one axis, another one around it.)
        let extra = (rank == 1).then_some(1);
        let lengths: Vec<usize> = extra.into_iter().chain(walk.nest.shape().iter().copied()).collect();
        let [.., wide, length] = lengths[..] else { unreachable!("two axes at least") };
        let mut all = Walk { nest: Nest::arranged(lengths, 0), operands: Vec::new() };
        for (o, &operand) in walk.operands.iter().enumerate() {
            all.push(operand, extra.map(|_| 0).into_iter().chain(walk.nest.strides(o).iter().copied()));
        }
        let tile = self.target.tuning.tile;
        let step = tile.unwrap_or(STEP / size).clamp(1, length);
        let group = (tile.unwrap_or(STEP / size) / step).clamp(1, wide);
        let piece = step * (tile.unwrap_or(TASK) / (step * group)).max(1);
        let loops = if group == 1 { 1 } else { 2 };
        Tiles { walk: all, across: false, loops, group, step, piece: piece.min(length) }
    }

    /// The kernel that computes numbers from bytes, which are source `bytes`.
    fn of_bytes(&mut self, at: usize, sources: &[Array], bytes: usize) -> OfBytes {
        let mut table = Table::new(1);
        for (o, array) in sources.iter().enumerate() {
            table.push(&array.operand.spec, &[isize::from(o == bytes)]);
        }
        table.push(&OperandSpec::plain(DType::U32, Role::In), &[DType::U32.size() as isize]);
        let called = table.called(&self.target, Use::Stage(at, Body::MAP), &mut self.numbers);
        OfBytes { called, operands: sources.iter().map(|array| array.operand).collect(), bytes }
    }
}

/// The source of bytes that a stage's numbers follow from, if beside it there are single elements alone, and computing a number that is not
/// asked for can be noticed by nobody.
fn byte_source(graph: &Graph, stage: &Stage, sources: &[Array]) -> Option<usize> {
    if sources.iter().any(|array| array.operand.spec.is_affine()) {
        return None;
    }
    let mut arrays = (0..sources.len()).filter(|&o| sources[o].shape.iter().any(|&n| n != 1));
    let (o, None) = (arrays.next()?, arrays.next()) else { return None };
    if !matches!(sources[o].operand.spec.dtype, DType::I8 | DType::U8) {
        return None;
    }
    // (Arguments stand before what uses them.)
    let mut depends: HashSet<NodeId> = HashSet::from_iter([stage.sources[o].0]);
    for &id in &stage.nodes {
        let node = graph.node(id);
        let above = node.args.iter().any(|arg| depends.contains(arg));
        let noticed = match node.kind {
            _ if graph.may_fault(id) => true,
            NodeKind::Patch(helper) => !helper.folds(),
            _ => false,
        };
        match (above, noticed) {
            (true, true) => return None,
            (true, false) => _ = depends.insert(id),
            _ => {}
        }
    }
    Some(o)
}
