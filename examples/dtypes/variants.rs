//! `(a + b)*c` for arrays and numbers of several types: as whole-array operations, as a loop by hand, by tilexpr.
//!
//! Always holds: the three do the same operations in the same types, so their results have the same bits.

use ndarray::{Array0, Array1, Zip, arr0};
use tilexpr::{Arg, Args, Element, Expr, Threads};

use crate::common::cli::Failure;

pub const WAYS: [&str; 4] = ["operators", "zip", "tilexpr_serial", "tilexpr"];

/// What is computed, apart from its types.
pub trait Case {
    /// Types of `a` and `b`, of `c`, of the result.
    fn types(&self) -> [String; 3];
    /// Bytes read and written for an element.
    fn bytes(&self) -> usize;
    /// Computes in one of the ways.
    fn pass(&mut self, way: usize) -> Result<(), Failure>;
    /// What the last pass left.
    fn result(&self) -> Array1<f64>;
}

/// Makes the arrays of a case.
pub type Make = fn(usize) -> Result<Box<dyn Case>, Failure>;

/// All cases, with what is to be known of them.
pub const ALL: [(&str, Make); 8] = [
    ("f64", f64s),
    ("f32", f32s),
    ("u8", u8s),
    ("u8 as u32", u8s_widened),
    ("f32, weak c", f32s_by_number),
    ("f32, 0-d f64", f32s_by_scalar_array),
    ("f32, f64", f32s_by_array),
    ("u8, weak c", u8s_by_number),
];

/// All three arrays are of 8 bytes an element.
fn f64s(n: usize) -> Result<Box<dyn Case>, Failure> {
    let (a, b, c) = (line(n, 1), line(n, 2), line(n, 3));
    Computation::new(
        a,
        b,
        c,
        |a, b, c| (a + b) * c,
        |s| {
            Zip::from(&mut s.y).and(&s.a).and(&s.b).and(&s.c).for_each(|y, &a, &b, &c| *y = (a + b) * c);
        },
    )
}

/// Half the bytes: half the time where memory is the limit, and twice the numbers in a register where it is not.
fn f32s(n: usize) -> Result<Box<dyn Case>, Failure> {
    let single = |from| line(n, from).mapv(|x| x as f32);
    Computation::new(
        single(1),
        single(2),
        single(3),
        |a, b, c| (a + b) * c,
        |s| {
            Zip::from(&mut s.y).and(&s.a).and(&s.b).and(&s.c).for_each(|y, &a, &b, &c| *y = (a + b) * c);
        },
    )
}

/// An eighth of the bytes. Sum and product are of 8 bits, too, and wrap: (200 + 100)*2 is 88.
fn u8s(n: usize) -> Result<Box<dyn Case>, Failure> {
    let operators = |a: &Array1<u8>, b: &Array1<u8>, c: &Array1<u8>| {
        let sum = Zip::from(a).and(b).map_collect(|a, b| a.wrapping_add(*b));
        Zip::from(&sum).and(c).map_collect(|x, c| x.wrapping_mul(*c))
    };
    Computation::new(bytes(n, 1), bytes(n, 2), bytes(n, 3), operators, |s| {
        Zip::from(&mut s.y)
            .and(&s.a)
            .and(&s.b)
            .and(&s.c)
            .for_each(|y, &a, &b, &c| *y = a.wrapping_add(b).wrapping_mul(c));
    })
}

/// The true value of the same: one operand is widened, `(u32(a) + b)*c`, and the result has four times the bytes.
fn u8s_widened(n: usize) -> Result<Box<dyn Case>, Failure> {
    let operators = |a: &Array1<u8>, b: &Array1<u8>, c: &Array1<u8>| {
        let [a, b, c] = [a, b, c].map(|x| x.mapv(u32::from));
        (a + b) * c
    };
    let zip = |s: &mut Computation<u8, Array1<u8>, u32>| {
        let point = |a, b, c| (u32::from(a) + u32::from(b)) * u32::from(c);
        Zip::from(&mut s.y).and(&s.a).and(&s.b).and(&s.c).for_each(|y, &a, &b, &c| *y = point(a, b, c));
    };
    Computation::with_text("(u32(a) + b)*c", bytes(n, 1), bytes(n, 2), bytes(n, 3), operators, zip)
}

/// A bare number takes the type of the array that it meets: it is weak, and the result stays `f32`.
fn f32s_by_number(n: usize) -> Result<Box<dyn Case>, Failure> {
    let single = |from| line(n, from).mapv(|x| x as f32);
    Computation::new(
        single(1),
        single(2),
        2.5,
        |a, b, &c: &f64| (a + b) * c as f32,
        |s| {
            let c = s.c as f32;
            Zip::from(&mut s.y).and(&s.a).and(&s.b).for_each(|y, &a, &b| *y = (a + b) * c);
        },
    )
}

/// The same number in an array of no dimension (`np.float64(2.5)`, or what `x.mean()` gave) has a type of its own, which is
/// wider: the sums are converted, and the result is `f64`.
fn f32s_by_scalar_array(n: usize) -> Result<Box<dyn Case>, Failure> {
    let single = |from| line(n, from).mapv(|x| x as f32);
    let operators = |a: &Array1<f32>, b: &Array1<f32>, c: &Array0<f64>| (a + b).mapv(f64::from) * c;
    Computation::new(single(1), single(2), arr0(2.5), operators, |s| {
        let c = s.c[()];
        Zip::from(&mut s.y).and(&s.a).and(&s.b).for_each(|y, &a, &b| *y = f64::from(a + b) * c);
    })
}

/// Two arrays of `f32` and one of `f64`: the sum is of `f32`, rounded so, and then converted.
fn f32s_by_array(n: usize) -> Result<Box<dyn Case>, Failure> {
    let single = |from| line(n, from).mapv(|x| x as f32);
    let operators = |a: &Array1<f32>, b: &Array1<f32>, c: &Array1<f64>| (a + b).mapv(f64::from) * c;
    Computation::new(single(1), single(2), line(n, 3), operators, |s| {
        Zip::from(&mut s.y).and(&s.a).and(&s.b).and(&s.c).for_each(|y, &a, &b, &c| *y = f64::from(a + b) * c);
    })
}

/// A weak float is still a float: bytes times 2.5 are `f64`, after the sum has wrapped.
fn u8s_by_number(n: usize) -> Result<Box<dyn Case>, Failure> {
    let operators = |a: &Array1<u8>, b: &Array1<u8>, &c: &f64| {
        let sum = Zip::from(a).and(b).map_collect(|a, b| a.wrapping_add(*b));
        sum.mapv(f64::from) * c
    };
    Computation::new(bytes(n, 1), bytes(n, 2), 2.5, operators, |s| {
        let c = s.c;
        Zip::from(&mut s.y).and(&s.a).and(&s.b).for_each(|y, &a, &b| *y = f64::from(a.wrapping_add(b)) * c);
    })
}

fn line(n: usize, from: usize) -> Array1<f64> {
    Array1::from_iter((0..n).map(|i| from as f64 + (i % 1009) as f64 / 1009.0))
}

fn bytes(n: usize, from: usize) -> Array1<u8> {
    Array1::from_iter((0..n).map(|i| (i * (2 * from + 1) % 251) as u8))
}

/// Two arrays of `A`, an array or number `C`, a result of `Y`.
struct Computation<A, C, Y> {
    a: Array1<A>,
    b: Array1<A>,
    c: C,
    y: Array1<Y>,
    /// An array operation for each operator, and for each conversion.
    operators: fn(&Array1<A>, &Array1<A>, &C) -> Array1<Y>,
    /// One loop into `y`.
    zip: fn(&mut Self),
    serial: Expr,
    all: Expr,
}

impl<A, C, Y> Computation<A, C, Y>
where
    A: Element,
    Y: Element + Default,
    C: Third + 'static,
    f64: From<Y>,
{
    #[allow(clippy::new_ret_no_self)]
    fn new(
        a: Array1<A>,
        b: Array1<A>,
        c: C,
        operators: fn(&Array1<A>, &Array1<A>, &C) -> Array1<Y>,
        zip: fn(&mut Self),
    ) -> Result<Box<dyn Case>, Failure> {
        Self::with_text("(a + b)*c", a, b, c, operators, zip)
    }

    fn with_text(
        text: &str,
        a: Array1<A>,
        b: Array1<A>,
        c: C,
        operators: fn(&Array1<A>, &Array1<A>, &C) -> Array1<Y>,
        zip: fn(&mut Self),
    ) -> Result<Box<dyn Case>, Failure> {
        let all = Expr::compile(text)?;
        let y = Array1::default(a.len());
        Ok(Box::new(Computation { a, b, c, y, operators, zip, serial: all.with_threads(Threads::Serial), all }))
    }
}

/// What `c` may be.
pub trait Third {
    /// Bytes of it for each element of the result.
    fn bytes(&self) -> usize;

    fn arg(&self) -> Arg<'_>;
}

impl<T: Element> Third for Array1<T> {
    fn bytes(&self) -> usize {
        size_of::<T>()
    }

    fn arg(&self) -> Arg<'_> {
        Arg::new(self)
    }
}

impl<T: Element> Third for Array0<T> {
    fn bytes(&self) -> usize {
        0
    }

    fn arg(&self) -> Arg<'_> {
        Arg::new(self)
    }
}

impl Third for f64 {
    fn bytes(&self) -> usize {
        0
    }

    fn arg(&self) -> Arg<'_> {
        Arg::new(self)
    }
}

impl<A, C, Y> Case for Computation<A, C, Y>
where
    A: Element,
    Y: Element,
    C: Third,
    f64: From<Y>,
{
    fn types(&self) -> [String; 3] {
        let c = self.c.arg();
        let third = if c.is_weak() { "weak".to_owned() } else { c.dtype().to_string() };
        [A::DTYPE.to_string(), third, Y::DTYPE.to_string()]
    }

    fn bytes(&self) -> usize {
        2 * size_of::<A>() + self.c.bytes() + size_of::<Y>()
    }

    fn pass(&mut self, way: usize) -> Result<(), Failure> {
        match way {
            0 => self.y = (self.operators)(&self.a, &self.b, &self.c),
            1 => (self.zip)(self),
            _ => {
                let formula = if way == 2 { &self.serial } else { &self.all };
                let args = Args::from([("a", Arg::new(&self.a)), ("b", Arg::new(&self.b)), ("c", self.c.arg())]);
                formula.eval_into(args, &mut self.y)?;
            }
        }
        Ok(())
    }

    fn result(&self) -> Array1<f64> {
        self.y.mapv(f64::from)
    }
}
