//! A walk that ends when all that was asked is answered gives the answers of a walk to the first commit: over generated
//! histories with reverts, mixed versions, plain names, environments that come and are renamed, and roots that fail.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use rotate::config::parse::parse;
use rotate::disk::tree::DiskTree;
use rotate::git::repository::Git;
use rotate::lint;
use rotate::lint::selection::Selection;
use rotate::repo::subject::Subject;
use rotate::repo::usage::Running;
use rotate::repo::{Repo, Scope};
use rotate::text::path::TreePath;
use rotate::text::source::Source;
use rotate::timeline::Timeline;
use rotate::timeline::outlook::outlook;
use rotate::timeline::question::{Question, Questions};
use rotate::timeline::shared::SharedWalk;
use rotate::timeline::walk::Depth;

use crate::support::Sandbox;

/// The directories of the environments, in promotion order.
const PLACES: [&str; 3] = ["dev", "staging", "production"];
/// Each environment has so many build roots.
const ROOTS: [&str; 2] = ["web", "job"];

/// What a commit does.
#[derive(Debug, Clone)]
enum Step {
    /// A root takes a name: the plain one, a new version, that of the environment before, or one that was there before.
    Take { place: usize, root: usize, name: Name },
    /// Every root of an environment takes a name.
    TakeAll { place: usize, name: Name },
    /// A root fails, or is mended.
    Break { place: usize, root: usize },
    /// A root goes, or comes.
    Remove { place: usize, root: usize },
    /// An environment is called otherwise.
    Rename { place: usize },
    /// So many commits change nothing that counts.
    Idle(usize),
    /// A commit has a date that cannot be right.
    Misdate { days: i64 },
}

#[derive(Debug, Clone, Copy)]
enum Name {
    Plain,
    New,
    Before,
    /// The one that was new so many versions ago.
    Back(usize),
}

#[derive(Debug, Clone)]
struct History {
    steps: Vec<Step>,
    /// What was done to the files since the last commit.
    dirty: Option<Step>,
    /// How many commits, counted from the oldest, a shallow clone lacks.
    lacks: Option<usize>,
}

fn step() -> impl Strategy<Value = Step> {
    let name = prop_oneof![
        1 => Just(Name::Plain),
        3 => Just(Name::New),
        3 => Just(Name::Before),
        3 => (0_usize..3).prop_map(Name::Back),
    ];
    let (place, root) = (0..PLACES.len(), 0..ROOTS.len());
    prop_oneof![
        4 => (place.clone(), root.clone(), name.clone())
            .prop_map(|(place, root, name)| Step::Take { place, root, name }),
        8 => (place.clone(), name).prop_map(|(place, name)| Step::TakeAll { place, name }),
        1 => (place.clone(), root.clone()).prop_map(|(place, root)| Step::Break { place, root }),
        1 => (place.clone(), root).prop_map(|(place, root)| Step::Remove { place, root }),
        1 => place.prop_map(|place| Step::Rename { place }),
        2 => (1_usize..50).prop_map(Step::Idle),
        1 => prop_oneof![Just(-400_i64), Just(400)].prop_map(|days| Step::Misdate { days }),
    ]
}

fn history() -> impl Strategy<Value = History> {
    let steps = prop::collection::vec(step(), 4..16);
    let dirty = prop_oneof![3 => Just(None), 1 => step().prop_map(Some)];
    let lacks = prop_oneof![3 => Just(None), 1 => (1_usize..40).prop_map(Some)];
    (steps, dirty, lacks).prop_map(|(steps, dirty, lacks)| History { steps, dirty, lacks })
}

/// A build root.
#[derive(Debug, Clone)]
struct Place {
    name: String,
    is_broken: bool,
    is_there: bool,
}

/// A repository that is being built.
struct Tree {
    now: DateTime<Utc>,
    roots: BTreeMap<(usize, usize), Place>,
    names: [String; 3],
    versions: Vec<String>,
    /// How much the next commit's date is off.
    off: i64,
}

impl Tree {
    fn new() -> Self {
        let plain = || Place { name: "auth".to_owned(), is_broken: false, is_there: true };
        let all =
            (0..PLACES.len()).flat_map(|place| (0..ROOTS.len()).map(move |root| (place, root)));
        Self {
            now: "2025-03-01T00:00:00Z".parse().unwrap(),
            roots: all.map(|key| (key, plain())).collect(),
            names: PLACES.map(str::to_owned),
            versions: Vec::new(),
            off: 0,
        }
    }

    fn spell(&mut self, place: usize, name: Name) -> String {
        match name {
            Name::Plain => "auth".to_owned(),
            Name::New => {
                let version = format!("auth-{}", self.now.format("%Y%m%d%H%M%S"));
                self.versions.push(version.clone());
                version
            }
            Name::Before => self.roots[&(place.saturating_sub(1), 0)].name.clone(),
            Name::Back(ago) => {
                let known = self.versions.iter().rev().nth(ago);
                known.map_or_else(|| "auth".to_owned(), Clone::clone)
            }
        }
    }

    /// How many commits it takes.
    fn take(&mut self, step: &Step) -> usize {
        self.now += TimeDelta::hours(7);
        match *step {
            Step::Take { place, root, name } => {
                let name = self.spell(place, name);
                self.roots.get_mut(&(place, root)).unwrap().name = name;
            }
            Step::TakeAll { place, name } => {
                let name = self.spell(place, name);
                for root in 0..ROOTS.len() {
                    self.roots.get_mut(&(place, root)).unwrap().name.clone_from(&name);
                }
            }
            Step::Break { place, root } => {
                let root = self.roots.get_mut(&(place, root)).unwrap();
                root.is_broken = !root.is_broken;
            }
            Step::Remove { place, root } => {
                let root = self.roots.get_mut(&(place, root)).unwrap();
                root.is_there = !root.is_there || place == 0;
            }
            Step::Rename { place } => {
                let name = &mut self.names[place];
                *name = if name == PLACES[place] {
                    format!("{name}-2")
                } else {
                    PLACES[place].to_owned()
                };
            }
            Step::Idle(many) => return many,
            Step::Misdate { days } => self.off = days,
        }
        1
    }

    /// Every file, with its text.
    fn files(&self) -> Vec<(String, String)> {
        let mut settings = "environments:\n".to_owned();
        for (index, (name, place)) in self.names.iter().zip(PLACES).enumerate() {
            // What is declared must be there.
            if !self.roots.iter().any(|((place, _), root)| *place == index && root.is_there) {
                continue;
            }
            let _ = writeln!(settings, "  - {{ name: {name}, paths: [{place}], soak: 1h }}");
        }
        let mut files = vec![("rotate.yaml".to_owned(), settings)];
        for ((place, root), one) in &self.roots {
            let directory = format!("{}/{}", PLACES[*place], ROOTS[*root]);
            if !one.is_there {
                continue;
            }
            let missing = if one.is_broken { ", missing.yaml" } else { "" };
            files.push((
                format!("{directory}/kustomization.yaml"),
                format!("resources: [app.yaml{missing}]\n"),
            ));
            files.push((
                format!("{directory}/app.yaml"),
                format!(
                    "apiVersion: v1\nkind: Pod\nmetadata: {{ name: {} }}\nspec:\n  containers:\n    - name: web\n      \
                     envFrom: [{{ secretRef: {{ name: {} }} }}]\n",
                    ROOTS[*root], one.name
                ),
            ));
        }
        files
    }
}

/// A repository with such a history, and the time after it.
fn lay(history: &History) -> (Sandbox, DateTime<Utc>) {
    let sandbox = Sandbox::empty();
    let root = sandbox.root();
    let git = |arguments: &[&str], input: &str| {
        let mut command = Command::new("git");
        command.current_dir(&root).args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let mut tree = Tree::new();
    let mut input = String::new();
    let mut commit = |tree: &mut Tree| {
        let time = (tree.now + TimeDelta::days(std::mem::take(&mut tree.off))).timestamp();
        let _ = write!(
            input,
            "commit refs/heads/main\ncommitter Robin <robin@example.com> {time} +0000\ndata 1\nx\ndeleteall\n"
        );
        let idle = ("README.md".to_owned(), time.to_string());
        for (path, text) in tree.files().into_iter().chain([idle]) {
            let _ = write!(input, "M 100644 inline {path}\ndata {}\n{text}\n", text.len());
        }
    };
    commit(&mut tree);
    for step in &history.steps {
        for _ in 0..tree.take(step) {
            tree.now += TimeDelta::minutes(10);
            commit(&mut tree);
        }
    }
    git(&["init", "--quiet", "--initial-branch=main"], "");
    git(&["fast-import", "--quiet"], &input);
    git(&["reset", "--quiet", "--hard"], "");
    if let Some(lacks) = history.lacks {
        let all = git(&["rev-list", "--reverse", "HEAD"], "");
        if let Some(oldest) = all.lines().nth(lacks) {
            fs::write(root.join(".git/shallow"), format!("{oldest}\n")).unwrap();
        }
    }
    if let Some(step) = &history.dirty {
        tree.take(step);
        for (path, text) in tree.files() {
            sandbox.write(&path, &text);
        }
    }
    (sandbox, tree.now + TimeDelta::hours(30))
}

/// What a timeline answers.
fn answer(past: &Timeline, question: &Question) -> String {
    match question {
        Question::Since(subject, running) => {
            let now = past.now(subject).filter(|now| now.running == *running);
            format!("{now:?}")
        }
        Question::Ran(subject, version) => {
            format!("{:?} {:?}", past.ever_had(subject, version), past.unused(subject, version, []))
        }
        Question::First(subject, version) => format!("{:?}", past.first_run(subject, version)),
        Question::At(subject, time) => format!("{:?}", past.at(subject, *time)),
        Question::Left(subject, version, now) => {
            let hides = past.hides_a_return(subject, version, now);
            match past.left(subject, version, now) {
                Some(era) => format!("{era:?}"),
                None => format!("{hides}"),
            }
        }
        Question::WaysBack(subject, now) => {
            format!("{:?}", past.ways_back(subject, now, &BTreeSet::from(["20250101000000"])))
        }
    }
}

fn open(sandbox: &Sandbox) -> (Git, Repo) {
    let root = sandbox.root();
    let git = Git::required(&root).unwrap().rooted(&root).unwrap();
    let disk = DiskTree::open(&root, |path, directory| git.is_ignored(path, directory)).unwrap();
    let config = fs::read_to_string(root.join("rotate.yaml"))
        .ok()
        .map(|text| parse(&Source::file(TreePath::new("rotate.yaml").unwrap(), text)).unwrap());
    (git, Repo::load(Arc::new(disk), config, Scope::Everything).unwrap())
}

/// How many commits were examined for one question at a time, of how many in all.
fn check(history: &History) -> Result<(usize, usize), TestCaseError> {
    let (sandbox, now) = lay(history);
    let (git, repo) = open(&sandbox);
    let read = |depth| Timeline::read_from(&git, None, &repo, (depth, now)).unwrap();

    let whole = read(Depth::Everything);
    let planned = outlook(&repo, None, now);
    let all: Questions = planned.iter().flat_map(|one| one.questions(&repo, now)).collect();
    let early = read(Depth::Asked(all.clone()));
    prop_assert_eq!(outlook(&repo, Some(&early), now), outlook(&repo, Some(&whole), now));

    let mut more = all;
    for environment in &repo.environments {
        let subject = Subject::new(&environment.name, "auth");
        let running = repo.running_of(environment.id, "auth");
        for hours in [29, 36] {
            more.insert(Question::At(subject.clone(), now - TimeDelta::hours(hours)));
        }
        let known = whole.eras.values().flatten().flat_map(|era| &era.running.versions);
        for version in known {
            more.insert(Question::Ran(subject.clone(), version.clone()));
            more.insert(Question::First(subject.clone(), version.clone()));
            more.insert(Question::Left(subject.clone(), version.clone(), running.clone()));
        }
        more.insert(Question::WaysBack(subject, running));
    }
    let (mut examined, mut commits) = (0, 0);
    for question in more {
        let early = read(Depth::Asked(Questions::from([question.clone()])));
        prop_assert_eq!(answer(&early, &question), answer(&whole, &question), "{:?}", question);
        examined += early.commits;
        commits += whole.commits;
    }
    Ok((examined, commits))
}

#[test]
fn what_is_answered_early_is_answered_for_good() {
    let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let sums = std::cell::Cell::new((0, 0));
    let run = TestRunner::new_with_rng(config, random).run(&history(), |history| {
        let (examined, commits) = check(&history)?;
        sums.set((sums.get().0 + examined, sums.get().1 + commits));
        Ok(())
    });
    run.unwrap_or_else(|error| panic!("{error}"));
    // It would prove nothing if every walk went to the first commit.
    let (examined, commits) = sums.get();
    assert!(examined * 4 < commits * 3, "{examined} of {commits}");
}

/// `auth` in two versions, both taken not long ago, beside `mail`, which is older than all of that and has none.
fn beside_a_plain_family() -> Sandbox {
    let sandbox = Sandbox::empty();
    let pod = |name: &str, secret: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{ name: {name} }}\nspec:\n  containers:\n    - name: web\n      \
             envFrom: [{{ secretRef: {{ name: {secret} }} }}]\n"
        )
    };
    for environment in ["staging", "production"] {
        sandbox.write(&format!("{environment}/mail.yaml"), &pod("mail", "mail"));
    }
    for day in 1..=8 {
        for (environment, from) in [("staging", 1), ("production", 2)] {
            let version = if day < from + 4 { "20250601000000" } else { "20250704000000" };
            let file = format!("{environment}/web.yaml");
            sandbox.write(&file, &pod("web", &format!("auth-{version}")));
        }
        sandbox.write("README.md", &day.to_string());
        sandbox.commit_at(&format!("2025-07-{day:02}T10:00:00Z"), "Go on\n");
    }
    sandbox
}

#[test]
fn a_family_that_nobody_asks_for_holds_no_walk_open() {
    let sandbox = beside_a_plain_family();
    let (git, repo) = open(&sandbox);
    let now = "2025-07-20T00:00:00Z".parse().unwrap();
    let planned = outlook(&repo, None, now);
    let asked: Questions = planned.iter().flat_map(|one| one.questions(&repo, now)).collect();
    let commits = |asked: Questions| {
        let past = Timeline::read_from(&git, None, &repo, (Depth::Asked(asked), now)).unwrap();
        past.commits
    };
    // Staging took its version on the fifth of eight days.
    assert_eq!((asked.len(), commits(asked)), (2, 4));
    assert_eq!(commits(Questions::new()), 1);
    let plain = repo.running_of(repo.environment("staging").unwrap(), "mail");
    let mail = Question::Since(Subject::new("staging", "mail"), plain);
    assert_eq!(commits(Questions::from([mail])), 8);
}

#[test]
fn what_ran_some_days_ago_takes_no_whole_history() {
    let sandbox = beside_a_plain_family();
    let began: DateTime<Utc> = "2025-07-10T10:00:00Z".parse().unwrap();
    for hour in 0..100 {
        let time = (began + TimeDelta::hours(hour)).to_rfc3339();
        sandbox.write("README.md", &time).commit_at(&time, "Go on\n");
    }
    let (git, repo) = open(&sandbox);
    let now = began + TimeDelta::hours(100);
    let question = Question::At(Subject::new("production", "auth"), now - TimeDelta::hours(24));
    let asked = Depth::Asked(Questions::from([question.clone()]));
    let past = Timeline::read_from(&git, None, &repo, (asked, now)).unwrap();
    assert!((24..=60).contains(&past.commits), "{} of 108", past.commits);
    let running = Running::of("20250704000000");
    assert_eq!(answer(&past, &question), format!("{:?}", Some(running)));
}

#[test]
fn rules_ask_only_for_what_they_judge() {
    let sandbox = beside_a_plain_family();
    // Production stays on what staging had before.
    let old = sandbox.read("production/web.yaml").replace("20250704", "20250601");
    let _ = sandbox.write("production/web.yaml", &old).commit_at("2025-07-09T10:00:00Z", "Stay\n");
    let (git, repo) = open(&sandbox);
    let now = "2025-08-20T00:00:00Z".parse().unwrap();
    let asked = Mutex::new(Vec::new());
    let history = lint::rule::History::new(|depth| {
        asked.lock().unwrap().push(depth.clone());
        Timeline::read_from(&git, None, &repo, (depth, now)).ok()
    });
    let facts = lint::rule::Facts::new(&repo, None, &history, now);
    let findings = lint::run(&facts, &Selection::of(&repo.config).unwrap()).findings;
    let rules: Vec<&str> = findings.iter().map(|finding| finding.rule).collect();
    assert!(rules.contains(&"stale-reference") && !rules.contains(&"skipped-environment"));
    let staging = || Subject::new("staging", "auth");
    let questions = Questions::from([
        Question::Since(staging(), Running::of("20250704000000")),
        Question::Ran(staging(), "20250601000000".to_owned()),
    ]);
    // What is stale may have been gone back to lately.
    let (production, stays) = (Subject::new("production", "auth"), Running::of("20250601000000"));
    let left = Question::Left(production, "20250704000000".to_owned(), stays);
    let left = Questions::from([left]);
    assert_eq!(*asked.lock().unwrap(), [Depth::Asked(questions), Depth::Asked(left)]);
}

/// A tree of which rules ask whether staging has run a version for long, whether production has just gone back from it, since
/// when a stub has not been in use, and what ran some days ago.
fn much_to_ask() -> Sandbox {
    let sandbox = beside_a_plain_family();
    let old = sandbox.read("production/web.yaml").replace("20250704", "20250601");
    sandbox.write("production/web.yaml", &old);
    let plain = old.replace("-20250601000000", "");
    sandbox.write("production/job.yaml", &plain.replace("name: web", "name: job"));
    for version in ["20250501000000", "20250601000000", "20250704000000"] {
        let stub = format!(
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{ name: auth-{version} }}\nspec:\n  \
             secretStoreRef: {{ name: s }}\n  dataFrom: [{{ extract: {{ key: k, version: \"{version}\" }} }}]\n"
        );
        sandbox.write(&format!("staging/auth-{version}.yaml"), &stub);
    }
    let began: DateTime<Utc> = "2025-07-10T10:00:00Z".parse().unwrap();
    for hour in 0..60 {
        let time = (began + TimeDelta::hours(hour)).to_rfc3339();
        sandbox.write("README.md", &time).commit_at(&time, "Go on\n");
    }
    sandbox
}

#[test]
fn all_that_rules_ask_is_read_in_one_walk() {
    let sandbox = much_to_ask();
    let (git, repo) = open(&sandbox);
    let now = "2025-08-20T00:00:00Z".parse().unwrap();
    let found = |history: &lint::rule::History<'_>| {
        let facts = lint::rule::Facts::new(&repo, None, history, now);
        let findings = lint::run(&facts, &Selection::of(&repo.config).unwrap()).findings;
        let words =
            findings.iter().map(|one| format!("{} {:?} {}", one.rule, one.level, one.message));
        words.collect::<Vec<_>>()
    };
    let examined = Mutex::new(Vec::new());
    let alone = found(&lint::rule::History::new(|depth| {
        let past = Timeline::read_from(&git, None, &repo, (depth, now)).ok()?;
        examined.lock().unwrap().push(past.commits);
        Some(past)
    }));
    let examined = examined.into_inner().unwrap();
    let walk = SharedWalk::new(&git, &repo, now);
    assert_eq!(walk.commits(), 0);
    assert_eq!(found(&lint::rule::History::of(&walk)), alone);
    // Each question by itself takes a walk from the newest commit on.
    assert_eq!(examined.len(), 4, "{examined:?}");
    assert_eq!(Some(walk.commits()), examined.iter().copied().max(), "{examined:?}");
    assert!(2 * walk.commits() < examined.iter().sum(), "{examined:?}");
    for rule in ["stale-reference", "unused-stub", "unversioned-reference"] {
        assert!(alone.iter().any(|one| one.starts_with(rule)), "{rule}: {alone:#?}");
    }
}

#[test]
fn a_shared_walk_answers_in_any_order() {
    let sandbox = much_to_ask();
    let (git, repo) = open(&sandbox);
    let now = "2025-08-20T00:00:00Z".parse().unwrap();
    let (staging, production) =
        (Subject::new("staging", "auth"), Subject::new("production", "auth"));
    let running = |subject: &Subject| {
        repo.running_of(repo.environment(&subject.environment).unwrap(), &subject.family)
    };
    let questions = [
        Question::At(production.clone(), now - TimeDelta::days(39)),
        Question::Ran(staging.clone(), "20250704000000".to_owned()),
        Question::Left(production.clone(), "20250704000000".to_owned(), running(&production)),
        Question::WaysBack(staging.clone(), running(&staging)),
        Question::Since(Subject::new("staging", "mail"), Running::of("plain")),
    ];
    let whole = Timeline::read_from(&git, None, &repo, (Depth::Everything, now)).unwrap();
    for first in 0..questions.len() {
        let walk = SharedWalk::new(&git, &repo, now);
        for question in questions[first..].iter().chain(&questions[..first]) {
            let before = walk.commits();
            let past = walk.read(Depth::Asked(Questions::from([question.clone()]))).unwrap();
            assert_eq!(answer(&past, question), answer(&whole, question), "{question:?}");
            assert!(past.commits == walk.commits() && before <= walk.commits());
        }
        assert_eq!(walk.commits(), whole.commits);
        let past = walk.read(Depth::Everything).unwrap();
        assert_eq!((past.commits, past.eras), (whole.commits, whole.eras.clone()));
    }
}

/// The newest commit is younger than a plain name that was there long before, although not from the first commit on.
#[test]
fn a_plain_name_is_not_new_where_the_walk_ends_before_it_began() {
    let sandbox = beside_a_plain_family();
    let plain = sandbox.read("production/web.yaml").replace("-20250704000000", "");
    sandbox.write("production/web.yaml", &plain);
    let began: DateTime<Utc> = "2025-07-10T10:00:00Z".parse().unwrap();
    for time in (0..60).map(|hour| began + TimeDelta::hours(hour)) {
        let time = time.to_rfc3339();
        sandbox.write("README.md", &time).commit_at(&time, "Go on\n");
    }
    sandbox.write("README.md", "").commit_at("2025-08-19T20:00:00Z", "Go on\n");
    let lint = sandbox.rotate(&["lint", "--at", "2025-08-20T00:00:00Z"]);
    assert!(lint.stdout.contains("warning[unversioned-reference]: Pod web"), "{lint}");
}
