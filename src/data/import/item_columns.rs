//! Columns of imported items: which are kept, and those of classes.

use crate::data::files::prefix;
use crate::data::items::Items;
use crate::data::matrix::Matrix;
use crate::data::names;
use crate::error::Result;
use crate::input_error;

/// The columns of the items that are kept.
pub(crate) fn chosen_columns(items: &Items, chosen: &[String]) -> Result<Items> {
    names::check_unique(chosen, "item column")?;
    let find = |name: &String| names::find(&items.names, name, "item column");
    let columns = chosen.iter().map(find).collect::<Result<Vec<_>>>()?;
    match columns.is_empty() {
        true => {
            Err(input_error!("`item_columns` is empty; choose among {}", items.names.join(", ")))
        }
        false => Ok(items.select_columns(&columns)),
    }
}

/// The items with a column `<name>=<class>` for each class in place of the column of class numbers.
pub(crate) fn one_hot(items: &Items, name: &str, classes: usize) -> Result<Items> {
    let of = |error| prefix(error, "`one_hot`");
    let place = names::find(&items.names, name, "item column").map_err(of)?;
    if !(1..=1000).contains(&classes) {
        return Err(input_error!(
            "`one_hot` of {classes} classes of '{name}'; there are 1 to 1000"
        ));
    }
    let known = |class: &f64| class.fract() == 0.0 && (0.0..classes as f64).contains(class);
    if let Some(item) = items.values.column(place).position(|class| !known(&class)) {
        return Err(input_error!(
            "`one_hot`: '{name}' is {} in item {item} (counting from 0); {classes} classes are \
             numbered 0 to {}",
            items.values.row(item)[place],
            classes - 1
        ));
    }
    let expanded = |values: &[f64]| -> Vec<f64> {
        let hot = (0..classes).map(|class| f64::from(u8::from(values[place] == class as f64)));
        values[..place].iter().copied().chain(hot).chain(values[place + 1..].to_vec()).collect()
    };
    let of_classes = (0..classes).map(|class| format!("{name}={class}"));
    let before = items.names[..place].iter().cloned();
    let names = before.chain(of_classes).chain(items.names[place + 1..].iter().cloned()).collect();
    let rows = (0..items.values.rows).flat_map(|item| expanded(items.values.row(item)));
    let values = Matrix::new(items.values.rows, items.values.columns - 1 + classes, rows.collect());
    let items = Items { values, offsets: items.offsets.clone(), names };
    names::check_unique(&items.names, "item column")?;
    Ok(items)
}
