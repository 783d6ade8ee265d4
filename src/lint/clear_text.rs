//! Whether a value that stands in Git is one that nobody else should read.

use std::borrow::Cow;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;

use crate::k8s::encryption::is_ciphertext;
use crate::k8s::placeholder::is_filled_in;
use crate::lint::git_patterns::Patterns;
use crate::tree::Tree;

/// The first bytes of a file that git-crypt locked.
const LOCKED: &[u8] = b"\0GITCRYPT\0";

/// What begins a value that is only the address of one: webhooks and sidecars put the value in.
const ADDRESSES: &[&str] = &["vault:", "bao:", "ref+", "secretref+", "op://", "akv://", "awssm://"];

/// A name between signs that a deployment replaces.
static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let names = [
        r"\$[A-Z_][A-Z0-9_]*",
        r"<[^<>\r\n]+>",
        r"__[A-Za-z0-9_.-]+__",
        r"@@?[A-Za-z0-9_.-]+@@?",
        r"%[A-Za-z0-9_.-]+%",
        r"#\{[^{}]+\}#?",
        r"\[\[[^\[\]]+\]\]",
    ];
    Regex::new(&format!("^(?:{})$", names.join("|"))).ok()
});

/// `<key>` in each line of a text, in the midst of a text, as the Vault plugin of Argo CD fills it in.
static INLINE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"<[A-Za-z0-9_.-]+(?: *\|[^<>]*)?>").ok());

/// Whether a text says something: it is not empty, not encrypted and not filled in later.
pub(super) fn reveals(text: &str) -> bool {
    let text = text.trim();
    text.contains(char::is_alphanumeric)
        && !is_encrypted(text)
        && !comes_later(text)
        && !is_stand_in(text)
}

/// Whether a text only says that a value belongs here.
fn is_stand_in(text: &str) -> bool {
    const PARTS: [&str; 10] = [
        "changeit",
        "changeme",
        "changethis",
        "dummy",
        "fixme",
        "notasecret",
        "notused",
        "placeholder",
        "redacted",
        "unused",
    ];
    const WHOLE: [&str; 6] = ["example", "na", "none", "null", "tbd", "todo"];
    const LONGEST: usize = 64;
    if text.len() > LONGEST {
        return false;
    }
    let letters: String =
        text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    PARTS.iter().any(|part| letters.contains(part))
        || WHOLE.contains(&&*letters)
        || (letters.len() > 2 && letters.bytes().all(|byte| byte == b'x'))
        || (letters.starts_with("your") && text.contains(['-', '_', ' ']))
}

/// The same for a text that is to be base64.
pub(super) fn reveals_encoded(text: &str) -> bool {
    if !reveals(text) {
        return false;
    }
    let packed: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD.decode(packed).map_or(true, |bytes| reveals_bytes(&bytes))
}

/// The text that base64 stands for; the text itself where it is none.
pub(super) fn decoded(text: &str) -> Cow<'_, str> {
    let packed: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let bytes = STANDARD.decode(packed).ok();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// Whether bytes that need be no text say something.
pub(super) fn reveals_bytes(bytes: &[u8]) -> bool {
    match std::str::from_utf8(bytes) {
        _ if is_locked(bytes) => false,
        Ok(text) => reveals(text),
        Err(_) => true,
    }
}

/// Whether git-crypt locked a file.
pub(super) fn is_locked(bytes: &[u8]) -> bool {
    bytes.starts_with(LOCKED)
}

/// Whether a tool encrypted a text, or values in it.
pub(super) fn is_encrypted(text: &str) -> bool {
    is_locked(text.as_bytes()) || is_ciphertext(text)
}

/// Whether the value is put in only when it is deployed.
fn comes_later(text: &str) -> bool {
    let matches = |regex: &LazyLock<Option<Regex>>, text: &str| {
        regex.as_ref().is_some_and(|regex| regex.is_match(text))
    };
    let has_name = |line: &str| matches(&INLINE, line);
    is_filled_in(text)
        || ADDRESSES.iter().any(|start| text.starts_with(start))
        || matches(&NAME, text)
        || (!text.contains("</")
            && text.lines().all(|line| line.trim().is_empty() || has_name(line)))
}

/// Files that are in the clear only in the work tree: a filter of Git encrypts them (git-crypt, transcrypt, sops).
pub(super) fn encrypted_by_git(tree: &dyn Tree) -> Patterns {
    const TOOLS: [&str; 5] = ["age", "crypt", "gpg", "sops", "vault"];
    Patterns::of(tree, ".gitattributes", |line| {
        let mut words = line.split_whitespace();
        let pattern = words.next()?;
        let encrypts = |word: &str| {
            let tool = word.strip_prefix("filter=");
            tool.is_some_and(|tool| TOOLS.iter().any(|known| tool.contains(known)))
        };
        words.any(encrypts).then_some(pattern)
    })
}

#[cfg(test)]
mod tests {
    use super::{encrypted_by_git, reveals, reveals_encoded};
    use crate::text::path::TreePath;
    use crate::tree::memory::MemoryTree;

    #[test]
    fn words_are_values_and_placeholders_are_none() {
        for text in [
            "hunter2",
            "5432",
            "admin:$2y$05$abcdefghijk",
            "<settings><password>hunter2</password></settings>",
            "-----BEGIN CERTIFICATE-----\nMIIB\n",
            "https://user:hunter2@db.example.com",
            "REPLACE_ME",
            "user=<user>\npassword=hunter2\n",
        ] {
            assert!(reveals(text), "{text}");
        }
        for text in [
            "",
            " \n",
            "***",
            "changeme",
            "XXXX",
            "your-token",
            "unused",
            "${PASSWORD}",
            "$PASSWORD",
            "postgres://app:${PASSWORD}@db/app",
            "postgres://<user>:<password | urlencode>@db/app",
            "{{ .Values.password }}",
            "<password>",
            "<user>\n<password | base64encode>\n",
            "user=<user>\npassword=<password>\n",
            "<the password of the database>",
            "<path:shop/data/db#password>",
            "vault:shop/data/db#password",
            "ref+awssecrets://shop/db#/password",
            "__DB_PASSWORD__",
            "#{DbPassword}#",
            "ENC[AES256_GCM,data:abc,iv:def]",
        ] {
            assert!(!reveals(text), "{text}");
        }
    }

    #[test]
    fn base64_is_read_first() {
        assert!(reveals_encoded("aHVudGVyMg=="));
        assert!(reveals_encoded("aHVu\n dGVyMg=="));
        assert!(reveals_encoded("/w=="), "bytes that are no text");
        assert!(reveals_encoded("not base64"));
        assert!(!reveals_encoded("JHtQQVNTV09SRH0="), "${{PASSWORD}}");
        assert!(!reveals_encoded("${PASSWORD_BASE64}"));
        assert!(!reveals_encoded(""));
    }

    #[test]
    fn filters_of_git_are_known_by_their_names() {
        let path = |text: &str| TreePath::new(text).unwrap();
        let attributes = "# comment\n*.key filter=git-crypt diff=git-crypt\nsecrets/** filter=git-crypt\n*.png filter=lfs\n";
        let tree = MemoryTree::new([(path("a/.gitattributes"), attributes.into())]);
        let filters = encrypted_by_git(&tree);
        for file in ["a/b/x.key", "a/secrets/b/x.yaml"] {
            assert!(filters.fit(&path(file)), "{file}");
        }
        for file in ["x.key", "secrets/x.yaml", "a/x.png", "a/x.yaml"] {
            assert!(!filters.fit(&path(file)), "{file}");
        }
    }
}
