//! What is shown of a repository: some environments, some families.

use std::collections::BTreeSet;

use crate::ops::failure::Failure;
use crate::ops::message::Message;
use crate::repo::Repo;
use crate::report::shown::Shown;
use crate::text::nearest::nearest;

/// The flags of commands that show a part.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Show this family alone; can be given several times
    #[arg(long = "family", value_name = "FAMILY", value_delimiter = ',')]
    families: Vec<String>,

    /// Show this environment alone; can be given several times
    #[arg(long = "environment", value_name = "ENV", value_delimiter = ',')]
    environments: Vec<String>,
}

impl Args {
    /// What is shown.
    ///
    /// # Errors
    /// When there is no such environment or no such family.
    pub fn of(&self, repo: &Repo) -> Result<Shown, Failure> {
        let mut environments = BTreeSet::new();
        for name in &self.environments {
            environments.insert(repo.environments[repo.environment(name)?].name.clone());
        }
        let families: BTreeSet<String> = self.families.iter().cloned().collect();
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
