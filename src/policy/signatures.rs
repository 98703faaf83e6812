//! A set of signatures, looked at as far as a verdict needs it.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::collections::HashMap;

use super::members::Members;

/// Who signed what, all as it came.
#[derive(Debug, Clone)]
pub struct SignedData<'a> {
    /// A serialized identity.
    pub identity: Cow<'a, [u8]>,
    /// What was signed.
    pub data: Cow<'a, [u8]>,
    /// The signature.
    pub signature: Cow<'a, [u8]>,
}

/// Beyond so many signatures those of one identity are found by a table instead of one after another.
const MANY: usize = 32;

/// A set of signatures. Identities are read, and signatures verified, when a policy first asks for
/// them, and once however many policies ask.
#[derive(Debug)]
pub struct Signatures<'a, M: Members> {
    members: &'a M,
    signed: &'a [SignedData<'a>],
    entries: Vec<Entry<M>>,
    /// For each entry the nearest one before it with the same identity; made when there are many.
    links: OnceCell<Vec<Option<usize>>>,
    verifications: Cell<usize>,
}

struct Entry<M: Members> {
    identity: OnceCell<Result<M::Identity, M::Rejection>>,
    verdict: OnceCell<Result<(), M::Rejection>>,
    counts: OnceCell<bool>,
}

impl<M: Members> std::fmt::Debug for Entry<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verdict = self.verdict.get().map(Result::is_ok);
        f.debug_struct("Entry").field("verdict", &verdict).finish_non_exhaustive()
    }
}

impl<'a, M: Members> Signatures<'a, M> {
    /// These signatures, in their order, before these MSPs.
    pub fn new(members: &'a M, signed: &'a [SignedData<'a>]) -> Self {
        let entry = || Entry {
            identity: OnceCell::new(),
            verdict: OnceCell::new(),
            counts: OnceCell::new(),
        };
        let entries = signed.iter().map(|_| entry()).collect();
        let (links, verifications) = (OnceCell::new(), Cell::new(0));
        Self { members, signed, entries, links, verifications }
    }

    /// How many signatures there are.
    pub fn len(&self) -> usize {
        self.signed.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.signed.is_empty()
    }

    /// How many signatures were verified until now.
    pub fn verifications(&self) -> usize {
        self.verifications.get()
    }

    pub(super) fn members(&self) -> &'a M {
        self.members
    }

    pub(super) fn identity(&self, index: usize) -> Option<Result<&M::Identity, &M::Rejection>> {
        let (entry, signed) = self.entries.get(index).zip(self.signed.get(index))?;
        Some(entry.identity.get_or_init(|| self.members.identity(&signed.identity)).as_ref())
    }

    /// The outcome of verifying the signature; nothing when its identity could not be read.
    pub(super) fn verdict(&self, index: usize) -> Option<&Result<(), M::Rejection>> {
        let identity = self.identity(index)?.ok()?;
        let (entry, signed) = self.entries.get(index).zip(self.signed.get(index))?;
        Some(entry.verdict.get_or_init(|| {
            self.verifications.set(self.verifications.get() + 1);
            self.members.verify(identity, &signed.data, &signed.signature)
        }))
    }

    /// The entry that took the identity of this one before it: the first whose signature is good.
    pub(super) fn duplicate_of(&self, index: usize) -> Option<usize> {
        let mut earlier: Vec<usize> =
            std::iter::successors(self.before(index), |at| self.before(*at)).collect();
        // Whoever comes first is asked first, so the signature of a duplicate is never verified.
        earlier.reverse();
        earlier.into_iter().find(|at| self.verdict(*at).is_some_and(Result::is_ok))
    }

    /// Whether the entry counts: its identity is readable, its signature good, and no entry before it
    /// counts for the same identity.
    pub(super) fn counts(&self, index: usize) -> bool {
        let Some(entry) = self.entries.get(index) else { return false };
        *entry.counts.get_or_init(|| {
            self.duplicate_of(index).is_none() && self.verdict(index).is_some_and(Result::is_ok)
        })
    }

    /// The entries that count, in order. Everything is verified for it.
    pub fn counting(&self) -> Vec<usize> {
        (0..self.len()).filter(|index| self.counts(*index)).collect()
    }

    /// The nearest entry before this one with the same identity.
    fn before(&self, index: usize) -> Option<usize> {
        if self.len() > MANY {
            let links = self.links.get_or_init(|| self.all_links());
            return links.get(index).copied().flatten();
        }
        let key = M::key(self.identity(index)?.ok()?);
        (0..index).rev().find(|earlier| {
            let identity = self.identity(*earlier).and_then(Result::ok);
            identity.is_some_and(|identity| M::key(identity) == key)
        })
    }

    fn all_links(&self) -> Vec<Option<usize>> {
        let mut last = HashMap::new();
        let mut link = |index| {
            let key = M::key(self.identity(index)?.ok()?);
            last.insert(key, index)
        };
        (0..self.len()).map(&mut link).collect()
    }
}
