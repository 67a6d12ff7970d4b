//! Inverse trigonometric functions.

use super::formula::V;

pub(super) fn arcsin<'c>(x: V<'c>) -> V<'c> {
    V::call("arcsin", &[x])
}

pub(super) fn arccos<'c>(x: V<'c>) -> V<'c> {
    V::call("arccos", &[x])
}

pub(super) fn arctan<'c>(x: V<'c>) -> V<'c> {
    V::call("arctan", &[x])
}

pub(super) fn arctan2<'c>(y: V<'c>, x: V<'c>) -> V<'c> {
    V::call("arctan2", &[y, x])
}
