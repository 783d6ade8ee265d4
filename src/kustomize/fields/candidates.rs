//! Which objects of a list may have a name, without asking each of them again for every patch.

use std::collections::{BTreeSet, HashMap};

use crate::kustomize::model::object::Object;
use crate::text::work;

/// The objects of a list by each name that they have or had, as indexes. Whoever changes an object says so.
#[derive(Debug, Clone, Default)]
pub struct Candidates {
    by_name: HashMap<String, BTreeSet<usize>>,
    /// How many objects there were.
    count: usize,
}

impl Candidates {
    /// The objects that may have a name, or all of them if none is given, in order.
    pub fn of(&mut self, objects: &[Object], name: Option<&str>) -> Vec<usize> {
        let Some(name) = name else { return (0..objects.len()).collect() };
        // The other indexes are wrong, too, once an object is gone.
        if self.count != objects.len() {
            self.by_name.clear();
            self.count = objects.len();
            objects.iter().enumerate().for_each(|(index, object)| self.changed(index, object));
        }
        self.by_name.get(name).into_iter().flatten().copied().collect()
    }

    /// Takes note of an object that is about to be appended to the list.
    pub fn pushed(&mut self, object: &Object) {
        self.changed(self.count, object);
        self.count += 1;
    }

    /// Takes note of the names of an object that may have changed. What it was called before may stay.
    pub fn changed(&mut self, index: usize, object: &Object) {
        for name in object.names() {
            work::step();
            match self.by_name.get_mut(name) {
                Some(known) => drop(known.insert(index)),
                None => drop(self.by_name.insert(name.to_owned(), BTreeSet::from([index]))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::kustomize::resolver::Resolver;
    use crate::text::path::TreePath;
    use crate::text::work;
    use crate::tree::memory::MemoryTree;
    use crate::yaml::library::Library;
    use std::fmt::Write;
    use std::sync::Arc;

    /// The objects of a kustomization, each with its replicas, and the steps that the build takes.
    fn built(files: Vec<(String, String)>) -> (Vec<(String, String)>, usize) {
        let files = files
            .into_iter()
            .map(|(name, text)| (TreePath::new(&name).unwrap(), text.into_bytes()));
        let resolver = Resolver::new(Arc::new(Library::new(Arc::new(MemoryTree::new(files)))));
        let mut build = None;
        let steps = work::steps(|| build = Some(resolver.build(&TreePath::root())));
        let build = build.unwrap();
        assert!(build.problems.is_empty(), "{:?}", build.problems);
        let seen = build.objects.iter().map(|object| {
            let replicas = object.node.at(&["spec", "replicas"]).and_then(|node| node.str());
            (object.name().to_owned(), replicas.unwrap_or_default().to_owned())
        });
        (seen.collect(), steps)
    }

    type Entry = Box<dyn Fn(usize) -> String>;

    /// As many Deployments as entries of a field.
    fn tree(count: usize, field: &str, entry: impl Fn(usize) -> String) -> Vec<(String, String)> {
        let mut kustomization = "resources: [all.yaml]\n".to_owned();
        let mut all = String::new();
        writeln!(kustomization, "{field}:").unwrap();
        for number in 0..count {
            writeln!(kustomization, "- {}", entry(number)).unwrap();
            writeln!(all, "---\n{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: d-{number}}}, spec: {{replicas: 1}}}}").unwrap();
        }
        vec![("kustomization.yaml".to_owned(), kustomization), ("all.yaml".to_owned(), all)]
    }

    #[test]
    fn a_generator_asks_only_objects_of_its_name() {
        let entry = |number: usize| format!("{{name: c-{number}, literals: [a=b]}}");
        let (small, few) = built(tree(20, "configMapGenerator", entry));
        let (large, many) = built(tree(80, "configMapGenerator", entry));
        assert_eq!((small.len(), large.len()), (40, 160));
        assert!(many <= 5 * few, "{few} steps, then {many}");
    }

    #[test]
    fn an_entry_that_names_its_object_asks_no_other() {
        let json = r#"[{"op": "replace", "path": "/spec/replicas", "value": 2}]"#;
        let select = |number| format!("{{kind: Deployment, name: d-{number}}}");
        let merge = |number: usize| {
            format!(
                "apiVersion: apps/v1, kind: Deployment, metadata: {{name: d-{number}}}, spec: {{replicas: 2}}"
            )
        };
        let entries: [(&str, Entry); 5] = [
            ("patches", Box::new(move |at| format!("{{target: {}, patch: '{json}'}}", select(at)))),
            ("patches", Box::new(move |at| format!("{{patch: '{{{}}}'}}", merge(at)))),
            (
                "patches",
                Box::new(move |at| {
                    format!("{{target: {}, patch: '{{{}}}'}}", select(at), merge(at))
                }),
            ),
            ("patchesStrategicMerge", Box::new(move |at| format!("'{{{}}}'", merge(at)))),
            (
                "replacements",
                Box::new(move |at| {
                    let path = "spec.replicas";
                    format!(
                        "{{sourceValue: '2', targets: [{{select: {}, fieldPaths: [{path}]}}]}}",
                        select(at)
                    )
                }),
            ),
        ];
        for (field, entry) in entries {
            let [few, many] = [20, 80].map(|count| {
                let (seen, steps) = built(tree(count, field, &entry));
                assert!(seen.len() == count && seen.iter().all(|(_, replicas)| replicas == "2"));
                steps
            });
            assert!(few >= 20 && many <= 5 * few, "{field}: {few} steps, then {many}");
        }
    }

    /// An object is found by a name that an earlier patch gave it, and not where a deleted one was.
    #[test]
    fn follows_renamed_and_deleted_objects() {
        let set = |name: &str, path: &str, value: &str| {
            format!(
                r#"- {{target: {{name: {name}}}, patch: '[{{"op": "replace", "path": "/{path}", "value": {value}}}]'}}"#
            )
        };
        let patches = [
            set("d-1", "metadata/name", r#""new""#),
            "- {target: {name: d-0}, patch: '{$patch: delete, kind: any, metadata: {name: any}}'}"
                .to_owned(),
            set("new", "spec/replicas", "3"),
            set("d-2", "spec/replicas", "4"),
            set("'d-[2-9]'", "metadata/name", r#""last""#),
            set("last", "spec/replicas", "5"),
        ];
        let mut files = tree(3, "patches", |_| String::new());
        files[0].1 = format!("resources: [all.yaml]\npatches:\n{}\n", patches.join("\n"));
        let (seen, _) = built(files);
        let seen: Vec<_> = seen.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(seen, [("new", "3"), ("last", "5")]);
    }
}
