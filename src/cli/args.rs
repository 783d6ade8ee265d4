//! Flags that every command has.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, ArgAction, Args, ValueEnum, ValueHint};

use crate::cli::lint;
use crate::ops::failure::Failure;
use crate::ops::message::Message;
use crate::repo::subject::Family;
use crate::report::console::{Console, Loudness};
use crate::report::format::Format;
use crate::text::shell::word;

/// The flags that every command has.
#[derive(Debug, Args)]
pub struct Global {
    /// Use the tree in DIR instead of the one that contains the current directory
    #[arg(short = 'C', value_name = "DIR", value_hint = ValueHint::DirPath, global = true)]
    pub directory: Option<PathBuf>,

    /// Read the configuration from FILE instead of rotate.yaml at the tree's root
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,

    /// Output format; see the help of each command for the formats it supports
    #[arg(long, value_parser = one_of(every_format()), default_value = Format::TEXT.name, value_name = "FORMAT", global = true)]
    pub format: Format,

    /// When to use colours
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", global = true)]
    pub color: When,

    /// Print only errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Print what is read and decided
    #[arg(short, long, global = true, action = ArgAction::SetTrue)]
    pub verbose: bool,
}

/// The flag of a command that has these formats only.
pub(super) fn format_flag(formats: Vec<Format>) -> Arg {
    Arg::new("format")
        .long("format")
        .value_name("FORMAT")
        .value_parser(one_of(formats))
        .default_value(Format::TEXT.name)
        .help("Output format")
}

/// Every format that some command has.
fn every_format() -> Vec<Format> {
    let mut formats = vec![Format::TEXT, Format::JSON];
    for format in lint::formats().into_iter().chain([Format::MERMAID]) {
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    formats
}

/// Parses the name of one of these formats.
fn one_of(formats: Vec<Format>) -> impl TypedValueParser<Value = Format> {
    let value = |format: &Format| PossibleValue::new(format.name).help(format.summary);
    let parser = PossibleValuesParser::new(formats.iter().map(value));
    parser.map(move |word| {
        formats.iter().find(|format| format.name == word).copied().unwrap_or(Format::TEXT)
    })
}

/// A time as the command line has it.
///
/// # Errors
/// With what it should look like.
pub(super) fn time(text: &str) -> Result<DateTime<Utc>, String> {
    DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()).map_err(|_| {
        "write a date and time with its offset, such as 2025-07-23T11:00:00Z".to_owned()
    })
}

/// The first moment of a day, or a time.
///
/// # Errors
/// With what it should look like.
pub(super) fn day(text: &str) -> Result<DateTime<Utc>, String> {
    let day = text.parse::<NaiveDate>().map(|day| day.and_time(NaiveTime::MIN).and_utc());
    day.or_else(|_| time(text)).map_err(|_| {
        "write a day such as 2025-07-23, or a time such as 2025-07-23T11:00:00Z".to_owned()
    })
}

/// A family as the command line has it. The name of one version is refused: who types it may mean that version.
///
/// # Errors
/// With the family to type.
pub(super) fn family(text: &str) -> Result<String, String> {
    let family = Family::of(text);
    if family == *text {
        return Ok(text.to_owned());
    }
    Err(format!("that is one version of a secret; write its family, {}", word(&family)))
}

/// When something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum When {
    /// When printing to a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl When {
    /// Whether a stream takes colours, by the flag, or else by the variables that Clap heeds for its help as well.
    fn is_met(self, stream: &impl RawStream) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => AutoStream::choice(stream) != ColorChoice::Never,
        }
    }
}

impl Global {
    /// Whether results are for programs, for a command that has `text` and `json` only.
    ///
    /// # Errors
    /// When another format is asked for.
    pub fn is_json(&self) -> Result<bool, Failure> {
        Ok(self.one_of(&[Format::TEXT, Format::JSON])? == Format::JSON)
    }

    /// The format, which must be one that the command has.
    ///
    /// # Errors
    /// When another one is asked for.
    pub fn one_of(&self, formats: &[Format]) -> Result<Format, Failure> {
        if formats.contains(&self.format) {
            return Ok(self.format);
        }
        let text = format!("this command does not print `{}`", self.format.name);
        let known: Vec<String> =
            formats.iter().map(|format| format!("`--format {}`", format.name)).collect();
        Err(Failure::usage(Message::new(text).help(format!("it has {}", known.join(", ")))))
    }

    /// The console that these flags and the environment ask for.
    #[must_use]
    pub fn console(&self) -> Console {
        Console {
            color_out: self.color.is_met(&std::io::stdout()),
            color_err: self.color.is_met(&std::io::stderr()),
            width: width(),
            annotates: self.format == Format::GITHUB,
            is_terminal: std::io::stderr().is_terminal(),
            loudness: match (self.quiet, self.verbose) {
                (true, _) => Loudness::Quiet,
                (_, true) => Loudness::Verbose,
                _ => Loudness::Normal,
            },
        }
    }
}

/// Whether a variable is set to something other than nothing or `0`.
#[allow(clippy::disallowed_methods)] // the command line is where the environment is read
pub(super) fn variable(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0")
}

#[allow(clippy::disallowed_methods)] // the command line is where the environment is read
fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.unwrap_or(100).clamp(40, 160)
}
