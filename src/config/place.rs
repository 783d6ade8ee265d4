//! The location of a value in `rotate.yaml`.

use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::config::settings::Config;
use crate::text::source::{Place, Source};
use crate::text::span::Span;
use crate::text::work;

/// A step from a value to one inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At<'a> {
    /// The value of a key.
    Value(&'a str),
    /// The key itself; only as the last step.
    Key(&'a str),
    /// An item of a list, from 0.
    Item(usize),
}

impl Config {
    /// The location of a value or key in the file; `None` if the file does not have it.
    ///
    /// `[At::Value("environments"), At::Item(0), At::Value("paths"), At::Item(1)]`
    #[must_use]
    pub fn place(&self, path: &[At<'_>]) -> Option<Place> {
        work::step();
        find(self.source.as_ref()?, path)
    }

    /// The location of the scalar that starts at a byte of the file.
    #[must_use]
    pub fn place_from(&self, start: usize) -> Option<Place> {
        let source = self.source.as_ref()?;
        let text = source.text();
        let mark = text.len() - text.trim_start_matches('\u{feff}').len();
        Some(at(source, start.saturating_sub(mark)))
    }
}

/// Walks to the value and stops there with an error, because serde offers no other way to get its location.
pub(super) fn find(source: &Arc<Source>, path: &[At<'_>]) -> Option<Place> {
    let text = source.text().trim_start_matches('\u{feff}');
    let stopped = Find(path).deserialize(serde_yaml::Deserializer::from_str(text)).err()?;
    if !stopped.to_string().contains(HERE) {
        return None;
    }
    Some(at(source, stopped.location()?.index()))
}

/// The place that starts at a byte of the text, counted from after its byte order mark.
pub(super) fn at(source: &Arc<Source>, index: usize) -> Place {
    let text = source.text();
    let body = text.trim_start_matches('\u{feff}');
    let mark = text.len() - body.len();
    let start = body.floor_char_boundary(index);
    let (skipped, len) = token(&body[start..]);
    let start = mark + start + skipped;
    Place::new(Arc::clone(source), Span::new(start, start + len))
}

const HERE: &str = "the value that was looked for";

/// The number of bytes of anchor and tag before a scalar, and of the scalar itself.
fn token(text: &str) -> (usize, usize) {
    let mut rest = text;
    while rest.starts_with(['&', '!']) {
        let Some(end) = rest.find([' ', '\t']) else { break };
        rest = rest[end..].trim_start_matches([' ', '\t']);
    }
    let line = rest.split(['\n', '\r']).next().unwrap_or_default();
    let len = match line.chars().next() {
        Some(quote @ ('"' | '\'')) => quoted(line, quote),
        Some('[' | '{') => line.trim_end().len(),
        _ => plain(line),
    };
    (text.len() - rest.len(), len)
}

fn quoted(line: &str, quote: char) -> usize {
    let mut chars = line.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && quote == '"' {
            chars.next();
        } else if c == quote
            && (quote == '"' || chars.next_if(|(_, next)| *next == quote).is_none())
        {
            return at + 1;
        }
    }
    line.trim_end().len()
}

fn plain(line: &str) -> usize {
    let mut open = 0_usize;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        let next = line[at + c.len_utf8()..].chars().next().unwrap_or(' ');
        match c {
            '[' | '{' => open += 1,
            ']' | '}' if open > 0 => open -= 1,
            ']' | '}' => return line[..at].trim_end().len(),
            ',' | ':' if next == ' ' => return line[..at].trim_end().len(),
            '#' if before == ' ' => return line[..at].trim_end().len(),
            _ => {}
        }
        before = c;
    }
    line.trim_end().len()
}

#[derive(Clone, Copy)]
struct Find<'p>(&'p [At<'p>]);

impl<'de> DeserializeSeed<'de> for Find<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.0 {
            [] => deserializer.deserialize_any(self),
            [At::Item(_), ..] => deserializer.deserialize_seq(self),
            [_, ..] => deserializer.deserialize_map(self),
        }
    }
}

impl<'de> Visitor<'de> for Find<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { HERE } else { "a list or a mapping" })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let [At::Item(wanted), rest @ ..] = self.0 else { return Err(A::Error::custom(HERE)) };
        for _ in 0..*wanted {
            items.next_element::<IgnoredAny>()?;
        }
        items.next_element_seed(Find(rest))?;
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (wanted, rest) = match self.0 {
            [At::Value(wanted), rest @ ..] => (Wanted { key: wanted, stop: false }, rest),
            [At::Key(wanted), rest @ ..] => (Wanted { key: wanted, stop: true }, rest),
            _ => return Err(A::Error::custom(HERE)),
        };
        while let Some(found) = map.next_key_seed(wanted)? {
            if found {
                map.next_value_seed(Find(rest))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Wanted<'p> {
    key: &'p str,
    stop: bool,
}

impl<'de> DeserializeSeed<'de> for Wanted<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Wanted<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<bool, E> {
        let found = key == self.key;
        if found && self.stop { Err(E::custom(HERE)) } else { Ok(found) }
    }
}

#[cfg(test)]
mod tests {
    use super::{At, find};
    use crate::text::path::TreePath;
    use crate::text::source::Source;

    const TEXT: &str = "\u{feff}# ü\r\nenvironments:\r\n  - name: &a \"stag\\\"ing\" # x\r\n    paths: [ü/*, 'b''c']\r\nexternal: {a: 1}\r\n";

    fn token(path: &[At<'_>]) -> Option<String> {
        let source = Source::file(TreePath::root(), TEXT);
        find(&source, path).map(|place| place.text().to_owned())
    }

    #[test]
    fn finds_values_and_keys() {
        use At::{Item, Key, Value};
        let first = [Value("environments"), Item(0)];
        assert_eq!(token(&[&first[..], &[Value("name")]].concat()).unwrap(), "\"stag\\\"ing\"");
        let paths = [&first[..], &[Value("paths")]].concat();
        assert_eq!(token(&[&paths[..], &[Item(0)]].concat()).unwrap(), "ü/*");
        assert_eq!(token(&[&paths[..], &[Item(1)]].concat()).unwrap(), "'b''c'");
        assert_eq!(token(&[&first[..], &[Key("paths")]].concat()).unwrap(), "paths");
        assert_eq!(token(&[Value("external"), Value("a")]).unwrap(), "1");
        assert_eq!(token(&[Value("external"), Value("b")]), None);
        assert_eq!(token(&[Value("environments"), Item(7)]), None);
    }
}
