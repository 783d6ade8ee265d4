//! Which part of a repository is shown.

use std::collections::BTreeSet;

use crate::ops::failure::Failure;
use crate::ops::message::Message;
use crate::repo::Repo;
use crate::repo::subject::{Family, Subject};
use crate::text::nearest::nearest;

/// What is asked for, as it was typed.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The environments; none: all.
    pub environments: Vec<String>,
    /// The families; none: all.
    pub families: Vec<Family>,
}

/// Some environments and some families; all of them where none is named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    environments: BTreeSet<String>,
    families: BTreeSet<Family>,
}

impl Request {
    /// What is shown of a tree.
    ///
    /// # Errors
    /// When there is no such environment or no such family.
    pub fn of(&self, repo: &Repo) -> Result<Shown, Failure> {
        let mut environments = BTreeSet::new();
        for name in &self.environments {
            environments.insert(repo.environments[repo.environment(name)?].name.clone());
        }
        let families: BTreeSet<Family> = self.families.iter().cloned().collect();
        let unknown = families.iter().find(|family| !repo.families.contains(family));
        if let Some(unknown) = unknown {
            let text = format!("nothing names or makes a secret of the family `{unknown}`");
            let near = nearest(unknown, repo.families.iter());
            let help = near.map_or_else(
                || "`rotate refs` lists every name".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(Failure::usage(Message::new(text).help(help)));
        }
        Ok(Shown { environments, families })
    }
}

impl Shown {
    /// Whether a family in an environment is shown.
    #[must_use]
    pub fn has(&self, subject: &Subject) -> bool {
        self.has_environment(Some(&subject.environment)) && self.has_family(&subject.family)
    }

    /// Whether something about several environments and families is shown; what is about none is shown only where all are.
    #[must_use]
    pub fn has_any<'n>(
        &self,
        environments: impl IntoIterator<Item = &'n String>,
        families: impl IntoIterator<Item = &'n String>,
    ) -> bool {
        let has = |name: &String| self.has_environment(Some(name));
        (self.environments.is_empty() || environments.into_iter().any(has))
            && (self.families.is_empty() || families.into_iter().any(|name| self.has_family(name)))
    }

    /// Whether an environment is shown; what belongs to none is shown only where all are.
    #[must_use]
    pub fn has_environment(&self, name: Option<&str>) -> bool {
        self.environments.is_empty() || name.is_some_and(|name| self.environments.contains(name))
    }

    /// Whether a family is shown.
    #[must_use]
    pub fn has_family(&self, name: &str) -> bool {
        self.families.is_empty() || self.families.contains(name)
    }
}
