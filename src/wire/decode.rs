//! From octets to a message, with the bounds and the leniency that Fabric's parser has.

use std::borrow::Cow;

use prost::Message;

/// How deep messages may nest. Fabric's own bound is 10,000; a gate of a policy takes two levels, a
/// group of a configuration as many. Reading, comparing and dropping a message recurse as deep.
pub const MAX_DEPTH: usize = 512;

/// A message whose fields are known here, so that [`decode`] can look through it first.
pub trait Shaped: Message + Default {
    /// As in Fabric's sources, e.g. `msp.SerializedIdentity`; for errors.
    const NAME: &'static str;

    /// What each field number carries.
    fn shape() -> &'static [(u32, Field)];
}

/// What a field carries on the wire.
#[derive(Debug, Clone, Copy)]
pub enum Field {
    /// A number, an enumeration or a truth value.
    Number,
    /// Octets or text.
    Octets,
    /// A message of this shape.
    Message(fn() -> &'static [(u32, Field)]),
    /// An entry of a map, of this shape: key and value.
    Entry(fn() -> &'static [(u32, Field)]),
}

/// Octets that are not the message that they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadMessage {
    /// It is not protobuf, or a text in it is not UTF-8.
    #[error("it does not parse as {0}")]
    Malformed(&'static str),
    /// It nests deeper than [`MAX_DEPTH`].
    #[error("{0} nests deeper than {MAX_DEPTH} messages")]
    TooDeep(&'static str),
}

/// Reads a message as Fabric does: the last occurrence of a field wins, and what has an unknown
/// number, or a known one with another wire type, is passed over. What is passed over is not kept.
///
/// # Errors
/// When it is malformed or nests too deep.
pub fn decode<M: Shaped>(octets: &[u8]) -> Result<M, BadMessage> {
    let kept = match sieve(octets, M::shape(), MAX_DEPTH) {
        Ok(None) => Cow::Borrowed(octets),
        Ok(Some(kept)) => Cow::Owned(kept),
        Err(Fault::Malformed) => return Err(BadMessage::Malformed(M::NAME)),
        Err(Fault::TooDeep) => return Err(BadMessage::TooDeep(M::NAME)),
    };
    M::decode(kept.as_ref()).map_err(|_| BadMessage::Malformed(M::NAME))
}

enum Fault {
    Malformed,
    TooDeep,
}

const VARINT: u8 = 0;
const FIXED64: u8 = 1;
const LENGTH: u8 = 2;
const GROUP: u8 = 3;
const END_GROUP: u8 = 4;
const FIXED32: u8 = 5;

/// What remains without the fields that are passed over; nothing when all of it remains.
fn sieve(octets: &[u8], shape: &[(u32, Field)], depth: usize) -> Result<Option<Vec<u8>>, Fault> {
    let Some(depth) = depth.checked_sub(1) else { return Err(Fault::TooDeep) };
    let mut kept: Option<Vec<u8>> = None;
    let mut rest = octets;
    while !rest.is_empty() {
        let before = rest;
        let (number, wire) = key(&mut rest)?;
        let content = value(&mut rest, number, wire, depth)?;
        let whole = before.get(..before.len() - rest.len()).ok_or(Fault::Malformed)?;
        let field = shape.iter().find(|(known, _)| *known == number).map(|(_, field)| *field);
        let new = match (field, wire) {
            (Some(Field::Number), VARINT) | (Some(Field::Octets), LENGTH) => None,
            (Some(Field::Message(inner) | Field::Entry(inner)), LENGTH) => {
                sieve(content, inner(), depth)?.map(|inner| {
                    let mut field = Vec::with_capacity(inner.len() + 8);
                    prost::encoding::encode_varint(
                        u64::from(number << 3 | u32::from(LENGTH)),
                        &mut field,
                    );
                    prost::encoding::encode_varint(inner.len() as u64, &mut field);
                    field.extend(inner);
                    field
                })
            }
            _ => Some(Vec::new()),
        };
        match (&mut kept, new) {
            (None, None) => {}
            (Some(kept), None) => kept.extend_from_slice(whole),
            (Some(kept), Some(new)) => kept.extend(new),
            (None, Some(new)) => {
                let before = octets.get(..octets.len() - before.len()).unwrap_or_default();
                kept = Some([before, &new].concat());
            }
        }
    }
    Ok(kept)
}

fn key(rest: &mut &[u8]) -> Result<(u32, u8), Fault> {
    let key = varint(rest)?;
    let number = u32::try_from(key >> 3).map_err(|_| Fault::Malformed)?;
    // A number has 29 bits and is not zero.
    if number == 0 || number >> 29 != 0 {
        return Err(Fault::Malformed);
    }
    Ok((number, u8::try_from(key & 7).unwrap_or_default()))
}

/// Passes over a value; of one with a length, its content.
fn value<'a>(rest: &mut &'a [u8], number: u32, wire: u8, depth: usize) -> Result<&'a [u8], Fault> {
    match wire {
        VARINT => varint(rest).map(|_| <&[u8]>::default()),
        FIXED64 => take(rest, 8),
        FIXED32 => take(rest, 4),
        LENGTH => {
            let length = usize::try_from(varint(rest)?).map_err(|_| Fault::Malformed)?;
            take(rest, length)
        }
        GROUP => {
            let Some(depth) = depth.checked_sub(1) else { return Err(Fault::TooDeep) };
            loop {
                match key(rest)? {
                    (end, END_GROUP) if end == number => return Ok(&[]),
                    (_, END_GROUP) => return Err(Fault::Malformed),
                    (inner, wire) => value(rest, inner, wire, depth).map(drop)?,
                }
            }
        }
        _ => Err(Fault::Malformed),
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Fault> {
    let (taken, after) = rest.split_at_checked(length).ok_or(Fault::Malformed)?;
    *rest = after;
    Ok(taken)
}

fn varint(rest: &mut &[u8]) -> Result<u64, Fault> {
    prost::encoding::decode_varint(rest).map_err(|_| Fault::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{
        Config, ConfigGroup, ConfigPolicy, ConfigValue, MspIdentityAnonymity, MspRole, NOutOf,
        Policy, SerializedIdentity, SignaturePolicy, SignaturePolicyType,
    };
    use proptest::prelude::*;

    fn nested(gates: usize) -> SignaturePolicy {
        let mut policy = SignaturePolicy { kind: Some(SignaturePolicyType::SignedBy(3)) };
        for _ in 0..gates {
            let gate = NOutOf { n: 1, rules: vec![policy] };
            policy = SignaturePolicy { kind: Some(SignaturePolicyType::NOutOf(gate)) };
        }
        policy
    }

    #[test]
    fn depth_is_bounded_and_what_is_within_survives() {
        let within = nested(MAX_DEPTH / 2 - 1);
        assert_eq!(decode::<SignaturePolicy>(&within.encode_to_vec()), Ok(within));
        let beyond = nested(MAX_DEPTH / 2 + 1).encode_to_vec();
        let told = decode::<SignaturePolicy>(&beyond);
        assert_eq!(told, Err(BadMessage::TooDeep("common.SignaturePolicy")));
    }

    #[test]
    fn a_field_of_another_wire_type_is_as_if_it_were_absent() {
        // A role's octets read as an anonymity: field 1 is a text there, a number here.
        let role = MspRole { msp_identifier: "Org1".into(), role: 0 }.encode_to_vec();
        let read = decode::<MspIdentityAnonymity>(&role).unwrap();
        assert_eq!(read, MspIdentityAnonymity::default());
        assert_eq!(decode::<MspRole>(&[0x08, 0x07]).unwrap(), MspRole::default());
    }

    #[test]
    fn the_last_of_a_field_wins_and_strangers_are_passed_over() {
        let mut octets =
            SerializedIdentity { mspid: "A".into(), id_bytes: vec![1] }.encode_to_vec();
        octets.extend([0x12, 1, 2, 0x7a, 1, 9, 0x1b, 0x08, 5, 0x1c]);
        let read = decode::<SerializedIdentity>(&octets).unwrap();
        assert_eq!(read, SerializedIdentity { mspid: "A".into(), id_bytes: vec![2] });
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for octets in
            [&[0x0a, 5, 1][..], &[0x0a], &[0x00, 0], &[0x0a, 1, 0xff], &[0x0c], &[0x1b], &[0x0e]]
        {
            assert!(decode::<SerializedIdentity>(octets).is_err(), "{octets:02x?}");
        }
    }

    #[test]
    fn a_tree_comes_back_with_its_maps_sorted() {
        let value = ConfigValue { version: 4, value: vec![8, 1], mod_policy: "Admins".into() };
        let policy = ConfigPolicy {
            version: 1,
            policy: Some(Policy { r#type: 1, value: vec![3] }),
            mod_policy: "/A/B".into(),
        };
        let inner = ConfigGroup {
            values: [("b".into(), value.clone()), ("a".into(), value)].into(),
            policies: [("p".into(), policy)].into(),
            ..ConfigGroup::default()
        };
        let group = ConfigGroup { groups: [("g".into(), inner)].into(), ..ConfigGroup::default() };
        let config = Config { sequence: 7, channel_group: Some(group) };
        let octets = config.encode_to_vec();
        assert_eq!(decode::<Config>(&octets).unwrap(), config);
        // A stranger within a map's entry within a tree goes, everything else stays.
        assert_eq!(decode::<Config>(&octets).unwrap().encode_to_vec(), octets);
    }

    proptest! {
        #[test]
        fn whatever_it_is_it_ends(octets: Vec<u8>) {
            let _ = decode::<Config>(&octets);
            let _ = decode::<SignaturePolicy>(&octets);
        }

        #[test]
        fn what_prost_reads_is_read_the_same(mspid: String, id_bytes: Vec<u8>) {
            let identity = SerializedIdentity { mspid, id_bytes };
            prop_assert_eq!(decode::<SerializedIdentity>(&identity.encode_to_vec()), Ok(identity));
        }
    }
}
