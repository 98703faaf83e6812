//! What differs between two MSPs of one organization: its CAs, its administrators, whom it has revoked.

use std::collections::BTreeSet;

use super::change::{Serials, What};
use super::diff_values::{list, setting};
use crate::pki::{Certificate, Crl};
use crate::wire::{FabricMspConfig, FabricNodeOus, FabricOuIdentifier, MspConfig, decode};

/// So many serial numbers are told one by one.
const TOLD: usize = 10;

/// What differs; never nothing, for the octets do.
pub(super) fn msp_changes(before: &[u8], after: &[u8]) -> Vec<What> {
    let read = |octets: &[u8]| -> Option<(MspConfig, FabricMspConfig)> {
        let outer: MspConfig = decode(octets).ok()?;
        let inner = decode(&outer.config).ok()?;
        Some((outer, inner))
    };
    let (Some((outer, a)), Some((next, b))) = (read(before), read(after)) else {
        return vec![What::Contents];
    };
    if outer.r#type == next.r#type && a == b {
        return vec![What::Rewritten];
    }
    let mut changes = setting("the kind of the MSP", outer.r#type, next.r#type);
    changes.extend(setting("the MSP ID", &a.name, &b.name));
    for (of, a, b) in [
        ("root CAs", &a.root_certs, &b.root_certs),
        ("intermediate CAs", &a.intermediate_certs, &b.intermediate_certs),
        ("administrators", &a.admins, &b.admins),
        ("TLS root CAs", &a.tls_root_certs, &b.tls_root_certs),
        ("TLS intermediate CAs", &a.tls_intermediate_certs, &b.tls_intermediate_certs),
    ] {
        if a != b {
            changes.extend(list(of, certificates(a), certificates(b)));
        }
    }
    if a.revocation_list != b.revocation_list {
        changes.extend(revocations(&a.revocation_list, &b.revocation_list));
    }
    let (from, to) = (&a.fabric_node_ous, &b.fabric_node_ous);
    changes.extend(roles(from.as_ref(), to.as_ref()));
    let units = |config: &FabricMspConfig| {
        config.organizational_unit_identifiers.iter().map(unit).collect()
    };
    changes.extend(list("units of which each identity holds one", units(&a), units(&b)));
    if a.crypto_config != b.crypto_config {
        let hashes = |config: &FabricMspConfig| {
            let crypto = config.crypto_config.clone().unwrap_or_default();
            format!(
                "{}, {}",
                crypto.signature_hash_family, crypto.identity_identifier_hash_function
            )
        };
        changes.extend(setting("the hash functions", hashes(&a), hashes(&b)));
    }
    // The order of a list, another dressing of a certificate, a signing identity.
    if changes.is_empty() { vec![What::Contents] } else { changes }
}

fn certificates(all: &[Vec<u8>]) -> Vec<String> {
    all.iter().map(|pem| certificate(pem)).collect()
}

/// Whose it is and until when, with the beginning of its fingerprint: names come twice.
fn certificate(pem: &[u8]) -> String {
    let text = std::str::from_utf8(pem).ok();
    let beginning = |hash: &[u8]| hex::encode(hash.get(..4).unwrap_or_default());
    if let Some(read) = text.and_then(|text| Certificate::from_pem(text).ok()) {
        let (tbs, print) = (read.tbs(), beginning(&read.fingerprint()));
        return format!("{} until {} ({print})", tbs.subject_text(), tbs.not_after());
    }
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, pem);
    format!("a certificate that is read by Fabric alone ({})", beginning(digest.as_ref()))
}

/// Serial numbers with their issuers, and what is known of each list.
#[derive(Default)]
struct Lists {
    revoked: BTreeSet<(Vec<u8>, String)>,
    told: Vec<String>,
}

fn revocations(before: &[Vec<u8>], after: &[Vec<u8>]) -> Vec<What> {
    let (before, after) = (lists(before), lists(after));
    let mut changes = list("revocation lists", before.told, after.told);
    let serials = |some: Vec<&(Vec<u8>, String)>| {
        let first = some.iter().take(TOLD).map(|(_, serial)| serial.clone()).collect();
        Serials { count: some.len(), first }
    };
    let new: Vec<_> = after.revoked.difference(&before.revoked).collect();
    let gone: Vec<_> = before.revoked.difference(&after.revoked).collect();
    if !new.is_empty() {
        changes.push(What::Revoked(serials(new)));
    }
    if !gone.is_empty() {
        changes.push(What::NotRevoked(serials(gone)));
    }
    if changes.is_empty() { vec![What::Contents] } else { changes }
}

fn lists(all: &[Vec<u8>]) -> Lists {
    let mut lists = Lists::default();
    for entry in all {
        let text = std::str::from_utf8(entry).ok().filter(|text| text.starts_with("-----BEGIN"));
        let read = match text {
            Some(text) => Crl::from_pem(text),
            None => Crl::from_der(entry.clone()),
        };
        let Ok(crl) = read else {
            lists.told.push(format!("one of {} octets that is read by Fabric alone", entry.len()));
            continue;
        };
        let head = crl.head();
        let number = head.number.map_or_else(String::new, |number| format!("number {number}, "));
        let until = head.next_update.map_or_else(String::new, |end| format!(", next by {end}"));
        let entries = crl.len();
        lists.told.push(format!("{number}of {}{until}, {entries} revoked", head.this_update));
        let serials = crl.entries().map(|entry| (head.issuer.clone(), entry.serial.to_string()));
        lists.revoked.extend(serials);
    }
    lists
}

fn unit(unit: &FabricOuIdentifier) -> String {
    let name = unit.organizational_unit_identifier.escape_debug();
    if unit.certificate.is_empty() {
        return format!("`{name}`");
    }
    format!("`{name}` below {}", certificate(&unit.certificate))
}

fn roles(before: Option<&FabricNodeOus>, after: Option<&FabricNodeOus>) -> Vec<What> {
    let off = FabricNodeOus::default();
    let (a, b) = (before.unwrap_or(&off), after.unwrap_or(&off));
    let on = |enabled: bool| if enabled { "on" } else { "off" };
    let mut changes = setting("NodeOUs", on(a.enable), on(b.enable));
    for (name, a, b) in [
        ("the unit of clients", &a.client_ou_identifier, &b.client_ou_identifier),
        ("the unit of peers", &a.peer_ou_identifier, &b.peer_ou_identifier),
        ("the unit of administrators", &a.admin_ou_identifier, &b.admin_ou_identifier),
        ("the unit of orderers", &a.orderer_ou_identifier, &b.orderer_ou_identifier),
    ] {
        let text = |it: &Option<FabricOuIdentifier>| it.as_ref().map_or_else(String::new, unit);
        changes.extend(setting(name, text(a), text(b)));
    }
    changes
}
