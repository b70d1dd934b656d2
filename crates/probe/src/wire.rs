//! The wire between `blackstart-agent` and the server: frames, and what stands in them.
//!
//! A frame is its length as a `u32` in network order, then that many bytes of JSON. The JSON is an
//! object with `frame`, the name of the frame, `body`, and sometimes `"optional": true`, by which a
//! newer peer says that one who does not know this frame may pass over it. What the names and bodies
//! are stands in [`v1`]; `docs/agent.md` tells it to people.
//!
//! Nothing here opens a socket or reads a clock. Tested by properties (decode after encode is the
//! identity; noise never panics; how the bytes arrive does not matter) and by golden frames.

pub mod v1;

use bytes::{Buf as _, Bytes, BytesMut};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The longest frame, bytes of JSON: some two thousand checks or samples (chosen by hand).
pub const FRAME_BYTES_MAX: usize = 1 << 20;

/// The longest first frame of a peer that has proved nothing yet, bytes.
pub const FIRST_FRAME_BYTES_MAX: usize = 4 << 10;

/// How much is read at once, bytes.
const READ_BYTES: usize = 16 << 10;

/// Why a message was not put into a frame, or not taken out of one. None of these heals by a retry.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The frame is longer than allowed.
    #[error("a frame of {bytes} bytes is longer than {max}")]
    TooLong {
        /// Its length as announced.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// A frame whose name this version does not know, and which was not marked optional.
    #[error("a frame `{name}` is not known to this version and is not optional")]
    Unknown {
        /// Its name, shortened.
        name: String,
    },
    /// Not JSON, or not of the shape of its frame.
    #[error("a frame could not be read")]
    Malformed(#[source] serde_json::Error),
}

/// Why no frame could be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The connection broke, or ended inside a frame.
    #[error("the connection broke")]
    Broken(#[from] std::io::Error),
    /// What came is not a frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

/// The bytes of a message on the wire, length first.
///
/// # Errors
/// [`FrameError::TooLong`]: the sender has to split what it says.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, FrameError> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, message).map_err(FrameError::Malformed)?;
    let length = bytes.len() - 4;
    if length > FRAME_BYTES_MAX {
        return Err(FrameError::TooLong { bytes: length, max: FRAME_BYTES_MAX });
    }
    let length = u32::try_from(length).expect("the limit fits u32");
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    Ok(bytes)
}

/// The message in a frame; `None` for one of a newer version that may be passed over.
///
/// # Errors
/// When it is not JSON, not of its frame's shape, or unknown and not optional.
pub fn decode<T: Message>(body: &[u8]) -> Result<Option<T>, FrameError> {
    let error = match serde_json::from_slice(body) {
        Ok(message) => return Ok(Some(message)),
        Err(error) => error,
    };
    let Ok(Marks { frame, optional }) = serde_json::from_slice(body) else {
        return Err(FrameError::Malformed(error));
    };
    if T::FRAMES.contains(&frame.as_str()) {
        Err(FrameError::Malformed(error))
    } else if optional {
        Ok(None)
    } else {
        Err(FrameError::Unknown { name: frame.chars().take(40).collect() })
    }
}

/// What one side may say.
pub trait Message: DeserializeOwned {
    /// The names of its frames.
    const FRAMES: &'static [&'static str];
}

/// What every frame of every version carries beside its body.
#[derive(serde::Deserialize)]
struct Marks {
    frame: String,
    #[serde(default)]
    optional: bool,
}

/// Cuts a stream of bytes into frames, however the bytes arrive.
#[derive(Debug)]
pub struct Deframer {
    buffer: BytesMut,
    bytes_max: usize,
}

impl Deframer {
    /// For a peer that has said nothing yet: only a short frame is taken until
    /// [`Deframer::trust`].
    #[must_use]
    pub fn new() -> Self {
        Self { buffer: BytesMut::new(), bytes_max: FIRST_FRAME_BYTES_MAX }
    }

    /// Takes frames of full length from now on.
    pub const fn trust(&mut self) {
        self.bytes_max = FRAME_BYTES_MAX;
    }

    /// Takes bytes as they arrive.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame's body, when it is there.
    ///
    /// # Errors
    /// [`FrameError::TooLong`], as soon as the length is known; the stream is of no use after it.
    pub fn take(&mut self) -> Result<Option<Bytes>, FrameError> {
        let Some(prefix) = self.buffer.first_chunk::<4>() else { return Ok(None) };
        let bytes = u32::from_be_bytes(*prefix) as usize;
        if bytes > self.bytes_max {
            return Err(FrameError::TooLong { bytes, max: self.bytes_max });
        }
        if self.buffer.len() < 4 + bytes {
            return Ok(None);
        }
        self.buffer.advance(4);
        Ok(Some(self.buffer.split_to(bytes).freeze()))
    }
}

impl Default for Deframer {
    fn default() -> Self {
        Self::new()
    }
}

/// Reads messages from a stream.
#[derive(Debug)]
pub struct FrameReader<R> {
    from: R,
    deframer: Deframer,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// A reader that takes one short frame; see [`FrameReader::trust`].
    pub fn new(from: R) -> Self {
        Self { from, deframer: Deframer::new() }
    }

    /// Takes frames of full length from now on.
    pub const fn trust(&mut self) {
        self.deframer.trust();
    }

    /// The body of the next frame; `None` at the end of the stream between two frames.
    ///
    /// # Errors
    /// When the connection breaks, ends inside a frame, or a frame is too long.
    ///
    /// # Cancel safety
    /// Safe: what was read stays in the reader.
    pub async fn body(&mut self) -> Result<Option<Bytes>, ReadError> {
        loop {
            if let Some(body) = self.deframer.take()? {
                return Ok(Some(body));
            }
            self.deframer.buffer.reserve(READ_BYTES);
            if self.from.read_buf(&mut self.deframer.buffer).await? == 0 {
                if self.deframer.buffer.is_empty() {
                    return Ok(None);
                }
                return Err(ReadError::Broken(std::io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }

    /// The next message that this version knows; `None` at the end of the stream.
    ///
    /// # Errors
    /// As [`FrameReader::body`], and when a frame cannot be read.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn message<T: Message>(&mut self) -> Result<Option<T>, ReadError> {
        while let Some(body) = self.body().await? {
            if let Some(message) = decode(&body)? {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
