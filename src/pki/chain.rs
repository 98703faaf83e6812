//! From a leaf to an anchor, within a budget, at an instant.
//! [RFC 5280 section 6](https://www.rfc-editor.org/rfc/rfc5280#section-6), without policies and name
//! constraints: a certificate with critical ones is refused.

use super::certificate::Certificate;
use crate::clock::Timestamp;

/// What a search may cost.
#[derive(Debug, Clone)]
pub struct Budget {
    /// Signatures that may still be checked.
    signatures: u32,
}

impl Default for Budget {
    /// A hundred signatures, as Go's `crypto/x509` (`maxChainSignatureChecks`) and webpki.
    fn default() -> Self {
        Self { signatures: 100 }
    }
}

impl Budget {
    /// A budget of so many signatures.
    pub fn of_signatures(signatures: u32) -> Self {
        Self { signatures }
    }
}

/// The most certificates of a path, leaf and anchor included.
const MAX_PATH: usize = 10;

/// A path whose every certificate issued the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The leaf first, an anchor last; one alone when the leaf is an anchor itself.
    pub certificates: Vec<Certificate>,
}

/// Why there is no path, in rising order of how near the search came to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum ChainError {
    /// No certificate has the name of the issuer.
    #[error("the issuer is not known")]
    UnknownIssuer,
    /// A path would have more than ten certificates.
    #[error("the path to an anchor is too long")]
    TooLong,
    /// A certificate of that name is no CA's, or its key is not for signing certificates.
    #[error("the issuer is no CA")]
    NotACa,
    /// A CA issued further down than its path length allows.
    #[error("a path length is exceeded")]
    PathLength,
    /// A critical extension that is not known.
    #[error("a certificate has a critical extension that is not known")]
    CriticalExtension,
    /// A certificate is not valid yet.
    #[error("a certificate is not valid yet")]
    NotYetValid,
    /// A certificate is not valid any more.
    #[error("a certificate has expired")]
    Expired,
    /// A signature is not that of the issuer's key.
    #[error("a signature does not verify")]
    BadSignature,
    /// The budget is spent.
    #[error("the search for an anchor is too expensive")]
    Budget,
}

/// Finds a path from `leaf` to one of `anchors`, all of it valid at `at`. What the certificates are
/// for beyond issuing (extended key usages) is not looked at.
///
/// # Errors
/// Of several reasons the most telling: the one that was nearest to a path.
pub fn chain(
    leaf: &Certificate,
    intermediates: &[Certificate],
    anchors: &[Certificate],
    at: Timestamp,
    budget: &mut Budget,
) -> Result<Path, ChainError> {
    in_force(leaf, at)?;
    if anchors.contains(leaf) {
        return Ok(Path { certificates: vec![leaf.clone()] });
    }
    let mut search = Search { intermediates, anchors, at, budget, path: vec![leaf] };
    search.climb()?;
    Ok(Path { certificates: search.path.into_iter().cloned().collect() })
}

struct Search<'a, 'b> {
    intermediates: &'a [Certificate],
    anchors: &'a [Certificate],
    at: Timestamp,
    budget: &'b mut Budget,
    path: Vec<&'a Certificate>,
}

impl<'a> Search<'a, '_> {
    /// Goes on from the last certificate of the path; anchors are tried before intermediates.
    /// The path's length bounds the depth.
    fn climb(&mut self) -> Result<(), ChainError> {
        let mut nearest = ChainError::UnknownIssuer;
        let Some(below) = self.path.last().copied() else { return Err(nearest) };
        let (anchors, intermediates) = (self.anchors, self.intermediates);
        let candidates = sorted(below, anchors)
            .into_iter()
            .map(|issuer| (issuer, true))
            .chain(sorted(below, intermediates).into_iter().map(|issuer| (issuer, false)));
        for (issuer, is_anchor) in candidates {
            // Two certificates of one name and key would only go round in circles.
            if self.path.iter().any(|seen| same_authority(seen, issuer)) {
                continue;
            }
            match self.step(below, issuer, is_anchor) {
                Ok(()) => return Ok(()),
                Err(ChainError::Budget) => return Err(ChainError::Budget),
                Err(other) => nearest = nearest.max(other),
            }
        }
        Err(nearest)
    }

    fn step(
        &mut self,
        below: &'a Certificate,
        issuer: &'a Certificate,
        is_anchor: bool,
    ) -> Result<(), ChainError> {
        if self.path.len() == MAX_PATH {
            return Err(ChainError::TooLong);
        }
        if !issuer.is_ca() || issuer.key_usage().is_some_and(|usage| !usage.key_cert_sign()) {
            return Err(ChainError::NotACa);
        }
        // Every certificate between this one and the leaf counts, self-issued ones too, as in Go.
        let between = self.path.len() - 1;
        if issuer.path_length().is_some_and(|allowed| between > usize::from(allowed)) {
            return Err(ChainError::PathLength);
        }
        in_force(issuer, self.at)?;
        self.budget.signatures = self.budget.signatures.checked_sub(1).ok_or(ChainError::Budget)?;
        below.verify_signed_by(issuer.public_key()).map_err(|_| ChainError::BadSignature)?;
        self.path.push(issuer);
        if is_anchor {
            return Ok(());
        }
        let above = self.climb();
        if above.is_err() {
            self.path.pop();
        }
        above
    }
}

/// Those whose subject is the issuer of `below`; those whose key identifier is its, first. Another
/// key identifier excludes nothing, as in Go: the signature decides.
fn sorted<'a>(below: &Certificate, candidates: &'a [Certificate]) -> Vec<&'a Certificate> {
    let mut named: Vec<_> = candidates
        .iter()
        .filter(|candidate| candidate.subject_der() == below.issuer_der())
        .collect();
    let wanted = below.authority_key_id();
    named.sort_by_key(|candidate| wanted.is_none() || candidate.subject_key_id() != wanted);
    named
}

fn same_authority(one: &Certificate, other: &Certificate) -> bool {
    one.subject_der() == other.subject_der() && one.public_key() == other.public_key()
}

fn in_force(certificate: &Certificate, at: Timestamp) -> Result<(), ChainError> {
    if certificate.unknown_critical().is_some() {
        return Err(ChainError::CriticalExtension);
    }
    if at < certificate.not_before() {
        return Err(ChainError::NotYetValid);
    }
    if certificate.not_after() < at {
        return Err(ChainError::Expired);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::draft::Draft;
    use crate::pki::draft_certificate::Order;
    use crate::pki::draft_request::Asking;
    use crate::pki::name::Subject;
    use crate::pki::profile::{Authority, Profile};
    use crate::pki::testing::{Key, now, profile, sealed_root, serial};

    struct Tree {
        root: Certificate,
        issuing: Certificate,
        leaf: Certificate,
    }

    fn tree() -> Tree {
        let (root_key, root) = sealed_root();
        let key = Key::generate();
        let name = Subject::named("ica.example.com");
        let draft = profile("issuing")
            .draft_issuing(&root, &key.public(), &serial(2), &name, now())
            .unwrap();
        let signature = root_key.sign(draft.to_be_signed());
        let issuing = draft.seal(&signature).unwrap();
        let csr = Key::generate().request(&Subject::named("peer0"), Asking::Member(&[]));
        let draft = profile("member").draft(&issuing, &serial(3), &Order::of(&csr), now()).unwrap();
        let signature = key.sign(draft.to_be_signed());
        Tree { leaf: draft.seal(&signature).unwrap(), issuing, root }
    }

    fn find(tree: &Tree, at: Timestamp) -> Result<Path, ChainError> {
        let (intermediates, anchors) = ([tree.issuing.clone()], [tree.root.clone()]);
        chain(&tree.leaf, &intermediates, &anchors, at, &mut Budget::default())
    }

    #[test]
    fn a_leaf_is_led_to_its_anchor() {
        let tree = tree();
        let path = find(&tree, now()).unwrap();
        assert_eq!(path.certificates, [tree.leaf.clone(), tree.issuing.clone(), tree.root.clone()]);
        let mut budget = Budget::default();
        let itself = [tree.root.clone()];
        let path = chain(&tree.root, &[], &itself, now(), &mut budget).unwrap();
        assert_eq!(path.certificates, itself);
        // An intermediate may be an anchor as well.
        let anchor = [tree.issuing.clone()];
        let path = chain(&tree.leaf, &[], &anchor, now(), &mut budget).unwrap();
        assert_eq!(path.certificates.len(), 2);
    }

    #[test]
    fn what_is_missing_or_foreign_is_told() {
        let (one, other) = (tree(), tree());
        let find = |intermediates: &[&Certificate], anchors: &[&Certificate], signatures| {
            let [intermediates, anchors] = [intermediates, anchors]
                .map(|list| list.iter().map(|&c| c.clone()).collect::<Vec<_>>());
            let mut budget = Budget::of_signatures(signatures);
            chain(&one.leaf, &intermediates, &anchors, now(), &mut budget)
        };
        assert_eq!(find(&[], &[&one.root], 9), Err(ChainError::UnknownIssuer));
        assert_eq!(find(&[&other.issuing], &[&one.root], 9), Err(ChainError::BadSignature));
        assert_eq!(find(&[&one.issuing], &[&other.root], 9), Err(ChainError::BadSignature));
        // A wrong candidate beside the right one does no harm.
        let both = [&other.issuing, &one.issuing];
        assert!(find(&both, &[&other.root, &one.root], 9).is_ok());
        assert_eq!(find(&both, &[&one.root], 1), Err(ChainError::Budget));
    }

    #[test]
    fn every_certificate_is_valid_at_the_instant() {
        let tree = tree();
        assert!(find(&tree, tree.leaf.not_after()).is_ok());
        assert_eq!(find(&tree, tree.leaf.not_after().plus(1)), Err(ChainError::Expired));
        assert!(find(&tree, tree.leaf.not_before()).is_ok());
        assert_eq!(find(&tree, tree.leaf.not_before().plus(-1)), Err(ChainError::NotYetValid));
    }

    #[test]
    fn a_path_length_is_not_exceeded() {
        let (key, root) = sealed_root();
        let ica_key = Key::generate();
        let name = Subject::named("ica");
        let seal = |draft: Draft<Certificate>, key: &Key| {
            let signature = key.sign(draft.to_be_signed());
            draft.seal(&signature).unwrap()
        };
        let issuing = profile("issuing");
        let ica = issuing.draft_issuing(&root, &ica_key.public(), &serial(2), &name, now());
        let ica = seal(ica.unwrap(), &key);
        let csr = Key::generate().request(&Subject::named("peer0"), Asking::Member(&[]));
        let leaf = profile("member").draft(&ica, &serial(3), &Order::of(&csr), now());
        let leaf = seal(leaf.unwrap(), &ica_key);
        // The same root with a shorter path length.
        let mut options = profile("root").options().clone();
        options.authority = Some(Authority { path_length: 0 });
        let name = root.subject().unwrap();
        let short = Profile::try_from(options).unwrap();
        let short = short.draft_root(&key.public(), &serial(1), &name, now());
        let short = seal(short.unwrap(), &key);
        let between = [ica.clone()];
        let find = |anchor| chain(&leaf, &between, &[anchor], now(), &mut Budget::default());
        assert_eq!(find(short.clone()), Err(ChainError::PathLength));
        assert!(find(root.clone()).is_ok());
        assert!(chain(&ica, &[], &[short], now(), &mut Budget::default()).is_ok());
    }

    #[test]
    fn a_member_issues_nothing() {
        let tree = tree();
        let (key, root) = sealed_root();
        let member = key.request(&Subject::named("ca.example.com"), Asking::Member(&[]));
        // A member's certificate that has the root's own name and key.
        let draft = profile("member").draft(&root, &serial(9), &Order::of(&member), now()).unwrap();
        let signature = key.sign(draft.to_be_signed());
        let false_root = draft.seal(&signature).unwrap();
        let path = chain(&tree.issuing, &[], &[false_root], now(), &mut Budget::default());
        assert_eq!(path, Err(ChainError::NotACa));
    }
}
