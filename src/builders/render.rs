//! Charts as Helm renders them. What runs Helm comes from above.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::yaml::node::{Node, Value};
use crate::yaml::scalar::{Kind, Schema, kind};

/// A chart with all that decides what it becomes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Chart {
    /// Its files by their path in it.
    pub files: Vec<(String, Arc<[u8]>)>,
    /// The values that are laid over those of the chart, as YAML.
    pub values: String,
    /// The name of the release.
    pub release: String,
    /// The namespace of the release.
    pub namespace: String,
}

/// What renders charts.
pub trait Renderer: Send + Sync {
    /// The manifests of a chart.
    ///
    /// # Errors
    /// With what is in the way.
    fn render(&self, chart: &Chart) -> Result<String, String>;
}

/// A renderer that is asked once for each chart.
pub struct Renders {
    renderer: Box<dyn Renderer>,
    known: Mutex<HashMap<Chart, Cell>>,
}

/// What a chart becomes.
type Rendered = Result<Arc<str>, String>;
type Cell = Arc<OnceLock<Rendered>>;

impl Renders {
    /// What asks a renderer.
    #[must_use]
    pub fn new(renderer: Box<dyn Renderer>) -> Self {
        Self { renderer, known: Mutex::default() }
    }

    /// The manifests of a chart.
    ///
    /// # Errors
    /// With what is in the way.
    pub fn of(&self, chart: Chart) -> Rendered {
        let cell = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(chart.clone()).or_default())
        };
        cell.get_or_init(|| self.renderer.render(&chart).map(Arc::from)).clone()
    }
}

/// Values with more laid over them, as [`merged`](crate::builders::values::merged) does, except that a `null` stays: a chart has
/// defaults of its own, which it removes.
#[must_use]
pub fn laid_over(under: &Node, over: &Node) -> Node {
    let is_map = |node: &Node| matches!(node.value, Value::Map(_));
    if !is_map(under) || !is_map(over) {
        return over.clone();
    }
    let mut laid = under.clone();
    for entry in over.entries() {
        let Some(key) = entry.key.str() else { continue };
        let value = match laid.get(key) {
            Some(known) => laid_over(known, &entry.value),
            None => entry.value.clone(),
        };
        laid.set(key, value);
    }
    laid
}

/// Values as a text of YAML.
#[must_use]
pub fn text(values: &Node) -> String {
    let mut out = String::new();
    write(values, &mut out);
    out.push('\n');
    out
}

fn write(node: &Node, out: &mut String) {
    match &node.value {
        Value::Scalar(_) => scalar(node, out),
        Value::Seq(seq) => {
            out.push('[');
            for (index, item) in seq.items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                write(item, out);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            let mut known: Vec<&str> = Vec::new();
            for entry in &map.entries {
                // The mapping's own key wins over a merged one, and the last of several over the others.
                let Some(key) = entry.key.str().filter(|key| !known.contains(key)) else {
                    continue;
                };
                let Some(value) = node.get(key) else { continue };
                out.push_str(if known.is_empty() { "" } else { ", " });
                known.push(key);
                quoted(key, out);
                out.push_str(": ");
                write(value, out);
            }
            out.push('}');
        }
    }
}

fn scalar(node: &Node, out: &mut String) {
    let text = node.str().unwrap_or_default();
    match kind(node, Schema::Kubectl) {
        Some(Kind::Null) => out.push_str("null"),
        Some(Kind::Bool(is_so)) => out.push_str(if is_so { "true" } else { "false" }),
        Some(Kind::Int(_) | Kind::Float(_)) => out.push_str(text),
        Some(Kind::Str) | None => quoted(text, out),
    }
}

/// A text in double quotes, of which nothing but the text is read.
fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A document of what a chart renders, with the path that Helm gives for its template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Document<'t> {
    /// The template, such as `web/templates/deployment.yaml`.
    pub template: Option<&'t str>,
    /// The text.
    pub text: &'t str,
}

/// The documents of what Helm prints: a line of three hyphens can be nothing else.
pub fn documents(text: &str) -> impl Iterator<Item = Document<'_>> {
    let mut starts = vec![0];
    let lines = text.match_indices("---").map(|(at, _)| at);
    starts.extend(lines.filter(|&at| {
        (at == 0 || text.as_bytes()[at - 1] == b'\n')
            && text[at + 3..].chars().next().is_none_or(char::is_whitespace)
    }));
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([text.len()]).collect();
    starts.into_iter().zip(ends).filter_map(move |(start, end)| {
        let text = text.get(start..end)?;
        let text = text.strip_prefix("---").unwrap_or(text);
        let template = text.lines().find_map(|line| line.strip_prefix("# Source: "));
        (!text.trim().is_empty()).then_some(Document { template: template.map(str::trim), text })
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{Chart, Renderer, Renders, documents, laid_over, text};
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::node::Node;
    use crate::yaml::parse::parse;

    fn root(text: &str) -> Node {
        parse(&Source::file(TreePath::root(), text)).unwrap().documents[0].root.clone()
    }

    #[test]
    fn values_keep_their_types_and_nulls() {
        let under = root(
            "a: {b: 1, gone: x}\nversion: '20250602090000'\nx: &x {k: v}\ny: {<<: *x, k: w}\n",
        );
        let over = root(
            "a: {gone: null, n: ~}\nlist: [yes, \"yes\", 0x1F, 1.5, \"a\\tb\\\"\\u0001\"]\nt: |\n  one\n  two\n",
        );
        let all = text(&laid_over(&under, &over));
        assert_eq!(
            all,
            "{\"a\": {\"b\": 1, \"gone\": null, \"n\": null}, \"version\": \"20250602090000\", \"x\": {\"k\": \"v\"}, \"y\": {\"k\": \"w\"}, \"list\": [true, \"yes\", 0x1F, 1.5, \"a\\tb\\\"\\u0001\"], \"t\": \"one\\ntwo\\n\"}\n"
        );
        assert_eq!(text(&root(&all)), all);
    }

    #[test]
    fn documents_are_parted_by_lines_of_hyphens() {
        let printed = "---\n# Source: web/templates/a.yaml\na: |\n  x\n  ---\n  y---\n---\n# Source: web/templates/b.yaml\n---\nb: c\n";
        let seen: Vec<_> = documents(printed).map(|one| (one.template, one.text.trim())).collect();
        assert_eq!(seen.len(), 3);
        assert_eq!(seen[0].0, Some("web/templates/a.yaml"));
        assert!(seen[0].1.ends_with("y---"));
        assert_eq!(seen[2], (None, "b: c"));
    }

    struct Counting(Arc<AtomicUsize>);

    impl Renderer for Counting {
        fn render(&self, _: &Chart) -> Result<String, String> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(String::new())
        }
    }

    #[test]
    fn each_chart_is_rendered_once() {
        let count = Arc::new(AtomicUsize::new(0));
        let renders = Renders::new(Box::new(Counting(Arc::clone(&count))));
        let chart = |values: &str| Chart {
            files: vec![("Chart.yaml".to_owned(), Arc::from(&b"name: web"[..]))],
            values: values.to_owned(),
            release: "web".to_owned(),
            namespace: "web".to_owned(),
        };
        for values in ["{}", "{}", "{a: b}", "{}"] {
            renders.of(chart(values)).unwrap();
        }
        assert_eq!(count.load(Ordering::Relaxed), 2);
    }
}
