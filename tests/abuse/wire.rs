//! An HTTP client that sends any octets, and judges what comes back as a strict reader would.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long a client waits for an answer before it calls it none.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A connection of a client.
pub(super) struct Client {
    stream: TcpStream,
    /// What was read and belongs to the next answer.
    rest: Vec<u8>,
}

impl Client {
    pub(super) fn connect(to: SocketAddr) -> Self {
        Self::from(TcpStream::connect(to).expect("the server takes connections"))
    }

    /// From another address of this machine, e.g. 127.0.0.2.
    pub(super) fn connect_from(source: Ipv4Addr, to: SocketAddr) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let stream = runtime.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4()?;
            socket.bind(SocketAddr::new(IpAddr::V4(source), 0))?;
            socket.connect(to).await?.into_std()
        });
        let stream = stream.expect("the server takes connections");
        stream.set_nonblocking(false).unwrap();
        Self::from(stream)
    }

    fn from(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { stream, rest: Vec::new() }
    }

    /// Sends octets; false when the server does not take all of them. Whoever hears that goes on to
    /// read the answer, as HTTP asks.
    pub(super) fn send(&mut self, octets: &[u8]) -> bool {
        self.stream.write_all(octets).is_ok()
    }

    /// Says that nothing more comes.
    pub(super) fn finish(&self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Write);
    }

    /// The next answer that is not a provisional one, or why there is none.
    pub(super) fn answer(&mut self) -> Result<Answer, String> {
        loop {
            let answer = self.any_answer(false)?;
            if answer.status >= 200 {
                return Ok(answer);
            }
        }
    }

    /// The next answer, provisional ones included.
    pub(super) fn any_answer(&mut self, to_head: bool) -> Result<Answer, String> {
        let end = loop {
            if let Some(at) = self.rest.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            if self.rest.len() > 64 * 1024 {
                return Err("a head without end".to_owned());
            }
            self.more()?;
        };
        let head = self.rest.drain(..end + 4).collect::<Vec<_>>();
        let head = String::from_utf8(head).map_err(|_| "a head that is no text".to_owned())?;
        let mut lines = head.trim_end().split("\r\n");
        let first = lines.next().unwrap_or_default();
        let status = first.strip_prefix("HTTP/1.1 ").or_else(|| first.strip_prefix("HTTP/1.0 "));
        let status = status.and_then(|rest| rest.get(..3)).and_then(|digits| digits.parse().ok());
        let status: u16 = status.ok_or_else(|| format!("no status line: {first:?}"))?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut answer = Answer { status, headers, body: Vec::new() };
        if status >= 200 && !matches!(status, 204 | 304) && !to_head {
            self.body(&mut answer)?;
        }
        Ok(answer)
    }

    fn body(&mut self, answer: &mut Answer) -> Result<(), String> {
        if answer.header("transfer-encoding").is_some_and(|coding| coding == "chunked") {
            loop {
                let size = self.line()?;
                let size =
                    usize::from_str_radix(&size, 16).map_err(|_| format!("chunk {size:?}"))?;
                let mut chunk = self.exactly(size + 2)?;
                chunk.truncate(size);
                if chunk.is_empty() {
                    return Ok(());
                }
                answer.body.extend(chunk);
            }
        }
        if let Some(length) = answer.header("content-length") {
            let length = length.parse().map_err(|_| format!("length {length:?}"))?;
            answer.body = self.exactly(length)?;
            return Ok(());
        }
        while self.more().is_ok() {}
        answer.body = std::mem::take(&mut self.rest);
        Ok(())
    }

    fn line(&mut self) -> Result<String, String> {
        loop {
            if let Some(at) = self.rest.windows(2).position(|two| two == b"\r\n") {
                let line: Vec<u8> = self.rest.drain(..at + 2).collect();
                return Ok(String::from_utf8_lossy(&line[..at]).into_owned());
            }
            self.more()?;
        }
    }

    fn exactly(&mut self, length: usize) -> Result<Vec<u8>, String> {
        while self.rest.len() < length {
            self.more()?;
        }
        Ok(self.rest.drain(..length).collect())
    }

    fn more(&mut self) -> Result<(), String> {
        let mut piece = [0; 16 * 1024];
        match self.stream.read(&mut piece) {
            Ok(0) => Err("closed".to_owned()),
            Ok(count) => {
                self.rest.extend_from_slice(&piece[..count]);
                Ok(())
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Err("silent".to_owned())
            }
            Err(error) => Err(format!("broken: {error}")),
        }
    }

    /// Waits until the server closes, and says how long that took; what it says meanwhile is dropped.
    pub(super) fn until_closed(&mut self) -> Option<Duration> {
        let began = Instant::now();
        loop {
            match self.more() {
                Ok(()) => self.rest.clear(),
                Err(why) if why == "silent" => return None,
                Err(_) => return Some(began.elapsed()),
            }
        }
    }
}

/// One request on a connection of its own: its answer, and how long that took from the last octet.
pub(super) fn ask(to: SocketAddr, octets: &[u8]) -> (Result<Answer, String>, Duration) {
    let mut client = Client::connect(to);
    let began = Instant::now();
    client.send(octets);
    (client.answer(), began.elapsed())
}

/// A request with a body and the headers given, complete and correct.
pub(super) fn request(
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Vec<u8> {
    let mut text = format!("{method} {target} HTTP/1.1\r\nHost: ca\r\n");
    for (name, value) in headers {
        text.extend([*name, ": ", *value, "\r\n"]);
    }
    if !body.is_empty() || matches!(method, "POST" | "PUT") {
        text.extend(["Content-Length: ", &body.len().to_string(), "\r\n"]);
    }
    let mut octets = format!("{text}\r\n").into_bytes();
    octets.extend_from_slice(body);
    octets
}
