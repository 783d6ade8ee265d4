//! GitHub's REST API, using `gh api`.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Deserializer, Value, json};

use crate::forge::error::ForgeError;
use crate::forge::pull::{Answer, NewPull, Pull};
use crate::process::{Finished, Program};
use crate::text::percent;

/// The exit code of `gh` if it has no token.
const NO_TOKEN: i32 = 4;

/// GitHub, as `gh` resolves it from a directory: the repository comes from its remotes, or from `GH_REPO`.
pub struct Client {
    directory: PathBuf,
    /// The repository, if the directory does not determine it.
    repository: Option<String>,
    /// The server that it is certainly on.
    host: Option<String>,
}

impl Client {
    /// A client for the repository at a URL, run in a directory. `gh` alone would use the upstream
    /// repository of a fork.
    #[must_use]
    pub fn new(directory: &Path, address: Option<&str>) -> Self {
        let repository = address.and_then(repository);
        let host = repository.as_ref().and(address).and_then(host);
        Self { directory: directory.to_owned(), repository, host }
    }

    /// The open pull requests into a branch.
    ///
    /// # Errors
    /// When GitHub cannot be asked, or refuses.
    pub fn open(&self, base: &str) -> Result<Vec<Pull>, ForgeError> {
        let query = format!("pulls?state=open&base={}&per_page=100", percent::query(base));
        self.pulls("list the open pull requests", &["--paginate", &path(&query)])
    }

    /// The newest pull requests from a branch of the repository, open or not, into any branch.
    ///
    /// # Errors
    /// When GitHub cannot be asked, or refuses.
    pub fn of_branch(&self, branch: &str) -> Result<Vec<Pull>, ForgeError> {
        let query =
            format!("pulls?state=all&head={{owner}}:{}&per_page=30", percent::query(branch));
        let mut pulls = self.pulls("list the pull requests of a branch", &[&path(&query)])?;
        pulls.retain(|pull| pull.is_from_here);
        Ok(pulls)
    }

    /// Opens a pull request; `None` if the branch already has one, because another run was faster.
    ///
    /// # Errors
    /// When GitHub cannot be asked, or refuses.
    pub fn create(&self, new: &NewPull) -> Result<Option<Pull>, ForgeError> {
        match self.send::<Answer>("open a pull request", "POST", "pulls", new) {
            Ok(answer) => Ok(Some(Pull::from(answer))),
            Err(ForgeError::Refused { reason, .. }) if reason.contains("already exists") => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Changes the body of a pull request.
    ///
    /// # Errors
    /// When GitHub cannot be asked, or refuses.
    pub fn update(&self, number: u64, body: &str) -> Result<(), ForgeError> {
        let fields = json!({ "body": body });
        self.done("change a pull request", "PATCH", &format!("pulls/{number}"), &fields)
    }

    /// Comments with the reason, closes a pull request, and sets its text to `body`.
    ///
    /// # Errors
    /// When GitHub cannot be asked, or refuses.
    pub fn close(&self, number: u64, body: &str, why: &str) -> Result<(), ForgeError> {
        let fields = json!({ "state": "closed", "body": body });
        self.done("close a pull request", "PATCH", &format!("pulls/{number}"), &fields)?;
        let comment = json!({ "body": why });
        self.done(
            "comment on a pull request",
            "POST",
            &format!("issues/{number}/comments"),
            &comment,
        )
    }

    /// Adds labels to a pull request.
    ///
    /// # Errors
    /// When GitHub cannot be asked, or refuses.
    pub fn label(&self, number: u64, labels: &[String]) -> Result<(), ForgeError> {
        let fields = json!({ "labels": labels });
        self.done("label a pull request", "POST", &format!("issues/{number}/labels"), &fields)
    }

    /// Requests reviews of a pull request from people and teams (`organisation/team`).
    ///
    /// # Errors
    /// When GitHub cannot be asked, or refuses.
    pub fn ask(&self, number: u64, reviewers: &[String]) -> Result<(), ForgeError> {
        let (teams, people): (Vec<&String>, Vec<&String>) =
            reviewers.iter().partition(|one| one.contains('/'));
        let teams: Vec<&str> = teams.iter().filter_map(|one| one.rsplit('/').next()).collect();
        let fields = json!({ "reviewers": people, "team_reviewers": teams });
        let path = format!("pulls/{number}/requested_reviewers");
        self.done("ask for a review", "POST", &path, &fields)
    }

    fn pulls(&self, what: &str, arguments: &[&str]) -> Result<Vec<Pull>, ForgeError> {
        let output = self.run(what, arguments, None)?;
        // Each page is a separate list.
        let pages = Deserializer::from_slice(&output.stdout).into_iter::<Vec<Answer>>();
        let pages = pages.collect::<Result<Vec<_>, _>>().map_err(|error| unread(what, &error))?;
        Ok(pages.into_iter().flatten().map(Pull::from).collect())
    }

    fn done(&self, what: &str, method: &str, to: &str, fields: &Value) -> Result<(), ForgeError> {
        self.send::<Value>(what, method, to, fields).map(drop)
    }

    fn send<T: DeserializeOwned>(
        &self,
        what: &str,
        method: &str,
        to: &str,
        fields: &impl Serialize,
    ) -> Result<T, ForgeError> {
        let fields = serde_json::to_vec(fields).map_err(|error| unread(what, &error))?;
        let arguments = ["--method", method, &path(to), "--input", "-"];
        let output = self.run(what, &arguments, Some(&fields))?;
        serde_json::from_slice(&output.stdout).map_err(|error| unread(what, &error))
    }

    fn run(
        &self,
        what: &str,
        arguments: &[&str],
        input: Option<&[u8]>,
    ) -> Result<Finished, ForgeError> {
        let mut gh = Program::new("gh").within(&self.directory).args(["api"]).args(arguments);
        if let Some(repository) = &self.repository {
            gh = gh.env("GH_REPO", repository);
        }
        if let Some(host) = &self.host {
            // `gh api` would go by `GH_HOST`, or by where somebody is logged in.
            gh = gh.args(["--hostname", host]);
        }
        // Its output is parsed here, and nobody is there to answer a prompt.
        gh = gh.env("GH_PROMPT_DISABLED", "1").env("NO_COLOR", "1").without_env("GH_FORCE_TTY");
        let output = gh.run(input).map_err(|error| ForgeError::NoProgram(error.to_string()))?;
        if output.status.success() {
            return Ok(output);
        }
        let said = output.said();
        if output.status.code() == Some(NO_TOKEN) {
            return Err(ForgeError::NoToken(said));
        }
        let reason = reasons(&output.stdout).map_or(said.clone(), |more| format!("{said}: {more}"));
        Err(ForgeError::Refused { what: what.to_owned(), reason })
    }
}

/// The repository at a URL in the syntax of `gh`: `[HOST/]OWNER/NAME`; `None` if the URL is not on a server.
fn repository(address: &str) -> Option<String> {
    let (host, path) = match address.split_once("://") {
        Some(("https" | "http" | "ssh" | "git", rest)) => rest.split_once('/')?,
        Some(_) => return None,
        // git@host:owner/name
        // A single letter is a Windows drive.
        None => address.split_once(':').filter(|(host, _)| host.len() > 1)?,
    };
    let host = host.rsplit('@').next()?.split(':').next()?;
    let path = path.trim_matches('/');
    let (owner, name) = path.strip_suffix(".git").unwrap_or(path).split_once('/')?;
    let is_plain = !owner.is_empty() && !name.is_empty() && !name.contains('/');
    // A host without a dot is an alias in the SSH configuration.
    let host = if host.contains('.') { format!("{host}/") } else { String::new() };
    is_plain.then(|| format!("{host}{owner}/{name}"))
}

/// The server of a URL of the web. What SSH calls a host may be an alias.
fn host(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    let host = rest.split('/').next()?.rsplit('@').next()?.split(':').next()?;
    (matches!(scheme, "https" | "http") && host.contains('.')).then(|| host.to_owned())
}

fn unread(what: &str, error: &serde_json::Error) -> ForgeError {
    ForgeError::Answer { what: what.to_owned(), reason: error.to_string() }
}

fn path(of_repository: &str) -> String {
    format!("repos/{{owner}}/{{repo}}/{of_repository}")
}

/// The details of a GitHub error, besides its message.
fn reasons(answer: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    let errors = answer.get("errors")?.as_array()?;
    let describe = |error: &Value| {
        let text = error.as_str().or_else(|| error.get("message")?.as_str());
        text.map_or_else(|| error.to_string(), str::to_owned)
    };
    Some(errors.iter().map(describe).collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use super::{host, reasons, repository};

    #[test]
    fn repositories_are_told_by_their_address() {
        for (address, name) in [
            ("https://github.com/o/r.git", Some("github.com/o/r")),
            ("https://user:word@ghe.example.com:8443/o/r/", Some("ghe.example.com/o/r")),
            ("git@github.com:o/r.git", Some("github.com/o/r")),
            ("ssh://git@github.com:22/o/r", Some("github.com/o/r")),
            ("git@work:o/r", Some("o/r")),
            ("/srv/git/r.git", None),
            ("C:/git/r", None),
            ("file:///srv/o/r.git", None),
            ("https://github.com/o/r/s", None),
            ("", None),
        ] {
            assert_eq!(repository(address).as_deref(), name, "{address}");
        }
    }

    #[test]
    fn the_server_is_told_by_an_address_of_the_web() {
        for (address, name) in [
            ("https://github.com/o/r.git", Some("github.com")),
            ("https://user:word@ghe.example.com:8443/o/r/", Some("ghe.example.com")),
            ("git@github.com-work:o/r.git", None),
            ("ssh://git@github.com:22/o/r", None),
            ("https://mirror/o/r", None),
        ] {
            assert_eq!(host(address).as_deref(), name, "{address}");
        }
    }

    #[test]
    fn reasons_are_told() {
        let answer = br#"{"message": "Validation Failed", "errors": [{"message": "A pull request already exists for o:b."}, "x", {"code": "y"}]}"#;
        let describe = "A pull request already exists for o:b.; x; {\"code\":\"y\"}";
        assert_eq!(reasons(answer).as_deref(), Some(describe));
        assert_eq!(reasons(b"no JSON"), None);
    }
}
