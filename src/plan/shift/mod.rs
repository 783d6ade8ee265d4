//! Traffic moved between the two colours of a pair: each weight that Git has for it, in one environment.

pub mod back;
mod chosen;
mod ready;
mod share;
mod steered;
mod unmoved;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::k8s::traffic::pod_labels;
use crate::plan::FileChange;
use crate::plan::batch::overlay;
use crate::plan::draft::Draft;
use crate::plan::prove::{Expected, prove};
use crate::plan::refusal::{PlanError, Refusal, environment};
use crate::plan::shift::chosen::chosen;
use crate::plan::shift::share::{Asked, Wanted, wanted};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::pairs::{Colour, Pair, Workload};
use crate::repo::subject::Subject;
use crate::repo::traffic::{Leads, Split, Switch, Traffic, WeightField, percent};
use crate::text::path::TreePath;
use crate::text::source::Place;
use crate::yaml::node::Node;
use crate::yaml::path::Path;

pub use crate::plan::shift::share::{Goal, Others as OtherBackends};

/// The request.
#[derive(Debug, Clone)]
pub struct ShiftRequest {
    /// The environment.
    pub environment: String,
    /// The pair's name, or that of one of its workloads, perhaps with the kind: `Deployment/web-blue`.
    pub workload: String,
    /// The colour that gets the weight.
    pub to: Colour,
    /// Its part of the traffic.
    pub goal: Goal,
    /// What the weights of a list are to add up to, where that is asked for.
    pub total: Option<u64>,
    /// What happens to backends that belong to neither colour.
    pub others: Option<OtherBackends>,
}

/// A place that divides traffic, before and after.
#[derive(Debug, Clone)]
pub struct Row {
    /// The root.
    pub root: TreePath,
    /// The object: kind, namespace and name.
    pub object: (String, Option<String>, String),
    /// The list in the object; `None` for a selector, or where objects share traffic.
    pub list: Option<String>,
    /// The percentages of blue and green before, rounded.
    pub before: [u64; 2],
    /// The same after.
    pub after: [u64; 2],
    /// Where it is written.
    pub place: Option<Place>,
}

impl Row {
    /// The colour with the larger part afterwards, and that part: `green 100 %`.
    #[must_use]
    pub fn gains(&self) -> String {
        let [blue, green] = self.after;
        let (colour, part) =
            if blue >= green { (Colour::Blue, blue) } else { (Colour::Green, green) };
        format!("{colour} {part} %")
    }
}

/// A shift, planned and proved.
#[derive(Debug)]
pub struct ShiftPlan {
    /// The environment.
    pub environment: String,
    /// What the pair is called.
    pub pair: String,
    /// The pair in each cluster and namespace.
    pub pairs: Vec<Pair>,
    /// The colour that gets the weight.
    pub to: Colour,
    /// Its part in percent.
    pub weight: u8,
    /// The places, in order.
    pub rows: Vec<Row>,
    /// The files to write.
    pub changes: Vec<FileChange>,
    /// What is worth knowing, a sentence each.
    pub notes: Vec<String>,
}

impl ShiftPlan {
    /// The colours that get more traffic somewhere.
    #[must_use]
    pub fn gaining(&self) -> Vec<Colour> {
        ready::gaining(&self.rows)
    }
}

/// Plans a shift and proves it on the planned tree, which is returned too where anything changes.
///
/// # Errors
/// When there is no such environment or pair, something forbids the change, or the planned tree does not resolve to what was
/// meant.
pub fn plan(repo: &Repo, request: &ShiftRequest) -> Result<(ShiftPlan, Option<Repo>), PlanError> {
    let id = environment(repo, &request.environment)?;
    let name = repo.environments[id].name.clone();
    let subject = Subject::new(&name, &*request.workload);
    let pairs = chosen(repo, id, &request.workload)
        .map_err(|(what, hint)| refused(&subject, what, &hint))?;
    let mut shift = Shift::new(repo, id, request.clone());
    for pair in &pairs {
        shift.pair(pair, &repo.traffic(id, pair));
    }
    shift.ready(&pairs);
    shift.finish(&subject, pairs)
}

fn refused(subject: &Subject, what: String, hint: &str) -> PlanError {
    let reasons = vec![Refusal { what, place: None, hint: hint.to_owned() }];
    PlanError::Refused { subject: subject.clone(), reasons }
}

struct Shift<'r> {
    repo: &'r Repo,
    environment: EnvironmentId,
    request: ShiftRequest,
    draft: Draft,
    expected: Expected,
    rows: Vec<Row>,
    notes: Vec<String>,
    refusals: Vec<Refusal>,
    /// The text that each scalar gets.
    wanted: BTreeMap<WeightField, String>,
}

impl<'r> Shift<'r> {
    fn new(repo: &'r Repo, environment: EnvironmentId, request: ShiftRequest) -> Self {
        Self {
            repo,
            environment,
            request,
            draft: Draft::default(),
            expected: Expected::new("", environment, BTreeSet::new()),
            rows: Vec::new(),
            notes: Vec::new(),
            refusals: Vec::new(),
            wanted: BTreeMap::new(),
        }
    }

    fn refuse(&mut self, at: Workload, what: &str, hint: &str) {
        let object = self.repo.workload(at);
        let name = object.node.at(&["metadata", "name"]);
        let place = name.and_then(|name| name.origin.clone());
        let what = format!("{} `{}`: {what}", object.kind(), object.name());
        self.refusals.push(Refusal { what, place, hint: hint.to_owned() });
    }

    fn pair(&mut self, pair: &Pair, traffic: &Traffic) {
        if traffic.splits.is_empty() && traffic.switches.iter().all(|one| one.leads == Leads::Both)
        {
            let at = pair.of(self.request.to);
            self.refuse(
                at,
                "nothing in Git divides traffic between it and the other colour",
                "write a route with both Services as backends, each with a weight, or a Service that selects one of them",
            );
        }
        for split in &traffic.splits {
            self.split(split);
        }
        let single: Vec<&Switch> =
            traffic.switches.iter().filter(|one| matches!(one.leads, Leads::To(_))).collect();
        for switch in single.iter().filter(|_| traffic.splits.is_empty()) {
            self.switch(pair, switch);
        }
        self.unmoved(pair, traffic);
    }

    fn split(&mut self, split: &Split) {
        if let Some((what, hint)) = steered::writer(self.repo, self.environment, split.route) {
            return self.refuse(split.route, &what, &hint);
        }
        let asked = Asked {
            to: self.request.to,
            goal: self.request.goal,
            total: self.request.total,
            others: self.request.others,
        };
        let Wanted { weights, after } = match wanted(split, &asked) {
            Ok(wanted) => wanted,
            Err((what, hint)) => return self.refuse(split.route, &what, &hint),
        };
        for (backend, weight) in split.backends.iter().zip(weights) {
            let (Some(field), Some(weight)) = (&backend.field, weight) else { continue };
            self.wanted.insert(field.clone(), weight.to_string());
        }
        let before = Colour::ALL
            .map(|colour| split.share(colour).map_or(0, |(part, sum)| percent(part, sum)));
        let list = split.list.as_ref().map(ToString::to_string);
        let place = split.backends.iter().find_map(|one| {
            let field = one.field.as_ref()?;
            field
                .path
                .follow(&self.repo.roots[field.root].objects()[field.object].node)?
                .origin
                .clone()
        });
        self.row(split.route, (list, place), (before, after));
    }

    fn row(
        &mut self,
        at: Workload,
        (list, place): (Option<String>, Option<Place>),
        (before, after): ([u64; 2], [u64; 2]),
    ) {
        let (root, object) = (&self.repo.roots[at.root], self.repo.workload(at));
        let namespace = object.namespace().or(root.namespace.as_deref()).map(str::to_owned);
        let object = (object.kind().to_owned(), namespace, object.name().to_owned());
        self.rows.push(Row { root: root.path.clone(), object, list, before, after, place });
    }

    /// A Service that selects one colour is made to select the other, or left.
    fn switch(&mut self, pair: &Pair, switch: &Switch) {
        let Leads::To(now) = switch.leads else { return };
        if let Some((what, hint)) = steered::writer(self.repo, self.environment, switch.service) {
            return self.refuse(switch.service, &what, &hint);
        }
        let goal = match self.request.goal.percent() {
            100 => self.request.to,
            0 => self.request.to.other(),
            _ => {
                return self.refuse(
                    switch.service,
                    "a Service selects its pods all at once, so there is nothing between 0 and 100 %",
                    "use `--weight 100`, or a route with weights: `backendRefs` of an HTTPRoute, `route` of a VirtualService",
                );
            }
        };
        let labels = pod_labels(&self.repo.workload(pair.of(goal)).node);
        for key in switch.labels.iter().filter(|_| goal != now) {
            let Some(text) = labels.and_then(|labels| labels.get(key)).and_then(Node::str) else {
                let what = format!("the pods of the {goal} workload have no label `{key}`");
                return self.refuse(switch.service, &what, "give them the label");
            };
            let path = Path::default().key("spec").key("selector").key(key);
            let (root, object) = (switch.service.root, switch.service.object);
            self.wanted.insert(WeightField { root, object, path }, text.to_owned());
        }
        let share = |of: Colour| if of == Colour::Blue { [100, 0] } else { [0, 100] };
        let selector = self.repo.workload(switch.service).node.at(&["spec", "selector"]);
        let place = selector.and_then(|node| node.origin.clone());
        self.row(switch.service, (None, place), (share(now), share(goal)));
        if goal != now {
            self.notes.push(format!(
                "Service `{}` switches all of its traffic at once",
                self.repo.workload(switch.service).name()
            ));
        }
    }

    fn finish(
        mut self,
        subject: &Subject,
        pairs: Vec<Pair>,
    ) -> Result<(ShiftPlan, Option<Repo>), PlanError> {
        let fields = std::mem::take(&mut self.wanted);
        if self.refusals.is_empty() {
            self.write(&fields);
        }
        if !self.refusals.is_empty() {
            return Err(PlanError::Refused { subject: subject.clone(), reasons: self.refusals });
        }
        let unproved = |differences| PlanError::Unproved { subject: subject.clone(), differences };
        let changes = self.draft.finish().map_err(|error| unproved(vec![error]))?;
        let plan = |changes| ShiftPlan {
            environment: subject.environment.clone(),
            pair: pairs.first().map(|pair| pair.name.clone()).unwrap_or_default(),
            pairs,
            to: self.request.to,
            weight: self.request.goal.percent(),
            rows: self.rows,
            changes,
            notes: self.notes,
        };
        if changes.is_empty() {
            return Ok((plan(changes), None));
        }
        let changed: BTreeSet<TreePath> = changes.iter().map(|one| one.path.clone()).collect();
        let after = self.repo.reload(Arc::new(overlay(self.repo, &changes)), &changed);
        let after = after.map_err(|error| unproved(vec![error.to_string()]))?;
        let differences = prove(self.repo, &after, &self.expected);
        if differences.is_empty() {
            Ok((plan(changes), Some(after)))
        } else {
            Err(unproved(differences))
        }
    }
}
