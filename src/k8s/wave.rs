//! When Argo CD and Helm apply an object: phases by their hooks, and waves in each.

use crate::yaml::node::Node;

/// Where Argo CD reads the phase.
const HOOK: &str = "argocd.argoproj.io/hook";
/// Where Argo CD reads the wave.
const WAVE: &str = "argocd.argoproj.io/sync-wave";
/// Where Helm, and Argo CD too, reads the phase.
const HELM_HOOK: &str = "helm.sh/hook";
/// Where Helm, and Argo CD too, reads the place in the phase.
const HELM_WEIGHT: &str = "helm.sh/hook-weight";

/// When an object is applied: phase, then wave. The next one begins when everything in the one before is healthy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    /// Before everything else, with it, or after it.
    pub phase: Phase,
    /// The place in the phase.
    pub wave: i64,
}

/// A phase of a sync or a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Hooks before it.
    Before,
    /// What is no hook.
    Main,
    /// Hooks after it.
    After,
}

/// Who applies the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applier {
    /// Argo CD.
    Argo,
    /// Helm, for a release.
    Helm,
}

fn annotation<'n>(object: &'n Node, key: &str) -> Option<&'n Node> {
    object.at(&["metadata", "annotations", key])
}

/// Whether an object tells when it is applied.
#[must_use]
pub fn is_set(object: &Node) -> bool {
    let Some(annotations) = object.at(&["metadata", "annotations"]) else { return false };
    [HOOK, WAVE, HELM_HOOK].iter().any(|key| annotations.get(key).is_some())
}

/// Whether an object has an annotation that only Argo CD reads.
#[must_use]
pub fn is_of_argo(object: &Node) -> bool {
    [HOOK, WAVE].iter().any(|key| annotation(object, key).is_some())
}

impl Turn {
    /// When an object is applied; `None` if it is not applied each time, or if nobody can tell.
    #[must_use]
    pub fn of(object: &Node, applier: Applier) -> Option<Self> {
        let own = annotation(object, HOOK).filter(|_| applier == Applier::Argo);
        let helm = annotation(object, HELM_HOOK).filter(|_| own.is_none());
        let phase = match own.or(helm) {
            Some(hook) => hook.str()?.split(',').filter_map(|hook| phase(hook.trim())).min()?,
            None => Phase::Main,
        };
        let wave = annotation(object, WAVE).filter(|_| applier == Applier::Argo);
        let weight = helm.and_then(|_| annotation(object, HELM_WEIGHT));
        let wave = wave.or(weight).map_or(Some(0), |wave| wave.str()?.parse().ok())?;
        Some(Self { phase, wave })
    }
}

/// The annotation that puts an object at another turn than most: that of the phase, or else that of the wave.
#[must_use]
pub fn field(object: &Node, is_phase: bool) -> Option<&Node> {
    let keys = if is_phase { [HOOK, HELM_HOOK] } else { [WAVE, HELM_WEIGHT] };
    keys.iter().find_map(|key| annotation(object, key))
}

fn phase(hook: &str) -> Option<Phase> {
    match hook {
        "PreSync" | "crd-install" | "pre-install" | "pre-upgrade" => Some(Phase::Before),
        "Sync" => Some(Phase::Main),
        "PostSync" | "post-install" | "post-upgrade" => Some(Phase::After),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Applier, Phase, Turn};
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::parse::parse;

    fn turn(annotations: &str, applier: Applier) -> Option<(Phase, i64)> {
        let text = format!("metadata: {{annotations: {{{annotations}}}}}");
        let node = parse(&Source::file(TreePath::root(), text)).unwrap().documents[0].root.clone();
        Turn::of(&node, applier).map(|turn| (turn.phase, turn.wave))
    }

    #[test]
    fn annotations_tell_the_turn() {
        let argo = |text: &str| turn(text, Applier::Argo);
        assert_eq!(argo(""), Some((Phase::Main, 0)));
        assert_eq!(argo("argocd.argoproj.io/sync-wave: '-5'"), Some((Phase::Main, -5)));
        assert_eq!(argo("argocd.argoproj.io/sync-wave: 3"), Some((Phase::Main, 3)));
        assert_eq!(argo("argocd.argoproj.io/sync-wave: '${WAVE}'"), None);
        assert_eq!(argo("argocd.argoproj.io/sync-wave: ' 3'"), None, "no number to Argo CD");
        assert_eq!(argo("argocd.argoproj.io/hook: 'Sync, PreSync'"), Some((Phase::Before, 0)));
        assert_eq!(argo("argocd.argoproj.io/hook: Skip"), None);
        assert_eq!(
            argo("helm.sh/hook: post-install, helm.sh/hook-weight: '2'"),
            Some((Phase::After, 2))
        );
        let both = "helm.sh/hook: test, argocd.argoproj.io/hook: PostSync";
        assert_eq!(argo(both), Some((Phase::After, 0)));
        let helm = |text: &str| turn(text, Applier::Helm);
        assert_eq!(helm("helm.sh/hook: 'pre-install,pre-upgrade'"), Some((Phase::Before, 0)));
        assert_eq!(helm("argocd.argoproj.io/sync-wave: 3"), Some((Phase::Main, 0)));
        assert_eq!(helm("helm.sh/hook: test"), None);
    }
}
