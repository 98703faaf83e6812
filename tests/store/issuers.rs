use chancery::id::KeyId;
use chancery::store::{Change, IssuerRole, IssuerRow};

use crate::fixture::*;

fn row(number: u8, role: IssuerRole) -> IssuerRow {
    IssuerRow {
        ca: ca(),
        key_id: KeyId::from_octets(&[number; 20]).unwrap(),
        label: "ca-org1-issuing".parse().unwrap(),
        spki_hash: [number; 32],
        certificate: vec![number; 500],
        chain_pem: "-----BEGIN CERTIFICATE-----\n".into(),
        role,
        active: false,
    }
}

async fn one_issuer_of_a_ca_is_active(db: Database) {
    let store = db.open().await;
    let (root, old, new) =
        (row(1, IssuerRole::Root), row(2, IssuerRole::Issuing), row(3, IssuerRole::Issuing));
    for issuer in [&root, &old, &new] {
        store.make(Change::AddIssuer(issuer.clone())).await.unwrap();
    }
    assert_eq!(lost(store.make(Change::AddIssuer(root.clone())).await), "issuer");
    assert_eq!(
        store.read().issuers(&ca()).await.unwrap(),
        [root.clone(), old.clone(), new.clone()]
    );

    let activate = |key_id: &KeyId| Change::ActivateIssuer { ca: ca(), key_id: key_id.clone() };
    store.make(activate(&old.key_id)).await.unwrap();
    store.make(activate(&new.key_id)).await.unwrap();
    let active = IssuerRow { active: true, ..new };
    assert_eq!(store.read().issuers(&ca()).await.unwrap(), [active.clone(), root, old]);

    let unknown = KeyId::from_octets(&[9; 20]).unwrap();
    assert_eq!(lost(store.make(activate(&unknown)).await), "issuer");
    assert_eq!(store.read().issuers(&ca()).await.unwrap()[0], active);
    assert!(store.read().issuers(&"ca-org2".parse().unwrap()).await.unwrap().is_empty());
}

async fn a_property_is_replaced(db: Database) {
    let store = db.open().await;
    assert_eq!(store.read().property("x").await.unwrap(), None);
    for value in ["1", "2"] {
        let set = Change::SetProperty { name: "x".into(), value: value.into() };
        store.make(set).await.unwrap();
        assert_eq!(store.read().property("x").await.unwrap().as_deref(), Some(value));
    }
}

on_both!(one_issuer_of_a_ca_is_active, a_property_is_replaced);
