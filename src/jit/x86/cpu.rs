//! What the CPU has, and the system has enabled.

use std::arch::is_x86_feature_detected as detected;
use std::sync::LazyLock;

use super::rows::{Encoding, Size};
use super::shape::Vectors;

/// A form of this back end: instructions, and how wide vectors are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Form {
    /// AVX-512 with vectors of 512 bits.
    Avx512,
    /// AVX-512 with vectors of 256 bits.
    Avx512Narrow,
    /// AVX2 and FMA.
    Avx2,
}

impl Form {
    /// All forms, the widest first.
    pub const ALL: [Form; 3] = [Form::Avx512, Form::Avx512Narrow, Form::Avx2];

    /// Its name, as listings and messages show it.
    pub fn name(self) -> &'static str {
        match self {
            Form::Avx512 => "AVX-512",
            Form::Avx512Narrow => "AVX-512, vectors of 256 bits",
            Form::Avx2 => "AVX2",
        }
    }

    /// What its code needs: of BMI2 what counts lanes.
    pub(super) fn needs(self) -> &'static [&'static str] {
        match self {
            Form::Avx2 => &NEEDED[..3],
            Form::Avx512 | Form::Avx512Narrow => &NEEDED,
        }
    }

    /// The first of that which this machine lacks.
    pub fn missing(self) -> Option<&'static str> {
        self.needs().iter().copied().find(|feature| !has(feature))
    }

    /// Whether this machine runs it. (Each call asks; tests hide features from their thread.)
    pub fn is_here(self) -> bool {
        static HERE: LazyLock<[bool; 3]> = LazyLock::new(|| Form::ALL.map(|form| form.missing().is_none()));
        if cfg!(test) { self.missing().is_none() } else { HERE[self as usize] }
    }

    pub(super) fn vectors(self) -> Vectors {
        match self {
            Form::Avx512 => Vectors { encoding: Encoding::Evex, widest: Size::Z },
            Form::Avx512Narrow => Vectors { encoding: Encoding::Evex, widest: Size::Y },
            Form::Avx2 => Vectors { encoding: Encoding::Vex, widest: Size::Y },
        }
    }
}

/// What forms need, as Rust names it.
const NEEDED: [&str; 7] = ["avx2", "fma", "bmi2", "avx512f", "avx512dq", "avx512vl", "avx512bw"];

/// Whether the CPU has the instructions of a feature and the system saves its registers. (The macro asks both.)
fn has(feature: &str) -> bool {
    #[cfg(test)]
    if HIDDEN.with_borrow(|hidden| hidden.contains(&feature)) {
        return false;
    }
    match feature {
        "avx2" => detected!("avx2"),
        "fma" => detected!("fma"),
        "bmi2" => detected!("bmi2"),
        "avx512f" => detected!("avx512f"),
        "avx512dq" => detected!("avx512dq"),
        "avx512vl" => detected!("avx512vl"),
        "avx512bw" => detected!("avx512bw"),
        _ => false,
    }
}

#[cfg(test)]
thread_local! {
    /// What this thread's tests do as if the machine had not.
    static HIDDEN: std::cell::RefCell<Vec<&'static str>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// On this thread, the machine has none of these from now on.
#[cfg(test)]
pub fn hide(features: &[&'static str]) {
    HIDDEN.set(features.to_vec());
}

#[cfg(test)]
mod tests {
    use super::super::X86;
    use super::*;

    /// No form is made where one of the features is missing that its code needs.
    #[test]
    fn code_is_made_for_features_that_are_here() {
        for form in Form::ALL {
            for &feature in NEEDED.iter().filter(|feature| has(feature)) {
                hide(&[]);
                let (here, needed) = (form.is_here(), form.needs().contains(&feature));
                hide(&[feature]);
                assert_eq!(form.is_here(), here && !needed, "{form:?} without {feature}");
                if needed {
                    let why = X86::new(form).err().map(|e| e.0);
                    let missing = form.missing().unwrap_or_default();
                    assert_eq!(why, Some(format!("this machine has no {}: {missing} is missing", form.name())));
                }
            }
        }
        hide(&[]);
    }
}
