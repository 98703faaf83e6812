//! `config.yaml` of an MSP folder.

use std::fmt;

use serde::de::{Deserializer, Unexpected, Visitor};
use serde::{Deserialize, de};

/// What `config.yaml` says. Keys are exact, unknown ones are passed over.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Settings {
    #[serde(default, rename = "OrganizationalUnitIdentifiers")]
    pub(super) units: Option<Vec<Unit>>,
    #[serde(default, rename = "NodeOUs")]
    pub(super) roles: Option<Roles>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Unit {
    #[serde(default, rename = "Certificate")]
    certificate: Option<String>,
    #[serde(default, rename = "OrganizationalUnitIdentifier")]
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Roles {
    #[serde(default, rename = "Enable")]
    enable: Option<Truth>,
    #[serde(default, rename = "ClientOUIdentifier")]
    pub(super) client: Option<Unit>,
    #[serde(default, rename = "PeerOUIdentifier")]
    pub(super) peer: Option<Unit>,
    #[serde(default, rename = "AdminOUIdentifier")]
    pub(super) admin: Option<Unit>,
    #[serde(default, rename = "OrdererOUIdentifier")]
    pub(super) orderer: Option<Unit>,
}

impl Settings {
    /// Reads the first document; what has none says nothing.
    pub(super) fn read(text: &[u8]) -> Result<Self, String> {
        let mut reader = text;
        // Spellings of YAML 1.1 are then texts, which [`Truth`] takes one by one.
        let options = serde_saphyr::options! { strict_booleans: true };
        let mut documents =
            serde_saphyr::read_with_options::<_, Option<Self>>(&mut reader, options);
        match documents.next() {
            None => Ok(Self::default()),
            Some(Ok(settings)) => Ok(settings.unwrap_or_default()),
            Some(Err(why)) => Err(why.to_string()),
        }
    }
}

impl Unit {
    /// The path of the CA's certificate, empty when it is not given.
    pub(super) fn certificate(&self) -> &str {
        self.certificate.as_deref().unwrap_or_default()
    }

    /// The unit's name, empty when it is not given.
    pub(super) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }
}

impl Roles {
    pub(super) fn is_enabled(&self) -> bool {
        matches!(self.enable, Some(Truth(true)))
    }
}

/// A truth value, in the spellings of YAML 1.1 too; the text "true" is none.
#[derive(Debug)]
struct Truth(bool);

impl<'de> Deserialize<'de> for Truth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl Visitor<'_> for Reader {
            type Value = Truth;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true or false")
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Truth, E> {
                Ok(Truth(value))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Truth, E> {
                Ok(Truth(false))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Truth, E> {
                match value {
                    "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Ok(Truth(true)),
                    "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Ok(Truth(false)),
                    _ => Err(E::invalid_value(Unexpected::Str(value), &self)),
                }
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enabled(value: &str) -> Result<bool, String> {
        let text = format!("NodeOUs:\n  Enable: {value}\n");
        Settings::read(text.as_bytes()).map(|settings| settings.roles.unwrap().is_enabled())
    }

    #[test]
    fn truths_have_many_spellings() {
        for yes in ["true", "True", "TRUE", "yes", "on", "Y", "\"yes\""] {
            assert_eq!(enabled(yes), Ok(true), "{yes}");
        }
        for no in ["false", "False", "no", "off", "n", "", "~", "null"] {
            assert_eq!(enabled(no), Ok(false), "{no}");
        }
        for wrong in ["\"true\"", "'false'", "1", "0", "tRUE", "[true]", "1.0"] {
            assert!(enabled(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_may_look_like_anything() {
        for (written, name) in [
            ("123", "123"),
            ("1.0", "1.0"),
            ("true", "true"),
            ("~", ""),
            ("0x1f", "0x1f"),
            ("'~'", "~"),
            ("2024-01-01", "2024-01-01"),
            ("yes", "yes"),
        ] {
            let text = format!(
                "NodeOUs: {{ClientOUIdentifier: {{OrganizationalUnitIdentifier: {written}}}}}"
            );
            let settings = Settings::read(text.as_bytes()).unwrap();
            assert_eq!(settings.roles.unwrap().client.unwrap().name(), name, "{written}");
        }
    }

    #[test]
    fn what_says_nothing_is_fine() {
        for nothing in [
            "",
            "# nothing\n",
            "---\n",
            "~",
            "NodeOUs:\n",
            "other: {a: 1}\n",
            "nodeous: 7\n",
            "OrganizationalUnitIdentifiers: []",
            "\n\n",
            "{}",
        ] {
            let settings = Settings::read(nothing.as_bytes());
            assert!(settings.is_ok_and(|settings| settings.roles.is_none()), "{nothing:?}");
        }
    }

    #[test]
    fn the_first_document_counts() {
        let text = "NodeOUs:\n  Enable: true\n---\nNodeOUs: 7\n";
        assert!(Settings::read(text.as_bytes()).unwrap().roles.unwrap().is_enabled());
        let text = "NodeOUs:\n  Enable: true\n---\n[\n";
        assert!(Settings::read(text.as_bytes()).unwrap().roles.unwrap().is_enabled());
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for wrong in [
            "NodeOUs: 7",
            "NodeOUs: [",
            "NodeOUs:\n\tEnable: true\n",
            "text",
            "- a",
            "NodeOUs: {}\nNodeOUs: {}",
            "NodeOUs: {ClientOUIdentifier: client}",
            "NodeOUs: {ClientOUIdentifier: {Certificate: [a]}}",
            "OrganizationalUnitIdentifiers: {a: 1}",
            "OrganizationalUnitIdentifiers: [7]",
            "OrganizationalUnitIdentifiers: [~]",
            "NodeOUs: {Enable: true, Enable: true}",
            "\u{0}",
            "a: *b",
        ] {
            assert!(Settings::read(wrong.as_bytes()).is_err(), "{wrong:?}");
        }
        assert!(Settings::read(b"\xff").is_err());
    }

    #[test]
    fn anchors_and_merges_are_followed() {
        let text = "a: &a {Certificate: x, OrganizationalUnitIdentifier: client}\nNodeOUs:\n  ClientOUIdentifier: *a\n  \
                    PeerOUIdentifier:\n    <<: *a\n    OrganizationalUnitIdentifier: peer\n";
        let roles = Settings::read(text.as_bytes()).unwrap().roles.unwrap();
        let (client, peer) = (roles.client.unwrap(), roles.peer.unwrap());
        assert_eq!((client.certificate(), client.name()), ("x", "client"));
        assert_eq!((peer.certificate(), peer.name()), ("x", "peer"));
    }
}
