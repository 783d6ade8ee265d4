//! Workloads that run once: their references can no longer change, or no longer matter.

use crate::k8s::resource::{group_of, kind_of};
use crate::yaml::node::Node;

/// Annotations that make a controller delete and recreate an object, so that it may change.
const HOOKS: [&str; 2] = ["argocd.argoproj.io/hook", "helm.sh/hook"];

/// Kinds of custom resources that run once, by group.
const ONCE: &[(&str, &[&str])] = &[
    ("apps.kruise.io", &["BroadcastJob"]),
    ("argoproj.io", &["AnalysisRun", "Experiment", "Workflow"]),
    ("batch.volcano.sh", &["Job"]),
    ("jobset.x-k8s.io", &["JobSet"]),
    ("ray.io", &["RayJob"]),
    ("sparkoperator.k8s.io", &["SparkApplication"]),
    ("tekton.dev", &["CustomRun", "PipelineRun", "TaskRun"]),
];

/// Kinds that do not run while `spec.suspend` is set.
const SUSPENDED: &[&str] = &["CronJob", "CronWorkflow", "Job"];

/// Whether the template is immutable: a Job that neither gets a generated name nor is recreated each time.
#[must_use]
pub fn is_fixed(object: &Node) -> bool {
    let annotated = |key: &str| object.at(&["metadata", "annotations", key]).is_some();
    kind_of(object) == "Job"
        && object.at(&["metadata", "generateName"]).is_none()
        && !HOOKS.iter().any(|key| annotated(key))
}

/// Whether the object will not start anything again: it runs once, or is suspended.
#[must_use]
pub fn is_over(object: &Node) -> bool {
    let (group, kind) = (group_of(object), kind_of(object));
    let once = ONCE.iter().any(|(of, kinds)| *of == group && kinds.contains(&kind));
    let training = group == "kubeflow.org" && kind.ends_with("Job");
    let suspended = object.at(&["spec", "suspend"]).and_then(Node::str) == Some("true");
    is_fixed(object) || once || training || (suspended && SUSPENDED.contains(&kind))
}

#[cfg(test)]
mod tests {
    use super::{is_fixed, is_over};
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::node::Node;
    use crate::yaml::parse::parse;

    fn object(text: &str) -> Node {
        parse(&Source::file(TreePath::root(), text)).unwrap().documents[0].root.clone()
    }

    #[test]
    fn a_plain_job_is_fixed_and_over() {
        let job = object("{apiVersion: batch/v1, kind: Job, metadata: {name: a}}");
        assert!(is_fixed(&job) && is_over(&job));
        for again in ["generateName: a-", "annotations: {helm.sh/hook: post-install}"] {
            let job =
                object(&format!("{{apiVersion: batch/v1, kind: Job, metadata: {{{again}}}}}"));
            assert!(!is_fixed(&job) && !is_over(&job), "{again}");
        }
    }

    #[test]
    fn what_goes_on_is_told_from_what_is_over() {
        for (text, over) in [
            ("{apiVersion: tekton.dev/v1, kind: TaskRun}", true),
            ("{apiVersion: kubeflow.org/v1, kind: PyTorchJob}", true),
            ("{apiVersion: batch/v1, kind: CronJob, spec: {suspend: true}}", true),
            ("{apiVersion: batch/v1, kind: CronJob, spec: {suspend: false}}", false),
            ("{apiVersion: argoproj.io/v1alpha1, kind: Rollout}", false),
            (
                "{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, spec: {suspend: true}}",
                false,
            ),
        ] {
            assert_eq!(is_over(&object(text)), over, "{text}");
        }
    }
}
