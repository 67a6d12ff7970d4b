//! Inverse hyperbolic functions.

use super::formula::V;

pub(super) fn arcsinh<'c>(x: V<'c>) -> V<'c> {
    V::call("arcsinh", &[x])
}

pub(super) fn arccosh<'c>(x: V<'c>) -> V<'c> {
    V::call("arccosh", &[x])
}

pub(super) fn arctanh<'c>(x: V<'c>) -> V<'c> {
    V::call("arctanh", &[x])
}
