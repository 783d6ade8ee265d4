//! Whether a value of a Secret is one that nobody else should read, by its key and by what it says.

use std::sync::LazyLock;

use regex::Regex;

use crate::lint::clear_text::reveals;

/// What a key ends in whose value only says who, where or how.
const HARMLESS: [&str; 56] = [
    "account",
    "addr",
    "address",
    "audience",
    "bucket",
    "class",
    "count",
    "database",
    "db",
    "dbname",
    "dir",
    "domain",
    "driver",
    "email",
    "enabled",
    "endpoint",
    "environment",
    "expiry",
    "file",
    "format",
    "host",
    "hostname",
    "id",
    "image",
    "interval",
    "issuer",
    "level",
    "log",
    "login",
    "mode",
    "name",
    "namespace",
    "org",
    "path",
    "port",
    "project",
    "protocol",
    "provider",
    "realm",
    "region",
    "role",
    "schema",
    "scope",
    "scopes",
    "server",
    "sslmode",
    "tenant",
    "timeout",
    "timezone",
    "ttl",
    "type",
    "user",
    "username",
    "users",
    "version",
    "zone",
];

/// What a key ends in whose value is an address, which may hold a password.
const ADDRESSES: [&str; 5] = ["baseurl", "proxy", "uri", "url", "urls"];

/// The ends of files that programs read: their values matter, not their names.
const CONFIGURATION: [&str; 21] = [
    "bash",
    "cfg",
    "cnf",
    "conf",
    "config",
    "env",
    "hcl",
    "ini",
    "js",
    "json",
    "lua",
    "properties",
    "py",
    "rules",
    "sh",
    "sql",
    "tmpl",
    "toml",
    "xml",
    "yaml",
    "yml",
];

/// Words in a key of a credential.
const CREDENTIAL: [&str; 18] = [
    "auth",
    "cookie",
    "credential",
    "credentials",
    "dockerconfigjson",
    "hmac",
    "htpasswd",
    "jwt",
    "key",
    "keys",
    "kubeconfig",
    "pass",
    "passphrase",
    "passwd",
    "password",
    "private",
    "pwd",
    "secret",
];

/// A password in an address.
static IN_ADDRESS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"://[^/\x00-\x20:@]*:([^/\x00-\x20@]+)@").ok());

/// An assignment of a credential in a configuration or a script.
static ASSIGNED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let names = r"pass(?:word|wd|phrase)?|pwd|secret(?:[_-]?key)?|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|jwt[_-]?secret";
    Regex::new(&format!(
        r#"(?m)(?:^|[\x00-\x20"'{{,._-]|[A-Za-z0-9]_)(?i-u:{names})["']?[ \t]*[:=][ \t]*["']?([^\x00-\x20"'#,;}}]+)"#
    ))
    .ok()
});

/// What begins an address that lets anybody write who knows it.
const HOOKS: [&str; 4] =
    ["hooks.slack.com/", "/api/webhooks/", "webhook.office.com/", "/webhooks/incoming"];

/// Whether a value is a credential: it is not an identifier, an address, a user's name, a script or a configuration without one.
pub(super) fn is_credential(key: &str, text: &str) -> bool {
    if text.contains("PRIVATE KEY") || HOOKS.iter().any(|hook| text.contains(hook)) {
        return true;
    }
    if is_public(text) {
        return false;
    }
    let words = words(key);
    let last = words.last().map_or("", String::as_str);
    if CONFIGURATION.contains(&last) && words.len() > 1 && key.contains('.') {
        return assigns(text);
    }
    let is_secret = words.iter().any(|word| CREDENTIAL.contains(&&**word) || is_compound(word));
    if ADDRESSES.contains(&last) || (!is_secret && text.contains("://")) {
        return has_password(text);
    }
    if HARMLESS.contains(&last) {
        return false;
    }
    if is_secret {
        return true;
    }
    if text.trim().contains('\n') || is_setting(text) {
        return assigns(text);
    }
    !is_plain_value(text)
}

/// Whether a text is the public half of something.
fn is_public(text: &str) -> bool {
    const STARTS: [&str; 5] =
        ["-----BEGIN CERTIFICATE", "-----BEGIN PUBLIC", "ecdsa-sha2-", "ssh-ed25519 ", "ssh-rsa "];
    let text = text.trim_start();
    STARTS.iter().any(|start| text.starts_with(start))
}

/// Whether a text is one line of a configuration: `ENABLED=false`.
fn is_setting(text: &str) -> bool {
    let Some((name, value)) = text.trim().split_once('=') else { return false };
    !value.is_empty()
        && !value.starts_with('=')
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// Whether a value is a number or a switch.
fn is_plain_value(text: &str) -> bool {
    let text = text.trim();
    matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "yes" | "no" | "on" | "off")
        || (text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_compound(word: &str) -> bool {
    const ENDS: [&str; 8] = [
        "apikey",
        "password",
        "passwd",
        "passphrase",
        "privatekey",
        "secret",
        "secretkey",
        "token",
    ];
    ENDS.iter().any(|end| word.ends_with(end))
}

fn has_password(text: &str) -> bool {
    let found = IN_ADDRESS.as_ref().map(|regex| regex.captures_iter(text));
    found.into_iter().flatten().any(|one| one.get(1).is_some_and(|value| reveals(value.as_str())))
}

fn assigns(text: &str) -> bool {
    let found = ASSIGNED.as_ref().map(|regex| regex.captures_iter(text));
    let mut values = found.into_iter().flatten().filter_map(|one| Some(one.get(1)?.as_str()));
    let is_value = |value: &str| {
        // What is read from elsewhere, or compared with.
        let is_code = value.starts_with(['$', '(', '[', '{', '<', '%', '/', '=', '&', '*', '|']);
        reveals(value) && !is_code && !value.contains('(') && !is_plain_value(value)
    };
    values.any(is_value) || has_password(text)
}

/// The words of a key: `dbPassword`, `DB_PASSWORD` and `db-password` are the same.
fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in key.chars() {
        if !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && before.is_ascii_lowercase()) {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric() {
            words.last_mut().into_iter().for_each(|word| word.push(c.to_ascii_lowercase()));
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::is_credential;

    #[test]
    fn keys_tell_what_a_value_is() {
        for (key, value) in [
            ("password", "hunter2"),
            ("DB_PASSWORD", "hunter2"),
            ("dbPassword", "hunter2"),
            ("token.txt", "abc"),
            ("accesskey", "minio"),
            ("AWS_SECRET_ACCESS_KEY", "abc"),
            ("k", "hunter2"),
            ("tls.key", "-----BEGIN PRIVATE KEY-----\nMII\n"),
            ("DATABASE_URL", "postgres://shop:hunter2@db/shop"),
            ("config.yaml", "user: shop\npassword: hunter2\n"),
            ("app.ini", "[database]\nPASSWD = hunter2\n"),
            ("hook", "https://hooks.slack.com/services/T0/B0/abc"),
            ("inline", "A=1\nSECRET_KEY=hunter2\n"),
            ("line", "SECRET_KEY=hunter2"),
        ] {
            assert!(is_credential(key, value), "{key}");
        }
        for (key, value) in [
            ("user", "shop"),
            ("POSTGRES_DB", "shop"),
            ("client-id", "shop"),
            ("clientId", "shop"),
            ("AWS_ACCESS_KEY_ID", "AKIA"),
            ("secret_name", "shop"),
            ("host", "db.shop.svc"),
            ("port", "5432"),
            ("debug", "true"),
            ("DATABASE_URL", "postgres://db/shop"),
            ("DATABASE_URL", "postgres://shop:${PASSWORD}@db/shop"),
            ("init.sh", "#!/bin/sh\npassword=$(cat /run/password)\nexec app\n"),
            ("config.yaml", "user: shop\npassword: ${PASSWORD}\n"),
            ("tls.crt", "-----BEGIN CERTIFICATE-----\nMII\n"),
            ("repository", "ROOT=/data\nENABLED=true\n"),
            ("metrics", "ENABLED=false"),
        ] {
            assert!(!is_credential(key, value), "{key}");
        }
    }
}
