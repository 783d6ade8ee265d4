//! The flag by which the listings of stores choose versions.

use std::io::{self, Read as _};

use crate::ops::from_store::Request;

/// The flag of commands that read listings of stores.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Take the version, or the pin, from what the store lists
    ///
    /// FILE is what the store's command line printed as JSON, `-` is standard input. KEY is the store's key, needed if the
    /// stubs read several. `aws`, `az`, `bao`, `gcloud` and `vault` run that program for every key of such a store; a file
    /// of that name is given as `./aws`. Values in a listing are not read.
    ///
    /// The newest version that Git has never named in the environment is chosen. If there is none, nothing changes and
    /// the exit status is 0.
    #[arg(long = "from-store", value_name = "[KEY=]FILE", conflicts_with_all = ["all", "to_version"])]
    from_store: Vec<String>,
}

impl Args {
    /// What is to be read.
    pub(super) fn request(&self) -> Request {
        listings(&self.from_store)
    }
}

/// What is to be read of these files.
pub(super) fn listings(from: &[String]) -> Request {
    Request { from: from.to_vec(), stdin }
}

/// Reads standard input, at most one byte more than so many.
fn stdin(most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(most as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
