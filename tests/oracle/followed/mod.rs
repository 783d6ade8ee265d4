//! Every command that `rotate` prints under `Next`, followed to the letter: by the real git, aws, kubectl and rotate, and for
//! stores that no server here speaks for, against a table of what their command lines take.

mod bench;
mod cloud;
mod desk;
mod follow;
mod ledger;
mod life;
mod listed;
mod shapes;
mod stubs;
mod table;
mod told;

use crate::followed::desk::{Layout, PLAIN};
use crate::followed::life::{LIFE, Life, live, live_in};

#[test]
fn argo() {
    live(&Life {
        example: "argo",
        followed: &[("aws", 12), ("gcloud", 80), ("git", 48), ("kubectl", 10), ("rotate", 10)],
        ..LIFE
    });
}

#[test]
fn auth_api() {
    live(&Life {
        example: "auth-api",
        followed: &[("aws", 8), ("git", 18), ("kubectl", 2), ("rotate", 2)],
        ..LIFE
    });
}

#[test]
fn blue_green() {
    live(&Life {
        example: "blue-green",
        followed: &[("aws", 56), ("git", 70), ("kubectl", 16), ("rotate", 16), ("vault", 6)],
        ..LIFE
    });
}

#[test]
fn flux() {
    live(&Life {
        example: "flux",
        followed: &[("gcloud", 160), ("git", 56), ("kubectl", 12), ("rotate", 12)],
        ..LIFE
    });
}

#[test]
fn legacy() {
    let more = &["import-dropbox", "mainframe", "nobody-makes-this"];
    let refused = &["archive-ftp", "billing-smtp", "import-dropbox"];
    let forward = &["nobody-makes-this"];
    live(&Life {
        example: "legacy",
        more,
        refused,
        forward,
        is_faulty: true,
        followed: &[("git", 50), ("kubectl", 7), ("rotate", 14)],
        ..LIFE
    });
}

#[test]
fn rings() {
    live(&Life {
        example: "rings",
        followed: &[("git", 34), ("kubectl", 6), ("rotate", 6), ("vault", 18)],
        ..LIFE
    });
}

#[test]
fn shop_overlays() {
    live(&Life {
        example: "shop-overlays",
        followed: &[("aws", 32), ("git", 34), ("kubectl", 2), ("rotate", 6)],
        ..LIFE
    });
}

#[test]
fn shop_plain() {
    live(&Life {
        example: "shop-plain",
        followed: &[("aws", 36), ("git", 48), ("kubectl", 10), ("rotate", 10)],
        ..LIFE
    });
}

/// The stores and the ways to name a version that no example has.
#[test]
fn other_stores() {
    let tree = shapes::tree();
    let only = Some(&shapes::FAMILIES[..]);
    live_in(
        tree.path(),
        &Life {
            only,
            is_faulty: true,
            singly: false,
            followed: &[
                ("aws", 20),
                ("az", 14),
                ("bao", 4),
                ("gcloud", 8),
                ("kubectl", 50),
                ("vault", 10),
            ],
            ..LIFE
        },
    );
}

#[test]
fn from_another_directory() {
    let layout = Layout {
        repository: "the repository",
        here: "elsewhere",
        flag: " -C '../the repository'",
        ..PLAIN
    };
    live(&Life { example: "auth-api", layout, ..LIFE });
}

#[test]
fn below_the_root_of_the_tree() {
    let layout = Layout { here: "repository/environments/staging", ..PLAIN };
    live(&Life { example: "rings", layout, only: Some(&["gateway-tls"]), ..LIFE });
}

#[test]
fn in_a_part_of_a_repository() {
    let layout =
        Layout { repository: "all", tree: "deploy/shop", here: "all/deploy/shop", ..PLAIN };
    live(&Life { example: "rings", layout, only: Some(&["gateway-tls"]), ..LIFE });
}

#[test]
fn with_names_that_need_quotes() {
    let renamed = Some(("staging/deployment.yaml", "staging/it's [a] deployment.yaml"));
    let layout = Layout { renamed, ..PLAIN };
    live(&Life { example: "shop-plain", layout, only: Some(&["auth-api-secrets"]), ..LIFE });
}
