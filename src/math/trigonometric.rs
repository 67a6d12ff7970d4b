//! Sine, cosine, tangent.

use super::formula::V;

pub(super) fn sin<'c>(x: V<'c>) -> V<'c> {
    V::call("sin", &[x])
}

pub(super) fn cos<'c>(x: V<'c>) -> V<'c> {
    V::call("cos", &[x])
}

pub(super) fn tan<'c>(x: V<'c>) -> V<'c> {
    V::call("tan", &[x])
}
