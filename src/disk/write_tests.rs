//! Crashes, failures and refusals at every step of a write.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use tempfile::TempDir;

use crate::disk::error::WriteError;
use crate::disk::site::Site;
use crate::disk::steps::WriteStep;
use crate::disk::write::{FileWrite, Recovered, Writer};
use crate::text::path::TreePath;

type Files = BTreeMap<String, String>;

fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap()
}

fn change(at: &str, before: Option<&str>, after: Option<&str>) -> FileWrite {
    let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
    FileWrite { path: path(at), before: bytes(before), after: bytes(after) }
}

/// A tree with an edit, two new files in new directories, a removal, and a file that is left unchanged.
fn sandbox() -> (TempDir, Site, Vec<FileWrite>) {
    let sandbox = tempfile::tempdir().unwrap();
    let root = sandbox.path();
    fs::create_dir_all(root.join("a/b")).unwrap();
    for (file, text) in [("a/edit", "old"), ("a/b/gone", "gone"), ("stays", "same")] {
        fs::write(root.join(file), text).unwrap();
    }
    let site = Site::plain(root).unwrap();
    let changes = vec![
        change("a/edit", Some("old"), Some("new")),
        change("c/d/one", None, Some("1")),
        change("c/two", None, Some("2")),
        change("a/b/gone", Some("gone"), None),
        change("stays", Some("same"), Some("same")),
    ];
    (sandbox, site, changes)
}

/// Every file and directory below a directory, journal and lock included.
fn files(root: &Path) -> Files {
    let mut files = Files::new();
    for entry in walkdir::WalkDir::new(root).min_depth(1) {
        let entry = entry.unwrap();
        let name = entry.path().strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        let text = entry.file_type().is_file().then(|| fs::read_to_string(entry.path()).unwrap());
        files.insert(name, text.unwrap_or_else(|| "directory".to_owned()));
    }
    files
}

fn old_and_new() -> (Files, Files) {
    let (sandbox, site, changes) = sandbox();
    let old = files(sandbox.path());
    Writer::open(&site).unwrap().0.commit(&changes).unwrap();
    let new = files(sandbox.path());
    let of = |files: &Files, name: &str| files.get(name).cloned().unwrap_or_default();
    assert_eq!(
        (of(&new, "a/edit"), of(&new, "c/d/one"), of(&new, "stays")),
        ("new".into(), "1".into(), "same".into())
    );
    assert!(!new.contains_key("a/b/gone") && new.keys().all(|name| !name.contains(".rotate")));
    (old, new)
}

/// Runs and stops before a step as a crash would: nothing happens after it.
fn crash_at<T>(
    step: usize,
    run: impl FnOnce(&mut dyn FnMut(WriteStep) -> io::Result<()>) -> T,
) -> Option<T> {
    let stop = || resume_unwind(Box::new("crash"));
    let done = catch_unwind(AssertUnwindSafe(|| {
        run(&mut |at| if at.number == step { stop() } else { Ok(()) })
    }));
    done.ok()
}

#[test]
fn a_crash_at_any_step_leaves_the_old_or_the_new_tree() {
    let (old, new) = old_and_new();
    let (mut finished, mut taken_back) = (0, 0);
    for step in 0.. {
        let (sandbox, site, changes) = sandbox();
        let (writer, _) = Writer::open(&site).unwrap();
        let done = crash_at(step, |hook| writer.commit_with(&changes, hook).unwrap());
        drop(writer);
        let interrupted = site.is_being_written();
        let (_, recovered) = Writer::open(&site).unwrap();
        assert_eq!(interrupted, recovered != Recovered::Nothing);
        assert!(!site.is_being_written());
        let now = files(sandbox.path());
        match recovered {
            Recovered::Nothing => assert!(now == old || now == new, "{step}: {now:?}"),
            Recovered::Finished => assert_eq!(now, new, "{step}"),
            Recovered::TakenBack => assert_eq!(now, old, "{step}"),
        }
        finished += usize::from(recovered == Recovered::Finished);
        taken_back += usize::from(recovered == Recovered::TakenBack);
        if done.is_some() {
            break;
        }
    }
    assert!(finished >= 5 && taken_back >= 10, "{finished} {taken_back}");
}

#[test]
fn a_crash_while_recovering_from_a_crash_is_recovered_too() {
    let (old, new) = old_and_new();
    for first in [8, 12, 16, 20, 24, 26, 28, 30] {
        for second in 0.. {
            let (sandbox, site, changes) = sandbox();
            let (writer, _) = Writer::open(&site).unwrap();
            crash_at(first, |hook| writer.commit_with(&changes, hook).unwrap());
            drop(writer);
            let done = crash_at(second, |hook| Writer::open_with(&site, hook).map(drop).unwrap());
            drop(Writer::open(&site).unwrap());
            let now = files(sandbox.path());
            assert!(now == old || now == new, "{first} {second}: {now:?}");
            if done.is_some() {
                break;
            }
        }
    }
}

#[test]
fn a_failure_at_any_step_changes_nothing_or_is_finished_later() {
    let (old, new) = old_and_new();
    let mut refused = 0;
    for step in 0.. {
        let (sandbox, site, changes) = sandbox();
        let (writer, _) = Writer::open(&site).unwrap();
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let mut hook = |at: WriteStep| if at.number == step { Err(full()) } else { Ok(()) };
        let done = writer.commit_with(&changes, &mut hook);
        drop(writer);
        let now = files(sandbox.path());
        match &done {
            Ok(()) => assert_eq!(now, new),
            Err(WriteError::System { reason, .. }) => {
                refused += 1;
                assert_eq!(now, old, "{step}");
                assert_eq!(reason, "no storage space");
            }
            Err(WriteError::Interrupted { .. }) => {
                drop(Writer::open(&site).unwrap());
                assert_eq!(files(sandbox.path()), new, "{step}");
            }
            Err(error) => panic!("{step}: {error}"),
        }
        if done.is_ok() {
            break;
        }
    }
    assert!(refused >= 15, "{refused}");
}

#[test]
fn refuses_what_changed_since_it_was_read() {
    let (sandbox, site, changes) = sandbox();
    let (writer, _) = Writer::open(&site).unwrap();
    for (file, text) in [("a/edit", "odd"), ("c", "a file now"), ("c/two", "there now")] {
        let target = sandbox.path().join(file);
        let before = fs::read(&target).ok();
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(&target, text).unwrap();
        let tree = files(sandbox.path());
        let error = writer.commit(&changes).unwrap_err();
        assert!(matches!(error, WriteError::Changed { .. } | WriteError::System { .. }), "{error}");
        assert_eq!(files(sandbox.path()), tree);
        fs::remove_file(&target).unwrap();
        if let Some(before) = before {
            fs::write(&target, before).unwrap();
        }
    }
    fs::remove_file(sandbox.path().join("a/edit")).unwrap();
    assert!(matches!(writer.commit(&changes), Err(WriteError::Changed { .. })));
}

/// A whole write between two looks leaves no journal, but is noticed: what was read in between may be half old, half new.
#[test]
fn a_reader_notices_a_write() {
    let (sandbox, site, changes) = sandbox();
    let in_git = Site::in_git(sandbox.path(), TreePath::root(), &sandbox.path().join("stays.git"));
    fs::create_dir(sandbox.path().join("stays.git")).unwrap();
    for (site, changes) in [(&site, &changes[..1]), (&in_git, &changes[1..3])] {
        let before = site.stamp();
        assert_eq!(site.stamp(), before);
        Writer::open(site).unwrap().0.commit(changes).unwrap();
        assert!(!site.is_being_written());
        assert_ne!(site.stamp(), before);
    }
}

#[test]
fn refuses_two_changes_for_one_file_and_paths_of_its_own() {
    let (_sandbox, site, _) = sandbox();
    let (writer, _) = Writer::open(&site).unwrap();
    let twice = [change("x", None, Some("1")), change("x", None, Some("2"))];
    assert!(matches!(writer.commit(&twice), Err(WriteError::Twice { .. })));
    for own in [".git/hooks/x", ".rotate/x"] {
        let error = writer.commit(&[change(own, None, Some("1"))]).unwrap_err();
        assert!(matches!(error, WriteError::Outside { .. }), "{error}");
    }
}

#[test]
fn does_not_go_on_over_what_somebody_wrote_after_the_crash() {
    let (sandbox, site, changes) = sandbox();
    let (writer, _) = Writer::open(&site).unwrap();
    let renames = |at: WriteStep| {
        let renaming =
            at.what == "rename a file" && sandbox.path().join(".rotate/journal").exists();
        let ready = fs::read_to_string(sandbox.path().join(".rotate/journal")).unwrap_or_default();
        if renaming && ready.contains("\"ready\"") {
            Err(io::ErrorKind::Other.into())
        } else {
            Ok(())
        }
    };
    let error = writer.commit_with(&changes, &mut { renames }).unwrap_err();
    assert!(matches!(error, WriteError::Interrupted { .. }), "{error}");
    drop(writer);
    fs::write(sandbox.path().join("a/edit"), "mine").unwrap();
    let error = Writer::open(&site).unwrap_err();
    assert!(error.to_string().contains("`a/edit` has changed since"), "{error}");
    assert!(error.help().unwrap().contains("journal"));
    assert_eq!(fs::read_to_string(sandbox.path().join("a/edit")).unwrap(), "mine");
}

#[test]
fn lets_one_run_write_at_a_time() {
    let (sandbox, site, _) = sandbox();
    let (writer, _) = Writer::open(&site).unwrap();
    assert!(matches!(Writer::open(&site), Err(WriteError::Busy)));
    drop(writer);
    assert!(!sandbox.path().join(".rotate").exists());
    fs::create_dir(sandbox.path().join(".rotate")).unwrap();
    fs::write(sandbox.path().join(".rotate/lock"), "left by a run that was killed").unwrap();
    assert!(Writer::open(&site).is_ok());
}

#[test]
fn does_not_follow_a_journal_that_leads_elsewhere() {
    let (sandbox, site, _) = sandbox();
    fs::create_dir(sandbox.path().join(".rotate")).unwrap();
    let journal = |path: &str, temporary: &str| {
        let text = format!(
            r#"{{"schema":"rotate.journal/v1","stage":"ready","directories":[],"files":[{{"path":"{path}","temporary":"{temporary}","before":null,"after":"x"}}]}}"#
        );
        fs::write(sandbox.path().join(".rotate/journal"), text).unwrap();
        Writer::open(&site).map(drop)
    };
    for (path, temporary) in [("../x", "../.rotate-0.tmp"), ("x", "a/edit"), ("/etc/x", "/etc/y")] {
        assert!(matches!(journal(path, temporary), Err(WriteError::Journal { .. })), "{path}");
    }
    fs::write(sandbox.path().join(".rotate/journal"), "{").unwrap();
    assert!(matches!(Writer::open(&site), Err(WriteError::Journal { .. })));
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::{Site, WriteError, Writer, change, files, fs, sandbox};

    #[test]
    fn keeps_the_mode_and_writes_through_links() {
        let (sandbox, site, _) = sandbox();
        let target = sandbox.path().join("a/edit");
        fs::set_permissions(&target, fs::Permissions::from_mode(0o750)).unwrap();
        symlink("a/edit", sandbox.path().join("link")).unwrap();
        let (writer, _) = Writer::open(&site).unwrap();
        writer.commit(&[change("link", Some("old"), Some("new"))]).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
        assert_eq!(fs::metadata(&target).unwrap().mode() & 0o777, 0o750);
        assert!(fs::symlink_metadata(sandbox.path().join("link")).unwrap().is_symlink());
    }

    #[test]
    fn refuses_links_out_of_the_tree() {
        let (sandbox, site, _) = sandbox();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("x"), "old").unwrap();
        symlink(outside.path(), sandbox.path().join("out")).unwrap();
        let (writer, _) = Writer::open(&site).unwrap();
        for changes in
            [[change("out/x", Some("old"), Some("n"))], [change("out/y", None, Some("n"))]]
        {
            assert!(matches!(writer.commit(&changes), Err(WriteError::Outside { .. })));
        }
        symlink("nowhere", sandbox.path().join("dangling")).unwrap();
        let error = writer.commit(&[change("dangling", None, Some("n"))]).unwrap_err();
        assert!(matches!(error, WriteError::Changed { .. }), "{error}");
        assert_eq!(files(outside.path()).len(), 1);
    }

    #[test]
    fn refuses_what_is_read_only() {
        let (sandbox, site, changes) = sandbox();
        let (writer, _) = Writer::open(&site).unwrap();
        let old = files(sandbox.path());
        for (file, mode, back) in [("a/edit", 0o444, 0o644), ("a", 0o555, 0o755)] {
            let target = sandbox.path().join(file);
            fs::set_permissions(&target, fs::Permissions::from_mode(mode)).unwrap();
            let error = writer.commit(&changes).unwrap_err();
            assert_eq!(error.to_string(), format!("`{file}` is read-only; nothing was written"));
            assert_eq!(error.help().unwrap(), format!("allow it: `chmod u+w {file}`"));
            fs::set_permissions(&target, fs::Permissions::from_mode(back)).unwrap();
        }
        assert_eq!(files(sandbox.path()), old);
    }

    /// For any user but root, the system itself refuses, with the same message.
    #[test]
    fn asks_the_system_where_the_whole_tree_is_marked() {
        let (sandbox, site, changes) = sandbox();
        let (writer, _) = Writer::open(&site).unwrap();
        let mark = |mode: [u32; 3]| {
            for (file, mode) in ["a/edit", "a", "."].iter().zip(mode) {
                let target = sandbox.path().join(file);
                fs::set_permissions(&target, fs::Permissions::from_mode(mode)).unwrap();
            }
        };
        mark([0o444, 0o555, 0o555]);
        let allowed = fs::File::options().append(true).open(sandbox.path().join("a/edit")).is_ok();
        let done = writer.commit(&changes);
        mark([0o644, 0o755, 0o755]);
        assert_eq!(done.is_ok(), allowed, "{done:?}");
    }

    #[test]
    fn keeps_journal_and_lock_in_the_git_directory() {
        let sandbox = tempfile::tempdir().unwrap();
        let root = sandbox.path().canonicalize().unwrap();
        fs::create_dir_all(root.join(".git")).unwrap();
        fs::create_dir_all(root.join("part")).unwrap();
        let prefix = super::path("part");
        let site = Site::in_git(&root, prefix, &root.join(".git"));
        let (writer, _) = Writer::open(&site).unwrap();
        writer.commit(&[change("x", None, Some("1"))]).unwrap();
        assert!(matches!(
            Writer::open(&Site::in_git(&root, super::path(""), &root.join(".git"))),
            Err(WriteError::Busy)
        ));
        drop(writer);
        let names: Vec<String> = files(&root).into_keys().collect();
        assert_eq!(names, [".git", ".git/rotate", ".git/rotate/lock", "part", "part/x"]);
    }
}
