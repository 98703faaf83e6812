use super::*;
use crate::service::testing::{Registry, affiliation, attributes, id, kind, limits, shown};

fn request(name: &str) -> Register {
    Register {
        id: id(name),
        kind: String::new(),
        secret: Some(EnrollmentSecret::new("pw".into())),
        max_enrollments: 0,
        affiliation: AffiliationChoice::Default,
        attributes: Vec::new(),
    }
}

const REGISTRAR: &str = "hf.Registrar.Roles=client,peer hf.Registrar.Attributes=a.*,hf.Revoker \
     hf.Revoker=false";

#[tokio::test]
async fn what_is_left_out_is_the_callers_own_and_a_secret_is_made() {
    let registry = Registry::open().await;
    let caller = registry.caller("reg", "client", "x.sub", REGISTRAR).await;
    let done = registry
        .authority
        .register(&caller, Register { secret: None, ..request("u") })
        .await
        .unwrap();
    // This token has no HMAC: see `secrets.rs`.
    assert_eq!(done.secret.expose().len(), 24);
    let stored = registry.stored("u").await.unwrap();
    assert_eq!(stored, done.identity);
    assert_eq!((stored.kind.as_str(), stored.affiliation), ("client", affiliation("x.sub")));
    assert_eq!(
        shown(&stored.attributes),
        "hf.Affiliation=x.sub! hf.EnrollmentID=u! hf.Type=client!"
    );
    assert_eq!((stored.max_enrollments, stored.enrollments), (-1, 0));
    assert_eq!(registry.audit().await, ["reg register u"]);
}

#[tokio::test]
async fn every_field_is_kept() {
    let registry = Registry::open().await;
    let asked = Register {
        kind: "peer".into(),
        max_enrollments: 5,
        affiliation: AffiliationChoice::At(affiliation("x")),
        attributes: attributes("a=b! c=d a=e"),
        ..request("u")
    };
    let done = registry.authority.register(&registry.admin, asked).await.unwrap();
    assert_eq!(done.secret.expose(), "pw");
    assert_eq!(done.identity.max_enrollments, 5);
    assert_eq!(
        shown(&done.identity.attributes),
        "a=e c=d hf.Affiliation=x! hf.EnrollmentID=u! hf.Type=peer!"
    );
}

#[tokio::test]
async fn a_dot_asks_for_the_root() {
    assert_eq!(AffiliationChoice::read("."), AffiliationChoice::Root);
    assert_eq!(AffiliationChoice::read(""), AffiliationChoice::Default);
    assert_eq!(AffiliationChoice::read("a..b"), AffiliationChoice::Malformed);
    let registry = Registry::open().await;
    let asked = Register { affiliation: AffiliationChoice::Root, ..request("u") };
    let done = registry.authority.register(&registry.admin, asked).await.unwrap();
    assert!(done.identity.affiliation.is_root());
    assert!(shown(&done.identity.attributes).contains("hf.Affiliation=!"));
}

#[tokio::test]
async fn type_affiliation_and_attributes_must_be_the_callers_to_give() {
    let registry = Registry::open().await;
    let caller = registry.caller("reg", "client", "x", REGISTRAR).await;
    let at = |name: &str| AffiliationChoice::read(name);
    let peer = || Register { kind: "peer".into(), ..request("u") };
    let refused = [
        Register { kind: "orderer".into(), ..request("u") },
        Register { affiliation: at("y"), ..peer() },
        Register { affiliation: at("x0"), ..peer() },
        Register { affiliation: at("x.nope"), ..peer() },
        Register { affiliation: at("X"), ..peer() },
        Register { affiliation: at("x..y"), ..peer() },
        Register { affiliation: AffiliationChoice::Root, ..peer() },
        Register { attributes: attributes("q=1"), ..peer() },
        Register { attributes: attributes("hf.Revoker=true"), ..peer() },
        Register { attributes: attributes("hf.Type=peer"), ..peer() },
        // Authority comes before the number of enrollments and the name.
        Register { max_enrollments: -2, id: id("admin"), kind: "orderer".into(), ..request("u") },
    ];
    for asked in refused {
        let told = format!("{asked:?}");
        let done = registry.authority.register(&caller, asked).await;
        assert_eq!(kind(done), Some(Kind::Forbidden), "{told}");
    }
    let granted = Register { affiliation: at("x.sub"), attributes: attributes("a.b=1"), ..peer() };
    assert_eq!(kind(registry.authority.register(&caller, granted).await), None);

    let nobody = registry.caller("nobody", "client", "", "hf.Registrar.Roles=").await;
    let done = registry.authority.register(&nobody, request("v")).await;
    assert_eq!(kind(done), Some(Kind::Forbidden));
    let audit = registry.audit().await;
    assert_eq!(audit.len(), 13);
    assert_eq!(audit[0], "reg refused-register u");
}

#[tokio::test]
async fn an_unknown_affiliation_is_forbidden_to_everybody() {
    let registry = Registry::open().await;
    for name in ["no-such-affiliation", "x..sub"] {
        let asked = Register { affiliation: AffiliationChoice::read(name), ..request("u") };
        let error = registry.authority.register(&registry.admin, asked).await.unwrap_err();
        assert_eq!(error.kind, Kind::Forbidden);
        assert_eq!(error.detail, "the affiliation is unknown");
    }
}

#[tokio::test]
async fn the_number_of_enrollments_comes_before_the_name() {
    let registry = Registry::open().await;
    let asked = Register { max_enrollments: -2, ..request("admin") };
    let done = registry.authority.register(&registry.admin, asked).await;
    assert_eq!(kind(done), Some(Kind::BadMaxEnrollments));

    let capped = Registry::with(limits(25, false, false)).await;
    for (asked, stored) in [(0, Some(25)), (25, Some(25)), (1, Some(1)), (-1, None), (26, None)] {
        let name = format!("u{asked}");
        let request = Register { max_enrollments: asked, ..request(&name) };
        let done = capped.authority.register(&capped.admin, request).await;
        assert_eq!(done.ok().map(|done| done.identity.max_enrollments), stored, "{asked}");
    }
}

#[tokio::test]
async fn a_taken_name_is_told_in_the_words_that_samples_look_for() {
    let registry = Registry::open().await;
    let error = registry.authority.register(&registry.admin, request("admin")).await.unwrap_err();
    assert_eq!(error.kind, Kind::AlreadyRegistered);
    assert_eq!(error.detail, "identity 'admin' is already registered");
    let done = registry.authority.register(&registry.admin, request("Admin")).await;
    assert_eq!(kind(done), None, "names are case sensitive");
}

#[tokio::test]
async fn of_twenty_who_ask_for_one_name_one_gets_it() {
    let registry = Registry::open().await;
    let asking = (0..20).map(|_| {
        let (authority, caller) = (registry.authority.clone(), registry.admin.clone());
        tokio::spawn(async move { authority.register(&caller, request("u")).await })
    });
    let mut won = 0;
    for asked in asking.collect::<Vec<_>>() {
        match asked.await.unwrap() {
            Ok(_) => won += 1,
            Err(error) => assert_eq!(error.kind, Kind::AlreadyRegistered),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(registry.audit().await, ["admin register u"]);
}

#[tokio::test]
async fn what_could_not_be_kept_is_malformed() {
    let registry = Registry::open().await;
    let long = EnrollmentSecret::new("s".repeat(73));
    let refused = [
        Register { secret: Some(long), ..request("u") },
        Register { kind: "a\0".into(), ..request("u") },
        Register {
            attributes: vec![Attribute { name: "n\0".into(), value: "v".into(), ecert: false }],
            ..request("u")
        },
    ];
    for asked in refused {
        let done = registry.authority.register(&registry.admin, asked).await;
        assert_eq!(kind(done), Some(Kind::Malformed));
    }
    let longest = EnrollmentSecret::new("s".repeat(72));
    let asked = Register { secret: Some(longest), ..request("u") };
    assert_eq!(kind(registry.authority.register(&registry.admin, asked).await), None);
}
