//! Objects that name a secret outside of pods: the live one has to name what Git names.

use std::collections::BTreeSet;

use crate::cluster::object::Object;
use crate::cluster::word::Word;
use crate::text::few::few;
use crate::verify::expected::Expected;
use crate::verify::judge::Judge;
use crate::verify::part::{Part, Remark};
use crate::verify::wanted::own;

impl Judge<'_, '_> {
    /// Compares what an object names outside of its pods.
    pub(super) fn compare(&self, expected: &Expected<'_>, object: &Object, part: &mut Part) {
        let live = own(object, self.family, false);
        let is_same = expected.own.iter().copied().eq(live.iter().map(String::as_str));
        if !expected.own.is_empty() && !is_same {
            self.differs(&expected.own, &live, part);
        }
        let live = own(object, self.family, true);
        if !expected.grants.iter().all(|secret| live.contains(*secret)) {
            self.differs(&expected.grants, &live, part);
        }
        let is_all = expected.own.is_empty() && expected.grants.is_empty();
        if is_all && expected.in_pods.is_empty() && !expected.unseen.is_empty() {
            let text = "it names the secret in a place that is not looked at in the cluster";
            part.remarks.push(Remark::new(Word::NotChecked, text));
        }
    }

    fn differs(&self, git: &BTreeSet<&str>, live: &BTreeSet<String>, part: &mut Part) {
        let git: Vec<&str> = git.iter().copied().collect();
        let live: Vec<&str> = live.iter().map(String::as_str).collect();
        let live = if live.is_empty() { "none of the family".to_owned() } else { few(&live) };
        let text = format!("in the cluster it names {live}, and Git names {}", few(&git));
        let get = part.kubectl("get", " -o yaml");
        part.remarks.push(Remark::new(Word::NotApplied, text).next(Some(get)));
    }
}
