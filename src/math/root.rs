//! Cube root, hypotenuse.

use super::formula::V;

pub(super) fn cbrt<'c>(x: V<'c>) -> V<'c> {
    V::call("cbrt", &[x])
}

pub(super) fn hypot<'c>(x: V<'c>, y: V<'c>) -> V<'c> {
    V::call("hypot", &[x, y])
}
