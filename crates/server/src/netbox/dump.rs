//! A dump of NetBox's database, as `manage.py dumpdata` writes it: JSON, perhaps gzipped.
//!
//! Read as a stream, one object at a time, so that the memory is that of the facts and not of the text. A
//! dump that is cut off, no JSON or larger than the limits is refused whole.

use super::reading::Reading;
use blackstart_model::netbox::facts::Facts;
use serde::de::{DeserializeSeed, Deserializer as _, SeqAccess, Visitor};
use serde_json::Value;
use std::cell::Cell;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

/// Bytes of a dump at most, unpacked: some thirty times what a hundred thousand devices take.
const BYTES_MAX: u64 = 16 << 30;

/// Bytes of one object at most: a change record of a large one stays below.
const OBJECT_BYTES_MAX: u64 = 4 << 20;

/// Objects of a dump at most; ten times what a hundred thousand devices take.
const OBJECTS_MAX: u64 = 50_000_000;

/// Bytes read at a time.
const CHUNK: usize = 64 << 10;

/// Why a dump could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// It cannot be read, or is damaged: the cause says which.
    #[error("could not read the dump")]
    Unreadable(#[source] io::Error),
    /// It is no JSON, or ends too early.
    #[error("the dump is no whole JSON: {0}")]
    NotJson(String),
    /// It holds nothing of NetBox.
    #[error("the dump holds no object of NetBox; `manage.py dumpdata` writes one that does")]
    NotNetBox,
}

/// Reads a dump, gzipped or plain.
///
/// # Errors
/// When it is not a whole dump of NetBox.
pub fn read(source: impl Read) -> Result<Facts, DumpError> {
    let mut source = BufReader::with_capacity(CHUNK, source);
    let start = source.fill_buf().map_err(DumpError::Unreadable)?;
    if start.starts_with(&[0x1f, 0x8b]) {
        // RFC 1952, section 2.3.1.
        read_json(flate2::bufread::MultiGzDecoder::new(source))
    } else {
        read_json(source)
    }
}

fn read_json(source: impl Read) -> Result<Facts, DumpError> {
    let since = Rc::new(Cell::new(0));
    let metered = Metered { source, since: Rc::clone(&since), total: 0 };
    let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(CHUNK, metered));
    let mut reading = Reading::default();
    let objects = Objects { reading: &mut reading, since: &since };
    json.deserialize_seq(objects).and_then(|()| json.end()).map_err(|error| {
        if error.is_io() {
            DumpError::Unreadable(error.into())
        } else {
            DumpError::NotJson(error.to_string())
        }
    })?;
    if reading.taken() == 0 {
        return Err(DumpError::NotNetBox);
    }
    Ok(reading.finish())
}

/// The objects of a dump, one after the other.
struct Objects<'a> {
    reading: &'a mut Reading,
    since: &'a Cell<u64>,
}

impl<'de> Visitor<'de> for Objects<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut objects: A) -> Result<(), A::Error> {
        let mut nth: u64 = 0;
        while let Some(object) = objects.next_element_seed(One)? {
            self.since.set(0);
            nth += 1;
            if nth > OBJECTS_MAX {
                return Err(serde::de::Error::custom(format!("more than {OBJECTS_MAX} objects")));
            }
            let model = object.get("model").and_then(Value::as_str);
            let fields = object.get("fields").and_then(Value::as_object);
            match (model, fields) {
                (Some(model), Some(fields)) => self.reading.take(model, object.get("pk"), fields),
                _ => self.reading.hole(&format!("object {nth}"), "no model, or no fields"),
            }
        }
        Ok(())
    }
}

/// One object, whatever it is.
struct One;

impl<'de> DeserializeSeed<'de> for One {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        serde::Deserialize::deserialize(json)
    }
}

/// Holds the text to its limits, all of it and each object.
struct Metered<R> {
    source: R,
    /// Bytes since the last whole object, as far as was read ahead.
    since: Rc<Cell<u64>>,
    total: u64,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(into)?;
        self.total += read as u64;
        self.since.set(self.since.get() + read as u64);
        if self.total > BYTES_MAX {
            return Err(io::Error::other(format!("it is longer than {BYTES_MAX} bytes")));
        }
        if self.since.get() > OBJECT_BYTES_MAX {
            let words = format!("one object is longer than {OBJECT_BYTES_MAX} bytes");
            return Err(io::Error::other(words));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
