//! `rotate refs`: every effective reference and provider with its origin.

use crate::cli::args::Global;
use crate::cli::filter;
use crate::ops::failure::{Failure, Status};
use crate::ops::session::Access;
use crate::report::console::Console;
use crate::report::refs::Refs;

/// List every secret reference and provider, and where each is written
///
/// Values are those that the cluster would see: kustomize's patches, prefixes, generators and
/// replacements are applied. Each is shown with the file, line and column where it is written.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Treat each DIR as a build root; if omitted, all build roots in the tree are listed
    #[arg(value_name = "DIR")]
    directories: Vec<String>,

    /// Also list the identity of every object
    #[arg(long)]
    resources: bool,

    #[command(flatten)]
    filter: filter::Args,
}

/// Resolves the roots and prints what they hold.
///
/// # Errors
/// When the tree or its configuration cannot be read, or a directory is not in it.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let json = global.is_json()?;
    let (session, _) = global.open(console, Access::Read)?;
    let repo = session.roots(&args.directories)?;
    session.report_problems(&repo, console);
    let filter = args.filter.request().of(&repo)?;
    let refs = Refs::new(&repo, args.resources, &filter);
    if json {
        console.json(&refs)?;
    } else {
        console.result(&refs.text(console.color_out))?;
    }
    let failed = repo.roots.iter().any(|root| root.has_failed());
    // The process is about to exit; dropping a large tree node by node would only delay that.
    std::mem::forget(repo);
    Ok(if failed { Status::Trouble } else { Status::Done })
}
