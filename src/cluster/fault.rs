//! Why a dump of a cluster cannot be read.

use std::fmt;
use std::io::{self, ErrorKind};

use serde_json::error::Category;

/// Why a dump cannot be read, and where. It quotes nothing of the dump, which may hold values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file, or what stands for standard input.
    pub file: String,
    /// The line and the column, from 1; `None` where it is about the whole file.
    pub at: Option<(usize, usize)>,
    /// Why.
    pub why: Why,
}

/// Why a dump cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// Something other than JSON.
    #[error("this is not JSON")]
    NotJson,
    /// A text in another encoding.
    #[error("this is UTF-16, as PowerShell writes it, and not UTF-8")]
    Utf16,
    /// Nothing at all.
    #[error("this is empty")]
    Empty,
    /// A part of a dump.
    #[error("the JSON is cut off here")]
    Cut,
    /// A mistake in the JSON.
    #[error("this cannot be read as JSON from here on")]
    Syntax,
    /// A field of another type than objects have.
    #[error("a field of an object has another type than Kubernetes gives it")]
    Type,
    /// What kubectl asks for to print columns.
    #[error("this is a `Table`, which has no objects")]
    Table,
    /// An error of the API server.
    #[error("this is an error of the API server (a `Status`), and not a list of objects")]
    Status,
    /// One page of a list.
    #[error("this list goes on: it is one page of several")]
    Page,
    /// JSON that is no object.
    #[error("this has no `kind`, so it is no object of Kubernetes")]
    NoKind,
    /// An object without a name.
    #[error("this object has no name")]
    NoName,
    /// An object that is too large.
    #[error("an object is larger than {} MiB", .0 >> 20)]
    TooLarge(u64),
    /// Too many objects, or too much of something in them.
    #[error("there are more than {0} {1}")]
    TooMany(usize, &'static str),
    /// Too many objects of an unknown kind.
    #[error("the list does not say in its first {} MiB of which kind its objects are", .0 >> 20)]
    TooLate(u64),
    /// Columns other than those that were asked for.
    #[error("these are not the columns that kubectl was asked for")]
    Columns,
    /// JSON that tells no state of a monitor.
    #[error("this is not the state of monitors, nor a list of alerts")]
    NoMonitor,
    /// The system refused.
    #[error("cannot read this: {0}")]
    System(String),
}

impl Why {
    /// Why JSON could not be read. `limit`: the bytes that were allowed, where more came; `other`: that it is JSON of another form.
    pub(super) fn of(error: serde_json::Error, limit: Option<u64>, other: Self) -> Self {
        match (error.classify(), limit) {
            (Category::Io, Some(limit)) => Self::TooLarge(limit),
            (Category::Io, None) if error.io_error_kind() == Some(ErrorKind::InvalidData) => {
                Self::Syntax
            }
            (Category::Io, None) => Self::System(io::Error::from(error).to_string()),
            (Category::Eof, _) => Self::Cut,
            (Category::Syntax, _) => Self::Syntax,
            (Category::Data, _) => other,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.why)
    }
}

impl Fault {
    /// Where it is.
    #[must_use]
    pub fn place(&self) -> String {
        self.at.map_or_else(
            || self.file.clone(),
            |(line, column)| format!("{}:{line}:{column}", self.file),
        )
    }

    /// What to do about it; `kinds`: the kinds to ask for.
    #[must_use]
    pub fn help(&self, get: &str) -> String {
        match self.why {
            Why::Utf16 => format!("in PowerShell: `{get} | Set-Content -Encoding utf8 live.json`"),
            Why::TooLarge(_) | Why::TooMany(..) => {
                format!("ask for fewer kinds, or for one namespace with `-n`: `{get}`")
            }
            Why::System(_) => "name a file that can be read, or `-` for standard input".to_owned(),
            _ => format!("save it once more: `{get} > live.json`"),
        }
    }
}
