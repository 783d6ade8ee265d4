//! The field `vars`: `$(NAME)` in certain fields is replaced by a value of an object.

use std::sync::Arc;

use crate::kustomize::fields::field_path::{lookup, split};
use crate::kustomize::fields::field_spec::{FieldSpec, Keys, leads_to, visit};
use crate::kustomize::fields::selector::identities;
use crate::kustomize::model::object::{Identity, Object};
use crate::kustomize::transform::hidden::covered;
use crate::text::problem::Problem;
use crate::yaml::node::{Node, Provenance, Tag, Value};
use crate::yaml::scalar::{Kind, Schema, kind};

/// A variable of a kustomization.
#[derive(Debug, Clone)]
pub struct Var {
    name: Arc<str>,
    path: String,
    entry: Node,
}

/// Adds the variables of one kustomization, and marks the objects that provide their values.
///
/// # Errors
/// If a name is taken, or more than one object matches.
pub fn collect(vars: &mut Vec<Var>, list: &Node, objects: &mut [Object]) -> Result<(), Problem> {
    for entry in list.items() {
        let Some(name) = entry.get("name").and_then(Node::str).filter(|name| !name.is_empty())
        else {
            return Err(Problem::at("the variable has no name", entry).with_help("add `name:`"));
        };
        let path = entry.at(&["fieldref", "fieldPath"]).and_then(Node::str).unwrap_or_default();
        let path = if path.is_empty() { "metadata.name" } else { path };
        let var = Var { name: Arc::from(name), path: path.to_owned(), entry: entry.clone() };
        let wanted = wanted(entry);
        let mut found = (0..objects.len()).filter(|&index| means(&wanted, &objects[index]));
        let (first, second) = (found.next(), found.next());
        if let (Some(first), Some(second)) = (first, second) {
            let (first, second) = (objects[first].identity(), objects[second].identity());
            let message = format!("the variable `{name}` has more than one source");
            return Err(Problem::at(message, entry)
                .with_help(format!("both `{first}` and `{second}` match: say which is meant")));
        }
        if let Some(index) = first {
            objects[index].variables.push(Arc::clone(&var.name));
        }
        merge(vars, &[var])?;
    }
    Ok(())
}

/// Adds the variables of another kustomization.
///
/// # Errors
/// When a name is taken.
pub fn merge(vars: &mut Vec<Var>, others: &[Var]) -> Result<(), Problem> {
    for var in others {
        if vars.iter().any(|known| known.name == var.name) {
            let message = format!("the variable `{}` is there already", var.name);
            return Err(Problem::at(message, var.entry.get("name").unwrap_or(&var.entry)));
        }
        vars.push(var.clone());
    }
    Ok(())
}

/// The identity in an `objref`, all of which must match; the namespace only if set.
fn wanted(entry: &Node) -> Identity {
    let text = |key: &str| entry.at(&["objref", key]).and_then(Node::str).unwrap_or_default();
    let api_version = match (text("apiVersion"), text("group"), text("version")) {
        ("", "", version) => Arc::from(version),
        ("", group, version) => Arc::from(format!("{group}/{version}")),
        (api_version, _, _) => Arc::from(api_version),
    };
    let namespace = Some(text("namespace")).filter(|namespace| !namespace.is_empty());
    Identity {
        api_version,
        kind: Arc::from(text("kind")),
        namespace: namespace.map(Arc::from),
        name: Arc::from(text("name")),
    }
}

fn means(wanted: &Identity, object: &Object) -> bool {
    identities(object).any(|mut identity| {
        if wanted.namespace.is_none() {
            identity.namespace = None;
        }
        identity.same(wanted)
    })
}

/// Puts the values of all variables into the fields that may have them.
///
/// # Errors
/// If a variable has no value, or a field holds something other than text.
pub fn substitute(
    objects: &mut [Object],
    vars: &[Var],
    fields: &[FieldSpec],
) -> Result<(), Problem> {
    if vars.is_empty() {
        return Ok(());
    }
    let values = vars.iter().map(|var| value(var, objects)).collect::<Result<Vec<_>, _>>()?;
    let values = Values { vars, values };
    for object in objects {
        let identity = object.identity();
        let values = Seen { values: &values, is_secret: object.kind() == "Secret" };
        for field in fields.iter().filter(|field| field.selects(&identity)) {
            let keys = Keys::of(&field.path);
            if !leads_to(&object.node, keys, &|node| values.concern(node)) {
                continue;
            }
            visit(&mut object.node, &field.path, false, &mut |node| values.fill(node))?;
        }
    }
    Ok(())
}

/// The value of a variable.
struct Given {
    value: Node,
    /// What stands for it outside of Secrets, if it is the value of one.
    shown: Option<Node>,
}

/// The value of a variable; `None` if it is not a scalar and is never substituted.
fn value(var: &Var, objects: &[Object]) -> Result<Option<Given>, Problem> {
    let Some(object) = objects.iter().find(|object| object.variables.contains(&var.name)) else {
        let message = format!("the variable `{}` has no source", var.name);
        return Err(Problem::at(message, &var.entry).with_help(
            "no object of the kustomization has the apiVersion, kind and name of its `objref`",
        ));
    };
    let place = var.entry.at(&["fieldref", "fieldPath"]).unwrap_or(&var.entry);
    let steps = steps(&var.path);
    let found = lookup(&object.node, &steps).map_err(|why| Problem::at(why, place))?;
    let Some(found) = found else {
        let message = format!("`{}` is not in `{}`", var.path, object.identity());
        return Err(Problem::at(message, place));
    };
    let mut found = found.clone();
    found.mark(Provenance::Copied);
    let shown = covered(object.kind(), &steps, &found);
    Ok(text_of(&found).is_some().then_some(Given { value: found, shown }))
}

/// The parts of a path, where `list[0]` is the same as `list.0`.
fn steps(path: &str) -> Vec<String> {
    let mut steps = Vec::new();
    for part in split(path) {
        let inner = part.strip_suffix(']').and_then(|part| part.split_once('['));
        match inner {
            Some((name, index)) if index.parse::<usize>().is_ok() => {
                steps.extend(Some(name.to_owned()).filter(|name| !name.is_empty()));
                steps.push(index.to_owned());
            }
            _ => steps.push(part),
        }
    }
    steps
}

/// A scalar's value as text.
fn text_of(node: &Node) -> Option<String> {
    match kind(node, Schema::Kyaml)? {
        Kind::Null => None,
        Kind::Bool(yes) => Some(yes.to_string()),
        Kind::Int(number) => Some(number.to_string()),
        Kind::Float(number) => Some(number.to_string()),
        Kind::Str => node.str().map(str::to_owned),
    }
}

/// The variables with their values.
struct Values<'v> {
    vars: &'v [Var],
    values: Vec<Option<Given>>,
}

/// The variables as an object sees them.
struct Seen<'v> {
    values: &'v Values<'v>,
    is_secret: bool,
}

impl Seen<'_> {
    /// Whether substitution might change a value or fail, by a quick check.
    fn concern(&self, node: &Node) -> bool {
        let holds_name = |node: &Node| node.str().is_some_and(|text| text.contains('$'));
        match &node.value {
            Value::Scalar(_) => holds_name(node),
            Value::Map(map) => map.entries.iter().any(|entry| holds_name(&entry.value)),
            Value::Seq(seq) => seq.items.iter().any(|item| holds_name(item) || !is_text(item)),
        }
    }

    /// Substitutes variables in a string, or in the strings of a mapping or list.
    fn fill(&self, node: &mut Node) -> Result<(), Problem> {
        match &node.value {
            Value::Scalar(_) => self.fill_text(node),
            Value::Map(_) => {
                if let Some(map) = node.map_mut() {
                    map.entries.iter_mut().for_each(|entry| self.fill_text(&mut entry.value));
                }
            }
            Value::Seq(seq) => {
                if let Some(other) = seq.items.iter().find(|item| !is_text(item)) {
                    let help = "kustomize wants a list of texts here: put it into quotes";
                    return Err(Problem::at("expected a text", other).with_help(help));
                }
                node.items_mut().into_iter().flatten().for_each(|item| self.fill_text(item));
            }
        }
        Ok(())
    }

    fn fill_text(&self, node: &mut Node) {
        let Some(text) = node.str().filter(|text| text.contains('$') && is_text(node)) else {
            return;
        };
        if let Some(value) = name_of_all(text).and_then(|name| self.get(name)) {
            *node = value.clone();
            return;
        }
        let expanded = self.expand(text);
        if expanded != text {
            *node = node.with_text(&expanded, Provenance::Derived);
            if !is_text(node)
                && let Value::Scalar(scalar) = &mut node.value
            {
                scalar.tag = Tag::Str;
            }
        }
    }

    fn get(&self, name: &str) -> Option<&Node> {
        let Values { vars, values } = self.values;
        let index = vars.iter().position(|var| &*var.name == name)?;
        let given = values.get(index)?.as_ref()?;
        Some(given.shown.as_ref().filter(|_| !self.is_secret).unwrap_or(&given.value))
    }

    /// Replaces known variables; `$$` is a literal `$`, whatever follows it.
    fn expand(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(behind) = rest.strip_prefix("$$") {
                out.push('$');
                rest = behind;
                continue;
            }
            let name = rest.strip_prefix("$(").and_then(|inner| inner.split_once(')'));
            match name {
                Some((name, behind)) => {
                    match self.get(name).and_then(text_of) {
                        Some(value) => out.push_str(&value),
                        None => out.push_str(&rest[..rest.len() - behind.len()]),
                    }
                    rest = behind;
                }
                None => {
                    out.push('$');
                    rest = &rest[1..];
                }
            }
        }
        out + rest
    }
}

/// The name, if the text is `$(NAME)` and nothing else.
fn name_of_all(text: &str) -> Option<&str> {
    let name = text.strip_prefix("$(")?.strip_suffix(')')?;
    (!name.contains(')')).then_some(name)
}

fn is_text(node: &Node) -> bool {
    kind(node, Schema::Kyaml) == Some(Kind::Str)
}

#[cfg(test)]
mod tests {
    use super::{collect, substitute};
    use crate::kustomize::fields::field_spec::FieldSpec;
    use crate::kustomize::model::object::Object;
    use crate::text::path::TreePath;
    use crate::text::problem::Problem;
    use crate::text::source::Source;
    use crate::yaml::compare::same;
    use crate::yaml::node::{Node, Provenance};
    use crate::yaml::parse::parse;

    const OBJECTS: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: src}
data: {a: "x y", n: 5, t: true, f: 1.50, s: "8080"}
m: {k: v}
l: [q, w]
---
apiVersion: v1
kind: Pod
metadata: {name: pod}
spec: SPEC
"#;

    fn nodes(text: &str) -> Vec<Node> {
        let stream = parse(&Source::file(TreePath::root(), text)).unwrap();
        stream.documents.into_iter().map(|document| document.root).collect()
    }

    fn var(name: &str, path: &str) -> String {
        format!(
            "{{name: {name}, objref: {{apiVersion: v1, kind: ConfigMap, name: src}}, \
              fieldref: {{fieldPath: '{path}'}}}}"
        )
    }

    /// The Pod's `spec` with the variables of the list in `spec/args`, `spec/env/value` and `spec/labels`.
    fn filled(list: &str, spec: &str) -> Result<Node, Problem> {
        let objects = nodes(&OBJECTS.replace("SPEC", spec));
        let mut objects: Vec<Object> = objects.into_iter().map(Object::new).collect();
        let mut vars = Vec::new();
        collect(&mut vars, &nodes(list)[0], &mut objects)?;
        objects[0].remember();
        let field = |path: &str| FieldSpec { path: path.to_owned(), ..FieldSpec::default() };
        let fields = [field("spec/args"), field("spec/env/value"), field("spec/labels")];
        substitute(&mut objects, &vars, &fields)?;
        Ok(objects[1].node.get("spec").unwrap().clone())
    }

    #[track_caller]
    fn becomes(spec: &str, expected: &str) {
        let vars = [
            var("A", "data.a"),
            var("NN", "data.n"),
            var("M", "m"),
            var("L", "l"),
            var("F", "data.f"),
            var("T", "data.t"),
            var("S", "data.s"),
            var("NAME", ""),
            var("I", "l[1]"),
        ];
        let found = filled(&format!("[{}]", vars.join(", ")), spec).unwrap();
        assert!(same(&found, &nodes(expected)[0]), "{found:?}, expected {expected}");
    }

    /// The expectations here and in the next test are the output of `kubectl kustomize`.
    #[test]
    fn a_variable_alone_keeps_its_type() {
        becomes(
            r#"{args: [a, $(A), "$(NN)", $(M), "$(L)", "$(F)", "$(T)", "$(S)", "$(I)", "$(NAME)"]}"#,
            r#"{args: [a, x y, 5, $(M), $(L), 1.5, true, "8080", w, src]}"#,
        );
        becomes(
            "{env: [{value: $(NN)}, {value: $(T)}, {name: $(A)}, {value: 7}]}",
            "{env: [{value: 5}, {value: true}, {name: $(A)}, {value: 7}]}",
        );
        becomes("{labels: {x: $(A), y: p-$(A), z: 7}}", "{labels: {x: x y, y: p-x y, z: 7}}");
    }

    #[test]
    fn texts_are_filled_and_dollars_escaped() {
        becomes(
            r#"{args: ["$$(A)", "$(UNKNOWN)", "x$", "$(", "$x", "a$(A)b$(NN)c$$d", "$(NN)$(NN)", "--x=$(NAME)"]}"#,
            r#"{args: ["$(A)", "$(UNKNOWN)", "x$", "$(", "$x", "ax yb5c$d", "55", "--x=src"]}"#,
        );
    }

    #[test]
    fn refuses_what_has_no_value() {
        let message = |list: &str| filled(list, "{}").unwrap_err().message;
        assert_eq!(
            message(&format!("[{}]", var("A", "data.zz"))),
            "`data.zz` is not in `ConfigMap src`"
        );
        let other = var("A", "data.a").replace("name: src", "name: zz");
        assert_eq!(message(&format!("[{other}]")), "the variable `A` has no source");
        let other = var("A", "data.a").replace("apiVersion: v1, ", "");
        assert_eq!(message(&format!("[{other}]")), "the variable `A` has no source");
        let twice = format!("[{0}, {0}]", var("A", "data.a"));
        assert_eq!(message(&twice), "the variable `A` is there already");
        assert_eq!(message("[{objref: {}}]"), "the variable has no name");
        let list = format!("[{}]", var("A", "data.a"));
        assert_eq!(filled(&list, "{args: [x, 5]}").unwrap_err().message, "expected a text");
    }

    #[test]
    fn values_lead_back_to_the_source() {
        let spec = filled(&format!("[{}]", var("A", "data.a")), "{args: [$(A), x$(A)]}").unwrap();
        let items = spec.get("args").unwrap().items();
        assert_eq!(items[0].how, Provenance::Copied);
        assert_eq!(items[0].origin.as_ref().unwrap().text(), "\"x y\"");
        assert_eq!(items[1].how, Provenance::Derived);
    }
}
