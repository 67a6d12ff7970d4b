//! A list that many threads read and add to without a lock.
//!
//! Always holds: an entry, once there, stays where it is; of two threads that add the same at the same time one entry stays.

use std::sync::OnceLock;

/// An append-only list that is read without a lock. It takes a fixed number of entries; more are not kept. Memory is taken for those
/// that are there alone: most lists have one or two, and a text has several lists.
#[derive(Debug)]
pub struct Places<T> {
    first: Link<T>,
    most: usize,
}

type Link<T> = OnceLock<Box<Place<T>>>;

#[derive(Debug)]
struct Place<T> {
    entry: T,
    next: Link<T>,
}

impl<T> Places<T> {
    /// A list of at most so many entries.
    pub fn new(most: usize) -> Places<T> {
        Places { first: OnceLock::new(), most }
    }

    /// The entry for which `is` holds, made by `make` if there is none; `Err` with what was made if the list is full.
    pub fn find<E>(&self, is: impl Fn(&T) -> bool, make: impl FnOnce() -> Result<T, E>) -> Result<Result<&T, T>, E> {
        let (mut link, mut left) = (&self.first, self.most);
        while let Some(place) = link.get() {
            if is(&place.entry) {
                return Ok(Ok(&place.entry));
            }
            (link, left) = (&place.next, left - 1);
        }
        let mut new = Box::new(Place { entry: make()?, next: OnceLock::new() });
        while left > 0 {
            let added = link.set(new);
            let Some(place) = link.get() else { unreachable!("a place that was set stays set") };
            match added {
                Ok(()) => return Ok(Ok(&place.entry)),
                // Another thread was faster, with the same entry or another.
                Err(_) if is(&place.entry) => return Ok(Ok(&place.entry)),
                Err(back) => new = back,
            }
            (link, left) = (&place.next, left - 1);
        }
        Ok(Err(new.entry))
    }
}

/// Place by place: to drop the first and all behind it is a call in a call for each.
impl<T> Drop for Places<T> {
    fn drop(&mut self) {
        let mut rest = self.first.take();
        while let Some(mut place) = rest {
            rest = place.next.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn entries_are_found_again_and_a_full_list_takes_no_more() {
        let list = Places::new(2);
        let find = |x: i32| list.find(|&y| y == x, || Ok::<_, Infallible>(x)).unwrap();
        let first: *const i32 = find(1).unwrap();
        assert_eq!(find(2), Ok(&2));
        assert_eq!(find(3), Err(3));
        assert!(std::ptr::eq(find(1).unwrap(), first));
        assert_eq!(list.find(|&y| y == 3, || Err("no")), Err("no"));
    }

    #[test]
    fn threads_that_add_the_same_find_one_entry() {
        for _ in 0..100 {
            let list = Places::new(8);
            let find = |x: usize| {
                list.find(|&y: &usize| y == x, || Ok::<_, Infallible>(x)).unwrap().unwrap() as *const usize as usize
            };
            let found: Vec<[usize; 4]> = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..3).map(|_| scope.spawn(|| [0, 1, 2, 3].map(find))).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert!(found.windows(2).all(|pair| pair[0] == pair[1]));
        }
    }
}
