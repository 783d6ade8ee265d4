//! Running a program that may take too long, or print too much.

use std::io::{self, Read};
use std::process::{Child, ChildStdout, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::process::{Finished, Program};

/// How much of what a program says on standard error is kept.
const SAID: usize = 16 << 10;

/// How long a program that has closed its outputs is waited for before it is asked again whether it has ended.
const PAUSE: Duration = Duration::from_millis(5);

/// What a program may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The time.
    pub time: Duration,
    /// The bytes that it may print.
    pub output: usize,
}

/// Why a program did not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// It could not be started, or its output could not be read.
    #[error(transparent)]
    System(#[from] io::Error),
    /// It took too long.
    #[error("it took longer than {} s", .0.as_secs_f32())]
    TooLong(Duration),
    /// It printed too much.
    #[error("it printed more than {0} bytes")]
    TooMuch(usize),
}

impl Program {
    /// Runs it to its end without standard input, or ends it where it takes too long or prints too much.
    ///
    /// # Errors
    /// When it cannot be started, or was ended.
    pub fn run_within(mut self, limits: Limits) -> Result<Finished, Stopped> {
        let stdout = |pipe| reader(pipe, limits.output, false);
        let (mut child, stdout, stderr) = self.start(stdout)?;
        let end = Instant::now() + limits.time;
        match finish(&mut child, (&stdout, &stderr), limits, end) {
            Ok((status, stdout, stderr)) => {
                Ok(Finished { name: self.name, status, stdout, stderr })
            }
            Err(stopped) => {
                let _has_ended = child.kill();
                let _is_gone = child.wait();
                Err(stopped)
            }
        }
    }
}

impl Program {
    /// Starts it without standard input, and has `stdout` and a thread read what it prints. Where they cannot, it is ended.
    pub(super) fn start<O>(
        &mut self,
        stdout: impl FnOnce(Option<ChildStdout>) -> io::Result<O>,
    ) -> io::Result<(Child, O, Receiver<Output>)> {
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn()?;
        let stderr = child.stderr.take();
        let read = stdout(child.stdout.take());
        match read.and_then(|stdout| Ok((stdout, reader(stderr, SAID, true)?))) {
            Ok((stdout, stderr)) => Ok((child, stdout, stderr)),
            Err(error) => {
                let _has_ended = child.kill();
                let _is_gone = child.wait();
                Err(error)
            }
        }
    }
}

/// What was read of a pipe, and whether that is only the beginning.
pub(super) type Output = io::Result<(Vec<u8>, bool)>;

fn finish(
    child: &mut Child,
    (stdout, stderr): (&Receiver<Output>, &Receiver<Output>),
    limits: Limits,
    end: Instant,
) -> Result<(ExitStatus, Vec<u8>, Vec<u8>), Stopped> {
    let left = || end.saturating_duration_since(Instant::now());
    let receive = |from: &Receiver<Output>| match from.recv_timeout(left()) {
        Ok(output) => Ok(output?),
        Err(RecvTimeoutError::Timeout) => Err(Stopped::TooLong(limits.time)),
        Err(RecvTimeoutError::Disconnected) => Ok((Vec::new(), false)),
    };
    let (printed, is_cut) = receive(stdout)?;
    if is_cut {
        return Err(Stopped::TooMuch(limits.output));
    }
    let (said, _) = receive(stderr)?;
    Ok((ended(child, limits, end)?, printed, said))
}

/// How a program ended that has closed its outputs.
pub(super) fn ended(
    child: &mut Child,
    limits: Limits,
    end: Instant,
) -> Result<ExitStatus, Stopped> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Stopped::TooLong(limits.time));
        }
        thread::sleep(PAUSE.min(left));
    }
}

/// Reads a pipe in a thread of its own: what is printed, and whether it is more than is kept. If it `goes_on`, the rest is read and
/// dropped, so that the program does not wait for a reader.
fn reader(
    pipe: Option<impl Read + Send + 'static>,
    most: usize,
    goes_on: bool,
) -> io::Result<Receiver<Output>> {
    let (send, receive) = channel();
    let Some(mut pipe) = pipe else { return Ok(receive) };
    thread::Builder::new().spawn(move || {
        let mut kept = Vec::new();
        let read = pipe.by_ref().take(most as u64 + 1).read_to_end(&mut kept);
        let is_cut = kept.len() > most;
        kept.truncate(most);
        if is_cut && goes_on {
            let _dropped = io::copy(&mut pipe, &mut io::sink());
        }
        let _nobody_waits = send.send(read.map(|_| (kept, is_cut)));
    })?;
    Ok(receive)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;
    #[cfg(target_os = "linux")]
    use std::{
        io::{self, BufRead as _, BufReader},
        path::Path,
    };

    use super::{Limits, Stopped};
    use crate::process::Program;

    fn run(time: u64, output: usize) -> Result<usize, Stopped> {
        let program = Program::new("git").args(["help", "-a"]);
        let done = program.run_within(Limits { time: Duration::from_millis(time), output });
        done.map(|finished| finished.stdout.len())
    }

    #[test]
    fn a_program_that_prints_too_much_is_ended() {
        assert!(run(60_000, 1 << 20).unwrap() > 100);
        assert!(matches!(run(60_000, 10), Err(Stopped::TooMuch(10))));
    }

    #[test]
    #[cfg(unix)]
    fn a_program_that_takes_too_long_is_ended() {
        let limits = Limits { time: Duration::from_millis(50), output: 10 };
        let program = Program::new("sleep").args(["60"]);
        assert!(matches!(program.run_within(limits), Err(Stopped::TooLong(_))));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_program_that_nobody_can_read_is_ended() {
        let mut program = Program::new("sh").args(["-c", "echo $$; exec sleep 60"]);
        let mut process = String::new();
        let started = program.start(|pipe| {
            BufReader::new(pipe.unwrap()).read_line(&mut process)?;
            Err::<(), _>(io::Error::other("no thread"))
        });
        assert_eq!(started.unwrap_err().to_string(), "no thread");
        let process = Path::new("/proc").join(process.trim());
        assert!(!process.exists(), "{}", process.display());
    }
}
