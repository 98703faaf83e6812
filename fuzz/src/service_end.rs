//! The signer's protocol as the service hears it: whatever a signer says, each request gets the
//! first reply with its number, or learns that the connection ended.
//!
//! Input: the octets of one connection, welcome and all.

use std::cell::OnceCell;
use std::io::Write as _;
use std::net::Shutdown;
use std::time::Duration;

use chancery::hsm::frame::{Frames, decode, encode};
use chancery::hsm::fuzzing::{Outcome, ask_all};
use chancery::hsm::protocol::{Ask, Reply, VERSION, Welcome};
use tokio::runtime::{Builder, Runtime};

/// More than this does not fit into the stream before it is read.
const LONGEST: usize = 65_536;

/// How many requests wait for what the signer says.
const ASKED: usize = 4;

thread_local! {
    static RUNTIME: OnceCell<Runtime> = const { OnceCell::new() };
}

pub fn law(octets: &[u8]) {
    if octets.len() > LONGEST {
        return;
    }
    let said = said(octets);
    let outcomes = RUNTIME.with(|runtime| {
        let runtime =
            runtime.get_or_init(|| Builder::new_current_thread().enable_all().build().unwrap());
        runtime.block_on(outcomes(octets))
    });
    let Some(outcomes) = outcomes else {
        assert!(said.is_none(), "a welcome is understood");
        return;
    };
    let replies = said.expect("what is no welcome is not understood");
    for (id, outcome) in (1..).zip(outcomes) {
        let first = replies.iter().find(|reply| reply.id == id);
        let expected = match first.map(|reply| reply.answer.clone()) {
            Some(Ok(answer)) => Outcome::Answered(Box::new(answer)),
            Some(Err(refusal)) => Outcome::Refused(refusal),
            None => Outcome::Lost,
        };
        assert_eq!(outcome, expected, "request {id}");
    }
}

async fn outcomes(octets: &[u8]) -> Option<Vec<Outcome>> {
    let (service, mut signer) = std::os::unix::net::UnixStream::pair().unwrap();
    signer.write_all(octets).unwrap();
    signer.shutdown(Shutdown::Write).unwrap();
    service.set_nonblocking(true).unwrap();
    let service = tokio::net::UnixStream::from_std(service).unwrap();
    let outcomes = ask_all(service, vec![Ask::Health; ASKED], Duration::from_mins(10)).await;
    drop(signer);
    outcomes
}

/// The replies behind the welcome, up to what is none; nothing when the welcome is none.
fn said(octets: &[u8]) -> Option<Vec<Reply>> {
    let mut frames = Frames::default();
    frames.extend(octets);
    let mut next = || frames.next_frame().ok().flatten().map(<[u8]>::to_vec);
    let welcome = decode::<Welcome>(&next()?).ok()?;
    let replies = std::iter::from_fn(|| decode::<Reply>(&next()?).ok()).collect::<Vec<_>>();
    for reply in &replies {
        let mut written = Vec::new();
        encode(reply, &mut written).unwrap();
        assert_eq!(decode::<Reply>(&written[4..]).as_ref(), Ok(reply));
    }
    (welcome.version == VERSION).then_some(replies)
}
