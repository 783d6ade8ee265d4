//! Where a command begins: the directory, the settings, whether it writes.

use std::io;
use std::path::PathBuf;

use crate::cli::args::Global;
use crate::disk::steps::WriteStep;
use crate::ops::events::Events;
use crate::ops::failure::Failure;
use crate::ops::message::Message;
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
        let start = self.start()?;
        match access {
            Access::Read => Ok((Session::open(&start, events)?, None)),
            Access::Write => Session::open_to_write(&start, events),
        }
    }

    fn start(&self) -> Result<Start, Failure> {
        Ok(Start {
            directory: self.directory.clone().map_or_else(current_directory, Ok)?,
            is_named: self.directory.is_some(),
            config: self.config.clone(),
            before_step,
        })
    }
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

#[allow(clippy::disallowed_methods)] // the command line is where the environment is read
fn current_directory() -> Result<PathBuf, Failure> {
    std::env::current_dir().map_err(|error| {
        Failure::usage(Message::new(format!("there is no current directory: {error}")))
    })
}
