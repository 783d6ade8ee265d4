//! Running the user's own `kubectl`, which finds and authenticates to the cluster.

use std::io::{BufRead, Cursor};
use std::path::PathBuf;
use std::time::Duration;

use crate::process::bounded::{Limits, Stopped};
use crate::process::streamed::Started;
use crate::process::{Finished, Program};

/// How long one run may take, and how much it may print.
const LIMITS: Limits = Limits { time: Duration::from_secs(300), output: 2 << 30 };

/// What a run may take that only lists names.
const SHORT: Limits = Limits { time: Duration::from_secs(180), output: 8 << 20 };

/// What a shell waits for while a command line is typed.
const TYPING: Limits = Limits { time: Duration::from_secs(2), output: 1 << 20 };

/// How long kubectl waits for one answer of the server.
const ANSWER: &str = "--request-timeout=30s";

/// The most characters of a message of kubectl that are shown.
const SHOWN: usize = 400;

/// The `kubectl` of the machine. It has the whole environment of the user, such as `KUBECONFIG`.
#[derive(Debug, Clone)]
pub struct Kubectl {
    /// The program.
    pub program: PathBuf,
}

/// Why the cluster did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The user may not read this.
    Forbidden,
    /// The cluster has no such kind.
    Missing,
    /// What serves this kind does not answer.
    Unavailable,
    /// The cluster does not know the user.
    Unauthorized,
    /// There is no such context.
    NoContext,
    /// Anything else, such as a server that cannot be reached.
    Other,
}

/// kubectl did not print what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub why: Why,
    /// What it said, in a few lines.
    pub said: String,
}

/// The kinds of a cluster, as `kubectl api-resources` lists them.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The table.
    pub table: String,
    /// What it said beside it: the parts of the API that do not answer.
    pub said: String,
}

impl Kubectl {
    /// The names of the contexts that it knows. No cluster is asked.
    #[must_use]
    pub fn contexts(&self) -> Vec<String> {
        let program = self.program().args(["config", "get-contexts", "-o", "name"]);
        let printed = program.run_within(TYPING);
        let printed = printed.ok().filter(|finished| finished.status.success());
        printed
            .iter()
            .flat_map(|printed| printed.text().lines().map(str::to_owned).collect::<Vec<_>>())
            .collect()
    }

    /// The kinds that can be listed in the cluster of a context. A part of the API that does not answer hides only its own.
    ///
    /// # Errors
    /// When there are none to be had.
    pub fn kinds(&self, context: &str) -> Result<Listed, Refused> {
        let words = ["api-resources", "--verbs=list", "--no-headers", ANSWER];
        let finished = self.of(context).args(words).run_within(SHORT).map_err(stopped)?;
        let table = finished.text();
        if !finished.status.success() && table.trim().is_empty() {
            return Err(Refused::by(&finished));
        }
        Ok(Listed { table, said: finished.said() })
    }

    /// What `kubectl get` prints of a kind: in a namespace, or in all of them. It is read while kubectl prints it.
    ///
    /// # Errors
    /// When it prints nothing, or only a part of it.
    pub fn get(
        &self,
        context: &str,
        kind: &str,
        namespace: Option<&str>,
        format: &[&str],
    ) -> Result<Box<dyn BufRead>, Refused> {
        let place = namespace
            .map_or_else(|| "--all-namespaces".to_owned(), |name| format!("--namespace={name}"));
        let program = self.of(context).args(["get", kind, place.as_str(), ANSWER]).args(format);
        match program.start_within(LIMITS).map_err(stopped)? {
            Started::Prints(stream) => Ok(Box::new(stream)),
            // An empty list is printed as well where nothing may be read.
            Started::Ended(finished) if !finished.status.success() => Err(Refused::by(&finished)),
            Started::Ended(finished) => Ok(Box::new(Cursor::new(finished.stdout))),
        }
    }

    fn program(&self) -> Program {
        // Preferences could narrow what it prints: a label by default would hide pods.
        Program::at("kubectl", &self.program).env("KUBERC", "off")
    }

    fn of(&self, context: &str) -> Program {
        self.program().args([format!("--context={context}")])
    }
}

impl Refused {
    fn by(finished: &Finished) -> Self {
        let said = finished.said();
        Self { why: why(&said), said: short(&said) }
    }
}

fn stopped(stopped: Stopped) -> Refused {
    let said = match stopped {
        Stopped::System(error) => format!("it cannot be run: {error}"),
        stopped => format!("it was ended: {stopped}"),
    };
    Refused { why: Why::Other, said }
}

fn why(said: &str) -> Why {
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if has(&["(Forbidden)", " is forbidden: "]) {
        Why::Forbidden
    } else if has(&["doesn't have a resource type", "(NotFound)", "(MethodNotAllowed)"]) {
        Why::Missing
    } else if has(&["(Unauthorized)", "You must be logged in"]) {
        Why::Unauthorized
    } else if has(&["context was not found", "does not exist"]) && said.contains("context") {
        Why::NoContext
    } else if has(&["(ServiceUnavailable)", "currently unable to handle the request"]) {
        Why::Unavailable
    } else {
        Why::Other
    }
}

/// What kubectl said, without the lines of its log and not at any length.
fn short(said: &str) -> String {
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let own: Vec<&str> = lines().filter(|line| !is_log(line)).collect();
    let own = if own.is_empty() { lines().take(1).collect() } else { own };
    let text = own.join("; ");
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Whether a line is of kubectl's log: `E1130 20:08:50.934752   10506 memcache.go:403] …`.
fn is_log(line: &str) -> bool {
    let bytes = line.as_bytes();
    bytes.len() > 5
        && b"IWEF".contains(&bytes[0])
        && bytes[1..5].iter().all(u8::is_ascii_digit)
        && bytes[5] == b' '
}

#[cfg(test)]
mod tests {
    use super::{SHOWN, Why, short, why};

    #[test]
    fn what_kubectl_says_is_told_apart() {
        for (said, expected) in [
            (
                "Error from server (Forbidden): pods is forbidden: User \"x\" cannot list",
                Why::Forbidden,
            ),
            ("error: the server doesn't have a resource type \"rollouts\"", Why::Missing),
            ("Error from server (NotFound): the server could not find the resource", Why::Missing),
            ("error: You must be logged in to the server (Unauthorized)", Why::Unauthorized),
            (
                "Error in configuration: context was not found for specified context: no",
                Why::NoContext,
            ),
            ("error: context \"no\" does not exist", Why::NoContext),
            ("Error from server (ServiceUnavailable): the server is", Why::Unavailable),
            ("Unable to connect to the server: dial tcp: connection refused", Why::Other),
        ] {
            assert_eq!(why(said), expected, "{said}");
        }
    }

    #[test]
    fn only_what_matters_is_shown() {
        let log = "E1130 20:08:50.934752   10506 memcache.go:403] \"Couldn't get it\"";
        assert_eq!(short(&format!("{log}\nerror: no\n\nor so\n")), "error: no; or so");
        assert_eq!(short(log), log);
        assert_eq!(short(&"ü".repeat(1000)).chars().count(), SHOWN + 1);
    }
}
