//! What an environment named before its directory had another name.

use super::{A, B, Does, SECRETS, V1, VAULT, check, given, secrets, vault};
use crate::makers::{NEW, OLD, store, stub, web};
use crate::support::{NOW, Sandbox};

/// A tree below a directory whose environment took a version, and was taken back to the first one.
fn taken_back(at: &str, provider: &str, (key, pins): (&str, [&str; 2])) -> Sandbox {
    let sandbox = Sandbox::empty();
    let write = |name: &str, text: &str| sandbox.write(&format!("{at}/{name}"), text);
    let of = |pin: &str| stub(&format!("{{ key: \"{key}\", version: \"{pin}\" }}"));
    write("web.yaml", &web(&format!("db-{OLD}")));
    write("stub.yaml", &of(pins[0]));
    write("store.yaml", &store(provider));
    sandbox.commit_at("2025-07-01T10:00:00Z", "Begin\n");
    write("web.yaml", &web(&format!("db-{V1}")));
    write("new.yaml", &of(pins[1]).replace(OLD, V1).replace(&format!("version: \"{OLD}\""), ""));
    sandbox.commit_at("2025-08-02T10:00:00Z", "Bump\n");
    write("web.yaml", &web(&format!("db-{OLD}")));
    std::fs::remove_file(sandbox.path(&format!("{at}/new.yaml"))).unwrap();
    sandbox.commit_at("2025-08-03T10:00:00Z", "Roll back and prune\n");
    sandbox
}

fn rename(sandbox: &Sandbox, from: &str, to: &str) {
    std::fs::create_dir_all(sandbox.path(to).parent().unwrap()).unwrap();
    std::fs::rename(sandbox.path(from), sandbox.path(to)).unwrap();
    sandbox.commit_at("2025-08-04T10:00:00Z", "Rename\n");
}

/// A version that was taken back is not taken again because the directory is called something else now.
#[test]
fn an_environment_whose_directory_was_renamed_keeps_its_history() {
    let numbers = vault(&[(7, "", false), (8, "", false)]);
    let labels = secrets(&[(A, &["AWSCURRENT", OLD], "1"), (B, &[V1], "2")]);
    for (provider, keys, listing, newer, moves) in [
        (
            VAULT,
            ("shop/db", ["7", "8"]),
            &numbers,
            vault(&[(7, "", false), (8, "", false), (9, "", false)]),
            Does::Moves(NEW, "9"),
        ),
        (
            SECRETS,
            ("shop/db", [OLD, V1]),
            &labels,
            secrets(&[(A, &["AWSCURRENT", OLD], "1"), (B, &[super::V2], "2")]),
            Does::Moves(super::V2, super::V2),
        ),
    ] {
        for from in ["blue", "clusters/dev", "envs/qa/shop"] {
            let sandbox = taken_back(from, provider, keys);
            rename(&sandbox, from, "staging");
            check(from, &sandbox, listing, &Does::Nothing);
            let output = given(&sandbox, &["--from-store", "-", "--check"], listing).success();
            let _ = output.says(&["at 2025-08-02 10:00 UTC (", "may be what `staging` was called"]);
            check(from, &sandbox, &newer, &moves);
        }
    }
}

/// The same for the directory of a whole tree, which is a root of its own in its repository.
#[test]
fn a_tree_that_was_moved_keeps_its_history() {
    let labels = secrets(&[(A, &["AWSCURRENT", OLD], "1"), (B, &[V1], "2")]);
    for (from, to) in [("infra/gitops", "gitops"), ("gitops", "infra/gitops"), ("a", "b/a/b")] {
        let at = format!("{from}/staging");
        let sandbox = taken_back(&at, SECRETS, ("shop/db", [OLD, V1]));
        rename(&sandbox, from, to);
        let root = sandbox.path(to);
        let root = root.to_str().unwrap();
        let output = given(&sandbox, &["-C", root, "--from-store", "-", "--check"], &labels);
        let output = output.success();
        let _ = output.says(&["db has nothing new to take", "since 2025-08-02 10:00 UTC ("]);
    }
}

/// What another environment runs, or one that was removed, keeps nothing back that comes from the one before.
#[test]
fn what_other_environments_named_is_theirs() {
    let sandbox = Sandbox::empty();
    let of = |version: &str| {
        stub(&format!("{{ key: shop/db, version: \"{version}\" }}")).replace(OLD, version)
    };
    let write = |environment: &str, version: &str| {
        sandbox.write(&format!("{environment}/web.yaml"), &web(&format!("db-{version}")));
        sandbox.write(&format!("{environment}/stub.yaml"), &of(version));
        sandbox.write(&format!("{environment}/store.yaml"), &store(SECRETS));
    };
    write("development", super::V2);
    write("staging", V1);
    write("production", OLD);
    sandbox.commit_at("2025-07-01T10:00:00Z", "Begin\n");
    std::fs::remove_dir_all(sandbox.path("development")).unwrap();
    sandbox.commit_at("2025-07-02T10:00:00Z", "Remove development\n");
    let listing = sandbox.root().parent().unwrap().join("listing.json");
    let labels = secrets(&[(A, &["AWSCURRENT", OLD], "1"), (B, &[V1], "2")]);
    std::fs::write(&listing, labels).unwrap();
    let from = listing.to_str().unwrap();
    let output =
        sandbox.rotate(&["bump", "production", "db", "--from-store", from, "--at", NOW]).success();
    let made = sandbox.files().into_iter().find(|(path, _)| path.contains(V1));
    assert!(made.is_some(), "{output}");
}
