//! Weights and labels as they are written: in place, or by patches for one environment alone.

use std::collections::BTreeMap;

use crate::k8s::traffic::is_text_weight;
use crate::plan::overlay::scalar::{NewKey, NewScalar};
use crate::plan::overlay::token::{Field, Others, Spelling, Token, scalars};
use crate::plan::overlay::words::WEIGHTS;
use crate::plan::overlay::{Obstacle, Overlay, Placed};
use crate::plan::refusal::Refusal;
use crate::plan::shift::Shift;
use crate::repo::Repo;
use crate::repo::pairs::Workload;
use crate::repo::traffic::WeightField;
use crate::yaml::node::Node;
use crate::yaml::path::{Path, PathStep};
use crate::yaml::scalar::{Kind, Schema, is_null, kind};

/// The keys whose texts tell what a weight belongs to, the most telling first.
const TELLING: [&str; 5] =
    ["subset", "name", "serviceName", "host", "nginx.ingress.kubernetes.io/canary"];

/// What changes at a token.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum New {
    /// The text that it spells.
    Text(String),
    /// The mapping around it, which gets a key.
    Key(NewKey),
}

/// A scalar of an object, and what changes there.
struct Task {
    at: Workload,
    path: Path,
    new: New,
}

impl Task {
    /// Sets a scalar where there is one, else adds it beside a text that tells what it belongs to.
    ///
    /// # Errors
    /// With a phrase, when there is nothing that a change could go by.
    fn new(repo: &Repo, field: &WeightField, text: &str) -> Result<Option<Self>, &'static str> {
        let at = Workload { root: field.root, object: field.object };
        let object = &repo.workload(at).node;
        let Some(node) = field.path.follow(object) else {
            let (path, key) = beside(object, &field.path, text).ok_or("is not written")?;
            return Ok(Some(Self { at, path, new: New::Key(key) }));
        };
        if is_null(node) {
            return Err("has no value");
        }
        let new = New::Text(text.to_owned());
        let task = Self { at, path: field.path.clone(), new };
        Ok((node.str() != Some(text)).then_some(task))
    }

    fn field<'t>(&'t self, repo: &'t Repo) -> Option<Field<'t>> {
        let (index, object) = (self.at.root, self.at.object);
        let root = &*repo.roots[index];
        let node = self.path.follow(&repo.workload(self.at).node)?;
        Some(Field { index, root, object, path: &self.path, node, part: None })
    }
}

/// The text beside which a weight is added that is not written, and the key.
fn beside(object: &Node, path: &Path, text: &str) -> Option<(Path, NewKey)> {
    let (PathStep::Key(key), mapping) = path.0.split_last()? else { return None };
    let mapping = Path(mapping.to_vec());
    let mut found: Option<(usize, Path)> = None;
    scalars(mapping.follow(object)?, &mapping, &mut |path, node| {
        let Some(PathStep::Key(last)) = path.0.last() else { return };
        let is_text = kind(node, Schema::Kyaml) == Some(Kind::Str);
        let rank = TELLING.iter().position(|one| **one == **last).filter(|_| is_text);
        if let Some(rank) = rank
            && found.as_ref().is_none_or(|(best, _)| rank < *best)
        {
            found = Some((rank, path.clone()));
        }
    });
    let (_, telling) = found?;
    let value = match text.parse() {
        Ok(number) if !is_text_weight(path) => NewScalar::Integer(number),
        _ => NewScalar::Text(text.to_owned()),
    };
    let up = telling.0.len() - mapping.0.len();
    Some((telling, NewKey { up, key: key.to_string(), value }))
}

impl Shift<'_> {
    /// Drafts the texts, those of one token together.
    pub(super) fn write(&mut self, wanted: &BTreeMap<WeightField, String>) {
        let repo = self.repo;
        let mut tasks = Vec::new();
        for (field, text) in wanted {
            match Task::new(repo, field, text) {
                Ok(task) => tasks.extend(task),
                Err(what) => self.unwritten(field, what, text),
            }
        }
        let mut tokens: BTreeMap<(Token, &New), Vec<Field<'_>>> = BTreeMap::new();
        for task in &tasks {
            let Some(field) = task.field(repo) else { continue };
            match Token::of(field.node) {
                Some(token) => tokens.entry((token, &task.new)).or_default().push(field),
                None => {
                    let hint = "write it in a manifest";
                    self.refuse(task.at, &format!("no file spells {}", task.path), hint);
                }
            }
        }
        let spellings: Vec<(Spelling<'_>, &New)> = tokens
            .into_iter()
            .map(|((token, new), fields)| (Spelling { token, fields, is_own: false }, new))
            .collect();
        self.place(&spellings);
    }

    fn place(&mut self, spellings: &[(Spelling<'_>, &New)]) {
        let roots = self.repo.roots.iter().map(|root| &**root).enumerate();
        let chosen: Vec<&Spelling<'_>> = spellings.iter().map(|(one, _)| one).collect();
        let others = Others::find(roots, &chosen);
        let overlay =
            Overlay::new(self.repo, self.environment, &mut self.draft, &mut self.expected);
        let mut overlay = overlay.saying(&WEIGHTS);
        for (spelling, new) in spellings {
            let stays = others.stays(&spelling.token);
            if let Err(obstacle) = set(&mut overlay, spelling, new, stays) {
                let field = spelling.fields.get(obstacle.field).unwrap_or(&spelling.fields[0]);
                let object = &field.root.objects()[field.object];
                let name = format!("{} `{}`, {}", object.kind(), object.name(), field.path);
                self.refusals.push(Refusal {
                    what: format!("{name}: {}", obstacle.what),
                    place: field.node.origin.clone(),
                    hint: obstacle.hint.to_owned(),
                });
            }
        }
        self.refusals.extend(overlay.finish());
    }

    /// Says that a weight cannot be written, since nothing is there to go by.
    fn unwritten(&mut self, field: &WeightField, what: &str, text: &str) {
        let at = Workload { root: field.root, object: field.object };
        let hint = format!("write {text} there by hand");
        self.refuse(at, &format!("{} {what}", field.path), &hint);
    }
}

fn set(
    overlay: &mut Overlay<'_>,
    spelling: &Spelling<'_>,
    new: &New,
    stays: bool,
) -> Result<Placed, Obstacle> {
    let is_integer = matches!(kind(spelling.node(), Schema::Kyaml), Some(Kind::Int(_)));
    match new {
        New::Key(key) => overlay.create(spelling, key),
        New::Text(text) => match text.parse() {
            Ok(number) if is_integer => overlay.set_integer(spelling, number, stays),
            _ => overlay.set(spelling, text, stays),
        },
    }
}
