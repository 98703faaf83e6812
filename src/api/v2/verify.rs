//! Questions about signatures, and verdicts.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::text::Text;

/// Many questions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "VerifyRequest")]
pub struct VerifyRequest<'a> {
    /// The channel of the items that name none. Without one: the server's own organizations.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Text<'a>>,
    /// Whether it shall be said why.
    #[serde(default, skip_serializing_if = "is_false")]
    pub explain: bool,
    /// Identities that signatures refer to by place, so that each is sent once.
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<IdentityText<'a>>,
    /// The questions, at most 10,000.
    #[serde(borrow)]
    pub items: Vec<VerifyItem<'a>>,
}

/// A question: what a set of signatures comes to. At most one of `policy`, `rule` and `resource`; without
/// any, whether each signature is good and by a valid member.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "VerifyItem")]
pub struct VerifyItem<'a> {
    /// The channel.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Text<'a>>,
    /// The path of a policy of the channel, e.g. `/Channel/Application/Writers`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Text<'a>>,
    /// A policy in Fabric's language, e.g. `AND('Org1MSP.peer', 'Org2MSP.peer')`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Text<'a>>,
    /// A resource of the channel's access control list, e.g. `peer/Propose`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<Text<'a>>,
    /// What was signed, in base64, by the signatures that say nothing else.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Text<'a>>,
    /// The signatures, in their order; policies are greedy.
    #[serde(borrow)]
    pub signatures: Vec<VerifySignature<'a>>,
}

/// A signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "VerifySignature")]
pub struct VerifySignature<'a> {
    /// Whose it is.
    #[serde(borrow)]
    pub identity: IdentityRef<'a>,
    /// What was signed, in base64, when it is not the item's message.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Text<'a>>,
    /// The signature in base64: ECDSA in DER with a low S, or Ed25519.
    #[serde(borrow)]
    pub signature: Text<'a>,
}

/// An identity: itself, or its place among the request's `identities`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityRef<'a> {
    /// By place, from 0.
    Place(usize),
    /// Itself.
    Given(IdentityText<'a>),
}

/// An identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityText<'a> {
    /// A `msp.SerializedIdentity` in base64.
    Serialized(Cow<'a, str>),
    /// An MSP ID and a certificate in PEM.
    Named {
        /// The ID of the MSP.
        msp_id: Cow<'a, str>,
        /// The certificate.
        certificate: Cow<'a, str>,
    },
}

/// Verdicts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VerifyResponse {
    /// As of when; whatever was revoked before is revoked here.
    pub at: String,
    /// One for each item, in their order.
    pub verdicts: Vec<VerdictBody>,
}

/// A verdict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Verdict")]
pub struct VerdictBody {
    /// Whether it is enough.
    pub satisfied: bool,
    /// Why not, in a stable word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Why not, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The sequence of the channel's configuration that was judged by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// Places of signatures by certificates that are over, which policies do not look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expired: Vec<usize>,
    /// Each signature: with `explain`, and where no policy was asked about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<SignatureBody>,
    /// How the policy fared: with `explain`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<ExplanationBody>,
}

/// A signature that was looked at by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Signature")]
pub struct SignatureBody {
    /// Whether it is good, and by a valid member.
    pub good: bool,
    /// Why not, in a stable word, e.g. `revoked`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Why not, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msp_id: Option<String>,
    /// The SHA-256 of the certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// The certificate's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<String>,
    /// The roles of its owner: with `explain`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
}

/// Why a verdict is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Explanation")]
pub struct ExplanationBody {
    /// The policy, and who satisfied which part of it.
    pub found: FoundBody,
    /// What would still be needed, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<String>,
    /// Whether the same signers would do if principals were given to them otherwise than in order; absent
    /// when the search for that was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub another_order_would_do: Option<bool>,
    /// Signatures that do not count, by place, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<(usize, String)>,
}

/// How a part of a policy fared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Found")]
pub struct FoundBody {
    /// What the part asks for, in words.
    pub asks: String,
    /// Whether it holds.
    pub holds: bool,
    /// The place of the signature that was used for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<usize>,
    /// Signatures that would do but were used already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken: Vec<usize>,
    /// Signatures that count but whose signer is another, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<(usize, String)>,
    /// The parts of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<FoundBody>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl Serialize for IdentityText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Serialized(text) => serializer.serialize_str(text),
            Self::Named { msp_id, certificate } => {
                Named { msp_id: Text(msp_id.clone()), certificate: Text(certificate.clone()) }
                    .serialize(serializer)
            }
        }
    }
}

impl Serialize for IdentityRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Place(place) => place.serialize(serializer),
            Self::Given(identity) => identity.serialize(serializer),
        }
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NamedIdentity")]
struct Named<'a> {
    /// The ID of the MSP.
    #[serde(borrow)]
    msp_id: Text<'a>,
    /// The certificate in PEM.
    #[serde(borrow)]
    certificate: Text<'a>,
}

impl<'de: 'a, 'a> Deserialize<'de> for IdentityRef<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Identity { by_place: true })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for IdentityText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(Identity { by_place: false })? {
            IdentityRef::Given(identity) => Ok(identity),
            IdentityRef::Place(_) => Err(de::Error::custom("an identity is no number here")),
        }
    }
}

struct Identity {
    by_place: bool,
}

impl<'de> de::Visitor<'de> for Identity {
    type Value = IdentityRef<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an identity in base64, or an object with `msp_id` and `certificate`")?;
        if self.by_place { f.write_str(", or a place among `identities`") } else { Ok(()) }
    }

    fn visit_u64<E: de::Error>(self, place: u64) -> Result<Self::Value, E> {
        let unexpected = || E::invalid_value(de::Unexpected::Unsigned(place), &self);
        let place = usize::try_from(place).map_err(|_| unexpected())?;
        if self.by_place { Ok(IdentityRef::Place(place)) } else { Err(unexpected()) }
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(IdentityRef::Given(IdentityText::Serialized(Cow::Borrowed(text))))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(IdentityRef::Given(IdentityText::Serialized(Cow::Owned(text.to_owned()))))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let named = Named::deserialize(de::value::MapAccessDeserializer::new(map))?;
        let (msp_id, certificate) = (named.msp_id.0, named.certificate.0);
        Ok(IdentityRef::Given(IdentityText::Named { msp_id, certificate }))
    }
}

/// What [`IdentityText`] looks like.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Identity")]
#[expect(dead_code, reason = "it is looked at and never made")]
enum IdentityTextSchema {
    /// A `msp.SerializedIdentity` in base64.
    Serialized(String),
    /// An MSP ID and a certificate in PEM.
    Named(Named<'static>),
}

/// What [`IdentityRef`] looks like.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "IdentityOrPlace")]
#[expect(dead_code, reason = "it is looked at and never made")]
enum IdentityRefSchema {
    /// A place among the request's `identities`, from 0.
    Place(usize),
    /// The identity itself.
    Given(IdentityTextSchema),
}

impl JsonSchema for IdentityText<'_> {
    fn schema_name() -> Cow<'static, str> {
        IdentityTextSchema::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        IdentityTextSchema::json_schema(generator)
    }
}

impl JsonSchema for IdentityRef<'_> {
    fn schema_name() -> Cow<'static, str> {
        IdentityRefSchema::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        IdentityRefSchema::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_borrowed_and_identities_take_three_forms() {
        let body = r#"{"identities":["aWQ="],"items":[{"rule":"OR('A.peer')","message":"bQ==","signatures":[
            {"identity":0,"signature":"cw=="},
            {"identity":"aWQ=","signature":"cw=="},
            {"identity":{"msp_id":"A","certificate":"-----BEGIN\n"},"signature":"cw==","message":"bg=="}]}]}"#;
        let request: VerifyRequest<'_> = serde_json::from_str(body).unwrap();
        let [item] = request.items.as_slice() else { panic!("one item") };
        assert!(matches!(item.rule, Some(Text(Cow::Borrowed(_)))));
        let identities: Vec<_> = item.signatures.iter().map(|s| s.identity.clone()).collect();
        assert_eq!(identities[0], IdentityRef::Place(0));
        assert!(matches!(
            identities[1],
            IdentityRef::Given(IdentityText::Serialized(Cow::Borrowed("aWQ=")))
        ));
        assert!(
            matches!(&identities[2], IdentityRef::Given(IdentityText::Named { certificate, .. }) if certificate.ends_with('\n'))
        );
        let again = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<VerifyRequest<'_>>(&again).unwrap(), request);
    }

    #[test]
    fn what_is_misspelt_is_refused_with_its_place() {
        for (body, word) in [
            (r#"{"itms":[]}"#, "itms"),
            (r#"{"identities":[1],"items":[]}"#, "an identity in base64"),
            (r#"{"items":[{"signatures":[{"identity":true,"signature":""}]}]}"#, "an identity"),
            (r#"{"items":[{"signatures":[{"identity":{"msp":"A"},"signature":""}]}]}"#, "msp"),
        ] {
            let error = serde_json::from_str::<VerifyRequest<'_>>(body).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
