//! `rotate promote`: every bump that is due, in every environment that takes versions over.

use crate::cli::args::{Global, family};
use crate::cli::outcome::{Changes, Pulls};
use crate::cli::{leave, monitors, outputs, past, pulls, writing};
use crate::ops::failure::{Failure, Status};
use crate::ops::outcome::{Changed, Outcome};
use crate::ops::promote::{self, Promoted, Request};
use crate::ops::proposals::Proposals;
use crate::ops::session::Session;
use crate::repo::subject::Family;
use crate::report::console::Console;
use crate::report::format::Format;
use crate::report::message;
use crate::report::promote::{Promote, Promotion, markdown, text};
use crate::report::proposal::Proposal;
use crate::report::workflow::log;
use crate::timeline::outlook::Standing;

/// Promote all due versions to the next environment
///
/// A version is due if it has run alone in the previous environment for the soak time, is not held, is
/// within the change window, and causes no lint errors. Versions that must wait are listed with the reason.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Promote only to this environment; if omitted, to every later environment
    #[arg(value_name = "ENV")]
    environment: Option<String>,

    /// Promote only this family; can be given several times
    #[arg(long = "family", value_name = "FAMILY", value_parser = family, value_delimiter = ',')]
    families: Vec<String>,

    #[command(flatten)]
    leave: leave::Args,

    #[command(flatten)]
    monitors: monitors::Args,

    #[command(flatten)]
    writing: writing::Args,

    #[command(flatten)]
    outputs: outputs::Args,

    #[command(flatten)]
    past: past::Args,

    #[command(flatten, next_help_heading = "Pull requests")]
    pulls: pulls::Args,
}

/// Plans what is due, proves it, and writes it, opens pull requests, or shows it.
///
/// # Errors
/// When the tree or its history cannot be read, or what was planned cannot be written.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let format = global.one_of(&outputs::FORMATS)?;
    args.pulls.with_context(&args.writing, (global, console), |context| {
        let watch = args.monitors.watch(context.session)?;
        let request = Request { watch, ..args.request(format) };
        let Promoted { outcome, standings } = promote::run(&request, context)?;
        let at = (context.session, format);
        match outcome {
            Outcome::Changed(changed) => show(args, &changed, &standings, at, console),
            Outcome::Proposed(proposals) => show_proposed(args, &proposals, at, console),
        }
    })
}

impl Args {
    fn request(&self, format: Format) -> Request {
        Request {
            environment: self.environment.clone(),
            families: self.families.iter().cloned().map(Family::from).collect(),
            leave: self.leave.named(),
            watch: None,
            mainline: self.past.mainline.clone(),
            needs_everything: self.outputs.describes(self.pulls.pull_request, format),
            now: self.past.now(),
        }
    }
}

fn show(
    args: &Args,
    changed: &Changed,
    standings: &[Standing],
    (session, format): (&Session, Format),
    console: &Console,
) -> Result<Status, Failure> {
    let Args { writing, outputs, .. } = args;
    let Changed { rotations, waiting, failures, files, next, .. } = changed;
    let on = changed.background();
    let report = || {
        let proposals: Vec<_> = rotations.iter().map(|one| Proposal::of(one, on)).collect();
        markdown(&proposals, waiting)
    };
    let changes =
        Changes { command: "promote", is_change: !files.is_empty(), report: &report, format };
    let json = || {
        let promotions = rotations.iter().map(|one| Promotion {
            plan: &one.plan,
            standing: standings.iter().find(|standing| standing.subject == one.plan.subject),
        });
        let promotions: Vec<Promotion<'_>> = promotions.collect();
        console.json(&Promote::new(&promotions, waiting, next, writing.writes()))
    };
    let talk = || {
        writing.show(rotations, files, next, console)?;
        console.talk(text(rotations.is_empty(), waiting).trim_end());
        Ok(())
    };
    changes.print(session, outputs, console, json, talk)?;
    for failure in failures {
        message::error(&failure.message, console);
    }
    let would = writing.check && !files.is_empty();
    let worst = failures.iter().map(|failure| failure.status).max();
    Ok(worst.unwrap_or(if would { Status::Findings } else { Status::Done }))
}

fn show_proposed(
    args: &Args,
    proposals: &Proposals,
    (session, format): (&Session, Format),
    console: &Console,
) -> Result<Status, Failure> {
    let pulls = Pulls { command: "promote", proposals, format };
    let status = pulls.print(session, &args.outputs, console)?;
    let waits = text(false, &proposals.waiting);
    match format {
        Format::JSON | Format::MARKDOWN => {}
        Format::GITHUB => console.result(&log(&waits))?,
        _ => console.talk(waits.trim_end()),
    }
    Ok(status)
}
