//! The life of one family, from its first rotation to the removal of the old version, in one repository, with a fixed
//! clock: what `status` says after each step is kept in `fixtures/story/`; `SNAPSHOTS=overwrite` writes it anew.

use std::path::Path;

use crate::support::{Output, Sandbox};

const FAMILY: &str = "auth-api-secrets";

pub(crate) struct Story {
    pub(crate) sandbox: Sandbox,
    pub(crate) now: String,
}

impl Story {
    /// The example repository, committed, with a job that runs once a month.
    fn begin(now: &str) -> Self {
        let story = Self { sandbox: Sandbox::example("auth-api"), now: now.to_owned() };
        for environment in ["staging", "production"] {
            let file = format!("overlays/{environment}/token-cleanup.yaml");
            let monthly = story.sandbox.read(&file).replace("15 3 * * 0", "15 3 1 * *");
            story.sandbox.write(&file, &monthly);
        }
        story.init();
        story.commit("Begin");
        story
    }

    /// Makes it a repository.
    pub(crate) fn init(&self) {
        let mut options = git2::RepositoryInitOptions::new();
        options.initial_head("main");
        git2::Repository::init_opts(self.sandbox.root(), &options).unwrap();
    }

    pub(crate) fn at(&mut self, now: &str) {
        now.clone_into(&mut self.now);
    }

    fn git(&self, arguments: &[&str]) -> Output {
        let mut git = std::process::Command::new("git");
        git.current_dir(self.sandbox.root()).args(arguments);
        self.sandbox.finish(self.dated(&mut git))
    }

    /// With the name and the time that commits get.
    pub(crate) fn dated<'c>(
        &self,
        command: &'c mut std::process::Command,
    ) -> &'c mut std::process::Command {
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "Robin");
            command.env(format!("GIT_{role}_EMAIL"), "robin@example.com");
            command.env(format!("GIT_{role}_DATE"), &self.now);
        }
        command.env("GIT_CONFIG_GLOBAL", self.sandbox.path("../no-settings"))
    }

    pub(crate) fn commit(&self, message: &str) {
        let _ = self.git(&["add", "--all"]).success();
        let _ = self.git(&["commit", "--quiet", "--message", message]).success();
    }

    fn rotate(&self, arguments: &[&str]) -> Output {
        let mut command = self.sandbox.command(arguments);
        command.args(["--at", &self.now]);
        self.sandbox.finish(self.dated(&mut command))
    }

    fn message(&self) -> String {
        self.git(&["log", "-1", "--format=%B"]).success().stdout
    }

    /// Holds what `status` and `history` say against what is kept.
    fn stands(&self, step: &str) {
        let status = self.rotate(&["status"]).success().stdout;
        let history = self.rotate(&["history", FAMILY]).success().stdout;
        // A commit's name depends on the tree, which other tests may well change.
        let told: Vec<String> =
            status.lines().chain([""]).chain(history.lines()).map(without_commit).collect();
        let told = format!("{}\n{}\n", self.now, told.join("\n"));
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/story/{step}.txt"));
        if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
            std::fs::write(&file, &told).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap_or_default(), told, "{step}");
    }

    fn stubs(&self, environment: &str) -> Vec<String> {
        let files = self.sandbox.files().into_iter().map(|(name, _)| name);
        let prefix = format!("overlays/{environment}/externalsecret-{FAMILY}-");
        files
            .filter_map(|name| name.strip_prefix(&prefix)?.strip_suffix(".yaml").map(str::to_owned))
            .collect()
    }
}

/// The line with `COMMIT` for a commit's first digits.
pub(crate) fn without_commit(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let digits = word.trim_matches(['(', ')', ',', ':', ';']);
        let is_commit = digits.len() == 9
            && digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if is_commit { word.replace(digits, "COMMIT") } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ").trim_end().to_owned()
}

#[test]
fn a_familys_life() {
    let mut story = Story::begin("2025-07-01T08:00:00Z");
    story.stands("01-begin");
    first_rotation(&mut story);
    incident(&mut story);
    second_rotation_and_the_end_of_the_first_version(&mut story);
}

fn first_rotation(story: &mut Story) {
    story.at("2025-07-23T11:00:00Z");
    let _ = story.rotate(&["bump", "staging", "--commit"]).success();
    let message = story.message();
    for line in [
        "Bump auth-api-secrets in staging to 20250723110000",
        "Rotate-Family: auth-api-secrets",
        "Rotate-Environment: staging",
        "Rotate-Version: 20250723110000",
        "Rotate-Previous: 20250602090000",
    ] {
        assert!(message.lines().any(|one| one == line), "{line}\n{message}");
    }
    assert_eq!(story.git(&["status", "--porcelain"]).success().stdout, "");
    story.stands("02-staging");

    // A minute too early, whoever asks.
    story.at("2025-07-24T10:59:00Z");
    let _ = story.rotate(&["bump", "production"]).status(1).says(&[
        "soak",
        "23h 59m of 1d, ends at 2025-07-24 11:00 UTC",
        "--override soak",
    ]);
    let waiting = story.rotate(&["promote", "--check"]).success();
    let _ = waiting.says(&["Nothing is due", "ends at 2025-07-24 11:00 UTC"]);

    // What has nothing to do with it does not begin the soak anew.
    let image = "overlays/staging/token-cleanup.yaml";
    let text = story.sandbox.read(image).replace("api:2.14.0", "api:2.15.0");
    story.sandbox.write(image, &text);
    story.commit("Set the image of the cleanup");
    story.stands("03-almost-soaked");

    story.at("2025-07-24T11:00:00Z");
    let _ = story.rotate(&["promote", "--check"]).status(1);
    let _ = story.rotate(&["promote", "production", "--commit"]).success();
    assert!(
        story.message().starts_with("Promote auth-api-secrets in production to 20250723110000")
    );
    story.stands("04-production");
}

fn incident(story: &mut Story) {
    // The new value does not work with the outside API.
    story.at("2025-07-24T13:30:00Z");
    let back = ["rollback", "production", FAMILY, "--reason", "logins fail: 401", "--commit"];
    let _ = story.rotate(&back).success();
    let message = story.message();
    assert!(message.starts_with("Roll back auth-api-secrets in production to 20250602090000"));
    assert!(message.contains("Rotate-Reason: logins fail: 401"), "{message}");
    let settings = story.sandbox.read("rotate.yaml");
    assert!(settings.contains("version: \"20250602090000\"") && settings.contains("logins fail"));
    story.stands("05-rolled-back");

    story.at("2025-07-26T09:00:00Z");
    let held = story.rotate(&["promote", "--commit"]).success();
    let _ = held.says(&["Nothing is due", "held at 20250602090000"]);
    let held = story.rotate(&["bump", "production"]).status(1);
    let _ = held.says(&["hold: held at 20250602090000", "logins fail", "--lift-hold"]);

    let lift = ["bump", "production", "--lift-hold", "--commit"];
    let _ = story.rotate(&lift).success();
    assert!(
        !story.sandbox.path("rotate.yaml").exists()
            || !story.sandbox.read("rotate.yaml").contains("holds")
    );
    assert!(story.message().contains("Rotate-Hold: lifted"));
    story.stands("06-lifted");
}

fn second_rotation_and_the_end_of_the_first_version(story: &mut Story) {
    story.at("2025-08-04T07:15:00Z");
    let _ = story.rotate(&["bump", "staging", "--commit"]).success();
    story.at("2025-08-05T08:00:00Z");
    let _ = story.rotate(&["promote", "--commit"]).success();
    let all = ["20250602090000", "20250723110000", "20250804071500"];
    assert_eq!(story.stubs("production"), all);
    story.stands("07-second-rotation");

    // Nothing names the first version since the 26th, but a job that runs once a month may still be at it.
    story.at("2025-08-15T09:00:00Z");
    let kept = story.rotate(&["prune", "production", "--check"]).success();
    let _ = kept.says(&["20250602090000", "CronJob", "20250723110000"]);
    assert_eq!(story.stubs("production"), all);

    story.at("2025-10-04T09:00:00Z");
    let _ = story.rotate(&["prune", "production", "--check"]).status(1);
    let _ = story.rotate(&["prune", "production", "--commit"]).success();
    assert_eq!(story.stubs("production"), all[1..]);
    let listing = story.sandbox.read("overlays/production/kustomization.yaml");
    assert!(!listing.contains(&format!("externalsecret-{FAMILY}-{}", all[0])), "{listing}");
    assert_eq!(story.git(&["status", "--porcelain"]).success().stdout, "");
    story.stands("08-pruned");
}

/// The README tells the same story: its commands are run, and what they say must be what it shows; `...` stands for
/// lines that are left out.
#[test]
fn the_readmes_story() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"));
    let readme = readme.unwrap();
    let start = readme.find("<!-- story -->\n```shell-session\n").unwrap();
    let text = &readme[start..readme.find("```\n<!-- /story -->").unwrap()];
    let mut story = Story::begin("2025-07-01T08:00:00Z");
    let mut commands = 0;
    for block in text.split("\n# ").skip(1) {
        let mut lines = block.lines();
        story.at(lines.next().unwrap());
        let command = lines.next().and_then(|line| line.strip_prefix("$ rotate ")).unwrap();
        let output = story.rotate(&words(command));
        let said = format!("{}{}", output.stdout, output.stderr);
        let said: Vec<String> = said.lines().map(without_commit).collect();
        let shown: Vec<&str> = lines.collect();
        assert!(fits(&shown, &said), "$ rotate {command}\n{}", said.join("\n"));
        commands += 1;
    }
    assert!(commands >= 5, "{commands} commands only");
}

/// The words of a command line; single quotes hold one together.
pub(crate) fn words(command: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for (index, part) in command.split('\'').enumerate() {
        if index % 2 == 1 {
            words.push(part);
        } else {
            words.extend(part.split_whitespace());
        }
    }
    words
}

/// Whether lines are those that are shown, `...` standing for any number of them.
pub(crate) fn fits(shown: &[&str], said: &[String]) -> bool {
    match (shown.first(), said.first()) {
        (None, _) => said.iter().all(String::is_empty),
        (Some(&"..."), _) => (0..=said.len()).any(|from| fits(&shown[1..], &said[from..])),
        (Some(line), Some(one)) => line == one && fits(&shown[1..], &said[1..]),
        (Some(_), None) => false,
    }
}
