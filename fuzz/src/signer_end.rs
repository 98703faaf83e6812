//! The signer's protocol as the signer hears it: a connection on which anything may be said. The
//! token behind it is empty and makes no keys, so whatever is asked, nothing may be signed.
//!
//! Input: the octets of one connection, greeting and all.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chancery::clock::Clock;
use chancery::hsm::frame::{Frames, decode, encode};
use chancery::hsm::protocol::{Answer, Hello, Reply, Request, VERSION, Welcome};
use chancery::hsm::token::{Clerk, Device, Epoch, Made, Seen, Token};
use chancery::hsm::{Binding, EngineOptions, Fault, NewKey, TokenName};
use chancery::id::KeyLabel;
use chancery::signer::fuzzing::Desks;

/// More than this does not fit into the stream before it is read.
const LONGEST: usize = 4096;

pub fn law(octets: &[u8]) {
    if octets.len() > LONGEST {
        return;
    }
    let (greeted, requests) = understood(octets);
    let (theirs, mut ours) = UnixStream::pair().unwrap();
    ours.write_all(octets).unwrap();
    ours.shutdown(Shutdown::Write).unwrap();
    desks().converse(&theirs);
    drop(theirs);
    let mut said = Vec::new();
    ours.read_to_end(&mut said).unwrap();

    let mut frames = Frames::default();
    frames.extend(&said);
    let mut replies = Vec::new();
    let mut first = true;
    while let Some(frame) = frames.next_frame().expect("the signer writes frames") {
        if std::mem::take(&mut first) {
            assert_eq!(decode::<Welcome>(frame).expect("a welcome").version, VERSION);
        } else {
            replies.push(decode::<Reply>(frame).expect("the signer writes replies"));
        }
    }
    assert!(greeted || replies.is_empty(), "who did not greet is not served");
    assert!(replies.len() <= requests.len(), "nobody is answered twice");
    for Reply { id, answer } in replies {
        assert!(requests.iter().any(|request| request.id == id), "nobody asked as {id}");
        let made = matches!(answer, Ok(Answer::Signature(_) | Answer::Mac(_) | Answer::Key(_)));
        assert!(!made, "an empty token makes nothing");
    }
}

/// Whether the greeting is one, and the requests behind it, up to what is none.
fn understood(octets: &[u8]) -> (bool, Vec<Request>) {
    let mut frames = Frames::default();
    frames.extend(octets);
    let mut next = || frames.next_frame().ok().flatten().map(<[u8]>::to_vec);
    let greeted = next().and_then(|frame| decode::<Hello>(&frame).ok());
    if !greeted.is_some_and(|hello| hello.is_understood()) {
        return (false, Vec::new());
    }
    let requests = std::iter::from_fn(|| decode::<Request>(&next()?).ok()).collect::<Vec<_>>();
    for request in &requests {
        let mut written = Vec::new();
        encode(request, &mut written).unwrap();
        assert_eq!(decode::<Request>(&written[4..]).as_ref(), Ok(request));
    }
    (true, requests)
}

fn desks() -> &'static Desks {
    static DESKS: OnceLock<(Desks, tempfile::TempDir)> = OnceLock::new();
    let (desks, _) = DESKS.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let name = TokenName { label: "empty".to_owned(), serial: "0".to_owned() };
        let options = EngineOptions {
            workers: 1,
            depth: 16,
            hang: Duration::from_mins(10),
            opened: None,
            keep_alive: None,
            pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(1),
            give_up: 1,
            on_hang: Arc::new(|_| {}),
            clock: Clock::system(),
        };
        (Desks::open(folder.path(), Box::new(Empty(name)), options).unwrap(), folder)
    });
    desks
}

/// A token that holds nothing.
struct Empty(TokenName);

impl Device for Empty {
    fn epoch(&self, serve: &mut dyn FnMut(&dyn Epoch)) -> Result<(), Fault> {
        serve(self);
        Ok(())
    }

    fn describe(&self) -> String {
        "empty".to_owned()
    }
}

impl Epoch for Empty {
    fn token(&self) -> &TokenName {
        &self.0
    }

    fn room(&self, wanted: usize) -> usize {
        wanted
    }

    fn session(&self) -> Result<Box<dyn Token + '_>, Fault> {
        Ok(Box::new(Nothing))
    }

    fn clerk(&self) -> Result<Box<dyn Clerk + '_>, Fault> {
        Ok(Box::new(Nothing))
    }
}

struct Nothing;

impl Token for Nothing {
    fn sign(&mut self, _: &Binding, _: &[u8]) -> Result<Vec<u8>, Fault> {
        panic!("no key is registered")
    }

    fn mac(&mut self, _: &Binding, _: &[u8]) -> Result<[u8; 32], Fault> {
        panic!("no key is registered")
    }

    fn forget(&mut self, _: &Binding) {}

    fn probe(&mut self) -> Result<(), Fault> {
        Ok(())
    }
}

impl Clerk for Nothing {
    fn has_label(&mut self, _: &KeyLabel) -> Result<bool, Fault> {
        Ok(false)
    }

    fn generate(&mut self, _: &NewKey, _: &[u8]) -> Result<Made, Fault> {
        panic!("this signer makes no keys")
    }

    fn recover(&mut self, _: &NewKey, _: &[u8]) -> Result<Option<Made>, Fault> {
        Ok(None)
    }

    fn list(&mut self) -> Result<Vec<Seen>, Fault> {
        Ok(Vec::new())
    }

    fn probe(&mut self) -> Result<(), Fault> {
        Ok(())
    }
}
