//! An MSP as it is written: where it is, or of which parts it is made.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::shown;
use crate::channel::configtx::MspSource;
use crate::msp::{Folder, clean_path};
use crate::wire::{
    FabricCryptoConfig, FabricMspConfig, FabricNodeOus, FabricOuIdentifier, Message as _,
    MspConfig, decode,
};

/// An MSP as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Msp {
    /// The path of its folder.
    Folder(String),
    /// Otherwise.
    Parts(Box<Parts>),
}

/// An MSP by what it is made of. `file` or `base64` stand alone; certificates and lists are PEM.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "service", schemars(rename = "MspParts"))]
#[serde(deny_unknown_fields)]
pub(super) struct Parts {
    /// The path of a file with an `MSPConfig`, as `chancery msp export --config` writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<String>,
    /// An `MSPConfig` in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) base64: Option<String>,
    /// Root CAs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) roots: Vec<String>,
    /// Intermediate CAs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) intermediates: Vec<String>,
    /// Administrators by certificate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) admins: Vec<String>,
    /// Lists of revoked certificates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) revocation_lists: Vec<String>,
    /// Root CAs of TLS.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) tls_roots: Vec<String>,
    /// Intermediate CAs of TLS.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) tls_intermediates: Vec<String>,
    /// Units of which each member must hold one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) units: Vec<Unit>,
    /// Units that are roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) roles: Option<Roles>,
    /// Hash functions; SHA2 and SHA256 unless it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) hashes: Option<Hashes>,
}

/// A unit, perhaps of one CA only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Unit {
    /// Its name.
    pub(super) unit: String,
    /// The CA that it is bound to: `root 1`, `intermediate 2`, or PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ca: Option<String>,
}

/// Units that are roles.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Roles {
    /// Whether each member must hold exactly one; yes unless it is said.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub(super) enabled: bool,
    /// Clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) client: Option<Unit>,
    /// Peers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) peer: Option<Unit>,
    /// Administrators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) admin: Option<Unit>,
    /// Orderers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) orderer: Option<Unit>,
}

/// Hash functions by name; nothing where the MSP has none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Hashes {
    /// `SHA2` or `SHA3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) family: Option<String>,
    /// e.g. `SHA256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) identifiers: Option<String>,
}

fn yes() -> bool {
    true
}

impl Msp {
    /// Where the MSP is, or the MSP.
    pub(super) fn source(&self, id: &str, files: &impl Folder) -> Result<MspSource, String> {
        match self {
            Self::Folder(path) => Ok(MspSource::Folder(path.clone())),
            Self::Parts(parts) => parts.config(id, files).map(MspSource::Given),
        }
    }
}

impl Parts {
    fn config(&self, id: &str, files: &impl Folder) -> Result<MspConfig, String> {
        let octets = match (&self.file, &self.base64) {
            (None, None) => {
                let config = self.made(id)?.encode_to_vec();
                return Ok(MspConfig { r#type: 0, config });
            }
            _ if !self.stands_alone() => {
                return Err("`file` and `base64` stand alone, without other parts".to_owned());
            }
            (Some(path), _) => files
                .file(&clean_path(path))?
                .ok_or_else(|| format!("the file `{}` is not there", shown(path)))?,
            (None, Some(text)) => {
                STANDARD.decode(text).map_err(|why| format!("`base64` is none: {why}"))?
            }
        };
        let config: MspConfig =
            decode(&octets).map_err(|why| format!("it is no `MSPConfig`: {why}"))?;
        let inner: Option<FabricMspConfig> = decode(&config.config).ok();
        match inner {
            Some(inner) if inner.name != id => {
                Err(format!("it is the MSP `{}`, and `msp_id` says otherwise", shown(&inner.name)))
            }
            _ => Ok(config),
        }
    }

    fn stands_alone(&self) -> bool {
        let bare = Self { file: None, base64: None, ..self.clone() };
        bare == Self::default() && (self.file.is_none() || self.base64.is_none())
    }

    /// The MSP of these parts.
    pub(super) fn made(&self, id: &str) -> Result<FabricMspConfig, String> {
        let octets = |list: &[String]| list.iter().map(|one| one.clone().into_bytes()).collect();
        let usual = || FabricCryptoConfig {
            signature_hash_family: "SHA2".to_owned(),
            identity_identifier_hash_function: "SHA256".to_owned(),
        };
        let hashes = match &self.hashes {
            None => Some(usual()),
            Some(Hashes { family: None, identifiers: None }) => None,
            Some(Hashes { family, identifiers }) => Some(FabricCryptoConfig {
                signature_hash_family: family.clone().unwrap_or_default(),
                identity_identifier_hash_function: identifiers.clone().unwrap_or_default(),
            }),
        };
        let unit = |unit: &Unit| self.unit(unit);
        let role = |role: &Option<Unit>| role.as_ref().map(unit).transpose();
        let roles = self.roles.as_ref().map(|roles| {
            Ok::<_, String>(FabricNodeOus {
                enable: roles.enabled,
                client_ou_identifier: role(&roles.client)?,
                peer_ou_identifier: role(&roles.peer)?,
                admin_ou_identifier: role(&roles.admin)?,
                orderer_ou_identifier: role(&roles.orderer)?,
            })
        });
        Ok(FabricMspConfig {
            name: id.to_owned(),
            root_certs: octets(&self.roots),
            intermediate_certs: octets(&self.intermediates),
            admins: octets(&self.admins),
            revocation_list: octets(&self.revocation_lists),
            signing_identity: None,
            organizational_unit_identifiers: self
                .units
                .iter()
                .map(unit)
                .collect::<Result<_, _>>()?,
            crypto_config: hashes,
            tls_root_certs: octets(&self.tls_roots),
            tls_intermediate_certs: octets(&self.tls_intermediates),
            fabric_node_ous: roles.transpose()?,
        })
    }

    fn unit(&self, unit: &Unit) -> Result<FabricOuIdentifier, String> {
        let certificate = match &unit.ca {
            None => Vec::new(),
            Some(named) => self.ca(named)?.clone().into_bytes(),
        };
        let organizational_unit_identifier = unit.unit.clone();
        Ok(FabricOuIdentifier { certificate, organizational_unit_identifier })
    }

    fn ca<'p>(&'p self, named: &'p String) -> Result<&'p String, String> {
        if named.contains("-----BEGIN") {
            return Ok(named);
        }
        let found = self.numbered().find(|(name, _)| name == named).map(|(_, pem)| pem);
        found.ok_or_else(|| {
            let shown = shown(named);
            format!("`ca` is `{shown}`, which is neither PEM nor one of its CAs")
        })
    }

    /// The CAs with their names.
    pub(super) fn numbered(&self) -> impl Iterator<Item = (String, &String)> {
        let named = |word: &'static str| {
            move |(at, pem)| (format!("{word} {}", usize::saturating_add(at, 1)), pem)
        };
        let roots = self.roots.iter().enumerate().map(named("root"));
        roots.chain(self.intermediates.iter().enumerate().map(named("intermediate")))
    }
}

impl Serialize for Msp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Folder(path) => path.serialize(serializer),
            Self::Parts(parts) => parts.serialize(serializer),
        }
    }
}

/// Not as an untagged enum, whose errors tell no reason.
impl<'de> Deserialize<'de> for Msp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Msp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the path of an MSP's folder, or the parts of an MSP")
            }

            fn visit_str<E: de::Error>(self, path: &str) -> Result<Msp, E> {
                Ok(Msp::Folder(path.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Msp, A::Error> {
                let parts = Parts::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Msp::Parts(Box::new(parts)))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

#[cfg(feature = "service")]
impl schemars::JsonSchema for Msp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Msp".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let parts = generator.subschema_for::<Parts>();
        schemars::json_schema!({
            "description": "An MSP: the path of its folder, or its parts.",
            "anyOf": [{ "type": "string" }, parts],
        })
    }
}
