//! The version or the pin that the listing of a store chooses, and what is refused.

mod later;
#[cfg(unix)]
mod programs;
mod renamed;
mod restarted;

use std::process::Stdio;

use rotate::report::bump::Bump;
use serde_json::Value;

use crate::contracts::{holds, kept};
use crate::makers::{NEW, OLD, bump, store, stub, web};
use crate::support::{NOW, Output, Sandbox};

const SECRETS: &str = "{ aws: { service: SecretsManager, region: eu-central-1 } }";
const PARAMETERS: &str = "{ aws: { service: ParameterStore, region: eu-central-1 } }";
const GOOGLE: &str = "{ gcpsm: { projectID: shop } }";
const AZURE: &str = "{ azurekv: { vaultUrl: \"https://shop.vault.azure.net\" } }";
const VAULT: &str = "{ vault: { server: \"https://vault.example.com\", path: apps } }";
const BAO: &str = "{ openbao: { server: \"https://bao.example.com\", path: apps } }";

const A: &str = "1a1b2c3d-0000-4000-8000-00000000000a";
const B: &str = "1a1b2c3d-0000-4000-8000-00000000000b";
const C: &str = "1a1b2c3d-0000-4000-8000-00000000000c";
const HEX: [&str; 3] = [
    "0123456789abcdef0123456789abcde0",
    "0123456789abcdef0123456789abcde1",
    "0123456789abcdef0123456789abcde2",
];

/// A tree whose stub reads one key at one pin, committed.
fn tree(provider: &str, key: &str, pin: &str) -> Sandbox {
    let sandbox = Sandbox::staging(&[
        ("web.yaml", &web(&format!("db-{OLD}"))),
        ("stub.yaml", &stub(&format!("{{ key: \"{key}\", version: \"{pin}\" }}"))),
        ("store.yaml", &store(provider)),
    ]);
    sandbox.commit_at("2025-07-01T10:00:00Z", "Begin\n");
    sandbox
}

/// `aws secretsmanager list-secret-version-ids`; a version is its ID, its labels and its date as JSON.
fn secrets(versions: &[(&str, &[&str], &str)]) -> String {
    let one = |(id, stages, date): &(&str, &[&str], &str)| {
        let stages: Vec<String> = stages.iter().map(|stage| format!("\"{stage}\"")).collect();
        format!(
            "{{\"VersionId\": \"{id}\", \"VersionStages\": [{}], \"LastAccessedDate\": \"2025-08-19T02:00:00+02:00\", \
             \"CreatedDate\": {date}, \"KmsKeyIds\": [\"DefaultEncryptionKey\"]}}",
            stages.join(", ")
        )
    };
    let versions: Vec<String> = versions.iter().map(one).collect();
    format!(
        "{{\n  \"Versions\": [\n{}\n],\n  \"ARN\": \"arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/db-AbCdEf\",\n  \
         \"Name\": \"shop/db\"\n}}\n",
        versions.join(",\n")
    )
}

/// `aws ssm get-parameter-history`, with values.
fn parameters(versions: &[(u64, &[&str], &str)]) -> String {
    let one = |(number, labels, date): &(u64, &[&str], &str)| {
        let labels: Vec<String> = labels.iter().map(|label| format!("\"{label}\"")).collect();
        format!(
            "{{\"Name\": \"/shop/db\", \"Type\": \"SecureString\", \"Value\": \"Pl4nted7\", \"Version\": {number}, \"Labels\": [{}], \
             \"LastModifiedDate\": {date}, \"LastModifiedUser\": \"arn:aws:iam::123456789012:user/a\", \"Tier\": \"Standard\", \
             \"Policies\": [], \"DataType\": \"text\"}}",
            labels.join(", ")
        )
    };
    let versions: Vec<String> = versions.iter().map(one).collect();
    format!("{{\"Parameters\": [{}]}}", versions.join(", "))
}

/// `gcloud secrets versions list --format=json`, newest first as gcloud sorts them.
fn google(versions: &[(u64, &str)]) -> String {
    let one = |(number, state): &(u64, &str)| {
        format!(
            "{{\"createTime\": \"2025-06-{number:02}T10:00:00.123456Z\", \"etag\": \"\\\"1\\\"\", \
             \"name\": \"projects/123456789/secrets/db/versions/{number}\", \"replicationStatus\": {{\"automatic\": {{}}}}, \
             \"state\": \"{state}\"}}"
        )
    };
    format!("[{}]", versions.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// `az keyvault secret list-versions`, in the order of the IDs.
fn azure(versions: &[(&str, bool, &str)]) -> String {
    let one = |(id, enabled, created): &(&str, bool, &str)| {
        format!(
            "{{\"attributes\": {{\"created\": \"{created}\", \"enabled\": {enabled}, \"expires\": null, \"notBefore\": null, \
             \"recoveryLevel\": \"Recoverable+Purgeable\", \"updated\": \"{created}\"}}, \"contentType\": null, \
             \"id\": \"https://shop.vault.azure.net/secrets/db/{id}\", \"managed\": null, \"name\": \"db\", \"tags\": {{}}}}"
        )
    };
    format!("[{}]", versions.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// `vault kv metadata get -format=json`: a number, when it was or will be deleted, whether it is destroyed.
fn vault(versions: &[(u64, &str, bool)]) -> String {
    let one = |(number, deleted, destroyed): &(u64, &str, bool)| {
        format!(
            "\"{number}\": {{\"created_time\": \"2025-06-{number:02}T10:00:00.123456789Z\", \"deletion_time\": \"{deleted}\", \
             \"destroyed\": {destroyed}}}"
        )
    };
    let newest = versions.iter().map(|(number, ..)| *number).max().unwrap_or_default();
    format!(
        "{{\"request_id\": \"a\", \"lease_id\": \"\", \"lease_duration\": 0, \"renewable\": false, \"data\": {{\"cas_required\": false, \
         \"created_time\": \"2025-01-01T00:00:00Z\", \"current_version\": {newest}, \"custom_metadata\": null, \
         \"delete_version_after\": \"0s\", \"max_versions\": 0, \"oldest_version\": 0, \"updated_time\": \"2025-08-01T10:00:00Z\", \
         \"versions\": {{{}}}}}, \"warnings\": null, \"mount_type\": \"kv\"}}",
        versions.iter().map(one).collect::<Vec<_>>().join(", ")
    )
}

/// What a bump by a listing does.
#[derive(Debug, PartialEq, Eq)]
enum Does {
    /// It moves to this version, of which the stub has this pin.
    Moves(&'static str, &'static str),
    /// The same, and a version must be given its label first.
    Labels(&'static str, &'static str),
    Nothing,
    Refuses(&'static str),
}

use Does::{Labels, Moves, Nothing, Refuses};

/// Runs it on a listing from standard input, and shows what it does; `says` is on standard error.
fn given(sandbox: &Sandbox, arguments: &[&str], listing: &str) -> Output {
    use std::io::Write as _;
    let base = ["bump", "staging", "db", "--at", NOW];
    let mut command = sandbox.command(&[&base, arguments].concat());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let _is_read = child.stdin.take().unwrap().write_all(listing.as_bytes());
    let output = child.wait_with_output().unwrap();
    Output {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[track_caller]
fn check(what: &str, sandbox: &Sandbox, listing: &str, does: &Does) {
    let output = given(sandbox, &["--from-store", "-", "--dry-run", "--format", "json"], listing);
    if let Refuses(why) = does {
        assert!(output.status > 0, "{what}: {output}");
        let _ = output.says(&[why]);
        return;
    }
    assert_eq!(output.status, 0, "{what}: {output}");
    let json = holds(&kept::<Bump>("bump.json"), &output);
    let stored = &json["fromStore"][0];
    let (version, pin) = match does {
        Moves(version, pin) | Labels(version, pin) => (*version, *pin),
        Nothing | Refuses(_) => {
            assert_eq!(json["plans"], Value::Array(Vec::new()), "{what}");
            assert_eq!(stored["new"], false, "{what}");
            return;
        }
    };
    assert_eq!(stored["new"], true, "{what}");
    assert_eq!(json["plans"][0]["to"], format!("db-{version}"), "{what}");
    let files = json["plans"][0]["files"].as_array().unwrap();
    let made = files.iter().find_map(|file| file["text"].as_str()).unwrap();
    assert!(made.contains(&format!("version: \"{pin}\"")), "{what}: {made}");
    let steps = json["next"].as_array().unwrap();
    let title = |at: usize| steps[at]["title"].as_str().unwrap();
    let is_labelled = matches!(does, Labels(..));
    assert_eq!(title(0).starts_with("Give version "), is_labelled, "{what}: {steps:?}");
    assert!(title(usize::from(is_labelled)).starts_with("Commit "), "{what}: {steps:?}");
}

const V1: &str = "20250801120000";
const V2: &str = "20250810120000";

#[test]
fn labels_name_the_version() {
    let old = (A, &["AWSCURRENT", OLD][..], "1751324400.0");
    for (what, listing, does) in [
        ("one", secrets(&[old, (B, &[V1], "1754049600.5")]), Moves(V1, V1)),
        ("the newest", secrets(&[(C, &[V2], "1"), old, (B, &[V1], "2")]), Moves(V2, V2)),
        (
            "the last page",
            secrets(&[(B, &[V1], "1")]).replace("\"ARN\"", "\"NextToken\": \"\", \"ARN\""),
            Moves(V1, V1),
        ),
        ("two on one", secrets(&[old, (B, &[V1, V2, "AWSPREVIOUS"], "2")]), Moves(V2, V2)),
        ("nothing but the old", secrets(&[old]), Nothing),
        ("an older one", secrets(&[old, (B, &["20250601000000"], "1")]), Nothing),
        ("other labels", secrets(&[old, (B, &["blue", "20251399000000"], "1")]), Nothing),
        ("a pending one", secrets(&[old, (B, &["AWSPENDING", V1], "1754049600")]), Nothing),
        (
            "in the future",
            secrets(&[old, (B, &["20250820110001"], "1")]),
            Refuses("it is in the future"),
        ),
        (
            "without a label, in seconds",
            secrets(&[
                (A, &["AWSPREVIOUS", OLD], "1751324400"),
                (B, &["AWSCURRENT"], "1754049600.987"),
            ]),
            Labels(V1, V1),
        ),
        (
            "without a label, in another zone",
            secrets(&[
                (A, &[OLD], "1"),
                (B, &["AWSCURRENT"], "\"2025-08-01T14:00:00.987000+02:00\""),
            ]),
            Labels(V1, V1),
        ),
        (
            "without a label, older",
            secrets(&[(A, &["AWSCURRENT"], "1735689600"), (B, &[OLD], "1")]),
            Nothing,
        ),
        (
            "a label, and a newer one without",
            secrets(&[(A, &[V1], "1"), (B, &["AWSCURRENT"], "1754827200")]),
            Labels(V2, V2),
        ),
        (
            "a label, and an older one without",
            secrets(&[(A, &[V2], "1"), (B, &["AWSCURRENT"], "1754049600")]),
            Moves(V2, V2),
        ),
        ("no version", secrets(&[]), Nothing),
        (
            "another label of the same value",
            secrets(&[(A, &["AWSCURRENT", OLD, V1], "1")]),
            Nothing,
        ),
    ] {
        check(what, &tree(SECRETS, "shop/db", OLD), &listing, &does);
    }
}

#[test]
fn labels_of_parameters_have_a_letter_before_them() {
    let (old, v1) = (format!("v{OLD}"), format!("v{V1}"));
    let pinned = || tree(PARAMETERS, "/shop/db", &old);
    let first = (1, &[&*old][..], "1751324400.0");
    check("one", &pinned(), &parameters(&[first, (2, &[&v1], "1")]), &Moves(V1, "v20250801120000"));
    check("none", &pinned(), &parameters(&[first]), &Nothing);
    let bare = parameters(&[first, (2, &[], "\"2025-08-01T12:00:00Z\"")]);
    check("without a label", &pinned(), &bare, &Labels(V1, "v20250801120000"));
    let query = format!(
        "[{{\"Version\": 1, \"Labels\": [\"{old}\"], \"Date\": 1}}, {{\"Version\": 2, \"Labels\": [\"{v1}\"], \"Date\": 2}}]"
    );
    check("without values", &pinned(), &query, &Moves(V1, "v20250801120000"));
    let numbered = tree(PARAMETERS, "/shop/db", "1");
    check("by number", &numbered, &parameters(&[(1, &[], "1"), (2, &[], "2")]), &Moves(NEW, "2"));
    // The step names the version that it labels.
    let said = given(&pinned(), &["--from-store", "-", "--dry-run"], &bare).success().says(&[
        "aws ssm label-parameter-version --name /shop/db --labels v20250801120000 --region eu-central-1 --parameter-version 2",
        "has values in it, which were not read",
        "--query 'Parameters[].{Version:Version,Labels:Labels,Date:LastModifiedDate}'",
    ]);
    assert_eq!(said.stderr.matches("which were not read").count(), 1, "{said}");
}

#[test]
fn what_the_store_numbers_becomes_the_pin() {
    let later = "2026-01-01T00:00:00Z";
    for (what, provider, listing, does) in [
        ("vault", VAULT, vault(&[(7, "", false), (8, "", false)]), Moves(NEW, "8")),
        ("bao", BAO, vault(&[(7, "", false), (9, "", false)]), Moves(NEW, "9")),
        ("ten", VAULT, vault(&[(10, "", false), (9, "", false)]), Moves(NEW, "10")),
        ("destroyed", VAULT, vault(&[(7, "", false), (8, "", true)]), Nothing),
        ("deleted", VAULT, vault(&[(8, "2025-08-02T00:00:00.1Z", false)]), Nothing),
        ("deleted later", VAULT, vault(&[(8, later, false)]), Moves(NEW, "8")),
        ("a hole", VAULT, vault(&[(8, "", false), (9, "", true)]), Moves(NEW, "8")),
        ("older", VAULT, vault(&[(6, "", false), (7, "", false)]), Nothing),
        ("google", GOOGLE, google(&[(8, "ENABLED"), (7, "ENABLED")]), Moves(NEW, "8")),
        ("disabled", GOOGLE, google(&[(8, "DISABLED"), (7, "ENABLED")]), Nothing),
        ("gone", GOOGLE, google(&[(9, "DESTROYED"), (8, "ENABLED")]), Moves(NEW, "8")),
    ] {
        let key = if provider == GOOGLE { "db" } else { "shop/db" };
        check(what, &tree(provider, key, "7"), &listing, &does);
    }
    // A pin that the store never made says nothing of its numbers.
    let wrong = tree(VAULT, "shop/db", OLD);
    wrong.write("staging/stub.yaml", &stub("{ key: shop/db, version: \"7\" }"));
    wrong.commit_at("2025-07-02T10:00:00Z", "Correct\n");
    check("digits before", &wrong, &vault(&[(8, "", false)]), &Moves(NEW, "8"));
    let aliased = tree(GOOGLE, "db", "v20250701000000");
    let why = Refuses("it is pinned by an alias");
    check("an alias", &aliased, &google(&[(8, "ENABLED")]), &why);
}

/// IDs tell nothing of what is newer: their times do.
#[test]
fn what_the_store_names_becomes_the_pin_by_its_time() {
    let day =
        ["2025-07-01T00:00:00+00:00", "2025-08-01T00:00:00+00:00", "2025-08-02T00:00:00+00:00"];
    let [one, own, other] = HEX;
    for (what, listing, does) in [
        ("newer", azure(&[(one, true, day[1]), (own, true, day[0])]), Moves(NEW, one)),
        (
            "the newest is disabled",
            azure(&[(one, true, day[1]), (own, true, day[0]), (other, false, day[2])]),
            Moves(NEW, one),
        ),
        ("older", azure(&[(one, true, day[0]), (own, true, day[1])]), Nothing),
        (
            "of one second",
            azure(&[(one, true, day[1]), (other, true, day[1]), (own, true, day[0])]),
            Refuses("two versions of `db` were made at the same time"),
        ),
    ] {
        check(what, &tree(AZURE, "db", own), &listing, &does);
    }
    let pinned = |id: &str| tree(SECRETS, "shop/db", &format!("uuid/{id}"));
    let pending = (B, &["AWSPENDING"][..], "3");
    let listing = secrets(&[(A, &["AWSPREVIOUS"], "1"), (C, &["AWSCURRENT"], "2"), pending]);
    let moves = Moves(NEW, "uuid/1a1b2c3d-0000-4000-8000-00000000000c");
    check("by id", &pinned(A), &listing, &moves);
    check("the same id", &pinned(C), &listing, &Nothing);
    let back = secrets(&[(A, &["AWSCURRENT"], "1754049600"), (C, &["AWSPREVIOUS"], "1754827200")]);
    check("what the store took back", &pinned(A), &back, &Nothing);
}

#[test]
fn a_listing_that_is_none_is_refused_and_never_quoted() {
    let good = secrets(&[(A, &["Pl4nted7"], "1")]);
    let half = &good[..good.len() / 2];
    let other = good.replace("shop/db", "shop/other");
    let elsewhere = good.replace("eu-central-1", "us-east-1");
    let values = format!(
        "{{\"SecretString\": \"Pl4nted7\", \"Name\": \"shop/db\", \"VersionId\": \"{A}\"}}"
    );
    let long = format!("[\"{}\"]", "Pl4nted7".repeat(600_000));
    for (listing, status, why) in [
        ("", 2, "it is empty"),
        (" \n", 2, "it is empty"),
        (half, 2, "it ends in the middle of line"),
        ("VERSIONID  Pl4nted7\n----\n", 2, "it is not JSON (line 1, column 1)"),
        ("Versions:\n  - VersionId: Pl4nted7\n", 2, "it is not JSON"),
        ("{\"Versions\": \"Pl4nted7\"}", 2, "not a list of the versions of a key"),
        (
            "{\"Versions\": [{\"VersionId\": 7, \"Pl4nted7\": \"Pl4nted7\"}]}",
            2,
            "not a list of the versions",
        ),
        (&*values, 2, "not a list of the versions of a key"),
        ("\"Pl4nted7\"", 2, "not a list of the versions of a key"),
        (&*elsewhere, 2, "it is a listing of `arn:aws:secretsmanager:us-east-1:123456789012:"),
        (&*other, 2, "it is a listing of `shop/other`"),
        (&*vault(&[(1, "", false)]), 2, "it is a listing of Vault"),
        (&*google(&[(1, "ENABLED")]), 2, "it is a listing of Google Secret Manager"),
        (
            &*azure(&[(HEX[0], true, "2025-08-01T00:00:00Z")]),
            2,
            "it is a listing of Azure Key Vault",
        ),
        (&*parameters(&[(1, &[], "1")]), 2, "it is a listing of AWS Parameter Store"),
        (
            &*good.replace("\"ARN\"", "\"NextToken\": \"Pl4nted7\", \"ARN\""),
            2,
            "it is one page of several",
        ),
        (&*long, 2, "it has more than 4194304 bytes"),
    ] {
        let sandbox = tree(SECRETS, "shop/db", OLD);
        let before = sandbox.files();
        let output = given(&sandbox, &["--from-store", "-"], listing).status(status).says(&[
            "standard input is no listing of `shop/db` in AWS Secrets Manager",
            why,
            "aws secretsmanager list-secret-version-ids --secret-id shop/db --region eu-central-1 --output json",
        ]);
        assert!(!format!("{output}").contains("Pl4nted7"), "{output}");
        assert_eq!(sandbox.files(), before);
    }
}

/// The name of a key is compared as its store compares it.
#[test]
fn a_listing_is_of_the_key_that_the_stub_reads() {
    let arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/db";
    let listing = secrets(&[(B, &[V1], "1")]);
    for key in ["shop/db", arn, &format!("{arn}-AbCdEf")] {
        check(key, &tree(SECRETS, key, OLD), &listing, &Moves(V1, V1));
    }
    for key in ["shop/d", "shop/db-AbCdEf2", "db", &arn.replace("123456789012", "210987654321")] {
        let output = given(&tree(SECRETS, key, OLD), &["--from-store", "-"], &listing).status(2);
        let _ = output.says(&["it is a listing of `"]);
    }
    let prefixed = "{ aws: { service: SecretsManager, region: eu-central-1, prefix: shop/ } }";
    check("a prefix", &tree(prefixed, "db", OLD), &listing, &Moves(V1, V1));
    let other = azure(&[(HEX[0], true, "2025-08-01T00:00:00Z")]).replace("//shop.", "//bank.");
    let _ = given(&tree(AZURE, "db", HEX[1]), &["--from-store", "-"], &other)
        .status(2)
        .says(&["it is a listing of `https://bank.vault.azure.net/secrets/db`"]);
    let project = google(&[(8, "ENABLED")]).replace("123456789", "bank");
    let _ = given(&tree(GOOGLE, "db", "7"), &["--from-store", "-"], &project)
        .status(2)
        .says(&["it is a listing of `projects/bank/secrets/db`"]);
}

/// What ran and was taken back, and pruned, is known from Git alone.
#[test]
fn a_version_that_was_rolled_back_and_pruned_is_not_chosen_again() {
    let numbers = vault(&[(7, "", false), (8, "", false)]);
    let labels = secrets(&[(A, &["AWSCURRENT", OLD], "1"), (B, &[V1], "2")]);
    for (provider, key, pin, listing) in
        [(VAULT, "shop/db", "7", &numbers), (SECRETS, "shop/db", OLD, &labels)]
    {
        let sandbox = tree(provider, key, pin);
        let before = sandbox.files();
        let moved = given(&sandbox, &["--from-store", "-"], listing).success();
        sandbox.commit_at("2025-08-20T12:00:00Z", "Bump\n");
        for (path, _) in sandbox.files() {
            std::fs::remove_file(sandbox.path(&path)).unwrap();
        }
        for (path, bytes) in &before {
            sandbox.write(path, std::str::from_utf8(bytes).unwrap());
        }
        sandbox.commit_at("2025-08-20T13:00:00Z", "Roll back and prune\n");
        let output = given(&sandbox, &["--from-store", "-", "--check"], listing).success();
        let output = output.says(&["db has nothing new to take", "since 2025-08-20 12:00 UTC ("]);
        assert_eq!(sandbox.files(), before, "{moved}{output}");
    }
    // A clone without those commits does not know.
    let sandbox = tree(SECRETS, "shop/db", OLD);
    sandbox.commit_at("2025-08-20T12:00:00Z", "Empty\n");
    let head = sandbox.git_at(NOW, &["rev-parse", "HEAD"]);
    sandbox.write(".git/shallow", &head);
    let _ = given(&sandbox, &["--from-store", "-"], &labels).status(2).says(&[
        "the clone is shallow, so it is unknown which versions `staging` had of `db`",
        "fetch-depth: 0",
    ]);
}

#[test]
fn without_a_history_nothing_is_known_to_be_new() {
    let sandbox = Sandbox::staging(&[
        ("web.yaml", &web(&format!("db-{OLD}"))),
        ("stub.yaml", &stub(&format!("{{ key: shop/db, version: \"{OLD}\" }}"))),
        ("store.yaml", &store(SECRETS)),
    ]);
    let listing = secrets(&[(A, &[V1], "1")]);
    let _ = given(&sandbox, &["--from-store", "-"], &listing).status(2).says(&["Git"]);
    // Before the first commit, the tree is all there is.
    git2::Repository::init(sandbox.root()).unwrap();
    check("unborn", &sandbox, &listing, &Moves(V1, V1));
}

fn two(first: &str, second: &str) -> Sandbox {
    let text = stub("{ key: x }");
    let (head, _) = text.split_once("  dataFrom:").unwrap();
    let entries = format!(
        "{head}  data:\n    - {{ secretKey: a, remoteRef: {{ key: shop/db, version: \"{first}\" }} }}\n    \
         - {{ secretKey: b, remoteRef: {{ key: shop/other, version: \"{second}\" }} }}\n"
    );
    let sandbox = Sandbox::staging(&[
        ("web.yaml", &web(&format!("db-{OLD}"))),
        ("stub.yaml", &entries),
        ("store.yaml", &store(SECRETS)),
    ]);
    sandbox.commit_at("2025-07-01T10:00:00Z", "Begin\n");
    sandbox
}

#[test]
fn several_keys_have_one_version() {
    let listing = |label: &str| secrets(&[(A, &["AWSCURRENT", OLD], "1"), (B, &[label], "2")]);
    let other = |label: &str| listing(label).replace("shop/db", "shop/other");
    let sandbox = two(OLD, OLD);
    let run = |first: &str, second: &str, more: &[&str]| {
        sandbox.write("a.json", first).write("b.json", second);
        let flags =
            ["--from-store", "shop/db=a.json", "--from-store", "shop/other=b.json", "--check"];
        bump(&sandbox, &[&["db"], &flags[..], more].concat())
    };
    let _ = run(&listing(V1), &other(V1), &["--verbose"]).status(1).says(&[
        "AWS Secrets Manager has the value of `shop/db` already, as 20250801120000",
        "AWS Secrets Manager has the value of `shop/other` already, as 20250801120000",
    ]);
    let _ = run(&listing(V1), &other(V2), &[]).status(1).says(&[
        "`shop/db` in AWS Secrets Manager has 20250801120000",
        "`shop/other` in AWS Secrets Manager has 20250810120000",
        "give the newest value of each the same label",
    ]);
    let _ = run(&listing(V1), &other(OLD), &[]).status(1).says(&[
        "`shop/db` in AWS Secrets Manager has 20250801120000",
        "the newest version of `shop/other` in AWS Secrets Manager is 20250701000000, which `staging` has named since",
        "put the new value into each of them",
    ]);
    let _ = run(&listing(OLD), &other(OLD), &[]).success().says(&["nothing new to take"]);
    // What a rotation function made has no label, and takes that of the other key.
    let current = secrets(&[(C, &["AWSCURRENT"], "1754049700")]).replace("shop/db", "shop/other");
    let said = run(&listing(V1), &current, &["--format", "json"]).status(1);
    assert!(said.stdout.contains("--version-stage 20250801120000 --move-to-version-id"), "{said}");
    // Another of its versions has that label, which stays there.
    let both = secrets(&[(B, &[V1], "2"), (C, &["AWSCURRENT"], "1754827200")]);
    let said = run(&listing(V1), &both.replace("shop/db", "shop/other"), &[]).status(1);
    let _ = said.says(&["another version has the label of the new version already"]);
    let _ = run(&other(V1), &other(V1), &[])
        .status(2)
        .says(&["a.json is no listing of `shop/db`", "`shop/other`"]);
}

#[test]
fn each_key_gets_one_listing() {
    let sandbox = two(OLD, OLD);
    sandbox.write("a.json", &secrets(&[(A, &[V1], "1")])).write("x=y.json", "{}");
    for (flags, says) in [
        (
            &["a.json"][..],
            &[
                "which key is listed is unclear: the stubs read shop/db, shop/other",
                "--from-store shop/db=FILE --from-store shop/other=FILE",
            ][..],
        ),
        (
            &["shop/db=a.json"],
            &[
                "there is no listing of `shop/other`, which is in AWS Secrets Manager",
                "--secret-id shop/other",
            ],
        ),
        (
            &["shop/db=a.json", "shop/othr=a.json"],
            &["no stub reads the key `shop/othr`; did you mean `shop/other`?"],
        ),
        (&["shop/db=a.json", "shop/db=a.json"], &["`shop/db` is given two listings"]),
        (&["shop/db=-", "shop/other=-"], &["standard input is given to two keys"]),
        (&["vault"], &["there is no listing of `shop/db`"]),
        (
            &["shop/db=a.json", "shop/other=a.json", "vault"],
            &["`vault` lists the versions of no key", "`shop/db` is in AWS Secrets Manager"],
        ),
        (&["shop/db=none.json", "shop/other=none.json"], &["`none.json` cannot be read"]),
        (&["./x=y.json"], &["which key is listed is unclear"]),
    ] {
        let flags: Vec<&str> = flags.iter().flat_map(|one| ["--from-store", one]).collect();
        let _ = bump(&sandbox, &[&["db"], &flags[..]].concat()).status(2).says(says);
    }
    for flags in [&["--all"][..], &["--version", V1]] {
        let _ = bump(&sandbox, &[&["--from-store", "a.json"], flags].concat())
            .status(2)
            .says(&["cannot be used with"]);
    }
    // The pin of one key can be given all the same.
    let id = format!("uuid/{A}");
    let mixed = two(OLD, &id);
    mixed.write("a.json", &secrets(&[(A, &[V1], "1")]));
    let pin = format!("shop/other=uuid/{B}");
    let _ = bump(&mixed, &["db", "--from-store", "shop/db=a.json", "--pin", &pin]).success();
    let made = mixed.read(&format!("staging/db-{V1}.yaml"));
    assert!(made.contains(&format!("version: \"{V1}\"")) && made.contains(B), "{made}");
}

#[test]
fn what_no_listing_tells_is_refused() {
    let own = stub(&format!("{{ key: shop/db-{OLD} }}"));
    for (provider, text, why) in [
        (SECRETS, own, "each version has a key of its own"),
        (
            "{ scaleway: {} }",
            stub("{ key: db, version: \"7\" }"),
            "listings of Scaleway Secret Manager are not read",
        ),
        (
            "{ webhook: {} }",
            stub(&format!("{{ key: db, version: \"{OLD}\" }}")),
            "listings of the webhook are not read",
        ),
        (
            SECRETS,
            stub("{ key: db, version: AWSCURRENT }"),
            "`AWSCURRENT` is not the label of a version",
        ),
        (SECRETS, stub("{ key: db }"), "nothing in the entry pins a version"),
    ] {
        let sandbox = Sandbox::staging(&[
            ("web.yaml", &web(&format!("db-{OLD}"))),
            ("stub.yaml", &text),
            ("store.yaml", &store(provider)),
        ]);
        sandbox.commit_all();
        let _ = bump(&sandbox, &["db", "--from-store", "-"]).status(1).says(&[why]);
    }
    let sandbox = Sandbox::staging(&[
        ("web.yaml", &web(&format!("db-{OLD}"))),
        ("stub.yaml", &stub(&format!("{{ key: db, version: \"{OLD}\" }}"))),
    ]);
    sandbox.commit_all();
    let _ = bump(&sandbox, &["db", "--from-store", "-"]).status(1).says(&["its kind is not known"]);
}

/// A later environment takes the version of the one before, and its own pin.
#[test]
fn a_later_environment_takes_the_version_of_the_one_before() {
    let sandbox = tree(SECRETS, "shop/db", OLD);
    sandbox.write("production/web.yaml", &web(&format!("db-{OLD}")));
    sandbox
        .write("production/stub.yaml", &stub(&format!("{{ key: shop/db, version: \"{OLD}\" }}")));
    sandbox.write("production/store.yaml", &store(SECRETS));
    sandbox.commit_at("2025-07-02T10:00:00Z", "More\n");
    let listing = secrets(&[(A, &["AWSCURRENT", OLD], "1"), (B, &[V1], "2"), (C, &[V2], "3")]);
    let first = secrets(&[(A, &["AWSCURRENT", OLD], "1"), (B, &[V1], "2")]);
    let _ = given(&sandbox, &["--from-store", "-"], &first).success();
    sandbox.commit_at("2025-08-20T12:00:00Z", "Bump\n");
    sandbox.write("a.json", &listing);
    let run = |at: &str| {
        sandbox.rotate(&[
            "bump",
            "production",
            "db",
            "--from-store",
            "a.json",
            "--dry-run",
            "--at",
            at,
        ])
    };
    let _ =
        run("2025-08-20T13:00:00Z").status(1).says(&["soak: staging has run 20250801120000 since"]);
    let _ =
        run("2025-08-22T13:00:00Z").success().says(&[&format!("production: db-{OLD} -> db-{V1}")]);
    sandbox.write("a.json", &secrets(&[(A, &["AWSCURRENT", OLD], "1"), (C, &[V2], "3")]));
    let _ = run("2025-08-22T13:00:00Z")
        .success()
        .says(&["is 20250810120000, but `staging` runs 20250801120000"]);
}

#[test]
fn a_label_too_many_is_said() {
    let labels: Vec<String> = (1..=17).map(|day| format!("202506{day:02}000000")).collect();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let listing = |count: usize| {
        secrets(&[(A, &labels[..count], "1"), (B, &["AWSCURRENT", "AWSPENDING"], "1754049600")])
    };
    let said = "`shop/db` has 17 labels, and AWS Secrets Manager has room for 17";
    let sandbox = tree(SECRETS, "shop/db", OLD);
    let _ =
        given(&sandbox, &["--from-store", "-", "--dry-run"], &listing(17)).success().says(&[said]);
    let output = given(&sandbox, &["--from-store", "-", "--dry-run"], &listing(16)).success();
    assert!(!output.stderr.contains("has room"), "{output}");
}

#[test]
fn lint_counts_the_labels_that_the_store_has() {
    let labels: Vec<String> = (1..=18).map(|day| format!("202506{day:02}000000")).collect();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let sandbox = tree(SECRETS, "shop/db", OLD);
    let lint = |flags: &[&str]| {
        sandbox.rotate(&[&["lint", "--rule", "label-budget", "--at", NOW], flags].concat())
    };
    sandbox.write("full.json", &secrets(&[(A, &[&labels[..], &["AWSCURRENT"]].concat(), "1")]));
    sandbox.write("room.json", &secrets(&[(A, &[&labels[..17], &["AWSCURRENT"]].concat(), "1")]));
    let _ = lint(&[]).success();
    for flag in ["full.json", "shop/db=full.json"] {
        let found = lint(&["--from-store", flag]).status(1);
        let said = "`shop/db` has 18 labels, 18 of them pinned by no stub, and AWS Secrets Manager has room for 17";
        assert!(found.stdout.contains(said), "{found}");
    }
    let _ = lint(&["--from-store", "room.json"]).success();
    sandbox.write("other.json", &secrets(&[]).replace("shop/db", "shop/other"));
    for (flag, says) in [
        (
            "other.json",
            "other.json is no listing whose labels are counted: it is a listing of `shop/other`",
        ),
        ("none.json", "`none.json` cannot be read"),
        ("shop/d=room.json", "did you mean `shop/db`?"),
        ("aws", "`rotate lint` does not run `aws`"),
    ] {
        let _ = lint(&["--from-store", flag]).status(2).says(&[says]);
    }
}

/// No value of a listing is printed, in whichever format.
#[test]
fn values_in_a_listing_reach_no_output() {
    let old = format!("v{OLD}");
    let new = format!("v{V1}");
    let sandbox = tree(PARAMETERS, "/shop/db", &old);
    let listing = parameters(&[(1, &[&old], "1"), (2, &[&new], "2")]);
    for format in ["text", "json", "markdown", "github"] {
        for more in [&["--dry-run", "--verbose"][..], &["--check"]] {
            let flags = [&["--from-store", "-", "--format", format], more].concat();
            let output = given(&sandbox, &flags, &listing);
            assert!(output.status < 2, "{output}");
            assert!(output.stderr.contains("has values in it"), "{output}");
            assert!(!format!("{output}").contains("Pl4nted7"), "{output}");
        }
    }
    let _ = given(&sandbox, &["--from-store", "-"], &listing).success();
    for (path, bytes) in sandbox.files() {
        assert!(!String::from_utf8_lossy(&bytes).contains("Pl4nted7"), "{path}");
    }
}
