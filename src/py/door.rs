//! One door for every long call: release the GIL, compute on a worker, wake for signals and progress, cancel, return.
//!
//! `check_signals` does nothing off the main thread, so the thread that called us waits here while a worker computes.
//! A user's Python callable never runs inside the worker.

use crate::error::{Error, Result};
use crate::job::Control;
use pyo3::prelude::*;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How often the waiting thread looks for Ctrl-C: well inside the promised 200 ms.
const WAKE: Duration = Duration::from_millis(50);
/// Progress is reported at most ten times a second.
const REPORT: Duration = Duration::from_millis(100);

/// Runs `work` on a worker thread without the GIL and returns its value and whether it was interrupted.
///
/// `progress` is `None` or a Python callable `(done, total)`. On Ctrl-C the control is cancelled, `work` returns what it
/// has completed, and the flag is set; the Python layer then raises `Interrupted` with that part. An exception raised
/// by `progress` also cancels, and is raised once the worker has stopped.
pub(super) fn long_call<T: Send>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&Control) -> Result<T> + Send,
) -> PyResult<(T, bool)> {
    let control = Control::new();
    let progress = progress.map(|callable| callable.clone().unbind());
    let (result, failure) = py.detach(|| {
        std::thread::scope(|scope| {
            let (done, finished) = channel::<()>();
            let control = &control;
            let worker = scope.spawn(move || {
                // Dropping the sender on any exit, a panic included, wakes the waiting thread.
                let _signal = done;
                work(control)
            });
            let mut failure: Option<PyErr> = None;
            let mut reported = Instant::now();
            while finished.recv_timeout(WAKE) == Err(RecvTimeoutError::Timeout) {
                if failure.is_some() {
                    continue;
                }
                let report = reported.elapsed() >= REPORT;
                let outcome = Python::attach(|py| {
                    py.check_signals()?;
                    if let (true, Some(callable)) = (report, &progress) {
                        callable.call1(py, control.progress())?;
                    }
                    Ok(())
                });
                if report {
                    reported = Instant::now();
                }
                if let Err(error) = outcome {
                    control.cancel();
                    failure = Some(error);
                }
            }
            let result = worker.join().unwrap_or_else(|_| Err(Error::Internal { what: "a worker thread".into() }));
            (result, failure)
        })
    });
    if let (Some(callable), None) = (&progress, &failure) {
        callable.call1(py, control.progress())?;
    }
    match failure {
        None => Ok((result?, false)),
        Some(error) if error.is_instance_of::<pyo3::exceptions::PyKeyboardInterrupt>(py) => Ok((result?, true)),
        Some(error) => Err(error),
    }
}
