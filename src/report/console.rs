//! The two streams: results go to stdout, messages to stderr.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, Write as _};

use anstyle::{AnsiColor, Style};

use crate::report::terminal::{own, shown};
use crate::report::workflow::log;
use crate::text::visible::{is_hidden, one_line};

/// How many messages are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loudness {
    /// Errors only.
    Quiet,
    /// What a person wants to know.
    Normal,
    /// Also what the program read and decided.
    Verbose,
}

/// Where results and messages are printed, and how.
#[derive(Debug, Clone, Copy)]
pub struct Console {
    /// Whether stdout takes colours.
    pub color_out: bool,
    /// Whether stderr takes colours.
    pub color_err: bool,
    /// The width of a line in columns.
    pub width: usize,
    /// How many messages are printed.
    pub loudness: Loudness,
    /// Whether to print annotations for a GitHub workflow.
    pub annotates: bool,
    /// Whether stderr is a terminal, on which a line can be written over.
    pub is_terminal: bool,
}

/// The colours in use, by what they mean.
#[derive(Debug, Clone, Copy)]
pub enum Paint {
    /// A heading.
    Bold,
    /// What is taken away.
    Red,
    /// What is added.
    Green,
    /// What deserves a look.
    Yellow,
    /// A place.
    Cyan,
    /// What matters less.
    Dim,
}

impl Paint {
    const fn style(self) -> Style {
        match self {
            Self::Bold => Style::new().bold(),
            Self::Red => AnsiColor::Red.on_default(),
            Self::Green => AnsiColor::Green.on_default(),
            Self::Yellow => AnsiColor::Yellow.on_default(),
            Self::Cyan => AnsiColor::Cyan.on_default(),
            Self::Dim => Style::new().dimmed(),
        }
    }

    /// The text in this colour, or as it is.
    #[must_use]
    pub fn on(self, text: &str, color: bool) -> String {
        let style = self.style();
        if color { own(&format!("{style}{}{style:#}", shown(text))) } else { text.to_owned() }
    }
}

/// A value as one JSON document, indented, with a final line break.
///
/// # Errors
/// When it cannot be serialized.
pub fn pretty(value: &impl serde::Serialize) -> io::Result<String> {
    let text = serde_json::to_string_pretty(value)?;
    let mut out = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        match character {
            // An escape of JSON's own means the same to whoever reads it.
            hidden if is_hidden(hidden) => {
                let _ = write!(out, "\\u{:04x}", u32::from(hidden));
            }
            other => out.push(other),
        }
    }
    out.push('\n');
    Ok(out)
}

impl Console {
    /// Writes a result to stdout.
    ///
    /// # Errors
    /// When stdout cannot be written to, except because it was closed.
    pub fn result(&self, text: &str) -> io::Result<()> {
        Self::write(&shown(text))
    }

    fn write(text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// Writes a result as one JSON document.
    ///
    /// # Errors
    /// When stdout cannot be written to, except because it was closed.
    pub fn json(&self, value: &impl serde::Serialize) -> io::Result<()> {
        Self::write(&pretty(value)?)
    }

    /// Prints a message, unless `--quiet` is set.
    pub fn talk(&self, text: &str) {
        if self.loudness > Loudness::Quiet {
            self.complain(text);
        }
    }

    /// Prints a message only with `--verbose`.
    pub fn detail(&self, text: &str) {
        if self.loudness > Loudness::Normal {
            self.complain(text);
        }
    }

    /// Prints a message even with `--quiet`.
    pub fn complain(&self, text: &str) {
        // If stderr is closed, the error cannot be reported.
        let text = shown(text);
        // The runner of a workflow looks for commands here as well, and none of ours are.
        let text =
            if self.annotates { log(&text).trim_end_matches('\n').to_owned().into() } else { text };
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Shows how far something is, in one line: on a terminal always the same one, and elsewhere a new one for each change.
    pub(super) fn progress(&self, line: Option<(String, String, bool)>) {
        if self.loudness == Loudness::Quiet {
            return;
        }
        match line {
            Some((text, more, _)) if self.is_terminal && !self.annotates => {
                let text = one_line(&format!("{text} ({more})")).into_owned();
                // A line that wraps could not be written over.
                let text: String = text.chars().take(self.width.saturating_sub(1)).collect();
                let _ = write!(io::stderr().lock(), "\r\u{1b}[K{text}");
            }
            None if self.is_terminal && !self.annotates => {
                let _ = write!(io::stderr().lock(), "\r\u{1b}[K");
            }
            Some((text, _, true)) => self.complain(&text),
            Some(_) | None => {}
        }
    }

    /// Asks a question and takes one line as the answer; `None` at the end of the input.
    #[must_use]
    pub fn ask(&self, question: &str) -> Option<String> {
        let _ = write!(io::stderr().lock(), "{} ", shown(question));
        let _ = io::stderr().flush();
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::Paint;
    use crate::report::terminal::shown;

    #[test]
    fn paints_only_where_colours_are_wanted() {
        let on = |paint: Paint| shown(&paint.on("a\u{1b}[1m", true)).into_owned();
        assert_eq!(on(Paint::Bold), "\u{1b}[1ma\\u{1b}[1m\u{1b}[0m");
        assert_eq!(on(Paint::Dim), "\u{1b}[2ma\\u{1b}[1m\u{1b}[0m");
        assert_eq!(on(Paint::Cyan), "\u{1b}[36ma\\u{1b}[1m\u{1b}[0m");
        assert_eq!(Paint::Cyan.on("a", false), "a");
    }
}
