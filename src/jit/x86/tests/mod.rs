//! The law, for each form that this machine runs; and for all forms, wherever the tests run, what their code is made of.

mod decoded;
mod listings;

use std::sync::Arc;

use super::{Form, X86};
use crate::jit::Backend;
use crate::jit::law::{Executors, law};

fn executors() -> Executors {
    let form = |form: Form| {
        Some((form.name().to_string(), Arc::new(X86::new(form).ok()?.at_full_width()) as Arc<dyn Backend>))
    };
    Form::ALL.into_iter().filter_map(form).collect()
}

law!(executors);
