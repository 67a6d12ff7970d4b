//! The passes over the files, one after the other.
//!
//! Comes in: a graph with its shapes, and which of its inputs are files. Goes out: passes, each with what it computes, how files are cut for
//! it, and what must be there before; and which results go to files. Always holds: a pass waits for reductions of earlier ones alone; what
//! is combined in a defined order is cut so that pieces are nodes of the tree of the whole (`plan/fold.rs`).

use std::collections::BTreeMap;

use super::demand::{Mode, Need, Root, Shaped};
use crate::ir::Monoid;
use crate::plan::schedule::BLOCK;
use crate::plan::shape::count;
use crate::types::graph::{NodeId, NodeKind};

/// How the files of a pass are cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cut {
    /// Not at all: there are none, and all of it is computed at once.
    Not,
    /// As runs of elements as they lie, all of one shape: in C order, or `reversed` in that of Fortran.
    Flat { reversed: bool },
    /// By rows, along axis 0.
    Rows,
    /// By rows that are combined as runs of elements, of the first `axes` axes: rows that are no whole blocks.
    Staged { axes: usize },
}

/// What a pass gives.
#[derive(Clone, PartialEq, Debug)]
pub enum Gives {
    /// The result of this number: to a file, or, where nothing is cut, as it is.
    Result(usize),
    /// The result of a reduction over rows, or of counting in them.
    Combined(NodeId),
    /// The results of a reduction or scan of each row, or of one whose arguments are all in memory.
    Collected(NodeId),
}

/// A pass.
#[derive(Debug)]
pub struct Pass {
    /// After how many others, of those that it waits for.
    pub level: usize,
    /// How files are cut.
    pub cut: Cut,
    /// How many elements or rows there are to be cut (of `Staged`: elements along its axes).
    pub extent: usize,
    /// Elements of these that make a row of a file (of `Staged` alone; else 1).
    pub row: usize,
    /// What it gives.
    pub gives: Vec<Gives>,
    /// What that is computed from.
    pub need: Need,
}

/// All passes of a run.
#[derive(Debug)]
pub struct Passes {
    /// In order.
    pub passes: Vec<Pass>,
    /// For each result whether it goes to a file.
    pub to_file: Vec<bool>,
}

/// What files and arrays lie like.
pub trait Lying {
    /// Whether an input is a file.
    fn is_file(&self, input: u32) -> bool;
    /// Whether its elements lie one after the other, in C order or `reversed`.
    fn is_packed(&self, input: u32, reversed: bool) -> bool;
}

/// Why there are no passes: a reduction that cannot be computed so.
pub struct Refused(pub NodeId);

/// A reduction that others wait for, or a result.
struct Item {
    gives: Gives,
    need: Need,
    level: usize,
    in_memory: bool,
}

struct Finder<'a> {
    shaped: &'a Shaped<'a>,
    lying: &'a dyn Lying,
}

/// Finds the passes for results, each of these nodes.
///
/// # Errors
/// The reduction that cannot be computed in pieces.
pub fn passes(shaped: &Shaped, results: &[&[NodeId]], lying: &dyn Lying) -> Result<Passes, Refused> {
    let finder = Finder { shaped, lying };
    let mut items: Vec<Item> = Vec::new();
    let mut values = shaped.need([]);
    let mut to_file = Vec::new();
    for (at, nodes) in results.iter().enumerate() {
        let cut = shaped.need(nodes.iter().map(|&node| Root::Value(node, Mode::Cut)));
        let has_rows = nodes.iter().all(|&node| !shaped.shape(node).is_empty());
        to_file.push(has_rows && finder.cuts_file(&cut));
        if to_file[at] {
            items.push(Item { gives: Gives::Result(at), need: cut, level: 0, in_memory: false });
        } else {
            values.add(&shaped.need(nodes.iter().map(|&node| Root::Value(node, Mode::Whole))));
        }
    }
    finder.waited_for(&values, &mut items);
    finder.order(&mut items);
    let mut passes: Vec<Pass> = Vec::new();
    for item in items {
        let pass = finder.pass(item)?;
        let alike = |other: &&mut Pass| {
            (other.level, other.cut, other.extent, other.row) == (pass.level, pass.cut, pass.extent, pass.row)
        };
        match passes.iter_mut().find(alike) {
            Some(other) => {
                other.need.add(&pass.need);
                other.gives.extend(pass.gives);
            }
            None => passes.push(pass),
        }
    }
    passes.sort_by_key(|pass| pass.level);
    let gives: Vec<Gives> = (0..results.len()).filter(|&at| !to_file[at]).map(Gives::Result).collect();
    if !gives.is_empty() {
        // What the others come to in the end.
        passes.push(Pass { level: usize::MAX, cut: Cut::Not, extent: 0, row: 1, gives, need: values });
    }
    Ok(Passes { passes, to_file })
}

/// The least rows of a piece whose elements, so many of each row, make whole blocks in number a power of two, if they can.
pub fn least_rows(elements: usize) -> Option<usize> {
    elements.is_power_of_two().then(|| BLOCK.div_ceil(elements))
}

impl Finder<'_> {
    /// Whether a file is needed cut.
    fn cuts_file(&self, need: &Need) -> bool {
        self.inputs(need, Mode::Cut).any(|(input, _)| self.lying.is_file(input))
    }

    /// The inputs that are needed so.
    fn inputs<'b>(&'b self, need: &'b Need, mode: Mode) -> impl Iterator<Item = (u32, NodeId)> + 'b {
        let nodes = self.shaped.graph.nodes.iter().zip(&need.modes).enumerate();
        nodes.filter_map(move |(at, (node, modes))| match node.kind {
            NodeKind::Input(input) if modes[mode as usize] => Some((input, NodeId(at as u32))),
            _ => None,
        })
    }

    /// Adds the reductions that these wait for, and those that they wait for in turn.
    fn waited_for(&self, values: &Need, items: &mut Vec<Item>) {
        let mut found: BTreeMap<NodeId, Item> = BTreeMap::new();
        let mut open: Vec<NodeId> =
            values.waits.iter().chain(items.iter().flat_map(|i| &i.need.waits)).copied().collect();
        while let Some(node) = open.pop() {
            if found.contains_key(&node) {
                continue;
            }
            let crosses = self.shaped.crosses_rows(node);
            let root = if crosses { Root::Elements(node) } else { Root::Value(node, Mode::Cut) };
            let mut need = self.shaped.need([root]);
            let args = &self.shaped.graph.node(node).args;
            let whole = self.shaped.need(args.iter().map(|&arg| Root::Value(arg, Mode::Whole)));
            let in_memory = !self.cuts_file(&need) || crosses && self.scans_what_is_left(node, &whole);
            if in_memory {
                need = whole;
            }
            open.extend(&need.waits);
            let gives = if crosses && !in_memory { Gives::Combined(node) } else { Gives::Collected(node) };
            found.insert(node, Item { gives, need, level: 0, in_memory });
        }
        items.extend(found.into_values());
    }

    /// Whether a node is a scan, along rows, of nothing but what reductions have left. (What it leaves is as large.)
    fn scans_what_is_left(&self, node: NodeId, whole: &Need) -> bool {
        let is_scan = |node: NodeId| self.shaped.graph.node(node).kind.scan_axis().is_some();
        let has_left = |&wait: &NodeId| !is_scan(wait) || self.shaped.crosses_rows(wait);
        let of_files = self.inputs(whole, Mode::Whole).any(|(input, _)| self.lying.is_file(input));
        is_scan(node) && !of_files && whole.waits.iter().all(has_left)
    }

    /// Finds the level of each. A node's arguments stand before it, so those of reductions are known in their order.
    fn order(&self, items: &mut [Item]) {
        let mut levels: BTreeMap<NodeId, usize> = BTreeMap::new();
        items.sort_by_key(|item| match item.gives {
            Gives::Combined(node) | Gives::Collected(node) => (0, node.0 as usize),
            Gives::Result(at) => (1, at),
        });
        for item in items {
            let before = item.need.waits.iter().map(|node| levels.get(node).map_or(0, |level| level + 1));
            item.level = before.max().unwrap_or(0);
            if let Gives::Combined(node) | Gives::Collected(node) = item.gives {
                levels.insert(node, item.level);
            }
        }
    }

    /// The pass of one of them.
    fn pass(&self, item: Item) -> Result<Pass, Refused> {
        // (An index of rows counts on from piece to piece.)
        let cut = |(at, modes): (usize, &[bool; 2])| {
            (modes[Mode::Cut as usize] && !item.in_memory).then_some(NodeId(at as u32))
        };
        let mut cut = item.need.modes.iter().enumerate().filter_map(cut);
        if let Some(index) = cut.find(|&node| matches!(self.shaped.graph.node(node).kind, NodeKind::Index(_))) {
            return Err(Refused(index));
        }
        let (cut, extent, row) = match item.gives {
            _ if item.in_memory => (Cut::Not, 0, 1),
            Gives::Result(at) => {
                let output = self.shaped.graph.results().nth(at).map_or(0, |(_, outputs)| outputs.start);
                let shape = self.shaped.shape(self.shaped.graph.outputs[output]);
                match [false, true].into_iter().find(|&reversed| self.is_flat(&item.need, shape, reversed)) {
                    Some(reversed) => (Cut::Flat { reversed }, count(shape).unwrap_or(0), 1),
                    None => (Cut::Rows, shape[0], 1),
                }
            }
            Gives::Collected(node) => (Cut::Rows, self.shaped.space(node)[0], 1),
            Gives::Combined(node) => self.combined(node, &item.need)?,
        };
        Ok(Pass { level: item.level, cut, extent, row, gives: vec![item.gives], need: item.need })
    }

    /// How the files are cut for a reduction over rows.
    fn combined(&self, node: NodeId, need: &Need) -> Result<(Cut, usize, usize), Refused> {
        let (space, set) = (self.shaped.space(node), self.shaped.axes[node.0 as usize]);
        let all = set.trailing_ones() as usize >= space.len();
        let (is_ordered, in_c_order) = match self.shaped.graph.node(node).kind {
            NodeKind::Reduce { monoid, .. } if monoid.components().is_some() => {
                (monoid.ordered, monoid.ordered || monoid.extreme.is_some())
            }
            NodeKind::Counts(_) => (false, false),
            _ => return Err(Refused(node)),
        };
        let orders: &[bool] = if in_c_order { &[false] } else { &[false, true] };
        if let (true, Some(&reversed)) = (all, orders.iter().find(|&&reversed| self.is_flat(need, space, reversed))) {
            return Ok((Cut::Flat { reversed }, count(space).unwrap_or(0), 1));
        }
        let rows = space[0];
        if !is_ordered || count(space) == Some(0) || least_rows(combined_in_row(space, set)).is_some() {
            return Ok((Cut::Rows, rows, 1));
        }
        let axes = set.trailing_ones() as usize;
        let row: usize = space[1..axes].iter().product();
        if set >> axes != 0 {
            return Err(Refused(node));
        }
        Ok((Cut::Staged { axes }, rows.saturating_mul(row), row))
    }

    /// Whether what is needed is elements of arrays of this shape, lying so, and numbers.
    fn is_flat(&self, need: &Need, shape: &[usize], reversed: bool) -> bool {
        let nodes = self.shaped.graph.nodes.iter().zip(&need.modes).enumerate();
        let elementwise = nodes.filter(|(_, (_, modes))| modes[Mode::Cut as usize]).all(|(at, _)| {
            let node = NodeId(at as u32);
            !self.shaped.combines(node) && self.shaped.shape(node) == shape
        });
        let packed = self.inputs(need, Mode::Cut).all(|(input, _)| self.lying.is_packed(input, reversed));
        let single = |node: NodeId| count(self.shaped.shape(node)) == Some(1);
        let waits = need.waits.iter().all(|&node| !need.modes[node.0 as usize][Mode::Cut as usize] && single(node));
        elementwise && packed && waits && self.inputs(need, Mode::Whole).all(|(_, node)| single(node))
    }
}

/// How many elements of each row a reduction combines into one.
pub fn combined_in_row(space: &[usize], axes: u64) -> usize {
    let inner = space.iter().enumerate().skip(1).filter(|(axis, _)| axes >> axis & 1 == 1);
    inner.fold(1, |n: usize, (_, &length)| n.saturating_mul(length))
}

/// The monoid of a reduction.
pub fn monoid(shaped: &Shaped, node: NodeId) -> Option<&'static Monoid> {
    match shaped.graph.node(node).kind {
        NodeKind::Reduce { monoid, .. } => Some(monoid),
        _ => None,
    }
}
