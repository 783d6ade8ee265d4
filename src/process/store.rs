//! Running the command line of a store, which lists versions and prints no values.

use std::time::Duration;

use crate::process::Program;
use crate::process::bounded::{Limits, Stopped};

/// How long one listing may take.
const TIME: Duration = Duration::from_secs(60);

/// What a program that is found on the path prints, up to so many bytes. It has the user's environment, and with it the
/// user's credentials.
///
/// # Errors
/// With what it said, or why it did not end.
pub fn list(name: &'static str, arguments: &[String], most: usize) -> Result<Vec<u8>, String> {
    let program = Program::new(name).args(arguments);
    match program.run_within(Limits { time: TIME, output: most }) {
        Ok(finished) if finished.status.success() => Ok(finished.stdout),
        Ok(finished) => Err(finished.said()),
        Err(Stopped::System(error)) => Err(format!("it cannot be run: {error}")),
        Err(stopped) => Err(format!("it was ended: {stopped}")),
    }
}
