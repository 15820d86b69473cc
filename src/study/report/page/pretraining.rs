//! What a larger pre-training is worth: test MSE against the simulations that networks were
//! pre-trained on.

use crate::study::stats::findings::Findings;
use crate::study::store::pretraining_size::PretrainingSize;
use crate::study::transfer::BASELINE;

use crate::study::report::page::curves::{table, three};
use crate::study::report::page::frame::{Frame, Names};
use crate::study::report::page::series::{Series, legend, looks};
use crate::study::report::page::svg::{Place, Svg, escape};

const SIZE: (f64, f64) = (360.0, 290.0);

/// The largest pre-training of a study that has several.
pub fn largest(findings: &Findings) -> Option<usize> {
    let counts = findings.pretraining_sizes.iter();
    counts.map(|one| one.pretraining_simulations).max()
}

/// A panel for each strategy with a line for each number of simulations to fine-tune on, the
/// sentences and the table.
pub fn pretraining(findings: &Findings) -> String {
    let all = &findings.pretraining_sizes;
    let (mut strategies, mut sizes): (Vec<&str>, Vec<usize>) = (vec![], vec![]);
    for one in all {
        if !strategies.contains(&one.strategy.as_str()) {
            strategies.push(&one.strategy);
        }
        if !sizes.contains(&one.simulations) {
            sizes.push(one.simulations);
        }
    }
    let names: Vec<String> = (sizes.iter()).map(|size| format!("{size} simulations")).collect();
    let lines: Vec<(usize, Series)> = sizes.into_iter().zip(looks(&names)).collect();
    let panels: String = (strategies.iter()).map(|strategy| panel(all, strategy, &lines)).collect();
    let sentences: String = (findings.pretraining_size_verdict.iter())
        .map(|sentence| format!("<li>{}</li>", escape(sentence)))
        .collect();
    format!(
        "<ul>{sentences}</ul>{}<div class=\"panels\">{panels}</div><p class=\"remark\">Bars are 95 % intervals of the mean over \
         seeds (Student's t); dotted levels are {BASELINE} with the same simulations.</p><details><summary>The \
         numbers</summary>{}</details>",
        legend(lines.iter().map(|line| &line.1)),
        numbers(all)
    )
}

fn panel(all: &[PretrainingSize], strategy: &str, lines: &[(usize, Series)]) -> String {
    let own: Vec<&PretrainingSize> = all.iter().filter(|one| one.strategy == strategy).collect();
    let mut counts: Vec<usize> = own.iter().map(|one| one.pretraining_simulations).collect();
    counts.retain(|count| *count > 0);
    // a bar that nearly reaches zero would stretch a logarithmic axis without end
    let ends = own.iter().flat_map(|one| {
        let [low, high] = one.interval.unwrap_or([one.mean; 2]);
        [low.max(one.mean / 2.0), high, one.mean]
    });
    counts.sort_unstable();
    counts.dedup();
    let names = Names { title: strategy, x: "simulations to pre-train on", y: "test MSE" };
    let frame = Frame::new(SIZE, names, &counts, &ends.collect::<Vec<_>>(), 1.5);
    let mut svg = Svg::new(SIZE.0, SIZE.1);
    frame.draw(&mut svg, names);
    for (index, (size, looks)) in lines.iter().enumerate() {
        let aside = (index as f64 - (lines.len() as f64 - 1.0) / 2.0) * 3.0;
        let same = own.iter().copied().filter(|one| one.simulations == *size);
        draw(&mut svg, &same.collect::<Vec<_>>(), looks, &frame, aside);
    }
    svg.finish("", &format!("test MSE of {strategy} against the simulations to pre-train on"))
}

/// The line of one number of simulations to fine-tune on.
fn draw(svg: &mut Svg, own: &[&PretrainingSize], looks: &Series, frame: &Frame, aside: f64) {
    let x = |one: &PretrainingSize| frame.x.place(one.pretraining_simulations as f64) + aside;
    svg.begin(&looks.class);
    let (left, right) = frame.x.pixels();
    for one in own.iter().filter(|one| one.pretraining_simulations == 0) {
        let y = frame.y.place(one.mean);
        svg.path("level", &[(left, y), (right, y)], &[1.0, 4.0]);
    }
    let after = || own.iter().filter(|one| one.pretraining_simulations > 0);
    let places = after().map(|one| (x(one), frame.y.place(one.mean)));
    svg.path("curve", &places.collect::<Vec<Place>>(), looks.style.dashes);
    for one in after() {
        let at = (x(one), frame.y.place(one.mean));
        if let Some(ends) = one.interval {
            let [low, high] = ends.map(|end| (at.0, frame.y.place(end)));
            svg.line("bar", low, high);
        }
        let interval = one
            .interval
            .map_or(String::new(), |[low, high]| format!(" ({} to {})", three(low), three(high)));
        let title = format!(
            "{}, {} simulations after {} to pre-train on: {}{interval}",
            one.strategy,
            one.simulations,
            one.pretraining_simulations,
            three(one.mean)
        );
        svg.marker(&looks.style, at, 3.8, &title);
    }
    svg.end();
}

/// Every mean with its interval, and what it is relative to the largest pre-training.
fn numbers(all: &[PretrainingSize]) -> String {
    let heading = ["strategy", "simulations", "pre-trained on", "test MSE", "relative to the most"];
    let between = |ends: Option<[f64; 2]>| {
        ends.map_or(String::new(), |[low, high]| format!(" ({} to {})", three(low), three(high)))
    };
    let row = |one: &PretrainingSize| {
        let ratio = one.ratio.map_or("-".to_owned(), three);
        vec![
            escape(&one.strategy),
            one.simulations.to_string(),
            match one.pretraining_simulations {
                0 => format!("none ({BASELINE})"),
                count => count.to_string(),
            },
            three(one.mean) + &between(one.interval),
            ratio + &between(one.ratio_interval),
        ]
    };
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    table(&heading.map(str::to_owned), &rows)
}
