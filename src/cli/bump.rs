//! `rotate bump`: move a family to another version in one environment.

use chrono::{DateTime, Utc};

use crate::cli::args::{Global, family, time};
use crate::cli::outcome::{Changes, Pulls};
use crate::cli::{choose, from_store, gates, leave, monitors, outputs, pulls, writing};
use crate::ops::bump::{self, Request};
use crate::ops::failure::{Failure, Status};
use crate::ops::outcome::{Changed, Outcome};
use crate::ops::rotation::settings;
use crate::ops::session::Session;
use crate::repo::subject::Family;
use crate::report::bump::{Bump, StoredView};
use crate::report::console::Console;
use crate::report::format::Format;
use crate::report::promote::{WaitingView, text};
use crate::report::proposal::{Proposal, markdown};

/// Move secret references to another version in one environment
///
/// In the first versioned environment, a new version is created from the current time. Later
/// environments move to the version that the whole previous environment runs. References are edited
/// in place, or with a guarded patch if their file is shared with another environment;
/// a stub for the new version is added next to the old one, which is kept.
///
/// Values never enter Git; the command that puts the value into the store is printed at the end.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The environment
    #[arg(value_name = "ENV")]
    environment: String,

    /// The families; optional if the environment has only one
    #[arg(value_name = "FAMILY", value_parser = family, conflicts_with = "all")]
    families: Vec<String>,

    /// Move every family of the environment
    #[arg(long)]
    all: bool,

    /// Move to version V (YYYYMMDDHHMMSS, UTC) instead of creating a new one
    #[arg(long = "version", value_name = "V")]
    to_version: Option<String>,

    /// The version that the store assigned to the new value; can be given several times
    ///
    /// A number in Vault or Google Secret Manager, an ID in Azure Key Vault, or `uuid/ID` in AWS Secrets Manager. KEY
    /// is the store's key, needed if a stub reads several; FAMILY is needed if you bump several families.
    #[arg(long = "pin", value_name = "[FAMILY/][KEY=]VALUE")]
    pins: Vec<String>,

    #[command(flatten)]
    from_store: from_store::Args,

    #[command(flatten)]
    leave: leave::Args,

    #[command(flatten)]
    monitors: monitors::Args,

    #[command(flatten)]
    writing: writing::Args,

    #[command(flatten)]
    outputs: outputs::Args,

    #[command(flatten)]
    gates: gates::Args,

    /// Remove the family's hold from rotate.yaml
    #[arg(long)]
    lift_hold: bool,

    /// Use TIME (RFC 3339) as the current time
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<DateTime<Utc>>,

    #[command(flatten, next_help_heading = "Pull requests")]
    pulls: pulls::Args,
}

/// Plans the bump, proves it, and writes it, opens pull requests, or shows it.
///
/// # Errors
/// When the tree cannot be read, the bump is refused, a gate is closed, or the change cannot be written.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let format = global.one_of(&outputs::FORMATS)?;
    let ask = |known: &[Family]| choose::choose(known, console);
    args.pulls.with_context(&args.writing, (global, console), |context| {
        let request = Request {
            watch: args.monitors.watch(context.session)?,
            choose: if choose::is_interactive() { Some(&ask) } else { None },
            ..args.request(format)
        };
        match bump::run(&request, context)? {
            Outcome::Changed(changed) => show(args, &changed, context.session, format, console),
            Outcome::Proposed(proposals) => {
                let pulls = Pulls { command: "bump", proposals: &proposals, format };
                pulls.print(context.session, &args.outputs, console)
            }
        }
    })
}

impl Args {
    /// The request, with nobody to ask.
    fn request(&self, format: Format) -> Request<'_> {
        Request {
            environment: self.environment.clone(),
            families: self.families.iter().cloned().map(Family::from).collect(),
            all: self.all,
            version: self.to_version.clone(),
            pins: self.pins.clone(),
            from_store: self.from_store.request(),
            leave: self.leave.named(),
            watch: None,
            overrides: self.gates.overrides(),
            lift_hold: self.lift_hold,
            mainline: self.gates.mainline.clone(),
            needs_everything: self.outputs.describes(self.pulls.pull_request, format),
            now: self.at.unwrap_or_else(Utc::now),
            choose: None,
        }
    }
}

fn show(
    args: &Args,
    changed: &Changed,
    session: &Session,
    format: Format,
    console: &Console,
) -> Result<Status, Failure> {
    let Args { writing, outputs, .. } = args;
    let Changed { rotations, waiting, files, next, stored, .. } = changed;
    let on = changed.background();
    let report =
        || markdown(&rotations.iter().map(|one| Proposal::of(one, on)).collect::<Vec<_>>());
    let changes =
        Changes { command: "bump", is_change: !files.is_empty(), report: &report, format };
    let json = || {
        let settings = settings(rotations, files);
        let bump = Bump::new(&changed.plans(), &settings, next, writing.writes());
        let waiting = waiting.iter().map(WaitingView::new).collect();
        let from_store = stored.iter().map(StoredView::from).collect();
        console.json(&Bump { waiting, from_store, ..bump })
    };
    let talk = || {
        writing.show(rotations, files, next, console)?;
        // Where a store has nothing new, that was said.
        let is_idle = rotations.is_empty() && stored.is_empty();
        let waits = text(is_idle, waiting);
        if !waits.is_empty() {
            console.talk(waits.trim_end());
        }
        Ok(())
    };
    changes.print(session, outputs, console, json, talk)?;
    let would = writing.check && !files.is_empty();
    let refused = files.is_empty() && !waiting.is_empty();
    Ok(if would || refused { Status::Findings } else { Status::Done })
}
