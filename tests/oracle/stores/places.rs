//! Where the stubs and the workloads of a family stand.

use crate::stores::{ENVIRONMENTS, OLD, Store};

/// Each with how its files are laid out.
pub(super) const PLACES: [(&str, Place); 7] = [
    ("in each overlay", in_overlays),
    ("in plain directories", in_plain_directories),
    ("in a base of both environments", in_a_base),
    ("in a kustomization below", below),
    ("in a component", in_a_component),
    ("in one file with another", in_groups),
    ("in two namespaces", in_two_namespaces),
];

pub(super) type Files = Vec<(String, String)>;
pub(super) type Place = fn(&Store) -> Files;

fn web(family: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  selector: {{ matchLabels: {{ app: web }} }}\n  \
         template:\n    metadata: {{ labels: {{ app: web }} }}\n    spec:\n      containers:\n        - name: web\n          \
         image: registry.example.com/web:1.4.0\n          envFrom:\n            - secretRef:\n                name: {family}-{OLD}\n"
    )
}

fn file(path: impl Into<String>, text: impl Into<String>) -> (String, String) {
    (path.into(), text.into())
}

/// For each environment its store, and these files.
fn each(store: &Store, files: impl Fn(&str) -> Files) -> Files {
    let own = ENVIRONMENTS.iter().flat_map(|environment| {
        let mut own = files(environment);
        own.push(file(format!("{environment}/store.yaml"), store.manifest(environment)));
        own
    });
    own.collect()
}

fn in_overlays(store: &Store) -> Files {
    each(store, |at| {
        vec![
            file(
                format!("{at}/kustomization.yaml"),
                "namespace: shop\nresources: [web.yaml, db.yaml, store.yaml]\n",
            ),
            file(format!("{at}/web.yaml"), web("db")),
            file(format!("{at}/db.yaml"), store.stub("db")),
        ]
    })
}

fn in_plain_directories(store: &Store) -> Files {
    let shop =
        |text: String| text.replace("metadata:\n  name", "metadata:\n  namespace: shop\n  name");
    each(store, |at| {
        vec![
            file(format!("{at}/web.yaml"), shop(web("db"))),
            file(format!("{at}/db-{OLD}.yaml"), shop(store.stub("db"))),
        ]
    })
}

fn in_a_base(store: &Store) -> Files {
    let mut files = each(store, |at| {
        vec![file(
            format!("{at}/kustomization.yaml"),
            "namespace: shop\nresources: [../base, store.yaml]\n",
        )]
    });
    files.push(file(
        "base/kustomization.yaml",
        "resources: [web.yaml, db.yaml]\nlabels: [{ pairs: { team: shop } }]\n",
    ));
    files.push(file("base/web.yaml", web("db")));
    files.push(file("base/db.yaml", store.stub("db")));
    files
}

fn below(store: &Store) -> Files {
    each(store, |at| {
        vec![
            file(
                format!("{at}/kustomization.yaml"),
                "namespace: shop\nresources:\n  - web.yaml\n  - secrets\n  - store.yaml\n",
            ),
            file(format!("{at}/web.yaml"), web("db")),
            file(format!("{at}/secrets/kustomization.yaml"), "resources:\n  - db.yaml\n"),
            file(format!("{at}/secrets/db.yaml"), store.stub("db")),
        ]
    })
}

fn in_a_component(store: &Store) -> Files {
    let mut files = each(store, |at| {
        vec![
            file(
                format!("{at}/kustomization.yaml"),
                "namespace: shop\nresources: [web.yaml, store.yaml]\ncomponents: [../components/db]\n",
            ),
            file(format!("{at}/web.yaml"), web("db")),
        ]
    });
    files.push(file(
        "components/db/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [db.yaml]\n",
    ));
    files.push(file("components/db/db.yaml", store.stub("db")));
    files
}

fn in_groups(store: &Store) -> Files {
    each(store, |at| {
        let all = format!(
            "# Secrets of the shop.\n---\n{}---\n{}",
            store.stub("cache"),
            store.stub("db")
        );
        vec![
            file(
                format!("{at}/kustomization.yaml"),
                "namespace: shop\nresources: [web.yaml, secrets.yaml, store.yaml]\n",
            ),
            file(format!("{at}/web.yaml"), web("db")),
            file(format!("{at}/secrets.yaml"), all),
        ]
    })
}

fn in_two_namespaces(store: &Store) -> Files {
    let mut files = each(store, |at| {
        let overlay = |name: &str| {
            file(
                format!("{at}/{name}/kustomization.yaml"),
                format!("namespace: {name}\nresources: [../app]\n"),
            )
        };
        vec![
            file(format!("{at}/app/kustomization.yaml"), "resources: [../../base, db.yaml]\n"),
            file(format!("{at}/app/db.yaml"), store.stub("db")),
            file(format!("{at}/kustomization.yaml"), "resources: [eu, us, store.yaml]\n"),
            overlay("eu"),
            overlay("us"),
        ]
    });
    files.push(file("base/kustomization.yaml", "resources: [web.yaml]\n"));
    files.push(file("base/web.yaml", web("db")));
    files
}
