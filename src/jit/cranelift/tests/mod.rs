//! Native code and the law, with different features of the CPU; what instructions it is; sizes, lifetimes, threads.

mod listings;
mod resources;

use std::sync::Arc;

use super::isa::Target;
use super::{Cranelift, Flags};
use crate::jit::law::{Executors, law};

/// With all of this CPU's features, and with ever fewer, and with the allocator of registers for large kernels.
fn executors() -> Executors {
    let host = Cranelift::with_flags(Flags::Host).unwrap();
    let one_pass = Cranelift { target: Target { isa: host.target.one_pass.clone(), ..host.target.clone() } };
    let mut all: Executors = vec![("Host".into(), Arc::new(host)), ("Host, one pass".into(), Arc::new(one_pass))];
    for flags in [Flags::Sse42, Flags::Baseline] {
        #[cfg(target_arch = "x86_64")]
        if flags == Flags::Sse42 && !std::arch::is_x86_feature_detected!("sse4.2") {
            continue;
        }
        all.push((format!("{flags:?}"), Arc::new(Cranelift::with_flags(flags).unwrap())));
    }
    all
}

law!(executors);
