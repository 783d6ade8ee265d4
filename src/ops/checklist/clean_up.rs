//! What is left of older versions.

use crate::ops::checklist::facts::{At, Facts, Here};
use crate::ops::checklist::list::List;
use crate::ops::checklist::words::{SHALLOW, code, without_history};
use crate::ops::checklist::{Proof, Section, State};
use crate::plan::prune::{Kept, Pods, Prune, PruneRequest, Why, plan};
use crate::plan::refusal::PlanError;
use crate::repo::schedules::Retention;
use crate::text::shell::command;
use crate::timeline::gate::{moment, span};
use crate::timeline::unused::{Known, kept_until};

impl Facts<'_> {
    /// The clean-up of an environment.
    pub(super) fn clean_up(&self, list: &mut List, here: Here<'_>) {
        list.begin(Section::CleanUp);
        let name = &*here.environment.name;
        if here.at == At::Older {
            if !self.repo.running_of(here.id, self.family).is_empty() {
                list.add(&["old", name], self.later(here), State::Open(None), None);
            }
            return;
        }
        let text = || format!("No old version is left in {name}.");
        let Some(timeline) = self.timeline else {
            return list.add(&["prune", name], text(), without_history(), None);
        };
        let subject = self.subject(here);
        let verify = || self.verify_command(here);
        let pods = self.given.pods.get(name).map_or(Pods::Unknown(&verify), Pods::Shown);
        let request = PruneRequest {
            subject: &subject,
            timeline,
            branches: &[],
            ignore_text: false,
            pods,
            now: self.now,
        };
        match plan(self.repo, &request) {
            Ok(mut prune) => {
                prune.say_reads(&self.given.listings);
                self.prune(list, here, &prune);
            }
            Err(PlanError::Hidden { .. }) => {
                let fetch = self.calls.git.as_ref().map(|git| format!("{git} fetch --unshallow"));
                list.add(&["prune", name], text(), State::Unknown(SHALLOW.to_owned()), fetch);
            }
            Err(error) => {
                let state = State::Open(Some(error.to_string()));
                list.add(&["prune", name], text(), state, Some(self.prune_command(here)));
            }
        }
    }

    fn prune(&self, list: &mut List, here: Here<'_>, prune: &Prune) {
        let name = &*here.environment.name;
        // Of a rotation that is over, its own version may be what is left.
        let running = self.repo.running_of(here.id, self.family);
        let is_old = |kept: &&Kept| {
            let is_older = running.versions.last().is_some_and(|newest| kept.version < *newest);
            is_older && !running.has(&kept.version)
        };
        let old: Vec<&Kept> = prune.kept.iter().filter(is_old).collect();
        for kept in &old {
            self.kept(list, here, kept);
        }
        if !prune.gone.is_empty() {
            let versions = prune.versions().join(", ");
            let text =
                format!("The stubs of {versions}, which {name} no longer needs, are removed.");
            list.add(&["prune", name], text, State::Open(None), Some(self.prune_command(here)));
            list.steps(&["removed", name], prune.next.iter());
        } else if old.is_empty() {
            let text = format!("No old version is left in {name}.");
            list.add(&["prune", name], text, State::Done(Proof::default()), None);
        }
    }

    fn kept(&self, list: &mut List, here: Here<'_>, kept: &Kept) {
        let (name, version) = (&*here.environment.name, &*kept.version);
        let keep = format!("Keep the stub of {version} in {name}");
        let why = kept.reason.text.clone();
        let (text, state, command) = match (kept.reason.why, kept.reason.until) {
            (Why::WayBack, _) => {
                (format!("{keep} for rollbacks."), self.way_back_until(here, version), None)
            }
            (_, Some(time)) => {
                let text = format!("{keep} until its retention is over.");
                (text, State::Waiting(Some(time), why), Some(self.prune_command(here)))
            }
            (_, None) => {
                let text = format!("The stub of {version} in {name} can be removed.");
                (text, State::Open(Some(why)), Some(self.prune_command(here)))
            }
        };
        list.add(&["kept", name, version], text, state, command);
    }

    /// How long the previous version is kept: until another one follows, and not less than its retention. No date ends that.
    fn way_back_until(&self, here: Here<'_>, version: &str) -> State {
        let note = "it is the way back until the next rotation";
        let since = self.timeline.and_then(|one| one.unused(&self.subject(here), version, []));
        // Of a shallow clone, it is only known since when at the latest.
        let since = since.filter(|(_, known)| !matches!(known, Known::Before(_)));
        match (since, self.repo.retention(here.id, self.family)) {
            (_, Err(job)) => {
                let job = code(&job);
                let note = format!("{note}, and it is unknown how often the CronJob {job} runs");
                State::Waiting(None, note)
            }
            (Some((since, _)), Ok(Retention { span, job }))
                if kept_until(since, span) > self.now =>
            {
                let job =
                    job.map_or_else(String::new, |job| format!(", for the CronJob {}", code(&job)));
                let until = kept_until(since, span);
                let note = format!("{note}, and kept until {} at least{job}", moment(until));
                State::Waiting(None, note)
            }
            _ => State::Waiting(None, note.to_owned()),
        }
    }

    fn prune_command(&self, here: Here<'_>) -> String {
        let prune = format!("{} prune", self.calls.rotate);
        command(&prune, &[&here.environment.name, self.family], "")
    }

    /// When the stub of what an environment runs now may go, once it has moved.
    fn later(&self, here: Here<'_>) -> String {
        let command = code(&self.prune_command(here));
        let (kept, job) = match self.repo.retention(here.id, self.family) {
            Ok(Retention { span: kept, job }) => (span(kept), job),
            Err(job) => {
                return format!(
                    "The old stub stays, because it is unknown how often the CronJob {} runs; run {command} for details",
                    code(&job)
                );
            }
        };
        let what = if self.merge.is_some() { "this merge" } else { "the move" };
        let why = job.map_or_else(String::new, |job| format!(", for the CronJob {}", code(&job)));
        format!(
            "Keep the old stub for rollbacks until the next rotation. Then it can be removed, {kept} after {what} at the \
             earliest{why}: {command}"
        )
    }
}
