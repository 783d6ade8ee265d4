//! `rotate bump`: move a family to another version in one environment.

use std::io::IsTerminal as _;

use chrono::{DateTime, Utc};

use crate::cli::Status;
use crate::cli::args::Global;
use crate::cli::failure::Failure;
use crate::cli::session::{Access, Session};
use crate::plan::contract::Bump;
use crate::plan::request::BumpRequest;
use crate::plan::{FileChange, Plan, batch};
use crate::repo::Repo;
use crate::report::console::Console;
use crate::report::message::Message;
use crate::report::plan as picture;
use crate::text::path::TreePath;

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

    /// Print the diff and write nothing
    #[arg(long)]
    dry_run: bool,

    /// Write nothing, and exit with 1 if something would change
    #[arg(long, conflicts_with = "dry_run")]
    check: bool,

    /// Make a commit of each family, by the git of the system, with its hooks and signing
    #[arg(long, conflicts_with_all = ["dry_run", "check"])]
    commit: bool,

    /// Also change files that have uncommitted changes
    #[arg(long)]
    allow_dirty: bool,

    /// Take TIME (RFC 3339) for the present time
    #[arg(long, value_name = "TIME")]
    at: Option<DateTime<Utc>>,
}

/// Plans the bump, proves it, and writes it or shows it.
///
/// # Errors
/// When the tree cannot be read, the bump is refused, or it cannot be written.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    global.is_json()?;
    let access = if args.dry_run || args.check { Access::Read } else { Access::Write };
    let session = Session::open(global, console, access)?;
    if args.commit {
        session.required_git()?;
    }
    let repo = session.repo()?;
    session.report_problems(&repo, console);
    let families = families(args, &repo, console)?;
    let now = args.at.unwrap_or_else(Utc::now);
    let requests: Vec<BumpRequest> = families
        .into_iter()
        .map(|family| BumpRequest {
            environment: args.environment.clone(),
            family,
            version: args.to_version.clone(),
            now,
        })
        .collect();
    let (plans, changes) = batch::plan_all(&repo, &requests).map_err(Failure::from_all)?;
    if access == Access::Write {
        session.refuse_ignored(&changes)?;
        session.refuse_uncommitted(&changes, args.allow_dirty)?;
        if args.commit {
            write_and_commit(&session, &plans, console)?;
        } else {
            session.write(&changes)?;
        }
    }
    show(args, global, console, &session, &plans, &changes)?;
    Ok(if args.check && !changes.is_empty() { Status::Findings } else { Status::Done })
}

/// Writes and commits one family after the other, so that each can be reverted alone.
fn write_and_commit(session: &Session, plans: &[Plan], console: &Console) -> Result<(), Failure> {
    let git = session.required_git()?;
    for plan in plans.iter().filter(|plan| !plan.is_empty()) {
        session.write(&plan.changes)?;
        let paths: Vec<TreePath> = plan.changes.iter().map(|change| change.path.clone()).collect();
        let commit = git.commit(&paths, &picture::commit_message(plan))?;
        console.talk(&format!("Committed {commit}."));
    }
    Ok(())
}

fn show(
    args: &Args,
    global: &Global,
    console: &Console,
    session: &Session,
    plans: &[Plan],
    changes: &[FileChange],
) -> Result<(), Failure> {
    let written = !args.dry_run && !args.check;
    if global.is_json()? {
        return Ok(console.json(&Bump::new(plans, written))?);
    }
    if args.dry_run {
        console.result(&picture::diff(changes, console.color_out))?;
    }
    for one in plans {
        console.talk(picture::summary(one, written, console.color_err).trim_end());
        if !one.next.is_empty() && !args.check {
            let when = if written { "" } else { ", once it is written" };
            let place = session.named().map_or(String::new(), |tree| format!(", in {tree}"));
            console.talk(&format!("\nNext{when}{place}:"));
            let no_commit = args.commit || !session.has_git();
            console.talk(&picture::next_steps(one, no_commit, console.color_err));
        }
    }
    Ok(())
}

/// The families that were named, all of them, the only one, or the one that a person chooses.
fn families(args: &Args, repo: &Repo, console: &Console) -> Result<Vec<String>, Failure> {
    if !args.families.is_empty() {
        let mut families = args.families.clone();
        families.dedup();
        return Ok(families);
    }
    let environment = repo.environment(&args.environment)?;
    let known: Vec<String> = repo.families_of(environment).into_keys().map(str::to_owned).collect();
    match known.as_slice() {
        [] => Err(nothing_versioned(args, repo, environment)),
        [_] => Ok(known),
        _ if args.all => Ok(known),
        _ if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() => {
            choose(&known, console)
        }
        [first, ..] => Err(several(&args.environment, first, &known)),
    }
}

fn nothing_versioned(args: &Args, repo: &Repo, environment: usize) -> Failure {
    let plain: Vec<&str> = repo.all_families_of(environment).into_keys().collect();
    let text = format!("`{}` has no versioned secret yet", args.environment);
    let help = if plain.is_empty() {
        "nothing there names a secret; `rotate refs` shows what is found".to_owned()
    } else {
        format!("name one to give it its first version: {}", plain.join(", "))
    };
    Failure::usage(Message::new(text).help(help))
}

fn several(environment: &str, first: &str, known: &[String]) -> Failure {
    let text = format!("`{environment}` has {} families: {}", known.len(), known.join(", "));
    let help = format!("name one: `rotate bump {environment} {first}`, or take `--all`");
    Failure::usage(Message::new(text).help(help))
}

fn choose(known: &[String], console: &Console) -> Result<Vec<String>, Failure> {
    for (index, family) in known.iter().enumerate() {
        console.complain(&format!("{:>3}  {family}", index + 1));
    }
    let answer = console.ask(&format!("Which family (1-{}, a name, or `all`)?", known.len()));
    let answer = answer.unwrap_or_default();
    if answer == "all" {
        return Ok(known.to_vec());
    }
    let by_number = answer.parse::<usize>().ok().and_then(|n| known.get(n.checked_sub(1)?));
    let chosen = by_number.or_else(|| known.iter().find(|family| **family == answer));
    chosen.map(|family| vec![family.clone()]).ok_or_else(|| {
        Failure::usage(Message::new(format!("`{answer}` is none of these families")))
    })
}
