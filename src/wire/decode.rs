//! From octets to a message, with the bounds and the leniency that Fabric's parser has.

#![expect(
    clippy::inline_always,
    reason = "a call for each field costs as much as the field: `cargo bench --bench channel`"
)]

use prost::Message;

/// How deep messages may nest. Fabric's own bound is 10,000; a gate of a policy takes two levels, a
/// group of a configuration as many. Reading, comparing and dropping a message recurse as deep.
pub const MAX_DEPTH: usize = 512;

/// A message whose fields are known here: [`decode`] reads it.
pub trait Shaped: Message + Default {
    /// As in Fabric's sources, e.g. `msp.SerializedIdentity`; for errors.
    const NAME: &'static str;

    /// What each field number carries.
    fn shape() -> &'static [(u32, Field)];

    /// Takes one more field. One of an unknown number, or of another wire type than it has here, is passed over.
    ///
    /// # Errors
    /// When what it holds does not parse, or nests too deep.
    fn take(&mut self, number: u32, value: Value<'_>) -> Result<(), Fault>;
}

/// What stands in a field.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// A varint.
    Number(u64),
    /// Octets, and how many messages deeper they may nest.
    Octets(&'a [u8], usize),
    /// Of a wire type that no field here has.
    Other,
}

/// Why octets are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// They are not protobuf, or a text in them is not UTF-8.
    Malformed,
    /// They nest deeper than [`MAX_DEPTH`].
    TooDeep,
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
    let mut message = M::default();
    match merge(&mut message, octets, MAX_DEPTH) {
        Ok(()) => Ok(message),
        Err(Fault::Malformed) => Err(BadMessage::Malformed(M::NAME)),
        Err(Fault::TooDeep) => Err(BadMessage::TooDeep(M::NAME)),
    }
}

const VARINT: u8 = 0;
const FIXED64: u8 = 1;
const LENGTH: u8 = 2;
const GROUP: u8 = 3;
const END_GROUP: u8 = 4;
const FIXED32: u8 = 5;

/// Adds all fields to a message, which may nest `depth` deep.
pub(super) fn merge<M: Shaped>(message: &mut M, octets: &[u8], depth: usize) -> Result<(), Fault> {
    walk(octets, depth, |number, value| message.take(number, value))
}

/// Gives each field of a message to `take`.
pub(super) fn walk<'a>(
    octets: &'a [u8],
    depth: usize,
    mut take: impl FnMut(u32, Value<'a>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let Some(depth) = depth.checked_sub(1) else { return Err(Fault::TooDeep) };
    let mut rest = octets;
    while !rest.is_empty() {
        let (number, wire) = key(&mut rest)?;
        take(number, value(&mut rest, number, wire, depth)?)?;
    }
    Ok(())
}

#[inline(always)]
fn key(rest: &mut &[u8]) -> Result<(u32, u8), Fault> {
    let key = varint(rest)?;
    let number = u32::try_from(key >> 3).map_err(|_| Fault::Malformed)?;
    // A number has 29 bits and is not zero.
    if number == 0 || number >> 29 != 0 {
        return Err(Fault::Malformed);
    }
    Ok((number, u8::try_from(key & 7).unwrap_or_default()))
}

#[inline(always)]
fn value<'a>(rest: &mut &'a [u8], number: u32, wire: u8, depth: usize) -> Result<Value<'a>, Fault> {
    match wire {
        VARINT => varint(rest).map(Value::Number),
        FIXED64 => cut(rest, 8).map(|_| Value::Other),
        FIXED32 => cut(rest, 4).map(|_| Value::Other),
        LENGTH => {
            let length = usize::try_from(varint(rest)?).map_err(|_| Fault::Malformed)?;
            cut(rest, length).map(|octets| Value::Octets(octets, depth))
        }
        GROUP => pass_group(rest, number, depth).map(|()| Value::Other),
        _ => Err(Fault::Malformed),
    }
}

fn pass_group(rest: &mut &[u8], number: u32, depth: usize) -> Result<(), Fault> {
    let Some(depth) = depth.checked_sub(1) else { return Err(Fault::TooDeep) };
    loop {
        match key(rest)? {
            (end, END_GROUP) if end == number => return Ok(()),
            (_, END_GROUP) => return Err(Fault::Malformed),
            (inner, wire) => value(rest, inner, wire, depth).map(drop)?,
        }
    }
}

#[inline(always)]
fn cut<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Fault> {
    let (taken, after) = rest.split_at_checked(length).ok_or(Fault::Malformed)?;
    *rest = after;
    Ok(taken)
}

#[inline(always)]
fn varint(rest: &mut &[u8]) -> Result<u64, Fault> {
    match rest.split_first() {
        Some((&small, after)) if small < 0x80 => {
            *rest = after;
            Ok(small.into())
        }
        _ => prost::encoding::decode_varint(rest).map_err(|_| Fault::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{
        ChannelHeader, Config, ConfigGroup, ConfigPolicy, ConfigUpdate, ConfigValue,
        FabricMspConfig, MspIdentityAnonymity, MspRole, NOutOf, Policy, SeekPosition,
        SerializedIdentity, SignaturePolicy, SignaturePolicyType,
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
    fn what_nests_deepest_of_what_is_short_is_read() {
        // Groups that nobody knows, and trees in trees: 511 within the message.
        let groups = [vec![0x7b; 511], vec![0x7c; 511]].concat();
        assert!(groups.len() < 2 * MAX_DEPTH && decode::<Config>(&groups).is_ok());
        let groups = [vec![0x7b; 512], vec![0x7c; 512]].concat();
        assert_eq!(decode::<Config>(&groups), Err(BadMessage::TooDeep("common.Config")));
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

    /// Fields of small numbers and any wire type, one after the other or in one another.
    fn message() -> impl Strategy<Value = Vec<u8>> {
        let content = proptest::collection::vec(any::<u8>(), 0..12).boxed();
        content.prop_recursive(6, 64, 4, |inner| {
            let field = (1_u8..7, 0_u8..6, inner).prop_map(|(number, wire, content)| {
                let length = u8::try_from(content.len().min(120)).unwrap_or_default();
                let content = &content[..usize::from(length)];
                match wire {
                    LENGTH => [&[number << 3 | wire, length], content].concat(),
                    GROUP => [&[number << 3 | wire], content, &[number << 3 | END_GROUP]].concat(),
                    _ => [&[number << 3 | wire], content].concat(),
                }
            });
            proptest::collection::vec(field, 0..4).prop_map(|fields| fields.concat())
        })
    }

    /// Prost refuses a field of another wire type; all else it reads as Fabric's nodes do.
    fn read_as_by_prost<M: Shaped + PartialEq + std::fmt::Debug>(octets: &[u8]) {
        if let Ok(message) = M::decode(octets) {
            assert_eq!(decode::<M>(octets), Ok(message), "{octets:02x?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_it_is_it_ends(octets: Vec<u8>) {
            let _ = decode::<Config>(&octets);
            let _ = decode::<SignaturePolicy>(&octets);
        }

        #[test]
        fn what_prost_reads_is_read_the_same(octets in message(), at: usize, to: u8) {
            let mut spoiled = octets.clone();
            if let Some(octet) = spoiled.get_mut(at % octets.len().max(1)) {
                *octet = to;
            }
            for octets in [octets, spoiled] {
                read_as_by_prost::<Config>(&octets);
                read_as_by_prost::<ConfigUpdate>(&octets);
                read_as_by_prost::<ChannelHeader>(&octets);
                read_as_by_prost::<SignaturePolicy>(&octets);
                read_as_by_prost::<FabricMspConfig>(&octets);
                read_as_by_prost::<SeekPosition>(&octets);
            }
        }
    }
}
