//! Memberships: set-up, identities, principals, signatures, folders.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use chancery::clock::{Clock, Timestamp};
use chancery::msp::{
    FolderError, Identity, Msp, MspVersion, Rejection, RoleUnit, check_form, read_folder,
};
use chancery::wire::{
    FabricMspConfig, Message as _, MspConfig, MspPrincipal, SerializedIdentity, decode,
};
use serde_json::{Value, json};

use super::frame::{Case, Judge, Tables, octets};

fn category(why: &Rejection) -> &'static str {
    why.category().as_str()
}

pub(super) fn version(case: &Case) -> MspVersion {
    let named = case.text("version");
    let found = MspVersion::ALL.into_iter().find(|version| version.as_str() == named);
    found.unwrap_or_else(|| panic!("version {named}"))
}

/// Signing identities that have expired ended in 2024.
fn now() -> Timestamp {
    Clock::system().now()
}

/// MSPs by table entry and version, each set up once.
struct Cached {
    configs: BTreeMap<String, Vec<u8>>,
    found: RefCell<HashMap<(String, MspVersion), Msp>>,
}

impl Cached {
    fn new(configs: BTreeMap<String, Vec<u8>>) -> Self {
        Self { configs, found: RefCell::default() }
    }

    /// The MSP of a case, which can be set up.
    fn msp(&self, case: &Case) -> Msp {
        let (id, version) = (case.text("msp"), version(case));
        let mut found = self.found.borrow_mut();
        let made = found.entry((id.to_owned(), version)).or_insert_with(|| {
            Msp::new(&self.configs[id], version, now()).unwrap_or_else(|why| panic!("{id}: {why}"))
        });
        made.clone()
    }
}

pub(super) fn msp_setup(tables: &Tables) -> Judge {
    let configs = tables.octets("configs");
    Box::new(move |case, told| {
        let made = Msp::new(&configs[case.text("config")], version(case), now());
        let expected = case.expect();
        if let (Ok(msp), true) = (&made, expected["ok"] == true) {
            told.same("msp", &summary(msp), &expected["msp"]);
        }
        told.verdict("set-up", made.map(drop), category, expected);
    })
}

/// What an MSP holds, in the form of the vectors.
fn summary(msp: &Msp) -> Value {
    let mut out = serde_json::Map::new();
    let mut put = |name: &str, value: Value| {
        let empty = value == json!([]) || value == json!({}) || value.is_null();
        if !empty {
            out.insert(name.to_owned(), value);
        }
    };
    let hexed = |all: Vec<String>| json!(all);
    let role = |role: &Option<RoleUnit>| match role {
        None => Value::Null,
        Some(RoleUnit { unit, certifiers: None }) => json!({ "ou": unit }),
        Some(RoleUnit { unit, certifiers: Some(path) }) => {
            json!({ "ou": unit, "certifiers": hex::encode(path) })
        }
    };
    let roles = msp.role_units();
    let units = msp.unit_identifiers().iter();
    let units: BTreeMap<_, Vec<_>> =
        units.map(|(unit, paths)| (unit, paths.iter().map(hex::encode).collect())).collect();
    let mut nodes: Vec<String> = msp.internal_nodes().map(sha256).collect();
    nodes.sort();
    let (tls_roots, tls_intermediates, crls) = msp.counts();
    let (family, identifier) = msp.hashes();
    put("msp_id", json!(msp.id()));
    put("ou_enforcement", json!(msp.enforces_roles()));
    put("client_ou", role(&roles.client));
    put("peer_ou", role(&roles.peer));
    put("admin_ou", role(&roles.admin));
    put("orderer_ou", role(&roles.orderer));
    put("ou_identifiers", json!(units));
    put("roots", hexed(msp.roots().map(hex::encode).collect()));
    put("intermediates", hexed(msp.intermediates().map(hex::encode).collect()));
    put("admins", hexed(msp.admins().map(hex::encode).collect()));
    put("signer", msp.signer().map_or(Value::Null, |signer| json!(hex::encode(signer))));
    put("internal_nodes", json!(nodes));
    put("tls_roots", json!(tls_roots));
    put("tls_intermediates", json!(tls_intermediates));
    put("crls", json!(crls));
    put("signature_hash_family", json!(family));
    put("identifier_hash", json!(identifier));
    Value::Object(out)
}

fn sha256(octets: &[u8]) -> String {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, octets))
}

pub(super) fn msp_identity(tables: &Tables) -> Judge {
    let msps = Cached::new(tables.octets_in("msps", "config"));
    let identities = tables.octets("identities");
    Box::new(move |case, told| {
        let msp = msps.msp(case);
        let expected = case.expect();
        let serialized = &identities[case.text("identity")];
        let form = &expected["well_formed"];
        if let Ok(outer) = decode::<SerializedIdentity>(serialized) {
            told.verdict("form", check_form(&outer), category, form);
        } else {
            told.same("form", &Value::Null, form);
        }
        let read = msp.identity(serialized);
        let valid = read.as_ref().map(Identity::validate);
        told.same("all in all", &matches!(valid, Ok(Ok(()))), &(expected["ok"] == true));
        match &read {
            Ok(identity) => {
                told.same("facts", &facts(identity), &given_facts(expected));
                told.verdict("validate", identity.validate(), category, &expected["validate"]);
                let again = msp.identity(&identity.serialize()).unwrap();
                told.same("identifier anew", &again.identifier(), &identity.identifier());
            }
            Err(_) => told.same("validate", &Value::Null, &expected["validate"]),
        }
        told.verdict("deserialize", read.map(drop), category, &expected["deserialize"]);
    })
}

const FACTS: [&str; 5] = ["identifier", "certificate_sha256", "not_after", "ous", "certifiers"];

fn facts(identity: &Identity) -> Value {
    let (units, certifiers) = identity.units();
    let mut facts = json!({
        "identifier": hex::encode(identity.identifier()),
        "certificate_sha256": sha256(identity.certificate()),
        "not_after": identity.not_after(),
    });
    if !units.is_empty() {
        facts["ous"] = json!(units);
        facts["certifiers"] = json!(hex::encode(certifiers));
    }
    facts
}

fn given_facts(expected: &Value) -> Value {
    let given = FACTS.iter().filter(|name| !expected[**name].is_null());
    Value::Object(given.map(|name| ((*name).to_owned(), expected[*name].clone())).collect())
}

pub(super) fn principals(tables: &Tables) -> Judge {
    let msps = Cached::new(tables.octets_in("msps", "config"));
    let identities = tables.octets("identities");
    let principals = tables.octets_in("principals", "principal");
    Box::new(move |case, told| {
        let msp = msps.msp(case);
        let answer = msp.identity(&identities[case.text("identity")]).and_then(|identity| {
            let principal: MspPrincipal = decode(&principals[case.text("principal")]).unwrap();
            identity.satisfies(&principal)
        });
        told.verdict("principal", answer, category, case.expect());
    })
}

pub(super) fn signature(tables: &Tables) -> Judge {
    let msps = Cached::new(tables.octets_in("msps", "config"));
    let identities = tables.octets("identities");
    Box::new(move |case, told| {
        let msp = msps.msp(case);
        let message = octets(case.get("message"));
        let signature = octets(case.get("signature"));
        let identity = msp.identity(&identities[case.text("identity")]).unwrap();
        told.verdict("signature", identity.verify(&message, &signature), category, case.expect());
    })
}

pub(super) fn msp_folder(tables: &Tables) -> Judge {
    let files = tables.octets("files");
    Box::new(move |case, told| {
        let expected = case.expect();
        let listed = case.get("files").as_object().unwrap();
        let listed: BTreeMap<String, Vec<u8>> = listed
            .iter()
            .map(|(path, id)| {
                (
                    path.clone(),
                    files.get(id.as_str().unwrap_or_default()).cloned().unwrap_or_default(),
                )
            })
            .collect();
        let local = case.get("local") == true;
        let read = read_folder(&listed, case.text("msp_id"), local);
        if let Ok(contents) = &read
            && expected["ok"] == true
        {
            told.same("config", &contents.to_msp_config(), &octets(&expected["config"]));
            for version in MspVersion::ALL {
                // For local folders without the signing identity.
                let config = FabricMspConfig { signing_identity: None, ..contents.config.clone() };
                let config =
                    MspConfig { r#type: 0, config: config.encode_to_vec() }.encode_to_vec();
                let made = Msp::new(&config, version, now()).map(drop);
                told.verdict(
                    version.as_str(),
                    made,
                    category,
                    &expected["setup"][version.as_str()],
                );
            }
        }
        told.verdict("folder", read.map(drop), FolderError::category, expected);
    })
}
