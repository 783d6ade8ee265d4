//! `rotate prune`: remove the stubs that nothing needs any more.

use crate::cli::args::{Format, Global};
use crate::cli::outcome::Pulls;
use crate::cli::outputs::{Outputs, headed};
use crate::cli::{outputs, past, pulls, writing};
use crate::ops::failure::{Failure, Status};
use crate::ops::outcome::Outcome;
use crate::ops::proposals::Proposals;
use crate::ops::prune::{self, Removals, Request};
use crate::ops::session::Session;
use crate::repo::subject::Family;
use crate::report::console::Console;
use crate::report::prune::{Pruned, markdown_of, summary};
use crate::report::workflow::log;

/// Remove the stubs that nothing references and whose retention is over
///
/// How long a version has been unreferenced is read from Git. It is kept for the environment's
/// retention from that point on or, if a CronJob references the family, for twice the longest time
/// between two of its runs. The current version is kept, and so are newer ones, the previous one,
/// the one that a hold names, and any that text in the repository mentions. Every stub that is kept is
/// listed with its reason.
///
/// When the stub is gone, the operator deletes the Secret. The commands that remove the version
/// from the store are printed at the end.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The environment
    #[arg(value_name = "ENV")]
    environment: String,

    /// The families; if omitted, all families in the environment
    #[arg(value_name = "FAMILY")]
    families: Vec<String>,

    /// Also keep versions that BRANCH references; can be given several times
    #[arg(long, value_name = "BRANCH")]
    also_branch: Vec<String>,

    /// Also remove versions that scripts, documents or other text still mention
    #[arg(long)]
    ignore_text: bool,

    #[command(flatten)]
    writing: writing::Args,

    #[command(flatten)]
    outputs: outputs::Args,

    #[command(flatten)]
    past: past::Args,

    #[command(flatten, next_help_heading = "Pull requests")]
    pulls: pulls::Args,
}

/// Plans the removals, proves them, and writes them, opens pull requests, or shows them.
///
/// # Errors
/// When the tree or its history cannot be read, something forbids the removal, or it cannot be written.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let format = global.one_of(&outputs::FORMATS)?;
    let (session, writer) = global.open(console, args.pulls.access(&args.writing))?;
    let asked = args.pulls.request();
    let target = asked.as_ref().map(|asked| asked.target(&session, args.writing.dry_run));
    let target = target.transpose()?;
    let opened = (&session, writer.as_ref());
    let context = args.writing.context(opened, target.as_ref(), console);
    let request = Request {
        environment: args.environment.clone(),
        families: args.families.iter().cloned().map(Family::from).collect(),
        also_branches: args.also_branch.clone(),
        ignore_text: args.ignore_text,
        mainline: args.past.mainline.clone(),
        now: args.past.now(),
    };
    match prune::run(&request, &context)? {
        Outcome::Changed(removals) => show(args, &removals, &session, format, console),
        Outcome::Proposed(Proposals { pulls, failures, .. }) => {
            let pulls =
                Pulls { command: "prune", done: &pulls, failures: &failures, more: "", format };
            pulls.print(&session, &args.outputs, console)
        }
    }
}

fn show(
    args: &Args,
    removals: &Removals,
    session: &Session,
    format: Format,
    console: &Console,
) -> Result<Status, Failure> {
    let Removals { plans, files, next, mainline } = removals;
    let written = args.writing.writes();
    let report = || markdown_of(plans);
    match format {
        Format::Json => {
            console.json(&Pruned::new(&args.environment, mainline, plans, next, written))?;
        }
        Format::Markdown => console.result(&report())?,
        Format::Github => console.result(&log(&report()))?,
        _ => {
            args.writing.show_diff(files, console)?;
            for one in plans {
                console.talk(summary(one, written, console.color_err).trim_end());
            }
            args.writing.show_next(next, console);
            if plans.is_empty() {
                console.talk(&format!("{} has no versioned secret", args.environment));
            }
        }
    }
    let left = Outputs { changed: !files.is_empty(), ..Outputs::default() };
    args.outputs.leave(session, format, || Ok(report()), || headed("prune", &report()), left)?;
    let would = args.writing.check && !files.is_empty();
    Ok(if would { Status::Findings } else { Status::Done })
}
