//! The load: connections that are kept, each with one request under way, all on one thread.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::response::Answer;
use crate::cli::exit::Failure;

/// How much of a refusal's body is told.
const TOLD: usize = 200;

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Requests<'a> {
    /// The same again and again, for so long.
    Same(&'a [u8], Duration),
    /// The same so many times.
    Times(&'a [u8], usize),
    /// Each once, but not for longer than this.
    Each(&'a [Vec<u8>], Duration),
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Load {
    /// Answers with a status of 2xx.
    pub(super) good: u64,
    /// Other answers.
    pub(super) bad: u64,
    /// The first of the others: its status and the beginning of its body.
    pub(super) first_bad: Option<String>,
    /// From the first request to the last answer, in seconds.
    pub(super) seconds: f64,
    /// How long each good answer took, in microseconds, in order.
    pub(super) latencies: Vec<u32>,
    /// The bodies of the good answers, when they were asked for.
    pub(super) bodies: Vec<Vec<u8>>,
}

impl Load {
    /// Good answers a second.
    pub(super) fn rate(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count of answers")]
        let good = self.good as f64;
        if self.seconds > 0.0 { good / self.seconds } else { 0.0 }
    }

    /// How long the answer took that is slower than so many of a hundred, in milliseconds.
    pub(super) fn percentile(&self, of_hundred: usize) -> f64 {
        // The nearest rank: of 100 answers the 99th is slower than or as slow as 99 of them.
        let rank = (self.latencies.len() * of_hundred).div_ceil(100).max(1);
        self.latencies.get(rank - 1).map_or(0.0, |micros| f64::from(*micros) / 1000.0)
    }

    fn take(&mut self, mut other: Self) {
        self.good += other.good;
        self.bad += other.bad;
        self.first_bad = self.first_bad.take().or(other.first_bad);
        self.latencies.append(&mut other.latencies);
        self.bodies.append(&mut other.bodies);
    }
}

/// Sends the requests over so many connections, and keeps so many octets of the body of each good
/// answer.
///
/// # Errors
/// When a connection cannot be made, breaks, or answers what is no HTTP.
pub(super) async fn run(
    server: SocketAddr,
    connections: usize,
    requests: Requests<'_>,
    keeps: usize,
) -> Result<Load, Failure> {
    let failed = |e: std::io::Error| {
        Failure::refused(format!("the connection to the server at {server} broke")).because(e)
    };
    // No more than there is to do: a test sends little.
    let most = match requests {
        Requests::Same(..) => usize::MAX,
        Requests::Times(_, times) => times,
        Requests::Each(all, _) => all.len(),
    };
    let streams = (0..connections.min(most).max(1)).map(|_| connect(server));
    let streams = try_join_all(streams).await.map_err(failed)?;
    let queue = Queue { requests, sent: Cell::new(0), began: Instant::now() };
    let parts = streams.into_iter().map(|stream| one(server, stream, &queue, keeps));
    let mut load = Load::default();
    for part in try_join_all(parts).await.map_err(failed)? {
        load.take(part);
    }
    load.seconds = queue.began.elapsed().as_secs_f64();
    load.latencies.sort_unstable();
    Ok(load)
}

async fn connect(server: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// What is left to send.
struct Queue<'a> {
    requests: Requests<'a>,
    sent: Cell<usize>,
    began: Instant,
}

impl<'a> Queue<'a> {
    fn next(&self) -> Option<&'a [u8]> {
        let number = self.sent.get();
        self.sent.set(number + 1);
        match self.requests {
            Requests::Same(request, length) => (self.began.elapsed() < length).then_some(request),
            Requests::Times(request, times) => (number < times).then_some(request),
            Requests::Each(all, length) => {
                all.get(number).map(Vec::as_slice).filter(|_| self.began.elapsed() < length)
            }
        }
    }
}

/// One connection, until there is nothing left to send.
async fn one(
    server: SocketAddr,
    mut stream: TcpStream,
    queue: &Queue<'_>,
    keeps: usize,
) -> std::io::Result<Load> {
    let mut load = Load::default();
    let mut answer = Answer::keeping(keeps.max(TOLD));
    let mut piece = vec![0; 64 * 1024];
    while let Some(request) = queue.next() {
        let sent = Instant::now();
        stream.write_all(request).await?;
        answer.begin();
        loop {
            let count = stream.read(&mut piece).await?;
            if count == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let new = piece.get(..count).unwrap_or_default();
            if answer.feed(new).map_err(std::io::Error::other)? {
                break;
            }
        }
        if (200..300).contains(&answer.status()) {
            load.good += 1;
            load.latencies.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
            if keeps > 0 {
                load.bodies.push(answer.body().to_vec());
            }
        } else {
            load.bad += 1;
            if load.first_bad.is_none() {
                let told = answer.body().iter().copied().take(TOLD).collect::<Vec<_>>();
                let told = String::from_utf8_lossy(&told).into_owned();
                load.first_bad = Some(format!("{} {}", answer.status(), told.trim_end()));
            }
        }
        if answer.closes() {
            stream = connect(server).await?;
        }
    }
    Ok(load)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let load = |latencies: Vec<u32>| Load { latencies, ..Load::default() };
        let hundred = load((1..=100).map(|n| n * 1000).collect());
        assert_eq!(hundred.percentile(50).to_bits(), 50.0_f64.to_bits());
        assert_eq!(hundred.percentile(99).to_bits(), 99.0_f64.to_bits());
        assert_eq!(hundred.percentile(100).to_bits(), 100.0_f64.to_bits());
        let two = load(vec![1000, 9000]);
        assert_eq!(two.percentile(50).to_bits(), 1.0_f64.to_bits());
        assert_eq!(two.percentile(99).to_bits(), 9.0_f64.to_bits());
        assert_eq!(load(vec![]).percentile(99).to_bits(), 0.0_f64.to_bits());
    }

    /// A server that answers each request of 4 octets: `good` with 200, all else with 500.
    async fn answer(listener: TcpListener) {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut request = [0; 4];
                while stream.read_exact(&mut request).await.is_ok() {
                    let text: &[u8] = if &request == b"good" {
                        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nyes"
                    } else {
                        b"HTTP/1.1 500 Oh\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno"
                    };
                    stream.write_all(text).await.unwrap();
                }
            });
        }
    }

    #[test]
    fn each_request_is_sent_once_and_each_answer_counted() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let server = listener.local_addr().unwrap();
            tokio::spawn(answer(listener));
            let mut all = vec![b"good".to_vec(); 30];
            all.push(b"evil".to_vec());
            let long = Duration::from_mins(1);
            let load = run(server, 4, Requests::Each(&all, long), 64).await.unwrap();
            assert_eq!((load.good, load.bad), (30, 1));
            assert_eq!(load.first_bad.as_deref(), Some("500 no"));
            assert_eq!(load.bodies.len(), 30);
            assert!(load.bodies.iter().all(|body| body == b"yes"));
            assert_eq!(load.latencies.len(), 30);
            assert!(load.latencies.is_sorted());
            let load = run(server, 4, Requests::Times(b"good", 7), 0).await.unwrap();
            assert_eq!((load.good, load.bodies.len()), (7, 0));
        });
    }
}
