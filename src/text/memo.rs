//! Results that are computed once.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crate::text::path::TreePath;
use crate::text::shared_map::SharedMap;

/// Results by path, each computed once, no matter how many threads ask for it.
#[derive(Debug)]
pub struct Memo<T>(RwLock<Cells<T>>);

type Cells<T> = SharedMap<TreePath, Arc<OnceLock<T>>>;

impl<T> Memo<T> {
    /// Forgets a result.
    pub fn forget(&mut self, path: &TreePath) {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).remove(path);
    }

    /// Every path that was asked for.
    #[must_use]
    pub fn paths(&self) -> Vec<TreePath> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// Whether each result there is passes a test.
    pub fn all(&self, is_met: impl Fn(&T) -> bool) -> bool {
        let cells = self.0.read().unwrap_or_else(PoisonError::into_inner);
        cells.values().filter_map(|cell| cell.get()).all(is_met)
    }
}

impl<T: Clone> Memo<T> {
    /// The result for a path, if it was computed.
    pub fn known(&self, path: &TreePath) -> Option<T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(path)?.get().cloned()
    }

    /// The result for a path, which `find` computes if it is the first to be asked.
    pub fn get(&self, path: &TreePath, find: impl FnOnce() -> T) -> T {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        let cell = known.unwrap_or_else(|| {
            let mut cells = self.0.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cells.get_or_insert_with(path.clone(), Arc::default))
        });
        cell.get_or_init(find).clone()
    }
}

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

/// A copy shares the results so far.
impl<T> Clone for Memo<T> {
    fn clone(&self) -> Self {
        Self(RwLock::new(self.0.read().unwrap_or_else(PoisonError::into_inner).clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::Memo;
    use crate::text::path::TreePath;

    #[test]
    fn computes_each_result_once_until_it_is_forgotten() {
        let (a, b) = (TreePath::new("a").unwrap(), TreePath::new("b").unwrap());
        let memo = Memo::default();
        assert_eq!(memo.get(&a, || 1), 1);
        assert_eq!(memo.get(&a, || 2), 1);
        let mut copy = memo.clone();
        copy.forget(&a);
        assert_eq!(copy.get(&a, || 3), 3);
        assert_eq!(copy.get(&b, || 4), 4);
        assert_eq!(memo.paths(), [a]);
        assert!(copy.all(|result| *result > 2) && !memo.all(|result| *result > 2));
    }
}
