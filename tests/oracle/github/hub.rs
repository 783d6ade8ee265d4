//! The stand-in for GitHub: it holds pull requests, answers `gh` as GitHub does, and checks whatever it is asked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use super::http::{Request, Response, Server};
use super::openapi::Description;
use super::pulls::{Pull, REPOSITORY};
use super::routes;

pub(super) const TOKEN: &str = "a-token-for-tests";
/// Whom the token is of.
pub(super) const BOT: &str = "github-actions[bot]";

pub(super) struct Hub {
    shared: Arc<Shared>,
    server: Server,
}

struct Shared {
    state: Mutex<State>,
    arrived: Condvar,
}

/// What it knows.
pub(super) struct State {
    pub(super) bare: PathBuf,
    pub(super) pulls: Vec<Pull>,
    /// Files that lie there to be downloaded, by path.
    files: BTreeMap<String, Vec<u8>>,
    asked: Vec<String>,
    faults: Vec<String>,
    /// How many lists have to be asked for before the first is given.
    together: usize,
    /// Whether the repository lets workflows open pull requests.
    pub(super) permits: bool,
}

impl Hub {
    /// Stands for the repository whose branches are in a bare one.
    pub(super) fn start(bare: &Path) -> Self {
        let state = State {
            bare: bare.to_owned(),
            pulls: Vec::new(),
            files: BTreeMap::new(),
            asked: Vec::new(),
            faults: Vec::new(),
            together: 0,
            permits: true,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), arrived: Condvar::new() });
        let answering = Arc::clone(&shared);
        Self { server: Server::start(move |request| answering.answer(request)), shared }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    pub(super) fn url(&self) -> String {
        self.server.url()
    }

    /// The variables that lead `gh` here.
    pub(super) fn variables(&self) -> [(&'static str, String); 4] {
        [
            ("GH_HOST", "github.localhost".to_owned()),
            ("GH_TOKEN", TOKEN.to_owned()),
            ("GH_REPO", REPOSITORY.to_owned()),
            ("HTTP_PROXY", self.url()),
        ]
    }

    pub(super) fn serve(&self, path: &str, bytes: Vec<u8>) {
        self.state().files.insert(path.to_owned(), bytes);
    }

    /// Makes the next lists wait for each other, so that as many runs see the same state.
    pub(super) fn together(&self, runs: usize) {
        self.state().together = runs;
    }

    /// Whether workflows may open pull requests is a setting of the repository.
    pub(super) fn permit(&self, permits: bool) {
        self.state().permits = permits;
    }

    pub(super) fn pulls(&self) -> Vec<Pull> {
        let mut state = self.state();
        state.refresh();
        state.pulls.clone()
    }

    pub(super) fn open(&self) -> Vec<Pull> {
        self.pulls().into_iter().filter(|pull| pull.open).collect()
    }

    /// What was asked since this was asked for the last time.
    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state().asked)
    }

    /// The same without what only reads.
    pub(super) fn writes(&self) -> Vec<String> {
        self.asked().into_iter().filter(|one| !one.starts_with("GET ")).collect()
    }

    /// As a person does who does not want it.
    pub(super) fn close(&self, number: u64) {
        let mut state = self.state();
        let pull = state.pull(number).unwrap();
        pull.open = false;
        pull.closed = Some(now());
    }

    /// As a person does who rewrites its title or its text.
    pub(super) fn edit(&self, number: u64, change: impl FnOnce(&mut Pull)) {
        change(self.state().pull(number).unwrap());
    }

    /// As a person does who wants it, with a merge commit.
    pub(super) fn merge(&self, number: u64) {
        self.take(number, true);
    }

    /// The same with a commit that knows nothing of the branch.
    pub(super) fn squash(&self, number: u64) {
        self.take(number, false);
    }

    fn take(&self, number: u64, names_branch: bool) {
        let mut state = self.state();
        state.refresh();
        let bare = state.bare.clone();
        let pull = state.pull(number).unwrap();
        assert!(pull.open && pull.ours(), "{pull:?}");
        let (main, head) = (format!("refs/heads/{}", pull.base), pull.sha.clone());
        let tree = git(&bare, &["merge-tree", "--write-tree", &main, &head]);
        let message = format!("Merge pull request #{number}");
        let parents = ["-p", &main, "-p", &head];
        let parents = if names_branch { &parents[..] } else { &parents[..2] };
        let arguments = [&["commit-tree", &tree][..], parents, &["-m", &message]].concat();
        let commit = git(&bare, &arguments);
        git(&bare, &["update-ref", &main, &commit]);
        pull.open = false;
        pull.merged = true;
        pull.closed = Some(now());
    }

    /// A pull request that somebody else opened.
    pub(super) fn add(&self, pull: Pull) -> u64 {
        let mut state = self.state();
        let number = state.next();
        state.pulls.push(Pull { number, ..pull });
        number
    }

    /// Fails with whatever was not as GitHub describes it.
    #[track_caller]
    pub(super) fn judge(&self) {
        let faults = std::mem::take(&mut self.state().faults);
        assert!(faults.is_empty(), "not as GitHub describes it:\n{}", faults.join("\n\n"));
    }

    /// What was not as GitHub describes it, for a test that provokes it.
    pub(super) fn faults(&self) -> Vec<String> {
        std::mem::take(&mut self.state().faults)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.judge();
        }
    }
}

impl Shared {
    fn answer(&self, request: &Request) -> Response {
        self.meet(request);
        let mut state = self.state.lock().unwrap();
        let (host, path) = (request.host_and_rest().0, request.path());
        if host.is_empty() {
            let file = state.files.get(path).cloned();
            let status = if file.is_some() { 200 } else { 404 };
            return Response { status, headers: Vec::new(), body: file.unwrap_or_default() };
        }
        let mut faults = Vec::new();
        if host != "api.github.localhost" {
            faults.push(format!("nobody asks for {host}"));
        }
        faults.extend(Description::get().request_faults(request));
        let (status, headers, body) = routes::answer(&mut state, request, &mut faults);
        faults.extend(Description::get().answer_faults(request, status, &body));
        let sent = String::from_utf8_lossy(&request.body);
        let asked = format!("{} {} -> {status}\n{sent}", request.method, request.target);
        if !faults.is_empty() {
            let shown: String = body.to_string().chars().take(400).collect();
            state.faults.push(format!("{asked}\n{shown}\n  {}", faults.join("\n  ")));
        }
        state.asked.push(asked);
        let body = routes::as_github_sends(&state, body).to_string().into_bytes();
        Response { status, headers, body }
    }

    /// Waits for other runs to ask for the same, where the test wants them at one time.
    fn meet(&self, request: &Request) {
        if request.method != "GET" || !request.path().ends_with("/pulls") {
            return;
        }
        let mut state = self.state.lock().unwrap();
        if state.together > 0 {
            state.together -= 1;
            self.arrived.notify_all();
            let long = Duration::from_secs(20);
            let waited = self.arrived.wait_timeout_while(state, long, |state| state.together > 0);
            let (mut state, waited) = waited.unwrap();
            if waited.timed_out() {
                state.faults.push("the other run never came".to_owned());
            }
        }
    }
}

impl State {
    pub(super) fn pull(&mut self, number: u64) -> Option<&mut Pull> {
        self.pulls.iter_mut().find(|pull| pull.number == number)
    }

    pub(super) fn next(&self) -> u64 {
        self.pulls.iter().map(|pull| pull.number).max().unwrap_or(0) + 1
    }

    /// A branch's commit in the bare repository.
    pub(super) fn commit(&self, branch: &str) -> Option<String> {
        let bare = git2::Repository::open_bare(&self.bare).unwrap();
        let found = bare.refname_to_id(&format!("refs/heads/{branch}"));
        found.ok().map(|id| id.to_string())
    }

    /// Open pull requests follow their branch, and are closed with it.
    pub(super) fn refresh(&mut self) {
        for index in 0..self.pulls.len() {
            let pull = &self.pulls[index];
            if !pull.open || !pull.ours() {
                continue;
            }
            let commit = self.commit(&pull.head);
            let pull = &mut self.pulls[index];
            match commit {
                Some(commit) => pull.sha = commit,
                None => {
                    pull.open = false;
                    pull.closed = Some(now());
                }
            }
        }
    }
}

pub(super) fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// Runs Git in a bare repository.
#[track_caller]
pub(super) fn git(bare: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "Robin");
        command.env(format!("GIT_{role}_EMAIL"), "robin@example.com");
    }
    let output = command.arg("--git-dir").arg(bare).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
