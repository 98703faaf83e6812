//! The face of the token, on a peer that answers as it is told to.

use super::*;
use crate::audit::Intent;
use crate::hsm::frame::{Frames, decode, encode};
use crate::hsm::protocol::{Refusal, Reply, Request, VERSION, Welcome};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixListener;

/// A peer that answers every request with what `answer` makes of it.
async fn peer(
    listener: UnixListener,
    answer: impl Fn(Ask) -> Result<Answer, Refusal> + Send + 'static,
) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let (mut frames, mut piece, mut greeted) = (Frames::default(), vec![0; 4096], false);
    loop {
        let mut out = Vec::new();
        while let Some(body) = frames.next_frame().unwrap() {
            if !std::mem::replace(&mut greeted, true) {
                let welcome = Welcome { version: VERSION, pid: 1, depth: 1, generates: false };
                encode(&welcome, &mut out).unwrap();
                continue;
            }
            let request: Request = decode(body).unwrap();
            let reply = Reply { id: request.id, answer: answer(request.ask) };
            encode(&reply, &mut out).unwrap();
        }
        stream.write_all(&out).await.unwrap();
        match stream.read(&mut piece).await.unwrap() {
            0 => return,
            count => frames.extend(&piece[..count]),
        }
    }
}

async fn asked(answer: impl Fn(Ask) -> Result<Answer, Refusal> + Send + 'static) -> Hsm {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    tokio::spawn(peer(UnixListener::bind(&path).unwrap(), answer));
    let hsm = Hsm::start(SignerSource::Socket(path), HsmOptions::default());
    while !matches!(hsm.status(), Status::Up { .. }) {
        sleep(Duration::from_millis(1)).await;
    }
    hsm
}

fn recorded() -> Recorded {
    let to_be_signed: Arc<[u8]> = b"tbs".as_slice().into();
    Recorded::for_test(Intent { key: [7; 32], digest: [1; 32], to_be_signed })
}

#[tokio::test]
async fn what_is_signed_is_what_is_recorded() {
    let hsm = asked(|ask| {
        let Ask::Sign { key, purpose, message } = ask else { return Err(Refusal::Busy) };
        assert_eq!((key, purpose), ([7; 32], Purpose::Crl));
        assert_eq!(message, Message::of(b"tbs"));
        Ok(Answer::Signature(Octets(vec![1, 2, 3])))
    })
    .await;
    let place = hsm.reserve().unwrap();
    assert_eq!(place.sign(recorded(), Purpose::Crl).await.unwrap().octets(), [1, 2, 3]);
    let counts = hsm.counts();
    assert_eq!((counts[0].key, counts[0].made, counts[0].failed), ([7; 32], 1, 0));
}

#[tokio::test]
async fn a_refusal_becomes_an_error_with_its_source() {
    let hsm = asked(|_| Err(Refusal::Ledger("the disk is full".to_owned()))).await;
    let error = hsm.reserve().unwrap().sign(recorded(), Purpose::Crl).await.unwrap_err();
    assert_eq!(error.to_string(), "could not sign");
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.to_string().contains("the disk is full"));
    assert_eq!(hsm.counts()[0].failed, 1);
}

#[tokio::test]
async fn an_unknown_key_and_a_wrong_kind_of_answer_are_told_apart() {
    let unknown = asked(|_| Err(Refusal::UnknownKey)).await;
    let error = unknown.mac(&[7; 32], b"x").await.unwrap_err();
    assert!(matches!(error, Error::UnknownKey { key } if key == [7; 32]));
    let other = asked(|_| Ok(Answer::Mac([0; 32]))).await;
    let error = other.sign_tls(&[7; 32], b"x").await.unwrap_err();
    assert!(matches!(error, Error::Protocol));
}
