//! A sorted map that is cheap to copy and to change after that.

use std::borrow::Borrow;
use std::sync::Arc;

use crate::text::work;

/// At most so many entries are in one chunk.
const MOST: usize = 32;

/// A sorted map in chunks; copies share the chunks that are the same in both.
#[derive(Debug)]
pub struct SharedMap<K, V>(Arc<Vec<Chunk<K, V>>>);

/// Sorted entries, at least one.
type Chunk<K, V> = Arc<Vec<(K, V)>>;

impl<K: Ord, V> SharedMap<K, V> {
    /// The value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let chunk = self.0.get(self.chunk_of(key))?;
        let at = chunk.binary_search_by(|(known, _)| known.borrow().cmp(key)).ok()?;
        Some(&chunk[at].1)
    }

    /// Whether there is a key.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    /// All entries, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().flat_map(|chunk| chunk.iter()).map(|(key, value)| (key, value))
    }

    /// All keys, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    /// The values of all keys.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// The entries from a key on.
    pub fn from<Q: Ord + ?Sized>(
        &self,
        key: &Q,
    ) -> impl Iterator<Item = (&K, &V)> + use<'_, Q, K, V>
    where
        K: Borrow<Q>,
    {
        let chunks = self.0.get(self.chunk_of(key)..).unwrap_or_default();
        let start =
            chunks.first().map_or(0, |one| one.partition_point(|(at, _)| at.borrow() < key));
        let entries = chunks.iter().flat_map(|chunk| chunk.iter()).skip(start);
        entries.map(|(key, value)| (key, value))
    }

    /// Where the chunk is that has a key or would get it.
    fn chunk_of<Q: Ord + ?Sized>(&self, key: &Q) -> usize
    where
        K: Borrow<Q>,
    {
        let begins = |chunk: &Chunk<K, V>| chunk.first().is_some_and(|(at, _)| at.borrow() <= key);
        self.0.partition_point(begins).saturating_sub(1)
    }
}

impl<K: Ord + Clone, V: Clone> SharedMap<K, V> {
    /// Sets the value of a key.
    pub fn insert(&mut self, key: K, value: V) {
        let known = self.get_or_insert_with(key, || value.clone());
        *known = value;
    }

    /// The value of a key, set first if there is none.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let mut at = self.chunk_of(&key);
        let chunks = Arc::make_mut(&mut self.0);
        if chunks.is_empty() {
            chunks.push(Arc::default());
        }
        let mut within = match chunks[at].binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(within) => return &mut own(&mut chunks[at])[within].1,
            Err(within) => within,
        };
        let chunk = own(&mut chunks[at]);
        if chunk.len() == MOST {
            // Entries often come in order: a chunk that only grows at its end stays full.
            let middle = if within == MOST { MOST } else { MOST / 2 };
            let rest = chunk.split_off(middle);
            chunks.insert(at + 1, Arc::new(rest));
            if within >= middle {
                (at, within) = (at + 1, within - middle);
            }
        }
        let chunk = own(&mut chunks[at]);
        chunk.insert(within, (key, make()));
        &mut chunk[within].1
    }

    /// Removes a key.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        if !self.contains_key(key) {
            return;
        }
        let at = self.chunk_of(key);
        let chunks = Arc::make_mut(&mut self.0);
        let chunk = own(&mut chunks[at]);
        chunk.retain(|(known, _)| known.borrow() != key);
        if chunk.is_empty() {
            chunks.remove(at);
        }
    }
}

/// The entries of a chunk to be changed, copied if another map has the chunk too.
fn own<K: Clone, V: Clone>(chunk: &mut Chunk<K, V>) -> &mut Vec<(K, V)> {
    if Arc::get_mut(chunk).is_none() {
        chunk.iter().for_each(|_| work::count("entry copied"));
    }
    Arc::make_mut(chunk)
}

impl<K, V> Clone for SharedMap<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, V> Default for SharedMap<K, V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Ord + Clone, V: Clone> FromIterator<(K, V)> for SharedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::default();
        entries.into_iter().for_each(|(key, value)| map.insert(key, value));
        map
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{MOST, SharedMap};
    use crate::text::work;

    proptest! {
        /// Whatever is done to it, it answers as another map does, and so does each copy.
        #[test]
        fn answers_as_a_map_of_the_standard_library(
            steps in prop::collection::vec((0..400_u16, prop::option::of(0..9_u8)), 0..900),
            asked in 0..400_u16,
        ) {
            let (mut one, mut other) = (SharedMap::default(), BTreeMap::new());
            let mut copies = Vec::new();
            for (index, (key, value)) in steps.into_iter().enumerate() {
                match value {
                    Some(8) => *one.get_or_insert_with(key, || 1) = *other.entry(key).or_insert(1),
                    Some(value) => {
                        one.insert(key, value);
                        other.insert(key, value);
                    }
                    None => {
                        one.remove(&key);
                        other.remove(&key);
                    }
                }
                if index % 100 == 0 {
                    copies.push((one.clone(), other.clone()));
                }
            }
            copies.push((one, other));
            for (one, other) in copies {
                prop_assert!(one.iter().eq(other.iter()));
                prop_assert!(one.keys().eq(other.keys()) && one.values().eq(other.values()));
                prop_assert_eq!(one.get(&asked), other.get(&asked));
                prop_assert_eq!(one.contains_key(&asked), other.contains_key(&asked));
                prop_assert!(one.from(&asked).eq(other.range(asked..)));
            }
        }
    }

    #[test]
    fn a_change_of_a_copy_copies_few_entries() {
        let copied = |count: u32| {
            let map: SharedMap<u32, u32> = (0..count).map(|key| (key, key)).collect();
            let mut copy = map.clone();
            let done = work::during(|| copy.insert(count / 2, 0));
            assert_eq!(
                (map.get(&(count / 2)), copy.get(&(count / 2))),
                (Some(&(count / 2)), Some(&0))
            );
            done.get("entry copied").copied().unwrap_or_default()
        };
        assert!((1..=MOST).contains(&copied(1000)) && copied(8000) <= MOST);
    }
}
