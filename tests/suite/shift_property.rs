//! Property: a shift gives a colour its part of every kind of list, changes nothing else, and can be taken back.

use proptest::prelude::*;
use serde::Deserialize as _;
use serde_yaml::Value;

use crate::routes::{Form, PAIR, ROUTES, Route};
use crate::support::{Output, Sandbox};

const FILE: &str = "production/route.yaml";

fn shift(sandbox: &Sandbox, percent: u64) -> Output {
    let percent = percent.to_string();
    let shift = ["shift", "production", "web", "--to", "green", "--weight", &percent];
    sandbox.rotate(&[&shift[..], &["--others", "keep", "--allow-dirty"]].concat())
}

fn weights(route: &Route, text: &str) -> Vec<u64> {
    let documents = serde_yaml::Deserializer::from_str(text);
    let mut objects = documents.map(|one| Value::deserialize(one).unwrap());
    objects.find_map(|object| route.weights(&object)).expect("a route with weights")
}

/// A kind of route, weights of blue, green and perhaps a third backend, and the part of green, a whole percentage.
fn lists() -> impl Strategy<Value = (usize, Vec<u64>, u64)> {
    let sums = prop::sample::select(vec![1_u64, 2, 10, 50, 100, 200, 1000, 700_000]);
    let parts = (0..ROUTES.len(), sums, 0_u64..=100, prop::option::of(0_u64..=100));
    parts.prop_filter_map("not a whole part", |(at, sum, green, third)| {
        let is_list = ROUTES[at].form == Form::List;
        let sum = if is_list { sum } else { 100 };
        let own = (sum * green % 100 == 0).then_some(sum * green / 100)?;
        let third = third.filter(|_| is_list).map(|third| (sum - own) * third / 100);
        let blue = sum - own - third.unwrap_or(0);
        Some((at, [blue, own].into_iter().chain(third).collect(), green))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn every_list_is_shifted_and_taken_back((at, first, green) in lists(), percent in 0_u64..=100) {
        let route = &ROUTES[at];
        let manifest = route.manifest(&first);
        let sandbox = Sandbox::empty();
        sandbox.write("production/kustomization.yaml", "resources: [pair.yaml, route.yaml]\n");
        sandbox.write("production/pair.yaml", PAIR).write(FILE, &manifest);
        sandbox.commit_all();
        let sum: u64 = first.iter().sum();
        let output = shift(&sandbox, percent);
        let after = sandbox.read(FILE);
        if output.status != 0 {
            // What would be rounded away, or taken from what is to be kept, is refused, and nothing is written.
            let is_expected = ["would be rounded to", "so at most"];
            let is_expected = is_expected.iter().any(|one| output.stderr.contains(one));
            prop_assert!(output.status == 1 && is_expected, "{}: {}", route.name, output);
            prop_assert_eq!(after, manifest);
            return Ok(());
        }
        let now = weights(route, &after);
        prop_assert_eq!(now.iter().sum::<u64>(), sum, "{}: {:?}", route.name, now);
        let (part, meant) = (now[1] * 100, sum * percent);
        prop_assert!(part.abs_diff(meant) <= 100, "{}: {:?}, {} %", route.name, now, percent);
        prop_assert_eq!(&now[2..], &first[2..]);
        // Not one byte but those of the weights.
        prop_assert_eq!(&after, &route.manifest(&now));
        prop_assert_eq!(sandbox.read("production/pair.yaml"), PAIR);
        let _ = shift(&sandbox, green).success();
        prop_assert_eq!(sandbox.read(FILE), manifest, "{}", route.name);
    }
}
