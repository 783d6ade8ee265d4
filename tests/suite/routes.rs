//! Routes of every kind that divides traffic, with the weights that a test wants, and the weights that a rendered route has.

use serde_yaml::Value;

/// A blue and a green workload with a Service each, and a third Service that leads elsewhere.
pub(crate) const PAIR: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web-blue, namespace: shop}
spec:
  selector: {matchLabels: {app: web, slot: blue}}
  template: {metadata: {labels: {app: web, slot: blue}}, spec: {containers: [{name: a, image: b}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web-green, namespace: shop}
spec:
  selector: {matchLabels: {app: web, slot: green}}
  template: {metadata: {labels: {app: web, slot: green}}, spec: {containers: [{name: a, image: b}]}}
---
apiVersion: v1
kind: Service
metadata: {name: web-blue, namespace: shop}
spec: {selector: {app: web, slot: blue}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: web-green, namespace: shop}
spec: {selector: {app: web, slot: green}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: old, namespace: shop}
spec: {selector: {app: old}, ports: [{port: 80}]}
";

/// How the weights of a route are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// One for each backend.
    List,
    /// A part of a hundred for green; blue gets the rest.
    Part,
}

/// A kind of route.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    /// What a failing test says.
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    /// The steps to the list of backends, or to the one weight.
    steps: &'static [&'static str],
    /// The manifest up to the list.
    before: &'static str,
    /// One backend, with `NAME` and `WEIGHT`, in the indentation of the list.
    backend: &'static str,
    after: &'static str,
}

const fn listed(
    name: &'static str,
    steps: &'static [&'static str],
    before: &'static str,
    backend: &'static str,
) -> Route {
    Route { name, form: Form::List, steps, before, backend, after: "" }
}

const RULES: &[&str] = &["spec", "rules", "0", "backendRefs"];
const BY_NAME: &str = "    - name: NAME\n      port: 80\n      weight: WEIGHT # of NAME\n";

/// Every kind.
pub(crate) const ROUTES: [Route; 12] = [
    listed(
        "HTTPRoute",
        RULES,
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: web, namespace: shop}\nspec:\n  parentRefs: [{name: gate}]\n  rules:\n  - backendRefs:\n",
        BY_NAME,
    ),
    listed(
        "GRPCRoute",
        RULES,
        "apiVersion: gateway.networking.k8s.io/v1\nkind: GRPCRoute\nmetadata: {name: web, namespace: shop}\nspec:\n  rules:\n  - backendRefs:\n",
        BY_NAME,
    ),
    listed(
        "TCPRoute",
        RULES,
        "apiVersion: gateway.networking.k8s.io/v1alpha2\nkind: TCPRoute\nmetadata: {name: web, namespace: shop}\nspec:\n  rules:\n  - backendRefs:\n",
        "    - {weight: WEIGHT, name: NAME, port: 80}\n",
    ),
    listed(
        "VirtualService, http",
        &["spec", "http", "0", "route"],
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web, namespace: shop}\nspec:\n  hosts: [web.example.com]\n  http:\n  - route:\n",
        "    - destination:\n        host: NAME.shop.svc.cluster.local\n      weight: WEIGHT\n",
    ),
    listed(
        "VirtualService, tcp",
        &["spec", "tcp", "0", "route"],
        "apiVersion: networking.istio.io/v1beta1\nkind: VirtualService\nmetadata: {name: web, namespace: shop}\nspec:\n  hosts: [web.example.com]\n  tcp:\n  - route:\n",
        "    - {destination: {host: NAME}, weight: WEIGHT}\n",
    ),
    listed(
        "TraefikService",
        &["spec", "weighted", "services"],
        "apiVersion: traefik.io/v1alpha1\nkind: TraefikService\nmetadata: {name: web, namespace: shop}\nspec:\n  weighted:\n    services:\n",
        BY_NAME,
    ),
    listed(
        "HTTPProxy, routes",
        &["spec", "routes", "0", "services"],
        "apiVersion: projectcontour.io/v1\nkind: HTTPProxy\nmetadata: {name: web, namespace: shop}\nspec:\n  virtualhost: {fqdn: web.example.com}\n  routes:\n  - services:\n",
        BY_NAME,
    ),
    listed(
        "HTTPProxy, tcpproxy",
        &["spec", "tcpproxy", "services"],
        "apiVersion: projectcontour.io/v1\nkind: HTTPProxy\nmetadata: {name: web, namespace: shop}\nspec:\n  tcpproxy:\n    services:\n",
        BY_NAME,
    ),
    listed(
        "ApisixRoute",
        &["spec", "http", "0", "backends"],
        "apiVersion: apisix.apache.org/v2\nkind: ApisixRoute\nmetadata: {name: web, namespace: shop}\nspec:\n  http:\n  - name: web\n    match: {paths: [/*]}\n    backends:\n",
        "    - serviceName: NAME\n      servicePort: 80\n      weight: WEIGHT\n",
    ),
    Route {
        name: "VirtualService, subsets",
        form: Form::List,
        steps: &["spec", "http", "0", "route"],
        before: "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web, namespace: shop}\nspec:\n  hosts: [web]\n  http:\n  - route:\n",
        backend: "    - destination: {host: both, subset: NAME}\n      weight: WEIGHT\n",
        after: "---\napiVersion: v1\nkind: Service\nmetadata: {name: both, namespace: shop}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: both, namespace: shop}\nspec: {host: both, subsets: [{name: web-blue, labels: {slot: blue}}, {name: web-green, labels: {slot: green}}, {name: old, labels: {slot: old}}]}\n",
    },
    Route {
        name: "Ingress",
        form: Form::Part,
        steps: &["metadata", "annotations", "nginx.ingress.kubernetes.io/canary-weight"],
        before: "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web\n  namespace: shop\n  annotations:\n    nginx.ingress.kubernetes.io/canary: \"true\"\n    nginx.ingress.kubernetes.io/canary-weight: \"WEIGHT\"\nspec:\n  rules: [{host: h, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web-green, port: {number: 80}}}}]}}]\n",
        backend: "",
        after: "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web-stable, namespace: shop}\nspec:\n  rules: [{host: h, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web-blue, port: {number: 80}}}}]}}]\n",
    },
    Route {
        name: "Mapping",
        form: Form::Part,
        steps: &["spec", "weight"],
        before: "apiVersion: getambassador.io/v3alpha1\nkind: Mapping\nmetadata: {name: web, namespace: shop}\nspec: {hostname: h, prefix: /, service: web-green, weight: WEIGHT}\n",
        backend: "",
        after: "---\napiVersion: getambassador.io/v3alpha1\nkind: Mapping\nmetadata: {name: web-stable, namespace: shop}\nspec: {hostname: h, prefix: /, service: web-blue}\n",
    },
];

impl Route {
    /// The manifest with the weights of blue and green, and of a third backend where there is one. A route with one weight has
    /// that of green.
    pub(crate) fn manifest(&self, weights: &[u64]) -> String {
        let filled = |text: &str, name: &str, weight: u64| {
            text.replace("NAME", name).replace("WEIGHT", &weight.to_string())
        };
        let body = match self.form {
            Form::Part => filled(self.before, "", weights[1]),
            Form::List => {
                let names = ["web-blue", "web-green", "old"].iter().zip(weights);
                let backends = names.map(|(name, weight)| filled(self.backend, name, *weight));
                self.before.to_owned() + &backends.collect::<String>()
            }
        };
        body + self.after
    }

    /// The weights of a rendered object in the order of its backends; `None` if it is not the route.
    pub(crate) fn weights(&self, object: &Value) -> Option<Vec<u64>> {
        let found =
            self.steps.iter().try_fold(object, |value, step| match step.parse::<usize>() {
                Ok(index) => value.get(index),
                Err(_) => value.get(*step),
            })?;
        match self.form {
            Form::Part if self.name == "Ingress" => {
                let part = found.as_str()?.parse().ok()?;
                Some(vec![100 - part, part])
            }
            Form::Part => found.as_u64().map(|part| vec![100 - part, part]),
            Form::List => found.as_sequence()?.iter().map(|one| one["weight"].as_u64()).collect(),
        }
    }
}
