//! Values on a stream: each is its length (4 octets, big-endian, at most [`MAX_FRAME`]) and postcard.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest frame, without its length: 1 MiB.
pub const MAX_FRAME: usize = 1 << 20;

/// Why octets are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Longer than [`MAX_FRAME`].
    #[error("a frame is longer than 1 MiB")]
    TooLong,
    /// Not the value that stands here.
    #[error("a frame is malformed")]
    Malformed,
}

/// Appends `value` to `out` as one frame.
///
/// # Errors
/// When it is longer than [`MAX_FRAME`]; `out` is as before then.
pub fn encode<T: Serialize>(value: &T, out: &mut Vec<u8>) -> Result<(), FrameError> {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    let written = postcard::to_extend(value, Tail(out)).map(|_| ());
    let length = out.len() - start - 4;
    if written.is_err() || length > MAX_FRAME {
        out.truncate(start);
        return Err(if written.is_err() { FrameError::Malformed } else { FrameError::TooLong });
    }
    let length = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    if let Some(place) = out.get_mut(start..start + 4) {
        place.copy_from_slice(&length);
    }
    Ok(())
}

/// Writes at the end of a buffer that postcard does not own, so that what stands there stays when
/// it fails.
struct Tail<'a>(&'a mut Vec<u8>);

impl Extend<u8> for Tail<'_> {
    fn extend<I: IntoIterator<Item = u8>>(&mut self, octets: I) {
        self.0.extend(octets);
    }
}

/// Reads the value of one frame, without its length.
///
/// # Errors
/// When it is another value, or something follows it.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, FrameError> {
    match postcard::take_from_bytes(body) {
        Ok((value, [])) => Ok(value),
        _ => Err(FrameError::Malformed),
    }
}

/// Cuts a stream into frames.
#[derive(Debug, Default)]
pub struct Frames {
    buffer: Vec<u8>,
    start: usize,
}

impl Frames {
    /// Takes what was read.
    pub fn extend(&mut self, octets: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(octets);
    }

    /// The next frame that is whole, without its length; `None` when more must be read.
    ///
    /// # Errors
    /// When a frame announces more than [`MAX_FRAME`]; the stream is of no more use.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, FrameError> {
        let rest = self.buffer.get(self.start..).unwrap_or_default();
        let Some((length, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length > MAX_FRAME {
            return Err(FrameError::TooLong);
        }
        let Some(body) = rest.get(..length) else { return Ok(None) };
        self.start += 4 + length;
        Ok(Some(body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hsm::octets::Octets;

    #[test]
    fn what_is_too_long_is_refused_before_it_is_read() {
        let mut frames = Frames::default();
        frames.extend(&[0, 16, 0, 1]);
        assert_eq!(frames.next_frame(), Err(FrameError::TooLong));
        let mut out = vec![1, 2, 3];
        assert_eq!(encode(&Octets(vec![0; MAX_FRAME]), &mut out), Err(FrameError::TooLong));
        assert_eq!(out, [1, 2, 3]);
    }
}
