//! Powers.

use super::formula::V;

pub(super) fn pow<'c>(x: V<'c>, y: V<'c>) -> V<'c> {
    V::call("pow", &[x, y])
}
