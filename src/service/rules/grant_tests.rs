//! One test for each sentence of section 7, and the law behind them.

use proptest::prelude::*;

use super::*;
use crate::service::rules::testing::attributes;

fn verdict(registrar: &str, requested: &str) -> Result<(), Why> {
    modify(registrar, requested, "")
}

fn modify(registrar: &str, requested: &str, already: &str) -> Result<(), Why> {
    may_give(&attributes(registrar), &attributes(requested), &attributes(already))
        .map_err(|refused| refused.why)
}

const ALL: &str = "hf.Registrar.Attributes=*";

#[test]
fn the_registrar_needs_a_non_empty_list_of_attributes() {
    assert_eq!(verdict("hf.Registrar.Roles=client", "q=1"), Err(Why::NoAuthority));
    assert_eq!(verdict("hf.Registrar.Attributes=", "q=1"), Err(Why::NoAuthority));
    assert_eq!(verdict("", "q="), Err(Why::NoAuthority), "deleting needs it too");
}

#[test]
fn without_the_list_identities_without_attributes_may_be_registered() {
    assert_eq!(verdict("hf.Registrar.Roles=client", ""), Ok(()));
}

#[test]
fn the_name_must_be_listed_or_match_a_pattern() {
    let registrar = "hf.Registrar.Attributes=a.b.*,x.y.z";
    assert_eq!(verdict(registrar, "a.b.c=1"), Ok(()));
    assert_eq!(verdict(registrar, "x.y.z=1"), Ok(()));
    assert_eq!(verdict(registrar, "q=1"), Err(Why::NotListed));
    assert_eq!(verdict(registrar, "x.y.z.a=1"), Err(Why::NotListed));
    assert_eq!(verdict(registrar, "X.y.z=1"), Err(Why::NotListed));
}

#[test]
fn every_requested_attribute_must_pass() {
    let registrar = "hf.Registrar.Attributes=a,b";
    let refused = may_give(&attributes(registrar), &attributes("a=1 q=1 b=1"), &[]).unwrap_err();
    assert_eq!(refused.name, "q");
    assert_eq!(
        refused.to_string(),
        "attribute `q` is refused: it is not among the caller's `hf.Registrar.Attributes`"
    );
    let twice = "hf.Registrar.Attributes=* hf.Revoker=0";
    assert!(verdict(twice, "hf.Revoker=1 hf.Revoker=").is_err(), "what is given over counts too");
}

#[test]
fn a_boolean_is_given_by_those_who_hold_it_true() {
    for name in ["hf.Revoker", "hf.GenCRL", "hf.IntermediateCA", "hf.AffiliationMgr"] {
        let request = format!("{name}=true");
        assert_eq!(verdict(ALL, &request), Err(Why::NotHeld));
        for value in ["false", "0", "", "yes"] {
            let registrar = format!("{ALL} {name}={value}");
            assert_eq!(verdict(&registrar, &request), Err(Why::NotHeldTrue), "{value}");
        }
        let registrar = format!("{ALL} {name}=1");
        assert_eq!(verdict(&registrar, &request), Ok(()));
        assert_eq!(verdict(&registrar, &format!("{name}=")), Ok(()), "empty deletes");
        assert_eq!(verdict(&registrar, &format!("{name}=F")), Ok(()));
        assert_eq!(verdict(&registrar, &format!("{name}=maybe")), Err(Why::NotBoolean));
        assert_eq!(verdict(&registrar, &format!("{name}=yes")), Err(Why::NotBoolean));
    }
}

#[test]
fn a_boolean_must_be_listed_as_well_as_held() {
    let registrar = "hf.Registrar.Attributes=a hf.Revoker=true";
    assert_eq!(verdict(registrar, "hf.Revoker=true"), Err(Why::NotListed));
}

#[test]
fn roles_are_a_subset_of_the_registrars_whatever_their_case() {
    let registrar = "hf.Registrar.Attributes=* hf.Registrar.Roles=client,peer";
    assert_eq!(verdict(registrar, "hf.Registrar.Roles=peer"), Ok(()));
    assert_eq!(verdict(registrar, "hf.Registrar.Roles=PEER,Client"), Ok(()));
    assert_eq!(verdict(registrar, "hf.Registrar.Roles="), Ok(()));
    assert_eq!(verdict(registrar, "hf.Registrar.Roles=orderer"), Err(Why::BeyondCaller));
    assert_eq!(verdict(registrar, "hf.Registrar.Roles=*"), Err(Why::BeyondCaller));
}

#[test]
fn any_list_of_roles_is_given_by_a_star() {
    let registrar = "hf.Registrar.Attributes=* hf.Registrar.Roles=*";
    assert_eq!(verdict(registrar, "hf.Registrar.Roles=*"), Ok(()));
    assert_eq!(verdict(registrar, "hf.Registrar.Roles=a,b,*"), Ok(()));
}

#[test]
fn lists_are_given_by_those_who_hold_them() {
    assert_eq!(verdict(ALL, "hf.Registrar.Roles=client"), Err(Why::NotHeld));
    assert_eq!(verdict(ALL, "hf.Registrar.Roles="), Err(Why::NotHeld));
    let registrar = "hf.Registrar.Attributes=* hf.Registrar.Roles=*";
    assert_eq!(verdict(registrar, "hf.Registrar.DelegateRoles=client"), Err(Why::NotHeld));
}

const DELEGATOR: &str =
    "hf.Registrar.Attributes=* hf.Registrar.Roles=* hf.Registrar.DelegateRoles=*";

#[test]
fn delegate_roles_lie_within_the_roles_requested_along() {
    let request = "hf.Registrar.Roles=client hf.Registrar.DelegateRoles=client";
    assert_eq!(verdict(DELEGATOR, request), Ok(()));
    let request = "hf.Registrar.Roles=client hf.Registrar.DelegateRoles=client,peer";
    assert_eq!(verdict(DELEGATOR, request), Err(Why::BeyondRoles));
    let request = "hf.Registrar.DelegateRoles=client,peer hf.Registrar.Roles=*";
    assert_eq!(verdict(DELEGATOR, request), Ok(()), "whatever their order");
    assert_eq!(verdict(DELEGATOR, "hf.Registrar.DelegateRoles=client"), Err(Why::BeyondRoles));
    assert_eq!(verdict(DELEGATOR, "hf.Registrar.DelegateRoles="), Ok(()));
}

#[test]
fn when_modifying_delegate_roles_lie_within_the_roles_already_held() {
    let already = "hf.Registrar.Roles=client";
    let small = "hf.Registrar.DelegateRoles=client";
    let big = "hf.Registrar.DelegateRoles=client,peer";
    assert_eq!(modify(DELEGATOR, small, already), Ok(()));
    assert_eq!(modify(DELEGATOR, big, already), Err(Why::BeyondRoles));
    let along = format!("{big} hf.Registrar.Roles=client,peer");
    assert_eq!(modify(DELEGATOR, &along, already), Ok(()), "what comes along goes first");
}

#[test]
fn delegate_roles_also_lie_within_the_registrars() {
    let registrar = "hf.Registrar.Attributes=* hf.Registrar.Roles=* hf.Registrar.DelegateRoles=a";
    let request = "hf.Registrar.Roles=a,b hf.Registrar.DelegateRoles=b";
    assert_eq!(verdict(registrar, request), Err(Why::BeyondCaller));
}

#[test]
fn each_element_of_a_list_of_attributes_passes_itself() {
    let registrar = "hf.Registrar.Attributes=a.b.*,x.y.z,hf.Registrar.Attributes";
    assert_eq!(verdict(registrar, "hf.Registrar.Attributes=a.b.c,x.y.z"), Ok(()));
    assert_eq!(verdict(registrar, "hf.Registrar.Attributes=a.b.*"), Ok(()));
    assert_eq!(verdict(registrar, "hf.Registrar.Attributes="), Ok(()));
    for more in ["a.*", "q", "*", "a.b.c,q"] {
        let refused = verdict(registrar, &format!("hf.Registrar.Attributes={more}"));
        assert!(matches!(refused, Err(Why::ElementNotListed(_))), "{more}");
    }
    assert_eq!(verdict(ALL, "hf.Registrar.Attributes=*"), Ok(()));
}

#[test]
fn a_reserved_element_must_be_held_by_the_one_who_gets_the_list() {
    let request = "hf.Registrar.Attributes=hf.Revoker";
    let missing = Err(Why::ElementNotHeld("hf.Revoker".into()));
    assert_eq!(verdict(ALL, request), missing);
    let revoker = format!("{ALL} hf.Revoker=1");
    assert_eq!(verdict(&revoker, &format!("{request},x.* hf.Revoker=true")), Ok(()));
    assert_eq!(modify(ALL, request, "hf.Revoker=0"), Ok(()));
    assert_eq!(modify(ALL, request, "hf.GenCRL=1"), missing);
    let pattern = verdict(&revoker, "hf.Registrar.Attributes=hf.* hf.Revoker=true");
    assert_eq!(pattern, Err(Why::ElementNotHeld("hf.*".into())));
}

#[test]
fn the_three_fixed_attributes_are_refused_even_with_the_right_value() {
    for name in ["hf.EnrollmentID", "hf.Type", "hf.Affiliation"] {
        let registrar = format!("{ALL} {name}=x");
        assert_eq!(verdict(&registrar, &format!("{name}=x")), Err(Why::Fixed));
        assert_eq!(verdict(&registrar, &format!("{name}=")), Err(Why::Fixed));
    }
}

#[test]
fn other_names_that_start_with_hf_are_refused_and_all_others_allowed() {
    assert_eq!(verdict(ALL, "hf.Bogus=1"), Err(Why::Reserved));
    assert_eq!(verdict(ALL, "hf.revoker=1"), Err(Why::Reserved));
    assert_eq!(verdict(ALL, "hfx=1 HF.Revoker=1 role=admin"), Ok(()));
}

/// A list of attributes out of which interesting authority is made.
fn any_attributes() -> impl Strategy<Value = Vec<Attribute>> {
    let element =
        "(hf\\.Revoker|a|a\\*|ab|\\*|hf\\.Registrar\\.Roles|hf\\.Registrar\\.Attributes|)";
    let elements = prop::collection::vec(element, 1..5).prop_map(|elements| elements.join(","));
    let attribute = prop_oneof![
        ("(hf\\.Revoker|hf\\.GenCRL|hf\\.AffiliationMgr)", "(1|0|true|x|)"),
        ("(hf\\.Registrar\\.Roles|hf\\.Registrar\\.DelegateRoles)", "(c|C|p|\\*|,|c,p|c, p| p|)"),
        ("(hf\\.Registrar\\.Attributes)", elements),
        ("(a|ab|hf\\.Type|hf\\.Affiliation|hf\\.Other)", "(1|)"),
    ];
    let attribute = attribute.prop_map(|(name, value)| Attribute { name, value, ecert: false });
    prop::collection::vec(attribute, 0..7)
}

fn is_on(attributes: &[Attribute], name: &str) -> bool {
    switch(attributes, name) == Switch::On
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    /// Whatever a registrar gives to a new identity lies within what it holds itself.
    #[test]
    fn giving_never_grows_rights(registrar in any_attributes(), requested in any_attributes()) {
        if may_give(&registrar, &requested, &[]).is_err() {
            return Ok(());
        }
        for name in ["hf.Revoker", "hf.GenCRL", "hf.AffiliationMgr"] {
            prop_assert!(!is_on(&requested, name) || is_on(&registrar, name));
        }
        let own = |name| held(&registrar, name).unwrap_or_default();
        let given = |name| held(&requested, name).unwrap_or_default();
        for kind in ["c", "C", "p", " p", "x", ""] {
            if Roles::new(given(REGISTRAR_ROLES)).covers(kind) {
                prop_assert!(Roles::new(own(REGISTRAR_ROLES)).covers(kind));
            }
        }
        for name in ["a", "ab", "aX", "b", "hf.Revoker", "hf.Registrar.Roles", "hf.Other"] {
            if Patterns::new(given(REGISTRAR_ATTRIBUTES)).allow(name) {
                prop_assert!(Patterns::new(own(REGISTRAR_ATTRIBUTES)).allow(name));
            }
        }
        for attribute in &requested {
            prop_assert!(!matches!(rule(&attribute.name), Rule::Fixed | Rule::Reserved));
        }
    }

    /// So a chain of registrars ends with no more than it began with.
    #[test]
    fn what_a_grantee_may_give_its_giver_may_give(
        registrar in any_attributes(), middle in any_attributes(), last in any_attributes()
    ) {
        if may_give(&registrar, &middle, &[]).is_ok() && may_give(&middle, &last, &[]).is_ok() {
            // Delegate roles bound nothing else and may be wider than the giver's roles allow.
            let without: Vec<_> =
                last.iter().filter(|a| rule(&a.name) != Rule::DelegateRoles).cloned().collect();
            if !without.is_empty() {
                prop_assert_eq!(may_give(&registrar, &without, &[]), Ok(()));
            }
        }
    }
}
