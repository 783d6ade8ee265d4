//! What runs where since when, and what comes next.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::ops::events::Events;
use crate::ops::failure::Failure;
use crate::ops::leave::refuse_unlisted;
use crate::ops::promotions;
use crate::ops::session::Session;
use crate::ops::shown;
use crate::repo::Repo;
use crate::repo::environment::Environment;
use crate::timeline::age::Age;
use crate::timeline::outlook::{Standing, outlook};
use crate::timeline::walk::Depth;

/// The request.
pub struct Request {
    /// The part to show.
    pub shown: shown::Request,
    /// Whether only what has a `max-age` is shown, in the order in which it is due.
    pub by_due: bool,
    /// The branch whose history is read; `None` for the default branch.
    pub mainline: Option<String>,
    /// The current time.
    pub now: DateTime<Utc>,
}

/// The result.
pub struct Standings {
    /// Every family in every environment that names it: by family, then in promotion order, or as it is due.
    pub standings: Vec<Standing>,
    /// The branch whose history counted.
    pub mainline: String,
    /// The tree that was read.
    pub repo: Repo,
}

/// Reads the tree and its history.
///
/// # Errors
/// When the tree, its configuration or its history cannot be read.
pub fn run(
    request: &Request,
    session: &Session,
    events: &dyn Events,
) -> Result<Standings, Failure> {
    let now = request.now;
    let depth = |repo: &Repo| {
        let standings = outlook(repo, None, now).into_iter();
        // What is unknown is refused after the history was read.
        let shown = request.shown.of(repo).unwrap_or_default();
        let standings = standings.filter(|one| shown.has(&one.subject));
        Depth::Asked(standings.flat_map(|one| one.questions(repo, now)).collect())
    };
    let (repo, timeline) =
        session.repo_and_timeline(request.mainline.as_deref(), (depth, now), events)?;
    refuse_unlisted(session, &repo)?;
    let shown = request.shown.of(&repo)?;
    let mut standings = outlook(&repo, Some(&timeline), now);
    standings.retain(|one| shown.has(&one.subject));
    if request.by_due {
        standings.retain(|one| one.age.is_some());
        // What is not known is last; a stable sort keeps the rest in order.
        let due = |one: &Standing| one.age.as_ref().and_then(Age::due);
        standings.sort_by_key(|one| (due(one).is_none(), due(one)));
    }
    promotions::judge(&repo, &mut standings, &session.program(), now)?;
    let shares = |one: &Environment| (one.name.clone(), repo.sharings(one.id));
    let sharings: BTreeMap<String, _> = repo.environments.iter().map(shares).collect();
    for one in &mut standings {
        let all = sharings.get(&one.subject.environment).into_iter().flatten();
        let own = all.filter(|sharing| sharing.families.contains(&*one.subject.family));
        one.sharings = own.cloned().collect();
    }
    Ok(Standings { standings, mainline: timeline.mainline, repo })
}
