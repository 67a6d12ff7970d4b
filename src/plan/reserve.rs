//! Places in the memory of a call.

/// Bytes to which every place is aligned: a cache line.
const LINE: usize = 64;

/// The memory of a call in the making: what is no longer needed is given out again.
#[derive(Clone, Default)]
pub struct Reserve {
    /// Ranges that are free, by start; no two touch.
    free: Vec<(usize, usize)>,
    end: usize,
    /// Whether more was asked for than there can be.
    failed: bool,
}

impl Reserve {
    /// A place for so many elements of so many bytes.
    pub fn take(&mut self, elements: usize, size: usize) -> (usize, usize) {
        let bytes = elements.checked_mul(size).and_then(|bytes| bytes.checked_next_multiple_of(LINE));
        let Some(bytes) = bytes else {
            self.failed = true;
            return (0, 0);
        };
        if let Some(at) = self.free.iter().position(|&(start, end)| end - start >= bytes) {
            let (start, end) = self.free[at];
            if end - start == bytes {
                self.free.remove(at);
            } else {
                self.free[at].0 += bytes;
            }
            return (start, bytes);
        }
        let start = self.end;
        match start.checked_add(bytes) {
            Some(end) => self.end = end,
            None => self.failed = true,
        }
        (start, bytes)
    }

    /// Gives a place back.
    pub fn give(&mut self, (start, bytes): (usize, usize)) {
        if bytes == 0 {
            return;
        }
        let at = self.free.partition_point(|&(other, _)| other < start);
        self.free.insert(at, (start, start + bytes));
        self.free.dedup_by(|next, before| {
            let touch = before.1 == next.0;
            if touch {
                before.1 = next.1;
            }
            touch
        });
    }

    /// All bytes that were needed at a time; none where there cannot be as many.
    pub fn bytes(&self) -> Option<usize> {
        (!self.failed && self.end <= isize::MAX as usize).then_some(self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_is_taken_again() {
        let mut memory = Reserve::default();
        let [a, b, c] = [10, 100, 8].map(|n| memory.take(n, 8));
        assert_eq!((a, b, c, memory.bytes()), ((0, 128), (128, 832), (960, 64), Some(1024)));
        memory.give(a);
        memory.give(b);
        assert_eq!(memory.take(120, 8), (0, 960));
        assert_eq!(memory.bytes(), Some(1024));
        memory.give((0, 960));
        assert_eq!(memory.take(1, 1), (0, 64));
        assert_eq!(memory.take(100, 9), (1024, 960));
        assert_eq!(memory.take(100, 8), (64, 832));
        memory.take(usize::MAX, 8);
        assert_eq!(memory.bytes(), None);
    }
}
