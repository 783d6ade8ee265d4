//! AWS on this machine: `moto_server`, seeded and looked at over HTTP, without the command line that is on trial.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::followed::bench::found;
use crate::followed::stubs::Entry;

/// One version of a key.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Version {
    pub(super) value: String,
    /// Staging labels of Secrets Manager, labels of Parameter Store.
    pub(super) labels: BTreeSet<String>,
}

/// Every version of every key: by store and key, then by the version's own name.
pub(super) type Shelf = BTreeMap<(String, String), BTreeMap<String, Version>>;

/// A server of its own.
pub(super) struct Cloud {
    server: Child,
    port: u16,
    /// What versions hold: that never changes.
    known: RefCell<BTreeMap<String, String>>,
}

impl Drop for Cloud {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Cloud {
    /// # Panics
    /// When the server is missing or does not start.
    pub(super) fn start() -> Self {
        let program = found("MOTO_SERVER", "moto_server");
        for _ in 0..3 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut command = Command::new(&program);
            command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let server = command.spawn().unwrap();
            let mut cloud = Self { server, port, known: RefCell::default() };
            for _ in 0..300 {
                thread::sleep(Duration::from_millis(100));
                if cloud.server.try_wait().unwrap().is_some() {
                    break; // somebody else took the port
                }
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return cloud;
                }
            }
        }
        panic!("{} does not serve", program.display())
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Asks a store, `secretsmanager REGION` or `ssm REGION`.
    fn ask(&self, store: &str, operation: &str, body: &Value) -> Value {
        let (service, region) = store.split_once(' ').unwrap();
        let target = if service == "ssm" { "AmazonSSM" } else { service };
        let body = body.to_string();
        let request = format!(
            "POST / HTTP/1.0\r\nHost: 127.0.0.1\r\nX-Amz-Target: {target}.{operation}\r\n\
             Content-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=x/20250101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=x\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 "), "{store} {operation}: {answer}");
        serde_json::from_str(body).unwrap_or_default()
    }

    /// Puts a value for each entry where its stub reads it, beside a current one, and a key that nobody reads.
    pub(super) fn seed(&self, entries: &BTreeSet<Entry>) {
        let mut keys: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
        for Entry { store, key, pin } in entries {
            keys.entry((store, key)).or_default().extend(pin.as_deref());
            keys.entry((store, "/bystander")).or_default().insert("mine");
        }
        for ((store, key), pins) in keys {
            let value = |what: &str| format!("{what} of {key}");
            if store.starts_with("secretsmanager") {
                let now = json!({ "Name": key, "SecretString": value("current") });
                self.ask(store, "CreateSecret", &now);
                for pin in pins {
                    let put = json!({ "SecretId": key, "SecretString": value(pin), "VersionStages": [pin] });
                    self.ask(store, "PutSecretValue", &put);
                }
                continue;
            }
            for pin in pins {
                let put = json!({ "Name": key, "Value": value(pin), "Type": "SecureString", "Overwrite": true });
                self.ask(store, "PutParameter", &put);
                self.ask(store, "LabelParameterVersion", &json!({ "Name": key, "Labels": [pin] }));
            }
            let now = json!({ "Name": key, "Value": value("current"), "Type": "SecureString", "Overwrite": true });
            self.ask(store, "PutParameter", &now);
        }
    }

    /// All that the stores have.
    pub(super) fn shelf(&self, stores: &BTreeSet<String>) -> Shelf {
        let mut shelf = Shelf::new();
        for store in stores {
            if store.starts_with("secretsmanager") {
                self.secrets(store, &mut shelf);
            } else {
                self.parameters(store, &mut shelf);
            }
        }
        shelf
    }

    fn secrets(&self, store: &str, shelf: &mut Shelf) {
        let list = self.ask(store, "ListSecrets", &json!({ "MaxResults": 100 }));
        assert!(list["NextToken"].is_null(), "{store} has too many");
        for secret in items(&list["SecretList"]) {
            let name = secret["Name"].as_str().unwrap();
            let versions = secret["SecretVersionsToStages"].as_object().unwrap().iter();
            let versions = versions.map(|(id, stages)| {
                let mut known = self.known.borrow_mut();
                let value = known.entry(id.clone()).or_insert_with(|| {
                    let wanted = json!({ "SecretId": name, "VersionId": id });
                    text(&self.ask(store, "GetSecretValue", &wanted)["SecretString"])
                });
                (id.clone(), Version { value: value.clone(), labels: labels(stages) })
            });
            shelf.insert((store.to_owned(), name.to_owned()), versions.collect());
        }
    }

    fn parameters(&self, store: &str, shelf: &mut Shelf) {
        let list = self.ask(store, "DescribeParameters", &json!({ "MaxResults": 50 }));
        assert!(list["NextToken"].is_null(), "{store} has too many");
        for parameter in items(&list["Parameters"]) {
            let name = parameter["Name"].as_str().unwrap();
            let wanted = json!({ "Name": name, "WithDecryption": true, "MaxResults": 50 });
            let history = self.ask(store, "GetParameterHistory", &wanted);
            assert!(history["NextToken"].is_null(), "{name} has too many versions");
            let versions = items(&history["Parameters"]).map(|one| {
                let version =
                    Version { value: text(&one["Value"]), labels: labels(&one["Labels"]) };
                (one["Version"].to_string(), version)
            });
            shelf.insert((store.to_owned(), name.to_owned()), versions.collect());
        }
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn labels(value: &Value) -> BTreeSet<String> {
    items(value).map(text).collect()
}
