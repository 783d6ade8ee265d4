//! A change of one family: what every command that changes files writes, commits or proposes.

use crate::ops::rotation::{Background, Rotation};
use crate::plan::commit::Message;
use crate::plan::prune::Prune;
use crate::plan::{FileChange, NextStep};
use crate::repo::subject::Subject;

/// A change of one family, whatever it was planned as.
pub struct Change {
    /// The family and the environment.
    pub subject: Subject,
    /// The new version, or those to remove, joined by `+`.
    pub version: String,
    /// The files.
    pub files: Vec<FileChange>,
    /// The secret that must have a provider afterwards; `None` if the change only removes.
    pub needs: Option<String>,
    /// The message of its commit.
    pub message: Message,
    /// The remaining manual steps.
    pub next: Vec<NextStep>,
}

/// A change as it was planned, from which a pull request is described.
#[derive(Clone, Copy)]
pub enum Described<'a> {
    /// A family moved to another version.
    Rotation(&'a Rotation, Background<'a>),
    /// Stubs that are removed.
    Removal(&'a Prune),
}

/// Renders the body of a pull request.
pub type Describe<'a> = &'a dyn Fn(Described<'_>) -> String;

impl Change {
    /// Whether no file changes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

impl Change {
    /// A change about versions of a family that needs no provider.
    pub(super) fn of_versions(
        subject: &Subject,
        versions: &[&str],
        files: &[FileChange],
        message: Message,
        next: &[NextStep],
    ) -> Self {
        Self {
            subject: subject.clone(),
            version: versions.join("+"),
            files: files.to_vec(),
            needs: None,
            message,
            next: next.to_vec(),
        }
    }
}

impl From<&Rotation> for Change {
    fn from(rotation: &Rotation) -> Self {
        let Rotation { plan, settings, remarks, verb, .. } = rotation;
        Self {
            subject: plan.subject.clone(),
            version: plan.version().to_owned(),
            files: plan.changes.iter().chain(settings).cloned().collect(),
            needs: Some(plan.to.clone()),
            message: Message::of(plan, *verb, remarks),
            next: plan.next.clone(),
        }
    }
}

impl From<&Prune> for Change {
    fn from(plan: &Prune) -> Self {
        let versions = plan.versions();
        let message = Message::of_removal(&plan.subject, &versions);
        Self::of_versions(&plan.subject, &versions, &plan.changes, message, &plan.next)
    }
}

impl From<Described<'_>> for Change {
    fn from(planned: Described<'_>) -> Self {
        match planned {
            Described::Rotation(rotation, _) => rotation.into(),
            Described::Removal(plan) => plan.into(),
        }
    }
}
