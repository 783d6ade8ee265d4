//! Builtin generators and transformers that are configured in documents of their own.

use std::collections::HashSet;
use std::sync::Arc;

use crate::kustomize::fields::config::field_specs;
use crate::kustomize::generate::Product;
use crate::kustomize::generate::hash::add_hashes;
use crate::kustomize::load::resources;
use crate::kustomize::model::object::Object;
use crate::kustomize::resolver::accumulator::Accumulator;
use crate::kustomize::resolver::inflate::needs_helm;
use crate::kustomize::resolver::target::Target;
use crate::kustomize::transform::labels;
use crate::kustomize::transform::names::{End, affix};
use crate::kustomize::transform::namespace::{Namespace, Subjects, set};
use crate::kustomize::transform::patches;
use crate::kustomize::transform::replacements;
use crate::text::problem::Problem;
use crate::yaml::embed::parse_inside;
use crate::yaml::node::{Node, Provenance, Seq, Value};
use crate::yaml::scalar::{Kind, Schema, kind};

/// Runs the generators that entries name.
///
/// # Errors
/// When one of them cannot be read or fails.
pub fn generate(
    target: &mut Target<'_>,
    gathered: &mut Accumulator,
    entries: &[Node],
) -> Result<(), Problem> {
    for plugin in read(target, entries)? {
        let product = match plugin.kind() {
            "ConfigMapGenerator" if is_builtin(&plugin) => Product::ConfigMap,
            "SecretGenerator" if is_builtin(&plugin) => Product::Secret,
            "HelmChartInflationGenerator" if is_builtin(&plugin) => {
                target.miss(needs_helm(&plugin.node));
                continue;
            }
            _ => {
                let is_known = is_ksops(&plugin) && decrypted(target, gathered, &plugin)?;
                let problem = needs_plugin(&plugin);
                target.miss(if is_known { problem.hiding_nothing() } else { problem });
                continue;
            }
        };
        let mut entry = plugin.node.clone();
        for key in ["name", "namespace"] {
            if let Some(value) =
                plugin.node.at(&["metadata", key]).filter(|_| entry.get(key).is_none())
            {
                entry.set(key, value.clone());
            }
        }
        // `generatorOptions` are for the generators in the kustomization itself.
        target.generate_one(gathered, product, &entry, None)?;
    }
    Ok(())
}

/// Adds the Secrets that KSOPS would decrypt: their names and keys are in plain text in the SOPS files. Returns whether these
/// are all that it makes.
fn decrypted(
    target: &mut Target<'_>,
    gathered: &mut Accumulator,
    plugin: &Object,
) -> Result<bool, Problem> {
    let list = |key: &str| plugin.node.get(key).map_or(&[][..], Node::items);
    let mut is_all = list("secretFrom").is_empty();
    for entry in list("files") {
        let mut made = Accumulator::default();
        target.resource(&mut made, &mut HashSet::new(), entry)?;
        // A name with a content hash cannot be known without the values.
        let hash = ["metadata", "annotations", "kustomize.config.k8s.io/needs-hash"];
        let is_hashed = |object: &Object| object.node.at(&hash).and_then(Node::str) == Some("true");
        is_all &= !made.objects.is_empty() && !made.objects.iter().any(is_hashed);
        for object in made.objects.into_iter().filter(|object| !is_hashed(object)) {
            if let Err(problem) = gathered.absorb(object, entry) {
                target.miss(problem);
            }
        }
    }
    Ok(is_all)
}

/// Runs the transformers that entries name.
///
/// # Errors
/// When one of them cannot be read or fails.
pub fn transform(
    target: &mut Target<'_>,
    gathered: &mut Accumulator,
    entries: &[Node],
) -> Result<(), Problem> {
    for plugin in read(target, entries)? {
        if is_builtin(&plugin) {
            run(target, gathered, &plugin)?;
        } else {
            target.miss(needs_plugin(&plugin));
        }
    }
    Ok(())
}

/// Records the validators that entries name: none of them is builtin, and none changes an object.
///
/// # Errors
/// When one of them cannot be read.
pub fn validate(target: &mut Target<'_>, entries: &[Node]) -> Result<(), Problem> {
    for plugin in read(target, entries)? {
        if !is_builtin(&plugin) {
            target.miss(needs_plugin(&plugin));
        }
    }
    Ok(())
}

/// The documents that entries hold or name.
fn read(target: &mut Target<'_>, entries: &[Node]) -> Result<Vec<Object>, Problem> {
    let mut gathered = Accumulator::default();
    let mut taken = HashSet::new();
    let mut paths = Vec::new();
    for entry in entries {
        let inside = parse_inside(entry).ok().and_then(|stream| resources::objects(&stream).ok());
        match inside {
            Some(objects) => gathered.append(objects, &mut taken, entry)?,
            None => paths.push(entry),
        }
    }
    for entry in paths {
        target.resource(&mut gathered, &mut taken, entry)?;
    }
    Ok(gathered.objects)
}

fn is_builtin(plugin: &Object) -> bool {
    plugin.api_version() == "builtin"
}

fn is_ksops(plugin: &Object) -> bool {
    plugin.kind() == "ksops" && plugin.api_version().starts_with("viaduct.ai/")
}

fn needs_plugin(plugin: &Object) -> Problem {
    let identity = plugin.identity();
    let message = match is_builtin(plugin) {
        true => format!("the builtin {identity} is not supported"),
        false => format!("{identity} needs a plugin, and plugins are not run"),
    };
    Problem::at(message, &plugin.node).with_help("what it generates or changes is not known")
}

fn run(
    target: &mut Target<'_>,
    gathered: &mut Accumulator,
    plugin: &Object,
) -> Result<(), Problem> {
    let (node, objects) = (&plugin.node, &mut gathered.objects);
    let fields = node.get("fieldSpecs").map(field_specs).unwrap_or_default();
    let text = |key: &str| node.get(key).and_then(Node::str).filter(|text| !text.is_empty());
    match plugin.kind() {
        "PrefixTransformer" | "SuffixTransformer" | "PrefixSuffixTransformer" => {
            if node.get("fieldSpecs").is_none() {
                return Err(Problem::at("`fieldSpecs` is missing", node)
                    .with_help("add `fieldSpecs: [{path: metadata/name}]`"));
            }
            let ends = [("prefix", End::Prefix), ("suffix", End::Suffix)];
            let mut given = ends.into_iter().filter_map(|(key, end)| Some((text(key)?, end)));
            given.try_for_each(|(affixed, end)| affix(objects, end, affixed, &fields))
        }
        "NamespaceTransformer" => {
            let Some(name) = node.at(&["metadata", "namespace"]) else { return Ok(()) };
            let unset_only = flag(node, "unsetOnly");
            let subjects = subjects(node)?;
            set(objects, &Namespace { name, fields: &fields, unset_only, subjects })
        }
        "LabelTransformer" => label(objects, node.get("labels"), node),
        "AnnotationsTransformer" => label(objects, node.get("annotations"), node),
        "PatchTransformer" => {
            target.step(gathered, Some(&list(vec![node.clone()], node)), patches::patches)
        }
        "PatchJson6902Transformer" => {
            let mut patch = node.clone();
            if let Some(operations) = node.get("jsonOp") {
                patch.set("patch", operations.clone());
            }
            target.step(gathered, Some(&list(vec![patch], node)), patches::json6902)
        }
        "PatchStrategicMergeTransformer" => {
            let paths = node.get("paths").map(Node::items).unwrap_or_default();
            let inline = node.get("patches").filter(|_| text("patches").is_some());
            let items = paths.iter().chain(inline).cloned().collect();
            target.step(gathered, Some(&list(items, node)), patches::strategic_merge)
        }
        "ReplacementTransformer" => {
            target.step(gathered, node.get("replacements"), replacements::apply)
        }
        "HashTransformer" => {
            add_hashes(objects);
            Ok(())
        }
        // These do not change any names.
        "ImageTagTransformer" | "ReplicaCountTransformer" => Ok(()),
        _ => {
            target.miss(needs_plugin(plugin));
            Ok(())
        }
    }
}

fn label(objects: &mut [Object], pairs: Option<&Node>, node: &Node) -> Result<(), Problem> {
    let fields = node.get("fieldSpecs").map(field_specs).unwrap_or_default();
    pairs.map_or(Ok(()), |pairs| labels::set(objects, pairs, &fields))
}

fn list(items: Vec<Node>, node: &Node) -> Node {
    let value = Value::Seq(Arc::new(Seq { items, flow: false }));
    Node { origin: node.origin.clone(), ..Node::made(value, Provenance::Written) }
}

fn subjects(node: &Node) -> Result<Subjects, Problem> {
    let Some(mode) = node.get("setRoleBindingSubjects") else { return Ok(Subjects::Default) };
    match mode.str() {
        None | Some("" | "defaultOnly") => Ok(Subjects::Default),
        Some("allServiceAccounts") => Ok(Subjects::ServiceAccounts),
        Some("none") => Ok(Subjects::None),
        Some(other) => Err(Problem::at(format!("unknown `setRoleBindingSubjects: {other}`"), mode)
            .with_help("write `defaultOnly`, `allServiceAccounts` or `none`")),
    }
}

fn flag(node: &Node, key: &str) -> bool {
    node.get(key).and_then(|value| kind(value, Schema::Kubectl)) == Some(Kind::Bool(true))
}
