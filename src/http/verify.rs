//! `POST /api/v2/verify`: many questions about signatures, as many verdicts.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::caller::Called;
use super::octets::octets;
use super::problem::Problem;
use crate::api::v2::{
    ExplanationBody, FoundBody, IdentityRef, IdentityText, SignatureBody, VerdictBody, VerifyItem,
    VerifyRequest, VerifyResponse, VerifySignature,
};
use crate::clock::Timestamp;
use crate::msp::Rejection;
use crate::policy::{Dropped, Explanation, Found, SignedData};
use crate::service::{Answer, Ask, Looked, Membership, Office, Question, map_on_cores, on_cores};
use crate::wire::{Message as _, SerializedIdentity};

/// The longest body, in octets.
pub(super) const LIMIT: usize = 16 << 20;
/// The most questions of a request.
const MAX_ITEMS: usize = 10_000;
/// The most signatures of a question: a policy may look at each for each of its principals.
const MAX_SIGNATURES: usize = 1_000;

pub(super) async fn verify(
    State(office): State<Arc<Office>>,
    request: Request,
) -> Result<Response, Problem> {
    let called = Called::by(&office, request, LIMIT).await?;
    // After the request has come: whatever was answered before it is known.
    let membership = office.membership().await?;
    let at = office.clock().now();
    let body = on_cores(move || judge(&called.body, &membership, at)).await??;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// From the body of the request to that of the answer.
fn judge(body: &[u8], membership: &Membership, at: Timestamp) -> Result<Vec<u8>, Problem> {
    let request: VerifyRequest<'_> = serde_json::from_slice(body)
        .map_err(|error| Problem::malformed(format!("the body is not good: {error}")))?;
    let identities = identities(&request).map_err(Problem::malformed)?;
    let questions = questions(&request, &identities).map_err(Problem::malformed)?;
    let answers = membership.judge_all(&questions, at);
    let verdicts = answers.iter().map(verdict).collect();
    serde_json::to_vec(&VerifyResponse { at: at.to_string(), verdicts })
        .map_err(|error| Problem::malformed(format!("the answer cannot be written: {error}")))
}

/// The identities that signatures refer to by place.
fn identities(request: &VerifyRequest<'_>) -> Result<Vec<Vec<u8>>, String> {
    let identities = request.identities.iter().enumerate();
    identities
        .map(|(place, identity)| {
            identity_of(identity).map_err(|why| format!("identities[{place}]: {why}"))
        })
        .collect()
}

/// The questions, in the order of the items; of those that are not good the first is told.
fn questions<'a>(
    request: &'a VerifyRequest<'_>,
    identities: &'a [Vec<u8>],
) -> Result<Vec<Question<'a>>, String> {
    if request.items.len() > MAX_ITEMS {
        return Err(format!("`items` has more than {MAX_ITEMS} elements"));
    }
    let questions = map_on_cores(&request.items, |item| question(request, item, identities));
    let questions = questions.into_iter().enumerate();
    questions
        .map(|(place, question)| question.map_err(|why| format!("items[{place}].{why}")))
        .collect()
}

/// How many questions there are, when all are good.
pub(super) fn count(request: &VerifyRequest<'_>) -> Result<usize, String> {
    Ok(questions(request, &identities(request)?)?.len())
}

fn question<'a>(
    request: &'a VerifyRequest<'_>,
    item: &'a VerifyItem<'_>,
    identities: &'a [Vec<u8>],
) -> Result<Question<'a>, String> {
    let ask = match (&item.policy, &item.rule, &item.resource) {
        (None, None, None) => Ask::Members,
        (Some(path), None, None) => Ask::Policy(path.as_ref()),
        (None, Some(rule), None) => Ask::Rule(rule.as_ref()),
        (None, None, Some(name)) => Ask::Resource(name.as_ref()),
        _ => return Err("policy: `policy`, `rule` and `resource` exclude each other".to_owned()),
    };
    if item.signatures.len() > MAX_SIGNATURES {
        return Err(format!("signatures: there are more than {MAX_SIGNATURES}"));
    }
    let message = item.message.as_ref().map(|text| octets("message", text.as_ref())).transpose()?;
    let signed = item.signatures.iter().enumerate().map(|(place, signature)| {
        signed(signature, message.as_deref(), identities)
            .map_err(|why| format!("signatures[{place}].{why}"))
    });
    let channel = item.channel.as_ref().or(request.channel.as_ref());
    Ok(Question {
        channel: channel.map(AsRef::as_ref),
        ask,
        signed: signed.collect::<Result<_, _>>()?,
        explain: request.explain,
    })
}

fn signed<'a>(
    signature: &'a VerifySignature<'_>,
    message: Option<&[u8]>,
    identities: &'a [Vec<u8>],
) -> Result<SignedData<'a>, String> {
    let identity = match &signature.identity {
        IdentityRef::Given(identity) => {
            Cow::Owned(identity_of(identity).map_err(|why| format!("identity: {why}"))?)
        }
        IdentityRef::Place(place) => {
            let there = identities.get(*place);
            let there =
                there.ok_or_else(|| format!("identity: there is no identities[{place}]"))?;
            Cow::Borrowed(there.as_slice())
        }
    };
    let data = match (&signature.message, message) {
        (Some(text), _) => octets("message", text.as_ref())?,
        (None, Some(message)) => message.to_vec(),
        (None, None) => {
            return Err("message: neither the signature nor its item has one".to_owned());
        }
    };
    let signature = octets("signature", signature.signature.as_ref())?;
    Ok(SignedData { identity, data: Cow::Owned(data), signature: Cow::Owned(signature) })
}

pub(super) fn identity_of(identity: &IdentityText<'_>) -> Result<Vec<u8>, String> {
    match identity {
        IdentityText::Serialized(text) => {
            STANDARD.decode(text.as_bytes()).map_err(|error| format!("no base64: {error}"))
        }
        IdentityText::Named { msp_id, certificate } => Ok(SerializedIdentity {
            mspid: msp_id.clone().into_owned(),
            id_bytes: certificate.as_bytes().to_vec(),
        }
        .encode_to_vec()),
    }
}

fn verdict(answer: &Answer) -> VerdictBody {
    VerdictBody {
        satisfied: answer.satisfied,
        why: answer.why.map(str::to_owned),
        detail: answer.detail.clone(),
        sequence: answer.sequence,
        expired: answer.expired.clone(),
        signatures: answer.signatures.iter().map(signature_body).collect(),
        explanation: answer.explanation.as_ref().map(explanation_body),
    }
}

fn signature_body(looked: &Looked) -> SignatureBody {
    let signer = looked.signer.as_ref();
    SignatureBody {
        good: looked.refused.is_none(),
        why: looked.refused.as_ref().map(|why| why.category().to_string()),
        detail: looked.refused.as_ref().map(ToString::to_string),
        msp_id: signer.map(|signer| signer.msp_id.clone()),
        certificate: signer.map(|signer| hex::encode(&signer.identifier)),
        not_after: signer.map(|signer| signer.not_after.to_string()),
        roles: signer
            .map(|signer| signer.roles.iter().map(|role| role.word().to_owned()).collect())
            .unwrap_or_default(),
    }
}

fn explanation_body(explanation: &Explanation<Rejection>) -> ExplanationBody {
    let dropped = explanation.dropped.iter().enumerate().filter_map(|(place, dropped)| {
        let why = match dropped.as_ref()? {
            Dropped::Identity(why) | Dropped::Signature(why) => why.to_string(),
            Dropped::Duplicate(earlier) => format!("the same identity as signature {earlier}"),
        };
        Some((place, why))
    });
    ExplanationBody {
        found: found_body(&explanation.found),
        needs: explanation.found.need().map(|need| need.to_string()),
        another_order_would_do: explanation.another_assignment,
        dropped: dropped.collect(),
    }
}

fn found_body(found: &Found<Rejection>) -> FoundBody {
    let holds = found.holds();
    match found {
        Found::Principal { principal, by, taken, refused } => FoundBody {
            asks: principal.to_string(),
            holds,
            by: *by,
            taken: taken.clone(),
            refused: refused.iter().map(|(place, why)| (*place, why.to_string())).collect(),
            parts: Vec::new(),
        },
        Found::Gate { needed, held: _, rules } => FoundBody {
            asks: format!("{needed} of {}", rules.len()),
            holds,
            parts: rules.iter().map(found_body).collect(),
            ..FoundBody::default()
        },
        Found::Implicit(outcome) => {
            let below = outcome.below.iter().map(|(group, found)| {
                let mut body = found_body(found);
                body.asks = format!("{group}: {}", body.asks);
                body
            });
            let count = outcome.below.len();
            let asks = match outcome.needed {
                Some(needed) => format!("`{}` of {needed} of {count} below", outcome.name),
                None => format!("`{}` of none of {count} below", outcome.name),
            };
            FoundBody { asks, holds, parts: below.collect(), ..FoundBody::default() }
        }
        Found::Missing => FoundBody {
            asks: "a policy that is not there".to_owned(),
            holds,
            ..FoundBody::default()
        },
    }
}
