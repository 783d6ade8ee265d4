//! Reads monitors and routes, one as JSON a line, and says of each that its CRD does not allow what is wrong with it. Exits with 1 if there is any.

use std::io::{self, BufRead as _};
use std::process::ExitCode;

use k8s_openapi::api::networking::v1::Ingress;
use kcr_apisix_apache_org::v2::apisixroutes::ApisixRoute;
use kcr_datadoghq_com::v1alpha1::datadogmonitors::DatadogMonitor;
use kcr_monitoring_coreos_com::v1::prometheusrules::PrometheusRule;
use kcr_projectcontour_io::v1::httpproxies::HttpProxy;
use promql_parser::parser;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Whether a type of a CRD has an object as it is: a field of another type is an error, an unknown one would be lost.
fn fits<T: DeserializeOwned + Serialize>(object: &Value) -> Result<(), String> {
    let read: T = serde_json::from_value(object.clone()).map_err(|error| error.to_string())?;
    let again = serde_json::to_value(read).map_err(|error| error.to_string())?;
    if again == *object { Ok(()) } else { Err(format!("the CRD only has {again}")) }
}

/// Parses every text of these keys as PromQL.
fn queries(value: &Value, keys: &[&str]) -> Result<(), String> {
    match value {
        Value::Object(entries) => entries.iter().try_for_each(|(key, value)| match value {
            Value::String(query) if keys.contains(&key.as_str()) => {
                parser::parse(query).map(drop).map_err(|error| format!("{query}: {error}"))
            }
            other => queries(other, keys),
        }),
        Value::Array(items) => items.iter().try_for_each(|item| queries(item, keys)),
        _ => Ok(()),
    }
}

fn check(line: &str) -> Result<(), String> {
    let object: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    match object["kind"].as_str() {
        Some("PrometheusRule") => {
            fits::<PrometheusRule>(&object)?;
            queries(&object, &["expr"])
        }
        Some("AnalysisTemplate") => {
            // Its CRD is held against by the models of npm.
            let metrics = object["spec"]["metrics"].as_array().into_iter().flatten();
            metrics
                .map(|one| &one["provider"]["prometheus"])
                .try_for_each(|one| queries(one, &["query"]))
        }
        Some("DatadogMonitor") => fits::<DatadogMonitor>(&object),
        Some("HTTPProxy") => fits::<HttpProxy>(&object),
        Some("ApisixRoute") => fits::<ApisixRoute>(&object),
        Some("Ingress") => fits::<Ingress>(&object),
        kind => Err(format!("{kind:?} is neither a monitor nor a route that is known here")),
    }
}

fn main() -> ExitCode {
    let mut is_valid = true;
    for line in io::stdin().lock().lines() {
        let checked = line.map_err(|error| error.to_string()).and_then(|line| check(&line));
        if let Err(error) = checked {
            println!("{error}");
            is_valid = false;
        }
    }
    if is_valid { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
