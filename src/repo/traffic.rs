//! What routes the traffic of a pair: the parts of each colour, where they are written, and which colour is idle.

use std::collections::BTreeSet;

use crate::k8s::traffic::Division;
use crate::repo::pairs::{Colour, Workload};
use crate::yaml::path::Path;

/// Where a backend leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Leads {
    /// To one of the pair.
    To(Colour),
    /// To both of them.
    Both,
    /// To other pods, or to none.
    Elsewhere,
    /// Nobody can tell: what it names is not in Git.
    Unknown,
}

impl Leads {
    /// The colour, if it leads to one alone.
    #[must_use]
    pub const fn colour(self) -> Option<Colour> {
        match self {
            Self::To(colour) => Some(colour),
            Self::Both | Self::Elsewhere | Self::Unknown => None,
        }
    }
}

/// A scalar of an effective object, which need not be there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WeightField {
    /// An index into the repository's roots.
    pub root: usize,
    /// An index into the root's objects.
    pub object: usize,
    /// The place in the object.
    pub path: Path,
}

/// How large a backend's part is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Weight {
    /// As written.
    Written(u64),
    /// Not written: the default of the kind.
    Default(u64),
    /// What others of the list leave.
    Rest(u64),
    /// Written, but no number, such as a variable.
    Unreadable(String),
}

impl Weight {
    /// The number, if it is one.
    #[must_use]
    pub const fn number(&self) -> Option<u64> {
        match self {
            Self::Written(number) | Self::Default(number) | Self::Rest(number) => Some(*number),
            Self::Unreadable(_) => None,
        }
    }
}

/// A backend of a split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backend {
    /// The Service, or what else it is.
    pub name: String,
    /// The subset of the Service's pods.
    pub subset: Option<String>,
    /// Where it leads.
    pub leads: Leads,
    /// Its weight.
    pub weight: Weight,
    /// Where its weight is written, or would be; `None` where it gets the rest.
    pub field: Option<WeightField>,
}

/// A list of backends that share traffic, one of which leads to a colour of the pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The object, or the one that takes over a part.
    pub route: Workload,
    /// The list in the object; `None` where objects share traffic.
    pub list: Option<Path>,
    /// How the weights are read.
    pub division: Division,
    /// The backends.
    pub backends: Vec<Backend>,
}

impl Split {
    /// What the weights add up to; `None` if one is no number.
    #[must_use]
    pub fn sum(&self) -> Option<u64> {
        self.parts()?.iter().try_fold(0_u64, |sum, part| sum.checked_add(*part))
    }

    /// The part of each backend, as the cluster reads the weights; `None` if one is no number.
    #[must_use]
    pub fn parts(&self) -> Option<Vec<u64>> {
        let parts: Vec<u64> =
            self.backends.iter().map(|one| one.weight.number()).collect::<Option<_>>()?;
        let is_even = self.division == Division::ShareOrEven && parts.iter().all(|part| *part == 0);
        Some(if is_even { vec![1; parts.len()] } else { parts })
    }

    /// The part that leads to a colour and what all parts add up to; `None` if nobody can tell.
    #[must_use]
    pub fn share(&self, colour: Colour) -> Option<(u64, u64)> {
        let parts = self.parts()?;
        let mut own =
            parts.iter().zip(&self.backends).filter(|(_, one)| one.leads == Leads::To(colour));
        let own = own.try_fold(0_u64, |sum, (part, _)| sum.checked_add(*part))?;
        Some((own, parts.iter().try_fold(0_u64, |sum, part| sum.checked_add(*part))?))
    }
}

/// A Service that selects pods of the pair without a route that names it among others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// The Service.
    pub service: Workload,
    /// Whose pods it selects.
    pub leads: Leads,
    /// The labels by which it selects one colour rather than the other.
    pub labels: Vec<String>,
}

/// A route with a single backend, which leads to a colour: no weight divides it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    /// The object.
    pub route: Workload,
    /// The list in it; `None` for an Ingress or a Mapping.
    pub list: Option<Path>,
    /// The colour that gets all of its traffic.
    pub colour: Colour,
}

/// What routes the traffic of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traffic {
    /// The lists of backends with weights.
    pub splits: Vec<Split>,
    /// The Services that choose a colour by their selectors.
    pub switches: Vec<Switch>,
    /// The routes that lead to one colour alone.
    pub fixed: Vec<Fixed>,
    /// The colours that are scaled to zero.
    pub stopped: BTreeSet<Colour>,
}

/// `part / sum` in percent, rounded; 0 of nothing.
#[must_use]
pub fn percent(part: u64, sum: u64) -> u64 {
    scaled(part, 100, sum)
}

/// `part * of / sum`, rounded; 0 of nothing.
#[must_use]
pub fn scaled(part: u64, of: u64, sum: u64) -> u64 {
    let whole = u128::from(sum).max(1);
    u64::try_from((u128::from(part) * u128::from(of) + whole / 2) / whole).unwrap_or(u64::MAX)
}

/// Which colour of a pair gets no traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Idle {
    /// This one.
    One(Colour),
    /// Both, so that neither can be told from the other.
    Both,
    /// None: both get traffic.
    None,
    /// Nobody can tell; why, as a phrase.
    Unknown(String),
}

impl Traffic {
    /// Which colour gets no traffic.
    #[must_use]
    pub fn idle(&self) -> Idle {
        let shares = |colour| self.splits.iter().map(move |split| split.share(colour));
        if Colour::ALL.iter().any(|colour| shares(*colour).any(|share| share.is_none())) {
            return Idle::Unknown("a weight is no number".to_owned());
        }
        let is_fixed = |colour| self.fixed.iter().any(|one| one.colour == colour);
        let is_shared = |colour| shares(colour).flatten().any(|(part, _)| part > 0);
        let is_chosen = |colour| self.switches.iter().any(|one| one.leads == Leads::To(colour));
        let has_routes = !self.splits.is_empty() || !self.fixed.is_empty();
        let is_known = has_routes || Colour::ALL.into_iter().any(is_chosen);
        let used = Colour::ALL.map(|colour| {
            let is_used = match (has_routes, is_known) {
                (true, _) => is_shared(colour) || is_fixed(colour),
                (false, true) => is_chosen(colour),
                (false, false) => true,
            };
            is_used && !self.stopped.contains(&colour)
        });
        match used {
            [true, false] => Idle::One(Colour::Green),
            [false, true] => Idle::One(Colour::Blue),
            [false, false] => Idle::Both,
            [true, true] if is_known => Idle::None,
            [true, true] => Idle::Unknown(
                "no route in Git has both colours as backends, and no Service selects one of them"
                    .to_owned(),
            ),
        }
    }

    /// The share of a colour in percent, rounded, where every split says the same; by the selectors where there are no splits.
    #[must_use]
    pub fn percent(&self, colour: Colour) -> Option<u64> {
        let mut shares = self.splits.iter().map(|split| {
            let (part, sum) = split.share(colour)?;
            Some(percent(part, sum))
        });
        let Some(first) = shares.next() else {
            return match self.idle() {
                Idle::One(idle) if idle == colour => Some(0),
                Idle::One(_) => Some(100),
                _ => None,
            };
        };
        shares.all(|share| share == first).then_some(first).flatten()
    }
}
