//! What to ask kubectl for: the kinds and the namespaces of an environment that name some families.

use std::collections::BTreeSet;

use crate::text::shell::{command, option};
use crate::verify::expected::Expected;
use crate::verify::part::resource;
use crate::verify::wants::{self, Want};
use crate::verify::{Request, expected};

/// What kubectl is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asks {
    /// The kinds, as kubectl calls them.
    pub kinds: Vec<String>,
    /// The only namespace; `None` for all.
    pub namespace: Option<String>,
    /// The same kind by kind, where each can be asked for by itself.
    pub wants: Vec<Want>,
}

impl Asks {
    /// What an environment's families need.
    #[must_use]
    pub fn of(request: &Request<'_>) -> Self {
        let expected: Vec<Expected<'_>> = expected::of(request).into_iter().flatten().collect();
        let wants = wants::of(request, &expected);
        let mut kinds: Vec<String> =
            wants.iter().map(|want| asked(&want.group, &want.kind)).collect();
        // Pods come first, the rest follows in the order of the alphabet.
        kinds.sort_by(|one, other| (one != "pods", one).cmp(&(other != "pods", other)));
        let is_everywhere = wants.iter().any(|want| want.namespaces.is_none());
        let namespaces: BTreeSet<&String> =
            wants.iter().flat_map(|want| &want.namespaces).flatten().collect();
        let only = namespaces.len() == 1 && !is_everywhere;
        let namespace = namespaces.first().filter(|_| only).map(|name| (*name).clone());
        Self { kinds, namespace, wants }
    }

    /// The words after `kubectl` that print them.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let mut words = vec!["get".to_owned(), self.kinds.join(",")];
        match &self.namespace {
            Some(namespace) => words.extend(["-n".to_owned(), namespace.clone()]),
            None => words.push("-A".to_owned()),
        }
        words.extend(["-o".to_owned(), "json".to_owned()]);
        words
    }

    /// The command that prints them.
    #[must_use]
    pub fn command(&self) -> String {
        let namespace =
            self.namespace.as_deref().map_or_else(|| " -A".to_owned(), |name| option("-n", name));
        command("kubectl get", &[&self.kinds.join(",")], &format!("{namespace} -o json"))
    }
}

/// The groups whose plurals are regular.
const REGULAR: &[&str] = &[
    "",
    "apps",
    "argoproj.io",
    "batch",
    "cert-manager.io",
    "external-secrets.io",
    "flagger.app",
    "gateway.networking.k8s.io",
    "helm.toolkit.fluxcd.io",
    "kustomize.toolkit.fluxcd.io",
    "networking.k8s.io",
    "projectcontour.io",
    "rbac.authorization.k8s.io",
];

/// What to ask kubectl for a kind: the plural where it is known, or else the singular, which it takes as well.
fn asked(group: &str, kind: &str) -> String {
    if REGULAR.contains(&group) { plural(group, kind) } else { resource(group, kind) }
}

/// What kubectl most likely calls several objects of a kind.
#[must_use]
pub fn plural(group: &str, kind: &str) -> String {
    let one = resource(group, kind);
    let (name, group) = one.split_once('.').map_or((one.as_str(), ""), |(name, of)| (name, of));
    let group = if group.is_empty() { String::new() } else { format!(".{group}") };
    let is_vowel = |c: char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u');
    match name.strip_suffix('y') {
        Some(stem) if !stem.ends_with(is_vowel) => format!("{stem}ies{group}"),
        _ if name.ends_with(['s', 'x']) || name.ends_with("ch") => format!("{name}es{group}"),
        _ => format!("{name}s{group}"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use super::{Asks, asked};
    use crate::cluster::live::Live;
    use crate::k8s::secret_name::Family;
    use crate::repo::Repo;
    use crate::repo::testing::{deployment, repo};
    use crate::text::work;
    use crate::verify::{Applied, Request};

    static NOTHING: OnceLock<Live> = OnceLock::new();

    #[test]
    fn kinds_are_called_as_kubectl_calls_them() {
        for (group, kind, plural_of_it) in [
            ("apps", "Deployment", "deployments"),
            ("flagger.app", "Canary", "canaries.flagger.app"),
            ("networking.k8s.io", "Ingress", "ingresses.networking.k8s.io"),
            ("gateway.networking.k8s.io", "Gateway", "gateways.gateway.networking.k8s.io"),
            ("projectcontour.io", "HTTPProxy", "httpproxies.projectcontour.io"),
        ] {
            assert_eq!(asked(group, kind), plural_of_it);
        }
        // A plural that nobody can know is not guessed: kubectl takes the singular.
        let community = asked("mongodbcommunity.mongodb.com", "MongoDBCommunity");
        assert_eq!(community, "mongodbcommunity.mongodbcommunity.mongodb.com");
    }

    fn request<'a>(repo: &'a Repo, families: &'a [Family]) -> Request<'a> {
        Request {
            repo,
            environment: repo.environment("staging").unwrap(),
            families,
            live: NOTHING.get_or_init(Live::default),
            inputs: &[],
            namespace: None,
            cluster: None,
            is_applied: &|_, _| Applied::Yes,
            unread: &[],
            has_secrets: false,
        }
    }

    fn asks(files: &[(&str, &str)]) -> Asks {
        Asks::of(&request(&repo(files), &[Family::from("db")]))
    }

    #[test]
    fn stubs_and_canaries_of_other_roots_are_asked_for() {
        let app = deployment("web", "db-20250102090000");
        let asks = asks(&[
            ("staging/web/kustomization.yaml", "namespace: shop\nresources: [app.yaml]\n"),
            ("staging/web/app.yaml", &app),
            (
                "staging/rest/kustomization.yaml",
                "namespace: shop\nresources: [stub.yaml, canary.yaml]\n",
            ),
            (
                "staging/rest/stub.yaml",
                "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: db-20250102090000}\n",
            ),
            (
                "staging/rest/canary.yaml",
                "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {name: web}\nspec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n",
            ),
        ]);
        assert_eq!(
            asks.command(),
            "kubectl get pods,canaries.flagger.app,deployments,externalsecrets.external-secrets.io,replicasets -n shop -o json"
        );
    }

    /// How many objects are looked at for what to ask about so many workloads of one directory.
    fn looked_at(count: usize) -> usize {
        let app = |at| deployment(&format!("app-{at}"), "db-20250102090000");
        let apps: Vec<String> = (0..count).map(app).collect();
        let apps = apps.join("---\n");
        let kinds = || {
            let asks = asks(&[("staging/apps.yaml", &apps)]);
            assert_eq!(asks.kinds, ["pods", "deployments", "replicasets"]);
        };
        work::during(kinds)["object asked for"]
    }

    #[test]
    fn objects_are_looked_through_once_for_all_families() {
        let app = |at| deployment(&format!("app-{at}"), &format!("db{at}-20250102090000"));
        let apps: Vec<String> = (0..20).map(app).collect();
        let repo = repo(&[("staging/apps.yaml", &apps.join("---\n"))]);
        let all: Vec<Family> = (0..20).map(|at| Family::from(format!("db{at}"))).collect();
        let looked_at = |families: &[Family]| {
            let asks = || {
                let asks = Asks::of(&request(&repo, families));
                assert_eq!(asks.kinds, ["pods", "deployments", "replicasets"]);
            };
            work::during(asks)["object expected"]
        };
        assert_eq!((looked_at(&all[..1]), looked_at(&all)), (20, 20));
    }

    #[test]
    fn each_object_is_looked_at_once() {
        assert_eq!((looked_at(10), looked_at(40)), (10, 40));
    }
}
