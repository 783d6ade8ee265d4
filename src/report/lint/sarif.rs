//! SARIF 2.1.0, as code scanning services take it.

use serde_json::{Map, Value, json};

use crate::finding::{Finding, Fix, Level};
use crate::ops::lint::Unjudged;
use crate::report::console::pretty;
use crate::report::format::Format;
use crate::report::lint::{Renderer, Report, RuleWords, message, several};
use crate::text::percent;
use crate::text::source::Place;
use crate::text::span::Span;

/// The name under which the fingerprints are kept; a number goes up when they are made another way.
const FINGERPRINT: &str = "rotate/v2";

/// This format.
pub(super) const RENDERER: Renderer = Renderer {
    format: Format { name: "sarif", summary: "SARIF 2.1.0, for code scanning" },
    render: |report, _| pretty(&sarif(report)),
};

/// The findings as a log of one run.
#[must_use]
pub fn sarif(report: &Report<'_>) -> Value {
    let results: Vec<Value> =
        report.findings.iter().map(|finding| result(report, finding)).collect();
    let unjudged = report.coverage.unjudged.iter();
    let notifications: Vec<Value> = unjudged.map(|one| notification(report, one)).collect();
    let rules: Vec<Value> = report.rules.iter().map(rule).collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "rotate",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {
                "SRCROOT": {"description": {"text": "The root of the Git repository."}},
            },
            "results": results,
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": notifications,
            }],
        }],
    })
}

fn rule(rule: &RuleWords) -> Value {
    let docs = rule.docs.trim();
    json!({
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "help": {"text": docs, "markdown": docs},
        "defaultConfiguration": {"level": level(rule.level)},
    })
}

fn result(report: &Report<'_>, finding: &Finding) -> Value {
    let mut text = message(finding);
    if let Some(help) = &finding.help {
        text.push_str("\n\n");
        text.push_str(help);
    }
    let mut result = Map::new();
    result.insert("ruleId".to_owned(), json!(finding.rule));
    if let Some(index) = report.rules.iter().position(|rule| rule.id == finding.rule) {
        result.insert("ruleIndex".to_owned(), json!(index));
    }
    result.insert("level".to_owned(), json!(level(finding.level)));
    result.insert("message".to_owned(), json!({ "text": text }));
    result.insert("locations".to_owned(), json!([location(report, &finding.place)]));
    let related: Vec<Value> = (0..)
        .zip(&finding.related)
        .map(|(id, related): (usize, _)| {
            let mut location = location(report, &related.place);
            location["id"] = json!(id);
            location["message"] = json!({"text": related.label});
            location
        })
        .collect();
    if !related.is_empty() {
        result.insert("relatedLocations".to_owned(), Value::Array(related));
    }
    result.insert("partialFingerprints".to_owned(), json!({FINGERPRINT: finding.fingerprint}));
    if let Some(fix) = &finding.fix {
        result.insert("fixes".to_owned(), json!([repair(report, fix)]));
    }
    Value::Object(result)
}

/// A secret of which nobody can say whether something provides it.
fn notification(report: &Report<'_>, one: &Unjudged) -> Value {
    let count = several(one.count, "reference");
    let text = format!("{count} to `{}` not judged, because of {}", one.secret, one.why);
    let mut notification = json!({"level": "note", "message": {"text": text}});
    if let Some(place) = one.places.first() {
        notification["locations"] = json!([location(report, place)]);
    }
    notification
}

/// One change a file, its replacements in the order of the edits.
fn repair(report: &Report<'_>, fix: &Fix) -> Value {
    let mut changes: Vec<(String, Vec<Value>)> = Vec::new();
    for one in &fix.edits {
        let place = Place::new(one.source.clone(), one.edit.span);
        let path = report.path(&place);
        let replacement = json!({
            "deletedRegion": region(&place),
            "insertedContent": {"text": one.edit.text},
        });
        match changes.iter_mut().find(|(known, _)| *known == path) {
            Some((_, replacements)) => replacements.push(replacement),
            None => changes.push((path, vec![replacement])),
        }
    }
    let changes: Vec<Value> = changes
        .into_iter()
        .map(|(path, replacements)| {
            json!({"artifactLocation": artifact(&path), "replacements": replacements})
        })
        .collect();
    json!({"description": {"text": fix.title}, "artifactChanges": changes})
}

fn location(report: &Report<'_>, place: &Place) -> Value {
    json!({"physicalLocation": {
        "artifactLocation": artifact(&report.path(place)),
        "region": region(place),
    }})
}

fn artifact(path: &str) -> Value {
    json!({"uri": percent::uri(path), "uriBaseId": "SRCROOT"})
}

fn region(place: &Place) -> Value {
    let Span { start, end } = place.span();
    let (first, last) = (place.source.position(start), place.source.position(end));
    json!({
        "startLine": first.line,
        "startColumn": first.column,
        "endLine": last.line,
        "endColumn": last.column,
    })
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "note",
    }
}
