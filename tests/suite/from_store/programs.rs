//! The user's own program, run to list versions.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::{
    AZURE, B, BAO, GOOGLE, HEX, PARAMETERS, SECRETS, V1, VAULT, azure, google, parameters, secrets,
    tree, two, vault,
};
use crate::makers::{NEW, OLD, store, stub};
use crate::support::{NOW, Output, Sandbox};

/// A program on the path that notes its arguments and prints a text.
fn program(sandbox: &Sandbox, name: &str, body: &str) -> OsString {
    let file = sandbox.root().parent().unwrap().join("bin").join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(
        &file,
        format!("#!/bin/sh\nprintf '%s\\n' \"${{0##*/}} $*\" >> \"$HOME/ran\"\n{body}\n"),
    )
    .unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    format!("{}:{path}", file.parent().unwrap().display()).into()
}

/// What was run.
fn ran(sandbox: &Sandbox) -> String {
    let file = sandbox.root().parent().unwrap().join("home/ran");
    fs::read_to_string(file).unwrap_or_default()
}

fn run(sandbox: &Sandbox, path: &OsStr, name: &str) -> Output {
    let flags = ["bump", "staging", "db", "--from-store", name, "--dry-run", "--at", NOW];
    sandbox.finish(sandbox.command(&flags).env("PATH", path))
}

#[test]
fn it_is_run_once_for_each_key() {
    let sandbox = two(OLD, OLD);
    let body = format!(
        "case \"$*\" in *shop/db*) name=shop/db ;; *) name=shop/other ;; esac\ncat <<END\n{}END",
        secrets(&[(B, &[V1], "1")]).replace("shop/db", "$name")
    );
    let path = program(&sandbox, "aws", &body);
    let _ = run(&sandbox, &path, "aws").success().says(&[&format!("db-{OLD} -> db-{V1}")]);
    assert_eq!(
        ran(&sandbox),
        "aws secretsmanager list-secret-version-ids --secret-id shop/db --region eu-central-1 --output json\n\
         aws secretsmanager list-secret-version-ids --secret-id shop/other --region eu-central-1 --output json\n"
    );
    // A file of that name is not a program.
    let _ = run(&sandbox, &path, "./aws").status(2).says(&["which key is listed is unclear"]);
}

/// The parameters of two regions are two, and a secret of another region may be a replica.
#[test]
fn each_region_has_its_own_versions() {
    let (old, new) = (format!("v{OLD}"), format!("v{V1}"));
    let listed = |number: u64| {
        parameters(&[(1, &[&old], "1751324400.0"), (number, &[], "\"2025-08-01T12:00:00Z\"")])
    };
    let parameters = format!(
        "case \"$*\" in *eu-central-1*) cat <<END\n{}\nEND\n;; *) cat <<END\n{}\nEND\n;; esac",
        listed(2),
        listed(5)
    );
    let sandbox = two_regions(PARAMETERS, "/shop/db", &old);
    let path = program(&sandbox, "aws", &parameters);
    let _ = run(&sandbox, &path, "aws").success().says(&[
        &format!("--labels {new} --region eu-central-1 --parameter-version 2"),
        &format!("--labels {new} --region us-east-1 --parameter-version 5"),
    ]);
    // A file has the versions of one of both.
    sandbox.write("a.json", &listed(2));
    for file in ["a.json", "/shop/db=a.json"] {
        let _ = run(&sandbox, &path, file).status(2).says(&[
            "`/shop/db` is a key of more than one store",
            "`--from-store aws` lists the versions of each key",
        ]);
    }

    let sandbox = two_regions(SECRETS, "shop/db", OLD);
    sandbox.write("a.json", &secrets(&[(B, &[V1], "1")]));
    let _ = run(&sandbox, &path, "a.json").success().says(&[
        "the listing of `shop/db` is of eu-central-1: check that the secret in us-east-1 is a replica of it",
    ]);
}

/// A stub that reads a key in two regions.
fn two_regions(provider: &str, key: &str, pin: &str) -> Sandbox {
    let sandbox = tree(provider, key, pin);
    let remote = format!("remoteRef: {{ key: {key}, version: \"{pin}\" }}");
    let source = "sourceRef: { storeRef: { kind: ClusterSecretStore, name: us } }";
    let text = stub("{ key: x }");
    let (head, _) = text.split_once("  dataFrom:").unwrap();
    let text = format!(
        "{head}  data:\n    - {{ secretKey: a, {remote} }}\n    - {{ secretKey: b, {remote}, {source} }}\n"
    );
    sandbox.write("staging/stub.yaml", &text);
    let us =
        store(&provider.replace("eu-central-1", "us-east-1")).replace("name: store", "name: us");
    sandbox.write("staging/us.yaml", &us);
    sandbox.commit_at("2025-07-02T10:00:00Z", "Read both\n");
    sandbox
}

#[test]
fn each_store_has_its_own() {
    for (provider, key, pin, name, listing, line) in [
        (
            VAULT,
            "shop/db",
            "7",
            "vault",
            vault(&[(8, "", false)]),
            "vault kv metadata get -mount=apps -format=json shop/db\n",
        ),
        (
            BAO,
            "shop/db",
            "7",
            "bao",
            vault(&[(8, "", false)]),
            "bao kv metadata get -mount=apps -format=json shop/db\n",
        ),
        (
            GOOGLE,
            "db",
            "7",
            "gcloud",
            google(&[(8, "ENABLED")]),
            "gcloud secrets versions list db --project shop --format=json\n",
        ),
        (
            AZURE,
            "db",
            HEX[1],
            "az",
            azure(&[(HEX[0], true, "2025-08-01T00:00:00Z")]),
            "az keyvault secret list-versions --vault-name shop --name db --output json\n",
        ),
        (
            PARAMETERS,
            "/shop/db",
            "7",
            "aws",
            "[{\"Version\": 8, \"Labels\": [], \"Date\": 1}]".to_owned(),
            "aws ssm get-parameter-history --name /shop/db --region eu-central-1 --query Parameters[].{Version:Version,Labels:Labels,Date:LastModifiedDate} --output json\n",
        ),
    ] {
        let sandbox = tree(provider, key, pin);
        let path = program(&sandbox, name, &format!("cat <<'END'\n{listing}\nEND"));
        let _ = run(&sandbox, &path, name).success().says(&[&format!("db-{OLD} -> db-{NEW}")]);
        assert_eq!(ran(&sandbox), line);
    }
}

#[test]
fn what_it_says_when_it_fails_is_said() {
    let sandbox = tree(VAULT, "shop/db", "7");
    let path = program(&sandbox, "vault", "echo 'Error: permission denied' >&2; exit 2");
    let _ = run(&sandbox, &path, "vault").status(2).says(&[
        "`vault kv metadata get -mount=apps -format=json shop/db` failed: Error: permission denied",
        "--from-store shop/db=FILE",
    ]);
    let path = program(&sandbox, "vault", "yes Pl4nted7");
    let _ = run(&sandbox, &path, "vault")
        .status(2)
        .says(&["it was ended: it printed more than 4194304 bytes"]);
    let unknown =
        tree("{ vault: { server: \"https://vault.example.com\", path: \"${MOUNT}\" } }", "db", "7");
    let _ = run(&unknown, &path, "vault").status(2).says(&["where `db` is in Vault is not known"]);
}

/// What a repository says is a name and nothing else: no option, no file to read.
#[test]
fn what_is_no_name_is_not_run() {
    for (provider, key, pin, name) in [
        (VAULT, "-address=http://evil.example.com", "7", "vault"),
        (GOOGLE, "--flags-file=x", "7", "gcloud"),
        (AZURE, "@x", HEX[1], "az"),
        ("{ azurekv: { vaultUrl: \"https://evil#x.vault.azure.net\" } }", "db", HEX[1], "az"),
        (SECRETS, "file://x", OLD, "aws"),
    ] {
        let sandbox = tree(provider, key, pin);
        let path = program(&sandbox, name, "true");
        let _ = run(&sandbox, &path, name).status(2).says(&["so `", "cannot list its versions"]);
        assert_eq!(ran(&sandbox), "");
    }
}

#[test]
fn nothing_but_the_flag_runs_it() {
    let quiet = tree(VAULT, "shop/db", "7");
    let path = program(&quiet, "vault", "true");
    for command in
        [&["bump", "staging", "db", "--pin", "8", "--dry-run"][..], &["status"], &["lint"]]
    {
        let _ = quiet.finish(quiet.command(command).env("PATH", &path)).success();
    }
    assert_eq!(ran(&quiet), "");
}
