//! Reading what a program prints while it runs, a piece at a time.

use std::io::{self, BufRead, Read};
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Instant;

use crate::process::bounded::{Limits, Output, Stopped, ended};
use crate::process::{Finished, Program};

/// How much is read at once.
const PIECE: usize = 64 << 10;

/// How many pieces wait to be read; the program waits with the next one.
const PIECES: usize = 4;

/// What a program prints. Reading it fails where the program does, takes too long, or prints too much.
pub struct Streamed {
    name: &'static str,
    child: Child,
    pieces: Receiver<io::Result<Vec<u8>>>,
    said: Receiver<Output>,
    piece: Vec<u8>,
    at: usize,
    printed: usize,
    is_over: bool,
    limits: Limits,
    end: Instant,
}

/// A program that was started.
pub enum Started {
    /// It printed less than a piece, and has ended.
    Ended(Finished),
    /// It prints more.
    Prints(Streamed),
}

impl Program {
    /// Starts it without standard input, and waits for the first piece of what it prints, or for its end.
    ///
    /// # Errors
    /// When it cannot be started, or takes too long.
    pub fn start_within(mut self, limits: Limits) -> Result<Started, Stopped> {
        let (child, pieces, said) = self.start(pieces)?;
        let end = Instant::now() + limits.time;
        let (name, is_over) = (self.name, false);
        let (piece, at, printed) = (Vec::new(), 0, 0);
        let mut stream =
            Streamed { name, child, pieces, said, piece, at, printed, is_over, limits, end };
        let mut first = Vec::new();
        while first.len() < PIECE {
            let Some(piece) = stream.next()? else {
                return Ok(Started::Ended(Finished { stdout: first, ..stream.finished()? }));
            };
            first.extend(piece);
        }
        stream.piece = first;
        Ok(Started::Prints(stream))
    }
}

impl Streamed {
    /// The next piece; `None` at the end.
    fn next(&mut self) -> Result<Option<Vec<u8>>, Stopped> {
        match self.pieces.recv_timeout(self.end.saturating_duration_since(Instant::now())) {
            Ok(piece) => {
                let piece = piece?;
                self.printed = self.printed.saturating_add(piece.len());
                if self.printed > self.limits.output {
                    return Err(Stopped::TooMuch(self.limits.output));
                }
                Ok(Some(piece))
            }
            Err(RecvTimeoutError::Timeout) => Err(Stopped::TooLong(self.limits.time)),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
        }
    }

    /// How it ended, once it has printed everything.
    fn finished(&mut self) -> Result<Finished, Stopped> {
        self.is_over = true;
        let said = match self.said.recv_timeout(self.end.saturating_duration_since(Instant::now()))
        {
            Ok(said) => said?.0,
            Err(RecvTimeoutError::Timeout) => return Err(Stopped::TooLong(self.limits.time)),
            Err(RecvTimeoutError::Disconnected) => Vec::new(),
        };
        let status = ended(&mut self.child, self.limits, self.end)?;
        Ok(Finished { name: self.name, status, stdout: Vec::new(), stderr: said })
    }
}

impl BufRead for Streamed {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at >= self.piece.len() && !self.is_over {
            self.at = 0;
            let next = self.next().map_err(|stopped| io::Error::other(stopped.to_string()));
            self.is_over = next.is_err();
            self.piece = next?.unwrap_or_default();
            if self.piece.is_empty() {
                let ended = self.finished();
                let ended = ended.map_err(|stopped| io::Error::other(stopped.to_string()))?;
                if !ended.status.success() {
                    return Err(io::Error::other(ended.said()));
                }
            }
        }
        Ok(&self.piece[self.at.min(self.piece.len())..])
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount;
    }
}

impl Read for Streamed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut buffer = self.fill_buf()?;
        let count = buffer.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl Drop for Streamed {
    fn drop(&mut self) {
        let _has_ended = self.child.kill();
        let _is_gone = self.child.wait();
    }
}

/// Reads a pipe in a thread of its own, which waits where nobody takes what it reads.
fn pieces(pipe: Option<impl Read + Send + 'static>) -> io::Result<Receiver<io::Result<Vec<u8>>>> {
    let (send, receive) = sync_channel(PIECES);
    let Some(mut pipe) = pipe else { return Ok(receive) };
    thread::Builder::new().spawn(move || {
        loop {
            let mut piece = vec![0; PIECE];
            let read = match pipe.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => {
                    piece.truncate(count);
                    Ok(piece)
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let is_last = read.is_err();
            if send.send(read).is_err() || is_last {
                break;
            }
        }
    })?;
    Ok(receive)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::io::{BufRead as _, Read as _};
    use std::time::Duration;

    use super::{Limits, PIECE, Started, Stopped};
    use crate::process::Program;

    fn start(script: &str, time: u64, output: usize) -> Result<Started, Stopped> {
        let limits = Limits { time: Duration::from_millis(time), output };
        Program::new("sh").args(["-c", script]).start_within(limits)
    }

    /// What a stream has, or why it ends.
    fn whole(script: &str, time: u64, output: usize) -> Result<usize, String> {
        let Ok(Started::Prints(mut stream)) = start(script, time, output) else {
            return Err("it has ended".to_owned());
        };
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).map_err(|error| error.to_string())
    }

    const MUCH: &str = "head -c 1000000 /dev/zero";

    #[test]
    fn what_is_short_is_there_with_its_status() {
        let Ok(Started::Ended(ended)) = start("echo a; echo b >&2; exit 3", 60_000, 1 << 20) else {
            panic!("it prints more than a piece")
        };
        assert_eq!((ended.text().as_str(), ended.said().trim()), ("a\n", "b"));
        assert_eq!(ended.status.code(), Some(3));
    }

    #[test]
    fn what_is_long_is_read_to_its_end() {
        assert_eq!(whole(MUCH, 60_000, 1 << 20), Ok(1_000_000));
    }

    #[test]
    fn a_failure_after_much_output_is_an_error_of_the_stream() {
        let script = format!("{MUCH}; echo 'the list has expired' >&2; exit 1");
        assert!(whole(&script, 60_000, 1 << 20).unwrap_err().contains("the list has expired"));
    }

    #[test]
    fn a_program_that_prints_too_much_or_for_too_long_is_ended() {
        let said = whole("yes", 60_000, 10 * PIECE).unwrap_err();
        assert!(said.contains("more than 655360 bytes"), "{said}");
        let said = whole(&format!("{MUCH}; sleep 60"), 500, 1 << 20).unwrap_err();
        assert!(said.contains("longer than 0.5 s"), "{said}");
        assert!(matches!(start("sleep 60", 50, 10), Err(Stopped::TooLong(_))));
    }

    #[test]
    fn no_more_than_some_pieces_are_held() {
        let Ok(Started::Prints(mut stream)) = start("yes", 60_000, usize::MAX) else {
            panic!("it has ended")
        };
        for _ in 0..100 {
            let count = stream.fill_buf().unwrap().len();
            assert!(0 < count && count < 2 * PIECE, "{count}");
            stream.consume(count);
        }
    }
}
