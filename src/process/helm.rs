//! Running `helm template`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::process::Program;
use crate::process::bounded::{Limits, Stopped};

/// How long one chart may take, and how much it may become.
const LIMITS: Limits = Limits { time: Duration::from_secs(60), output: 64 << 20 };

/// The directories that Helm and the libraries in it look for, each with its variable.
const HOMES: [(&str, &str); 9] = [
    ("HOME", "home"),
    ("USERPROFILE", "home"),
    ("XDG_CACHE_HOME", "cache"),
    ("XDG_CONFIG_HOME", "config"),
    ("XDG_DATA_HOME", "data"),
    ("HELM_CACHE_HOME", "cache/helm"),
    ("HELM_CONFIG_HOME", "config/helm"),
    ("HELM_DATA_HOME", "data/helm"),
    ("HELM_PLUGINS", "plugins"),
];

/// Where a program for the address of nothing would look for the network.
const NOWHERE: &str = "http://127.0.0.1:9";

/// The `helm` of the machine.
#[derive(Debug, Clone)]
pub struct Helm {
    /// The program.
    pub program: PathBuf,
    /// The variables of the environment that it gets, such as `PATH`: it sees no other.
    pub variables: Vec<(String, OsString)>,
}

/// The directory of the chart, below the one that Helm runs in.
pub const CHART: &str = "chart";

/// The file of the values, beside it.
pub const VALUES: &str = "values.yaml";

impl Helm {
    /// What `helm template` prints of [`CHART`] and [`VALUES`] in a directory. It gets a home there in which nothing is.
    ///
    /// # Errors
    /// With what it said, or why it did not end.
    pub fn template(
        &self,
        directory: &Path,
        release: &str,
        namespace: &str,
    ) -> Result<Vec<u8>, String> {
        let mut program = Program::at("helm", &self.program).without_environment();
        for (name, value) in &self.variables {
            program = program.env(name, value);
        }
        for (name, below) in HOMES {
            program = program.env(name, directory.join("home").join(below));
        }
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"] {
            program = program.env(name, NOWHERE);
        }
        // No cluster is known to it.
        let program = program.env("KUBECONFIG", directory.join("home/kubeconfig"));
        let namespace = format!("--namespace={namespace}");
        let values = format!("--values={VALUES}");
        let arguments = ["template", release, &format!("./{CHART}"), &namespace, &values];
        match program.within(directory).args(arguments).run_within(LIMITS) {
            Ok(finished) if finished.status.success() => Ok(finished.stdout),
            Ok(finished) => Err(finished.said()),
            Err(Stopped::System(error)) => Err(format!("cannot run `helm`: {error}")),
            Err(stopped) => Err(format!("`helm template` was ended: {stopped}")),
        }
    }
}
