//! The one path on which a CA key signs: journal, sign, seal, record (I2, I3).
//!
//! Every certificate, revocation list and certification request takes it. From the journal on the
//! work runs in a task of its own: a client that goes away leaves nothing half done. What a fault
//! leaves open is settled at once where the store answers, else by the sweep (`recover.rs`).

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use tracing::{error, warn};

use crate::audit::{Entry, Intent, Recorded};
use crate::clock::Clock;
use crate::hsm::{Hsm, Place, Purpose};
use crate::id::KeyId;
use crate::pki::signature::Verified;
use crate::pki::{Certificate, Draft};
use crate::service::authority::Authority;
use crate::service::error::{Error, Kind};
use crate::service::open_intents::OpenIntents;
use crate::store::{
    self, CertificateRow, Change, Claim, JournalKind, JournalRow, JournalState, Store, Write,
};

/// What a CA key is to sign, and on whose word.
#[derive(Debug)]
pub(super) struct Signing {
    /// The journal's row.
    pub(super) row: JournalRow,
    /// What it asks of the identity that it is for.
    pub(super) claim: Claim,
    /// The audit entry of the intent.
    pub(super) entry: Entry,
    /// What the asker waits for.
    pub(super) answer: Answer,
}

/// When the one who asked has an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// When what was sealed is kept.
    Recorded,
    /// Already when it is sealed: for what is not kept, and of which the record tells only that it was
    /// finished. After a crash the sweep finds its intent open.
    Sealed,
}

/// Where a signature is asked for and kept.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    pub(super) store: Store,
    pub(super) hsm: Hsm,
    pub(super) clock: Clock,
    pub(super) open_intents: OpenIntents,
}

impl Desk {
    /// Walks the path with a draft: `seal` turns the signature into the finished thing, `record` tells
    /// the change that keeps it.
    pub(super) async fn sign<T: Send + 'static>(
        &self,
        signing: Signing,
        seal: impl FnOnce(&Verified) -> Result<T, Error> + Send + 'static,
        record: impl FnOnce(&T) -> (Change, Entry) + Send + 'static,
    ) -> Result<T, Error> {
        // 1. A place at the token: when it is busy, nothing is written and nothing is owed.
        let place = self.hsm.reserve()?;
        let at_work = self.open_intents.begin();
        let at_work = at_work.ok_or_else(|| Error::new(Kind::Unavailable, "the server stops"))?;
        let desk = self.clone();
        let task =
            tokio::spawn(async move { desk.walk(place, at_work, signing, seal, record).await });
        task.await.map_err(|e| Error::new(Kind::Internal, "the signing task died").because(e))?
    }

    async fn walk<T>(
        &self,
        place: Place,
        at_work: OwnedSemaphorePermit,
        signing: Signing,
        seal: impl FnOnce(&Verified) -> Result<T, Error>,
        record: impl FnOnce(&T) -> (Change, Entry),
    ) -> Result<T, Error> {
        let Signing { row, claim, entry, answer } = signing;
        let open = Open::of(&row, &entry);
        let purpose = purpose_of(row.kind);

        // 2. Write down what is about to be signed: a crash after step 3 leaves a trace.
        let recorded: Recorded = match self.store.record_intent(row, claim, entry).await {
            Ok(recorded) => recorded,
            Err(error) => {
                // It may be on record all the same: then it is closed, and nothing was signed.
                if !matches!(error, store::Error::Lost(_) | store::Error::Busy) {
                    self.abandon(&open, false).await;
                }
                return Err(error.into());
            }
        };

        // 3. Sign exactly what was recorded.
        let signature = match place.sign(recorded, purpose).await {
            Ok(signature) => signature,
            Err(error) => {
                // The token may have signed before the answer was lost.
                self.abandon(&open, error.may_have_signed()).await;
                return Err(error.into());
            }
        };

        // 4. Put the signature on: it is that of the draft, and what comes out is compared with it.
        let sealed = match seal(&signature) {
            Ok(sealed) => sealed,
            Err(error) => {
                self.abandon(&open, true).await;
                return Err(error);
            }
        };

        // 5. Keep it before anyone sees it.
        let (change, entry) = record(&sealed);
        let desk = self.clone();
        let keeping = async move {
            let kept = desk.keep(&open, Write::new(change, entry)).await;
            drop(at_work);
            kept
        };
        match answer {
            Answer::Recorded => keeping.await?,
            Answer::Sealed => drop(tokio::spawn(async move {
                if let Err(error) = keeping.await {
                    warn!(%error, "what was answered could not be recorded as finished");
                }
            })),
        }
        Ok(sealed)
    }

    /// Records what was sealed, which closes its intent.
    async fn keep(&self, open: &Open, write: Write) -> Result<(), Error> {
        match self.store.write(write).await {
            Ok(_) => Ok(()),
            // The record may have been made although it was reported failed.
            Err(error) => match self.abandon(open, true).await {
                Settled::Sealed => Ok(()),
                Settled::Abandoned | Settled::Unknown => Err(error.into()),
            },
        }
    }

    /// Closes an intent that came to nothing; where it is closed already, tells how. It is sealed after
    /// a record that was reported failed and was made, and abandoned when its identity was revoked
    /// meanwhile.
    async fn abandon(&self, open: &Open, signed: bool) -> Settled {
        let change = Change::Abandon {
            issuer: open.issuer.clone(),
            name: open.name.clone(),
            at: self.clock.now(),
            signed,
        };
        let write = Write::new(change, open.entry.clone());
        let unsettled = match self.store.write(write.clone()).await {
            Ok(_) => return Settled::Abandoned,
            Err(store::Error::Lost(_)) => {
                match self.store.read().journal_row(&open.issuer, &open.name).await {
                    Ok(Some(row)) if row.state == JournalState::Sealed => return Settled::Sealed,
                    Ok(Some(row)) if row.state == JournalState::Open => "it is open again".into(),
                    Ok(_) => return Settled::Abandoned,
                    Err(error) => error.to_string(),
                }
            }
            Err(error) => error.to_string(),
        };
        warn!(why = unsettled, journal.name = %open.name, "an intent stays open until the sweep");
        self.open_intents.add(write);
        Settled::Unknown
    }
}

/// What became of an intent.
enum Settled {
    Abandoned,
    Sealed,
    Unknown,
}

/// What is needed to close an intent without its row.
struct Open {
    issuer: KeyId,
    name: String,
    entry: Entry,
}

impl Open {
    fn of(row: &JournalRow, entry: &Entry) -> Self {
        let entry = Entry { deed: "abandon-intent", ..entry.clone() };
        Self { issuer: row.issuer.clone(), name: row.name.clone(), entry }
    }
}

/// A name for the journal that nothing else has: two processes may draft the same thing, and one of them loses.
pub(super) fn journal_name(what: &str) -> Result<String, Error> {
    let random = crate::secret::random::<16>().map_err(|source| {
        Error::new(Kind::Internal, "the system gives no randomness").because(source)
    })?;
    Ok(format!("{what}:{}", hex::encode(random)))
}

fn purpose_of(kind: JournalKind) -> Purpose {
    match kind {
        JournalKind::Certificate => Purpose::Certificate,
        JournalKind::Crl => Purpose::Crl,
        JournalKind::Request => Purpose::Request,
        JournalKind::ConfigSignature => Purpose::ConfigSignature,
    }
}

/// A certificate to issue: the draft is checked, linted and authorised.
#[derive(Debug)]
pub(super) struct Issue {
    pub(super) draft: Draft<Certificate>,
    pub(super) issuer: KeyId,
    pub(super) enrollment_id: String,
    pub(super) actor: String,
    pub(super) reason: &'static str,
    pub(super) claim: Claim,
}

impl Authority {
    pub(super) fn desk(&self) -> Desk {
        Desk {
            store: self.store.clone(),
            hsm: self.hsm.clone(),
            clock: self.clock.clone(),
            open_intents: self.open_intents.clone(),
        }
    }

    /// A row for the journal of this CA.
    pub(super) fn journal_row(
        &self,
        issuer: &KeyId,
        kind: JournalKind,
        name: String,
        intent: Intent,
    ) -> JournalRow {
        JournalRow {
            ca: self.name.clone(),
            issuer: issuer.clone(),
            name,
            kind,
            intent,
            enrollment_id: String::new(),
            caller: String::new(),
            reason: String::new(),
            at: self.clock.now(),
            instance: self.instance.clone(),
            state: JournalState::Open,
            consumed: false,
        }
    }

    /// Issues a certificate: steps 1 to 5 above.
    pub(super) async fn issue(self: &Arc<Self>, issue: Issue) -> Result<Certificate, Error> {
        let Issue { draft, issuer, enrollment_id, actor, reason, claim } = issue;
        let serial = draft.serial().clone();
        let mut row =
            self.journal_row(&issuer, JournalKind::Certificate, serial.to_string(), draft.intent());
        row.enrollment_id.clone_from(&enrollment_id);
        row.caller.clone_from(&actor);
        reason.clone_into(&mut row.reason);
        let entry = self.entry(&actor, "intend-certificate", serial.to_string(), reason);
        let recorded = Entry { deed: "issue-certificate", ..entry.clone() };
        let ca = self.name.clone();
        let keep = move |certificate: &Certificate| {
            let row = CertificateRow {
                ca,
                issuer,
                serial: certificate.serial().clone(),
                enrollment_id,
                not_before: certificate.not_before(),
                not_after: certificate.not_after(),
                der: certificate.der().to_vec(),
                revoked_at: None,
                reason_code: None,
            };
            (Change::SealCertificate { row }, recorded)
        };
        let seal = move |signature: &Verified| {
            draft.seal_with(signature).map_err(|source| {
                error!(error = %source, "a signature does not fit what was to be signed");
                Error::new(Kind::Internal, "the signature could not be used").because(source)
            })
        };
        let signing = Signing { row, claim, entry, answer: Answer::Recorded };
        self.desk().sign(signing, seal, keep).await
    }
}
