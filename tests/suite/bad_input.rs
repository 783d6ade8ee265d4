//! Bad input: each gets a message that says what is wrong, where, and what to type next; nothing is written.

use std::fs;
use std::process::Command;

use crate::support::{NOW, OLD, Sandbox, repository, stub, workload};

const FAMILY: &str = "auth-api-secrets";

/// Runs a bump of staging that must end with `status`, leave every byte alone, and say these things.
#[track_caller]
fn refused(sandbox: &Sandbox, arguments: &[&str], status: i32, says: &[&str]) {
    let before = sandbox.files();
    let output = sandbox.rotate(arguments).status(status).says(says);
    assert!(sandbox.files() == before, "something was written:\n{output}");
}

const BUMP: &[&str] = &["bump", "staging", FAMILY, "--at", NOW];

#[test]
fn the_repository_itself_is_fine() {
    let sandbox = repository();
    let output = sandbox.rotate(BUMP).success();
    assert!(
        sandbox.read("staging/web.yaml").contains("auth-api-secrets-20250820110000"),
        "{output}"
    );
    assert!(sandbox.read("production/web.yaml").contains(OLD));
}

#[test]
fn broken_yaml_in_the_middle_of_a_tree() {
    let sandbox = repository();
    sandbox
        .write("staging/broken.yaml", "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: [1, 2\nb: c\n");
    refused(&sandbox, BUMP, 2, &["staging/broken.yaml"]);
    // What does not concern the environment does not stop it.
    let sandbox = repository();
    sandbox.write("elsewhere/broken.yaml", "a: [1, 2\nb: c\n");
    let _ = sandbox.rotate(BUMP).success();
}

#[test]
fn duplicate_keys() {
    let sandbox = repository();
    let twice =
        workload(OLD).replace("      containers:", "      containers: []\n      containers:");
    sandbox.write("staging/web.yaml", &twice);
    refused(
        &sandbox,
        BUMP,
        2,
        &["staging/web.yaml:10", "the key `containers` is already set on line 9"],
    );
}

#[test]
fn a_billion_laughs() {
    let sandbox = repository();
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..12 {
        let row = vec![format!("*a{}", i - 1); 10].join(", ");
        bomb.push_str(&format!("a{i}: &a{i} [{row}]\n"));
    }
    sandbox.write("staging/bomb.yaml", &bomb);
    refused(&sandbox, BUMP, 2, &["staging/bomb.yaml", "alias"]);
}

#[test]
fn a_hundred_thousand_levels() {
    for (opening, closing) in [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")] {
        let sandbox = repository();
        let deep = format!("{}x{}\n", opening.repeat(100_000), closing.repeat(100_000));
        sandbox.write("staging/deep.yaml", &deep);
        refused(&sandbox, BUMP, 2, &["staging/deep.yaml"]);
    }
}

fn kustomized() -> Sandbox {
    let sandbox = repository();
    for environment in ["staging", "production"] {
        let text = format!("resources:\n  - web.yaml\n  - {OLD}.yaml\n");
        sandbox.write(&format!("{environment}/kustomization.yaml"), &text);
    }
    sandbox
}

#[test]
fn a_kustomization_cycle() {
    let sandbox = kustomized();
    sandbox.write("staging/kustomization.yaml", "resources:\n  - web.yaml\n  - ../base\n");
    sandbox.write("base/kustomization.yaml", "resources:\n  - ../staging\n");
    refused(
        &sandbox,
        BUMP,
        2,
        &["includes itself", "`staging` -> `base` -> `staging`", "staging/kustomization.yaml:3"],
    );
    let refs = sandbox.rotate(&["refs", "--format", "json"]);
    assert!(refs.stdout.contains("\"path\": \"production\""), "the others go on: {refs}");
}

/// Production takes in the base that staging does, but spells it wrongly today: the base stays as it is.
#[test]
fn a_base_that_broken_production_may_share() {
    let sandbox = kustomized();
    sandbox.write("base/kustomization.yaml", "resources:\n  - web.yaml\n");
    sandbox.write("base/web.yaml", &workload(OLD));
    for (environment, base) in [("staging", "../base"), ("production", "../bsae")] {
        let text = format!("resources:\n  - {base}\n  - {OLD}.yaml\n");
        sandbox.write(&format!("{environment}/kustomization.yaml"), &text);
    }
    let output = sandbox.rotate(BUMP).success();
    assert_eq!(sandbox.read("base/web.yaml"), workload(OLD), "{output}");
    assert!(sandbox.read("staging/kustomization.yaml").contains("op: test"), "{output}");
}

#[test]
fn a_missing_base() {
    let sandbox = kustomized();
    sandbox.write("staging/kustomization.yaml", "resources:\n  - web.yaml\n  - ../nowhere\n");
    refused(&sandbox, BUMP, 2, &["nowhere", "staging/kustomization.yaml:3"]);
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_repository() {
    let sandbox = kustomized();
    let outside = sandbox.root().parent().unwrap().join("outside.yaml");
    fs::write(&outside, workload(OLD)).unwrap();
    fs::remove_file(sandbox.path("staging/web.yaml")).unwrap();
    std::os::unix::fs::symlink(&outside, sandbox.path("staging/web.yaml")).unwrap();
    refused(&sandbox, BUMP, 2, &["staging/web.yaml", "out of the repository"]);
    assert_eq!(fs::read_to_string(outside).unwrap(), workload(OLD));
}

#[cfg(unix)]
#[test]
fn a_link_to_a_manifest_of_another_environment() {
    let sandbox = repository();
    fs::remove_file(sandbox.path("production/web.yaml")).unwrap();
    std::os::unix::fs::symlink("../staging/web.yaml", sandbox.path("production/web.yaml")).unwrap();
    refused(&sandbox, BUMP, 1, &["staging/web.yaml", "`production` also reads"]);
}

/// Root may write everywhere, so the test asks for what root is refused as well where it can.
#[cfg(unix)]
#[test]
fn a_read_only_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = repository();
    let path = sandbox.path("staging/web.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    refused(&sandbox, BUMP, 2, &["staging/web.yaml", "read-only", "chmod"]);
}

/// A limit of nothing on the size of files is, to the program, a disk that takes no byte more.
#[cfg(unix)]
#[test]
fn a_full_disk() {
    let sandbox = repository();
    let before = sandbox.files();
    let mut command = Command::new("sh");
    command
        .current_dir(sandbox.root())
        .env_clear()
        .env("COLUMNS", "100")
        .args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\" 2>&1 | cat >&2; exit 9"])
        .arg(env!("CARGO_BIN_EXE_rotate"))
        .args(BUMP);
    let output = sandbox.finish(&mut command).says(&["cannot write"]);
    assert!(sandbox.files() == before, "something was written:\n{output}");
}

#[test]
fn an_unknown_environment_or_family() {
    let sandbox = repository();
    refused(&sandbox, &["bump", "stagin", FAMILY, "--at", NOW], 2, &["stagin", "`staging`"]);
    let typo = ["bump", "staging", "auth-api-secret", "--at", NOW];
    refused(&sandbox, &typo, 2, &["auth-api-secret", "`auth-api-secrets`"]);
}

#[test]
fn versions_that_cannot_be() {
    let sandbox = repository();
    let version = |version| ["bump", "staging", FAMILY, "--at", NOW, "--version", version];
    for (text, says) in [
        ("20251345990000", "date"),
        ("tomorrow", "14 digits"),
        ("20991231235959", "future"),
        ("20250501000000", "newer"),
    ] {
        let output = sandbox.rotate(&version(text));
        assert_ne!(output.status, 0, "{text}: {output}");
        let _ = output.says(&[text, says]);
    }
}

#[test]
fn two_at_once() {
    let sandbox = repository();
    sandbox.commit_all();
    let mut children: Vec<_> = (0..6)
        .map(|_| {
            let mut command = sandbox.command(BUMP);
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let done = children
        .iter_mut()
        .map(|child| child.wait().unwrap())
        .filter(std::process::ExitStatus::success)
        .count();
    assert!(done >= 1, "one of them must win");
    let new = sandbox.read("staging/web.yaml");
    assert_eq!(new, workload("auth-api-secrets-20250820110000"));
    let stub_text = sandbox.read("staging/auth-api-secrets-20250820110000.yaml");
    assert_eq!(stub_text, stub("auth-api-secrets-20250820110000"));
}

#[test]
fn uncommitted_changes_in_the_way() {
    let sandbox = repository();
    sandbox.commit_all();
    sandbox.write("staging/web.yaml", &format!("# by hand\n{}", workload(OLD)));
    refused(&sandbox, BUMP, 2, &["staging/web.yaml", "uncommitted", "--allow-dirty"]);
    let mut allowed = BUMP.to_vec();
    allowed.push("--allow-dirty");
    let _ = sandbox.rotate(&allowed).success();
    assert!(sandbox.read("staging/web.yaml").starts_with("# by hand\n"));
}

#[test]
fn a_command_that_needs_git_outside_of_git() {
    let sandbox = repository();
    let bump = ["bump", "staging", FAMILY, "--at", NOW, "--commit"];
    refused(&sandbox, &bump, 2, &["[ROOT]", "is not in a Git repository", "-C DIR"]);
}

#[test]
fn a_commit_of_the_family_alone() {
    let sandbox = repository();
    sandbox.commit_all();
    sandbox.write("production/web.yaml", "# somebody's work\n");
    let mut command = sandbox.command(&["bump", "staging", FAMILY, "--at", NOW, "--commit"]);
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "Test");
        command.env(format!("GIT_{who}_EMAIL"), "test@example.com");
    }
    let output = sandbox.finish(&mut command).success().says(&["Committed"]);
    assert!(!output.stderr.contains("git commit"), "{output}");
    let repository = git2::Repository::open(sandbox.root()).unwrap();
    let commit = repository.head().unwrap().peel_to_commit().unwrap();
    assert_eq!(
        commit.message().unwrap(),
        "Bump auth-api-secrets in staging to 20250820110000\n\nRotate-Family: auth-api-secrets\n\
         Rotate-Environment: staging\nRotate-Version: 20250820110000\n\
         Rotate-Previous: 20250601090000\n"
    );
    let statuses = repository.statuses(None).unwrap();
    let left: Vec<_> = statuses.iter().map(|status| status.path().unwrap().to_owned()).collect();
    assert_eq!(left, ["production/web.yaml"]);
}

/// Git sets these variables for its hooks, and people export them.
#[test]
fn a_commit_goes_to_the_repository_that_was_read() {
    let (sandbox, other) = (repository(), repository());
    sandbox.commit_all();
    other.commit_all();
    let tip = |sandbox: &Sandbox| {
        let repository = git2::Repository::open(sandbox.root()).unwrap();
        repository.head().unwrap().peel_to_commit().unwrap().message().unwrap().to_owned()
    };
    let before = tip(&other);
    let mut command = sandbox.command(&["bump", "staging", FAMILY, "--at", NOW, "--commit"]);
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "Test");
        command.env(format!("GIT_{who}_EMAIL"), "test@example.com");
    }
    command.env("GIT_DIR", other.path(".git")).env("GIT_WORK_TREE", other.root());
    command.env("GIT_INDEX_FILE", other.path(".git/index")).env("GIT_PREFIX", "staging/");
    command.env("GIT_OBJECT_DIRECTORY", other.path(".git/objects"));
    let _ = sandbox.finish(&mut command).success().says(&["Committed"]);
    assert!(tip(&sandbox).starts_with("Bump auth-api-secrets in staging"));
    assert_eq!(tip(&other), before);
}

#[test]
fn a_stub_that_git_would_ignore() {
    let sandbox = repository();
    sandbox.commit_all();
    sandbox.write(".gitignore", "*secrets*.yaml\n");
    refused(&sandbox, BUMP, 2, &["would ignore the new file", "git check-ignore --verbose"]);
}

#[test]
fn values_are_never_shown() {
    let sandbox = repository();
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n  p: hunter2\n---\n";
    sandbox.write("staging/web.yaml", &format!("{secret}{}", workload(OLD)));
    let mut dry = BUMP.to_vec();
    dry.push("--dry-run");
    let output = sandbox.rotate(&dry).success();
    assert!(!output.to_string().contains("hunter2"), "{output}");
    sandbox.write("staging/web.yaml", &format!("{secret}broken: [\n"));
    let output = sandbox.rotate(BUMP).status(2);
    assert!(!output.to_string().contains("hunter2"), "{output}");
}

/// A few kilobytes that double with each step are refused at a limit, with the place.
#[test]
fn what_doubles_is_refused_at_a_limit() {
    let says = |sandbox: &Sandbox, arguments: &[&str], words: &str| {
        let output = sandbox.rotate(arguments);
        assert!(output.status > 0 && output.to_string().contains(words), "{output}");
    };
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: aaaaaaaa-b\n";
    let double = "- source: {kind: ConfigMap, fieldPath: data.x}\n  targets:\n  - select: {kind: ConfigMap}\n    \
                  fieldPaths: [data.x]\n    options: {delimiter: '-', index: 1}\n";
    let texts = Sandbox::empty();
    texts.write("staging/a.yaml", object);
    let kustomization = format!("resources: [a.yaml]\nreplacements:\n{}", double.repeat(40));
    texts.write("staging/kustomization.yaml", &kustomization);
    says(&texts, &["refs"], "is too large");

    let levels = Sandbox::empty();
    levels.write("l0/a.yaml", object).write("l0/kustomization.yaml", "resources: [a.yaml]\n");
    for level in 1..=20 {
        for (name, prefix) in [("a", "p"), ("b", "q")] {
            let text = format!("namePrefix: {prefix}\nresources: [../l{}]\n", level - 1);
            levels.write(&format!("l{level}{name}/kustomization.yaml"), &text);
        }
        let both = format!("resources: [../l{level}a, ../l{level}b]\n");
        levels.write(&format!("l{level}/kustomization.yaml"), &both);
    }
    says(&levels, &["refs", "l20"], "more than 10000 objects");

    let large = Sandbox::empty();
    large.write("staging/a.yaml", &format!("{object}{}", "  # a line\n".repeat(1 << 21)));
    says(&large, &["lint"], "`staging/a.yaml` is larger than 16 MiB");
}

/// Two bytes can spell a value, and each takes memory: too many are refused while they are read.
#[test]
fn a_file_of_too_many_values_is_refused_where_they_become_too_many() {
    let shapes = [
        ("a list", format!("a: [{}]\n", "1,\n".repeat(600_000))),
        ("maps", "- {a: {b: c}}\n".repeat(120_000)),
        ("keys", (0..260_000).map(|at| format!("k{at}: v\n")).collect()),
        ("aliases", format!("- &a b\n{}", "- *a\n".repeat(520_000))),
        ("documents", "---\n".repeat(520_000)),
        ("objects", format!("---\n{}", workload(OLD)).repeat(30_000)),
    ];
    for (shape, text) in shapes {
        let sandbox = repository();
        sandbox.write("staging/more.yaml", &text);
        let output = sandbox.rotate(&["lint"]).status(1);
        for words in
            ["unresolved", "staging/more.yaml:", "more than 500000 values in one file; split it"]
        {
            assert!(output.to_string().contains(words), "{shape}: {output}");
        }
        let output = sandbox.rotate(BUMP).status(2);
        assert!(output.to_string().contains("more than 500000 values"), "{shape}: {output}");
    }
    let sandbox = repository();
    sandbox.write("staging/more.yaml", &format!("a: [{}]\n", "1,\n".repeat(480_000)));
    let _ = sandbox.rotate(&["lint"]).success();
}

/// A stack that no address space holds: the system refuses the thread, to root as well.
#[cfg(target_os = "linux")]
#[test]
fn threads_that_cannot_be_made_are_an_error() {
    let sandbox = repository();
    let mut command = sandbox.command(&["lint"]);
    let output = sandbox.finish(command.env("RUST_MIN_STACK", (1_u64 << 46).to_string()));
    let _ = output.status(2).says(&["cannot start the threads", "RAYON_NUM_THREADS=1"]);
    let output = sandbox.finish(command.env("RAYON_NUM_THREADS", "1"));
    let _ = output.success();
}

/// A path that is too long cannot be opened by anybody, root included: what is below it may be an environment.
#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_listed_is_not_an_empty_one() {
    let sandbox = repository();
    sandbox.commit_all();
    let chain = |letter: &str| vec![letter.repeat(250); 11].join("/");
    let long = sandbox.path(&format!("apps/{}", chain("a")));
    fs::create_dir_all(&long).unwrap();
    fs::create_dir_all(sandbox.path(&chain("b"))).unwrap();
    let top = "b".repeat(250);
    fs::rename(sandbox.path(&top), long.join(&top)).unwrap();
    for command in [&["status"][..], &["promote"], &["promote", "--check"], BUMP] {
        let output = sandbox.rotate(command).status(2).says(&["cannot be read"]);
        assert!(!output.to_string().contains("is due."), "{output}");
    }
}
