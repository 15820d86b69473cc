//! Notices about columns.

use crate::cosmology::conventions::CONVENTIONS;
use crate::data::columns::{Sentinels, is_like_a_sentinel};
use crate::data::dataset::{Dataset, extent};
use crate::data::matrix::Matrix;
use crate::study::datasets::LoadedDataset;

/// Fine-tuning inputs are far outside if their mean is more than so many deviations of the
/// pre-training from its mean, or their deviation is so many times as large.
pub(crate) const FAR: f64 = 10.0;
const SCATTERED: f64 = 30.0;
/// A range is much wider than the data if it is so many times as wide.
const WIDE: f64 = 10.0;
/// Numbers have no digits left if their deviation is less than so many roundings.
const ROUNDINGS: f64 = 16.0;
/// A constant of this size may have been written beside what varied.
const LARGE: f64 = 1e6;
/// Whole numbers that count fewer rows may be data.
const COUNTED_ROWS: usize = 10;

/// Columns that count the rows.
pub(crate) fn index_columns(name: &str, dataset: &Dataset) -> Vec<String> {
    let sides = [
        ("input", &dataset.inputs, &dataset.input_names),
        ("target", &dataset.targets, &dataset.target_names),
    ];
    let mut notices = Vec::new();
    for (what, matrix, names) in sides {
        for column in (0..matrix.columns).filter(|column| counts_rows(matrix, *column)) {
            let first = matrix.row(0)[column];
            notices.push(format!(
                "{name}: the {what} '{}' is {first}, {}, {}, ... row by row. If it is a row \
                 number, leave the column out: it says nothing about other rows",
                names[column],
                first + 1.0,
                first + 2.0
            ));
        }
    }
    notices
}

fn counts_rows(matrix: &Matrix, column: usize) -> bool {
    let first = matrix.row(0)[column];
    let mut rows = matrix.column(column).enumerate();
    matrix.rows >= COUNTED_ROWS
        && first.fract() == 0.0
        && rows.all(|(row, value)| value - first == row as f64)
}

/// Numbers that look as if they stood for a missing one, which the study file does not say: nines,
/// as -999, in several rows, further from all others than those lie apart.
pub(crate) fn sentinels(data: &[(&str, Option<&Dataset>)], missing: &Sentinels) -> Option<String> {
    let mut found: Vec<(String, f64, usize)> = Vec::new();
    for (name, dataset) in data.iter().filter_map(|(name, one)| Some((*name, (*one)?))) {
        let inputs = ("the input", "rows", &dataset.inputs, &dataset.input_names);
        let items = dataset.items.as_ref();
        let items = items.map(|items| ("the item column", "items", &items.values, &items.names));
        for (what, rows, table, names) in [Some(inputs), items].into_iter().flatten() {
            let all = (0..table.columns).filter_map(|column| {
                let (value, count) = sentinel(table, column)?;
                let (of, all) = (&names[column], table.rows);
                let text = format!("{name}: {what} '{of}' is {value} in {count} of {all} {rows}");
                (!missing.has(value)).then_some((text, value, count))
            });
            found.extend(all);
        }
    }
    let (most, ..) = found.iter().max_by_key(|one| one.2)?;
    let mut values: Vec<f64> = found.iter().map(|one| one.1).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let numbers: Vec<String> = values.iter().map(f64::to_string).collect();
    let more = match found.len() {
        1 => String::new(),
        count => format!(", and {} more columns have such numbers", count - 1),
    };
    Some(format!(
        "{most}, far from its other values{more}. If that stands for a missing number, say missing \
         = [{}] in the study file",
        numbers.join(", ")
    ))
}

/// The number of a column that looks like a missing one, and its rows.
fn sentinel(inputs: &Matrix, column: usize) -> Option<(f64, usize)> {
    let [least, most] = extent(inputs, column);
    [least, most].into_iter().filter(|value| is_like_a_sentinel(*value)).find_map(|value| {
        let others = || inputs.column(column).filter(|x| *x != value);
        let low = others().fold(f64::INFINITY, f64::min);
        let high = others().fold(f64::NEG_INFINITY, f64::max);
        let rows = inputs.rows - others().count();
        let gap = (low - value).abs().min((high - value).abs());
        (rows > 1 && high > low && gap > high - low).then_some((value, rows))
    })
}

/// Inputs that are the same in every row.
pub(crate) fn constant_inputs(name: &str, data: &LoadedDataset) -> Option<String> {
    let columns = 0..data.dataset.inputs.columns;
    let constant: Vec<usize> =
        columns.filter(|column| data.features.is_constant(*column)).collect();
    let first = *constant.first()?;
    if data.dataset.inputs.rows < 2 {
        return None;
    }
    let them = if constant.len() == 1 { "it" } else { "them" };
    let value = data.dataset.inputs.row(0)[first];
    let cure = match value.abs() < LARGE {
        true => String::new(),
        false => format!(
            ". f64 has 16 digits: if {} not constant, subtract the constant part, {value:e}, \
             before the file is written",
            if constant.len() == 1 { "it is" } else { "they are" }
        ),
    };
    Some(format!(
        "{name}: {} the same in every row; networks learn nothing from {them}{cure}",
        named(&constant, data, "is", "are"),
    ))
}

/// Inputs that vary only in the fine-tuning.
pub(crate) fn newly_varying(pre: &LoadedDataset, fine: &LoadedDataset) -> Option<String> {
    let varies =
        |column: &usize| pre.features.is_constant(*column) && !fine.features.is_constant(*column);
    let columns: Vec<usize> = (0..fine.dataset.inputs.columns).filter(varies).collect();
    (!columns.is_empty()).then(|| {
        format!(
            "{} the same in every row of data.pretrain but not of data.finetune; pre-trained \
             networks have learned nothing from {}",
            named(&columns, fine, "is", "are"),
            if columns.len() == 1 { "it" } else { "them" }
        )
    })
}

/// Columns whose differences are lost in the rounding of f64, or of f32 where a file had that.
pub(crate) fn lost_digits(name: &str, dataset: &Dataset) -> Vec<String> {
    let sides = [
        ("input", &dataset.inputs, &dataset.input_names),
        ("target", &dataset.targets, &dataset.target_names),
    ];
    let mut notices = Vec::new();
    for (what, matrix, names) in sides {
        let lost = |column: &usize| {
            let is_narrow = matrix.column(*column).all(|x| f64::from(x as f32) == x);
            let epsilon = if is_narrow { f64::from(f32::EPSILON) } else { f64::EPSILON };
            let Moments { mean, deviation } = moments(matrix, *column);
            let first = matrix.row(0)[*column];
            let varies = matrix.column(*column).any(|x| x != first);
            varies && deviation < ROUNDINGS * epsilon * mean.abs()
        };
        let columns: Vec<usize> = (0..matrix.columns).filter(lost).collect();
        let Some(first) = columns.first() else { continue };
        let Moments { mean, deviation } = moments(matrix, *first);
        let others = match columns.len() {
            1 => String::new(),
            count => format!(", as {} more {what}s do", count - 1),
        };
        notices.push(format!(
            "{name}: the {what} '{}' varies so little beside its size, {mean:e} ± {deviation:.1e}, \
             that rounding has taken the digits{others}; subtract the constant part before the \
             file is written, in f64, or leave the column out",
            names[*first]
        ));
    }
    notices
}

/// Targets that are constant, or fill little of their range.
pub(crate) fn targets(name: &str, dataset: &Dataset) -> Vec<String> {
    // a simulated scenario fixes some parameters on purpose
    if dataset.provenance.get("simulated").is_some() || dataset.targets.rows < 2 {
        return vec![];
    }
    let mut notices = Vec::new();
    for (column, (target, [low, high])) in
        dataset.target_names.iter().zip(&dataset.target_ranges).enumerate()
    {
        let [least, most] = extent(&dataset.targets, column);
        let known = (CONVENTIONS.range)(target);
        if let Some([from, to]) =
            known.filter(|known| [*low, *high] != *known && (least < known[0] || most > known[1]))
        {
            notices.push(format!(
                "{name}: the target '{target}' lies between {least:?} and {most:?}, beyond the \
                 range [{from}, {to}] of the cosmological parameter of that name; it is scaled \
                 from [{low:?}, {high:?}]. If it is that parameter, check its unit and column"
            ));
        }
        if least == most {
            notices.push(format!(
                "{name}: the target '{target}' is {least:?} in every row; leave it out with \
                 `targets` unless it varies in the other dataset"
            ));
        } else if high - low > WIDE * (most - least) {
            notices.push(format!(
                "{name}: the target '{target}' lies between {least:?} and {most:?} but is scaled \
                 from [{low:?}, {high:?}], {:.0} times as wide, so that its errors look small; \
                 set its range in [data.ranges] if it was not drawn from all of it",
                (high - low) / (most - least)
            ));
        }
    }
    notices
}

/// Fine-tuning inputs in other units than those of the pre-training, or far outside of what it saw.
pub(crate) fn far_outside(pre: &LoadedDataset, fine: &LoadedDataset) -> Option<String> {
    let raw = [pre, fine].map(|data| &data.dataset.inputs);
    let features = [pre, fine].map(|data| &data.features.values);
    far_columns(features, raw, &fine.dataset.input_names, "inputs")
}

/// Columns of the items in other units than those of the pre-training, or far outside of what it
/// saw.
pub(crate) fn far_items(pre: &LoadedDataset, fine: &LoadedDataset) -> Option<String> {
    let (before, after) = (pre.dataset.items.as_ref()?, fine.dataset.items.as_ref()?);
    let values = [&before.values, &after.values];
    match values.iter().any(|values| values.rows == 0) {
        true => None,
        false => far_columns(values, values, &after.names, "columns of the items"),
    }
}

/// Columns of the second matrix of `features` that are far from those of the first one; `raw` has
/// the numbers that a user knows.
fn far_columns(
    features: [&Matrix; 2],
    raw: [&Matrix; 2],
    names: &[String],
    what: &str,
) -> Option<String> {
    let distance = |column: usize| {
        let [before, after] = features.map(|values| moments(values, column));
        let first = features[0].column(column).next();
        if features[0].column(column).all(|x| Some(x) == first) {
            return 0.0;
        }
        let away = (after.mean - before.mean).abs() / before.deviation;
        let scattered = after.deviation / before.deviation;
        // a smaller unit: mean and deviation shrink alike
        let shrunk = before.deviation / after.deviation;
        let alike = (before.mean / after.mean / shrunk - 1.0).abs() < 0.5;
        let smaller = if shrunk.is_finite() && alike { shrunk / SCATTERED } else { 0.0 };
        (away / FAR).max(scattered / SCATTERED).max(smaller)
    };
    let columns: Vec<usize> = (0..names.len()).collect();
    let far: Vec<usize> = columns.into_iter().filter(|column| distance(*column) > 1.0).collect();
    let worst = *far.iter().max_by(|a, b| distance(**a).total_cmp(&distance(**b)))?;
    let [before, after] = raw.map(|values| moments(values, worst));
    Some(format!(
        "{} of {} {what} of data.finetune are in other units than in data.pretrain, or far outside \
         of what networks are pre-trained on; '{}' most: {} ± {} there, {} ± {} here. Bring both \
         into one unit, or keep only [strategies.scratch]",
        far.len(),
        names.len(),
        names[worst],
        short(before.mean),
        short(before.deviation),
        short(after.mean),
        short(after.deviation)
    ))
}

/// Mean and deviation of a column.
struct Moments {
    mean: f64,
    deviation: f64,
}

fn moments(matrix: &Matrix, column: usize) -> Moments {
    // relative to the largest number, whose square may not be finite
    let largest = matrix.column(column).fold(0.0, |most: f64, x| most.max(x.abs()));
    if largest == 0.0 {
        return Moments { mean: 0.0, deviation: 0.0 };
    }
    let count = matrix.rows as f64;
    let mean = matrix.column(column).map(|x| x / largest / count).sum::<f64>();
    let variance = matrix.column(column).map(|x| (x / largest - mean).powi(2) / count).sum::<f64>();
    Moments { mean: mean * largest, deviation: variance.sqrt() * largest }
}

/// The names of some inputs with a verb: `the input 'x3' is`, `5 of 79 inputs ('x3', ...) are`.
fn named(columns: &[usize], data: &LoadedDataset, one: &str, several: &str) -> String {
    let first = &data.dataset.input_names[columns[0]];
    match columns.len() {
        1 => format!("the input '{first}' {one}"),
        count => {
            let all = data.dataset.inputs.columns;
            format!("{count} of {all} inputs ('{first}', ...) {several}")
        }
    }
}

/// Four digits of a number.
fn short(number: f64) -> String {
    match number.abs() {
        0.0 => "0".into(),
        size if (1e-3..1e5).contains(&size) => {
            let decimals = (3.0 - size.log10().floor()).max(0.0) as usize;
            format!("{number:.decimals$}")
        }
        _ => format!("{number:.3e}"),
    }
}
