//! Logarithms.

use super::formula::V;

pub(super) fn log<'c>(x: V<'c>) -> V<'c> {
    V::call("log", &[x])
}

pub(super) fn log2<'c>(x: V<'c>) -> V<'c> {
    V::call("log2", &[x])
}

pub(super) fn log10<'c>(x: V<'c>) -> V<'c> {
    V::call("log10", &[x])
}

pub(super) fn log1p<'c>(x: V<'c>) -> V<'c> {
    V::call("log1p", &[x])
}
