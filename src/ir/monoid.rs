//! Monoids: how values are combined along a loop, each part of them IR.
//!
//! A monoid has a state of one or more components, `init` (its neutral element), `step` (state, arguments -> state),
//! `merge` (state, state -> state) and `finish` (state -> result). Executors and the planner treat them all
//! alike: a new reduction is a new row here.

use std::sync::LazyLock;

use smallvec::SmallVec;

use super::op::Op;
use super::rules::{Class, member};
use super::semantics;
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
    /// The fold that gives the first component of the state, if the others say where it was found.
    pub extreme: Option<Fold>,
    /// Whether the result depends on the order in which elements are combined, or how they are grouped.
    pub ordered: bool,
    /// The result over no elements at all; `None` where there is none, which is then an error.
    pub empty: Option<Scalar>,
}

impl Fragment {
    /// The results on these values; none if they are not of the types of its parameters.
    pub fn eval(&self, args: &[Scalar]) -> Option<SmallVec<[Scalar; 2]>> {
        if !args.iter().map(|arg| arg.dtype()).eq(self.params.iter().copied()) {
            return None;
        }
        let mut values: SmallVec<[Scalar; 16]> = SmallVec::from_slice(args);
        for (op, of, ty) in &self.code {
            let of: Option<SmallVec<[Scalar; 3]>> = of.iter().map(|&at| values.get(at as usize).copied()).collect();
            values.push(semantics::eval(*op, *ty, &of?)?);
        }
        self.results.iter().map(|&at| values.get(at as usize).copied()).collect()
    }
}

impl Monoid {
    /// How many values of a step are there at once at most, beyond as many as the state has.
    #[cfg(feature = "jit")]
    pub fn temporaries(&self) -> usize {
        let Fragment { params, code, results } = &self.step;
        let first = params.len() as u32;
        let last = |value: u32| match results.contains(&value) {
            true => code.len(),
            false => (0..code.len()).rev().find(|&at| code[at].1.contains(&value)).unwrap_or(0),
        };
        let ends: Vec<usize> = (first..).zip(code).map(|(value, _)| last(value)).collect();
        let alive = |at: usize| ends[..=at].iter().filter(|&&end| end > at).count();
        (0..code.len()).map(alive).max().unwrap_or(0).saturating_sub(self.state.len())
    }
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
    /// The least element, of zeros the negative one; NaN if there is one.
    Min,
    /// The greatest element, of zeros the positive one; NaN if there is one.
    Max,
    /// Whether any element holds.
    Any,
    /// Whether all elements hold.
    All,
    /// The least element that is no NaN; NaN if there is none. Of floats alone.
    NanMin,
    /// The greatest element that is no NaN; NaN if there is none. Of floats alone.
    NanMax,
    /// Where the least element stands: the first of several; the first NaN if there is one.
    ArgMin,
    /// Where the greatest element stands: the first of several; the first NaN if there is one.
    ArgMax,
}

/// Each fold: its name, its operation on floats and on all else, and for a type its neutral element and its value over nothing.
/// The neutral element of a float sum is -0.0: 0.0 would turn a sum of -0.0 into 0.0.
type FoldRow = (Fold, &'static str, [Op; 2], fn(DType) -> Option<(Scalar, Option<Scalar>)>);

const FOLDS: &[FoldRow] = &[
    (Fold::Sum, "sum", [Op::Add; 2], |t| {
        let zero = number(t).then(|| Scalar::from_bits(t, 0))?;
        Some((member(Class::NegZero, t, None).unwrap_or(zero), Some(zero)))
    }),
    (Fold::Prod, "prod", [Op::Mul; 2], |t| {
        let one = member(Class::One, t, None).filter(|_| number(t))?;
        Some((one, Some(one)))
    }),
    (Fold::Min, "min", [Op::Minimum, Op::Min], |t| Some((member(Class::Greatest, t, None)?, None))),
    (Fold::Max, "max", [Op::Maximum, Op::Max], |t| Some((member(Class::Least, t, None)?, None))),
    (Fold::Any, "any", [Op::Or; 2], |t| (t == DType::Bool).then(|| (false.into(), Some(false.into())))),
    (Fold::All, "all", [Op::And; 2], |t| (t == DType::Bool).then(|| (true.into(), Some(true.into())))),
];

fn number(t: DType) -> bool {
    t.kind() != Kind::Bool
}

static MONOIDS: LazyLock<Vec<(Fold, DType, Monoid)>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for &(fold, name, [on_floats, on_others], elements) in FOLDS {
        for dtype in DType::REAL.iter().copied() {
            let Some((init, empty)) = elements(dtype) else { continue };
            let op = if dtype.is_float() { on_floats } else { on_others };
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
                extreme: None,
                ordered: dtype.is_float() && matches!(fold, Fold::Sum | Fold::Prod),
                empty,
            };
            all.push((fold, dtype, monoid));
        }
    }
    for (fold, name, of) in [(Fold::NanMin, "nanmin", Op::Minimum), (Fold::NanMax, "nanmax", Op::Maximum)] {
        all.extend([DType::F32, DType::F64].map(|dtype| (fold, dtype, number_of(name, dtype, of))));
    }
    for (fold, name, of, beats) in
        [(Fold::ArgMin, "argmin", Fold::Min, Op::Lt), (Fold::ArgMax, "argmax", Fold::Max, Op::Gt)]
    {
        for dtype in DType::REAL.iter().copied() {
            let neutral = all.iter().find(|row: &&(Fold, DType, Monoid)| row.0 == of && row.1 == dtype);
            let Some(neutral) = neutral.map(|row| row.2.init[0]) else { continue };
            all.push((fold, dtype, position_of(name, dtype, (of, beats), neutral)));
        }
    }
    all
});

/// The monoid of floats of which an operation that gives NaN beside NaN picks one; a NaN is kept but beside another.
fn number_of(name: &str, dtype: DType, pick: Op) -> Monoid {
    let (v, x) = (0, 1);
    let op = |op, args: &[u32], ty| (op, SmallVec::from_slice(args), ty);
    let combine = Fragment {
        params: vec![dtype; 2],
        code: vec![
            op(pick, &[v, x], dtype),
            op(Op::Eq, &[x, x], DType::Bool),
            op(Op::Select, &[3, 2, v], dtype),
            op(Op::Eq, &[v, v], DType::Bool),
            op(Op::Select, &[5, 4, x], dtype),
        ],
        results: vec![6],
    };
    Monoid {
        name: format!("{name}.{dtype}"),
        args: vec![dtype],
        state: vec![dtype],
        init: vec![if dtype == DType::F32 { f32::NAN.into() } else { f64::NAN.into() }],
        step: combine.clone(),
        merge: combine,
        finish: Fragment { params: vec![dtype], code: vec![], results: vec![0] },
        extreme: None,
        ordered: false,
        empty: None,
    }
}

/// The folds without a value over no elements, with their neutral elements as that.
static TOTAL: LazyLock<Vec<(Fold, DType, Monoid)>> = LazyLock::new(|| {
    let partial =
        MONOIDS.iter().filter(|(fold, ..)| matches!(fold, Fold::Min | Fold::Max | Fold::NanMin | Fold::NanMax));
    let total = |(fold, dtype, monoid): &(Fold, DType, Monoid)| {
        let (kind, _) = monoid.name.split_once('.').unwrap_or((&monoid.name, ""));
        let name = format!("{kind}_or_neutral.{dtype}");
        (*fold, *dtype, Monoid { name, empty: monoid.init.first().copied(), ..monoid.clone() })
    };
    partial.map(total).collect()
});

/// The monoid of pairs of an element and its position, of which the one that beats the other is kept.
///
/// A later pair (x, p) beats (v, i) if `x` beats `v`, or if they are equal or both NaN and `p < i`, or if only `x` is NaN. The
/// neutral pair is one that anything beats: no element is worse, and no position is as far.
fn position_of(name: &str, dtype: DType, (of, beats): (Fold, Op), neutral: Scalar) -> Monoid {
    let mut code: Vec<(Op, SmallVec<[u32; 3]>, DType)> = Vec::new();
    let mut emit = |op: Op, args: &[u32], ty: DType| {
        code.push((op, SmallVec::from_slice(args), ty));
        code.len() as u32 + 3
    };
    let (v, i, x, p) = (0, 1, 2, 3);
    let wins = emit(beats, &[x, v], DType::Bool);
    let mut equal = emit(Op::Eq, &[x, v], DType::Bool);
    let mut better = wins;
    if dtype.is_float() {
        let (nan, old) = (emit(Op::Ne, &[x, x], DType::Bool), emit(Op::Ne, &[v, v], DType::Bool));
        let both = emit(Op::And, &[nan, old], DType::Bool);
        equal = emit(Op::Or, &[equal, both], DType::Bool);
        let alone = emit(Op::Xor, &[nan, both], DType::Bool);
        better = emit(Op::Or, &[better, alone], DType::Bool);
    }
    let first = emit(Op::Lt, &[p, i], DType::Bool);
    let tie = emit(Op::And, &[equal, first], DType::Bool);
    better = emit(Op::Or, &[better, tie], DType::Bool);
    let results = vec![emit(Op::Select, &[better, x, v], dtype), emit(Op::Select, &[better, p, i], DType::I64)];
    let state = vec![dtype, DType::I64];
    let combine = Fragment { params: [state.clone(), state.clone()].concat(), code, results };
    Monoid {
        name: format!("{name}.{dtype}"),
        args: state.clone(),
        init: vec![neutral, i64::MAX.into()],
        step: combine.clone(),
        merge: combine,
        finish: Fragment { params: state.clone(), code: vec![], results: vec![1] },
        state,
        extreme: Some(of),
        ordered: false,
        empty: None,
    }
}

impl Monoid {
    /// The monoid of a fold over a type; `None` where the fold is not defined (a sum of bools).
    pub fn of(fold: Fold, dtype: DType) -> Option<&'static Monoid> {
        MONOIDS.iter().find(|row| row.0 == fold && row.1 == dtype).map(|row| &row.2)
    }

    /// The monoid of a fold that has no value over no elements, which has its neutral element there.
    pub fn total(fold: Fold, dtype: DType) -> Option<&'static Monoid> {
        TOTAL.iter().find(|row| row.0 == fold && row.1 == dtype).map(|row| &row.2)
    }

    /// The monoid of this name.
    pub fn from_name(name: &str) -> Option<&'static Monoid> {
        Monoid::all().find(|monoid| monoid.name == name)
    }

    /// The sum of products of two `f64`, which are not rounded before they are added.
    pub fn sum_of_products() -> &'static Monoid {
        static MONOID: LazyLock<Monoid> = LazyLock::new(|| {
            let ty = DType::F64;
            let fragment = |params, op, args: &[u32]| Fragment {
                params: vec![ty; params],
                code: vec![(op, SmallVec::from_slice(args), ty)],
                results: vec![params as u32],
            };
            let (sum, x, y) = (0, 1, 2);
            Monoid {
                name: format!("sum_of_products.{ty}"),
                args: vec![ty; 2],
                state: vec![ty],
                init: vec![(-0f64).into()],
                step: fragment(3, Op::Fma, &[x, y, sum]),
                merge: fragment(2, Op::Add, &[0, 1]),
                finish: Fragment { params: vec![ty], code: vec![], results: vec![0] },
                extreme: None,
                ordered: true,
                empty: Some(0f64.into()),
            }
        });
        &MONOID
    }

    /// The product of complex numbers of `f64`: the monoids that give its real and its imaginary part.
    pub fn complex_product() -> [&'static Monoid; 2] {
        static BOTH: LazyLock<[Monoid; 2]> = LazyLock::new(|| {
            let pair = vec![DType::F64; 2];
            // (a + ib)*(c + id): values 0 to 3 are a, b, c, d.
            let op = |op, x, y| (op, SmallVec::from_slice(&[x, y]), DType::F64);
            let products = [op(Op::Mul, 0, 2), op(Op::Mul, 1, 3), op(Op::Mul, 0, 3), op(Op::Mul, 1, 2)];
            let code = products.into_iter().chain([op(Op::Sub, 4, 5), op(Op::Add, 6, 7)]).collect();
            let combine = Fragment { params: vec![DType::F64; 4], code, results: vec![8, 9] };
            [("real", 0u32, 1.0), ("imag", 1, 0.0)].map(|(part, at, empty)| Monoid {
                name: format!("complex_prod_{part}.f64"),
                args: pair.clone(),
                state: pair.clone(),
                init: vec![1f64.into(), 0f64.into()],
                step: combine.clone(),
                merge: combine.clone(),
                finish: Fragment { params: pair.clone(), code: vec![], results: vec![at] },
                extreme: None,
                ordered: true,
                empty: Some(f64::into(empty)),
            })
        });
        [&BOTH[0], &BOTH[1]]
    }

    /// The reductions of the same elements whose results are the components of the state, in order; none where there are no such.
    #[cfg(feature = "files")]
    pub fn components(&'static self) -> Option<SmallVec<[&'static Monoid; 2]>> {
        let both = Monoid::complex_product();
        if both.contains(&self) {
            return Some(SmallVec::from_buf(both));
        }
        match (self.extreme, &self.state[..]) {
            (Some(of), [dtype, _]) => Some(SmallVec::from_buf([Monoid::of(of, *dtype)?, self])),
            (None, [_]) if self.finish.code.is_empty() => Some(SmallVec::from_slice(&[self])),
            _ => None,
        }
    }

    /// The type of the result.
    pub fn result(&self) -> DType {
        let at = self.finish.results.first().map_or(0, |&at| at as usize);
        let computed = at.checked_sub(self.finish.params.len()).and_then(|at| self.finish.code.get(at));
        computed.map_or_else(|| self.finish.params[at], |code| code.2)
    }

    /// Every monoid.
    pub fn all() -> impl Iterator<Item = &'static Monoid> {
        let others = Monoid::complex_product().into_iter().chain([Monoid::sum_of_products()]);
        MONOIDS.iter().chain(TOTAL.iter()).map(|row| &row.2).chain(others)
    }
}
