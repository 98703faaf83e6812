//! How each change is made inside a transaction.

use super::batch::Batch;
use super::bulk::Bulk;
use super::change::{Change, Outcome, Write};
use super::error::Failure;
use super::journal::{Claim, JournalKind, JournalRow};
use super::row::CertificateRow;
use super::{
    affiliations, certificates, channels, crls, identities, issuers, journal, nonces, properties,
    proposals, pushes, revocations,
};
use crate::clock::Timestamp;
use crate::id::KeyId;

/// What the changes of one deed share.
struct Deed {
    at: Timestamp,
    /// How far an identity's version moved on in this deed, before its followers.
    moved: i64,
    outcome: Outcome,
}

impl Write {
    /// Does the deed inside a transaction; the inner error is a guard that lost and left no trace.
    pub(super) async fn apply<'w>(
        &'w self,
        batch: &mut Batch<'w>,
    ) -> Result<Result<Outcome, &'static str>, Failure> {
        let mut deed = Deed { at: self.entry.at, moved: 0, outcome: Outcome::default() };
        if let Some(guard) = &self.guard {
            if !guard.apply(batch, &mut deed).await? {
                return Ok(Err(guard.lost()));
            }
            deed.moved = i64::from(matches!(guard, Change::RenameAffiliations { .. }));
        }
        for change in &self.then {
            if !change.apply(batch, &mut deed).await? {
                return Err(Failure::Lost(change.lost()));
            }
        }
        for change in self.guard.iter().chain(&self.then) {
            if let Change::RemoveAffiliations { ca, under } = change
                && identities::any_below(batch.connection(), ca, under).await?
            {
                return Err(Failure::Lost("identity"));
            }
        }
        batch.entries.push(&self.entry);
        Ok(Ok(deed.outcome))
    }

    /// Where it stands among those that wait together, which may be done in any order: those that can
    /// be done together last, and enrollments in the order of their identities, so that two processes
    /// take hold of them in the same order and none waits for the other in a circle.
    pub(super) fn order(&self) -> (Option<Bulk>, Option<(&str, &str)>) {
        let holds = match &self.guard {
            Some(Change::Intend { row, .. }) => Some((row.ca.as_str(), &*row.enrollment_id)),
            _ => None,
        };
        (self.bulk(), holds)
    }
}

impl Change {
    /// What is not as expected when this loses without a trace.
    fn lost(&self) -> &'static str {
        match self {
            Self::AddIdentity(_)
            | Self::UpdateIdentity(_)
            | Self::RemoveIdentity { .. }
            | Self::RevokeIdentity { .. } => "identity",
            Self::RevokeCertificate { .. } | Self::RevokeCertificatesOf { .. } => "certificate",
            Self::Intend { .. } => "enrollment",
            Self::SealCertificate { .. }
            | Self::SealCrl { .. }
            | Self::SealRequest { .. }
            | Self::Abandon { .. } => "intent",
            Self::AddAffiliation { .. }
            | Self::EnsureAffiliation { .. }
            | Self::RemoveAffiliations { .. }
            | Self::RenameAffiliations { .. } => "affiliation",
            Self::AddIssuer(_) | Self::ActivateIssuer { .. } => "issuer",
            Self::KeepChannel { .. } | Self::ForgetChannel { .. } => "channel",
            Self::AddProposal(_) | Self::CloseProposal { .. } => "proposal",
            Self::SignProposal { .. } => "signature",
            Self::KeepPush(_) => "push",
            Self::SpendNonce { .. } => "nonce",
            Self::SetProperty { .. } => "property",
        }
    }

    /// Whether this changes what a list of identities shows.
    fn shows_on_identities(&self) -> bool {
        matches!(
            self,
            Self::AddIdentity(_)
                | Self::UpdateIdentity(_)
                | Self::RemoveIdentity { .. }
                | Self::RevokeIdentity { .. }
                | Self::RenameAffiliations { .. }
        )
    }

    /// Whether this changes what lists of revoked certificates carry.
    fn shows_on_lists(&self) -> bool {
        matches!(
            self,
            Self::RevokeCertificate { .. }
                | Self::RevokeCertificatesOf { .. }
                | Self::Abandon { signed: true, .. }
        )
    }

    /// Whether this inserts its rows when the batch ends.
    fn can_wait(&self) -> bool {
        matches!(self, Self::Intend { .. } | Self::SealCertificate { .. })
    }

    /// Makes the change; false when it lost and wrote nothing.
    async fn apply<'w>(&'w self, batch: &mut Batch<'w>, deed: &mut Deed) -> Result<bool, Failure> {
        // Intents and certificates wait to be inserted together; whatever might look at them comes
        // after that.
        if !self.can_wait() {
            batch.insert_waiting().await?;
        }
        let tx = batch.connection();
        let done = match self {
            Self::Intend { row, claim } => intend(batch, row, *claim).await?,
            Self::SealCertificate { row } => seal_certificate(batch, row).await?,
            Self::AddIdentity(identity) => identities::add(tx, identity).await?,
            Self::UpdateIdentity(identity) => {
                identities::update(tx, identity, identity.version + deed.moved).await?
            }
            Self::RemoveIdentity { ca, id, version } => {
                identities::remove(tx, ca, id, *version).await?
            }
            Self::RevokeIdentity { ca, id, at } => identities::revoke(tx, ca, id, *at).await?,
            Self::RevokeCertificate { issuer, serial, at, reason_code } => {
                let serials = [serial.as_octets()];
                let done = certificates::revoke(tx, issuer, &serials, *at, *reason_code).await?;
                let revoked = done.iter().map(|_| (issuer.clone(), serial.clone()));
                deed.outcome.revoked.extend(revoked);
                !done.is_empty()
            }
            Self::RevokeCertificatesOf { ca, enrollment_id, at, reason_code } => {
                // First the intents: one that is sealed meanwhile is a certificate by then.
                for (issuer, name) in journal::abandon_all_of(tx, ca, enrollment_id).await? {
                    if let Ok(serial) = name.parse() {
                        revocations::add(tx, &issuer, &serial, *at, *reason_code).await?;
                    }
                }
                let revoked =
                    certificates::revoke_all_of(tx, ca, enrollment_id, *at, *reason_code).await?;
                deed.outcome.revoked.extend(revoked);
                true
            }
            Self::SealCrl { issuer, name, der, number } => {
                let sealed = journal::seal(tx, issuer, &[name], JournalKind::Crl).await?;
                if sealed.is_empty() {
                    false
                } else {
                    if !crls::add(tx, issuer, *number, name, deed.at, der).await? {
                        return Err(Failure::Lost("crl"));
                    }
                    true
                }
            }
            Self::SealRequest { issuer, name, kind } => {
                !journal::seal(tx, issuer, &[name], *kind).await?.is_empty()
            }
            Self::Abandon { issuer, name, at, signed } => {
                abandon(batch, issuer, name, *at, *signed).await?
            }
            Self::AddAffiliation { ca, name } => affiliations::add(tx, ca, name).await?,
            Self::EnsureAffiliation { ca, name } => {
                affiliations::add(tx, ca, name).await?;
                true
            }
            Self::RemoveAffiliations { ca, under } => affiliations::remove(tx, ca, under).await?,
            Self::RenameAffiliations { ca, from, to } => {
                affiliations::rename(tx, ca, from, to).await?
            }
            Self::AddIssuer(issuer) => issuers::add(tx, issuer).await?,
            Self::ActivateIssuer { ca, key_id } => issuers::activate(tx, ca, key_id).await?,
            Self::KeepChannel { row, follows } => channels::keep(tx, row, *follows).await?,
            Self::ForgetChannel { id, sequence } => {
                let forgotten = channels::forget(tx, id, *sequence).await?;
                if forgotten {
                    pushes::forget(tx, id).await?;
                }
                forgotten
            }
            Self::AddProposal(row) => proposals::add(tx, row).await?,
            Self::SignProposal { id, signature } => proposals::sign(tx, id, signature).await?,
            Self::CloseProposal { id, state, outcome, at } => {
                proposals::close(tx, id, *state, outcome, *at).await?
            }
            Self::KeepPush(row) => pushes::keep(tx, row).await?,
            Self::SpendNonce { digest, expires } => {
                nonces::spend(tx, digest, deed.at, *expires).await?
            }
            Self::SetProperty { name, value } => {
                properties::set(tx, name, value).await?;
                true
            }
        };
        if done {
            batch.identities_changed |= self.shows_on_identities();
            batch.revoked |= self.shows_on_lists();
            batch.channels_changed |=
                matches!(self, Self::KeepChannel { .. } | Self::ForgetChannel { .. });
        }
        Ok(done)
    }
}

async fn intend<'w>(
    batch: &mut Batch<'w>,
    row: &'w JournalRow,
    claim: Claim,
) -> Result<bool, Failure> {
    let mut consumed = false;
    if let Some((count, cap)) = claim.count_and_cap() {
        let (tx, id) = (batch.connection(), &row.enrollment_id);
        if !identities::take_enrollment(tx, &row.ca, id, count, cap).await? {
            return Ok(false);
        }
        consumed = count == 1;
    }
    batch.intents.push((row, consumed));
    Ok(true)
}

async fn seal_certificate<'w>(
    batch: &mut Batch<'w>,
    row: &'w CertificateRow,
) -> Result<bool, Failure> {
    // The intent may be of the same deed, when what was signed elsewhere is taken over.
    batch.insert_waiting_intents().await?;
    let (tx, name) = (batch.connection(), row.serial.to_string());
    let sealed = journal::seal(tx, &row.issuer, &[&name], JournalKind::Certificate).await?;
    if !sealed.is_empty() {
        batch.certificates.push(row);
    }
    Ok(!sealed.is_empty())
}

async fn abandon(
    batch: &mut Batch<'_>,
    issuer: &KeyId,
    name: &str,
    at: Timestamp,
    signed: bool,
) -> Result<bool, Failure> {
    let tx = batch.connection();
    let Some(intent) = journal::abandon(tx, issuer, name).await? else { return Ok(false) };
    if intent.consumed {
        identities::give_back_enrollment(tx, &intent.ca, &intent.enrollment_id, intent.at).await?;
    }
    if signed
        && intent.kind == JournalKind::Certificate
        && let Ok(serial) = name.parse()
    {
        // RFC 5280 section 5.3.1: `unspecified`.
        revocations::add(tx, issuer, &serial, at, 0).await?;
    }
    Ok(true)
}
