//! The policy language, and signature policies on the wire.

use chancery::policy::language::{Written, print, read, read_legacy};
use chancery::policy::{Members, SignaturePolicy, Signatures, SignedData, to_envelope};
use chancery::wire::{Message as _, MspPrincipal};

pub fn language(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    if let Ok(written) = read(text) {
        assert_eq!(read(&keeps(&written)), Ok(written), "today");
    }
    if let Ok(written) = read_legacy(text) {
        keeps(&written);
    }
}

fn keeps(written: &Written) -> String {
    let text = print(written).expect("what was read can be written");
    // Today's parser has a limit of its own: the older one reads all that either of them read.
    assert_eq!(read_legacy(&text).as_ref(), Ok(written));
    let octets = to_envelope(written).encode_to_vec();
    let policy = SignaturePolicy::from_octets(&octets).expect("what was read can be loaded");
    assert_eq!(policy, SignaturePolicy::from_written(written));
    text
}

/// Eight identities; who is whom stands in a number.
struct Table(u64);

impl Members for Table {
    type Identity = [u8; 1];
    type Rejection = &'static str;

    fn identity(&self, serialized: &[u8]) -> Result<[u8; 1], &'static str> {
        match serialized {
            [who] if *who < 8 => Ok([*who]),
            _ => Err("nobody"),
        }
    }

    fn key(identity: &[u8; 1]) -> (&str, &[u8]) {
        ("", identity)
    }

    fn verify(&self, _: &[u8; 1], _: &[u8], signature: &[u8]) -> Result<(), &'static str> {
        if signature == [0] { Err("bad signature") } else { Ok(()) }
    }

    fn satisfies(&self, identity: &[u8; 1], asked: &MspPrincipal) -> Result<(), &'static str> {
        let sum: u64 = asked.principal.iter().map(|octet| u64::from(*octet)).sum();
        let bit = (sum * 8 + u64::from(identity[0])) % 64;
        if self.0 >> bit & 1 == 1 { Ok(()) } else { Err("another") }
    }
}

/// Eight octets of who is whom, then eight signatures of two octets, then the policy.
pub fn envelope(octets: &[u8]) {
    let Some((table, rest)) = octets.split_first_chunk::<8>() else { return };
    let Some((signatures, policy)) = rest.split_at_checked(16) else { return };
    let Ok(policy) = SignaturePolicy::from_octets(policy) else { return };
    let table = Table(u64::from_be_bytes(*table));
    let signed: Vec<SignedData<'_>> = signatures
        .chunks_exact(2)
        .map(|entry| SignedData {
            identity: vec![entry[0] % 9].into(),
            data: [].as_slice().into(),
            signature: entry[1..].into(),
        })
        .collect();
    let fresh = Signatures::new(&table, &signed);
    let verdict = policy.evaluate(&fresh);
    assert!(fresh.verifications() <= signed.len());
    let explanation = policy.explain(&fresh);
    assert_eq!(explanation.is_satisfied, verdict.is_satisfied());
    assert_eq!(explanation.found.need().is_none(), verdict.is_satisfied());
    assert_eq!(policy.evaluate(&fresh), verdict, "what was asked before changes nothing");
    let counted = explanation.dropped.iter().filter(|dropped| dropped.is_none()).count();
    assert_eq!(counted, fresh.counting().len());
}
