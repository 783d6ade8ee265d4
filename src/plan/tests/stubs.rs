//! ExternalSecrets of the new version.

use crate::plan::bump::plan as planned;
use crate::plan::refusal::PlanError;
use crate::plan::tests::{V2, after, bump, changed, configured, request};

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      containers:
        - name: web
          envFrom:
            - secretRef: {name: auth}
";

const STUB: &str = "\
# made by hand
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: auth-20250101000000
  namespace: shop
spec:
  secretStoreRef: {name: aws, kind: SecretStore}
  target:
    name: auth-20250101000000   # the Secret
    immutable: true
  data:
    - secretKey: a
      remoteRef: {key: shop/auth, property: a, version: 20250101000000}
    - secretKey: b
      remoteRef:
        key: shop/auth-20250101000000
        version: '20250101000000'
    - secretKey: c
      remoteRef:
        key: other-20250101000000
        version: v20250101000000
";

const STORE: &str = "\
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata: {name: aws, namespace: shop}
spec: {provider: {aws: {service: SecretsManager, region: eu-central-1}}}
";

const FIRST: &str = "\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: auth
  namespace: shop
spec:
  secretStoreRef: {name: aws, kind: SecretStore}
  data:
    - secretKey: a
      remoteRef:
        key: shop/auth # one key
        property: a
  dataFrom:
    - extract: {key: shop/more}
";

fn versioned(text: &str) -> String {
    text.replace("name: auth}", "name: auth-20250101000000}")
}

#[test]
fn a_copy_differs_in_the_version_alone() {
    let web = versioned(WEB);
    let files = [
        ("staging/web.yaml", web.as_str()),
        ("staging/auth-20250101000000.yaml", STUB),
        ("staging/store.yaml", STORE),
    ];
    let plan = bump(&files, "staging", "auth").unwrap();
    let new = format!("staging/auth-{V2}.yaml");
    assert_eq!(changed(&plan), [new.as_str(), "staging/web.yaml"]);
    let wanted = STUB.replace("20250101000000", V2);
    let wanted = wanted.replace(&format!("version: {V2}"), &format!("version: \"{V2}\""));
    assert_eq!(after(&plan, &new), wanted);
    assert_eq!(plan.stubs.len(), 1);
    assert_eq!(plan.stubs[0].namespace.as_deref(), Some("shop"));
    let put = format!(
        "aws secretsmanager put-secret-value --secret-id shop/auth --region eu-central-1 --secret-string file:///dev/stdin --version-stages {V2}"
    );
    assert!(plan.next.iter().any(|step| step.command.as_deref() == Some(&put)), "{:?}", plan.next);
}

#[test]
fn a_copy_leaves_the_file_it_shares_with_others() {
    let all = format!("{}---\n{STUB}---\n{STORE}", versioned(WEB));
    let plan = bump(&[("staging/all.yaml", &all)], "staging", "auth").unwrap();
    let text = after(&plan, &format!("staging/auth-{V2}.yaml"));
    assert!(text.starts_with("# made by hand\napiVersion"), "{text}");
    assert!(text.trim_end().ends_with(&format!("version: v{V2}")), "{text}");
}

#[test]
fn the_first_stub_is_pinned() {
    let files =
        [("staging/web.yaml", WEB), ("staging/es-auth.yml", FIRST), ("staging/store.yaml", STORE)];
    let plan = bump(&files, "staging", "auth").unwrap();
    let text = after(&plan, &format!("staging/es-auth-{V2}.yml"));
    let wanted = FIRST
        .replace("name: auth\n", &format!("name: auth-{V2}\n"))
        .replace("# one key\n", &format!("# one key\n        version: \"{V2}\"\n"))
        .replace("shop/more}", &format!("shop/more, version: \"{V2}\"}}"));
    // What a first stub says beside that passes our own rules.
    let policies = "  refreshPolicy: CreatedOnce\n  target:\n    immutable: true\n    deletionPolicy: Retain\n";
    assert_eq!(text, format!("{wanted}{policies}"));
}

#[test]
fn stores_that_take_no_timestamp_get_what_they_take() {
    let parameters = STORE.replace("SecretsManager", "ParameterStore");
    let files = [
        ("staging/web.yaml", WEB),
        ("staging/es.yaml", FIRST),
        ("staging/store.yaml", parameters.as_str()),
    ];
    let plan = bump(&files, "staging", "auth").unwrap();
    let text = after(&plan, &format!("staging/auth-{V2}.yaml"));
    assert!(text.contains(&format!("version: \"v{V2}\"")), "{text}");

    let vault = STORE.replace(
        "aws: {service: SecretsManager, region: eu-central-1}",
        "vault: {server: x, path: secret, version: v2}",
    );
    let files = [
        ("staging/web.yaml", WEB),
        ("staging/es.yaml", FIRST),
        ("staging/store.yaml", vault.as_str()),
    ];
    let error = bump(&files, "staging", "auth").unwrap_err();
    assert!(error.reasons()[0].hint.contains("key-suffix"), "{error:?}");

    let settings = "secrets:\n  auth:\n    remote: {version: key-suffix}\n";
    let plan = planned(&configured(&files, settings), &request("staging", "auth", None)).unwrap();
    let text = after(&plan, &format!("staging/auth-{V2}.yaml"));
    assert!(text.contains(&format!("key: shop/auth-{V2} # one key")), "{text}");
    assert!(!text.contains("version: \""), "{text}");
    assert!(
        plan.next[0].command.as_deref().unwrap().starts_with("vault kv put"),
        "{:?}",
        plan.next
    );
}

#[test]
fn a_stub_is_made_from_the_settings() {
    let settings = "secrets:\n  auth:\n    remote:\n      store: {name: aws}\n      key: '{environment}/{family}'\n      properties: [user, password]\n";
    let files = [("staging/web.yaml", WEB), ("staging/store.yaml", STORE)];
    let plan = planned(&configured(&files, settings), &request("staging", "auth", None)).unwrap();
    let text = after(&plan, &format!("staging/auth-{V2}.yaml"));
    let wanted = [
        "apiVersion: external-secrets.io/v1\n",
        "  refreshPolicy: CreatedOnce\n",
        "    immutable: true\n",
        "    deletionPolicy: Retain\n",
        "        key: staging/auth\n        property: password\n",
        &format!("        version: \"{V2}\"\n"),
    ];
    assert!(wanted.iter().all(|part| text.contains(part)), "{text}");
}

#[test]
fn roots_of_two_namespaces_get_a_stub_each_from_a_base_they_share() {
    let base = WEB.replace(", namespace: shop", "");
    let files = [
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", base.as_str()),
        ("staging/eu/kustomization.yaml", "namespace: eu\nresources: [../../base]\n"),
        ("staging/us/kustomization.yaml", "namespace: us\nresources: [../../base]\n"),
        ("production/kustomization.yaml", "resources: [../base]\n"),
    ];
    let settings = "environments:\n  - {name: staging, paths: [staging]}\n  - {name: production, paths: [production]}\nsecrets:\n  auth: {remote: {store: {name: aws}, key: auth}}\n";
    let plan = planned(&configured(&files, settings), &request("staging", "auth", None)).unwrap();
    for namespace in ["eu", "us"] {
        let stub = after(&plan, &format!("staging/{namespace}/auth-{V2}.yaml")).to_owned();
        assert!(stub.contains(&format!("  namespace: {namespace}\n")), "{stub}");
    }
}

#[test]
fn secrets_that_others_make_are_refused_with_a_hint() {
    let sealed = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: auth, namespace: shop}\nspec: {encryptedData: {a: x}}\n";
    let error = bump(&[("staging/web.yaml", WEB), ("staging/s.yaml", sealed)], "staging", "auth")
        .unwrap_err();
    let PlanError::Refused { reasons, .. } = &error else { panic!("{error}") };
    assert!(reasons[0].hint.contains("kubeseal"), "{}", reasons[0].hint);
    assert!(reasons[0].place.is_some());
    let ready = sealed.replace("name: auth,", "name: auth-20250701000000,");
    let files = [("staging/web.yaml", WEB), ("staging/s.yaml", sealed), ("staging/t.yaml", &ready)];
    let repo = crate::plan::tests::repo(&files);
    let plan = planned(&repo, &request("staging", "auth", Some("20250701000000"))).unwrap();
    assert_eq!(changed(&plan), ["staging/web.yaml"]);
}

#[test]
fn a_secret_in_git_is_left_behind_with_a_word() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: auth, namespace: shop}\nstringData: {a: hush}\n";
    let plan =
        bump(&[("staging/web.yaml", WEB), ("staging/s.yaml", secret)], "staging", "auth").unwrap();
    assert_eq!(changed(&plan), ["staging/web.yaml"]);
    assert!(plan.notes.iter().any(|note| note.contains("staging/s.yaml")), "{:?}", plan.notes);
    assert!(plan.next[0].command.as_deref().unwrap().starts_with("kubectl create secret"));
}

#[test]
fn a_value_that_the_environment_before_reads_too_is_not_put_twice() {
    let web = versioned(WEB);
    let next = STUB.replace("20250101000000", V2);
    let moved = web.replace("20250101000000", V2);
    let files = |key: &str, store: &str| {
        let files = [
            ("staging/web.yaml", moved.clone()),
            ("staging/stub.yaml", next.clone()),
            ("staging/store.yaml", STORE.to_owned()),
            ("production/web.yaml", web.clone()),
            ("production/stub.yaml", STUB.replace("shop/auth,", key)),
            ("production/store.yaml", store.to_owned()),
        ];
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        bump(&files, "production", "auth").unwrap().next
    };
    // Another region can have a replica of it.
    for store in [STORE, &STORE.replace("eu-central-1", "eu-west-1")] {
        let title = &files("shop/auth,", store)[0].title;
        assert!(title.starts_with("Only if staging reads another store,"), "{title}");
    }
    let prefixed = STORE.replace("region:", "prefix: production-, region:");
    for (key, store, under) in [
        ("production/auth,", STORE, "production/auth"),
        ("shop/auth,", prefixed.as_str(), "production-shop/auth"),
    ] {
        let own = files(key, store);
        let titles: Vec<&str> = own.iter().map(|step| step.title.as_str()).collect();
        let put = |title: &&str| title.starts_with("Put") && title.contains(under);
        assert!(titles.iter().any(put), "{titles:?}");
    }
}

#[test]
fn a_stub_that_says_the_version_in_its_target_alone_gets_a_name_of_its_own() {
    let (web, stub) = (
        versioned(WEB),
        STUB.replace("metadata:\n  name: auth-20250101000000", "metadata:\n  name: auth"),
    );
    let files = [("staging/web.yaml", web.as_str()), ("staging/stub.yaml", stub.as_str())];
    let plan = bump(&files, "staging", "auth").unwrap();
    let made = after(&plan, &format!("staging/auth-{V2}.yaml"));
    assert!(made.contains(&format!("metadata:\n  name: auth-{V2}\n")), "{made}");
    assert_eq!(after(&plan, "staging/stub.yaml"), "unchanged");
}
