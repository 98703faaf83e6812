//! One CA as its operator writes it: `[[ca]]` in the configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::id::{Affiliation, CaName, EnrollmentId, ProfileName};

/// A `[[ca]]` table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaOptions {
    /// Its name: what clients send as `caname`.
    pub name: CaName,
    /// How many levels the ceremony makes. Default `one`. Not used together with `parent`.
    #[serde(default)]
    pub hierarchy: Hierarchy,
    /// The issuer that certifies members.
    #[serde(default)]
    pub issuer: IssuerOptions,
    /// The root above it, with `hierarchy = "two"`.
    pub root: Option<RootOptions>,
    /// The server that certifies our issuer instead of a root of our own.
    pub parent: Option<ParentOptions>,
    /// Affiliations that are made when they are missing; parents come along.
    #[serde(default)]
    pub affiliations: Vec<Affiliation>,
    /// Its revocation lists.
    #[serde(default)]
    pub crl: CrlOptions,
    /// What identities may do at most.
    #[serde(default)]
    pub limits: LimitOptions,
    /// Overrides of single values of profiles, by profile name.
    #[serde(default)]
    pub profiles: BTreeMap<ProfileName, ProfileOverride>,
    /// A folder with further profiles, one `*.yaml` each; one of a built-in name replaces it.
    pub profiles_dir: Option<PathBuf>,
    /// Identities that are made when the CA has none of that ID.
    #[serde(default)]
    pub identities: Vec<IdentityOptions>,
}

/// How many levels of issuers the ceremony makes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hierarchy {
    /// The issuer signs itself.
    #[default]
    One,
    /// A root certifies the issuer.
    Two,
}

/// The fields of a CA's subject; those left out are not in the certificate.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectOptions {
    /// C: two letters.
    pub country: Option<String>,
    /// ST.
    pub state: Option<String>,
    /// L.
    pub locality: Option<String>,
    /// O.
    pub organization: Option<String>,
    /// OU.
    pub organizational_unit: Option<String>,
    /// CN. Default: the name of the CA, with `-root` behind it for a root.
    pub common_name: Option<String>,
}

/// The algorithms that issuers can have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum IssuerAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    #[default]
    #[serde(rename = "P-256")]
    P256,
    /// ECDSA on P-384 with SHA-384.
    #[serde(rename = "P-384")]
    P384,
    /// RSA of 3072 bits with SHA-256, where the token can.
    #[serde(rename = "RSA-3072")]
    Rsa3072,
    /// Ed25519, where the token can.
    Ed25519,
}

/// `[ca.issuer]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerOptions {
    /// Its subject.
    #[serde(default)]
    pub subject: SubjectOptions,
    /// Hours. Default 131,400 (15 years) for one that signs itself, 43,800 (5 years) under a root.
    pub lifetime_hours: Option<u32>,
    /// How many CAs may follow below. Default 1 for one that signs itself, as Fabric CA's; 0 under a
    /// root.
    pub path_length: Option<u8>,
    /// Default `P-256`.
    #[serde(default)]
    pub key_algorithm: IssuerAlgorithm,
}

/// `[ca.root]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootOptions {
    /// Its subject.
    #[serde(default)]
    pub subject: SubjectOptions,
    /// Hours. Default 131,400 (15 years).
    pub lifetime_hours: Option<u32>,
    /// How many CAs may follow below. Default 1.
    pub path_length: Option<u8>,
    /// Default `P-256`.
    #[serde(default)]
    pub key_algorithm: IssuerAlgorithm,
    /// The token that keeps the root's key, when it is not the one of `[signer]`.
    pub signer: Option<RootSignerOptions>,
}

/// `[ca.root.signer]`: used by the ceremony and by rollover, never while serving.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootSignerOptions {
    /// The PKCS#11 module.
    pub module: PathBuf,
    /// The label of the token.
    pub token: String,
    /// Its serial number, when two tokens bear one label.
    pub serial: Option<String>,
    /// The file with its PIN.
    pub pin_file: PathBuf,
}

/// `[ca.parent]`: the server that certifies our issuer over its `enroll` endpoint.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParentOptions {
    /// Its address.
    pub url: String,
    /// The CA there; empty means its default CA.
    #[serde(default)]
    pub ca: String,
    /// Our enrollment ID there; the common name of the issuer.
    pub id: EnrollmentId,
    /// The file with our secret there.
    pub secret_file: PathBuf,
    /// The profile there. Default `ca`.
    #[serde(default = "ca_profile")]
    pub profile: String,
    /// PEM roots that vouch for an https address.
    pub trust_file: Option<PathBuf>,
}

/// `[ca.crl]`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrlOptions {
    /// Hours from `thisUpdate` to `nextUpdate`. Default 24.
    #[serde(default = "crl_hours")]
    pub lifetime_hours: u32,
}

impl Default for CrlOptions {
    fn default() -> Self {
        Self { lifetime_hours: crl_hours() }
    }
}

/// `[ca.limits]`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitOptions {
    /// The most enrollments of one identity: -1 (default) no limit, 0 nobody enrolls.
    pub max_enrollments: i64,
    /// Wrong secrets from one source that lock an identity for it; 0 never. Default 10.
    pub password_attempts: u32,
    /// Whether identities can be removed. Default false.
    pub allow_identity_removal: bool,
    /// Whether affiliations can be removed. Default false.
    pub allow_affiliation_removal: bool,
    /// Whether an expired certificate may ask for its successor. Default false.
    pub reenroll_ignores_expiry: bool,
}

impl Default for LimitOptions {
    fn default() -> Self {
        Self {
            max_enrollments: -1,
            password_attempts: 10,
            allow_identity_removal: false,
            allow_affiliation_removal: false,
            reenroll_ignores_expiry: false,
        }
    }
}

/// `[ca.profiles.NAME]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileOverride {
    /// Seconds that a certificate of this profile lives.
    pub lifetime_seconds: Option<u32>,
    /// Where the issuer's CRL is found; several are alternatives.
    pub crl_urls: Option<Vec<String>>,
}

/// A `[[ca.identities]]` table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityOptions {
    /// Its enrollment ID.
    pub id: EnrollmentId,
    /// The file with its secret.
    pub secret_file: PathBuf,
    /// Its type. Default `client`.
    #[serde(rename = "type", default = "client")]
    pub kind: String,
    /// Its affiliation. Default the root.
    #[serde(default)]
    pub affiliation: Affiliation,
    /// Its enrollments at most. Default -1: no limit but the CA's; 0 is the CA's.
    #[serde(default = "unlimited")]
    pub max_enrollments: i64,
    /// Its attributes; a value that ends in `:ecert` goes into certificates unasked.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

fn ca_profile() -> String {
    "ca".to_owned()
}

fn crl_hours() -> u32 {
    24
}

fn client() -> String {
    "client".to_owned()
}

fn unlimited() -> i64 {
    -1
}
