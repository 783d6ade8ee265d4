//! `rotate checklist`: what a rotation takes, with what is proved already ticked.

use crate::cli::args::Global;
use crate::cli::{from_store, live, past, subject};
use crate::ops::checklist::{Checked, Request, run as list};
use crate::ops::failure::{Failure, Status};
use crate::ops::gathering::Asks;
use crate::ops::session::Access;
use crate::report::checklist::{self as picture, ChecklistView};
use crate::report::console::Console;
use crate::report::format::Format;

/// What it prints.
pub(super) const FORMATS: [Format; 3] = [Format::TEXT, Format::JSON, Format::MARKDOWN];

/// List what a rotation takes up to an environment, with what is proved already ticked
///
/// The list goes from the first value in the store to the removal of the old version. A line is
/// ticked only where the tree or its Git history proves it; each other line has the command that
/// does it or proves it, or says until when it waits. A pull request carries the same list.
///
/// With `--from-store`, a line about a value is ticked if the store lists it. With `--live` or
/// `--context`, what runs in the cluster of ENV counts as well: as in `rotate verify`, the line
/// about its pods is ticked if every pod has moved.
#[derive(Debug, clap::Args)]
#[command(mut_args(live::with_input))]
#[command(mut_arg("environment", |one| one.help("The environment up to which the list goes")))]
#[command(after_help = "\
Examples:
  rotate checklist production auth-api-secrets
  rotate checklist production auth-api-secrets --format markdown
  rotate checklist production auth-api-secrets --from-store aws
  rotate checklist production auth-api-secrets --context prod-eu")]
pub struct Args {
    #[command(flatten)]
    subject: subject::Args,

    /// The version; defaults to the newest one in the environments up to ENV
    #[arg(long, value_name = "V")]
    version: Option<String>,

    /// Tick the values that a store lists; can be given several times
    ///
    /// FILE is what the store's command line printed as JSON, `-` is standard input. KEY is the store's key, needed if the
    /// stubs read several. `aws`, `az`, `bao`, `gcloud` and `vault` run that program for every key of such a store; a file
    /// of that name is given as `./aws`. Values in a listing are not read.
    #[arg(long = "from-store", value_name = "[KEY=]FILE")]
    from_store: Vec<String>,

    #[command(flatten)]
    live: live::Args,

    #[command(flatten)]
    past: past::Args,
}

/// Reads the tree and its history, and prints the list.
///
/// # Errors
/// When the tree, its configuration or its history cannot be read, or has no such environment, family or version.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let format = global.one_of(&FORMATS)?;
    let (session, _) = global.open(console, Access::Read)?;
    let opened = args.live.open(&session)?;
    let sources = |asks: &Asks| opened.gives(asks);
    let request = Request {
        environment: args.subject.environment.clone(),
        family: args.subject.family(),
        version: args.version.clone(),
        from_store: from_store::listings(&args.from_store),
        live: args.live.asked(&sources),
        mainline: args.past.mainline.clone(),
        now: args.past.now(),
    };
    let Checked { list, mainline, repo } = list(&request, &session, console)?;
    match format {
        Format::JSON => {
            console.json(&ChecklistView::new(&list, mainline.as_deref(), request.now))?;
        }
        Format::MARKDOWN => console.result(&picture::markdown(&list))?,
        _ => console.result(&picture::text(&list, console.color_out))?,
    }
    // The process is about to exit; dropping a large tree node by node would only delay that.
    std::mem::forget(repo);
    Ok(Status::Done)
}
