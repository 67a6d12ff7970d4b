//! Exponentials.

use super::formula::V;

pub(super) fn exp<'c>(x: V<'c>) -> V<'c> {
    V::call("exp", &[x])
}

pub(super) fn exp2<'c>(x: V<'c>) -> V<'c> {
    V::call("exp2", &[x])
}

pub(super) fn expm1<'c>(x: V<'c>) -> V<'c> {
    V::call("expm1", &[x])
}
