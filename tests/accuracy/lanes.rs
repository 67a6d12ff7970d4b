//! An element's result depends on its own arguments alone: not on the lane where it is computed, not on its neighbours,
//! not on whether it is of the vector loop or of the tail.
//!
//! Ordinary arguments alternate with rare ones: those that are patched lane by lane, special values, subnormals, huge ones.

use std::collections::HashMap;

use tilexpr::math::Elementary;
use tilexpr::{Args, IntoArg, Out, Prepared};

use crate::executors;
use crate::floats::{Float, expression, forms, same, show, values};

/// Arguments that take no special way, whatever the function.
const ORDINARY: [f64; 7] = [0.5, 1.25, 0.75, 2.5, 0.3, 0.9, 1.75];

/// Arguments that take one with some function. An odd number, so that each of them comes to every lane.
fn rare<T: Float>() -> Vec<T> {
    let numbers = [
        0.0,
        -0.0,
        -0.5,
        -1.0,
        -1.5,
        -2.75,
        1e-9,
        1.0000001,
        9.3,
        26.8,
        36.0,
        89.5,
        -103.5,
        172.5,
        710.0,
        -745.0,
        1e5,
        1e22,
        -1e30,
        1e300,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ];
    let ends = [T::MAX, T::of(1), T::of(T::SIGN | 12345), T::of(777_777)];
    numbers.into_iter().map(T::nearest).chain(ends).collect()
}

/// The values of single elements.
struct Alone<T> {
    call: Prepared<2>,
    known: HashMap<[u64; 2], T>,
}

impl<T: Float> Alone<T> {
    fn value(&mut self, x: T, y: T) -> T {
        *self.known.entry([x.bits(), y.bits()]).or_insert_with(|| {
            let mut out = [T::nearest(0.0)];
            self.call.call_slices([&[x], &[y]], &mut out).unwrap();
            out[0]
        })
    }
}

fn check<T: Float>(function: Elementary)
where
    for<'a> &'a [T]: IntoArg<'a>,
    [T]: Out,
{
    let rare = rare::<T>();
    assert_eq!(rare.len() % 2, 1);
    let ordinary = ORDINARY.map(T::nearest);
    let executors = executors::some(2 * function as usize + usize::from(T::NAME == "f64"));
    let ways =
        forms::<T>(function).flat_map(|(accuracy, _)| executors.iter().map(move |&executor| (accuracy, executor)));
    for (accuracy, executor) in ways {
        let expression = expression(function, accuracy, executor);
        let one = [T::nearest(1.0)];
        let like = Args::new().with("x", &one[..]).with("y", &one[..]);
        let mut alone = Alone { call: expression.prepare(["x", "y"], like).unwrap(), known: HashMap::new() };
        for length in 0..8 {
            let n = 8 * 2 * rare.len() + length;
            // Every other element is rare in `x`, in `y` or in both, first those of odd places, then those of even ones.
            for phase in 0..2 {
                let pick = |i: usize, which: bool, step: usize| {
                    if i % 2 == phase && which { rare[(step * (i / 2) + length) % rare.len()] } else { ordinary[i % 7] }
                };
                let x: Vec<T> = (0..n).map(|i| pick(i, i % 3 != 1, 1)).collect();
                let y: Vec<T> = (0..n).map(|i| pick(i, i % 3 != 0, 5)).collect();
                for (i, found) in values(&expression, &x, &y).into_iter().enumerate() {
                    let expected = alone.value(x[i], y[i]);
                    assert!(
                        same(found, expected),
                        "{}({}, {}) of {}: {found:?} at {i} of {n}, {expected:?} alone ({executor:?}, {accuracy:?})",
                        function.name(),
                        show(x[i]),
                        show(y[i]),
                        T::NAME,
                    );
                }
            }
        }
    }
}

#[test]
fn neighbours_have_no_say() {
    for &function in Elementary::ALL {
        check::<f32>(function);
        check::<f64>(function);
    }
}
