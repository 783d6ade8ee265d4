//! How the two colours of a pair share the traffic.

use schemars::JsonSchema;
use serde::Serialize;

use crate::repo::sharing::Sharing;
use crate::repo::traffic::Idle;

/// How the two colours of a pair share the traffic.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SharingView {
    /// What both workloads are called without the colour.
    pub pair: String,
    /// The build root of the blue one.
    pub root: String,
    /// The part of blue in percent; null where routes differ, or nobody can tell.
    pub blue: Option<u64>,
    /// The part of green.
    pub green: Option<u64>,
    /// The colour that gets no traffic; null where it is not exactly one.
    pub idle: Option<&'static str>,
    /// Why nobody can tell which colour gets no traffic.
    pub unknown: Option<String>,
}

impl SharingView {
    /// The view of a pair.
    #[must_use]
    pub fn new(sharing: &Sharing) -> Self {
        let [blue, green] = sharing.parts;
        let (idle, unknown) = match &sharing.idle {
            Idle::One(colour) => (Some(colour.as_str()), None),
            Idle::Unknown(why) => (None, Some(why.clone())),
            Idle::Both | Idle::None => (None, None),
        };
        let root = sharing.root.display().to_owned();
        Self { pair: sharing.pair.clone(), root, blue, green, idle, unknown }
    }
}

/// The same as a phrase.
pub(super) fn phrase(sharing: &Sharing) -> String {
    let pair = &sharing.pair;
    match (&sharing.parts, &sharing.idle) {
        (_, Idle::Unknown(why)) => format!("traffic of {pair} is not known: {why}"),
        ([Some(blue), Some(green)], _) => {
            format!("traffic of {pair}: blue {blue} %, green {green} %")
        }
        _ => format!("traffic of {pair} differs from route to route"),
    }
}
