//! `rotate init`: find environments and families, and write `rotate.yaml`.

use crate::cli::args::Global;
use crate::cli::schema;
use crate::disk::locate::CONFIG;
use crate::ops::failure::{Failure, Status};
use crate::ops::message::Message;
use crate::ops::session::Access;
use crate::plan::FileChange;
use crate::repo::init;
use crate::report::console::Console;
use crate::report::plan;
use crate::text::path::TreePath;

/// Find environments and families, and write rotate.yaml
///
/// The file records what rotate detected from common GitOps conventions, with comments. It has no
/// effect until you edit it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print the file and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Writes the file, unless there is one.
///
/// # Errors
/// When the tree cannot be read, or has a `rotate.yaml`.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    global.is_json()?;
    let access = if args.dry_run { Access::Read } else { Access::Write };
    let (session, writer) = global.open(console, access)?;
    if session.has_config() {
        let text = format!("{CONFIG} already exists in this tree");
        return Err(Failure::usage(Message::new(text).help("edit it by hand instead")));
    }
    let repo = session.repo()?;
    session.report_problems(&repo, console);
    let after = init::propose(&repo, schema::url().as_deref());
    let path = TreePath::root().join(CONFIG).unwrap_or_else(TreePath::root);
    let change = FileChange { path, before: None, after: Some(after) };
    let Some(writer) = writer else {
        console.result(&plan::diff(&[change], console.color_out))?;
        return Ok(Status::Done);
    };
    writer.write(&[change])?;
    console.talk(&format!("Wrote {CONFIG}. Review it, then commit it."));
    Ok(Status::Done)
}
