//! From a syntax tree and the types of the arguments to a typed graph.
//!
//! Comes in: a tree whose names are resolved, and a type for each free name. Goes out: the graph, or an error with its
//! place. One loop over the tree, front to back: what a node refers to stands before it.

mod loops;

use std::collections::HashMap;

use smallvec::SmallVec;

use self::loops::{Items, Open};
use super::emit::Emit;
use super::function::Rule;
use super::graph::Graph;
use super::meaning::{Meaning, Resolved};
use super::notes::Notes;
use super::value::{Operand, Parts, Text, Typed, Typer, Value, error};
use crate::diagnostic::Diagnostic;
use crate::dtype::{DType, Kind, Scalar};
use crate::error::{CompileError, CompileErrorKind};
use crate::math::complex::Part;
use crate::syntax::ast::{Ast, Attribute, BinaryOp, CompareOp, Link, Literal, Node, NodeId};
use crate::syntax::{Limits, limits};

/// The type of an argument.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct InputType {
    /// Its element type.
    pub dtype: DType,
    /// Whether it is a bare Rust scalar, which takes its type from what it meets as a literal does.
    pub weak: bool,
    /// Whether the bytes of its elements lie in the other order than the machine's.
    pub swapped: bool,
    /// If its elements are strings, whose bytes are its last axis: how many bytes each has. A shorter string is followed by NULs.
    pub text: Option<usize>,
}

/// The type that a result is converted to: that of an array which is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutputType {
    /// Its element type.
    pub dtype: DType,
    /// As for [`InputType`].
    pub swapped: bool,
}

impl InputType {
    /// The type of an array, and of a 0-dimensional one, with bytes in the machine's order.
    pub fn strong(dtype: DType) -> InputType {
        InputType { dtype, weak: false, swapped: false, text: None }
    }

    /// The type of a bare scalar.
    #[cfg(any(test, feature = "internals"))]
    pub fn weak(dtype: DType) -> InputType {
        InputType { dtype, weak: true, swapped: false, text: None }
    }
}

/// How texts are typed.
#[derive(Clone, Copy, Default)]
pub struct Typing {
    /// What a text may ask for.
    pub limits: Limits,
    /// Whether products of floats need not be rounded before they are added.
    pub contract: bool,
}

/// The graph of a text for arguments of these types, one for each of [`Resolved::free`]; the results converted to the types
/// `casts`, if there are any, one for each. (To a real type the real part alone.)
pub fn infer(
    source: &str,
    resolved: &Resolved,
    inputs: &[InputType],
    casts: &[OutputType],
    typing: Typing,
) -> Result<Graph, CompileError> {
    let ast = &resolved.ast;
    let mut pass = walk(source, resolved, inputs, typing)?;
    let fail = |diagnostic: Box<Diagnostic>| CompileError::new(CompileErrorKind::Type, *diagnostic, source);
    let mut operands = Vec::with_capacity(ast.results.len());
    for &result in &ast.results {
        match pass.tuples.get(&result) {
            Some(items) => operands.extend_from_slice(items),
            None => operands.push(pass.operand(result).map_err(fail)?),
        }
    }
    let (mut outputs, mut results) = (Vec::with_capacity(operands.len()), Vec::with_capacity(operands.len()));
    for (at, operand) in operands.into_iter().enumerate() {
        pass.typer.no_text_result(operand).map_err(fail)?;
        let (real, imaginary, dtype) = if let Value::Complex { parts, .. } = operand.value {
            let Parts { re, im } = pass.typer.alike(parts);
            (re, Some(im), pass.typer.type_of(operand.value).dtype())
        } else {
            let id = pass.typer.settle(operand).map_err(fail)?;
            (id, None, pass.typer.emit.dtype(id))
        };
        let OutputType { dtype: to, swapped } = casts.get(at).copied().unwrap_or(OutputType { dtype, swapped: false });
        let emit = &mut pass.typer.emit;
        let mut put = |emit: &mut Emit, part| outputs.push(if swapped { emit.swapped(part) } else { part });
        let re = emit.convert(real, to.part());
        put(emit, re);
        if to.is_complex() {
            let im = match imaginary {
                Some(imaginary) => emit.convert(imaginary, to.part()),
                None => emit.like(real, Scalar::from_bits(to.part(), 0)),
            };
            put(emit, im);
        }
        results.push(to);
    }
    Ok(pass.typer.emit.graph.finish(&outputs, results))
}

/// What is to be said of a text that [`infer`] takes: what is computed once, and what is a constant.
pub fn notes(source: &str, resolved: &Resolved, inputs: &[InputType], typing: Typing) -> Result<Notes, CompileError> {
    let pass = walk(source, resolved, inputs, typing)?;
    // Nodes of bodies of functions, put in where these are called: their places are in the definition.
    let mut depths = vec![0; resolved.ast.nodes.len() + 1];
    for &(first, call) in &resolved.sites {
        depths[first.0 as usize] += 1;
        depths[call.0 as usize] -= 1;
    }
    let of_body = depths.iter().scan(0, |depth, by| {
        *depth += by;
        Some(*depth > 0)
    });
    Ok(Notes::new(&resolved.ast, &pass.values, &pass.typer.emit, of_body))
}

/// Gives each node of the tree its value.
fn walk<'a>(
    source: &'a str,
    resolved: &'a Resolved,
    inputs: &'a [InputType],
    typing: Typing,
) -> Result<Pass<'a>, CompileError> {
    let ast = &resolved.ast;
    let limits = &typing.limits;
    let mut pass = Pass {
        ast,
        resolved,
        inputs,
        typer: Typer { emit: Emit::default(), source, texts: &ast.texts, typing },
        tuples: HashMap::new(),
        open: Vec::new(),
        values: Vec::with_capacity(ast.nodes.len()),
        compared: compared(ast),
    };
    let fail = |diagnostic: Box<Diagnostic>| CompileError::new(CompileErrorKind::Type, *diagnostic, source);
    for (at, node) in ast.nodes.iter().enumerate() {
        let id = NodeId(at as u32);
        pass.typer.emit.span = ast.span(id);
        let faults = pass.typer.emit.graph.faults();
        let value = match resolved.meanings.get(at) {
            Some(Meaning::Static) => None,
            meaning => {
                let meaning = meaning.copied().unwrap_or(Meaning::Plain);
                let value = match pass.tuple(id, node, meaning) {
                    Ok(true) => Ok(None),
                    Ok(false) => pass.node(id, node, meaning).map(Some),
                    Err(wrong) => Err(wrong),
                };
                value.map_err(|diagnostic| fail(pass.with_site(id, diagnostic)))?
            }
        };
        pass.values.push(value);
        if pass.typer.emit.graph.faults() > faults {
            let call = pass.in_call(id);
            pass.typer.emit.graph.in_call(faults, &call);
        }
        if pass.typer.emit.graph.size() > limits.operations {
            let what = "too many operations once types are known";
            return Err(limits::exceeded(source, ast.span(id), what, limits.operations, "operations"));
        }
    }
    Ok(pass)
}

struct Pass<'a> {
    ast: &'a Ast,
    resolved: &'a Resolved,
    inputs: &'a [InputType],
    typer: Typer<'a>,
    /// For each node so far its value; none for what has no value, or several.
    values: Vec<Option<Value>>,
    /// The items of nodes that are tuples.
    tuples: HashMap<NodeId, Items>,
    /// The loops whose bodies are being walked, from the outermost.
    open: Vec<Open>,
    /// For operators between bits that are an operand of a comparison: the comparison, and its operator beside them.
    compared: Vec<(NodeId, NodeId, Link)>,
}

/// The `a & b` of each `a & b > c`, in order of their ids.
fn compared(ast: &Ast) -> Vec<(NodeId, NodeId, Link)> {
    let mut all = Vec::new();
    let mut note = |child: NodeId, parent: usize, op: Link| {
        if let Node::Binary(BinaryOp::BitAnd | BinaryOp::BitXor | BinaryOp::BitOr, ..) = ast.node(child) {
            all.push((child, NodeId(parent as u32), op));
        }
    };
    for (at, node) in ast.nodes.iter().enumerate() {
        let Node::Compare(first, links) = node else { continue };
        let links = ast.links.get(links.start as usize..links.end as usize).unwrap_or(&[]);
        if let Some((op, _)) = links.first() {
            note(*first, at, *op);
        }
        for (op, right) in links {
            note(*right, at, *op);
        }
    }
    all.sort_unstable_by_key(|entry| entry.0);
    all
}

impl Pass<'_> {
    fn operand(&self, id: NodeId) -> Typed<Operand> {
        let span = self.ast.span(id);
        match self.values.get(id.0 as usize) {
            Some(Some(value)) => Ok(Operand { value: *value, span }),
            _ => error("this has no value", span),
        }
    }

    fn node(&mut self, id: NodeId, node: &Node, meaning: Meaning) -> Typed<Value> {
        match meaning {
            Meaning::Item(of, item) => return self.item(id, of, item),
            Meaning::State(of, number) => return self.state(of, number),
            Meaning::Loop(of) => return Ok(self.end_loop(id, of)?[0].value),
            _ => {}
        }
        match node {
            Node::Literal(literal) => self.literal(*literal),
            Node::Name(_) => self.name(id, meaning),
            Node::Unary(op, x) => {
                let x = self.operand(*x)?;
                self.typer.unary(*op, x)
            }
            Node::Binary(op, x, y) => {
                let (x, y) = (self.operand(*x)?, self.operand(*y)?);
                let is_bool = |x: Operand| self.typer.type_of(x.value).kind() == Kind::Bool;
                if meaning == Meaning::Difference && is_bool(x) && is_bool(y) {
                    return self.typer.compare(CompareOp::Ne, x, y);
                }
                let result = self.typer.binary(*op, x, y);
                match self.binds_tighter(id, *op, x, y, result.is_err()) {
                    Some(diagnostic) => Err(diagnostic),
                    None => result,
                }
            }
            Node::Compare(first, links) => {
                let first = self.operand(*first)?;
                let links = self.ast.links.get(links.start as usize..links.end as usize).unwrap_or(&[]);
                self.compare_chain(first, links)
            }
            Node::Conditional { then, condition, otherwise } => {
                let (then, otherwise) = (self.operand(*then)?, self.operand(*otherwise)?);
                let condition = self.operand(*condition)?;
                self.typer.choose(condition, then, otherwise)
            }
            Node::Call { .. } => self.call(id, meaning),
            Node::Attribute(_, Attribute::Named(_)) => self.name(id, meaning),
            Node::Attribute(x, attribute) => {
                let x = self.operand(*x)?;
                self.attribute(x, *attribute)
            }
            Node::Tuple(_) => error("a tuple is not a value", self.ast.span(id)),
            Node::Lambda(..) => error("a function is not a value", self.ast.span(id)),
            Node::Subscript(..) => error("a part of an array is not read here", self.ast.span(id)),
        }
    }

    /// `x op y op z ...`: where every link holds. `left` is the first operand.
    fn compare_chain(&mut self, mut left: Operand, links: &[(Link, NodeId)]) -> Typed<Value> {
        let mut all = None::<Operand>;
        for &(link, right) in links {
            let span = left.span.to(self.ast.span(right));
            let value = match link {
                Link::Compare(op) => {
                    let right = self.operand(right)?;
                    self.typer.compare(op, std::mem::replace(&mut left, right), right)?
                }
                Link::In => self.typer.among(left, &self.items(right)?)?,
                Link::NotIn => self.typer.not_among(left, &self.items(right)?)?,
            };
            let link = Operand { value, span };
            all = Some(match all {
                None => link,
                Some(all) => {
                    let value = self.typer.binary(BinaryOp::And, all, link)?;
                    Operand { value, span: all.span.to(span) }
                }
            });
        }
        match all {
            Some(all) => Ok(all.value),
            None => error("a comparison needs two sides", left.span),
        }
    }

    /// The items of a tuple.
    fn items(&self, tuple: NodeId) -> Typed<SmallVec<[Operand; 4]>> {
        let Node::Tuple(items) = self.ast.node(tuple) else { return error("this is no tuple", self.ast.span(tuple)) };
        let items = self.ast.items.get(items.start as usize..items.end as usize).unwrap_or(&[]);
        items.iter().map(|&item| self.operand(item)).collect()
    }

    fn literal(&mut self, literal: Literal) -> Typed<Value> {
        match literal {
            Literal::Int(c) => Ok(Value::Int(i128::try_from(c).unwrap_or(i128::MAX))),
            Literal::Float(c) => Ok(self.typer.float_literal(c)),
            Literal::Text(text) => Ok(Value::Text(Text::Literal(text))),
            Literal::None => unreachable!("refused when names were resolved"),
            Literal::Bool(c) => Ok(Value::Node { id: self.typer.emit.constant(c), weak: true }),
            Literal::Imaginary(c) => {
                let e = &mut self.typer.emit;
                let parts = Parts { re: e.constant(0.0), im: e.constant(c) };
                Ok(Value::Complex { parts, weak: true })
            }
        }
    }

    fn name(&mut self, id: NodeId, meaning: Meaning) -> Typed<Value> {
        let span = self.ast.span(id);
        match meaning {
            Meaning::Constant(c) => Ok(self.typer.float_literal(c)),
            Meaning::Assigned(value) => Ok(self.operand(value)?.value),
            Meaning::Free(name) => {
                let Some(&InputType { dtype, weak, swapped, text }) = self.inputs.get(name as usize) else {
                    return error("there is no argument for this name", span);
                };
                if let Some(width) = text {
                    return Ok(Value::Text(Text::Given { name, width }));
                }
                let e = &mut self.typer.emit;
                if dtype.is_complex() {
                    let mut part = |part| e.input(name, dtype, Some(part), swapped);
                    let parts = Parts { re: part(Part::Real), im: part(Part::Imaginary) };
                    return Ok(Value::Complex { parts, weak });
                }
                let mut node = e.input(name, dtype, None, swapped);
                if weak {
                    // Weak numbers are `i64` and `f64` until they meet a strong one; a `u64` is one beyond `i64`.
                    node = match dtype.kind() {
                        Kind::Bool => node,
                        Kind::Int if dtype == DType::U64 => node,
                        Kind::Int => e.convert(node, DType::I64),
                        Kind::Float | Kind::Complex => e.convert(node, DType::F64),
                    };
                }
                Ok(Value::Node { id: node, weak })
            }
            _ => error("this name has no meaning here", span),
        }
    }

    fn call(&mut self, id: NodeId, meaning: Meaning) -> Typed<Value> {
        let resolved = self.resolved;
        let call = match meaning {
            Meaning::Call(at) => resolved.calls.get(at as usize),
            // A function of the text: its body stands before.
            Meaning::Assigned(body) => return Ok(self.operand(body)?.value),
            _ => None,
        };
        let Some(call) = call else { return error("this call has no meaning", self.ast.span(id)) };
        let args = call.args.iter().map(|&x| self.operand(x)).collect::<Typed<SmallVec<[Operand; 3]>>>()?;
        let options = call.options.iter().map(|&(param, x)| Ok((param, self.operand(x)?)));
        let options = options.collect::<Typed<SmallVec<[(&str, Operand); 1]>>>()?;
        self.typer.call(call, &args, &options)
    }

    /// An error in the body of a function says in which call: types are those of the call.
    fn with_site(&self, id: NodeId, mut diagnostic: Box<Diagnostic>) -> Box<Diagnostic> {
        diagnostic.message += &self.in_call(id);
        diagnostic
    }

    /// In which call of a function of the text a node stands, as the end of a message.
    fn in_call(&self, id: NodeId) -> String {
        let sites = &self.resolved.sites;
        let at = sites.partition_point(|&(_, call)| call < id);
        let is_loop = matches!(self.resolved.meanings.get(id.0 as usize), Some(Meaning::Loop(_)));
        if let Some(&(first, call)) = sites.get(at)
            && first <= id
            && !(is_loop && call == id)
        {
            let text = match (self.typer.text(self.ast.span(call)), self.ast.node(call)) {
                (text, Node::Call { function, .. }) if text == "x" => {
                    format!("{}(...)", crate::diagnostic::excerpt(self.ast.name(*function)))
                }
                (text, _) => text,
            };
            return format!(" (in the call `{text}`)");
        }
        String::new()
    }

    fn attribute(&mut self, x: Operand, attribute: Attribute) -> Typed<Value> {
        let weak = self.typer.is_weak(x.value);
        match (attribute, x.value) {
            (_, Value::Text(_)) => {
                let name = if attribute == Attribute::Real { "real" } else { "imag" };
                self.typer.refuse_text(&format!(".{name}"), &[x])
            }
            (_, Value::Complex { parts, .. }) => {
                let parts = self.typer.alike(parts);
                let id = if attribute == Attribute::Real { parts.re } else { parts.im };
                Ok(Value::Node { id, weak })
            }
            (Attribute::Real, value) => Ok(value),
            (Attribute::Imag | Attribute::Named(_), _) => self.typer.part_of(Rule::Imag, x),
        }
    }

    /// `a & b > c` is `(a & b) > c`. Where the types make it likely that `a & (b > c)` was meant, an error that says so:
    /// where `&` refuses the operands, and where it mixes a bool with numbers.
    fn binds_tighter(&self, id: NodeId, op: BinaryOp, x: Operand, y: Operand, failed: bool) -> Option<Box<Diagnostic>> {
        if !matches!(op, BinaryOp::BitAnd | BinaryOp::BitXor | BinaryOp::BitOr) {
            return None;
        }
        let at = self.compared.binary_search_by_key(&id, |entry| entry.0).ok()?;
        let (_, compare, comparison) = *self.compared.get(at)?;
        let (a, b) = (self.typer.type_of(x.value), self.typer.type_of(y.value));
        let mixed = (a.kind() == Kind::Bool) != (b.kind() == Kind::Bool);
        if !(failed || mixed) || self.in_parentheses(id) {
            return None;
        }
        let message = format!("`{op}` binds tighter than `{comparison}`, and here takes {a} and {b}");
        let help = self.regrouped(compare).unwrap_or_else(|| {
            format!("put the comparisons in parentheses: `(a {comparison} b) {op} (c {comparison} d)`")
        });
        Some(Box::new(Diagnostic::new(message, self.ast.span(id)).with_help(help)))
    }

    fn in_parentheses(&self, id: NodeId) -> bool {
        let range = self.ast.span(id).range();
        let before = self.typer.source.get(..range.start).map(str::trim_end);
        let after = self.typer.source.get(range.end..).map(str::trim_start);
        before.is_some_and(|text| text.ends_with('(')) && after.is_some_and(|text| text.starts_with(')'))
    }

    /// A comparison with the operators between bits taken out of its operands: `a > 0 & b > 0` as `(a > 0) & (b > 0)`.
    fn regrouped(&self, compare: NodeId) -> Option<String> {
        let Node::Compare(first, links) = self.ast.node(compare) else { return None };
        let links = self.ast.links.get(links.start as usize..links.end as usize)?;
        let mut text = String::new();
        let mut group = String::new();
        let mut compares = false;
        let close = |text: &mut String, group: &str, compares: bool| {
            if compares {
                *text += &format!("({group})");
            } else {
                *text += group;
            }
        };
        let operands = std::iter::once((None, *first)).chain(links.iter().map(|&(op, id)| (Some(op), id)));
        for (op, id) in operands {
            if let Some(op) = op {
                group += &format!(" {op} ");
                compares = true;
            }
            match self.ast.node(id) {
                Node::Binary(bit @ (BinaryOp::BitAnd | BinaryOp::BitXor | BinaryOp::BitOr), x, y)
                    if !self.in_parentheses(id) =>
                {
                    group += &self.typer.text(self.ast.span(*x));
                    close(&mut text, &group, compares);
                    text += &format!(" {bit} ");
                    group = self.typer.text(self.ast.span(*y));
                    compares = false;
                }
                _ => group += &self.typer.text(self.ast.span(id)),
            }
        }
        close(&mut text, &group, compares);
        (text.len() <= 80).then(|| format!("write `{text}`"))
    }
}
