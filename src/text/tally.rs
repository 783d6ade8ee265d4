//! Counts of work, by which tests see how it grows.

use std::cell::RefCell;
use std::collections::BTreeMap;

thread_local! {
    static COUNTS: RefCell<BTreeMap<&'static str, usize>> = const { RefCell::new(BTreeMap::new()) };
}

/// Counts a piece of work of this thread.
pub fn count(what: &'static str) {
    COUNTS.with_borrow_mut(|counts| *counts.entry(what).or_default() += 1);
}

/// What this thread has counted while it did something, by the kind of work.
pub fn during(work: impl FnOnce()) -> BTreeMap<&'static str, usize> {
    COUNTS.with_borrow_mut(BTreeMap::clear);
    work();
    COUNTS.with_borrow(Clone::clone)
}
