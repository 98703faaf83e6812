//! Plain HTTP/1.1 over one connection that is kept: the fastest client there is, so that the campaign
//! is about the server.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// No answer takes longer: the server's own limit is 30 seconds.
const PATIENCE: Duration = Duration::from_secs(40);

pub(crate) struct Connection {
    host: String,
    stream: Option<BufReader<TcpStream>>,
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Whether it says when to ask again.
    pub(crate) has_retry_after: bool,
    pub(crate) body: Vec<u8>,
}

impl Connection {
    /// A connection to a server by its URL; made when it is first used.
    pub(crate) fn to(url: &str) -> Self {
        let host = url.strip_prefix("http://").expect("plain HTTP").to_owned();
        Self { host, stream: None }
    }

    /// Sends a request and reads its answer. An error is a connection that broke: whether the server
    /// did it is not known.
    pub(crate) fn call(
        &mut self,
        method: &str,
        target: &str,
        authorization: &str,
        body: &[u8],
    ) -> io::Result<Answer> {
        let mut stream = if let Some(stream) = self.stream.take() {
            stream
        } else {
            let stream = TcpStream::connect(&self.host)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            BufReader::new(stream)
        };
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nAuthorization: {authorization}\r\n\
             Content-Length: {}\r\n\r\n",
            self.host,
            body.len()
        );
        stream.get_mut().write_all(&[head.as_bytes(), body].concat())?;
        let (answer, closes) = read_answer(&mut stream)?;
        if !closes {
            self.stream = Some(stream);
        }
        Ok(answer)
    }
}

fn read_answer(stream: &mut BufReader<TcpStream>) -> io::Result<(Answer, bool)> {
    let status = line(stream)?;
    let status = status.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(odd)?;
    let (mut length, mut chunked, mut closes, mut has_retry_after) = (0, false, false, false);
    loop {
        let header = line(stream)?.to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':').ok_or_else(odd)?;
        match (name, value.trim()) {
            ("content-length", value) => length = value.parse().map_err(|_| odd())?,
            ("transfer-encoding", value) => chunked = value == "chunked",
            ("connection", value) => closes = value == "close",
            ("retry-after", value) => has_retry_after = value.parse::<u32>().is_ok(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    while chunked {
        let size = usize::from_str_radix(&line(stream)?, 16).map_err(|_| odd())?;
        let begin = body.len();
        body.resize(begin + size, 0);
        stream.read_exact(&mut body[begin..])?;
        line(stream)?;
        chunked = size > 0;
    }
    Ok((Answer { status, has_retry_after, body }, closes))
}

fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut text = String::new();
    if stream.read_line(&mut text)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn odd() -> io::Error {
    io::ErrorKind::InvalidData.into()
}
