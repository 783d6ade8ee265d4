//! Where the program comes from: the release, a mirror, the source, or nowhere.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::process::Command;
use std::thread;

use super::project;
use super::runner::{Ended, Runner};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const TARGET: &str = "x86_64-unknown-linux-musl";
const UNATTESTED: &str =
    "::notice title=rotate::the attestation was not checked: that needs github.com and a token";

impl Runner {
    /// Installs on Linux, on x86-64, from a mirror below the runner's directory.
    fn install(&self, environment: &[(&str, &str)]) -> Ended {
        self.installer(&[], environment)
    }

    fn plan(&self, environment: &[(&str, &str)]) -> Ended {
        self.installer(&["plan"], environment)
    }

    fn installer(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Ended {
        let mirror = format!("file://{}/releases", self.directory.path().display());
        let mut all = vec![
            ("RUNNER_OS", "Linux"),
            ("RUNNER_ARCH", "X64"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("ROTATE_RELEASES", &mirror),
        ];
        all.extend(environment);
        self.script(&project(".github/action/install"), arguments, &all)
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
    let said = format!("{UNATTESTED}\nreleased {program}\n");
    assert_eq!((ended.status, ended.said), (0, said.clone()));

    // what the cache brought is not fetched again, and no program but that of the archive runs
    fs::remove_file(runner.asset("")).unwrap();
    runner.program(&format!("../rotate/{VERSION}/bin/rotate"), "echo planted");
    let ended = runner.install(&[]);
    assert_eq!((ended.status, ended.said), (0, said));
}

/// The checksum does not come from the cache, where it could be changed along with the archive.
#[test]
fn a_cached_archive_is_checked_before_anything_of_it_runs() {
    let runner = Runner::new();
    runner.pack("echo tampered");
    let cached = runner.path(&format!("rotate/{VERSION}/archive"));
    fs::create_dir_all(&cached).unwrap();
    let asset = format!("rotate-{VERSION}-{TARGET}.tar.gz");
    for end in ["", ".sha256"] {
        fs::copy(runner.asset(end), cached.join(format!("{asset}{end}"))).unwrap();
    }
    fs::remove_file(runner.path("bin/packed")).unwrap();
    runner.release();
    assert_ne!(fs::read(cached.join(&asset)).unwrap(), fs::read(runner.asset("")).unwrap());

    let ended = runner.install(&[("CACHE_KEY", "rotate-key")]);
    let program = format!("[TEMP]/rotate/{VERSION}/bin/rotate");
    let warning = format!(
        "::warning title=rotate::the cached {asset} is not what its checksum says; it was thrown away, and is fetched anew. \
         An entry of the cache is never overwritten: `gh cache delete rotate-key` removes it"
    );
    assert_eq!(
        (ended.status, ended.said),
        (0, format!("{warning}\n{UNATTESTED}\nreleased {program}\n"))
    );
    // what the job saves is what was checked
    assert_eq!(fs::read(cached.join(&asset)).unwrap(), fs::read(runner.asset("")).unwrap());
    assert_eq!(fs::read_dir(&cached).unwrap().count(), 1);

    // with nothing to fetch anew, it is the end
    fs::write(cached.join(&asset), "tampered").unwrap();
    fs::remove_file(runner.asset("")).unwrap();
    let ended = runner.install(&[]);
    assert_eq!(ended.status, 2);
    assert!(
        ended.said.contains("::error title=rotate::there is a checksum, but no"),
        "{}",
        ended.said
    );
    assert!(!ended.said.contains("tampered\n"), "{}", ended.said);
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

/// Nothing could tell a built program in a cache from another one, so it lives as long as the job.
#[test]
fn what_is_built_is_built_once_in_a_job() {
    let runner = Runner::new();
    let cargo = r#"for root; do :; done
mkdir -p "$root/bin"
printf '#!/bin/sh\necho built\n' > "$root/bin/rotate"
chmod +x "$root/bin/rotate""#;
    runner.program("cargo", cargo);
    let ended = runner.install(&[]);
    assert!(ended.status == 0 && ended.said.contains("building it"), "{}", ended.said);
    let ended = runner.install(&[]);
    assert!(ended.status == 0 && ended.said.starts_with("built\n"), "{}", ended.said);
    assert!(!runner.path(&format!("rotate/{VERSION}/archive")).exists());
}

#[test]
fn a_program_that_does_not_run_here_is_the_end_of_it() {
    let runner = Runner::new();
    runner.pack("[ \"$1\" = completions ]");
    let ended = runner.install(&[]);
    let end =
        format!("::error title=rotate::[TEMP]/rotate/{VERSION}/bin/rotate does not run here\n");
    assert!(ended.status == 2 && ended.said.contains(&end), "{}", ended.said);
}

#[test]
fn another_file_than_the_published_one_is_not_installed() {
    let asset = format!("rotate-{VERSION}-{TARGET}.tar.gz");
    let changed = format!("::error title=rotate::{asset} is not what its checksum says\n");
    let other = format!("{}  x\n", "0".repeat(64));
    let none = format!("::error title=rotate::{asset}.sha256 holds no checksum\n");
    for (said, error) in [(&*other, &changed), ("0000  x\n", &none), ("", &none)] {
        let runner = Runner::new();
        runner.release();
        fs::write(runner.asset(".sha256"), said).unwrap();
        let ended = runner.install(&[]);
        assert_eq!((ended.status, &ended.said), (2, error));
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
    assert_eq!(seen, "0 in curl\n0 in curl\n0 in cargo\n0 in rotate\n");
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
    assert!(ended.said.ends_with(".tar.gz.sha256: curl ended with 22\n"), "{}", ended.said);
    runner.program("curl", "printf 404; exit 22");
    assert!(runner.install(&[]).said.contains("there is no rotate-"));
}

impl Runner {
    /// A release on GitHub, without a network: the address is noted in `asked`, the file comes from the mirror. `gh` says how it is called.
    fn on_github(&self) {
        self.release();
        let mirror = self.path("releases").join(format!("v{VERSION}"));
        let curl = format!(
            "for url; do :; done\nprintf '%s %s\\n' \"$1 $2 $3 $4\" \"$url\" >> \"$RUNNER_TEMP/asked\"\n\
             while [ \"$1\" != --output ]; do shift; done\ncp {}/\"$2\" \"$2\"",
            mirror.display()
        );
        self.program("curl", &curl);
        let gh = "[ \"$3\" = --help ] || echo \"gh $* on $GH_HOST with $GH_TOKEN, $GH_REPO, $(env | grep -c 'of the job')\"";
        self.program("gh", gh);
    }
}

const FROM_GITHUB: [(&str, &str); 3] =
    [("ROTATE_RELEASES", ""), ("ACTION_REPOSITORY", "example/rotate"), ("GH_TOKEN", "a token")];

/// How `gh` is asked.
fn asked_gh() -> String {
    format!(
        "gh attestation verify rotate-{VERSION}-{TARGET}.tar.gz --repo example/rotate --source-ref refs/tags/v{VERSION} \
         --signer-workflow example/rotate/.github/workflows/release.yml on github.com with a token, ,"
    )
}

#[test]
fn the_attestation_is_checked_each_time() {
    let runner = Runner::new();
    runner.on_github();
    let asset = format!("rotate-{VERSION}-{TARGET}.tar.gz");
    let address = format!("https://github.com/example/rotate/releases/download/v{VERSION}/{asset}");
    let flags = "--proto =https --proto-redir =https";
    let first = format!("{flags} {address}.sha256\n{flags} {address}\n");
    for asked in [first, format!("{flags} {address}.sha256\n")] {
        let _ = fs::remove_file(runner.path("asked"));
        let ended = runner.install(&FROM_GITHUB);
        assert!(ended.status == 0 && ended.said.starts_with(&asked_gh()), "{}", ended.said);
        assert_eq!(fs::read_to_string(runner.path("asked")).unwrap(), asked);
    }

    // one that does not hold, also of an archive that was cached when it did
    runner.program("gh", "[ \"$3\" = --help ]");
    for _ in 0..2 {
        let ended = runner.install(&FROM_GITHUB);
        let expected = format!(
            "::error title=rotate::the attestation of {asset} is missing or does not hold; \
             `require-attestation: false` goes by the checksum alone\n"
        );
        assert_eq!((ended.status, ended.said), (2, expected));
    }

    // no gh that can
    runner.program("gh", "exit 1");
    let ended = runner.install(&FROM_GITHUB);
    let expected = format!(
        "::error title=rotate::the attestation of {asset} cannot be checked: install gh 2.49 or newer, \
         or set `require-attestation: false`\n"
    );
    assert_eq!((ended.status, ended.said), (2, expected));
}

#[test]
fn where_no_attestation_can_be_had_the_checksum_decides() {
    let require = ("INPUT_REQUIRE_ATTESTATION", "false");
    let [nowhere, repository, token] = FROM_GITHUB;
    let server = ("GITHUB_SERVER_URL", "https://github.example.com");
    let set_off = "`require-attestation` is false";
    let elsewhere = "that needs github.com and a token";
    let directory = "the Action is used from a directory, not from a repository with releases";
    for (environment, why) in [
        (&[nowhere, repository, token, require][..], set_off),
        (&[nowhere, repository], elsewhere),
        (&[nowhere, repository, token, server], elsewhere),
        (&[token], directory),
    ] {
        let runner = Runner::new();
        runner.on_github();
        if environment == [token] {
            fs::remove_file(runner.path("bin/curl")).unwrap();
        }
        runner.program("gh", "echo asked");
        let ended = runner.install(environment);
        let begin =
            format!("::notice title=rotate::the attestation was not checked: {why}\nreleased ");
        assert!(ended.status == 0 && ended.said.starts_with(&begin), "{}", ended.said);
    }
    // a mirror has what was released, and the same attestation
    let runner = Runner::new();
    runner.on_github();
    fs::remove_file(runner.path("bin/curl")).unwrap();
    let ended = runner.install(&[repository, token]);
    assert!(ended.status == 0 && ended.said.starts_with(&asked_gh()), "{}", ended.said);

    let ended = Runner::new().install(&[("INPUT_REQUIRE_ATTESTATION", "no")]);
    let expected =
        "::error title=rotate::the input `require-attestation` is neither true nor false\n";
    assert_eq!((ended.status, ended.said.as_str()), (2, expected));
}

/// A job may have another `gh` server or repository in mind for its own steps.
#[test]
fn what_a_job_sets_for_its_gh_does_not_lead_the_check_elsewhere() {
    let runner = Runner::new();
    runner.on_github();
    let mut environment = FROM_GITHUB.to_vec();
    environment.extend(
        ["GH_HOST", "GH_REPO", "GH_CONFIG_DIR", "GH_ENTERPRISE_TOKEN", "GITHUB_TOKEN"]
            .map(|name| (name, "of the job")),
    );
    let ended = runner.install(&environment);
    let expected = format!("{} 0\nreleased ", asked_gh());
    assert!(ended.status == 0 && ended.said.starts_with(&expected), "{}\n{expected}", ended.said);
}

#[test]
fn nothing_is_fetched_unencrypted_from_another_machine() {
    let runner = Runner::new();
    runner.release();
    for mirror in [
        "http://mirror.example.com/releases",
        "http://127.0.0.1:80@mirror.example.com/releases",
        "http://127.0.0.1.example.com/releases",
        "ftp://127.0.0.1/releases",
        "releases",
    ] {
        let ended = runner.install(&[("ROTATE_RELEASES", mirror)]);
        let end = "is not fetched: its address begins neither with https: nor with file:\n";
        assert!(ended.status == 2 && ended.said.ends_with(end), "{}", ended.said);
    }

    // A server on this machine stands for one that leads away from encryption.
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let asked = thread::spawn(move || {
        server
            .incoming()
            .map(|stream| answer(stream.unwrap()))
            .take_while(|path| path != "/end")
            .count()
    });
    let mirror = format!("http://{address}/releases");
    let ended = runner.install(&[("ROTATE_RELEASES", &mirror)]);
    assert!(ended.status == 2 && ended.said.contains("curl ended with 1\n"), "{}", ended.said);
    TcpStream::connect(address).unwrap().write_all(b"GET /end HTTP/1.0\r\n\r\n").unwrap();
    // the first, and not where it leads to
    assert_eq!(asked.join().unwrap(), 1);
}

/// Leads to another path, which is not encrypted either; the path that was asked for.
fn answer(mut stream: TcpStream) -> String {
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line).unwrap();
    let host = stream.local_addr().unwrap();
    let answer = format!(
        "HTTP/1.1 302 Found\r\nLocation: http://{host}/other\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).unwrap();
    line.split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn the_key_names_the_archive_by_its_checksum() {
    let runner = Runner::new();
    runner.release();
    let directory = format!("[TEMP]/rotate/{VERSION}");
    let plan = |environment: &[(&str, &str)]| {
        let _ = fs::remove_file(runner.path("outputs"));
        let ended = runner.plan(environment);
        assert_eq!(ended.status, 0, "{}", ended.said);
        let outputs = fs::read_to_string(runner.path("outputs")).unwrap();
        outputs.replace(runner.directory.path().to_str().unwrap(), "[TEMP]")
    };
    let checksum = fs::read_to_string(runner.asset(".sha256")).unwrap();
    let checksum = checksum.split(' ').next().unwrap();
    let places =
        |end: &str| format!("directory={directory}/archive\nprogram={directory}/bin/rotate{end}\n");
    let key = format!("{}key=rotate-{VERSION}-{TARGET}-{checksum}\n", places(""));
    assert_eq!(plan(&[]), key);
    // nothing that could be checked, so nothing is cached
    assert_eq!(plan(&[("RUNNER_OS", "Windows")]), format!("{}key=\n", places(".exe")));
    assert_eq!(plan(&[("ROTATE_RELEASES", "")]), format!("{}key=\n", places("")));
}
