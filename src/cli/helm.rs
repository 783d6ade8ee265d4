//! The flag by which charts are rendered.

use crate::cli::context::path;
use crate::ops::render::Machine;

/// The flag of commands that can have charts rendered.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Render charts that are in the tree with the `helm` on the path, to find every reference in them
    ///
    /// `helm template` runs offline and with an empty home, without plugins and post-renderers, on copies of the charts.
    /// Histories and gates are read without it.
    #[arg(long)]
    helm: bool,
}

/// The variables without which programs do not start.
const NEEDED: [&str; 6] = ["PATH", "LANG", "TZ", "TMPDIR", "SystemRoot", "TEMP"];

impl Args {
    /// Where `helm` is, if it is asked for.
    #[allow(clippy::disallowed_methods)] // the command line is where the environment is read
    pub(super) fn machine(&self) -> Option<Machine> {
        let variable = |name: &str| Some((name.to_owned(), std::env::var_os(name)?));
        self.helm.then(|| Machine {
            path: path(),
            variables: NEEDED.into_iter().filter_map(variable).collect(),
            temporary: std::env::temp_dir(),
        })
    }
}
