//! The programs that the printed commands find, and what they noted.

use std::env;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use chrono::{DateTime, SecondsFormat, Utc};
use tempfile::TempDir;

use crate::followed::table::Call;

/// What only notes its call, keeps what it is given, and answers as the real one would.
const STAND_IN: &str = r#"for word do case $word in -|*=-|/dev/stdin) cat > 'INPUT';; esac; done
case "$*" in
  *'(versionAliases.list())'*) echo 'v20240101000000=3' ;;
  *'(versionAliases.'*) echo 5 ;;
  *'versions list'*) echo 7 ;;
esac
"#;

/// kubectl makes a Secret without a cluster; to ask one, there is none.
const KUBECTL: &str = r#"case $1 in create) exec 'REAL' "$@" --dry-run=client -o yaml > 'INPUT' ;; esac
"#;

/// A Git that belongs to nobody.
const GITCONFIG: &str = "[user]\n\tname = Somebody\n\temail = somebody@example.com\n[init]\n\tdefaultBranch = main\n\
                         [commit]\n\tgpgsign = false\n[core]\n\tautocrlf = false\n";

/// A directory of programs, each of which notes how it is called.
pub(super) struct Bench {
    directory: TempDir,
    /// Where AWS is.
    endpoint: String,
}

impl Bench {
    /// # Panics
    /// When a program is missing.
    pub(super) fn new(endpoint: String) -> Self {
        let bench = Self { directory: TempDir::new().unwrap(), endpoint };
        for folder in ["bin", "home"] {
            fs::create_dir(bench.path(folder)).unwrap();
        }
        fs::write(bench.path("home/.gitconfig"), GITCONFIG).unwrap();
        let real = |program: PathBuf| format!("exec '{}' \"$@\"\n", program.display());
        bench.install("rotate", &real(rotate()));
        bench.install("git", &real(found("GIT", "git")));
        bench.install("aws", &real(found("AWS", "aws")));
        let kubectl = found("KUBECTL", "kubectl");
        bench.install("kubectl", &KUBECTL.replace("REAL", &kubectl.display().to_string()));
        for program in ["gcloud", "az", "vault", "bao"] {
            bench.install(program, STAND_IN);
        }
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn install(&self, program: &str, does: &str) {
        let note = self.path("log").display().to_string();
        let does = does.replace("INPUT", &self.path("input").display().to_string());
        let text = format!(
            "#!/bin/sh\n{{ printf '%s\\0' {program} \"$@\"; printf '\\n'; }} >> '{note}'\n{does}"
        );
        let file = self.path(&format!("bin/{program}"));
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs a command as a person would, with what they type on standard input.
    pub(super) fn run(
        &self,
        at: &Path,
        today: DateTime<Utc>,
        command: &str,
        input: &str,
    ) -> Output {
        let mut shell = self.command("sh", at, today);
        let path = env::var_os("PATH").unwrap_or_default();
        let path = [self.path("bin")].into_iter().chain(env::split_paths(&path));
        shell.args(["-eu", "-c", command]).env("PATH", env::join_paths(path).unwrap());
        shell.env("AWS_ENDPOINT_URL", &self.endpoint);
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", "nobody"),
            ("AWS_SECRET_ACCESS_KEY", "nothing"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("NO_PROXY", "127.0.0.1"),
        ] {
            shell.env(name, value);
        }
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = shell.spawn().unwrap();
        let written = child.stdin.take().unwrap().write_all(input.as_bytes());
        // Not everything reads what it is given.
        assert!(
            written.is_ok() || written.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe)
        );
        child.wait_with_output().unwrap()
    }

    /// Runs git without a note of it.
    pub(super) fn git(&self, at: &Path, today: DateTime<Utc>, words: &[&str]) -> Output {
        self.command("git", at, today).args(words).output().unwrap()
    }

    /// A command in an environment of nobody's, at a time.
    fn command(&self, program: &str, at: &Path, today: DateTime<Utc>) -> Command {
        let today = today.to_rfc3339_opts(SecondsFormat::Secs, true);
        let mut command = Command::new(program);
        command.current_dir(at).env_clear().env("PATH", env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.path("home")).env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("GIT_AUTHOR_DATE", &today).env("GIT_COMMITTER_DATE", &today);
        command
    }

    /// The calls since the last time, in the order in which they began.
    pub(super) fn calls(&self) -> Vec<Call> {
        let log = self.path("log");
        let text = fs::read_to_string(&log).unwrap_or_default();
        let _ = fs::remove_file(&log);
        let call = |line: &str| {
            let mut words = line.split('\0').map(str::to_owned);
            Call { program: words.next().unwrap(), words: words.collect() }
        };
        text.split_terminator("\0\n").map(call).collect()
    }

    /// What a stand-in read, or kubectl made, since the last time.
    pub(super) fn input(&self) -> Option<String> {
        let file = self.path("input");
        let text = fs::read_to_string(&file).ok();
        let _ = fs::remove_file(&file);
        text
    }
}

/// The program on trial: what the environment names, such as a build that is not for debugging and ten times as fast, or the
/// one that was built for the tests.
fn rotate() -> PathBuf {
    match env::var_os("ROTATE_BINARY") {
        Some(_) => found("ROTATE_BINARY", "rotate"),
        None => PathBuf::from(env!("CARGO_BIN_EXE_rotate")),
    }
}

/// The file of a program: what the environment says, or what is on the path.
///
/// # Panics
/// When there is none.
pub(super) fn found(variable: &str, name: &str) -> PathBuf {
    let named = env::var_os(variable).map_or_else(|| PathBuf::from(name), PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let mut all = env::split_paths(&path).map(|folder| folder.join(&named));
    let file = if named.components().count() > 1 {
        std::path::absolute(&named).ok().filter(|file| file.is_file())
    } else {
        all.find(|file| file.is_file())
    };
    file.unwrap_or_else(|| {
        panic!(
            "the oracle needs {name}, and there is no file {}\n\
             install it, or set {variable} to its file; `.ci/run` installs the pinned one",
            named.display()
        )
    })
}
