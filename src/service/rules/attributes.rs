//! What becomes of an identity's attributes. In a list each name stands once; where a request
//! gives one twice, the last counts.

use crate::id::{Affiliation, EnrollmentId};
use crate::store::Attribute;

use super::names::{AFFILIATION, ENROLLMENT_ID, TYPE};

/// The value of the attribute `name`, the last one if there are several.
pub fn held<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    attributes.iter().rev().find(|held| held.name == name).map(|held| held.value.as_str())
}

/// The attributes of a new identity: those requested, and the three that the server sets, which go
/// into every certificate. At the root `hf.Affiliation` is the empty text.
pub fn registered(
    requested: &[Attribute],
    id: &EnrollmentId,
    kind: &str,
    affiliation: &Affiliation,
) -> Vec<Attribute> {
    let mut attributes = Vec::with_capacity(requested.len() + 3);
    for attribute in requested {
        put(&mut attributes, attribute.clone());
    }
    put(&mut attributes, fixed(ENROLLMENT_ID, id.as_str()));
    put(&mut attributes, fixed(TYPE, kind));
    put(&mut attributes, fixed(AFFILIATION, affiliation.as_str()));
    attributes
}

/// The attributes of an identity that is modified: those requested take the place of those held
/// by name, flag and all, and an empty value deletes. A new type and a new affiliation change
/// `hf.Type` and `hf.Affiliation` along; at the root the latter is deleted.
pub fn merged(
    held: &[Attribute],
    requested: &[Attribute],
    kind: Option<&str>,
    affiliation: Option<&Affiliation>,
) -> Vec<Attribute> {
    let along = affiliation
        .map(|affiliation| fixed(AFFILIATION, affiliation.as_str()))
        .into_iter()
        .chain(kind.map(|kind| fixed(TYPE, kind)));
    let mut attributes = held.to_vec();
    for attribute in requested.iter().cloned().chain(along) {
        if attribute.value.is_empty() {
            attributes.retain(|held| held.name != attribute.name);
        } else {
            put(&mut attributes, attribute);
        }
    }
    attributes
}

/// The attributes of an identity whose affiliation was renamed to `affiliation`. `hf.Affiliation`
/// keeps its flag: Fabric CA drops it, and the attribute is missing from every later certificate.
pub fn moved(held: &[Attribute], affiliation: &Affiliation) -> Vec<Attribute> {
    let mut attributes = held.to_vec();
    let ecert = held.iter().any(|held| held.name == AFFILIATION && held.ecert);
    put(&mut attributes, Attribute { ecert, ..fixed(AFFILIATION, affiliation.as_str()) });
    attributes
}

fn put(attributes: &mut Vec<Attribute>, attribute: Attribute) {
    match attributes.iter_mut().find(|held| held.name == attribute.name) {
        Some(held) => *held = attribute,
        None => attributes.push(attribute),
    }
}

fn fixed(name: &str, value: &str) -> Attribute {
    Attribute { name: name.to_owned(), value: value.to_owned(), ecert: true }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::service::rules::testing::{affiliation, attributes as list};

    fn sorted(mut attributes: Vec<Attribute>) -> Vec<Attribute> {
        attributes.sort_by(|a, b| a.name.cmp(&b.name));
        attributes
    }

    #[test]
    fn a_new_identity_gets_the_three_fixed_attributes_flagged() {
        let got = registered(
            &list("a=1 c=d!"),
            &"u".parse().unwrap(),
            "peer",
            &affiliation("org1.department2"),
        );
        let want =
            list("a=1 c=d! hf.Affiliation=org1.department2! hf.EnrollmentID=u! hf.Type=peer!");
        assert_eq!(sorted(got), want);
    }

    #[test]
    fn at_the_root_a_new_identity_has_an_empty_affiliation_attribute() {
        let got = registered(&[], &"u".parse().unwrap(), "client", &Affiliation::ROOT);
        assert_eq!(sorted(got), list("hf.Affiliation=! hf.EnrollmentID=u! hf.Type=client!"));
    }

    #[test]
    fn when_one_name_is_given_twice_the_last_value_counts() {
        let got = registered(&list("a=1! a=2"), &"u".parse().unwrap(), "client", &affiliation("o"));
        assert_eq!(got.iter().filter(|a| a.name == "a").count(), 1);
        assert_eq!(held(&got, "a"), Some("2"));
        assert!(!got[0].ecert);
        assert_eq!(merged(&[], &list("a=1 a= a=2"), None, None), list("a=2"));
        assert_eq!(merged(&list("a=0"), &list("a=1 a="), None, None), []);
    }

    #[test]
    fn attributes_are_merged_by_name() {
        let got = merged(&list("keep=k w=0 z=1"), &list("z=2 y=3! w=0!"), None, None);
        assert_eq!(sorted(got), list("keep=k w=0! y=3! z=2"));
    }

    #[test]
    fn an_empty_value_deletes_and_deleting_nothing_is_fine() {
        assert_eq!(merged(&list("y=2 z=1"), &list("z="), None, None), list("y=2"));
        assert_eq!(merged(&list("y=2"), &list("nope="), None, None), list("y=2"));
    }

    #[test]
    fn leaving_ecert_out_clears_the_flag() {
        assert_eq!(merged(&list("a=1!"), &list("a=1"), None, None), list("a=1"));
    }

    #[test]
    fn type_and_affiliation_change_their_attributes_along() {
        let before = list("hf.Affiliation=org1! hf.EnrollmentID=u! hf.Type=client!");
        let got = merged(&before, &[], Some("peer"), Some(&affiliation("org2")));
        assert_eq!(got, list("hf.Affiliation=org2! hf.EnrollmentID=u! hf.Type=peer!"));
        let got = merged(&before, &[], None, Some(&Affiliation::ROOT));
        assert_eq!(got, list("hf.EnrollmentID=u! hf.Type=client!"));
    }

    #[test]
    fn a_rename_keeps_the_flag_of_the_affiliation_attribute() {
        let before = list("a=1 hf.Affiliation=x.sub! hf.EnrollmentID=u!");
        let after = list("a=1 hf.Affiliation=x.renamed! hf.EnrollmentID=u!");
        assert_eq!(moved(&before, &affiliation("x.renamed")), after);
        let unflagged = list("hf.Affiliation=x");
        assert_eq!(moved(&unflagged, &affiliation("y")), list("hf.Affiliation=y"));
        assert_eq!(moved(&[], &affiliation("y")), list("hf.Affiliation=y"));
    }

    fn any_list() -> impl Strategy<Value = Vec<Attribute>> {
        let one = ("[abc]", "[xy]{0,1}", any::<bool>())
            .prop_map(|(name, value, ecert)| Attribute { name, value, ecert });
        prop::collection::vec(one, 0..6)
    }

    proptest! {
        #[test]
        fn a_merge_leaves_each_name_once_and_no_empty_value(
            before in any_list(), requested in any_list()
        ) {
            let before = merged(&[], &before, None, None);
            let after = merged(&before, &requested, None, None);
            for attribute in &after {
                prop_assert!(!attribute.value.is_empty());
                prop_assert_eq!(after.iter().filter(|a| a.name == attribute.name).count(), 1);
            }
            // Whoever repeats a request changes nothing more.
            let again = sorted(merged(&after, &requested, None, None));
            prop_assert_eq!(again, sorted(after));
        }
    }
}
