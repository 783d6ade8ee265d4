//! The names of output formats.

/// An output format, as `--format` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// The word after `--format`.
    pub name: &'static str,
    /// What it is, a line of the help.
    pub summary: &'static str,
}

impl Format {
    /// For people.
    pub const TEXT: Self = Self { name: "text", summary: "Human-readable text" };
    /// For scripts.
    pub const JSON: Self = Self { name: "json", summary: "JSON, for scripts" };
    /// For the log of a workflow.
    pub const GITHUB: Self = Self { name: "github", summary: "GitHub Actions annotations" };
    /// For reviewers.
    pub const MARKDOWN: Self =
        Self { name: "markdown", summary: "Markdown tables, for pull requests and wikis" };
    /// For the history.
    pub const MERMAID: Self =
        Self { name: "mermaid", summary: "A Mermaid Gantt chart, rendered by GitHub" };
}
