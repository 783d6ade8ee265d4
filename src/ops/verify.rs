//! Whether every pod of an environment runs the versions that Git names.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::ops::applied::{applied, history};
use crate::ops::events::Events;
use crate::ops::failure::Failure;
use crate::ops::families::unique;
use crate::ops::gathering::{Gathered, Proves, Sources, gather};
use crate::ops::message::Message;
use crate::ops::session::Session;
use crate::ops::waiting::Again;
use crate::ops::witnesses::{can_be_proved, testified, with_witnesses};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::subject::Family;
use crate::text::few::few;
use crate::text::nearest::nearest;
use crate::text::path::TreePath;
use crate::text::shell::option;
use crate::verify::asks::Asks;
use crate::verify::part::{Part, Role};
use crate::verify::{self, Input, Proof, Unread};

/// The request.
pub struct Request<'a> {
    /// The environment.
    pub environment: String,
    /// The families; none: all that have a version there.
    pub families: Vec<Family>,
    /// The namespace of what has none in Git.
    pub namespace: Option<String>,
    /// The cluster that counts, where the environment has several.
    pub cluster: Option<String>,
    /// The dumps; none: the request is refused with the command that makes one.
    pub sources: Sources<'a>,
    /// Whether to read them again, given what they prove.
    pub again: Again<'a>,
    /// The branch whose history is read; `None` for the default branch.
    pub mainline: Option<String>,
    /// The current time.
    pub now: DateTime<Utc>,
}

/// The result.
pub struct Verified {
    /// The environment.
    pub environment: String,
    /// What is proved.
    pub proof: Proof,
    /// The dumps.
    pub inputs: Vec<Input>,
    /// How many objects they hold.
    pub objects: usize,
    /// When the newest pod of them started, where that is known.
    pub newest: Option<DateTime<Utc>>,
    /// The clusters of the environment that do not count.
    pub left_out: BTreeSet<String>,
    /// What else there is to know, as sentences.
    pub notes: Vec<String>,
}

/// Reads the tree and the dumps, and holds one against the other.
///
/// # Errors
/// When the tree or a dump cannot be read, no dump was named, or none is of a cluster with the environment's workloads.
pub fn run(
    request: &Request<'_>,
    session: &Session,
    events: &dyn Events,
) -> Result<(Verified, Repo), Failure> {
    let repo = session.repo()?;
    session.report_problems(&repo, events);
    let mut verified = prove(request, &repo, session, events)?;
    let dirty = uncommitted(session, &repo, &verified.environment)?;
    verified.notes.splice(0..0, dirty);
    Ok((verified, repo))
}

/// Holds a tree against the dumps.
///
/// # Errors
/// When a dump cannot be read, no dump was named, or none is of a cluster with the environment's workloads.
pub(super) fn prove(
    request: &Request<'_>,
    repo: &Repo,
    session: &Session,
    events: &dyn Events,
) -> Result<Verified, Failure> {
    let environment = repo.environment(&request.environment)?;
    let name = repo.environments[environment].name.clone();
    let named = families(repo, environment, &request.families)?;
    let families = with_witnesses(repo, environment, &named);
    let past = OnceCell::new();
    let is_applied = |family: &Family, revision: &str| {
        let timeline = past.get_or_init(|| history(request, session, repo, &name, &families));
        applied(timeline, session, (repo, environment, &name), family, revision)
    };
    let nothing = Gathered::default();
    let asked = asked(request, (repo, environment, &families), &nothing, &is_applied);
    let asks = Asks::of(&asked);
    if let Some(cluster) = &request.cluster {
        known_cluster(cluster, &asked)?;
    }
    let (program, options) = (session.with_helm(&session.call(), "verify"), options(request));
    let (environment, families) = (name.as_str(), &*request.families);
    let verify = Proves { program: &program, environment, families, options: &options };
    let once = || {
        let read = gather(request.sources, repo, (&asks, &verify))?;
        let asked = verify::Request { live: &read.live, ..asked };
        let (inputs, unread, has_secrets) = (&read.inputs, &read.unread, read.has_secrets);
        let asked = verify::Request { inputs, unread, has_secrets, ..asked };
        if let Some(cluster) = verify::unknown_cluster(&asked) {
            return Err(no_cluster(cluster, &asked));
        }
        let proof = verify::verify(&asked);
        if !proof.has_any || is_unread(&proof) {
            return Err(other_cluster(&name, &proof, &read, &asks));
        }
        Ok((read, testified(proof, named.len())))
    };
    let (read, proof) = loop {
        let shown = once();
        if !(request.again)(shown.as_ref().map(|(_, proof)| proof)) {
            break shown?;
        }
    };
    tell(&read, &proof, &asks, events);
    let notes = notes(&read, &proof);
    let (newest, left_out) = (read.live.newest_pod(), verify::left_out(&asked));
    let (inputs, objects) = (read.inputs, read.live.objects.len());
    Ok(Verified { environment: name, proof, inputs, objects, newest, left_out, notes })
}

/// What is to be proved, and by what.
fn asked<'a>(
    request: &'a Request<'_>,
    (repo, environment, families): (&'a Repo, EnvironmentId, &'a [Family]),
    read: &'a Gathered,
    is_applied: verify::IsApplied<'a>,
) -> verify::Request<'a> {
    verify::Request {
        repo,
        environment,
        families,
        live: &read.live,
        inputs: &read.inputs,
        namespace: request.namespace.as_deref(),
        cluster: request.cluster.as_deref(),
        is_applied,
        unread: &read.unread,
        has_secrets: read.has_secrets,
    }
}

/// The options that choose what is proved.
fn options(request: &Request<'_>) -> String {
    let set = [
        ("--namespace", &request.namespace),
        ("--cluster", &request.cluster),
        ("--mainline", &request.mainline),
    ];
    set.iter().filter_map(|(name, set)| Some(option(name, set.as_deref()?))).collect()
}

/// Whether no workload was found, and the cluster did not show all that could be one.
fn is_unread(proof: &Proof) -> bool {
    let mut parts = proof.families.iter().flat_map(|family| &family.parts);
    let is_found = |part: &Part| part.role == Role::Workload && part.is_found;
    proof.lacks_workloads().is_some() && !parts.any(is_found)
}

/// Tells what was in the input that should not be.
fn tell(read: &Gathered, proof: &Proof, asks: &Asks, events: &dyn Events) {
    let (objects, inputs) = (read.live.objects.len(), read.inputs.len());
    events.detail(format!("{objects} objects in {inputs} inputs"));
    if read.live.has_values {
        let text = "the input has Secrets with their values, which were dropped as they were read";
        let help = format!("leave Secrets out: `{}`", asks.command());
        events.warning(Message::new(text).help(help));
    }
    if proof.doubles > 0 {
        let text = format!(
            "{} objects are in the input more than once; the last of each counts",
            proof.doubles
        );
        events.detail(text);
    }
}

/// The families that were named, or all that have a version in the environment.
fn families(
    repo: &Repo,
    environment: EnvironmentId,
    named: &[Family],
) -> Result<Vec<Family>, Failure> {
    let name = &repo.environments[environment].name;
    let running = repo.running(environment);
    if named.is_empty() {
        let known = repo.families_of(environment);
        let versioned = running.iter().filter(|(family, running)| {
            !running.versions.is_empty() && known.contains_key(family.as_str())
        });
        let versioned: Vec<Family> = versioned.map(|(family, _)| family.clone()).collect();
        if versioned.is_empty() {
            let text = format!("nothing in `{name}` runs a version of a secret");
            let help = if running.is_empty() {
                "`rotate refs` shows what is found".to_owned()
            } else {
                let plain: Vec<&str> = running.keys().map(Family::as_str).collect();
                format!("name a family to look at its plain name: {}", few(&plain))
            };
            return Err(Failure::usage(Message::new(text).help(help)));
        }
        return Ok(versioned);
    }
    let named = unique(named);
    for family in &named {
        if !can_be_proved(repo, environment, family) {
            let text = format!("nothing in `{name}` names `{family}`");
            let near = nearest(family, running.keys().map(Family::as_str));
            let help = near.map_or_else(
                || "`rotate status` lists the families".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(Failure::usage(Message::new(text).help(help)));
        }
    }
    Ok(named)
}

fn known_cluster(cluster: &str, request: &verify::Request<'_>) -> Result<(), Failure> {
    if verify::has_cluster(request, cluster) {
        return Ok(());
    }
    Err(no_cluster(cluster, request))
}

fn no_cluster(cluster: &str, request: &verify::Request<'_>) -> Failure {
    let known = verify::clusters(request);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let text = format!("no workload is deployed to a cluster `{cluster}`");
    let help = format!("known are {}", few(&known));
    // A directory is named by its last part as well.
    let last = known.iter().filter_map(|name| name.rsplit('/').next());
    let near = nearest(cluster, known.iter().copied().chain(last));
    let help = near.map_or(help, |near| format!("did you mean `{near}`?"));
    Failure::usage(Message::new(text).help(help))
}

fn other_cluster(environment: &str, proof: &Proof, read: &Gathered, asks: &Asks) -> Failure {
    let live = &read.live;
    let parts = proof.families.iter().flat_map(|family| &family.parts);
    let parts: BTreeSet<String> = parts
        .filter(|part| !part.wanted.is_empty())
        .map(|part| format!("{} {}", part.kind, part.name))
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let namespaces: Vec<&str> = live.namespaces().into_iter().collect();
    let text = format!(
        "the input has no object that names the secrets of `{environment}`: {}",
        few(&parts)
    );
    if let Some(unread) = proof.lacks_workloads() {
        let text = format!(
            "none of the workloads of `{environment}` is known: {} cannot be read",
            unread.resource
        );
        return Failure::usage(Message::new(text).help(unread.why.clone()));
    }
    let place = if namespaces.is_empty() {
        "none of them in a namespace".to_owned()
    } else {
        format!("in {}", few(&namespaces))
    };
    let held = match live.objects.len() {
        0 => "it has no objects at all".to_owned(),
        1 if namespaces.is_empty() => "it has one object, which is in no namespace".to_owned(),
        1 => format!("it has one object, {place}"),
        count => format!("it has {count} objects, {place}"),
    };
    let contexts = || "kubectl config get-contexts -o name".to_owned();
    let is_asked = read.inputs.iter().any(|input| input.context.is_some());
    let next = if is_asked { contexts() } else { asks.command() };
    let help = format!("{held}; is it of another cluster? `{next}`");
    Failure::usage(Message::new(text).help(help))
}

/// A note on the files of an environment that are not committed.
pub(super) fn uncommitted(
    session: &Session,
    repo: &Repo,
    environment: &str,
) -> Result<Option<String>, Failure> {
    let Some(git) = session.git() else { return Ok(None) };
    let roots = repo.roots_of(repo.environment(environment)?);
    let files: BTreeSet<TreePath> =
        roots.flat_map(|(_, root)| root.files().iter().cloned()).collect();
    let dirty = git.uncommitted(&files.into_iter().collect::<Vec<_>>())?;
    let dirty: Vec<&str> = dirty.iter().map(TreePath::as_str).collect();
    Ok((!dirty.is_empty()).then(|| {
        format!(
            "what Git names is what the files here say, and some are not committed: {}",
            few(&dirty)
        )
    }))
}

/// What else there is to know: plain names, what is not looked at.
fn notes(read: &Gathered, proof: &Proof) -> Vec<String> {
    let mut notes = Vec::new();
    let plain = proof.families.iter().filter(|family| family.running.plain);
    notes.extend(plain.map(|one| {
        format!(
            "`{}` has no version in some references: which value runs under a name that never changes cannot be proved",
            one.family
        )
    }));
    notes.extend(proof.unread.iter().map(|one| {
        let place = one.namespace.as_ref().map_or_else(String::new, |name| format!(" in {name}"));
        format!("not checked: {}{place} of {}: {}", one.resource, one.input, one.why)
    }));
    let has_any = read.live.objects.iter().any(|one| one.is("", "Secret"));
    let is_unread = proof.unread.iter().any(Unread::is_of_secrets);
    if !has_any && (is_unread || !read.has_secrets) {
        let why = if is_unread { "could not be read" } else { "are not asked for" };
        notes.push(format!(
            "not checked: whether each Secret is immutable, since Secrets {why}; a name proves its value only where it is"
        ));
    }
    notes
}
