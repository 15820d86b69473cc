//! Attributions against the axis of the inputs, before and after fine-tuning.

use maud::{Markup, html};

use crate::study::explain::comparison::{Comparison, similarity};
use crate::study::explain::expected_gradients_of_sets::COUNT;
use crate::study::explain::explanation_tables::ranges;
use crate::study::explain::usage::compare_usages;
use crate::study::report::attribution_chart::{Attributions, Shared, Target, attribution_chart};
use crate::study::report::chart::model::Chart;
use crate::study::report::chart::style::{Look, Series};
use crate::study::report::html::{figure, table};
use crate::study::stats::findings::Findings;
use crate::study::stats::words::three;
use crate::study::store::attribution_table::{ClassAttribution, Profile, Usage};
use crate::study::store::run::Curve;
use crate::study::transfer::{BASELINE, PRETRAINING};

/// What a dataset without an axis calls its own.
const DEFAULT_AXIS: &str = "input";

/// The sentences, the figure and the tables.
pub(crate) fn section(findings: &Findings, shown: &[Series]) -> Markup {
    let networks = Networks::new(findings, shown);
    let Some((usage, ..)) = networks.strategies.first() else {
        return html! { p {
            "There is no attributions.csv in this folder: the study is not finished, or it saved \
             no networks. The same shoal study command writes it at the end; shoal explain \
             computes attributions of single networks."
        } };
    };
    if usage.axis.len() < 2 {
        return html! { p { "The networks have a single input; there is nothing to compare." } };
    }
    html! {
        p {
            "How much each input matters for each target: the mean absolute "
            @match usage.inputs.last().is_some_and(|name| name == COUNT) {
                true => { "expected gradient, of a column of the items summed over the items," },
                false => { "DeepSHAP attribution," },
            }
            " above zero where a larger input raises the prediction and below where it lowers it, \
             in units of the range of the target."
            @if usage.axis_name == DEFAULT_AXIS {
                " The inputs have no axis (data.finetune.axis) and are drawn in their order."
            }
            " " (networks.caption(usage))
        }
        (figure(&networks.chart(findings, usage)))
        (networks.classes())
        (networks.tables())
    }
}

/// Networks of one strategy, their look, and how they differ from the pre-trained ones.
type Kind<'a> = (&'a Usage, Look, Vec<Comparison>);

/// The networks of a study.
struct Networks<'a> {
    pretrained: Option<&'a Usage>,
    /// All strategies, for the tables.
    strategies: Vec<Kind<'a>>,
    /// The best strategy, drawn beside the baseline: more lines in a panel cannot be told apart.
    best: Option<&'a Usage>,
}

impl<'a> Networks<'a> {
    fn new(findings: &'a Findings, shown: &[Series]) -> Self {
        let usages = &findings.usages;
        let pretrained = usages.iter().find(|one| one.curve.strategy == PRETRAINING);
        let kind = |usage: &'a Usage| {
            let series = shown.iter().find(|series| series.curve == usage.curve)?;
            Some((
                usage,
                series.look,
                pretrained.map_or(vec![], |base| compare_usages(usage, base)),
            ))
        };
        let strategies: Vec<Kind> = usages.iter().filter_map(kind).collect();
        let of_curve = |curve: &Curve| strategies.iter().find(|kind| kind.0.curve == *curve);
        let best = findings.ranked().into_iter().find_map(of_curve).map(|kind| kind.0);
        Self { pretrained, best, strategies }
    }

    /// The baseline and the best strategy; all if nothing could be compared.
    fn drawn(&self) -> impl Iterator<Item = &Kind<'a>> {
        let wanted = |curve: &Curve| {
            self.best.is_none_or(|best| curve.strategy == BASELINE || best.curve == *curve)
        };
        self.strategies.iter().filter(move |kind| wanted(&kind.0.curve))
    }

    fn chart(&self, findings: &Findings, usage: &Usage) -> Chart {
        let target = |name: &String| {
            let (area, subtitle) = self.area(name).unzip();
            Target {
                title: name.clone(),
                subtitle: subtitle.unwrap_or_default(),
                area,
                lines: self.drawn().filter_map(|kind| attributions(kind, name)).collect(),
            }
        };
        let targets: Vec<Target> = findings.targets.iter().map(target).collect();
        let area = self.pretrained.map(|_| "pre-trained, before fine-tuning");
        attribution_chart(
            &Shared { axis_name: &usage.axis_name, axis: &usage.axis, area },
            &targets,
        )
    }

    /// The grey area of a target: the attributions of the pre-trained networks for it. For a target
    /// that they do not have, those for the one of theirs that is most similar to the best
    /// strategy's, and which that is.
    fn area(&self, target: &str) -> Option<(&'a [f64], String)> {
        let pretrained = self.pretrained?;
        if let Some(profile) = pretrained.of(target) {
            return Some((&profile.signed, String::new()));
        }
        let ours = self.best?.of(target)?;
        let similar = |profile: &'a Profile| Some((profile, similarity(ours, profile)?));
        let all = pretrained.profiles.iter().filter_map(similar);
        let (profile, cosine) = all.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
        Some((&profile.signed, format!("grey: {}, cosine {cosine:+.2}", profile.target)))
    }

    /// Which networks, how many rows, and how well attributions add up.
    fn caption(&self, largest: &Usage) -> Markup {
        let all = || self.pretrained.into_iter().chain(self.strategies.iter().map(|one| one.0));
        let rows = all().find_map(|one| one.profiles.first()).map_or(0, |profile| profile.rows);
        let gap = all().map(|one| one.gap).fold(0.0, f64::max);
        let networks = all().map(|one| one.networks).max().unwrap_or(1);
        html! {
            @if networks > 1 { "Means over the first " (networks) " networks of a strategy" }
            @else { "The best network of a strategy" }
            " with " (largest.simulations) " simulations, on " (rows) " test rows against a \
             background of "
            (largest.background) " others. The attributions of a row add up to the prediction \
             within " (three(gap)) "."
            @if let Some(best) = self.best {
                " Of the strategies that transfer only the best is drawn, " (best.curve.label())
                    "; the table has all."
            }
            @if self.pretrained.is_some() {
                " Grey: the pre-trained networks on the same rows; for a target that they do not \
                 have, their target with the most similar attributions. Blocks at the bottom: the \
                 sign is clearly opposite to that of the pre-trained networks."
            }
        }
    }

    /// How much the classes of items matter.
    fn classes(&self) -> Markup {
        let all: Vec<&Usage> = self.strategies.iter().map(|kind| kind.0).collect();
        let Some(first) = all.first().filter(|one| !one.classes.is_empty()) else {
            return html! {};
        };
        let heading = ["target", "items with", "share of the items"].map(str::to_owned);
        let labels = all.iter().map(|usage| usage.curve.label());
        let heading: Vec<String> = heading.into_iter().chain(labels).collect();
        let row = |(place, class): (usize, &ClassAttribution)| {
            let cell = |usage: &&Usage| {
                let own = usage.classes.get(place)?;
                let error = own.standard_error.map(|error| format!(" ± {}", three(error)));
                Some(three(own.mean_absolute) + &error.unwrap_or_default())
            };
            let cells = all.iter().map(|usage| cell(usage).unwrap_or_else(|| "-".to_owned()));
            let share = format!("{:.1} %", 100.0 * class.items);
            [class.target.clone(), class.class.clone(), share].into_iter().chain(cells).collect()
        };
        let rows: Vec<Vec<String>> = first.classes.iter().enumerate().map(row).collect();
        html! {
            h3 { "Classes of items" }
            p.remark {
                "The absolute attribution of all items of a class together, mean over the rows ± \
                 standard error over networks. A column of two values marks a class."
            }
            (table(&heading, &rows))
        }
    }

    /// Where signs are opposite, and what is similar before and after fine-tuning.
    fn tables(&self) -> Markup {
        let (Some(pretrained), Some(best)) = (self.pretrained, self.best) else {
            return html! {};
        };
        let opposite = self.strategies.iter().flat_map(|(usage, _, compared)| {
            compared.iter().map(|one| {
                vec![
                    usage.curve.label(),
                    one.target.clone(),
                    signed(one.similarity),
                    format!("{} of {}", one.flips.len(), usage.axis.len()),
                    ranges(&usage.axis, &one.flips),
                ]
            })
        });
        let theirs = &pretrained.profiles;
        let names: Vec<&str> = theirs.iter().map(|their| &their.target[..]).collect();
        let row = |our: &Profile| {
            let cells = theirs.iter().map(|their| signed(similarity(our, their)));
            [our.target.clone()].into_iter().chain(cells).collect()
        };
        let similar: Vec<Vec<String>> = best.profiles.iter().map(row).collect();
        html! { details {
            summary { "Tables: opposite signs, similarity" }
            p.remark {
                "A sign counts as opposite where both networks use the input, with at least a \
                 tenth of the largest attribution, and the direction of both is clear. Cosine \
                 over all inputs: 1, the same attributions; -1, all signs opposite."
            }
            (table(&["strategy", "target", "cosine", "opposite", "where"],
                &opposite.collect::<Vec<_>>()))
            h3 {
                "Cosine of " (best.curve.label()) ", by target (rows), and the pre-trained \
                 networks, by target (columns)"
            }
            (table(&[&[&best.curve.label()[..]], &names[..]].concat(), &similar))
        } }
    }
}

/// The line of some networks for a target.
fn attributions<'a>((usage, look, compared): &'a Kind, target: &str) -> Option<Attributions<'a>> {
    let flips = compared.iter().find(|one| one.target == target);
    Some(Attributions {
        name: usage.curve.label(),
        look: *look,
        signed: &usage.of(target)?.signed,
        errors: None,
        flips: flips.map_or(&[], |one| &one.flips),
    })
}

fn signed(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:+.2}"))
}
