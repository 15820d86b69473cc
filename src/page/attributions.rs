//! What the networks read: attributions against the axis of the inputs, before and after fine-tuning.

use crate::analysis::{Comparison, Findings, PRETRAINING, Profile, Usage, ranges, similarity};
use crate::report::{BASELINE, Bins, Linear, width_of};

use super::curves::{table, three};
use super::series::{Series, legend};
use super::svg::{Anchor, Place, Svg, escape};

const SIZE: (f64, f64) = (360.0, 290.0);
const TOP: f64 = 28.0;
/// Below the panel: the numbers of the axis and its name.
const BELOW: f64 = 44.0;
/// A row of marks where signs flip.
const MARKS: f64 = 7.0;

/// A panel for each target, what is alike, and where signs flip.
pub fn attributions(findings: &Findings, series: &[Series]) -> String {
    let Some(first) = findings.usages.first() else {
        return "<p>There is no attributions.csv in this folder: the study is not over, or it saved no networks \
                (save_models = false). The same shoal study command again writes it where the networks are there; shoal explain \
                makes attributions of single networks.</p>"
            .to_owned();
    };
    let kinds = Kinds::new(findings, series);
    let panels: String = (findings.targets.iter())
        .map(|target| kinds.panel(target))
        .collect();
    let axis = match first.inputs.len() {
        1 => return "<p>The networks read a single input; there is nothing to compare.</p>".into(),
        _ if first.axis_name == DEFAULT_AXIS => {
            "The inputs have no axis (data.finetune.axis), so they stand in their order. "
        }
        _ => "",
    };
    format!(
        "<p>How much each input matters for each target: the mean absolute DeepSHAP attribution, above zero where a larger input \
         raises the prediction and below where it lowers it; 1 is the whole range of a target. {axis}{}</p>{}\
         <div class=\"panels\">{panels}</div>{}",
        kinds.caption(),
        kinds.legend(),
        kinds.tables()
    )
}

/// What a dataset without an axis calls its own.
const DEFAULT_AXIS: &str = "input";

/// The networks that are shown: the pre-trained ones as an area, those of strategies as lines.
struct Kinds<'a> {
    pretrained: Option<&'a Usage>,
    strategies: Vec<(&'a Usage, &'a Series, Vec<Comparison>)>,
}

impl<'a> Kinds<'a> {
    fn new(findings: &'a Findings, series: &'a [Series]) -> Self {
        let pretrained = (findings.usages.iter()).find(|one| one.strategy == PRETRAINING);
        let looks = |usage: &'a Usage| {
            let looks = series.iter().find(|series| series.name == usage.strategy)?;
            let compared = pretrained.map_or(vec![], |base| usage.compared(base));
            Some((usage, looks, compared))
        };
        Self {
            pretrained,
            strategies: findings.usages.iter().filter_map(looks).collect(),
        }
    }

    /// What the grey area of a target is: the pre-trained networks' own profile of it; of a target that they do not know the one
    /// of theirs that the best strategy's is most like.
    fn area(&self, target: &str) -> Option<(&'a Profile, Option<f64>)> {
        let pretrained = self.pretrained?;
        if let Some(same) = pretrained.of(target) {
            return Some((same, None));
        }
        let ours = self.transferred()?.of(target)?;
        let alike = |their: &'a Profile| Some((their, Some(similarity(ours, their)?)));
        let all = pretrained.profiles.iter().filter_map(alike);
        all.max_by(|a, b| {
            let size = |one: &(&Profile, Option<f64>)| one.1.map_or(0.0, f64::abs);
            size(a).total_cmp(&size(b))
        })
    }

    /// The first strategy that transfers.
    fn transferred(&self) -> Option<&'a Usage> {
        let mut transferred = self.strategies.iter().map(|one| one.0);
        transferred.find(|one| one.strategy != BASELINE)
    }

    fn panel(&self, target: &str) -> String {
        let area = self.area(target);
        let lines: Vec<(&Profile, &Series, &[usize])> = (self.strategies.iter())
            .filter_map(|(usage, looks, compared)| {
                let flips = compared.iter().find(|one| one.target == target);
                Some((
                    usage.of(target)?,
                    *looks,
                    flips.map_or(&[][..], |one| &one.flips),
                ))
            })
            .collect();
        let Some((usage, ..)) = self.strategies.first() else {
            return String::new();
        };
        let values = (lines.iter().flat_map(|(profile, ..)| &profile.signed))
            .chain(area.iter().flat_map(|(profile, _)| &profile.signed));
        let (low, high) = values.fold((0.0f64, 0.0f64), |(low, high), value| {
            (low.min(*value), high.max(*value))
        });
        let room = 0.06 * (high - low);
        let flipped: Vec<_> = lines.iter().filter(|line| !line.2.is_empty()).collect();
        let bottom = SIZE.1 - BELOW;
        let floor = bottom - MARKS * flipped.len() as f64;
        let y = Linear::new((low - room, high + room), (floor - 2.0, TOP));
        let labels = y.ticks(26.0);
        let label = |text: &Option<String>| text.as_deref().map_or(0.0, |text| width_of(text, 12));
        let left = labels
            .iter()
            .map(|tick| label(&tick.label))
            .fold(0.0, f64::max)
            + 10.0;
        let right = SIZE.0 - 8.0;
        let bins = Bins::new(&usage.axis, (left, right));
        let mut svg = Svg::new(SIZE.0, SIZE.1);
        for tick in &labels {
            let at = y.place(tick.value);
            svg.line("grid", (left, at), (right, at));
            let text = tick.label.as_deref().unwrap_or_default();
            svg.text("tick", Anchor::End, (left - 6.0, at + 4.0), text);
        }
        for (x, text) in &bins.ticks {
            svg.line("axis", (*x, bottom), (*x, bottom + 4.0));
            let text = text.as_deref().unwrap_or_default();
            svg.text("tick", Anchor::Middle, (*x, bottom + 17.0), text);
        }
        if let Some((profile, _)) = &area {
            svg.area("before", &steps(&profile.signed, &bins, &y), y.place(0.0));
        }
        svg.line("axis", (left, y.place(0.0)), (right, y.place(0.0)));
        for (profile, looks, _) in &lines {
            svg.begin(&looks.class);
            svg.path(
                "curve thin",
                &steps(&profile.signed, &bins, &y),
                looks.style.dashes,
            );
            svg.end();
        }
        for (row, (_, looks, flips)) in flipped.iter().enumerate() {
            let top = floor + MARKS * row as f64;
            svg.begin(&looks.class);
            for flip in *flips {
                let (from, to) = (bins.edges[*flip], bins.edges[flip + 1]);
                svg.block("flip", (from, top + 1.0), (to - from, MARKS - 2.0));
            }
            svg.end();
        }
        svg.line("axis", (left, bottom), (right, bottom));
        for input in 0..usage.axis.len() {
            let (from, to) = (bins.edges[input], bins.edges[input + 1]);
            let title = hover(usage, input, area.as_ref(), &lines);
            svg.cell(
                "column",
                (from, TOP),
                (to - from, bottom - TOP),
                0.0,
                &title,
            );
        }
        let title = match &area {
            Some((profile, Some(cosine))) => {
                format!("{target} (grey: {}, cosine {cosine:+.2})", profile.target)
            }
            _ => target.to_owned(),
        };
        svg.fitted("title", Anchor::Start, (left, 17.0), (&title, right - left));
        let middle = ((left + right) / 2.0, SIZE.1 - 7.0);
        svg.text("name", Anchor::Middle, middle, &usage.axis_name);
        svg.finish(
            "",
            &format!("attributions of {target} against {}", usage.axis_name),
        )
    }

    fn legend(&self) -> String {
        let mut items = legend(self.strategies.iter().map(|one| one.1));
        if self.pretrained.is_some() {
            let mut sample = Svg::new(40.0, 14.0);
            sample.area("before", &[(1.0, 2.0), (39.0, 2.0)], 13.0);
            let sample = sample.finish("sample", PRETRAINING);
            items = items.replacen(
                "</ul>",
                &format!("<li>{sample}pre-trained, before</li></ul>"),
                1,
            );
        }
        items
    }

    /// Which networks, how many rows, and how well attributions add up.
    fn caption(&self) -> String {
        let all = || {
            self.pretrained
                .into_iter()
                .chain(self.strategies.iter().map(|one| one.0))
        };
        let (Some(any), Some((largest, ..))) = (all().next(), self.strategies.first()) else {
            return String::new();
        };
        let rows = any.profiles.first().map_or(0, |profile| profile.rows);
        let gap = all().map(|one| one.gap).fold(0.0, f64::max);
        let most = all().map(|one| one.networks).max().unwrap_or(1);
        let networks = match most {
            1 => "The best network of each strategy".to_owned(),
            most => format!("Means over the first {most} networks of each strategy"),
        };
        let before = match self.pretrained {
            Some(_) => {
                " Grey is what the pre-trained networks read on the same rows; blocks at the bottom mark where the sign of a \
                 strategy is clearly the opposite."
            }
            None => "",
        };
        format!(
            "{networks} with {} simulations, {rows} test rows against {} others; the attributions of a row miss adding up by {} \
             at most.{before}",
            largest.simulations,
            any.background,
            three(gap)
        )
    }

    /// Where signs flip, and what fine-tuning reads as pre-training did.
    fn tables(&self) -> String {
        let (Some(pretrained), Some(ours)) = (self.pretrained, self.transferred()) else {
            return String::new();
        };
        let heading = ["strategy", "target", "cosine", "flips", "where"].map(str::to_owned);
        let rows = self.strategies.iter().flat_map(|(usage, _, compared)| {
            compared.iter().map(|one| {
                vec![
                    escape(&usage.strategy),
                    escape(&one.target),
                    signed(one.similarity),
                    format!("{} of {}", one.flips.len(), usage.axis.len()),
                    ranges(&usage.axis, &one.flips),
                ]
            })
        });
        let flips = table(&heading, &rows.collect::<Vec<_>>());
        let names = pretrained
            .profiles
            .iter()
            .map(|profile| escape(&profile.target));
        let heading: Vec<String> = std::iter::once(escape(&ours.strategy))
            .chain(names)
            .collect();
        let row = |our: &Profile| {
            let cells = pretrained
                .profiles
                .iter()
                .map(|their| signed(similarity(our, their)));
            std::iter::once(escape(&our.target)).chain(cells).collect()
        };
        let alike = table(
            &heading,
            &ours.profiles.iter().map(row).collect::<Vec<Vec<_>>>(),
        );
        format!(
            "<details><summary>Where the sign flips, and what is alike</summary><p class=\"remark\">A sign flips where both use the \
             input, with at least a tenth of the largest attribution, and in a clear direction. The cosine compares all \
             inputs: 1, read alike; -1, with all signs flipped.</p>{flips}<h3>What {} reads for each target (rows), compared \
             with what pre-training read for its own (columns)</h3>{alike}</details>",
            escape(&ours.strategy)
        )
    }
}

/// A line of steps, each as wide as its input.
fn steps(values: &[f64], bins: &Bins, y: &Linear) -> Vec<Place> {
    let step = |(input, value): (usize, &f64)| {
        [bins.edges[input], bins.edges[input + 1]].map(|x| (x, y.place(*value)))
    };
    values.iter().enumerate().flat_map(step).collect()
}

/// All values at one input.
fn hover(
    usage: &Usage,
    input: usize,
    area: Option<&(&Profile, Option<f64>)>,
    lines: &[(&Profile, &Series, &[usize])],
) -> String {
    let mut text = format!("{} = {}", usage.axis_name, three(usage.axis[input]));
    if let Some((profile, _)) = area {
        let value = three(profile.signed[input]);
        text.push_str(&format!("; pre-trained, {}: {value}", profile.target));
    }
    for (profile, looks, flips) in lines {
        let value = three(profile.signed[input]);
        let flip = if flips.contains(&input) {
            ", flips"
        } else {
            ""
        };
        text.push_str(&format!("; {}: {value}{flip}", looks.name));
    }
    text
}

fn signed(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:+.2}"))
}
