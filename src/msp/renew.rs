//! The MSP of an organization as it stands in a channel, brought to what its certificate authorities say today.

use std::collections::BTreeSet;

use super::compose::{Authorities, split};
use super::crl::der_of;
use super::pem;
use crate::clock::Timestamp;
use crate::id::{KeyId, SerialNumber};
use crate::pki::{Certificate, Crl};
use crate::wire::{FabricMspConfig, FabricNodeOus, MspConfig, canonical, decode};

/// Why an MSP that stands in a channel cannot be renewed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenewError {
    /// It does not parse, or is of another kind.
    #[error("the MSP in place does not parse: {0}")]
    Malformed(String),
    /// It knows none of the CAs: to add one would be to take it over.
    #[error("the MSP in place knows none of the organization's CAs")]
    Foreign,
    /// Nodes would pass over the list, since they know no CA that signed it.
    #[error("a revocation list is of `{0}`, which the MSP in place does not know")]
    WrongIssuer(String),
    /// With a list like this in place nodes would refuse every member.
    #[error(
        "a revocation list has no authority key identifier: with it in place every member would be refused"
    )]
    NoKeyIdentifier,
    /// It would take back what the one in place says.
    #[error("a revocation list of {0} is older than the one in place, of {1}")]
    Older(Timestamp, Timestamp),
}

/// An MSP as it stands in a channel.
#[derive(Debug, Clone)]
pub struct InPlace {
    config: FabricMspConfig,
    /// The lists that read as ours do, with where they stand.
    lists: Vec<(usize, Crl)>,
    authorities: Vec<Certificate>,
    tls_authorities: Vec<Certificate>,
}

impl InPlace {
    /// Reads an `MSPConfig`.
    ///
    /// # Errors
    /// [`RenewError::Malformed`].
    pub fn read(octets: &[u8]) -> Result<Self, RenewError> {
        let malformed = |why: String| RenewError::Malformed(why);
        let outer: MspConfig = decode(octets).map_err(|why| malformed(why.to_string()))?;
        if outer.r#type != 0 {
            return Err(malformed(format!("its type is {}", outer.r#type)));
        }
        let config: FabricMspConfig =
            decode(&outer.config).map_err(|why| malformed(why.to_string()))?;
        let read = |(at, entry): (usize, &Vec<u8>)| Some((at, Crl::from_der(der_of(entry)).ok()?));
        Ok(Self {
            lists: config.revocation_list.iter().enumerate().filter_map(read).collect(),
            authorities: certificates(&config.root_certs, &config.intermediate_certs),
            tls_authorities: certificates(&config.tls_root_certs, &config.tls_intermediate_certs),
            config,
        })
    }

    /// Whether it knows this CA.
    pub fn knows(&self, ca: &Certificate) -> bool {
        self.authorities.contains(ca)
    }

    /// Of these CAs, those that it lacks.
    pub fn lacks<'a>(&self, ours: &'a Authorities) -> Vec<&'a Certificate> {
        let members = ours.issuing.iter().flatten().filter(|ca| !self.knows(ca));
        let tls = ours.tls.iter().flatten().filter(|ca| !self.tls_authorities.contains(ca));
        let mut all: Vec<&Certificate> = Vec::new();
        for ca in members.chain(tls) {
            if !all.contains(&ca) {
                all.push(ca);
            }
        }
        all
    }

    /// The list of a CA, if nodes heed it: the newest that the CA has signed.
    fn list_of(&self, ca: &Certificate) -> Option<&Crl> {
        let lists = self.lists.iter().map(|(_, list)| list);
        let heeded = lists.filter(|list| is_list_of(list, ca));
        heeded.max_by_key(|list| list.head().this_update)
    }

    /// From when on the list of a CA should be replaced, where there is one that ends: with a third of its life left.
    pub fn list_due(&self, ca: &Certificate) -> Option<Timestamp> {
        let head = self.list_of(ca)?.head();
        let end = head.next_update?;
        Some(end.plus(-(end.unix() - head.this_update.unix()) / 3))
    }

    /// Of these serial numbers of a CA, those that no list names.
    pub fn unlisted(
        &self,
        ca: &Certificate,
        serials: impl Iterator<Item = SerialNumber>,
    ) -> Vec<SerialNumber> {
        // Every list counts that nodes heed, not the newest alone.
        let lists = self.lists.iter().filter(|(_, list)| is_list_of(list, ca));
        let listed: BTreeSet<SerialNumber> =
            lists.flat_map(|(_, list)| list.entries().map(|entry| entry.serial)).collect();
        serials.filter(|serial| !listed.contains(serial)).collect()
    }

    /// The `MSPConfig` with these revocation lists instead of those of the same CAs.
    ///
    /// # Errors
    /// [`RenewError`] for a list that nodes would pass over, that would make them refuse everybody, or that
    /// is older than the one in place.
    pub fn with_lists(&self, new: &[Crl]) -> Result<Vec<u8>, RenewError> {
        let mut replaced = BTreeSet::new();
        for list in new {
            let head = list.head();
            let key = head.authority_key_id.as_ref().ok_or(RenewError::NoKeyIdentifier)?;
            let ca = self
                .authorities
                .iter()
                .find(|ca| is_list_of(list, ca))
                .ok_or_else(|| RenewError::WrongIssuer(key.to_string()))?;
            if let Some(old) = self.list_of(ca)
                && (old.head().this_update > head.this_update
                    || matches!((old.number(), list.number()), (Some(old), Some(new)) if old > new))
            {
                return Err(RenewError::Older(head.this_update, old.head().this_update));
            }
            // Those of the same key that do not verify go as well: nodes pass over them.
            let same = |(_, old): &&(usize, Crl)| old.head().authority_key_id.as_ref() == Some(key);
            replaced.extend(self.lists.iter().filter(same).map(|(at, _)| *at));
        }
        let mut config = self.config.clone();
        let kept = config.revocation_list.into_iter().enumerate();
        let kept = kept.filter(|(at, _)| !replaced.contains(at)).map(|(_, list)| list);
        config.revocation_list =
            kept.chain(new.iter().map(|list| list.to_pem().into_bytes())).collect();
        Ok(encoded(&config))
    }

    /// The `MSPConfig` with the CAs that it lacks. Where there are several issuers now, roles are bound to none of ours, as in
    /// [`compose`](super::compose): whom the new one certifies would hold none.
    ///
    /// # Errors
    /// [`RenewError::Foreign`].
    pub fn with_authorities(&self, ours: &Authorities) -> Result<Vec<u8>, RenewError> {
        if !ours.issuing.iter().flatten().any(|ca| self.knows(ca)) {
            return Err(RenewError::Foreign);
        }
        let mut config = self.config.clone();
        let (roots, intermediates) = split(&ours.issuing);
        let (tls_roots, tls_intermediates) = split(&ours.tls);
        for (list, known, new) in [
            (&mut config.root_certs, &self.authorities, roots),
            (&mut config.intermediate_certs, &self.authorities, intermediates),
            (&mut config.tls_root_certs, &self.tls_authorities, tls_roots),
            (&mut config.tls_intermediate_certs, &self.tls_authorities, tls_intermediates),
        ] {
            let is_new = |pem: &Vec<u8>| {
                !certificates(std::slice::from_ref(pem), &[]).iter().any(|ca| known.contains(ca))
            };
            list.extend(new.into_iter().filter(is_new));
        }
        if ours.issuing.len() > 1
            && let Some(units) = &mut config.fabric_node_ous
        {
            unbind(units, &ours.issuing);
        }
        Ok(encoded(&config))
    }
}

/// Whether the list is one of this CA, as nodes find it: by the key identifier and the signature.
fn is_list_of(list: &Crl, ca: &Certificate) -> bool {
    let key: Option<KeyId> = ca.subject_key_id();
    key.is_some()
        && list.head().authority_key_id == key
        && list.verify_signed_by(ca.public_key()).is_ok()
}

fn certificates(roots: &[Vec<u8>], intermediates: &[Vec<u8>]) -> Vec<Certificate> {
    let blocks = roots.iter().chain(intermediates).filter_map(|entry| pem::first(entry));
    blocks.filter_map(|block| Certificate::from_der(&block.der).ok()).collect()
}

/// Binds roles no more to a CA that is one of several now.
fn unbind(units: &mut FabricNodeOus, issuing: &[Vec<Certificate>]) {
    let ours: Vec<&Certificate> = issuing.iter().flatten().collect();
    for unit in [
        &mut units.client_ou_identifier,
        &mut units.peer_ou_identifier,
        &mut units.admin_ou_identifier,
        &mut units.orderer_ou_identifier,
    ]
    .into_iter()
    .flatten()
    {
        let bound = certificates(std::slice::from_ref(&unit.certificate), &[]);
        if bound.iter().any(|ca| ours.contains(&ca)) {
            unit.certificate.clear();
        }
    }
}

fn encoded(config: &FabricMspConfig) -> Vec<u8> {
    canonical(&MspConfig { r#type: 0, config: canonical(config) })
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, IsCa, Issuer,
        KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams,
    };

    use super::*;
    use crate::msp::compose;

    const NOW: i64 = 1_800_000_000;

    struct Ca(Issuer<'static, KeyPair>, Certificate);

    fn ca(name: &str) -> Ca {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let made = params.self_signed(&key).unwrap();
        let certificate = Certificate::from_der(made.der()).unwrap();
        Ca(Issuer::new(params, key), certificate)
    }

    fn serial(last: u8) -> SerialNumber {
        SerialNumber::from_octets(&[0x41, last]).unwrap()
    }

    impl Ca {
        fn list(&self, number: u64, at: i64, serials: &[u8]) -> Crl {
            let when = |unix: i64| {
                (std::time::UNIX_EPOCH + std::time::Duration::from_secs(unix.unsigned_abs())).into()
            };
            let revoked = serials.iter().map(|last| RevokedCertParams {
                serial_number: serial(*last).as_octets().to_vec().into(),
                revocation_time: when(at),
                reason_code: None,
                invalidity_date: None,
            });
            let params = CertificateRevocationListParams {
                this_update: when(at),
                next_update: when(at + 1000),
                crl_number: number.into(),
                issuing_distribution_point: None,
                revoked_certs: revoked.collect(),
                key_identifier_method: KeyIdMethod::Sha256,
            };
            Crl::from_der(params.signed_by(&self.0).unwrap().der().to_vec()).unwrap()
        }
    }

    fn of(cas: &[&Ca], lists: &[Crl]) -> Authorities {
        Authorities {
            issuing: cas.iter().map(|ca| vec![ca.1.clone()]).collect(),
            tls: Vec::new(),
            crls: lists.to_vec(),
        }
    }

    fn in_place(authorities: &Authorities) -> InPlace {
        InPlace::read(&compose("Org1MSP", authorities).to_msp_config()).unwrap()
    }

    #[test]
    fn a_newer_list_takes_the_place_of_the_older_one_and_others_stay() {
        let (ours, theirs) = (ca("ours"), ca("theirs"));
        let before =
            in_place(&of(&[&ours, &theirs], &[theirs.list(1, NOW, &[9]), ours.list(1, NOW, &[1])]));
        assert_eq!(before.unlisted(&ours.1, [1, 2, 9].map(serial).into_iter()), [2, 9].map(serial));
        let new = ours.list(2, NOW + 5, &[1, 2]);
        let after = InPlace::read(&before.with_lists(std::slice::from_ref(&new)).unwrap()).unwrap();
        assert_eq!(after.lists.len(), 2);
        assert_eq!(after.list_of(&ours.1), Some(&new));
        assert!(after.unlisted(&ours.1, [1, 2].map(serial).into_iter()).is_empty());
        assert!(after.unlisted(&theirs.1, [9].map(serial).into_iter()).is_empty());
        assert_eq!(after.config.root_certs, before.config.root_certs);
    }

    #[test]
    fn a_list_that_would_harm_or_be_passed_over_does_not_leave() {
        let (ours, other) = (ca("ours"), ca("other"));
        let place = in_place(&of(&[&ours], &[ours.list(7, NOW, &[1])]));
        let wrong = place.with_lists(&[other.list(8, NOW, &[])]);
        assert!(matches!(wrong, Err(RenewError::WrongIssuer(_))), "{wrong:?}");
        let older = place.with_lists(&[ours.list(8, NOW - 1, &[1])]);
        assert!(matches!(older, Err(RenewError::Older(..))), "{older:?}");
        let numbered = place.with_lists(&[ours.list(6, NOW + 1, &[1])]);
        assert!(matches!(numbered, Err(RenewError::Older(..))), "{numbered:?}");
        // The one in place is of another CA of the same name: nodes pass over it, and so do we.
        let forged = in_place(&of(&[&ours], &[other.list(9, NOW + 9, &[1])]));
        assert_eq!(forged.unlisted(&ours.1, [serial(1)].into_iter()), [serial(1)]);
    }

    #[test]
    fn a_successor_joins_and_roles_are_bound_to_none() {
        let (old, new) = (ca("old"), ca("new"));
        let place = in_place(&of(&[&old], &[]));
        let both = of(&[&new, &old], &[]);
        assert_eq!(place.lacks(&both), [&new.1]);
        let after = InPlace::read(&place.with_authorities(&both).unwrap()).unwrap();
        assert!(after.lacks(&both).is_empty());
        let units = after.config.fabric_node_ous.unwrap();
        assert!(units.peer_ou_identifier.unwrap().certificate.is_empty());
        assert!(matches!(place.with_authorities(&of(&[&new], &[])), Err(RenewError::Foreign)));
    }
}
