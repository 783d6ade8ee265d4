//! How refusals call what is set, and what they advise.

/// What is in the way of a change, and what to do about it, in the words of what changes.
pub(in crate::plan) struct Words {
    /// What is set.
    pub(super) what: &'static str,
    /// What is in the way where kustomize makes it longer, or no file spells it.
    pub(super) is_made: &'static str,
    /// The same where a template of a chart makes it.
    pub(super) is_of_chart: &'static str,
    /// The same where a generator makes the text around it.
    pub(super) is_generated: &'static str,
    /// Advice where kustomize makes it longer, or no file spells it.
    pub(in crate::plan) made: &'static str,
    /// Advice where a generator makes the text around it.
    pub(super) generated: &'static str,
    /// Advice where its file is encrypted.
    pub(super) sealed: &'static str,
    /// Advice where others read the values of a chart.
    pub(super) values: &'static str,
    /// Advice where a template of a chart makes it.
    pub(super) chart: &'static str,
    /// Advice where others read the file.
    pub(super) shared: &'static str,
    /// Advice where others read what builds the directory.
    pub(super) built: &'static str,
    /// Advice where a variable is part of it.
    pub(super) variable: &'static str,
}

/// For names of secrets.
pub(in crate::plan) static NAMES: Words = Words {
    what: "name",
    is_made: "kustomize adds a prefix, a suffix or a hash to the name",
    is_of_chart: "the chart puts the name together",
    is_generated: "the text that contains the name is generated",
    made: "write the full name where it is used, or remove the prefix, suffix or hash from this secret's name",
    generated: "remove the name from the generator's input, or change it there by hand",
    sealed: "move the manifest out of the encrypted file, or change the name with the tool that encrypted it",
    values: "give the environment a values file of its own that comes after it, or set the value in the values of its own release, then bump again",
    chart: "write the whole name in the values of the chart, or change the chart by hand",
    shared: "give the environment its own kustomization that includes the file, then bump again",
    built: "give the environment a `Kustomization` or an `Application` in a file of its own, which gets the patch, or a kustomization that includes the file, then bump again",
    variable: "give the name, or its version, a variable that nothing else uses, then bump again",
};

/// For weights and labels that route traffic.
pub(in crate::plan) static WEIGHTS: Words = Words {
    what: "weight",
    is_made: "kustomize changes the weight",
    is_of_chart: "the chart puts the weight together",
    is_generated: "the text that contains the weight is generated",
    made: "write it in a manifest, without a transformer that changes it",
    generated: "move the route out of the generator's input, or change it there by hand",
    sealed: "move the route out of the encrypted file, or change it with the tool that encrypted it",
    values: "give the environment a values file of its own that comes after it, or set the value in the values of its own release, then shift again",
    chart: "write the number in the values of the chart, or change the chart by hand",
    shared: "give the environment its own kustomization that includes the file, then shift again",
    built: "give the environment a `Kustomization` or an `Application` in a file of its own, which gets the patch, or a kustomization that includes the file, then shift again",
    variable: "change the variable by hand where it is set, or write the number in the manifest",
};
