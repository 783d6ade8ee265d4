//! The flags of commands that gates may refuse.

use clap::ValueEnum;

use crate::ops::gates::Overrides;
use crate::timeline::gate::GateKind;

/// The flags of commands that gates may refuse.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Read the history of BRANCH; defaults to the remote's default branch, or else the checked-out one
    #[arg(long, value_name = "BRANCH")]
    pub mainline: Option<String>,

    /// Proceed even though GATE is closed
    #[arg(long = "override", value_enum, value_name = "GATE", requires = "reason")]
    overrides: Vec<Word>,

    /// The reason, recorded in the commit message
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// A gate that may be overridden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Word {
    /// The version has run long enough in the previous environment
    Soak,
    /// The environment is not held at a version
    Hold,
    /// The change window is open
    Window,
    /// Lint finds no error that affects the family or is introduced by the change
    Lint,
    /// The monitors of the family are quiet
    Monitors,
}

impl Word {
    const fn kind(self) -> GateKind {
        match self {
            Self::Soak => GateKind::Soak,
            Self::Hold => GateKind::Hold,
            Self::Window => GateKind::Window,
            Self::Lint => GateKind::Lint,
            Self::Monitors => GateKind::Monitors,
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
