//! The commit message, whether `--commit` creates the commit or a person runs the printed command.

use std::fmt::{self, Write as _};

use crate::k8s::secret_name::{PLAIN, split};
use crate::plan::shift::ShiftPlan;
use crate::plan::{NextStep, Plan, Stage};
use crate::repo::subject::Subject;
use crate::text::shell::word;

/// An additional trailer of a commit message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The trailer's key.
    pub trailer: &'static str,
    /// The trailer's value.
    pub text: String,
}

impl Remark {
    /// The trailer's last word, as people read it.
    #[must_use]
    pub fn word(&self) -> String {
        self.trailer.rsplit('-').next().unwrap_or(self.trailer).to_lowercase()
    }
}

/// What a commit does: the first word of its subject line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// A family moves to a newer version.
    Bump,
    /// A family takes over the version of the environment before.
    Promote,
    /// A family goes back to an older version.
    RollBack,
    /// A family is held at the version that it has.
    Hold,
    /// Stubs of a family are removed.
    Prune,
    /// Traffic moves from one colour of a pair to the other.
    Shift,
    /// Monitors of a family are written.
    Monitor,
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bump => "Bump",
            Self::Promote => "Promote",
            Self::RollBack => "Roll back",
            Self::Hold => "Hold",
            Self::Prune => "Prune",
            Self::Shift => "Shift",
            Self::Monitor => "Monitor",
        })
    }
}

/// The message of a commit, with trailers that programs read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    verb: Verb,
    /// The families, each with its environment and new version.
    parts: Vec<Part>,
    /// The paragraphs between the subject and the trailers.
    body: Vec<String>,
    trailers: Vec<(&'static str, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    subject: Subject,
    to: Option<String>,
}

/// How many families the subject line names at most.
const NAMED: usize = 3;

impl Message {
    /// The message for a plan's changes.
    #[must_use]
    pub fn of(plan: &Plan, verb: Verb, remarks: &[Remark]) -> Self {
        let previous = plan.from.iter().filter(|name| **name != plan.to);
        let previous = previous.map(|name| split(name).map_or(PLAIN, |(_, digits)| digits));
        let previous: Vec<&str> = previous.collect();
        let mut message = Self::of_move(verb, &plan.subject, plan.version(), &previous);
        for remark in remarks {
            // A line break would end the trailer.
            let text: Vec<&str> = remark.text.split_whitespace().collect();
            message.trailers.push((remark.trailer, text.join(" ")));
        }
        message
    }

    /// The message for a move to a version from previous ones.
    #[must_use]
    pub fn of_move(verb: Verb, subject: &Subject, to: &str, previous: &[&str]) -> Self {
        let mut message = Self::new(verb, subject, Some(to.to_owned()));
        message.trailers.push(("Rotate-Version", to.to_owned()));
        let previous = previous.iter().map(|name| ("Rotate-Previous", (*name).to_owned()));
        message.trailers.extend(previous);
        message
    }

    /// The message for versions that are removed.
    #[must_use]
    pub fn of_removal(subject: &Subject, versions: &[&str]) -> Self {
        let names: Vec<String> =
            versions.iter().map(|version| format!("{}-{version}", subject.family)).collect();
        let list = names.join(", ");
        let mut message = Self::new(Verb::Prune, subject, None);
        let environment = &subject.environment;
        message.body = vec![format!(
            "Nothing in {environment} names {list} any more, and the retention is over."
        )];
        message.trailers.extend(versions.iter().map(|one| ("Rotate-Version", (*one).to_owned())));
        message
    }

    /// The message for traffic that moves: the pair, the colour and its part in percent.
    #[must_use]
    pub fn of_shift(plan: &ShiftPlan, remarks: &[Remark]) -> Self {
        let to = format!("{} {} %", plan.to, plan.weight);
        let mut trailers = vec![
            ("Rotate-Pair", plan.pair.clone()),
            ("Rotate-Environment", plan.environment.clone()),
            ("Rotate-Weight", to.clone()),
        ];
        let text = |remark: &Remark| remark.text.split_whitespace().collect::<Vec<_>>().join(" ");
        trailers.extend(remarks.iter().map(|remark| (remark.trailer, text(remark))));
        let subject = Subject::new(&plan.environment, &*plan.pair);
        let parts = vec![Part { subject, to: Some(to) }];
        Self { verb: Verb::Shift, parts, body: Vec::new(), trailers }
    }

    /// The message for monitors that are written.
    #[must_use]
    pub fn of_monitors(subject: &Subject, versions: &[&str]) -> Self {
        let mut message = Self::new(Verb::Monitor, subject, None);
        message.trailers.extend(versions.iter().map(|one| ("Rotate-Version", (*one).to_owned())));
        message
    }

    fn new(verb: Verb, subject: &Subject, to: Option<String>) -> Self {
        let trailers = vec![
            ("Rotate-Family", subject.family.to_string()),
            ("Rotate-Environment", subject.environment.clone()),
        ];
        Self {
            verb,
            parts: vec![Part { subject: subject.clone(), to }],
            body: Vec::new(),
            trailers,
        }
    }

    /// Merges several messages into one; `None` if there are none.
    #[must_use]
    pub fn together(messages: Vec<Self>) -> Option<Self> {
        let mut messages = messages.into_iter();
        let mut all = messages.next()?;
        for one in messages {
            all.parts.extend(one.parts);
            all.trailers.extend(one.trailers);
            all.body.extend(one.body);
        }
        Some(all)
    }

    /// The first line.
    #[must_use]
    pub fn subject(&self) -> String {
        if let [Part { subject: Subject { environment, family }, to }] = &self.parts[..] {
            let word = if self.verb == Verb::Hold { "at" } else { "to" };
            let to = to.as_ref().map_or_else(String::new, |to| format!(" {word} {to}"));
            return format!("{} {family} in {environment}{to}", self.verb);
        }
        let unique = |of: fn(&Part) -> &str| {
            let mut names: Vec<&str> = Vec::new();
            for name in self.parts.iter().map(of) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            names
        };
        let families = unique(|part| &part.subject.family);
        let families = match families.len() {
            0..=NAMED => families.join(", "),
            many => format!("{many} families"),
        };
        format!(
            "{} {families} in {}",
            self.verb,
            unique(|part| &part.subject.environment).join(" and ")
        )
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.subject());
        for paragraph in &self.body {
            let _ = writeln!(text, "{paragraph}\n");
        }
        for (key, value) in &self.trailers {
            let _ = writeln!(text, "{key}: {value}");
        }
        text
    }

    /// The step that makes the same commit by hand, and pushes it where `pushes` says that the branch has an upstream; `git` is
    /// how Git is called for the tree. Naming the files keeps whatever else has changed out of it.
    #[must_use]
    pub fn step(&self, git: &str, files: &[&str], pushes: bool) -> NextStep {
        let paths = files.iter().map(|path| word(path)).collect::<Vec<_>>().join(" ");
        // Without it, Git would treat the path as a pattern that can match other files.
        let is_pattern = files.iter().any(|path| path.contains(['*', '?', '[', '\\', ':']));
        let (what, push) = match pushes {
            true => ("Commit and push the change,", format!("\n{git} push")),
            false => ("Commit the change", String::new()),
        };
        let git = if is_pattern { format!("{git} --literal-pathspecs") } else { git.to_owned() };
        let subject = self.subject();
        let message: String = std::iter::once(&subject)
            .chain(&self.body)
            .map(|text| format!(" --message {}", word(text)))
            .collect();
        let trailers: String = self
            .trailers
            .iter()
            .map(|(key, value)| format!(" --trailer {}", word(&format!("{key}: {value}"))))
            .collect();
        NextStep {
            title: format!("{what} and wait for it to be reconciled."),
            command: Some(format!(
                "{git} add --all -- {paths}\n{git} commit{message}{trailers} -- {paths}{push}"
            )),
            stage: Stage::Commit,
        }
    }
}

/// The step that publishes commits which are made already; `git` is how Git is called for the tree.
#[must_use]
pub fn push(git: &str) -> NextStep {
    NextStep {
        title: "Push what was committed and wait for it to be reconciled.".to_owned(),
        command: Some(format!("{git} push")),
        stage: Stage::Commit,
    }
}

#[cfg(test)]
mod tests {
    use super::{Message, Verb};
    use crate::repo::subject::Subject;

    #[test]
    fn several_become_one() {
        let one = |family: &str, at: &str| {
            Message::new(Verb::Promote, &Subject::new(at, family), Some("1".to_owned()))
        };
        let both =
            Message::together(vec![one("auth", "production"), one("db", "production")]).unwrap();
        assert_eq!(both.subject(), "Promote auth, db in production");
        let many = ["a", "b", "c", "d"].map(|name| one(name, "staging")).to_vec();
        let many = Message::together([many, vec![one("a", "production")]].concat()).unwrap();
        assert_eq!(many.subject(), "Promote 4 families in staging and production");
        assert!(Message::together(Vec::new()).is_none());
    }

    #[test]
    fn a_commit_is_pushed_where_there_is_an_upstream() {
        let message = Message::of_removal(&Subject::new("staging", "auth"), &["20250101000000"]);
        let [step, alone] = [true, false].map(|pushes| message.step("git -C x", &["*"], pushes));
        assert!(step.command.unwrap().ends_with("-- '*'\ngit -C x push"));
        assert!(!alone.command.unwrap().contains("push"));
    }

    #[test]
    fn a_removal_names_each_family() {
        let removal =
            |family| Message::of_removal(&Subject::new("staging", family), &["20250101000000"]);
        let text = Message::together(vec![removal("auth"), removal("db")]).unwrap().text();
        for family in ["auth", "db"] {
            let line = format!("\nNothing in staging names {family}-20250101000000 any more,");
            assert!(text.contains(&line), "{text}");
        }
    }

    #[test]
    fn a_printed_commit_keeps_to_its_files() {
        let step = Message::of_removal(&Subject::new("staging", "auth"), &["20250101000000"]).step(
            "git",
            &["-a", "b[c].yaml"],
            false,
        );
        assert_eq!(
            step.command.unwrap(),
            "git --literal-pathspecs add --all -- -a 'b[c].yaml'\n\
             git --literal-pathspecs commit --message 'Prune auth in staging' --message 'Nothing in staging names auth-20250101000000 any more, \
             and the retention is over.' --trailer 'Rotate-Family: auth' --trailer 'Rotate-Environment: staging' \
             --trailer 'Rotate-Version: 20250101000000' -- -a 'b[c].yaml'"
        );
    }
}
