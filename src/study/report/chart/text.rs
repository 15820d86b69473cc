//! How wide a text is, and texts that fit a width.

/// The width of a text in pixels, roughly that of DejaVu Sans.
pub(crate) fn width_of(text: &str, size: f64) -> f64 {
    let share = |character: char| match character {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '|' | '\'' | ' ' => 0.31,
        'f' | 'r' | 't' | '(' | ')' | '[' | ']' | '-' | '/' => 0.39,
        'c' | 's' | 'z' | '_' => 0.53,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.93,
        'A'..='Z' => 0.71,
        _ => 0.63,
    };
    text.chars().map(share).sum::<f64>() * size
}

/// The text, cut to a width with an ellipsis.
pub(crate) fn fitted(text: &str, size: f64, width: f64) -> String {
    if width_of(text, size) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        kept.push(character);
        if width_of(&kept, size) + width_of("…", size) > width {
            kept.pop();
            break;
        }
    }
    kept + "…"
}

/// The text in lines of at most a width; a word that is wider has a line of its own.
pub(crate) fn wrapped(text: &str, size: f64, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width_of(&format!("{line} {word}"), size) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fit_their_width() {
        assert_eq!(fitted("Omega_m", 12.0, 100.0), "Omega_m");
        let cut = fitted("a name that is far too long", 12.0, 80.0);
        assert!(cut.ends_with('…') && width_of(&cut, 12.0) <= 80.0, "{cut}");
        let lines = wrapped("Mean over 10 seeds, error bars: standard error.", 12.0, 120.0);
        assert!(lines.len() > 1 && lines.iter().all(|line| width_of(line, 12.0) <= 120.0));
        assert_eq!(lines.join(" "), "Mean over 10 seeds, error bars: standard error.");
        assert_eq!(wrapped("", 12.0, 100.0), [""; 0]);
    }
}
