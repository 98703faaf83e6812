use super::*;
use crate::service::testing::{Registry, affiliation, attributes, kind, limits, shown};

const REGISTRAR: &str = "hf.Registrar.Roles=client,peer";

/// A registrar of `x`, and who it may and may not manage.
async fn registry() -> (Registry, Caller) {
    let registry = Registry::open().await;
    let caller = registry.caller("reg", "client", "x", REGISTRAR).await;
    let fixed = "hf.EnrollmentID=u! hf.Type=peer! hf.Affiliation=x!";
    registry.caller("u", "peer", "x", fixed).await;
    registry.caller("below", "peer", "x.sub", "k=v").await;
    registry.caller("orderer", "orderer", "x", "").await;
    registry.caller("elsewhere", "client", "y", "").await;
    (registry, caller)
}

#[tokio::test]
async fn a_list_holds_what_the_caller_may_manage_and_itself() {
    let (registry, caller) = registry().await;
    let mut after = None;
    let mut seen = Vec::new();
    loop {
        let page = registry.authority.identities(&caller, after.as_ref(), 2).await.unwrap();
        seen.extend(page.items.into_iter().map(|identity| identity.id.to_string()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["below", "reg", "u"]);

    let all = registry.authority.identities(&registry.admin, None, 100).await.unwrap();
    assert_eq!((all.items.len(), all.next), (6, None));
}

#[tokio::test]
async fn the_list_is_for_registrars() {
    let (registry, _) = registry().await;
    for (name, holding) in [("n", ""), ("m", "hf.Registrar.Roles="), ("o", "hf.Revoker=1")] {
        let caller = registry.caller(name, "client", "", holding).await;
        let done = registry.authority.identities(&caller, None, 10).await;
        assert_eq!(kind(done), Some(Kind::Forbidden), "{holding}");
    }
    assert_eq!(registry.audit().await[0], "n refused-list-identities ");
}

#[tokio::test]
async fn one_is_shown_to_who_may_manage_it_and_unknown_to_everybody() {
    let (registry, caller) = registry().await;
    let show =
        async |caller: &Caller, id: &str| kind(registry.authority.identity(caller, id).await);
    for id in ["u", "below", "reg"] {
        assert_eq!(show(&caller, id).await, None, "{id}");
    }
    for id in ["orderer", "elsewhere", "admin"] {
        assert_eq!(show(&caller, id).await, Some(Kind::Forbidden), "{id}");
    }
    let nobody = registry.caller("nobody", "client", "x", "").await;
    assert_eq!(show(&nobody, "nobody").await, Some(Kind::Forbidden));
    for unknown in ["unknown", "U", "", "a\0b"] {
        assert_eq!(show(&caller, unknown).await, Some(Kind::UnknownIdentity), "{unknown}");
        assert_eq!(show(&nobody, unknown).await, Some(Kind::UnknownIdentity), "{unknown}");
    }
}

#[tokio::test]
async fn a_refusal_does_not_tell_which_it_was() {
    let (registry, caller) = registry().await;
    let type_ = registry.authority.identity(&caller, "orderer").await.unwrap_err();
    let affiliation = registry.authority.identity(&caller, "elsewhere").await.unwrap_err();
    assert_eq!(type_.detail, affiliation.detail);
}

#[tokio::test]
async fn several_things_are_modified_at_once_and_the_rest_stays() {
    let (registry, _) = registry().await;
    let change = ModifyIdentity {
        kind: Some("orderer".into()),
        affiliation: Some(AffiliationChoice::read("x.sub")),
        attributes: attributes("a=2!"),
        secret: Some(EnrollmentSecret::new("s2".into())),
        max_enrollments: 7,
    };
    let before = registry.stored("u").await.unwrap();
    let after = registry.authority.modify_identity(&registry.admin, "u", change).await.unwrap();
    assert_eq!(registry.stored("u").await.unwrap(), after);
    assert_eq!(
        shown(&after.attributes),
        "a=2! hf.Affiliation=x.sub! hf.EnrollmentID=u! hf.Type=orderer!"
    );
    assert_eq!(after.kind, "orderer");
    assert_eq!(after.affiliation, affiliation("x.sub"));
    assert_eq!(after.max_enrollments, 7);
    assert_ne!(after.secret, before.secret);
    assert_eq!(after.version, before.version + 1);

    let nothing = ModifyIdentity {
        kind: Some(String::new()),
        affiliation: Some(AffiliationChoice::Default),
        secret: Some(EnrollmentSecret::new(String::new())),
        ..ModifyIdentity::default()
    };
    let same = registry.authority.modify_identity(&registry.admin, "u", nothing).await.unwrap();
    assert_eq!(Identity { version: after.version, ..same }, after);
}

#[tokio::test]
async fn at_the_root_the_affiliation_attribute_is_deleted() {
    let (registry, _) = registry().await;
    let change =
        ModifyIdentity { affiliation: Some(AffiliationChoice::Root), ..ModifyIdentity::default() };
    let after = registry.authority.modify_identity(&registry.admin, "u", change).await.unwrap();
    assert!(after.affiliation.is_root());
    assert_eq!(shown(&after.attributes), "hf.EnrollmentID=u! hf.Type=peer!");
}

#[tokio::test]
async fn both_what_it_is_and_what_it_shall_be_must_be_the_callers() {
    let (registry, caller) = registry().await;
    let to = |affiliation: &str| ModifyIdentity {
        affiliation: Some(AffiliationChoice::read(affiliation)),
        ..ModifyIdentity::default()
    };
    let as_type =
        |kind: &str| ModifyIdentity { kind: Some(kind.into()), ..ModifyIdentity::default() };
    let with =
        |list: &str| ModifyIdentity { attributes: attributes(list), ..ModifyIdentity::default() };
    let forbidden = [
        ("elsewhere", as_type("peer")),
        ("orderer", as_type("peer")),
        ("u", to("y")),
        ("u", to(".")),
        ("u", as_type("orderer")),
        ("u", with("z=1")),
        ("u", with("hf.Type=x")),
    ];
    for (id, change) in forbidden {
        let told = format!("{id} {change:?}");
        let done = registry.authority.modify_identity(&caller, id, change).await;
        assert_eq!(kind(done), Some(Kind::Forbidden), "{told}");
    }
    for unknown in ["nope", "x.nope", "x..y"] {
        let done = registry.authority.modify_identity(&caller, "u", to(unknown)).await;
        assert_eq!(kind(done), Some(Kind::UnknownAffiliation), "{unknown}");
    }
    let done = registry.authority.modify_identity(&caller, "nobody", to("y")).await;
    assert_eq!(kind(done), Some(Kind::UnknownIdentity));
    let done = registry.authority.modify_identity(&caller, "u", to("x.sub")).await;
    assert_eq!(kind(done), None);
}

#[tokio::test]
async fn delegate_roles_are_checked_against_the_roles_already_held() {
    let registry = Registry::open().await;
    registry.caller("u", "client", "x", "hf.Registrar.Roles=client").await;
    let roles = |list: &str| ModifyIdentity {
        attributes: attributes(&format!("hf.Registrar.DelegateRoles={list}")),
        ..ModifyIdentity::default()
    };
    let admin = &registry.admin;
    let done = registry.authority.modify_identity(admin, "u", roles("client")).await.unwrap();
    assert_eq!(
        shown(&done.attributes),
        "hf.Registrar.DelegateRoles=client hf.Registrar.Roles=client"
    );
    let done = registry.authority.modify_identity(admin, "u", roles("client,peer")).await;
    assert_eq!(kind(done), Some(Kind::Forbidden));
}

#[tokio::test]
async fn a_maximum_below_minus_one_and_a_long_secret_are_refused() {
    let (registry, _) = registry().await;
    let admin = &registry.admin;
    let change = ModifyIdentity { max_enrollments: -2, ..ModifyIdentity::default() };
    let done = registry.authority.modify_identity(admin, "u", change).await;
    assert_eq!(kind(done), Some(Kind::BadMaxEnrollments));
    let secret = Some(EnrollmentSecret::new("s".repeat(73)));
    let change = ModifyIdentity { secret, ..ModifyIdentity::default() };
    let done = registry.authority.modify_identity(admin, "u", change).await;
    assert_eq!(kind(done), Some(Kind::Malformed));
}

#[tokio::test]
async fn what_others_change_at_the_same_time_is_kept() {
    let (registry, _) = registry().await;
    let changing = (0..5).map(|n| {
        let (authority, admin) = (registry.authority.clone(), registry.admin.clone());
        let change = ModifyIdentity {
            attributes: attributes(&format!("a{n}=1")),
            ..ModifyIdentity::default()
        };
        tokio::spawn(async move { authority.modify_identity(&admin, "u", change).await })
    });
    for changed in changing.collect::<Vec<_>>() {
        changed.await.unwrap().unwrap();
    }
    let stored = registry.stored("u").await.unwrap();
    for n in 0..5 {
        assert!(stored.attributes.iter().any(|held| held.name == format!("a{n}")), "{n}");
    }
    assert_eq!(stored.version, 6);
}

#[tokio::test]
async fn removal_revokes_with_reason_five_and_frees_the_name() {
    let (registry, caller) = registry().await;
    registry.issue("u", 1).await;
    registry.issue("below", 2).await;
    let was = registry.stored("u").await.unwrap();
    let removed = registry.authority.remove_identity(&caller, "u", false).await.unwrap();
    assert_eq!(removed, was);
    assert_eq!(registry.stored("u").await, None);
    let certificate = registry.certificate(1).await;
    assert_eq!(certificate.revoked_at, Some(registry.authority.clock.now()));
    assert_eq!(certificate.reason_code, Some(5));
    assert_eq!(registry.certificate(2).await.revoked_at, None);
    assert_eq!(registry.audit().await, ["reg remove-identity u"]);
    let done = registry.authority.remove_identity(&caller, "u", false).await;
    assert_eq!(kind(done), Some(Kind::UnknownIdentity));
    registry.caller("u", "client", "x", "").await;
}

#[tokio::test]
async fn oneself_is_removed_with_force_only() {
    let (registry, caller) = registry().await;
    let done = registry.authority.remove_identity(&caller, "reg", false).await;
    assert_eq!(kind(done), Some(Kind::RemovalDisabled));
    let done = registry.authority.remove_identity(&caller, "reg", true).await;
    assert_eq!(kind(done), None);
    let nobody = registry.caller("nobody", "client", "x", "").await;
    let done = registry.authority.remove_identity(&nobody, "nobody", true).await;
    assert_eq!(kind(done), Some(Kind::Forbidden), "it still takes a registrar");
    for elsewhere in ["elsewhere", "orderer"] {
        let done = registry.authority.remove_identity(&caller, elsewhere, true).await;
        assert_eq!(kind(done), Some(Kind::Forbidden));
    }
}

#[tokio::test]
async fn where_removal_is_disabled_that_is_told_before_everything_else() {
    let registry = Registry::with(limits(-1, false, false)).await;
    for id in ["admin", "nobody"] {
        let done = registry.authority.remove_identity(&registry.admin, id, true).await;
        assert_eq!(kind(done), Some(Kind::RemovalDisabled));
    }
}
