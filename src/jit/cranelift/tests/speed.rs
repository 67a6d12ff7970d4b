//! Figures, on request: `cargo test --release cranelift::tests::speed -- --ignored --nocapture`.

use std::hint::black_box;
use std::sync::atomic::AtomicU32;
use std::time::Instant;

use crate::ir::{Kernel, parse};
use crate::jit::cranelift::Cranelift;
use crate::jit::{Backend, Call, Compiled};

const FUSED: &str = "in a: f64[unit]\nin b: f64[unit]\nin c: f64[unit]\nout y: f64[unit]\nkernel {\nloop i0 {\n\
    v0 = load a[i0]\nv1 = load b[i0]\nv2 = mul.f64 v0, v1\nv3 = load c[i0]\nv4 = add.f64 v2, v3\nstore y[i0], v4\n}\n}\n";

const SUM: &str = "in a: f64[unit]\nout y: f64[]\nkernel {\nloop i0 {\n\
    v0 = load a[i0]\nv1 = accumulate sum.f64(v0)\n}\nv2 = reduced v1.0\nstore y[], v2\n}\n";

/// Five operations on four arrays and a constant.
const FIVE: &str = "in a: f64[unit]\nin b: f64[unit]\nin c: f64[unit]\nin d: f64[unit]\nout y: f64[unit]\nkernel {\n\
    v0 = const 2.5:f64\nloop i0 {\nv1 = load a[i0]\nv2 = load b[i0]\nv3 = mul.f64 v1, v2\nv4 = load c[i0]\n\
    v5 = add.f64 v3, v4\nv6 = load d[i0]\nv7 = sub.f64 v5, v6\nv8 = mul.f64 v7, v0\nv9 = sqrt.f64 v8\nstore y[i0], v9\n}\n}\n";

fn kernel(text: &str) -> Kernel {
    parse(text).unwrap()
}

/// Nanoseconds an element, the best of many runs.
fn best(n: usize, mut run: impl FnMut()) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..200 {
        let start = Instant::now();
        for _ in 0..50 {
            run();
        }
        least = least.min(start.elapsed().as_nanos() as f64 / 50.0 / n as f64);
    }
    least
}

fn call(compiled: &dyn Compiled, pointers: &[*mut u8], n: usize) {
    let faults = AtomicU32::new(0);
    let call = Call { pointers, strides: &[8; 4], extents: &[n], origin: &[0], faults: &faults };
    // SAFETY: the callers below pass arrays of n elements (and a scalar where the kernel has one).
    unsafe { compiled.run(&call) };
}

#[cfg(target_arch = "x86_64")]
#[inline(never)]
fn by_hand(a: &[f64], b: &[f64], c: &[f64], y: &mut [f64]) {
    use std::arch::x86_64::*;
    let n = a.len() & !3;
    // SAFETY: SSE2 is always there, and i+3 is below the length of each.
    unsafe {
        let mut i = 0;
        while i < n {
            for k in [0, 2] {
                let product = _mm_mul_pd(_mm_loadu_pd(a.as_ptr().add(i + k)), _mm_loadu_pd(b.as_ptr().add(i + k)));
                let sum = _mm_add_pd(product, _mm_loadu_pd(c.as_ptr().add(i + k)));
                _mm_storeu_pd(y.as_mut_ptr().add(i + k), sum);
            }
            i += 4;
        }
    }
    for i in n..a.len() {
        y[i] = a[i] * b[i] + c[i];
    }
}

#[test]
#[ignore = "prints figures"]
fn compile_many() {
    let jit = Cranelift::new().unwrap();
    let kernel = kernel(FIVE);
    for _ in 0..30_000 {
        black_box(jit.compile(&kernel).unwrap());
    }
}

#[test]
#[ignore = "prints figures"]
fn figures() {
    let first = Instant::now();
    let jit = Cranelift::new().unwrap();
    let fused = jit.compile(&kernel(FUSED)).unwrap();
    println!("first kernel in the process: {:.0} us", first.elapsed().as_nanos() as f64 / 1e3);
    println!("{}", jit.listing(&kernel(FUSED)).unwrap());
    for (name, text) in [("a*b+c", FUSED), ("five", FIVE), ("sum", SUM)] {
        let kernel = kernel(text);
        let mut times: Vec<f64> = (0..400)
            .map(|_| {
                let start = Instant::now();
                black_box(jit.compile(&kernel).unwrap());
                start.elapsed().as_nanos() as f64 / 1e3
            })
            .collect();
        times.sort_by(f64::total_cmp);
        let bytes = jit.compile(&kernel).unwrap().code().unwrap().len();
        println!("compile {name}: least {:.1} us, median {:.1} us, {bytes} bytes", times[0], times[200]);
    }
    let n = 1000;
    let (mut a, mut b, mut c, mut y) = (vec![1.5; n], vec![2.5; n], vec![0.5; n], vec![0.0; n]);
    let pointers = [a.as_mut_ptr(), b.as_mut_ptr(), c.as_mut_ptr(), y.as_mut_ptr()].map(|p: *mut f64| p.cast());
    println!("a*b+c n={n}: {:.4} ns", best(n, || call(&*fused, &pointers, n)));
    #[cfg(target_arch = "x86_64")]
    println!("by hand:      {:.4} ns", best(n, || by_hand(black_box(&a), &b, &c, &mut y)));
    let n = 4096;
    let mut x = vec![1.0; n];
    let mut total = 0.0f64;
    let pointers = [x.as_mut_ptr().cast(), (&raw mut total).cast()];
    let sum = jit.compile(&kernel(SUM)).unwrap();
    println!("sum n={n}:  {:.4} ns", best(n, || call(&*sum, &pointers, n)));
    assert_eq!(total, n as f64);
}
