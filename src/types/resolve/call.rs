//! The arguments of a call: how many, by which keyword, and for a reduction over which axes.
//!
//! Comes in: a call and the row of its function. Goes out: its arguments in the order of the row's parameters. Axes,
//! `keepdims` and their like are literals, read here: the shape of a result follows from the text and the shapes of the
//! arguments alone. So is what stands behind `in`: it is a call of `isin` in another form.

use smallvec::SmallVec;

use super::names::{Failure, signature};
use crate::diagnostic::{Diagnostic, excerpt, several};
use crate::dtype::DType;
use crate::error::CompileErrorKind;
use crate::math::Elementary;
use crate::syntax::ast::{Argument, Ast, Attribute, Link, Literal, Node, NodeId, Span, UnaryOp};
use crate::types::function::{Function, Rule};
use crate::types::functions::of_two;
use crate::types::graph::Axes;
use crate::types::meaning::{Call, Meaning};

/// A call in a text.
pub(super) struct Site<'a> {
    pub ast: &'a Ast,
    /// The whole call.
    pub span: Span,
    /// The name by which the function is called.
    pub name: &'a str,
    pub args: &'a [Argument],
}

/// Reads the arguments of a reduction that names its indices.
pub(super) fn read_indexed(
    site: &Site,
    function: &'static Function,
    indices: &[u32],
    meanings: &mut [Meaning],
) -> Result<Call, Failure> {
    if !matches!(function.rule, Rule::Reduce(_) | Rule::NanReduce(_)) {
        let message = format!("`{}` is no reduction: it runs over no index", site.name);
        let help =
            format!("write `{}`; indices stand behind reductions, as in `sum[k](...)`", function.call(site.name));
        return Err((CompileErrorKind::Name, Diagnostic::new(message, site.span).with_help(help)));
    }
    let axis = site.args.iter().find_map(|argument| {
        let (name, span) = argument.keyword?;
        matches!(site.ast.name(name), "axis" | "keepdims").then_some(span)
    });
    if let Some(span) =
        axis.or_else(|| site.args.get(1).filter(|a| a.keyword.is_none()).map(|a| site.ast.span(a.value)))
    {
        let diagnostic = Diagnostic::new("a reduction over indices has no `axis`", span)
            .with_help("the indices between its brackets say what it runs over");
        return Err((CompileErrorKind::Type, diagnostic));
    }
    let call = read(site, function, meanings)?;
    Ok(Call { indices: SmallVec::from_slice(indices), ..call })
}

/// Reads the arguments of a call, and marks those that are not values as [`Meaning::Static`].
pub(super) fn read(site: &Site, function: &'static Function, meanings: &mut [Meaning]) -> Result<Call, Failure> {
    let mut call = Call {
        function,
        args: SmallVec::new(),
        options: SmallVec::new(),
        axes: Axes::All,
        keepdims: false,
        ddof: 0,
        dtype: None,
        equal_nan: false,
        indices: SmallVec::new(),
    };
    if function.rule == Rule::Select {
        call.args = choices(site, function)?;
        return Ok(call);
    }
    let slots = assign(site, function)?;
    for (at, (slot, &param)) in slots.iter().zip(function.params).enumerate() {
        let Some(value) = *slot else { continue };
        match param {
            "axis" => call.axes = axes(site.ast, value, function.name)?,
            "keepdims" => call.keepdims = truth(site.ast, value, param)?,
            "equal_nan" => call.equal_nan = truth(site.ast, value, param)?,
            "ddof" => call.ddof = ddof(site.ast, value)?,
            "dtype" => call.dtype = dtype(site.ast, value, meanings)?,
            "values" => call.args.extend_from_slice(values(site.ast, value)?),
            _ if at < function.required => {
                call.args.push(value);
                continue;
            }
            // It has the value that it has where it is left out.
            _ if *site.ast.node(value) == Node::Literal(Literal::None) => {}
            _ => {
                call.options.push((param, value));
                continue;
            }
        }
        set_static(meanings, value);
    }
    Ok(call)
}

pub(super) fn set_static(meanings: &mut [Meaning], id: NodeId) {
    if let Some(meaning) = meanings.get_mut(id.0 as usize) {
        *meaning = Meaning::Static;
    }
}

/// Checks what stands behind each `in` of a node, and marks the tuples.
pub(super) fn read_links(ast: &Ast, node: &Node, meanings: &mut [Meaning]) -> Result<(), Failure> {
    let Node::Compare(_, links) = node else { return Ok(()) };
    let links = ast.links.get(links.start as usize..links.end as usize).unwrap_or(&[]);
    for (at, &(link, right)) in links.iter().enumerate() {
        if let Link::Compare(_) = link {
            continue;
        }
        let Node::Tuple(_) = ast.node(right) else {
            let diagnostic = Diagnostic::new(format!("`{link}` takes a tuple of values"), ast.span(right))
                .with_help("write `x in (2, 3)`, or `x in (2,)` for one value");
            return Err((CompileErrorKind::Type, diagnostic));
        };
        if let Some((next, _)) = links.get(at + 1) {
            let diagnostic = Diagnostic::new(format!("a tuple has no place before `{next}`"), ast.span(right))
                .with_help("put the test in parentheses: `(x in (2, 3)) == y`");
            return Err((CompileErrorKind::Type, diagnostic));
        }
        set_static(meanings, right);
    }
    Ok(())
}

/// The items of a tuple.
fn values(ast: &Ast, value: NodeId) -> Result<&[NodeId], Failure> {
    match ast.node(value) {
        Node::Tuple(items) => Ok(ast.items.get(items.start as usize..items.end as usize).unwrap_or(&[])),
        _ => {
            let diagnostic = Diagnostic::new("`values` must be a tuple", ast.span(value))
                .with_help("write `isin(x, (2, 3))`, or `isin(x, (2,))` for one value");
            Err((CompileErrorKind::Type, diagnostic))
        }
    }
}

/// The arguments of `select`: pairs of a condition and a value, then a value.
fn choices(site: &Site, function: &Function) -> Result<SmallVec<[NodeId; 3]>, Failure> {
    if let Some((keyword, span)) = site.args.iter().find_map(|argument| argument.keyword) {
        return Err(unknown_keyword(site, function, site.ast.name(keyword), &[], span));
    }
    if site.args.len() < function.required || site.args.len().is_multiple_of(2) {
        let message = format!("`{}` takes pairs of a condition and a value, then a value: ", site.name);
        let message = message + &format!("an odd number of arguments, {} given", site.args.len());
        let diagnostic = Diagnostic::new(message, site.span)
            .with_help("`select(x < 0, a, x < 1, b, c)` is `a` where `x < 0`, else `b` where `x < 1`, else `c`");
        return Err((CompileErrorKind::Type, diagnostic));
    }
    Ok(site.args.iter().map(|argument| argument.value).collect())
}

/// Checks a call of a function of the text: as many arguments as parameters, none by keyword.
pub(super) fn check_defined(site: &Site, ast: &Ast, definition: usize) -> Result<(), Failure> {
    let name = excerpt(site.name);
    let signature = || format!("`{}`", signature(ast, definition));
    if let Some((keyword, span)) = site.args.iter().find_map(|argument| argument.keyword) {
        let keyword = excerpt(ast.name(keyword));
        let params = ast.assignments.get(definition).map_or(&[][..], |definition| ast.params(definition));
        let help = match params.iter().any(|&(param, _)| ast.name(param) == keyword) {
            true => format!("`{keyword}` goes by its position: {}", signature()),
            false => signature(),
        };
        let message = format!("`{name}` has no keyword `{keyword}`");
        return Err((CompileErrorKind::Name, Diagnostic::new(message, span).with_help(help)));
    }
    let params = ast.assignments.get(definition).map_or(0, |definition| ast.params(definition).len());
    if site.args.len() == params {
        return Ok(());
    }
    let message = format!("`{name}` takes {}, {} given", arguments(params), site.args.len());
    let help = format!("it is defined in this text as {}", signature());
    Err((CompileErrorKind::Type, Diagnostic::new(message, site.span).with_help(help)))
}

/// Which argument each parameter gets.
pub(super) fn assign(site: &Site, function: &Function) -> Result<SmallVec<[Option<NodeId>; 3]>, Failure> {
    let mut slots: SmallVec<[Option<NodeId>; 3]> = SmallVec::from_elem(None, function.params.len());
    for (position, argument) in site.args.iter().enumerate() {
        let at = match argument.keyword {
            None => position,
            Some((name, span)) => {
                let keyword = site.ast.name(name);
                let optional = function.params.get(function.required..).unwrap_or(&[]);
                match optional.iter().position(|&param| param == keyword) {
                    Some(at) => function.required + at,
                    None => return Err(unknown_keyword(site, function, keyword, optional, span)),
                }
            }
        };
        match slots.get_mut(at) {
            None => return Err(arity(site, function)),
            Some(Some(_)) => {
                let param = function.params.get(at).copied().unwrap_or("");
                return Err(wrong(format!("`{param}` is given twice"), site.ast.span(argument.value)));
            }
            Some(slot) => *slot = Some(argument.value),
        }
    }
    if let Some(missing) = slots.iter().take(function.required).position(Option::is_none) {
        let param = function.params.get(missing).copied().unwrap_or_default();
        if site.args.len() < function.required || param.is_empty() {
            return Err(arity(site, function));
        }
        let diagnostic = Diagnostic::new(format!("`{}` is called without `{param}`", site.name), site.span)
            .with_help(format!("`{}`", function.signature(site.name)));
        return Err((CompileErrorKind::Type, diagnostic));
    }
    Ok(slots)
}

pub(super) fn wrong(message: impl Into<String>, span: Span) -> Failure {
    (CompileErrorKind::Type, Diagnostic::new(message, span))
}

fn arguments(n: usize) -> String {
    several(n, "argument", "arguments")
}

fn arity(site: &Site, function: &Function) -> Failure {
    let most = function.params.len();
    let takes = match function.required {
        required if required == most => arguments(most),
        required => format!("{required} to {}", arguments(most)),
    };
    // What others give two arguments.
    let help = match (function.rule, site.args.len()) {
        (Rule::Math(Elementary::Log), 2) => {
            "to base 2 write `log2(x)`, to base 10 `log10(x)`, to any other `log(x)/log(base)`".to_string()
        }
        (Rule::Math(Elementary::Arctan), 2) => "the angle of a point is `arctan2(y, x)`".to_string(),
        (Rule::Histogram | Rule::Bincount, given) if given > most => WEIGHTS.to_string(),
        _ if of_two(function.name).is_some() => of_two(function.name).unwrap_or_default().to_string(),
        _ => format!("`{}`", function.signature(site.name)),
    };
    let message = format!("`{}` takes {takes}, {} given", site.name, site.args.len());
    (CompileErrorKind::Type, Diagnostic::new(message, site.span).with_help(help))
}

/// What to write instead of a histogram with weights.
const WEIGHTS: &str = "there are no weights: those of the elements that are `k` add up to `sum(w*(x == k))`";

fn unknown_keyword(site: &Site, function: &Function, keyword: &str, known: &[&'static str], span: Span) -> Failure {
    let diagnostic = Diagnostic::new(format!("`{}` has no keyword `{}`", site.name, excerpt(keyword)), span);
    let help = match crate::syntax::suggest::keyword(keyword, known) {
        _ if keyword == "weights" => WEIGHTS.to_string(),
        _ if function.params.contains(&keyword) => {
            format!("`{keyword}` goes by its position: `{}`", function.signature(site.name))
        }
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("`{}`", function.signature(site.name)),
    };
    (CompileErrorKind::Name, diagnostic.with_help(help))
}

/// `axis=`: an integer, a tuple of integers, or `None`: all.
pub(super) fn axes(ast: &Ast, value: NodeId, name: &str) -> Result<Axes, Failure> {
    let items: &[NodeId] = match ast.node(value) {
        Node::Literal(Literal::None) => return Ok(Axes::All),
        Node::Tuple(items) => ast.items.get(items.start as usize..items.end as usize).unwrap_or(&[]),
        _ => &[value],
    };
    if items.is_empty() {
        let diagnostic = Diagnostic::new("an empty `axis` reduces nothing", ast.span(value))
            .with_help("over no axes each element is its own result: write it without the reduction; to reduce over all axes leave `axis` out");
        return Err((CompileErrorKind::Type, diagnostic));
    }
    let mut list = SmallVec::<[i32; 4]>::new();
    for &item in items {
        let axis = integer(ast, item).ok_or_else(|| {
            if let Node::Literal(Literal::Int(axis)) = ast.node(item) {
                return wrong(format!("no array has an axis {axis}"), ast.span(item));
            }
            let diagnostic = Diagnostic::new("`axis` must be a literal integer, or a tuple of them", ast.span(item))
                .with_help(of_two(name).unwrap_or("as in `axis=0`, `axis=-1`, `axis=(0, 1)`"));
            (CompileErrorKind::Type, diagnostic)
        })?;
        if list.contains(&axis) {
            return Err(wrong(format!("axis {axis} is given twice"), ast.span(item)));
        }
        list.push(axis);
    }
    Ok(Axes::List(list))
}

/// An integer literal, possibly behind one sign.
fn integer(ast: &Ast, value: NodeId) -> Option<i32> {
    let literal = |value: NodeId| match ast.node(value) {
        Node::Literal(Literal::Int(value)) => i32::try_from(*value).ok(),
        _ => None,
    };
    match ast.node(value) {
        Node::Unary(UnaryOp::Neg, inner) => literal(*inner).map(|value| -value),
        Node::Unary(UnaryOp::Plus, inner) => literal(*inner),
        _ => literal(value),
    }
}

/// `keepdims=`, `equal_nan=`: a literal bool.
pub(super) fn truth(ast: &Ast, value: NodeId, param: &str) -> Result<bool, Failure> {
    match ast.node(value) {
        Node::Literal(Literal::Bool(value)) => Ok(*value),
        Node::Literal(Literal::Int(0)) => Ok(false),
        Node::Literal(Literal::Int(1)) => Ok(true),
        _ => Err(wrong(format!("`{param}` must be `True` or `False`"), ast.span(value))),
    }
}

/// `dtype=`: the name of a type, perhaps behind `np.`, or `None`.
fn dtype(ast: &Ast, value: NodeId, meanings: &[Meaning]) -> Result<Option<DType>, Failure> {
    let name = match *ast.node(value) {
        Node::Literal(Literal::None) => return Ok(None),
        Node::Name(name) => Some(ast.name(name)),
        Node::Attribute(of, Attribute::Named(name)) if meanings.get(of.0 as usize) == Some(&Meaning::Static) => {
            Some(ast.name(name))
        }
        _ => None,
    };
    name.and_then(type_name).map(Some).ok_or_else(|| {
        let diagnostic = Diagnostic::new("`dtype` must be the name of a type", ast.span(value))
            .with_help("as in `dtype=f64`, `dtype=i32`, `dtype=np.float32`");
        (CompileErrorKind::Type, diagnostic)
    })
}

/// The type of this name: that of a cast, or Python's.
fn type_name(name: &str) -> Option<DType> {
    match name {
        "complex" => Some(DType::C128),
        _ => match Function::from_name(name)?.rule {
            Rule::Cast(dtype) => Some(dtype),
            _ => None,
        },
    }
}

fn ddof(ast: &Ast, value: NodeId) -> Result<i64, Failure> {
    let literal = integer(ast, value).filter(|&count| count >= 0);
    literal.map(i64::from).ok_or_else(|| {
        let diagnostic = Diagnostic::new("`ddof` must be a literal integer, not below 0", ast.span(value))
            .with_help("`ddof=1` divides by one less than the number of elements");
        (CompileErrorKind::Type, diagnostic)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{Limits, parse};

    #[test]
    fn types_behind_dtype() {
        let row =
            Function { name: "f", aliases: &[], params: &["x", "dtype"], required: 1, doc: "", rule: Rule::Square };
        let row: &'static Function = Box::leak(Box::new(row));
        let read = |text: &str| {
            let ast = parse(text, &Limits::default()).unwrap();
            let mut meanings = vec![Meaning::Plain; ast.nodes.len()];
            if let Some(of) =
                ast.nodes.iter().position(|node| matches!(node, Node::Name(name) if ast.name(*name) == "np"))
            {
                meanings[of] = Meaning::Static;
            }
            let site = Site { ast: &ast, span: Span::default(), name: "f", args: &ast.args };
            super::read(&site, row, &mut meanings).map(|call| call.dtype).map_err(|(_, wrong)| wrong.message)
        };
        for (text, dtype) in [
            ("f(a, dtype=f32)", Some(DType::F32)),
            ("f(a, dtype=np.c64)", Some(DType::C64)),
            ("f(a, dtype=float)", Some(DType::F64)),
            ("f(a, dtype=int)", Some(DType::I64)),
            ("f(a, dtype=complex)", Some(DType::C128)),
            ("f(a, dtype=bool)", Some(DType::Bool)),
            ("f(a, dtype=None)", None),
            ("f(a)", None),
        ] {
            assert_eq!(read(text), Ok(dtype), "{text}");
        }
        for text in ["f(a, dtype=sin)", "f(a, dtype=b)", "f(a, dtype=b.f32)", "f(a, dtype=2)", "f(a, dtype=-a)"] {
            assert_eq!(read(text), Err("`dtype` must be the name of a type".to_string()), "{text}");
        }
    }
}
