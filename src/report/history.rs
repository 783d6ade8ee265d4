//! `rotate history`: which version of a family ran where, from when to when.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::repo::subject::{Family, Subject};
use crate::report::console::Paint;
use crate::report::status::{SinceView, column, rfc3339, running};
use crate::text::markdown::plain;
use crate::timeline::gate::{moment, span};
use crate::timeline::{Began, Era, Timeline};

/// The history of a family to report.
pub struct Story<'a> {
    /// The family.
    pub family: &'a Family,
    /// The mainline's history.
    pub timeline: &'a Timeline,
    /// The environments, in the order in which they are shown.
    pub environments: Vec<String>,
    /// The time that counts as now.
    pub now: DateTime<Utc>,
    /// How many of the newest periods are shown per environment; `None` for all.
    pub newest: Option<usize>,
}

/// A time in which an environment ran the same.
struct Stretch<'a> {
    era: &'a Era,
    /// What ended it; `None` if it is still running.
    end: Option<&'a Began>,
}

impl<'a> Story<'a> {
    /// The times of an environment, the newest first.
    fn stretches(&self, environment: &str) -> Vec<Stretch<'a>> {
        let eras = self.timeline.eras(&Subject::new(environment, self.family));
        let ends = std::iter::once(None).chain(eras.iter().map(|era| Some(&era.began)));
        let stretches = eras.iter().zip(ends).map(|(era, end)| Stretch { era, end });
        stretches.take(self.newest.unwrap_or(usize::MAX)).collect()
    }

    fn end(&self, stretch: &Stretch<'_>) -> DateTime<Utc> {
        stretch.end.map_or(self.now, Began::time)
    }
}

/// What `rotate history --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// Always `rotate.history/v1`.
    pub schema: &'static str,
    /// The family.
    pub family: String,
    /// The branch that was read.
    pub mainline: String,
    /// The time that counts as now.
    pub now: String,
    /// The environments that ever named the family, in promotion order.
    pub environments: Vec<LifeView>,
}

/// A family's life in an environment.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LifeView {
    /// The environment.
    pub environment: String,
    /// The times in which it ran the same, the newest first.
    pub eras: Vec<EraView>,
}

/// A time in which an environment ran the same.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EraView {
    /// The versions that its references named; none while nothing named the family, several while they were mixed.
    pub versions: Vec<String>,
    /// Whether a reference had the plain name.
    pub plain: bool,
    /// What it began with.
    pub from: SinceView,
    /// What ended it; null for what runs now.
    pub to: Option<SinceView>,
    /// How long it lasted, or lasts until now.
    pub seconds: i64,
}

impl History {
    /// The view of a family's story.
    #[must_use]
    pub fn new(story: &Story<'_>) -> Self {
        let era = |stretch: &Stretch<'_>| EraView {
            versions: stretch.era.running.versions.iter().cloned().collect(),
            plain: stretch.era.running.plain,
            from: SinceView::new(&stretch.era.began),
            to: stretch.end.map(SinceView::new),
            seconds: (story.end(stretch) - stretch.era.began.time()).num_seconds().max(0),
        };
        let life = |environment: &String| LifeView {
            environment: environment.clone(),
            eras: story.stretches(environment).iter().map(era).collect(),
        };
        Self {
            schema: "rotate.history/v1",
            family: story.family.to_string(),
            mainline: story.timeline.mainline.clone(),
            now: rfc3339(story.now),
            environments: story.environments.iter().map(life).collect(),
        }
    }
}

/// The report for people.
#[must_use]
pub fn text(story: &Story<'_>, color: bool) -> String {
    let mut out = format!("{} on {}\n", story.family, story.timeline.mainline);
    for environment in &story.environments {
        let _ = writeln!(out, "\n{}", Paint::Bold.on(environment, color));
        let stretches = story.stretches(environment);
        let names = stretches.iter().map(|one| running(&one.era.running).len());
        let width = column(names).max("20250723110000".len());
        for one in &stretches {
            let commit = one.era.began.commit();
            let _ = writeln!(
                out,
                "  {:width$}  {} to {:20}  {:>8}  {}  {}",
                running(&one.era.running),
                from(&one.era.began),
                to(one),
                span(story.end(one) - one.era.began.time()),
                commit.short(),
                commit.author
            );
        }
    }
    out
}

/// The report as Markdown, for a pull request or a wiki: the chart, and below it the table.
#[must_use]
pub fn markdown(story: &Story<'_>) -> String {
    let mut out = format!("```mermaid\n{}```\n\n", mermaid(story));
    out.push_str("| environment | version | from | to | for | commit | author |\n");
    out.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
    for environment in &story.environments {
        for (index, one) in story.stretches(environment).iter().enumerate() {
            let commit = one.era.began.commit();
            let cells = [
                if index == 0 { plain(environment) } else { String::new() },
                running(&one.era.running),
                from(&one.era.began),
                to(one),
                span(story.end(one) - one.era.began.time()),
                format!("{} {}", commit.short(), plain(&commit.subject)),
                plain(&commit.author),
            ];
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        }
    }
    out
}

/// The report as a Gantt chart of Mermaid, which GitHub draws: a section for each environment, a bar for each time.
#[must_use]
pub fn mermaid(story: &Story<'_>) -> String {
    let mut out = format!(
        "gantt\n    title {} on {}\n    dateFormat YYYY-MM-DD HH:mm:ss\n    axisFormat %Y-%m-%d\n",
        escaped(story.family),
        escaped(&story.timeline.mainline)
    );
    for environment in &story.environments {
        let _ = writeln!(out, "    section {}", escaped(environment));
        let stretches = story.stretches(environment);
        for one in stretches.iter().rev().filter(|one| !one.era.running.is_empty()) {
            let running_now = &one.era.running;
            let is_mixed = running_now.versions.len() + usize::from(running_now.plain) > 1;
            let tag = match (is_mixed, one.end) {
                (true, _) => "crit",
                (false, None) => "active",
                (false, Some(_)) => "done",
            };
            let time = |time: DateTime<Utc>| time.format("%Y-%m-%d %H:%M:%S").to_string();
            let _ = writeln!(
                out,
                "    {} :{tag}, {}, {}",
                escaped(&running(running_now)),
                time(one.era.began.time()),
                time(story.end(one).max(one.era.began.time()))
            );
        }
    }
    out
}

fn from(began: &Began) -> String {
    let before = if began.is_exact() { "" } else { "before " };
    format!("{before}{}", moment(began.time()))
}

fn to(stretch: &Stretch<'_>) -> String {
    stretch.end.map_or_else(|| "now".to_owned(), |end| moment(end.time()))
}

/// A text that means nothing to Mermaid: what may be a sign of its grammar is written as a code.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '-' | '.' | '_' | '/' | '+' | ' ' => out.push(character),
            character if character.is_alphanumeric() => out.push(character),
            character if character.is_control() => out.push(' '),
            character => {
                let _ = write!(out, "#{};", u32::from(character));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn names_mean_nothing_to_the_chart() {
        assert_eq!(escaped("eu-1.prod 20250723110000"), "eu-1.prod 20250723110000");
        assert_eq!(escaped("a:b;c#d\n%%{init}"), "a#58;b#59;c#35;d #37;#37;#123;init#125;");
    }
}
