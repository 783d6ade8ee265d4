//! Where a command begins: the directory, the settings, whether it writes.

use std::io;
use std::path::PathBuf;

use crate::cli::args::Global;
use crate::disk::steps::WriteStep;
use crate::ops::events::Events;
use crate::ops::failure::Failure;
use crate::ops::message::Message;
use crate::ops::render::Machine;
use crate::ops::session::{Access, Session, Start, TreeWriter};

impl Global {
    /// Opens the tree that the flags name, and a writer for it if requested.
    ///
    /// # Errors
    /// When it or its configuration cannot be read.
    pub(super) fn open(
        &self,
        events: &dyn Events,
        access: Access,
    ) -> Result<(Session, Option<TreeWriter>), Failure> {
        self.open_with(events, access, None)
    }

    /// The same, with the `helm` that renders the charts of the tree, if they are rendered.
    ///
    /// # Errors
    /// As [`Global::open`], or when there is no `helm`.
    pub(super) fn open_with(
        &self,
        events: &dyn Events,
        access: Access,
        helm: Option<Machine>,
    ) -> Result<(Session, Option<TreeWriter>), Failure> {
        let start = Start { helm, ..start(self.directory.clone(), self.config.clone())? };
        match access {
            Access::Read => Ok((Session::open(&start, events)?, None)),
            Access::Write => Session::open_to_write(&start, events),
        }
    }
}

/// Where a command begins, given the directory and the configuration that were named.
///
/// # Errors
/// When no directory was named and there is no current one.
pub(super) fn start(directory: Option<PathBuf>, config: Option<PathBuf>) -> Result<Start, Failure> {
    let is_named = directory.is_some();
    let directory = directory.map_or_else(current_directory, Ok)?;
    let (user_ignore, helm) = (user_ignore(), None);
    Ok(Start { directory, is_named, config, before_step, user_ignore, helm })
}

/// Ends the process before the step that a crash test asks for.
#[cfg(debug_assertions)]
#[allow(clippy::disallowed_methods)] // the command line is where the environment is read
fn before_step(step: WriteStep) -> io::Result<()> {
    let asked = std::env::var("ROTATE_TEST_ABORT_AT").ok();
    if asked.and_then(|number| number.parse().ok()) == Some(step.number) {
        std::process::abort();
    }
    Ok(())
}

#[cfg(not(debug_assertions))]
const fn before_step(_: WriteStep) -> io::Result<()> {
    Ok(())
}

/// Where Git looks for the user's ignore patterns by default.
#[allow(clippy::disallowed_methods)] // the command line is where the environment is read
fn user_ignore() -> Option<PathBuf> {
    let directory =
        |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || directory("HOME").or_else(|| directory("USERPROFILE"));
    let settings = directory("XDG_CONFIG_HOME").or_else(|| Some(home()?.join(".config")))?;
    Some(settings.join("git/ignore"))
}

#[allow(clippy::disallowed_methods)] // the command line is where the environment is read
fn current_directory() -> Result<PathBuf, Failure> {
    std::env::current_dir().map_err(|error| {
        Failure::usage(Message::new(format!("there is no current directory: {error}")))
    })
}
