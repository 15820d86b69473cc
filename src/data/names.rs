//! Names of columns, and the prior ranges of the parameters that everybody in cosmology calls by
//! the same few names.

use std::collections::BTreeSet;

use crate::input_error;
use crate::error::Result;

/// Names, without case and punctuation, and the range of the simulations in arXiv:2510.19168:
/// Omega_m, Omega_b, h, n_s, sigma_8 of Quijote; M_nu in eV; f_R0; f_NL of the two shapes. `f_NL`
/// without its shape is left out, for the two differ.
const KNOWN: [(&[&str], [f64; 2]); 9] = [
    (&["om", "omegam", "ωm"], [0.1, 0.5]),
    (&["ob", "omegab", "ωb"], [0.02, 0.08]),
    (&["h"], [0.5, 0.9]),
    (&["ns"], [0.8, 1.2]),
    (&["s8", "sigma8", "σ8"], [0.6, 1.0]),
    (&["mnu", "summnu", "mν"], [0.01, 1.0]),
    (&["fr0"], [-3e-4, 0.0]),
    (&["fnlequilateral", "fnlequil", "fnleq", "equilateralfnl"], [-600.0, 600.0]),
    (&["fnllocal", "fnlloc", "localfnl"], [-300.0, 300.0]),
];

/// The prior range of a well-known parameter: `Om`, `Omega_m`, `OmegaM` are the same; `None` for an
/// unknown name.
pub fn known_range(name: &str) -> Option<[f64; 2]> {
    let bare: String =
        without_unit(name).chars().filter(|character| character.is_alphanumeric()).collect();
    let bare = bare.to_lowercase();
    KNOWN.iter().find(|(names, _)| names.contains(&bare.as_str())).map(|&(_, range)| range)
}

/// A name without its unit: `M_nu[eV]` is `M_nu`.
pub fn without_unit(name: &str) -> &str {
    name.split_once('[').map_or(name, |(name, _)| name).trim()
}

/// Names for columns that have none: `y0`, `y1`, ...
pub(crate) fn numbered(letter: char, count: usize) -> Vec<String> {
    (0..count).map(|index| format!("{letter}{index}")).collect()
}

/// Where `name` is in `names`.
///
/// # Errors
/// It is not there: `what` was asked for, the nearest name, and all names.
pub(crate) fn find(names: &[String], name: &str, what: &str) -> Result<usize> {
    names.iter().position(|other| other == name).ok_or_else(|| {
        let near =
            |other: &&String| strsim::jaro_winkler(&other.to_lowercase(), &name.to_lowercase());
        let nearest = names
            .iter()
            .max_by(|a, b| near(a).total_cmp(&near(b)))
            .filter(|other| near(other) > 0.7);
        let advice = nearest.map_or(String::new(), |other| format!(" Did you mean '{other}'?"));
        input_error!("there is no {what} '{name}'; there are {}.{advice}", names.join(", "))
    })
}

/// Checks that no name is there twice or empty.
pub(crate) fn check_unique(names: &[String], what: &str) -> Result<()> {
    let mut seen = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        if name.is_empty() {
            return Err(input_error!("{what} {index} has no name; every {what} needs one"));
        }
        if !seen.insert(name) {
            return Err(input_error!("the {what} name '{name}' is there twice; names must differ"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_parameters_have_their_priors_under_each_of_their_names() {
        for name in ["Om", "Omega_m", "omega_M", "OmegaM", "Ω_m"] {
            assert_eq!(known_range(name), Some([0.1, 0.5]), "{name}");
        }
        assert_eq!(known_range("n_s"), Some([0.8, 1.2]));
        assert_eq!(known_range("M_nu[eV]"), Some([0.01, 1.0]));
        assert_eq!(known_range("f_R0"), Some([-3e-4, 0.0]));
        assert_eq!(known_range("f_NL_local"), Some([-300.0, 300.0]));
        assert_eq!(known_range("f_NL"), None);
        assert_eq!(known_range("w"), None);
    }

    #[test]
    fn an_unknown_name_gets_the_nearest_one() {
        let names = ["Omega_m", "sigma_8"].map(String::from);
        let error = find(&names, "sigma8", "target").unwrap_err().to_string();
        assert!(
            error.contains("no target 'sigma8'") && error.contains("Did you mean 'sigma_8'"),
            "{error}"
        );
    }
}
