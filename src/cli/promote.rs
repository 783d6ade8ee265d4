//! `rotate promote`: every bump that is due, in every environment that takes versions over.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::cli::args::{Format, Global};
use crate::cli::outcome::Outcome;
use crate::cli::outputs::{Outputs, headed};
use crate::cli::{leave, outputs, past, pulls, writing};
use crate::forge::marker::{Kind, Marker, Subject};
use crate::ops::change::{Background, Change};
use crate::ops::failure::{Failure, Status};
use crate::ops::leave::refuse_unread;
use crate::ops::message::Message;
use crate::ops::promotions::{Ask, Planned, Together, plan};
use crate::ops::proposing::{Gone, Proposed, Run, Scope};
use crate::ops::pull_requests::Action;
use crate::ops::pulls::{Target, program};
use crate::ops::session::Session;
use crate::ops::writing::{Work, Writing};
use crate::plan::batch::Batch;
use crate::plan::request::Line;
use crate::repo::Repo;
use crate::report::console::Console;
use crate::report::message;
use crate::report::promote::{Promote, Promotion, markdown, text, waits};
use crate::report::proposal::Proposal;
use crate::report::workflow::log;
use crate::text::nearest::nearest;
use crate::text::path::TreePath;
use crate::timeline::Timeline;
use crate::timeline::outlook::{Next, Standing, outlook};

/// Take every version that is due to the next environment
///
/// Due is what has run alone in the environment before for as long as its soak, is not held, comes
/// within the window, and leaves the rules without an error. What waits is listed with its reason.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only in this environment; none: in every one that takes versions over
    #[arg(value_name = "ENV")]
    environment: Option<String>,

    /// Only this family; can be given several times
    #[arg(long = "family", value_name = "FAMILY", value_delimiter = ',')]
    families: Vec<String>,

    #[command(flatten)]
    leave: leave::Args,

    #[command(flatten)]
    writing: writing::Args,

    #[command(flatten)]
    outputs: outputs::Args,

    #[command(flatten)]
    past: past::Args,

    #[command(flatten, next_help_heading = "Pull requests")]
    pulls: pulls::Args,
}

/// Plans what is due, proves it, and writes it, makes pull requests of it, or shows it.
///
/// # Errors
/// When the tree or its history cannot be read, or what was planned cannot be written.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let format = global.one_of(&outputs::FORMATS)?;
    let (session, writer) = global.open(console, args.pulls.access(&args.writing))?;
    let asked = args.pulls.request();
    let target = asked.as_ref().map(|asked| asked.target(&session, args.writing.dry_run));
    let target = target.transpose()?;
    let repo = target.as_ref().map_or_else(|| session.repo(), |target| target.repo(&session))?;
    session.report_problems(&repo, console);
    let now = args.past.now();
    let mainline = target.as_ref().map(Target::mainline).or_else(|| args.past.mainline.clone());
    let depth = outputs::tells(target.is_some(), &args.outputs, format);
    let timeline = session.timeline(&repo, mainline.as_deref(), (depth, now))?;
    let mut standings = outlook(&repo, Some(&timeline), now);
    if let Some(name) = &args.environment {
        repo.environment(name)?;
    }
    args.refuse_unknown(&standings)?;
    standings.retain(|one| args.has(&one.environment, &one.family));
    for standing in &standings {
        refuse_unread(&session, &repo, repo.environment(&standing.environment)?)?;
    }
    let prefix = session.prefix();
    let program = program(&session, target.as_ref());
    let repo = &repo;
    let leave = args.leave.named().lines(&session)?;
    let promote =
        Promoting { args, format, leave, repo, timeline, standings, prefix, program, now };
    let status = match &target {
        Some(target) => promote.propose(target, &session, console)?,
        None => promote.write((&session, args.writing.how(writer.as_ref())), console)?,
    };
    Ok(status)
}

impl Args {
    /// Whether it was asked for.
    fn has(&self, environment: &str, family: &str) -> bool {
        self.environment.as_deref().is_none_or(|one| one == environment)
            && (self.families.is_empty() || self.families.iter().any(|one| one == family))
    }
}

impl Args {
    /// Refuses a family that no environment has.
    fn refuse_unknown(&self, standings: &[Standing]) -> Result<(), Failure> {
        let known: BTreeSet<&str> = standings.iter().map(|one| one.family.as_str()).collect();
        let Some(family) = self.families.iter().find(|one| !known.contains(one.as_str())) else {
            return Ok(());
        };
        let text = format!("no environment has a versioned secret `{family}`");
        let help = nearest(family, known.iter().copied()).map_or_else(
            || "`rotate status` lists the families".to_owned(),
            |nearest| format!("did you mean `{nearest}`?"),
        );
        Err(Failure::usage(Message::new(text).help(help)))
    }
}

/// One run.
struct Promoting<'a> {
    args: &'a Args,
    format: Format,
    leave: Vec<Line>,
    repo: &'a Repo,
    timeline: Timeline,
    standings: Vec<Standing>,
    /// The tree's root below the repository's.
    prefix: TreePath,
    /// How the program is called for the tree.
    program: String,
    now: DateTime<Utc>,
}

impl Promoting<'_> {
    /// Writes what is due, or shows it.
    fn write(
        &self,
        (session, how): (&Session, Writing<'_>),
        console: &Console,
    ) -> Result<Status, Failure> {
        let Args { writing, outputs, .. } = self.args;
        let mut batch = Batch::new(self.repo);
        let planned = plan(&mut batch, &self.standings, self.ask(Together::OnTop));
        let Planned { due, waiting, failures, .. } = planned;
        let changes = batch.changes();
        let work: Vec<&Work> = due.iter().map(|one| &one.work).collect();
        let next = how.carry_out(session, &work, (&changes, batch.repo()), console)?;
        let report = || {
            let on = self.background();
            let proposals: Vec<_> = due.iter().map(|one| Proposal::of(one, on)).collect();
            markdown(&proposals, &waiting)
        };
        match self.format {
            Format::Json => {
                let promotions: Vec<Promotion<'_>> = work
                    .iter()
                    .map(|one| Promotion {
                        plan: &one.plan,
                        standing: self.standing(&one.plan.environment, &one.plan.family),
                    })
                    .collect();
                console.json(&Promote::new(&promotions, &waiting, &next, writing.writes()))?;
            }
            Format::Markdown => console.result(&report())?,
            Format::Github => console.result(&log(&report()))?,
            _ => {
                writing.show(&work, &changes, &next, console)?;
                console.talk(text(due.is_empty(), &waiting).trim_end());
            }
        }
        let left = Outputs { changed: !changes.is_empty(), ..Outputs::default() };
        outputs.leave(
            session,
            self.format,
            || Ok(report()),
            || headed("promote", &report()),
            left,
        )?;
        for (_, _, failure) in &failures {
            message::error(&failure.message, console);
        }
        let would = writing.check && !changes.is_empty();
        let worst = failures.iter().map(|(_, _, failure)| failure.status).max();
        Ok(worst.unwrap_or(if would { Status::Findings } else { Status::Done }))
    }

    /// Makes pull requests of what is due, and closes those whose reason is gone.
    fn propose(
        &self,
        target: &Target<'_>,
        session: &Session,
        console: &Console,
    ) -> Result<Status, Failure> {
        let mut batch = Batch::new(self.repo);
        let planned = plan(&mut batch, &self.standings, self.ask(Together::Apart));
        let Planned { due, waiting, late, failures } = planned;
        let on = self.background();
        let propose = |one: &Change, opens: bool| {
            let plan = &one.work.plan;
            let subject = target.subject(Kind::Promote, &plan.environment, &plan.family);
            one.proposed(subject, opens, Proposal::of(one, on).markdown())
        };
        let due = due.iter().map(|one| propose(one, true));
        let proposed: Vec<Proposed> =
            due.chain(late.iter().map(|one| propose(one, false))).collect();
        // What cannot be planned now says nothing about what is proposed of it.
        let fails = |environment: &str, family: &str| {
            failures.iter().any(|(at, of, _)| at == environment && of == family)
        };
        let scope = Scope {
            kind: Kind::Promote,
            has: &|at, family| self.args.has(at, family) && !fails(at, family),
            gone: &|marker| self.gone(marker),
        };
        let (done, failed) = Run::new(target, self.repo, console).carry_out(&proposed, &scope);
        let failures = failures.into_iter().map(|(_, _, failure)| failure);
        let failures: Vec<Failure> = failures.chain(failed).collect();
        let (more, format) = (waits(&waiting), self.format);
        let outcome =
            Outcome { command: "promote", done: &done, failures: &failures, more: &more, format };
        let status = outcome.tell(session, &self.args.outputs, console)?;
        let waits = text(false, &waiting);
        match self.format {
            Format::Json | Format::Markdown => {}
            Format::Github => console.result(&log(&waits))?,
            _ => console.talk(waits.trim_end()),
        }
        Ok(status)
    }

    /// Why a pull request is not wanted any more.
    fn gone(&self, marker: &Marker) -> Gone {
        let Subject { environment, family, .. } = &marker.subject;
        let closed = |why: String| Gone { action: Action::Closed, why };
        let Some(standing) = self.standing(environment, family) else {
            return closed(format!("nothing in {environment} names {family} any more"));
        };
        match &standing.next {
            _ if standing.running.only() == Some(marker.version.as_str()) => {
                closed(format!("{environment} runs {} already", marker.version))
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
            Next::Unclear { from } => closed(format!("{from} does not run one version alone")),
            Next::Ahead { from } => {
                closed(format!("{environment} runs a newer version than {from}"))
            }
        }
    }

    fn ask(&self, together: Together) -> Ask<'_> {
        let (program, leave) = (&self.program, &self.leave);
        Ask { together, program, now: self.now, leave, pins: &[], gates: None }
    }

    const fn background(&self) -> Background<'_> {
        Background { repo: self.repo, timeline: Some(&self.timeline), prefix: &self.prefix }
    }

    fn standing(&self, environment: &str, family: &str) -> Option<&Standing> {
        self.standings.iter().find(|one| one.environment == environment && one.family == family)
    }
}
