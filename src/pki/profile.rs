//! Certificate profiles: as written in YAML, and as used.

use serde::{Deserialize, Serialize};

use super::algorithm::KeyAlgorithm;
use super::extension::{Purpose, Usage};
use crate::id::ProfileName;

/// The longest life of a profile: 100 years, in seconds.
const MAX_LIFE_SECONDS: u32 = 3_153_600_000;

/// The most URLs of each kind.
const MAX_URLS: usize = 8;

/// The profiles that are part of the program. The first three are Fabric CA's.
const BUILT_IN: [&str; 7] = [
    include_str!("../../policies/profiles/default.yaml"),
    include_str!("../../policies/profiles/tls.yaml"),
    include_str!("../../policies/profiles/ca.yaml"),
    include_str!("../../policies/profiles/member.yaml"),
    include_str!("../../policies/profiles/server-tls.yaml"),
    include_str!("../../policies/profiles/issuing.yaml"),
    include_str!("../../policies/profiles/root.yaml"),
];

/// A profile as written, one YAML document. Every field but the first four has a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "service", schemars(rename = "Profile"))]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// What the document is about; it may be left away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ProfileKind>,
    /// What requests name it by.
    #[cfg_attr(feature = "service", schemars(with = "String"))]
    pub name: ProfileName,
    /// One sentence for people.
    pub description: String,
    /// Seconds of validity, counted from the present minute; cut off at the issuer's end.
    pub life_seconds: u32,
    /// What the keys are for.
    pub key_usage: Vec<Usage>,
    /// What the certificates are for beyond that; none by default.
    #[serde(default)]
    pub extended_key_usage: Vec<Purpose>,
    /// Present in a profile for CAs.
    #[serde(default)]
    pub authority: Option<Authority>,
    /// Seconds by which the validity starts before the present, but not before the issuer's own
    /// start. Absent: it starts with the issuer's, as Fabric CA has it.
    #[serde(default)]
    pub backdate_seconds: Option<u32>,
    /// Whether all values of a subject field stand in one RDN, as Fabric CA has it; by default each
    /// has its own.
    #[serde(default)]
    pub group_subject_fields: bool,
    /// When basic constraints stand in the certificate.
    #[serde(default)]
    pub basic_constraints: BasicConstraintsRule,
    /// Whether there are to be alternative names.
    #[serde(default)]
    pub alternative_names: AlternativeNamesRule,
    /// Whether the identity's attributes stand in the certificate; so by default.
    #[serde(default = "yes")]
    pub attributes: bool,
    /// The kinds of keys that are certified; all by default.
    #[serde(default = "KeyKind::all")]
    pub keys: Vec<KeyKind>,
    /// Where the issuer's CRL is fetched.
    #[serde(default)]
    pub crl_urls: Vec<String>,
    /// Where the issuer's certificate is fetched.
    #[serde(default)]
    pub issuer_urls: Vec<String>,
    /// Where the issuer's OCSP responder is.
    #[serde(default)]
    pub ocsp_urls: Vec<String>,
}

/// `profile`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProfileKind {
    /// It is about certificates.
    Profile,
}

/// What a profile for CAs says of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// How many CAs may stand between such a CA and a member.
    pub path_length: u8,
}

/// When basic constraints stand in a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BasicConstraintsRule {
    /// Only in those of CAs.
    #[default]
    Authorities,
    /// In all, as Fabric CA has it.
    Always,
}

/// Whether a certificate has alternative names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlternativeNamesRule {
    /// Those that are asked for, well formed or not, as Fabric CA has it.
    AsAsked,
    /// Those that are asked for, in the forms of RFC 5280: host names, mailboxes, URIs of a host.
    #[default]
    Optional,
    /// As `Optional`, and none is an error.
    Required,
    /// None; asking for some is an error.
    Forbidden,
}

/// A kind of key, whatever its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
pub enum KeyKind {
    /// ECDSA on P-256.
    #[serde(rename = "P-256")]
    P256,
    /// ECDSA on P-384.
    #[serde(rename = "P-384")]
    P384,
    /// Ed25519.
    Ed25519,
    /// RSA of 2048 bits and more.
    #[serde(rename = "RSA")]
    Rsa,
}

impl KeyKind {
    fn all() -> Vec<Self> {
        vec![Self::P256, Self::P384, Self::Ed25519, Self::Rsa]
    }
}

impl From<KeyAlgorithm> for KeyKind {
    fn from(algorithm: KeyAlgorithm) -> Self {
        match algorithm {
            KeyAlgorithm::P256 => Self::P256,
            KeyAlgorithm::P384 => Self::P384,
            KeyAlgorithm::Ed25519 => Self::Ed25519,
            KeyAlgorithm::Rsa { .. } => Self::Rsa,
        }
    }
}

/// A profile as used: what was written, checked once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile(Options);

/// Why a text is no profile.
#[derive(Debug, thiserror::Error)]
pub enum BadProfile {
    /// It is no YAML of that shape; the message names line and column.
    #[error("the profile cannot be read: {0}")]
    Yaml(String),
    /// It contradicts itself or a standard.
    #[error("profile `{name}`: {why}")]
    Contradiction {
        /// Which profile.
        name: ProfileName,
        /// What is wrong.
        why: &'static str,
    },
}

impl Profile {
    /// The profiles that are part of the program: Fabric CA's `default`, `tls` and `ca`, and our
    /// stricter `member`, `server-tls`, `issuing` and `root`.
    pub fn built_in() -> Vec<Self> {
        // A test reads them all.
        BUILT_IN.iter().filter_map(|text| Self::from_yaml(text).ok()).collect()
    }

    /// Reads one YAML document.
    ///
    /// # Errors
    /// When it is none, has an unknown field, or contradicts itself.
    pub fn from_yaml(text: &str) -> Result<Self, BadProfile> {
        let options: Options =
            serde_saphyr::from_str(text).map_err(|error| BadProfile::Yaml(error.to_string()))?;
        options.try_into()
    }

    /// What requests name it by.
    pub fn name(&self) -> &ProfileName {
        &self.0.name
    }

    /// What was written.
    pub fn options(&self) -> &Options {
        &self.0
    }

    /// Whether its certificates are those of CAs.
    pub fn is_for_authorities(&self) -> bool {
        self.0.authority.is_some()
    }
}

impl TryFrom<Options> for Profile {
    type Error = BadProfile;

    fn try_from(options: Options) -> Result<Self, BadProfile> {
        match contradiction(&options) {
            Some(why) => Err(BadProfile::Contradiction { name: options.name, why }),
            None => Ok(Self(options)),
        }
    }
}

fn contradiction(options: &Options) -> Option<&'static str> {
    let authority = options.authority.is_some();
    let signs = options.key_usage.contains(&Usage::KeyCertSign);
    let urls = [&options.crl_urls, &options.issuer_urls, &options.ocsp_urls];
    let rules = [
        (options.life_seconds == 0, "a life of 0 seconds"),
        (options.life_seconds > MAX_LIFE_SECONDS, "a life of more than 100 years"),
        (options.key_usage.is_empty(), "no key usage"),
        (authority && !signs, "a CA whose key does not sign certificates (`keyCertSign`)"),
        (!authority && signs, "`keyCertSign` without `authority`"),
        (
            !authority && options.key_usage.contains(&Usage::CrlSign),
            "`cRLSign` without `authority`",
        ),
        (has_twice(&options.key_usage), "a key usage twice"),
        (has_twice(&options.extended_key_usage), "an extended key usage twice"),
        (options.keys.is_empty(), "no kind of key"),
        (
            // Go, and so Fabric's nodes, want it of every certificate of a chain that has any.
            !options.extended_key_usage.is_empty()
                && !options.extended_key_usage.contains(&Purpose::ServerAuth),
            "extended key usages without `serverAuth`, which Fabric's nodes refuse",
        ),
        (urls.iter().any(|list| list.len() > MAX_URLS), "more than 8 URLs of one kind"),
        (urls.iter().any(|list| !list.iter().all(|url| is_url(url))), "a URL that is not http"),
    ];
    rules.into_iter().find(|(wrong, _)| *wrong).map(|(_, why)| why)
}

fn has_twice<T: PartialEq>(list: &[T]) -> bool {
    list.iter().enumerate().any(|(at, item)| list.iter().take(at).any(|other| other == item))
}

fn is_url(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    url.len() <= 253
        && rest.is_some_and(|rest| !rest.is_empty())
        && url.bytes().all(|octet| octet.is_ascii_graphic())
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_profile_is_read() {
        let names: Vec<_> = BUILT_IN
            .iter()
            .map(|text| Profile::from_yaml(text).unwrap().name().to_string())
            .collect();
        let expected = ["default", "tls", "ca", "member", "server-tls", "issuing", "root"];
        assert_eq!(names, expected);
        assert_eq!(Profile::built_in().len(), expected.len());
    }

    #[test]
    fn fabrics_profiles_say_what_fabric_says() {
        let [default, tls, ca, ..] = BUILT_IN.map(|text| Profile::from_yaml(text).unwrap().0);
        for options in [&default, &tls, &ca] {
            assert!(options.group_subject_fields && options.attributes);
            assert_eq!(options.basic_constraints, BasicConstraintsRule::Always);
            assert_eq!(options.backdate_seconds, None);
            assert_eq!(options.alternative_names, AlternativeNamesRule::AsAsked);
            assert_eq!(options.keys, KeyKind::all());
        }
        assert_eq!(default.life_seconds, 8760 * 3600);
        assert_eq!(default.key_usage, [Usage::DigitalSignature]);
        assert_eq!(tls.extended_key_usage, [Purpose::ServerAuth, Purpose::ClientAuth]);
        assert_eq!(ca.life_seconds, 43800 * 3600);
        assert_eq!(ca.authority, Some(Authority { path_length: 0 }));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let good = BUILT_IN[0];
        for (from, to, why) in [
            ("[digitalSignature]", "[keyCertSign]", "without `authority`"),
            ("[digitalSignature]", "[]", "no key usage"),
            ("[digitalSignature]", "[digitalSignature, digitalSignature]", "twice"),
            ("life_seconds: 31536000", "life_seconds: 0", "0 seconds"),
            ("name: default", "name: default\nunknown: 1", "unknown"),
            ("name: default", "name: de fault", "profile name"),
            ("name: default", "name: default\nextended_key_usage: [clientAuth]", "serverAuth"),
            ("name: default", "name: default\ncrl_urls: ['ldap://x']", "URL"),
            ("name: default", "name: default\nkeys: [P-224]", "P-224"),
        ] {
            let text = good.replace(from, to);
            assert_ne!(text, good);
            let error = Profile::from_yaml(&text).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
