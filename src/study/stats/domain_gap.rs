//! How much pre-trained networks lose in the domain of the fine-tuning.

use crate::study::stats::bootstrap::Bootstrap;
use crate::study::stats::words::three;
use crate::study::store::run::Curve;
use crate::study::store::summary::Summary;
use crate::study::transfer::{BASELINE, Strategy};

/// For each curve that applies a pre-trained network as it is, a sentence that compares it with the
/// baseline and with the same network after fine-tuning, at the largest size.
pub(crate) fn domain_gap(summary: &Summary, bootstrap: &Bootstrap) -> Vec<String> {
    let applied = summary.curves.iter().filter(|curve| curve.strategy == Strategy::Applied.name());
    let sentence = |curve: &Curve| {
        let size = summary.of(curve).map(|row| row.simulations).max()?;
        let mean = |curve: &Curve| summary.row(curve, size)?.score().mean;
        let own = mean(curve)?;
        let metric = summary.metric();
        let tuned = Curve { strategy: Strategy::WarmStart.name().to_owned(), ..curve.clone() };
        let compared = |other: &Curve, name: &str| {
            let gap = own - mean(other)?;
            let ends = bootstrap.difference(curve, other, size);
            let ends = ends.map_or(String::new(), |[low, high]| {
                format!(" (95 % interval {} to {})", three(low), three(high))
            });
            Some(format!("minus that of {name} it is {}{ends}", three(gap)))
        };
        let parts = [
            compared(&Curve::of(BASELINE), BASELINE),
            compared(&tuned, &format!("{}, of the same networks fine-tuned,", tuned.label())),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| {
            format!(
                "Domain gap with {size} simulations: without fine-tuning ({}) the test {} is {}; \
                 {}.",
                curve.label(),
                metric.title,
                three(own),
                parts.join(", ")
            )
        })
    };
    applied.filter_map(sentence).collect()
}
