//! Monoids: how values are combined along a loop, each part of them IR.
//!
//! A monoid has a state of one or more components, `init` (its neutral element), `step` (state, arguments -> state),
//! `merge` (state, state -> state) and `finish` (state -> result). Executors and the planner treat them all
//! alike: a new reduction is a new row here.

use std::sync::LazyLock;

use smallvec::SmallVec;

use super::op::Op;
use super::rules::{Class, member};
use crate::dtype::{DType, Kind, Scalar};

/// Straight-line code: values `0..params` are the parameters, then one for each operation.
#[derive(Clone, PartialEq, Debug)]
pub struct Fragment {
    /// The types of the parameters.
    pub params: Vec<DType>,
    /// The operations: what, on which values, and the type of the result.
    pub code: Vec<(Op, SmallVec<[u32; 3]>, DType)>,
    /// The values that are the results.
    pub results: Vec<u32>,
}

/// How values are combined.
#[derive(Clone, Debug)]
pub struct Monoid {
    /// Its name, with the type: `sum.f64`.
    pub name: String,
    /// The types of the arguments of `step`.
    pub args: Vec<DType>,
    /// The types of the state's components.
    pub state: Vec<DType>,
    /// The neutral state: merging it, or starting from it, changes no bit.
    pub init: Vec<Scalar>,
    /// `(state, arguments) -> state`
    pub step: Fragment,
    /// `(state, state) -> state`, the earlier elements first.
    pub merge: Fragment,
    /// `(state) -> result`
    pub finish: Fragment,
    /// The result over no elements at all; `None` where there is none, which is then an error.
    pub empty: Option<Scalar>,
}

impl PartialEq for Monoid {
    fn eq(&self, other: &Monoid) -> bool {
        self.name == other.name
    }
}

/// The kinds of reduction that are one operation applied again and again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Fold {
    /// Sums.
    Sum,
    /// Products.
    Prod,
    /// The least element; NaN if there is one.
    Min,
    /// The greatest element; NaN if there is one.
    Max,
    /// Whether any element holds.
    Any,
    /// Whether all elements hold.
    All,
}

/// Each fold: its name, its operation, and for a type its neutral element and its value over nothing.
/// The neutral element of a float sum is -0.0: 0.0 would turn a sum of -0.0 into 0.0.
type FoldRow = (Fold, &'static str, Op, fn(DType) -> Option<(Scalar, Option<Scalar>)>);

const FOLDS: &[FoldRow] = &[
    (Fold::Sum, "sum", Op::Add, |t| {
        let zero = number(t).then(|| Scalar::from_bits(t, 0))?;
        Some((member(Class::NegZero, t, None).unwrap_or(zero), Some(zero)))
    }),
    (Fold::Prod, "prod", Op::Mul, |t| {
        let one = member(Class::One, t, None).filter(|_| number(t))?;
        Some((one, Some(one)))
    }),
    (Fold::Min, "min", Op::Min, |t| Some((member(Class::Greatest, t, None)?, None))),
    (Fold::Max, "max", Op::Max, |t| Some((member(Class::Least, t, None)?, None))),
    (Fold::Any, "any", Op::Or, |t| (t == DType::Bool).then(|| (false.into(), Some(false.into())))),
    (Fold::All, "all", Op::And, |t| (t == DType::Bool).then(|| (true.into(), Some(true.into())))),
];

fn number(t: DType) -> bool {
    t.kind() != Kind::Bool
}

static MONOIDS: LazyLock<Vec<(Fold, DType, Monoid)>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for &(fold, name, op, elements) in FOLDS {
        for dtype in DType::ALL {
            let Some((init, empty)) = elements(dtype) else { continue };
            let combine = Fragment {
                params: vec![dtype, dtype],
                code: vec![(op, SmallVec::from_slice(&[0, 1]), dtype)],
                results: vec![2],
            };
            let monoid = Monoid {
                name: format!("{name}.{dtype}"),
                args: vec![dtype],
                state: vec![dtype],
                init: vec![init],
                step: combine.clone(),
                merge: combine,
                finish: Fragment { params: vec![dtype], code: vec![], results: vec![0] },
                empty,
            };
            all.push((fold, dtype, monoid));
        }
    }
    all
});

impl Monoid {
    /// The monoid of a fold over a type; `None` where the fold is not defined (a sum of bools).
    pub fn of(fold: Fold, dtype: DType) -> Option<&'static Monoid> {
        MONOIDS.iter().find(|row| row.0 == fold && row.1 == dtype).map(|row| &row.2)
    }

    /// The monoid of this name.
    pub fn from_name(name: &str) -> Option<&'static Monoid> {
        MONOIDS.iter().find(|row| row.2.name == name).map(|row| &row.2)
    }

    /// Every monoid.
    pub fn all() -> impl Iterator<Item = &'static Monoid> {
        MONOIDS.iter().map(|row| &row.2)
    }
}
