//! The rows of a store in the tables of `docs/stores.md`.

/// A row of the first table: how a store is pinned.
#[derive(Debug, Clone, Copy)]
pub struct Glance {
    /// The store, as its vendor calls it.
    pub store: &'static str,
    /// What pins a version.
    pub pinned_by: &'static str,
    /// Where the version comes from.
    pub version_from: &'static str,
    /// Whether commands are printed.
    pub commands: &'static str,
}

impl Glance {
    /// Pinned by a text that `rotate` chooses, without commands.
    #[must_use]
    pub const fn digits(store: &'static str) -> Self {
        Self { store, pinned_by: "the 14 digits", version_from: "`rotate`", commands: "no" }
    }

    /// Pinned by a number that the store assigns, without commands.
    #[must_use]
    pub const fn number(store: &'static str) -> Self {
        Self { store, pinned_by: "number", version_from: "the store: `--pin`", commands: "no" }
    }

    /// Not pinned at all, and without commands.
    #[must_use]
    pub const fn own_key(store: &'static str) -> Self {
        let version_from = "`key-suffix`";
        Self { store, pinned_by: "a key of its own", version_from, commands: "no" }
    }
}

/// A row of the table on cleaning up.
#[derive(Debug, Clone, Copy)]
pub struct Cleanup {
    /// The store, as its vendor calls it.
    pub store: &'static str,
    /// What `prune` prints.
    pub prints: &'static str,
}
