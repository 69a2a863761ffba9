//! What a long computation shares with whoever waits for it: a cancel flag and a progress counter. Knows no Python.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Passed by reference into every long loop. The loop calls [`Control::advance`] per block of work and stops at the
/// next block once [`Control::is_cancelled`]; what was completed is returned, marked as interrupted.
#[derive(Debug, Default)]
pub struct Control {
    cancelled: AtomicBool,
    done: AtomicU64,
    total: AtomicU64,
}

impl Control {
    /// A fresh control: nothing done, nothing cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the job to stop at its next block.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the job should stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// States how many units of work there will be in all.
    pub fn set_total(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
    }

    /// Counts `n` further units as completed.
    pub fn advance(&self, n: u64) {
        self.done.fetch_add(n, Ordering::Relaxed);
    }

    /// Units completed and units in all (0 while unknown).
    pub fn progress(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::Control;

    #[test]
    fn counts_and_cancels() {
        let control = Control::new();
        control.set_total(10);
        control.advance(3);
        control.advance(4);
        assert_eq!(control.progress(), (7, 10));
        assert!(!control.is_cancelled());
        control.cancel();
        assert!(control.is_cancelled());
    }
}
