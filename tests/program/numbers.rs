//! Numbers and names that no study can use: too large, not finite, too small to print, or with
//! control characters.

use std::fs;

use crate::common::{STUDY, Study, inputs, ran, ranged, shoal, targets};

/// The study with a key in a table, or at the top.
fn with(study: &Study, from: &str, to: &str) {
    assert!(STUDY.contains(from));
    ranged(study, &STUDY.replace(from, to));
}

#[test]
fn huge_numbers_are_refused_with_both_numbers_also_of_a_plan() {
    let study = Study::new();
    let cases: [(&str, &str, &[&str]); 21] = [
        ("batch = 8", "batch = 10000000", &["training.batch = 10000000", "60 simulations"]),
        ("batch = 8", "batch = 9223372036854775807", &["9223372036854775807", "60 simulations"]),
        ("seeds = 2", "seeds = 4000000000", &["seeds = 4000000000", "at most 1000000"]),
        ("seeds = 2", "seeds = 200000", &["seeds = 200000", "1800000 runs", "at most 1000000"]),
        ("sizes = [10, 20]", "sizes = [9223372036854775807]", &["9223372036854775807", "45"]),
        ("test = 15", "test = 9223372036854775807", &["9223372036854775807", "60"]),
        ("hidden = [8]", "hidden = [1000000]", &["1000000", "1 to 4096"]),
        ("hidden = [8]", "hidden = [9223372036854775807]", &["1 to 4096"]),
        (
            "epochs = 6",
            "epochs = 4294967295",
            &["training.epochs = 4294967295", "at most 10000000"],
        ),
        ("epochs = 6", "epochs = 6\n[pretraining]\ndummies = 1000000000", &["1000000000", "4096"]),
        (
            "epochs = 6",
            "epochs = 6\n[pretraining]\nsimulations = 9223372036854775807",
            &["9223372036854775807", "80"],
        ),
        ("epochs = 6", "epochs = 6\n[pretraining]\nbottleneck = 5000", &["5000", "4096"]),
        (
            "batch = 8",
            "batch = 8\n[pretraining]\nbatch = 99999",
            &["pretraining.batch = 99999", "80 simulations"],
        ),
        (
            "batch = 8",
            "batch = 8\n[strategies.scratch]\nbatch = 99999",
            &["strategies.scratch.batch = 99999", "60 simulations"],
        ),
        (
            "epochs = 6",
            "epochs = 6\n[strategies.attach-head]\nhidden = [99999]",
            &["99999", "1 to 4096"],
        ),
        ("seeds = 2", "search = { trials = 4294967295 }", &["4294967295", "at most 1000000"]),
        ("seeds = 2", "search = { trials = 900000, seeds = 900000 }", &["7290000000000 runs"]),
        ("seeds = 2", "search = { candidates = 4294967295 }", &["search.candidates", "1000000"]),
        ("seeds = 2", "search = { generation = 4294967295 }", &["search.generation", "1000000"]),
        (
            "seeds = 2",
            "search = { space = { batch = { low = 16, high = 99999 } } }",
            &["search.space.batch = 99999", "60 simulations"],
        ),
        ("seeds = 2", "seeds = 99999999999999", &["99999999999999"]),
    ];
    for (from, to, words) in cases {
        with(&study, from, to);
        study.run().fails(2, words);
        study.shoal(&["study", "study.toml", "--plan", "--device", "cpu"]).fails(2, words);
        assert!(!study.path("out").exists(), "{to}");
    }
    // one study file serves data of several sizes
    with(&study, "batch = 8", "batch = 4096");
    study.run().code_is(0);
}

#[test]
fn steps_are_counted_with_the_smallest_batch_of_a_search() {
    let study = Study::new();
    study.write("new_x.csv", &inputs(600));
    study.write("new_y.csv", &targets(600, "a,b,c", 3));
    let search = "search = { space = { batch = { choices = [64, 1] } } }";
    let text = STUDY.replace("seeds = 2", search).replace("epochs = 6", "epochs = 9000000");
    ranged(&study, &text);
    let plan = study.shoal(&["study", "study.toml", "--plan", "--device", "cpu"]);
    plan.fails(2, &["training.epochs = 9000000: at most 7146368 epochs of 601 batches"]);
}

#[cfg(target_os = "linux")]
#[test]
fn what_the_memory_cannot_hold_is_refused_before_it_is_allocated() {
    let study = Study::new();
    with(&study, "hidden = [8]", "hidden = [4096, 4096, 4096, 4096, 4096, 4096]");
    let limited = |arguments: &str| {
        let shoal = shoal().get_program().to_owned();
        let line = format!("ulimit -v 2000000; exec {} {arguments}", shoal.display());
        let mut command = assert_cmd::Command::new("bash");
        ran(command.args(["-c", &line]).current_dir(study.folder.path()))
    };
    for plan in ["--plan", "-o out"] {
        let ran = limited(&format!("study study.toml --device cpu {plan}"));
        ran.fails(2, &["GiB of memory, but there are 1.9 GiB", "hidden"]);
    }
    let k: String = (0..2000).map(|i| format!("{}\n", 0.01 + 1e-4 * f64::from(i))).collect();
    study.write("k.txt", &k);
    let ran = limited("simulate lcdm -n 1000000 --k k.txt -o s.npz --no-noise");
    ran.fails(2, &["1000000 spectra of 2000 bins", "but there are 1.9 GiB"]);
}

#[test]
fn huge_numbers_on_the_command_line_are_refused() {
    let study = Study::new();
    ranged(&study, STUDY);
    study.run().code_is(0);
    let model = "out/models/scratch-20-1.safetensors";
    let fails = |line: &str, words: &[&str]| {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        study.shoal(&arguments).fails(2, words);
    };
    let max = "18446744073709551615";
    fails(&format!("simulate lcdm -n {max} -o s.npz"), &[max, "1048576"]);
    fails(&format!("import --x new_x.csv --y new_y.csv --bins {max} -o s.npz"), &[max, "only 5"]);
    let explain = format!("explain {model} --data new_x.csv -o shown");
    for option in ["--background", "--rows"] {
        fails(&format!("{explain} {option} {max}"), &[max, "60"]);
    }
    fails(&format!("{explain} --method sampled --pairs {max}"), &[max, "at most 1000000"]);
    let alphas = format!("{explain} --method expected-gradients --alphas {max}");
    fails(&alphas, &[max, "at most 1000000"]);
    fails(&format!("bench --workload {max}x1 --device cpu"), &[max]);
    assert!(!study.path("shown").exists());
}

#[test]
fn numbers_that_are_not_finite_are_refused_by_name() {
    let study = Study::new();
    for (from, to, words) in [
        ("hidden = [8]", "hidden = [8]\nslope = nan", "network.slope = NaN: a finite number"),
        ("hidden = [8]", "hidden = [8]\nslope = -inf", "network.slope = -inf: a finite number"),
        ("hidden = [8]", "hidden = [8]\nslope = 1e39", "network.slope = inf: a finite number"),
        ("hidden = [8]", "hidden = [8]\ndropout = nan", "network.dropout = NaN"),
        ("epochs = 6", "epochs = 6\nlearning_rate = nan", "training.learning_rate = NaN"),
        ("epochs = 6", "epochs = 6\nlearning_rate = 1e-60", "training.learning_rate = 1e-60: "),
        ("epochs = 6", "epochs = 6\nepsilon = 1e-300", "training.epsilon = 1e-300: a number above"),
        ("epochs = 6", "epochs = 6\nweight_decay = 1e300", "training.weight_decay = 1e300: "),
        ("test = 15", "test = 15\nvalidation = nan", "validation = NaN"),
        ("y = \"new_y.csv\"", "y = \"new_y.csv\"\nmax_k = nan", "`max_k`"),
    ] {
        with(&study, from, to);
        study.run().fails(2, &[words]);
    }
    let import = |range: &str| {
        let range = format!("--range={range}");
        study.shoal(&["import", "--x", "new_x.csv", "--y", "new_y.csv", &range, "-o", "d.npz"])
    };
    let finite = "both numbers, and their difference, must be finite";
    import("a=0:inf").fails(2, &["'a' has the range [0, inf]", finite]);
    import("a=-inf:1").fails(2, &["[-inf, 1]", finite]);
    import("a=nan:1").fails(2, &["[NaN, 1]", finite]);
    import("a=-1e308:1e308").fails(2, &["[-1e308, 1e308]", finite]);
    import("a=1:0").fails(2, &["[1, 0]", "the first number must be less than the second"]);
    let simulate = ["simulate", "lcdm", "-n", "2", "--range", "h=0.5:inf", "-o", "s.npz"];
    study.shoal(&simulate).fails(2, &["the range of h goes from 0.5 to inf", "finite numbers"]);
}

#[test]
fn tiny_and_huge_numbers_are_printed_with_an_exponent() {
    let study = Study::new();
    study.write("x.csv", "1e-300,1e300\n2e-300,2e300\n");
    study.write("y.csv", "tiny,huge\n1e-300,-1e300\n3e-300,4e300\n");
    study.shoal(&["import", "--x", "x.csv", "--y", "y.csv", "-o", "d.npz"]).code_is(0);
    let ran = study.shoal(&["inspect", "d.npz"]);
    assert!(ran.out.contains("target tiny: 1e-300 to 3e-300, scaled from [1e-300, 3e-300]"));
    assert!(ran.out.contains("target huge: -1e300 to 4e300, scaled from [-1e300, 4e300]"));
    let range = ["--range", "tiny=1e-300:2e-300"];
    let arguments =
        [&["import", "--x", "x.csv", "--y", "y.csv", "-o", "e.npz"][..], &range].concat();
    study.shoal(&arguments).fails(2, &["'tiny' is 3e-300 in row 1", "[1e-300, 2e-300]"]);
}

#[test]
fn control_characters_do_not_reach_the_terminal_or_the_page() {
    let study = Study::new();
    let escape = "\u{1b}[31mred\u{1b}]0\u{7}";
    let fails = |words: &[&str]| {
        let ran = study.run();
        ran.fails(2, words);
        let control = |letter: char| letter.is_control() && letter != '\n';
        assert!(!ran.err.contains(control), "{:?}", ran.err);
    };
    ranged(&study, &STUDY.replace("\"small\"", r#""\u001b[31mred""#));
    fails(&["name = \"\\u{1b}[31mred\"", "control characters"]);
    ranged(&study, STUDY);
    let good = study.read("new_x.csv");
    study.write("new_x.csv", &format!("{escape},b,c,d,e\n{good}"));
    fails(&["\\u{1b}[31mred", "control character"]);
    study.write("new_x.csv", &good.replacen("1", escape, 1));
    fails(&["\\u{1b}[31mred"]);
    study.write("study.toml", &format!("{escape} = 1\n"));
    fails(&["study.toml"]);
    // tables that a stranger made
    study.write("new_x.csv", &good);
    ranged(&study, STUDY);
    study.run().code_is(0);
    for name in ["runs.csv", "summary.csv", "study.json"] {
        let text = study.read(&format!("out/{name}"));
        let name_of_study = text.replace("\"small\"", r#""\u001b[31mred""#);
        fs::write(
            study.path(&format!("out/{name}")),
            name_of_study.replace("scratch", "\u{1b}[0m"),
        )
        .unwrap();
    }
    let ran = study.shoal(&["analyse", "out"]);
    let page = study.read("out/report.html");
    for text in [ran.out, ran.err, page] {
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}

#[test]
fn a_device_that_is_named_by_chance_is_refused_with_the_list() {
    let study = Study::new();
    ranged(&study, STUDY);
    let fails = |device: &str, words: &[&str]| {
        let ran = study.shoal(&["study", "study.toml", "-o", "out", "--device", device]);
        ran.fails(3, words);
        let none = ran.err.contains("no GPU and no software rasterizer");
        assert!(none || ran.err.contains("there are gpu:0 '"), "{}", ran.err);
        assert!(!study.path("out").exists());
        !none
    };
    if !fails("0", &[]) {
        eprintln!("SKIPPED a_device_that_is_named_by_chance: there is no adapter");
        return;
    }
    fails("0", &["--device '0'", "a number is written gpu:0"]);
    fails("", &["--device ''", "names no device"]);
    fails("gpu:", &["--device ''", "names no device"]);
    fails(" ", &["names no device"]);
    fails("l", &["too short"]);
    fails("gpu:99", &["there is no gpu:99"]);
    fails("gpu:nothing", &["is the name of no adapter"]);
    let listed = study.shoal(&["devices"]);
    assert!(listed.out.starts_with("gpu:0  "), "{}", listed.out);
    let plan = ["study", "study.toml", "--plan", "--device", "gpu:0"];
    study.shoal(&plan).code_is(0);
}
