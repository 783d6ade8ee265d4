//! Secrets created in the cluster by commands in well-known installation manifests.

use crate::k8s::found::Provided;
use crate::k8s::references::pod_spec::WORKLOADS;
use crate::k8s::resource::{group_of, kind_of};
use crate::k8s::secret_name::{check, split};
use crate::yaml::node::Node;
use crate::yaml::path::Path;

/// The row of secrets created by a command.
pub const ROW: &str = "command";

/// A command that makes a secret in the namespace it runs in.
#[derive(Debug)]
pub struct Command {
    /// Consecutive words in the container's `command` and `args`.
    pub words: &'static [&'static str],
    /// Which secret it makes.
    pub makes: Makes,
    /// Whether it runs as long as its workload, which makes the secret and renews it.
    pub serves: bool,
    /// Where this is documented.
    pub source: &'static str,
}

/// Which secret a command makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Makes {
    /// The one with this name.
    Named(&'static str),
    /// The one that this flag names.
    Flag(&'static str),
}

/// The commands.
pub const COMMANDS: &[Command] = &[
    Command {
        words: &["argocd", "admin", "redis-initial-password"],
        makes: Makes::Named("argocd-redis"),
        serves: false,
        source: "argo-cd: manifests/base/redis/argocd-redis-deployment.yaml, cmd/argocd/commands/admin/redis_initial_password.go",
    },
    Command {
        words: &[],
        makes: Makes::Flag("--secret-name"),
        serves: false,
        source: "ingress-nginx: deploy/static/provider/cloud/deploy.yaml, Job ingress-nginx-admission-create (kube-webhook-certgen)",
    },
    Command {
        words: &[],
        makes: Makes::Flag("--dynamic-serving-ca-secret-name"),
        serves: true,
        source: "cert-manager: cmd/webhook/app/options/options.go, pkg/server/tls/authority/authority.go",
    },
    Command {
        words: &[],
        makes: Makes::Flag("--webhook-secret-name"),
        serves: true,
        source: "spark-operator: cmd/operator/webhook/start.go",
    },
];

/// Finds the secrets that a Job's containers, or any workload's init containers, create before the others start, and those
/// that an operator makes for itself.
pub fn find(object: &Node) -> Vec<Provided> {
    let kind = kind_of(object);
    let Some((_, place)) = WORKLOADS.iter().find(|(known, _)| *known == kind) else {
        return Vec::new();
    };
    if !matches!(group_of(object), "" | "apps" | "batch") {
        return Vec::new();
    }
    let place = place.split('.').fold(Path::default(), |path, key| path.key(key));
    let mut found = Vec::new();
    for list in ["initContainers", "containers"] {
        let runs_first = list == "initContainers" || kind == "Job";
        let path = place.key(list);
        let containers = path.follow(object).map_or(&[][..], Node::items).iter().enumerate();
        for (index, container) in containers {
            let words = words(container, &path.index(index));
            let commands = COMMANDS.iter().filter(|command| runs_first || command.serves);
            found.extend(commands.filter_map(|command| command.made(&words)));
        }
    }
    found
}

/// A word of a command line, with the scalar that it stands in.
struct Word<'n> {
    text: &'n str,
    node: &'n Node,
    path: Path,
}

/// The command line of a container, even if it is run by a shell.
fn words<'n>(container: &'n Node, path: &Path) -> Vec<Word<'n>> {
    let mut words = Vec::new();
    for list in ["command", "args"] {
        let items = container.get(list).map_or(&[][..], Node::items).iter().enumerate();
        for (index, node) in items {
            let path = path.key(list).index(index);
            let texts = node.str().unwrap_or_default().split_ascii_whitespace();
            words.extend(texts.map(|text| Word { text, node, path: path.clone() }));
        }
    }
    words
}

impl Command {
    fn made(&self, words: &[Word<'_>]) -> Option<Provided> {
        let start = match self.words {
            [] => 0,
            wanted => words.windows(wanted.len()).position(|run| {
                run.iter()
                    .zip(wanted)
                    .all(|(word, wanted)| word.text.rsplit('/').next() == Some(*wanted))
            })?,
        };
        let (word, name) = match self.makes {
            Makes::Named(name) => (words.get(start)?, name),
            Makes::Flag(flag) => {
                let at = words.iter().position(|word| {
                    word.text
                        .strip_prefix(flag)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
                })?;
                let inline = words[at].text.strip_prefix(flag)?.strip_prefix('=');
                let next = || words.get(at + 1).map(|word| (word, word.text));
                inline.map(|name| (&words[at], name)).or_else(next)?
            }
        };
        // A version in the name means that a stub creates the secret and the command only reads it.
        let makes = check(name).is_ok() && split(name).is_none();
        makes.then(|| Provided {
            row: ROW,
            path: word.path.clone(),
            node: word.node.clone(),
            secret: name.to_owned(),
            namespace: None,
            keys: None,
        })
    }
}
