//! The flags of commands that look into history: its branch, and the present time.

use chrono::{DateTime, Utc};

use crate::cli::args::time;

/// The flags of commands that look into history.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Read the history of BRANCH; the default is the default branch of the remote, or what is checked out
    #[arg(long, value_name = "BRANCH")]
    pub mainline: Option<String>,

    /// Take TIME (RFC 3339) for the present time
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<DateTime<Utc>>,
}

impl Args {
    /// The time that counts as the present.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.at.unwrap_or_else(Utc::now)
    }
}
