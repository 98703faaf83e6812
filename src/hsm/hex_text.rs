//! Octets as hexadecimal text, for `#[serde(with = "…")]`.

use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer, Serializer};

pub(crate) fn serialize<S: Serializer>(
    octets: &impl AsRef<[u8]>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(octets.as_ref()))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>, T: TryFrom<Vec<u8>>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    let octets = hex::decode(text).map_err(D::Error::custom)?;
    T::try_from(octets).map_err(|_| D::Error::custom("wrong number of octets"))
}
