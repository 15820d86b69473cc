//! The fault campaign: studies of some hundreds of small runs are disturbed at random moments, then
//! the same command is given again. Every file must be that of an undisturbed study, byte for byte.
//!
//! ```sh
//! cargo test --release --test faults                  # 200 moments, about ten minutes
//! cargo test --release --test faults -- 20 7          # 20 moments of the seed 7
//! ```
//!
//! It is not part of `cargo test`. [`faults::FAULTS`] lists what is done; root may do more of it.

#[cfg(target_os = "linux")]
mod clock;
#[cfg(target_os = "linux")]
mod faults;
#[cfg(target_os = "linux")]
mod study;

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("SKIPPED: the fault campaign needs Linux");
}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    let numbers: Vec<u32> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let (count, seed) =
        (numbers.first().copied().unwrap_or(200), numbers.get(1).copied().unwrap_or(1));
    match campaign(count, seed) {
        true => std::process::ExitCode::SUCCESS,
        false => std::process::ExitCode::FAILURE,
    }
}

/// Whether every study survived.
#[cfg(target_os = "linux")]
fn campaign(count: u32, seed: u32) -> bool {
    use faults::FAULTS;
    use shoal::engine::random::{pcg4d, unit};
    use study::{PLAIN, SEARCH, Study};

    let begin = std::time::Instant::now();
    let studies = [PLAIN, SEARCH].map(Study::new);
    for study in &studies {
        let files = study.reference.len();
        println!("{}: {:.1} s undisturbed, {files} files compared", study.name, study.seconds);
    }
    let mut tally = vec![[0; 3]; FAULTS.len()];
    for moment in 0..count {
        let place = moment as usize % FAULTS.len();
        let study = &studies[moment as usize / FAULTS.len() % studies.len()];
        let draws = pcg4d([seed, moment, 3, 5]).map(unit);
        let at = study.seconds * draws[0];
        let ended = study.disturbed(&FAULTS[place], at, [draws[1], draws[2]]);
        tally[place][0] += 1;
        tally[place][1] += usize::from(ended.was_running);
        match ended.difference {
            None => tally[place][2] += 1,
            Some(difference) => println!(
                "LOST: moment {moment} of seed {seed}, {} at {at:.3} s of {}: {difference}",
                FAULTS[place].name, study.name
            ),
        }
    }
    println!("\n| fault | moments | while it ran | survived |\n|---|---:|---:|---:|");
    for (fault, [moments, running, survived]) in FAULTS.iter().zip(&tally) {
        println!("| {} | {moments} | {running} | {survived} |", fault.name);
    }
    let survived: usize = tally.iter().map(|one| one[2]).sum();
    let minutes = begin.elapsed().as_secs_f64() / 60.0;
    println!("\n{survived} of {count} survived (seed {seed}, {minutes:.1} minutes)");
    survived == count as usize
}
