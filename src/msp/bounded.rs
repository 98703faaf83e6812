//! A map of bounded size, from octets, that many threads read at once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Keeps at most so many entries. Of those that were not asked for since the hand last passed, the first makes room for
/// a new one (second chance).
#[derive(Debug)]
pub(super) struct Bounded<V> {
    capacity: usize,
    /// Held for reading while an entry is looked up, for writing while one is put.
    entries: RwLock<Entries<V>>,
}

#[derive(Debug)]
struct Entries<V> {
    places: HashMap<Arc<[u8]>, usize>,
    slots: Vec<Slot<V>>,
    hand: usize,
}

#[derive(Debug)]
struct Slot<V> {
    key: Arc<[u8]>,
    value: V,
    asked_for: AtomicBool,
}

impl<V: Clone> Bounded<V> {
    /// With room for at least one.
    pub(super) fn new(capacity: usize) -> Self {
        let entries = Entries { places: HashMap::new(), slots: Vec::new(), hand: 0 };
        Self { capacity: capacity.max(1), entries: RwLock::new(entries) }
    }

    pub(super) fn get(&self, key: &[u8]) -> Option<V> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let slot = entries.slots.get(*entries.places.get(key)?)?;
        slot.asked_for.store(true, Ordering::Relaxed);
        Some(slot.value.clone())
    }

    /// Puts an entry. Of two that were found at once, the first stays.
    pub(super) fn put(&self, key: &[u8], value: V) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.places.contains_key(key) {
            return;
        }
        let key: Arc<[u8]> = key.into();
        let slot = Slot { key: Arc::clone(&key), value, asked_for: AtomicBool::new(false) };
        let place = if entries.slots.len() < self.capacity {
            entries.slots.push(slot);
            entries.slots.len() - 1
        } else {
            let place = entries.free();
            if let Some(old) = entries.slots.get_mut(place) {
                let old = std::mem::replace(old, slot);
                entries.places.remove(&old.key);
            }
            place
        };
        entries.places.insert(key, place);
    }

    pub(super) fn len(&self) -> usize {
        self.entries.read().unwrap_or_else(PoisonError::into_inner).slots.len()
    }
}

impl<V> Entries<V> {
    /// The place of the entry that goes. Ends after two rounds at most: the first takes every chance away.
    fn free(&mut self) -> usize {
        loop {
            let place = self.hand;
            self.hand = (self.hand + 1) % self.slots.len().max(1);
            let spared = self
                .slots
                .get_mut(place)
                .is_some_and(|slot| std::mem::take(slot.asked_for.get_mut()));
            if !spared {
                return place;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_asked_for_gets_a_second_chance() {
        let map = Bounded::new(2);
        map.put(b"a", 1);
        map.put(b"b", 2);
        assert_eq!(map.get(b"a"), Some(1));
        map.put(b"c", 3);
        assert_eq!((map.get(b"a"), map.get(b"b"), map.get(b"c")), (Some(1), None, Some(3)));
        map.put(b"a", 9);
        assert_eq!(map.get(b"a"), Some(1));
    }

    proptest! {
        #[test]
        fn it_never_lies_and_never_grows(capacity in 0_usize..5, asked: Vec<(u8, bool)>) {
            let map = Bounded::new(capacity);
            for (key, put) in asked {
                if put {
                    map.put(&[key], u32::from(key));
                    prop_assert_eq!(map.get(&[key]), Some(u32::from(key)));
                } else if let Some(value) = map.get(&[key]) {
                    prop_assert_eq!(value, u32::from(key));
                }
                prop_assert!(map.len() <= capacity.max(1));
            }
        }
    }
}
