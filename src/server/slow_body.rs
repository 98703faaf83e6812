//! A request's body that must have come within a time.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

/// The body, up to an instant; then it fails with [`io::ErrorKind::TimedOut`].
pub(super) struct SlowBody {
    body: Incoming,
    until: Instant,
    /// Set when the body had to be waited for: most have come along with their head.
    over: Option<Pin<Box<Sleep>>>,
}

impl SlowBody {
    /// A body that is given so long from now.
    pub(super) fn within(body: Incoming, patience: Duration) -> Body {
        if body.is_end_stream() {
            return Body::empty();
        }
        Body::new(Self { body, until: Instant::now() + patience, over: None })
    }
}

impl HttpBody for SlowBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let until = self.until;
        let over = self.over.get_or_insert_with(|| Box::pin(sleep_until(until)));
        over.as_mut().poll(context).map(|()| {
            Some(Err(io::Error::new(io::ErrorKind::TimedOut, "the body came too slowly").into()))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
