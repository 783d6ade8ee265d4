//! A new manifest beside another one, listed where the environment's kustomizations list the other.

use crate::plan::draft::Draft;
use crate::plan::overlay::listing;
use crate::plan::spell::scalar;
use crate::repo::Repo;
use crate::text::path::TreePath;
use crate::yaml::node::Node;

/// Creates a file; where this run has already created it, the other name is taken.
///
/// # Errors
/// With a phrase, when the file exists or would be outside of the tree.
pub(in crate::plan) fn create(
    (repo, draft): (&Repo, &mut Draft),
    directory: &TreePath,
    (name, otherwise): (&str, Option<&str>),
    text: String,
) -> Result<TreePath, String> {
    let outside = "its file would stand outside of the repository";
    let mut file = directory.join(name).ok_or(outside)?;
    if let Some(otherwise) = otherwise.filter(|_| draft.creates(&file)) {
        file = directory.join(otherwise).ok_or(outside)?;
    }
    if repo.library.tree().entry(&file).is_ok() || draft.creates(&file) {
        return Err(format!("`{file}` already exists"));
    }
    draft.create(file.clone(), text);
    Ok(file)
}

/// Lists a file under `resources` of the kustomization in a directory: after the entry of another file, or at the end.
///
/// # Errors
/// With a phrase, when the directory does not build or its file cannot take the entry.
pub(in crate::plan) fn list(
    (repo, draft): (&Repo, &mut Draft),
    directory: &TreePath,
    beside: Option<&TreePath>,
    file: &TreePath,
) -> Result<(), String> {
    let layer =
        repo.resolver.layer(directory).ok_or_else(|| format!("`{directory}` does not build"))?;
    let spelled = file.relative_to(directory);
    let stream = repo.library.stream(&layer.file).map_err(|error| error.to_string())?;
    let list = stream.documents.first().and_then(|document| document.root.get("resources"));
    let names = |item: &&Node| item.str().and_then(|text| directory.join(text)).as_ref() == beside;
    if let (Some(list), Some(_)) = (list, beside)
        && let Some(item) = list.items().iter().find(names)
    {
        let dot = item.str().is_some_and(|text| text.starts_with("./"));
        let text = if dot { format!("./{spelled}") } else { spelled.clone() };
        if let Some((source, edit)) = listing::behind(list, item, &text) {
            draft.edit(&source, edit);
            return Ok(());
        }
    }
    let source = repo.library.tree().source(&layer.file).map_err(|error| error.to_string())?;
    if draft.append(&source, "resources", scalar(&spelled)) {
        return Ok(());
    }
    Err(format!("`{}` cannot list it", layer.file))
}
