//! Pairs of workloads that `rotate.yaml` declares, and the steps by which traffic moves from one to the other.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use crate::config::period::Period;
use crate::config::word;

/// Two workloads that run side by side on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// The one that is called blue
    pub blue: Workload,
    /// The one that is called green
    pub green: Workload,
}

/// A workload of a pair.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// Its kind, such as `Deployment`
    #[serde(deserialize_with = "word::text")]
    pub kind: String,
    /// Its name
    #[serde(deserialize_with = "word::text")]
    pub name: String,
    /// Its namespace; any by default
    #[serde(default)]
    pub namespace: Option<String>,
}

/// A step of the traffic: the part that the new version gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// In percent, 1 to 100.
    pub weight: u8,
    /// How long the step lasts at least before the next one, where it differs from the environment's `soak`.
    pub soak: Option<Period>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LongStep {
    /// The part of the traffic that the new version gets, in percent
    #[schemars(range(min = 1, max = 100))]
    weight: u64,
    /// How long the step lasts at least before the next one; the environment's `soak` by default
    #[serde(default)]
    soak: Option<Period>,
}

fn percent<E: Error>(weight: u64) -> Result<u8, E> {
    let weight = u8::try_from(weight).ok().filter(|weight| (1..=100).contains(weight));
    weight.ok_or_else(|| E::custom("a step is a percentage from 1 to 100"))
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Step;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a percentage, or a mapping with `weight` and `soak`")
            }

            fn visit_u64<E: Error>(self, weight: u64) -> Result<Step, E> {
                Ok(Step { weight: percent(weight)?, soak: None })
            }

            fn visit_i64<E: Error>(self, weight: i64) -> Result<Step, E> {
                self.visit_u64(u64::try_from(weight).unwrap_or(u64::MAX))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Step, A::Error> {
                let step = LongStep::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Step { weight: percent(step.weight)?, soak: step.soak })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Step {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Step".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let long = LongStep::json_schema(generator);
        json_schema!({ "anyOf": [{ "type": "integer", "minimum": 1, "maximum": 100 }, long] })
    }
}

/// The steps of an environment, which must rise to 100.
pub(super) fn steps<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Step>, D::Error> {
    let steps: Vec<Step> = word::not_empty(deserializer)?;
    let rises = steps.windows(2).all(|two| matches!(two, [one, next] if one.weight < next.weight));
    if rises && steps.last().is_some_and(|last| last.weight == 100) {
        return Ok(steps);
    }
    Err(D::Error::custom("the steps must rise and end with 100, such as `[10, 50, 100]`"))
}
