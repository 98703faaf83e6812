//! Changes of a configuration as people ask for them, made in a copy of it. What they come to is told by
//! [`diff`](super::diff), and whether nodes take it by [`Current::follow`](super::Current::follow).

use super::capabilities::Section;
use super::edit_error::EditError;
use super::edit_orderer::OrdererEdit;
use super::edit_parts::{ADMINS, put, read, shown};
use super::names::is_legal_name;
use crate::policy::language;
use crate::policy::{parse_implicit, to_envelope};
use crate::wire::{
    AclResource, Acls, AnchorPeer, AnchorPeers, Capabilities, Capability, ConfigGroup,
    ConfigPolicy, ConfigValue, FabricMspConfig, Message, MspConfig, Policy, PolicyType, decode,
};

/// A change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Lets an organization in.
    Admit {
        /// The name of its group.
        name: String,
        /// Its `MSPConfig`, encoded.
        msp: Vec<u8>,
    },
    /// Removes an organization.
    Remove {
        /// The name of its group.
        name: String,
    },
    /// Replaces an MSP wherever it stands: it must not be defined twice.
    ReplaceMsp {
        /// Its `MSPConfig`, encoded; it tells its ID.
        msp: Vec<u8>,
    },
    /// Sets a policy.
    SetPolicy {
        /// Its path, e.g. `/Channel/Application/Endorsement`.
        path: String,
        /// Its text: an implicit rule (`MAJORITY Admins`) or one of signatures (`OR('Org1MSP.admin')`).
        rule: String,
    },
    /// Says what a resource of peers asks for.
    SetAcl {
        /// The resource, e.g. `peer/Propose`.
        resource: String,
        /// The policy; none for the usual one.
        policy: Option<String>,
    },
    /// Says where an organization's anchor peers are.
    SetAnchorPeers {
        /// The name of its group.
        name: String,
        /// Hosts and ports.
        peers: Vec<(String, u16)>,
    },
    /// Says what the nodes of a section must be able to do.
    SetCapabilities {
        /// The section.
        section: Section,
        /// All of its capabilities; none for none.
        names: Vec<String>,
    },
    /// Forgets the consortium that the channel was made for, once its orderers have no system channel.
    ForgetConsortium,
    /// Changes how blocks are made, and by whom.
    Orderer(OrdererEdit),
}

/// Makes the changes one after another in a copy of the root group.
///
/// # Errors
/// With the first that cannot be made.
pub fn edit(root: &ConfigGroup, edits: &[Edit]) -> Result<ConfigGroup, EditError> {
    let mut root = root.clone();
    for edit in edits {
        edit.make(&mut root)?;
    }
    Ok(root)
}

impl Edit {
    fn make(&self, root: &mut ConfigGroup) -> Result<(), EditError> {
        match self {
            Self::Admit { name, msp } => admit(root, name, msp),
            Self::Remove { name } => {
                let removed = application(root)?.groups.remove(name);
                removed.map(drop).ok_or_else(|| EditError::Unknown(shown(name)))
            }
            Self::ReplaceMsp { msp } => replace_msp(root, msp),
            Self::SetPolicy { path, rule } => set_policy(root, path, rule),
            Self::SetAcl { resource, policy } => set_acl(root, resource, policy.as_deref()),
            Self::SetAnchorPeers { name, peers } => {
                let group = application(root)?.groups.get_mut(name);
                let group = group.ok_or_else(|| EditError::Unknown(shown(name)))?;
                let peers = peers
                    .iter()
                    .map(|(host, port)| AnchorPeer { host: host.clone(), port: i32::from(*port) });
                let anchors = AnchorPeers { anchor_peers: peers.collect() };
                if anchors.anchor_peers.is_empty() {
                    group.values.remove("AnchorPeers");
                } else {
                    put(group, "AnchorPeers", &anchors);
                }
                Ok(())
            }
            Self::SetCapabilities { section, names } => set_capabilities(root, *section, names),
            Self::ForgetConsortium => {
                let removed = root.values.remove("Consortium");
                removed.map(drop).ok_or(EditError::NoConsortium)
            }
            Self::Orderer(edit) => edit.make(root),
        }
    }
}

/// The `MSPConfig` of an MSP, where one of its organizations stands. It is the same wherever it stands.
pub fn msp_in_place<'r>(root: &'r ConfigGroup, msp_id: &str) -> Option<&'r [u8]> {
    let of = |org: &'r ConfigGroup| {
        let value = &org.values.get("MSP")?.value;
        (self::msp_id(value).ok()? == msp_id).then_some(value.as_slice())
    };
    let sections = root.groups.iter().flat_map(|(name, section)| {
        let consortia = (name == "Consortiums").then_some(section.groups.values());
        consortia.into_iter().flatten().chain((name != "Consortiums").then_some(section))
    });
    sections.flat_map(|section| section.groups.values()).find_map(of)
}

/// The policies of an organization that joins: as the tools of Fabric make them.
fn usual_policies(msp_id: &str) -> [(&'static str, String); 4] {
    let of = |roles: &[&str]| {
        let all: Vec<String> = roles.iter().map(|role| format!("'{msp_id}.{role}'")).collect();
        format!("OR({})", all.join(", "))
    };
    [
        ("Readers", of(&["admin", "peer", "client"])),
        ("Writers", of(&["admin", "client"])),
        ("Admins", of(&["admin"])),
        ("Endorsement", of(&["peer"])),
    ]
}

fn admit(root: &mut ConfigGroup, name: &str, msp: &[u8]) -> Result<(), EditError> {
    if !is_legal_name(name) {
        return Err(EditError::Name(shown(name)));
    }
    let id = msp_id(msp)?;
    let application = application(root)?;
    if application.groups.contains_key(name) {
        return Err(EditError::Known(shown(name)));
    }
    for (other, group) in &application.groups {
        if id_of(group).as_deref() == Some(&id) {
            return Err(EditError::KnownMsp(shown(&id), other.clone()));
        }
    }
    let mut group = ConfigGroup { mod_policy: ADMINS.to_owned(), ..ConfigGroup::default() };
    let value = ConfigValue { version: 0, value: msp.to_vec(), mod_policy: ADMINS.to_owned() };
    group.values.insert("MSP".to_owned(), value);
    for (policy, rule) in usual_policies(&id) {
        group.policies.insert(policy.to_owned(), policy_of(&rule)?);
    }
    application.groups.insert(name.to_owned(), group);
    Ok(())
}

fn replace_msp(root: &mut ConfigGroup, msp: &[u8]) -> Result<(), EditError> {
    let id = msp_id(msp)?;
    let mut replaced = false;
    let mut sections: Vec<&mut ConfigGroup> = Vec::new();
    for (name, section) in &mut root.groups {
        if name == "Consortiums" {
            sections.extend(section.groups.values_mut());
        } else {
            sections.push(section);
        }
    }
    for org in sections.into_iter().flat_map(|section| section.groups.values_mut()) {
        if id_of(org).as_deref() == Some(&id)
            && let Some(value) = org.values.get_mut("MSP")
        {
            value.value = msp.to_vec();
            replaced = true;
        }
    }
    if replaced { Ok(()) } else { Err(EditError::UnknownMsp(shown(&id))) }
}

fn set_policy(root: &mut ConfigGroup, path: &str, rule: &str) -> Result<(), EditError> {
    let wrong = || EditError::Path(shown(path));
    let way = path.strip_prefix("/Channel/").ok_or_else(wrong)?;
    let (groups, name) = way.rsplit_once('/').map_or(("", way), |(groups, name)| (groups, name));
    if !is_legal_name(name) {
        return Err(wrong());
    }
    let mut group = root;
    for step in groups.split('/').filter(|step| !step.is_empty()) {
        group = group.groups.get_mut(step).ok_or_else(wrong)?;
    }
    let mut policy = policy_of(rule)?;
    if let Some(before) = group.policies.get(name) {
        policy.mod_policy.clone_from(&before.mod_policy);
        policy.version = before.version;
    }
    group.policies.insert(name.to_owned(), policy);
    Ok(())
}

fn set_acl(root: &mut ConfigGroup, resource: &str, policy: Option<&str>) -> Result<(), EditError> {
    let application = application(root)?;
    let path = "/Channel/Application/ACLs";
    let mut acls: Acls = read(application, "ACLs", path)?;
    match policy {
        Some(policy) => {
            let policy_ref = policy.to_owned();
            acls.acls.insert(resource.to_owned(), AclResource { policy_ref });
        }
        None => {
            acls.acls.remove(resource);
        }
    }
    put(application, "ACLs", &acls);
    Ok(())
}

fn set_capabilities(
    root: &mut ConfigGroup,
    section: Section,
    names: &[String],
) -> Result<(), EditError> {
    let group = match section {
        Section::Channel => root,
        Section::Orderer => root.groups.get_mut("Orderer").ok_or(EditError::NoOrderer)?,
        Section::Application => application(root)?,
    };
    let capabilities = names.iter().map(|name| (name.clone(), Capability {})).collect();
    if names.is_empty() {
        group.values.remove("Capabilities");
    } else {
        put(group, "Capabilities", &Capabilities { capabilities });
    }
    Ok(())
}

fn application(root: &mut ConfigGroup) -> Result<&mut ConfigGroup, EditError> {
    root.groups.get_mut("Application").ok_or(EditError::NoApplication)
}

/// The ID that an `MSPConfig` tells.
fn msp_id(octets: &[u8]) -> Result<String, EditError> {
    let wrong = |why: String| EditError::Msp(why);
    let outer: MspConfig = decode(octets).map_err(|why| wrong(why.to_string()))?;
    if outer.r#type != 0 {
        return Err(wrong(format!("its type is {}, only 0 is supported", outer.r#type)));
    }
    let config: FabricMspConfig = decode(&outer.config).map_err(|why| wrong(why.to_string()))?;
    if config.name.is_empty() {
        return Err(wrong("it has no ID".to_owned()));
    }
    Ok(config.name)
}

fn id_of(group: &ConfigGroup) -> Option<String> {
    msp_id(&group.values.get("MSP")?.value).ok()
}

/// A policy from its text.
fn policy_of(rule: &str) -> Result<ConfigPolicy, EditError> {
    let policy = if let Ok(implicit) = parse_implicit(rule) {
        Policy { r#type: PolicyType::ImplicitMeta.into(), value: implicit.encode_to_vec() }
    } else {
        let written = language::read(rule).map_err(EditError::Rule)?;
        let value = to_envelope(&written).encode_to_vec();
        Policy { r#type: PolicyType::Signature.into(), value }
    };
    Ok(ConfigPolicy { version: 0, policy: Some(policy), mod_policy: ADMINS.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn msp(id: &str) -> Vec<u8> {
        FabricMspConfig { name: id.to_owned(), ..FabricMspConfig::default() }.to_msp_config()
    }

    fn channel() -> ConfigGroup {
        let root = ConfigGroup {
            groups: [
                ("Application".to_owned(), ConfigGroup::default()),
                ("Orderer".to_owned(), ConfigGroup::default()),
            ]
            .into(),
            ..ConfigGroup::default()
        };
        let admit =
            |name: &str| Edit::Admit { name: name.to_owned(), msp: msp(&format!("{name}MSP")) };
        let mut root = edit(&root, &[admit("Org1"), admit("Org2")]).unwrap();
        let both = root.groups["Application"].groups["Org1"].clone();
        root.groups.get_mut("Orderer").unwrap().groups.insert("Org1".to_owned(), both);
        root
    }

    #[test]
    fn an_organization_joins_with_the_usual_policies_and_leaves_nothing_behind() {
        let before = channel();
        let join = Edit::Admit { name: "Org3".to_owned(), msp: msp("Org3MSP") };
        let after = edit(&before, std::slice::from_ref(&join)).unwrap();
        let org = &after.groups["Application"].groups["Org3"];
        assert_eq!(org.policies.len(), 4);
        assert_eq!(edit(&after, &[join]), Err(EditError::Known("Org3".to_owned())));
        let again = Edit::Admit { name: "Other".to_owned(), msp: msp("Org2MSP") };
        let known = EditError::KnownMsp("Org2MSP".to_owned(), "Org2".to_owned());
        assert_eq!(edit(&before, &[again]), Err(known));
        let gone = edit(&after, &[Edit::Remove { name: "Org3".to_owned() }]).unwrap();
        assert_eq!(gone, before);
        let nobody = Edit::Remove { name: "Org3".to_owned() };
        assert_eq!(edit(&before, &[nobody]), Err(EditError::Unknown("Org3".to_owned())));
    }

    #[test]
    fn an_msp_is_replaced_wherever_it_stands() {
        let before = channel();
        let mut config =
            FabricMspConfig { name: "Org1MSP".to_owned(), ..FabricMspConfig::default() };
        config.revocation_list.push(b"list".to_vec());
        let new = config.to_msp_config();
        let after = edit(&before, &[Edit::ReplaceMsp { msp: new.clone() }]).unwrap();
        for section in ["Application", "Orderer"] {
            assert_eq!(after.groups[section].groups["Org1"].values["MSP"].value, new);
        }
        assert_eq!(
            after.groups["Application"].groups["Org2"],
            before.groups["Application"].groups["Org2"]
        );
        let unknown = edit(&before, &[Edit::ReplaceMsp { msp: msp("Org9MSP") }]);
        assert_eq!(unknown, Err(EditError::UnknownMsp("Org9MSP".to_owned())));
    }

    #[test]
    fn policies_lists_and_anchors_are_set_and_taken_back() {
        let before = channel();
        let policy = |path: &str, rule: &str| Edit::SetPolicy {
            path: path.to_owned(),
            rule: rule.to_owned(),
        };
        let set = policy("/Channel/Application/Endorsement", "MAJORITY Endorsement");
        let after = edit(&before, &[set]).unwrap();
        let policy_type =
            after.groups["Application"].policies["Endorsement"].policy.as_ref().unwrap().r#type;
        assert_eq!(policy_type, 3);
        for (path, rule) in [
            ("/Channel/Nowhere/Admins", "ANY Admins"),
            ("Application/Admins", "ANY Admins"),
            ("/Channel/Application/", "ANY Admins"),
            ("/Channel/Admins", "AND("),
        ] {
            assert!(edit(&before, &[policy(path, rule)]).is_err(), "{path} {rule}");
        }

        let acl = |to: Option<&str>| Edit::SetAcl {
            resource: "peer/Propose".to_owned(),
            policy: to.map(str::to_owned),
        };
        let with = edit(&before, &[acl(Some("Admins"))]).unwrap();
        let acls: Acls = read(&with.groups["Application"], "ACLs", "").unwrap();
        assert_eq!(acls.acls["peer/Propose"].policy_ref, "Admins");
        let without = edit(&with, &[acl(None)]).unwrap();
        let acls: Acls = read(&without.groups["Application"], "ACLs", "").unwrap();
        assert!(acls.acls.is_empty());

        let anchors =
            |peers: Vec<(String, u16)>| Edit::SetAnchorPeers { name: "Org1".to_owned(), peers };
        let with = edit(&before, &[anchors(vec![("peer0.org1".to_owned(), 7051)])]).unwrap();
        assert!(with.groups["Application"].groups["Org1"].values.contains_key("AnchorPeers"));
        assert_eq!(edit(&with, &[anchors(vec![])]).unwrap(), before);
    }
}
