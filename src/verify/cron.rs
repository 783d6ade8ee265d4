//! Jobs, which keep the template of their time: of a CronJob and by themselves.

use std::collections::BTreeSet;

use crate::cluster::object::{Object, State};
use crate::cluster::word::Word;
use crate::text::few::few;
use crate::verify::judge::Judge;
use crate::verify::part::{Part, Remark, Tally};
use crate::verify::version;
use crate::verify::wanted::used;

impl<'l> Judge<'_, 'l> {
    /// Judges the Jobs of a CronJob that run. One that runs none needs no pods.
    pub(super) fn cron_job(
        &mut self,
        object: &'l Object,
        active: &[String],
        wanted: &BTreeSet<String>,
        part: &mut Part,
    ) {
        let mut tally = Tally::default();
        let mut known = BTreeSet::new();
        for index in self.scene.jobs_of(object).iter().copied() {
            self.seen.insert(index);
            let job = self.scene.object(index);
            known.insert(job.name.as_str());
            let State::Job { is_finished: false, active } = job.state else { continue };
            let pods = self.own_pods(job);
            self.job(job, (active, &pods), wanted, part);
            tally.add(part.pods.unwrap_or_default());
        }
        // The pods of Jobs that are not in the input.
        let rest = self.own_pods(object).into_iter().filter(|pod| !self.seen.contains(pod));
        let rest: Vec<usize> = rest.collect();
        let runs = |name: &&String| {
            !known.contains(name.as_str())
                && !rest
                    .iter()
                    .any(|pod| self.scene.view.owners(*pod).iter().any(|up| up.1 == **name))
        };
        let lost: Vec<&str> = active.iter().filter(runs).map(String::as_str).collect();
        if !lost.is_empty() {
            let text = format!("its status names Jobs that are not in the input: {}", few(&lost));
            part.remarks.push(Remark::new(Word::MissingPods, text));
        }
        let before = part.remarks.len();
        self.pods(&rest, wanted, &[], part);
        as_jobs(part, before);
        tally.add(part.pods.unwrap_or_default());
        part.pods = Some(tally);
    }

    /// Judges a Job that has not ended.
    pub(super) fn job(
        &mut self,
        job: &Object,
        (active, pods): (u64, &[usize]),
        wanted: &BTreeSet<String>,
        part: &mut Part,
    ) {
        // A template of a Job that names another version is no change that waits to be applied.
        part.remarks.retain(|remark| remark.word != Word::NotApplied || part.kind == "CronJob");
        let names = used(job, self.family);
        let before = part.remarks.len();
        if names != *wanted {
            let versions: Vec<&str> = names.iter().map(|name| version(name)).collect();
            let runs = if versions.is_empty() {
                format!("without {}", self.family)
            } else {
                format!("with {}", few(&versions))
            };
            let text = format!(
                "Job {} runs {runs}; its template never changes, so it has to end or be deleted",
                job.name
            );
            let options = " --for=condition=complete --timeout=1h";
            let next = part.kubectl_beside("wait", ("batch", "Job"), &job.name, options);
            let remark = Remark::new(Word::JobRunning, text).next(Some(next));
            part.remarks.push(Remark { since: job.created, ..remark });
        }
        self.pods(pods, wanted, &[], part);
        as_jobs(part, before);
        let there = pods.iter().filter(|pod| self.scene.object(**pod).deleted.is_none()).count();
        if active > there as u64 {
            let text = format!(
                "the status of Job {} counts {active} pods; {there} are in the input",
                job.name
            );
            part.remarks.push(Remark::new(Word::MissingPods, text));
        }
    }
}

/// Old pods of Jobs are not being replaced: they end.
fn as_jobs(part: &mut Part, from: usize) {
    for remark in part.remarks.iter_mut().skip(from) {
        if remark.word == Word::Rolling && !remark.pods.is_empty() {
            remark.word = Word::JobRunning;
        }
    }
}
