//! Asking a cluster again until everything has moved, or the time is over.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use crate::cluster::word::Word;
use crate::config::period::Period;
use crate::ops::events::{Event, Events};
use crate::ops::failure::Failure;
use crate::verify::Proof;
use crate::verify::part::Part;

/// The first pause, by how much each is longer than the one before, and the longest.
const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(30);

/// What no waiting ends.
const FOR_A_PERSON: [Word; 5] =
    [Word::Aborted, Word::CanaryFailed, Word::EditedInPlace, Word::Partition, Word::OnDelete];

/// Decides whether a cluster is asked again, given what it showed, or why it showed nothing.
pub type Again<'a> = &'a dyn Fn(Result<&Proof, &Failure>) -> bool;

/// Waits for a proof.
pub struct Waiting<'a> {
    /// For how long.
    pub period: Duration,
    /// How long it has been by now.
    pub elapsed: &'a dyn Fn() -> Duration,
    /// Waits.
    pub sleep: &'a dyn Fn(Duration),
    /// Hears how far it is.
    pub events: &'a dyn Events,
    /// How often the cluster was asked, and what was said last.
    pub state: State,
}

/// How far waiting is.
#[derive(Debug, Default)]
pub struct State {
    pauses: Cell<u32>,
    has_shown: Cell<bool>,
    said: RefCell<String>,
}

/// A time to wait, as the command line has it.
///
/// # Errors
/// With what it should look like.
pub fn period(text: &str) -> Result<Duration, String> {
    let seconds = Period::parse(text)?.seconds();
    Ok(Duration::from_secs(seconds.into()))
}

impl Waiting<'_> {
    /// Waits, if asking again can help, and tells whether to ask.
    #[must_use]
    pub fn again(&self, shown: Result<&Proof, &Failure>) -> bool {
        let (text, end) = match shown {
            Ok(proof) if proof.is_clean() => (String::new(), Some(None)),
            Ok(proof) => (progress(proof), hopeless(proof).map(Some)),
            // What never was there is a mistake; what no longer answers may come back.
            Err(_) if !self.state.has_shown.get() => (String::new(), Some(None)),
            Err(failure) => (failure.message.first_line(), None),
        };
        self.state.has_shown.set(true);
        let left = self.period.saturating_sub((self.elapsed)());
        let end = end.or_else(|| {
            left.is_zero().then(|| Some(format!("not complete after {}", span(self.period))))
        });
        if let Some(why) = end {
            self.events.event(Event::Progress(None));
            if let Some(why) = why {
                self.events.info(why);
            }
            return false;
        }
        let pauses = self.state.pauses.replace(self.state.pauses.get().saturating_add(1));
        let pause = FIRST.saturating_mul(pauses.saturating_add(1)).min(LONGEST).min(left);
        let is_new = self.state.said.replace(text.clone()) != text;
        let left = format!("asks again in {}, for {} more", span(pause), span(left));
        self.events.event(Event::Progress(Some((text, left, is_new))));
        (self.sleep)(pause);
        true
    }
}

/// How far it is, in one line.
fn progress(proof: &Proof) -> String {
    let parts = || proof.families.iter().flat_map(|family| &family.parts);
    let waits: Vec<&Part> = parts().filter(|part| !part.word().is_fine()).collect();
    let done = parts().count() - waits.len();
    let Some(first) = waits.first() else {
        let unread = proof.unread.iter().find(|one| one.is_decisive);
        return unread.map_or_else(String::new, |one| format!("waiting for {}", one.resource));
    };
    let more = match waits.len() {
        1 => String::new(),
        many => format!(" and {} more", many - 1),
    };
    let named = first.named();
    format!(
        "{done} of {} objects are complete; waiting for {named} ({}){more}",
        done + waits.len(),
        first.word()
    )
}

/// What keeps the proof from ever being complete, if anything does.
fn hopeless(proof: &Proof) -> Option<String> {
    let unread = proof.unread.iter().find(|one| one.is_decisive && !one.is_passing);
    if let Some(unread) = unread {
        return Some(format!(
            "waiting does not help: {} cannot be read: {}",
            unread.resource, unread.why
        ));
    }
    proof.families.iter().find_map(|family| {
        // What is not applied yet may end a state that was left by the release before.
        let awaits = |part: &&Part| part.remarks.iter().any(|one| one.word == Word::NotApplied);
        let changing: Vec<&Part> = family.parts.iter().filter(awaits).collect();
        let is_last = |part: &&Part| changing.iter().all(|other| other.cluster != part.cluster);
        family.parts.iter().filter(is_last).find_map(|part| {
            let remark = part.remarks.iter().find(|one| FOR_A_PERSON.contains(&one.word))?;
            Some(format!("waiting does not help: {}", part.says(remark)))
        })
    })
}

/// `1m 30s`.
fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds}s"),
        (minutes, 0) => format!("{minutes}m"),
        (minutes, seconds) => format!("{minutes}m {seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::time::Duration;

    use super::{State, Waiting, period, span};
    use crate::cluster::word::Word;
    use crate::k8s::secret_name::Family;
    use crate::ops::events::{Event, Events};
    use crate::ops::failure::Failure;
    use crate::ops::message::Message;
    use crate::repo::usage::Running;
    use crate::verify::part::{Part, Remark, Role};
    use crate::verify::{FamilyProof, Proof, Unread};

    #[derive(Default)]
    struct Heard(RefCell<Vec<String>>);

    impl Events for Heard {
        fn event(&self, event: Event) {
            let text = match event {
                Event::Progress(Some((text, _, true))) | Event::Info(text) => text,
                _ => return,
            };
            self.0.borrow_mut().push(text);
        }
    }

    fn proof(words: &[Word]) -> Proof {
        let part = |word: &Word| Part {
            role: Role::Workload,
            group: "apps".to_owned(),
            kind: "Deployment".to_owned(),
            namespace: Some("shop".to_owned()),
            name: "web".to_owned(),
            cluster: None,
            context: None,
            wanted: Default::default(),
            pods: None,
            remarks: vec![Remark::new(*word, "so it is")],
            is_found: true,
        };
        let family = FamilyProof {
            family: Family::from("db".to_owned()),
            running: Running::default(),
            parts: words.iter().map(part).collect(),
            old: Default::default(),
            costs: Vec::new(),
            is_read: true,
        };
        Proof { families: vec![family], doubles: 0, has_any: true, unread: Vec::new() }
    }

    /// The pauses until it ends, where each time something is shown, and what was heard.
    fn pauses(
        seconds: u64,
        show: impl Fn(usize) -> Result<Proof, Failure>,
    ) -> (Vec<u64>, Vec<String>) {
        let (now, heard) = (Cell::new(Duration::ZERO), Heard::default());
        let pauses = RefCell::new(Vec::new());
        let sleep = |pause: Duration| {
            pauses.borrow_mut().push(pause.as_secs());
            now.set(now.get() + pause);
        };
        let waiting = Waiting {
            period: Duration::from_secs(seconds),
            elapsed: &|| now.get(),
            sleep: &sleep,
            events: &heard,
            state: State::default(),
        };
        for number in 0.. {
            if !waiting.again(show(number).as_ref()) {
                break;
            }
        }
        (pauses.take(), heard.0.take())
    }

    #[test]
    fn pauses_grow_and_end_with_the_time() {
        let (pauses, heard) = pauses(120, |_| Ok(proof(&[Word::Rolling, Word::Moved])));
        assert_eq!(pauses, [5, 10, 15, 20, 25, 30, 15]);
        let waits = "1 of 2 objects are complete; waiting for Deployment shop/web (rolling)";
        assert_eq!(heard, [waits, "not complete after 2m"]);
    }

    #[test]
    fn a_clean_proof_ends_it() {
        let shown = |number| Ok(proof(&[if number < 2 { Word::Stuck } else { Word::Moved }]));
        assert_eq!(pauses(600, shown).0, [5, 10]);
        assert!(pauses(600, |_| Ok(proof(&[Word::Moved]))).1.is_empty());
    }

    #[test]
    fn what_needs_a_person_ends_it_at_once() {
        for word in Word::ALL {
            let (pauses, heard) = pauses(30, |_| Ok(proof(&[Word::Rolling, word])));
            let is_for_a_person = matches!(
                word,
                Word::Aborted
                    | Word::CanaryFailed
                    | Word::EditedInPlace
                    | Word::Partition
                    | Word::OnDelete
            );
            assert_eq!(pauses.is_empty(), is_for_a_person, "{word}");
            let said = format!("waiting does not help: Deployment shop/web is {word}: so it is");
            assert_eq!(heard.contains(&said), is_for_a_person, "{word}: {heard:?}");
        }
    }

    #[test]
    fn a_state_of_the_release_before_does_not_end_it() {
        for word in [Word::Aborted, Word::CanaryFailed] {
            let shown = |number| {
                let mut left = proof(&[word, Word::NotApplied]);
                left.families[0].parts[1].role = Role::Builder;
                Ok(if number < 2 { left } else { proof(&[Word::Moved]) })
            };
            assert_eq!(pauses(600, shown).0, [5, 10], "{word}");
            let words = [word, Word::NotApplied];
            let ends = |number| Ok(proof(&words[..if number < 1 { 2 } else { 1 }]));
            let (pauses, heard) = pauses(600, ends);
            assert_eq!(pauses, [5]);
            assert!(heard[1].starts_with("waiting does not help"), "{heard:?}");
        }
    }

    #[test]
    fn what_may_not_be_read_ends_it_and_what_does_not_answer_does_not() {
        for is_passing in [false, true] {
            let shown = |_| {
                let mut proof = proof(&[Word::Moved]);
                proof.families[0].is_read = false;
                proof.unread.push(Unread {
                    input: "context x".to_owned(),
                    resource: "pods".to_owned(),
                    namespace: None,
                    why: "no".to_owned(),
                    is_decisive: true,
                    is_passing,
                });
                Ok(proof)
            };
            assert_eq!(pauses(5, shown).0.is_empty(), !is_passing);
        }
    }

    #[test]
    fn only_a_cluster_that_answered_is_asked_again_after_an_error() {
        let failed = || Err(Failure::usage(Message::new("no answer")));
        assert!(pauses(60, |_| failed()).0.is_empty());
        let shown = |number| match number {
            0 => Ok(proof(&[Word::Rolling])),
            1 => failed(),
            _ => Ok(proof(&[Word::Moved])),
        };
        let (pauses, heard) = pauses(60, shown);
        assert_eq!(pauses, [5, 10]);
        assert_eq!(heard[1], "no answer");
    }

    #[test]
    fn times_are_read_and_shown() {
        assert_eq!(period("10m"), Ok(Duration::from_secs(600)));
        assert!(period("ten").is_err());
        assert_eq!(span(Duration::from_secs(90)), "1m 30s");
    }
}
