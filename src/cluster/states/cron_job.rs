//! A CronJob: the Jobs that it started keep the template of their time.

use crate::cluster::fields::text;
use crate::cluster::object::State;
use crate::cluster::states::Facts;
use crate::cluster::word::Saying;
use crate::yaml::node::Node;

pub(super) fn read(facts: &Facts<'_>) -> (State, Vec<Saying>) {
    let active = facts.status.get("active").map_or(&[][..], Node::items);
    let active = active.iter().filter_map(|one| text(one, &["name"])).map(str::to_owned).collect();
    (State::CronJob { active }, Vec::new())
}
