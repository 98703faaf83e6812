//! Serial numbers and key identifiers as clients write them.

use crate::id::{KeyId, SerialNumber};

/// Reads the serial number that `text` means, whatever its case, leading zeros and colons;
/// `None` when it can be none.
pub fn serial_number(text: &str) -> Option<SerialNumber> {
    // 20 octets are 40 digits and 19 colons; a client of ours puts `00` before them.
    significant(text)?.parse().ok()
}

/// Whether `text` names `key_id`, whatever its case, leading zeros and colons.
pub fn same_key_id(key_id: &KeyId, text: &str) -> bool {
    significant(text).is_some_and(|text| text == key_id.short_hex())
}

/// Lower case, without colons and leading zeros; `None` for nothing and for what is far too long.
fn significant(text: &str) -> Option<String> {
    if text.len() > 512 {
        return None;
    }
    let digits = text.replace(':', "").to_ascii_lowercase();
    let digits = digits.trim_start_matches('0');
    (!digits.is_empty()).then(|| digits.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_leading_zeros_and_colons_do_not_matter() {
        let serial: SerialNumber = "ab01".parse().unwrap();
        for text in ["ab01", "AB01", "00ab01", "00:AB:01", "0:0:ab01", "aB:01"] {
            assert_eq!(serial_number(text).as_ref(), Some(&serial), "{text}");
        }
        let key_id = KeyId::from_octets(&[0, 0x04, 0xff]).unwrap();
        for text in ["4ff", "0004FF", "00:04:ff", "04ff"] {
            assert!(same_key_id(&key_id, text), "{text}");
        }
        assert!(!same_key_id(&key_id, "4f"));
        assert!(!same_key_id(&key_id, "4ff0"));
    }

    #[test]
    fn what_is_no_number_names_nothing() {
        for text in ["", "0", "00:00", ":", "xyz", "ab 01", &"7".repeat(41), &"0".repeat(600)] {
            assert_eq!(serial_number(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_serial_number_is_found_by_every_spelling(millis: u64, random: [u8; 14], upper: bool) {
            let serial = SerialNumber::new(millis, random);
            let spelled: Vec<_> =
                serial.as_octets().iter().map(|octet| format!("{octet:02x}")).collect();
            let text = format!("00:{}", spelled.join(":"));
            let text = if upper { text.to_uppercase() } else { text };
            prop_assert_eq!(serial_number(&text), Some(serial));
        }
    }
}
