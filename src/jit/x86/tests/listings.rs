//! The code of each operation on some types, and of each way to reach memory, as text: the body of a whole step, for one vector of
//! points, after what is loaded before all loops.
//!
//! `listings/` has a file for each form, which any machine makes. `TILEXPR_WRITE=1 cargo test --lib listings` writes them
//! anew; what changed is then seen in the difference.

use std::fmt::Write;
use std::ops::Range;

use iced_x86::{Code, Decoder, DecoderOptions, Formatter, Instruction, IntelFormatter};

use crate::dtype::DType;
use crate::ir::{Kernel, Op, Stride, parse, verify};
use crate::jit::law::operations;
use crate::jit::x86::cpu::Form;
use crate::jit::x86::nest::{Function, of_shape};
use crate::jit::x86::shape::Shape;

/// Kernels by their bodies: how arrays are declared, and the lines of the innermost loop.
const ACCESSES: &[(&str, &str, &str)] = &[
    ("any stride, f64", "in x: f64[any]\nout y: f64[any]", "v0 = load x[i0]\nstore y[i0], v0"),
    ("any stride, f32", "in x: f32[any]\nout y: f32[any]", "v0 = load x[i0]\nstore y[i0], v0"),
    ("any stride, u8", "in x: u8[any]\nout y: u8[any]", "v0 = load x[i0]\nstore y[i0], v0"),
    (
        "one element, f64",
        "in x: f64[]\nin z: f64[unit]\nout y: f64[unit]",
        "v0 = load x[]\nv1 = load z[i0]\nv2 = add.f64 v1, v0\nstore y[i0], v2",
    ),
    ("pairs, f64", PAIRS_F64, PAIRS),
    ("pairs, f32", PAIRS_F32, PAIRS),
    ("second halves, f64", "in x: f64[second]\nout y: f64[unit]", "v0 = load x[i0]\nstore y[i0], v0"),
    (
        "a product that is added",
        "in x: f64[unit]\nin z: f64[unit]\nout y: f64[unit]",
        "v0 = load x[i0]\nv1 = load z[i0]\nv2 = fma.f64 v0, v1, v0\nstore y[i0], v2",
    ),
    (
        "bools, of comparisons",
        "in x: f64[unit]\nin z: f32[unit]\nout y: bool[unit]",
        "v0 = load x[i0]\nv1 = load z[i0]\nv2 = lt.f64 v0, v0\nv3 = lt.f32 v1, v1\nv4 = and.bool v2, v3\nstore y[i0], v4",
    ),
];
const PAIRS_F64: &str = "in x: f64[first]\nin x_too: f64[partner]\nout y: f64[first]\nout y_too: f64[partner]";
const PAIRS_F32: &str = "in x: f32[first]\nin x_too: f32[partner]\nout y: f32[first]\nout y_too: f32[partner]";
const ARGMIN: &str = "in x: f64[unit]\nout y: i64[]\nkernel {\nloop i0 {\nv0 = load x[i0]\nv1 = index i0\n\
                      v2 = accumulate argmin.f64(v0, v1)\n}\nv3 = reduced v2.1\nstore y[], v3\n}\n";
const PAIRS: &str = "v0 = load x[i0]\nv1 = load x_too[i0]\nstore y[i0], v1\nstore y_too[i0], v0";

const REDUCTIONS: &[(&str, &str)] = &[("sum", "f64"), ("sum", "i64"), ("max", "f64"), ("max", "u8"), ("any", "bool")];

/// All kernels with their titles.
fn kernels() -> Vec<(String, Kernel)> {
    use DType::*;
    let types = [F64, F32, I64, U64, I32, I16, U8, Bool];
    let listed = |op: Op, args: &[DType], named: Option<DType>| {
        let shown = |ty: &DType| types.contains(ty) && (args.len() == 1 || *ty != U64 || op == Op::Lt || op == Op::Max);
        // Conversions from and to all, other operations on some.
        args.iter().chain(&named).all(shown)
    };
    let mut all = Vec::new();
    for (op, args, named) in operations::forms().into_iter().filter(|(op, args, named)| listed(*op, args, *named)) {
        let kernel = operations::kernel(op, &args, named, None, Stride::Unit, false);
        let names: Vec<String> = args.iter().map(DType::to_string).collect();
        let to = named.map_or(String::new(), |to| format!(" to {to}"));
        all.push((format!("{} {}{to}", op.name(), names.join(" ")), kernel));
    }
    for (title, arrays, body) in ACCESSES {
        all.push((title.to_string(), parsed(&format!("{arrays}\nkernel {{\nloop i0 {{\n{body}\n}}\n}}\n"))));
    }
    for (fold, ty) in REDUCTIONS {
        let text = format!(
            "in x: {ty}[unit]\nout y: {ty}[]\nkernel {{\nloop i0 {{\nv0 = load x[i0]\nv1 = accumulate {fold}.{ty}(v0)\n}}\n\
             v2 = reduced v1.0\nstore y[], v2\n}}\n"
        );
        all.push((format!("accumulate {fold} {ty}"), parsed(&text)));
    }
    all.push(("accumulate argmin f64".into(), parsed(ARGMIN)));
    all
}

fn parsed(text: &str) -> Kernel {
    let kernel = parse(text).unwrap_or_else(|e| panic!("{e:?}\n{text}"));
    verify(&kernel).unwrap_or_else(|e| panic!("{e}\n{text}"));
    kernel
}

/// The body of a step of one vector, or of eight points where their order matters.
fn body(kernel: &Kernel, form: Form) -> String {
    let mut shape = Shape::of(kernel, form.vectors()).unwrap();
    if !shape.ordered {
        (shape.copies, shape.states) = (1, 1);
    }
    let function =
        of_shape(kernel, &shape, form.vectors()).unwrap_or_else(|e| panic!("{}: {e:?}\n{kernel}", form.name()));
    let mut formatter = IntelFormatter::new();
    let (mut text, mut line) = (String::new(), String::new());
    let mut write = |inst: &Instruction, indent: usize| {
        line.clear();
        formatter.format(inst, &mut line);
        writeln!(text, "{:indent$}{}", "", named(&line, inst, &function)).unwrap();
    };
    // What comes first jumps to what comes last, which loads the constants that stay in registers.
    let prologue = decode(&function, 0..function.length)[0].near_branch_target() as usize;
    let constants = decode(&function, prologue..function.length);
    constants.iter().filter(|inst| inst.is_ip_rel_memory_operand()).for_each(|inst| write(inst, 2));
    decode(&function, function.main.clone()).iter().for_each(|inst| write(inst, 4));
    text
}

/// The instructions of these bytes.
fn decode(function: &Function, bytes: Range<usize>) -> Vec<Instruction> {
    let mut decoder = Decoder::with_ip(64, &function.code[bytes.clone()], bytes.start as u64, DecoderOptions::NONE);
    decoder.iter().collect()
}

/// A line with a constant's value in place of its address, and without addresses and distances.
fn named(line: &str, inst: &Instruction, function: &Function) -> String {
    if inst.is_jcc_short_or_near() || inst.is_jmp_short_or_near() {
        let within = function.main.contains(&(inst.near_branch_target() as usize));
        return format!("{} {}", line.split(' ').next().unwrap_or(line), if within { "on" } else { "aside" });
    }
    // (What is called, and with what, lies above all that code counts.)
    if inst.code() == Code::Mov_r64_imm64 && inst.immediate64() as i64 > 1 << 32 {
        return line.split_once(',').map_or(String::new(), |(before, _)| format!("{before},address"));
    }
    match (inst.is_ip_rel_memory_operand(), line.split_once('['), line.rsplit_once(']')) {
        (true, Some((before, _)), Some((_, after))) => {
            let from = inst.ip_rel_memory_address() as usize;
            format!("{before}[{}]{after}", constant(&function.code[from..from + inst.memory_size().size()]))
        }
        _ => line.to_string(),
    }
}

/// Bytes as what is repeated in them, the last byte first.
fn constant(bytes: &[u8]) -> String {
    let periods = std::iter::successors(Some(1), |n| Some(2 * n)).take_while(|&n| n <= bytes.len());
    let period =
        periods.into_iter().find(|&n| bytes.chunks(n).all(|chunk| *chunk == bytes[..n])).unwrap_or(bytes.len());
    bytes[..period].rchunks(8).fold(String::from("0x"), |text, word| {
        let separator = if text.len() > 2 { "_" } else { "" };
        word.iter().rev().fold(text + separator, |text, byte| text + &format!("{byte:02x}"))
    })
}

#[test]
fn listings() {
    let kernels = kernels();
    for (form, file) in [(Form::Avx512, "avx512"), (Form::Avx512Narrow, "avx512-256"), (Form::Avx2, "avx2")] {
        let path = format!("{}/src/jit/x86/tests/listings/{file}.txt", env!("CARGO_MANIFEST_DIR"));
        let entry = |(title, kernel): &(String, Kernel)| format!("{title}\n{}", body(kernel, form));
        let found: Vec<String> = kernels.iter().map(entry).collect();
        if std::env::var("TILEXPR_WRITE").is_ok() {
            std::fs::write(&path, found.join("\n")).unwrap();
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let expected: Vec<&str> =
            text.split_inclusive("\n\n").map(|entry| entry.strip_suffix('\n').unwrap_or(entry)).collect();
        let differs = found.iter().zip(&expected).find(|(found, expected)| found.trim_end() != expected.trim_end());
        if let Some((found, expected)) = differs {
            panic!("{file}: expected\n{expected}\nfound\n{found}\n(TILEXPR_WRITE=1 writes the listings anew)");
        }
        assert_eq!(found.len(), expected.len(), "{file}: TILEXPR_WRITE=1 writes the listings anew");
    }
}
