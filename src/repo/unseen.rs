//! What of a repository cannot be seen here and may make a secret: in which namespaces, and because of what.

use std::collections::{BTreeMap, BTreeSet};

use crate::k8s::placeholder::is_name_filled_in;
use crate::k8s::secret_name::split;
use crate::kustomize::transform::patches::NOTHING_TO_PATCH;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::root::Root;
use crate::repo::unseen_search::found;
use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::text::source::Place;
use crate::text::work;

/// Something that may make secrets whose names nobody sees here.
#[derive(Debug)]
pub struct Unseen {
    /// The build root that has it, an index into the repository's roots.
    pub root: usize,
    /// What it is, in a few words.
    pub what: What,
    /// Where the repository names it.
    pub place: Option<Place>,
    pub(super) reach: Reach,
}

/// What may make secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A chart whose templates are not here, or make secrets.
    Chart,
    /// A directory of another repository, by way of Argo CD.
    Elsewhere,
    /// A remote base.
    Remote,
    /// A plugin that is not run.
    Plugin,
    /// Files that do not build.
    Broken,
    /// An object whose name or namespace is filled in when it is deployed.
    Variable,
}

/// Where it may make them, beside its own root.
#[derive(Debug)]
pub(super) enum Reach {
    /// In these namespaces, of which some may be filled in later.
    Named(BTreeSet<String>),
    /// In every namespace.
    Every,
    /// In no other root: nothing tells where, and it is not made for what is here.
    Own,
    /// Only what this file spells.
    Spelled(TreePath),
    /// Only names like this one, in namespaces like that one.
    Like { name: String, namespace: Option<String> },
}

/// Everything that cannot be seen, by where it may make secrets.
#[derive(Debug, Default)]
pub struct Unseens {
    all: Vec<Unseen>,
    /// For names without a version.
    plain: Index,
    /// For names with one, which no chart makes.
    versioned: Index,
}

/// Indexes into everything that cannot be seen.
#[derive(Debug, Default)]
struct Index {
    /// The first of each root that tells no namespace.
    own: BTreeMap<usize, usize>,
    /// The first in each namespace.
    named: BTreeMap<(Option<EnvironmentId>, String), usize>,
    /// The first that spells each word.
    spelled: BTreeMap<(Option<EnvironmentId>, String), usize>,
    /// Those in namespaces, or with names, that are not known as a whole.
    open: BTreeMap<Option<EnvironmentId>, Vec<usize>>,
    /// One in any namespace, for references of which the namespace is not known.
    any: BTreeMap<Option<EnvironmentId>, usize>,
}

impl What {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Chart => "chart",
            Self::Elsewhere => "another repository",
            Self::Remote => "remote base",
            Self::Plugin => "plugin",
            Self::Broken => "does not build",
            Self::Variable => "variable",
        }
    }
}

impl Unseens {
    /// What of a repository cannot be seen.
    #[must_use]
    pub fn of(repo: &Repo) -> Self {
        let mut unseens = Self { all: found(repo), ..Self::default() };
        for (at, one) in unseens.all.iter().enumerate() {
            unseens.plain.list(repo, at, one);
            if one.what != What::Chart {
                unseens.versioned.list(repo, at, one);
            }
        }
        unseens
    }

    /// What may make a secret that a root names.
    #[must_use]
    pub fn find(
        &self,
        repo: &Repo,
        root: usize,
        namespace: Option<&str>,
        secret: &str,
    ) -> Option<&Unseen> {
        let index = if split(secret).is_some() { &self.versioned } else { &self.plain };
        let own = repo.roots[root].environment;
        let near = [Some(own), own.and(Some(None))].into_iter().flatten();
        let at = index.own.get(&root).copied().or_else(|| {
            near.into_iter().find_map(|environment| {
                let there = match namespace {
                    Some(name) => index.named.get(&(environment, name.to_owned())),
                    None => index.any.get(&environment),
                };
                let word = || index.spelled.get(&(environment, secret.to_owned()));
                let open = index.open.get(&environment).into_iter().flatten();
                let mut open = open.inspect(|_| work::step());
                let may = |at: &&usize| self.all[**at].may_make(namespace, secret);
                there.or_else(word).or_else(|| open.find(may)).copied()
            })
        });
        at.map(|at| &self.all[at])
    }
}

impl Index {
    fn list(&mut self, repo: &Repo, at: usize, one: &Unseen) {
        let environment = repo.roots[one.root].environment;
        let is_open = match &one.reach {
            Reach::Spelled(file) => {
                let Ok(source) = repo.library.tree().source(file) else { return };
                for word in words(source.text()) {
                    self.spelled.entry((environment, word.to_owned())).or_insert(at);
                }
                return;
            }
            Reach::Like { .. } => true,
            Reach::Own => {
                self.own.entry(one.root).or_insert(at);
                return;
            }
            Reach::Every => {
                self.own.entry(one.root).or_insert(at);
                true
            }
            Reach::Named(names) => {
                for name in names.iter().filter(|name| !is_name_filled_in(name)) {
                    self.named.entry((environment, name.clone())).or_insert(at);
                }
                names.iter().any(|name| is_name_filled_in(name))
            }
        };
        if is_open {
            self.open.entry(environment).or_default().push(at);
        }
        if !matches!(one.reach, Reach::Like { .. }) {
            self.any.entry(environment).or_insert(at);
        }
    }
}

impl Unseen {
    /// Whether it may make a secret in a namespace.
    fn may_make(&self, namespace: Option<&str>, secret: &str) -> bool {
        match &self.reach {
            Reach::Own | Reach::Spelled(_) => false,
            Reach::Every => true,
            Reach::Named(names) => {
                namespace.is_none_or(|own| names.iter().any(|name| may_become(name, own)))
            }
            Reach::Like { name, namespace: there } => {
                let both = namespace.zip(there.as_deref());
                may_become(name, secret) && both.is_none_or(|(own, there)| may_become(there, own))
            }
        }
    }
}

/// The namespaces in which a root patches objects that it lacks: whoever patches a release file says where that one goes.
pub(super) fn patched(repo: &Repo, root: &Root) -> BTreeSet<String> {
    let all = root.problems().iter().filter(|one| one.message.starts_with(NOTHING_TO_PATCH));
    let namespace = |problem: &Problem| {
        let stream = repo.library.stream(&problem.path).ok()?;
        let own = stream.documents.iter().filter_map(|one| {
            work::step();
            one.root.at(&["metadata", "namespace"])?.str().map(str::to_owned)
        });
        Some(own.collect::<Vec<_>>())
    };
    all.filter_map(namespace).flatten().collect()
}

/// The words of a text that may be names.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_sign = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
    text.split(is_sign).map(|word| word.trim_matches(['-', '.'])).filter(|word| !word.is_empty())
}

/// Whether a name with variables may be filled in as another one: what it spells has to be there, in that order.
fn may_become(pattern: &str, name: &str) -> bool {
    const SIGNS: [(&str, &str); 3] = [("${", "}"), ("{{", "}}"), ("$(", ")")];
    let (mut rest, mut left, mut is_open) = (pattern, name, false);
    loop {
        let next = SIGNS.iter().filter_map(|(open, close)| Some((rest.find(open)?, *close))).min();
        let (text, after) = match next {
            None => (rest, None),
            Some((at, close)) => {
                let end = rest[at..].find(close).map_or(rest.len(), |end| at + end + close.len());
                (&rest[..at], Some(&rest[end..]))
            }
        };
        match after {
            None if is_open => return left.ends_with(text),
            None => return left == text,
            Some(after) => {
                let found =
                    if is_open { left.find(text) } else { left.starts_with(text).then_some(0) };
                let Some(at) = found else { return false };
                (left, rest, is_open) = (&left[at + text.len()..], after, true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{may_become, words};

    #[test]
    fn what_a_name_spells_stays() {
        for (pattern, name) in [
            ("${A}", "x"),
            ("${A}-db", "shop-db"),
            ("web-{{ env }}-tls", "web-a-tls"),
            ("a", "a"),
            ("x-$(B)", "x-"),
        ] {
            assert!(may_become(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("${A}-db", "shop"), ("web-{{ env }}-tls", "web-a"), ("a", "b"), ("x-${B}", "y-x-1")]
        {
            assert!(!may_become(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn words_are_whole() {
        let all: Vec<&str> = words("name: web-tls\n- 'a.b', x=--c, .").collect();
        assert_eq!(all, ["name", "web-tls", "a.b", "x", "c"]);
    }
}
