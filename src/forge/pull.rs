//! A pull request, as returned by GitHub and as requested from it.

use serde::{Deserialize, Serialize};

use crate::forge::marker::{Marker, Text};

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// Its URL.
    pub url: String,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// The branch to merge (head).
    pub branch: String,
    /// Its newest commit.
    pub tip: String,
    /// The branch to merge into (base).
    pub base: String,
    /// Whether it is open.
    pub is_open: bool,
    /// Whether it was merged.
    pub is_merged: bool,
    /// Whether its branch is in the target repository and not in a fork.
    pub is_from_here: bool,
    /// What it is about, if it is one of ours.
    pub marker: Option<Marker>,
}

/// The fields used from GitHub's response.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    number: u64,
    html_url: String,
    title: String,
    state: String,
    body: Option<String>,
    merged_at: Option<String>,
    head: Side,
    base: Side,
}

#[derive(Debug, Deserialize)]
struct Side {
    #[serde(rename = "ref")]
    branch: String,
    sha: String,
    /// Null if the fork was deleted.
    repo: Option<Repository>,
}

#[derive(Debug, Deserialize)]
struct Repository {
    full_name: String,
}

impl From<Answer> for Pull {
    fn from(answer: Answer) -> Self {
        let name = |side: &Side| side.repo.as_ref().map(|repo| repo.full_name.clone());
        // Anybody can copy our marker into a pull request from a fork.
        let here = name(&answer.head).is_some() && name(&answer.head) == name(&answer.base);
        let body = answer.body.unwrap_or_default();
        Self {
            marker: Text::of(&body).map(|text| text.marker).filter(|_| here),
            is_from_here: here,
            is_open: answer.state == "open",
            base: answer.base.branch,
            number: answer.number,
            url: answer.html_url,
            title: answer.title,
            body,
            branch: answer.head.branch,
            tip: answer.head.sha,
            is_merged: answer.merged_at.is_some(),
        }
    }
}

/// A pull request to open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewPull {
    /// Its title.
    pub title: String,
    /// The branch to merge (head).
    pub head: String,
    /// The branch to merge into (base).
    pub base: String,
    /// Its text.
    pub body: String,
    /// Whether it is a draft.
    pub draft: bool,
}

#[cfg(test)]
mod tests {
    use super::{Answer, Pull};
    use crate::forge::marker::{Kind, Marker, PullKey};

    fn pull(head: &str) -> Pull {
        let key = PullKey {
            kind: Kind::Promote,
            tree: String::new(),
            environment: "a".to_owned(),
            family: "b".to_owned(),
        };
        let marker = Marker { key, version: "20250723110000".to_owned(), closed: false };
        let repository = |name: &str| match name {
            "" => serde_json::Value::Null,
            name => serde_json::json!({ "full_name": name }),
        };
        let answer = serde_json::json!({
            "number": 1, "html_url": "https://example.com/1", "title": "T", "state": "open", "body": marker.put("text"), "merged_at": null,
            "head": { "ref": "rotate/a/b", "sha": "1", "repo": repository(head) },
            "base": { "ref": "main", "sha": "2", "repo": repository("o/r") },
        });
        Pull::from(serde_json::from_value::<Answer>(answer).unwrap())
    }

    #[test]
    fn a_fork_is_not_believed() {
        assert!(pull("o/r").marker.is_some());
        assert!(pull("fork/r").marker.is_none() && pull("").marker.is_none());
    }
}
