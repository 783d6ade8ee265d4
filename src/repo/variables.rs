//! The ConfigMaps of a tree that give Flux its variables.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::builders::flux::VariableSource;
use crate::builders::substitute::Variables;
use crate::kustomize::model::build::Build;
use crate::repo::environment::EnvironmentId;
use crate::yaml::compare::same;
use crate::yaml::node::Node;

/// ConfigMaps by name.
#[derive(Default)]
pub(super) struct ConfigMaps(BTreeMap<String, Vec<ConfigMap>>);

struct ConfigMap {
    build: Arc<Build>,
    object: usize,
    namespace: Option<String>,
    environment: Option<EnvironmentId>,
}

impl ConfigMap {
    fn data(&self) -> Option<&Node> {
        self.build.objects[self.object].node.get("data")
    }
}

impl ConfigMaps {
    /// Adds those of a build. `namespace` is that of objects that set none.
    pub(super) fn add(
        &mut self,
        build: &Arc<Build>,
        environment: Option<EnvironmentId>,
        namespace: Option<&str>,
    ) {
        let objects = build.objects.iter().enumerate();
        for (object, one) in objects.filter(|(_, one)| one.kind() == "ConfigMap") {
            let namespace = one.namespace().or(namespace).map(str::to_owned);
            let found = ConfigMap { build: Arc::clone(build), object, namespace, environment };
            self.0.entry(one.name().to_owned()).or_default().push(found);
        }
    }

    /// Whether one of this name has a key whose value contains a word.
    pub(super) fn any(&self, name: &str, key: &str, word: &str) -> bool {
        let named = self.0.get(name).into_iter().flatten();
        let mut values = named.filter_map(|one| one.data()?.get(key)?.str());
        values.any(|value| value.contains(word))
    }

    /// The variables of some sources, for a `Kustomization` in a namespace. What is in no file, or has several values, is
    /// not known.
    pub(super) fn variables(
        all: &[&Self],
        sources: &[VariableSource],
        namespace: Option<&str>,
        environment: Option<EnvironmentId>,
    ) -> Variables {
        let mut variables = Variables::default();
        for source in sources {
            match Self::one(all, source, namespace, environment) {
                Some(data) => {
                    for entry in data.entries() {
                        if let Some(name) = entry.key.str() {
                            variables.set(name, entry.value.clone());
                        }
                    }
                }
                None if source.optional && !source.is_secret => {}
                None => variables.open(),
            }
        }
        variables
    }

    /// The data of a source; `None` if there is none, or several that differ.
    fn one<'m>(
        all: &[&'m Self],
        source: &VariableSource,
        namespace: Option<&str>,
        environment: Option<EnvironmentId>,
    ) -> Option<&'m Node> {
        let named = all.iter().filter_map(|maps| maps.0.get(&source.name)).flatten();
        let named: Vec<&ConfigMap> = named.filter(|_| !source.is_secret).collect();
        let is_near = |one: &&&ConfigMap| {
            namespace.is_none() || one.namespace.is_none() || one.namespace.as_deref() == namespace
        };
        let of = |environment| {
            named.iter().filter(is_near).filter(move |one| one.environment == environment).copied()
        };
        let own: Vec<&ConfigMap> = of(environment).collect();
        let found = if own.is_empty() { of(None).collect() } else { own };
        let first = found.first()?.data()?;
        let is_same = |one: &&ConfigMap| one.data().is_some_and(|data| same(data, first));
        found.iter().all(is_same).then_some(first)
    }
}
