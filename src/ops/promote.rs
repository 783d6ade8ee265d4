//! Every version that is due, taken to the next environment.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::forge::marker::{Kind, Marker};
use crate::ops::change::{Change, Described};
use crate::ops::failure::Failure;
use crate::ops::leave::{Leave, refuse_unlisted, refuse_unread};
use crate::ops::message::Message;
use crate::ops::outcome::{Changed, Context, Outcome};
use crate::ops::promotions::{Ask, Planned, Together, plan};
use crate::ops::proposals::{ProposalBuilder, Proposals};
use crate::ops::proposing::{Gone, Scope};
use crate::ops::pull_requests::Action;
use crate::ops::pulls::{Target, program};
use crate::ops::rotation::Background;
use crate::ops::watching::Watch;
use crate::plan::batch::Batch;
use crate::plan::request::Line;
use crate::plan::{FileChange, NextStep};
use crate::repo::Repo;
use crate::repo::subject::{Family, Subject};
use crate::text::nearest::nearest;
use crate::text::shell::command;
use crate::timeline::outlook::{Next, Standing, outlook};
use crate::timeline::walk::Depth;

/// The request.
pub struct Request {
    /// Promote only to this environment; if omitted, to every environment that takes over versions.
    pub environment: Option<String>,
    /// Only these families; if empty, all.
    pub families: Vec<Family>,
    /// What may be left unchanged.
    pub leave: Leave,
    /// What monitors say; `None` if they are not asked.
    pub watch: Option<Watch>,
    /// The branch whose history is read; `None` for the default branch.
    pub mainline: Option<String>,
    /// Whether the output is for a reviewer and needs the whole history.
    pub needs_everything: bool,
    /// The current time.
    pub now: DateTime<Utc>,
}

/// The result, and the state of the families before it.
pub struct Promoted {
    /// The result.
    pub outcome: Outcome<Changed>,
    /// The state of the families before the command ran.
    pub standings: Vec<Standing>,
}

/// Plans what is due, proves it, and writes it or opens pull requests.
///
/// # Errors
/// When the tree or its history cannot be read, or what was planned cannot be written.
pub fn run(request: &Request, context: &Context<'_>) -> Result<Promoted, Failure> {
    let Context { session, target, .. } = *context;
    let repo = context.repo()?;
    let mainline = target.map(Target::mainline).or_else(|| request.mainline.clone());
    let at = (request.depth(&repo), request.now);
    let timeline = session.timeline(&repo, mainline.as_deref(), at)?;
    refuse_unlisted(session, &repo)?;
    let mut standings = outlook(&repo, Some(&timeline), request.now);
    if let Some(name) = &request.environment {
        repo.environment(name)?;
    }
    request.refuse_unknown(&repo, &standings)?;
    standings.retain(|one| request.has(&one.subject));
    if let Some(watch) = &request.watch {
        watch.check(&repo)?;
        watch.add_to(&repo, &mut standings);
    }
    for standing in &standings {
        refuse_unread(session, &repo, repo.environment(&standing.subject.environment)?)?;
    }
    let (prefix, program) = (session.prefix(), program(session, target));
    let (leave, now) = (request.leave.lines(session)?, request.now);
    let (on, standings_of) =
        (Background { repo: &repo, timeline: Some(&timeline), now, prefix: &prefix }, &standings);
    let promote = Promote { request, context, leave, on, standings: standings_of, program };
    if let Some(target) = target {
        let outcome = Outcome::Proposed(promote.propose(target));
        return Ok(Promoted { outcome, standings });
    }
    let (planned, files, next) = promote.write()?;
    let Planned { due: rotations, waiting, failures, .. } = planned;
    let failures = failures.into_iter().map(|(_, failure)| failure).collect();
    let timeline = Some(timeline);
    let changed = Changed::new(repo, (prefix, now), rotations, (files, next));
    let changed = Changed { timeline, waiting, failures, ..changed };
    Ok(Promoted { outcome: Outcome::Changed(changed), standings })
}

impl Request {
    /// How far back the history is read: what comes next is all that is asked.
    fn depth(&self, repo: &Repo) -> Depth {
        if self.needs_everything {
            return Depth::Everything;
        }
        let standings = outlook(repo, None, self.now).into_iter();
        let takes =
            standings.filter(|one| self.has(&one.subject) && matches!(one.next, Next::Take { .. }));
        Depth::Asked(takes.flat_map(|one| one.questions(repo, self.now)).collect())
    }

    /// Whether the request includes this family in this environment.
    fn has(&self, subject: &Subject) -> bool {
        self.environment.as_ref().is_none_or(|one| *one == subject.environment)
            && (self.families.is_empty() || self.families.contains(&subject.family))
    }

    /// Refuses a family that no environment has with a version.
    fn refuse_unknown(&self, repo: &Repo, standings: &[Standing]) -> Result<(), Failure> {
        let known: BTreeSet<&str> =
            standings.iter().map(|one| one.subject.family.as_str()).collect();
        let Some(family) = self.families.iter().find(|one| !known.contains(one.as_str())) else {
            return Ok(());
        };
        let text = format!("no environment has a versioned secret `{family}`");
        let first = repo.environments.iter().find(|one| {
            one.versioned && repo.all_families_of(one.id).contains_key(family.as_str())
        });
        let help = if let Some(first) = first {
            let bump = command("rotate bump", &[&first.name, family], "");
            format!("`{bump}` gives it its first version")
        } else {
            let near = nearest(family, known).or_else(|| nearest(family, repo.families.iter()));
            near.map_or_else(
                || "`rotate status` lists the families".to_owned(),
                |near| format!("did you mean `{near}`?"),
            )
        };
        Err(Failure::usage(Message::new(text).help(help)))
    }
}

/// One run.
struct Promote<'a> {
    request: &'a Request,
    context: &'a Context<'a>,
    leave: Vec<Line>,
    on: Background<'a>,
    standings: &'a [Standing],
    /// How `rotate bump` is called for the tree.
    program: String,
}

/// What was planned, every file of it, and what is left to a person.
type Written = (Planned, Vec<FileChange>, Vec<NextStep>);

impl Promote<'_> {
    /// Writes what is due.
    fn write(&self) -> Result<Written, Failure> {
        let Context { session, writing, events, .. } = *self.context;
        let mut batch = Batch::new(self.on.repo);
        let planned = plan(&mut batch, self.standings, self.ask(Together::OnTop));
        let files = batch.changes();
        let changes: Vec<Change> = planned.due.iter().map(Change::from).collect();
        let next = writing.carry_out(session, &changes, (&files, batch.repo()), events)?;
        Ok((planned, files, next))
    }

    /// Makes pull requests of what is due, and closes those whose reason is gone.
    fn propose(&self, target: &Target<'_>) -> Proposals {
        let mut batch = Batch::new(self.on.repo);
        let planned = plan(&mut batch, self.standings, self.ask(Together::Apart));
        let Planned { due, waiting, late, failures } = planned;
        let mut proposals = ProposalBuilder::new(self.context, target, Kind::Promote);
        let due = due.iter().map(|one| (one, true));
        for (one, opens) in due.chain(late.iter().map(|one| (one, false))) {
            let key = proposals.key(&one.plan.subject);
            proposals.add(key, Described::Rotation(one, self.on), opens);
        }
        let (failed, failures): (BTreeSet<Subject>, Vec<Failure>) = failures.into_iter().unzip();
        let scope = Scope {
            // A plan that fails now says nothing about a pull request that is already open.
            has: &|subject| self.request.has(subject) && !failed.contains(subject),
            gone: &|marker| self.gone(marker),
        };
        proposals.carry_out(self.on.repo, &scope, (waiting, failures))
    }

    /// Why a pull request is no longer wanted.
    fn gone(&self, marker: &Marker) -> Gone {
        let subject = Subject::from(&marker.key);
        let Subject { environment, family } = &subject;
        let closed = |why: String| Gone { action: Action::Closed, why };
        let Some(standing) = self.standing(&subject) else {
            return closed(format!("nothing in {environment} names {family} any more"));
        };
        match &standing.next {
            _ if standing.running.only() == Some(marker.version.as_str()) => {
                closed(format!("{environment} already runs {}", marker.version))
            }
            Next::Take { version, from, gates } => {
                let shut = gates.iter().find(|gate| !gate.is_open);
                let why = shut.map_or_else(String::new, |gate| format!("; {}", gate.text));
                if *version == marker.version {
                    return closed(format!("{version} waits again{why}"));
                }
                Gone { action: Action::Superseded, why: format!("{from} runs {version} now{why}") }
            }
            Next::Nothing => closed(format!("there is nothing for {environment} to take")),
            Next::Unclear { from, .. } => closed(format!("{from} does not run a single version")),
            Next::Ahead { from } => {
                closed(format!("{environment} runs a newer version than {from}"))
            }
        }
    }

    fn ask(&self, together: Together) -> Ask<'_> {
        let (program, leave) = (&self.program, &self.leave);
        let (now, is_watched) = (self.request.now, self.request.watch.is_some());
        Ask { together, program, now, leave, pins: &[], gates: None, is_watched }
    }

    fn standing(&self, subject: &Subject) -> Option<&Standing> {
        self.standings.iter().find(|one| one.subject == *subject)
    }
}
