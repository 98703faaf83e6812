//! Everything that we can write.

use super::channels::ChannelRow;
use super::issuers::IssuerRow;
use super::journal::{Claim, JournalKind, JournalRow};
use super::proposals::{ProposalRow, ProposalSignature, ProposalState};
use super::pushes::PushRow;
use super::row::{CertificateRow, Identity};
use crate::audit::Entry;
use crate::clock::Timestamp;
use crate::id::{Affiliation, CaName, ChannelId, EnrollmentId, KeyId, SerialNumber};

/// A deed as the database sees it: one guard, its followers, and its audit entry. All or nothing.
#[derive(Debug, Clone)]
pub struct Write {
    pub(super) guard: Option<Change>,
    pub(super) then: Vec<Change>,
    pub(super) entry: Entry,
}

impl Write {
    /// A deed that is done only if `guard` finds the world as it should be.
    pub fn new(guard: Change, entry: Entry) -> Self {
        Self { guard: Some(guard), then: Vec::new(), entry }
    }

    /// A line of the audit trail and nothing else, e.g. of a refused attempt.
    pub fn note(entry: Entry) -> Self {
        Self { guard: None, then: Vec::new(), entry }
    }

    /// Does `change` as well, after the guard and the earlier followers. A follower is not expected to
    /// lose; one that does undoes the whole deed, at a price.
    #[must_use]
    pub fn then(mut self, change: Change) -> Self {
        self.then.push(change);
        self
    }
}

/// What a write did that its asker could not know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The certificates that became revoked, in the order in which they were kept.
    pub revoked: Vec<(KeyId, SerialNumber)>,
}

/// One change. Each is a compare and swap: as a guard it loses when the world is not as expected, and
/// [`Error::Lost`](super::Error::Lost) then says the word given here.
#[derive(Debug, Clone)]
pub enum Change {
    /// Registers an identity. Loses `identity` if the name is taken.
    AddIdentity(Identity),
    /// Replaces kind, affiliation, attributes, secret and limit of an identity, and counts its version
    /// up. Loses `identity` if the version is not the one given. Neither revokes nor counts
    /// enrollments.
    UpdateIdentity(Identity),
    /// Removes an identity; its certificates stay. Loses `identity` if the version is not the one given.
    RemoveIdentity {
        /// The CA.
        ca: CaName,
        /// Who is removed.
        id: EnrollmentId,
        /// The version that was read.
        version: i64,
    },
    /// Revokes an identity; one that is revoked stays so. Loses `identity` if there is none. Put
    /// [`Change::RevokeCertificatesOf`] after it.
    RevokeIdentity {
        /// The CA.
        ca: CaName,
        /// Who is revoked.
        id: EnrollmentId,
        /// When.
        at: Timestamp,
    },
    /// Revokes a certificate. Loses `certificate` if there is none or it is revoked.
    RevokeCertificate {
        /// Who issued it.
        issuer: KeyId,
        /// Its serial number.
        serial: SerialNumber,
        /// When.
        at: Timestamp,
        /// Why, as in RFC 5280 section 5.3.1.
        reason_code: i64,
    },
    /// Revokes what an identity has: its certificates, and the serial numbers of intents that are
    /// still open, which thereby cannot be sealed any more. Never loses.
    RevokeCertificatesOf {
        /// The CA.
        ca: CaName,
        /// Whose.
        enrollment_id: String,
        /// When.
        at: Timestamp,
        /// Why, as in RFC 5280 section 5.3.1.
        reason_code: i64,
    },
    /// Writes an intent to sign. Loses `enrollment` if the identity does not grant the claim (it is
    /// gone, revoked, or has no enrollment left), `intent` if the issuer has one of this name.
    Intend {
        /// The intent.
        row: JournalRow,
        /// What it asks of `row.enrollment_id`.
        claim: Claim,
    },
    /// Keeps a certificate and seals its intent, which has the serial number as its name. Loses
    /// `intent` if that is not open, `certificate` if the serial number is taken.
    SealCertificate {
        /// The certificate.
        row: CertificateRow,
    },
    /// Publishes a list of revoked certificates and seals its intent. Loses `intent` if that is not
    /// open, `crl` if its number is not above all of the issuer's.
    SealCrl {
        /// Who signed it.
        issuer: KeyId,
        /// The name of the intent.
        name: String,
        /// The list, DER.
        der: Vec<u8>,
        /// Its number.
        number: i64,
    },
    /// Seals an intent to sign what we do not keep: a request, or (with its kind) a list of revoked
    /// certificates that was made for one caller. Loses `intent` if it is not open.
    SealRequest {
        /// Who signed it.
        issuer: KeyId,
        /// The name of the intent.
        name: String,
        /// What was signed.
        kind: JournalKind,
    },
    /// Gives up an intent, and gives back the enrollment that it took. Loses `intent` if it is not
    /// open.
    Abandon {
        /// Who was to sign.
        issuer: KeyId,
        /// The name of the intent.
        name: String,
        /// When.
        at: Timestamp,
        /// Whether a signature may exist: lists of revoked certificates then carry the serial number.
        signed: bool,
    },
    /// Adds an affiliation. Loses `affiliation` if it is there.
    AddAffiliation {
        /// The CA.
        ca: CaName,
        /// The path.
        name: Affiliation,
    },
    /// Adds an affiliation unless it is there. Never loses.
    EnsureAffiliation {
        /// The CA.
        ca: CaName,
        /// The path.
        name: Affiliation,
    },
    /// Removes an affiliation and those below. Loses `affiliation` if there is none, and `identity` if
    /// an identity still belongs there when all followers are done.
    RemoveAffiliations {
        /// The CA.
        ca: CaName,
        /// The topmost.
        under: Affiliation,
    },
    /// Renames an affiliation and those below, and moves the identities there, whose versions count
    /// up. Loses `affiliation` if it is not there or if the new name is taken. An
    /// [`Change::UpdateIdentity`] that follows gives the version that was read before the move.
    RenameAffiliations {
        /// The CA.
        ca: CaName,
        /// The old path.
        from: Affiliation,
        /// The new path.
        to: Affiliation,
    },
    /// Adds an issuer. Loses `issuer` if the CA has one with this key.
    AddIssuer(IssuerRow),
    /// Makes an issuer the only active one of its CA. Loses `issuer` if there is none.
    ActivateIssuer {
        /// The CA.
        ca: CaName,
        /// Which.
        key_id: KeyId,
    },
    /// Keeps the configuration of a channel. Loses `channel` if the channel is there and nothing was to
    /// be followed, or is not there as of the sequence that is to be followed.
    KeepChannel {
        /// The channel with its configuration.
        row: ChannelRow,
        /// The sequence of the configuration that it takes the place of; none for a new channel.
        follows: Option<u64>,
    },
    /// Forgets a channel, and how far pushes came into it. Loses `channel` if it is not there as of this sequence.
    ForgetChannel {
        /// Which.
        id: ChannelId,
        /// The sequence of its configuration.
        sequence: u64,
    },
    /// Adds a proposal. Loses `proposal` if its ID is taken.
    AddProposal(ProposalRow),
    /// Adds a signature to a proposal. Loses `signature` if the proposal is not open, or its signer has
    /// signed.
    SignProposal {
        /// Which.
        id: String,
        /// The signature.
        signature: ProposalSignature,
    },
    /// Closes a proposal. Loses `proposal` if it is not open.
    CloseProposal {
        /// Which.
        id: String,
        /// How it stands from now on.
        state: ProposalState,
        /// What became of it.
        outcome: String,
        /// When.
        at: Timestamp,
    },
    /// Keeps how a push stands. Loses `push` if it is not there as of the version before, or, as a new one, is
    /// there.
    KeepPush(PushRow),
    /// Takes a nonce. Loses `nonce` if it was taken before.
    SpendNonce {
        /// A digest of the nonce and of whose it is.
        digest: [u8; 32],
        /// From when on the request would be too old.
        expires: Timestamp,
    },
    /// Keeps a fact about this database. Never loses.
    SetProperty {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
}
