//! Errors as Python has them.
//!
//! Comes in: what the library says. Goes out: exceptions of the classes in `tilexpr._errors`, whose words are those of Python: types by
//! NumPy's names, arguments by the names that they have in the call, the place in the text under a caret.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tilexpr::{CompileError, CompileErrorKind, DType, Detail, EvalError, EvalErrorKind};

/// NumPy's name of a type.
pub fn numpy_name(dtype: DType) -> &'static str {
    match dtype {
        DType::Bool => "bool",
        DType::I8 => "int8",
        DType::I16 => "int16",
        DType::I32 => "int32",
        DType::I64 => "int64",
        DType::U8 => "uint8",
        DType::U16 => "uint16",
        DType::U32 => "uint32",
        DType::U64 => "uint64",
        DType::F32 => "float32",
        DType::F64 => "float64",
        DType::C64 => "complex64",
        DType::C128 => "complex128",
        _ => "unknown",
    }
}

/// A message of the library in Python's words: the names of types that stand in it as words become NumPy's, and shapes tuples.
fn in_words_of_python(message: &str) -> String {
    let mut parts = message.split("shape [");
    let mut tuples = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let (lengths, rest) = part.split_once(']').unwrap_or((part, ""));
        let comma = if lengths.is_empty() || lengths.contains(',') { "" } else { "," };
        tuples += &format!("shape ({lengths}{comma}){rest}");
    }
    let message = &*tuples;
    let types = [
        DType::I8,
        DType::I16,
        DType::I32,
        DType::I64,
        DType::U8,
        DType::U16,
        DType::U32,
        DType::U64,
        DType::F32,
        DType::F64,
        DType::C64,
        DType::C128,
    ];
    let mut words = String::with_capacity(message.len() + 16);
    let mut rest = message;
    // A word is a run of letters, digits and underscores.
    while let Some(start) = rest.find(|c: char| c.is_alphanumeric() || c == '_') {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        words += before;
        words += types.iter().find(|dtype| dtype.name() == word).map_or(word, |&dtype| numpy_name(dtype));
        rest = after;
    }
    words + rest
}

/// An exception of a class in `tilexpr._errors`, made by the function `make` of that module.
#[cold]
fn exception(py: Python, kind: &str, message: &str, fill: impl FnOnce(&Bound<PyDict>) -> PyResult<()>) -> PyErr {
    let make = || {
        let fields = PyDict::new(py);
        fill(&fields)?;
        let errors = py.import(intern!(py, "tilexpr._errors"))?;
        errors.call_method1(intern!(py, "make"), (kind, message, fields))
    };
    make().map_or_else(|error| error, PyErr::from_value)
}

/// The text is no expression.
#[cold]
pub fn compile(py: Python, error: &CompileError) -> PyErr {
    let kind = match error.kind() {
        CompileErrorKind::Type => "type",
        CompileErrorKind::Limit => "limit",
        _ => "syntax",
    };
    exception(py, kind, &in_words_of_python(error.message()), |fields| {
        place(fields, Some(error.source_text()), Some(error.span()))?;
        fields.set_item("help", error.help().map(in_words_of_python))
    })
}

/// The call failed. (What was compiled is the text, and perhaps something before it: see [`crate::argument::Value::Huge`].)
#[cold]
pub fn eval(py: Python, error: &EvalError, text: &str) -> PyErr {
    let before = error.source_text().map_or(0, |source| source.len().saturating_sub(text.len()));
    let kind = match error.kind() {
        EvalErrorKind::Type if before > 0 && error.message().contains("out of range") => "overflow",
        EvalErrorKind::Compile => "syntax",
        EvalErrorKind::MissingArgument => "name",
        EvalErrorKind::Limit => "limit",
        EvalErrorKind::Type => "type",
        EvalErrorKind::Range => "overflow",
        EvalErrorKind::Memory | EvalErrorKind::TooLarge | EvalErrorKind::MemoryLimit => "memory",
        EvalErrorKind::Output => match error.found() {
            Some(Detail::DType(_)) => "casting",
            _ => "value",
        },
        EvalErrorKind::Prepared => "type_changed",
        EvalErrorKind::Cancelled | EvalErrorKind::Deadline => "cancelled",
        _ => "value",
    };
    // Of help only what Python's users can follow.
    let help =
        error.help().filter(|help| !["args!", "Limits", "`outputs`", "builder"].iter().any(|word| help.contains(word)));
    exception(py, kind, &in_words_of_python(error.message()), |fields| {
        let span = error.span().and_then(|span| Some(span.start.checked_sub(before)?..span.end.checked_sub(before)?));
        place(fields, span.is_some().then_some(text), span)?;
        fields.set_item("argument", error.argument())?;
        fields.set_item("help", help.map(in_words_of_python))
    })
}

/// The place in the text, in characters.
fn place(fields: &Bound<PyDict>, text: Option<&str>, span: Option<std::ops::Range<usize>>) -> PyResult<()> {
    let (Some(text), Some(span)) = (text, span) else { return Ok(()) };
    let characters = |bytes: usize| text.get(..bytes).map(|text| text.chars().count());
    fields.set_item("text", text)?;
    fields.set_item("span", (characters(span.start), characters(span.end)))
}

/// A name has no value.
#[cold]
pub fn unknown_name(py: Python, name: &str, text: &str, known: Bound<PyAny>) -> PyErr {
    exception(py, "name", &format!("there is no variable `{name}`"), |fields| {
        fields.set_item("argument", name)?;
        fields.set_item("text", text)?;
        fields.set_item("known", known)
    })
}

/// An array of a type that cannot be computed with.
#[cold]
pub fn element_type(py: Python, name: &str, dtype: &Bound<PyAny>) -> PyErr {
    let message = match dtype.str() {
        Ok(dtype) => format!("`{name}` is an array of {dtype}, which is no type to compute with"),
        Err(error) => return error,
    };
    exception(py, "dtype", &message, |fields| {
        fields.set_item("argument", name)?;
        fields.set_item("dtype", dtype)
    })
}

/// An array of strings of letters, not bytes.
#[cold]
pub fn letters(py: Python, name: &str, dtype: &Bound<PyAny>) -> PyErr {
    let message = match dtype.str() {
        Ok(dtype) => format!("`{name}` is an array of str ({dtype}); strings are compared as bytes"),
        Err(error) => return error,
    };
    exception(py, "dtype", &message, |fields| {
        fields.set_item("argument", name)?;
        fields.set_item("dtype", dtype)?;
        fields.set_item(
            "help",
            format!("pass `{name}.astype('S')`, if all of it is ASCII; else `np.strings.encode({name}, 'utf-8')`"),
        )
    })
}

/// A masked array: what is masked would be computed with.
#[cold]
pub fn masked(py: Python, name: &str) -> PyErr {
    let message = format!("`{name}` is a masked array, and masks are not kept");
    exception(py, "dtype", &message, |fields| {
        fields
            .set_item("help", format!("pass `{name}.filled(value)`, or `{name}.data` and the mask as another argument"))
    })
}

/// An output that is none.
#[cold]
pub fn output(py: Python, kind: &str, message: &str) -> PyErr {
    exception(py, kind, message, |_| Ok(()))
}
