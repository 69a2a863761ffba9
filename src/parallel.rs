//! Threads as a value: one pool per job, none at import, nothing global.

use crate::error::{Error, Result};
use std::num::NonZeroUsize;

/// How many threads a job may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threads(NonZeroUsize);

impl Threads {
    /// One thread.
    pub const ONE: Self = Self(NonZeroUsize::MIN);

    /// `None`: the cores that this process may use.
    pub fn new(requested: Option<NonZeroUsize>) -> Self {
        Self(requested.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN))
    }

    /// The number of threads.
    pub fn get(self) -> usize {
        self.0.get()
    }

    /// Runs `work` inside a pool of this size; the pool ends with the call. One thread runs in place.
    pub fn run<T: Send>(self, work: impl FnOnce() -> T + Send) -> Result<T> {
        if self.get() == 1 {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
            return match pool {
                Ok(pool) => Ok(pool.install(work)),
                // The current thread already belongs to a pool of one: it serves as it is.
                Err(_) => Ok(work()),
            };
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.get())
            .thread_name(|i| format!("steelyard-{i}"))
            .build()
            .map_err(|_| Error::Internal { what: "starting worker threads".into() })?;
        Ok(pool.install(work))
    }
}

#[cfg(test)]
mod tests {
    use super::Threads;
    use rayon::prelude::*;
    use std::num::NonZeroUsize;

    #[test]
    fn a_pool_has_the_size_that_was_asked_for() {
        for n in [1, 2, 7] {
            let threads = Threads::new(NonZeroUsize::new(n));
            assert_eq!(threads.run(rayon::current_num_threads), Ok(n));
            assert_eq!(threads.run(|| (0..100).into_par_iter().sum::<usize>()), Ok(4950));
        }
        assert_eq!(Threads::ONE.get(), 1);
    }
}
