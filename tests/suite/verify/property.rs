//! A dump of what was just rendered is clean; any pod that differs is named, and so is any workload that is left out.

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::verify::dump::Dump;
use crate::verify::states::{at_rest, repository};

/// The examples whose staging runs versions, with a family.
const TREES: &[(&str, &str)] = &[
    ("auth-api", "staging"),
    ("auth-api", "production"),
    ("shop-overlays", "staging"),
    ("shop-overlays", "production"),
    ("shop-plain", "staging"),
    ("shop-plain", "production"),
];

fn holds(sandbox: &Sandbox, environment: &str, rest: &Dump) -> usize {
    let output = rest.verify(sandbox, &[environment]);
    assert_eq!(output.status, 0, "{environment}: {output}");
    let json = rest.verify(sandbox, &[environment, "--format", "json"]).success();
    let value: Value = serde_json::from_str(&json.stdout).unwrap();
    let mut families: Vec<String> = Vec::new();
    for family in value["families"].as_array().unwrap() {
        let versions = family["versions"].as_array().unwrap().iter();
        families.extend(versions.map(|one| {
            format!("{}-{}", family["family"].as_str().unwrap(), one.as_str().unwrap())
        }));
    }
    let mut checked = 0;
    for (index, object) in rest.0.iter().enumerate() {
        let text = serde_json::to_string(&object["spec"]).unwrap();
        let Some(name) = families.iter().find(|name| text.contains(&format!("\"{name}\""))) else {
            continue;
        };
        let (kind, own) =
            (object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap());
        let ended = matches!(object["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
        let mut dump = rest.clone();
        match kind {
            "Pod" if !ended => {
                let (family, _) = name.rsplit_once('-').unwrap();
                let spec = text.replace(name.as_str(), &format!("{family}-20200101000000"));
                dump.0[index]["spec"] = serde_json::from_str(&spec).unwrap();
            }
            "Deployment" | "StatefulSet" | "DaemonSet" | "CronJob" | "Rollout" => {
                dump.0.remove(index);
            }
            _ => continue,
        }
        let output = dump.verify(sandbox, &[environment]).status(1);
        assert!(output.stdout.contains(own), "{kind} {own} is not named: {output}");
        checked += 1;
    }
    checked
}

#[test]
fn what_was_rendered_is_clean_and_each_difference_is_named() {
    let mut checked = 0;
    for (tree, environment) in TREES {
        let sandbox = Sandbox::example(tree);
        sandbox.commit_all();
        checked += holds(&sandbox, environment, &Dump::of(&sandbox, environment));
    }
    let sandbox = repository();
    checked += holds(&sandbox, "staging", &at_rest(&sandbox));
    assert!(checked > 40, "{checked} differences only");
}

/// Many pods are read one by one, each into a small record.
#[test]
fn a_large_dump_is_held_as_records() {
    use rotate::cluster::live::Live;
    use rotate::cluster::read::{Known, read};
    use rotate::k8s::by_value::Families;

    let sandbox = repository();
    let mut rest = at_rest(&sandbox);
    let pod = rest.get("Pod", "web-5b8c-0").clone();
    rest.0 = (0..5000)
        .map(|number| {
            let mut pod = pod.clone();
            pod["metadata"]["name"] = json!(format!("web-5b8c-{number}"));
            pod["metadata"]["annotations"] = json!({"note": "x".repeat(500)});
            pod
        })
        .collect();
    let families: Families = ["auth"].into_iter().collect();
    let mut live = Live::default();
    let known = Known { families: &families, rules: &[] };
    read(("live.json", 0), rest.text().as_bytes(), known, &mut live).unwrap();
    assert_eq!(live.objects.len(), 5000);
    assert!(live.objects.iter().all(|one| one.named.len() == 1 && one.used().count() == 1));
    assert!(!format!("{live:?}").contains("xxxx"));
}
