//! Percent-encoding, as each place that needs it has its own characters to keep.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but letters, digits, `-` and `_`.
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// Everything but what RFC 3986 calls unreserved, and the slash.
const QUERY: &AsciiSet = &NAME.remove(b'.').remove(b'~').remove(b'/');

/// Everything but what RFC 3986 allows in a path; a colon would make the first part a scheme.
const PATH: &AsciiSet = &QUERY
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b'@');

/// A text as a value in the query of a URL.
#[must_use]
pub fn query(text: &str) -> String {
    utf8_percent_encode(text, QUERY).to_string()
}

/// A relative path as a URI reference.
#[must_use]
pub fn uri(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}

/// A path or a name as one part of a branch name: Git allows no branch below another and few characters.
#[must_use]
pub fn branch(name: &str) -> String {
    let parts: Vec<String> =
        name.split('/').map(|part| utf8_percent_encode(part, NAME).to_string()).collect();
    parts.join(".")
}

#[cfg(test)]
mod tests {
    use super::{branch, query, uri};

    #[test]
    fn each_place_keeps_what_it_may() {
        assert_eq!(query("rotate/a&b=c d{owner}"), "rotate/a%26b%3Dc%20d%7Bowner%7D");
        assert_eq!(uri("apps/a b/ü#1:.yaml"), "apps/a%20b/%C3%BC%231%3A.yaml");
        assert_eq!(uri("-._~!$&'()*+,;=@%"), "-._~!$&'()*+,;=@%25");
        assert_eq!(branch("clusters/eu_1/a.b c~"), "clusters.eu_1.a%2Eb%20c%7E");
    }
}
