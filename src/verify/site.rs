//! The cluster in which something is judged, and the context by which kubectl asks it.

use std::collections::BTreeSet;

use crate::cluster::object::Object;
use crate::verify::Input;
use crate::verify::clusters::Scope;

/// A cluster.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    /// Its name, where there are several.
    pub(super) label: Option<&'a str>,
    /// The context by which all of it was asked, if there is one.
    context: Option<&'a str>,
    /// The inputs that are of it, as indexes.
    own: Option<&'a BTreeSet<usize>>,
    inputs: &'a [Input],
}

impl<'a> Site<'a> {
    /// The cluster of a scope, with all inputs.
    pub(super) fn new(scope: &'a Scope, inputs: &'a [Input]) -> Self {
        let own = scope.inputs.as_ref();
        let asked = own.into_iter().flatten().filter_map(|index| inputs.get(*index));
        let contexts: BTreeSet<_> = asked.map(|input| input.context.as_deref()).collect();
        let context =
            if contexts.len() == 1 { contexts.into_iter().flatten().next() } else { None };
        Self { label: scope.label.as_deref(), context, own, inputs }
    }

    /// Whether an input of a name may be of it.
    pub(super) fn may_have(&self, input: &str) -> bool {
        self.own.is_none_or(|own| {
            own.is_empty() || own.iter().any(|index| self.inputs[*index].name == input)
        })
    }

    pub(super) fn label(&self) -> Option<String> {
        self.label.map(str::to_owned)
    }

    /// The context that showed an object, or that would show one which was not found.
    pub(super) fn context(&self, object: Option<&Object>) -> Option<String> {
        let input = object.and_then(|object| self.inputs.get(object.input));
        input.map_or(self.context, |input| input.context.as_deref()).map(str::to_owned)
    }
}
