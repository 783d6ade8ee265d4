//! One run of the program with `--pull-request`, as a job has it, and what it told the workflow.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::hub::Hub;
use super::place::{Place, said};

/// What a run left behind.
pub(super) struct Run {
    pub(super) status: i32,
    pub(super) said: String,
    pub(super) outputs: Vec<(String, String)>,
    pub(super) summary: String,
    pub(super) report: String,
}

/// A repository, and GitHub beside it.
pub(super) struct World {
    pub(super) place: Place,
    pub(super) hub: Hub,
    pub(super) runs: AtomicUsize,
}

impl World {
    pub(super) fn new() -> Self {
        Self::of(Place::new())
    }

    pub(super) fn of(place: Place) -> Self {
        Self { hub: Hub::start(&place.bare()), place, runs: AtomicUsize::new(0) }
    }

    /// Runs it in the repository itself.
    pub(super) fn run(&self, arguments: &[&str]) -> Run {
        self.run_in(&self.place.root(), 0, arguments)
    }

    /// The same so many hours after the test began.
    pub(super) fn run_later(&self, hours: i64, arguments: &[&str]) -> Run {
        self.run_in(&self.place.root(), hours, arguments)
    }

    pub(super) fn run_in(&self, directory: &Path, hours: i64, arguments: &[&str]) -> Run {
        let at = self.place.ago(-hours).to_rfc3339();
        let mut command = self.place.rotate_in(directory, &self.hub, arguments);
        command.args(["--pull-request", "--format", "github", "--at", &at]);
        self.finish(command)
    }

    pub(super) fn finish(&self, mut command: Command) -> Run {
        let number = self.runs.fetch_add(1, Ordering::SeqCst);
        let file = |what: &str| self.place.path(&format!("{what}-{number}"));
        command.env("GITHUB_OUTPUT", file("outputs"));
        command.env("GITHUB_STEP_SUMMARY", file("summary"));
        command.arg("--report").arg(file("reports/report"));
        let output = command.output().unwrap();
        let read = |what: &str| fs::read_to_string(file(what)).unwrap_or_default();
        let outputs = read("outputs");
        let pairs = outputs.lines().map(|line| line.split_once('=').unwrap_or((line, "")));
        Run {
            status: output.status.code().unwrap_or(-1),
            said: said(&output),
            outputs: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            summary: read("summary"),
            report: read("reports/report"),
        }
    }

    /// The commit of a branch of the remote.
    pub(super) fn commit(&self, branch: &str) -> Option<String> {
        let all = self.place.branches().into_iter();
        all.filter(|(name, _)| name == branch).map(|(_, commit)| commit).next()
    }
}

impl Run {
    #[track_caller]
    pub(super) fn success(self) -> Self {
        assert_eq!(self.status, 0, "{}", self.said);
        self
    }

    #[track_caller]
    pub(super) fn output(&self, name: &str) -> &str {
        let given: Vec<_> = self.outputs.iter().filter(|(one, _)| one == name).collect();
        assert_eq!(given.len(), 1, "{name}: {:?}\n{}", self.outputs, self.said);
        &given[0].1
    }

    /// The output `pull-requests`.
    #[track_caller]
    pub(super) fn pulls(&self) -> Vec<Value> {
        let output = self.output("pull-requests");
        serde_json::from_str(output).unwrap_or_else(|error| panic!("{error}: {output}"))
    }

    /// Why the only pull request is what it is.
    #[track_caller]
    pub(super) fn reason(&self) -> String {
        let pulls = self.pulls();
        assert_eq!(pulls.len(), 1, "{pulls:?}");
        pulls[0]["reason"].as_str().unwrap_or_default().to_owned()
    }

    /// Each pull request as `family version action`, sorted, and whether anything changed.
    #[track_caller]
    pub(super) fn told(&self) -> (Vec<String>, bool) {
        let word = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
        let pulls = self.pulls();
        let lines =
            pulls.iter().map(|one| ["family", "version", "action"].map(|name| word(one, name)));
        let mut lines: Vec<String> = lines.map(|words| words.join(" ")).collect();
        lines.sort();
        (lines, self.output("changed") == "true")
    }
}
