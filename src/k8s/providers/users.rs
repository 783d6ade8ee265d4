//! Secrets that database operators create for users, with names built from several parts.

use crate::k8s::secret_name::split;
use crate::yaml::node::Node;

/// A secret's name and, if different from the object's, its namespace.
pub type Made = (String, Option<String>);

/// Zalando's postgres-operator: `{user}.{cluster}.credentials.postgresql.acid.zalan.do` for each of `users`, the users of
/// prepared databases and its own (docs/user.md, `secret_name_template` in pkg/util/config/config.go). A user written
/// `namespace.user` has the secret there.
pub fn zalando(object: &Node, cluster: &str) -> Vec<Made> {
    const OWN: [&str; 4] = ["pooler", "postgres", "replication", "standby"];
    let keys = |path: &[&str]| -> Vec<String> {
        let entries = object.at(path).map_or(&[][..], Node::entries);
        entries.iter().filter_map(|entry| entry.key.str().map(str::to_owned)).collect()
    };
    let mut users = keys(&["spec", "users"]);
    users.extend(OWN.map(str::to_owned));
    for database in keys(&["spec", "preparedDatabases"]) {
        let schemas = keys(&["spec", "preparedDatabases", &database, "schemas"]);
        let schemas = if schemas.is_empty() { vec!["data".to_owned()] } else { schemas };
        let owners = schemas.iter().map(|schema| format!("{database}_{schema}"));
        for owner in owners.chain([database.clone()]) {
            users.extend(["owner", "reader", "writer"].map(|role| format!("{owner}_{role}_user")));
        }
    }
    let made = users.iter().flat_map(|user| {
        let name = user.replace('_', "-");
        let namespace = user.split_once('.').map(|(namespace, _)| namespace.to_owned());
        ["", ".postgresql.acid.zalan.do"]
            .map(|end| (format!("{name}.{cluster}.credentials{end}"), namespace.clone()))
    });
    made.collect()
}

/// PGO and the Percona operator made from it: `<cluster>-pguser-<user>` for each of `users`, or for one that is called like
/// the cluster (Crunchy Data, PGO documentation, User Management), and the cluster's own.
pub fn crunchy(object: &Node, cluster: &str) -> Vec<Made> {
    const OWN: [&str; 5] =
        ["cluster-cert", "monitoring", "pgbackrest", "pgbouncer", "replication-cert"];
    let users = listed(object, "users");
    let names = users.iter().filter_map(|user| user.get("name")?.str());
    let default = users.is_empty().then_some(cluster);
    let users = names.chain(default).map(|user| format!("{cluster}-pguser-{user}"));
    users.chain(OWN.map(|own| format!("{cluster}-{own}"))).map(|name| (name, None)).collect()
}

/// MongoDB's community operator: of each of `users` a connection string, `<resource>-<db>-<user>` or
/// `connectionStringSecretName`, and `<scramCredentialsSecretName>-scram-credentials`
/// (api/v1/mongodbcommunity_types.go); the agent's password and key file.
pub fn mongodb(object: &Node, name: &str) -> Vec<Made> {
    let mut made: Vec<Made> =
        ["agent-password", "config", "keyfile"].map(|own| (format!("{name}-{own}"), None)).to_vec();
    for user in listed(object, "users") {
        let text = |key: &str| user.get(key).and_then(Node::str);
        let namespace = text("connectionStringSecretNamespace").map(str::to_owned);
        let database = text("db").unwrap_or("admin");
        let spelled = text("name").map(|user| plain(&format!("{name}-{database}-{user}")));
        let string = text("connectionStringSecretName").map(str::to_owned).or(spelled);
        made.extend(string.map(|string| (string, namespace)));
        let scram = text("scramCredentialsSecretName");
        made.extend(scram.map(|scram| (format!("{scram}-scram-credentials"), None)));
    }
    made
}

/// Rook: the keyrings of a cluster and of the drivers that mount its volumes, the login of its dashboard
/// (rook: pkg/operator/ceph/csi/secrets.go, pkg/operator/ceph/cluster/mon/config.go, docs Ceph Dashboard).
pub fn ceph_cluster(_: &Node, _: &str) -> Vec<Made> {
    const OWN: [&str; 8] = [
        "rook-ceph-admin-keyring",
        "rook-ceph-config",
        "rook-ceph-dashboard-password",
        "rook-ceph-mon",
        "rook-csi-cephfs-node",
        "rook-csi-cephfs-provisioner",
        "rook-csi-rbd-node",
        "rook-csi-rbd-provisioner",
    ];
    OWN.map(|own| (own.to_owned(), None)).to_vec()
}

/// Rook: `rook-ceph-object-user-<store>-<user>` (docs CephObjectStoreUser CRD).
pub fn ceph_user(object: &Node, user: &str) -> Vec<Made> {
    let store = object.at(&["spec", "store"]).and_then(Node::str);
    store.map(|store| (format!("rook-ceph-object-user-{store}-{user}"), None)).into_iter().collect()
}

/// Rook: the named secret of a client, or `rook-ceph-client-<name>` (docs CephClient CRD).
pub fn ceph_client(object: &Node, name: &str) -> Vec<Made> {
    let is_named = object.at(&["spec", "secretName"]).is_some();
    vec![(if is_named { name.to_owned() } else { format!("rook-ceph-client-{name}") }, None)]
}

/// The ext-postgres-operator: `<spec.secretName>-<metadata.name>` (movetokube/postgres-operator, README).
pub fn postgres_user(object: &Node, secret: &str) -> Vec<Made> {
    let name = object.at(&["metadata", "name"]).and_then(Node::str);
    name.map(|name| (format!("{secret}-{name}"), None)).into_iter().collect()
}

/// Percona's operators create the named secret if it is missing; a version in the name means that a stub creates it.
pub fn percona(_: &Node, name: &str) -> Vec<Made> {
    let plain = split(name).is_none();
    plain.then(|| (name.to_owned(), None)).into_iter().collect()
}

fn listed<'n>(object: &'n Node, list: &str) -> &'n [Node] {
    object.at(&["spec", list]).map_or(&[][..], Node::items)
}

/// The text as a valid name: in lower case, with a hyphen for each invalid character.
fn plain(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-").trim_matches('-').to_ascii_lowercase()
}
