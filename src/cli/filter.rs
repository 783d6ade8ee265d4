//! The flags that name a part of a repository: some environments, some families.

use crate::cli::args::family;
use crate::ops::shown::Request;
use crate::repo::subject::Family;

/// The flags of commands that show a part.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Show only this family; can be given several times
    #[arg(long = "family", value_name = "FAMILY", value_parser = family, value_delimiter = ',')]
    families: Vec<String>,

    /// Show only this environment; can be given several times
    #[arg(long = "environment", value_name = "ENV", value_delimiter = ',')]
    environments: Vec<String>,
}

impl Args {
    /// The request.
    pub(super) fn request(&self) -> Request {
        Request {
            environments: self.environments.clone(),
            families: self.families.iter().cloned().map(Family::from).collect(),
        }
    }
}
