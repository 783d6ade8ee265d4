//! How the stand-in answers each request that GitHub would.

use serde_json::{Value, json};

use super::http::{Request, decoded};
use super::hub::{BOT, State, TOKEN, now};
use super::pulls::{Pull, REPOSITORY, comment, label};

/// Status, headers and body.
type Answer = (u16, Vec<(&'static str, String)>, Value);

/// Who may be asked for a review.
const COLLABORATORS: &[&str] = &["robin", "kim"];
const TEAMS: &[&str] = &["platform"];

pub(super) fn answer(state: &mut State, request: &Request, faults: &mut Vec<String>) -> Answer {
    let authorized = ["token", "Bearer"].map(|scheme| format!("{scheme} {TOKEN}"));
    if !request
        .header("Authorization")
        .is_some_and(|given| authorized.iter().any(|one| one == given))
    {
        return error(401, "Bad credentials");
    }
    state.refresh();
    let path = decoded(request.path());
    let in_repository = path.strip_prefix(&format!("/repos/{REPOSITORY}/"));
    let parts: Vec<&str> = in_repository.unwrap_or_default().split('/').collect();
    let number = parts.get(1).and_then(|part| part.parse().ok());
    let known = number.is_some_and(|number| state.pull(number).is_some());
    let sent: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    match (request.method.as_str(), &parts[..], number) {
        ("GET", ["pulls"], _) => list(state, request),
        ("POST", ["pulls"], _) if !state.permits => {
            error(403, "GitHub Actions is not permitted to create or approve pull requests.")
        }
        ("POST", ["pulls"], _) => open(state, &sent),
        (_, [""], _) => error(404, "Not Found"),
        (_, [_, _, ..], Some(_)) if !known => error(404, "Not Found"),
        ("GET", ["pulls", _], Some(number)) => good(200, state.pull(number).unwrap().whole()),
        ("PATCH", ["pulls", _], Some(number)) => change(state, number, &sent),
        ("POST", ["pulls", _, "requested_reviewers"], Some(number)) => ask(state, number, &sent),
        ("GET", ["issues", _, "comments"], Some(number)) => {
            let said = &state.pull(number).unwrap().comments;
            good(200, said.iter().map(|body| comment(number, BOT, body)).collect())
        }
        ("POST", ["issues", _, "comments"], Some(number)) => {
            let body = sent["body"].as_str().unwrap_or_default();
            state.pull(number).unwrap().comments.push(body.to_owned());
            good(201, comment(number, BOT, body))
        }
        ("POST", ["issues", _, "labels"], Some(number)) => {
            let names = strings(&sent["labels"]);
            let labels = &mut state.pull(number).unwrap().labels;
            labels.extend(names);
            labels.dedup();
            good(200, labels.iter().map(|name| label(name)).collect())
        }
        _ => {
            faults.push("the stand-in has no answer to this".to_owned());
            error(404, "Not Found")
        }
    }
}

/// The answer with what GitHub gives though its description does not say so: no repository where the fork is gone.
pub(super) fn as_github_sends(state: &State, mut body: Value) -> Value {
    let bodies: Vec<&mut Value> = match &mut body {
        Value::Array(all) => all.iter_mut().collect(),
        one => vec![one],
    };
    for body in bodies {
        let gone = state.pulls.iter().any(|pull| {
            pull.from.is_none() && body["number"] == pull.number && body.get("head").is_some()
        });
        if gone {
            body["head"]["repo"] = Value::Null;
        }
    }
    body
}

fn list(state: &State, request: &Request) -> Answer {
    let query = request.query();
    let given =
        |name: &str| query.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str());
    let wanted = |pull: &&Pull| {
        let state = match given("state").unwrap_or("open") {
            "open" => pull.open,
            "closed" => !pull.open,
            _ => true,
        };
        // GitHub does not look at a head without an owner.
        let head = given("head").and_then(|head| head.split_once(':'));
        state
            && given("base").is_none_or(|base| base == pull.base)
            && head.is_none_or(|(owner, branch)| owner == pull.owner() && branch == pull.head)
    };
    let number = |name: &str, usual: usize| {
        given(name).and_then(|value| value.parse().ok()).unwrap_or(usual).max(1)
    };
    let (size, page) = (number("per_page", 30).min(100), number("page", 1));
    let mut pulls: Vec<&Pull> = state.pulls.iter().filter(wanted).collect();
    if given("direction") != Some("asc") {
        pulls.reverse();
    }
    let last = pulls.len().div_ceil(size).max(1);
    let mut links = Vec::new();
    for (name, to, shown) in [
        ("prev", page.saturating_sub(1), page > 1),
        ("next", page + 1, page < last),
        ("last", last, page < last),
        ("first", 1, page > 1),
    ] {
        if shown {
            let rest = request.target.split_once('?').map_or("", |(_, query)| query);
            let rest =
                rest.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("page="));
            let rest: String = rest.map(|pair| format!("{pair}&")).collect();
            let path = format!("http://api.github.localhost{}", request.path());
            links.push(format!("<{path}?{rest}page={to}>; rel=\"{name}\""));
        }
    }
    let shown = pulls.into_iter().skip((page - 1) * size).take(size);
    let (status, mut headers, body) = good(200, shown.map(Pull::simple).collect());
    if !links.is_empty() {
        headers.push(("Link", links.join(", ")));
    }
    (status, headers, body)
}

fn open(state: &mut State, sent: &Value) -> Answer {
    let text = |name: &str| sent[name].as_str().unwrap_or_default().to_owned();
    let (head, base) = (text("head"), text("base"));
    let head = head.strip_prefix("example:").unwrap_or(&head).to_owned();
    let (Some(sha), Some(base_sha)) = (state.commit(&head), state.commit(&base)) else {
        let field = if state.commit(&base).is_none() { "base" } else { "head" };
        return invalid(&json!({ "resource": "PullRequest", "field": field, "code": "invalid" }));
    };
    let custom = |message: String| {
        invalid(&json!({ "resource": "PullRequest", "code": "custom", "message": message }))
    };
    let same = |pull: &&Pull| pull.open && pull.ours() && pull.head == head && pull.base == base;
    if state.pulls.iter().any(|pull| same(&pull)) {
        return custom(format!("A pull request already exists for example:{head}."));
    }
    if let Some(refused) = too_long(sent) {
        return refused;
    }
    let bare = git2::Repository::open_bare(&state.bare).unwrap();
    let id = |sha: &str| git2::Oid::from_str(sha).unwrap();
    if bare.graph_ahead_behind(id(&sha), id(&base_sha)).unwrap().0 == 0 {
        return custom(format!("No commits between {base} and {head}"));
    }
    let pull = Pull {
        number: state.next(),
        title: text("title"),
        body: text("body"),
        open: true,
        draft: sent["draft"] == true,
        merged: false,
        head,
        from: Some(REPOSITORY.to_owned()),
        sha,
        base,
        base_sha,
        user: BOT.to_owned(),
        labels: Vec::new(),
        reviewers: Vec::new(),
        teams: Vec::new(),
        comments: Vec::new(),
        created: now(),
        closed: None,
    };
    let shown = pull.whole();
    state.pulls.push(pull);
    good(201, shown)
}

fn change(state: &mut State, number: u64, sent: &Value) -> Answer {
    if let Some(refused) = too_long(sent) {
        return refused;
    }
    let pull = state.pull(number).unwrap();
    if let Some(title) = sent["title"].as_str() {
        title.clone_into(&mut pull.title);
    }
    if let Some(body) = sent["body"].as_str() {
        body.clone_into(&mut pull.body);
    }
    match sent["state"].as_str() {
        Some("closed") if pull.open => {
            pull.open = false;
            pull.closed = Some(now());
        }
        Some("open") if !pull.open => {
            let message =
                format!("state cannot be changed. The {} branch has been deleted.", pull.head);
            return invalid(&json!({
                "resource": "PullRequest", "field": "state", "code": "invalid", "message": message,
            }));
        }
        _ => {}
    }
    good(200, pull.whole())
}

fn ask(state: &mut State, number: u64, sent: &Value) -> Answer {
    let (people, teams) = (strings(&sent["reviewers"]), strings(&sent["team_reviewers"]));
    let all = people.iter().all(|one| COLLABORATORS.contains(&one.as_str()))
        && teams.iter().all(|one| TEAMS.contains(&one.as_str()));
    if !all {
        let message = format!(
            "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not \
             a collaborator of the {REPOSITORY} repository."
        );
        return error(422, &message);
    }
    let pull = state.pull(number).unwrap();
    pull.reviewers.extend(people);
    pull.teams.extend(teams);
    good(201, pull.simple())
}

fn too_long(sent: &Value) -> Option<Answer> {
    for (field, most) in [("title", 256), ("body", 65536)] {
        let text = sent[field].as_str().unwrap_or_default();
        if text.chars().count() > most {
            let message = format!("{field} is too long (maximum is {most} characters)");
            return Some(invalid(&json!({
                "resource": "Issue", "field": field, "code": "custom", "message": message,
            })));
        }
    }
    None
}

fn strings(list: &Value) -> Vec<String> {
    let all = list.as_array().into_iter().flatten();
    all.filter_map(|one| one.as_str().or_else(|| one["name"].as_str())).map(str::to_owned).collect()
}

fn good(status: u16, body: Value) -> Answer {
    (status, vec![("Content-Type", "application/json; charset=utf-8".to_owned())], body)
}

fn error(status: u16, message: &str) -> Answer {
    let documentation = "https://docs.github.com/rest";
    let status_text = status.to_string();
    good(
        status,
        json!({ "message": message, "documentation_url": documentation, "status": status_text }),
    )
}

fn invalid(what: &Value) -> Answer {
    let documentation = "https://docs.github.com/rest/pulls/pulls";
    good(
        422,
        json!({ "message": "Validation Failed", "errors": [what], "documentation_url": documentation }),
    )
}
