//! The flags by which a cluster is asked, by the user's own `kubectl`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;

use crate::cli::live::INPUT;
use crate::ops::asking::Clusters;
use crate::ops::failure::Failure;

/// The flags of commands that can ask a cluster.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Ask the cluster of CONTEXT with the `kubectl` on the path; can be given several times
    ///
    /// `kubectl get` is run for each kind that the environment uses and the cluster has, in the namespaces of the
    /// environment. It is never run for Secrets, unless `--secrets` is given. What may not be read is listed. Where the
    /// environment runs the same workloads in several clusters, CLUSTER=CONTEXT names the cluster of each.
    #[arg(long, value_name = "CONTEXT", group = INPUT, value_parser = NonEmptyStringValueParser::new())]
    pub(super) context: Vec<String>,

    /// Also check that each Secret is there and immutable; kubectl itself then receives the values of all Secrets in the namespaces
    ///
    /// kubectl is asked for the columns namespace, name and immutable, and for those it fetches whole objects, with their
    /// values. It prints only the columns. It is run for one namespace at a time, never for all of the cluster.
    #[arg(long, requires = "context")]
    secrets: bool,
}

impl Args {
    /// The clusters to ask; `None` if there are none.
    ///
    /// # Errors
    /// When there is no `kubectl`.
    pub(super) fn clusters(&self) -> Result<Option<Clusters>, Failure> {
        if self.context.is_empty() {
            return Ok(None);
        }
        Clusters::new(path(), &self.context, self.secrets).map(Some)
    }
}

/// The directories of programs.
#[allow(clippy::disallowed_methods)] // the command line is where the environment is read
pub(super) fn path() -> Vec<PathBuf> {
    let path: OsString = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).collect()
}
