//! A model card as the Hugging Face Hub reads it: YAML, then Markdown.

use std::path::Path;

use crate::data::files::read_bytes;
use crate::data::names::shown;
use crate::study::report::{CARD_FILE, CARD_TITLE};
use crate::study::store::model::Model;

/// What every card has, so that another one is not overwritten.
pub const TAGS: &str = "tags:\n  - shoal\n";

/// The card of a network. It ends with that of its study, if there is one in the folder of the
/// model's file. `state` is the name of the file with its parameters.
pub fn card(model: &Model, file: &Path, state: &str) -> String {
    let about = &model.about;
    let task = if about.predicts.is_class() { "classification" } else { "regression" };
    let title = format!("{} of {}", about.strategy, about.study);
    let loss = about.validation_loss.map_or(String::new(), |loss| format!(", loss {loss:.3e}"));
    let module = Path::new(state).with_extension("py");
    let items = match about.raw_item_names() {
        [] => String::new(),
        names => format!("- items: {}\n", names.join(", ")),
    };
    format!(
        "---\nlibrary_name: pytorch\npipeline_tag: tabular-{task}\n{TAGS}---\n\n# {title}\n\n\
         - {} inputs ({}): {}\n{items}- targets, in physical units: {}\n- trained on {} \
         simulations, seed {}{loss}\n\n`{}` is the network: raw inputs in, targets out; `{state}` \
         has its parameters. `network = load()` reads them.\n{}",
        about.raw_names().len(),
        about.axis_name,
        shown(about.raw_names()),
        about.target_names.join(", "),
        about.simulations,
        about.seed,
        module.display(),
        card_of_study(file).unwrap_or_default(),
    )
}

/// The card that the study left beside its networks, without its title and what is said above it.
fn card_of_study(file: &Path) -> Option<String> {
    let bytes = read_bytes(&file.with_file_name(CARD_FILE)).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (title, body) = text.split_once('\n')?;
    title.ends_with(CARD_TITLE).then(|| format!("\n# The study\n{body}"))
}
