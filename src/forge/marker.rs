//! What a pull request is about, in a comment at the end of its text that people do not see.

use serde::{Deserialize, Serialize};

const OPEN: &str = "<!-- rotate: ";
const CLOSE: &str = " -->";
/// GitHub takes 65,536 characters; the marker needs some of them.
const LIMIT: usize = 64_000;

/// Which command a pull request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `rotate promote`
    Promote,
    /// `rotate bump`
    Bump,
    /// `rotate prune`
    Prune,
}

/// What a pull request is about; there is one pull request at a time for each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// The command.
    pub kind: Kind,
    /// The environment.
    pub environment: String,
    /// The family.
    pub family: String,
}

/// The comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// What it is about.
    #[serde(flatten)]
    pub subject: Subject,
    /// The version that comes, or those that go, joined by `+`.
    pub version: String,
    /// Whether this program closed it, and no person.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
}

impl Subject {
    /// The branch of its pull request; no two subjects have the same.
    #[must_use]
    pub fn branch(&self, prefix: &str) -> String {
        let kind = match self.kind {
            Kind::Promote => "",
            Kind::Bump => "bump/",
            Kind::Prune => "prune/",
        };
        format!("{prefix}{kind}{}/{}", spelled(&self.environment), self.family)
    }
}

/// An environment as one part of a branch's name: Git can have no branch below another one, and takes few signs.
fn spelled(environment: &str) -> String {
    let mut out = String::with_capacity(environment.len());
    for byte in environment.bytes() {
        match byte {
            b'/' => out.push('.'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

impl Marker {
    /// The text with the marker at its end.
    #[must_use]
    pub fn put(&self, text: &str) -> String {
        // Nothing in it may end the comment.
        let json = serde_json::to_string(self).unwrap_or_default().replace('>', "\\u003e");
        let text = text.trim_end();
        let (text, more) = match text.char_indices().nth(LIMIT) {
            Some((end, _)) => (&text[..end], "\n\n(The rest is too long for a pull request.)"),
            None => (text, ""),
        };
        format!("{text}{more}\n\n{OPEN}{json}{CLOSE}\n")
    }

    /// The marker at the end of a text, and the text before it.
    #[must_use]
    pub fn split(text: &str) -> Option<(&str, Self)> {
        let (before, rest) = text.rsplit_once(OPEN)?;
        let json = rest.trim_end().strip_suffix(CLOSE)?;
        Some((before, serde_json::from_str(json).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Marker, Subject};

    fn marker() -> Marker {
        let subject = Subject {
            kind: Kind::Prune,
            environment: "production/eu-->".to_owned(),
            family: "auth-api-secrets".to_owned(),
        };
        Marker { subject, version: "20250723110000".to_owned(), closed: false }
    }

    #[test]
    fn what_is_put_is_found() {
        let text = marker().put("A text <!-- rotate: old -->\n");
        assert_eq!(text.matches("-->").count(), 2, "{text}");
        assert_eq!(Marker::split(&text), Some(("A text <!-- rotate: old -->\n\n", marker())));
        // GitHub keeps line ends as a browser sends them.
        assert!(Marker::split(&text.replace('\n', "\r\n")).is_some());
        let closed = Marker { closed: true, ..marker() };
        assert_eq!(Marker::split(&closed.put("")).unwrap().1, closed);
    }

    #[test]
    fn what_is_no_marker_is_not_read() {
        for text in ["", "<!-- rotate: {} -->", "<!-- rotate: {\"kind\": 1} -->", "<!-- rotate: "] {
            assert_eq!(Marker::split(text), None, "{text}");
        }
        let text = format!("{}and more", marker().put("A text"));
        assert_eq!(Marker::split(&text), None);
    }

    #[test]
    fn branches_are_told_apart() {
        let subject = marker().subject;
        assert_eq!(subject.branch("rotate/"), "rotate/prune/production.eu--%3E/auth-api-secrets");
        let environment = "a.b/c d".to_owned();
        let promote = Subject { kind: Kind::Promote, environment, ..subject };
        assert_eq!(promote.branch("x-"), "x-a%2Eb.c%20d/auth-api-secrets");
    }

    #[test]
    fn long_texts_are_cut() {
        let text = marker().put(&"ä".repeat(70_000));
        assert!(text.chars().count() < 65_536 && text.contains("too long"));
        assert_eq!(Marker::split(&text).unwrap().1, marker());
    }
}
