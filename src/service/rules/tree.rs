//! Affiliations as a tree.

use std::collections::BTreeMap;

use crate::id::Affiliation;
use crate::store::Identity;

/// An affiliation with those below it, and with the identities that a deed took along.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AffiliationTree {
    /// The whole path; empty above several top affiliations.
    pub name: Affiliation,
    /// Those directly below, by name.
    pub children: Vec<Self>,
    /// Identities of exactly this affiliation; only where a deed moved or removed them.
    pub identities: Vec<Identity>,
}

impl AffiliationTree {
    /// An affiliation with nothing below it.
    pub fn leaf(name: Affiliation) -> Self {
        Self { name, children: Vec::new(), identities: Vec::new() }
    }

    /// The tree at `top`, out of those `names` and `identities` that it covers. Parts of a path
    /// that no name spells out are filled in.
    pub fn at(
        top: &Affiliation,
        names: impl IntoIterator<Item = Affiliation>,
        identities: impl IntoIterator<Item = Identity>,
    ) -> Self {
        let mut root = Node::default();
        for name in names.into_iter().filter(|name| top.covers(name)) {
            root.descend(top, &name);
        }
        for identity in identities {
            if top.covers(&identity.affiliation) {
                root.descend(top, &identity.affiliation).identities.push(identity);
            }
        }
        root.named(top.clone())
    }

    /// What a list shows to whom all of `names` may be shown: the one top affiliation, or an
    /// unnamed one above several; `None` when there are none.
    pub fn of_list(names: impl IntoIterator<Item = Affiliation>) -> Option<Self> {
        let mut root = Self::at(&Affiliation::ROOT, names, []);
        if root.children.len() > 1 { Some(root) } else { root.children.pop() }
    }

    /// This affiliation and all below it, each before those below it.
    fn names<'a>(&'a self, into: &mut Vec<&'a Self>) {
        into.push(self);
        for child in &self.children {
            child.names(into);
        }
    }
}

#[derive(Default)]
struct Node {
    children: BTreeMap<Affiliation, Self>,
    identities: Vec<Identity>,
}

impl Node {
    /// The node of `name`, which `top`, the name of this one, covers.
    fn descend(&mut self, top: &Affiliation, name: &Affiliation) -> &mut Self {
        let mut path = Vec::new();
        let mut above = Some(name.clone());
        while let Some(at) = above.filter(|at| at != top) {
            above = at.parent();
            path.push(at);
        }
        path.into_iter().rev().fold(self, |node, name| node.children.entry(name).or_default())
    }

    fn named(self, name: Affiliation) -> AffiliationTree {
        let children = self.children.into_iter().map(|(name, node)| node.named(name)).collect();
        AffiliationTree { name, children, identities: self.identities }
    }
}

/// The same tree with the repetitions that Fabric CA answers where it shows a single affiliation
/// (GET one, PUT and DELETE, not the list): it takes each child out of a list that its callers go
/// on reading, so that the last affiliation of the tree comes once more for every affiliation
/// that stands deeper than the first level before it. For the facade alone.
pub fn as_fabric_ca_lists(tree: &AffiliationTree) -> AffiliationTree {
    let mut list = Vec::new();
    tree.names(&mut list);
    let seen = list.len();
    repeated(tree, &mut list, seen)
}

/// The tree at `top`, out of the first `seen` of `list`; those taken out leave the rest moved up
/// and whatever stands behind `seen` in its place.
fn repeated<'a>(
    top: &'a AffiliationTree,
    list: &mut [&'a AffiliationTree],
    mut seen: usize,
) -> AffiliationTree {
    let mut tree = AffiliationTree {
        name: top.name.clone(),
        children: Vec::new(),
        identities: top.identities.clone(),
    };
    let below = |at: &&AffiliationTree| at.name.parent().as_ref() == Some(&top.name);
    while let Some(place) = list.iter().take(seen).position(below) {
        let Some(child) = list.get(place).copied() else { break };
        list.copy_within(place + 1..seen, place);
        seen -= 1;
        tree.children.push(repeated(child, list, seen));
    }
    tree
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::rules::testing::{affiliation, identity};

    fn names(text: &str) -> Vec<Affiliation> {
        text.split_whitespace().map(affiliation).collect()
    }

    /// `name(children)`, by last parts.
    fn shown(tree: &AffiliationTree) -> String {
        let name = tree.name.parts().last().unwrap_or_default();
        let below: Vec<_> = tree.children.iter().map(shown).collect();
        let here = "*".repeat(tree.identities.len());
        if below.is_empty() {
            format!("{name}{here}")
        } else {
            format!("{name}{here}({})", below.join(" "))
        }
    }

    #[test]
    fn a_single_top_is_the_tree_and_several_stand_below_an_unnamed_one() {
        assert_eq!(AffiliationTree::of_list([]), None);
        let one = AffiliationTree::of_list(names("x x.b x.b.c x.d")).unwrap();
        assert_eq!(one.name, affiliation("x"));
        assert_eq!(shown(&one), "x(b(c) d)");
        let two = AffiliationTree::of_list(names("org1 org1.d org2")).unwrap();
        assert!(two.name.is_root());
        assert_eq!(shown(&two), "(org1(d) org2)");
    }

    #[test]
    fn missing_parts_are_filled_in() {
        let tree = AffiliationTree::of_list(names("x.sub x.sub.leaf")).unwrap();
        assert_eq!(shown(&tree), "x(sub(leaf))");
    }

    #[test]
    fn a_subtree_holds_what_its_top_covers_and_its_identities() {
        let mut moved = identity("x.sub", "");
        moved.id = "u".parse().unwrap();
        let elsewhere = identity("y", "");
        let tree = AffiliationTree::at(
            &affiliation("x"),
            names("x x.sub x.other xx y"),
            [moved, elsewhere, identity("x", "")],
        );
        assert_eq!(shown(&tree), "x*(other sub*)");
    }

    #[test]
    fn fabric_ca_repeats_the_last_affiliation() {
        let list = |text| {
            let names = names(text);
            let top = names[0].clone();
            shown(&as_fabric_ca_lists(&AffiliationTree::at(&top, names, [])))
        };
        // As recorded from Fabric CA 1.5.21.
        assert_eq!(list("x x.b x.b.c x.d"), "x(b(c) d d)");
        // No affiliation stands before the last that is deeper: nothing is repeated.
        assert_eq!(list("x x.b x.d"), "x(b d)");
        assert_eq!(list("x x.b x.b.c"), "x(b(c))");
        assert_eq!(list("x x.sub x.sub.leaf"), "x(sub(leaf))");
        assert_eq!(list("x x.b x.b.c x.b.e x.d x.f"), "x(b(c e) d f f f)");
        assert_eq!(list("x"), "x");
    }
}
