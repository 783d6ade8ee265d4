//! The environments of a repository, and which one a path belongs to.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::{Deref, Index};
use std::sync::Arc;

use chrono::TimeDelta;

use crate::config::environment as declared;
use crate::config::environment::{environment_of_word, may_come_before};
use crate::config::place::At;
use crate::config::settings::Config;
use crate::repo::convention::Convention;
use crate::repo::error::RepoError;
use crate::text::nearest::nearest;
use crate::text::path::TreePath;

/// An environment of one repository: its place in the promotion order, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnvironmentId(usize);

impl EnvironmentId {
    /// Its place in the promotion order.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

/// The environments of a repository, in promotion order.
#[derive(Debug, Clone, Default)]
pub struct Environments(Vec<Environment>);

impl Environments {
    /// The ID of each.
    pub fn ids(&self) -> impl Iterator<Item = EnvironmentId> + use<> {
        (0..self.0.len()).map(EnvironmentId)
    }

    /// Those before an environment in the promotion order.
    #[must_use]
    pub fn before(&self, id: EnvironmentId) -> &[Environment] {
        &self.0[..id.0]
    }

    /// Those after an environment in the promotion order.
    #[must_use]
    pub fn after(&self, id: EnvironmentId) -> &[Environment] {
        &self.0[id.0 + 1..]
    }

    /// Whether the same paths belong to the same environments as with some others, of a tree with the same settings.
    #[must_use]
    pub fn claim_like(&self, others: &Self) -> bool {
        let alike = |(one, other): (&Environment, &Environment)| {
            one.name == other.name && (one.declared.is_some() || one.convention == other.convention)
        };
        self.0.len() == others.0.len() && self.0.iter().zip(&others.0).all(alike)
    }

    /// What looks like an environment beside these and has no place in the promotion order.
    #[must_use]
    pub fn unplaced(&self) -> Vec<Unplaced> {
        let Some(first) = self.0.first() else { return Vec::new() };
        let of_word = |(word, paths): (&'static str, &BTreeSet<TreePath>)| {
            let is_free = |path: &&TreePath| claim_of_file(self, path).is_none();
            let paths: Vec<TreePath> = paths.iter().filter(is_free).cloned().collect();
            let may_come_before = may_come_before(word);
            (!paths.is_empty()).then_some(Unplaced { word, paths, may_come_before })
        };
        first.convention.unplaced().filter_map(of_word).collect()
    }
}

impl Deref for Environments {
    type Target = [Environment];

    fn deref(&self) -> &[Environment] {
        &self.0
    }
}

impl Index<EnvironmentId> for Environments {
    type Output = Environment;

    fn index(&self, id: EnvironmentId) -> &Environment {
        &self.0[id.0]
    }
}

impl<'e> IntoIterator for &'e Environments {
    type Item = &'e Environment;
    type IntoIter = std::slice::Iter<'e, Environment>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl FromIterator<Environment> for Environments {
    fn from_iter<I: IntoIterator<Item = Environment>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}

/// A named step in the promotion order, with the paths that belong to it.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The name.
    pub name: String,
    /// Its ID.
    pub id: EnvironmentId,
    /// Whether references must name a version.
    pub versioned: bool,
    /// How `rotate.yaml` declares it; `None` if it is derived from directory names.
    pub declared: Option<declared::Environment>,
    /// What the names in the tree spell.
    convention: Arc<Convention>,
}

/// What looks like an environment and has no place in the promotion order: `overlays/uat` beside `overlays/production`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unplaced {
    /// The word, such as `uat`.
    pub word: &'static str,
    /// The directories and files that it names.
    pub paths: Vec<TreePath>,
    /// Whether it may come before the last environment, as `demo` never does.
    pub may_come_before: bool,
}

/// `` `uat` (overlays/uat) looks like an environment and has no place in the promotion order ``
impl fmt::Display for Unplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<&str> = self.paths.iter().take(FEW).map(TreePath::as_str).collect();
        let more = self.paths.len().saturating_sub(FEW);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let (word, paths) = (self.word, shown.join(", "));
        write!(
            f,
            "`{word}` ({paths}{more}) looks like an environment and has no place in the promotion order"
        )
    }
}

/// What makes a path belong to an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The environment.
    pub environment: EnvironmentId,
    /// The directory that belongs to it, with everything below.
    pub directory: TreePath,
}

/// How many paths a message lists.
const FEW: usize = 3;
/// How long a version runs before it may be promoted to the next environment, by default.
const SOAK: TimeDelta = TimeDelta::hours(24);
/// How long an unreferenced version is kept, by default.
const RETENTION: TimeDelta = TimeDelta::days(14);

impl Environment {
    /// How long a version must have run here before it may be promoted to the next environment.
    #[must_use]
    pub fn soak(&self) -> TimeDelta {
        let soak = self.declared.as_ref().and_then(|declared| declared.soak);
        soak.map_or(SOAK, |soak| TimeDelta::seconds(i64::from(soak.seconds())))
    }

    /// How long an unreferenced version is kept here.
    #[must_use]
    pub fn retention(&self) -> TimeDelta {
        let retention = self.declared.as_ref().and_then(|declared| declared.retention);
        retention.map_or(RETENTION, |kept| TimeDelta::seconds(i64::from(kept.seconds())))
    }

    /// The directory of this environment that holds a path.
    #[must_use]
    pub fn directory_of(&self, path: &TreePath) -> Option<TreePath> {
        let Some(declared) = &self.declared else {
            return self.convention.directory(&self.name, path);
        };
        let matches = declared.paths.iter().filter_map(|glob| glob.matched(path));
        matches.min_by_key(|directory| directory.as_str().len())
    }

    /// What of this environment a file is in, if a pattern matches it, or the file itself, if its own name says so.
    fn claimed_file(&self, file: &TreePath) -> Option<TreePath> {
        match &self.declared {
            Some(declared) => declared.owns(file).then(|| self.directory_of(file))?,
            None => self.convention.is_file_of(&self.name, file).then(|| file.clone()),
        }
    }
}

/// The environments that `rotate.yaml` declares, or else those that the names in the tree spell.
pub(super) fn find(config: &Config, files: &[TreePath]) -> Environments {
    let convention = Arc::new(Convention::read(files));
    if config.environments.is_empty() {
        return by_convention(&convention, files);
    }
    let all = config.environments.iter().enumerate();
    all.map(|(index, declared)| Environment {
        name: declared.name.clone(),
        id: EnvironmentId(index),
        versioned: declared.versioned,
        declared: Some(declared.clone()),
        convention: Arc::clone(&convention),
    })
    .collect()
}

/// Rejects environments and patterns that match no file.
pub(super) fn check(config: &Config, files: &[TreePath]) -> Result<(), RepoError> {
    for (index, environment) in config.environments.iter().enumerate() {
        let at = [At::Value("environments"), At::Item(index)];
        let unused = |glob: &&crate::config::glob::PathGlob| {
            !files.iter().any(|file| glob.matches_prefix(file))
        };
        let mut unused =
            environment.paths.iter().enumerate().filter(|(_, glob)| unused(glob)).peekable();
        let Some((item, glob)) = unused.peek().copied() else { continue };
        if unused.count() == environment.paths.len() {
            let place = config.place(&[at[0], at[1], At::Value("name")]);
            return Err(RepoError::EmptyEnvironment { name: environment.name.clone(), place });
        }
        return Err(RepoError::UnusedPattern {
            pattern: glob.as_str().to_owned(),
            environment: environment.name.clone(),
            place: config.place(&[at[0], at[1], At::Value("paths"), At::Item(item)]),
        });
    }
    Ok(())
}

fn by_convention(convention: &Arc<Convention>, files: &[TreePath]) -> Environments {
    let names = convention.environments(files);
    let environment = |(index, (_, name)): (usize, (usize, &str))| Environment {
        name: name.to_owned(),
        id: EnvironmentId(index),
        versioned: name != "development",
        declared: None,
        convention: Arc::clone(convention),
    };
    names.into_iter().enumerate().map(environment).collect()
}

/// The environment that a directory belongs to: the first that `rotate.yaml` assigns it to, or the last
/// one in its path components.
#[must_use]
pub fn claim(environments: &[Environment], directory: &TreePath) -> Option<Claim> {
    let claims = environments.iter().filter_map(|environment| {
        let directory = environment.directory_of(directory)?;
        Some((environment.declared.is_some(), Claim { environment: environment.id, directory }))
    });
    claims
        .reduce(|best, next| {
            let later = next.1.directory.as_str().len() > best.1.directory.as_str().len();
            if !best.0 && later { next } else { best }
        })
        .map(|(_, claim)| claim)
}

/// The environment that a name spells in one of its words, such as that of an Application; `None` if it spells several.
fn of_name(environments: &[Environment], name: &str) -> Option<EnvironmentId> {
    let name = name.to_lowercase();
    let is_word = |text: &str| {
        let ends = |at: Option<char>| at.is_none_or(|c| !c.is_alphanumeric());
        name.match_indices(text).any(|(at, _)| {
            ends(name[..at].chars().next_back()) && ends(name[at + text.len()..].chars().next())
        })
    };
    let spelled: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).collect();
    let spells = |one: &Environment| {
        is_word(&one.name.to_lowercase())
            || one.declared.is_none()
                && spelled
                    .iter()
                    .filter_map(|word| environment_of_word(word))
                    .any(|(_, full)| full == one.name)
    };
    let mut found: Vec<&Environment> = environments.iter().filter(|one| spells(one)).collect();
    // `prod` is a word of `prod-eu`, which is the one meant.
    let longer: Vec<String> = found.iter().map(|one| one.name.to_lowercase()).collect();
    found.retain(|one| {
        let own = one.name.to_lowercase();
        !longer.iter().any(|other| *other != own && other.contains(&own))
    });
    match found[..] {
        [one] => Some(one.id),
        _ => None,
    }
}

/// The environment that an Application is for, by its own name or the cluster's.
pub(super) fn of_application(
    environments: &[Environment],
    name: &str,
    cluster: Option<&str>,
) -> Option<EnvironmentId> {
    of_name(environments, name).or_else(|| of_name(environments, cluster?))
}

/// The environment that a file belongs to; the claim names a directory even if it is the file itself that is claimed.
pub(super) fn claim_of_file(environments: &[Environment], file: &TreePath) -> Option<Claim> {
    let parent = file.parent();
    let own = environments.iter().find_map(|environment| {
        let claimed = environment.claimed_file(file)?;
        let directory = if claimed == *file { parent.clone() } else { claimed };
        Some(Claim { environment: environment.id, directory })
    });
    own.or_else(|| claim(environments, &parent))
}

/// The environment with that name; without `rotate.yaml`, also by an alias such as `prod`.
pub(super) fn by_name(environments: &Environments, name: &str) -> Result<EnvironmentId, RepoError> {
    let named = |name: &str| environments.iter().find(|one| one.name == name);
    let spelled = || {
        let (_, full) = environment_of_word(name)?;
        named(full).filter(|one| one.declared.is_none())
    };
    named(name).or_else(spelled).map(|one| one.id).ok_or_else(|| {
        let known: Vec<String> = environments.iter().map(|one| one.name.clone()).collect();
        let spelled = environment_of_word(name).map(|(_, full)| full.to_owned());
        let spelled = spelled.filter(|full| known.contains(full));
        let nearest = || nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
        let nearest = spelled.or_else(nearest);
        RepoError::UnknownEnvironment { name: name.to_owned(), nearest, known }
    })
}

#[cfg(test)]
mod tests {
    use super::claim;
    use crate::repo::Repo;
    use crate::repo::error::RepoError;
    use crate::repo::testing::{deployment, load, path, repo};

    fn names(repo: &Repo) -> Vec<(&str, bool)> {
        repo.environments.iter().map(|one| (one.name.as_str(), one.versioned)).collect()
    }

    fn of<'r>(repo: &'r Repo, directory: &str) -> Option<(&'r str, String)> {
        let claim = claim(&repo.environments, &path(directory))?;
        Some((&repo.environments[claim.environment].name, claim.directory.to_string()))
    }

    #[test]
    fn directory_names_spell_environments() {
        let web = deployment("web", "auth");
        let repo = repo(&[
            ("apps/shop/overlays/prd/web.yaml", &web),
            ("clusters/prod-eu/web.yaml", &web),
            ("dev/web.yaml", &web),
            ("staging.yaml", &web),
        ]);
        assert_eq!(names(&repo), [("development", false), ("production", true)]);
        let shop = ("production", "apps/shop/overlays/prd".to_owned());
        assert_eq!(of(&repo, "apps/shop/overlays/prd/eu"), Some(shop));
        assert_eq!(of(&repo, "prod/tools/dev/x"), Some(("production", "prod".into())));
        assert_eq!(of(&repo, "clusters/prod-eu"), None);
        assert_eq!(repo.environment("prod").unwrap().index(), 1);
        let error = repo.environment("develpoment").unwrap_err();
        assert_eq!(error.to_string(), "there is no environment `develpoment`");
        let help = error.help().unwrap();
        assert_eq!(help, "did you mean `development`? there are: development, production");
    }

    #[test]
    fn the_first_that_is_declared_wins_and_an_overlap_is_told() {
        let web = deployment("web", "auth");
        let settings =
            "environments:\n- {name: qa, paths: [\"*/eu\"]}\n- name: live\n  paths: [clusters]\n";
        let repo = repo(&[
            ("clusters/eu/web.yaml", &web),
            ("clusters/us/web.yaml", &web),
            ("rotate.yaml", settings),
        ]);
        assert_eq!(of(&repo, "clusters/eu/x"), Some(("qa", "clusters/eu".to_owned())));
        assert_eq!(of(&repo, "clusters/us/x"), Some(("live", "clusters".to_owned())));
        let roots: Vec<&str> = repo.roots.iter().map(|root| root.path.as_str()).collect();
        assert_eq!(roots, ["clusters", "clusters/eu"]);
        let [problem] = &repo.problems[..] else { panic!("{:?}", repo.problems) };
        assert_eq!(problem.path, path("clusters/eu"));
        assert!(problem.message.contains("`qa` and to `live`"), "{}", problem.message);
        assert_eq!(problem.place.as_ref().unwrap().text(), "[clusters]");
        assert!(repo.environment("prod").is_err());
    }

    #[test]
    fn what_matches_nothing_is_refused_at_its_place() {
        let web = deployment("web", "auth");
        let with = |settings: &str| {
            load(&[("apps/qa/web.yaml", &web), ("rotate.yaml", settings)]).err().unwrap()
        };
        let error =
            with("environments:\n- name: qa\n  paths: [\"*/qa\"]\n- name: live\n  paths: [live]\n");
        assert!(matches!(&error, RepoError::EmptyEnvironment { name, .. } if name == "live"));
        assert_eq!(error.place().unwrap().text(), "live");
        assert_eq!(error.place().unwrap().position().line, 4);
        let error = with("environments:\n- name: qa\n  paths: [\"*/qa\", live/*]\n");
        assert!(matches!(&error, RepoError::UnusedPattern { pattern, .. } if pattern == "live/*"));
        assert_eq!(error.place().unwrap().text(), "live/*");
    }
}
