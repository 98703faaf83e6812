//! Revocation lists: those that a caller asks for, and those that are published by themselves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::{error, info};

use crate::audit::Entry;
use crate::clock::Timestamp;
use crate::pki::signature::Verified;
use crate::pki::{Crl, draft_crl};
use crate::service::authority::Authority;
use crate::service::caller::Caller;
use crate::service::error::{Error, Kind};
use crate::service::issue::{Answer, Signing, journal_name};
use crate::service::issuer::Issuer;
use crate::service::revoked::{ListRoom, entries_of};
use crate::service::rules::{GENERATE_CRL, Switch, switch};
use crate::store::{Change, Claim, JournalKind, RevokedFilter};

/// Which revoked certificates a caller wants on a list; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CrlQuery {
    /// Revoked after this instant.
    pub revoked_after: Option<Timestamp>,
    /// Revoked before this instant.
    pub revoked_before: Option<Timestamp>,
    /// Expiring after this instant.
    pub expires_after: Option<Timestamp>,
    /// Expiring before this instant.
    pub expires_before: Option<Timestamp>,
}

/// What a list is to be.
#[derive(Debug, Clone, Copy)]
struct ListWanted {
    /// Its number, when it is published.
    number: Option<u64>,
    /// What is on it.
    query: CrlQuery,
    /// How long it lives.
    seconds: i64,
}

/// Before its end a published list is replaced, in seconds: a reader never holds an expired one.
const RENEW_BEFORE_SECONDS: i64 = 3600;

impl Authority {
    /// A revocation list of the active issuer, in Fabric CA's shape: neither number nor reasons.
    ///
    /// # Errors
    /// [`Kind::Forbidden`] without `hf.GenCRL`, [`Kind::BadRevokedRange`], [`Kind::BadExpiryRange`].
    pub async fn generate_crl(
        self: &Arc<Self>,
        caller: &Caller,
        query: CrlQuery,
    ) -> Result<(Crl, ListRoom), Error> {
        match switch(&caller.identity.attributes, GENERATE_CRL) {
            Switch::On => {}
            Switch::NotBoolean => {
                let why = "the caller's `hf.GenCRL` holds no boolean";
                return Err(Error::new(Kind::AuthorityNotBoolean, why));
            }
            Switch::Off | Switch::Absent => {
                return Err(Error::new(Kind::Forbidden, "the caller lacks `hf.GenCRL`"));
            }
        }
        let reversed = |after: Option<Timestamp>, before: Option<Timestamp>| matches!((after, before), (Some(after), Some(before)) if after > before);
        if reversed(query.revoked_after, query.revoked_before) {
            let why = "`revokedafter` is later than `revokedbefore`";
            return Err(Error::new(Kind::BadRevokedRange, why));
        }
        if reversed(query.expires_after, query.expires_before) {
            let why = "`expireafter` is later than `expirebefore`";
            return Err(Error::new(Kind::BadExpiryRange, why));
        }
        self.answer_crl(caller.id(), query).await
    }

    /// The list that follows a revocation: whoever was allowed to revoke may have it.
    ///
    /// # Errors
    /// Of the token or the store.
    pub async fn crl_after_revocation(
        self: &Arc<Self>,
        caller: &Caller,
    ) -> Result<(Crl, ListRoom), Error> {
        self.answer_crl(caller.id(), CrlQuery::default()).await
    }

    async fn answer_crl(
        self: &Arc<Self>,
        actor: &str,
        query: CrlQuery,
    ) -> Result<(Crl, ListRoom), Error> {
        let name = journal_name("crl")?;
        let wanted = ListWanted { number: None, query, seconds: self.crl_seconds };
        self.sign_crl(&self.issuers.active().clone(), actor, name, wanted).await
    }

    /// A list of an issuer for the channels of its organization: without what has expired, unless that is to stay. It has no
    /// number: numbers are those of the published lists, which carry more.
    ///
    /// # Errors
    /// Of the token or the store.
    pub(super) async fn list_for_channels(
        self: &Arc<Self>,
        issuer: &Issuer,
        expires_after: Option<Timestamp>,
        seconds: i64,
    ) -> Result<Crl, Error> {
        let name = journal_name("crl")?;
        let query = CrlQuery { expires_after, ..CrlQuery::default() };
        let wanted = ListWanted { number: None, query, seconds };
        Ok(self.sign_crl(issuer, "chancery", name, wanted).await?.0)
    }

    /// Publishes the next list of an issuer, with its number and reasons.
    ///
    /// # Errors
    /// Of the token or the store.
    pub async fn publish_crl(self: &Arc<Self>, issuer: &Issuer) -> Result<Crl, Error> {
        let number = self.store.read().next_crl_number(issuer.key_id()).await?;
        let name = journal_name(&format!("crl:{number}"))?;
        let wanted = ListWanted {
            number: u64::try_from(number).ok(),
            query: CrlQuery::default(),
            seconds: self.crl_seconds,
        };
        let (crl, _room) = self.sign_crl(issuer, "chancery", name, wanted).await?;
        info!(ca.name = %self.name, crl.number = number, "published CRL {number}");
        Ok(crl)
    }

    async fn sign_crl(
        self: &Arc<Self>,
        issuer: &Issuer,
        actor: &str,
        name: String,
        wanted: ListWanted,
    ) -> Result<(Crl, ListRoom), Error> {
        let ListWanted { number, query, seconds } = wanted;
        // Those with a number are published: they tell reasons as well.
        let (now, reader, reasons) = (self.clock.now(), self.store.read(), number.is_some());
        let entries = if query == CrlQuery::default() {
            self.revoked_entries.all(reader, issuer.key_id(), reasons).await?
        } else {
            let filter = RevokedFilter {
                revoked_after: query.revoked_after,
                revoked_before: query.revoked_before,
                expires_after: query.expires_after,
                expires_before: query.expires_before,
            };
            entries_of(reader.revoked(issuer.key_id(), &filter).await?, reasons)?
        };
        let room = self.revoked_entries.room_for(&entries).await?;
        let next = now.plus(seconds);
        let draft = draft_crl(issuer.certificate(), &entries, number, now, next)?;
        let mut row =
            self.journal_row(issuer.key_id(), JournalKind::Crl, name.clone(), draft.intent());
        actor.clone_into(&mut row.caller);
        let entry = self.entry(actor, "intend-crl", name.as_str(), "");
        let recorded = Entry { deed: "sign-crl", ..entry.clone() };
        let key_id = issuer.key_id().clone();
        // Only published lists are kept: those on demand are many, and can be made again. Nothing is lost
        // with the record that one was finished, so nobody waits for it.
        let answer = if number.is_some() { Answer::Recorded } else { Answer::Sealed };
        let keep = move |crl: &Crl| {
            let change = match number.and_then(|number| i64::try_from(number).ok()) {
                Some(number) => {
                    Change::SealCrl { issuer: key_id, name, der: crl.der().to_vec(), number }
                }
                None => Change::SealRequest { issuer: key_id, name, kind: JournalKind::Crl },
            };
            (change, recorded)
        };
        let seal = move |signature: &Verified| {
            draft.seal_with(signature).map_err(|source| {
                Error::new(Kind::Internal, "the signature could not be used").because(source)
            })
        };
        let signing = Signing { row, claim: Claim::None, entry, answer };
        let crl = self.desk().sign(signing, seal, keep).await?;
        Ok((crl, room))
    }

    /// The last published list of the active issuer, as DER.
    ///
    /// # Errors
    /// Of the store.
    pub async fn published_crl(&self) -> Result<Option<Vec<u8>>, Error> {
        let latest = self.store.read().latest_crl(self.issuers.active().key_id()).await?;
        Ok(latest.map(|row| row.der))
    }

    /// Publishes after revocations and before a list ends, for as long as the server runs.
    pub async fn keep_crls_published(self: Arc<Self>) {
        loop {
            let mut wait = Duration::from_mins(1);
            let began = Instant::now();
            for issuer in self.issuers.all() {
                if let Err(error) = self.publish_if_due(issuer).await {
                    error!(%error, ca.name = %self.name, "could not publish a CRL; trying again");
                    wait = Duration::from_secs(5);
                }
            }
            // A revocation wakes us at once; one list answers for all that came in that second, or
            // in so long that the making of long lists takes little of the machine.
            let pause = Duration::from_secs(1).max(began.elapsed() * 20);
            tokio::select! {
                () = self.revoked.notified() => tokio::time::sleep(pause).await,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    pub(super) async fn publish_if_due(self: &Arc<Self>, issuer: &Issuer) -> Result<(), Error> {
        let now = self.clock.now();
        let due = match self.store.read().latest_crl(issuer.key_id()).await? {
            None => true,
            Some(row) => {
                let crl = Crl::from_der(row.der)?;
                let margin = RENEW_BEFORE_SECONDS.min(self.crl_seconds / 4);
                let head = crl.head();
                let ends = head.next_update.is_none_or(|end| end <= now.plus(margin));
                // Nothing leaves a list: one that lacks something has fewer entries.
                ends || crl.len() < self.store.read().revoked_count(issuer.key_id()).await?
            }
        };
        if due {
            self.publish_crl(issuer).await?;
        }
        Ok(())
    }
}
