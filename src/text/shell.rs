//! Words of a shell.

/// A text as one word of a shell.
#[must_use]
pub fn word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@+,%".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn only_plain_words_go_without_quotes() {
        assert_eq!(word("shop/db-1.yaml"), "shop/db-1.yaml");
        for (text, quoted) in [("", "''"), ("a b", "'a b'"), ("$(reboot)", "'$(reboot)'")] {
            assert_eq!(word(text), quoted);
        }
        assert_eq!(word("it's; rm"), "'it'\\''s; rm'");
    }
}
