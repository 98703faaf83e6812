//! What every JSON answer is wrapped in: result, errors, messages, success, in this order.

use std::convert::Infallible;
use std::future::Future;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use serde::Serialize;

use crate::api::fabric::{Envelope, Message};
use crate::fabric::fault::Fault;
use crate::service::Page;

/// A list is written in chunks of so many items, as the real server does.
pub(super) const CHUNK: u32 = 100;

/// Seconds after which a client that was told to wait may ask again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// An answer that went well.
pub(super) fn success(status: StatusCode, result: &impl Serialize) -> Result<Response, Fault> {
    let envelope = Envelope { result, errors: Vec::new(), messages: Vec::new(), success: true };
    Ok(respond(status, Body::from(json(&envelope)?)))
}

/// An answer that tells a failure.
pub(super) fn failure(fault: &Fault) -> Response {
    let envelope =
        Envelope { result: "", errors: vec![message(fault)], messages: Vec::new(), success: false };
    // Texts and numbers always serialize; an empty body would still carry the status.
    let mut response = respond(fault.status, Body::from(json(&envelope).unwrap_or_default()));
    if fault.passes() {
        response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    response
}

/// An answer without a body, to HEAD.
pub(super) fn bodiless(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    response
}

/// An answer that is a list, written page by page: no more than one page is held, and none is read
/// before the client has taken the one before. The first was read already, so that what is wrong
/// from the start has its status. What fails later is told behind what was written.
pub(super) fn list<T, C, Read, Reading>(
    name: &'static str,
    ca: &str,
    first: Page<T, C>,
    read: Read,
) -> Result<Response, Fault>
where
    T: Serialize + Send + 'static,
    C: Send + 'static,
    Read: Fn(C) -> Reading + Send + 'static,
    Reading: Future<Output = Result<Page<T, C>, Fault>> + Send,
{
    let head = format!(r#"{{"result":{{"{name}":["#).into_bytes();
    let mut tail = br#"],"caname":"#.to_vec();
    tail.extend(json(&ca)?);
    tail.push(b'}');
    let mut writer =
        Writer { ready: head, started: false, next: first.next, read, tail: Some(tail) };
    writer.append(&first.items)?;
    let chunks = stream::unfold(writer, |mut writer| async {
        let chunk = writer.chunk().await?;
        Some((Ok::<_, Infallible>(Bytes::from(chunk)), writer))
    });
    Ok(respond(StatusCode::OK, Body::from_stream(chunks)))
}

/// How far the writing of a list has come.
struct Writer<C, Read> {
    /// What may be sent now.
    ready: Vec<u8>,
    /// Whether an element was written: the next one needs a comma.
    started: bool,
    next: Option<C>,
    read: Read,
    /// What closes the list; taken when it is closed.
    tail: Option<Vec<u8>>,
}

impl<T, C, Read, Reading> Writer<C, Read>
where
    T: Serialize,
    Read: Fn(C) -> Reading,
    Reading: Future<Output = Result<Page<T, C>, Fault>>,
{
    /// The next octets to send; `None` at the end.
    async fn chunk(&mut self) -> Option<Vec<u8>> {
        // A page may be empty although others follow: the caller may not see every row.
        while self.ready.is_empty() {
            let Some(cursor) = self.next.take() else { return self.close(None) };
            let page = (self.read)(cursor).await.and_then(|page| {
                self.next = page.next;
                self.append(&page.items)
            });
            if let Err(fault) = page {
                self.ready.clear();
                return self.close(Some(&fault));
            }
        }
        Some(std::mem::take(&mut self.ready))
    }

    fn append(&mut self, items: &[T]) -> Result<(), Fault> {
        for element in items {
            if std::mem::replace(&mut self.started, true) {
                self.ready.push(b',');
            }
            self.ready.extend(json(element)?);
        }
        Ok(())
    }

    fn close(&mut self, fault: Option<&Fault>) -> Option<Vec<u8>> {
        let mut end = self.tail.take()?;
        self.next = None;
        let errors: Vec<Message> = fault.into_iter().map(message).collect();
        end.extend_from_slice(br#","errors":"#);
        end.extend(json(&errors).unwrap_or_else(|_| b"[]".to_vec()));
        end.extend_from_slice(br#","messages":[],"success":"#);
        end.extend_from_slice(if fault.is_none() { b"true}" } else { b"false}" });
        if let Some(fault) = fault {
            tracing::error!(code = fault.code, cause = ?fault.cause, "a list broke off");
        }
        Some(end)
    }
}

fn message(fault: &Fault) -> Message {
    Message { code: i64::from(fault.code), message: fault.message.clone() }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(value).map_err(|error| Fault::from(crate::service::Error::internal(error)))
}

/// An answer that is JSON.
pub(super) fn respond(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::service::{Error, Kind};

    async fn text(response: Response) -> String {
        let body = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn the_four_keys_stand_in_their_order() {
        let response = success(StatusCode::CREATED, &[1]).unwrap();
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(
            text(response).await,
            r#"{"result":[1],"errors":[],"messages":[],"success":true}"#
        );
        let response = failure(&Fault::no_authorization());
        assert_eq!(response.status(), 401);
        assert_eq!(
            text(response).await,
            r#"{"result":"","errors":[{"code":2,"message":"No authorization header"}],"messages":[],"success":false}"#
        );
    }

    #[tokio::test]
    async fn who_shall_wait_is_told_how_long() {
        let response = failure(&Fault::from(Error::new(Kind::Busy, "the token is busy")));
        assert_eq!(
            (response.status().as_u16(), &response.headers()["retry-after"]),
            (503, &HeaderValue::from_static("1"))
        );
        assert!(text(response).await.contains(r#""code":0"#));
    }

    fn pages(last: u32, fails_at: Option<u32>) -> Response {
        let page = move |at: u32| Page { items: vec![at], next: (at < last).then_some(at + 1) };
        list("numbers", "a\"b", page(1), move |at| async move {
            if Some(at) == fails_at {
                return Err(Fault::from(Error::new(Kind::Unavailable, "gone")));
            }
            Ok(page(at))
        })
        .unwrap()
    }

    #[tokio::test]
    async fn a_list_is_one_json_value_however_many_pages_it_has() {
        for (last, numbers) in [(1, "1"), (2, "1,2"), (4, "1,2,3,4")] {
            assert_eq!(
                text(pages(last, None)).await,
                format!(
                    r#"{{"result":{{"numbers":[{numbers}],"caname":"a\"b"}},"errors":[],"messages":[],"success":true}}"#
                )
            );
        }
        let none = Page::<u32, u32> { items: vec![], next: None };
        let response = list("numbers", "", none, |_| async { unreachable!() }).unwrap();
        assert!(text(response).await.starts_with(r#"{"result":{"numbers":[],"caname":""}"#));
    }

    #[tokio::test]
    async fn pages_may_be_empty() {
        let page = |at: u32| Page {
            items: if at.is_multiple_of(2) { vec![at] } else { vec![] },
            next: (at < 5).then_some(at + 1),
        };
        let response = list("n", "", page(1), move |at| async move { Ok(page(at)) }).unwrap();
        assert!(text(response).await.starts_with(r#"{"result":{"n":[2,4],"caname""#));
    }

    #[tokio::test]
    async fn what_fails_on_the_way_is_told_behind_what_was_written() {
        assert_eq!(
            text(pages(4, Some(3))).await,
            r#"{"result":{"numbers":[1,2],"caname":"a\"b"},"errors":[{"code":0,"message":"gone"}],"messages":[],"success":false}"#
        );
    }
}
