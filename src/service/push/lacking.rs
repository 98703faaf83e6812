//! What a channel lacks of what an organization's CA says today.

use crate::channel::msp_in_place;
use crate::clock::Timestamp;
use crate::id::SerialNumber;
use crate::msp::InPlace;
use crate::service::administrator::Matter;
use crate::service::error::{Error, Kind};
use crate::service::issuer::Issuer;
use crate::service::organizations::Organization;
use crate::store::RevokedFilter;
use crate::wire::ConfigGroup;

/// What a channel lacks.
#[derive(Debug)]
pub(super) struct Lacking {
    /// What is told of it, e.g. `2 revoked certificates`.
    pub(super) what: String,
    /// Since when.
    pub(super) since: Timestamp,
    /// What brings it.
    pub(super) kind: Kinds,
    /// Where it is lacking.
    place: InPlace,
}

/// What brings what is lacking.
#[derive(Debug)]
pub(super) enum Kinds {
    /// Lists of these issuers, by their place among the organization's.
    Lists(Vec<usize>),
    /// Certificates of CAs.
    Issuers,
}

impl Organization {
    /// What a configuration lacks of this; nothing when it is complete, or when there is none of the organization's MSP.
    ///
    /// # Errors
    /// Of the store; [`Kind::Conflict`] when the MSP in place does not parse.
    pub(super) async fn lacking(
        &self,
        root: &ConfigGroup,
        matter: Matter,
        now: Timestamp,
    ) -> Result<Option<Lacking>, Error> {
        let Some(octets) = msp_in_place(root, self.msp_id.as_str()) else { return Ok(None) };
        let place = InPlace::read(octets)
            .map_err(|why| Error::new(Kind::Conflict, why.to_string()).because(why))?;
        match matter {
            Matter::RevocationLists => self.lacking_lists(place, now).await,
            Matter::Issuers => Ok(self.lacking_issuers(place)),
        }
    }

    async fn lacking_lists(
        &self,
        place: InPlace,
        now: Timestamp,
    ) -> Result<Option<Lacking>, Error> {
        let (mut lists, mut since, mut count) = (Vec::new(), None, 0);
        for (at, issuer) in self.ca.all_issuers().enumerate() {
            // Of an issuer that the channel does not know, nodes take neither certificates nor lists.
            if !place.knows(issuer.certificate()) {
                continue;
            }
            let filter =
                RevokedFilter { expires_after: self.pruned_at(now), ..RevokedFilter::default() };
            let rows = self.ca.store.read().revoked(issuer.key_id(), &filter).await?;
            let serials = rows.iter().map(|row| row.serial.clone());
            let unlisted = place.unlisted(issuer.certificate(), serials);
            let due = place.list_due(issuer.certificate()).filter(|due| *due <= now);
            if unlisted.is_empty() && due.is_none() {
                continue;
            }
            lists.push(at);
            count += unlisted.len();
            let unlisted: std::collections::BTreeSet<SerialNumber> = unlisted.into_iter().collect();
            let missing = rows.iter().filter(|row| unlisted.contains(&row.serial));
            since = missing.map(|row| row.at).chain(due).chain(since).min();
        }
        let Some(since) = since else { return Ok(None) };
        let what = match count {
            0 => "its revocation list ends soon".to_owned(),
            1 => "1 revoked certificate".to_owned(),
            count => format!("{count} revoked certificates"),
        };
        Ok(Some(Lacking { what, since, kind: Kinds::Lists(lists), place }))
    }

    fn lacking_issuers(&self, place: InPlace) -> Option<Lacking> {
        let ours = self.authorities();
        let lacks = place.lacks(&ours);
        let since = lacks.iter().map(|ca| ca.not_before()).max()?;
        let what = match lacks.len() {
            1 => "1 CA certificate".to_owned(),
            count => format!("{count} CA certificates"),
        };
        Some(Lacking { what, since, kind: Kinds::Issuers, place })
    }

    /// The `MSPConfig` that brings what is lacking.
    ///
    /// # Errors
    /// [`Kind::Conflict`] for a list that must not leave; of the token or the store.
    pub(super) async fn supplied(
        &self,
        lacking: &Lacking,
        now: Timestamp,
    ) -> Result<Vec<u8>, Error> {
        let refused =
            |why: crate::msp::RenewError| Error::new(Kind::Conflict, why.to_string()).because(why);
        let place = &lacking.place;
        match &lacking.kind {
            Kinds::Issuers => place.with_authorities(&self.authorities()).map_err(refused),
            Kinds::Lists(at) => {
                let mut lists = Vec::new();
                let wanted = |(place, _): &(usize, &Issuer)| at.contains(place);
                for (_, issuer) in self.ca.all_issuers().enumerate().filter(wanted) {
                    let (after, life) = (self.pruned_at(now), self.channel_list_seconds());
                    lists.push(self.ca.list_for_channels(issuer, after, life).await?);
                }
                place.with_lists(&lists).map_err(refused)
            }
        }
    }
}
