//! Hyperbolic functions.

use super::formula::V;

pub(super) fn sinh<'c>(x: V<'c>) -> V<'c> {
    V::call("sinh", &[x])
}

pub(super) fn cosh<'c>(x: V<'c>) -> V<'c> {
    V::call("cosh", &[x])
}

pub(super) fn tanh<'c>(x: V<'c>) -> V<'c> {
    V::call("tanh", &[x])
}
