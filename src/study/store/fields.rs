//! Numbers and lines as CSV writes them.

/// Rust's shortest digits that read back as the same number; with an exponent where they would be
/// mostly zeros.
pub(crate) fn number_text(value: Option<f64>) -> String {
    match value.filter(|value| value.is_finite()) {
        None => String::new(),
        Some(value) if value != 0.0 && !(1e-5..1e15).contains(&value.abs()) => format!("{value:e}"),
        Some(value) => format!("{value}"),
    }
}

/// Lines of fields as CSV, quoted where needed.
pub(crate) fn csv_text<'a>(lines: impl Iterator<Item = &'a [String]>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in lines {
        // Writing into memory fails only for lines of unequal length, and those are ours.
        writer.write_record(line).expect("CSV lines of one length");
    }
    writer.into_inner().expect("CSV in memory")
}
