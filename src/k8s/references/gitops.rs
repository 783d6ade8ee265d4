//! Secrets named by delivery and build tools: Argo, Flux, Fleet, Tekton, Crossplane.

use crate::k8s::references::row::{Row, row};

const ARGO: &[&str] = &["argoproj.io"];
const CROSSPLANE: &[&str] = &["*.crossplane.io", "*.upbound.io", "crossplane.io", "upbound.io"];
const FLUX_SOURCE: &[&str] = &["source.toolkit.fluxcd.io"];

/// The rows.
#[rustfmt::skip] // one line a field
pub const ROWS: &[Row] = &[
    row("argo-analysis", ARGO, &["AnalysisTemplate", "ClusterAnalysisTemplate", "AnalysisRun"], &[
        "spec.args[].valueFrom.secretKeyRef.name", "spec.metrics[].provider.datadog.secretRef.name",
        "spec.metrics[].provider.**.authentication.oauth2.*SecretRef.name",
    ]),
    row("argo-experiment", ARGO, &["Experiment"], &["spec.analyses[].args[].valueFrom.secretKeyRef.name"]),
    row("argo-application-set", ARGO, &["ApplicationSet"], &[
        "spec.**.generators[].{scmProvider,pullRequest}.*.{tokenRef,appPasswordRef,accessTokenRef,basicAuth.passwordRef,bearerToken.tokenRef}.secretName",
        "spec.generators[].{scmProvider,pullRequest}.*.{tokenRef,appPasswordRef,accessTokenRef,basicAuth.passwordRef,bearerToken.tokenRef}.secretName",
        "spec.**.{scmProvider,pullRequest}.github.appSecretName",
    ]),
    row("argo-workflow", ARGO, &["Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow"], &[
        "**.{artifactory,s3,gcs,git,http,oss,azure,hdfs}.**.*Secret.name",
        "**.{arguments,inputs}.**.secretKeyRef.name", "**.synchronization.**.secretKeyRef.name",
    ]),
    row("argo-events", ARGO, &["EventSource", "EventBus", "Sensor"], &["spec.**.{*Secret,*Token,*Password,*Key,*Cert,*Username,token,password,username,secret,accessToken,credential}.name"]),
    row("flux-git-repository", FLUX_SOURCE, &["GitRepository"], &["spec.{secretRef,proxySecretRef,verify.secretRef}.name"]),
    row("flux-oci-repository", FLUX_SOURCE, &["OCIRepository"], &["spec.{secretRef,certSecretRef,proxySecretRef,verify.secretRef,verify.trustedRootSecretRef}.name"]),
    row("flux-helm-repository", FLUX_SOURCE, &["HelmRepository"], &["spec.{secretRef,certSecretRef}.name"]),
    row("flux-helm-chart", FLUX_SOURCE, &["HelmChart"], &["spec.verify.secretRef.name"]),
    row("flux-bucket", FLUX_SOURCE, &["Bucket"], &["spec.{secretRef,certSecretRef,proxySecretRef,sts.secretRef,sts.certSecretRef}.name"]),
    row("flux-helm-release", &["helm.toolkit.fluxcd.io"], &["HelmRelease"], &[
        "spec.valuesFrom[kind=Secret].name", "spec.kubeConfig.secretRef.name", "spec.chart.spec.verify.secretRef.name",
    ]),
    row("flux-kustomization", &["kustomize.toolkit.fluxcd.io"], &["Kustomization"], &[
        "spec.decryption.secretRef.name", "spec.kubeConfig.secretRef.name", "spec.postBuild.substituteFrom[kind=Secret].name",
    ]),
    row("flux-image", &["image.toolkit.fluxcd.io"], &["ImageRepository", "ImageUpdateAutomation"], &[
        "spec.{secretRef,certSecretRef,proxySecretRef,git.commit.signingKey.secretRef}.name",
    ]),
    row("flux-notification", &["notification.toolkit.fluxcd.io"], &["Provider", "Receiver"], &["spec.{secretRef,certSecretRef,proxySecretRef}.name"]),
    row("flagger", &["flagger.app"], &["AlertProvider", "MetricTemplate"], &["spec.{secretRef,provider.secretRef}.name"]),
    row("fleet", &["fleet.cattle.io"], &["Bundle", "GitRepo", "HelmOp"], &[
        "**.helm.valuesFrom[].secretKeyRef.name", "spec.{clientSecretName,helmSecretName,helmSecretNameForPaths}",
    ]),
    row("helm-chart", &["helm.cattle.io"], &["HelmChart", "HelmChartConfig"], &["spec.{valuesSecrets[],authSecret,dockerRegistrySecret}.name"]),
    row("tekton-interceptor", &["triggers.tekton.dev"], &["EventListener", "Trigger", "TriggerGroup"], &["spec.**.interceptors[].params[name=secretRef].value.secretName"]),
    row("pipelines-as-code", &["pipelinesascode.tekton.dev"], &["Repository"], &["spec.{incoming[].secret,git_provider.secret,git_provider.webhook_secret,params[].secret_ref}.name"]),
    row("crossplane-provider-config", CROSSPLANE, &["ProviderConfig", "ClusterProviderConfig"], &["spec.{credentials,identity,credentials.webIdentity.tokenConfig}.secretRef.name"]),
    row("crossplane-composition", &["apiextensions.crossplane.io"], &["Composition"], &["spec.pipeline[].credentials[].secretRef.name"]),
    row("crossplane-package", &["pkg.crossplane.io"], &["Provider", "Function", "Configuration"], &["spec.packagePullSecrets[].name"]),
    row("crossplane-image-config", &["pkg.crossplane.io"], &["ImageConfig"], &["spec.**.{pullSecretRef,secretRef}.name"]),
    row("crossplane-managed", CROSSPLANE, &["*"], &["spec.{forProvider,initProvider}.**.*SecretRef.name"]),
    row("github-runner", &["actions.github.com"], &["AutoscalingRunnerSet", "EphemeralRunnerSet", "AutoscalingListener", "EphemeralRunner"], &[
        "spec.{githubConfigSecret,ephemeralRunnerSpec.githubConfigSecret,proxy.{http,https}.credentialSecretRef}",
    ]),
    row("velero", &["velero.io"], &["BackupStorageLocation", "VolumeSnapshotLocation"], &["spec.credential.name"]),
];
