//! The flag that lets places stay behind.

use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::plan::request::Line;
use crate::report::message::Message;

/// The flag of every command that moves a family.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Let this line go on spelling the old name; can be given several times
    #[arg(long = "leave", value_name = "FILE:LINE")]
    leave: Vec<String>,
}

impl Args {
    /// The lines, as lines of the tree's files.
    ///
    /// # Errors
    /// When one is no `FILE:LINE`, or its file is not in the tree.
    pub(super) fn lines(&self, session: &Session) -> Result<Vec<Line>, Failure> {
        let line = |text: &String| {
            let parts =
                text.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse().ok()?)));
            let (file, line) = parts.ok_or_else(|| {
                let help = "write a file and a line of it, such as `staging/release.yaml:12`";
                Failure::usage(Message::new(format!("`{text}` is no place")).help(help))
            })?;
            let paths = session.tree_paths(&[file.to_owned()])?;
            Ok(paths.into_iter().map(move |file| Line { file, line }))
        };
        let lines: Result<Vec<_>, Failure> = self.leave.iter().map(line).collect();
        Ok(lines?.into_iter().flatten().collect())
    }
}
