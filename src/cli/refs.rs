//! `rotate refs`: every effective reference and provider with its origin.

use crate::cli::args::Global;
use crate::cli::{filter, helm};
use crate::ops::failure::{Failure, Status};
use crate::ops::session::Access;
use crate::repo::error::RepoError;
use crate::repo::root::Root;
use crate::report::console::Console;
use crate::report::refs::{Refs, Wanted};

/// List every secret reference and provider, and where each is written
///
/// Values are those that the cluster would see: kustomize's patches, prefixes, generators and
/// replacements are applied, and what Flux and Argo CD lay over them. Each is shown with the file,
/// line and column where it is written. A directory that several builders build is shown once for each.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Treat each DIR as a build root and build it as kubectl does; if omitted, all build roots in
    /// the tree are listed, each as its builders build it
    #[arg(value_name = "DIR")]
    directories: Vec<String>,

    /// Show each DIR as Flux and Argo CD build it
    #[arg(long, requires = "directories")]
    as_built: bool,

    /// Also list the identity of every object
    #[arg(long)]
    resources: bool,

    #[command(flatten)]
    filter: filter::Args,

    #[command(flatten)]
    helm: helm::Args,
}

/// Resolves the roots and prints what they hold.
///
/// # Errors
/// When the tree or its configuration cannot be read, or a directory is not in it.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let json = global.is_json()?;
    let (session, _) = global.open_with(console, Access::Read, args.helm.machine())?;
    let by_builder = args.as_built || args.directories.is_empty();
    let repo = if by_builder { session.repo()? } else { session.roots(&args.directories)? };
    session.report_problems(&repo, console);
    let shown = args.filter.request().of(&repo)?;
    let directories = session.tree_paths(&args.directories)?;
    if let Some(path) = directories.iter().find(|path| repo.root_at(path).is_none()) {
        return Err(RepoError::NoDirectory { path: path.clone() }.into());
    }
    let is_wanted = |root: &Root| directories.is_empty() || directories.contains(&root.path);
    let elsewhere = directories.is_empty();
    let wanted = Wanted { by_builder, elsewhere, resources: args.resources, shown: &shown };
    let refs = Refs::new(&repo, wanted, is_wanted);
    if json {
        console.json(&refs)?;
    } else {
        console.result(&refs.text(console.color_out))?;
    }
    let failed = repo.roots.iter().any(|root| is_wanted(root) && root.has_failed());
    // The process is about to exit; dropping a large tree node by node would only delay that.
    std::mem::forget(repo);
    Ok(if failed { Status::Trouble } else { Status::Done })
}
