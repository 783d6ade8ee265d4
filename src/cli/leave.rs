//! The flag that leaves places unchanged.

use crate::ops::leave::Leave;

/// The flag of every command that moves a family.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Keep the old name on this line; can be given several times
    #[arg(long = "leave", value_name = "FILE:LINE")]
    leave: Vec<String>,
}

impl Args {
    /// What is named to stay.
    pub(super) fn named(&self) -> Leave {
        Leave(self.leave.clone())
    }
}
