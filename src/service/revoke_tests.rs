use super::*;
use crate::service::testing::{Registry, issuer, kind, retired_issuer, serial};

fn identity(id: &str) -> Revoke {
    Revoke { target: Target::Identity(id.into()), reason: Reason::KeyCompromise }
}

fn certificate(serial: &str, aki: &str) -> Revoke {
    let target = Target::read("", serial, aki).unwrap();
    Revoke { target, reason: Reason::Superseded }
}

fn number(number: u8) -> Revoke {
    certificate(&serial(number).to_string(), &issuer().to_string())
}

const REVOKER: &str = "hf.Registrar.Roles=client,peer hf.Revoker=true";

#[test]
fn a_certificate_is_meant_when_both_of_its_numbers_are_given() {
    let identity = Target::Identity("u".into());
    assert_eq!(Target::read("u", "", "").unwrap(), identity);
    assert_eq!(Target::read("u", "12", "").unwrap(), identity);
    assert_eq!(Target::read("u", "", "34").unwrap(), identity);
    assert_eq!(Target::read("u", "00:0", "34").unwrap(), identity);
    let meant = Target::read("u", "12", "34").unwrap();
    let owner = Some("u".to_owned());
    assert_eq!(meant, Target::Certificate { serial: "12".into(), aki: "34".into(), owner });
    for (serial, aki) in [("", ""), ("12", ""), ("", "34"), ("0", "0")] {
        assert_eq!(kind(Target::read("", serial, aki)), Some(Kind::NothingNamed));
    }
}

#[tokio::test]
async fn a_certificate_is_revoked_once_whatever_the_spelling() {
    let registry = Registry::open().await;
    registry.caller("u", "client", "x", "").await;
    let aki = issuer().to_string();
    for (n, spell) in [(1, "4001"), (2, "00:40:02"), (0xab, "0040AB"), (0xcd, "40:cD")] {
        registry.issue("u", n).await;
        let request = certificate(spell, &format!("00:{}", aki.to_uppercase()));
        let done = registry.authority.revoke(&registry.admin, request.clone()).await.unwrap();
        assert_eq!(done, [RevokedCertificate { serial: serial(n), aki: issuer() }]);
        let again = registry.authority.revoke(&registry.admin, request).await;
        assert_eq!(kind(again), Some(Kind::AlreadyRevoked));
    }
    assert_eq!(registry.certificate(1).await.reason_code, Some(4));
    assert_eq!(registry.stored("u").await.unwrap().revoked_at, None);
    assert_eq!(registry.audit().await[0], "admin revoke-certificate 4001");
}

#[tokio::test]
async fn unknown_certificates_are_told() {
    let registry = Registry::open().await;
    registry.caller("u", "client", "x", "").await;
    registry.issue("u", 1).await;
    registry.issue("", 2).await;
    let aki = issuer().to_string();
    let unknown = [
        number(9),
        certificate("12", "34"),
        certificate("4001", "00ff"),
        certificate("not a number", &aki),
        certificate(&"4".repeat(100), &aki),
        // The CA's own certificates are no member's.
        number(2),
    ];
    for request in unknown {
        let done = registry.authority.revoke(&registry.admin, request).await;
        assert_eq!(kind(done), Some(Kind::UnknownCertificate));
    }
}

#[tokio::test]
async fn certificates_of_retired_issuers_are_revoked_too() {
    let registry = Registry::open().await;
    registry.caller("u", "client", "x", "").await;
    registry.issue_by(&retired_issuer(), "u", 1, 2_000_000_000).await;
    let done = registry.authority.revoke(&registry.admin, number(1)).await;
    assert_eq!(kind(done), Some(Kind::UnknownCertificate), "by another issuer");
    let request = certificate("4001", &retired_issuer().to_string());
    let done = registry.authority.revoke(&registry.admin, request).await.unwrap();
    assert_eq!(done, [RevokedCertificate { serial: serial(1), aki: retired_issuer() }]);
}

#[tokio::test]
async fn a_certificate_of_the_cas_own_keys_is_revoked_by_who_manages_administrators() {
    let registry = Registry::open().await;
    registry.issue("\u{1}administrator", 1).await;
    for (id, affiliation, attributes) in [
        ("a", "", "hf.Revoker=1 hf.Registrar.Roles=client"),
        ("b", "x", "hf.Revoker=1 hf.Registrar.Roles=admin"),
        ("c", "", "hf.Registrar.Roles=admin"),
    ] {
        let other = registry.caller(id, "client", affiliation, attributes).await;
        let done = registry.authority.revoke(&other, number(1)).await;
        assert_eq!(kind(done), Some(Kind::Forbidden), "{id}");
    }
    let attributes = "hf.Revoker=1 hf.Registrar.Roles=admin";
    let enough = registry.caller("d", "client", "", attributes).await;
    assert_eq!(registry.authority.revoke(&enough, number(1)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_certificate_is_reaches_callers_without_authority() {
    let registry = Registry::open().await;
    registry.caller("u", "client", "x", "").await;
    registry.issue("u", 1).await;
    let nobody = registry.caller("nobody", "client", "y", "").await;
    let ask = async |request| kind(registry.authority.revoke(&nobody, request).await);
    assert_eq!(ask(number(9)).await, Some(Kind::UnknownCertificate));
    let target = Target::read("nobody", "4001", &issuer().to_string()).unwrap();
    let other_owner = Revoke { target, reason: Reason::Unspecified };
    assert_eq!(ask(other_owner.clone()).await, Some(Kind::WrongOwner));
    assert_eq!(ask(number(1)).await, Some(Kind::Forbidden));
    registry.authority.revoke(&registry.admin, number(1)).await.unwrap();
    assert_eq!(ask(number(1)).await, Some(Kind::AlreadyRevoked));
    assert_eq!(ask(other_owner).await, Some(Kind::AlreadyRevoked), "told first");
}

#[tokio::test]
async fn the_very_certificate_of_the_request_needs_no_authority_another_one_a_registrar() {
    let registry = Registry::open().await;
    let u = registry.caller("u", "client", "x", "").await;
    registry.issue("u", 255).await;
    registry.issue("u", 1).await;
    let done = registry.authority.revoke(&u, number(1)).await;
    assert_eq!(kind(done), Some(Kind::Forbidden));
    assert_eq!(registry.authority.revoke(&u, number(255)).await.unwrap().len(), 1);
    assert_eq!(registry.audit().await[0], "u refused-revoke 4001");

    // A registrar of its own type needs no `hf.Revoker` for a certificate of its own.
    let reg = registry.caller("reg", "client", "x", "hf.Registrar.Roles=client").await;
    registry.issue("reg", 2).await;
    assert_eq!(registry.authority.revoke(&reg, number(2)).await.unwrap().len(), 1);
    let other = registry.caller("other", "client", "x", "hf.Registrar.Roles=peer").await;
    registry.issue("other", 3).await;
    let done = registry.authority.revoke(&other, number(3)).await;
    assert_eq!(kind(done), Some(Kind::Forbidden));
}

#[tokio::test]
async fn others_need_a_revoker_who_is_a_registrar_of_type_and_affiliation() {
    let registry = Registry::open().await;
    registry.caller("u", "peer", "x.sub", "").await;
    registry.issue("u", 1).await;
    let without = [
        ("a", "x", ""),
        ("b", "x", "hf.Revoker=true"),
        ("c", "x", "hf.Revoker=true hf.Registrar.Roles="),
        ("d", "x", "hf.Registrar.Roles=*"),
        ("e", "x", "hf.Registrar.Roles=* hf.Revoker=false"),
        ("f", "x", "hf.Registrar.Roles=* hf.Revoker=yes"),
        ("g", "x", "hf.Registrar.Roles=client hf.Revoker=true"),
        ("h", "y", REVOKER),
        ("i", "x.sub.leaf", REVOKER),
    ];
    for (name, at, holding) in without {
        let caller = registry.caller(name, "client", at, holding).await;
        for request in [identity("u"), number(1)] {
            let done = registry.authority.revoke(&caller, request).await;
            assert_eq!(kind(done), Some(Kind::Forbidden), "{name}");
        }
    }
    let caller = registry.caller("reg", "client", "x", REVOKER).await;
    assert_eq!(registry.authority.revoke(&caller, number(1)).await.unwrap().len(), 1);
    assert_eq!(registry.authority.revoke(&caller, identity("u")).await.unwrap(), []);
}

#[tokio::test]
async fn an_unknown_identity_is_told_to_revokers_only() {
    let registry = Registry::open().await;
    let done = registry.authority.revoke(&registry.admin, identity("nobody")).await;
    assert_eq!(kind(done), Some(Kind::UnknownIdentity));
    let u = registry.caller("u", "client", "x", "hf.Registrar.Roles=*").await;
    let done = registry.authority.revoke(&u, identity("nobody")).await;
    assert_eq!(kind(done), Some(Kind::Forbidden));
}

#[tokio::test]
async fn an_identity_loses_every_certificate_and_a_second_time_nothing() {
    let registry = Registry::open().await;
    registry.caller("u", "client", "x", "").await;
    registry.issue("u", 1).await;
    registry.issue_by(&retired_issuer(), "u", 2, 2_000_000_000).await;
    registry.issue("u", 3).await;
    registry.authority.revoke(&registry.admin, number(3)).await.unwrap();

    let done = registry.authority.revoke(&registry.admin, identity("u")).await.unwrap();
    let named: Vec<_> = done.iter().map(|one| (one.serial.clone(), one.aki.clone())).collect();
    assert_eq!(named, [(serial(1), issuer()), (serial(2), retired_issuer())]);
    let now = registry.authority.clock.now();
    assert_eq!(registry.stored("u").await.unwrap().revoked_at, Some(now));
    assert_eq!(registry.certificate(1).await.reason_code, Some(1));
    assert_eq!(registry.certificate(3).await.reason_code, Some(4), "the first reason stays");

    let again = registry.authority.revoke(&registry.admin, identity("u")).await.unwrap();
    assert_eq!(again, []);
}

#[tokio::test]
async fn oneself_needs_no_authority() {
    let registry = Registry::open().await;
    let u = registry.caller("u", "client", "x", "").await;
    registry.issue("u", 255).await;
    assert_eq!(registry.authority.revoke(&u, identity("u")).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_about_to_be_signed_is_revoked_along() {
    let registry = Registry::open().await;
    registry.caller("u", "client", "x", "").await;
    let row = registry.intend(&issuer(), "u", 1).await;
    registry.authority.revoke(&registry.admin, identity("u")).await.unwrap();
    let entry = registry.authority.entry("test", "seal", "", "");
    let row = CertificateRow {
        ca: row.ca,
        issuer: row.issuer,
        serial: serial(1),
        enrollment_id: "u".into(),
        not_before: row.at,
        not_after: row.at,
        der: vec![1],
        revoked_at: None,
        reason_code: None,
    };
    let write = Write::new(Change::SealCertificate { row }, entry);
    assert!(matches!(registry.authority.store.write(write).await, Err(StoreError::Lost("intent"))));
}

#[tokio::test]
async fn of_ten_who_revoke_one_certificate_one_does() {
    let registry = Registry::open().await;
    registry.caller("u", "client", "x", "").await;
    registry.issue("u", 1).await;
    let asking = (0..10).map(|_| {
        let (authority, admin) = (registry.authority.clone(), registry.admin.clone());
        tokio::spawn(async move { authority.revoke(&admin, number(1)).await })
    });
    let mut done = 0;
    for asked in asking.collect::<Vec<_>>() {
        match asked.await.unwrap() {
            Ok(revoked) => done += revoked.len(),
            Err(error) => assert_eq!(error.kind, Kind::AlreadyRevoked),
        }
    }
    assert_eq!(done, 1);
}
