//! The values of a Helm release: layers that are merged as Helm merges them, and the templates in them, which charts pass through `tpl`.

use crate::builders::substitute::{Part, composed};
use crate::builders::template::{Failure, parts, render};
use crate::yaml::node::{Node, Provenance, Value};
use crate::yaml::path::Path;
use crate::yaml::scalar::{Kind, Schema, kind};

/// What Go writes where a field is missing.
const MISSING: &str = "<no value>";

/// How long a text with templates may be, and become.
const LONGEST: usize = 4096;

/// A release of a chart, as its templates see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Release {
    /// Its name, if it is known.
    pub name: Option<String>,
    /// The namespace that it is installed into, if that is known.
    pub namespace: Option<String>,
    /// The name of the chart, if it is known.
    pub chart: Option<String>,
}

/// A text whose templates cannot be filled in.
#[derive(Debug, Clone)]
pub struct Unfilled {
    /// The field of the values.
    pub path: Path,
    /// The text.
    pub node: Node,
    /// Why not.
    pub failure: Failure,
}

/// Values with more laid over them: mappings are merged, `null` removes a key, anything else is replaced.
#[must_use]
pub fn merged(under: &Node, over: &Node) -> Node {
    if !is_map(under) || !is_map(over) {
        return without_nulls(over);
    }
    let mut merged = under.clone();
    for entry in over.entries() {
        let Some(key) = entry.key.str() else { continue };
        if is_null(&entry.value) {
            merged.remove(key);
            continue;
        }
        let value = match merged.get(key) {
            Some(known) => self::merged(known, &entry.value),
            None => without_nulls(&entry.value),
        };
        merged.set(key, value);
    }
    merged
}

/// Whether a text has a template.
#[must_use]
pub fn has_template(node: &Node) -> bool {
    let of_entries = || node.entries().iter().any(|entry| has_template(&entry.value));
    node.str().is_some_and(|text| text.contains("{{"))
        || of_entries()
        || node.items().iter().any(has_template)
}

/// Values whose templates are filled in, and those that cannot be, which stay as they are.
#[must_use]
pub fn filled(values: &Node, release: &Release) -> (Node, Vec<Unfilled>) {
    let mut filler =
        Filler { parameters: parameters(values, release), values, unfilled: Vec::new() };
    let mut filled = values.clone();
    if has_template(values) {
        filler.visit(&mut filled, &Path::default());
    }
    (filled, filler.unfilled)
}

fn is_map(node: &Node) -> bool {
    matches!(node.value, Value::Map(_))
}

fn is_null(node: &Node) -> bool {
    kind(node, Schema::Kyaml) == Some(Kind::Null)
}

fn without_nulls(node: &Node) -> Node {
    let mut node = node.clone();
    if node.entries().iter().any(|entry| is_null(&entry.value) || is_map(&entry.value))
        && let Some(map) = node.map_mut()
    {
        map.entries.retain(|entry| !is_null(&entry.value));
        for entry in &mut map.entries {
            entry.value = without_nulls(&entry.value);
        }
    }
    node
}

/// What a template can name.
fn parameters(values: &Node, release: &Release) -> Node {
    let text = |text: &str| Node::string(text, Provenance::Generated);
    let mut own = Node::map(Provenance::Generated);
    if let Some(name) = &release.name {
        own.set("Name", text(name));
    }
    own.set("Service", text("Helm"));
    if let Some(namespace) = &release.namespace {
        own.set("Namespace", text(namespace));
    }
    let mut parameters = Node::map(Provenance::Generated);
    parameters.set("Release", own);
    parameters.set("Values", values.clone());
    if let Some(chart) = &release.chart {
        let mut own = Node::map(Provenance::Generated);
        own.set("Name", text(chart));
        parameters.set("Chart", own);
    }
    parameters
}

struct Filler<'v> {
    parameters: Node,
    values: &'v Node,
    unfilled: Vec<Unfilled>,
}

impl Filler<'_> {
    fn visit(&mut self, node: &mut Node, path: &Path) {
        if node.scalar().is_some() {
            if !has_template(node) {
                return;
            }
            match self.scalar(node) {
                Ok(filled) => *node = filled,
                Err(failure) => {
                    let (path, node) = (path.clone(), node.clone());
                    self.unfilled.push(Unfilled { path, node, failure });
                }
            }
        } else if let Some(map) = node.map_mut() {
            for entry in &mut map.entries {
                let below = path.key(entry.key.str().unwrap_or_default());
                self.visit(&mut entry.value, &below);
            }
        } else if let Some(items) = node.items_mut() {
            for (index, item) in items.iter_mut().enumerate() {
                self.visit(item, &path.index(index));
            }
        }
    }

    fn scalar(&self, node: &Node) -> Result<Node, Failure> {
        let text = node.str().unwrap_or_default();
        let start = || text.chars().take(40).collect::<String>();
        if text.len() > LONGEST || text.contains('\n') {
            return Err(Failure::Unknown(start()));
        }
        if let Some(unset) = unset(text, self.values) {
            return Err(Failure::Unknown(format!(".Values.{unset}")));
        }
        let parts = parts(node, render(text, &self.parameters, true)?);
        let is_open = |(text, place): &Part| {
            // What a value holds is not filled in again.
            text == MISSING || place.is_some() && text.contains("{{")
        };
        let length: usize = parts.iter().map(|(text, _)| text.len()).sum();
        if parts.iter().any(is_open) || length > LONGEST {
            return Err(Failure::Unknown(start()));
        }
        Ok(composed(node, &parts))
    }
}

/// A field of the values that a text names and that is not set in them: the chart may set it.
fn unset<'t>(text: &'t str, values: &Node) -> Option<&'t str> {
    let names = text.match_indices(".Values.").map(|(at, start)| &text[at + start.len()..]);
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let names = names.map(|rest| &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())]);
    names.into_iter().find(|name| {
        let keys: Vec<&str> = name.split('.').collect();
        values.at(&keys).is_none_or(|value| value.scalar().is_none() || is_null(value))
    })
}

#[cfg(test)]
mod tests {
    use super::{Release, filled, has_template, merged};
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::embed;
    use crate::yaml::node::Node;
    use crate::yaml::parse::parse;

    fn root(file: &str, text: &str) -> Node {
        let source = Source::file(TreePath::new(file).unwrap(), text);
        parse(&source).unwrap().documents[0].root.clone()
    }

    /// The same merges as `helm template -f a.yaml -f b.yaml`.
    #[test]
    fn values_are_merged_as_helm_merges_them() {
        let under =
            root("a.yaml", "a: { b: 1, c: 2 }\nlist: [1, 2]\ntext: x\ngone: y\nmap: { k: v }\n");
        let over = root(
            "b.yaml",
            "a: { c: 3, d: { e: null, f: 4 } }\nlist: [3]\ngone: null\nmap: z\nnew: { n: null }\n",
        );
        let all = merged(&under, &over);
        assert_eq!(
            format!("{all:?}"),
            "{\"a\": {\"b\": \"1\", \"c\": \"3\", \"d\": {\"f\": \"4\"}}, \"list\": [\"3\"], \"text\": \"x\", \"map\": \"z\", \"new\": {}}"
        );
        let file = |keys: &[&str]| {
            all.at(keys).unwrap().origin.as_ref().unwrap().source.path().to_string()
        };
        assert_eq!(
            (file(&["a", "b"]), file(&["a", "c"])),
            ("a.yaml".to_owned(), "b.yaml".to_owned())
        );
    }

    fn release() -> Release {
        Release { name: Some("shop".to_owned()), namespace: Some("web".to_owned()), chart: None }
    }

    #[test]
    fn templates_are_filled_in_with_the_place_of_each_part() {
        let text = "a: \"{{ .Release.Name }}-secrets-20250602090000\"\nb: '{{ .Release.Namespace }}/x'\nc: \"{{ .Values.base }}-{{ .Values.at.version }}\"\nbase: db\nat: { version: '20250101000000' }\nd: plain\n";
        let values = root("v.yaml", text);
        assert!(has_template(&values));
        let (all, unfilled) = filled(&values, &release());
        assert!(unfilled.is_empty(), "{unfilled:?}");
        let text = |key: &str| all.get(key).and_then(Node::str).unwrap();
        assert_eq!(
            (text("a"), text("b"), text("c")),
            ("shop-secrets-20250602090000", "web/x", "db-20250101000000")
        );
        let place = |key: &str, word: &str| {
            let node = all.get(key).unwrap();
            let at = node.str().unwrap().find(word).unwrap();
            embed::part(node, at..at + word.len())?.in_file().map(|place| place.position().line)
        };
        assert_eq!(place("a", "20250602090000"), Some(1));
        assert_eq!(place("a", "shop"), None);
        assert_eq!(place("c", "20250101000000"), Some(5));
        assert_eq!(place("c", "db"), Some(4));
    }

    #[test]
    fn what_only_the_chart_knows_is_named() {
        let text = "a: '{{ include \"x\" . }}-s'\nb: '{{ .Values.none }}-s'\nc: '{{ default \"x\" .Values.none }}'\nd: '{{ .Chart.Name }}'\ne: '{{ .Values.f }}'\nf: '{{ .Release.Name }}'\ng: '{{ .Values.map }}'\nmap: { k: v }\nh: '{{'\n";
        let (all, unfilled) = filled(&root("v.yaml", text), &release());
        let seen: Vec<String> =
            unfilled.iter().map(|one| format!("{}: {}", one.path, one.failure)).collect();
        assert_eq!(seen.len(), 7, "{seen:?}");
        assert!(seen[0].contains("include") && seen[1].contains(".Values.none"), "{seen:?}");
        assert_eq!(all.get("f").and_then(Node::str), Some("shop"));
        assert_eq!(all.get("b").and_then(Node::str), Some("{{ .Values.none }}-s"));
        let known = Release { chart: Some("web".to_owned()), ..release() };
        let (all, _) = filled(&root("v.yaml", "d: '{{ .Chart.Name }}'\n"), &known);
        assert_eq!(all.get("d").and_then(Node::str), Some("web"));
    }
}
