//! One error for the whole engine. A message says what is wrong, where, what was got, what is allowed and what to do.
//!
//! | variant | when | in Python |
//! |---|---|---|
//! | [`Error::Input`] | the caller gave something that is not allowed | `InputError(SteelyardError, ValueError)` |
//! | [`Error::Convergence`] | an iteration ended before its tolerance | `ConvergenceError(SteelyardError, RuntimeError)` |
//! | [`Error::Interrupted`] | the job was cancelled before anything was completed | `Interrupted(KeyboardInterrupt)` |
//! | [`Error::Internal`] | a worker failed in a way that is our fault | `SteelyardError` |

/// The result of every fallible function of the engine.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A value, shape or option that the caller gave is not allowed.
    #[error("{0}")]
    Input(Box<InputError>),
    /// An iteration ended before its tolerance was reached; the last iterate is never returned in silence.
    #[error(
        "{what} did not converge: after {iterations} iterations the gap is {gap:.3e}, allowed {tolerance:.1e}. {remedy}"
    )]
    Convergence {
        /// The fit or search that failed.
        what: String,
        /// Iterations done.
        iterations: usize,
        /// The remaining gap, in the units of `tolerance`.
        gap: f64,
        /// The gap that would have been accepted.
        tolerance: f64,
        /// What the caller can do.
        remedy: String,
    },
    /// The job was cancelled before anything could be kept.
    #[error("the job was interrupted before anything was completed")]
    Interrupted,
    /// A fault of the engine itself.
    #[error("internal fault in {what}: please report it with the call that led here")]
    Internal {
        /// Where it happened.
        what: String,
    },
}

/// The parts of a refused input; each is a phrase of the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputError {
    /// What is wrong, as a noun phrase: `score out of range`.
    pub what: String,
    /// Where: `row 3 (site "Oslo"), column "rapid_search"`; empty where there is no place.
    pub place: String,
    /// What was got, as printed; empty where nothing was.
    pub got: String,
    /// What is allowed.
    pub allowed: String,
    /// What to do.
    pub remedy: String,
}

impl std::fmt::Display for InputError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.what)?;
        if !self.place.is_empty() {
            write!(f, " in {}", self.place)?;
        }
        if !self.got.is_empty() {
            write!(f, ": got {}", self.got)?;
        }
        if !self.allowed.is_empty() {
            write!(f, "; allowed: {}", self.allowed)?;
        }
        if !self.remedy.is_empty() {
            write!(f, ". {}", self.remedy)?;
        }
        Ok(())
    }
}

/// Starts an [`Error::Input`]: `Err(input("score out of range").at(place).got(7).allowed("1 to 5").remedy("Correct it.").into())`.
pub fn input(what: impl Into<String>) -> InputError {
    InputError {
        what: what.into(),
        place: String::new(),
        got: String::new(),
        allowed: String::new(),
        remedy: String::new(),
    }
}

impl InputError {
    /// Names the row, column, site or parameter.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = place.into();
        self
    }

    /// Shows what was got.
    #[must_use]
    pub fn got(mut self, got: impl std::fmt::Display) -> Self {
        self.got = got.to_string();
        self
    }

    /// States the rule.
    #[must_use]
    pub fn allowed(mut self, allowed: impl Into<String>) -> Self {
        self.allowed = allowed.into();
        self
    }

    /// Tells what to do, as a sentence.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }
}

impl From<InputError> for Error {
    fn from(parts: InputError) -> Self {
        Self::Input(Box::new(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_error_reads_as_an_instruction() {
        let error: Error = input("score out of range")
            .at("row 3, column \"rapid_search\"")
            .got(7)
            .allowed("1 to 5 in steps of 1")
            .remedy("Correct the sheet.")
            .into();
        assert_eq!(
            error.to_string(),
            "score out of range in row 3, column \"rapid_search\": got 7; allowed: 1 to 5 in steps of 1. Correct the sheet."
        );
        assert_eq!(Error::from(input("no sites")).to_string(), "no sites");
    }

    #[test]
    fn a_convergence_error_states_its_gap() {
        let error = Error::Convergence {
            what: "lasso path".into(),
            iterations: 1000,
            gap: 2e-6,
            tolerance: 1e-10,
            remedy: "Raise max_iterations.".into(),
        };
        assert_eq!(
            error.to_string(),
            "lasso path did not converge: after 1000 iterations the gap is 2.000e-6, allowed 1.0e-10. Raise max_iterations."
        );
    }

    #[test]
    fn the_other_variants_say_what_happened() {
        assert!(Error::Interrupted.to_string().contains("before anything was completed"));
        assert!(Error::Internal { what: "pool".into() }.to_string().contains("internal fault in pool"));
    }
}
