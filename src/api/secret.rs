//! A secret on its way over the wire.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::secret::EnrollmentSecret;

/// A secret as a JSON string: never shown by `Debug`, wiped on drop. Empty means none.
#[derive(Clone, Default)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The secret for the deeds; `None` when it is empty.
    pub fn given(&self) -> Option<EnrollmentSecret> {
        (!self.is_empty()).then(|| EnrollmentSecret::new(self.expose().to_owned()))
    }
}

impl From<&EnrollmentSecret> for SecretText {
    fn from(secret: &EnrollmentSecret) -> Self {
        Self(Zeroizing::new(secret.expose().to_owned()))
    }
}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}
