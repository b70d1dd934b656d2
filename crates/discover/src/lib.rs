//! What a machine knows of itself, and what other systems know of theirs, as a plant that can be watched at once.
//!
//! [`Host::read`] looks at files alone (`/proc`, `/sys`, `/etc`) and runs nothing; [`here()`] says what that comes to.
//! Each other source has one module that reads it into a [`Report`](seen::Report). [`Plant::of`] joins them: one name
//! or one address is one thing, and what they disagree about is told. [`Plant::look`] asks everything once and
//! writes the plant, so that a starter plant begins with what is true. What nobody knows is a question and never
//! guessed.
//!
//! [`examine`] tries what an installation has to be able to do (`blackstart doctor`).
//!
//! Tested on machines made of files and on recorded sources (`tests/it`), and in the lab against real daemons.
#![forbid(unsafe_code)]

mod host;
pub mod seen;
mod here;
mod words;
pub mod table;
pub mod ansible;
pub mod lldp;
pub mod libvirt;
pub mod proxmox;
pub mod from;
mod join;
mod network;
mod plant;
mod look;
mod doctor;

pub use doctor::{Able, Capability, examine};
pub use from::{FromError, Given};
pub use here::here;
pub use host::{Container, Host, Listening, Mount, OnDisk};
pub use join::Conflict;
pub use look::compare;
pub use plant::{Looked, Plant};
