//! The only place of the command line that reads a clock: what is asked as of now.
#![expect(clippy::disallowed_methods, reason = "the one module here that reads a clock")]

use blackstart_model::time::Timestamp;

/// Now, by the wall clock.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
