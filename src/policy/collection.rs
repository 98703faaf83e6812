//! Private data: what a collection may be, and who may see it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::ast::{Role, Rule};
use super::compile::{BadPolicy, SignaturePolicy, any_of_role, to_envelope};
use super::evaluate::Verdict;
use super::language;
use super::members::Members;
use super::signatures::{Signatures, SignedData};
use crate::wire::{
    ApplicationPolicyType, CollectionConfigPackage, CollectionPayload, CollectionPolicyConfig,
    CollectionPolicyPayload, MspPrincipal, MspRole, OrganizationUnit, PrincipalClassification,
    SignaturePolicyEnvelope, StaticCollectionConfig, decode,
};

/// What the name of an organization's own collection begins with; its MSP ID follows.
const IMPLICIT: &str = "_implicit_org_";

/// Why a collection is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BadCollection {
    /// It is of no kind.
    #[error("a collection has no configuration")]
    Payload,
    /// Its name is not one.
    #[error(
        "the name of a collection is letters, digits, `-` and, but for its first character, `_`"
    )]
    Name,
    /// Another has its name.
    #[error("two collections have one name")]
    Duplicate,
    /// It needs fewer than no peers, or more than it allows.
    #[error("a collection needs more peers than it allows, or fewer than none")]
    PeerCount,
    /// It has no policy.
    #[error("a collection has no policy of its members")]
    PolicyMissing,
    /// Its policy cannot be loaded.
    #[error(transparent)]
    Policy(#[from] BadPolicy),
    /// Its policy is more than a choice.
    #[error("the policy of a collection's members has gates other than OR")]
    NotOr,
    /// It names an organization or an identity that the channel does not have.
    #[error("a collection names an organization that is not in the channel")]
    ForeignOrg,
    /// It names someone by a principal that does not parse.
    #[error("a collection has a principal that does not parse")]
    PrincipalMalformed,
    /// It names someone by a principal of another kind.
    #[error("a collection has a principal that is no role, unit or identity")]
    PrincipalUnsupported,
    /// A committed one is gone.
    #[error("a committed collection is missing")]
    Removed,
    /// A committed one would keep its data for another time.
    #[error("a committed collection has another `block_to_live`")]
    BlockToLive,
}

impl BadCollection {
    /// The stable word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Payload => "payload",
            Self::Name => "name",
            Self::Duplicate => "duplicate",
            Self::PeerCount => "peer-count",
            Self::PolicyMissing => "policy-missing",
            Self::Policy(bad) => bad.word(),
            Self::NotOr => "not-or",
            Self::ForeignOrg => "foreign-org",
            Self::PrincipalMalformed => "principal-malformed",
            Self::PrincipalUnsupported => "principal-unsupported",
            Self::Removed => "removed",
            Self::BlockToLive => "block-to-live",
        }
    }
}

/// The MSP ID of the organization whose own collection has this name.
pub fn implicit_msp(name: &str) -> Option<&str> {
    name.strip_prefix(IMPLICIT)
}

/// An organization's own collection, which every chaincode has: of the MSP with this ID.
pub fn implicit_collection(msp_id: &str) -> StaticCollectionConfig {
    let envelope = to_envelope(&any_of_role([msp_id], Role::Member));
    let payload = Some(CollectionPolicyPayload::SignaturePolicy(envelope));
    StaticCollectionConfig {
        name: format!("{IMPLICIT}{msp_id}"),
        member_orgs_policy: Some(CollectionPolicyConfig { payload }),
        ..StaticCollectionConfig::default()
    }
}

/// What the creator of a proposal may do with a collection's data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CollectionRights {
    /// Read it.
    pub read: bool,
    /// Write it.
    pub write: bool,
}

/// What an identity is to a collection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CollectionStanding {
    /// Whether it is one of the members.
    pub member: bool,
    /// What it may do.
    pub rights: CollectionRights,
}

/// A collection as it is used.
#[derive(Debug, Clone)]
pub struct Collection {
    config: StaticCollectionConfig,
    policy: SignaturePolicy,
}

fn envelope(config: &StaticCollectionConfig) -> Result<&SignaturePolicyEnvelope, BadCollection> {
    let policy = config.member_orgs_policy.as_ref().and_then(|policy| policy.payload.as_ref());
    match policy {
        Some(CollectionPolicyPayload::SignaturePolicy(envelope)) => Ok(envelope),
        None => Err(BadCollection::PolicyMissing),
    }
}

impl Collection {
    /// Loads a committed collection. What a definition has to keep is not looked at again.
    ///
    /// # Errors
    /// When its policy is missing or cannot be loaded.
    pub fn load(config: StaticCollectionConfig) -> Result<Self, BadCollection> {
        let policy = SignaturePolicy::from_envelope(envelope(&config)?)?;
        Ok(Self { config, policy })
    }

    /// Its configuration.
    pub fn config(&self) -> &StaticCollectionConfig {
        &self.config
    }

    /// Whether who signed may have the data.
    pub fn admits<M: Members>(&self, signatures: &Signatures<'_, M>) -> Verdict {
        self.policy.evaluate(signatures)
    }

    /// What the creator of a proposal may do, whose signature this is.
    pub fn rights<M: Members>(&self, proposal: &Signatures<'_, M>) -> CollectionRights {
        let (only_read, only_write) = (self.config.member_only_read, self.config.member_only_write);
        let member = (only_read || only_write) && self.admits(proposal).is_satisfied();
        CollectionRights { read: member || !only_read, write: member || !only_write }
    }

    /// What an identity is to it, whoever holds its key: as [`Self::admits`] and [`Self::rights`] say of what that key signs.
    pub fn standing_of<M: Members>(&self, members: &M, serialized: &[u8]) -> CollectionStanding {
        let vouched = Vouched(members);
        let (identity, nothing) = (serialized.into(), || Cow::Borrowed(&[][..]));
        let signed = [SignedData { identity, data: nothing(), signature: nothing() }];
        let signatures = Signatures::new(&vouched, &signed);
        CollectionStanding {
            member: self.admits(&signatures).is_satisfied(),
            rights: self.rights(&signatures),
        }
    }

    /// Its members in Fabric's language, where that has a text for them.
    pub fn members_text(&self) -> Option<String> {
        text_of(&self.policy)
    }

    /// Who endorses what is written to it: a policy in Fabric's language or the path of one of the channel; nothing where the
    /// chaincode's own counts.
    pub fn endorsement_text(&self) -> Option<String> {
        match self.config.endorsement_policy.as_ref()?.kind.as_ref()? {
            ApplicationPolicyType::SignaturePolicy(envelope) => {
                text_of(&SignaturePolicy::from_envelope(envelope).ok()?)
            }
            ApplicationPolicyType::ChannelConfigPolicyReference(path) => Some(path.clone()),
        }
    }
}

fn text_of(policy: &SignaturePolicy) -> Option<String> {
    policy.written().and_then(|written| language::print(&written))
}

/// Members whose signatures are taken for good: somebody else has seen to them, or there are none yet.
#[derive(Debug)]
struct Vouched<'m, M>(&'m M);

impl<M: Members> Members for Vouched<'_, M> {
    type Identity = M::Identity;
    type Rejection = M::Rejection;

    fn identity(&self, serialized: &[u8]) -> Result<M::Identity, M::Rejection> {
        self.0.identity(serialized)
    }

    fn key(identity: &M::Identity) -> (&str, &[u8]) {
        M::key(identity)
    }

    fn verify(&self, _: &M::Identity, _: &[u8], _: &[u8]) -> Result<(), M::Rejection> {
        Ok(())
    }

    fn satisfies(&self, who: &M::Identity, principal: &MspPrincipal) -> Result<(), M::Rejection> {
        self.0.satisfies(who, principal)
    }
}

/// The organizations whose peers keep a collection's data: those that its principals name, whatever
/// its rule says. Identities that cannot be read name nobody.
pub fn member_orgs<M: Members>(config: &StaticCollectionConfig, members: &M) -> BTreeSet<String> {
    let principals = envelope(config).map_or(&[][..], |envelope| &envelope.identities);
    principals.iter().filter_map(|principal| org_of(principal, members).ok()).collect()
}

fn org_of<M: Members>(principal: &MspPrincipal, members: &M) -> Result<String, BadCollection> {
    let malformed = |_| BadCollection::PrincipalMalformed;
    let octets = principal.principal.as_slice();
    match PrincipalClassification::try_from(principal.principal_classification) {
        Ok(PrincipalClassification::Role) => {
            decode(octets).map(|role: MspRole| role.msp_identifier).map_err(malformed)
        }
        Ok(PrincipalClassification::OrganizationUnit) => {
            decode(octets).map(|unit: OrganizationUnit| unit.msp_identifier).map_err(malformed)
        }
        Ok(PrincipalClassification::Identity) => {
            let identity = members.identity(octets).map_err(|_| BadCollection::ForeignOrg)?;
            Ok(M::key(&identity).0.to_owned())
        }
        Ok(PrincipalClassification::Anonymity | PrincipalClassification::Combined) | Err(_) => {
            Err(BadCollection::PrincipalUnsupported)
        }
    }
}

/// Checks the collections that the definition of a chaincode brings. `has_org` tells which MSP IDs
/// the channel has.
///
/// # Errors
/// When one of them may not be, with the first reason.
pub fn check_package<M: Members>(
    package: &CollectionConfigPackage,
    members: &M,
    has_org: impl Fn(&str) -> bool,
) -> Result<(), BadCollection> {
    let mut names = BTreeSet::new();
    for config in configs(package) {
        let config = config?;
        check_name(&config.name)?;
        if !names.insert(config.name.as_str()) {
            return Err(BadCollection::Duplicate);
        }
        check(config, members, &has_org)?;
    }
    Ok(())
}

fn configs(
    package: &CollectionConfigPackage,
) -> impl Iterator<Item = Result<&StaticCollectionConfig, BadCollection>> {
    package.config.iter().map(|config| match config.payload.as_ref() {
        Some(CollectionPayload::StaticCollectionConfig(config)) => Ok(config),
        None => Err(BadCollection::Payload),
    })
}

fn check_name(name: &str) -> Result<(), BadCollection> {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_';
    let good = name.bytes().all(plain) && !name.is_empty() && !name.starts_with('_');
    if good { Ok(()) } else { Err(BadCollection::Name) }
}

fn check<M: Members>(
    config: &StaticCollectionConfig,
    members: &M,
    has_org: &impl Fn(&str) -> bool,
) -> Result<(), BadCollection> {
    let (required, maximum) = (config.required_peer_count, config.maximum_peer_count);
    if required < 0 || maximum < required {
        return Err(BadCollection::PeerCount);
    }
    let envelope = envelope(config)?;
    let policy = SignaturePolicy::from_envelope(envelope)?;
    if !is_choice(policy.rule()) {
        return Err(BadCollection::NotOr);
    }
    for principal in policy.principals() {
        if !has_org(&org_of(principal, members)?) {
            return Err(BadCollection::ForeignOrg);
        }
    }
    Ok(())
}

fn is_choice(rule: &Rule) -> bool {
    match rule {
        Rule::SignedBy(_) => true,
        Rule::OutOf { n, rules } => *n == 1 && rules.iter().all(is_choice),
    }
}

/// Checks that collections may follow committed ones.
///
/// # Errors
/// When a committed one is missing, or would keep its data for another time.
pub fn check_upgrade(
    proposed: &CollectionConfigPackage,
    committed: &CollectionConfigPackage,
) -> Result<(), BadCollection> {
    for old in configs(committed) {
        let old = old?;
        let new = configs(proposed).filter_map(Result::ok).find(|new| new.name == old.name);
        if new.ok_or(BadCollection::Removed)?.block_to_live != old.block_to_live {
            return Err(BadCollection::BlockToLive);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::language::read;
    use super::super::testing::{Table, envelope, signed};
    use super::*;
    use crate::wire::CollectionConfig;

    fn table() -> Table {
        Table(vec![vec![true, false, false, false, false], vec![false; 5]])
    }

    fn config(name: &str, policy: SignaturePolicyEnvelope) -> StaticCollectionConfig {
        let payload = Some(CollectionPolicyPayload::SignaturePolicy(policy));
        StaticCollectionConfig {
            name: name.to_owned(),
            member_orgs_policy: Some(CollectionPolicyConfig { payload }),
            maximum_peer_count: 1,
            ..StaticCollectionConfig::default()
        }
    }

    fn package(configs: &[StaticCollectionConfig]) -> CollectionConfigPackage {
        let payload = |config: &StaticCollectionConfig| CollectionConfig {
            payload: Some(CollectionPayload::StaticCollectionConfig(config.clone())),
        };
        CollectionConfigPackage { config: configs.iter().map(payload).collect() }
    }

    fn members(text: &str) -> SignaturePolicyEnvelope {
        to_envelope(&read(text).unwrap())
    }

    #[test]
    fn a_definition_names_organizations_of_the_channel_and_nothing_but_a_choice() {
        let check = |config: StaticCollectionConfig| {
            check_package(&package(&[config]), &table(), |org| org == "A" || org == "B")
        };
        let good = config("a-b_1", members("OR('A.member', OR('B.peer'))"));
        assert_eq!(check(good.clone()), Ok(()));
        for (name, bad) in [("", "OR('A.peer')"), ("_a", "OR('A.peer')"), ("a.b", "OR('A.peer')")] {
            assert_eq!(check(config(name, members(bad))), Err(BadCollection::Name), "{name}");
        }
        for bad in ["AND('A.peer', 'B.peer')", "OR(OutOf(0, 'A.peer'))"] {
            assert_eq!(check(config("a", members(bad))), Err(BadCollection::NotOr), "{bad}");
        }
        let foreign = check(config("a", members("OR('A.peer', 'C.peer')")));
        assert_eq!(foreign, Err(BadCollection::ForeignOrg));
        let more = StaticCollectionConfig { required_peer_count: 2, ..good.clone() };
        assert_eq!(check(more), Err(BadCollection::PeerCount));
        let without = StaticCollectionConfig { member_orgs_policy: None, ..good.clone() };
        assert_eq!(check(without), Err(BadCollection::PolicyMissing));
        let twice = check_package(&package(&[good.clone(), good]), &table(), |_| true);
        assert_eq!(twice, Err(BadCollection::Duplicate));
    }

    #[test]
    fn an_upgrade_keeps_collections_and_how_long_they_live() {
        let one = config("a", members("OR('A.peer')"));
        let other = config("b", members("OR('A.peer')"));
        let changed = config("a", members("OR('B.peer')"));
        let longer = StaticCollectionConfig { block_to_live: 9, ..one.clone() };
        let upgrade = |new: &[StaticCollectionConfig], old: &[StaticCollectionConfig]| {
            check_upgrade(&package(new), &package(old))
        };
        assert_eq!(upgrade(&[changed, other.clone()], std::slice::from_ref(&one)), Ok(()));
        assert_eq!(upgrade(&[other], std::slice::from_ref(&one)), Err(BadCollection::Removed));
        assert_eq!(upgrade(&[longer], &[one]), Err(BadCollection::BlockToLive));
    }

    #[test]
    fn who_is_no_member_does_what_no_flag_forbids() {
        let table = table();
        let entries = [vec![(0, 0, true)], vec![(1, 0, true)], vec![(0, 0, false)]];
        let rights = |only_read: bool, only_write: bool| {
            let collection = Collection::load(StaticCollectionConfig {
                member_only_read: only_read,
                member_only_write: only_write,
                ..config("a", envelope(&Rule::SignedBy(0)))
            });
            let collection = collection.unwrap();
            entries.clone().map(|entries| {
                let signed: Vec<SignedData<'_>> = signed(&entries);
                let rights = collection.rights(&Signatures::new(&table, &signed));
                (rights.read, rights.write)
            })
        };
        assert_eq!(rights(false, false), [(true, true); 3]);
        assert_eq!(rights(true, false), [(true, true), (false, true), (false, true)]);
        assert_eq!(rights(true, true), [(true, true), (false, false), (false, false)]);
    }

    #[test]
    fn an_identity_is_to_it_what_its_signature_would_be() {
        let collection = |text: &str, only_write: bool| {
            Collection::load(StaticCollectionConfig {
                member_only_read: true,
                member_only_write: only_write,
                ..config("a", members(text))
            })
            .unwrap()
        };
        let own = collection("OR('A.member', 'B.peer')", false);
        assert_eq!(own.members_text().unwrap(), "OR('A.member', 'B.peer')");
        assert_eq!(own.endorsement_text(), None);
        let implicit = Collection::load(implicit_collection("A")).unwrap();
        assert_eq!(implicit.config().name, "_implicit_org_A");
        assert_eq!(implicit.members_text().unwrap(), "OR('A.member')");
        // By the number in it the table knows who is whom.
        let by_number = |only_write| {
            let config = config("a", envelope(&Rule::SignedBy(0)));
            Collection::load(StaticCollectionConfig {
                member_only_read: true,
                member_only_write: only_write,
                ..config
            })
            .unwrap()
        };
        let standing = |identity: u8, only_write| {
            let signed = signed(&vec![(identity, 0, false)]);
            let told = by_number(only_write).standing_of(&table(), &signed[0].identity);
            (told.member, told.rights.read, told.rights.write)
        };
        // Whatever the signature is: none was given.
        assert_eq!(standing(0, true), (true, true, true));
        assert_eq!(standing(1, true), (false, false, false));
        assert_eq!(standing(1, false), (false, false, true));
    }

    #[test]
    fn peers_of_every_named_organization_keep_the_data() {
        let config = config("a", members("AND('B.peer', 'A.admin')"));
        let orgs = member_orgs(&config, &table());
        assert_eq!(orgs.into_iter().collect::<Vec<_>>(), ["A", "B"]);
        let any = to_envelope(&any_of_role(["B", "A"], Role::Member));
        assert_eq!(any, members("OR('A.member', 'B.member')"));
        assert_eq!(implicit_msp("_implicit_org_Org1MSP"), Some("Org1MSP"));
        assert_eq!(implicit_msp("org"), None);
    }
}
