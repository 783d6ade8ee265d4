//! The open blocks, and the keys of each.

/// Maximum number of open blocks; anything nested deeper is left to the full parser.
const DEEPEST: usize = 100;

/// Up to this many keys, a linear search is faster than sorting.
const FEW: usize = 16;

/// What kind of block is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Map,
    Seq,
    /// A list whose dashes are at the column of the parent key.
    Listed,
}

struct Level<'t> {
    column: usize,
    shape: Shape,
    /// Whether the value of the last key is still missing.
    waiting: bool,
    /// Whether each key so far is greater than the one before, which rules out duplicates.
    sorted: bool,
    /// How many keys the enclosing blocks have.
    before: usize,
    last: &'t [u8],
}

/// The open blocks, the innermost last.
#[derive(Default)]
pub(super) struct Levels<'t> {
    open: Vec<Level<'t>>,
    keys: Vec<&'t [u8]>,
}

impl<'t> Levels<'t> {
    pub(super) fn column(&self) -> Option<usize> {
        self.open.last().map(|level| level.column)
    }

    pub(super) fn shape(&self) -> Option<Shape> {
        self.open.last().map(|level| level.shape)
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.open.last().is_some_and(|level| level.waiting)
    }

    pub(super) fn waits(&mut self, waiting: bool) {
        if let Some(level) = self.open.last_mut() {
            level.waiting = waiting;
        }
    }

    pub(super) fn open(&mut self, column: usize, shape: Shape) -> Option<()> {
        let before = self.keys.len();
        let level = Level { column, shape, waiting: false, sorted: true, before, last: b"" };
        self.open.push(level);
        (self.open.len() <= DEEPEST).then_some(())
    }

    /// Adds a key to the innermost mapping.
    pub(super) fn add(&mut self, key: &'t [u8], waiting: bool) {
        self.keys.push(key);
        if let Some(level) = self.open.last_mut() {
            level.sorted &= level.last < key;
            level.last = key;
            level.waiting = waiting;
        }
    }

    /// Closes the innermost block; `None` if it has a duplicate key.
    pub(super) fn close(&mut self) -> Option<()> {
        let level = self.open.pop()?;
        let keys = &mut self.keys[level.before..];
        let twice = if level.sorted {
            false
        } else if keys.len() <= FEW {
            keys.iter().enumerate().any(|(index, key)| keys[..index].contains(key))
        } else {
            keys.sort_unstable();
            !keys.is_sorted_by(|one, next| one < next)
        };
        self.keys.truncate(level.before);
        (!twice).then_some(())
    }
}
