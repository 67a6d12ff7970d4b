//! The syntax tree: an arena of nodes in which every child stands before its parent.
//!
//! Comes in: what the parser read. Goes out: a flat list that later passes walk with a loop, front to back, never by
//! recursion (dropping included). Always holds: the ids in a node are smaller than the node's own id; the nodes are in
//! post-order, as the text is evaluated from left to right, each with one parent at most; every node has the span of the text
//! it came from, without brackets around it; a name is listed once.

use std::fmt;
use std::ops::Range;

pub use crate::diagnostic::Span;

/// Index of a node in its [`Ast`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub u32);

/// Index of a name in [`Ast::names`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NameId(pub u32);

/// Index of a string in [`Ast::texts`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TextId(pub u32);

/// A literal as written. Numbers are weak: they take their type from what they meet.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Literal {
    /// `True`, `False`
    Bool(bool),
    /// `None`: no value; what `axis` may be.
    None,
    /// `12`, `0xff`, `1_000`; at most `i128::MAX`
    Int(u128),
    /// `1.5`, `.5`, `1e-3`
    Float(f64),
    /// `2j`: the imaginary part
    Imaginary(f64),
    /// `'abc'`, `b'abc'`: bytes
    Text(TextId),
}

/// Operators before one operand.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum UnaryOp {
    /// `-x`
    Neg,
    /// `+x`
    Plus,
    /// `~x`
    Invert,
    /// `not x`
    Not,
}

/// Operators between two operands (comparisons are [`Node::Compare`], for they chain).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BinaryOp {
    /// `x + y`
    Add,
    /// `x - y`
    Sub,
    /// `x * y`
    Mul,
    /// `x / y`
    Div,
    /// `x // y`
    FloorDiv,
    /// `x % y`
    Mod,
    /// `x ** y`
    Pow,
    /// `x << y`
    Shl,
    /// `x >> y`
    Shr,
    /// `x & y`
    BitAnd,
    /// `x ^ y`
    BitXor,
    /// `x | y`
    BitOr,
    /// `x and y`
    And,
    /// `x or y`
    Or,
}

/// Comparisons.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CompareOp {
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `==`
    Eq,
    /// `!=`
    Ne,
}

/// What joins an operand of a comparison to the one before.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Link {
    /// A comparison with the operand.
    Compare(CompareOp),
    /// `in`: equal to an item of the operand, a tuple.
    In,
    /// `not in`
    NotIn,
}

/// What may stand after a dot.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Attribute {
    /// `.real`
    Real,
    /// `.imag`
    Imag,
    /// Any other: `np.pi`, or what is not in the language.
    Named(NameId),
}

/// One node. Lists (arguments, comparisons) lie in the tree's side tables; the node has their range.
#[derive(Clone, PartialEq, Debug)]
pub enum Node {
    /// A literal.
    Literal(Literal),
    /// A variable: an argument, a constant such as `pi`, or a name assigned before (which of them, `types` decides).
    Name(NameId),
    /// An operator before an operand.
    Unary(UnaryOp, NodeId),
    /// An operator between two operands.
    Binary(BinaryOp, NodeId, NodeId),
    /// `first op operand op operand ...`: true where every link holds. The range is into [`Ast::links`]; never empty. A tuple may
    /// stand behind `in` and `not in`.
    Compare(NodeId, Range<u32>),
    /// `then if condition else otherwise`
    Conditional {
        /// The value where the condition holds.
        then: NodeId,
        /// The condition.
        condition: NodeId,
        /// The value elsewhere.
        otherwise: NodeId,
    },
    /// `function(args, keyword=value)`, `x.function(args)`, `sum[k](args)`. The range is into [`Ast::args`].
    Call {
        /// The function's name.
        function: NameId,
        /// Where the function's name stands.
        function_span: Span,
        /// The arguments in order, positional ones first.
        args: Range<u32>,
        /// Whether it is written `x.function(...)`: what stands before the dot is the first argument.
        method: bool,
        /// The indices that a reduction names, a range of [`Ast::coordinates`]; empty where it has no brackets.
        indices: Range<u32>,
    },
    /// `x.real`, `x.imag`, `np.pi`
    Attribute(NodeId, Attribute),
    /// `(x, y)`: several values, an argument such as `axis=(0, 1)`, or what stands behind `in`. The range is into [`Ast::items`].
    Tuple(Range<u32>),
    /// `lambda x, y: body` as an argument: a function. The parameters are a range of [`Ast::params`].
    Lambda(Range<u32>, NodeId),
    /// `x[i, 1:]`. The range is into [`Ast::coordinates`]; never empty.
    Subscript(NodeId, Range<u32>),
}

/// One of what stands between the brackets of a subscript.
#[derive(Clone, PartialEq, Debug)]
pub enum Coordinate {
    /// A value: `a[-1]`, `a[i + 1]`; `None` is a new axis.
    Value(NodeId),
    /// `start:stop:step`, and where it stands.
    Slice([Option<NodeId>; 3], Span),
    /// `...`
    Ellipsis(Span),
}

impl Coordinate {
    /// Its nodes, from left to right.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        let nodes = match *self {
            Coordinate::Value(id) => [Some(id), None, None],
            Coordinate::Slice(nodes, _) => nodes,
            Coordinate::Ellipsis(_) => [None; 3],
        };
        nodes.into_iter().flatten()
    }

    /// The same with other nodes.
    pub fn map(&self, place: impl Fn(NodeId) -> NodeId) -> Coordinate {
        match *self {
            Coordinate::Value(id) => Coordinate::Value(place(id)),
            Coordinate::Slice(nodes, span) => Coordinate::Slice(nodes.map(|node| node.map(&place)), span),
            Coordinate::Ellipsis(span) => Coordinate::Ellipsis(span),
        }
    }
}

/// One argument of a call.
#[derive(Clone, PartialEq, Debug)]
pub struct Argument {
    /// `axis` in `axis=1`, and where it stands.
    pub keyword: Option<(NameId, Span)>,
    /// The value.
    pub value: NodeId,
}

/// `name = value`, `name[i, j] = value`, `name(params) = value`, or one name of `x, y = value`, before the result.
#[derive(Clone, PartialEq, Debug)]
pub struct Assignment {
    /// The name that is given a value.
    pub name: NameId,
    /// Where the name stands.
    pub name_span: Span,
    /// The parameters, if this defines a function: a range of [`Ast::params`].
    pub params: Option<Range<u32>>,
    /// The indices between the brackets behind the name, if there are any: a range of [`Ast::coordinates`].
    pub indices: Option<Range<u32>>,
    /// Whether a function is written `name = lambda params: value`.
    pub lambda: bool,
    /// Of `x, y = value` which of the names this is, and of how many; they stand one after another, with one value.
    pub part: Option<(u32, u32)>,
    /// Its value; the body of a function.
    pub value: NodeId,
}

/// A parsed text: assignments and definitions, then one or more results.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Ast {
    /// All nodes, children before parents.
    pub nodes: Vec<Node>,
    /// The place of each node in the text.
    pub spans: Vec<Span>,
    /// Every distinct name in the text, in order of first appearance.
    pub names: Vec<String>,
    /// The bytes of the strings in the text.
    pub texts: Vec<Vec<u8>>,
    /// The links of comparisons: operator and right-hand operand.
    pub links: Vec<(Link, NodeId)>,
    /// The arguments of calls.
    pub args: Vec<Argument>,
    /// The items of tuples.
    pub items: Vec<NodeId>,
    /// What stands between the brackets of subscripts.
    pub coordinates: Vec<Coordinate>,
    /// `name = value` and `name(params) = value`, in order.
    pub assignments: Vec<Assignment>,
    /// The parameters of definitions, and where each stands.
    pub params: Vec<(NameId, Span)>,
    /// The results, at least one.
    pub results: Vec<NodeId>,
    /// Whether the result was written as a tuple (`x,` is a tuple of one).
    pub tuple: bool,
}

impl Ast {
    /// The node with this id.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// Where the node stands in the text.
    pub fn span(&self, id: NodeId) -> Span {
        self.spans[id.0 as usize]
    }

    /// The parameters of a definition; none for the value of a name.
    pub fn params(&self, of: &Assignment) -> &[(NameId, Span)] {
        self.params_in(&of.params.clone().unwrap_or(0..0))
    }

    /// The parameters in a range.
    pub fn params_in(&self, range: &Range<u32>) -> &[(NameId, Span)] {
        self.params.get(range.start as usize..range.end as usize).unwrap_or(&[])
    }

    /// The items of a tuple.
    pub fn items_in(&self, range: &Range<u32>) -> &[NodeId] {
        self.items.get(range.start as usize..range.end as usize).unwrap_or(&[])
    }

    /// What stands between the brackets of a subscript.
    pub fn coordinates(&self, of: &Range<u32>) -> &[Coordinate] {
        self.coordinates.get(of.start as usize..of.end as usize).unwrap_or(&[])
    }

    /// The place of a coordinate.
    pub fn coordinate_span(&self, of: &Coordinate) -> Span {
        match *of {
            Coordinate::Value(id) => self.span(id),
            Coordinate::Slice(_, span) | Coordinate::Ellipsis(span) => span,
        }
    }

    /// The text of a name.
    pub fn name(&self, id: NameId) -> &str {
        &self.names[id.0 as usize]
    }
}

impl fmt::Display for UnaryOp {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            UnaryOp::Neg => "-",
            UnaryOp::Plus => "+",
            UnaryOp::Invert => "~",
            UnaryOp::Not => "not",
        })
    }
}

impl fmt::Display for BinaryOp {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::FloorDiv => "//",
            BinaryOp::Mod => "%",
            BinaryOp::Pow => "**",
            BinaryOp::Shl => "<<",
            BinaryOp::Shr => ">>",
            BinaryOp::BitAnd => "&",
            BinaryOp::BitXor => "^",
            BinaryOp::BitOr => "|",
            BinaryOp::And => "and",
            BinaryOp::Or => "or",
        })
    }
}

impl fmt::Display for CompareOp {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            CompareOp::Lt => "<",
            CompareOp::Le => "<=",
            CompareOp::Gt => ">",
            CompareOp::Ge => ">=",
            CompareOp::Eq => "==",
            CompareOp::Ne => "!=",
        })
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Link::Compare(op) => op.fmt(f),
            Link::In => f.write_str("in"),
            Link::NotIn => f.write_str("not in"),
        }
    }
}
