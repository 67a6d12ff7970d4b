//! Gamma functions.

use super::formula::V;

pub(super) fn gamma<'c>(x: V<'c>) -> V<'c> {
    V::call("gamma", &[x])
}

pub(super) fn lgamma<'c>(x: V<'c>) -> V<'c> {
    V::call("lgamma", &[x])
}
