//! Pods that a status counts and the input does not have.

use crate::cluster::object::{Object, State};
use crate::cluster::word::Word;
use crate::text::count::counted;
use crate::text::few::few;
use crate::text::shell::command;
use crate::verify::judge::Judge;
use crate::verify::part::{Part, Remark};
use crate::verify::version;
use crate::verify::wanted::used;

impl<'l> Judge<'_, 'l> {
    /// Notes the pods that the status of a workload counts and the input does not have, those that are being stopped for themselves.
    pub(super) fn lost_pods(
        &self,
        object: &Object,
        pods: &[usize],
        counts: (u64, u64),
        part: &mut Part,
    ) {
        if let Some(counted) = self.lost(pods, counts) {
            part.remarks.push(self.missing(format!("its status counts {counted}"), object, part));
        }
    }

    /// The same for each ReplicaSet of a workload, where nothing else is missing.
    pub(super) fn lost_pods_of_sets(&self, object: &'l Object, part: &mut Part) {
        for set in self.scene.replica_sets_of(object) {
            let set = self.scene.object(*set);
            let State::Workload { pods: Some(all), ending } = set.state else { continue };
            if part.remarks.iter().any(|one| one.word == Word::MissingPods) {
                return;
            }
            let Some(counted) = self.lost(self.scene.pods_of(set), (all, ending)) else { continue };
            let names = used(set, self.family);
            let names: Vec<&str> = names.iter().map(|name| version(name)).collect();
            let runs = if names.is_empty() {
                String::new()
            } else {
                format!(", which names {},", few(&names))
            };
            let text = format!("the status of ReplicaSet {}{runs} counts {counted}", set.name);
            part.remarks.push(self.missing(text, object, part));
        }
    }

    /// What a status counts beyond what is there: all pods, and those that are being stopped.
    fn lost(&self, pods: &[usize], (all, ending): (u64, u64)) -> Option<String> {
        let is_there = |index: &&usize| self.scene.object(**index).deleted.is_none();
        let there = pods.iter().filter(is_there).count() as u64;
        let leaving = pods.len() as u64 - there;
        if all > there {
            Some(format!("{}; {there} in the input", counted_pods(all)))
        } else if ending > leaving {
            Some(format!("{} being stopped; {leaving} in the input", counted_pods(ending)))
        } else {
            None
        }
    }

    fn missing(&self, text: String, object: &Object, part: &Part) -> Remark {
        let get = command("kubectl get", &["pods"], &format!("{} -o json", part.place()));
        let missing = Remark::new(Word::MissingPods, text).next(Some(get));
        self.absent(("", "Pod"), object.namespace.as_deref(), missing)
    }
}

/// `1 pod`, `2 pods`.
fn counted_pods(number: u64) -> String {
    counted(usize::try_from(number).unwrap_or(usize::MAX), "pod")
}
