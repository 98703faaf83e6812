//! Short texts with bounds.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is not the name it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {why}")]
pub struct BadName {
    /// What was to be named, e.g. `enrollment ID`.
    pub what: &'static str,
    /// What is wrong with it, without repeating it.
    pub why: &'static str,
}

/// Declares a name: a text of 1 to `$max` octets whose characters all satisfy `$ok`, and the first of
/// them `$first` too, where it is given.
macro_rules! text_name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:literal, $ok:expr $(, $first:expr)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Bounds the length, in octets.
            pub const MAX: usize = $max;

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadName;

            fn from_str(text: &str) -> Result<Self, BadName> {
                let ok: fn(char) -> bool = $ok;
                let why = if text.is_empty() {
                    "is empty"
                } else if text.len() > Self::MAX {
                    concat!("is longer than ", stringify!($max), " octets")
                } else if !text.chars().all(ok) {
                    "holds a character that is not allowed"
                } else {
                    $(
                        let first: fn(char) -> bool = $first;
                        if !text.starts_with(first) {
                            let why = "begins with a character that may not come first";
                            return Err(BadName { what: $what, why });
                        }
                    )?
                    return Ok(Self(text.to_owned()));
                };
                Err(BadName { what: $what, why })
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadName;

            fn try_from(text: String) -> Result<Self, BadName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        /// Found by its text where it is a key.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

text_name! {
    /// Names a certificate authority of a server, e.g. `ca-org1`: 1 to 64 of `[A-Za-z0-9._-]`.
    CaName, "CA name", 64, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')
}

text_name! {
    /// Names an identity in its CA, e.g. `peer0.org1.example.com`: 1 to 512 octets without control
    /// characters. Fabric CA sets no bound; a common name of more than 64 octets cannot be enrolled.
    EnrollmentId, "enrollment ID", 512, |c| !c.is_control()
}

text_name! {
    /// A `CKA_LABEL` of ours: 1 to 128 of `[A-Za-z0-9._-]`.
    KeyLabel, "key label", 128, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')
}

text_name! {
    /// Names a certificate profile, e.g. `tls`: 1 to 64 of `[A-Za-z0-9._-]`.
    ProfileName, "profile name", 64, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')
}

text_name! {
    /// Names a channel as Fabric's nodes do: 1 to 249 of `[a-z0-9.-]`, beginning with a letter.
    ChannelId, "channel ID", 249,
    |c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-'),
    |c| c.is_ascii_lowercase()
}

text_name! {
    /// The ID of a membership service provider, e.g. `Org1MSP`: 1 to 255 octets without control
    /// characters.
    MspId, "MSP ID", 255, |c| !c.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_outside_their_bounds_are_refused() {
        assert!("ca-org1".parse::<CaName>().is_ok());
        assert_eq!("".parse::<CaName>().unwrap_err().why, "is empty");
        assert!("ca org1".parse::<CaName>().is_err());
        assert!("a/b c@dé".parse::<EnrollmentId>().is_ok());
        assert!("a\0b".parse::<EnrollmentId>().is_err());
        assert!("supply-1.eu".parse::<ChannelId>().is_ok());
        for bad in ["", "1st", "-a", "Up", "a_b", "a/b"] {
            assert!(bad.parse::<ChannelId>().is_err(), "{bad}");
        }
        assert!("x".repeat(513).parse::<EnrollmentId>().is_err());
    }
}
