//! What a pull request is about, stored in hidden comments of its body.

use serde::{Deserialize, Serialize};

use crate::text::percent;

const BEGIN: &str = "<!-- rotate -->\n";
const OPEN: &str = "<!-- rotate: ";
const CLOSE: &str = " -->";
/// GitHub allows 65,536 characters; the comments, and what people add, need some of them.
const LIMIT: usize = 60_000;

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

/// What tells a pull request apart; there is at most one open for each key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PullKey {
    /// The command.
    pub kind: Kind,
    /// The tree's root, relative to the repository's; empty if they are the same.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tree: String,
    /// The environment.
    pub environment: String,
    /// The family.
    pub family: String,
}

/// The hidden comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// Which pull request it is.
    #[serde(flatten)]
    pub key: PullKey,
    /// The new version, or the versions to remove, joined by `+`.
    pub version: String,
    /// Whether this program, and not a person, closed it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
}

/// A pull request's body, parts of which people may have written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<'t> {
    /// The text before ours.
    pub before: &'t str,
    /// Our text.
    pub ours: &'t str,
    /// What it is about.
    pub marker: Marker,
    /// The text after ours.
    pub after: &'t str,
}

impl PullKey {
    /// The branch of its pull request; unique for each key.
    #[must_use]
    pub fn branch(&self, prefix: &str) -> String {
        let kind = match self.kind {
            Kind::Promote => "",
            Kind::Bump => "bump/",
            Kind::Prune => "prune/",
        };
        let mut tree = percent::branch(&self.tree);
        if !tree.is_empty() {
            tree.push('+');
        }
        format!("{prefix}{kind}{tree}{}/{}", percent::branch(&self.environment), self.family)
    }
}

impl Marker {
    /// The body of a new pull request.
    #[must_use]
    pub fn put(&self, ours: &str) -> String {
        self.put_between("", ours, "")
    }

    /// The body of a pull request with text written by people before and after ours.
    #[must_use]
    pub fn put_between(&self, before: &str, ours: &str, after: &str) -> String {
        // Nothing in the JSON may end the comment.
        let json = serde_json::to_string(self).unwrap_or_default().replace('>', "\\u003e");
        let ours = ours.trim();
        let (ours, more) = match ours.char_indices().nth(LIMIT) {
            Some((end, _)) => (&ours[..end], "\n\n(The rest is too long for a pull request.)"),
            None => (ours, ""),
        };
        format!("{before}{BEGIN}{ours}{more}\n\n{OPEN}{json}{CLOSE}{after}")
    }
}

impl<'t> Text<'t> {
    /// The parts of a body; `None` if it has no marker.
    #[must_use]
    pub fn of(text: &'t str) -> Option<Self> {
        let mut end = text.len();
        // The last valid marker counts; quoted ones do not.
        while let Some(open) = text[..end].rfind(OPEN) {
            let json = &text[open + OPEN.len()..];
            let close = json.find(CLOSE);
            let marker = close.and_then(|close| serde_json::from_str(&json[..close]).ok());
            if let (Some(close), Some(marker)) = (close, marker) {
                let after = &json[close + CLOSE.len()..];
                let head = &text[..open];
                // Without it, text written by people cannot be told from ours.
                let begin = head.rfind(BEGIN.trim_end())?;
                let (before, ours) = (&head[..begin], head[begin + BEGIN.len() - 1..].trim());
                return Some(Self { before, ours, marker, after });
            }
            end = open;
        }
        None
    }

    /// The same body with another marker.
    #[must_use]
    pub fn with(&self, marker: &Marker) -> String {
        marker.put_between(self.before, self.ours, self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Marker, PullKey, Text};

    fn marker() -> Marker {
        let key = PullKey {
            kind: Kind::Prune,
            tree: String::new(),
            environment: "production/eu-->".to_owned(),
            family: "auth-api-secrets".to_owned(),
        };
        Marker { key, version: "20250723110000".to_owned(), closed: false }
    }

    #[test]
    fn what_is_put_is_found() {
        let text = marker().put("A text <!-- rotate: old -->\n");
        assert_eq!(text.matches("-->").count(), 3, "{text}");
        let found = Text::of(&text).unwrap();
        assert_eq!(
            (found.before, found.ours, &found.marker, found.after),
            ("", "A text <!-- rotate: old -->", &marker(), "")
        );
        let closed = Marker { closed: true, ..marker() };
        assert_eq!(Text::of(&found.with(&closed)).unwrap().marker, closed);
        // Browsers send different line endings.
        assert_eq!(Text::of(&text.replace('\n', "\r\n")).unwrap().marker, marker());
    }

    #[test]
    fn what_people_write_stays() {
        let text = format!("OPS-12\n\n{}\n\nPreview: <!-- bot -->", marker().put("Ours"));
        let found = Text::of(&text).unwrap();
        let after = "\n\nPreview: <!-- bot -->";
        assert_eq!((found.before, found.ours, found.after), ("OPS-12\n\n", "Ours", after));
        assert_eq!(found.with(&marker()), text);
        assert_eq!(
            marker().put_between(found.before, "New", found.after).matches("OPS").count(),
            1
        );
    }

    #[test]
    fn what_is_no_marker_is_not_read() {
        for text in ["", "<!-- rotate: {} -->", "<!-- rotate: {\"kind\": 1} -->", "<!-- rotate: "] {
            assert_eq!(Text::of(text), None, "{text}");
        }
        let quoted = format!("{}\n<!-- rotate: {{}} -->", marker().put("A text"));
        assert_eq!(Text::of(&quoted).unwrap().marker, marker());
    }

    #[test]
    fn long_texts_are_cut() {
        let text = marker().put(&"ä".repeat(70_000));
        assert!(text.chars().count() < 65_536 && text.contains("too long"));
        assert_eq!(Text::of(&text).unwrap().marker, marker());
    }

    #[test]
    fn branches_are_told_apart() {
        let key = marker().key;
        assert_eq!(key.branch("rotate/"), "rotate/prune/production.eu--%3E/auth-api-secrets");
        let environment = "a.b/c d".to_owned();
        let promote = PullKey { kind: Kind::Promote, environment, ..key };
        assert_eq!(promote.branch("x-"), "x-a%2Eb.c%20d/auth-api-secrets");
        let below = PullKey { tree: "clusters/eu".to_owned(), ..promote };
        assert_eq!(below.branch("x-"), "x-clusters.eu+a%2Eb.c%20d/auth-api-secrets");
    }
}
