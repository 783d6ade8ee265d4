//! What may be left unchanged: lines that contain an old name, and files that could not be read.

use crate::disk::walk::Skipped;
use crate::ops::failure::Failure;
use crate::ops::message::Message;
use crate::ops::session::Session;
use crate::plan::Plan;
use crate::plan::request::Line;
use crate::repo::Repo;
use crate::repo::environment::{EnvironmentId, claim};
use crate::repo::subject::Family;
use crate::text::path::TreePath;
use crate::text::shell::option;

/// What is named to stay: `FILE:LINE`, or a path that could not be read.
#[derive(Debug, Clone, Default)]
pub struct Leave(pub Vec<String>);

/// Refuses to go on where a file or directory of an environment, or of a kustomization that it builds, could not be read.
///
/// # Errors
/// When there is one.
pub fn refuse_unread(
    session: &Session,
    repo: &Repo,
    environment: EnvironmentId,
) -> Result<(), Failure> {
    Leave::default().unread(session, repo, environment, false)
}

/// Whether directories of any environment may be below what could not be read.
fn may_hide_any(one: &Skipped, repo: &Repo) -> bool {
    let path = TreePath::new(&one.path);
    one.is_unlisted && path.is_none_or(|path| claim(&repo.environments, &path).is_none())
}

/// Refuses to say what runs, or is due, where a directory could not be listed that may hold any environment's directories.
///
/// # Errors
/// When there is one.
pub fn refuse_unlisted(session: &Session, repo: &Repo) -> Result<(), Failure> {
    let mut unread = session.unread().iter();
    let Some(hidden) = unread.find(|one| may_hide_any(one, repo)) else { return Ok(()) };
    let text = format!(
        "`{}` cannot be read ({}), so what runs and what is due are not known",
        hidden.path, hidden.reason
    );
    Err(Failure::usage(Message::new(text).help("make it readable, or let Git ignore it")))
}

/// Refuses lines and pins that match nothing in any plan, since they would silently have no effect.
///
/// # Errors
/// When there is one.
pub fn refuse_unused(lines: &[Line], pins: &[String], plans: &[&Plan]) -> Result<(), Failure> {
    let is_left = |line: &&Line| {
        let places =
            plans.iter().flat_map(|plan| &plan.left).filter_map(|left| left.place.as_ref());
        places
            .map(|place| place.near_in_file())
            .any(|place| *place.source.path() == line.file && place.position().line == line.line)
    };
    if let Some(line) = lines.iter().find(|line| !is_left(line)) {
        let text = format!(
            "`--leave {}:{}` matches nothing that keeps the old name; nothing was written",
            line.file, line.line
        );
        let help = "use the line given in the refusal, or omit `--leave`";
        return Err(Failure::usage(Message::new(text).help(help)));
    }
    if let Some(pin) = pins.iter().find(|pin| plans.iter().all(|plan| !plan.pins.contains(*pin))) {
        let text = format!("`--pin {pin}` matches no entry of a new stub; nothing was written");
        let help = "use pins only for stores that number versions themselves: `KEY=VALUE` with the stub's key";
        return Err(Failure::usage(Message::new(text).help(help)));
    }
    Ok(())
}

/// Refuses a pin that names neither a key nor a family where there are several families: it would be taken for each of them.
///
/// # Errors
/// When there is one.
pub fn refuse_unclear(pins: &[String], families: &[Family]) -> Result<(), Failure> {
    let names_family = |pin: &str| {
        pin.split_once('/').is_some_and(|(name, _)| families.iter().any(|family| *family == *name))
    };
    let unclear = pins.iter().find(|pin| !pin.contains('=') && !names_family(pin));
    let Some(pin) = unclear.filter(|_| families.len() > 1) else { return Ok(()) };
    let text = format!("`--pin {pin}` could mean any of {} families", families.len());
    Err(Failure::usage(Message::new(text).help(format!("write `--pin FAMILY/{pin}`"))))
}

impl Leave {
    /// The same; a way back goes on where the flag names what could not be read.
    ///
    /// # Errors
    /// When there is one that it does not name.
    pub fn refuse_unread(
        &self,
        session: &Session,
        repo: &Repo,
        environment: EnvironmentId,
    ) -> Result<(), Failure> {
        self.unread(session, repo, environment, true)
    }

    fn unread(
        &self,
        session: &Session,
        repo: &Repo,
        environment: EnvironmentId,
        is_way_back: bool,
    ) -> Result<(), Failure> {
        let here = &repo.environments[environment];
        let concerns = |one: &Skipped| {
            let Some(path) = TreePath::new(&one.path) else { return true };
            let mut roots = repo.roots_of(environment);
            may_hide_any(one, repo)
                || here.directory_of(&path).is_some()
                || roots.any(|(_, root)| root.directories().iter().any(|at| path.is_within(at)))
        };
        let mut unread =
            session.unread().iter().filter(|one| concerns(one) && !self.0.contains(&one.path));
        let Some(first) = unread.next() else { return Ok(()) };
        let text = format!(
            "`{}` of `{}` cannot be read ({}), so what it names is not known; nothing was written",
            first.path, here.name, first.reason
        );
        let help = if is_way_back {
            let leave = option("--leave", &first.path);
            format!("make it readable, or roll back anyway with `{}`", leave.trim_start())
        } else {
            "make it readable, remove it, or let Git ignore it".to_owned()
        };
        Err(Failure::usage(Message::new(text).help(help)))
    }

    /// The lines, as lines of the tree's files.
    ///
    /// # Errors
    /// When one is no `FILE:LINE`, or its file is not in the tree.
    pub fn lines(&self, session: &Session) -> Result<Vec<Line>, Failure> {
        let line = |text: &String| {
            let parts =
                text.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse().ok()?)));
            let (file, line) = parts.ok_or_else(|| {
                let help = "write a file and a line of it, such as `staging/release.yaml:12`";
                Failure::usage(
                    Message::new(format!("`--leave {text}` is not FILE:LINE")).help(help),
                )
            })?;
            let paths = session.tree_paths(&[file.to_owned()])?;
            Ok(paths.into_iter().map(move |file| Line { file, line }))
        };
        let unread = |text: &&String| session.unread().iter().any(|one| one.path == **text);
        let named = self.0.iter().filter(|text| !unread(text));
        let lines: Result<Vec<_>, Failure> = named.map(line).collect();
        Ok(lines?.into_iter().flatten().collect())
    }
}
