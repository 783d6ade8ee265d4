//! `rotate status`: what runs where since when, and what comes next.

use crate::cli::args::Global;
use crate::cli::outputs::{Outputs, headed};
use crate::cli::{filter, outputs, past};
use crate::ops::failure::{Failure, Status};
use crate::ops::session::Access;
use crate::ops::status::{self, Request, Standings};
use crate::report::console::Console;
use crate::report::format::Format;
use crate::report::status as picture;
use crate::report::workflow::log;

/// Show which version runs where and since when, and what comes next
///
/// Start times are read from Git: the mainline commit since which all references of the family in
/// the environment have named the version without interruption.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show only what has a `max-age`, in the order in which it is due
    #[arg(long)]
    due: bool,

    #[command(flatten)]
    filter: filter::Args,

    #[command(flatten)]
    outputs: outputs::Args,

    #[command(flatten)]
    past: past::Args,
}

/// Reads the tree and its history, and prints how things stand.
///
/// # Errors
/// When the tree, its configuration or its history cannot be read.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let format = global.one_of(&outputs::FORMATS)?;
    let (session, _) = global.open(console, Access::Read)?;
    let request = Request {
        shown: args.filter.request(),
        by_due: args.due,
        mainline: args.past.mainline.clone(),
        now: args.past.now(),
    };
    let Standings { standings, mainline, repo } = status::run(&request, &session, console)?;
    let (now, unplaced) = (request.now, repo.environments.unplaced());
    match format {
        Format::JSON => {
            console.json(&picture::Status::new((&standings, &unplaced), Some(&mainline), now))?;
        }
        Format::MARKDOWN => console.result(&picture::markdown(&standings, &unplaced, now))?,
        Format::GITHUB => {
            console.result(&log(&picture::text(&standings, &unplaced, now, false)))?
        }
        _ => console.result(&picture::text(&standings, &unplaced, now, console.color_out))?,
    }
    let report = || picture::markdown(&standings, &unplaced, now);
    let summary = || headed("status", &report());
    args.outputs.leave(&session, format, || Ok(report()), summary, Outputs::default())?;
    // The process is about to exit; dropping a large tree node by node would only delay that.
    std::mem::forget(repo);
    Ok(Status::Done)
}
