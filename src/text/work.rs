//! Counts of work in tests, which show how the work grows where a clock would not.

/// Counts a piece of work of the current thread; does nothing outside unit tests.
#[inline]
pub(crate) fn count(what: &'static str) {
    #[cfg(test)]
    counter::COUNTS.with_borrow_mut(|counts| *counts.entry(what).or_default() += 1);
    #[cfg(not(test))]
    let _ = what;
}

/// Counts a step of a search.
#[inline]
pub(crate) fn step() {
    count("step");
}

/// What the current thread counts while it does something, by the kind of work.
#[cfg(test)]
pub(crate) fn during<T>(
    run: impl FnOnce() -> T,
) -> std::collections::BTreeMap<&'static str, usize> {
    counter::COUNTS.with_borrow_mut(std::collections::BTreeMap::clear);
    run();
    counter::COUNTS.take()
}

/// How many steps the current thread takes while it does something.
#[cfg(test)]
pub(crate) fn steps<T>(run: impl FnOnce() -> T) -> usize {
    during(run).remove("step").unwrap_or_default()
}

#[cfg(test)]
mod counter {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    thread_local! {
        pub(super) static COUNTS: RefCell<BTreeMap<&'static str, usize>> = const { RefCell::new(BTreeMap::new()) };
    }
}
