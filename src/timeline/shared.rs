//! One walk for all that is asked of a history while a command runs.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use chrono::{DateTime, Utc};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::git::error::GitError;
use crate::git::repository::Git;
use crate::repo::Repo;
use crate::timeline::Timeline;
use crate::timeline::walk::{Depth, Walk, WalkError};

/// A walk along the mainline that goes on from where it stopped when more is asked, so that no commit is examined twice.
pub struct SharedWalk<'r> {
    git: &'r Git,
    tree: &'r Repo,
    now: DateTime<Utc>,
    state: Mutex<State<'r>>,
    threads: OnceLock<Option<ThreadPool>>,
}

enum State<'r> {
    New,
    Begun(Box<Walk<'r>>),
    /// It met an error, which may be farther back than what another question reaches.
    Failed,
}

impl<'r> SharedWalk<'r> {
    /// A walk beside the tree that is checked out, which begins when something is asked.
    #[must_use]
    pub const fn new(git: &'r Git, tree: &'r Repo, now: DateTime<Utc>) -> Self {
        Self { git, tree, now, state: Mutex::new(State::New), threads: OnceLock::new() }
    }

    /// Reads to a depth, or as far as was read before if that is deeper.
    ///
    /// # Errors
    /// When Git cannot be read to that depth, or the newest state does not fit its settings.
    pub fn read(&self, depth: Depth) -> Result<Timeline, WalkError> {
        // Whoever waits for work that is shared takes up other work meanwhile, such as a rule that asks for this walk
        // and would wait for itself. So a thread that does nothing else waits here, and the walk has threads of its own.
        thread::scope(|scope| {
            let reader = thread::Builder::new().spawn_scoped(scope, || self.read_here(depth));
            let reader = reader.map_err(|error| GitError::System {
                path: self.git.git_dir().to_owned(),
                reason: error.to_string(),
            })?;
            reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn read_here(&self, depth: Depth) -> Result<Timeline, WalkError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let known = std::mem::replace(&mut *state, State::Failed);
        if matches!(known, State::Failed) {
            drop(state);
            return self
                .on_threads(|| Timeline::read_from(self.git, None, self.tree, (depth, self.now)));
        }
        let (found, walk) = self.on_threads(|| self.go_on(known, depth))?;
        *state = State::Begun(walk);
        Ok(found)
    }

    fn go_on(
        &self,
        known: State<'r>,
        depth: Depth,
    ) -> Result<(Timeline, Box<Walk<'r>>), WalkError> {
        let mut walk = match known {
            State::Begun(walk) => walk,
            State::New | State::Failed => {
                Box::new(Walk::beside(self.git, None, self.tree, self.now)?)
            }
        };
        walk.go(depth)?;
        Ok((walk.timeline()?, walk))
    }

    fn on_threads<T: Send>(&self, run: impl FnOnce() -> T + Send) -> T {
        match self.threads.get_or_init(|| ThreadPoolBuilder::new().build().ok()) {
            Some(threads) => threads.install(run),
            None => {
                let _alone = ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
                run()
            }
        }
    }

    /// How many commits were examined for all that was asked.
    #[must_use]
    pub fn commits(&self) -> usize {
        match &*self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Begun(walk) => walk.commits(),
            State::New | State::Failed => 0,
        }
    }
}
