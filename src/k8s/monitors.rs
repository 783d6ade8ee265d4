//! Objects that watch what runs: alerts, monitors and analyses.

use crate::k8s::by_value::scalars;
use crate::k8s::resource::{group_of, kind_of};
use crate::k8s::secret_name::{DIGITS, split};
use crate::yaml::node::Node;

/// The kinds of monitors, by group.
const KINDS: &[(&str, &[&str])] = &[
    ("argoproj.io", &["AnalysisTemplate", "ClusterAnalysisTemplate"]),
    ("datadoghq.com", &["DatadogMonitor"]),
    ("monitoring.coreos.com", &["PrometheusRule"]),
];

/// Whether an object is a monitor.
#[must_use]
pub fn is_monitor(object: &Node) -> bool {
    let (group, kind) = (group_of(object), kind_of(object));
    KINDS.iter().any(|(known, kinds)| *known == group && kinds.contains(&kind))
}

/// The version that a monitor's own name ends with: it watches this one only, and goes with its stub.
#[must_use]
pub fn version(object: &Node) -> Option<&str> {
    let name = object.at(&["metadata", "name"]).and_then(Node::str);
    name.filter(|_| is_monitor(object)).and_then(split).map(|(_, version)| version)
}

/// Whether a text of a monitor names a family as a whole token, or a version of it, or a pattern of its versions. The
/// namespace that it is in tells nothing.
#[must_use]
pub fn watches(monitor: &Node, family: &str) -> bool {
    let mut found = false;
    let namespace = monitor.at(&["metadata", "namespace"]);
    scalars(monitor, &mut |node, _| {
        let is_namespace = namespace.is_some_and(|one| std::ptr::eq(one, node));
        found = found || (!is_namespace && node.str().is_some_and(|text| names(text, family)));
    });
    found
}

fn in_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-') || !byte.is_ascii()
}

/// Whether a token ends where a text begins; a full stop that ends a sentence does not belong to it.
fn ends(text: &[u8]) -> bool {
    match text {
        [b'.', next, ..] => !in_token(*next),
        [b'.'] | [] => true,
        [first, ..] => !in_token(*first),
    }
}

fn names(text: &str, family: &str) -> bool {
    let bytes = text.as_bytes();
    text.match_indices(family).any(|(at, _)| {
        let begins = at == 0 || !in_token(bytes[at - 1]);
        let rest = bytes.get(at + family.len()..).unwrap_or_default();
        begins && (ends(rest) || rest.strip_prefix(b"-").is_some_and(is_version_or_pattern))
    })
}

/// Whether what follows a family and a hyphen is a version, or a pattern that versions match.
fn is_version_or_pattern(rest: &[u8]) -> bool {
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_pattern = matches!(rest, [b'[' | b'(' | b'\\' | b'*' | b'$' | b'{', ..])
        || matches!(rest, [b'.', b'*' | b'+' | b'{', ..]);
    is_pattern || (digits == DIGITS && rest.get(DIGITS..).is_some_and(ends))
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_family_is_named_as_a_whole_token() {
        for text in [
            "auth",
            "the logins of auth.",
            "secret=\"auth\"",
            "secret=~\"auth-[0-9]{14}\"",
            "secret=~\"auth-.*\"",
            "secret:auth-*",
            "auth-20250723110000 fails",
            "family:auth,env:prod",
            "auth-api auth",
        ] {
            assert!(names(text, "auth"), "{text}");
        }
        for text in [
            "",
            "auth-api",
            "my-auth",
            "auth.shop.svc",
            "auth_total",
            "auth-api-20250723110000",
            "auth-202507231100001",
            "auth-20250723110000-x",
            "authä",
            "auth-",
        ] {
            assert!(!names(text, "auth"), "{text}");
        }
    }
}
