//! Certificate policies of a chain, of which only the demand for an explicit one can do harm.
//! [RFC 9618](https://www.rfc-editor.org/rfc/rfc9618)

use std::collections::{BTreeMap, BTreeSet};

use super::der::{self, Der, OID, SEQUENCE, primitive};

const ANY: &[u8] = &[0x55, 0x1d, 0x20, 0x00];

/// Policies of one certificate above which a chain is refused: the graph below grows with them.
const MAX_POLICIES: usize = 256;

/// What a certificate's policy extensions say.
#[derive(Debug, Clone, Default)]
pub(super) struct Policies {
    stated: Vec<Vec<u8>>,
    mappings: Vec<(Vec<u8>, Vec<u8>)>,
    require_explicit: Option<i64>,
    inhibit_mapping: Option<i64>,
    inhibit_any: Option<i64>,
}

impl Policies {
    pub(super) fn read_policies(&mut self, value: &[u8]) -> Option<()> {
        let mut list = Der(value).enter(SEQUENCE)?;
        let mut seen = BTreeSet::new();
        while !list.is_empty() {
            let oid = list.enter(SEQUENCE)?.content(OID).filter(|oid| is_long_oid(oid))?;
            if !seen.insert(oid) {
                return None;
            }
            self.stated.push(oid.to_vec());
        }
        Some(())
    }

    pub(super) fn read_mappings(&mut self, value: &[u8]) -> Option<()> {
        let mut list = Der(value).enter(SEQUENCE)?;
        while !list.is_empty() {
            let mut pair = list.enter(SEQUENCE)?;
            let issuer = pair.content(OID)?;
            self.mappings.push((issuer.to_vec(), pair.content(OID)?.to_vec()));
        }
        Some(())
    }

    pub(super) fn read_constraints(&mut self, value: &[u8]) -> Option<()> {
        let mut fields = Der(value).enter(SEQUENCE)?;
        if fields.is_next(primitive(0)) {
            self.require_explicit = Some(fields.int64(primitive(0))?);
        }
        if fields.is_next(primitive(1)) {
            self.inhibit_mapping = Some(fields.int64(primitive(1))?);
        }
        Some(())
    }

    pub(super) fn read_inhibit_any(&mut self, value: &[u8]) -> Option<()> {
        self.inhibit_any = Some(Der(value).int64(der::INTEGER)?);
        Some(())
    }
}

/// Arcs of any size, each in its shortest form.
fn is_long_oid(content: &[u8]) -> bool {
    let mut starts = true;
    let shortest = content.iter().all(|octet| {
        let good = !(starts && *octet == 0x80);
        starts = octet & 0x80 == 0;
        good
    });
    shortest && starts && !content.is_empty()
}

/// A certificate as this sees it.
pub(super) struct Link<'a> {
    pub(super) policies: &'a Policies,
    /// Subject and issuer are the same.
    pub(super) self_issued: bool,
}

#[derive(Debug, Clone)]
struct Node {
    expected: Vec<Vec<u8>>,
    /// The policies of the nodes above that led here.
    parents: BTreeSet<Vec<u8>>,
}

type Level = BTreeMap<Vec<u8>, Node>;

/// The nodes of each depth by their policy. The graph is emptied, level by level, of what leads nowhere.
struct Graph(Vec<Level>);

/// Whether a chain, its leaf first, keeps its own policies. The anchor's own do not matter.
pub(super) fn hold<'a>(chain: impl Iterator<Item = Link<'a>> + Clone) -> bool {
    let last = chain.clone().count().saturating_sub(1);
    let asks = |link: &Link<'_>| {
        link.policies.require_explicit.is_some() || !link.policies.mappings.is_empty()
    };
    // Nothing asks for a policy: all is well, without building anything.
    if !chain.clone().take(last).any(|link| asks(&link)) {
        return true;
    }
    let below: Vec<_> = chain.take(last).collect();
    if below
        .iter()
        .any(|link| link.policies.stated.len() + link.policies.mappings.len() > MAX_POLICIES)
    {
        return false;
    }
    let start = i64::try_from(last).unwrap_or(i64::MAX) + 1;
    let (mut any, mut explicit, mut mapping) = (start, start, start);
    let mut graph = Some(Graph::new());
    for (index, link) in below.iter().enumerate().rev() {
        let said = link.policies;
        if said.stated.is_empty() {
            graph = None;
        }
        if explicit == 0 && graph.is_none() {
            return false;
        }
        if let Some(graph) = &mut graph {
            // An intermediate that issued itself another certificate may still say "any".
            graph.descend(said, any > 0 || index > 0 && link.self_issued);
            if index > 0 && !graph.map(said, mapping > 0) {
                return false;
            }
        }
        if index > 0 {
            if !link.self_issued {
                for left in [&mut any, &mut explicit, &mut mapping] {
                    *left -= i64::from(*left > 0);
                }
            }
            let lower = |left: &mut i64, said: Option<i64>| {
                *left = said.filter(|said| *said >= 0).map_or(*left, |said| said.min(*left));
            };
            lower(&mut explicit, said.require_explicit);
            lower(&mut mapping, said.inhibit_mapping);
            lower(&mut any, said.inhibit_any);
        }
    }
    explicit -= i64::from(explicit > 0);
    if below.first().is_some_and(|leaf| leaf.policies.require_explicit == Some(0)) {
        explicit = 0;
    }
    explicit > 0 || graph.is_some_and(|graph| graph.has_valid_policy())
}

impl Graph {
    fn new() -> Self {
        let root = Node { expected: vec![ANY.to_vec()], parents: BTreeSet::new() };
        Self(vec![BTreeMap::from([(ANY.to_vec(), root)])])
    }

    fn leaves(&mut self) -> Option<&mut Level> {
        self.0.last_mut()
    }

    /// One certificate down. [RFC 9618 section 5.2](https://www.rfc-editor.org/rfc/rfc9618#section-5.2)
    fn descend(&mut self, said: &Policies, any_counts: bool) {
        let above = self.0.last().cloned().unwrap_or_default();
        let mut expecting: BTreeMap<&[u8], BTreeSet<Vec<u8>>> = BTreeMap::new();
        for (policy, node) in &above {
            for expected in &node.expected {
                expecting.entry(expected).or_default().insert(policy.clone());
            }
        }
        let mut level = Level::new();
        let node = |policy: &[u8], parents| Node { expected: vec![policy.to_vec()], parents };
        for policy in said.stated.iter().filter(|policy| *policy != ANY) {
            let parents = match expecting.get(policy.as_slice()) {
                Some(parents) => parents.clone(),
                None if above.contains_key(ANY) => BTreeSet::from([ANY.to_vec()]),
                None => continue,
            };
            level.insert(policy.clone(), node(policy, parents));
        }
        if any_counts && said.stated.iter().any(|policy| policy == ANY) {
            for (expected, parents) in expecting {
                level.entry(expected.to_vec()).or_insert_with(|| node(expected, parents));
            }
        }
        self.0.push(level);
        self.prune();
    }

    /// Applies mappings; false when one is of "any".
    fn map(&mut self, said: &Policies, allowed: bool) -> bool {
        let mut mapped: BTreeMap<&[u8], Vec<Vec<u8>>> = BTreeMap::new();
        for (issuer, subject) in &said.mappings {
            if !allowed {
                if let Some(leaves) = self.leaves() {
                    leaves.remove(issuer);
                }
                self.prune();
            } else if issuer == ANY || subject == ANY {
                return false;
            } else {
                mapped.entry(issuer).or_default().push(subject.clone());
            }
        }
        let Some(leaves) = self.leaves() else { return true };
        let any = leaves.contains_key(ANY);
        for (issuer, expected) in mapped {
            if let Some(node) = leaves.get_mut(issuer) {
                node.expected = expected;
            } else if any {
                let parents = BTreeSet::from([ANY.to_vec()]);
                leaves.insert(issuer.to_vec(), Node { expected, parents });
            }
        }
        true
    }

    /// Drops what has nothing beneath; the root stays.
    fn prune(&mut self) {
        for depth in (1..self.0.len().saturating_sub(1)).rev() {
            let used: BTreeSet<Vec<u8>> = self
                .0
                .get(depth + 1)
                .into_iter()
                .flatten()
                .flat_map(|(_, node)| node.parents.iter().cloned())
                .collect();
            if let Some(level) = self.0.get_mut(depth) {
                level.retain(|policy, _| used.contains(policy));
            }
        }
    }

    fn has_valid_policy(&self) -> bool {
        let only_any = BTreeSet::from([ANY.to_vec()]);
        let begins = |(policy, node): (&Vec<u8>, &Node)| policy != ANY && node.parents == only_any;
        let leaf_any = self.0.last().is_some_and(|level| level.contains_key(ANY));
        leaf_any || self.0.iter().flatten().any(begins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &[u8] = &[0x2a, 1];
    const TWO: &[u8] = &[0x2a, 2];

    fn says(policies: &[&[u8]]) -> Policies {
        Policies {
            stated: policies.iter().map(|oid| oid.to_vec()).collect(),
            ..Policies::default()
        }
    }

    fn holds(chain: &[&Policies]) -> bool {
        let links = chain.iter().map(|policies| Link { policies, self_issued: false });
        hold(links)
    }

    #[test]
    fn without_demand_all_is_well() {
        assert!(holds(&[&says(&[]), &says(&[])]));
        assert!(holds(&[&says(&[ONE]), &says(&[TWO]), &says(&[])]));
    }

    #[test]
    fn a_demand_needs_a_policy_that_goes_all_the_way() {
        let demanding =
            |policies: &[&[u8]], skip| Policies { require_explicit: Some(skip), ..says(policies) };
        let root = says(&[]);
        assert!(!holds(&[&demanding(&[], 0), &root]));
        assert!(holds(&[&demanding(&[ONE], 0), &root]));
        assert!(!holds(&[&says(&[ONE]), &demanding(&[TWO], 0), &root]));
        assert!(holds(&[&says(&[ONE]), &demanding(&[ONE], 0), &root]));
        assert!(holds(&[&says(&[ONE]), &demanding(&[ANY], 0), &root]));
        assert!(!holds(&[&says(&[]), &demanding(&[ONE], 0), &root]));
        assert!(holds(&[&says(&[]), &demanding(&[ONE], 9), &root]));
        // The anchor's own demand is not looked at.
        assert!(holds(&[&says(&[]), &demanding(&[], 0)]));
    }

    #[test]
    fn mappings_lead_on_and_any_is_not_mapped() {
        let mapping = |from: &[u8], to: &[u8]| Policies {
            require_explicit: Some(0),
            mappings: vec![(from.to_vec(), to.to_vec())],
            ..says(&[ONE])
        };
        let root = says(&[]);
        assert!(holds(&[&says(&[TWO]), &mapping(ONE, TWO), &root]));
        assert!(!holds(&[&says(&[ONE]), &mapping(ONE, TWO), &root]));
        assert!(!holds(&[&says(&[ONE]), &mapping(ANY, TWO), &root]));
    }
}
