//! What peers and orderers demand of the material that we issue: each rule here has bricked nodes.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::material::{describe, enroll, split};
use crate::support::server::Server;

const ROLES: [&str; 4] = ["client", "peer", "admin", "orderer"];
const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";

/// Members of every role, and the issuers above them, next first.
struct Organization {
    members: Vec<(&'static str, Value)>,
    tls: Value,
    chain: Vec<Value>,
    crl: Value,
    revoked: Value,
}

impl Organization {
    fn with(hierarchy: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start_with(data.path(), &["--hierarchy", hierarchy]);
        let member = |kind: &str| {
            let register = json!({ "type": kind, "affiliation": "org1.department1" });
            json!({ "name": kind, "id": format!("{kind}0"), "register": register })
        };
        let mut members: Vec<_> = ROLES.iter().map(|role| member(role)).collect();
        let mut tls = member("peer");
        tls["name"] = json!("tls");
        tls["id"] = json!("tls0");
        tls["enroll"] = json!({ "profile": "tls", "hosts": ["peer0.org1.example", "192.0.2.7"] });
        let mut revoked = member("client");
        revoked["name"] = json!("revoked");
        revoked["id"] = json!("revoked0");
        revoked["revoke"] = json!("keycompromise");
        members.extend([tls, revoked]);
        enroll(&server, folder.path(), &json!({ "members": members, "crl": true }));
        let told = |name: &str| describe(&folder.path().join(name).join("cert.pem"));
        let chain = split(&folder.path().join("peer/chain.pem"));
        Self {
            members: ROLES.iter().map(|role| (*role, told(role))).collect(),
            tls: told("tls"),
            chain: chain.iter().map(|path| describe(Path::new(path))).collect(),
            crl: describe(&folder.path().join("crl.pem")),
            revoked: told("revoked"),
        }
    }

    fn certificates(&self) -> impl Iterator<Item = &Value> {
        let members = self.members.iter().map(|(_, one)| one);
        members.chain([&self.tls, &self.revoked])
    }

    fn issuer(&self) -> &Value {
        &self.chain[0]
    }
}

fn of_both_kinds() -> [Organization; 2] {
    [Organization::with("one"), Organization::with("two")]
}

fn list(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect()
}

#[test]
fn the_material_is_what_fabric_nodes_demand() {
    for organization in of_both_kinds() {
        a_member_has_exactly_one_role(&organization);
        extended_usage_is_none_or_for_servers(&organization);
        every_ca_has_a_key_identifier(&organization);
        nothing_begins_before_its_issuer(&organization);
        every_certificate_names_its_issuers_key(&organization);
        an_answer_holds_one_certificate(&organization);
        tls_certificates_serve_and_connect(&organization);
        crls_name_their_issuers_key(&organization);
        signatures_are_low(&organization);
        ca_certificates_sign_and_nothing_else(&organization);
    }
}

/// Role OUs: none or two of them, and the identity is invalid.
fn a_member_has_exactly_one_role(organization: &Organization) {
    for (role, certificate) in &organization.members {
        let units = list(&certificate["units"]);
        let roles: Vec<_> = units.iter().filter(|unit| ROLES.contains(unit)).collect();
        assert_eq!(roles, [role], "{units:?}");
        assert!(units.contains(&"org1") && units.contains(&"department1"), "{units:?}");
        assert_eq!(certificate["attributes"]["hf.Type"], *role);
    }
}

/// Go's default when a chain is built: an extended usage without serverAuth makes it invalid.
fn extended_usage_is_none_or_for_servers(organization: &Organization) {
    for certificate in organization.certificates().chain(&organization.chain) {
        let usages = list(&certificate["extended_key_usage"]);
        assert!(usages.is_empty() || usages.contains(&SERVER_AUTH), "{certificate}");
    }
}

/// An MSP without one on a CA certificate does not load.
fn every_ca_has_a_key_identifier(organization: &Organization) {
    for ca in &organization.chain {
        assert_eq!(ca["ca"], true);
        assert_eq!(ca["ski"].as_str().map(str::len), Some(40), "{ca}");
    }
}

/// A chain is checked at the leaf's first second: the issuer must be valid then.
fn nothing_begins_before_its_issuer(organization: &Organization) {
    let begins = |one: &Value| one["not_before"].as_i64().unwrap();
    let ends = |one: &Value| one["not_after"].as_i64().unwrap();
    for certificate in organization.certificates() {
        assert!(begins(certificate) >= begins(organization.issuer()));
        assert!(ends(certificate) <= ends(organization.issuer()));
    }
    for pair in organization.chain.windows(2) {
        assert!(begins(&pair[0]) >= begins(&pair[1]) && ends(&pair[0]) <= ends(&pair[1]));
    }
}

fn every_certificate_names_its_issuers_key(organization: &Organization) {
    for certificate in organization.certificates() {
        assert_eq!(certificate["aki"], organization.issuer()["ski"]);
        assert_eq!(certificate["issuer"], organization.issuer()["subject"]);
    }
    for pair in organization.chain.windows(2) {
        assert_eq!(pair[0]["aki"], pair[1]["ski"]);
        assert_eq!(pair[0]["issuer"], pair[1]["subject"]);
    }
    // Clients tell a root by an absent or equal authority key identifier.
    let root = organization.chain.last().unwrap();
    assert!(root["aki"].is_null() || root["aki"] == root["ski"]);
}

fn an_answer_holds_one_certificate(organization: &Organization) {
    for certificate in organization.certificates() {
        assert_eq!(certificate["blocks"], 1);
        assert_eq!(certificate["starts"], "-----BEGIN CERTIFICATE-----");
        assert_eq!(certificate["version"], "v3");
        assert_eq!(certificate["ca"], false);
    }
}

fn tls_certificates_serve_and_connect(organization: &Organization) {
    let tls = &organization.tls;
    assert_eq!(list(&tls["extended_key_usage"]), [SERVER_AUTH, CLIENT_AUTH]);
    assert_eq!(list(&tls["names"]), ["peer0.org1.example", "192.0.2.7"]);
    assert_eq!(list(&tls["key_usage"]), ["digital_signature", "key_encipherment", "key_agreement"]);
}

/// A single CRL without an authority key identifier makes every identity of the MSP invalid.
fn crls_name_their_issuers_key(organization: &Organization) {
    let crl = &organization.crl;
    assert_eq!(crl["aki"], organization.issuer()["ski"]);
    assert_eq!(crl["issuer"], organization.issuer()["subject"]);
    assert_eq!(crl["starts"], "-----BEGIN X509 CRL-----");
    assert!(crl["next_update"].as_i64() > crl["this_update"].as_i64());
    let revoked = organization.revoked["serial"].as_str().unwrap();
    assert_eq!(list(&crl["serials"]), [revoked]);
}

fn signatures_are_low(organization: &Organization) {
    let signed = organization.certificates().chain(&organization.chain).chain([&organization.crl]);
    for one in signed {
        // The curve follows from the hash: P-256 keys sign over SHA-256, P-384 keys over SHA-384.
        let curve = if one["signature"] == "sha384" { "secp384r1" } else { "secp256r1" };
        assert!(list(&one["s_is_low_for"]).contains(&curve), "{one}");
    }
}

fn ca_certificates_sign_and_nothing_else(organization: &Organization) {
    for ca in &organization.chain {
        assert_eq!(list(&ca["key_usage"]), ["key_cert_sign", "crl_sign"]);
    }
    for (_, member) in &organization.members {
        assert_eq!(list(&member["key_usage"]), ["digital_signature"]);
    }
}
