//! Charts rendered by the `helm` of the machine, each in a directory of its own that is gone afterwards.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::builders::render::{Chart, Renderer, Renders};
use crate::disk::scratch::{Scratch, program_in};
use crate::ops::failure::Failure;
use crate::ops::message::Message;
use crate::process::helm::{CHART, Helm, VALUES};

/// Where `helm` is looked for, and what it may know of the machine.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The directories of programs.
    pub path: Vec<PathBuf>,
    /// The variables that every program needs.
    pub variables: Vec<(String, OsString)>,
    /// The directory of temporary files.
    pub temporary: PathBuf,
}

/// Renders with a program.
struct Program {
    helm: Helm,
    temporary: PathBuf,
}

impl Machine {
    /// What renders charts here.
    ///
    /// # Errors
    /// When there is no `helm`.
    pub fn renders(&self) -> Result<Arc<Renders>, Failure> {
        let program = program_in(self.path.iter().cloned(), "helm").ok_or_else(|| {
            let message = Message::new("`--helm` needs `helm`, and no directory of `PATH` has it");
            Failure::usage(message.help("install Helm from https://helm.sh, or leave out `--helm`"))
        })?;
        let helm = Helm { program, variables: self.variables.clone() };
        let program = Program { helm, temporary: self.temporary.clone() };
        Ok(Arc::new(Renders::new(Box::new(program))))
    }
}

impl Renderer for Program {
    fn render(&self, chart: &Chart) -> Result<String, String> {
        let cannot = |error| format!("the chart cannot be copied for Helm: {error}");
        let scratch = Scratch::below(&self.temporary).map_err(cannot)?;
        let inside = Path::new(CHART);
        for (file, bytes) in &chart.files {
            scratch.write(&inside.join(file), bytes).map_err(cannot)?;
        }
        scratch.write(Path::new(VALUES), chart.values.as_bytes()).map_err(cannot)?;
        let printed = self.helm.template(scratch.path(), &chart.release, &chart.namespace);
        // Where the copy was is of no use to anyone.
        let place = scratch.path().display().to_string();
        let printed = printed.map_err(|said| said.replace(&format!("{place}/"), ""))?;
        String::from_utf8(printed).map_err(|_| "Helm prints what is not UTF-8".to_owned())
    }
}
