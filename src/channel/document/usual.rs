//! Policies where a document says nothing of them.

use std::collections::BTreeMap;

use super::shape::Section;

/// Policies of the root, and of every group.
pub(super) const CHANNEL: [(&str, &str); 3] =
    [("Readers", "ANY Readers"), ("Writers", "ANY Writers"), ("Admins", "MAJORITY Admins")];
/// Those of the application beside them.
pub(super) const APPLICATION: [(&str, &str); 2] =
    [("Endorsement", "MAJORITY Endorsement"), ("LifecycleEndorsement", "MAJORITY Endorsement")];
/// Those of the orderers beside them.
pub(super) const ORDERER: [(&str, &str); 1] = [("BlockValidation", "ANY Writers")];

/// The policies of an organization. Orderers read and write too, so that an organization that runs some lets all of
/// its members do so.
pub(super) fn of_organization(msp_id: &str, sections: &[Section]) -> BTreeMap<String, String> {
    let any = |roles: &[&str]| {
        let all: Vec<String> = roles.iter().map(|role| format!("'{msp_id}.{role}'")).collect();
        format!("OR({})", all.join(", "))
    };
    let orders = sections.contains(&Section::Orderer);
    let (readers, writers) = if orders {
        (any(&["member"]), any(&["member"]))
    } else {
        (any(&["admin", "peer", "client"]), any(&["admin", "client"]))
    };
    let mut policies = BTreeMap::from([
        ("Readers".to_owned(), readers),
        ("Writers".to_owned(), writers),
        ("Admins".to_owned(), any(&["admin"])),
    ]);
    if sections.contains(&Section::Application) {
        policies.insert("Endorsement".to_owned(), any(&["peer"]));
    }
    policies
}
