//! The plant language, tested at its door: what an operator writes, and what comes back.
//!
//! The bad examples are those of the pages under `docs/findings/`, so that a page cannot say what
//! is not so. `UPDATE_EXPECT=1` writes what the tests found into the pages and the generated files.

mod check_pages;
mod findings;
mod hostile;
mod language;
mod netbox;
mod netbox_drawn;
mod mef;
mod round_trip;
mod shown;
mod snmp_objects;
