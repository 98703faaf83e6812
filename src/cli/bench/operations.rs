//! The operations of the server, each with its own load.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::load::{self, Load, Requests};
use super::member::{self, Admin};
use super::place::MSP_ID;
use super::processes;
use super::report::{BATCH, Floor, Limits, OperationFigure};
use super::server::Server;
use crate::api::fabric::{CaChoice, GenCrlResponse, Identities, RegisterRequest, RevokeRequest};
use crate::api::v2::{IdentityRef, IdentityText, VerifyItem, VerifyRequest, VerifySignature};
use crate::cli::exit::Failure;
use crate::pki::Crl;
use crate::secret::random;

/// The list that is asked for has so many identities.
const IDENTITIES: usize = 10_000;
/// The revocation list has at least so many entries.
const REVOKED: usize = 1_000;
/// Members that signed.
const SIGNERS: usize = 16;
/// Bodies that are sent again and again, each time with a signature of its own.
const BODIES: usize = 8;
/// Requests that tell how many a run needs.
const TRIAL: usize = 256;

/// What can be measured, in the order in which it is: the list of identities before more are
/// registered, the revocation list after certificates were revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(super) enum Operation {
    /// The CA's own description: no cryptography.
    Cainfo,
    /// A certificate for a secret.
    Enroll,
    /// A certificate for a certificate.
    Reenroll,
    /// The full list of 10,000 identities.
    Identities,
    /// A new identity with a generated secret.
    Register,
    /// The revocation of a certificate.
    Revoke,
    /// The revocation list.
    Gencrl,
    /// Verdicts on 256 signatures.
    Verify,
}

impl Operation {
    /// All of them, in their order.
    pub(super) const ALL: [Self; 8] = [
        Self::Cainfo,
        Self::Enroll,
        Self::Reenroll,
        Self::Identities,
        Self::Register,
        Self::Revoke,
        Self::Gencrl,
        Self::Verify,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Cainfo => "cainfo",
            Self::Enroll => "enroll",
            Self::Reenroll => "reenroll",
            Self::Identities => "identities",
            Self::Register => "register",
            Self::Revoke => "revoke",
            Self::Gencrl => "gencrl",
            Self::Verify => "verify",
        }
    }

    /// The cryptography that one answer cannot do without: each signature is verified before it leaves
    /// the signer, a request's proof of possession and a caller's token are verified, and a secret is
    /// compared and made by a MAC.
    fn floor(self) -> Floor {
        let floor = |signs, macs, verifications| Floor { signs, macs, verifications };
        match self {
            Self::Cainfo => floor(0, 0, 0),
            Self::Enroll => floor(1, 1, 2),
            Self::Reenroll => floor(1, 0, 3),
            Self::Register => floor(0, 1, 1),
            // Each answer has a list of its own number, signed anew.
            Self::Gencrl => floor(1, 0, 2),
            Self::Identities | Self::Revoke => floor(0, 0, 1),
            // The request's own signature is our price, and no part of what was asked for.
            Self::Verify => floor(0, 0, BATCH),
        }
    }
}

/// A server with its administrator, and how it is asked.
#[derive(Debug)]
pub(super) struct Stage<'a> {
    pub(super) server: &'a Server,
    pub(super) admin: &'a Admin,
    pub(super) connections: usize,
    pub(super) length: Duration,
    pub(super) limits: &'a Limits,
}

/// Good and bad answers, with the processor time of the server for a good one in microseconds.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) load: Load,
    pub(super) cpu_us: Option<f64>,
    pub(super) resident: Option<u64>,
}

impl Stage<'_> {
    /// Measures one operation.
    ///
    /// # Errors
    /// When what it needs cannot be prepared, or the connection breaks.
    pub(super) async fn measure(&self, operation: Operation) -> Result<OperationFigure, Failure> {
        let (length, mut items) = (self.length, None);
        let measured = match operation {
            Operation::Cainfo => {
                let request = self.admin.anonymous("GET", "/api/v1/cainfo");
                self.load(Requests::Same(&request, length)).await?
            }
            Operation::Enroll => {
                self.load(Requests::Same(&self.admin.enrollment(), length)).await?
            }
            Operation::Reenroll => {
                self.load(Requests::Same(&self.admin.reenrollment()?, length)).await?
            }
            Operation::Identities => {
                let request = self.admin.signed("GET", "/api/v1/identities", b"")?;
                items = Some(self.fill_identities(&request).await?);
                self.load(Requests::Same(&request, length)).await?
            }
            Operation::Register => {
                let trial = self.registrations(TRIAL)?;
                let trial = self.admin.all(self.connections, each(&trial)).await?;
                let requests = self.registrations(self.needed(&trial))?;
                self.load(Requests::Each(&requests, length)).await?
            }
            Operation::Revoke => {
                let trial = self.revocations(TRIAL).await?;
                let trial = self.admin.all(self.connections, each(&trial)).await?;
                let requests = self.revocations(self.needed(&trial)).await?;
                self.load(Requests::Each(&requests, length)).await?
            }
            Operation::Gencrl => {
                let body = member::json(&CaChoice::default())?;
                let request = self.admin.signed("POST", "/api/v1/gencrl", &body)?;
                items = Some(self.fill_revoked(&request).await?);
                self.load(Requests::Same(&request, length)).await?
            }
            Operation::Verify => {
                let bodies = self.questions().await?;
                let requests = |count: usize| {
                    let bodies: Vec<&[u8]> =
                        bodies.iter().map(Vec::as_slice).cycle().take(count).collect();
                    self.admin.messages("/api/v2/verify", &bodies)
                };
                items = Some(usize::from(BATCH));
                let trial = self.admin.all(self.connections, each(&requests(TRIAL)?)).await?;
                let requests = requests(self.needed(&trial))?;
                self.load(Requests::Each(&requests, length)).await?
            }
        };
        Ok(self.figure(operation, measured, items))
    }

    /// Puts the load on the server, and takes what its processes used for it.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(super) async fn load(&self, requests: Requests<'_>) -> Result<Measured, Failure> {
        let pids = self.server.processes();
        let before = processes::cpu_us(&pids);
        let load = load::run(self.server.address, self.connections, requests, 0).await?;
        let used = before.zip(processes::cpu_us(&pids)).map(|(before, after)| after - before);
        #[expect(clippy::cast_precision_loss, reason = "a count of answers")]
        let good = load.good.max(1) as f64;
        let cpu_us = used.map(|used| used / good);
        Ok(Measured { load, cpu_us, resident: processes::resident(&pids) })
    }

    fn figure(
        &self,
        operation: Operation,
        measured: Measured,
        items: Option<usize>,
    ) -> OperationFigure {
        let Measured { load, cpu_us, resident } = measured;
        let floor = operation.floor();
        let limit = (floor != Floor::default()).then(|| self.limits.cpu_us(floor));
        #[expect(clippy::cast_precision_loss, reason = "a count of cores")]
        let cores = super::limits::cores() as f64;
        OperationFigure {
            operation: operation.name().to_owned(),
            per_second: load.rate(),
            p50_ms: load.percentile(50),
            p99_ms: load.percentile(99),
            not_2xx: load.bad,
            first_refusal: load.first_bad,
            cpu_us,
            limit_cpu_us: limit,
            limit_per_second: limit.map(|limit| cores * 1e6 / limit),
            cpu_ratio: cpu_us.zip(limit).map(|(ours, limit)| ours / limit),
            items,
            resident_bytes: resident,
        }
    }

    /// How many requests a run takes, by the rate of a trial; the trial is slower than the run.
    fn needed(&self, trial: &Load) -> usize {
        let wanted = trial.rate() * self.length.as_secs_f64() * 2.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate is positive, and no run is that long"
        )]
        let wanted = wanted as usize;
        wanted.max(TRIAL)
    }

    /// Requests to register identities that are not there yet.
    fn registrations(&self, count: usize) -> Result<Vec<Vec<u8>>, Failure> {
        let octets = random::<6>().map_err(|e| Failure::refused("no randomness").because(e))?;
        let tag = hex::encode(octets);
        let body = |number| RegisterRequest {
            id: format!("p{tag}-{number}"),
            kind: "client".to_owned(),
            max_enrollments: -1,
            ..RegisterRequest::default()
        };
        self.admin.signed_each("/api/v1/register", &(0..count).map(body).collect::<Vec<_>>())
    }

    /// Gets certificates, and makes requests to revoke them.
    async fn revocations(&self, count: usize) -> Result<Vec<Vec<u8>>, Failure> {
        let request = self.admin.reenrollment()?;
        let issued = self.admin.all(self.connections, Requests::Times(&request, count)).await?;
        let certificates = member::certificates(&issued.bodies)?;
        let body = |certificate: &crate::pki::Certificate| RevokeRequest {
            serial: certificate.serial().to_string(),
            aki: certificate.authority_key_id().map(|id| id.to_string()).unwrap_or_default(),
            reason: "superseded".to_owned(),
            ..RevokeRequest::default()
        };
        let bodies: Vec<_> = certificates.iter().map(body).collect();
        self.admin.signed_each("/api/v1/revoke", &bodies)
    }

    /// Bodies with questions: each signature is of a message of its own, by one of several members.
    async fn questions(&self) -> Result<Vec<Vec<u8>>, Failure> {
        let request = self.admin.reenrollment()?;
        let issued = self.admin.all(1, Requests::Times(&request, SIGNERS)).await?;
        let identities = member::certificates(&issued.bodies)?;
        let identities: Vec<IdentityText<'_>> = identities
            .iter()
            .map(|certificate| IdentityText::Named {
                msp_id: MSP_ID.into(),
                certificate: certificate.to_pem().into(),
            })
            .collect();
        let item = |number: u16, body: usize| {
            let message = format!("message {number} of body {body}").repeat(8);
            let signature = STANDARD.encode(self.admin.signature(message.as_bytes())?);
            Ok(VerifyItem {
                rule: Some(format!("OR('{MSP_ID}.member')").into()),
                message: Some(STANDARD.encode(message).into()),
                signatures: vec![VerifySignature {
                    identity: IdentityRef::Place(usize::from(number) % SIGNERS),
                    message: None,
                    signature: signature.into(),
                }],
                ..VerifyItem::default()
            })
        };
        let body = |body: usize| {
            let items = (0..BATCH).map(|number| item(number, body));
            member::json(&VerifyRequest {
                channel: None,
                explain: false,
                identities: identities.clone(),
                items: items.collect::<Result<_, Failure>>()?,
            })
        };
        (0..BODIES).map(body).collect()
    }

    /// Registers what is missing; gives how many there are.
    async fn fill_identities(&self, request: &[u8]) -> Result<usize, Failure> {
        let listed = self.listed(request).await?;
        if listed >= IDENTITIES {
            return Ok(listed);
        }
        let requests = self.registrations(IDENTITIES - listed)?;
        self.admin.all(self.connections, each(&requests)).await?;
        self.listed(request).await
    }

    async fn listed(&self, request: &[u8]) -> Result<usize, Failure> {
        let list: Identities = member::result(&self.admin.once(request).await?)?;
        Ok(list.identities.len())
    }

    /// Revokes what is missing; gives how many entries the list has.
    async fn fill_revoked(&self, request: &[u8]) -> Result<usize, Failure> {
        let revoked = self.revoked(request).await?;
        if revoked >= REVOKED {
            return Ok(revoked);
        }
        let requests = self.revocations(REVOKED - revoked).await?;
        self.admin.all(self.connections, each(&requests)).await?;
        self.revoked(request).await
    }

    async fn revoked(&self, request: &[u8]) -> Result<usize, Failure> {
        let bad = || Failure::refused("the server's revocation list cannot be read");
        let answer: GenCrlResponse = member::result(&self.admin.once(request).await?)?;
        let pem = STANDARD.decode(&answer.crl).map_err(|e| bad().because(e))?;
        let pem = String::from_utf8(pem).map_err(|e| bad().because(e))?;
        Ok(Crl::from_pem(&pem).map_err(|e| bad().because(e))?.len())
    }
}

/// Each once, however long it takes.
fn each(requests: &[Vec<u8>]) -> Requests<'_> {
    Requests::Each(requests, Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum as _;

    #[test]
    fn the_names_are_those_of_the_command_line_and_all_are_measured() {
        let known: Vec<_> = Operation::value_variants()
            .iter()
            .map(|operation| operation.to_possible_value().unwrap().get_name().to_owned())
            .collect();
        let all: Vec<_> = Operation::ALL.iter().map(|operation| operation.name()).collect();
        assert_eq!(known, all);
        assert!(Operation::ALL.is_sorted());
    }
}
