//! What a stub of the next version reads: pins that stores assign, keys of a version's own, and what is refused.

use crate::makers::{NEW, OLD, bump, store, stub, web};
use crate::support::{NOW, Sandbox};

fn entries(lines: &[&str]) -> String {
    let head = stub("{ key: x }");
    let (head, _) = head.split_once("  dataFrom:").unwrap();
    format!(
        "{head}  data:\n{}",
        lines.iter().map(|line| format!("    - {line}\n")).collect::<String>()
    )
}

fn vault(server: &str) -> String {
    store(&format!("{{ vault: {{ server: \"{server}\", path: apps }} }}"))
}

/// Whether production takes the pin that staging was given; both read the same key of a store of the same name.
fn takes_over(staging: &str, production: &str, pins: [&str; 2]) -> bool {
    let old = format!("db-{OLD}");
    let pinned = stub(&format!("{{ key: shop/db, version: \"{}\" }}", pins[0]));
    let sandbox = Sandbox::staging(&[
        ("web.yaml", &web(&old)),
        ("stub.yaml", &pinned),
        ("store.yaml", staging),
    ]);
    sandbox.write("production/web.yaml", &web(&old));
    sandbox.write("production/stub.yaml", &pinned);
    sandbox.write("production/store.yaml", production);
    sandbox.commit_at("2025-07-01T10:00:00Z", "Begin\n");
    let _ = bump(&sandbox, &["--pin", pins[1]]).success();
    sandbox.commit_at("2025-08-20T12:00:00Z", "Bump\n");
    let promoted = sandbox.rotate(&["promote", "--at", "2025-08-22T12:00:00Z"]).success();
    let taken = sandbox.path(&format!("production/db-{NEW}.yaml")).exists();
    assert!(taken || promoted.stderr.contains("--pin shop/db="), "{promoted}");
    taken
}

/// A number means nothing in another store, and what does not tell two stores apart for certain does not make them one.
#[test]
fn a_pin_is_taken_over_only_within_one_store() {
    let (numbers, ids) = (
        ["7", "8"],
        ["uuid/1a1b2c3d-0000-4000-8000-000000000001", "uuid/1a1b2c3d-0000-4000-8000-000000000002"],
    );
    let aws = |role: &str| {
        store(&format!("{{ aws: {{ service: SecretsManager, region: eu-central-1{role} }} }}"))
    };
    let (one, other) = (", role: \"arn:aws:iam::1:role/a\"", ", role: \"arn:aws:iam::2:role/a\"");
    let google = |project: &str| store(&format!("{{ gcpsm: {{ projectID: \"{project}\" }} }}"));
    let nothing = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n";
    for (staging, production, pins, taken) in [
        (vault("https://vault.example.com"), vault("https://vault.example.com"), numbers, true),
        (
            vault("https://staging.example.com"),
            vault("https://production.example.com"),
            numbers,
            false,
        ),
        (vault("http://vault.vault:8200"), vault("http://vault.vault:8200"), numbers, false),
        (aws(one), aws(one), ids, true),
        (aws(one), aws(other), ids, false),
        (aws(""), aws(""), ids, false),
        (google("shop"), google("shop"), numbers, true),
        (google("${PROJECT}"), google("${PROJECT}"), numbers, false),
        (nothing.to_owned(), nothing.to_owned(), numbers, false),
    ] {
        assert_eq!(takes_over(&staging, &production, pins), taken, "{staging}{production}");
    }
}

#[test]
fn a_pin_that_could_mean_two_values_is_refused() {
    let old = format!("db-{OLD}");
    let second = vault("https://other.example.com").replace("name: store", "name: second");
    let tree = |lines: &[&str]| {
        Sandbox::staging(&[
            ("web.yaml", &web(&old)),
            ("stub.yaml", &entries(lines)),
            ("store.yaml", &vault("https://vault.example.com")),
            ("second.yaml", &second),
        ])
    };
    let user = "{ secretKey: user, remoteRef: { key: db, version: \"7\" } }";
    let elsewhere = "{ secretKey: b, sourceRef: { storeRef: { kind: ClusterSecretStore, name: second } }, remoteRef: { key: db, version: \"7\" } }";
    let before = "{ secretKey: previous, remoteRef: { key: db, version: \"6\" } }";
    for other in [elsewhere, before] {
        let said = "`db` is read from more than one store or at more than one version, which `--pin` cannot tell apart";
        let _ = bump(&tree(&[user, other]), &[]).status(1).says(&[said]);
        let _ = bump(&tree(&[user, other]), &["--pin", "db=8"])
            .status(1)
            .says(&["`--pin db=8` could mean `db` of more than one store"]);
    }
    let api = "{ secretKey: c, remoteRef: { key: api, version: \"3\" } }";
    let sandbox = tree(&[user, api]);
    let _ = bump(&sandbox, &["--pin", "8"])
        .status(1)
        .says(&["could mean `db` or `api`", "`--pin KEY=VALUE`"]);
    // What was given stays in the command that asks for the rest.
    let _ = bump(&sandbox, &["--pin", "db=8"])
        .status(1)
        .says(&[&format!("rotate bump staging db --version {NEW} --pin db=8 --pin api=VALUE")]);
    let _ = bump(&sandbox, &["--pin", "db=8", "--pin", "api=4"]).success();
    let aliased = tree(&[
        "{ secretKey: a, remoteRef: { key: db, version: &v \"7\" } }",
        "{ secretKey: c, remoteRef: { key: api, version: *v } }",
    ]);
    let _ = bump(&aliased, &["--pin", "db=8", "--pin", "api=9"]).success();
    let made = aliased.read(&format!("staging/db-{NEW}.yaml"));
    assert!(made.contains("version: &v \"8\"") && made.contains("version: \"9\""), "{made}");
}

#[test]
fn a_pin_has_the_form_of_its_store_and_is_read_by_no_other_version() {
    let old = format!("db-{OLD}");
    let older = stub("{ key: shop/db, version: \"6\" }").replace(OLD, "20250501000000");
    let sandbox = Sandbox::staging(&[
        ("web.yaml", &web(&old)),
        ("stub.yaml", &stub("{ key: shop/db, version: \"7\" }")),
        ("older.yaml", &older),
        ("store.yaml", &vault("https://vault.example.com")),
    ]);
    let _ = bump(&sandbox, &["--pin", "6"])
        .status(1)
        .says(&["6 of `shop/db` is what `db-20250501000000` reads"]);
    let _ = bump(&sandbox, &["--pin", "07"]).status(1).says(&["Vault requires a version number"]);
    let id = "uuid/1a1b2c3d-0000-4000-8000-000000000001";
    let aws = Sandbox::staging(&[
        ("web.yaml", &web(&old)),
        ("stub.yaml", &stub(&format!("{{ key: shop/db, version: \"{id}\" }}"))),
        ("store.yaml", &store("{ aws: { service: SecretsManager, region: eu-central-1 } }")),
    ]);
    let _ = bump(&aws, &[]).status(1).says(&["--pin shop/db=uuid/VALUE"]);
    let bare = ["--pin", "1a1b2c3d-0000-4000-8000-000000000002"];
    let _ = bump(&aws, &bare).status(1).says(&["does not have the same form as"]);
    // A pin of another family is none of this one.
    let both = Sandbox::staging(&[
        ("web.yaml", &web(&old)),
        ("api.yaml", &web(&format!("api-{OLD}")).replace("name: web }", "name: api }")),
        ("stub.yaml", &stub("{ key: shop/db, version: \"7\" }")),
        ("other.yaml", &stub("{ key: shop/api, version: \"3\" }").replace("db-", "api-")),
    ]);
    let all = ["bump", "staging", "--all", "--at", NOW];
    let _ = both
        .rotate(&[&all[..], &["--pin", "8"]].concat())
        .status(2)
        .says(&["`--pin 8` could mean any of 2 families", "`--pin FAMILY/8`"]);
    let _ = both.rotate(&[&all[..], &["--pin", "db/8", "--pin", "api/4"]].concat()).success();
    assert!(both.read(&format!("staging/api-{NEW}.yaml")).contains("version: \"4\""));
}

/// Where a store assigns versions, the first version of a family can be given, too.
#[test]
fn a_first_version_can_be_given_or_gets_a_key() {
    let plain = stub("{ key: shop/db, version: \"7\" }").replace(&format!("-{OLD}"), "");
    let tree = || {
        Sandbox::staging(&[
            ("web.yaml", &web("db")),
            ("stub.yaml", &plain),
            ("store.yaml", &vault("https://vault.example.com")),
        ])
    };
    let sandbox = tree();
    let _ = bump(&sandbox, &["db"])
        .status(1)
        .says(&["--pin shop/db=VALUE", "`secrets.db.remote.version: key-suffix`"]);
    let _ = bump(&sandbox, &["db", "--pin", "8"]).success();
    assert!(
        sandbox
            .read(&format!("staging/db-{NEW}.yaml"))
            .contains("extract: { key: shop/db, version: \"8\" }")
    );
    let keyed = tree();
    keyed.write("rotate.yaml", "environments:\n  - { name: staging, paths: [staging] }\nsecrets:\n  db: { remote: { version: key-suffix } }\n");
    let _ = bump(&keyed, &["db"]).success();
    let made = keyed.read(&format!("staging/db-{NEW}.yaml"));
    assert!(made.contains(&format!("extract: {{ key: shop/db-{NEW} }}")), "{made}");
}

/// Each entry is pinned as its own store takes it.
#[test]
fn entries_of_several_stores_are_pinned_each_in_its_way() {
    let others = [
        ("parameters", "{ aws: { service: ParameterStore, region: eu-central-1 } }"),
        ("doppler", "{ doppler: {} }"),
    ];
    let others: String = others
        .iter()
        .map(|(name, provider)| {
            format!("---\n{}", store(provider).replace("name: store", &format!("name: {name}")))
        })
        .collect();
    let from = |name: &str, key: &str| {
        format!(
            "{{ secretKey: {name}, sourceRef: {{ storeRef: {{ kind: ClusterSecretStore, name: {name} }} }}, remoteRef: {{ key: {key} }} }}"
        )
    };
    let lines = [from("store", "shop/db"), from("parameters", "/shop/db")];
    let plain = entries(&lines.iter().map(String::as_str).collect::<Vec<_>>())
        .replace(&format!("-{OLD}"), "");
    let stores = store("{ aws: { service: SecretsManager, region: eu-central-1 } }") + &others;
    let sandbox = Sandbox::staging(&[
        ("web.yaml", &web("db")),
        ("stub.yaml", &plain),
        ("stores.yaml", &stores),
    ]);
    let _ = bump(&sandbox, &["db"]).success();
    let made = sandbox.read(&format!("staging/db-{NEW}.yaml"));
    assert!(made.contains(&format!("key: shop/db, version: \"{NEW}\"")), "{made}");
    assert!(made.contains(&format!("key: /shop/db, version: \"v{NEW}\"")), "{made}");
    let refused = plain + &format!("    - {}\n", from("doppler", "DB"));
    let sandbox = Sandbox::staging(&[
        ("web.yaml", &web("db")),
        ("stub.yaml", &refused),
        ("stores.yaml", &stores),
    ]);
    let _ = bump(&sandbox, &["db"]).status(1).says(&["Doppler takes no version"]);
}

/// What a patch makes of the new stub is what counts.
#[test]
fn a_patch_that_overrides_the_new_pin_is_named() {
    let old = format!("db-{OLD}");
    let patch = |path: &str, value: &str| {
        format!(
            "resources: [web.yaml, stub.yaml, store.yaml]\npatches:\n  - target: {{ kind: ExternalSecret }}\n    patch: |-\n      - {{ op: replace, path: {path}, value: \"{value}\" }}\n"
        )
    };
    let tree = |path: &str, value: &str| {
        Sandbox::staging(&[
            ("web.yaml", &web(&old)),
            ("stub.yaml", &stub("{ key: shop/db, version: \"7\" }")),
            ("store.yaml", &vault("https://vault.example.com")),
            ("kustomization.yaml", &patch(path, value)),
        ])
    };
    let _ = bump(&tree("/spec/dataFrom/0/extract/version", "7"), &["--pin", "8"])
        .status(1)
        .says(&["the new stub says `shop/db`, version 8, and would read `shop/db`, version 7"]);
    let keyed = tree("/spec/dataFrom/0/extract/key", "other/db");
    let _ = bump(&keyed, &["--pin", "shop/db=8"]).status(1).says(&["--pin other/db=VALUE"]);
    let _ = bump(&keyed, &["--pin", "other/db=8"]).success();
}

/// Clusters that make different things of one stub get a stub each, and each its own pin.
#[test]
fn clusters_with_keys_of_their_own_get_stubs_of_their_own() {
    let old = format!("db-{OLD}");
    let sandbox = Sandbox::staging(&[
        ("common/web.yaml", &web(&old)),
        ("common/stub.yaml", &stub("{ key: shop/db, version: \"7\" }")),
        ("common/store.yaml", &vault("https://vault.example.com")),
        ("common/kustomization.yaml", "resources: [web.yaml, stub.yaml, store.yaml]\n"),
    ]);
    for cluster in ["eu", "us"] {
        sandbox.write(&format!("staging/{cluster}/kustomization.yaml"), &format!(
            "namespace: {cluster}\nresources: [../common]\npatches:\n  - target: {{ kind: ExternalSecret }}\n    patch: |-\n      - {{ op: replace, path: /spec/dataFrom/0/extract/key, value: {cluster}/db }}\n"
        ));
    }
    let _ = bump(&sandbox, &[]).status(1).says(&["--pin eu/db=VALUE --pin us/db=VALUE"]);
    let _ = bump(&sandbox, &["--pin", "eu/db=8", "--pin", "us/db=9"]).success();
    for (cluster, pin) in [("eu", 8), ("us", 9)] {
        let made = sandbox.read(&format!("staging/{cluster}/db-{NEW}.yaml"));
        assert!(made.contains(&format!("key: {cluster}/db, version: \"{pin}\"")), "{made}");
    }
}

#[test]
fn a_pin_that_the_store_made_is_given_and_never_copied() {
    let vault = store("{ vault: { server: \"https://vault.example.com\", path: apps } }");
    let pinned = stub("{ key: shop/db, version: \"7\" }");
    let old = format!("db-{OLD}");
    let sandbox = Sandbox::staging(&[
        ("web.yaml", &web(&old)),
        ("stub.yaml", &pinned),
        ("store.yaml", &vault),
    ]);
    sandbox.write("production/web.yaml", &web(&old));
    sandbox.write("production/stub.yaml", &pinned);
    sandbox.commit_at("2025-07-01T10:00:00Z", "Begin\n");
    let _ = bump(&sandbox, &[]).status(1).says(&[
        "`shop/db` is pinned to 7, which its store assigned to the old value",
        &format!("`rotate bump staging db --version {NEW} --pin shop/db=VALUE`"),
        "`vault kv metadata get -mount=apps shop/db` lists them",
    ]);
    let _ = bump(&sandbox, &["--pin", "7"])
        .status(1)
        .says(&["7 of `shop/db` is what `db-20250701000000` reads"]);
    let _ = bump(&sandbox, &["--pin", "x"]).status(1).says(&["Vault requires a version number"]);
    let unused = bump(&sandbox, &["--pin", "shop/db=8", "--pin", "shop/other=9"]).status(2);
    let _ = unused.says(&["`--pin shop/other=9` matches no entry of a new stub"]);
    let _ = bump(&sandbox, &["--pin", "shop/db=8"]).success();
    assert!(sandbox.read(&format!("staging/db-{NEW}.yaml")).contains("version: \"8\""));
    sandbox.commit_at("2025-08-20T12:00:00Z", "Bump\n");
    // Production reads the same key of the same store.
    let promote = ["promote", "--at", "2025-08-22T12:00:00Z"];
    let _ = sandbox.rotate(&promote).success();
    assert!(sandbox.read(&format!("production/db-{NEW}.yaml")).contains("version: \"8\""));
    // Another mount numbers its own versions.
    let _ = sandbox.git_at(NOW, &["reset", "--quiet", "--hard"]);
    std::fs::remove_file(sandbox.path(&format!("production/db-{NEW}.yaml"))).unwrap();
    sandbox.write(
        "production/store.yaml",
        &store("{ vault: { server: \"https://vault.example.com\", path: other } }"),
    );
    sandbox.commit_at("2025-08-21T12:00:00Z", "Another mount\n");
    let _ = sandbox.rotate(&promote).success().says(&[
        "production: db 20250820110000 waits",
        &format!("`rotate bump production db --version {NEW} --pin shop/db=VALUE`"),
    ]);
    let waits = format!("--version {NEW} --pin shop/db=VALUE`");
    let status = ["status", "--at", "2025-08-22T12:00:00Z"];
    let said = sandbox.rotate(&status).success();
    assert!(said.stdout.contains(&waits), "{said}");
    let pinned = [
        "bump",
        "production",
        "db",
        "--version",
        NEW,
        "--pin",
        "shop/db=3",
        "--at",
        "2025-08-22T12:00:00Z",
    ];
    let _ = sandbox.rotate(&pinned).success();
    assert!(sandbox.read(&format!("production/db-{NEW}.yaml")).contains("version: \"3\""));
}

/// The step to the next environment is printed with the pins that it will ask for.
#[test]
fn the_printed_step_to_the_next_environment_asks_for_its_pins() {
    let old = format!("db-{OLD}");
    let sandbox = Sandbox::staging(&[
        ("web.yaml", &web(&old)),
        ("stub.yaml", &stub("{ key: shop/db, version: \"7\" }")),
        ("store.yaml", &store("{ vault: { server: \"https://vault.example.com\", path: apps } }")),
    ]);
    sandbox.write("production/web.yaml", &web(&old));
    sandbox.write("production/stub.yaml", &stub("{ key: shop/db, version: \"2\" }"));
    sandbox.write(
        "production/store.yaml",
        &store("{ vault: { server: \"https://vault.example.com\", path: other } }"),
    );
    let _ = bump(&sandbox, &["--pin", "8"]).success().says(&[
        "Put the value into the store of production, too: VALUE is the number or ID that the store assigns there.",
        &format!("rotate bump production db --version {NEW} --pin shop/db=VALUE"),
    ]);
}

#[test]
fn two_versions_of_one_value_are_refused_or_said() {
    let old = format!("db-{OLD}");
    let aws = store("{ aws: { service: SecretsManager, region: eu-central-1 } }");
    let doppler = store("{ doppler: {} }");
    let bare = stub("{ key: DB }");
    let tree = |stub: &str, store: &str| {
        Sandbox::staging(&[("web.yaml", &web(&old)), ("stub.yaml", stub), ("store.yaml", store)])
    };
    let _ = bump(&tree(&bare, &aws), &[]).status(1).says(&[
        &format!("both versions would read the same value as `db-{OLD}`"),
        "`secrets.db.remote.version: key-suffix`",
    ]);
    let labelled = stub(&format!("{{ key: DB, version: \"{OLD}\" }}"));
    for stub in [&bare, &labelled] {
        let said = bump(&tree(stub, &doppler), &[]).success().says(&[
            "the old version and the new one read the same value of `DB`: Doppler takes no version",
            "`secrets.db.remote.version: key-suffix` in rotate.yaml",
        ]);
        assert!(!said.to_string().contains("doppler secrets set"), "{said}");
    }
    let settings = |how: &str| {
        format!(
            "environments:\n  - {{ name: staging, paths: [staging] }}\nsecrets:\n  db: {{ remote: {{ version: {how} }} }}\n"
        )
    };
    let sandbox = tree(&bare, &aws);
    sandbox.write("rotate.yaml", &settings("none"));
    let _ = bump(&sandbox, &[]).success().says(&["read the same value of `DB`"]);
    for (store, key) in [(&aws, format!("DB-{NEW}")), (&doppler, format!("DB_{NEW}"))] {
        let sandbox = tree(&bare, store);
        sandbox.write("rotate.yaml", &settings("key-suffix"));
        let _ = bump(&sandbox, &[]).success();
        let made = sandbox.read(&format!("staging/db-{NEW}.yaml"));
        assert!(made.contains(&format!("extract: {{ key: {key} }}")), "{made}");
        sandbox.commit_at("2025-08-20T12:00:00Z", "Bump\n");
        let again = ["bump", "staging", "--at", "2025-09-20T11:00:00Z"];
        let _ = sandbox.rotate(&again).success();
        let made = sandbox.read("staging/db-20250920110000.yaml");
        assert!(made.contains(&key.replace(NEW, "20250920110000")), "{made}");
    }
}

/// A version that was given counts wherever the store takes one, for a first stub, too.
#[test]
fn a_given_version_counts_for_a_first_stub_of_any_store() {
    let plain = stub("{ key: shop/db }").replace(&format!("-{OLD}"), "");
    for (provider, pin, is_taken) in [
        ("{ gcpsm: { projectID: shop } }", "7", true),
        (
            "{ aws: { service: SecretsManager, region: eu-central-1 } }",
            "uuid/1a1b2c3d-0000-4000-8000-000000000001",
            true,
        ),
        ("{ scaleway: { region: fr-par } }", "3", true),
        ("{ scaleway: { region: fr-par } }", "x", false),
    ] {
        let sandbox = Sandbox::staging(&[
            ("web.yaml", &web("db")),
            ("stub.yaml", &plain),
            ("store.yaml", &store(provider)),
        ]);
        let done = bump(&sandbox, &["db", "--pin", pin]).status(i32::from(!is_taken));
        if is_taken {
            let made = sandbox.read(&format!("staging/db-{NEW}.yaml"));
            assert!(made.contains(&format!("version: \"{pin}\"")), "{provider}: {made}{done}");
        }
    }
    let sandbox = Sandbox::staging(&[
        ("web.yaml", &web("db")),
        ("stub.yaml", &plain),
        ("store.yaml", &store("{ scaleway: { region: fr-par } }")),
    ]);
    let _ =
        bump(&sandbox, &["db"]).status(1).says(&["assigns versions itself", "--pin shop/db=VALUE"]);
}
