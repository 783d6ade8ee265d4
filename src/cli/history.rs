//! `rotate history`: which version of a family ran where, from when to when.

use crate::cli::args::{Global, family};
use crate::cli::past;
use crate::ops::failure::{Failure, Status};
use crate::ops::history::{self, Past, Request};
use crate::ops::session::Access;
use crate::repo::subject::Family;
use crate::report::console::Console;
use crate::report::format::Format;
use crate::report::history::{self as picture, Story};

/// What it prints.
pub(super) const FORMATS: [Format; 4] =
    [Format::TEXT, Format::JSON, Format::MARKDOWN, Format::MERMAID];

/// Show which versions of a family ran in each environment, with dates and commits
///
/// A period starts with the mainline commit that made the family's references in the environment
/// name a version, and ends with the commit that made them name something else.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The family
    #[arg(value_name = "FAMILY", value_parser = family)]
    family: String,

    /// Show only environment ENV
    #[arg(long, value_name = "ENV")]
    environment: Option<String>,

    #[command(flatten)]
    past: past::Args,
}

/// Reads the whole history of the mainline, and prints the part of a family.
///
/// # Errors
/// When the tree, its configuration or its history cannot be read, or nothing ever named the family.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let format = global.one_of(&FORMATS)?;
    let (session, _) = global.open(console, Access::Read)?;
    let request = Request {
        family: Family::from(args.family.as_str()),
        environment: args.environment.clone(),
        mainline: args.past.mainline.clone(),
        now: args.past.now(),
    };
    let Past { timeline, environments, repo } = history::run(&request, &session, console)?;
    let (family, timeline, now) = (&request.family, &timeline, request.now);
    let story = Story { family, timeline, environments, now, newest: None };
    match format {
        Format::JSON => console.json(&picture::History::new(&story))?,
        Format::MARKDOWN => console.result(&picture::markdown(&story))?,
        Format::MERMAID => console.result(&picture::mermaid(&story))?,
        _ => console.result(&picture::text(&story, console.color_out))?,
    }
    // The process is about to exit; dropping a large tree node by node would only delay that.
    std::mem::forget(repo);
    Ok(Status::Done)
}
