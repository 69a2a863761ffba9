//! Numbers that start with a line of the cache: a vector as wide as a line is then read at once, not in two halves.

use std::ops::{Deref, DerefMut};

/// Bytes of a line.
const LINE: usize = 64;

/// A fixed number of numbers, aligned where they were made.
#[derive(Debug)]
pub(super) struct Aligned {
    values: Vec<f64>,
    start: usize,
    count: usize,
}

impl Aligned {
    pub(super) fn zeros(count: usize) -> Self {
        let values = vec![0.0; count + LINE / size_of::<f64>()];
        let start = values.as_ptr().align_offset(LINE).min(values.len() - count);
        Self { values, start, count }
    }
}

impl Clone for Aligned {
    fn clone(&self) -> Self {
        let mut other = Self::zeros(self.count);
        other.copy_from_slice(self);
        other
    }
}

impl Deref for Aligned {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        &self.values[self.start..self.start + self.count]
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [f64] {
        &mut self.values[self.start..self.start + self.count]
    }
}

#[cfg(test)]
mod tests {
    use super::Aligned;

    #[test]
    fn starts_with_a_line_also_when_copied() {
        for count in [0, 1, 7, 64, 100_001] {
            let mut values = Aligned::zeros(count);
            values.iter_mut().enumerate().for_each(|(i, v)| *v = i as f64);
            let copy = values.clone();
            assert_eq!((values.len(), &values[..]), (count, &copy[..]));
            assert!(values.as_ptr().addr().is_multiple_of(64) && copy.as_ptr().addr().is_multiple_of(64));
        }
    }
}
