//! What the service and the signer say to each other, in frames (`frame.rs`) on a Unix stream.
//!
//! The service speaks first, with [`Hello`]; the signer answers [`Welcome`]; then requests go one way
//! and replies the other, many in flight, replies in any order.
//!
//! What is signed travels as the octets themselves up to [`MAX_WHOLE`], and the signer hashes them:
//! so the SHA-256 in its ledger is of what was signed whatever the service says, for every kind of
//! key. Larger messages (revocation lists of many megabytes) travel as their digests; then the
//! ledger holds both, the SHA-256 that the journal knows and the digest that was signed.

use serde::{Deserialize, Serialize};

use super::fault::Class;
use super::key::{Inventory, KeyInfo, NewKey, TokenName};
use super::octets::Octets;
use super::purpose::Purpose;
use crate::id::KeyLabel;

/// The version that both must speak.
pub const VERSION: u16 = 2;

/// The longest message that travels whole: 64 KiB.
pub const MAX_WHOLE: usize = 1 << 16;

const MAGIC: [u8; 8] = *b"chancery";

/// The first frame of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    magic: [u8; 8],
    version: u16,
}

impl Hello {
    /// Ours.
    pub fn new() -> Self {
        Self { magic: MAGIC, version: VERSION }
    }

    /// Whether it is one that we understand.
    pub fn is_understood(&self) -> bool {
        self.magic == MAGIC && self.version == VERSION
    }
}

impl Default for Hello {
    fn default() -> Self {
        Self::new()
    }
}

/// The first frame of the signer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// What the signer speaks.
    pub version: u16,
    /// Its process.
    pub pid: u32,
    /// How many requests may be in flight.
    pub depth: u32,
    /// Whether it makes keys.
    pub generates: bool,
}

/// What is to be signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// The octets, at most [`MAX_WHOLE`].
    Whole(Octets),
    /// The digests of more octets than that.
    Digests {
        /// SHA-256: what is signed with P-256 and RSA keys, and what the ledger holds.
        sha256: [u8; 32],
        /// SHA-384, 48 octets: what is signed with P-384 keys.
        sha384: Octets,
    },
}

impl Message {
    /// How these octets travel.
    pub fn of(octets: &[u8]) -> Self {
        if octets.len() <= MAX_WHOLE {
            return Self::Whole(octets.into());
        }
        Self::digested(octets, super::digest::sha256(octets), true)
    }

    /// The same where their SHA-256 is known, and whether the key signs SHA-384: of megabytes each
    /// digest takes milliseconds.
    pub fn digested(octets: &[u8], sha256: [u8; 32], signs_sha384: bool) -> Self {
        if octets.len() <= MAX_WHOLE {
            return Self::Whole(octets.into());
        }
        let sha384 = if signs_sha384 { super::digest::sha384(octets) } else { Vec::new() };
        Self::Digests { sha256, sha384: Octets(sha384) }
    }
}

/// What is asked of the signer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// A signature with the key of this reference, for this purpose.
    Sign {
        /// SHA-256 of the key's `SubjectPublicKeyInfo`.
        key: [u8; 32],
        /// What for.
        purpose: Purpose,
        /// What is signed.
        message: Message,
    },
    /// HMAC-SHA256 with the secret key of this reference.
    Mac {
        /// The key's reference.
        key: [u8; 32],
        /// The message, at most [`MAX_WHOLE`].
        message: Octets,
    },
    /// A new key.
    Generate(NewKey),
    /// The register.
    Keys,
    /// Every key of the token.
    Inventory,
    /// How the signer is. Answered even while the token hangs.
    Health,
    /// The asker of this request has gone: skip it if it still waits. Not answered.
    Cancel {
        /// The request.
        request: u64,
    },
}

/// A request of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Chosen by the asker, unique among those in flight.
    pub id: u64,
    /// How long the answer is of use, in milliseconds from now.
    pub deadline_ms: u32,
    /// What is asked.
    pub ask: Ask,
}

/// A reply of the signer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The request that it answers.
    pub id: u64,
    /// The answer, or why there is none.
    pub answer: Result<Answer, Refusal>,
}

/// An answer of the signer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// A signature as certificates carry it: DER and low-S for ECDSA. It was verified.
    Signature(Octets),
    /// A message authentication code.
    Mac([u8; 32]),
    /// The key that was made.
    Key(Box<KeyInfo>),
    /// The register.
    Keys(Vec<KeyInfo>),
    /// The inventory.
    Inventory(Box<Inventory>),
    /// How the signer is.
    Health(Box<Health>),
}

/// Why the signer does not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Refusal {
    /// Its queue is full.
    #[error("the queue of the signer is full")]
    Busy,
    /// The deadline passed before the token was asked.
    #[error("the deadline passed while the request waited")]
    Late,
    /// No key of this reference is registered.
    #[error("no such key is registered with the signer")]
    UnknownKey,
    /// The register does not allow it.
    #[error("the key `{label}` does not serve `{purpose}`")]
    WrongPurpose {
        /// The key.
        label: KeyLabel,
        /// What was asked.
        purpose: Purpose,
    },
    /// A new key's label is in use.
    #[error("a key `{label}` exists already")]
    LabelTaken {
        /// The label.
        label: KeyLabel,
    },
    /// The signer was not started to do this.
    #[error("{0}")]
    NotServed(String),
    /// The request is malformed or too large.
    #[error("{0}")]
    Malformed(String),
    /// The key is missing, doubled, another one, or kept worse than it must be.
    #[error("the key `{label}` must not be used: {detail}")]
    Alarm {
        /// The key.
        label: KeyLabel,
        /// What is wrong.
        detail: String,
    },
    /// The token refused.
    #[error("the token refused: {detail}")]
    Token {
        /// What was attempted.
        operation: String,
        /// What kind of error it was.
        class: Class,
        /// The token's error.
        detail: String,
    },
    /// The token is not served now.
    #[error("the token is not available: {detail}")]
    Unavailable {
        /// When to ask again, in milliseconds.
        retry_after_ms: u32,
        /// Why.
        detail: String,
    },
    /// The token refused the PIN; the signer has stopped.
    #[error("the token refused the PIN: {0}")]
    Pin(String),
    /// The ledger could not be written, so the signature was not handed out.
    #[error("the ledger could not be written: {0}")]
    Ledger(String),
}

/// How the signer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Its process.
    pub pid: u32,
    /// Whether an epoch is open: the token is logged in and served.
    pub serving: bool,
    /// Why not; empty while it serves.
    pub detail: String,
    /// The epoch: how often the module was initialised.
    pub epoch: u64,
    /// The token; `None` before the first epoch.
    pub token: Option<TokenName>,
    /// The module: its path and SHA-256.
    pub module: String,
    /// Sessions that serve.
    pub workers: u32,
    /// Of those, how many are in a call.
    pub busy: u32,
    /// How long the longest call has lasted, in milliseconds.
    pub longest_call_ms: u64,
    /// Requests that wait.
    pub queued: u32,
    /// Signatures and codes made since the start.
    pub made: u64,
    /// Faults of the token since the start.
    pub faults: u64,
    /// How long opening the token took the last time, in milliseconds; 0 when it is not known.
    pub opened_ms: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hsm::frame::{Frames, decode, encode};
    use proptest::prelude::*;

    #[test]
    fn frames_survive_any_cut() {
        let requests: Vec<Request> = (1..20)
            .map(|id| Request {
                id,
                deadline_ms: 1000,
                ask: Ask::Sign {
                    key: [7; 32],
                    purpose: Purpose::Crl,
                    message: Message::of(&vec![1; usize::try_from(id).unwrap() * 1000]),
                },
            })
            .collect();
        let mut stream = Vec::new();
        for request in &requests {
            encode(request, &mut stream).unwrap();
        }
        for size in [1, 3, 1000, 1_000_000] {
            let (mut frames, mut read) = (Frames::default(), Vec::new());
            for piece in stream.chunks(size) {
                frames.extend(piece);
                while let Some(body) = frames.next_frame().unwrap() {
                    read.push(decode::<Request>(body).unwrap());
                }
            }
            assert_eq!(read, requests);
        }
    }

    #[test]
    fn large_messages_travel_as_digests() {
        assert!(matches!(Message::of(&vec![0; MAX_WHOLE]), Message::Whole(_)));
        let Message::Digests { sha384, .. } = Message::of(&vec![0; MAX_WHOLE + 1]) else {
            panic!()
        };
        assert_eq!(sha384.0.len(), 48);
    }

    #[test]
    fn another_version_is_not_understood() {
        assert!(Hello::new().is_understood());
        assert!(!Hello { version: VERSION + 1, ..Hello::new() }.is_understood());
        assert!(!Hello { magic: *b"chancer!", ..Hello::new() }.is_understood());
    }

    proptest! {
        #[test]
        fn no_octets_make_the_parser_panic(octets: Vec<u8>, cut in 0_usize..64) {
            let _ = decode::<Request>(&octets);
            let _ = decode::<Reply>(&octets);
            let _ = decode::<Hello>(&octets);
            let mut frames = Frames::default();
            for piece in octets.chunks(cut + 1) {
                frames.extend(piece);
                while let Ok(Some(body)) = frames.next_frame() {
                    let _ = decode::<Request>(body);
                }
            }
        }

        #[test]
        fn a_changed_octet_is_an_error_or_another_request(at in 0_usize..80, to: u8) {
            let request = Request {
                id: 1,
                deadline_ms: 5,
                ask: Ask::Mac { key: [1; 32], message: Octets(vec![2; 40]) },
            };
            let mut out = Vec::new();
            encode(&request, &mut out).unwrap();
            let body = &mut out[4..];
            let at = at % body.len();
            let before = body[at];
            body[at] = to;
            if let Ok(read) = decode::<Request>(body) {
                prop_assert_eq!(read == request, before == to);
            }
        }
    }
}
