//! Fabric CA's JSON shapes.
//!
//! A request has a default for every field, as its clients leave out what they please; the server
//! reads it by `fabric`'s own rules (keys of any case, null for nothing). Answers are read
//! leniently as well: the real server leaves out what is empty.

use serde::{Deserialize, Deserializer, Serialize};

use super::{GoTime, SecretText};

/// What every JSON answer is wrapped in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope<R> {
    /// What was asked for; the empty text when the request failed.
    pub result: R,
    /// Why the request failed; empty on success.
    #[serde(default)]
    pub errors: Vec<Message>,
    /// Always empty.
    #[serde(default)]
    pub messages: Vec<Message>,
    /// Whether it did succeed.
    pub success: bool,
}

/// One error of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Fabric CA's number for it.
    pub code: i64,
    /// For people.
    pub message: String,
}

/// A body that says nothing but which CA is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CaChoice {
    /// The CA; empty for the default one.
    pub caname: String,
}

/// The answer to `cainfo`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CaInfo {
    /// The CA's name.
    #[serde(rename = "CAName")]
    pub ca_name: String,
    /// Base64 of PEM: its certificate, then those above it.
    #[serde(rename = "CAChain")]
    pub ca_chain: String,
    /// Base64 of the Idemix issuer key; empty without Idemix.
    #[serde(rename = "IssuerPublicKey")]
    pub issuer_public_key: String,
    /// Base64 of PEM of the Idemix revocation key; empty without Idemix.
    #[serde(rename = "IssuerRevocationPublicKey")]
    pub issuer_revocation_public_key: String,
    /// The server's version; empty in answers to `enroll`.
    #[serde(rename = "Version")]
    pub version: String,
}

/// The body of `enroll` and `reenroll`. `serial` and `extensions` are not read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EnrollRequest {
    /// The CSR in PEM.
    pub certificate_request: String,
    /// Alternative names in place of the CSR's; `None` keeps those.
    pub hosts: Option<Vec<String>>,
    /// Empty for the default profile.
    pub profile: String,
    /// An HSM label; not used.
    pub label: String,
    /// Subject fields in place of the CSR's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// Where the certificate's validity shall start, at the earliest the CA's own start.
    #[serde(rename = "NotBefore")]
    pub not_before: GoTime,
    /// Not used.
    #[serde(rename = "NotAfter")]
    pub not_after: GoTime,
    /// Not used.
    pub crl_override: String,
    /// Not used.
    #[serde(rename = "ReturnPrecert")]
    pub return_precert: bool,
    /// The attributes wanted: `None` for those flagged, an empty list for none at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attr_reqs: Option<Vec<AttributeRequest>>,
    /// The CA; empty for the default one.
    pub caname: String,
}

/// Subject fields of an enroll body.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Subject {
    /// The common name: the enrollment ID.
    #[serde(rename = "CN")]
    pub common_name: String,
    /// Further fields.
    #[serde(deserialize_with = "or_default")]
    pub names: Vec<SubjectName>,
    /// The serialNumber attribute of the subject, not that of the certificate.
    #[serde(rename = "SerialNumber")]
    pub serial_number: String,
}

/// One group of subject fields; empty ones say nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SubjectName {
    /// countryName
    #[serde(rename = "C")]
    pub country: String,
    /// stateOrProvinceName
    #[serde(rename = "ST")]
    pub state: String,
    /// localityName
    #[serde(rename = "L")]
    pub locality: String,
    /// organizationName
    #[serde(rename = "O")]
    pub organization: String,
    /// organizationalUnitName; ignored, the server sets its own
    #[serde(rename = "OU")]
    pub organizational_unit: String,
    /// serialNumber
    #[serde(rename = "SerialNumber")]
    pub serial_number: String,
}

/// An attribute wanted in a certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AttributeRequest {
    /// Its name.
    pub name: String,
    /// Whether the enrollment may go on without it.
    #[serde(skip_serializing_if = "is_false")]
    pub optional: bool,
}

/// The answer to `enroll` and `reenroll`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EnrollResponse {
    /// Base64 of the certificate in PEM.
    #[serde(rename = "Cert")]
    pub certificate: String,
    /// The CA, without its version.
    #[serde(rename = "ServerInfo")]
    pub server_info: CaInfo,
}

/// The body of `register`, of `POST identities` and of `PUT identities/{id}`, where what is empty
/// stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RegisterRequest {
    /// The enrollment ID.
    pub id: String,
    /// Its type; empty for the registrar's.
    #[serde(rename = "type")]
    pub kind: String,
    /// Empty for a generated one.
    #[serde(skip_serializing_if = "SecretText::is_empty")]
    pub secret: SecretText,
    /// How often it may enroll; -1 without limit, 0 for the CA's rule.
    pub max_enrollments: i64,
    /// Empty for the registrar's, `.` for the root.
    pub affiliation: String,
    /// Its attributes.
    pub attrs: Vec<Attribute>,
    /// The CA; empty for the default one.
    pub caname: String,
}

/// An attribute of an identity.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Whether certificates carry it unless others are asked for.
    #[serde(skip_serializing_if = "is_false")]
    pub ecert: bool,
}

/// The answer to `register`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RegisterResponse {
    /// The enrollment secret, given or generated.
    pub secret: SecretText,
}

/// An identity in an answer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Identity {
    /// The enrollment ID.
    pub id: String,
    /// Its type.
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Empty at the root. Sent all the same, as the real server does.
    pub affiliation: String,
    /// Its attributes, in no order.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "or_default")]
    pub attrs: Vec<Attribute>,
    /// -1 without limit. Always sent: the Java client takes it without asking whether it is there.
    pub max_enrollments: i64,
    /// After it was made or its secret was set.
    #[serde(skip_serializing_if = "SecretText::is_empty")]
    pub secret: SecretText,
    /// The CA; only in answers about one identity.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub caname: String,
}

/// The answer to `GET identities`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Identities {
    /// What the caller may manage.
    #[serde(deserialize_with = "or_default")]
    pub identities: Vec<Identity>,
    /// The CA.
    pub caname: String,
}

/// The body of `POST affiliations`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AffiliationRequest {
    /// The dotted path.
    pub name: String,
    /// The CA; empty for the default one.
    pub caname: String,
}

/// The body of `PUT affiliations/{old}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RenameAffiliationRequest {
    /// The new name, of a client that spells the key in another case; the Go client puts the old
    /// name here.
    // First, as Go's decoder gives a key of any third spelling to the first field that fits.
    #[serde(rename = "Name", skip_serializing_if = "Option::is_none")]
    pub other: Option<String>,
    /// The new name.
    pub name: Option<String>,
    /// The CA; empty for the default one.
    pub caname: String,
}

impl RenameAffiliationRequest {
    /// The new name: of the key `name` if there is one.
    pub fn new_name(&self) -> &str {
        self.name.as_deref().or(self.other.as_deref()).unwrap_or_default()
    }
}

/// An affiliation in an answer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Affiliation {
    /// The dotted path; empty above several top levels.
    pub name: String,
    /// Those directly below.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "or_default")]
    pub affiliations: Vec<Affiliation>,
    /// The identities that moved or went along.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "or_default")]
    pub identities: Vec<Identity>,
    /// The CA; only at the top.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub caname: String,
}

/// The body of `revoke`: serial and key id together name a certificate, else `id` an identity.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RevokeRequest {
    /// An enrollment ID.
    pub id: String,
    /// A serial number in hexadecimal.
    pub serial: String,
    /// The authority key identifier in hexadecimal.
    pub aki: String,
    /// A reason in lower case, e.g. `keycompromise`.
    pub reason: String,
    /// Whether to answer with a new CRL.
    pub gencrl: bool,
    /// The CA; empty for the default one.
    pub caname: String,
}

/// The answer to `revoke`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RevokeResponse {
    /// What was revoked; null when nothing was.
    #[serde(rename = "RevokedCerts")]
    pub revoked: Option<Vec<RevokedCertificate>>,
    /// Base64 of a CRL in PEM; empty when none was asked for or nothing was revoked.
    #[serde(rename = "CRL")]
    pub crl: String,
}

/// A certificate that was revoked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RevokedCertificate {
    /// Its serial number in hexadecimal, without leading zeros.
    #[serde(rename = "Serial")]
    pub serial: String,
    /// Its authority key identifier in hexadecimal, without leading zeros.
    #[serde(rename = "AKI")]
    pub aki: String,
}

/// The body of `gencrl`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenCrlRequest {
    /// Only those revoked after this.
    #[serde(skip_serializing_if = "GoTime::is_none")]
    pub revokedafter: GoTime,
    /// Only those revoked before this.
    #[serde(skip_serializing_if = "GoTime::is_none")]
    pub revokedbefore: GoTime,
    /// Only those that expire after this.
    #[serde(skip_serializing_if = "GoTime::is_none")]
    pub expireafter: GoTime,
    /// Only those that expire before this.
    #[serde(skip_serializing_if = "GoTime::is_none")]
    pub expirebefore: GoTime,
    /// The CA; empty for the default one.
    pub caname: String,
}

/// The answer to `gencrl`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenCrlResponse {
    /// Base64 of a CRL in PEM.
    #[serde(rename = "CRL")]
    pub crl: String,
}

/// The answer to `GET certificates`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Certificates {
    /// What was found.
    #[serde(deserialize_with = "or_default")]
    pub certs: Vec<CertificatePem>,
    /// The CA as the query named it.
    pub caname: String,
}

/// A certificate of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CertificatePem {
    /// PEM, not base64 of it.
    #[serde(rename = "PEM")]
    pub pem: String,
}

/// Reads a null as what is there by default: Go writes an empty list so.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_keeps_the_order_of_its_keys() {
        let identity = Identity {
            id: "u".into(),
            kind: "peer".into(),
            attrs: vec![Attribute { name: "a".into(), value: "1".into(), ecert: false }],
            caname: "ca".into(),
            ..Identity::default()
        };
        assert_eq!(
            serde_json::to_string(&identity).unwrap(),
            r#"{"id":"u","type":"peer","affiliation":"","attrs":[{"name":"a","value":"1"}],"max_enrollments":0,"caname":"ca"}"#
        );
    }

    #[test]
    fn nothing_revoked_is_null() {
        assert_eq!(
            serde_json::to_string(&RevokeResponse::default()).unwrap(),
            r#"{"RevokedCerts":null,"CRL":""}"#
        );
    }

    #[test]
    fn the_new_name_of_an_affiliation_is_the_lower_case_key() {
        let read = |text| serde_json::from_str::<RenameAffiliationRequest>(text).unwrap();
        assert_eq!(read(r#"{"Name":"old","name":"new"}"#).new_name(), "new");
        assert_eq!(read(r#"{"name":"new","Name":"old"}"#).new_name(), "new");
        assert_eq!(read(r#"{"Name":"new"}"#).new_name(), "new");
    }

    #[test]
    fn a_failed_answer_can_be_read() {
        let text =
            r#"{"result":"","errors":[{"code":20,"message":"no"}],"messages":[],"success":false}"#;
        let answer: Envelope<serde_json::Value> = serde_json::from_str(text).unwrap();
        assert_eq!(answer.errors[0].code, 20);
    }
}
