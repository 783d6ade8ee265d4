//! What a store has that is not new: since when Git has named it, or why it is not taken.

use chrono::{DateTime, Utc};

use crate::k8s::store::listing::Listed;
use crate::plan::from_store::choose::{Question, labels};
use crate::plan::from_store::{By, StoreKey};
use crate::timeline::gate::moment;

/// A commit that was the first to name something.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its time.
    pub time: DateTime<Utc>,
    /// Its abbreviated id.
    pub commit: String,
}

impl Question<'_> {
    /// What a key has that is not new.
    pub(super) fn known<'l>(
        &self,
        key: &StoreKey,
        versions: &'l [Listed],
    ) -> (Option<&'l str>, Option<String>, Option<Seen>, String) {
        let usable = || versions.iter().filter(|one| one.is_usable);
        let (listed, version, said) = match &key.by {
            By::Label(prefix) => {
                let all =
                    usable().flat_map(|one| labels(prefix, one).map(move |label| (label, one)));
                let newest = all.max_by_key(|(version, _)| version.clone());
                let version = newest.as_ref().map(|(version, _)| version.to_string());
                (newest.map(|(_, one)| one), version.clone(), version)
            }
            By::Pin(_) => {
                let newest = usable().max_by_key(|one| one.rank);
                (newest, None, newest.map(|one| one.id.clone()))
            }
        };
        let Some(said) = said else {
            let text = format!("`{}` in {} has no version that can be used", key.key, key.store());
            return (None, None, None, text);
        };
        let pins = self.pins(key);
        let seen = match &key.by {
            By::Label(_) => self.named.version(&said),
            By::Pin(_) => pins.get(&*said).copied(),
        };
        let since = seen
            .and_then(|first| first.commit.as_ref())
            .map(|commit| Seen { time: commit.time, commit: commit.short().to_owned() });
        let environment = &self.subject.environment;
        let former = seen.and_then(|first| first.former.as_ref());
        let how = match (&since, seen, self.runs(key, &said)) {
            (Some(Seen { time, commit }), ..) => {
                let time = moment(*time);
                match former {
                    Some(former) => format!(
                        "which `{former}` named at {time} ({commit}); that is gone, and may be what `{environment}` was called then"
                    ),
                    None => format!("which `{environment}` has named since {time} ({commit})"),
                }
            }
            (None, Some(_), _) => format!("which `{environment}` names in the work tree"),
            (None, None, Some((before, runs))) => {
                format!("but `{before}` runs {runs}")
            }
            (None, None, _) => format!("which is older than what `{environment}` has named"),
        };
        let is_bare = |one: &Listed| match &key.by {
            By::Label(prefix) => one.is_current && labels(prefix, one).next().is_none(),
            By::Pin(_) => false,
        };
        let bare = if usable().any(is_bare) {
            "; what is current there has no such label and is not newer"
        } else {
            ""
        };
        let text = format!(
            "the newest version of `{}` in {} is {said}, {how}{bare}",
            key.key,
            key.store()
        );
        (listed.map(|one| key.id(one)), version, since, text)
    }

    /// What the environment before has in place of the newest version of a key.
    fn runs<'r>(&'r self, key: &'r StoreKey, newest: &str) -> Option<(&'r str, &'r str)> {
        let (before, version) = self.before.as_ref()?;
        let runs = match &key.by {
            By::Label(_) => Some(version.as_str()).filter(|runs| newest > *runs),
            By::Pin(pin) => pin.as_deref().filter(|pin| newest != *pin),
        };
        Some((before, runs?))
    }
}
