//! One form of octets for each message, the one in which Fabric's tools write: fields in the order of their numbers, maps
//! in the order of their keys, and both parts of a map's entry, empty or not.

use super::decode::{Field, Shaped};

/// Writes a message in its one form.
///
/// `prost` leaves a key or a value out of a map's entry when it is empty; every reader takes that, but the octets are
/// others.
pub fn canonical<M: Shaped>(message: &M) -> Vec<u8> {
    let octets = message.encode_to_vec();
    let mut out = Vec::with_capacity(octets.len() + 16);
    complete(&octets, M::shape(), false, &mut out);
    out
}

/// The key of a field with a length: number 1, number 2.
const KEY: u8 = 0x0a;
const VALUE: u8 = 0x12;

/// Copies what `prost` wrote, and puts in what entries lack.
fn complete(octets: &[u8], shape: &[(u32, Field)], is_entry: bool, out: &mut Vec<u8>) {
    if is_entry && octets.first() != Some(&KEY) {
        out.extend([KEY, 0]);
    }
    let mut has_value = false;
    let mut rest = octets;
    while let Some(Part { number, content, after }) = next(rest) {
        has_value |= number == 2;
        let field = shape.iter().find(|(known, _)| *known == number).map(|(_, field)| field);
        let inner = match field {
            Some(Field::Message(inner)) => Some((inner, false)),
            Some(Field::Entry(inner)) => Some((inner, true)),
            Some(Field::Number | Field::Octets) | None => None,
        };
        match (inner, content) {
            (Some((inner, is_entry)), Some(content)) => {
                let mut completed = Vec::with_capacity(content.len() + 4);
                complete(content, inner(), is_entry, &mut completed);
                prost::encoding::encode_varint(u64::from(number << 3 | 2), out);
                prost::encoding::encode_varint(completed.len() as u64, out);
                out.extend(completed);
            }
            _ => out.extend_from_slice(rest.get(..rest.len() - after.len()).unwrap_or_default()),
        }
        rest = after;
    }
    if is_entry && !has_value {
        out.extend([VALUE, 0]);
    }
}

/// A field, its content when it has a length, and what follows it.
struct Part<'o> {
    number: u32,
    content: Option<&'o [u8]>,
    after: &'o [u8],
}

/// The next field; `prost` writes numbers and lengths only.
fn next(octets: &[u8]) -> Option<Part<'_>> {
    let mut rest = octets;
    let key = prost::encoding::decode_varint(&mut rest).ok()?;
    let value = prost::encoding::decode_varint(&mut rest).ok()?;
    let number = u32::try_from(key >> 3).ok()?;
    if key & 7 != 2 {
        return Some(Part { number, content: None, after: rest });
    }
    let (content, after) = rest.split_at_checked(usize::try_from(value).ok()?)?;
    Some(Part { number, content: Some(content), after })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{
        Capabilities, Capability, Config, ConfigGroup, ConfigPolicy, ConfigUpdate, ConfigValue,
        Message as _, decode,
    };

    #[test]
    fn entries_are_whole_at_every_depth() {
        let capabilities =
            Capabilities { capabilities: [("V2_0".to_owned(), Capability {})].into() };
        assert_eq!(hex::encode(canonical(&capabilities)), "0a080a0456325f301200");
        let group = ConfigGroup {
            version: 300,
            groups: [("a".into(), ConfigGroup::default())].into(),
            values: [("b".into(), ConfigValue { version: 1, ..ConfigValue::default() })].into(),
            policies: [(String::new(), ConfigPolicy::default())].into(),
            mod_policy: "A".into(),
        };
        let config = Config { sequence: 1, channel_group: Some(group.clone()) };
        let octets = canonical(&config);
        assert_eq!(
            hex::encode(&octets),
            "0801121c08ac0212050a0161120\
             01a070a01621202080122040a0012002a0141"
        );
        assert!(octets.len() > config.encode_to_vec().len());
        assert_eq!(decode(&octets), Ok(config));
        let isolated_data = [(String::new(), Vec::new())].into();
        let update = ConfigUpdate { write_set: Some(group), isolated_data, ..Default::default() };
        assert_eq!(decode(&canonical(&update)), Ok(update));
    }
}
