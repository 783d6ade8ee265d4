//! The write survives a crash: the process is killed before each step of it, and again while the next
//! run brings things in order; the tree is then the old one or the new one, never something between.

#![cfg(debug_assertions)] // a release build has no way to be killed between two steps

use crate::prune;
use crate::support::{NOW, Sandbox};

const BUMP: &[&str] = &["bump", "staging", "auth-api-secrets", "--at", NOW];
/// More steps than any write here takes.
const MANY: usize = 400;

type Files = Vec<(String, Vec<u8>)>;

/// Bumps a copy of the example, killed before step `at`; `None` when the write was over before.
fn killed(example: &str, at: usize) -> Option<Sandbox> {
    let sandbox = Sandbox::example(example);
    sandbox.commit_all();
    let mut command = sandbox.command(BUMP);
    let output = sandbox.finish(command.env("ROTATE_TEST_ABORT_AT", at.to_string()));
    // A process that aborts has no exit code.
    if output.status == 0 { None } else { Some(output.status(-1)).map(|_| sandbox) }
}

fn without_temporaries(files: Files) -> Files {
    files.into_iter().filter(|(path, _)| !path.contains(".rotate-")).collect()
}

#[test]
fn killed_between_any_two_steps() {
    let example = "shop-overlays";
    let before = Sandbox::example(example).files();
    let whole = Sandbox::example(example);
    let _ = whole.commit_all().rotate(BUMP).success();
    let after = whole.files();
    assert!(before != after);
    let mut steps = 0;
    while let Some(sandbox) = killed(example, steps) {
        // A run that only reads leaves things as they are, whatever state they are in.
        let _ = sandbox.rotate(&["refs"]);
        // The next run that writes brings them in order first, then finds its own work to do.
        let next =
            sandbox.rotate(&["bump", "staging", "auth-api-secrets", "--at", NOW, "--allow-dirty"]);
        assert_eq!(next.status, 0, "killed before step {steps}: {next}");
        assert!(sandbox.files() == after, "killed before step {steps}: {next}");
        steps += 1;
        assert!(steps < MANY, "the write has no end");
    }
    assert!(steps > 10, "the write has {steps} steps only");
}

#[test]
fn killed_again_while_the_next_run_brings_it_in_order() {
    let example = "shop-plain";
    let before = Sandbox::example(example).files();
    let whole = Sandbox::example(example);
    let _ = whole.commit_all().rotate(BUMP).success();
    let after = whole.files();
    let mut steps = 0;
    while let Some(sandbox) = killed(example, steps) {
        for again in 0..3 {
            // A command that is refused for its own reasons still brings things in order first.
            let mut command = sandbox.command(&["bump", "staging", "no-such-family", "--at", NOW]);
            let _ = sandbox.finish(command.env("ROTATE_TEST_ABORT_AT", again.to_string()));
        }
        let _ = sandbox.rotate(&["bump", "staging", "no-such-family", "--at", NOW]).status(2);
        let files = sandbox.files();
        let whole = files == before || files == after;
        let tidy = without_temporaries(files.clone()) == files;
        assert!(whole && tidy, "killed before step {steps}: neither old nor new");
        steps += 1;
        assert!(steps < MANY, "the write has no end");
    }
    assert!(steps > 10, "the write has {steps} steps only");
}

/// A removal, killed before each step: the file and its line in the kustomization go together.
#[test]
fn killed_while_files_are_removed() {
    let arguments = ["prune", "production", "--at", prune::LATE, "--allow-dirty"];
    let whole = prune::sandbox();
    let before = whole.files();
    let _ = whole.rotate(&arguments).success();
    let after = whole.files();
    assert!(before.len() == after.len() + 1);
    let mut steps = 0;
    loop {
        let sandbox = prune::sandbox();
        let mut command = sandbox.command(&arguments);
        let output = sandbox.finish(command.env("ROTATE_TEST_ABORT_AT", steps.to_string()));
        if output.status == 0 {
            break;
        }
        let _ = sandbox.rotate(&["bump", "production", "no-such-family", "--at", NOW]).status(2);
        let files = sandbox.files();
        assert!(files == before || files == after, "killed before step {steps}: {output}");
        let _ = sandbox.rotate(&arguments).success();
        assert!(sandbox.files() == after, "killed before step {steps}: {output}");
        steps += 1;
        assert!(steps < MANY, "the write has no end");
    }
    assert!(steps > 10, "the write has {steps} steps only");
}

/// A rollback, killed before each step: the references and their hold in `rotate.yaml` go together.
#[test]
fn killed_while_a_hold_is_written() {
    let rotated = || {
        let sandbox = Sandbox::example("auth-api");
        sandbox.commit_all();
        let _ = sandbox.rotate(BUMP).success();
        sandbox.commit_all();
        sandbox
    };
    let back = ["rollback", "staging", "auth-api-secrets", "--reason", "fails", "--at", NOW];
    let (before, whole) = (rotated().files(), rotated());
    let _ = whole.rotate(&back).success();
    let after = whole.files();
    assert!(after.iter().any(|(path, _)| path == "rotate.yaml"));
    let mut steps = 0;
    loop {
        let sandbox = rotated();
        let mut command = sandbox.command(&back);
        let output = sandbox.finish(command.env("ROTATE_TEST_ABORT_AT", steps.to_string()));
        if output.status == 0 {
            break;
        }
        let _ = sandbox.rotate(&["bump", "staging", "no-such-family", "--at", NOW]).status(2);
        let files = sandbox.files();
        assert!(
            files == before || files == after,
            "killed before step {steps}: neither old nor new"
        );
        steps += 1;
        assert!(steps < MANY, "the write has no end");
    }
    assert!(steps > 10, "the write has {steps} steps only");
}

/// Two people roll back at once: neither hold is lost.
#[test]
fn two_rollbacks_at_once_lose_no_hold() {
    let families = ["auth-api-secrets", "returns-db"];
    for _ in 0..8 {
        let sandbox = Sandbox::example("shop-plain");
        sandbox.commit_all();
        for family in families {
            let _ = sandbox.rotate(&["bump", "staging", family, "--at", NOW]).success();
            sandbox.commit_all();
        }
        let runs = families.map(|family| {
            let back = ["rollback", "staging", family, "--allow-dirty", "--at", NOW];
            sandbox.command(&back).stderr(std::process::Stdio::piped()).spawn().unwrap()
        });
        let done = runs.map(|run| run.wait_with_output().unwrap().status.success());
        let settings = std::fs::read_to_string(sandbox.path("rotate.yaml")).unwrap_or_default();
        for (family, done) in families.iter().zip(done) {
            assert_eq!(settings.contains(&format!("secret: \"{family}\"")), done, "{settings}");
        }
        assert!(done.iter().any(|done| *done));
    }
}

/// What a downloaded tree may hold in `.rotate` is neither followed nor waited for.
#[cfg(unix)]
#[test]
fn what_keeps_the_journal_is_a_directory_of_the_tree() {
    use std::os::unix::fs::symlink;
    let bump = BUMP;
    let outside = tempfile::tempdir().unwrap();
    let fresh = || Sandbox::example("auth-api");
    let refuses = |sandbox: &Sandbox, says: &str| {
        let _ = sandbox.rotate(bump).status(2).says(&[says]);
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    };
    let sandbox = fresh();
    symlink(outside.path(), sandbox.path(".rotate")).unwrap();
    refuses(&sandbox, "`.rotate` is not a directory");
    for name in ["lock", "journal", "journal.new"] {
        let sandbox = fresh();
        std::fs::create_dir(sandbox.path(".rotate")).unwrap();
        symlink(outside.path().join("made"), sandbox.path(&format!(".rotate/{name}"))).unwrap();
        refuses(&sandbox, &format!("`.rotate/{name}` is not a regular file"));
        let sandbox = fresh();
        std::fs::create_dir(sandbox.path(".rotate")).unwrap();
        let fifo = sandbox.path(&format!(".rotate/{name}"));
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        refuses(&sandbox, &format!("`.rotate/{name}` is not a regular file"));
    }
    let sandbox = fresh();
    std::fs::create_dir(outside.path().join("empty")).unwrap();
    symlink(outside.path(), sandbox.path("link")).unwrap();
    let journal = r#"{"schema":"rotate.journal/v1","stage":"preparing","directories":["link/empty"],"files":[]}"#;
    sandbox.write(".rotate/journal", journal);
    let _ = sandbox.rotate(bump).status(2).says(&["`link/empty` is not where a run writes"]);
    assert!(outside.path().join("empty").is_dir());
}
