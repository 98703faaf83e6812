//! A client's stream whose end waits for the client, and which waits for no client for ever.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Sleep, sleep};

/// How long a client may go on sending what nobody reads after it was answered.
const LINGER: Duration = Duration::from_secs(2);

/// A stream that is closed as RFC 9112 section 9.6 wants it: an answer that is given before the whole
/// request was read would be lost to a client that still sends, since closing then resets the
/// connection. So the writing half ends first, and for a while what still comes is read and dropped.
/// Writing fails when the client takes nothing for a time.
pub(super) struct Linger<S> {
    stream: S,
    /// How long the client may leave an answer untaken.
    patience: Duration,
    /// Set while the client takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Set when the writing half has ended.
    ending: Option<Pin<Box<Sleep>>>,
    stop: watch::Receiver<bool>,
}

impl<S> Linger<S> {
    /// The stream; whoever takes nothing for `patience` is cut off. Nobody lingers after `stop`.
    pub(super) fn new(stream: S, patience: Duration, stop: watch::Receiver<bool>) -> Self {
        Self { stream, patience, stalled: None, ending: None, stop }
    }

    /// Passes on what became of a write, and fails one that waits for too long.
    fn patiently<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let patience = self.patience;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
        stalled.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Linger<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Linger<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, octets);
        self.patiently(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, octets);
        self.patiently(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.patiently(flushed, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.ending.is_none() {
            let ended = Pin::new(&mut self.stream).poll_shutdown(context);
            ready!(self.patiently(ended, context))?;
            self.ending = Some(Box::pin(sleep(LINGER)));
        }
        let Self { stream, ending: Some(over), stop, .. } = &mut *self else {
            return Poll::Ready(Ok(()));
        };
        let mut room = [0; 16 * 1024];
        loop {
            if *stop.borrow() || over.as_mut().poll(context).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut buffer = ReadBuf::new(&mut room);
            match ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                // The client has closed its end, or the connection is gone.
                Ok(()) | Err(_) => return Poll::Ready(Ok(())),
            }
        }
    }
}
