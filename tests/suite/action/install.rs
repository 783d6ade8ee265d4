//! Where the program comes from: the release, a mirror, the source, or nowhere.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use super::project;
use super::runner::{Ended, Runner};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const TARGET: &str = "x86_64-unknown-linux-musl";

impl Runner {
    /// Installs on Linux, on x86-64, from a mirror below the runner's directory.
    fn install(&self, environment: &[(&str, &str)]) -> Ended {
        let mirror = format!("file://{}/releases", self.directory.path().display());
        let mut all = vec![
            ("RUNNER_OS", "Linux"),
            ("RUNNER_ARCH", "X64"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("ROTATE_RELEASES", &mirror),
        ];
        all.extend(environment);
        self.script(&project(".github/action/install"), &[], &all)
    }

    /// Puts an archive and its checksum into the mirror, as the release makes them.
    fn release(&self) {
        self.pack("echo \"released $0\"");
    }

    /// The same of a program that is this script.
    fn pack(&self, script: &str) {
        self.program("packed", script);
        let pack = project(".ci/pack");
        let directory = self.path("releases").join(format!("v{VERSION}"));
        let packed = Command::new(pack)
            .arg(self.path("bin/packed"))
            .arg(TARGET)
            .arg(&directory)
            .output()
            .unwrap();
        assert!(packed.status.success(), "{packed:?}");
    }

    fn asset(&self, end: &str) -> std::path::PathBuf {
        self.path(&format!("releases/v{VERSION}/rotate-{VERSION}-{TARGET}.tar.gz{end}"))
    }

    /// A path with what the script needs, and no cargo.
    fn without_cargo(&self) -> String {
        let tools = self.path("tools");
        fs::create_dir(&tools).unwrap();
        for tool in [
            "basename", "bash", "cat", "curl", "cut", "dirname", "env", "mkdir", "mktemp", "rm",
            "sed",
        ] {
            let found = ["/usr/bin", "/bin"].map(|place| std::path::Path::new(place).join(tool));
            symlink(found.iter().find(|file| file.exists()).unwrap(), tools.join(tool)).unwrap();
        }
        tools.to_str().unwrap().to_owned()
    }
}

#[test]
fn the_released_program_is_installed_once_its_checksum_holds() {
    let runner = Runner::new();
    runner.release();
    let ended = runner.install(&[]);
    let program = format!("[TEMP]/rotate/{VERSION}/bin/rotate");
    let notice =
        "::notice title=rotate::the attestation was not checked: the program is from a mirror";
    assert_eq!((ended.status, ended.said), (0, format!("{notice}\nreleased {program}\n")));

    // what the cache brought is not fetched again
    fs::remove_dir_all(runner.path("releases")).unwrap();
    let ended = runner.install(&[]);
    assert_eq!((ended.status, ended.said), (0, format!("released {program}\n")));
}

#[test]
fn a_release_has_the_completion_scripts() {
    let runner = Runner::new();
    let rotate = env!("CARGO_BIN_EXE_rotate");
    runner.pack(&format!("exec {rotate} \"$@\""));
    let script = |name: &str| {
        let mut tar = Command::new("tar");
        tar.args(["-xzOf"]).arg(runner.asset(""));
        let output =
            tar.arg(format!("rotate-{VERSION}-{TARGET}/completions/{name}")).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let scripts = [
        ("bash", "rotate.bash"),
        ("elvish", "rotate.elv"),
        ("fish", "rotate.fish"),
        ("powershell", "_rotate.ps1"),
        ("zsh", "_rotate"),
    ];
    for (shell, name) in scripts {
        let printed = Command::new(rotate).args(["completions", shell]).output().unwrap();
        assert_eq!(script(name), String::from_utf8(printed.stdout).unwrap(), "{name}");
    }
    assert!(script("_rotate").starts_with("#compdef rotate\n"));
}

/// It may have been built on a newer image, against libraries that are not here.
#[test]
fn a_cached_program_that_does_not_run_is_installed_anew() {
    let runner = Runner::new();
    runner.release();
    let place = format!("../rotate/{VERSION}/bin");
    fs::create_dir_all(runner.path("bin").join(&place)).unwrap();
    runner.program(&format!("{place}/rotate"), "echo 'no such library' >&2; exit 1");
    let ended = runner.install(&[]);
    assert_eq!(ended.status, 0, "{}", ended.said);
    let notice =
        "::notice title=rotate::the program from the cache does not run here; installing it anew\n";
    let program = format!("released [TEMP]/rotate/{VERSION}/bin/rotate\n");
    for said in [notice, &program, "no such library\n"] {
        assert!(ended.said.contains(said), "{}", ended.said);
    }
    assert_eq!(runner.install(&[]).said, program);

    // one that is installed and does not run either is the end of it
    let runner = Runner::new();
    let cargo = r#"for root; do :; done
mkdir -p "$root/bin"
printf '#!/bin/sh\nexit 1\n' > "$root/bin/rotate"
chmod +x "$root/bin/rotate""#;
    runner.program("cargo", cargo);
    let ended = runner.install(&[]);
    let end =
        format!("::error title=rotate::[TEMP]/rotate/{VERSION}/bin/rotate does not run here\n");
    assert!(ended.status == 2 && ended.said.contains(&end), "{}", ended.said);
}

#[test]
fn another_file_than_the_published_one_is_not_installed() {
    let asset = format!("rotate-{VERSION}-{TARGET}.tar.gz");
    let changed = format!("::error title=rotate::{asset} is not what its checksum says\n");
    for said in ["0000  x\n", ""] {
        let runner = Runner::new();
        runner.release();
        fs::write(runner.asset(".sha256"), said).unwrap();
        let ended = runner.install(&[]);
        assert_eq!((ended.status, &ended.said), (2, &changed));
        assert!(!runner.path("rotate").exists());
    }
    let runner = Runner::new();
    runner.release();
    let mut bytes = fs::read(runner.asset("")).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(runner.asset(""), bytes).unwrap();
    let ended = runner.install(&[]);
    assert_eq!((ended.status, ended.said), (2, changed));

    let runner = Runner::new();
    runner.release();
    fs::remove_file(runner.asset(".sha256")).unwrap();
    let ended = runner.install(&[]);
    assert_eq!(ended.status, 2);
    let expected = format!("::error title=rotate::{asset} has no checksum beside it\n");
    assert!(ended.said.starts_with(&expected), "{}", ended.said);
}

/// What is fetched, unpacked or built, by whomever it was written, learns no token.
#[test]
fn only_the_check_of_the_attestation_sees_a_token() {
    let tokens = ["GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"];
    let runner = Runner::new();
    let all = runner.path("all");
    let note = format!(
        "printf '%s in %s\\n' \"$(env | grep -c TOKEN)\" \"${{0##*/}}\" >> {}",
        all.display()
    );
    runner.program("curl", &format!("{note}\nprintf 404; exit 22"));
    let build = "for root; do :; done\nmkdir -p \"$root/bin\"\ncp \"$0\" \"$root/bin/rotate\"";
    // what it builds is a copy of it, which builds nothing when it is asked for its version
    runner.program("cargo", &format!("{note}\n[ $# -gt 1 ] || exit 0\n{build}"));
    let mut environment = vec![("ROTATE_RELEASES", ""), ("ACTION_REPOSITORY", "example/rotate")];
    environment.extend(tokens.map(|name| (name, "a token")));
    let ended = runner.install(&environment);
    assert_eq!(ended.status, 0, "{}", ended.said);
    let seen = fs::read_to_string(all).unwrap();
    assert_eq!(seen, "0 in curl\n0 in cargo\n0 in rotate\n");
}

/// `cargo` is a stand-in here; that it builds is tried in the workflow of the project.
#[test]
fn where_nothing_is_released_the_program_is_built() {
    let missing = format!(
        "there is no rotate-{VERSION}-{TARGET}.tar.gz in file://[TEMP]/releases/v{VERSION}"
    );
    let cases = [
        (vec![], missing.as_str()),
        (vec![("RUNNER_ARCH", "RISCV64")], "no program is released for Linux on RISCV64"),
        (
            vec![("ROTATE_RELEASES", "")],
            "the Action is used from a directory, not from a repository with releases",
        ),
    ];
    for (environment, reason) in cases {
        let runner = Runner::new();
        // it makes a program where it is told to, and says from where it was called
        let cargo = r#"for root; do :; done
mkdir -p "$root/bin"
printf '#!/bin/sh\necho built\n' > "$root/bin/rotate"
chmod +x "$root/bin/rotate"
echo "in $PWD: $1 $2 $3 $4 $5""#;
        runner.program("cargo", cargo);
        let ended = runner.install(&environment);
        let source = project("Cargo.toml");
        let expected = format!(
            "::notice title=rotate::{reason}; building it from the Action's own source, which takes some minutes\n\
             in {}: install --locked --no-track --path .\nbuilt\n",
            source.parent().unwrap().display()
        );
        assert_eq!(ended.status, 0);
        assert!(ended.said.starts_with(&expected), "{}", ended.said);
    }
}

#[test]
fn without_cargo_it_says_what_to_do() {
    let runner = Runner::new();
    let path = runner.without_cargo();
    let ended = runner.install(&[("PATH", &path), ("RUNNER_ARCH", "RISCV64")]);
    let expected = "::error title=rotate::no program is released for Linux on RISCV64, and there is no cargo here to build one; \
                    install Rust, or name a mirror in ROTATE_RELEASES\n";
    assert_eq!((ended.status, ended.said.as_str()), (2, expected));
}

#[test]
fn another_version_is_not_built_from_this_source() {
    let runner = Runner::new();
    runner.program("cargo", "echo built");
    let ended = runner.install(&[("INPUT_VERSION", "v98.7.6")]);
    assert_eq!(ended.status, 2);
    let end =
        format!("releases/v98.7.6, and this ref of the Action builds {VERSION}, not 98.7.6\n");
    assert!(ended.said.contains(&end) && !ended.said.contains("built"), "{}", ended.said);
    for version in ["../../etc", "1.2", "1.2.3/x", "1.2.3\nkey=x", "latest"] {
        let ended = runner.install(&[("INPUT_VERSION", version)]);
        let expected =
            format!("::error title=rotate::the input `version` is no version such as {VERSION}\n");
        assert_eq!((ended.status, ended.said), (2, expected));
    }
}

/// What the server does not answer is no reason to build another program than the one that was asked for.
#[test]
fn a_server_that_fails_is_not_a_missing_release() {
    let runner = Runner::new();
    runner.program("cargo", "echo built");
    runner.program("curl", "printf 503; exit 22");
    let ended = runner.install(&[]);
    assert_eq!(ended.status, 2);
    assert!(ended.said.ends_with(".tar.gz: curl ended with 22\n"), "{}", ended.said);
    runner.program("curl", "printf 404; exit 22");
    assert!(runner.install(&[]).said.contains("there is no rotate-"));
}

#[test]
fn an_attestation_that_does_not_hold_ends_it() {
    let runner = Runner::new();
    runner.release();
    let mirror = format!("{}/releases/v{VERSION}", runner.directory.path().display());
    // the release itself, without a network: the address is kept, the file comes from the mirror
    runner.program(
        "curl",
        &format!("for url; do :; done\nprintf '%s\\n' \"$url\" >> {mirror}/asked\nwhile [ \"$1\" != --output ]; do shift; done\ncp {mirror}/\"$2\" \"$2\""),
    );
    runner.program(
        "gh",
        &format!("[ \"$3\" = --help ] || echo \"gh $* on $GH_HOST with $GH_TOKEN\"\n[ ! -f {mirror}/bad ]"),
    );
    let from_github =
        [("ROTATE_RELEASES", ""), ("ACTION_REPOSITORY", "example/rotate"), ("GH_TOKEN", "a token")];
    let asset = format!("rotate-{VERSION}-{TARGET}.tar.gz");
    let ended = runner.install(&from_github);
    let verified = format!(
        "gh attestation verify {asset} --repo example/rotate --source-ref refs/tags/v{VERSION} \
         --signer-workflow example/rotate/.github/workflows/release.yml on github.com with a token\n"
    );
    assert!(ended.status == 0 && ended.said.starts_with(&verified), "{}", ended.said);
    let asked = fs::read_to_string(format!("{mirror}/asked")).unwrap();
    let address = format!("https://github.com/example/rotate/releases/download/v{VERSION}/{asset}");
    assert_eq!(asked, format!("{address}\n{address}.sha256\n"));

    fs::remove_dir_all(runner.path("rotate")).unwrap();
    let without_token = [from_github[0], from_github[1]];
    let said = runner.install(&without_token).said;
    assert!(
        said.starts_with("::notice title=rotate::the attestation was not checked: that needs"),
        "{said}"
    );

    fs::remove_dir_all(runner.path("rotate")).unwrap();
    runner.program("gh", "[ \"$3\" = --help ]");
    let ended = runner.install(&from_github);
    let expected = format!("::error title=rotate::the attestation of {asset} does not hold\n");
    assert_eq!((ended.status, ended.said), (2, expected));
    assert!(!runner.path("rotate").exists());
}

#[test]
fn the_key_names_version_target_image_and_source() {
    let runner = Runner::new();
    let script = project(".github/action/install");
    let directory = format!("[TEMP]/rotate/{VERSION}");
    for (image, named) in
        [(None, "image"), (Some("win25"), "win25"), (Some("a,b\nkey=c"), "abkeyc")]
    {
        let mut environment = vec![("RUNNER_OS", "Windows"), ("RUNNER_ARCH", "X64")];
        environment.extend(image.map(|image| ("ImageOS", image)));
        let _ = fs::remove_file(runner.path("outputs"));
        let ended = runner.script(&script, &["plan"], &environment);
        assert_eq!((ended.status, ended.said.as_str()), (0, ""));
        let outputs = fs::read_to_string(runner.path("outputs")).unwrap();
        let outputs = outputs.replace(runner.directory.path().to_str().unwrap(), "[TEMP]");
        let (place, key) = outputs.trim_end().rsplit_once('\n').unwrap();
        assert_eq!(place, format!("directory={directory}\nprogram={directory}/bin/rotate.exe"));
        let begin = format!("key=rotate-{VERSION}-x86_64-pc-windows-msvc-{named}-");
        assert_eq!(key.strip_prefix(&begin).map(str::len), Some(64), "{key}");
    }
}
