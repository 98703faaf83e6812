//! A transaction in the making: many deeds, few statements.

use sqlx::{Any, AnyConnection, Transaction};

use super::error::Failure;
use super::journal::JournalRow;
use super::row::CertificateRow;
use super::sql::take_numbers;
use super::{audit, certificates, journal};
use crate::audit::Entry;

/// A transaction, and what waits to be inserted in it together.
pub(super) struct Batch<'w> {
    tx: Transaction<'w, Any>,
    /// Each with whether it took an enrollment.
    pub(super) intents: Vec<(&'w JournalRow, bool)>,
    pub(super) certificates: Vec<&'w CertificateRow>,
    pub(super) entries: Vec<&'w Entry>,
    /// Whether an identity was changed, other than by enrolling.
    pub(super) identities_changed: bool,
    /// Whether anything was revoked.
    pub(super) revoked: bool,
    /// Whether a channel was changed.
    pub(super) channels_changed: bool,
}

impl<'w> Batch<'w> {
    pub(super) fn new(tx: Transaction<'w, Any>) -> Self {
        Self {
            tx,
            intents: Vec::new(),
            certificates: Vec::new(),
            entries: Vec::new(),
            identities_changed: false,
            revoked: false,
            channels_changed: false,
        }
    }

    pub(super) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.tx
    }

    /// Inserts the intents that wait.
    pub(super) async fn insert_waiting_intents(&mut self) -> Result<(), Failure> {
        if !self.intents.is_empty() {
            let free = journal::insert(&mut self.tx, &self.intents).await?;
            if free != self.intents.len() {
                return Err(Failure::Lost("intent"));
            }
            self.intents.clear();
        }
        Ok(())
    }

    /// Inserts what waits, except for the audit trail.
    pub(super) async fn insert_waiting(&mut self) -> Result<(), Failure> {
        self.insert_waiting_intents().await?;
        if !self.certificates.is_empty() {
            let free = certificates::insert(&mut self.tx, &self.certificates).await?;
            if free != self.certificates.len() {
                return Err(Failure::Lost("certificate"));
            }
            self.certificates.clear();
        }
        Ok(())
    }

    /// Inserts everything that waits. The audit trail comes last: its counter makes other processes
    /// wait until this one committed.
    pub(super) async fn finish(
        mut self,
    ) -> Result<Transaction<'w, Any>, (Transaction<'w, Any>, Failure)> {
        match self.insert_all().await {
            Ok(()) => Ok(self.tx),
            Err(failure) => Err((self.tx, failure)),
        }
    }

    /// Gives the transaction back, to be undone.
    pub(super) fn abort(self) -> Transaction<'w, Any> {
        self.tx
    }

    async fn insert_all(&mut self) -> Result<(), Failure> {
        self.insert_waiting().await?;
        if self.identities_changed {
            take_numbers(&mut self.tx, "identities", 1).await?;
        }
        if self.revoked {
            take_numbers(&mut self.tx, "revocations", 1).await?;
        }
        if self.channels_changed {
            take_numbers(&mut self.tx, "channels", 1).await?;
        }
        if !self.entries.is_empty() {
            audit::append(&mut self.tx, &self.entries).await?;
        }
        Ok(())
    }
}
