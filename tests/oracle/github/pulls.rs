//! What the stand-in knows of pull requests, and how GitHub would show it.

use serde_json::{Value, json};

use super::openapi::Description;

/// The repository that the stand-in stands for.
pub(super) const REPOSITORY: &str = "example/shop";

#[derive(Clone, Debug)]
pub(super) struct Pull {
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) open: bool,
    pub(super) draft: bool,
    pub(super) merged: bool,
    /// The branch.
    pub(super) head: String,
    /// Where the branch is; `None` where that repository is gone.
    pub(super) from: Option<String>,
    pub(super) sha: String,
    pub(super) base: String,
    pub(super) base_sha: String,
    pub(super) user: String,
    pub(super) labels: Vec<String>,
    pub(super) reviewers: Vec<String>,
    pub(super) teams: Vec<String>,
    pub(super) comments: Vec<String>,
    pub(super) created: String,
    pub(super) closed: Option<String>,
}

impl Pull {
    pub(super) fn owner(&self) -> &str {
        let from = self.from.as_deref().unwrap_or("ghost/gone");
        from.split_once('/').map_or(from, |(owner, _)| owner)
    }

    pub(super) fn ours(&self) -> bool {
        self.from.as_deref() == Some(REPOSITORY)
    }

    /// As one pull request is shown.
    pub(super) fn whole(&self) -> Value {
        let number = self.number;
        let page = format!("https://github.localhost/{REPOSITORY}/pull/{number}");
        let api = format!("https://api.github.localhost/repos/{REPOSITORY}/pulls/{number}");
        let labels: Vec<Value> = self.labels.iter().map(|name| label(name)).collect();
        let teams: Vec<Value> = self
            .teams
            .iter()
            .map(|slug| json!({ "slug": slug, "name": slug, "parent": null }))
            .collect();
        let reviewers: Vec<Value> = self.reviewers.iter().map(|login| user(login)).collect();
        let known = json!({
            "id": 1_000_000 + number,
            "number": number,
            "html_url": page,
            "url": api,
            "title": self.title,
            "body": self.body,
            "state": if self.open { "open" } else { "closed" },
            "draft": self.draft,
            "merged": self.merged,
            "user": user(&self.user),
            "labels": labels,
            "requested_reviewers": reviewers,
            "requested_teams": teams,
            "comments": self.comments.len(),
            "created_at": self.created,
            "updated_at": self.created,
            "closed_at": self.closed,
            "merged_at": self.closed.as_ref().filter(|_| self.merged),
            "head": side(self.owner(), &self.head, &self.sha, self.from.as_deref()),
            "base": side("example", &self.base, &self.base_sha, Some(REPOSITORY)),
            "assignees": [],
        });
        Description::get().filled("pull-request", known)
    }

    /// As it is shown in a list: without `merged` and the counts.
    pub(super) fn simple(&self) -> Value {
        Description::get().only("pull-request-simple", self.whole())
    }
}

fn side(owner: &str, branch: &str, sha: &str, repository: Option<&str>) -> Value {
    let repository = repository.unwrap_or("ghost/gone");
    let (_, name) = repository.split_once('/').unwrap();
    json!({
        "label": format!("{owner}:{branch}"),
        "ref": branch,
        "sha": sha,
        "user": user(owner),
        "repo": {
            "full_name": repository,
            "name": name,
            "owner": user(owner),
            "fork": repository != REPOSITORY,
            "private": false,
            "default_branch": "main",
        },
    })
}

pub(super) fn label(name: &str) -> Value {
    Description::get()
        .filled("label", json!({ "name": name, "color": "ededed", "description": "" }))
}

pub(super) fn comment(number: u64, login: &str, body: &str) -> Value {
    let known = json!({ "id": number, "body": body, "user": user(login) });
    Description::get().filled("issue-comment", known)
}

fn user(login: &str) -> Value {
    let kind = if login.ends_with("[bot]") { "Bot" } else { "User" };
    json!({ "login": login, "type": kind })
}
