//! What nodes take in a configuration and is hardly meant.

use std::collections::BTreeSet;

use super::error::{Concern, DocumentError, shown};
use super::places::Places;
use super::shape::ChannelDocument;
use crate::channel::capabilities::Section;
use crate::channel::current::Current;
use crate::policy::{Described, Lookup, PolicyTree};

/// What is hardly meant, in the order of the document where lines are known.
pub(super) fn concerns(
    document: &ChannelDocument,
    current: &Current,
    places: &Places,
) -> Vec<Concern> {
    let mut found = Vec::new();
    capabilities(document, &mut found);
    references(document, current, &mut found);
    strangers(document, current, places, &mut found);
    found.sort_by_key(|concern: &Concern| concern.at.line);
    found
}

fn tell(found: &mut Vec<Concern>, line: u64, path: String, why: String) {
    found.push(Concern { at: DocumentError::new(line, path, why), is_serious: true });
}

/// Capabilities that nodes of today do not know: they stop at the configuration.
fn capabilities(document: &ChannelDocument, found: &mut Vec<Concern>) {
    let all = &document.capabilities;
    for (section, names, path) in [
        (Section::Channel, &all.channel, "capabilities.channel"),
        (Section::Orderer, &all.orderer, "capabilities.orderer"),
        (Section::Application, &all.application, "capabilities.application"),
    ] {
        for (number, name) in names.iter().enumerate() {
            if section.known().contains(&name.value.as_str()) {
                continue;
            }
            let shown = shown(&name.value);
            let why = format!(
                "`{}` is unknown, and nodes stop at it; known are {}",
                shown,
                section.known().join(", ")
            );
            tell(found, name.line, format!("{path}[{number}]"), why);
        }
    }
}

/// References to policies that are not there.
fn references(document: &ChannelDocument, current: &Current, found: &mut Vec<Concern>) {
    let tree = current.channel().policies();
    let root = tree.root().unwrap_or_default();
    for (resource, at) in &document.acls {
        let named = at.value.as_str();
        let path = if named.starts_with('/') {
            named.to_owned()
        } else {
            format!("/Channel/Application/{named}")
        };
        if !named.is_empty() && !matches!(tree.lookup(root, &path), Lookup::Found(_)) {
            let why = format!("there is no policy `{}`: everybody is refused", shown(&path));
            tell(found, at.line, format!("acls.{resource}"), why);
        }
    }
}

/// Organizations that policies and consenters name and that the channel does not have.
fn strangers(
    document: &ChannelDocument,
    current: &Current,
    places: &Places,
    found: &mut Vec<Concern>,
) {
    let channel = current.channel();
    let known: BTreeSet<&str> = channel.msps().iter().map(crate::msp::Msp::id).collect();
    let tree = channel.policies();
    let root = tree.root().unwrap_or_default();
    for name in &tree.names(root) {
        let element = format!("/Channel/{name}");
        let named = named_by(tree, tree.lookup(root, name));
        for stranger in named.iter().filter(|id| !known.contains(id.as_str())) {
            let (line, path) = places.find(&element).unwrap_or((0, ""));
            let why = format!(
                "the policy {element} names the MSP `{}`, which no organization of the channel has",
                shown(stranger)
            );
            tell(found, line, path.to_owned(), why);
        }
    }
    let consenters = document.orderer.iter().flat_map(|orderer| &orderer.value.consenters);
    for (number, at) in consenters.enumerate() {
        let id = at.value.msp_id.as_deref();
        if let Some(id) = id.filter(|id| !known.contains(id)) {
            let why = format!("no organization of the channel has the MSP `{}`", shown(id));
            tell(found, at.line, format!("orderer.consenters[{number}].msp_id"), why);
        }
    }
}

/// The MSP IDs that a signature policy names; nothing of an implicit one, which names none.
fn named_by(tree: &PolicyTree, found: Lookup) -> BTreeSet<String> {
    let Some(policy) = tree.signature_policy(found) else { return BTreeSet::new() };
    let described = policy.principals().iter().map(Described::of);
    described.filter_map(|who| who.msp_id().map(str::to_owned)).collect()
}
