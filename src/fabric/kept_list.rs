//! The list of identities and its pages, kept as they were sent until an identity changes.
//!
//! The real server's clients ask for the whole list, again and again: reading and writing ten thousand
//! identities takes a hundred times as long as sending them. What is kept is bound to the version of
//! the registry that it shows, which the database counts, so no process answers with an old one.

use std::collections::HashMap;
use std::convert::Infallible;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{Stream, stream};
use http_body_util::{BodyExt as _, Limited};
use tokio::sync::Mutex;

use crate::fabric::envelope::respond;
use crate::fabric::fault::Fault;
use crate::id::{CaName, EnrollmentId};
use crate::service::IdentitiesView;

/// Lists that are longer, in octets, are written page by page each time.
const LONGEST: usize = 8 << 20;

/// What is kept at most, in octets: lists of several CAs, of registrars with several rights, and pages.
const ROOM: usize = 2 * LONGEST;

/// What is given to a connection at once, in octets.
const PIECE: usize = 64 << 10;

/// How a whole list ends.
const WHOLE: &[u8] = br#""success":true}"#;

/// Lists by what decides on them.
#[derive(Debug, Default)]
pub(super) struct KeptLists {
    // Held while a list is written, so that of many who want the same only one writes it. It does not
    // wait for any client.
    lists: Mutex<Lists>,
}

#[derive(Debug, Default)]
struct Lists {
    by_key: HashMap<(CaName, IdentitiesView, Span), Kept>,
    octets: usize,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Span {
    /// So many at most; `None` is all.
    pub(super) limit: Option<u32>,
    /// Those after this one.
    pub(super) after: Option<EnrollmentId>,
}

#[derive(Debug, Clone)]
enum Kept {
    List(Bytes),
    TooLong,
}

impl KeptLists {
    /// The list for those who see `view`, written by `write` unless it is kept.
    pub(super) async fn answer<F>(
        &self,
        ca: &CaName,
        view: IdentitiesView,
        span: Span,
        write: impl Fn() -> F,
    ) -> Result<Response, Fault>
    where
        F: Future<Output = Result<Response, Fault>>,
    {
        let key = (ca.clone(), view, span);
        let mut lists = self.lists.lock().await;
        let kept = if let Some(kept) = lists.by_key.get(&key) {
            kept.clone()
        } else {
            let written = Limited::new(write().await?.into_body(), LONGEST).collect().await;
            let kept = written.map_or(Kept::TooLong, |list| Kept::List(list.to_bytes()));
            // One that broke off is answered, and not kept.
            if !matches!(&kept, Kept::List(list) if !list.ends_with(WHOLE)) {
                lists.keep(key, kept.clone());
            }
            kept
        };
        drop(lists);
        match kept {
            Kept::List(list) => Ok(respond(StatusCode::OK, Body::from_stream(pieces(list)))),
            Kept::TooLong => write().await,
        }
    }
}

impl Lists {
    fn keep(&mut self, key: (CaName, IdentitiesView, Span), kept: Kept) {
        // What a list takes that is too long to keep is its key.
        let octets = 1024 + if let Kept::List(list) = &kept { list.len() } else { 0 };
        if self.octets + octets > ROOM {
            *self = Self::default();
        }
        self.octets += octets;
        self.by_key.insert(key, kept);
    }
}

/// A list in pieces: no connection holds more than one that its client has not taken yet.
fn pieces(mut list: Bytes) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::iter(std::iter::from_fn(move || {
        let piece = list.split_to(list.len().min(PIECE));
        (!piece.is_empty()).then_some(Ok(piece))
    }))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    async fn ask(lists: &KeptLists, version: i64, list: &[u8], writes: &AtomicUsize) -> Bytes {
        let view = IdentitiesView::for_test(version);
        let write = || async {
            writes.fetch_add(1, Ordering::Relaxed);
            Ok(Response::new(Body::from(list.to_vec())))
        };
        let answer =
            lists.answer(&"ca".parse().unwrap(), view, Span::default(), write).await.unwrap();
        answer.into_body().collect().await.unwrap().to_bytes()
    }

    #[tokio::test]
    async fn a_list_is_written_once_for_each_version() {
        let (lists, writes) = (KeptLists::default(), AtomicUsize::new(0));
        let (one, two) = (br#"1"success":true}"#, br#"2"success":true}"#);
        for (version, list, written) in [(1, one, 1), (1, one, 1), (2, two, 2), (2, two, 2)] {
            assert_eq!(ask(&lists, version, list, &writes).await, list.as_slice());
            assert_eq!(writes.load(Ordering::Relaxed), written);
        }
    }

    #[tokio::test]
    async fn what_broke_off_or_is_too_long_is_not_kept() {
        let (lists, writes) = (KeptLists::default(), AtomicUsize::new(0));
        for _ in 0..2 {
            ask(&lists, 1, br#""success":false}"#, &writes).await;
        }
        assert_eq!(writes.load(Ordering::Relaxed), 2);
        let long = vec![b' '; LONGEST + 1];
        for written in [4, 5] {
            // Once to see that it is, and once to answer; then only to answer.
            assert_eq!(ask(&lists, 2, &long, &writes).await.len(), long.len());
            assert_eq!(writes.load(Ordering::Relaxed), written);
        }
    }
}
