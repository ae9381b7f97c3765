//! Messages between the suite and its guards: a length, then JSON.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The next message; `None` where there are no more. Nothing that follows it is read.
///
/// # Errors
/// What read(2) says, and a message that is cut short or is none.
pub(super) fn receive<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0u8; 8];
    match from.read_exact(&mut length) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = usize::try_from(u64::from_ne_bytes(length)).map_err(io::Error::other)?;
    let mut text = vec![0; length];
    from.read_exact(&mut text)?;
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(io::Error::other)
}

/// Sends a message.
///
/// # Errors
/// What write(2) says.
pub(super) fn send<T: Serialize>(to: &mut impl Write, message: &T) -> io::Result<()> {
    let text = serde_json::to_vec(message).map_err(io::Error::other)?;
    to.write_all(&(text.len() as u64).to_ne_bytes())?;
    to.write_all(&text)?;
    to.flush()
}
