//! What is proven about a key's protection.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What the token says about a key, read back after it was made; `None` where it does not say.
/// PKCS#11 v3.1 section 4.9.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Custody {
    /// `CKA_PRIVATE`: seen only after login.
    pub private: Option<bool>,
    /// `CKA_SENSITIVE`: not shown in the clear.
    pub sensitive: Option<bool>,
    /// `CKA_ALWAYS_SENSITIVE`: was never otherwise.
    pub always_sensitive: Option<bool>,
    /// `CKA_EXTRACTABLE`: may leave the token wrapped.
    pub extractable: Option<bool>,
    /// `CKA_NEVER_EXTRACTABLE`: could never leave.
    pub never_extractable: Option<bool>,
    /// `CKA_LOCAL`: was made inside the token.
    pub local: Option<bool>,
    /// `CKA_MODIFIABLE`: its attributes may still be changed.
    pub modifiable: Option<bool>,
    /// `CKA_SIGN` is true and every other use (decrypt, unwrap, derive ...) that the token tells of
    /// is false.
    pub sign_only: Option<bool>,
    /// `CKA_KEY_GEN_MECHANISM`, e.g. `CKM_EC_KEY_PAIR_GEN`.
    pub made_by: Option<String>,
}

/// How well a key is kept, from worst to best.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum CustodyLevel {
    /// Nothing is asked. For tokens that say nothing.
    Any,
    /// Private, sensitive and not extractable, now; where it was before is not known.
    Guarded,
    /// Made inside the token, and was never anywhere else.
    #[default]
    Generated,
}

/// Why a text names no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no level of custody: any, guarded or generated")]
pub struct UnknownLevel(String);

impl Custody {
    /// The best level that is proven.
    pub fn level(&self) -> CustodyLevel {
        [CustodyLevel::Generated, CustodyLevel::Guarded]
            .into_iter()
            .find(|level| self.meets(*level))
            .unwrap_or(CustodyLevel::Any)
    }

    /// Whether everything that `required` asks for is proven; what the token does not say is not.
    pub fn meets(&self, required: CustodyLevel) -> bool {
        self.shortfalls(required).is_empty()
    }

    /// What `required` asks for and is not proven, in words.
    pub fn shortfalls(&self, required: CustodyLevel) -> Vec<&'static str> {
        let guarded = [
            (self.private != Some(true), "not private"),
            (self.sensitive != Some(true), "not sensitive"),
            (self.extractable != Some(false), "extractable"),
        ];
        let generated = [
            (self.always_sensitive != Some(true), "not always sensitive"),
            (self.never_extractable != Some(true), "not never extractable"),
            (self.local != Some(true), "not made in the token"),
        ];
        let asked: &[&[(bool, &'static str)]] = match required {
            CustodyLevel::Any => &[],
            CustodyLevel::Guarded => &[&guarded],
            CustodyLevel::Generated => &[&guarded, &generated],
        };
        asked.iter().copied().flatten().filter(|(short, _)| *short).map(|(_, why)| *why).collect()
    }
}

impl CustodyLevel {
    /// Its spelling, e.g. `generated`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Guarded => "guarded",
            Self::Generated => "generated",
        }
    }
}

impl fmt::Display for CustodyLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CustodyLevel {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, UnknownLevel> {
        match text {
            "any" => Ok(Self::Any),
            "guarded" => Ok(Self::Guarded),
            "generated" => Ok(Self::Generated),
            _ => Err(UnknownLevel(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best() -> Custody {
        Custody {
            private: Some(true),
            sensitive: Some(true),
            always_sensitive: Some(true),
            extractable: Some(false),
            never_extractable: Some(true),
            local: Some(true),
            modifiable: Some(false),
            sign_only: Some(true),
            made_by: None,
        }
    }

    #[test]
    fn what_the_token_does_not_say_is_not_proven() {
        assert_eq!(best().level(), CustodyLevel::Generated);
        assert_eq!(Custody { local: None, ..best() }.level(), CustodyLevel::Guarded);
        assert_eq!(Custody { extractable: None, ..best() }.level(), CustodyLevel::Any);
        assert_eq!(Custody::default().level(), CustodyLevel::Any);
        assert!(Custody::default().meets(CustodyLevel::Any));
    }

    #[test]
    fn an_imported_key_does_not_meet_generated() {
        let imported = Custody { local: Some(false), always_sensitive: Some(false), ..best() };
        assert!(!imported.meets(CustodyLevel::Generated));
        assert!(imported.meets(CustodyLevel::Guarded));
        assert_eq!(
            imported.shortfalls(CustodyLevel::Generated),
            ["not always sensitive", "not made in the token"]
        );
    }
}
