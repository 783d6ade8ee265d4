//! What a repository answers about its families, references and providers.

use crate::repo::Repo;
use crate::repo::provision::Provision;
use crate::repo::root::{ProviderId, ReferenceId};
use crate::repo::testing::{deployment, path, repo, resources};

const OLD: &str = "auth-20250602090000";
const NEW: &str = "auth-20250723110000";

fn stub(name: &str) -> String {
    format!("apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: {name}\n")
}

fn names(repo: &Repo, ids: &[ReferenceId]) -> Vec<String> {
    let name = |id: &ReferenceId| {
        let (root, reference) = repo.reference(*id);
        format!("{}: {} {}", root.path, root.object_of(reference).name(), reference.secret())
    };
    ids.iter().map(name).collect()
}

#[test]
fn families_are_those_with_a_version_and_those_that_are_named() {
    let settings = "secrets:\n  db: {}\n  left-*: {managed: false}\n";
    let repo = repo(&[
        ("production/web.yaml", &deployment("web", "auth")),
        ("rotate.yaml", settings),
        ("staging/a.yaml", &deployment("a", OLD)),
        ("staging/b.yaml", &deployment("b", NEW)),
        ("staging/c.yaml", &deployment("c", "auth")),
        ("staging/db.yaml", &deployment("db", "db")),
        ("staging/left.yaml", &deployment("left", "left-db-20250602090000")),
        ("staging/plain.yaml", &deployment("plain", "other")),
        ("staging/stub.yaml", &stub(NEW)),
    ]);
    let staging = repo.environment("staging").unwrap();
    let families = repo.families_of(staging);
    assert_eq!(families.keys().copied().collect::<Vec<_>>(), ["auth", "db"]);
    let auth = families["auth"];
    assert_eq!(names(&repo, &auth.versions["20250602090000"]), ["staging: a auth-20250602090000"]);
    assert_eq!(names(&repo, &auth.versions["20250723110000"]), ["staging: b auth-20250723110000"]);
    assert_eq!(names(&repo, &auth.plain), ["staging: c auth"]);
    let (_, made) = repo.provider(auth.stubs["20250723110000"][0]);
    assert_eq!((made.secret(), made.field().as_str()), (NEW, "metadata.name"));
    let production = repo.environment("production").unwrap();
    assert!(repo.families_of(production).is_empty());
    assert_eq!(repo.family(production, "auth").unwrap().plain.len(), 1);
    assert!(repo.all_families_of(staging).contains_key("left-db"));
}

#[test]
fn a_reference_knows_the_bytes_of_its_name() {
    let quoted = format!(
        "{{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {{\"name\": \"web\"}}, \"spec\": {{\"imagePullSecrets\": [{{\"name\": \"{OLD}\"}}]}}}}"
    );
    let config = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata:\n  run.sh: |\n    # ü\n    get {OLD} --all\n"
    );
    let repo = repo(&[("staging/config.yaml", &config), ("staging/pod.json", &quoted)]);
    let root = repo.root_at(&path("staging")).unwrap();
    let places: Vec<_> = root.references.iter().map(|one| one.place().unwrap()).collect();
    let spelled: Vec<_> =
        places.iter().map(|place| (place.source.path().name(), place.text())).collect();
    assert_eq!(spelled, [("config.yaml", OLD), ("pod.json", OLD)]);
    assert_eq!(places[0].position().line, 7);
    let fields: Vec<String> = root.references.iter().map(|one| one.field()).collect();
    assert_eq!(fields, ["data[run.sh]", "spec.imagePullSecrets[0].name"]);
}

#[test]
fn references_and_providers_meet_by_environment_and_namespace() {
    let in_namespace = |text: String, namespace: &str| {
        text.replace("metadata:\n", &format!("metadata:\n  namespace: {namespace}\n"))
    };
    let settings = "environments:\n- {name: staging, paths: [\"*/staging\", staging]}\n- {name: production, paths: [production]}\nexternal:\n- {name: pull, namespace: shop}\n";
    let repo = repo(&[
        ("apps/base/kustomization.yaml", &resources(&["stub.yaml"])),
        ("apps/base/stub.yaml", &stub("own")),
        ("apps/staging/kustomization.yaml", &resources(&["../base"])),
        ("common/stub.yaml", &stub("common")),
        ("production/web.yaml", &deployment("web", OLD)),
        ("rotate.yaml", settings),
        ("staging/stub.yaml", &in_namespace(stub(OLD), "shop")),
    ]);
    let staging = Some(repo.environment("staging").unwrap());
    let production = Some(repo.environment("production").unwrap());
    let provided = |environment, namespace, secret| {
        let all = repo.providers_of(environment, namespace, secret).into_iter();
        let name = |one| match one {
            Provision::Provider(ProviderId { root, .. }) => repo.roots[root].path.to_string(),
            Provision::External => "external".to_owned(),
        };
        all.map(name).collect::<Vec<String>>()
    };
    assert_eq!(provided(staging, Some("shop"), OLD), ["staging"]);
    assert_eq!(provided(staging, None, OLD), ["staging"]);
    assert!(provided(staging, Some("other"), OLD).is_empty());
    assert!(provided(production, Some("shop"), OLD).is_empty());
    assert_eq!(provided(production, Some("x"), "common"), ["common"]);
    assert_eq!(provided(staging, Some("x"), "own"), ["apps/staging"]);
    assert!(provided(production, Some("x"), "own").is_empty());
    assert_eq!(provided(production, Some("shop"), "pull"), ["external"]);
    assert!(provided(production, Some("x"), "pull").is_empty());
}

#[test]
fn fields_of_ones_own_resources_name_secrets_too() {
    let settings =
        "references:\n- {apiVersion: example.com/v1, kind: Mailer, path: \"spec.auth[].using\"}\n";
    let mailer = "apiVersion: example.com/v1\nkind: Mailer\nmetadata: {name: m}\nspec: {auth: [{using: smtp}]}\n";
    let repo = repo(&[("rotate.yaml", settings), ("staging/mailer.yaml", mailer)]);
    let root = repo.root_at(&path("staging")).unwrap();
    let found: Vec<_> = root.references.iter().map(|one| (one.field(), one.secret())).collect();
    assert_eq!(found, [("spec.auth[0].using".to_owned(), "smtp")]);
}

#[test]
fn values_of_a_chart_name_versions() {
    let values =
        |name: &str| format!("# values\nimage: web-1.2\nauth:\n  existingSecret: {name}\n");
    let settings =
        "environments:\n- {name: staging, paths: [staging, chart/values-staging.yaml]}\n";
    let repo = repo(&[
        ("chart/Chart.yaml", "apiVersion: v2\nname: web\n"),
        ("chart/values-staging.yaml", &values(OLD)),
        ("chart/values.yaml", &values("auth")),
        ("rotate.yaml", settings),
        ("staging/stub.yaml", &stub(OLD)),
        ("staging/values.yaml", &values(OLD)),
        ("staging/other.yaml", "image: web-20250602090000\n"),
    ]);
    let staging = repo.environment("staging").unwrap();
    let auth = repo.family(staging, "auth").unwrap();
    let fields: Vec<_> = auth
        .references()
        .map(|id| repo.reference(id))
        .map(|(root, one)| (root.path.as_str(), one.field(), one.place().unwrap().position().line))
        .collect();
    let field = |field: &str| field.to_owned();
    let of_chart = field("values.auth.existingSecret");
    assert_eq!(fields, [("chart", of_chart, 4), ("staging", field("auth.existingSecret"), 4)]);
}
