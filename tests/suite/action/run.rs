//! What `rotate` is started with.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::project;
use super::runner::{Ended, Runner};

const REPORT: &str = "--report=[REPORTS]/report.";

impl Runner {
    /// What `rotate` is started with, if it is; each has a directory of its own for its report, which `[REPORTS]` stands for.
    fn run(&self, inputs: &[(&str, &str)]) -> Result<Vec<String>, Ended> {
        self.program("rotate", "printf '%s\\0' \"$@\" > \"$RUNNER_TEMP/arguments\"\nenv > \"$RUNNER_TEMP/environment\"\nexit ${STATUS:-0}");
        let _ = fs::remove_file(self.path("arguments"));
        let mut environment = vec![
            ("GH_TOKEN", "a token"),
            ("GITHUB_REPOSITORY", "shop/manifests"),
            ("GITHUB_SERVER_URL", "https://github.example.com"),
            // as the definition has them
            ("INPUT_DRAFT", "false"),
            ("INPUT_DRY_RUN", "false"),
            ("INPUT_HELM", "false"),
        ];
        environment.extend(inputs);
        let ended = self.script(&project(".github/action/run"), &[], &environment);
        if ended.status != 0 {
            return Err(ended);
        }
        let arguments = fs::read_to_string(self.path("arguments")).unwrap();
        let reports = self.reports();
        let reports = reports.iter().find(|one| arguments.contains(one.to_str().unwrap()));
        let arguments = arguments.replace(reports.unwrap().to_str().unwrap(), "[REPORTS]");
        fs::remove_dir(reports.unwrap()).unwrap();
        Ok(arguments.strip_suffix('\0').unwrap().split('\0').map(str::to_owned).collect())
    }

    /// The directories for reports.
    fn reports(&self) -> Vec<PathBuf> {
        let all = fs::read_dir(self.directory.path()).unwrap().map(|entry| entry.unwrap().path());
        all.filter(|path| path.to_str().unwrap().contains("/rotate-report.")).collect()
    }

    #[track_caller]
    fn starts(&self, inputs: &[(&str, &str)], expected: &[&str]) {
        let arguments = self.run(inputs).unwrap_or_else(|ended| panic!("{}", ended.said));
        assert_eq!(arguments, expected);
    }

    /// Without a family, a listing is of the only one.
    #[track_caller]
    fn takes_listing(&self, value: &str) {
        let inputs = [
            ("INPUT_COMMAND", "bump"),
            ("INPUT_ENVIRONMENT", "staging"),
            ("INPUT_FROM_STORE", value),
        ];
        let arguments = self.run(&inputs).ok().unwrap();
        let flag = format!("--from-store={value}");
        assert_eq!(arguments[4..], [&*flag, "--pull-request", "--", "staging"]);
    }

    #[track_caller]
    fn refuses(&self, inputs: &[(&str, &str)], why: &str) {
        let ended = self.run(inputs).err().unwrap();
        assert_eq!(
            (ended.status, ended.said.trim_end()),
            (2, format!("::error title=rotate::{why}").as_str())
        );
        assert!(!self.path("arguments").exists());
    }
}

const EVERYTHING: [(&str, &str); 15] = [
    ("INPUT_BASE", "trunk"),
    ("INPUT_BASELINE", "known.json"),
    ("INPUT_BRANCH_PREFIX", "keys/"),
    ("INPUT_CONFIG", "other.yaml"),
    ("INPUT_DRAFT", "true"),
    ("INPUT_DRY_RUN", "true"),
    ("INPUT_ENVIRONMENT", "production"),
    ("INPUT_FROM_STORE", "shop/db=db.json, aws"),
    ("INPUT_HELM", "true"),
    ("INPUT_LABELS", "rotation, keys"),
    ("INPUT_LIVE", "eu=a, b.json\n\n  us.json\n"),
    ("INPUT_MONITORS", "staging=s.json, p.json"),
    ("INPUT_REVIEWERS", "robin,\n shop/platform\n"),
    ("INPUT_SECRETS", "auth-api-secrets\nshop-db"),
    ("INPUT_WORKING_DIRECTORY", "clusters"),
];

fn with_everything(command: &str) -> Vec<(&str, &str)> {
    let mut inputs = EVERYTHING.to_vec();
    inputs.push(("INPUT_COMMAND", command));
    if ["lint", "status"].contains(&command) {
        let used = ["INPUT_COMMAND", "INPUT_CONFIG", "INPUT_WORKING_DIRECTORY"];
        let lint = ["INPUT_BASE", "INPUT_BASELINE", "INPUT_FROM_STORE", "INPUT_HELM"];
        inputs.retain(|(name, _)| used.contains(name) || command == "lint" && lint.contains(name));
    } else {
        let is_used = |name| match name {
            "INPUT_BASELINE" => false,
            "INPUT_FROM_STORE" => command == "bump",
            "INPUT_LIVE" => command == "prune",
            "INPUT_MONITORS" => command != "prune",
            _ => true,
        };
        inputs.retain(|(name, _)| is_used(*name));
    }
    inputs
}

#[test]
fn each_command_gets_what_it_needs_and_no_more() {
    let runner = Runner::new();
    let markdown = format!("{REPORT}md");
    let sarif = format!("{REPORT}sarif");
    let command = |command| [("INPUT_COMMAND", command)];
    runner.starts(&command("lint"), &["lint", "--format", "github", &sarif]);
    runner.starts(&command("status"), &["status", "--format", "github", &markdown]);
    let begin = ["promote", "--format", "github", &markdown, "--pull-request"];
    runner.starts(&command("promote"), &begin);
    for (command, rest) in
        [("bump", &["--all", "--", "staging"][..]), ("prune", &["--", "staging"])]
    {
        let begin = [command, "--format", "github", &markdown, "--pull-request"];
        let inputs = [("INPUT_COMMAND", command), ("INPUT_ENVIRONMENT", "staging")];
        runner.starts(&inputs, &[&begin, rest].concat());
    }
}

#[test]
fn every_input_becomes_an_argument() {
    let runner = Runner::new();
    let markdown = format!("{REPORT}md");
    let sarif = format!("{REPORT}sarif");
    let place = ["-C=clusters", "--config=other.yaml"];
    let lint = [
        &["lint", "--format", "github", &sarif][..],
        &place,
        &[
            "--base=trunk",
            "--baseline=known.json",
            "--helm",
            "--from-store=shop/db=db.json",
            "--from-store=aws",
        ],
    ]
    .concat();
    runner.starts(&with_everything("lint"), &lint);
    let status = [&["status", "--format", "github", &markdown][..], &place].concat();
    runner.starts(&with_everything("status"), &status);
    let request = [
        "--pull-request",
        "--branch-prefix=keys/",
        "--label=rotation",
        "--label=keys",
        "--reviewer=robin",
        "--reviewer=shop/platform",
        "--draft",
        "--dry-run",
    ];
    for command in ["promote", "bump", "prune"] {
        let rest = match command {
            "promote" => &["--family=auth-api-secrets", "--family=shop-db", "--", "production"][..],
            _ => &["--", "production", "auth-api-secrets", "shop-db"],
        };
        let begin = [command, "--format", "github", &markdown];
        let listings =
            ["--base=trunk", "--helm", "--from-store=shop/db=db.json", "--from-store=aws"];
        let with_dumps = [listings[0], listings[1], "--live=eu=a, b.json", "--live=us.json"];
        let common = match command {
            "bump" => &listings[..],
            "prune" => &with_dumps[..],
            _ => &listings[..2],
        };
        let monitors = ["--monitors=staging=s.json", "--monitors=p.json"];
        let monitors = if command == "prune" { &[][..] } else { &monitors[..] };
        runner.starts(
            &with_everything(command),
            &[&begin, &place[..], common, monitors, &request, rest].concat(),
        );
    }
}

/// The flags that the script gives are flags of the command.
#[test]
fn rotate_has_each_flag() {
    let runner = Runner::new();
    let sandbox = crate::support::Sandbox::empty();
    for command in ["lint", "status", "promote", "bump", "prune"] {
        let help = sandbox.rotate(&[command, "--help"]).success().stdout;
        let mut inputs = vec![with_everything(command)];
        // `--all` comes where no family is named
        inputs
            .push(inputs[0].iter().copied().filter(|(name, _)| *name != "INPUT_SECRETS").collect());
        for arguments in inputs.iter().map(|inputs| runner.run(inputs).ok().unwrap()) {
            for flag in
                arguments.iter().take_while(|one| *one != "--").filter(|one| one.starts_with('-'))
            {
                let flag = flag.split('=').next().unwrap();
                assert!(
                    help.lines()
                        .any(|line| line.trim_start().split([' ', ',']).next() == Some(flag)),
                    "`rotate {command}` has no `{flag}`"
                );
            }
        }
    }
}

#[test]
fn values_arrive_as_they_are() {
    let runner = Runner::new();
    let hostile = [
        "two words",
        "--override=soak",
        "-x",
        "it's \"quoted\"",
        "$(touch \"$RUNNER_TEMP/harm\")",
        "`touch harm`; touch harm",
        "a\nsecond line",
        "*",
        "%0A::error::no",
        "\\n",
        "~",
    ];
    for value in hostile {
        let inputs = [
            ("INPUT_BASE", value),
            ("INPUT_BRANCH_PREFIX", value),
            ("INPUT_COMMAND", "promote"),
            ("INPUT_CONFIG", value),
            ("INPUT_ENVIRONMENT", value),
            ("INPUT_WORKING_DIRECTORY", value),
        ];
        let arguments = runner.run(&inputs).ok().unwrap();
        let flags = ["-C", "--config", "--base", "--pull-request", "--branch-prefix", "--"];
        let expected: Vec<String> = flags
            .iter()
            .map(|flag| match *flag {
                "--pull-request" | "--" => (*flag).to_owned(),
                flag => format!("{flag}={value}"),
            })
            .chain([value.to_owned()])
            .collect();
        assert_eq!(arguments[4..], expected);
        if value.contains('\n') {
            continue;
        }
        runner.takes_listing(value);
        for command in ["promote", "prune"] {
            let inputs = [
                ("INPUT_COMMAND", command),
                ("INPUT_ENVIRONMENT", "production"),
                ("INPUT_LABELS", value),
                ("INPUT_SECRETS", value),
            ];
            let arguments = runner.run(&inputs).ok().unwrap();
            let (label, family) = (format!("--label={value}"), format!("--family={value}"));
            let expected = match command {
                "promote" => vec![label.as_str(), &family, "--", "production"],
                _ => vec![&label, "--", "production", value],
            };
            assert_eq!(arguments[5..], expected);
        }
    }
    let left: Vec<String> = fs::read_dir(runner.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn an_input_without_effect_is_refused() {
    let runner = Runner::new();
    for command in ["lint", "status"] {
        let used = with_everything(command);
        for (name, value) in EVERYTHING.iter().filter(|one| !used.contains(one)) {
            let input = name.strip_prefix("INPUT_").unwrap().to_lowercase().replace('_', "-");
            let why = format!("`{command}` does not use the input `{input}`; take it out");
            runner.refuses(&[("INPUT_COMMAND", command), (name, value)], &why);
        }
    }
    let why = "the input `command` is missing: lint, status, promote, bump or prune";
    runner.refuses(&[], why);
    let why =
        "the input `command` is $'init\\n::error::x', not lint, status, promote, bump or prune";
    runner.refuses(&[("INPUT_COMMAND", "init\n::error::x")], why);
    for command in ["bump", "prune"] {
        let why = format!("`{command}` needs the input `environment`");
        runner.refuses(&[("INPUT_COMMAND", command)], &why);
    }
    for (name, input) in
        [("INPUT_DRAFT", "draft"), ("INPUT_DRY_RUN", "dry-run"), ("INPUT_HELM", "helm")]
    {
        let why = format!("the input `{input}` is neither true nor false");
        runner.refuses(&[("INPUT_COMMAND", "promote"), (name, "yes")], &why);
    }
    let why = "the input `token` is empty, and `promote` speaks to GitHub";
    runner.refuses(&[("INPUT_COMMAND", "promote"), ("GH_TOKEN", "")], why);
}

/// A later step of the job reads the report of an earlier one.
#[test]
fn each_step_has_a_report_of_its_own() {
    let runner = Runner::new();
    runner.program(
        "rotate",
        "for one; do case \"$one\" in --report=*) printf '%s ' \"$1\" > \"${one#*=}\";; esac; done",
    );
    for command in ["lint", "status", "lint"] {
        let inputs = [("INPUT_COMMAND", command)];
        assert_eq!(runner.script(&project(".github/action/run"), &[], &inputs).status, 0);
    }
    let mut left = Vec::new();
    for directory in runner.reports() {
        for file in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            left.push(
                fs::read_to_string(&file).unwrap() + file.file_name().unwrap().to_str().unwrap(),
            );
        }
    }
    left.sort();
    assert_eq!(left, ["lint report.sarif", "lint report.sarif", "status report.md"]);
}

#[test]
fn the_exit_status_is_that_of_rotate() {
    let runner = Runner::new();
    for status in ["1", "2"] {
        let ended = runner.run(&[("INPUT_COMMAND", "lint"), ("STATUS", status)]).err().unwrap();
        assert_eq!(ended.status.to_string(), status);
    }
}

/// What a job sets for a `gh` of its own leads no pull request, and no token, elsewhere.
#[test]
fn only_what_speaks_to_github_gets_the_token_and_learns_which_server_it_is() {
    let runner = Runner::new();
    let environment = |inputs: &[(&str, &str)]| -> BTreeMap<String, String> {
        let _ = runner.run(inputs).ok().unwrap();
        let text = fs::read_to_string(runner.path("environment")).unwrap();
        let lines = text.lines().filter_map(|line| line.split_once('='));
        lines
            .filter(|(name, _)| name.starts_with("GH_") || name.ends_with("_TOKEN"))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    };
    assert!(environment(&[("INPUT_COMMAND", "lint")]).is_empty());
    let of_the_job = [
        ("INPUT_COMMAND", "promote"),
        ("GH_HOST", "github.localhost"),
        ("GH_REPO", "else/where"),
        ("GH_CONFIG_DIR", "/of/the/job"),
        ("GH_ENTERPRISE_TOKEN", "another token"),
        ("GITHUB_TOKEN", "another token"),
        ("GITHUB_ENTERPRISE_TOKEN", "another token"),
    ];
    for inputs in [&of_the_job[..1], &of_the_job] {
        let mut told = environment(inputs);
        let directory = told.remove("GH_CONFIG_DIR").unwrap();
        assert!(directory.starts_with(runner.directory.path().to_str().unwrap()), "{directory}");
        let told: Vec<(&str, &str)> =
            told.iter().map(|(name, value)| (&**name, &**value)).collect();
        let expected = [
            ("GH_ENTERPRISE_TOKEN", "a token"),
            ("GH_HOST", "github.example.com"),
            ("GH_REPO", "shop/manifests"),
            ("GH_TOKEN", "a token"),
        ];
        assert_eq!(told, expected);
    }
    // gh gives that one to whichever other server git asks it for
    let told =
        environment(&[("INPUT_COMMAND", "promote"), ("GITHUB_SERVER_URL", "https://github.com")]);
    assert_eq!(told["GH_HOST"], "github.com");
    assert!(!told.contains_key("GH_ENTERPRISE_TOKEN"));
}
