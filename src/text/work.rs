//! Counts steps of work in tests, which show how the work grows where a clock would not.

/// Counts a step of the current thread; does nothing outside unit tests.
#[inline]
pub(crate) fn step() {
    #[cfg(test)]
    counter::STEPS.set(counter::STEPS.get() + 1);
}

/// How many steps of the current thread a call takes.
#[cfg(test)]
pub(crate) fn during<T>(run: impl FnOnce() -> T) -> usize {
    let before = counter::STEPS.get();
    run();
    counter::STEPS.get() - before
}

#[cfg(test)]
mod counter {
    use std::cell::Cell;

    thread_local! {
        pub(super) static STEPS: Cell<usize> = const { Cell::new(0) };
    }
}
