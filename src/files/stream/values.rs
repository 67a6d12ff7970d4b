//! What is in memory beside pieces: what reductions came to, and files that are held whole.

use std::collections::BTreeMap;

use super::program::Origin;
use super::setup::{Given, Setup};
use crate::array::filled::Unfilled;
use crate::array::result::AnyArray;
use crate::array::view::View;
use crate::dtype::DType;
use crate::types::graph::NodeId;

/// Arrays in memory.
#[derive(Default)]
pub struct Values {
    /// The results of reductions that have been computed.
    reduced: BTreeMap<NodeId, AnyArray>,
    /// Files that were read whole, by the number of their name.
    files: BTreeMap<u32, AnyArray>,
}

impl Values {
    /// What an input of a pass is, if it is in memory.
    pub fn of<'v>(&'v self, origin: Origin, setup: &'v Setup) -> Option<View<'v>> {
        match origin {
            Origin::Value(node) => self.reduced.get(&node).map(AnyArray::view),
            Origin::Name(name) => match setup.given.get(name as usize)? {
                Given::Memory(arg) => Some(View::of(arg.view())),
                Given::File(_) => self.files.get(&name).map(AnyArray::view),
            },
        }
    }

    /// Adds the result of a reduction.
    pub fn insert(&mut self, node: NodeId, array: AnyArray) {
        self.reduced.insert(node, array);
    }

    /// Adds a file.
    pub fn insert_file(&mut self, name: u32, array: AnyArray) {
        self.files.insert(name, array);
    }

    /// Adds an array of these bytes; none if it has not as many, or there is no memory for it.
    pub fn insert_bytes(&mut self, node: NodeId, dtype: DType, shape: &[usize], bytes: &[u8]) -> Option<()> {
        let mut rest = bytes;
        let array = AnyArray::filled(dtype, shape, false, &mut |part: &mut [u8]| {
            let (first, more) = rest.split_at_checked(part.len()).ok_or(())?;
            part.copy_from_slice(first);
            rest = more;
            Ok(())
        });
        let array = array.map_err(|_: Unfilled<()>| ()).ok()?;
        self.insert(node, array);
        Some(())
    }
}
