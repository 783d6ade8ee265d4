//! The flags of commands that gates may refuse.

use clap::ValueEnum;

use crate::ops::gates::Overrides;
use crate::timeline::gate::GateKind;

/// The flags of commands that gates may refuse.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Read the history of BRANCH; the default is the default branch of the remote, or what is checked out
    #[arg(long, value_name = "BRANCH")]
    pub mainline: Option<String>,

    /// Go on although GATE is shut
    #[arg(long = "override", value_enum, value_name = "GATE", requires = "reason")]
    overrides: Vec<Word>,

    /// Why; it goes into the commit's message
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// A gate that may be overridden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Word {
    /// The version has run in the environment before for long enough
    Soak,
    /// No hold keeps the environment where it is
    Hold,
    /// It is one of the hours for changes
    Window,
    /// The rules find no error that concerns the family or comes with the change
    Lint,
}

impl Word {
    const fn kind(self) -> GateKind {
        match self {
            Self::Soak => GateKind::Soak,
            Self::Hold => GateKind::Hold,
            Self::Window => GateKind::Window,
            Self::Lint => GateKind::Lint,
        }
    }
}

impl Args {
    /// What is overridden, and why.
    pub(super) fn overrides(&self) -> Overrides {
        let gates = self.overrides.iter().map(|word| word.kind()).collect();
        Overrides { gates, reason: self.reason.clone() }
    }
}
