//! NetBox's two doors: a dump of its database, and its live API. Both fill the same facts.
//!
//! `reading` turns one object into facts, whichever door it came through; `dump` reads a file, `live` asks
//! the API. What an object says that cannot be read becomes a hole in the facts, never an error; what keeps
//! the whole from being read is an error, for half of NetBox would make a plant that looks whole. Decides
//! nothing about plants: that is `blackstart_model::netbox`. Tested with dumps, and against a web server that
//! misbehaves.

mod reading;
pub mod dump;
pub mod live;
