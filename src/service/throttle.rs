//! Guessing of enrollment secrets is slowed per source and identity.
//!
//! Fabric CA locks the identity itself, for everybody and for good: whoever knows a name can lock its
//! owner out. Here the pair of source and identity is locked, for a time that doubles, so that the
//! owner, who comes from elsewhere, is not touched. Unknown identities are treated alike, so a lock
//! tells nothing about who exists.
//!
//! Invariant: the map is bounded; a flood of names drops the entries that were used longest ago.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Timestamp;
use crate::id::EnrollmentId;

/// Pairs of source and identity that are remembered; each takes about 64 octets.
const CAPACITY: usize = 65_536;
/// How long the first lock lasts, in seconds; each further one doubles it.
const FIRST_LOCK_SECONDS: i64 = 60;
/// No lock lasts longer, in seconds.
const LONGEST_LOCK_SECONDS: i64 = 3600;

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    /// The secret was right and the pair is not locked.
    Admitted,
    /// The secret was wrong.
    Refused,
    /// The pair is locked; whether the secret was right is not told.
    Locked,
}

/// Counts wrong secrets per source and identity, in this process.
#[derive(Debug)]
pub(super) struct Throttle {
    /// Wrong secrets that lock a pair; 0 means no limit.
    attempts: u32,
    hasher: RandomState,
    // Guards the counts for the length of a map operation; nothing waits while holding it.
    pairs: Mutex<Pairs>,
}

#[derive(Debug, Default)]
struct Pairs {
    /// By identity, then by source; no identity is there without a source.
    by_identity: HashMap<u64, HashMap<u64, Count>>,
    /// How many pairs there are.
    total: usize,
    /// Counts up with each use: the entry with the lowest was used longest ago.
    uses: u64,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    wrong: u32,
    locks: u32,
    locked_until: Timestamp,
    used: u64,
}

impl Throttle {
    pub(super) fn new(attempts: u32) -> Self {
        Self { attempts, hasher: RandomState::new(), pairs: Mutex::new(Pairs::default()) }
    }

    /// Whether an attempt is refused unseen.
    pub(super) fn locked(&self, id: &str, source: IpAddr, at: Timestamp) -> bool {
        let (identity, source) = self.key(id, source);
        let pairs = self.lock();
        let count = pairs.by_identity.get(&identity).and_then(|sources| sources.get(&source));
        count.is_some_and(|count| count.locked_until > at)
    }

    /// Decides an attempt whose secret was compared. Attempts are decided one after another, so of a
    /// burst of guesses only as many are answered as the limit allows, the rest is told `Locked`.
    pub(super) fn judge(&self, id: &str, source: IpAddr, right: bool, at: Timestamp) -> Judged {
        if self.attempts == 0 {
            return if right { Judged::Admitted } else { Judged::Refused };
        }
        let key = self.key(id, source);
        let mut pairs = self.lock();
        pairs.uses += 1;
        let used = pairs.uses;
        if let Some(count) = pairs.find(key) {
            count.used = used;
            if count.locked_until > at {
                return Judged::Locked;
            }
        }
        if right {
            pairs.remove(key);
            return Judged::Admitted;
        }
        let count = pairs.find_or_add(key, used);
        count.wrong += 1;
        if count.wrong >= self.attempts {
            let seconds = FIRST_LOCK_SECONDS << count.locks.min(16);
            count.locked_until = at.plus(seconds.min(LONGEST_LOCK_SECONDS));
            count.locks += 1;
            // After the lock one more guess is answered before the next, longer one.
            count.wrong = self.attempts - 1;
        }
        Judged::Refused
    }

    /// Forgets what was counted against an identity: it has a new secret.
    pub(super) fn forget(&self, id: &EnrollmentId) {
        let identity = self.hasher.hash_one(id.as_str());
        let mut pairs = self.lock();
        let forgotten = pairs.by_identity.remove(&identity);
        pairs.total -= forgotten.map_or(0, |sources| sources.len());
    }

    /// The /64 of an IPv6 address counts as one source: its holder has all of it.
    fn key(&self, id: &str, source: IpAddr) -> (u64, u64) {
        let source = match source.to_canonical() {
            IpAddr::V4(address) => u64::from(address.to_bits()),
            IpAddr::V6(address) => u64::try_from(address.to_bits() >> 64).unwrap_or(u64::MAX),
        };
        (self.hasher.hash_one(id), source)
    }

    fn lock(&self) -> MutexGuard<'_, Pairs> {
        self.pairs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pairs {
    fn find(&mut self, (identity, source): (u64, u64)) -> Option<&mut Count> {
        self.by_identity.get_mut(&identity)?.get_mut(&source)
    }

    fn remove(&mut self, (identity, source): (u64, u64)) {
        if let Entry::Occupied(mut sources) = self.by_identity.entry(identity) {
            self.total -= usize::from(sources.get_mut().remove(&source).is_some());
            if sources.get().is_empty() {
                sources.remove();
            }
        }
    }

    fn find_or_add(&mut self, key: (u64, u64), used: u64) -> &mut Count {
        let is_new = self.find(key).is_none();
        if is_new && self.total >= CAPACITY {
            self.drop_oldest();
        }
        self.total += usize::from(is_new);
        let (identity, source) = key;
        let none = Count { wrong: 0, locks: 0, locked_until: Timestamp::from_unix(0), used };
        self.by_identity.entry(identity).or_default().entry(source).or_insert(none)
    }

    /// Drops the older half: rare, so that its cost is shared by many attempts.
    fn drop_oldest(&mut self) {
        let counts = self.by_identity.values().flat_map(HashMap::values);
        let mut uses: Vec<u64> = counts.map(|count| count.used).collect();
        let middle = uses.len() / 2;
        let (_, median, _) = uses.select_nth_unstable(middle);
        let median = *median;
        self.by_identity.retain(|_, sources| {
            sources.retain(|_, count| count.used > median);
            !sources.is_empty()
        });
        self.total = self.by_identity.values().map(HashMap::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const AWAY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(seconds)
    }

    #[test]
    fn the_limit_locks_the_guesser_and_not_the_owner() {
        let throttle = Throttle::new(10);
        for _ in 0..10 {
            assert_eq!(throttle.judge("u", AWAY, false, at(0)), Judged::Refused);
        }
        assert!(throttle.locked("u", AWAY, at(0)));
        assert_eq!(throttle.judge("u", AWAY, true, at(1)), Judged::Locked);
        assert!(!throttle.locked("u", HOME, at(1)));
        assert_eq!(throttle.judge("u", HOME, true, at(1)), Judged::Admitted);
    }

    #[test]
    fn of_a_burst_of_guesses_only_the_limit_is_answered() {
        let throttle = Throttle::new(10);
        let told = (0..55).map(|_| throttle.judge("u", AWAY, false, at(0)));
        assert_eq!(told.filter(|judged| *judged == Judged::Refused).count(), 10);
    }

    #[test]
    fn a_lock_ends_with_time_and_the_next_is_longer() {
        let throttle = Throttle::new(2);
        throttle.judge("u", AWAY, false, at(0));
        throttle.judge("u", AWAY, false, at(0));
        assert!(throttle.locked("u", AWAY, at(59)));
        assert!(!throttle.locked("u", AWAY, at(60)));
        throttle.judge("u", AWAY, false, at(60));
        assert!(throttle.locked("u", AWAY, at(179)));
        assert!(!throttle.locked("u", AWAY, at(180)));
    }

    #[test]
    fn a_success_or_a_new_secret_forgets() {
        let throttle = Throttle::new(2);
        throttle.judge("u", AWAY, false, at(0));
        throttle.judge("u", AWAY, true, at(0));
        throttle.judge("u", AWAY, false, at(0));
        assert!(!throttle.locked("u", AWAY, at(0)));
        throttle.judge("u", AWAY, false, at(0));
        assert!(throttle.locked("u", AWAY, at(0)));
        throttle.forget(&"u".parse().unwrap());
        assert_eq!(throttle.judge("u", AWAY, true, at(0)), Judged::Admitted);
    }

    #[test]
    fn the_memory_is_bounded() {
        let throttle = Throttle::new(10);
        for n in 0..(CAPACITY + 10) {
            throttle.judge(&n.to_string(), AWAY, false, at(0));
        }
        let pairs = throttle.lock();
        assert!(pairs.total <= CAPACITY);
        assert_eq!(pairs.total, pairs.by_identity.values().map(HashMap::len).sum::<usize>());
    }
}
