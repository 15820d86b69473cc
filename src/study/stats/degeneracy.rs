//! Whether degeneracies predict where transfer hurts.

use crate::study::metric::MSE;
use crate::study::stats::words::joined;
use crate::study::store::degeneracy::Degeneracy;
use crate::study::store::negative_transfer::Transfer;
use crate::study::store::run::Curve;
use crate::study::store::summary::Summary;
use crate::study::transfer::BASELINE;

/// A new target is taken for another one if that adds this share of the baseline's squared error.
const NOTICED: f64 = 0.1;

/// What the shift of a target is worth: its square, as a share of the baseline's squared error of
/// the target at the largest size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Worth {
    /// The share.
    pub share: f64,
    /// Whether the interval of the shift excludes 0.
    pub is_certain: bool,
}

/// [`Worth`] of a degeneracy; absent if the squared error was not measured, or is 0.
pub(crate) fn worth(summary: &Summary, one: &Degeneracy) -> Option<Worth> {
    let size = summary.sizes().last().copied()?;
    let row = summary.row(&Curve::of(BASELINE), size)?;
    let target = summary.targets.iter().position(|name| *name == one.shared)?;
    let score = row.test.iter().find(|score| score.metric == MSE)?;
    let error = score.targets[target].mean.filter(|error| *error > 0.0)?;
    let is_certain = one.interval.is_none_or(|[low, high]| low > 0.0 || high < 0.0);
    Some(Worth { share: one.shift * one.shift / error, is_certain })
}

/// A sentence for each new target: which targets of the pre-training it is taken for, and whether
/// these are the ones that transfer hurts. Empty where nothing could be tested.
pub(crate) fn degeneracy_sentences(
    summary: &Summary,
    all: &[Degeneracy],
    transfers: &[Transfer],
) -> Vec<String> {
    if transfers.iter().all(|one| one.p_corrected.is_none()) {
        return vec![];
    }
    let is_hurt = |name: &str| {
        let own = |one: &&Transfer| one.target.as_deref() == Some(name);
        transfers.iter().filter(own).any(Transfer::is_negative)
    };
    let of_new = |new| {
        let own = all.iter().filter(|one| one.new == new);
        let worths = own.filter_map(|one| Some((one.shared.as_str(), worth(summary, one)?)));
        sentence(new, worths.collect(), summary.sizes().last().copied()?, is_hurt)
    };
    new_targets(all).into_iter().filter_map(of_new).collect()
}

/// The new targets, each once.
pub(crate) fn new_targets(all: &[Degeneracy]) -> Vec<&str> {
    let mut new: Vec<&str> = all.iter().map(|one| one.new.as_str()).collect();
    new.dedup();
    new
}

/// What is said of a new target, with what it is worth for each target of the pre-training.
pub(crate) fn sentence(
    new: &str,
    mut worths: Vec<(&str, Worth)>,
    size: usize,
    is_hurt: impl Fn(&str) -> bool,
) -> Option<String> {
    worths.sort_by(|one, other| other.1.share.total_cmp(&one.1.share));
    let (most, _) = worths.first()?;
    let percent = |worth: &Worth| format!("{:.0} %", 100.0 * worth.share);
    let taken: Vec<&(&str, Worth)> =
        worths.iter().filter(|(_, one)| one.is_certain && one.share >= NOTICED).collect();
    let hurt: Vec<&str> = worths.iter().map(|one| one.0).filter(|name| is_hurt(name)).collect();
    let is_taken = |name: &str| taken.iter().any(|one| one.0 == name);
    if taken.is_empty() {
        let all = format!(
            "pre-trained networks hardly take {new} for another target: at most for {most}, by {} of \
             the squared error of {BASELINE} with {size} simulations",
            percent(&worths[0].1)
        );
        return Some(match hurt.is_empty() {
            true => format!("Degeneracy: {all}, and transfer hurts none of these."),
            false => format!(
                "Degeneracy does not explain where transfer hurts ({}): {all}.",
                joined(&hurt)
            ),
        });
    }
    let names: Vec<String> =
        taken.iter().map(|(name, worth)| format!("{name} ({})", percent(worth))).collect();
    let begin = format!(
        "pre-trained networks take {new} for {}, of the squared error of {BASELINE} with {size} \
         simulations",
        joined(&names)
    );
    let both: Vec<&str> = hurt.iter().copied().filter(|name| is_taken(name)).collect();
    let missed: Vec<&str> = hurt.iter().copied().filter(|name| !is_taken(name)).collect();
    let spared: Vec<&str> = taken.iter().map(|one| one.0).filter(|name| !is_hurt(name)).collect();
    let mut rest = Vec::new();
    if !missed.is_empty() {
        rest.push(format!("it does not explain {}", joined(&missed)));
    }
    if !spared.is_empty() {
        let is = if spared.len() == 1 { "is" } else { "are" };
        rest.push(format!("{} {is} not hurt", joined(&spared)));
    }
    let rest = rest.iter().map(|part| format!("; {part}")).collect::<String>();
    let itself = if is_hurt(new) { format!(", and {new} itself") } else { String::new() };
    Some(match (both.is_empty(), hurt.is_empty()) {
        (false, _) => format!(
            "Degeneracy predicts {}where transfer hurts: {begin}; it hurts {}{itself}{rest}.",
            if rest.is_empty() { "" } else { "in part " },
            joined(&both)
        ),
        (true, true) if is_hurt(new) => {
            format!("Degeneracy: {begin}; transfer hurts {new} itself, and none of these.")
        }
        (true, true) => format!("Degeneracy: {begin}, yet transfer hurts none of these."),
        (true, false) => format!(
            "Degeneracy does not predict where transfer hurts ({}): {begin}{rest}.",
            joined(&hurt)
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prediction_is_whole_in_part_or_none() {
        let worth = |share: f64| Worth { share, is_certain: true };
        let said = |hurt: &[&str]| {
            let all = vec![("h", worth(0.01)), ("sigma_8", worth(0.3)), ("n_s", worth(0.4))];
            sentence("M_nu", all, 200, |name| hurt.contains(&name)).unwrap()
        };
        let taken = "pre-trained networks take M_nu for n_s (40 %) and sigma_8 (30 %), of the \
                     squared error of scratch with 200 simulations";
        let cases: [(&[&str], String); 6] = [
            (
                &["n_s", "sigma_8"],
                format!("predicts where transfer hurts: {taken}; it hurts n_s and sigma_8."),
            ),
            (
                &["n_s", "sigma_8", "M_nu"],
                format!(
                    "predicts where transfer hurts: {taken}; it hurts n_s and sigma_8, and M_nu \
                     itself."
                ),
            ),
            (
                &["h", "n_s"],
                format!(
                    "predicts in part where transfer hurts: {taken}; it hurts n_s; it does not \
                     explain h; sigma_8 is not hurt."
                ),
            ),
            (
                &["h"],
                format!(
                    "does not predict where transfer hurts (h): {taken}; it does not explain h; \
                     n_s and sigma_8 are not hurt."
                ),
            ),
            (&[], format!("{taken}, yet transfer hurts none of these.")),
            (&["M_nu"], format!("{taken}; transfer hurts M_nu itself, and none of these.")),
        ];
        for (hurt, expected) in cases {
            let said = said(hurt);
            assert!(said.ends_with(&expected), "{hurt:?}:\n{said}\n{expected}");
        }
        let uncertain = |share: f64| Worth { share, is_certain: false };
        let said = sentence("M_nu", vec![("h", uncertain(0.5))], 200, |_| false).unwrap();
        assert!(said.contains("hardly take M_nu for another target: at most for h"), "{said}");
    }
}
