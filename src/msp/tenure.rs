//! Until when an MSP can have somebody whom a principal names.
//!
//! Membership does not look at expiry, people have to: whoever is to sign next year needs a certificate then, and a CA
//! issues none that would be valid after its own has ended.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::certificate::{Certificate, Path, ways_from};
use super::core::{Core, RoleUnit, Subject};
use super::principal::Unvalidated;
use super::version::MspVersion;
use crate::clock::Timestamp;
use crate::wire::{
    MspPrincipal, MspRole, OrganizationUnit, PrincipalClassification, RoleType, SerializedIdentity,
    decode,
};

/// Until when somebody can be the principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tenure {
    /// Nobody can, and why.
    Vacant(String),
    /// Somebody can through this instant; then what is named ends.
    Through(Timestamp, String),
}

/// What a new identity must hold to be the principal.
#[derive(Default)]
struct Wanted<'a> {
    roles: Vec<&'a RoleUnit>,
    units: Vec<OrganizationUnit>,
}

impl Core {
    pub(super) fn tenure(&self, principal: &MspPrincipal, now: Timestamp) -> Tenure {
        let parts = match self.flatten_any(principal) {
            Ok(parts) => parts,
            Err(why) => return Tenure::Vacant(why),
        };
        let issued = self.wanted(&parts).and_then(|wanted| self.issuable(&wanted, now.unix()));
        let named: Vec<Subject> = parts.iter().filter_map(|part| self.named(part)).collect();
        let known = named.iter().chain(&self.admins);
        let known = known
            .filter(|who| self.satisfies(&Unvalidated(who), principal).is_ok())
            .map(|who| &who.certificate);
        let lasting = known.max_by_key(|certificate| certificate.not_after);
        let lasting = lasting.map(|certificate| (certificate.not_after, ends(certificate)));
        let best = match (issued, lasting) {
            (Ok(issued), Some(known)) if issued.0 < known.0 => known,
            (Ok(issued), _) => issued,
            (Err(_), Some(known)) if known.0 >= now.unix() => known,
            (Err(_), Some((end, what))) => {
                let ended = Timestamp::from_unix(end);
                return Tenure::Vacant(format!("{what} on {ended}, which is over"));
            }
            (Err(why), None) => return Tenure::Vacant(why),
        };
        Tenure::Through(Timestamp::from_unix(best.0), best.1)
    }

    fn flatten_any(&self, principal: &MspPrincipal) -> Result<Vec<MspPrincipal>, String> {
        if principal.principal_classification != PrincipalClassification::Combined as i32 {
            return Ok(vec![principal.clone()]);
        }
        self.flatten(principal).map_err(|why| why.to_string())
    }

    /// The certificate that a principal names.
    fn named(&self, part: &MspPrincipal) -> Option<Subject> {
        if part.principal_classification != PrincipalClassification::Identity as i32 {
            return None;
        }
        let named: SerializedIdentity = decode(&part.principal).ok()?;
        self.subject(&named.id_bytes).ok()
    }

    /// What somebody has to hold for all of these; or why holding something does not make them it.
    fn wanted(&self, parts: &[MspPrincipal]) -> Result<Wanted<'_>, String> {
        let mut wanted = Wanted::default();
        for part in parts {
            let malformed = |_| "the principal is malformed".to_owned();
            match PrincipalClassification::try_from(part.principal_classification) {
                Ok(PrincipalClassification::Role) => {
                    let role: MspRole = decode(&part.principal).map_err(malformed)?;
                    self.check_name(&role.msp_identifier).map_err(|why| why.to_string())?;
                    wanted.roles.extend(self.unit_of(role.role)?);
                }
                Ok(PrincipalClassification::OrganizationUnit) => {
                    let unit: OrganizationUnit = decode(&part.principal).map_err(malformed)?;
                    self.check_name(&unit.msp_identifier).map_err(|why| why.to_string())?;
                    wanted.units.push(unit);
                }
                Ok(PrincipalClassification::Identity) => {
                    return Err("no valid identity has the certificate that is named".to_owned());
                }
                Ok(PrincipalClassification::Anonymity) if self.version >= MspVersion::V1_3 => {}
                Ok(PrincipalClassification::Anonymity | PrincipalClassification::Combined)
                | Err(_) => return Err("the principal is of an unsupported kind".to_owned()),
            }
        }
        Ok(wanted)
    }

    /// The unit that makes somebody this; nothing for members.
    fn unit_of(&self, role: i32) -> Result<Option<&RoleUnit>, String> {
        let with_roles = self.version >= MspVersion::V1_4_3 && self.enforces_roles;
        let (name, unit, may_be) = match RoleType::try_from(role) {
            Ok(RoleType::Member) => return Ok(None),
            Ok(RoleType::Client) => ("client", &self.roles.client, self.enforces_roles),
            Ok(RoleType::Peer) => ("peer", &self.roles.peer, self.enforces_roles),
            Ok(RoleType::Admin) => ("admin", &self.roles.admin, with_roles),
            Ok(RoleType::Orderer) => ("orderer", &self.roles.orderer, with_roles),
            Err(_) => return Err(format!("there is no role with the number {role}")),
        };
        match unit {
            _ if !may_be && name == "admin" => {
                Err("without NodeOUs administrators are those whose certificates are listed".into())
            }
            _ if !may_be => Err(format!("NodeOUs are not enabled, so nobody is told to be {name}")),
            None => Err(format!("the MSP defines no unit for the role {name}")),
            Some(unit) => Ok(Some(unit)),
        }
    }

    /// Until when some CA of the MSP can issue what is wanted, and what ends then.
    fn issuable(&self, wanted: &Wanted<'_>, now: i64) -> Result<(i64, String), String> {
        if let Some(why) = self.crls.iter().find_map(|crl| crl.authority_key().err()) {
            return Err(why.to_string());
        }
        let cas = self.roots.iter().chain(&self.intermediates).map(|ca| &ca.certificate);
        let (mut best, mut refused) = (None, None);
        for ca in cas {
            match self.issuable_by(ca, wanted, now) {
                Ok(end) if best.as_ref().is_none_or(|(best, _)| *best < end.0) => best = Some(end),
                Ok(_) => {}
                // An intermediate tells more than the root above it, which comes first.
                Err(why) => refused = Some(why),
            }
        }
        best.ok_or_else(|| refused.unwrap_or_else(|| "there is no CA".to_owned()))
    }

    fn issuable_by(
        &self,
        ca: &Arc<Certificate>,
        wanted: &Wanted<'_>,
        now: i64,
    ) -> Result<(i64, String), String> {
        let mut way = self.issues_at(ca, wanted, now)?;
        // One step for each certificate that begins or ends: what cannot be issued at one instant ends there, even
        // if it could be again later.
        loop {
            let Some(first) = way.iter().min_by_key(|link| link.not_after) else {
                return Err("there is no CA".to_owned());
            };
            let (end, what) = (first.not_after, ends(first));
            let begins = |other: &&Subject| {
                let begin = other.certificate.not_before;
                now < begin && begin <= end && !way.contains(&other.certificate)
            };
            let others = self.roots.iter().chain(&self.intermediates).filter(begins);
            let mut instants: Vec<i64> = others.map(|other| other.certificate.not_before).collect();
            instants.sort_unstable();
            for instant in instants {
                if let Err(why) = self.issues_at(ca, wanted, instant) {
                    return Ok((instant - 1, format!("from then on {why}")));
                }
            }
            match self.issues_at(ca, wanted, end.saturating_add(1)) {
                Ok(next) if next != way => way = next,
                Ok(_) | Err(_) => return Ok((end, what)),
            }
        }
    }

    /// The way above what the CA issues at this instant, if that can be what is wanted.
    fn issues_at(&self, ca: &Certificate, wanted: &Wanted<'_>, at: i64) -> Result<Path, String> {
        if at > ca.not_after && !self.has_twin(ca, at) {
            let ended = Timestamp::from_unix(ca.not_after);
            return Err(format!("the certificate of {} ended on {ended}", ca.called()));
        }
        let mut ways = ways_from(ca, &self.root_pool, &self.intermediate_pool, at);
        let (Some(way), true) = (ways.pop(), ways.is_empty()) else {
            return Err(format!("what {} issues has no chain, or more than one", ca.called()));
        };
        if let Some(issuer) = way.first() {
            self.may_issue_directly(issuer).map_err(|why| why.to_string())?;
        }
        self.fits(wanted, &self.certifiers(&way)).map(|()| way)
    }

    fn has_twin(&self, ca: &Certificate, at: i64) -> bool {
        let mut others =
            self.roots.iter().chain(&self.intermediates).map(|other| &other.certificate);
        others
            .any(|other| other.is_same_ca(ca) && (other.not_before..=other.not_after).contains(&at))
    }

    /// Whether a valid identity below this certification path can hold what is wanted.
    fn fits(&self, wanted: &Wanted<'_>, certifiers: &Vec<u8>) -> Result<(), String> {
        if wanted.units.iter().any(|unit| unit.certifiers_identifier != *certifiers) {
            return Err("the unit is asked for below another CA".to_owned());
        }
        let units = wanted.units.iter().map(|unit| unit.organizational_unit_identifier.as_str());
        let held: BTreeSet<&str> =
            wanted.roles.iter().map(|role| role.unit.as_str()).chain(units).collect();
        let is_role = |unit: &str| self.enforces_roles && self.role_named(unit).is_some();
        let asked: Vec<&str> = held.iter().copied().filter(|unit| is_role(unit)).collect();
        let may_hold = |role: &str| {
            let bound = self.role_named(role).and_then(|role| role.certifiers.as_ref());
            bound.is_none_or(|bound| bound == certifiers)
        };
        // Everybody holds exactly one role, so a member too has one of them.
        let role = match asked.as_slice() {
            [] if !self.enforces_roles => None,
            [] => match self.role_units().find(|role| may_hold(&role.unit)) {
                Some(role) => Some(role.unit.as_str()),
                None => return Err("each role is bound to another CA".to_owned()),
            },
            [role] if may_hold(role) => Some(*role),
            [role] => return Err(format!("the role `{role}` is bound to another CA")),
            [..] => return Err("nobody holds two roles at once".to_owned()),
        };
        let recognised = |(unit, paths): (&String, &Vec<Vec<u8>>)| {
            let may_hold = held.contains(unit.as_str()) || role == Some(unit) || !is_role(unit);
            may_hold && paths.contains(certifiers)
        };
        if self.units.is_empty() || self.units.iter().any(recognised) {
            return Ok(());
        }
        Err("the units of which each identity holds one are bound to other CAs".to_owned())
    }
}

fn ends(certificate: &Certificate) -> String {
    format!("the certificate of {} ends", certificate.called())
}

#[cfg(test)]
mod tests {
    use super::super::provider::Msp;
    use super::super::testing::{Ca, NOW, set_up, unit};
    use super::*;
    use crate::wire::{FabricMspConfig, FabricNodeOus, Message as _};

    fn role(role: RoleType) -> MspPrincipal {
        let role = MspRole { msp_identifier: "Org1MSP".into(), role: role.into() };
        MspPrincipal { principal_classification: 0, principal: role.encode_to_vec() }
    }

    fn roles(bound: Option<&Ca>) -> FabricNodeOus {
        FabricNodeOus {
            enable: true,
            client_ou_identifier: Some(unit("client", None)),
            peer_ou_identifier: Some(unit("peer", bound)),
            admin_ou_identifier: Some(unit("admin", None)),
            orderer_ou_identifier: None,
        }
    }

    /// The year after the last one in which somebody is the principal, or why nobody is.
    fn until(msp: &Msp, principal: &MspPrincipal) -> Result<i64, String> {
        match msp.tenure(principal, Timestamp::from_unix(NOW)) {
            Tenure::Through(end, _) => Ok(1970 + (end.unix() + 86_400) / 31_556_952),
            Tenure::Vacant(why) => Err(why),
        }
    }

    #[test]
    fn a_role_lasts_as_long_as_a_ca_that_issues_it() {
        let root = Ca::root_until("root", 2035);
        let (short, long) =
            (root.intermediate_until("short", 2029), root.intermediate_until("long", 2039));
        let mut config = FabricMspConfig {
            intermediate_certs: vec![short.pem(), long.pem()],
            fabric_node_ous: Some(roles(Some(&short))),
            ..root.config()
        };
        let msp = set_up(&config, MspVersion::V3_0);
        // The root ends before the longer intermediate does; the role of peers is bound to the shorter.
        assert_eq!(until(&msp, &role(RoleType::Admin)), Ok(2035));
        assert_eq!(until(&msp, &role(RoleType::Member)), Ok(2035));
        assert_eq!(until(&msp, &role(RoleType::Peer)), Ok(2029));
        let why = until(&msp, &role(RoleType::Orderer)).unwrap_err();
        assert_eq!(why, "the MSP defines no unit for the role orderer");

        // Bound to a CA above those that issue, nobody can hold it.
        config.fabric_node_ous = Some(roles(None));
        config.organizational_unit_identifiers = vec![unit("sales", Some(&root))];
        let msp = set_up(&config, MspVersion::V3_0);
        let why = until(&msp, &role(RoleType::Peer)).unwrap_err();
        assert!(why.contains("bound to other CAs"), "{why}");
    }

    #[test]
    fn without_roles_there_are_members_and_listed_administrators() {
        let root = Ca::root_until("root", 2035);
        let admins =
            vec![root.certificate_until(&["a"], 2028), root.certificate_until(&["b"], 2030)];
        let config = FabricMspConfig { admins, ..root.config() };
        let msp = set_up(&config, MspVersion::V3_0);
        assert_eq!(until(&msp, &role(RoleType::Member)), Ok(2035));
        assert_eq!(until(&msp, &role(RoleType::Admin)), Ok(2030));
        for nobody in [RoleType::Peer, RoleType::Client, RoleType::Orderer] {
            let why = until(&msp, &role(nobody)).unwrap_err();
            assert!(why.contains("NodeOUs are not enabled"), "{why}");
        }
        // All of them ended years ago.
        let admins = vec![root.certificate_until(&["a"], 2025)];
        let msp = set_up(&FabricMspConfig { admins, ..root.config() }, MspVersion::V3_0);
        let why = until(&msp, &role(RoleType::Admin)).unwrap_err();
        assert!(why.contains("`somebody` ends on 2025-01-01T00:00:00Z, which is over"), "{why}");
    }

    #[test]
    fn a_listed_administrator_may_outlast_the_ca() {
        let root = Ca::root_until("root", 2030);
        let config = FabricMspConfig {
            admins: vec![root.certificate_until(&["admin"], 2034)],
            fabric_node_ous: Some(roles(None)),
            ..root.config()
        };
        let msp = set_up(&config, MspVersion::V3_0);
        assert_eq!(until(&msp, &role(RoleType::Admin)), Ok(2034));
        assert_eq!(until(&msp, &role(RoleType::Peer)), Ok(2030));
        // Older versions know administrators by certificate alone.
        let config = FabricMspConfig { admins: Vec::new(), ..config };
        let msp = set_up(&config, MspVersion::V1_3);
        assert!(until(&msp, &role(RoleType::Admin)).unwrap_err().contains("listed"));
    }

    #[test]
    fn a_renewed_ca_goes_on_and_two_at_a_time_do_not() {
        let (old, other) = (Ca::root_until("root", 2028), Ca::root_until("other", 2026));
        let mut config = FabricMspConfig { fabric_node_ous: Some(roles(None)), ..old.config() };
        config.root_certs.push(other.pem());
        let msp = set_up(&config, MspVersion::V3_0);
        assert_eq!(until(&msp, &role(RoleType::Peer)), Ok(2028));
        // Another certificate of the same CA, good now: what is issued has two chains.
        config.root_certs.push(old.renewed_until(2040).pem());
        let msp = set_up(&config, MspVersion::V3_0);
        let why = until(&msp, &role(RoleType::Peer)).unwrap_err();
        assert!(why.contains("ended on") || why.contains("more than one"), "{why}");
        // One that begins later: until then.
        let mut params = old.params.clone();
        params.not_before = rcgen::date_time_ymd(2027, 7, 2);
        params.not_after = rcgen::date_time_ymd(2040, 1, 1);
        let later = params.self_signed(&old.key).unwrap().pem().into_bytes();
        config.root_certs = vec![old.pem(), later];
        let msp = set_up(&config, MspVersion::V3_0);
        let Tenure::Through(end, why) =
            msp.tenure(&role(RoleType::Peer), Timestamp::from_unix(NOW))
        else {
            panic!("a peer can be enrolled today");
        };
        assert_eq!(end.to_string(), "2027-07-01T23:59:59Z");
        assert!(why.contains("more than one"), "{why}");
        // One that begins when the first has ended: without a break.
        let mut params = old.params.clone();
        params.not_before = rcgen::date_time_ymd(2028, 1, 1) + std::time::Duration::from_secs(1);
        params.not_after = rcgen::date_time_ymd(2033, 1, 1);
        let next = params.self_signed(&old.key).unwrap().pem().into_bytes();
        config.root_certs = vec![old.pem(), next];
        let msp = set_up(&config, MspVersion::V3_0);
        assert_eq!(until(&msp, &role(RoleType::Peer)), Ok(2033));
    }

    #[test]
    fn units_and_certificates_are_looked_at_too() {
        let root = Ca::root_until("root", 2035);
        let config = FabricMspConfig { fabric_node_ous: Some(roles(None)), ..root.config() };
        let msp = set_up(&config, MspVersion::V3_0);
        let somebody = root.certificate_until(&["client"], 2029);
        let (_, certifiers) = msp.identity_of_pem(&somebody).unwrap().units();
        let of_unit = |unit: &str, certifiers_identifier: Vec<u8>| {
            let unit = OrganizationUnit {
                msp_identifier: "Org1MSP".into(),
                organizational_unit_identifier: unit.into(),
                certifiers_identifier,
            };
            MspPrincipal { principal_classification: 1, principal: unit.encode_to_vec() }
        };
        assert_eq!(until(&msp, &of_unit("sales", certifiers)), Ok(2035));
        assert!(until(&msp, &of_unit("sales", vec![7])).is_err());
        let certificate = |id_bytes: Vec<u8>| {
            let named = SerializedIdentity { mspid: "Org1MSP".into(), id_bytes };
            MspPrincipal { principal_classification: 2, principal: named.encode_to_vec() }
        };
        assert_eq!(until(&msp, &certificate(somebody)), Ok(2029));
        let stranger = Ca::root("other").certificate_until(&["client"], 2029);
        assert!(until(&msp, &certificate(stranger)).is_err());
        let both = |first: MspPrincipal, second: MspPrincipal| {
            let combined = crate::wire::CombinedPrincipal { principals: vec![first, second] };
            MspPrincipal { principal_classification: 4, principal: combined.encode_to_vec() }
        };
        let client = role(RoleType::Client);
        assert_eq!(until(&msp, &both(client.clone(), role(RoleType::Member))), Ok(2035));
        let why = until(&msp, &both(client, role(RoleType::Peer))).unwrap_err();
        assert_eq!(why, "nobody holds two roles at once");
    }
}
