//! How objects divide traffic: the lists of backends of a route with their weights, the canary of an Ingress, and what selects pods.
//!
//! Fields and defaults: the CRDs of Gateway API, Istio, Traefik, Contour, Ambassador and APISIX, and the annotations of ingress-nginx.

use crate::k8s::resource::{group_of, kind_of};
use crate::yaml::node::Node;
use crate::yaml::path::Path;

/// How the weights of a list are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Division {
    /// Each backend gets its weight's share of the sum; the number is the weight of a backend that has none.
    Share(u64),
    /// The same, but where all weights are 0 all get the same; a backend without a weight has 0.
    ShareOrEven,
    /// A part of a total goes to one backend, the rest to the other: the total.
    Part(u64),
}

/// What a backend is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'n> {
    /// A Service, and the subset of its pods that a DestinationRule defines.
    Service {
        /// The name, without a domain.
        name: &'n str,
        /// The namespace, where the route names one.
        namespace: Option<&'n str>,
        /// The subset.
        subset: Option<&'n str>,
    },
    /// Anything else: its kind and name.
    Other(&'n str, &'n str),
}

/// A backend of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member<'n> {
    /// What it is.
    pub target: Target<'n>,
    /// The field of its weight, which need not be there.
    pub weight: Path,
}

/// A list of backends that share traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<'n> {
    /// The list.
    pub path: Path,
    /// How the weights are read.
    pub division: Division,
    /// The backends that get traffic.
    pub members: Vec<Member<'n>>,
}

/// Where routes of one kind have their lists, and how an item is read.
struct Row {
    group: &'static str,
    kinds: &'static [&'static str],
    /// Where the lists are; `[]` after a key: every item.
    lists: &'static [&'static [&'static str]],
    division: Division,
    target: for<'n> fn(&'n Node) -> Option<Target<'n>>,
}

const ROWS: &[Row] = &[
    Row {
        group: "gateway.networking.k8s.io",
        kinds: &["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"],
        lists: &[&["spec", "rules[]", "backendRefs"]],
        division: Division::Share(1),
        target: by_name,
    },
    Row {
        group: "networking.istio.io",
        kinds: &["VirtualService"],
        lists: &[
            &["spec", "http[]", "route"],
            &["spec", "tls[]", "route"],
            &["spec", "tcp[]", "route"],
        ],
        division: Division::Share(0),
        target: by_host,
    },
    Row {
        group: "traefik.io",
        kinds: &["TraefikService"],
        lists: &[&["spec", "weighted", "services"]],
        division: Division::Share(1),
        target: by_name,
    },
    Row {
        group: "traefik.containo.us",
        kinds: &["TraefikService"],
        lists: &[&["spec", "weighted", "services"]],
        division: Division::Share(1),
        target: by_name,
    },
    Row {
        group: "projectcontour.io",
        kinds: &["HTTPProxy"],
        lists: &[&["spec", "routes[]", "services"], &["spec", "tcpproxy", "services"]],
        division: Division::ShareOrEven,
        target: by_name,
    },
    Row {
        group: "apisix.apache.org",
        kinds: &["ApisixRoute"],
        lists: &[&["spec", "http[]", "backends"]],
        division: Division::Share(100),
        target: by_service_name,
    },
];

fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key).and_then(Node::str).filter(|text| !text.is_empty())
}

/// A backend that names its kind and namespace beside its name. One that only gets copies of requests is none.
fn by_name(item: &Node) -> Option<Target<'_>> {
    if item.get("mirror").is_some_and(|mirror| mirror.reads("true")) {
        return None;
    }
    let name = text(item, "name")?;
    Some(match text(item, "kind").unwrap_or("Service") {
        "Service" if text(item, "group").is_none() => {
            Target::Service { name, namespace: text(item, "namespace"), subset: None }
        }
        kind => Target::Other(kind, name),
    })
}

fn by_service_name(item: &Node) -> Option<Target<'_>> {
    Some(Target::Service {
        name: text(item, "serviceName")?,
        namespace: None,
        subset: text(item, "subset"),
    })
}

/// A destination of Istio: a short name, or one with a namespace and perhaps the domain of the cluster.
fn by_host(item: &Node) -> Option<Target<'_>> {
    let destination = item.get("destination")?;
    let host = text(destination, "host")?;
    Some(match service_of_host(host) {
        Some((name, namespace)) => {
            Target::Service { name, namespace, subset: text(destination, "subset") }
        }
        None => Target::Other("host", host),
    })
}

/// The Service and the namespace that a host names inside of a cluster; `None` for a host elsewhere.
#[must_use]
pub fn service_of_host(host: &str) -> Option<(&str, Option<&str>)> {
    let (name, rest) = match host.split_once('.') {
        None => return Some((host, None)),
        Some((name, rest)) => (name, rest),
    };
    let (namespace, domain) = rest.split_once('.').unwrap_or((rest, "svc"));
    let is_ours = domain == "svc" || domain.starts_with("svc.");
    (is_ours && !name.is_empty() && !namespace.is_empty()).then_some((name, Some(namespace)))
}

/// The lists of backends of a route, those with one backend included; empty for anything else.
#[must_use]
pub fn lists(object: &Node) -> Vec<List<'_>> {
    let (group, kind) = (group_of(object), kind_of(object));
    let row = ROWS.iter().find(|row| row.group == group && row.kinds.contains(&kind));
    let mut found = Vec::new();
    for (row, steps) in row.iter().flat_map(|row| row.lists.iter().map(move |steps| (row, steps))) {
        each(object, Path::default(), steps, &mut |path, list| {
            let items = list.items().iter().enumerate();
            let members = items.filter_map(|(at, item)| {
                let weight = path.index(at).key("weight");
                Some(Member { target: (row.target)(item)?, weight })
            });
            let members: Vec<Member<'_>> = members.collect();
            if !members.is_empty() {
                found.push(List { path, division: row.division, members });
            }
        });
    }
    found
}

fn each<'n>(node: &'n Node, path: Path, steps: &[&str], take: &mut impl FnMut(Path, &'n Node)) {
    let Some((step, rest)) = steps.split_first() else { return take(path, node) };
    let key = step.strip_suffix("[]").unwrap_or(step);
    let Some(next) = node.get(key) else { return };
    let path = path.key(key);
    if key.len() == step.len() {
        return each(next, path, rest, take);
    }
    for (at, item) in next.items().iter().enumerate() {
        each(item, path.index(at), rest, take);
    }
}

/// An object that takes over a part of the traffic of another one with the same hosts and paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlaid<'n> {
    /// What it routes, apart from its backend: two objects with the same text share traffic.
    pub routes: Vec<String>,
    /// The Services that it routes to, in the order of the routes.
    pub services: Vec<Target<'n>>,
    /// The field of the part that it takes, where it takes one, and the total.
    pub part: Option<(Path, u64)>,
}

/// What an Ingress or a Mapping routes, and the part that it takes over; `None` for anything else.
#[must_use]
pub fn overlaid(object: &Node) -> Option<Overlaid<'_>> {
    match (group_of(object), kind_of(object)) {
        ("networking.k8s.io" | "extensions", "Ingress") => Some(ingress(object)),
        ("getambassador.io", "Mapping") => mapping(object),
        _ => None,
    }
}

const CANARY: &str = "nginx.ingress.kubernetes.io/canary";
const CANARY_WEIGHT: &str = "nginx.ingress.kubernetes.io/canary-weight";
const CANARY_TOTAL: &str = "nginx.ingress.kubernetes.io/canary-weight-total";

fn ingress(object: &Node) -> Overlaid<'_> {
    let annotation = |key: &str| object.at(&["metadata", "annotations", key]);
    let is_canary = annotation(CANARY).is_some_and(|node| node.reads("true"));
    let total = annotation(CANARY_TOTAL).and_then(Node::str).and_then(|text| text.parse().ok());
    let path = Path::default().key("metadata").key("annotations").key(CANARY_WEIGHT);
    let (mut routes, mut services) = (Vec::new(), Vec::new());
    for rule in object.at(&["spec", "rules"]).map(Node::items).unwrap_or_default() {
        let host = text(rule, "host").unwrap_or("*");
        for item in rule.at(&["http", "paths"]).map(Node::items).unwrap_or_default() {
            let name = item.at(&["backend", "service", "name"]);
            let name = name.or_else(|| item.at(&["backend", "serviceName"])).and_then(Node::str);
            let Some(name) = name else { continue };
            routes.push(format!("{host} {}", text(item, "path").unwrap_or("/")));
            services.push(Target::Service { name, namespace: None, subset: None });
        }
    }
    Overlaid { routes, services, part: is_canary.then(|| (path, total.unwrap_or(100))) }
}

/// Several Mappings of one prefix: one with a weight takes that part of a hundred.
fn mapping(object: &Node) -> Option<Overlaid<'_>> {
    let spec = object.get("spec")?;
    let service = text(spec, "service")?;
    let service = service.split_once("://").map_or(service, |(_, rest)| rest);
    let host = service.split([':', '/']).next().unwrap_or(service);
    let (name, namespace) = service_of_host(host)?;
    let host = ["hostname", "host"].iter().find_map(|key| text(spec, key)).unwrap_or("*");
    let parts = ["prefix", "prefix_regex", "method", "headers"].iter();
    let parts: Vec<String> =
        parts.filter_map(|key| Some(format!("{key}={}", text(spec, key)?))).collect();
    let weight = spec.get("weight").is_some();
    Some(Overlaid {
        routes: vec![format!("{host} {}", parts.join(" "))],
        services: vec![Target::Service { name, namespace, subset: None }],
        part: weight.then(|| (Path::default().key("spec").key("weight"), 100)),
    })
}

/// Whether the weight at a path is a text: an annotation.
#[must_use]
pub fn is_text_weight(path: &Path) -> bool {
    path.to_string().starts_with("metadata.annotations")
}

/// The labels that a Service selects pods by; `None` if it selects none, or is no Service.
#[must_use]
pub fn selector(object: &Node) -> Option<&Node> {
    let is_service = (group_of(object), kind_of(object)) == ("", "Service");
    let selector = object.at(&["spec", "selector"]).filter(|node| !node.entries().is_empty());
    selector.filter(|_| is_service)
}

/// The labels of the pods of a workload; `None` if it has no template.
#[must_use]
pub fn pod_labels(object: &Node) -> Option<&Node> {
    object.at(&["spec", "template", "metadata", "labels"])
}

/// Whether labels have everything that a selector asks for.
#[must_use]
pub fn selects(selector: &Node, labels: &Node) -> bool {
    selector.entries().iter().all(|wanted| {
        let found = wanted.key.str().and_then(|key| labels.get(key)).and_then(Node::str);
        found.is_some() && found == wanted.value.str()
    })
}

/// The labels of a subset that a DestinationRule defines for a host.
#[must_use]
pub fn subset<'n>(object: &'n Node, name: &str) -> Option<(&'n str, &'n Node)> {
    if (group_of(object), kind_of(object)) != ("networking.istio.io", "DestinationRule") {
        return None;
    }
    let subsets = object.at(&["spec", "subsets"]).map(Node::items).unwrap_or_default();
    let subset = subsets.iter().find(|one| one.get("name").is_some_and(|node| node.reads(name)))?;
    Some((object.at(&["spec", "host"])?.str()?, subset.get("labels")?))
}

#[cfg(test)]
mod tests {
    use super::{Division, Target, lists, overlaid, service_of_host};
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::node::Node;
    use crate::yaml::parse::parse;

    fn node(text: &str) -> Node {
        let source = Source::file(TreePath::new("route.yaml").unwrap(), text);
        parse(&source).unwrap().documents[0].root.clone()
    }

    fn names(text: &str) -> Vec<(String, Vec<String>)> {
        let node = node(text);
        let name = |target: Target<'_>| match target {
            Target::Service { name, namespace, subset } => {
                format!("{name}/{}/{}", namespace.unwrap_or("-"), subset.unwrap_or("-"))
            }
            Target::Other(kind, name) => format!("{kind}:{name}"),
        };
        let all = lists(&node).into_iter();
        let shared = all.filter(|list| list.members.len() > 1);
        shared
            .map(|list| {
                let members = list.members.iter().map(|one| name(one.target)).collect();
                (format!("{} {:?}", list.path, list.division), members)
            })
            .collect()
    }

    #[test]
    fn reads_the_lists_of_each_kind() {
        let gateway = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nspec:\n  rules:\n  - backendRefs: [{name: one}]\n  - backendRefs: [{name: a, weight: 9}, {name: b, namespace: n}, {kind: X, group: g, name: c}]\n";
        assert_eq!(
            names(gateway),
            [(
                "spec.rules[1].backendRefs Share(1)".to_owned(),
                vec!["a/-/-".to_owned(), "b/n/-".to_owned(), "X:c".to_owned()]
            )]
        );
        let istio = "apiVersion: networking.istio.io/v1beta1\nkind: VirtualService\nspec:\n  http:\n  - route:\n    - {destination: {host: a, subset: blue}, weight: 90}\n    - {destination: {host: a.shop.svc.cluster.local, subset: green}, weight: 10}\n";
        assert_eq!(names(istio)[0].1, ["a/-/blue", "a/shop/green"]);
        let contour = "apiVersion: projectcontour.io/v1\nkind: HTTPProxy\nspec:\n  tcpproxy: {services: [{name: a}, {name: b}]}\n  routes: [{services: [{name: a}, {name: b, mirror: true}]}]\n";
        assert_eq!(names(contour).len(), 1, "a mirror gets no share");
        let apisix = "apiVersion: apisix.apache.org/v2\nkind: ApisixRoute\nspec: {http: [{backends: [{serviceName: a}, {serviceName: b}]}]}\n";
        assert_eq!(lists(&node(apisix))[0].division, Division::Share(100));
        let traefik = "apiVersion: traefik.io/v1alpha1\nkind: TraefikService\nspec: {weighted: {services: [{name: a, weight: 1}, {name: b, kind: TraefikService}]}}\n";
        assert_eq!(names(traefik)[0].1, ["a/-/-", "TraefikService:b"]);
        assert!(names("kind: Deployment\n").is_empty() && names("[]").is_empty());
    }

    #[test]
    fn reads_what_takes_over_a_part_of_the_traffic() {
        let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  annotations: {nginx.ingress.kubernetes.io/canary: \"true\", nginx.ingress.kubernetes.io/canary-weight-total: \"1000\"}\nspec:\n  rules: [{host: h, http: {paths: [{path: /x, backend: {service: {name: web}}}]}}]\n";
        let ingress = node(ingress);
        let found = overlaid(&ingress).unwrap();
        assert_eq!((found.routes[0].as_str(), found.part.unwrap().1), ("h /x", 1000));
        let mapping = node(
            "apiVersion: getambassador.io/v3alpha1\nkind: Mapping\nspec: {prefix: /x/, service: \"http://web.shop:80\", weight: 10}\n",
        );
        let found = overlaid(&mapping).unwrap();
        let web = Target::Service { name: "web", namespace: Some("shop"), subset: None };
        assert_eq!((found.services, found.part.unwrap().1), (vec![web], 100));
    }

    #[test]
    fn knows_hosts_of_the_cluster() {
        assert_eq!(service_of_host("web"), Some(("web", None)));
        assert_eq!(service_of_host("web.shop"), Some(("web", Some("shop"))));
        assert_eq!(service_of_host("web.shop.svc.cluster.local"), Some(("web", Some("shop"))));
        assert_eq!(service_of_host("api.example.com"), None);
    }
}
