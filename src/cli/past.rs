//! The flags of commands that look into history: its branch, and the present time.

use chrono::{DateTime, Utc};

use crate::cli::args::time;

/// The flags of commands that look into history.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Read the history of BRANCH; defaults to the remote's default branch, or else the checked-out one
    #[arg(long, value_name = "BRANCH")]
    pub mainline: Option<String>,

    /// Use TIME (RFC 3339) as the current time
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<DateTime<Utc>>,
}

impl Args {
    /// The current time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.at.unwrap_or_else(Utc::now)
    }
}
