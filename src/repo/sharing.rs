//! How the two colours of a pair share the traffic, for each family that they use.

use std::collections::BTreeSet;

use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::pairs::{Colour, Pair};
use crate::repo::traffic::{Idle, Traffic};
use crate::text::path::TreePath;

/// How a pair shares the traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sharing {
    /// What the pair is called.
    pub pair: String,
    /// The root of the blue workload.
    pub root: TreePath,
    /// The families that either workload uses.
    pub families: BTreeSet<String>,
    /// The parts of blue and green in percent; `None` where routes differ or nobody can tell.
    pub parts: [Option<u64>; 2],
    /// Which colour gets no traffic.
    pub idle: Idle,
}

impl Repo {
    /// How each pair of an environment shares the traffic.
    #[must_use]
    pub fn sharings(&self, environment: EnvironmentId) -> Vec<Sharing> {
        let pairs = self.pairs_of(environment).into_iter();
        pairs.map(|pair| self.sharing(&pair, &self.traffic(environment, &pair))).collect()
    }

    fn sharing(&self, pair: &Pair, traffic: &Traffic) -> Sharing {
        let all = Colour::ALL.into_iter().flat_map(|colour| self.references_of(pair.of(colour)));
        Sharing {
            pair: pair.name.clone(),
            root: self.roots[pair.blue.root].path.clone(),
            families: all.map(|one| one.family().to_owned()).collect(),
            parts: Colour::ALL.map(|colour| traffic.percent(colour)),
            idle: traffic.idle(),
        }
    }
}
