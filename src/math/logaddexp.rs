//! Logarithm of a sum of exponentials.

use super::formula::V;

pub(super) fn logaddexp<'c>(x: V<'c>, y: V<'c>) -> V<'c> {
    V::call("logaddexp", &[x, y])
}
