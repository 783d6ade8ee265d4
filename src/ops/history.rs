//! Which version of a family ran where, from when to when.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::ops::events::Events;
use crate::ops::failure::Failure;
use crate::ops::message::Message;
use crate::ops::session::Session;
use crate::repo::Repo;
use crate::repo::subject::Family;
use crate::text::nearest::nearest;
use crate::timeline::Timeline;
use crate::timeline::walk::Depth;

/// The request.
pub struct Request {
    /// The family.
    pub family: Family,
    /// The environment; `None` for all.
    pub environment: Option<String>,
    /// The branch whose history is read; `None` for the default branch.
    pub mainline: Option<String>,
    /// The current time.
    pub now: DateTime<Utc>,
}

/// The result.
pub struct Past {
    /// The mainline's history.
    pub timeline: Timeline,
    /// The environments that ever referenced the family: in promotion order, then those that no longer exist.
    pub environments: Vec<String>,
    /// The tree that was read.
    pub repo: Repo,
}

/// Reads the whole history of the mainline.
///
/// # Errors
/// When the tree, its configuration or its history cannot be read, or nothing ever named the family.
pub fn run(request: &Request, session: &Session, events: &dyn Events) -> Result<Past, Failure> {
    let depth = (|_: &Repo| Depth::Everything, request.now);
    let (repo, timeline) = session.repo_and_timeline(request.mainline.as_deref(), depth, events)?;
    let environments = environments(&repo, &timeline, request)?;
    Ok(Past { timeline, environments, repo })
}

/// The environments that ever referenced the family: in promotion order, then those that no longer exist.
fn environments(
    repo: &Repo,
    timeline: &Timeline,
    request: &Request,
) -> Result<Vec<String>, Failure> {
    let named: BTreeSet<&str> = timeline
        .eras
        .keys()
        .filter(|subject| subject.family == request.family)
        .map(|subject| subject.environment.as_str())
        .collect();
    if named.is_empty() {
        return Err(unknown(timeline, &request.family));
    }
    let mut all: Vec<String> = repo.environments.iter().map(|one| one.name.clone()).collect();
    let gone = named.iter().filter(|name| !all.iter().any(|known| known == *name));
    let gone: Vec<String> = gone.map(|name| (*name).to_owned()).collect();
    all.extend(gone);
    all.retain(|name| named.contains(name.as_str()));
    let Some(asked) = &request.environment else { return Ok(all) };
    let wanted = if named.contains(asked.as_str()) {
        asked.clone()
    } else {
        repo.environments[repo.environment(asked)?].name.clone()
    };
    if !named.contains(wanted.as_str()) {
        let text = format!("nothing in {wanted} ever named `{}`", request.family);
        let help = format!("it was named in {}", all.join(", "));
        return Err(Failure::usage(Message::new(text).help(help)));
    }
    Ok(vec![wanted])
}

fn unknown(timeline: &Timeline, family: &str) -> Failure {
    let known: BTreeSet<&str> = timeline.eras.keys().map(|one| one.family.as_str()).collect();
    let text = format!("nothing on {} ever named a secret `{family}`", timeline.mainline);
    let help = match nearest(family, known.iter().copied()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None if known.is_empty() => "no environment ever named a secret".to_owned(),
        None => "`rotate status` lists the families".to_owned(),
    };
    Failure::usage(Message::new(text).help(help))
}
