//! The engine's error to Python's exceptions, one arm per variant. The classes are defined in `steelyard.errors`.

use crate::error::Error;
use pyo3::PyErr;

pyo3::import_exception!(steelyard.errors, SteelyardError);
pyo3::import_exception!(steelyard.errors, InputError);
pyo3::import_exception!(steelyard.errors, ConvergenceError);
pyo3::import_exception!(steelyard.errors, Interrupted);

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Input(_) => InputError::new_err(message),
            Error::Convergence { .. } => ConvergenceError::new_err(message),
            Error::Interrupted => Interrupted::new_err(message),
            Error::Internal { .. } => SteelyardError::new_err(message),
        }
    }
}
