//! What the networks read: attributions against the axis of the inputs, before and after
//! fine-tuning.

use crate::study::explain::comparison::{Comparison, similarity};
use crate::study::explain::tables::ranges;
use crate::study::explain::usage::compare_usages;
use crate::study::stats::findings::Findings;
use crate::study::store::attributions::Profile;
use crate::study::store::attributions::Usage;
use crate::study::store::run::Curve;
use crate::study::transfer::{BASELINE, PRETRAINING};

use crate::study::report::page::attribution_panel::{Before, Line, panel};
use crate::study::report::page::curves::{table, three};
use crate::study::report::page::series::{Series, legend};
use crate::study::report::page::svg::{Svg, escape};

/// What a dataset without an axis calls its own.
const DEFAULT_AXIS: &str = "input";

/// A panel for each target, what is alike, and where signs flip.
pub fn attributions(findings: &Findings, series: &[Series]) -> String {
    let kinds = Kinds::new(findings, series);
    let Some((usage, ..)) = kinds.strategies.first() else {
        return "<p>There is no attributions.csv in this folder: the study is not over, or it saved no networks. The same shoal \
                study command again writes it where the networks are there; shoal explain makes attributions of single \
                networks.</p>"
            .to_owned();
    };
    if usage.axis.len() < 2 {
        return "<p>The networks read a single input; there is nothing to compare.</p>".to_owned();
    }
    let panels: String =
        (findings.targets.iter()).map(|target| kinds.panel(target, usage)).collect();
    let axis = match usage.axis_name == DEFAULT_AXIS {
        true => " The inputs have no axis (data.finetune.axis), so they stand in their order.",
        false => "",
    };
    format!(
        "<p>How much each input matters for each target: the mean absolute DeepSHAP attribution, above zero where a larger input \
         raises the prediction and below where it lowers it; 1 is the whole range of a target.{axis} {}</p>{}\
         <div class=\"panels\">{panels}</div>{}",
        kinds.caption(),
        kinds.legend(),
        kinds.tables()
    )
}

/// Networks of one strategy, their looks, and how they differ from the pre-trained ones.
type Kind<'a> = (&'a Usage, &'a Series, Vec<Comparison>);

/// The networks of a study.
struct Kinds<'a> {
    pretrained: Option<&'a Usage>,
    /// All strategies, for the tables.
    strategies: Vec<Kind<'a>>,
    /// The strategy that is drawn beside the baseline: more lines in a panel cannot be told apart.
    best: Option<Curve>,
}

impl<'a> Kinds<'a> {
    fn new(findings: &'a Findings, series: &'a [Series]) -> Self {
        let usages = &findings.usages;
        let pretrained = usages.iter().find(|one| one.curve.strategy == PRETRAINING);
        let kind = |usage: &'a Usage| {
            let looks = series.iter().find(|series| series.curve == usage.curve)?;
            let compared = pretrained.map_or(vec![], |base| compare_usages(usage, base));
            Some((usage, looks, compared))
        };
        let ranked = findings.ranked().into_iter();
        let mut transferred = ranked.filter(|curve| usages.iter().any(|one| one.curve == **curve));
        Self {
            pretrained,
            best: transferred.next().cloned(),
            strategies: usages.iter().filter_map(kind).collect(),
        }
    }

    /// The networks of the best strategy.
    fn best(&self) -> Option<&'a Usage> {
        let mut usages = self.strategies.iter().map(|kind| kind.0);
        usages.find(|one| self.best.as_ref() == Some(&one.curve))
    }

    /// What is drawn as lines: the baseline and the best strategy; all if nothing could be
    /// compared.
    fn drawn(&self) -> impl Iterator<Item = &Kind<'a>> {
        let wanted = |curve: &Curve| {
            let best = self.best.as_ref();
            best.is_none() || curve.strategy == BASELINE || best == Some(curve)
        };
        self.strategies.iter().filter(move |kind| wanted(&kind.0.curve))
    }

    /// What the grey area of a target is: what the pre-trained networks read for it; of a target
    /// that they do not know, for the one of theirs for which they read most like what the best
    /// strategy does.
    fn before(&self, target: &str) -> Option<Before<'a>> {
        let pretrained = self.pretrained?;
        if let Some(profile) = pretrained.of(target) {
            let cosine = None;
            return Some(Before { profile, cosine });
        }
        let ours = self.best()?.of(target)?;
        let alike = |profile: &'a Profile| {
            let cosine = similarity(ours, profile);
            cosine.is_some().then_some(Before { profile, cosine })
        };
        let size = |before: &Before| before.cosine.map_or(0.0, f64::abs);
        let all = pretrained.profiles.iter().filter_map(alike);
        all.max_by(|a, b| size(a).total_cmp(&size(b)))
    }

    fn panel(&self, target: &str, usage: &Usage) -> String {
        let mut lines = Vec::new();
        for (usage, looks, compared) in self.drawn() {
            let flips = compared.iter().find(|one| one.target == target);
            lines.extend(usage.of(target).map(|profile| Line {
                profile,
                looks,
                flips: flips.map_or(&[], |one| &one.flips),
            }));
        }
        panel(target, usage, self.before(target).as_ref(), &lines)
    }

    fn legend(&self) -> String {
        let items = legend(self.drawn().map(|kind| kind.1));
        if self.pretrained.is_none() {
            return items;
        }
        let mut sample = Svg::new(40.0, 14.0);
        sample.area("before", &[(1.0, 2.0), (39.0, 2.0)], 13.0);
        let sample = sample.finish("sample", PRETRAINING);
        let before = format!("<li>{sample}pre-trained, before fine-tuning</li></ul>");
        items.replacen("</ul>", &before, 1)
    }

    /// Which networks, how many rows, and how well attributions add up.
    fn caption(&self) -> String {
        let all = || (self.pretrained.into_iter()).chain(self.strategies.iter().map(|one| one.0));
        let (Some(any), Some((largest, ..))) = (all().next(), self.strategies.first()) else {
            return String::new();
        };
        let rows = any.profiles.first().map_or(0, |profile| profile.rows);
        let gap = all().map(|one| one.gap).fold(0.0, f64::max);
        let networks = match all().map(|one| one.networks).max() {
            Some(most @ 2..) => format!("Means over the first {most} networks of a strategy"),
            _ => "The best network of a strategy".to_owned(),
        };
        let best = (self.best.as_ref()).map_or(String::new(), |best| {
            let best = escape(&best.label());
            format!(
                " Of the strategies that transfer the best one is drawn, {best}; the table has all."
            )
        });
        let before = match self.pretrained {
            Some(_) => {
                " Grey is what the pre-trained networks read on the same rows, of a target that they do not know what is most \
                 alike; blocks at the bottom mark where a sign is clearly the opposite."
            }
            None => "",
        };
        format!(
            "{networks} with {} simulations, on {rows} test rows against {} others; the attributions of a row miss adding up by \
             {} at most.{best}{before}",
            largest.simulations,
            any.background,
            three(gap)
        )
    }

    /// Where signs flip, and what fine-tuning reads as pre-training did.
    fn tables(&self) -> String {
        let (Some(pretrained), Some(best)) = (self.pretrained, self.best()) else {
            return String::new();
        };
        let rows = self.strategies.iter().flat_map(|(usage, _, compared)| {
            compared.iter().map(|one| {
                vec![
                    escape(&usage.curve.label()),
                    escape(&one.target),
                    signed(one.similarity),
                    format!("{} of {}", one.flips.len(), usage.axis.len()),
                    ranges(&usage.axis, &one.flips),
                ]
            })
        });
        let heading = ["strategy", "target", "cosine", "flips", "where"].map(str::to_owned);
        let flips = table(&heading, &rows.collect::<Vec<_>>());
        let (best_name, theirs) = (escape(&best.curve.label()), &pretrained.profiles);
        let names = theirs.iter().map(|their| escape(&their.target));
        let heading: Vec<String> = std::iter::once(best_name.clone()).chain(names).collect();
        let row = |our: &Profile| {
            let cells = theirs.iter().map(|their| signed(similarity(our, their)));
            std::iter::once(escape(&our.target)).chain(cells).collect()
        };
        let alike = table(&heading, &best.profiles.iter().map(row).collect::<Vec<Vec<_>>>());
        format!(
            "<details><summary>Where the sign flips, and what is alike</summary><p class=\"remark\">A sign flips where both use the \
             input, with at least a tenth of the largest attribution, and in a clear direction. The cosine compares all \
             inputs: 1, read alike; -1, with all signs flipped.</p>{flips}<h3>What {best_name} reads for each target (rows), \
             compared with what pre-training read for its own (columns)</h3>{alike}</details>"
        )
    }
}

fn signed(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:+.2}"))
}
