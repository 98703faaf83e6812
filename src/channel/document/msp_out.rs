//! An MSP's configuration taken apart.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::msp::{Hashes, Msp, Parts, Roles, Unit};
use crate::wire::{FabricMspConfig, FabricNodeOus, FabricOuIdentifier, MspConfig, decode};

/// The MSP's ID and its parts; in base64 where parts would not make the same octets.
pub(super) fn parts_of(octets: &[u8]) -> Option<(String, Msp)> {
    let outer: MspConfig = decode(octets).ok()?;
    let config: FabricMspConfig = decode(&outer.config).ok()?;
    let parts = apart(&config).filter(|parts| {
        let made = parts.made(&config.name).ok();
        made.is_some_and(|made| made.to_msp_config() == octets)
    });
    let parts = parts
        .unwrap_or_else(|| Parts { base64: Some(STANDARD.encode(octets)), ..Parts::default() });
    Some((config.name, Msp::Parts(Box::new(parts))))
}

fn apart(config: &FabricMspConfig) -> Option<Parts> {
    let mut parts = Parts {
        roots: texts(&config.root_certs)?,
        intermediates: texts(&config.intermediate_certs)?,
        admins: texts(&config.admins)?,
        revocation_lists: texts(&config.revocation_list)?,
        tls_roots: texts(&config.tls_root_certs)?,
        tls_intermediates: texts(&config.tls_intermediate_certs)?,
        ..Parts::default()
    };
    let units = config.organizational_unit_identifiers.iter().map(|one| unit(one, &parts));
    let units = units.collect::<Option<_>>()?;
    let roles = match &config.fabric_node_ous {
        None => None,
        Some(roles) => Some(roles_of(roles, &parts)?),
    };
    (parts.units, parts.roles) = (units, roles);
    let said = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    parts.hashes = match &config.crypto_config {
        None => Some(Hashes::default()),
        Some(it)
            if it.signature_hash_family == "SHA2"
                && it.identity_identifier_hash_function == "SHA256" =>
        {
            None
        }
        Some(it) => Some(Hashes {
            family: said(&it.signature_hash_family),
            identifiers: said(&it.identity_identifier_hash_function),
        }),
    };
    Some(parts)
}

/// Only what people can read: PEM.
fn texts(list: &[Vec<u8>]) -> Option<Vec<String>> {
    let text = |octets: &Vec<u8>| {
        let text = String::from_utf8(octets.clone()).ok()?;
        text.contains("-----BEGIN").then_some(text)
    };
    list.iter().map(text).collect()
}

fn roles_of(roles: &FabricNodeOus, parts: &Parts) -> Option<Roles> {
    let role = |one: &Option<FabricOuIdentifier>| match one {
        None => Some(None),
        Some(one) => unit(one, parts).map(Some),
    };
    Some(Roles {
        enabled: roles.enable,
        client: role(&roles.client_ou_identifier)?,
        peer: role(&roles.peer_ou_identifier)?,
        admin: role(&roles.admin_ou_identifier)?,
        orderer: role(&roles.orderer_ou_identifier)?,
    })
}

fn unit(identifier: &FabricOuIdentifier, parts: &Parts) -> Option<Unit> {
    let unit = identifier.organizational_unit_identifier.clone();
    if identifier.certificate.is_empty() {
        return Some(Unit { unit, ca: None });
    }
    let pem = String::from_utf8(identifier.certificate.clone()).ok()?;
    let named = parts.numbered().find(|(_, known)| **known == pem).map(|(name, _)| name);
    Some(Unit { unit, ca: Some(named.unwrap_or(pem)) })
}
