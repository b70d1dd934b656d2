//! Cases at the door of the journal: does it behave as a `Vec` that outlives its process?
#![expect(clippy::unwrap_used, reason = "a case that cannot go on stops where it stands")]

mod records;

mod conformance;
mod golden;
mod killed;
mod damaged;
