//! Answers of HTTP/1.1 (RFC 9112), read as they come: one connection, one request at a time.

/// No head of ours is longer, in octets.
const MAX_HEAD: usize = 32 * 1024;

/// What is not an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server's answer is no HTTP/1.1: {0}")]
pub(super) struct Malformed(&'static str);

/// Where in an answer we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Head,
    /// So many octets of the body are left.
    Body(u64),
    /// In the line that tells how long the next chunk is.
    ChunkSize,
    /// So many octets of the chunk and of the line ending after it are left.
    Chunk(u64),
    /// In the lines after the last chunk.
    Trailer,
    Whole,
}

/// An answer in the making. Its memory is used again for the next.
#[derive(Debug)]
pub(super) struct Answer {
    at: At,
    /// The head, or the line of a chunk that has not come whole.
    line: Vec<u8>,
    status: u16,
    closes: bool,
    /// The body, up to `keep` octets.
    body: Vec<u8>,
    keep: usize,
}

impl Answer {
    /// Keeps so many octets of each body at most.
    pub(super) fn keeping(keep: usize) -> Self {
        let (line, body) = (Vec::with_capacity(1024), Vec::new());
        Self { at: At::Whole, line, status: 0, closes: false, body, keep }
    }

    /// The status of the last answer.
    pub(super) fn status(&self) -> u16 {
        self.status
    }

    /// Whether the server closes the connection after this answer.
    pub(super) fn closes(&self) -> bool {
        self.closes
    }

    /// What was kept of the body.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// Makes ready for the next answer.
    pub(super) fn begin(&mut self) {
        self.line.clear();
        self.body.clear();
        (self.at, self.status, self.closes) = (At::Head, 0, false);
    }

    /// Takes what has come; tells whether the answer is whole now.
    ///
    /// # Errors
    /// When it is no HTTP/1.1, or more came than the answer.
    pub(super) fn feed(&mut self, mut octets: &[u8]) -> Result<bool, Malformed> {
        while !octets.is_empty() {
            octets = match self.at {
                At::Head => self.head(octets)?,
                At::Body(left) => {
                    let (rest, left) = self.pass(octets, left, 0);
                    self.at = if left == 0 { At::Whole } else { At::Body(left) };
                    rest
                }
                At::ChunkSize => self.chunk_size(octets)?,
                At::Chunk(left) => {
                    let (rest, left) = self.pass(octets, left, 2);
                    self.at = if left == 0 { At::ChunkSize } else { At::Chunk(left) };
                    rest
                }
                At::Trailer => self.trailer(octets)?,
                At::Whole => return Err(Malformed("more came than was asked for")),
            };
        }
        Ok(self.at == At::Whole)
    }

    /// Passes over `left` octets, the last `ending` of which are no part of the body.
    fn pass<'a>(&mut self, octets: &'a [u8], left: u64, ending: u64) -> (&'a [u8], u64) {
        let taken = usize::try_from(left).unwrap_or(usize::MAX).min(octets.len());
        let (now, rest) = octets.split_at_checked(taken).unwrap_or((octets, &[]));
        let of_body = usize::try_from(left.saturating_sub(ending)).unwrap_or(usize::MAX);
        let room = self.keep.saturating_sub(self.body.len()).min(of_body);
        self.body.extend(now.iter().take(room));
        (rest, left - taken as u64)
    }

    fn head<'a>(&mut self, octets: &'a [u8]) -> Result<&'a [u8], Malformed> {
        // The end may stand across what came before and what came now.
        let before = self.line.len();
        self.line.extend_from_slice(octets);
        let from = before.saturating_sub(3);
        let end = self.line.get(from..).and_then(|new| position(new, *b"\r\n\r\n"));
        let Some(end) = end.map(|end| from + end + 4) else {
            if self.line.len() > MAX_HEAD {
                return Err(Malformed("a head without end"));
            }
            return Ok(&[]);
        };
        let head = std::mem::take(&mut self.line);
        self.at = self.understand(head.get(..end).unwrap_or_default())?;
        self.line = head;
        self.line.clear();
        Ok(octets.get(end - before..).unwrap_or_default())
    }

    fn understand(&mut self, head: &[u8]) -> Result<At, Malformed> {
        let head = std::str::from_utf8(head).map_err(|_| Malformed("a head that is no text"))?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
        let status = status.and_then(|rest| rest.get(..3)).and_then(|code| code.parse().ok());
        self.status = status.ok_or(Malformed("no status line"))?;
        let mut body = At::Body(0);
        for line in lines.take_while(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').ok_or(Malformed("a header without colon"))?;
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                let length = value.parse().map_err(|_| Malformed("a length that is no number"))?;
                body = At::Body(length);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                body = At::ChunkSize;
            } else if name.eq_ignore_ascii_case("connection") {
                self.closes = value.eq_ignore_ascii_case("close");
            }
        }
        Ok(if body == At::Body(0) { At::Whole } else { body })
    }

    fn chunk_size<'a>(&mut self, octets: &'a [u8]) -> Result<&'a [u8], Malformed> {
        let Some(rest) = self.whole_line(octets)? else { return Ok(&[]) };
        let line = std::str::from_utf8(&self.line).unwrap_or_default();
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| Malformed("no length of a chunk"))?;
        self.line.clear();
        let with_ending = size.checked_add(2).ok_or(Malformed("a chunk without end"))?;
        self.at = if size == 0 { At::Trailer } else { At::Chunk(with_ending) };
        Ok(rest)
    }

    fn trailer<'a>(&mut self, octets: &'a [u8]) -> Result<&'a [u8], Malformed> {
        let Some(rest) = self.whole_line(octets)? else { return Ok(&[]) };
        if self.line.iter().all(u8::is_ascii_whitespace) {
            self.at = At::Whole;
        }
        self.line.clear();
        Ok(rest)
    }

    /// Collects a line; gives what stands after it once it is whole.
    fn whole_line<'a>(&mut self, octets: &'a [u8]) -> Result<Option<&'a [u8]>, Malformed> {
        let end = octets.iter().position(|octet| *octet == b'\n');
        let (now, rest) = match end {
            Some(end) => octets.split_at_checked(end + 1).unwrap_or((octets, &[])),
            None => (octets, &[][..]),
        };
        self.line.extend_from_slice(now);
        if self.line.len() > MAX_HEAD {
            return Err(Malformed("a line without end"));
        }
        Ok(end.map(|_| rest))
    }
}

fn position(octets: &[u8], wanted: [u8; 4]) -> Option<usize> {
    octets.windows(4).position(|four| four == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds the answer in pieces of each length; all must read the same.
    fn read(text: &str) -> Result<(u16, bool, String), Malformed> {
        let mut seen = Vec::new();
        for length in 1..=text.len() {
            let mut answer = Answer::keeping(usize::MAX);
            answer.begin();
            let mut whole = false;
            for piece in text.as_bytes().chunks(length) {
                assert!(!whole, "whole before its end: {text:?} in pieces of {length}");
                whole = answer.feed(piece)?;
            }
            assert!(whole, "not whole at its end: {text:?} in pieces of {length}");
            let body = String::from_utf8(answer.body().to_vec()).unwrap();
            seen.push((answer.status(), answer.closes(), body));
        }
        seen.dedup();
        assert_eq!(seen.len(), 1, "{seen:?}");
        Ok(seen.remove(0))
    }

    #[test]
    fn a_body_of_known_length_is_read_however_it_comes() {
        let text = "HTTP/1.1 201 Created\r\nContent-Length: 5\r\nX: \r\n\r\nhello";
        assert_eq!(read(text), Ok((201, false, "hello".to_owned())));
        let none = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
        assert_eq!(read(none), Ok((204, true, String::new())));
    }

    #[test]
    fn chunks_are_joined_and_what_is_between_them_is_not_body() {
        let text = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
                    5\r\nhello\r\n1a;x=y\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n";
        let body = "helloabcdefghijklmnopqrstuvwxyz".to_owned();
        assert_eq!(read(text), Ok((200, false, body)));
        let trailer = text.replace("0\r\n\r\n", "0\r\nexpires: 1\r\n\r\n");
        assert_eq!(read(&trailer).unwrap().0, 200);
    }

    #[test]
    fn no_more_of_a_body_is_kept_than_asked() {
        let mut answer = Answer::keeping(3);
        answer.begin();
        let text =
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n";
        assert_eq!(answer.feed(text), Ok(true));
        assert_eq!(answer.body(), b"abc");
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for text in [
            "SSH-2.0-OpenSSH\r\n\r\n",
            "HTTP/1.1 2x0 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab",
        ] {
            let mut answer = Answer::keeping(0);
            answer.begin();
            assert!(answer.feed(text.as_bytes()).is_err(), "{text:?}");
        }
        let mut answer = Answer::keeping(0);
        answer.begin();
        assert!(answer.feed(&vec![b'a'; MAX_HEAD + 1]).is_err());
    }
}
