//! `rotate schema`: the JSON Schema of `rotate.yaml`.

use crate::ops::failure::{Failure, Status};
use crate::ops::schema;
use crate::report::console::Console;

/// Print the JSON Schema of rotate.yaml, for editors
///
/// Editors with the YAML language server check and complete rotate.yaml using the schema that the
/// file's first line names: `# yaml-language-server: $schema=` followed by its URL or relative path.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Prints the schema.
///
/// # Errors
/// When stdout cannot be written to.
pub fn run(_: &Args, console: &Console) -> Result<Status, Failure> {
    console.result(schema::text())?;
    Ok(Status::Done)
}

/// Where the schema of this version is released: in the repository that made this program as a release, or else in that
/// of `Cargo.toml`.
pub(super) fn url() -> Option<String> {
    let repository = option_env!("ROTATE_REPOSITORY").unwrap_or(env!("CARGO_PKG_REPOSITORY"));
    schema::url(repository, env!("CARGO_PKG_VERSION"))
}
