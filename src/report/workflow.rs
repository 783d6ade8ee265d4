//! Lines that the runner of a GitHub workflow takes for commands, and lines that it must not take for any.

/// A command: `error`, `warning` or `notice`, with a title.
#[must_use]
pub fn command(word: &str, title: &str, text: &str) -> String {
    format!("::{word} title={}::{}\n", property(title), data(text))
}

/// Lines for the log. A file's name or a message could spell a command: no line may begin with one or hold an old one.
#[must_use]
pub fn log(text: &str) -> String {
    let safe = |line: &str| {
        let line = line.trim_end_matches(['\r', '\n']).replace('\r', " ").replace("##[", "## [");
        let start = line.trim_start();
        if start.starts_with("::") { format!("| {line}\n") } else { format!("{line}\n") }
    };
    text.split_inclusive('\n').map(safe).collect()
}

/// A text as the data of a command: the runner decodes these three and no other percent-encoding.
pub(super) fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A text as a property of a command.
pub(super) fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{command, data, log, property};

    #[test]
    fn commands_are_escaped() {
        assert_eq!(data("100%\r\n: ,"), "100%25%0D%0A: ,");
        assert_eq!(property("a:b,c%\n"), "a%3Ab%2Cc%25%0A");
        assert_eq!(command("notice", "a:b", "c:d\n"), "::notice title=a%3Ab::c:d%0A\n");
    }

    #[test]
    fn the_log_holds_no_command() {
        let text = "a: b\n  ::error::x\n::set-output::y\r\nz ##[group]";
        assert_eq!(log(text), "a: b\n|   ::error::x\n| ::set-output::y\nz ## [group]\n");
    }
}
