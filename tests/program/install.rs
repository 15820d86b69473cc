//! What an installed program needs and gives: completions, manual pages, and a quick start without
//! a GPU driver.

use std::time::{Duration, Instant};

use crate::common::{ran, shoal};

#[test]
fn completions_and_manual_pages_have_every_command() {
    let help = ran(shoal().arg("--help")).out;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| !line.is_empty());
    // a description goes on below itself
    let commands = commands.filter(|line| !line.starts_with("   "));
    let commands: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.contains(&"study") && commands.contains(&"export"), "{commands:?}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = ran(shoal().args(["completions", shell]));
        ran.code_is(0);
        commands.iter().for_each(|name| assert!(ran.out.contains(name), "{shell}: {name}"));
    }
    ran(shoal().args(["completions", "csh"])).fails(2, &["csh", "possible values", "bash"]);
    let page = ran(shoal().arg("man"));
    assert!(page.out.contains(".TH shoal 1"), "{}", page.out);
    for name in commands {
        let page = ran(shoal().args(["man", name]));
        page.code_is(0);
        assert!(page.out.contains(&format!(".TH shoal-{name} 1")), "{}", page.out);
    }
    ran(shoal().args(["man", "nothing"])).fails(2, &["no command 'nothing'", "study, "]);
}

/// The median of some starts: a machine that runs tests beside it is slow at times.
#[test]
fn the_program_starts_at_once_and_without_vulkan() {
    let start = |_| {
        let begin = Instant::now();
        ran(shoal().arg("--version")).code_is(0);
        begin.elapsed()
    };
    let mut times: Vec<Duration> = (0..21).map(start).collect();
    times.sort();
    assert!(times[10] < Duration::from_millis(50), "{:?}", times[10]);
    if let Ok(ldd) = std::process::Command::new("ldd").arg(env!("CARGO_BIN_EXE_shoal")).output() {
        let libraries = String::from_utf8_lossy(&ldd.stdout).into_owned();
        assert!(!libraries.contains("vulkan"), "{libraries}");
    }
}
