//! `rotate bump`: move a family to another version in one environment.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::cli::args::{Format, Global, time};
use crate::cli::chosen::families;
use crate::cli::outcome::Outcome;
use crate::cli::outputs::{Outputs, headed};
use crate::cli::{gates, leave, outputs, pulls, writing};
use crate::forge::marker::Kind;
use crate::ops::change::{Background, Change};
use crate::ops::failure::{Failure, Status};
use crate::ops::gates::Gates;
use crate::ops::later;
use crate::ops::leave::{refuse_unclear, refuse_unread, refuse_unused};
use crate::ops::promotions::Waiting;
use crate::ops::promotions::{self, Ask, Together};
use crate::ops::proposing::{Gone, Run, Scope};
use crate::ops::pull_requests::Action;
use crate::ops::pulls::{Target, program};
use crate::ops::session::Session;
use crate::ops::writing::{Work, Writing, settings as settings_of};
use crate::plan::batch::Batch;
use crate::plan::commit::Remark;
use crate::plan::remaining::remaining;
use crate::plan::request::{BumpRequest, Line};
use crate::plan::{FileChange, Plan, hold};
use crate::repo::Repo;
use crate::report::bump::Bump;
use crate::report::console::Console;
use crate::report::promote::{WaitingView, text};
use crate::report::proposal::{Proposal, markdown};
use crate::report::workflow::log;
use crate::text::path::TreePath;
use crate::timeline::outlook::outlook;
use crate::timeline::walk::Depth;

/// Move secret references to another version in one environment
///
/// In the first versioned environment a version is minted: its name is the present time. Later
/// environments take over the version that all of the environment before runs. References are edited
/// where they stand, or through a guarded patch where their file is shared with another environment;
/// a stub for the new version is made beside the old one, which stays.
///
/// Values never enter Git: afterwards the command that puts the value into the store is printed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The environment
    #[arg(value_name = "ENV")]
    environment: String,

    /// The families; one may be left out where the environment has only one
    #[arg(value_name = "FAMILY", conflicts_with = "all")]
    families: Vec<String>,

    /// Move every family of the environment
    #[arg(long)]
    all: bool,

    /// Move to version V (YYYYMMDDHHMMSS, UTC) instead of minting one
    #[arg(long = "version", value_name = "V")]
    to_version: Option<String>,

    /// The version that the store assigned to the new value; can be given several times
    ///
    /// A number of Vault or Google Secret Manager, an id of Azure Key Vault, or `uuid/ID` of AWS Secrets Manager. KEY is the
    /// store's key, for stubs that read several; FAMILY is for several families.
    #[arg(long = "pin", value_name = "[FAMILY/][KEY=]VALUE")]
    pins: Vec<String>,

    #[command(flatten)]
    leave: leave::Args,

    #[command(flatten)]
    writing: writing::Args,

    #[command(flatten)]
    outputs: outputs::Args,

    #[command(flatten)]
    gates: gates::Args,

    /// Take the hold on the family out of rotate.yaml
    #[arg(long)]
    lift_hold: bool,

    /// Take TIME (RFC 3339) for the present time
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<DateTime<Utc>>,

    #[command(flatten, next_help_heading = "Pull requests")]
    pulls: pulls::Args,
}

/// Plans the bump, proves it, and writes it, makes pull requests of it, or shows it.
///
/// # Errors
/// When the tree cannot be read, the bump is refused, a gate is shut, or it cannot be written.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let format = global.one_of(&outputs::FORMATS)?;
    let (session, writer) = global.open(console, args.pulls.access(&args.writing))?;
    if args.writing.commit {
        session.required_git()?;
    }
    let asked = args.pulls.request();
    let target = asked.as_ref().map(|asked| asked.target(&session, args.writing.dry_run));
    let target = target.transpose()?;
    let repo = target.as_ref().map_or_else(|| session.repo(), |target| target.repo(&session))?;
    session.report_problems(&repo, console);
    let environment = repo.environments[repo.environment(&args.environment)?].name.clone();
    let asked = (args.environment.as_str(), args.families.as_slice(), args.all);
    let families = families(asked, &repo, console)?;
    let now = args.at.unwrap_or_else(Utc::now);
    let mainline = target.as_ref().map(Target::mainline).or_else(|| args.gates.mainline.clone());
    let tells = outputs::tells(target.is_some(), &args.outputs, format);
    let overrides = args.gates.overrides();
    let gates = Gates::open(&overrides, &session, &repo, (mainline.as_deref(), tells), now)?;
    let tells = tells == Depth::Everything;
    let program = program(&session, target.as_ref());
    let leave = args.leave.named().lines(&session)?;
    refuse_unread(&session, &repo, repo.environment(&environment)?)?;
    refuse_unclear(&args.pins, &families)?;
    let bump = Bumping { args, environment, leave, format, gates: &gates, tells, program, now };
    match &target {
        Some(target) => bump.propose(&repo, &families, target, &session, console),
        None => {
            bump.write(&repo, &families, (&session, args.writing.how(writer.as_ref())), console)
        }
    }
}

/// One run.
struct Bumping<'a> {
    args: &'a Args,
    /// The environment's own name, whatever word for it was typed.
    environment: String,
    leave: Vec<Line>,
    format: Format,
    gates: &'a Gates<'a>,
    /// Whether a reviewer is told of it.
    tells: bool,
    /// How the program is called for the tree.
    program: String,
    now: DateTime<Utc>,
}

impl Bumping<'_> {
    /// One plan a family, each on the tree that the ones before would leave.
    fn write(
        &self,
        repo: &Repo,
        families: &[String],
        (session, how): (&Session, Writing<'_>),
        console: &Console,
    ) -> Result<Status, Failure> {
        let Args { writing, outputs, .. } = self.args;
        let mut batch = Batch::new(repo);
        let (mut done, waiting) = if self.takes_what_is_due(repo)? {
            self.due(&mut batch)?
        } else {
            (self.each(&mut batch, families)?, Vec::new())
        };
        self.look_ahead(repo, batch.repo(), &mut done)?;
        let changes = batch.changes();
        let work: Vec<&Work> = done.iter().map(|one| &one.work).collect();
        let plans: Vec<&Plan> = work.iter().map(|one| &one.plan).collect();
        refuse_unused(&self.leave, &self.args.pins, &plans)?;
        let next = how.carry_out(session, &work, (&changes, batch.repo()), console)?;
        let prefix = session.prefix();
        let on = self.background(repo, &prefix);
        let report = || markdown(&done.iter().map(|one| Proposal::of(one, on)).collect::<Vec<_>>());
        match self.format {
            Format::Json => {
                let settings = settings_of(&work, &changes);
                let bump = Bump::new(&plans, &settings, &next, writing.writes());
                console.json(&Bump {
                    waiting: waiting.iter().map(WaitingView::new).collect(),
                    ..bump
                })?;
            }
            Format::Markdown => console.result(&report())?,
            Format::Github => console.result(&log(&report()))?,
            _ => {
                writing.show(&work, &changes, &next, console)?;
                let waits = text(work.is_empty(), &waiting);
                if !waits.is_empty() {
                    console.talk(waits.trim_end());
                }
            }
        }
        let left = Outputs { changed: !changes.is_empty(), ..Outputs::default() };
        outputs.leave(session, self.format, || Ok(report()), || headed("bump", &report()), left)?;
        let would = writing.check && !changes.is_empty();
        let refused = changes.is_empty() && !waiting.is_empty();
        Ok(if would || refused { Status::Findings } else { Status::Done })
    }

    /// Whether it does what `promote` does in the environment: all was asked for, and nothing by name.
    fn takes_what_is_due(&self, repo: &Repo) -> Result<bool, Failure> {
        let Args { all, lift_hold, to_version, .. } = self.args;
        let first = repo.is_first(repo.environment(&self.environment)?);
        Ok(*all && !first && !lift_hold && to_version.is_none())
    }

    /// What is due, planned, and what waits.
    fn due(&self, batch: &mut Batch<'_>) -> Result<(Vec<Change>, Vec<Waiting>), Failure> {
        let mut standings = outlook(batch.repo(), self.gates.timeline(), self.now);
        standings.retain(|one| one.environment == self.environment);
        let gates = Some(self.gates);
        let ask = Ask {
            together: Together::OnTop,
            program: &self.program,
            now: self.now,
            leave: &self.leave,
            pins: &self.args.pins,
            gates,
        };
        let mut planned = promotions::plan(batch, &standings, ask);
        let failures = planned.failures.into_iter().map(|(_, _, failure)| failure).collect();
        if let Some(failure) = Failure::first_of(failures) {
            return Err(failure);
        }
        planned.due.iter_mut().for_each(|one| one.work.verb = "Bump");
        Ok((planned.due, planned.waiting))
    }

    /// One plan a family, whose gates must all be open.
    fn each(&self, batch: &mut Batch<'_>, families: &[String]) -> Result<Vec<Change>, Failure> {
        let (mut done, mut failures) = (Vec::new(), Vec::new());
        for family in families {
            match self.one(batch, &self.request(family, None)) {
                Ok(one) => {
                    batch.take(&one.work.plan.changes);
                    batch.take(&one.work.settings);
                    done.push(one);
                }
                Err(failure) => failures.push(failure),
            }
        }
        Failure::first_of(failures).map_or(Ok(done), Err)
    }

    /// Adds to the plans what will keep the next environment back.
    fn look_ahead(&self, before: &Repo, after: &Repo, done: &mut [Change]) -> Result<(), Failure> {
        let plans: Vec<&Plan> = done.iter().map(|one| &one.work.plan).collect();
        let mut later = later::notes(before, after, &plans, (&self.program, self.now))?;
        for plan in done.iter_mut().map(|one| &mut one.work.plan) {
            plan.notes.extend(later.notes.remove(&plan.family).unwrap_or_default());
            if let Some((next, command)) = later.commands.remove(&plan.family) {
                plan.give_pins(&next, command);
            }
        }
        Ok(())
    }

    /// A pull request for each family.
    fn propose(
        &self,
        repo: &Repo,
        families: &[String],
        target: &Target<'_>,
        session: &Session,
        console: &Console,
    ) -> Result<Status, Failure> {
        let environment = &self.environment;
        let prefix = session.prefix();
        let (mut proposed, mut planned, mut failures) = (Vec::new(), BTreeSet::new(), Vec::new());
        for family in families {
            // What is proposed already keeps its version: another one is minted when that is merged or closed.
            let subject = target.subject(Kind::Bump, environment, family);
            let open = target.marker(&subject).map(|marker| marker.version.clone());
            let index = repo.environment(environment)?;
            let runs = repo.running_of(index, family).versions.pop_last();
            let open = open.filter(|open| runs.is_none_or(|runs| runs < *open));
            match self.proposable(repo, &self.request(family, open)) {
                Ok(one) => {
                    planned.insert(family.as_str());
                    if !one.work.plan.is_empty() {
                        let on = self.background(repo, &prefix);
                        let body = Proposal::of(&one, on).markdown();
                        proposed.push(one.proposed(subject, true, body));
                    }
                }
                Err(failure) => failures.push(failure),
            }
        }
        let scope = Scope {
            kind: Kind::Bump,
            // What cannot be planned now says nothing about what is proposed of it.
            has: &|at, family| at == environment && planned.contains(family),
            gone: &|marker| Gone {
                action: Action::Closed,
                why: format!("{environment} needs no {} any more", marker.version),
            },
        };
        let (done, failed) = Run::new(target, repo, console).carry_out(&proposed, &scope);
        failures.extend(failed);
        let format = self.format;
        Outcome { command: "bump", done: &done, failures: &failures, more: "", format }.tell(
            session,
            &self.args.outputs,
            console,
        )
    }

    /// A plan alone, with what its reviewer should know of the next environment.
    fn proposable(&self, repo: &Repo, request: &BumpRequest) -> Result<Change, Failure> {
        let mut batch = Batch::new(repo);
        let mut one = self.one(&batch, request)?;
        batch.take(&one.work.plan.changes);
        self.look_ahead(repo, batch.repo(), std::slice::from_mut(&mut one))?;
        Ok(one)
    }

    fn request(&self, family: &str, version: Option<String>) -> BumpRequest {
        BumpRequest {
            environment: self.environment.clone(),
            family: family.to_owned(),
            version: self.args.to_version.clone().or(version),
            pins: self.args.pins.clone(),
            leave: self.leave.clone(),
            back: None,
            program: self.program.clone(),
            now: self.now,
        }
    }

    fn one(&self, batch: &Batch<'_>, request: &BumpRequest) -> Result<Change, Failure> {
        let (environment, family) = (&request.environment, &request.family);
        let (before, lifts) = (batch.repo(), self.args.lift_hold);
        // What cannot be planned at all is told before what keeps it from being done now.
        let plan = batch.preview(request)?;
        let version = request.version.as_deref();
        let mut remarks =
            self.gates.pass(before, environment, family, version, (lifts, !self.args.all))?;
        let lifted = if lifts { hold::lift(before, environment, family)? } else { None };
        let settings: Vec<FileChange> = lifted.into_iter().collect();
        // A hold that is lifted is judged as lifted.
        let all: Vec<FileChange> = plan.changes.iter().chain(&settings).cloned().collect();
        let after = batch.after(&all);
        if let Some(after) = &after {
            remarks.extend(self.gates.pass_lint(before, after, environment, family)?);
        }
        if !settings.is_empty() {
            let text = "lifted".to_owned();
            remarks.push(Remark { trailer: "Rotate-Hold", text });
        }
        let after = after.as_ref().unwrap_or(before);
        let gates = if self.tells { self.gates.all(before, after, &plan)? } else { Vec::new() };
        let index = before.environment(environment)?;
        Ok(Change {
            from: before.before(index, family).map(|from| from.environment.name.clone()),
            remaining: if self.tells { remaining(after, &plan) } else { Vec::new() },
            work: Work { plan, settings, remarks, verb: "Bump" },
            gates,
        })
    }

    const fn background<'b>(&'b self, repo: &'b Repo, prefix: &'b TreePath) -> Background<'b> {
        Background { repo, timeline: self.gates.timeline(), prefix }
    }
}
