//! The templates of ApplicationSets, as far as their parameters are known: `{{name}}`, and Go templates with fields, `index`, `lower`,
//! `upper`, `replace`, `default`, `trim`, `trimSuffix`, `trimPrefix`, `quote` and `squote`.

use std::ops::Range;

use crate::builders::substitute::{Part, written};
use crate::yaml::embed;
use crate::yaml::node::{Node, Provenance};

/// A part of a text that was rendered.
#[derive(Debug, Clone)]
pub enum Piece {
    /// A range of the template, unchanged.
    Text(Range<usize>),
    /// The value of a parameter, as it is.
    Value(Node),
    /// What a function made.
    Made(String),
}

/// Why a template cannot be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It uses something that only Argo CD knows.
    #[error("`{0}` of the template is not known here")]
    Unknown(String),
    /// Argo CD would refuse it.
    #[error("`{0}` is not a template that can be read")]
    Malformed(String),
}

/// How deep parentheses may be nested.
const DEEPEST: usize = 16;

/// How long a text may become that a function makes.
const LONGEST: usize = 4096;

/// The parts of a text whose expressions are replaced by parameters. `is_go`: whether it is a Go template.
///
/// # Errors
/// When an expression cannot be read, or needs something that is not known.
pub fn render(text: &str, parameters: &Node, is_go: bool) -> Result<Vec<Piece>, Failure> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find("{{").map(|found| at + found) {
        let Some(close) = text[open..].find("}}").map(|found| open + found) else {
            if is_go {
                return Err(Failure::Malformed(text[open..].chars().take(40).collect()));
            }
            break;
        };
        let inner = &text[open + 2..close];
        let (mut before, mut after) = (at..open, close + 2);
        let mut expression = inner;
        if is_go {
            if let Some(rest) =
                expression.strip_prefix('-').filter(|rest| rest.starts_with([' ', '\n']))
            {
                expression = rest;
                before.end = at + text[before.clone()].trim_end().len();
            }
            if let Some(rest) =
                expression.strip_suffix('-').filter(|rest| rest.ends_with([' ', '\n']))
            {
                expression = rest;
                after += text[after..].len() - text[after..].trim_start().len();
            }
        }
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        if is_go {
            pieces.extend(Expression::new(expression).value(parameters)?.pieces());
        } else {
            pieces.push(plain(expression.trim(), parameters, open..after));
        }
        at = after;
    }
    if at < text.len() {
        pieces.push(Piece::Text(at..text.len()));
    }
    Ok(pieces)
}

/// The parts of the text of a scalar that was rendered, each with the place that spells it, if one does.
pub(super) fn parts(template: &Node, pieces: Vec<Piece>) -> Vec<Part> {
    let mut parts = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(range) => parts.extend(written(template, range)),
            Piece::Value(value) => {
                parts.push((value.str().unwrap_or_default().to_owned(), embed::content(&value)));
            }
            Piece::Made(made) => parts.push((made, None)),
        }
    }
    parts
}

/// `{{name}}` or `{{path.basename}}`; what is not a parameter stays as it is, as Argo CD has it.
fn plain(name: &str, parameters: &Node, whole: Range<usize>) -> Piece {
    let whole_name = parameters.get(name);
    let keys: Vec<&str> = name.split('.').collect();
    let value =
        whole_name.or_else(|| parameters.at(&keys)).filter(|value| value.scalar().is_some());
    value.map_or(Piece::Text(whole), |value| Piece::Value(value.clone()))
}

/// What an expression is.
#[derive(Debug, Clone)]
enum Value {
    Node(Node),
    Made(String),
    /// Another one in quotes.
    Quoted(char, Box<Self>),
    Missing,
}

impl Value {
    fn text(&self) -> &str {
        match self {
            Self::Node(node) => node.str().unwrap_or_default(),
            Self::Made(text) => text,
            Self::Quoted(_, _) | Self::Missing => "",
        }
    }

    fn pieces(self) -> Vec<Piece> {
        match self {
            Self::Node(node) => vec![Piece::Value(node)],
            Self::Made(text) => vec![Piece::Made(text)],
            Self::Quoted(quote, inner) => {
                let quote = || Piece::Made(quote.to_string());
                [vec![quote()], inner.pieces(), vec![quote()]].concat()
            }
            // Go writes this where a field is missing.
            Self::Missing => vec![Piece::Made("<no value>".to_owned())],
        }
    }
}

struct Expression<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl<'t> Expression<'t> {
    const fn new(text: &'t str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    fn malformed(&self) -> Failure {
        Failure::Malformed(self.text.trim().chars().take(40).collect())
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn skip(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn take(&mut self, wanted: char) -> bool {
        self.skip();
        let is_there = self.rest().starts_with(wanted);
        if is_there {
            self.at += wanted.len_utf8();
        }
        is_there
    }

    /// The whole expression.
    fn value(mut self, parameters: &Node) -> Result<Value, Failure> {
        let value = self.pipeline(parameters)?;
        self.skip();
        if self.rest().is_empty() { Ok(value) } else { Err(self.malformed()) }
    }

    /// Commands with `|` between them: each gets what the one before made as its last argument.
    fn pipeline(&mut self, parameters: &Node) -> Result<Value, Failure> {
        let mut value = self.command(parameters, None)?;
        while self.take('|') {
            value = self.command(parameters, Some(value))?;
        }
        Ok(value)
    }

    fn command(&mut self, parameters: &Node, last: Option<Value>) -> Result<Value, Failure> {
        self.skip();
        if self.rest().starts_with(|c: char| c.is_ascii_alphabetic()) {
            let end =
                self.rest().find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(self.rest().len());
            let name = &self.rest()[..end];
            self.at += end;
            let mut arguments = Vec::new();
            while let Some(argument) = self.operand(parameters)? {
                arguments.push(argument);
            }
            arguments.extend(last);
            return call(name, &arguments);
        }
        let value = self.operand(parameters)?.ok_or_else(|| self.malformed())?;
        if last.is_some() { Err(self.malformed()) } else { Ok(value) }
    }

    /// A field, a text, a number or something in parentheses; `None` where the command ends.
    fn operand(&mut self, parameters: &Node) -> Result<Option<Value>, Failure> {
        self.skip();
        let Some(first) = self.rest().chars().next() else { return Ok(None) };
        match first {
            '|' | ')' => Ok(None),
            '(' => {
                if self.depth == DEEPEST {
                    return Err(self.malformed());
                }
                self.at += 1;
                self.depth += 1;
                let value = self.pipeline(parameters)?;
                self.depth -= 1;
                if self.take(')') { Ok(Some(value)) } else { Err(self.malformed()) }
            }
            '.' => self.field(parameters).map(Some),
            '"' | '`' => {
                let inner = &self.rest()[1..];
                let end = inner.find(first).ok_or_else(|| self.malformed())?;
                if first == '"' && inner[..end].contains('\\') {
                    return Err(Failure::Unknown(inner[..end].to_owned()));
                }
                self.at += end + 2;
                Ok(Some(Value::Made(inner[..end].to_owned())))
            }
            c if c.is_ascii_digit() => {
                let end =
                    self.rest().find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest().len());
                let number = self.rest()[..end].to_owned();
                self.at += end;
                Ok(Some(Value::Made(number)))
            }
            _ => {
                let word: String =
                    self.rest().chars().take_while(|c| !c.is_whitespace()).take(40).collect();
                Err(Failure::Unknown(word))
            }
        }
    }

    fn field(&mut self, parameters: &Node) -> Result<Value, Failure> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let end = self.rest().find(|c| !is_part(c)).unwrap_or(self.rest().len());
        let path = &self.rest()[1..end];
        self.at += end;
        if path.ends_with('.') || path.contains("..") {
            return Err(self.malformed());
        }
        let keys: Vec<&str> = path.split('.').filter(|key| !key.is_empty()).collect();
        Ok(parameters.at(&keys).map_or(Value::Missing, |node| Value::Node(node.clone())))
    }
}

fn call(name: &str, arguments: &[Value]) -> Result<Value, Failure> {
    let unknown = || Failure::Unknown(name.to_owned());
    if arguments.iter().any(|one| matches!(one, Value::Quoted(..))) {
        return Err(unknown());
    }
    let text = |at: usize| arguments.get(at).map(Value::text).ok_or_else(unknown);
    let made = match (name, arguments.len()) {
        ("index", 2..) => return index(arguments).ok_or_else(unknown),
        ("default", 2) => {
            let is_empty = text(1)?.is_empty();
            return Ok(arguments[usize::from(!is_empty)].clone());
        }
        ("quote" | "squote", 1) if !text(0)?.contains(['"', '\'', '\\', '\n']) => {
            let quote = if name == "quote" { '"' } else { '\'' };
            return Ok(Value::Quoted(quote, Box::new(arguments[0].clone())));
        }
        ("toString", 1) => return Ok(arguments[0].clone()),
        ("trim", 1) => text(0)?.trim().to_owned(),
        ("lower", 1) => text(0)?.to_lowercase(),
        ("upper", 1) => text(0)?.to_uppercase(),
        ("trimSuffix", 2) => text(1)?.strip_suffix(text(0)?).unwrap_or(text(1)?).to_owned(),
        ("trimPrefix", 2) => text(1)?.strip_prefix(text(0)?).unwrap_or(text(1)?).to_owned(),
        ("replace", 3) => {
            let (old, new, all) = (text(0)?, text(1)?, text(2)?);
            let size = all.matches(old).count().saturating_mul(new.len()).saturating_add(all.len());
            if size > LONGEST {
                return Err(unknown());
            }
            all.replace(old, new)
        }
        _ => return Err(unknown()),
    };
    Ok(Value::Made(made))
}

/// `index .path.segments 1`, `index .metadata.labels "name"`.
fn index(arguments: &[Value]) -> Option<Value> {
    let Value::Node(node) = &arguments[0] else { return None };
    let mut found = node;
    for key in &arguments[1..] {
        found = if found.items().is_empty() {
            found.get(key.text())?
        } else {
            found.items().get(key.text().parse::<usize>().ok()?)?
        };
    }
    Some(Value::Node(found.clone()))
}

/// The parameters that Argo CD gives for a directory of a Git generator; without Go templates, each is one of a flat list.
#[must_use]
pub fn of_path(path: &str, is_go: bool) -> Node {
    let text = |text: &str| Node::string(text, Provenance::Generated);
    let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let basename = segments.last().copied().unwrap_or_default();
    let normalized = basename.replace(['_', ' '], "-").to_lowercase();
    let mut parameters = Node::map(Provenance::Generated);
    if !is_go {
        parameters.set("path", text(path));
        parameters.set("path.basename", text(basename));
        parameters.set("path.basenameNormalized", text(&normalized));
        for (index, segment) in segments.into_iter().enumerate() {
            parameters.set(&format!("path[{index}]"), text(segment));
        }
        return parameters;
    }
    let mut all = Node::map(Provenance::Generated);
    all.set("path", text(path));
    all.set("basename", text(basename));
    all.set("basenameNormalized", text(&normalized));
    all.set("segments", Node::seq(segments.into_iter().map(text).collect(), Provenance::Generated));
    parameters.set("path", all);
    parameters
}

#[cfg(test)]
mod tests {
    use super::{Failure, Piece, of_path, render};
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::node::Node;
    use crate::yaml::parse::parse;

    fn parameters() -> Node {
        let text = "env: staging\nsecret: shop-20250602090000\nempty: ''\nurl.host: x\nmeta: { labels: { a-b: c }, list: [x, y] }\n";
        let source = Source::file(TreePath::new("set.yaml").unwrap(), text);
        parse(&source).unwrap().documents[0].root.clone()
    }

    fn rendered(text: &str, parameters: &Node, is_go: bool) -> Result<String, Failure> {
        let pieces = render(text, parameters, is_go)?;
        let text = |piece: &Piece| match piece {
            Piece::Text(range) => text[range.clone()].to_owned(),
            Piece::Value(node) => node.str().unwrap_or("?").to_owned(),
            Piece::Made(text) => text.clone(),
        };
        Ok(pieces.iter().map(text).collect())
    }

    #[test]
    fn go_templates_are_rendered_as_far_as_they_are_known() {
        let parameters = parameters();
        for (text, expected) in [
            ("shop-{{.env}}", "shop-staging"),
            ("{{ .secret }}-x", "shop-20250602090000-x"),
            ("a {{- .env -}} b", "astagingb"),
            ("{{ .env | upper }}", "STAGING"),
            ("{{ lower \"ABC\" }}", "abc"),
            ("{{ default \"x\" .empty }}{{ .env | default \"x\" }}", "xstaging"),
            ("{{ replace \"ing\" \"e\" .env }}", "stage"),
            ("{{ .env | trimSuffix \"ing\" | trimPrefix \"st\" }}", "ag"),
            ("{{ index .meta.labels \"a-b\" }}{{ index .meta.list 1 }}", "cy"),
            ("{{ (index .meta.list 0) | upper }}", "X"),
            ("a: {{ .secret | quote }}", "a: \"shop-20250602090000\""),
            ("a: {{ squote .env }}", "a: 'staging'"),
            ("{{ .none }}", "<no value>"),
            ("no braces", "no braces"),
        ] {
            assert_eq!(rendered(text, &parameters, true).as_deref(), Ok(expected), "{text}");
        }
        for text in [
            "{{ quote .env | upper }}",
            "{{ sha1sum .env }}",
            "{{ if .env }}a{{ end }}",
            "{{ toYaml .meta }}",
            "{{ .a",
        ] {
            assert!(rendered(text, &parameters, true).is_err(), "{text}");
        }
        let deep = format!("{{{{ {}.env{} }}}}", "(".repeat(5000), ")".repeat(5000));
        assert!(rendered(&deep, &parameters, true).is_err());
    }

    #[test]
    fn plain_templates_keep_what_is_no_parameter() {
        let parameters = parameters();
        for (text, expected) in [
            ("shop-{{env}}", "shop-staging"),
            ("{{ url.host }}", "x"),
            ("{{ nothing }} {{x", "{{ nothing }} {{x"),
        ] {
            assert_eq!(rendered(text, &parameters, false).as_deref(), Ok(expected), "{text}");
        }
        let path = of_path("apps/My_Shop", false);
        let text = "{{path}} {{path.basename}} {{path.basenameNormalized}} {{path[0]}}";
        assert_eq!(
            rendered(text, &path, false).as_deref(),
            Ok("apps/My_Shop My_Shop my-shop apps")
        );
        let path = of_path("apps/My_Shop", true);
        let text = "{{.path.path}} {{.path.basename}} {{index .path.segments 0}}";
        assert_eq!(rendered(text, &path, true).as_deref(), Ok("apps/My_Shop My_Shop apps"));
    }

    #[test]
    fn a_value_keeps_its_place() {
        let pieces = render("x-{{.secret}}", &parameters(), true).unwrap();
        let [Piece::Text(text), Piece::Value(value)] = &pieces[..] else { panic!("{pieces:?}") };
        assert_eq!(text.clone(), 0..2);
        assert_eq!(value.origin.as_ref().unwrap().text(), "shop-20250602090000");
    }
}
