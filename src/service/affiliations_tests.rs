use super::*;
use crate::service::testing::{Registry, affiliation, id, identity, kind, limits, shown};

const MANAGER: &str = "hf.AffiliationMgr=true";
const REGISTRAR: &str = "hf.AffiliationMgr=true hf.Registrar.Roles=client";

/// `name[identities](children)`, by last parts.
fn drawn(tree: &AffiliationTree) -> String {
    let name = tree.name.parts().last().unwrap_or_default();
    let names: Vec<_> = tree.identities.iter().map(|one| one.id.to_string()).collect();
    let here = if names.is_empty() { String::new() } else { format!("[{}]", names.join(" ")) };
    let children: Vec<_> = tree.children.iter().map(drawn).collect();
    let below =
        if children.is_empty() { String::new() } else { format!("({})", children.join(" ")) };
    format!("{name}{here}{below}")
}

#[tokio::test]
async fn everything_needs_a_true_affiliation_manager() {
    let registry = Registry::open().await;
    let authority = &registry.authority;
    for (name, holding, want) in [
        ("a", "hf.Registrar.Roles=*", Kind::Forbidden),
        ("b", "hf.AffiliationMgr=false", Kind::Forbidden),
        ("c", "hf.AffiliationMgr=", Kind::AuthorityNotBoolean),
    ] {
        let caller = registry.caller(name, "client", "", holding).await;
        let refused = [
            authority.affiliations(&caller).await,
            authority.affiliation(&caller, "unknown").await,
            authority.add_affiliation(&caller, "a..b", false).await,
            authority.rename_affiliation(&caller, "unknown", "x", true).await,
            authority.remove_affiliation(&caller, "unknown", true).await,
        ];
        for done in refused {
            assert_eq!(kind(done), Some(want), "{holding}");
        }
    }
    assert_eq!(registry.audit().await.len(), 15);
}

#[tokio::test]
async fn the_list_goes_from_the_callers_own_down() {
    let registry = Registry::open().await;
    let list = async |caller: &Caller| registry.authority.affiliations(caller).await;
    let all = list(&registry.admin).await.unwrap();
    assert!(all.name.is_root());
    assert_eq!(drawn(&all), "(x(sub(leaf)) y)");
    let x = registry.caller("m", "client", "x", MANAGER).await;
    assert_eq!(drawn(&list(&x).await.unwrap()), "x(sub(leaf))");
    // As Fabric CA shows it: what stands above the caller's own is named, nothing else of it.
    let sub = registry.caller("s", "client", "x.sub", MANAGER).await;
    assert_eq!(drawn(&list(&sub).await.unwrap()), "x(sub(leaf))");
    let nowhere = registry.caller("n", "client", "gone", MANAGER).await;
    assert_eq!(kind(list(&nowhere).await), Some(Kind::NoAffiliations));
}

#[tokio::test]
async fn one_is_shown_within_the_callers_own() {
    let registry = Registry::open().await;
    let caller = registry.caller("m", "client", "x.sub", MANAGER).await;
    let show = async |name: &str| registry.authority.affiliation(&caller, name).await;
    assert_eq!(drawn(&show("x.sub").await.unwrap()), "sub(leaf)");
    assert_eq!(show("x.sub.leaf").await.unwrap().name, affiliation("x.sub.leaf"));
    for elsewhere in ["x", "y", "", "unknown", "a..b", "X.sub"] {
        assert_eq!(kind(show(elsewhere).await), Some(Kind::Forbidden), "{elsewhere}");
    }
    assert_eq!(kind(show("x.sub.nope").await), Some(Kind::UnknownAffiliation));
    let root = &registry.admin;
    for unknown in ["unknown", "a..b", "."] {
        let done = registry.authority.affiliation(root, unknown).await;
        assert_eq!(kind(done), Some(Kind::UnknownAffiliation), "{unknown}");
    }
}

#[tokio::test]
async fn one_is_added_below_what_is_there() {
    let registry = Registry::open().await;
    let add = async |name: &str, force: bool| {
        registry.authority.add_affiliation(&registry.admin, name, force).await
    };
    assert_eq!(add("z", false).await.unwrap(), AffiliationTree::leaf(affiliation("z")));
    for force in [false, true] {
        assert_eq!(kind(add("z", force).await), Some(Kind::AffiliationExists));
    }
    assert_eq!(kind(add("z.b.c", false).await), Some(Kind::UnknownAffiliation));
    assert_eq!(add("z.b.c", true).await.unwrap().name, affiliation("z.b.c"));
    assert_eq!(kind(add("z.b.d", false).await), None);
    for malformed in ["", ".", "a..b", "a.", "x\0"] {
        assert_eq!(kind(add(malformed, true).await), Some(Kind::Malformed), "{malformed}");
    }
    let tree = registry.authority.affiliation(&registry.admin, "z").await.unwrap();
    assert_eq!(drawn(&tree), "z(b(c d))");
    assert_eq!(registry.audit().await.len(), 3);
}

#[tokio::test]
async fn one_is_added_within_the_callers_own_only() {
    let registry = Registry::open().await;
    let caller = registry.caller("m", "client", "x", MANAGER).await;
    for elsewhere in ["y.b", "z", "y", "xx"] {
        let done = registry.authority.add_affiliation(&caller, elsewhere, true).await;
        assert_eq!(kind(done), Some(Kind::Forbidden), "{elsewhere}");
    }
    let done = registry.authority.add_affiliation(&caller, "x.new", false).await;
    assert_eq!(kind(done), None);

    // An own affiliation that is gone is made again, but nothing above it.
    let lost = registry.caller("l", "client", "p.q", MANAGER).await;
    registry.authority.add_affiliation(&lost, "p.q.r", true).await.unwrap();
    let names = registry.authority.store.read().affiliations(&registry.authority.name).await;
    let names: Vec<_> = names.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["p.q", "p.q.r", "x", "x.new", "x.sub", "x.sub.leaf", "y"]);
}

#[tokio::test]
async fn a_subtree_is_renamed_and_identities_move_along_with_force() {
    let registry = Registry::open().await;
    let fixed = "a=1 hf.Affiliation=x.sub! hf.EnrollmentID=u!";
    registry.put(identity("u", "client", "x.sub", fixed)).await;
    registry.put(identity("deep", "peer", "x.sub.leaf", "hf.Affiliation=x.sub.leaf!")).await;
    registry.put(identity("plain", "peer", "x.sub", "a=1")).await;
    registry.put(identity("other", "client", "x", "hf.Affiliation=x!")).await;
    let rename = async |from: &str, to: &str, force: bool| {
        registry.authority.rename_affiliation(&registry.admin, from, to, force).await
    };
    assert_eq!(kind(rename("x.sub", "x.new", false).await), Some(Kind::AffiliationInUse));
    let tree = rename("x.sub", "x.new", true).await.unwrap();
    assert_eq!(drawn(&tree), "new[plain u](leaf[deep])");
    let u = registry.stored("u").await.unwrap();
    assert_eq!(u.affiliation, affiliation("x.new"));
    assert_eq!(shown(&u.attributes), "a=1 hf.Affiliation=x.new! hf.EnrollmentID=u!");
    let deep = registry.stored("deep").await.unwrap();
    assert_eq!(shown(&deep.attributes), "hf.Affiliation=x.new.leaf!");
    let other = registry.stored("other").await.unwrap();
    assert_eq!(shown(&other.attributes), "hf.Affiliation=x!");
    assert_eq!(kind(rename("x.sub", "x.newer", true).await), Some(Kind::UnknownAffiliation));
    // Versions told are versions stored: the next change finds them.
    assert_eq!(tree.identities[1], u);
}

#[tokio::test]
async fn an_unused_subtree_is_renamed_without_force_and_tells_no_identities() {
    let registry = Registry::open().await;
    let done = registry.authority.rename_affiliation(&registry.admin, "x", "z", false).await;
    assert_eq!(drawn(&done.unwrap()), "z(sub(leaf))");
    let done = registry.authority.affiliation(&registry.admin, "x").await;
    assert_eq!(kind(done), Some(Kind::UnknownAffiliation));
    let done = registry.authority.rename_affiliation(&registry.admin, "z", "z.below", false).await;
    assert_eq!(drawn(&done.unwrap()), "below(sub(leaf))");
}

#[tokio::test]
async fn a_name_that_is_taken_is_told() {
    let registry = Registry::open().await;
    for to in ["y", "x.sub", "x"] {
        let done = registry.authority.rename_affiliation(&registry.admin, "x", to, true).await;
        assert_eq!(kind(done), Some(Kind::AffiliationExists), "{to}");
    }
    let done = registry.authority.rename_affiliation(&registry.admin, "nope", "y", true).await;
    assert_eq!(kind(done), Some(Kind::UnknownAffiliation));
    let done = registry.authority.rename_affiliation(&registry.admin, "x", "a..b", true).await;
    assert_eq!(kind(done), Some(Kind::Malformed));
}

#[tokio::test]
async fn both_names_are_within_the_callers_own_and_moving_takes_a_registrar() {
    let registry = Registry::open().await;
    registry.put(identity("u", "client", "x.sub", "")).await;
    let manager = registry.caller("m", "client", "x", MANAGER).await;
    for (from, to) in [("y", "x.z"), ("x.sub", "z"), ("x.sub", "a..b"), ("nope", "x.z")] {
        let done = registry.authority.rename_affiliation(&manager, from, to, true).await;
        assert_eq!(kind(done), Some(Kind::Forbidden), "{from} {to}");
    }
    let rename = async |caller: &Caller, force: bool| {
        kind(registry.authority.rename_affiliation(caller, "x.sub", "x.z", force).await)
    };
    assert_eq!(rename(&manager, false).await, Some(Kind::AffiliationInUse));
    assert_eq!(rename(&manager, true).await, Some(Kind::Forbidden));
    let registrar = registry.caller("r", "client", "x", REGISTRAR).await;
    assert_eq!(rename(&registrar, true).await, None);
}

#[tokio::test]
async fn one_who_came_meanwhile_has_its_attribute_mended() {
    let registry = Registry::open().await;
    let stale = "hf.Affiliation=old! k=v";
    registry.put(identity("late", "client", "x.sub", stale)).await;
    let top = affiliation("x");
    let mended = registry.authority.renamed_along(&registry.admin, &top).await.unwrap();
    let stored = registry.stored("late").await.unwrap();
    assert_eq!(shown(&stored.attributes), "hf.Affiliation=x.sub! k=v");
    assert_eq!(mended, [stored]);
}

#[tokio::test]
async fn what_is_removed_is_told_with_its_identities() {
    let registry = Registry::open().await;
    registry.put(identity("u", "client", "x.sub", "a=1")).await;
    registry.put(identity("top", "client", "x", "")).await;
    registry.issue("u", 1).await;
    let remove = async |name: &str, force: bool| {
        registry.authority.remove_affiliation(&registry.admin, name, force).await
    };
    assert_eq!(kind(remove("x", false).await), Some(Kind::Forbidden));
    let was = registry.stored("u").await.unwrap();
    let tree = remove("x", true).await.unwrap();
    assert_eq!(drawn(&tree), "x[top](sub[u](leaf))");
    assert_eq!(tree.children[0].identities, [was]);
    assert_eq!(registry.stored("u").await, None);
    assert_eq!(registry.certificate(1).await.reason_code, Some(3));
    assert_eq!(kind(remove("x", true).await), Some(Kind::UnknownAffiliation));
    assert_eq!(drawn(&remove("y", false).await.unwrap()), "y");
}

#[tokio::test]
async fn without_force_nothing_below_and_nobody_there_is_removed() {
    let registry = Registry::open().await;
    registry.put(identity("u", "client", "y", "")).await;
    let manager = registry.caller("m", "client", "", MANAGER).await;
    for (name, force) in [("x", false), ("y", false), ("y", true)] {
        let done = registry.authority.remove_affiliation(&manager, name, force).await;
        assert_eq!(kind(done), Some(Kind::Forbidden), "{name} {force}");
    }
    assert_eq!(kind(registry.authority.remove_affiliation(&manager, "x", true).await), None);
    assert!(registry.stored("u").await.is_some());
}

#[tokio::test]
async fn ones_own_affiliation_stays() {
    let registry = Registry::open().await;
    let caller = registry.caller("r", "client", "x.sub", REGISTRAR).await;
    for name in ["x.sub", "x", "y", "unknown"] {
        let done = registry.authority.remove_affiliation(&caller, name, true).await;
        assert_eq!(kind(done), Some(Kind::Forbidden), "{name}");
    }
    let done = registry.authority.remove_affiliation(&caller, "x.sub.leaf", false).await;
    assert_eq!(kind(done), None);
}

#[tokio::test]
async fn removal_may_be_disabled_for_both() {
    let registry = Registry::with(limits(-1, true, false)).await;
    for name in ["y", "unknown"] {
        let done = registry.authority.remove_affiliation(&registry.admin, name, true).await;
        assert_eq!(kind(done), Some(Kind::Forbidden));
    }
    let registry = Registry::with(limits(-1, false, true)).await;
    registry.put(identity("u", "client", "x", "")).await;
    let done = registry.authority.remove_affiliation(&registry.admin, "x", true).await;
    assert_eq!(kind(done), Some(Kind::Forbidden));
    let done = registry.authority.remove_affiliation(&registry.admin, "y", true).await;
    assert_eq!(kind(done), None);
    assert_eq!(registry.stored("u").await.unwrap().id, id("u"));
}
