//! Every byte that the generator emits, decoded again: of random kernels and of all operations, in all forms.

use std::collections::HashSet;

use iced_x86::{
    Code, CpuidFeature, Decoder, DecoderOptions, EncodingKind, FlowControl, Instruction, Mnemonic, OpKind, Register,
};

use crate::dtype::DType;
use crate::ir::random::{Config, kernel as random};
use crate::ir::{Access, Builder, Kernel, LoopId, Monoid, Op, Role, Stride, examples};
use crate::jit::law::{budget, operations};
use crate::jit::x86::cpu::Form;
use crate::jit::x86::nest::{Function, function};

/// What code of a form may need of a CPU: what [`Form::is_here`] asks for, and what every 64-bit CPU has.
fn features(form: Form) -> Vec<CpuidFeature> {
    use CpuidFeature::*;
    let of = |name: &&str| match *name {
        "avx2" => [AVX, AVX2],
        "fma" => [FMA; 2],
        "bmi2" => [BMI2; 2],
        "avx512f" => [AVX512F; 2],
        "avx512dq" => [AVX512DQ; 2],
        "avx512vl" => [AVX512VL; 2],
        "avx512bw" => [AVX512BW; 2],
        other => panic!("{other}"),
    };
    let every = [INTEL8086, INTEL186, INTEL286, INTEL386, INTEL486, X64, CMOV, MULTIBYTENOP];
    form.needs().iter().flat_map(of).chain(every).collect()
}

/// The instructions, with where each begins.
fn decode(function: &Function) -> Vec<Instruction> {
    let mut decoder = Decoder::new(64, &function.code[..function.length], DecoderOptions::NONE);
    let mut all = Vec::new();
    while decoder.can_decode() {
        all.push(decoder.decode());
    }
    all
}

/// What is wrong with an instruction of a form.
fn wrong(inst: &Instruction, form: Form, allowed: &[CpuidFeature]) -> Option<String> {
    if inst.is_invalid() {
        return Some("no instruction".into());
    }
    if let Some(missing) = inst.cpuid_features().iter().find(|feature| !allowed.contains(feature)) {
        return Some(format!("it needs {missing:?}"));
    }
    if form == Form::Avx2 && inst.encoding() == EncodingKind::EVEX {
        return Some("EVEX".into());
    }
    let registers = (0..inst.op_count()).filter(|&i| inst.op_kind(i) == OpKind::Register).map(|i| inst.op_register(i));
    for register in registers {
        if register.is_vector_register() && form == Form::Avx2 && register.number() > 15 {
            return Some("there are 16 registers".into());
        }
        if register.is_zmm() && form != Form::Avx512 {
            return Some("vectors of 512 bits".into());
        }
    }
    // Legacy SSE would wait for the upper halves of registers.
    let legacy = inst.encoding() == EncodingKind::Legacy;
    (legacy && (0..inst.op_count()).any(|i| inst.op_register(i).is_vector_register())).then(|| "legacy SSE".into())
}

/// Where an instruction jumps to, or what place of the code it names.
fn target(inst: &Instruction) -> Option<u64> {
    match inst.flow_control() {
        FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch => Some(inst.near_branch_target()),
        _ if inst.code() == Code::Lea_r64_m && inst.is_ip_rel_memory_operand() => Some(inst.ip_rel_memory_address()),
        _ => None,
    }
}

fn check(kernel: &Kernel, form: Form) {
    let function = function(kernel, form.vectors()).unwrap_or_else(|e| panic!("{}: {e:?}\n{kernel}", form.name()));
    let all = decode(&function);
    let allowed = features(form);
    let starts: HashSet<u64> = all.iter().map(Instruction::ip).collect();
    let (length, end) = (function.length as u64, function.code.len() as u64);
    for (at, inst) in all.iter().enumerate() {
        let mut fault = wrong(inst, form, &allowed);
        match target(inst) {
            Some(target) if !starts.contains(&target) => {
                fault = Some("a jump into the middle of an instruction".into())
            }
            None if inst.is_ip_rel_memory_operand() => {
                let (from, bytes) = (inst.ip_rel_memory_address(), inst.memory_size().size() as u64);
                if from < length || from + bytes > end {
                    fault = Some("a constant that is none".into());
                }
            }
            _ => {}
        }
        // Whoever is gone back to, or called, finds the upper halves clean.
        let leaves = matches!(inst.mnemonic(), Mnemonic::Ret | Mnemonic::Call);
        if leaves && !all[..at].iter().rev().take(20).any(|before| before.mnemonic() == Mnemonic::Vzeroupper) {
            fault = Some("upper halves are in use".into());
        }
        if let Some(fault) = fault {
            panic!("{}: {:?} at {:#x}: {fault}\n{kernel}", form.name(), inst.code(), inst.ip());
        }
    }
    // A return and jumps alone end a stretch of code, so what comes last is one of them.
    let last = all.last().map(Instruction::flow_control);
    assert!(matches!(last, Some(FlowControl::UnconditionalBranch | FlowControl::Return)), "{last:?}\n{kernel}");
}

#[test]
fn all_operations() {
    for (op, args, named) in operations::forms() {
        for (stride, wide) in [(Stride::Unit, false), (Stride::Unit, true), (Stride::Any, false)] {
            let kernel = operations::kernel(op, &args, named, None, stride, wide);
            Form::ALL.into_iter().for_each(|form| check(&kernel, form));
        }
    }
}

#[test]
fn random_kernels() {
    let long = Config { ops: 150, ..Config::default() };
    let count = budget(200);
    let short = (0..count).map(|seed| random(seed, &Config { loops: 0..=3, ..Config::default() }));
    for kernel in short.chain((1_000_000..1_000_000 + count / 10).map(|seed| random(seed, &long))) {
        Form::ALL.into_iter().for_each(|form| check(&kernel, form));
    }
}

/// A mask that has a register of its own outlives calls, whichever vector register has the call's result.
#[test]
fn masks_outlive_calls() {
    for alive in 0..12i64 {
        let mut b = Builder::verbatim(1);
        let x = b.operand("x", DType::I64, Role::In, &[Stride::Unit]);
        let m = b.operand("m", DType::Bool, Role::In, &[Stride::Unit]);
        let out = b.operand("out", DType::I64, Role::Out, &[Stride::Unit]);
        let any = b.operand("any", DType::Bool, Role::Out, &[]);
        let [vx, vm] = [x, m].map(|operand| b.load(Access::plain(operand, [LoopId(0)])));
        let ahead: Vec<_> = (0..alive)
            .map(|k| {
                let k = b.constant(k + 2);
                b.op(Op::Add, &[vx, k])
            })
            .collect();
        let power = b.call(examples::named("pow.i64").unwrap(), &[vx, vx]);
        let sum = ahead.into_iter().fold(power, |sum, v| b.op(Op::Add, &[sum, v]));
        b.store(Access::plain(out, [LoopId(0)]), sum);
        let state = b.accumulate(Monoid::from_name("any.bool").unwrap(), &[vm]);
        b.store(Access::plain(any, []), state[0]);
        let kernel = b.finish();
        for form in [Form::Avx512, Form::Avx512Narrow] {
            let function = function(&kernel, form.vectors()).unwrap();
            let all = decode(&function);
            let until_calls = all.split_inclusive(|inst| inst.mnemonic() == Mnemonic::Call);
            let with_calls: Vec<_> =
                until_calls.filter(|part| part.last().is_some_and(|inst| inst.mnemonic() == Mnemonic::Call)).collect();
            assert!(!with_calls.is_empty(), "{kernel}");
            for part in with_calls {
                let saves =
                    |inst: &Instruction| inst.code() == Code::VEX_Kmovq_m64_kr && inst.op1_register() == Register::K6;
                assert!(part.iter().any(saves), "{}, {alive} values alive: the state is lost\n{kernel}", form.name());
            }
        }
    }
}
