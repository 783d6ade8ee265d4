//! `rotate status`: what runs where since when, and what comes next.

use crate::cli::args::{Format, Global};
use crate::cli::outputs::{Outputs, headed};
use crate::cli::past::Opened;
use crate::cli::{filter, outputs, past};
use crate::ops::failure::{Failure, Status};
use crate::ops::promotions;
use crate::ops::session::Access;
use crate::report::console::Console;
use crate::report::status as picture;
use crate::report::workflow::log;
use crate::timeline::outlook::outlook;
use crate::timeline::walk::Depth;

/// Show which version runs where since when, and what comes next
///
/// Since when is read from Git: the commit of the mainline with which all references of the family in
/// the environment named the version, unbroken until now.
#[derive(Debug, clap::Args)]
pub struct Args {
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
    let opened = args.past.open(global, console, Access::Read)?;
    let timeline = args.past.timeline(&opened, Depth::Since)?;
    let Opened { session, repo, now, .. } = opened;
    let shown = args.filter.of(&repo)?;
    let mut standings = outlook(&repo, Some(&timeline), now);
    standings.retain(|one| {
        shown.has_environment(Some(&one.environment)) && shown.has_family(&one.family)
    });
    promotions::judge(&repo, &mut standings, &session.program(), now)?;
    match format {
        Format::Json => {
            console.json(&picture::Status::new(&standings, Some(&timeline.mainline), now))?;
        }
        Format::Markdown => console.result(&picture::markdown(&standings, now))?,
        Format::Github => console.result(&log(&picture::text(&standings, now, false)))?,
        _ => console.result(&picture::text(&standings, now, console.color_out))?,
    }
    let report = || picture::markdown(&standings, now);
    let summary = || headed("status", &report());
    args.outputs.leave(&session, format, || Ok(report()), summary, Outputs::default())?;
    std::mem::forget(repo);
    Ok(Status::Done)
}
