//! Deeds of one kind that wait together, done by few statements. They do what `apply.rs` does to each.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::batch::Batch;
use super::change::{Change, Outcome, Write};
use super::error::Failure;
use super::journal::{Claim, JournalKind};
use super::{certificates, identities, journal};
use crate::id::{CaName, KeyId};

/// The kinds that are done together, in the order in which they are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bulk {
    Identities,
    Revocations,
    Seals,
    Intents,
}

/// What became of a deed: the inner error is a guard that lost and left no trace.
pub(super) type Done = Result<Outcome, &'static str>;

/// Does deeds inside a transaction, those of one kind that stand beside each other together.
pub(super) async fn apply_all<'w>(
    batch: &mut Batch<'w>,
    mut writes: &[&'w Write],
) -> Result<Vec<Done>, Failure> {
    let mut answers = Vec::with_capacity(writes.len());
    while let Some((first, after)) = writes.split_first() {
        let bulk = first.bulk();
        let like_it = after.iter().take_while(|write| bulk.is_some() && write.bulk() == bulk);
        let Some((run, rest)) = writes.split_at_checked(1 + like_it.count()) else { break };
        match bulk {
            Some(bulk) if run.len() > 1 => answers.extend(together(batch, bulk, run).await?),
            Some(_) | None => answers.push(first.apply(batch).await?),
        }
        writes = rest;
    }
    Ok(answers)
}

/// Does deeds of one kind.
async fn together<'w>(
    batch: &mut Batch<'w>,
    bulk: Bulk,
    writes: &[&'w Write],
) -> Result<Vec<Done>, Failure> {
    let done = match bulk {
        Bulk::Identities => add_identities(batch, writes).await?,
        Bulk::Revocations => revoke(batch, writes).await?,
        Bulk::Seals => seal(batch, writes).await?,
        Bulk::Intents => intend(batch, writes).await?,
    };
    for (write, done) in writes.iter().zip(&done) {
        if done.is_ok() {
            batch.entries.push(&write.entry);
        }
    }
    Ok(done)
}

async fn add_identities<'w>(
    batch: &mut Batch<'w>,
    writes: &[&'w Write],
) -> Result<Vec<Done>, Failure> {
    let all: Vec<_> = guards(writes, |guard| {
        if let Change::AddIdentity(identity) = guard { Some(identity) } else { None }
    });
    batch.insert_waiting().await?;
    batch.identities_changed = true;
    let added = identities::add_all(batch.connection(), &all).await?;
    let mut added: HashSet<(String, String)> = added.into_iter().collect();
    let done = all.iter().map(|identity| {
        // Of two who want the same name the first one has it.
        let name = (identity.ca.as_str().to_owned(), identity.id.as_str().to_owned());
        if added.remove(&name) { Ok(Outcome::default()) } else { Err("identity") }
    });
    Ok(done.collect())
}

async fn revoke<'w>(batch: &mut Batch<'w>, writes: &[&'w Write]) -> Result<Vec<Done>, Failure> {
    // 1. By what is written beside the serial number.
    let all: Vec<_> = guards(writes, |guard| {
        let Change::RevokeCertificate { issuer, serial, at, reason_code } = guard else {
            return None;
        };
        Some(((issuer, *at, *reason_code), serial))
    });
    let mut alike: BTreeMap<_, BTreeSet<&[u8]>> = BTreeMap::new();
    for (beside, serial) in &all {
        alike.entry(*beside).or_default().insert(serial.as_octets());
    }

    // 2. A statement for each.
    batch.insert_waiting().await?;
    batch.revoked = true;
    let mut revoked = HashSet::new();
    for ((issuer, at, reason), serials) in alike {
        let serials: Vec<&[u8]> = serials.into_iter().collect();
        let done = certificates::revoke(batch.connection(), issuer, &serials, at, reason).await?;
        revoked.extend(done.into_iter().map(|serial| ((issuer, at, reason), serial)));
    }
    let done = all.into_iter().map(|(beside, serial)| {
        // Of two who revoke the same one the first one did it.
        if revoked.remove(&(beside, serial.as_octets().to_vec())) {
            Ok(Outcome { revoked: vec![(beside.0.clone(), serial.clone())] })
        } else {
            Err("certificate")
        }
    });
    Ok(done.collect())
}

async fn seal<'w>(batch: &mut Batch<'w>, writes: &[&'w Write]) -> Result<Vec<Done>, Failure> {
    let all: Vec<_> = guards(writes, |guard| {
        let Change::SealCertificate { row } = guard else { return None };
        Some((row, row.serial.to_string()))
    });
    let mut by_issuer: BTreeMap<&KeyId, BTreeSet<&str>> = BTreeMap::new();
    for (row, name) in &all {
        by_issuer.entry(&row.issuer).or_default().insert(name);
    }
    batch.insert_waiting_intents().await?;
    let mut sealed = HashSet::new();
    for (issuer, names) in by_issuer {
        let (tx, names) = (batch.connection(), Vec::from_iter(names));
        let done = journal::seal(tx, issuer, &names, JournalKind::Certificate).await?;
        sealed.extend(done.into_iter().map(|name| (issuer, name)));
    }
    let done = all.into_iter().map(|(row, name)| {
        if sealed.remove(&(&row.issuer, name)) {
            batch.certificates.push(row);
            Ok(Outcome::default())
        } else {
            Err("intent")
        }
    });
    Ok(done.collect())
}

async fn intend<'w>(batch: &mut Batch<'w>, writes: &[&'w Write]) -> Result<Vec<Done>, Failure> {
    let all: Vec<_> = guards(writes, |guard| {
        if let Change::Intend { row, claim } = guard { Some((row, *claim)) } else { None }
    });

    // 1. What is asked of whom, by CA and by how it is asked.
    let mut asked: BTreeMap<(&CaName, i64, i64), BTreeMap<&str, i64>> = BTreeMap::new();
    for (row, claim) in &all {
        let Some((count, cap)) = claim.count_and_cap() else { continue };
        let of_one = asked.entry((&row.ca, count, cap)).or_default();
        *of_one.entry(&row.enrollment_id).or_default() += 1;
    }

    // 2. Those who are asked equally often take one statement; whoever has fewer left than are asked
    //    for gives them one by one.
    let mut left: HashMap<(&CaName, i64, i64, &str), i64> = HashMap::new();
    for ((ca, count, cap), ids) in asked {
        let mut equally: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
        for (id, times) in ids {
            equally.entry(times).or_default().push(id);
        }
        for (times, ids) in equally {
            let tx = batch.connection();
            let granted = identities::take_enrollments(tx, ca, &ids, count * times, cap).await?;
            let granted: HashSet<String> = granted.into_iter().collect();
            for id in ids {
                let mut given = if granted.contains(id) { times } else { 0 };
                if given == 0 && times > 1 {
                    let tx = batch.connection();
                    while given < times
                        && identities::take_enrollment(tx, ca, id, count, cap).await?
                    {
                        given += 1;
                    }
                }
                left.insert((ca, count, cap, id), given);
            }
        }
    }

    // 3. First come, first served.
    let done = all.into_iter().map(|(row, claim)| {
        if let Some((count, cap)) = claim.count_and_cap() {
            let left = left.get_mut(&(&row.ca, count, cap, row.enrollment_id.as_str()));
            match left {
                Some(left) if *left > 0 => *left -= 1,
                Some(_) | None => return Err("enrollment"),
            }
            batch.intents.push((row, count == 1));
        } else {
            batch.intents.push((row, false));
        }
        Ok(Outcome::default())
    });
    Ok(done.collect())
}

/// What `pick` sees in the guards; the writes are all of its kind.
fn guards<'w, T>(writes: &[&'w Write], pick: impl Fn(&'w Change) -> Option<T>) -> Vec<T> {
    writes.iter().filter_map(|write| write.guard.as_ref().and_then(&pick)).collect()
}

impl Claim {
    /// How many enrollments it takes, and the CA's limit; `None` when it asks nothing of an identity.
    pub(super) fn count_and_cap(self) -> Option<(i64, i64)> {
        match self {
            Self::None => None,
            Self::Member => Some((0, -1)),
            Self::Enrollment { cap } => Some((1, cap)),
        }
    }
}

impl Write {
    /// How this can be done together with others of its kind, if it can.
    pub(super) fn bulk(&self) -> Option<Bulk> {
        let guard = self.guard.as_ref().filter(|_| self.then.is_empty())?;
        if matches!(guard, Change::Intend { .. }) {
            Some(Bulk::Intents)
        } else if matches!(guard, Change::SealCertificate { .. }) {
            Some(Bulk::Seals)
        } else if matches!(guard, Change::RevokeCertificate { .. }) {
            Some(Bulk::Revocations)
        } else if matches!(guard, Change::AddIdentity(_)) {
            Some(Bulk::Identities)
        } else {
            None
        }
    }
}
