//! Which names of a text are indices, and what binds each.
//!
//! Comes in: a syntax tree, in which names have no meaning yet. Goes out: the binders (names between the brackets on the left of `=`,
//! between those of a reduction, and, in a statement without a left side, names that stand alone as a coordinate), and for each node
//! that names an index its binder. Always holds: nothing but the text decides what is an index; an index belongs to the innermost
//! binder around it.

use std::collections::HashMap;

use smallvec::SmallVec;

use super::names::Failure;
use crate::diagnostic::{Diagnostic, excerpt};
use crate::error::CompileErrorKind;
use crate::syntax::ast::{Ast, Coordinate, Literal, NameId, Node, NodeId, Span};
use crate::syntax::for_each_child;
use crate::types::meaning::{Binder, Binds, Meaning};
use crate::types::notation::Mode;

/// Indices between one pair of brackets at most: as many as an array has axes.
const MOST: usize = 64;

/// What is known of the indices of a text.
#[derive(Default)]
pub(in crate::types) struct Indices {
    pub binders: Vec<Binder>,
    /// For each node that names an index, its binder; and what is read where it stands.
    pub meanings: HashMap<NodeId, Meaning>,
    /// The binders of each reduction that names its indices.
    pub of_calls: HashMap<NodeId, SmallVec<[u32; 2]>>,
    /// For each assignment those on its left.
    pub left: Vec<Option<SmallVec<[u32; 4]>>>,
}

impl Indices {
    /// Finds them.
    pub fn find(ast: &Ast) -> Result<Indices, Failure> {
        let mut all = Indices::default();
        let plain = |node: &Node| match node {
            Node::Call { indices, .. } => indices.is_empty(),
            Node::Subscript(..) => false,
            _ => true,
        };
        if ast.nodes.iter().all(plain) && ast.assignments.iter().all(|a| a.indices.is_none()) {
            all.left.resize(ast.assignments.len(), None);
            return Ok(all);
        }
        let mut firsts: Vec<u32> = (0..ast.nodes.len() as u32).collect();
        for at in 0..ast.nodes.len() {
            let mut first = firsts[at];
            for_each_child(ast, NodeId(at as u32), |child| first = first.min(firsts[child.0 as usize]));
            firsts[at] = first;
        }
        let mut begin = 0;
        for assignment in &ast.assignments {
            let end = assignment.value.0 as usize + 1;
            let mut found: HashMap<NameId, u32> = HashMap::new();
            let left = match &assignment.indices {
                Some(indices) => {
                    let left = all.binders_of(ast, ast.coordinates(indices), Binds::Left)?;
                    found.extend(left.iter().map(|&at| (all.binders[at as usize].name, at)));
                    Some(left.into_iter().collect())
                }
                None => None,
            };
            let alone = left.is_none() && assignment.params.is_none();
            all.left.push(left);
            all.statement(ast, &firsts, begin..end, (found, alone))?;
            begin = end;
        }
        all.statement(ast, &firsts, begin..ast.nodes.len(), (HashMap::new(), true))?;
        all.check_names(ast)?;
        Ok(all)
    }

    /// The binders that stand between brackets: names, perhaps each with a bound.
    fn binders_of(&mut self, ast: &Ast, of: &[Coordinate], binds: Binds) -> Result<SmallVec<[u32; 2]>, Failure> {
        if let Some(over) = of.get(MOST) {
            let message = format!("there are more than {MOST} indices between these brackets");
            return Err(wrong(Diagnostic::new(message, ast.coordinate_span(over))));
        }
        let mut all = SmallVec::new();
        for coordinate in of {
            let (node, until) = match *coordinate {
                Coordinate::Value(node) => (Some(node), None),
                Coordinate::Slice([Some(node), Some(until), None], _) => (Some(node), Some(until)),
                _ => (None, None),
            };
            let Some((node, &Node::Name(name))) = node.map(|node| (node, ast.node(node))) else {
                let span = ast.coordinate_span(coordinate);
                let (message, help) = match binds {
                    Binds::Left => (
                        "what stands between the brackets on the left are indices: plain names",
                        "write `D[i] = ...` and shift what stands on the right: `a[i - 1]`; a range is given as `D[i:n]`",
                    ),
                    _ => (
                        "what a reduction runs over are indices: plain names",
                        "write `sum[k](...)`, or `sum[k:n](...)` with a range",
                    ),
                };
                return Err(wrong(Diagnostic::new(message, span).with_help(help)));
            };
            let number = self.binders.len() as u32;
            if all.iter().any(|&at: &u32| self.binders[at as usize].name == name) {
                let message = format!("the index `{}` stands twice", excerpt(ast.name(name)));
                let help = "give one of the two another name";
                return Err(wrong(Diagnostic::new(message, ast.span(node)).with_help(help)));
            }
            self.binders.push(Binder { name, span: ast.span(node), until, binds });
            all.push(number);
        }
        Ok(all)
    }

    /// Finds those of the nodes of a statement; what stands on its left is found.
    fn statement(
        &mut self,
        ast: &Ast,
        firsts: &[u32],
        nodes: std::ops::Range<usize>,
        (mut found, alone): (HashMap<NameId, u32>, bool),
    ) -> Result<(), Failure> {
        // From the right: what is around a node stands before it.
        let mut open: HashMap<NameId, Vec<(u32, u32)>> = HashMap::new();
        let mut names = Vec::new();
        for at in nodes.rev() {
            let id = NodeId(at as u32);
            match ast.node(id) {
                Node::Call { indices, .. } if !indices.is_empty() => {
                    let binders = self.binders_of(ast, ast.coordinates(indices), Binds::Reduction)?;
                    for &binder in &binders {
                        let name = self.binders[binder as usize].name;
                        open.entry(name).or_default().push((binder, firsts[at]));
                    }
                    self.of_calls.insert(id, binders);
                }
                Node::Subscript(_, coordinates) => self.coordinates(ast, ast.coordinates(coordinates)),
                &Node::Name(name) => {
                    let around = open.entry(name).or_default();
                    while around.last().is_some_and(|&(_, first)| first as usize > at) {
                        around.pop();
                    }
                    match around.last() {
                        Some(&(binder, _)) => {
                            self.meanings.insert(id, Meaning::Index(binder));
                        }
                        None => names.push((id, name)),
                    }
                }
                _ => {}
            }
        }
        if alone {
            self.alone(ast, &names, &mut found);
        }
        for (id, name) in names {
            if let Some(&binder) = found.get(&name) {
                self.meanings.insert(id, Meaning::Index(binder));
            }
        }
        Ok(())
    }

    /// Binds the names that stand alone as a coordinate. `names` are those that no reduction binds, the last first.
    fn alone(&mut self, ast: &Ast, names: &[(NodeId, NameId)], found: &mut HashMap<NameId, u32>) {
        for &(id, name) in names.iter().rev() {
            if !matches!(self.meanings.get(&id), Some(Meaning::Static)) {
                continue;
            }
            self.meanings.remove(&id);
            found.entry(name).or_insert_with(|| {
                let span = ast.span(id);
                self.binders.push(Binder { name, span, until: None, binds: Binds::Alone });
                self.binders.len() as u32 - 1
            });
        }
    }

    /// Marks what is read where it stands among coordinates: modes, `None`, and for now the names that stand alone.
    fn coordinates(&mut self, ast: &Ast, coordinates: &[Coordinate]) {
        for coordinate in coordinates {
            let Coordinate::Value(id) = *coordinate else { continue };
            match ast.node(id) {
                Node::Literal(Literal::None) | Node::Name(_) => drop(self.meanings.insert(id, Meaning::Static)),
                Node::Call { function, args, .. } if Mode::from_name(ast.name(*function)).is_some() => {
                    self.meanings.insert(id, Meaning::Static);
                    // A name by itself under a mode is an index too: `u[wrap(i)]`.
                    let args = ast.args.get(args.start as usize..args.end as usize).unwrap_or(&[]);
                    if let Some(first) = args.first()
                        && let Node::Name(_) = ast.node(first.value)
                    {
                        self.meanings.insert(first.value, Meaning::Static);
                    }
                }
                _ => {}
            }
        }
    }

    /// Refuses indices that have the name of a value of the text, and takes back the marks of names that are none.
    fn check_names(&mut self, ast: &Ast) -> Result<(), Failure> {
        self.meanings.retain(|&id, meaning| *meaning != Meaning::Static || !matches!(ast.node(id), Node::Name(_)));
        let assigned = ast.assignments.iter().filter(|a| a.params.is_none()).map(|a| (a.name, a.name_span));
        let assigned: HashMap<NameId, Span> = assigned.collect();
        let Some(binder) = self.binders.iter().find(|binder| assigned.contains_key(&binder.name)) else {
            return Ok(());
        };
        let name = excerpt(ast.name(binder.name));
        let message = format!("`{name}` is an index here, and a value elsewhere in the text");
        let help = match binder.binds {
            Binds::Alone => format!("as a number write `{name} + 0`; else give one of the two another name"),
            _ => "give one of the two another name".to_string(),
        };
        Err(wrong(Diagnostic::new(message, binder.span).with_help(help)))
    }
}

fn wrong(diagnostic: Diagnostic) -> Failure {
    (CompileErrorKind::Name, diagnostic)
}
