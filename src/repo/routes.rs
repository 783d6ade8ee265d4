//! Finds what routes the traffic of a pair: routes by weight, and Services by their selectors.

use std::collections::BTreeSet;

use crate::k8s::traffic::{
    Division, List, Overlaid, Target, lists, overlaid, pod_labels, selector, selects,
    service_of_host, subset,
};
use crate::k8s::workload::is_scaled_to_zero;
use crate::kustomize::model::object::Object;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::pairs::{Colour, Pair, Workload};
use crate::repo::root::Root;
use crate::repo::traffic::{Backend, Fixed, Leads, Split, Switch, Traffic, Weight, WeightField};
use crate::text::work;
use crate::yaml::node::Node;
use crate::yaml::path::Path;

impl Repo {
    /// What routes the traffic of a pair in an environment.
    #[must_use]
    pub fn traffic(&self, environment: EnvironmentId, pair: &Pair) -> Traffic {
        let reader = Reader { repo: self, environment, pair };
        let (mut splits, mut fixed) = reader.splits();
        let (blue, green) = (pair.of(Colour::Blue).root, pair.of(Colour::Green).root);
        // Routes of the same root are about these pods; those of another root may be those of another cluster.
        if blue == green && splits.iter().any(|split| split.route.root == blue) {
            splits.retain(|split| split.route.root == blue);
            fixed.retain(|fixed| fixed.route.root == blue);
        }
        let switches = reader.switches(&splits);
        let is_stopped = |colour: &Colour| is_scaled_to_zero(&self.workload(pair.of(*colour)).node);
        let stopped = Colour::ALL.into_iter().filter(is_stopped).collect();
        Traffic { splits, switches, fixed, stopped }
    }
}

struct Reader<'r> {
    repo: &'r Repo,
    environment: EnvironmentId,
    pair: &'r Pair,
}

impl<'r> Reader<'r> {
    fn objects(&self) -> impl Iterator<Item = (Workload, &'r Root, &'r Object)> {
        let roots = self.repo.roots_of(self.environment);
        roots.flat_map(|(root, found)| {
            let objects = found.objects().iter().enumerate();
            let real = objects.filter(|(at, _)| found.is_real(*at));
            real.map(move |(object, one)| (Workload { root, object }, &**found, one))
        })
    }

    fn splits(&self) -> (Vec<Split>, Vec<Fixed>) {
        let (mut splits, mut fixed) = (Vec::new(), Vec::new());
        let mut primaries = BTreeSet::new();
        let mut overlays: Vec<(Workload, &Root, &Object, Overlaid<'r>)> = Vec::new();
        for (at, root, object) in self.objects() {
            work::step();
            for list in lists(&object.node) {
                match &list.members[..] {
                    [only] => {
                        let leads = self.leads(at, root, object, &only.target);
                        let list = Some(list.path);
                        fixed.extend(leads.colour().map(|colour| Fixed {
                            route: at,
                            list,
                            colour,
                        }));
                    }
                    _ => splits.extend(self.list(at, root, object, list)),
                }
            }
            overlays.extend(overlaid(&object.node).map(|one| (at, root, object, one)));
        }
        for (at, root, object, taker) in &overlays {
            let Some((path, total)) = &taker.part else { continue };
            let same = overlays.iter().filter(|(_, of, other, primary)| {
                primary.part.is_none()
                    && of.path == root.path
                    && other.kind() == object.kind()
                    && namespace(of, other) == namespace(root, object)
                    && taker.routes.iter().any(|route| primary.routes.contains(route))
            });
            let Some((primary_at, _, _, primary)) = { same }.next() else { continue };
            primaries.insert(*primary_at);
            splits.extend(self.part(*at, (root, object), taker, primary, path, *total));
        }
        for (at, root, object, one) in &overlays {
            if one.part.is_none() && !primaries.contains(at) {
                let leads = one.services.iter().map(|to| self.leads(*at, root, object, to));
                let colours: BTreeSet<Colour> = leads.filter_map(Leads::colour).collect();
                fixed.extend(colours.into_iter().map(|colour| Fixed {
                    route: *at,
                    list: None,
                    colour,
                }));
            }
        }
        splits.retain(|split| split.backends.iter().any(|one| matches!(one.leads, Leads::To(_))));
        (splits, fixed)
    }

    fn list(&self, at: Workload, root: &Root, object: &Object, list: List<'_>) -> Option<Split> {
        let backends = list.members.iter().map(|member| Backend {
            name: name(&member.target),
            subset: subset_of(&member.target),
            leads: self.leads(at, root, object, &member.target),
            weight: weight(&object.node, &member.weight, list.division),
            field: Some(WeightField {
                root: at.root,
                object: at.object,
                path: member.weight.clone(),
            }),
        });
        let backends: Vec<Backend> = backends.collect();
        let concerns = backends.iter().any(|one| matches!(one.leads, Leads::To(_)));
        concerns.then_some(Split {
            route: at,
            list: Some(list.path),
            division: list.division,
            backends,
        })
    }

    fn part(
        &self,
        at: Workload,
        (root, object): (&Root, &Object),
        taker: &Overlaid<'_>,
        primary: &Overlaid<'_>,
        path: &Path,
        total: u64,
    ) -> Option<Split> {
        let division = Division::Part(total);
        let own = weight(&object.node, path, division);
        let rest = own.number().map_or_else(
            || Weight::Unreadable(String::new()),
            |own| Weight::Rest(total.saturating_sub(own)),
        );
        let route = taker.routes.iter().position(|route| primary.routes.contains(route))?;
        let other = primary.routes.iter().position(|one| *one == taker.routes[route])?;
        let (theirs, ours) = (primary.services.get(other)?, taker.services.get(route)?);
        let field = Some(WeightField { root: at.root, object: at.object, path: path.clone() });
        let backend = |target: &Target<'_>, weight, field| Backend {
            name: name(target),
            subset: subset_of(target),
            leads: self.leads(at, root, object, target),
            weight,
            field,
        };
        let backends = vec![backend(theirs, rest, None), backend(ours, own, field)];
        Some(Split { route: at, list: None, division, backends })
    }

    /// Where a backend of a route leads.
    fn leads(&self, at: Workload, root: &Root, object: &Object, target: &Target<'_>) -> Leads {
        let Target::Service { name, namespace: named, subset: part } = target else {
            return Leads::Elsewhere;
        };
        let wanted = named.or(namespace(root, object));
        let services = self.objects().filter(|(_, of, other)| {
            other.name() == *name
                && selector(&other.node).is_some()
                && meet(wanted, namespace(of, other))
        });
        let mut services: Vec<_> = services.collect();
        if services.iter().any(|(one, _, _)| one.root == at.root) {
            services.retain(|(one, _, _)| one.root == at.root);
        }
        let Some((_, of, service)) = services.first() else {
            return if self.is_partial() { Leads::Unknown } else { Leads::Elsewhere };
        };
        let Some(selector) = selector(&service.node) else { return Leads::Unknown };
        let Some(part) = part else { return self.selected(of, service, &[selector]) };
        let subset = self.objects().find_map(|(_, rule_root, rule)| {
            let (host, labels) = subset(&rule.node, part)?;
            let (host, host_namespace) = service_of_host(host)?;
            let host_namespace = host_namespace.or(namespace(rule_root, rule));
            (host == *name && meet(host_namespace, wanted)).then_some(labels)
        });
        subset.map_or(Leads::Unknown, |labels| self.selected(of, service, &[selector, labels]))
    }

    fn is_partial(&self) -> bool {
        self.repo.roots_of(self.environment).any(|(_, root)| root.may_hide())
    }

    /// Which of the pair's pods selectors select.
    fn selected(&self, root: &Root, service: &Object, selectors: &[&Node]) -> Leads {
        let is_selected = |colour| {
            let workload = self.pair.of(colour);
            let object = self.repo.workload(workload);
            let own = namespace(&self.repo.roots[workload.root], object);
            let labels = pod_labels(&object.node);
            meet(own, namespace(root, service))
                && labels.is_some_and(|labels| selectors.iter().all(|one| selects(one, labels)))
        };
        match [is_selected(Colour::Blue), is_selected(Colour::Green)] {
            [true, true] => Leads::Both,
            [true, false] => Leads::To(Colour::Blue),
            [false, true] => Leads::To(Colour::Green),
            [false, false] => Leads::Elsewhere,
        }
    }

    /// The Services that choose: no route has them as one of several backends, and they are not called after a colour.
    fn switches(&self, splits: &[Split]) -> Vec<Switch> {
        let backends = splits.iter().flat_map(|split| &split.backends);
        let named: BTreeSet<&str> = backends.map(|one| one.name.as_str()).collect();
        let labels =
            Colour::ALL.map(|colour| pod_labels(&self.repo.workload(self.pair.of(colour)).node));
        let blue_root = self.pair.of(Colour::Blue).root;
        let mut switches = Vec::new();
        for (at, root, object) in self.objects() {
            let Some(selector) = selector(&object.node) else { continue };
            let is_coloured = Colour::ALL.iter().any(|one| one.is_in_name(object.name()));
            if is_coloured || named.contains(object.name()) {
                continue;
            }
            let leads = self.selected(root, object, &[selector]);
            if leads == Leads::Elsewhere {
                continue;
            }
            let tells = selector.entries().iter().filter_map(|entry| {
                let key = entry.key.str()?;
                let of = |labels: Option<&'r Node>| labels?.get(key)?.str();
                (of(labels[0]) != of(labels[1])).then(|| key.to_owned())
            });
            switches.push(Switch { service: at, leads, labels: tells.collect() });
        }
        if switches.iter().any(|one| one.service.root == blue_root) {
            switches.retain(|one| one.service.root == blue_root);
        }
        switches
    }
}

fn name(target: &Target<'_>) -> String {
    match target {
        Target::Service { name, .. } => (*name).to_owned(),
        Target::Other(kind, name) => format!("{kind} {name}"),
    }
}

fn subset_of(target: &Target<'_>) -> Option<String> {
    match target {
        Target::Service { subset, .. } => subset.map(str::to_owned),
        Target::Other(..) => None,
    }
}

fn weight(object: &Node, path: &Path, division: Division) -> Weight {
    match path.follow(object).and_then(Node::str) {
        Some(text) if !text.is_empty() && text != "null" && text != "~" => {
            // Others read `010` and `+1` as another number, or as none.
            let number = text.parse().ok().filter(|number: &u64| number.to_string() == text);
            number.map_or_else(|| Weight::Unreadable(text.to_owned()), Weight::Written)
        }
        _ => Weight::Default(match division {
            Division::Share(default) => default,
            Division::ShareOrEven | Division::Part(_) => 0,
        }),
    }
}

fn namespace<'r>(root: &'r Root, object: &'r Object) -> Option<&'r str> {
    object.namespace().or(root.namespace.as_deref())
}

/// Whether two namespaces may be the same; one that nothing in Git sets may be any.
fn meet(one: Option<&str>, other: Option<&str>) -> bool {
    one.is_none() || other.is_none() || one == other
}

#[cfg(test)]
mod tests {
    use crate::repo::Repo;
    use crate::repo::pairs::Colour;
    use crate::repo::testing::{repo, resources};
    use crate::repo::traffic::{Idle, Leads, Traffic};

    const PAIR: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web-blue}
spec: {template: {metadata: {labels: {app: web, slot: blue}}, spec: {containers: []}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web-green}
spec: {template: {metadata: {labels: {app: web, slot: green}}, spec: {containers: []}}}
---
apiVersion: v1
kind: Service
metadata: {name: web-blue}
spec: {selector: {app: web, slot: blue}}
---
apiVersion: v1
kind: Service
metadata: {name: web-green}
spec: {selector: {app: web, slot: green}}
---
";

    fn read(routes: &str) -> (Repo, Traffic) {
        let all = format!("{PAIR}{routes}");
        let repo = repo(&[
            ("production/kustomization.yaml", &resources(&["all.yaml"])),
            ("production/all.yaml", &all),
        ]);
        let environment = repo.environment("production").unwrap();
        let pairs = repo.pairs_of(environment);
        let [pair] = &pairs[..] else { panic!("one pair: {pairs:?}") };
        let traffic = repo.traffic(environment, pair);
        (repo, traffic)
    }

    fn idle(routes: &str) -> (Idle, Option<u64>) {
        let (_, traffic) = read(routes);
        (traffic.idle(), traffic.percent(Colour::Green))
    }

    fn gateway(backends: &str) -> String {
        format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: web}}\nspec: {{rules: [{{backendRefs: [{backends}]}}]}}\n"
        )
    }

    #[test]
    fn the_colour_without_weight_is_idle() {
        let zero = gateway("{name: web-blue, weight: 9}, {name: web-green, weight: 0}");
        assert_eq!(idle(&zero), (Idle::One(Colour::Green), Some(0)));
        let both = gateway("{name: web-blue}, {name: web-green}");
        assert_eq!(idle(&both), (Idle::None, Some(50)));
        let none = gateway("{name: web-blue, weight: 0}, {name: web-green, weight: 0}");
        assert_eq!(idle(&none).0, Idle::Both);
        let variable = gateway("{name: web-blue, weight: 1}, {name: web-green, weight: \"${w}\"}");
        assert!(matches!(idle(&variable).0, Idle::Unknown(_)));
        assert!(matches!(idle("").0, Idle::Unknown(_)));
        let beside = format!(
            "{zero}---\n{}",
            gateway("{name: web-green}").replace("name: web}", "name: direct}")
        );
        assert_eq!(idle(&beside).0, Idle::None, "a route of its own gets traffic, too");
    }

    #[test]
    fn subsets_of_istio_lead_to_a_colour() {
        let routes = "apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec: {host: web, subsets: [{name: one, labels: {slot: blue}}, {name: two, labels: {slot: green}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec: {http: [{route: [{destination: {host: web, subset: one}, weight: 0}, {destination: {host: web, subset: two}, weight: 100}]}]}
";
        assert_eq!(idle(routes), (Idle::One(Colour::Blue), Some(100)));
    }

    #[test]
    fn a_canary_of_an_ingress_takes_a_part() {
        let ingress = |name: &str, annotations: &str, service: &str| {
            format!(
                "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {name}, annotations: {{{annotations}}}}}\nspec: {{rules: [{{host: h, http: {{paths: [{{path: /, backend: {{service: {{name: {service}}}}}}}]}}}}]}}\n"
            )
        };
        let canary = "nginx.ingress.kubernetes.io/canary: \"true\", nginx.ingress.kubernetes.io/canary-weight: \"25\"";
        let routes = ingress("web", "", "web-green") + &ingress("web-canary", canary, "web-blue");
        assert_eq!(idle(&routes), (Idle::None, Some(75)));
        let (_, traffic) = read(&routes);
        assert_eq!(traffic.splits[0].backends[1].leads, Leads::To(Colour::Blue));
        assert!(traffic.splits[0].backends[0].field.is_none());
    }

    #[test]
    fn a_selector_chooses_a_colour() {
        let chooses = |slot: &str| {
            format!(
                "apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{selector: {{app: web, slot: {slot}}}}}\n"
            )
        };
        assert_eq!(idle(&chooses("green")), (Idle::One(Colour::Blue), Some(100)));
        let (_, traffic) = read(&chooses("blue"));
        assert_eq!(traffic.switches[0].labels, ["slot"]);
        let both = format!("{}---\n{}", chooses("green"), chooses("blue").replace("web}", "next}"));
        assert_eq!(idle(&both).0, Idle::None);
    }

    #[test]
    fn what_is_scaled_to_zero_is_idle() {
        let both = gateway("{name: web-blue}, {name: web-green}");
        let all =
            format!("{PAIR}{both}").replacen("spec: {template", "spec: {replicas: 0, template", 1);
        let repo = repo(&[
            ("production/kustomization.yaml", &resources(&["all.yaml"])),
            ("production/all.yaml", &all),
        ]);
        let environment = repo.environment("production").unwrap();
        let traffic = repo.traffic(environment, &repo.pairs_of(environment)[0]);
        assert_eq!(traffic.idle(), Idle::One(Colour::Blue));
    }
}
