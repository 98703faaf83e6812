//! Serial numbers and key identifiers: octets that are written as lower-case hexadecimal.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why octets or hexadecimal text are no serial number or key identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadSerial(&'static str);

/// A certificate serial number: 1 to 20 octets, positive, without leading zero octets.
/// [RFC 5280 section 4.1.2.2](https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.2)
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SerialNumber(Vec<u8>);

impl SerialNumber {
    /// A serial number of ours: the time in milliseconds since 1970 (46 bits), then 14 random octets.
    ///
    /// In the order of time, so that a database adds to the end of its indices whatever their size;
    /// 112 random bits, so that none can be foretold (CA/Browser Forum Baseline Requirements, section
    /// 7.1, ask for 64).
    // Top bit clear keeps it positive; the next bit set keeps every serial 20 octets, so its hex
    // has one form only.
    pub fn new(millis: u64, random: [u8; 14]) -> Self {
        let prefix = (millis & 0x3fff_ffff_ffff) | 0x4000_0000_0000;
        let time = prefix.to_be_bytes();
        Self(time.into_iter().skip(2).chain(random).collect())
    }

    /// Reads a big-endian magnitude; leading zero octets are dropped.
    ///
    /// # Errors
    /// When nothing or more than 20 octets are left.
    pub fn from_octets(octets: &[u8]) -> Result<Self, BadSerial> {
        let start = octets.iter().position(|octet| *octet != 0).unwrap_or(octets.len());
        match octets.get(start..) {
            Some(rest) if (1..=20).contains(&rest.len()) => Ok(Self(rest.to_vec())),
            _ => Err(BadSerial("a serial number has 1 to 20 octets and is not zero")),
        }
    }

    /// The magnitude, big-endian, without leading zero octets.
    pub fn as_octets(&self) -> &[u8] {
        &self.0
    }
}

/// Found by its octets where it is a key.
impl Borrow<[u8]> for SerialNumber {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for SerialNumber {
    type Err = BadSerial;

    /// Reads hexadecimal text of any case; leading zeros do not matter.
    fn from_str(text: &str) -> Result<Self, BadSerial> {
        Self::from_octets(&unhex(text)?)
    }
}

impl fmt::Display for SerialNumber {
    /// Lower case, without leading zeros, as Fabric CA writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(hex::encode(&self.0).trim_start_matches('0'))
    }
}

impl fmt::Debug for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SerialNumber({self})")
    }
}

impl TryFrom<String> for SerialNumber {
    type Error = BadSerial;

    fn try_from(text: String) -> Result<Self, BadSerial> {
        text.parse()
    }
}

impl From<SerialNumber> for String {
    fn from(serial: SerialNumber) -> String {
        serial.to_string()
    }
}

/// A key identifier (SKI or AKI): 1 to 64 octets.
/// [RFC 5280 section 4.2.1.2](https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.2)
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(Vec<u8>);

impl KeyId {
    /// Takes the octets as they are.
    ///
    /// # Errors
    /// When there are none or more than 64.
    pub fn from_octets(octets: &[u8]) -> Result<Self, BadSerial> {
        if (1..=64).contains(&octets.len()) {
            Ok(Self(octets.to_vec()))
        } else {
            Err(BadSerial("a key identifier has 1 to 64 octets"))
        }
    }

    /// The octets.
    pub fn as_octets(&self) -> &[u8] {
        &self.0
    }

    /// Fabric CA's text of it: hexadecimal without leading zeros.
    pub fn short_hex(&self) -> String {
        hex::encode(&self.0).trim_start_matches('0').to_owned()
    }
}

/// Found by its octets where it is a key.
impl Borrow<[u8]> for KeyId {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for KeyId {
    type Err = BadSerial;

    fn from_str(text: &str) -> Result<Self, BadSerial> {
        Self::from_octets(&unhex(text)?)
    }
}

impl fmt::Display for KeyId {
    /// Lower-case hexadecimal of every octet.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl TryFrom<String> for KeyId {
    type Error = BadSerial;

    fn try_from(text: String) -> Result<Self, BadSerial> {
        text.parse()
    }
}

impl From<KeyId> for String {
    fn from(key_id: KeyId) -> String {
        key_id.to_string()
    }
}

fn unhex(text: &str) -> Result<Vec<u8>, BadSerial> {
    // 256 digits are more than any of these needs and bound the work.
    if text.len() > 256 {
        return Err(BadSerial("more than 256 hexadecimal digits"));
    }
    let padded = if text.len() % 2 == 1 { format!("0{text}") } else { text.to_owned() };
    hex::decode(padded).map_err(|_| BadSerial("not hexadecimal"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_of_ours_have_one_form_and_are_in_order() {
        let mut last = None;
        for bits in 0..46 {
            let serial = SerialNumber::new(1 << bits, [0xff; 14]);
            assert!(last.replace(serial.clone()) < Some(serial.clone()));
            assert_eq!(serial.to_string().len(), 40);
            assert_eq!(serial.to_string().parse::<SerialNumber>().unwrap(), serial);
            assert!(serial.as_octets()[0] < 0x80);
        }
    }

    #[test]
    fn case_and_leading_zeros_of_a_serial_do_not_matter() {
        let serial: SerialNumber = "00Ab01".parse().unwrap();
        assert_eq!(serial.to_string(), "ab01");
        assert_eq!("ab1".parse::<SerialNumber>().unwrap().to_string(), "ab1");
        assert!("0".parse::<SerialNumber>().is_err());
        assert!("".parse::<SerialNumber>().is_err());
        assert!("zz".parse::<SerialNumber>().is_err());
        assert!("7f".repeat(21).parse::<SerialNumber>().is_err());
    }
}
