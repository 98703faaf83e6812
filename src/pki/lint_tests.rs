//! Lints: each fault is found under its code, and nothing else.

use super::*;
use crate::id::{KeyId, SerialNumber};
use crate::pki::certificate::Certificate;
use crate::pki::draft_certificate::Order;
use crate::pki::draft_request::Asking;
use crate::pki::extension::{Purpose, Usage};
use crate::pki::name::Subject;
use crate::pki::profile::{Authority, BasicConstraintsRule, Options};
use crate::pki::testing::{Key, now, profile, sealed_root, serial};
use crate::pki::write_certificate::{Content, Issuer};

const MEMBER: &str = include_str!("testdata/fabric-member.pem");
const ROOT: &str = include_str!("testdata/fabric-root.pem");

fn codes(found: &[Finding]) -> Vec<&'static str> {
    found.iter().map(|finding| finding.code).collect()
}

#[test]
fn what_fabric_ca_issued_has_no_finding() {
    let root = Certificate::from_pem(ROOT).unwrap();
    let member = Certificate::from_pem(MEMBER).unwrap();
    assert_eq!(lint_certificate(&root, &root, &[]), []);
    let demands = [Demand::OneRole, Demand::ServerAuth];
    assert_eq!(lint_certificate(&member, &root, &demands), []);
    // One of its names is `spiffe://example/x`.
    let found = lint_certificate(&member, &root, &[Demand::ProperNames]);
    assert_eq!(codes(&found), ["alternative-name"]);
}

#[test]
fn another_issuer_is_found() {
    let (_, other) = sealed_root();
    let member = Certificate::from_pem(MEMBER).unwrap();
    let found = lint_certificate(&member, &other, &[]);
    assert_eq!(codes(&found), ["validity-nesting", "issuer-name", "authority-key-id"]);
    let found = lint_certificate(&member, &member, &[]);
    assert!(codes(&found).contains(&"issuer-usage"));
}

#[test]
fn instants_and_names_are_found_when_demanded() {
    let (_, root) = sealed_root();
    let csr = Key::generate().request(&Subject::named("x"), Asking::Member(&[]));
    let draft = profile("default").draft(&root, &serial(2), &Order::of(&csr), now()).unwrap();
    let demands = [
        Demand::StartedBy(Timestamp::EARLIEST),
        Demand::LastsUntil(Timestamp::NO_EXPIRY),
        Demand::AlternativeNames,
        Demand::OneRole,
    ];
    let found = lint_certificate(draft.preview(), &root, &demands);
    assert_eq!(codes(&found), ["not-yet-valid", "expired", "alternative-names", "role"]);
}

#[test]
fn a_crl_that_fabrics_nodes_choke_on_is_found() {
    let (_, root) = sealed_root();
    let head = CrlHead {
        issuer: vec![0x30, 0],
        this_update: now(),
        next_update: None,
        number: None,
        authority_key_id: None,
    };
    let found = lint_crl(&head, &root);
    assert_eq!(codes(&found), ["issuer-name", "authority-key-id", "next-update"]);
}

/// The findings on what a contradictory profile and order would make, written past all checks.
fn faults(
    demands: &[Demand],
    change: impl FnOnce(&mut Options, &mut Content<'_>),
) -> Vec<&'static str> {
    let (_, root) = sealed_root();
    let public = Key::generate().public();
    let mut options = profile("member").options().clone();
    let serial = serial(2);
    let mut content = Content {
        issuer: Issuer {
            name: root.subject_der(),
            key: root.public_key(),
            key_id: root.issuing_key_id(),
            certificate: Some(root.tbs()),
        },
        serial: &serial,
        subject: Subject::named("peer0").write(false).unwrap(),
        key: &public,
        names: Vec::new(),
        attributes: None,
        not_before: now(),
        not_after: now().plus(60),
    };
    change(&mut options, &mut content);
    let tbs = TbsCertificate::from_der(&content.write(&options).unwrap()).unwrap();
    codes(&lint_certificate(&tbs, &root, demands))
}

#[test]
fn each_fault_has_its_code() {
    assert_eq!(faults(&[], |_, _| {}), [""; 0]);
    let short = SerialNumber::from_octets(&[7; 7]).unwrap();
    assert_eq!(codes_of_serial(&short), ["serial-number"]);
    assert_eq!(faults(&[], |_, c| c.not_after = now()), ["validity"]);
    assert_eq!(faults(&[], |_, c| c.not_before = now().plus(-301)), ["validity-nesting"]);
    assert_eq!(faults(&[], |_, c| c.not_after = Timestamp::NO_EXPIRY), ["validity-nesting"]);
    assert_eq!(faults(&[], |_, c| c.subject = vec![0x30, 0]), ["subject-name"]);
    assert_eq!(faults(&[], |_, c| c.issuer.name = &[0x30, 0]), ["issuer-name", "issuer-name"]);
    let other = KeyId::from_octets(&[1]).unwrap();
    assert_eq!(faults(&[], |_, c| c.issuer.key_id = other), ["authority-key-id"]);
    assert_eq!(faults(&[], |_, c| c.attributes = Some("[]".into())), ["attributes"]);
    assert_eq!(faults(&[], |o, _| o.key_usage = vec![Usage::KeyCertSign]), ["key-usage"]);
    assert_eq!(faults(&[], |o, _| o.key_usage = vec![]), ["key-usage"]);
    let authority = Some(Authority { path_length: 0 });
    assert_eq!(faults(&[], |o, _| o.authority = authority), ["key-usage"]);
    assert_eq!(faults(&[], |o, _| o.basic_constraints = BasicConstraintsRule::Always), [""; 0]);
    let for_clients = |o: &mut Options, _: &mut Content<'_>| {
        o.extended_key_usage = vec![Purpose::ClientAuth];
    };
    assert_eq!(faults(&[], for_clients), [""; 0]);
    assert_eq!(faults(&[Demand::ServerAuth], for_clients), ["extended-key-usage"]);
}

fn codes_of_serial(serial: &SerialNumber) -> Vec<&'static str> {
    let (_, root) = sealed_root();
    let csr = Key::generate().request(&Subject::named("x"), Asking::Member(&[]));
    match profile("default").draft(&root, serial, &Order::of(&csr), now()) {
        Err(crate::pki::ProfileError::Lint(found)) => codes(&found),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_subjects_serial_number_is_printable_where_names_are_to_be_proper() {
    let subject = Subject {
        common_name: Some("x".into()),
        fields: vec![(Field::SerialNumber, "a_b".into())],
    };
    let name = subject.write(false).unwrap();
    assert_eq!(faults(&[], |_, c| c.subject.clone_from(&name)), [""; 0]);
    let found = faults(&[Demand::ProperNames], |_, c| c.subject.clone_from(&name));
    assert_eq!(found, ["subject-name"]);
}
