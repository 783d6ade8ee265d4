//! `rotate evidence`: what changed in a period, by whom, after which soak, with which gates overridden.

use chrono::{DateTime, Utc};

use crate::cli::args::{Global, day};
use crate::cli::{filter, past};
use crate::ops::evidence::{self, Request};
use crate::ops::failure::{Failure, Status};
use crate::ops::message::Message;
use crate::ops::session::Access;
use crate::report::console::Console;
use crate::report::evidence::{self as picture, EvidenceView};
use crate::report::format::Format;

/// What it prints.
pub(super) const FORMATS: [Format; 3] = [Format::TEXT, Format::JSON, Format::MARKDOWN];

/// List each change of a version in a period: commit, author, signature, soak and overridden gates
///
/// Everything is read from Git: the mainline's history, the notes in its commit messages and the
/// holds that rotate.yaml has had. The numbers come first: rotations, rollbacks, overridden gates,
/// and how old versions had become when newer ones replaced them.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Begin with DATE: a day (2025-07-23, in UTC) or a time (RFC 3339)
    #[arg(long, value_name = "DATE", value_parser = day)]
    since: Option<DateTime<Utc>>,

    /// End with DATE: all of a day, or a time
    #[arg(long, value_name = "DATE", value_parser = last_of_day)]
    until: Option<DateTime<Utc>>,

    #[command(flatten)]
    filter: filter::Args,

    #[command(flatten)]
    past: past::Args,
}

/// The last second of a day, or a time as it is.
fn last_of_day(text: &str) -> Result<DateTime<Utc>, String> {
    let time = day(text)?;
    let is_day = !text.contains(['T', 't', ' ']);
    Ok(if is_day {
        time + chrono::TimeDelta::days(1) - chrono::TimeDelta::seconds(1)
    } else {
        time
    })
}

/// Reads the whole history of the mainline, and prints the changes of a period.
///
/// # Errors
/// When the tree, its configuration or its history cannot be read, or the period ends before it begins.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let format = global.one_of(&FORMATS)?;
    let now = args.past.now();
    let until = args.until.unwrap_or(now);
    if args.since.is_some_and(|since| since > until) {
        let help = "give an earlier date to `--since`, or a later one to `--until`";
        return Err(Failure::usage(Message::new("the period ends before it begins").help(help)));
    }
    let (session, _) = global.open(console, Access::Read)?;
    let request = Request {
        shown: args.filter.request(),
        since: args.since,
        until: args.until,
        mainline: args.past.mainline.clone(),
        now,
    };
    let evidence = evidence::run(&request, &session, console)?;
    match format {
        Format::JSON => console.json(&EvidenceView::new(&evidence))?,
        Format::MARKDOWN => console.result(&picture::markdown(&evidence))?,
        _ => console.result(&picture::text(&evidence, console.color_out))?,
    }
    // The process is about to exit; dropping a large tree node by node would only delay that.
    std::mem::forget(evidence);
    Ok(Status::Done)
}
