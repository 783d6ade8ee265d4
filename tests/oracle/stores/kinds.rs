//! The stores, each with how it tells versions apart.

use crate::stores::{Pins, live, live_apart};

const HEX: [&str; 3] = [
    "0123456789abcdef0123456789abcdef",
    "1123456789abcdef0123456789abcdef",
    "2123456789abcdef0123456789abcdef",
];
const AWS: &str = "aws: { service: SecretsManager, region: eu-central-1 }";
const AWS_ROLE: &str =
    "aws: { service: SecretsManager, region: eu-central-1, role: \"arn:aws:iam::1:role/a\" }";
const OTHER_ROLE: &str =
    "aws: { service: SecretsManager, region: eu-central-1, role: \"arn:aws:iam::2:role/a\" }";
const UUIDS: [&str; 3] = [
    "uuid/0a1b2c3d-0000-4000-8000-000000000000",
    "uuid/1a1b2c3d-0000-4000-8000-000000000000",
    "uuid/2a1b2c3d-0000-4000-8000-000000000000",
];

#[test]
fn aws_by_label() {
    live(AWS, "shop/db", Pins::Label(""));
}

#[test]
fn aws_by_id() {
    live(AWS_ROLE, "shop/db", Pins::Given(UUIDS));
}

#[test]
fn aws_by_id_in_two_accounts() {
    live_apart(AWS_ROLE, OTHER_ROLE, "shop/db", Pins::Given(UUIDS));
}

/// Without a role, nothing says that both clusters read one account.
#[test]
fn aws_by_id_in_accounts_that_are_not_known() {
    live_apart(AWS, AWS, "shop/db", Pins::Given(UUIDS));
}

#[test]
fn aws_parameter_store() {
    live("aws: { service: ParameterStore, region: eu-central-1 }", "/shop/db", Pins::Label("v"));
}

#[test]
fn vault_with_versions() {
    live(
        "vault: { server: https://vault.example.com, path: shop, version: v2 }",
        "db",
        Pins::Given(["7", "8", "9"]),
    );
}

#[test]
fn two_vaults_with_versions() {
    let other = "vault: { server: https://vault.example.org, path: shop, version: v2 }";
    let vault = "vault: { server: https://vault.example.com, path: shop, version: v2 }";
    live_apart(vault, other, "db", Pins::Given(["7", "8", "9"]));
}

#[test]
fn vault_without_versions() {
    live(
        "vault: { server: https://vault.example.com, path: shop, version: v1 }",
        "db",
        Pins::Key("-"),
    );
}

#[test]
fn google_by_alias() {
    live("gcpsm: { projectID: shop }", "db", Pins::Label("v"));
}

#[test]
fn google_by_number() {
    live("gcpsm: { projectID: shop }", "db", Pins::Given(["3", "4", "5"]));
}

#[test]
fn two_googles() {
    live_apart(
        "gcpsm: { projectID: shop }",
        "gcpsm: { projectID: bank }",
        "db",
        Pins::Given(["3", "4", "5"]),
    );
}

#[test]
fn azure() {
    live("azurekv: { vaultUrl: \"https://shop.vault.azure.net\" }", "db", Pins::Given(HEX));
}

#[test]
fn two_azures() {
    let other = "azurekv: { vaultUrl: \"https://other.vault.azure.net\" }";
    live_apart(
        "azurekv: { vaultUrl: \"https://shop.vault.azure.net\" }",
        other,
        "db",
        Pins::Given(HEX),
    );
}

#[test]
fn infisical() {
    live("infisical: { hostAPI: \"https://infisical.example.com\" }", "DB", Pins::Key("_"));
}

#[test]
fn doppler() {
    live(
        "doppler: { auth: { secretRef: { dopplerToken: { name: doppler, key: token } } } }",
        "DB",
        Pins::Key("_"),
    );
}

#[test]
fn kubernetes() {
    live("kubernetes: { remoteNamespace: shop }", "db", Pins::Key("-"));
}

#[test]
fn one_password() {
    live(
        "onepassword: { connectHost: \"https://op.example.com\", vaults: { shop: 1 } }",
        "db",
        Pins::Key("-"),
    );
}
