//! Selectors: which objects an entry of a kustomization applies to.

use crate::kustomize::fields::candidates::Candidates;
use crate::kustomize::fields::expression::Expression;
use crate::kustomize::fields::label_selector::Requirements;
use crate::kustomize::model::object::{Identity, Object};
use crate::text::problem::Problem;
use crate::text::work;
use crate::yaml::node::Node;

/// The conditions that an object must meet, all of them.
#[derive(Debug)]
pub struct Selector {
    group: Option<Expression>,
    version: Option<Expression>,
    kind: Option<Expression>,
    name: Option<Expression>,
    namespace: Option<Expression>,
    labels: Requirements,
    annotations: Requirements,
}

impl Selector {
    /// Reads a `target` or `select`.
    ///
    /// # Errors
    /// If a pattern is not a regular expression, or a label selector is invalid.
    pub fn read(target: &Node) -> Result<Self, Problem> {
        Ok(Self {
            group: pattern(target, "group")?,
            version: pattern(target, "version")?,
            kind: pattern(target, "kind")?,
            name: pattern(target, "name")?,
            namespace: pattern(target, "namespace")?,
            labels: requirements(target, "labelSelector")?,
            annotations: requirements(target, "annotationSelector")?,
        })
    }

    /// Whether a patch with this target applies to the object, by its current or original
    /// name and namespace.
    #[must_use]
    pub fn selects(&self, object: &Object) -> bool {
        work::step();
        if !fits(&self.kind, object.kind()) || !self.may_fit_name(object) {
            return false;
        }
        let (now, first) = (object.identity(), object.original());
        let namespace = |identity| fits(&self.namespace, namespace_of(identity));
        self.fits_kind(&now)
            && (fits(&self.name, &now.name) || fits(&self.name, &first.name))
            && (namespace(&now) || namespace(&first))
            && self.fits_metadata(object)
    }

    /// The objects selected, by index.
    #[must_use]
    pub fn select(&self, objects: &[Object], candidates: &mut Candidates) -> Vec<usize> {
        let mut selected = self.candidates(objects, candidates);
        selected.retain(|&index| self.selects(&objects[index]));
        selected
    }

    /// The objects whose names do not rule them out, by index.
    pub fn candidates(&self, objects: &[Object], candidates: &mut Candidates) -> Vec<usize> {
        candidates.of(objects, self.name.as_ref().and_then(Expression::word))
    }

    /// Whether a replacement with this selector matches one of the object's identities, labels and annotations aside.
    /// Kustomize matches the namespace as now written in the object, but the effective one for earlier identities.
    #[must_use]
    pub fn selects_identity(&self, object: &Object) -> bool {
        work::step();
        if !self.may_fit_name(object) {
            return false;
        }
        let namespace = |index: usize, identity: &Identity| {
            let now = identity.namespace.as_deref().unwrap_or_default();
            fits(&self.namespace, if index == 0 { now } else { namespace_of(identity) })
        };
        identities(object).enumerate().any(|(index, identity)| {
            self.fits_kind(&identity)
                && fits(&self.name, &identity.name)
                && namespace(index, &identity)
        })
    }

    /// Whether the object's labels and annotations match the selector.
    #[must_use]
    pub fn fits_metadata(&self, object: &Object) -> bool {
        self.labels.hold(object.node.at(&["metadata", "labels"]))
            && self.annotations.hold(object.node.at(&["metadata", "annotations"]))
    }

    /// Whether it selects by labels or annotations at all.
    #[must_use]
    pub const fn asks_metadata(&self) -> bool {
        !self.labels.is_empty() || !self.annotations.is_empty()
    }

    /// Whether it selects by group, version, kind, name or namespace at all.
    #[must_use]
    pub fn asks_identity(&self) -> bool {
        let parts = [&self.group, &self.version, &self.kind, &self.name, &self.namespace];
        parts.iter().any(|part| part.is_some())
    }

    /// Whether one of the object's names fits; an identity takes longer to make than a name to read.
    fn may_fit_name(&self, object: &Object) -> bool {
        object.names().any(|name| fits(&self.name, name))
    }

    fn fits_kind(&self, identity: &Identity) -> bool {
        fits(&self.group, identity.group())
            && fits(&self.version, identity.version())
            && fits(&self.kind, &identity.kind)
    }
}

fn fits(pattern: &Option<Expression>, text: &str) -> bool {
    pattern.as_ref().is_none_or(|pattern| pattern.fits(text))
}

fn pattern(target: &Node, key: &str) -> Result<Option<Expression>, Problem> {
    let Some(node) = target.get(key) else { return Ok(None) };
    let Some(text) = node.str().filter(|text| !text.is_empty()) else { return Ok(None) };
    Expression::whole(text).map(Some).map_err(|error| {
        let message = format!("`{text}` is no regular expression");
        Problem::at(message, node).with_help(error.to_string())
    })
}

fn requirements(target: &Node, key: &str) -> Result<Requirements, Problem> {
    let Some(node) = target.get(key) else { return Ok(Requirements::default()) };
    let text = node.str().unwrap_or_default();
    Requirements::parse(text).map_err(|message| Problem::at(message, node))
}

/// The namespace that a pattern is matched against; kustomize uses a placeholder for cluster-scoped objects.
fn namespace_of(identity: &Identity) -> &str {
    identity.effective_namespace().unwrap_or("_non_namespaceable_")
}

/// The identities of an object: the current one, then the previous ones.
pub fn identities(object: &Object) -> impl Iterator<Item = Identity> {
    std::iter::once(object.identity()).chain(object.earlier())
}

#[cfg(test)]
mod tests {
    use super::Selector;
    use crate::kustomize::model::object::Object;
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::node::Node;
    use crate::yaml::parse::parse;

    fn node(text: &str) -> Node {
        parse(&Source::file(TreePath::root(), text)).unwrap().documents[0].root.clone()
    }

    fn selects(selector: &str) -> bool {
        let text = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, \
                    labels: {app: web, tier: front}, annotations: {a/b: c}}}";
        let mut object = Object::new(node(text));
        object.remember();
        object
            .node
            .get_mut("metadata")
            .unwrap()
            .set("name", Node::string("pre-web", crate::yaml::node::Provenance::Derived));
        Selector::read(&node(selector)).unwrap().selects(&object)
    }

    #[test]
    fn anchors_its_patterns() {
        assert!(selects("{kind: Deployment, name: web}"));
        assert!(selects("{kind: 'Deployment|StatefulSet', name: .*-web}"));
        assert!(selects("{name: pre-web}"));
        assert!(!selects("{name: we}"));
        assert!(!selects("{kind: Deploy}"));
        assert!(selects("{group: apps, version: v1, namespace: default}"));
        assert!(!selects("{group: extensions}"));
        assert!(!selects("{namespace: other}"));
        assert!(Selector::read(&node("{name: '('}")).is_err());
    }

    #[test]
    fn reads_labels_and_annotations() {
        assert!(selects("{labelSelector: 'app=web,tier in (front, back),!old'}"));
        assert!(!selects("{labelSelector: app!=web}"));
        assert!(selects("{annotationSelector: a/b=c}"));
        assert!(Selector::read(&node("{labelSelector: 'a in'}")).is_err());
    }
}
