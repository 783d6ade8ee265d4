//! Which usages of other environments are of the same secret, without comparing each with each.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::environment::environment_of_word;
use crate::k8s::secret_name::Version;
use crate::lint::family_usage::{FamilyUsage, FamilyUsages, Manner, Named, Scope};
use crate::repo::Repo;
use crate::repo::deployed::may_hide;
use crate::repo::environment::EnvironmentId;
use crate::text::work;

/// What is known together of usages that have something in common.
///
/// Two usages are kin by the namespace or directory, the environment's own word left out, or because an object of the same
/// kind and name uses the secret.
#[derive(Debug, Clone, Default)]
pub(super) struct Kin {
    /// The first one that has a version.
    pub(super) versioned: Option<usize>,
    /// Whether something uses the plain name.
    pub(super) is_plain: bool,
    /// Whether something there may be hidden.
    pub(super) may_hide: bool,
    oldest: Option<Live>,
    newest: Option<Live>,
}

/// A version, and which of the usages and of its names runs by it.
type Live = (Version, (usize, usize));

impl Kin {
    fn of(repo: &Repo, at: usize, usage: &FamilyUsage<'_>) -> Self {
        work::step();
        let live = || {
            let live = usage.named.iter().enumerate().filter(|(_, named)| named.is_live());
            live.filter_map(|(index, named)| Some((named.version()?, (at, index))))
        };
        let is_plain = |named: &Named<'_>| named.manner == Manner::Use && named.version().is_none();
        Self {
            versioned: usage.is_versioned().then_some(at),
            is_plain: usage.named.iter().any(is_plain),
            may_hide: may_hide(repo, Some(usage.environment), usage.namespace()),
            oldest: live().min(),
            newest: live().max(),
        }
    }

    fn add(&mut self, other: &Self) {
        work::step();
        let versioned = [self.versioned, other.versioned];
        self.versioned = versioned.into_iter().flatten().min();
        self.is_plain |= other.is_plain;
        self.may_hide |= other.may_hide;
        let oldest = [self.oldest.take(), other.oldest.clone()];
        self.oldest = oldest.into_iter().flatten().min();
        self.newest = self.newest.take().max(other.newest.clone());
    }

    /// The first of those that run by the oldest version, with the version.
    pub(super) fn oldest<'s, 'r>(
        &self,
        usages: &'s FamilyUsages<'r>,
    ) -> Option<(&Version, &'s Named<'r>)> {
        self.oldest.as_ref().map(|(version, at)| (version, usages.named(*at)))
    }

    /// The last of those that run by the newest version.
    pub(super) fn newest<'s, 'r>(&self, usages: &'s FamilyUsages<'r>) -> Option<&'s Named<'r>> {
        self.newest.as_ref().map(|(_, at)| usages.named(*at))
    }
}

/// Every usage by what makes it kin to others.
pub(super) struct Kinship<'r> {
    words: Words,
    scopes: BTreeMap<(EnvironmentId, &'r str, Stripped), Kin>,
    objects: BTreeMap<(EnvironmentId, &'r str, (&'r str, &'r str)), Kin>,
}

impl<'r> Kinship<'r> {
    pub(super) fn new(repo: &Repo, usages: &[FamilyUsage<'r>]) -> Self {
        let words = Words::of(repo);
        let (mut scopes, mut objects) = (BTreeMap::new(), BTreeMap::new());
        for (at, usage) in usages.iter().enumerate() {
            let (kin, whose) = (Kin::of(repo, at, usage), (usage.environment, usage.family));
            let scope = (whose.0, whose.1, words.strip(&usage.scope));
            scopes.entry(scope).or_insert_with(Kin::default).add(&kin);
            for object in users(usage) {
                objects.entry((whose.0, whose.1, object)).or_insert_with(Kin::default).add(&kin);
            }
        }
        Self { words, scopes, objects }
    }

    /// What another environment has of the same secret.
    pub(super) fn of(&self, usage: &FamilyUsage<'_>, there: EnvironmentId) -> Kin {
        let mut kin = Kin::default();
        let scope = (there, usage.family, self.words.strip(&usage.scope));
        self.scopes.get(&scope).into_iter().for_each(|other| kin.add(other));
        for object in users(usage) {
            let others = self.objects.get(&(there, usage.family, object));
            others.into_iter().for_each(|other| kin.add(other));
        }
        kin
    }
}

/// The kinds and names of the objects that use a secret.
fn users<'r>(usage: &FamilyUsage<'r>) -> BTreeSet<(&'r str, &'r str)> {
    let used = usage.named.iter().filter(|named| named.manner == Manner::Use);
    // Every namespace has a ServiceAccount `default`.
    let used = used.map(|named| named.object()).filter(|object| object.kind() != "ServiceAccount");
    used.map(|object| (object.kind(), object.name())).collect()
}

/// Whether a place has a namespace, and the words of its name.
type Stripped = (bool, Vec<String>);

/// The words that tell one environment's namespaces and directories from another's.
struct Words(BTreeSet<String>);

impl Words {
    fn of(repo: &Repo) -> Self {
        let names = repo.environments.iter().map(|environment| environment.name.as_str());
        Self(names.flat_map(|name| name.split(['-', '_', '.'])).map(str::to_owned).collect())
    }

    fn strip(&self, scope: &Scope) -> Stripped {
        let (named, text) = match scope {
            Scope::Namespace(name) => (true, name.as_str()),
            Scope::Directory(path) => (false, path.as_str()),
        };
        let is_word = |word: &&str| self.0.contains(*word) || environment_of_word(word).is_some();
        let words = text.split(['/', '-', '_', '.']).filter(|word| !is_word(word));
        (named, words.map(str::to_owned).collect())
    }
}
