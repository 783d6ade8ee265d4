//! `rotate history`: which version of a family ran where, from when to when.

use std::collections::BTreeSet;

use crate::cli::args::{Format, Global};
use crate::cli::past;
use crate::cli::past::Opened;
use crate::ops::failure::{Failure, Status};
use crate::ops::message::Message;
use crate::ops::session::Access;
use crate::repo::Repo;
use crate::report::console::Console;
use crate::report::history::{self as picture, Story};
use crate::text::nearest::nearest;
use crate::timeline::Timeline;
use crate::timeline::walk::Depth;

/// What it prints.
pub(super) const FORMATS: [Format; 4] =
    [Format::Text, Format::Json, Format::Markdown, Format::Mermaid];

/// Show which version of a family ran where, from when to when, by which commit
///
/// A time begins with the commit of the mainline with which the references of the family in the
/// environment named what they name, and ends with the commit that made them name something else.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The family
    #[arg(value_name = "FAMILY")]
    family: String,

    /// Show environment ENV alone
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
    let opened = args.past.open(global, console, Access::Read)?;
    let timeline = args.past.timeline(&opened, Depth::Everything)?;
    let Opened { repo, now, .. } = opened;
    let environments = environments(&repo, &timeline, args)?;
    let story =
        Story { family: &args.family, timeline: &timeline, environments, now, newest: None };
    match format {
        Format::Json => console.json(&picture::History::new(&story))?,
        Format::Markdown => console.result(&picture::markdown(&story))?,
        Format::Mermaid => console.result(&picture::mermaid(&story))?,
        _ => console.result(&picture::text(&story, console.color_out))?,
    }
    std::mem::forget(repo);
    Ok(Status::Done)
}

/// The environments that ever named the family, in promotion order, those that are gone last.
fn environments(repo: &Repo, timeline: &Timeline, args: &Args) -> Result<Vec<String>, Failure> {
    let named: BTreeSet<&str> = timeline
        .lives
        .keys()
        .filter(|key| key.family == args.family)
        .map(|key| key.environment.as_str())
        .collect();
    if named.is_empty() {
        return Err(unknown(timeline, &args.family));
    }
    let mut all: Vec<String> = repo.environments.iter().map(|one| one.name.clone()).collect();
    let gone = named.iter().filter(|name| !all.iter().any(|known| known == *name));
    let gone: Vec<String> = gone.map(|name| (*name).to_owned()).collect();
    all.extend(gone);
    all.retain(|name| named.contains(name.as_str()));
    let Some(asked) = &args.environment else { return Ok(all) };
    let wanted = if named.contains(asked.as_str()) {
        asked.clone()
    } else {
        repo.environments[repo.environment(asked)?].name.clone()
    };
    if !named.contains(wanted.as_str()) {
        let text = format!("nothing in {wanted} ever named `{}`", args.family);
        let help = format!("it was named in {}", all.join(", "));
        return Err(Failure::usage(Message::new(text).help(help)));
    }
    Ok(vec![wanted])
}

fn unknown(timeline: &Timeline, family: &str) -> Failure {
    let known: BTreeSet<&str> = timeline.lives.keys().map(|key| key.family.as_str()).collect();
    let text = format!("nothing on {} ever named a secret `{family}`", timeline.mainline);
    let help = match nearest(family, known.iter().copied()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None if known.is_empty() => "no environment ever named a secret".to_owned(),
        None => "`rotate status` lists the families".to_owned(),
    };
    Failure::usage(Message::new(text).help(help))
}
