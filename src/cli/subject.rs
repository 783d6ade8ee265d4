//! The arguments of commands about one family in one environment.

use crate::cli::args::family;
use crate::repo::subject::Family;

/// The arguments of commands about one family in one environment.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Args {
    /// The environment
    #[arg(value_name = "ENV", index = 1)]
    pub environment: String,

    /// The family
    #[arg(value_name = "FAMILY", index = 2, value_parser = family)]
    family: String,
}

impl Args {
    /// The family.
    #[must_use]
    pub fn family(&self) -> Family {
        Family::from(self.family.as_str())
    }
}
