//! Which lists of the built-in kinds a strategic merge merges, and by which keys.
//!
//! This is the Kubernetes 1.21 schema that kustomize 5 embeds. To kustomize, a newer kind is like any
//! unknown kind: its lists are replaced.

/// The part of a schema that a strategic merge needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// An object with mergeable lists only in its metadata.
    Object,
    /// An object with conditions in its status.
    Conditioned,
    /// An object with a pod template: Deployment, Job and their kin.
    Workload,
    /// A CronJob.
    CronJob,
    /// A Pod.
    Pod,
    /// A pod template with its metadata, alone or in a workload.
    Template,
    /// The kind `PodTemplate`.
    TemplateObject,
    /// A Service.
    Service,
    /// A ServiceAccount.
    ServiceAccount,
    /// An admission webhook's configuration.
    Webhooks,
    /// A Node.
    Node,
    /// A ComponentStatus.
    ComponentStatus,
    /// A CSINode.
    CsiNode,
    /// An object's metadata.
    Metadata,
    /// A status of which only the conditions matter.
    Status,
    /// The `spec` of a workload.
    WorkloadSpec,
    /// The `spec` of a CronJob.
    CronJobSpec,
    /// The job that a CronJob makes.
    JobTemplate,
    /// The `spec` of a pod.
    PodSpec,
    /// The `status` of a Pod.
    PodStatus,
    /// A container.
    Container,
    /// An ephemeral container.
    EphemeralContainer,
    /// A volume of a pod.
    Volume,
    /// A volume that lives as long as its pod.
    EphemeralVolume,
    /// The `spec` of a Service.
    ServiceSpec,
    /// The `spec` of a Node.
    NodeSpec,
    /// The `status` of a Node.
    NodeStatus,
    /// The `spec` of a CSINode.
    CsiNodeSpec,
}

/// What a strategic merge has to know about a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The field's name.
    pub name: &'static str,
    /// The keys by which the items of a list are told apart; empty for a list of plain values that is
    /// joined; `None` for a list that is replaced, and for anything that is no list.
    pub keys: Option<&'static [&'static str]>,
    /// The shape of the value, or of the list's items.
    pub shape: Option<Shape>,
}

/// A field that holds a mapping.
const fn map(name: &'static str, shape: Shape) -> Field {
    Field { name, keys: None, shape: Some(shape) }
}

/// A list that is joined by keys.
const fn list(name: &'static str, keys: &'static [&'static str]) -> Field {
    Field { name, keys: Some(keys), shape: None }
}

/// A list that is joined by name and whose items have a shape.
const fn named(name: &'static str, shape: Shape) -> Field {
    Field { name, keys: Some(&["name"]), shape: Some(shape) }
}

const METADATA: Field = map("metadata", Shape::Metadata);
const STATUS: Field = map("status", Shape::Status);
const CONDITIONS: Field = list("conditions", &["type"]);
const ENV: Field = list("env", &["name"]);
const DEVICES: Field = list("volumeDevices", &["devicePath"]);
const MOUNTS: Field = list("volumeMounts", &["mountPath"]);

const OBJECT: &[Field] = &[METADATA];
const CONDITIONED: &[Field] = &[METADATA, STATUS];
const WORKLOAD: &[Field] = &[METADATA, map("spec", Shape::WorkloadSpec), STATUS];
const CRON_JOB: &[Field] = &[METADATA, map("spec", Shape::CronJobSpec)];
const POD: &[Field] = &[METADATA, map("spec", Shape::PodSpec), map("status", Shape::PodStatus)];
const TEMPLATE: &[Field] = &[METADATA, map("spec", Shape::PodSpec)];
const TEMPLATE_OBJECT: &[Field] = &[METADATA, map("template", Shape::Template)];
const SERVICE: &[Field] = &[METADATA, map("spec", Shape::ServiceSpec), STATUS];
const SERVICE_ACCOUNT: &[Field] = &[METADATA, list("secrets", &["name"])];
const WEBHOOKS: &[Field] = &[METADATA, list("webhooks", &["name"])];
const NODE: &[Field] = &[METADATA, map("spec", Shape::NodeSpec), map("status", Shape::NodeStatus)];
const COMPONENT_STATUS: &[Field] = &[METADATA, CONDITIONS];
const CSI_NODE: &[Field] = &[METADATA, map("spec", Shape::CsiNodeSpec)];
const METADATA_FIELDS: &[Field] = &[list("finalizers", &[]), list("ownerReferences", &["uid"])];
const STATUS_FIELDS: &[Field] = &[CONDITIONS];
const WORKLOAD_SPEC: &[Field] = &[map("template", Shape::Template)];
const CRON_JOB_SPEC: &[Field] = &[map("jobTemplate", Shape::JobTemplate)];
const JOB_TEMPLATE: &[Field] = &[METADATA, map("spec", Shape::WorkloadSpec)];
const POD_SPEC: &[Field] = &[
    named("containers", Shape::Container),
    named("initContainers", Shape::Container),
    named("ephemeralContainers", Shape::EphemeralContainer),
    named("volumes", Shape::Volume),
    list("imagePullSecrets", &["name"]),
    list("hostAliases", &["ip"]),
    list("topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"]),
];
const POD_STATUS: &[Field] = &[CONDITIONS, list("podIPs", &["ip"])];
const CONTAINER: &[Field] = &[ENV, DEVICES, MOUNTS, list("ports", &["containerPort", "protocol"])];
const EPHEMERAL_CONTAINER: &[Field] = &[ENV, DEVICES, MOUNTS];
const VOLUME: &[Field] = &[map("ephemeral", Shape::EphemeralVolume)];
const EPHEMERAL_VOLUME: &[Field] = &[map("volumeClaimTemplate", Shape::Object)];
const SERVICE_SPEC: &[Field] = &[list("ports", &["port", "protocol"])];
const NODE_SPEC: &[Field] = &[list("podCIDRs", &[])];
const NODE_STATUS: &[Field] = &[CONDITIONS, list("addresses", &["type"])];
const CSI_NODE_SPEC: &[Field] = &[list("drivers", &["name"])];

impl Shape {
    /// The shape of a built-in kind; `None` for any other.
    #[must_use]
    pub fn of(api_version: &str, kind: &str) -> Option<Self> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let fits = |row: &&Row| row.0 == group && row.1.contains(&version) && row.3.contains(&kind);
        KINDS.iter().find(fits).map(|row| row.2)
    }

    /// What is known of a field.
    #[must_use]
    pub fn field(self, name: &str) -> Option<Field> {
        self.fields().iter().find(|field| field.name == name).copied()
    }

    const fn fields(self) -> &'static [Field] {
        match self {
            Self::Object => OBJECT,
            Self::Conditioned => CONDITIONED,
            Self::Workload => WORKLOAD,
            Self::CronJob => CRON_JOB,
            Self::Pod => POD,
            Self::Template => TEMPLATE,
            Self::TemplateObject => TEMPLATE_OBJECT,
            Self::Service => SERVICE,
            Self::ServiceAccount => SERVICE_ACCOUNT,
            Self::Webhooks => WEBHOOKS,
            Self::Node => NODE,
            Self::ComponentStatus => COMPONENT_STATUS,
            Self::CsiNode => CSI_NODE,
            Self::Metadata => METADATA_FIELDS,
            Self::Status => STATUS_FIELDS,
            Self::WorkloadSpec => WORKLOAD_SPEC,
            Self::CronJobSpec => CRON_JOB_SPEC,
            Self::JobTemplate => JOB_TEMPLATE,
            Self::PodSpec => POD_SPEC,
            Self::PodStatus => POD_STATUS,
            Self::Container => CONTAINER,
            Self::EphemeralContainer => EPHEMERAL_CONTAINER,
            Self::Volume => VOLUME,
            Self::EphemeralVolume => EPHEMERAL_VOLUME,
            Self::ServiceSpec => SERVICE_SPEC,
            Self::NodeSpec => NODE_SPEC,
            Self::NodeStatus => NODE_STATUS,
            Self::CsiNodeSpec => CSI_NODE_SPEC,
        }
    }
}

/// Kinds of one group that have one shape.
type Row = (&'static str, &'static [&'static str], Shape, &'static [&'static str]);

const CORE: &[&str] = &["v1"];
const BETA: &[&str] = &["v1", "v1beta1"];

#[rustfmt::skip] // a table
const KINDS: &[Row] = &[
    ("", CORE, Shape::Object, &[
        "Binding", "ConfigMap", "Endpoints", "Event", "LimitRange", "PersistentVolume",
        "ResourceQuota", "Secret",
    ]),
    ("", CORE, Shape::Conditioned, &["Namespace", "PersistentVolumeClaim"]),
    ("", CORE, Shape::Pod, &["Pod"]),
    ("", CORE, Shape::TemplateObject, &["PodTemplate"]),
    ("", CORE, Shape::Workload, &["ReplicationController"]),
    ("", CORE, Shape::Service, &["Service"]),
    ("", CORE, Shape::ServiceAccount, &["ServiceAccount"]),
    ("", CORE, Shape::Node, &["Node"]),
    ("", CORE, Shape::ComponentStatus, &["ComponentStatus"]),
    ("admissionregistration.k8s.io", BETA, Shape::Webhooks, &[
        "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
    ]),
    ("apiextensions.k8s.io", BETA, Shape::Object, &["CustomResourceDefinition"]),
    ("apiregistration.k8s.io", BETA, Shape::Conditioned, &["APIService"]),
    ("apps", CORE, Shape::Object, &["ControllerRevision"]),
    ("apps", CORE, Shape::Workload, &["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]),
    ("authentication.k8s.io", BETA, Shape::Object, &["TokenReview"]),
    ("authorization.k8s.io", BETA, Shape::Object, &[
        "LocalSubjectAccessReview", "SelfSubjectAccessReview", "SelfSubjectRulesReview",
        "SubjectAccessReview",
    ]),
    ("autoscaling", &["v1", "v2beta1", "v2beta2"], Shape::Object, &["HorizontalPodAutoscaler"]),
    ("batch", CORE, Shape::Workload, &["Job"]),
    ("batch", BETA, Shape::CronJob, &["CronJob"]),
    ("certificates.k8s.io", BETA, Shape::Object, &["CertificateSigningRequest"]),
    ("coordination.k8s.io", BETA, Shape::Object, &["Lease"]),
    ("discovery.k8s.io", BETA, Shape::Object, &["EndpointSlice"]),
    ("events.k8s.io", BETA, Shape::Object, &["Event"]),
    ("extensions", &["v1beta1"], Shape::Object, &["Ingress"]),
    ("flowcontrol.apiserver.k8s.io", &["v1beta1"], Shape::Object, &[
        "FlowSchema", "PriorityLevelConfiguration",
    ]),
    ("networking.k8s.io", BETA, Shape::Object, &["Ingress", "IngressClass"]),
    ("networking.k8s.io", CORE, Shape::Object, &["NetworkPolicy"]),
    ("node.k8s.io", BETA, Shape::Object, &["RuntimeClass"]),
    ("policy", BETA, Shape::Conditioned, &["PodDisruptionBudget"]),
    ("policy", &["v1beta1"], Shape::Object, &["PodSecurityPolicy"]),
    ("rbac.authorization.k8s.io", BETA, Shape::Object, &[
        "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding",
    ]),
    ("scheduling.k8s.io", BETA, Shape::Object, &["PriorityClass"]),
    ("storage.k8s.io", BETA, Shape::Object, &["CSIDriver", "StorageClass", "VolumeAttachment"]),
    ("storage.k8s.io", BETA, Shape::CsiNode, &["CSINode"]),
    ("storage.k8s.io", &["v1beta1"], Shape::Object, &["CSIStorageCapacity"]),
];

#[cfg(test)]
mod tests {
    use super::Shape;

    fn at(shape: Shape, path: &[&str]) -> Option<super::Field> {
        let (last, parents) = path.split_last().unwrap();
        let parent = parents
            .iter()
            .try_fold(shape, |shape, name| shape.field(name).and_then(|field| field.shape));
        parent.and_then(|shape| shape.field(last))
    }

    #[test]
    fn knows_the_keys_of_nested_lists() {
        let deployment = Shape::of("apps/v1", "Deployment").unwrap();
        let env = at(deployment, &["spec", "template", "spec", "containers", "env"]).unwrap();
        assert_eq!(env.keys, Some(&["name"][..]));
        let cron = Shape::of("batch/v1beta1", "CronJob").unwrap();
        let path = ["spec", "jobTemplate", "spec", "template", "spec", "initContainers", "ports"];
        assert_eq!(at(cron, &path).unwrap().keys, Some(&["containerPort", "protocol"][..]));
        assert!(at(deployment, &["spec", "template", "spec", "tolerations"]).is_none());
        let finalizers = at(deployment, &["metadata", "finalizers"]).unwrap();
        assert_eq!(finalizers.keys, Some(&[][..]));
    }

    #[test]
    fn knows_only_the_versions_of_its_schema() {
        assert!(Shape::of("autoscaling/v2", "HorizontalPodAutoscaler").is_none());
        assert!(Shape::of("apps/v1beta2", "Deployment").is_none());
    }
}
