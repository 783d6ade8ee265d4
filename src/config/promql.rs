//! Faults of PromQL that no values of placeholders repair: what is opened and not closed.

/// What is wrong with an expression; `None` if every bracket and every quotation mark has its partner.
#[must_use]
pub(super) fn fault(text: &str) -> Option<String> {
    let mut open: Vec<char> = Vec::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '(' | '[' | '{' => open.push(c),
            ')' | ']' | '}' if open.pop().map(partner) != Some(c) => {
                return Some(format!("`{c}` closes nothing"));
            }
            '"' | '\'' | '`' if !closes(c, &mut rest) => {
                return Some(format!("`{c}` is not closed"));
            }
            '#' => drop(rest.find(|c| *c == '\n')),
            _ => {}
        }
    }
    open.pop().map(|c| format!("`{c}` is not closed"))
}

const fn partner(open: char) -> char {
    match open {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}

/// Reads on to the end of a string that a mark began; whether it ends.
fn closes(mark: char, rest: &mut std::str::Chars<'_>) -> bool {
    while let Some(c) = rest.next() {
        if c == mark {
            return true;
        }
        if c == '\\' && mark != '`' {
            rest.next();
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn finds_what_has_no_partner() {
        for text in [
            "",
            "sum(rate(x{a=\"{{family}}\", b=~'[0-9]{14}('}[5m])) by (pod) > 1",
            "x{a=\"\\\"\"} > 1 # (\n",
            "x{a=`\\`}",
            "{{family}}_errors > 1",
            "{__name__=~\"é.*\"}",
        ] {
            assert_eq!(fault(text), None, "{text}");
        }
        for (text, said) in [
            ("sum(x", "`(` is not closed"),
            ("a) or (b", "`)` closes nothing"),
            ("x[5m)", "`)` closes nothing"),
            ("x{a=\"b}", "`\"` is not closed"),
            ("x{a='\\'}", "`'` is not closed"),
            ("x{a=`", "``` is not closed"),
            ("(x # )", "`(` is not closed"),
        ] {
            assert_eq!(fault(text).as_deref(), Some(said), "{text}");
        }
        let deep = "(".repeat(1_000_000);
        assert!(fault(&deep).is_some());
    }
}
