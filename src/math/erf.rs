//! Error functions.

use super::formula::V;

pub(super) fn erf<'c>(x: V<'c>) -> V<'c> {
    V::call("erf", &[x])
}

pub(super) fn erfc<'c>(x: V<'c>) -> V<'c> {
    V::call("erfc", &[x])
}
