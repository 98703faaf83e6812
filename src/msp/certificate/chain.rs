//! From a certificate up to the roots, as Go's `Certificate.Verify` goes.

use std::sync::Arc;

use super::constraints;
use super::hosts::is_host_name;
use super::parsed::Certificate;
use super::policies::{self, Link};
use crate::msp::rejection::{Category, Rejection};

/// Signatures that one verification may check, as in Go.
const MAX_SIGNATURES: usize = 100;

/// What stands above a certificate: its issuer first, the root last. Empty for a root.
pub(in crate::msp) type Path = Vec<Arc<Certificate>>;

/// Certificates of CAs by subject; of one subject, in the order in which they are listed. One that is listed again is the
/// same.
#[derive(Debug, Default)]
pub(in crate::msp) struct Pool(Vec<Arc<Certificate>>);

impl Pool {
    fn contains(&self, certificate: &Certificate) -> bool {
        self.named(certificate.subject()).any(|other| **other == *certificate)
    }

    fn named(&self, subject: &[u8]) -> impl Iterator<Item = &Arc<Certificate>> {
        let from = self.0.partition_point(|other| other.subject() < subject);
        let rest = self.0.get(from..).unwrap_or_default().iter();
        rest.take_while(move |other| other.subject() == subject)
    }

    /// Those that `child` says issued it, the most plausible first: key identifiers that match, then
    /// one that is missing, then ones that differ.
    fn parents(&self, child: &Certificate) -> Vec<&Arc<Certificate>> {
        let wanted = child.authority_key_id();
        let mut found: Vec<_> = self.named(child.issuer()).collect();
        if found.len() > 1 {
            found.sort_by_key(|parent| {
                let key = parent.subject_key_id().unwrap_or_default();
                if key == wanted { 0 } else { 2 - u8::from(key.is_empty() || wanted.is_empty()) }
            });
        }
        found
    }
}

impl FromIterator<Arc<Certificate>> for Pool {
    fn from_iter<I: IntoIterator<Item = Arc<Certificate>>>(certificates: I) -> Self {
        let mut certificates: Vec<_> = certificates.into_iter().collect();
        certificates.sort_by(|a, b| a.subject().cmp(b.subject()));
        let mut pool = Self(Vec::with_capacity(certificates.len()));
        for certificate in certificates {
            // The last of its subject are the last that were put there.
            let mut same =
                pool.0.iter().rev().take_while(|other| other.subject() == certificate.subject());
            if !same.any(|other| *other == certificate) {
                pool.0.push(certificate);
            }
        }
        pool
    }
}

/// All ways from a certificate to a root that stand at `at`, seconds since 1970; at least one.
///
/// # Errors
/// Why there is none.
fn chains(
    certificate: &Certificate,
    roots: &Pool,
    intermediates: &Pool,
    at: i64,
) -> Result<Vec<Path>, Rejection> {
    stands(certificate, Place::Leaf, at)?;
    let mut found = if roots.contains(certificate) {
        // A root vouches for itself: its signature is not looked at.
        vec![Path::new()]
    } else {
        let mut search = Search { roots, intermediates, at, signatures: 0 };
        search.above(certificate, certificate, &mut Path::new())?
    };
    let mut why = Unfit::default();
    found.retain(|path| why.is_fit(certificate, path));
    if found.is_empty() { Err(why.into_rejection(certificate)) } else { Ok(found) }
}

/// Whether a certificate would stand at `at` if it were a root.
///
/// # Errors
/// Why it would not.
pub(in crate::msp) fn alone(certificate: &Certificate, at: i64) -> Result<(), Rejection> {
    stands(certificate, Place::Leaf, at)?;
    let mut why = Unfit::default();
    if why.is_fit(certificate, &[]) { Ok(()) } else { Err(why.into_rejection(certificate)) }
}

/// The one chain that Fabric asks for.
///
/// # Errors
/// When there is none, or more than one.
pub(in crate::msp) fn unique_chain(
    certificate: &Certificate,
    roots: &Pool,
    intermediates: &Pool,
    at: i64,
) -> Result<Path, Rejection> {
    let mut found = chains(certificate, roots, intermediates, at)?;
    let (Some(path), true) = (found.pop(), found.is_empty()) else {
        let issuers = "two certificates of one CA (a renewed or cross-signed one, or a root that is also \
                       listed as intermediate) make every certificate below them ambiguous: list one of them";
        let detail = format!("{} has more than one chain: {issuers}", certificate.called());
        return Err(Rejection::new(Category::MultipleChains, detail));
    };
    // What Go 1.14 did with common names that look like hosts.
    let constrained = path.iter().any(|ca| ca.extensions.constraints.is_some());
    if constrained
        && certificate.alternative_names().is_none()
        && is_host_name(&certificate.names.common_name)
    {
        let detail = format!(
            "{} has a common name like a host's and no alternative name, below a CA with name constraints",
            certificate.called()
        );
        return Err(Rejection::new(Category::LegacyNameConstraint, detail));
    }
    Ok(path)
}

/// The ways up from what the CA of this name and key issues at `at`: one of its certificates first, the root last.
pub(in crate::msp) fn ways_from(
    issuer: &Certificate,
    roots: &Pool,
    intermediates: &Pool,
    at: i64,
) -> Vec<Path> {
    let mut found = Vec::new();
    let mut search = Search { roots, intermediates, at, signatures: 0 };
    let pools = [(roots, Place::Root(1)), (intermediates, Place::Intermediate(1))];
    for (pool, place) in pools {
        for own in pool.named(issuer.subject()) {
            let is_good = own.is_same_ca(issuer) && own.may_issue();
            if !is_good || stands(own, place, at).is_err() {
                continue;
            }
            let mut path = vec![Arc::clone(own)];
            match place {
                Place::Root(_) => found.push(path),
                Place::Intermediate(_) | Place::Leaf => {
                    found.extend(search.above(own, own, &mut path).unwrap_or_default());
                }
            }
        }
    }
    let mut why = Unfit::default();
    found.retain(|path| path.split_first().is_some_and(|(own, above)| why.is_fit(own, above)));
    found
}

/// Where a certificate stands in a chain, and how many are below it, the leaf included.
#[derive(Clone, Copy)]
enum Place {
    Leaf,
    Intermediate(usize),
    Root(usize),
}

/// Whether a certificate, whose signature is good, may stand there.
fn stands(certificate: &Certificate, place: Place, at: i64) -> Result<(), Rejection> {
    let reject = |category, what: &str| {
        Err(Rejection::new(category, format!("{} {what}", certificate.called())))
    };
    let extensions = &certificate.extensions;
    if extensions.unhandled_critical {
        return reject(
            Category::UnhandledCriticalExtension,
            "has a critical extension that is not understood",
        );
    }
    if at < certificate.not_before {
        return reject(
            Category::OutsideValidity,
            "begins later than one second after the certificate below it begins: the certificate of a CA must not be \
             younger than those that it issued",
        );
    }
    if at > certificate.not_after {
        return reject(
            Category::OutsideValidity,
            "had ended one second after the certificate to be verified begins",
        );
    }
    if matches!(place, Place::Intermediate(_)) && !certificate.is_ca() {
        return reject(Category::NotAuthorizedToSign, "is no CA");
    }
    let below = match place {
        Place::Leaf => 0,
        Place::Intermediate(below) | Place::Root(below) => below - 1,
    };
    if let Some((_, Some(most))) = extensions.basic
        && u64::try_from(below).is_ok_and(|below| below > most)
    {
        return reject(
            Category::PathLength,
            "has more CAs below itself than its path length allows",
        );
    }
    Ok(())
}

struct Search<'a> {
    roots: &'a Pool,
    intermediates: &'a Pool,
    at: i64,
    signatures: usize,
}

impl Search<'_> {
    /// The ways up from `child`, to which `path` led from `leaf`. As in Go, of several reasons why
    /// there is none, the last is told, and a signature that does not verify is none.
    fn above(
        &mut self,
        leaf: &Certificate,
        child: &Certificate,
        path: &mut Path,
    ) -> Result<Vec<Path>, Rejection> {
        let mut found = Vec::new();
        let mut last = Ok(());
        let (mut named, mut unsigned) = (false, false);
        let below = path.len() + 1;
        let roots = self.roots.parents(child).into_iter().map(|parent| (parent, true));
        let others = self.intermediates.parents(child).into_iter().map(|parent| (parent, false));
        let candidates: Vec<_> = roots.chain(others).collect();
        for (parent, is_root) in candidates {
            named = true;
            if is_in(parent, leaf, path) {
                continue;
            }
            self.signatures += 1;
            if self.signatures > MAX_SIGNATURES {
                let detail = "more than 100 signatures would have to be checked to find its chain";
                last = Err(Rejection::new(Category::UnknownAuthority, detail));
                continue;
            }
            if !child.is_signed_by(parent) {
                unsigned = true;
                continue;
            }
            let place = if is_root { Place::Root(below) } else { Place::Intermediate(below) };
            last = stands(parent, place, self.at);
            if last.is_err() {
                continue;
            }
            path.push(Arc::clone(parent));
            if is_root {
                found.push(path.clone());
            } else {
                match self.above(leaf, parent, path) {
                    Ok(ways) => found.extend(ways),
                    Err(why) => last = Err(why),
                }
            }
            path.pop();
        }
        if found.is_empty() {
            last?;
            return Err(unknown(child, named, unsigned));
        }
        Ok(found)
    }
}

fn unknown(child: &Certificate, named: bool, unsigned: bool) -> Rejection {
    let why = match (named, unsigned) {
        (false, _) => "no listed CA has the name of its issuer",
        (true, true) => "the listed CA of its issuer's name did not sign it, or may not issue",
        (true, false) => "its issuers lead in a circle",
    };
    let detail = format!("{} is of an unknown authority: {why}", child.called());
    Rejection::new(Category::UnknownAuthority, detail)
}

/// Whether the same CA (subject, key and alternative names) is in the chain, perhaps by another
/// certificate.
fn is_in(candidate: &Certificate, leaf: &Certificate, path: &[Arc<Certificate>]) -> bool {
    for other in std::iter::once(leaf).chain(path.iter().map(AsRef::as_ref)) {
        if candidate.subject() != other.subject() || candidate.key_info() != other.key_info() {
            continue;
        }
        match (candidate.alternative_names(), other.alternative_names()) {
            (None, None) => return true,
            // Go looks no further then.
            (None, Some(_)) | (Some(_), None) => return false,
            (Some(one), Some(two)) if one == two => return true,
            (Some(_), Some(_)) => {}
        }
    }
    false
}

/// Why whole chains were dropped.
#[derive(Default)]
struct Unfit {
    policies: bool,
    purposes: bool,
    names: bool,
}

impl Unfit {
    fn is_fit(&mut self, leaf: &Certificate, path: &[Arc<Certificate>]) -> bool {
        let whole = std::iter::once(leaf).chain(path.iter().map(AsRef::as_ref));
        let links = whole.clone().map(|link| Link {
            policies: &link.extensions.policies,
            self_issued: link.issuer() == link.subject(),
        });
        if !policies::hold(links) {
            self.policies = true;
            return false;
        }
        let mut purposes = whole.clone().filter_map(|link| link.extensions.purposes);
        if purposes.any(|purposes| !purposes.server) {
            self.purposes = true;
            return false;
        }
        if !names_are_allowed(whole) {
            self.names = true;
            return false;
        }
        true
    }

    fn into_rejection(self, certificate: &Certificate) -> Rejection {
        let (category, what) = if self.names {
            (Category::NameConstraint, "holds a name that a CA above it may not certify")
        } else if self.purposes && !self.policies {
            (
                Category::IncompatibleExtendedKeyUsage,
                "has, or is below a CA that has, an extended key usage without serverAuth: Fabric asks for it (or \
                 anyExtendedKeyUsage, or no extended key usage at all) in every certificate",
            )
        } else {
            (
                Category::NoValidChains,
                "does not keep the certificate policies that its chain demands",
            )
        };
        Rejection::new(category, format!("{} {what}", certificate.called()))
    }
}

/// Whether each certificate's names are allowed by all CAs above it.
fn names_are_allowed<'a>(chain: impl Iterator<Item = &'a Certificate> + Clone) -> bool {
    if chain.clone().all(|link| link.extensions.constraints.is_none()) {
        return true;
    }
    let chain: Vec<_> = chain.collect();
    chain.iter().enumerate().all(|(index, link)| {
        let above = chain.get(index + 1..).unwrap_or_default();
        let constraints: Vec<_> =
            above.iter().filter_map(|ca| ca.extensions.constraints.as_deref()).collect();
        match link.alternative_names() {
            Some(names) if !constraints.is_empty() => constraints::allow(names, &constraints),
            _ => true,
        }
    })
}
