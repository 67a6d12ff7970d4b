//! A list that many threads read and add to without a lock.
//!
//! Always holds: an entry, once there, stays where it is; of two threads that add the same at the same time one entry stays.

use std::sync::OnceLock;

/// An append-only list that is read without a lock. It has a fixed number of places; more are not kept.
#[derive(Debug)]
pub struct Places<T>(Box<[OnceLock<T>]>);

impl<T> Places<T> {
    /// A list of this many places.
    pub fn new(places: usize) -> Places<T> {
        Places((0..places).map(|_| OnceLock::new()).collect())
    }

    /// The entry for which `is` holds, made by `make` if there is none; `Err` with what was made if the list is full.
    pub fn find<E>(&self, is: impl Fn(&T) -> bool, make: impl FnOnce() -> Result<T, E>) -> Result<Result<&T, T>, E> {
        for place in &self.0 {
            match place.get() {
                Some(entry) if is(entry) => return Ok(Ok(entry)),
                Some(_) => {}
                None => break,
            }
        }
        let mut new = make()?;
        for place in &self.0 {
            // Another thread may have been faster, with the same entry or another.
            match place.set(new) {
                Ok(()) => match place.get() {
                    Some(entry) => return Ok(Ok(entry)),
                    None => unreachable!("a place that was set stays set"),
                },
                Err(back) => new = back,
            }
            if let Some(entry) = place.get()
                && is(entry)
            {
                return Ok(Ok(entry));
            }
        }
        Ok(Err(new))
    }
}
