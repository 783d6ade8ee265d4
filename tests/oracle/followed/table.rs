//! What the command lines of the stores take that no server here speaks for: every call is held against its row.

use std::collections::BTreeMap;

/// How a flag is given.
#[derive(Clone, Copy, PartialEq)]
enum Flag {
    /// With a value, where it is given.
    Value,
    /// With a value, always.
    Needed,
    /// Alone.
    Bare,
}

use Flag::{Bare, Needed, Value};

/// How a subcommand reads standard input.
#[derive(Clone, Copy)]
enum Input {
    /// Nowhere.
    None,
    /// By this value of this flag.
    Flag(&'static str, &'static str),
    /// By a last argument of `-`.
    Last,
}

/// One subcommand.
struct Row {
    program: &'static str,
    words: &'static [&'static str],
    /// How many arguments are no flags.
    arguments: usize,
    flags: &'static [(&'static str, Flag)],
    input: Input,
    /// The page that says so.
    source: &'static str,
}

/// A call of a program: its name and its arguments.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) program: String,
    pub(super) words: Vec<String>,
}

/// A call that its row allows, taken apart.
#[derive(Debug)]
pub(super) struct Parsed {
    /// The words of the subcommand.
    pub(super) subcommand: &'static [&'static str],
    /// What is no flag.
    pub(super) arguments: Vec<String>,
    pub(super) flags: BTreeMap<&'static str, String>,
    /// Whether it reads standard input.
    pub(super) reads: bool,
}

const CREATE: &[(&str, Flag)] = &[
    ("--project", Value),
    ("--location", Value),
    ("--replication-policy", Value),
    ("--data-file", Needed),
];
const ADD: &[(&str, Flag)] =
    &[("--project", Value), ("--location", Value), ("--data-file", Needed)];
const LIST: &[(&str, Flag)] = &[
    ("--project", Value),
    ("--location", Value),
    ("--sort-by", Value),
    ("--limit", Value),
    ("--format", Value),
];
const DESCRIBE: &[(&str, Flag)] =
    &[("--project", Value), ("--location", Value), ("--format", Value)];
const DESTROY: &[(&str, Flag)] =
    &[("--project", Value), ("--location", Value), ("--secret", Needed), ("--quiet", Bare)];
const UPDATE: &[(&str, Flag)] = &[
    ("--project", Value),
    ("--location", Value),
    ("--update-version-aliases", Value),
    ("--remove-version-aliases", Value),
];
const DELETE: &[(&str, Flag)] = &[("--project", Value), ("--location", Value), ("--quiet", Bare)];
const SET: &[(&str, Flag)] = &[
    ("--vault-name", Needed),
    ("--name", Needed),
    ("--file", Needed),
    ("--encoding", Value),
    ("--query", Value),
    ("--output", Value),
];
const SET_ATTRIBUTES: &[(&str, Flag)] =
    &[("--vault-name", Needed), ("--name", Needed), ("--version", Value), ("--enabled", Value)];
const AZ_DELETE: &[(&str, Flag)] = &[("--vault-name", Needed), ("--name", Needed)];
const KV: &[(&str, Flag)] = &[("-namespace", Value), ("-mount", Value)];
const KV_DESTROY: &[(&str, Flag)] =
    &[("-namespace", Value), ("-mount", Value), ("-versions", Needed)];

/// A row: program and subcommand, how many arguments, the flags, where it reads, the page that says so.
const fn row(
    words: (&'static str, &'static [&'static str]),
    arguments: usize,
    flags: &'static [(&'static str, Flag)],
    input: Input,
    source: &'static str,
) -> Row {
    Row { program: words.0, words: words.1, arguments, flags, input, source }
}

const ROWS: &[Row] = &[
    row(
        ("gcloud", &["secrets", "create"]),
        1,
        CREATE,
        Input::Flag("--data-file", "-"),
        "https://cloud.google.com/sdk/gcloud/reference/secrets/create",
    ),
    row(
        ("gcloud", &["secrets", "versions", "add"]),
        1,
        ADD,
        Input::Flag("--data-file", "-"),
        "https://cloud.google.com/sdk/gcloud/reference/secrets/versions/add",
    ),
    row(
        ("gcloud", &["secrets", "versions", "list"]),
        1,
        LIST,
        Input::None,
        "https://cloud.google.com/sdk/gcloud/reference/secrets/versions/list",
    ),
    row(
        ("gcloud", &["secrets", "versions", "destroy"]),
        1,
        DESTROY,
        Input::None,
        "https://cloud.google.com/sdk/gcloud/reference/secrets/versions/destroy",
    ),
    row(
        ("gcloud", &["secrets", "describe"]),
        1,
        DESCRIBE,
        Input::None,
        "https://cloud.google.com/sdk/gcloud/reference/secrets/describe",
    ),
    row(
        ("gcloud", &["secrets", "update"]),
        1,
        UPDATE,
        Input::None,
        "https://cloud.google.com/sdk/gcloud/reference/secrets/update",
    ),
    row(
        ("gcloud", &["secrets", "delete"]),
        1,
        DELETE,
        Input::None,
        "https://cloud.google.com/sdk/gcloud/reference/secrets/delete",
    ),
    row(
        ("az", &["keyvault", "secret", "set"]),
        0,
        SET,
        Input::Flag("--file", "/dev/stdin"),
        "https://learn.microsoft.com/cli/azure/keyvault/secret#az-keyvault-secret-set",
    ),
    row(
        ("az", &["keyvault", "secret", "set-attributes"]),
        0,
        SET_ATTRIBUTES,
        Input::None,
        "https://learn.microsoft.com/cli/azure/keyvault/secret#az-keyvault-secret-set-attributes",
    ),
    row(
        ("az", &["keyvault", "secret", "delete"]),
        0,
        AZ_DELETE,
        Input::None,
        "https://learn.microsoft.com/cli/azure/keyvault/secret#az-keyvault-secret-delete",
    ),
    row(
        ("vault", &["kv", "put"]),
        2,
        KV,
        Input::Last,
        "https://developer.hashicorp.com/vault/docs/commands/kv/put",
    ),
    row(
        ("vault", &["kv", "metadata", "delete"]),
        1,
        KV,
        Input::None,
        "https://developer.hashicorp.com/vault/docs/commands/kv/metadata",
    ),
    row(
        ("vault", &["kv", "delete"]),
        1,
        KV,
        Input::None,
        "https://developer.hashicorp.com/vault/docs/commands/kv/delete",
    ),
    row(
        ("vault", &["kv", "destroy"]),
        1,
        KV_DESTROY,
        Input::None,
        "https://developer.hashicorp.com/vault/docs/commands/kv/destroy",
    ),
    row(("bao", &["kv", "put"]), 2, KV, Input::Last, "https://openbao.org/docs/commands/kv/put/"),
    row(
        ("bao", &["kv", "metadata", "delete"]),
        1,
        KV,
        Input::None,
        "https://openbao.org/docs/commands/kv/metadata/",
    ),
    row(
        ("bao", &["kv", "destroy"]),
        1,
        KV_DESTROY,
        Input::None,
        "https://openbao.org/docs/commands/kv/destroy/",
    ),
    row(
        ("kubectl", &["get", "secret"]),
        1,
        &[("--namespace", Value), ("--ignore-not-found", Bare)],
        Input::None,
        "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_get/",
    ),
    row(
        ("kubectl", &["delete", "secret"]),
        1,
        &[("--namespace", Value)],
        Input::None,
        "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_delete/",
    ),
];

/// Takes a call apart, as its program would.
///
/// # Errors
/// With what the program would refuse.
pub(super) fn parse(call: &Call) -> Result<Parsed, String> {
    let is_meant = |row: &&Row| {
        let begins = row.words.iter().eq(call.words.iter().take(row.words.len()));
        row.program == call.program && begins
    };
    let row = ROWS.iter().filter(is_meant).max_by_key(|row| row.words.len());
    let row = row.ok_or_else(|| format!("no row allows {call:?}"))?;
    let fault = |what: String| format!("{what} in {call:?}, by {}", row.source);
    let (mut arguments, mut flags) = (Vec::new(), BTreeMap::new());
    let mut rest = call.words[row.words.len()..].iter();
    while let Some(word) = rest.next() {
        if capitals(word) {
            return Err(fault(format!("`{word}` stands for something")));
        }
        if !word.starts_with('-') || word == "-" {
            arguments.push(word.clone());
            continue;
        }
        // Vault stops looking for flags at the first argument.
        if row.words[0] == "kv" && !arguments.is_empty() {
            return Err(fault(format!("`{word}` behind an argument")));
        }
        let (name, value) =
            word.split_once('=').map_or((word.as_str(), None), |(a, b)| (a, Some(b.to_owned())));
        let known = row.flags.iter().find(|(known, _)| *known == name);
        let (name, kind) = known.ok_or_else(|| fault(format!("unknown flag `{name}`")))?;
        let value = match (kind, value) {
            (Bare, None) => Ok(String::new()),
            (Value | Needed, Some(value)) => Ok(value),
            (Value | Needed, None) => rest.next().cloned().ok_or("no value of"),
            (Bare, Some(_)) => Err("a value of"),
        };
        let value = value.map_err(|what| fault(format!("{what} `{name}`")))?;
        if capitals(&value) || flags.insert(*name, value).is_some() {
            return Err(fault(format!("`{name}` twice, or with what stands for something")));
        }
    }
    if let Some((name, _)) =
        row.flags.iter().find(|(name, kind)| *kind == Needed && !flags.contains_key(name))
    {
        return Err(fault(format!("no `{name}`")));
    }
    if arguments.len() != row.arguments || arguments.iter().any(String::is_empty) {
        return Err(fault(format!("{} arguments", arguments.len())));
    }
    let reads = match row.input {
        Input::None => false,
        Input::Flag(name, value) => flags.get(name).is_some_and(|given| given == value),
        Input::Last => arguments.last().is_some_and(|last| last == "-"),
    };
    Ok(Parsed { subcommand: row.words, arguments, flags, reads })
}

/// Whether a word stands for something that a person has to fill in: `VERSION`, `<KEY>`.
fn capitals(word: &str) -> bool {
    let word = word.trim_matches(['<', '>', '[', ']', '{', '}', '$']);
    let all = word.bytes().all(|byte| byte.is_ascii_uppercase() || b"_-".contains(&byte));
    all && word.bytes().filter(u8::is_ascii_uppercase).count() > 1
}

/// Whether the text of a command has such a word.
pub(super) fn has_placeholder(command: &str) -> bool {
    command.split(|c: char| c.is_whitespace() || "=/'\"(),".contains(c)).any(capitals)
}

#[test]
fn wrong_calls_are_found_out() {
    let call = |line: &str| {
        let mut words = line.split(' ').map(str::to_owned);
        Call { program: words.next().unwrap(), words: words.collect() }
    };
    for right in [
        "vault kv put -mount=kv shop/auth -",
        "gcloud secrets versions add auth --project shop --data-file=-",
        "az keyvault secret set --vault-name v --name auth --file /dev/stdin",
        "kubectl get secret auth-1 --namespace shop --ignore-not-found",
    ] {
        assert!(parse(&call(right)).is_ok(), "{right}");
    }
    for wrong in [
        "vault kv put shop/auth -mount=kv -",
        "vault kv put -mount=kv shop/auth",
        "vault kv patch -mount=kv shop/auth -",
        "vault kv destroy -mount=kv shop/auth",
        "vault kv destroy -mount=kv -versions=VERSION shop/auth",
        "gcloud secrets versions add auth",
        "gcloud secrets versions add auth --data-file=- --data-file=-",
        "gcloud secrets versions add auth other --data-file=-",
        "gcloud secrets versions destroy 7 --secret=auth --force",
        "gcloud secrets versions destroy 7 --secret=auth --quiet=yes",
        "az keyvault secret set --vault-name VAULT --name auth --file /dev/stdin",
        "az keyvault secret set --vault-name v --name",
        "kubectl get secrets auth-1",
    ] {
        assert!(parse(&call(wrong)).is_err(), "{wrong}");
    }
    assert!(has_placeholder("aws ssm get-parameter --name <KEY>"));
    assert!(has_placeholder("vault kv destroy -versions=VERSION a"));
    assert!(!has_placeholder("aws ssm get-parameter --query Parameter.Version"));
}
