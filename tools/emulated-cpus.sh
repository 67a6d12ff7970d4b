#!/bin/sh
# The law on CPUs that are not at hand: what the tests compare across executors, run under user-mode emulation. (Code of each
# operation for SSE2 and SSE4.2 is compared on any CPU by the tests of jit/cranelift; here the CPU itself lacks the rest.)
#
#   tools/emulated-cpus.sh                 # all of these CPUs
#   tools/emulated-cpus.sh sse2 avx2       # some
#   TILEXPR_FUZZ=200 tools/emulated-cpus.sh    # more random kernels and expressions (40)
#
# Comes in: nothing. Goes out: a line for each CPU and test binary; 1 if one has failed. Needs `qemu-x86_64` (Debian:
# qemu-user, 7.2 or later for AVX2) and an x86-64 machine. The binaries are those of `cargo test`: built for any x86-64, they
# choose by what the emulated CPU says it has. A CPU takes some five
# minutes.
#
# sse2   what every x86-64 has: no rounding instruction, no blend, no fma
# sse42  Nehalem: no fma, operands of vector instructions aligned
# avx    Sandy Bridge: no AVX2, no fma
# avx2   Haswell: AVX2 and fma, two of the three sets of the interpreter's loops, and the form of the x86 generator for them (qemu
#        emulates no AVX-512: the others need the CPU)
set -u
cd "$(dirname "$0")/.."
: "${TILEXPR_FUZZ:=40}"
export TILEXPR_FUZZ
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

model() {
    case $1 in
        sse2) echo qemu64,-sse3,-ssse3,-sse4.1,-sse4.2,-popcnt,-sse4a,-abm ;;
        sse42) echo Nehalem ;;
        avx) echo SandyBridge ;;
        avx2) echo Haswell ;;
        *) echo "no such CPU: $1 (sse2 sse42 avx avx2)" >&2; exit 2 ;;
    esac
}

# The back end that is the best one there.
best() {
    case $1 in
        avx2) echo AVX2 ;;
        *) echo Cranelift ;;
    esac
}

# Every 50th case of the conformance tests.
gzip -dc tests/data/conformance.jsonl.gz | awk 'NR % 50 == 0' | gzip >"$work/cases.jsonl.gz"
export TILEXPR_CASES="$work/cases.jsonl.gz"

failed=0
# Its arguments: a title, then those of `cargo test`. Runs them as the CPU at hand.
law() {
    title=$1
    shift
    if cargo test -q "$@" >"$work/log" 2>&1; then
        echo "$cpu: $title: $(grep -c '^test result: ok' "$work/log") ok, $(grep '^test result' "$work/log" | tail -1)"
    else
        failed=1
        echo "$cpu: $title: FAILED"
        cat "$work/log"
    fi
}

cargo test -q --no-run || exit 1
for cpu in "${@:-sse2 sse42 avx avx2}"; do
    for cpu in $cpu; do
        model=$(model "$cpu") || exit 2
        TILEXPR_BEST=$(best "$cpu")
        export TILEXPR_BEST
        export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER="qemu-x86_64 -cpu $model"
        law "operations" --lib -- ir::semantics ir::fma
        law "which back end" --lib -- jit::tier jit::x86::cpu
        law "machine code" --lib -- jit::cranelift::tests::random jit::cranelift::tests::kernels
        # (qemu 7.2 reads all of a vector that `vmaskmovps` loads a part of: no array may end right at a page that cannot be read.)
        export TILEXPR_SLACK=64
        law "machine code for x86" --lib -- jit::x86::tests::random jit::x86::tests::kernels jit::x86::tests::operations
        unset TILEXPR_SLACK
        law "interpreter" --lib -- jit::interp
        law "random expressions" --test differential
        law "NumPy's answers" --test conformance
        law "accuracy, special values, lanes" --test accuracy -- points special lanes
        law "complex numbers" --test complex
        law "semantics" --test semantics
    done
done
exit $failed
