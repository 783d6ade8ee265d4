//! Asking a cluster by the user's own `kubectl`: only for the kinds and namespaces that a proof needs.

use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;

use crate::cluster::resources::{Resource, resources};
use crate::cluster::secrets::COLUMNS;
use crate::disk::scratch::program_in;
use crate::ops::failure::Failure;
use crate::ops::gathering::{Given, Gives, Source};
use crate::ops::message::Message;
use crate::process::kubectl::{Kubectl, Listed, Refused, Why};
use crate::text::nearest::nearest;
use crate::text::shell::{command, option};
use crate::text::visible::one_line;
use crate::verify::asks::{Asks, plural};
use crate::verify::wants::{Want, is_decisive};
use crate::verify::{SECRETS, Unread};

/// In more namespaces than these, a kind is asked for in all of them at once, if that is allowed.
const FEW: usize = 8;

/// What kubectl prints objects as.
const OBJECTS: [&str; 1] = ["--output=json"];

/// Some clusters that kubectl knows.
pub struct Clusters {
    kubectl: Kubectl,
    contexts: Vec<Context>,
    with_secrets: bool,
}

/// A context of kubectl.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Context {
    cluster: Option<String>,
    name: String,
}

/// One run of kubectl.
struct Task {
    context: Context,
    resource: String,
    namespace: Option<String>,
    /// The namespaces that are asked one by one if all of them at once is not allowed.
    instead: BTreeSet<String>,
    is_decisive: bool,
}

/// What is still to be asked.
struct Asking<'a> {
    clusters: &'a Clusters,
    wants: Vec<Want>,
    contexts: VecDeque<Context>,
    tasks: VecDeque<Task>,
    missing: VecDeque<Unread>,
}

/// The contexts that the `kubectl` in one of some directories knows; none where there is no `kubectl`.
#[must_use]
pub fn contexts(path: Vec<PathBuf>) -> Vec<String> {
    let program = program_in(path.into_iter(), "kubectl");
    program.map(|program| Kubectl { program }.contexts()).unwrap_or_default()
}

impl Clusters {
    /// The clusters of some contexts, each `CONTEXT` or `CLUSTER=CONTEXT`, asked by the `kubectl` in one of some directories.
    ///
    /// # Errors
    /// When a context is named twice, or there is no `kubectl`.
    pub fn new(path: Vec<PathBuf>, named: &[String], with_secrets: bool) -> Result<Self, Failure> {
        let program = program_in(path.into_iter(), "kubectl").ok_or_else(|| {
            let text = "`--context` needs `kubectl`, and no directory of `PATH` has it";
            let help = "install kubectl from https://kubernetes.io/docs/tasks/tools/, or save elsewhere what it prints and name that with `--live FILE`";
            Failure::usage(Message::new(text).help(help))
        })?;
        let contexts: Vec<Context> = named.iter().map(|named| Context::new(named)).collect();
        for (index, one) in contexts.iter().enumerate() {
            if contexts[..index].iter().any(|before| before.name == one.name) {
                let text = format!("context `{}` is named twice, and is of one cluster", one.name);
                let help = "name the context of each cluster: `--context CLUSTER=CONTEXT`";
                return Err(Failure::usage(Message::new(text).help(help)));
            }
        }
        Ok(Self { kubectl: Kubectl { program }, contexts, with_secrets })
    }

    /// What they show of what is asked for, one kind after the other.
    #[must_use]
    pub fn ask<'a>(&'a self, asks: &Asks) -> Gives<'a> {
        Box::new(Asking {
            clusters: self,
            wants: asks.wants.clone(),
            contexts: self.contexts.iter().cloned().collect(),
            tasks: VecDeque::new(),
            missing: VecDeque::new(),
        })
    }

    /// kubectl does not get through to a cluster.
    fn failed(&self, context: &Context, refused: &Refused) -> Failure {
        let name = &context.name;
        let said = one_line(&refused.said);
        let text = format!("kubectl cannot ask the cluster of context `{name}`: {said}");
        let by_hand = |rest: &str| format!("`kubectl{} {rest}`", option("--context", name));
        let help = match refused.why {
            Why::NoContext => {
                let known = self.kubectl.contexts();
                let near = nearest(name, known.iter().map(String::as_str));
                near.map_or_else(
                    || "`kubectl config get-contexts -o name` lists the contexts".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                )
            }
            Why::Unauthorized => {
                format!("log in to the cluster; {} shows who you are", by_hand("auth whoami"))
            }
            _ => format!(
                "see whether {} answers, or save elsewhere what kubectl prints and name that with `--live FILE`",
                by_hand("get --raw /version")
            ),
        };
        Failure::usage(Message::new(text).help(help))
    }
}

impl Context {
    /// A context as it is named. One whose own name has a `=` is written with another in front of it.
    fn new(named: &str) -> Self {
        let (cluster, name) = named.split_once('=').unwrap_or(("", named));
        let cluster = Some(cluster).filter(|cluster| !cluster.is_empty()).map(str::to_owned);
        Self { cluster, name: name.to_owned() }
    }

    fn input(&self) -> String {
        format!("context {}", self.name)
    }
}

impl Task {
    /// The command, to be typed.
    fn command(&self) -> String {
        let context = option("--context", &self.context.name);
        let place = self.namespace.as_deref();
        let place = place.map_or_else(|| " -A".to_owned(), |name| option("-n", name));
        let how = if self.is_secrets() { "" } else { " -o json" };
        command("kubectl get", &[&self.resource], &format!("{context}{place}{how}"))
    }

    fn is_secrets(&self) -> bool {
        self.resource == SECRETS
    }
}

impl Asking<'_> {
    /// Finds out what a cluster has, and notes what to ask it for.
    fn begin(&mut self, context: &Context) -> Result<(), Failure> {
        let kinds = self.clusters.kubectl.kinds(&context.name);
        let Listed { table, said } = kinds.map_err(|why| self.clusters.failed(context, &why))?;
        let known = resources(&table);
        for want in &self.wants {
            let is_it = |one: &&Resource| one.group == want.group && one.kind == want.kind;
            match known.iter().find(is_it) {
                Some(one) => {
                    let decides = is_decisive(&want.group, &want.kind);
                    let places = want.namespaces.as_ref().filter(|_| one.is_namespaced);
                    self.tasks.extend(tasks(context, &one.name, places, decides));
                }
                None => self.missing.push_back(missing(context, want, &said)),
            }
        }
        if self.clusters.with_secrets {
            let pods = self.wants.iter().find(|want| want.kind == "Pod");
            // Never all of a cluster: kubectl receives the values.
            if let Some(want) = pods {
                self.tasks.extend(each(context, SECRETS, &want.known, true));
            }
            if pods.is_none_or(|want| want.namespaces.is_none()) {
                self.missing.push_back(unplaced(context));
            }
        }
        Ok(())
    }

    fn run(&mut self, task: Task) -> Option<Result<Given, Failure>> {
        let format: &[&str] = if task.is_secrets() { &COLUMNS } else { &OBJECTS };
        let kubectl = &self.clusters.kubectl;
        let namespace = task.namespace.as_deref();
        let refused = match kubectl.get(&task.context.name, &task.resource, namespace, format) {
            Ok(stream) => {
                let (name, command) = (task.context.input(), Some(task.command()));
                let is_secrets = task.is_secrets();
                let Context { cluster, name: context } = task.context;
                let source = Source { name, cluster, context: Some(context), stream, command };
                let given = if is_secrets { Given::Secrets } else { Given::Objects };
                return Some(Ok(given(source)));
            }
            Err(refused) => refused,
        };
        match refused.why {
            Why::Forbidden if !task.instead.is_empty() => {
                let Task { context, resource, instead, is_decisive, .. } = task;
                for one in instead.into_iter().rev() {
                    self.tasks.push_front(one_by_one(&context, &resource, Some(one), is_decisive));
                }
                None
            }
            Why::Forbidden | Why::Missing | Why::Unavailable => Some(Ok(Given::Nothing(Unread {
                input: task.context.input(),
                why: one_line(&refused.said).into_owned(),
                resource: task.resource,
                namespace: task.namespace,
                is_decisive: task.is_decisive,
                is_passing: refused.why == Why::Unavailable,
            }))),
            _ => Some(Err(self.clusters.failed(&task.context, &refused))),
        }
    }
}

impl Iterator for Asking<'_> {
    type Item = Result<Given, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(missing) = self.missing.pop_front() {
                return Some(Ok(Given::Nothing(missing)));
            }
            if let Some(task) = self.tasks.pop_front() {
                if let Some(given) = self.run(task) {
                    return Some(given);
                }
                continue;
            }
            let context = self.contexts.pop_front()?;
            if let Err(failure) = self.begin(&context) {
                return Some(Err(failure));
            }
        }
    }
}

/// The runs for a kind: one for each namespace, or one for all of them.
fn tasks(
    context: &Context,
    resource: &str,
    places: Option<&BTreeSet<String>>,
    is_decisive: bool,
) -> Vec<Task> {
    match places {
        Some(places) if places.len() <= FEW => {
            each(context, resource, places, is_decisive).collect()
        }
        places => {
            let instead = places.cloned().unwrap_or_default();
            vec![Task { instead, ..one_by_one(context, resource, None, is_decisive) }]
        }
    }
}

/// A run for each namespace.
fn each(
    context: &Context,
    resource: &str,
    places: &BTreeSet<String>,
    is_decisive: bool,
) -> impl Iterator<Item = Task> {
    let place =
        move |place: &String| one_by_one(context, resource, Some(place.clone()), is_decisive);
    places.iter().map(place)
}

fn one_by_one(
    context: &Context,
    resource: &str,
    namespace: Option<String>,
    is_decisive: bool,
) -> Task {
    let (context, resource) = (context.clone(), resource.to_owned());
    Task { context, resource, namespace, instead: BTreeSet::new(), is_decisive }
}

/// Secrets of which it is not known where they are.
fn unplaced(context: &Context) -> Unread {
    let why = "Git sets no namespace for some of what uses them, and Secrets of all namespaces are never asked for; choose one with `--namespace NAMESPACE`";
    Unread {
        input: context.input(),
        resource: SECRETS.to_owned(),
        namespace: None,
        why: why.to_owned(),
        is_decisive: false,
        is_passing: false,
    }
}

/// A kind that the cluster does not list; `said`: the parts of its API that do not answer.
fn missing(context: &Context, want: &Want, said: &str) -> Unread {
    let is_down = !want.group.is_empty() && said.contains(&format!("{}/", want.group));
    let why = if is_down {
        "this part of the cluster's API does not answer"
    } else {
        "the cluster has no such kind"
    };
    Unread {
        input: context.input(),
        resource: plural(&want.group, &want.kind),
        namespace: None,
        why: why.to_owned(),
        is_decisive: is_down && is_decisive(&want.group, &want.kind),
        is_passing: true,
    }
}

#[cfg(test)]
mod tests {
    use super::Context;

    #[test]
    fn a_context_may_be_of_a_cluster() {
        for (named, cluster, name) in [
            ("prod", None, "prod"),
            ("east=prod", Some("east"), "prod"),
            ("=a=b", None, "a=b"),
            ("arn:aws:eks:eu-west-1:1:cluster/x", None, "arn:aws:eks:eu-west-1:1:cluster/x"),
        ] {
            let expected = Context { cluster: cluster.map(str::to_owned), name: name.to_owned() };
            assert_eq!(Context::new(named), expected, "{named}");
        }
    }
}
