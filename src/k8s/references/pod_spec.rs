//! What names a secret in a pod spec, and where objects keep pod specs. The tables multiply.

use crate::k8s::references::row::Holds::{Container, PodSpec, Volume};
use crate::k8s::references::row::{Embedding, Holds, Slot, slot};

/// The groups of Kubernetes' own workloads, of ServiceAccount and Ingress.
pub const CORE: &[&str] = &["", "apps", "batch", "extensions", "networking.k8s.io"];

/// Where each workload of Kubernetes keeps its pod spec.
pub const WORKLOADS: &[(&str, &str)] = &[
    ("CronJob", "spec.jobTemplate.spec.template.spec"),
    ("DaemonSet", "spec.template.spec"),
    ("Deployment", "spec.template.spec"),
    ("Job", "spec.template.spec"),
    ("Pod", "spec"),
    ("PodTemplate", "template.spec"),
    ("ReplicaSet", "spec.template.spec"),
    ("ReplicationController", "spec.template.spec"),
    ("StatefulSet", "spec.template.spec"),
];

/// The lists of a pod spec that hold containers.
pub const CONTAINER_LISTS: &str = "{containers,initContainers,ephemeralContainers}[]";

/// What in a container names a secret.
pub const IN_CONTAINER: &[Slot] = &[
    slot("env", "env[].valueFrom.secretKeyRef.name"),
    slot("env-from", "envFrom[].secretRef.name"),
];

/// What in a volume names a secret.
pub const IN_VOLUME: &[Slot] = &[
    slot("azure-file", "azureFile.secretName"),
    slot("csi-attributes", "csi.volumeAttributes.secretName"),
    slot("csi-volume", "csi.nodePublishSecretRef.name"),
    slot("projected", "projected.sources[].secret.name"),
    slot("volume", "secret.secretName"),
    slot(
        "volume-secret-ref",
        "{cephfs,rbd,iscsi,flexVolume,scaleIO,storageos,cinder}.secretRef.name",
    ),
];

/// What else in a pod spec names a secret.
pub const IN_POD_SPEC: &[Slot] = &[slot("image-pull", "imagePullSecrets[].name")];

/// Where custom resources keep pod specs, containers and volumes.
#[rustfmt::skip] // one line a place
pub const EMBEDDED: &[Embedding] = &[
    at(&["argoproj.io"], &["Rollout"], PodSpec, &["spec.template.spec"]),
    at(&["argoproj.io"], &["Experiment"], PodSpec, &["spec.templates[].template.spec"]),
    at(&["argoproj.io"], &["AnalysisTemplate", "ClusterAnalysisTemplate", "AnalysisRun"], PodSpec, &["spec.metrics[].provider.job.spec.template.spec"]),
    at(&["argoproj.io"], &["Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate"], PodSpec, &["spec", "spec.{templates[],templateDefaults}"]),
    at(&["argoproj.io"], &["Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate"], Container, &["spec.{templates[],templateDefaults}.{container,script,containerSet.containers[],sidecars[],data.source}"]),
    at(&["argoproj.io"], &["CronWorkflow"], PodSpec, &["spec.workflowSpec", "spec.workflowSpec.{templates[],templateDefaults}"]),
    at(&["argoproj.io"], &["CronWorkflow"], Container, &["spec.workflowSpec.{templates[],templateDefaults}.{container,script,containerSet.containers[],sidecars[]}"]),
    at(&["argoproj.io"], &["EventSource", "Sensor"], PodSpec, &["spec.template"]),
    at(&["argoproj.io"], &["EventSource", "Sensor"], Container, &["spec.template.container"]),
    at(&["serving.knative.dev"], &["Service", "Configuration"], PodSpec, &["spec.template.spec"]),
    at(&["serving.knative.dev"], &["Revision"], PodSpec, &["spec"]),
    at(&["keda.sh"], &["ScaledJob"], PodSpec, &["spec.jobTargetRef.template.spec"]),
    at(&["tekton.dev"], &["Task", "ClusterTask", "StepAction"], PodSpec, &["spec"]),
    at(&["tekton.dev"], &["Task", "ClusterTask"], Container, &["spec.{steps[],sidecars[],stepTemplate}"]),
    at(&["tekton.dev"], &["Pipeline"], Container, &["spec.{tasks,finally}[].taskSpec.{steps[],sidecars[],stepTemplate}"]),
    at(&["tekton.dev"], &["Pipeline"], PodSpec, &["spec.{tasks,finally}[].taskSpec"]),
    at(&["tekton.dev"], &["TaskRun", "PipelineRun"], Volume, &["spec.workspaces[]"]),
    at(&["tekton.dev"], &["TaskRun", "PipelineRun"], PodSpec, &["spec.{podTemplate,taskRunTemplate.podTemplate,taskRunSpecs[].podTemplate,taskSpec}"]),
    at(&["tekton.dev"], &["TaskRun", "PipelineRun"], Container, &["spec.{podTemplate,taskRunTemplate.podTemplate}", "spec.{taskSpec,pipelineSpec.tasks[].taskSpec,pipelineSpec.finally[].taskSpec}.{steps[],sidecars[],stepTemplate}"]),
    at(&["triggers.tekton.dev"], &["EventListener"], PodSpec, &["spec.resources.kubernetesResource.spec.template.spec"]),
    at(&["monitoring.coreos.com"], &["Prometheus", "PrometheusAgent", "Alertmanager", "ThanosRuler"], PodSpec, &["spec"]),
    at(&["postgresql.cnpg.io"], &["Cluster"], Container, &["spec"]),
    at(&["postgresql.cnpg.io"], &["Cluster"], PodSpec, &["spec"]),
    at(&["postgresql.cnpg.io"], &["Pooler"], PodSpec, &["spec.template.spec"]),
    at(&["kafka.strimzi.io"], &["*"], PodSpec, &["**.template.{pod,buildPod}"]),
    at(&["kafka.strimzi.io"], &["*"], Container, &["**.template.*Container", "**.externalConfiguration"]),
    at(&["opentelemetry.io"], &["OpenTelemetryCollector", "Instrumentation", "OpAMPBridge", "TargetAllocator"], PodSpec, &["spec"]),
    at(&["opentelemetry.io"], &["OpenTelemetryCollector", "Instrumentation", "OpAMPBridge", "TargetAllocator"], Container, &["spec", "spec.{java,nodejs,python,dotnet,go,apacheHttpd,nginx,targetAllocator}"]),
    at(&["*.k8s.elastic.co"], &["*"], PodSpec, &["spec.{podTemplate,deployment.podTemplate,daemonSet.podTemplate,nodeSets[].podTemplate}.spec"]),
    at(&["actions.github.com"], &["AutoscalingRunnerSet", "EphemeralRunnerSet", "AutoscalingListener"], PodSpec, &["spec.template.spec", "spec.ephemeralRunnerSpec.spec", "spec.listenerTemplate.spec"]),
    at(&["actions.summerwind.dev"], &["RunnerDeployment", "RunnerSet"], PodSpec, &["spec.template.spec"]),
    at(&["actions.summerwind.dev"], &["RunnerDeployment"], Container, &["spec.template.spec"]),
    at(&["batch.volcano.sh"], &["Job"], PodSpec, &["spec.tasks[].template.spec"]),
    at(&["kubeflow.org"], &["*"], PodSpec, &["spec.*ReplicaSpecs.*.template.spec", "spec.template.spec"]),
    at(&["serving.kserve.io"], &["InferenceService"], PodSpec, &["spec.{predictor,transformer,explainer}"]),
    at(&["serving.kserve.io"], &["InferenceService"], Container, &["spec.{predictor,transformer,explainer}.*"]),
    at(&["apps.kruise.io"], &["CloneSet", "StatefulSet", "DaemonSet", "BroadcastJob"], PodSpec, &["spec.template.spec"]),
    at(&["leaderworkerset.x-k8s.io"], &["LeaderWorkerSet"], PodSpec, &["spec.leaderWorkerTemplate.{leaderTemplate,workerTemplate}.spec"]),
    at(&["jobset.x-k8s.io"], &["JobSet"], PodSpec, &["spec.replicatedJobs[].template.spec.template.spec"]),
    at(&["ray.io"], &["RayCluster"], PodSpec, &["spec.{headGroupSpec,workerGroupSpecs[]}.template.spec"]),
    at(&["ray.io"], &["RayJob", "RayService"], PodSpec, &["spec.{rayClusterSpec,rayClusterConfig}.{headGroupSpec,workerGroupSpecs[]}.template.spec", "spec.submitterPodTemplate.spec"]),
    at(&["grafana.integreatly.org"], &["Grafana"], PodSpec, &["spec.deployment.spec.template.spec"]),
];

const fn at(
    groups: &'static [&'static str],
    kinds: &'static [&'static str],
    holds: Holds,
    paths: &'static [&'static str],
) -> Embedding {
    Embedding { groups, kinds, holds, paths }
}

/// Every slot below a place, as paths from the object: `(row, path)`.
pub fn slots(holds: Holds, place: &str) -> Vec<(&'static str, String)> {
    let below = |slots: &'static [Slot], between: &str| {
        let paths = slots.iter().map(|slot| (slot.id, format!("{place}{between}.{}", slot.path)));
        paths.collect::<Vec<_>>()
    };
    match holds {
        Container => below(IN_CONTAINER, ""),
        Volume => below(IN_VOLUME, ""),
        PodSpec => [
            below(IN_CONTAINER, &format!(".{CONTAINER_LISTS}")),
            below(IN_VOLUME, ".volumes[]"),
            below(IN_POD_SPEC, ""),
        ]
        .concat(),
    }
}
