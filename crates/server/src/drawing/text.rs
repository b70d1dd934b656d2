//! How wide a text is, without the font at hand.
//!
//! Widths are those of a wide sans-serif (DejaVu Sans, by classes, rounded up), so that a text fits in
//! narrower ones as well. It never lets a text be wider than it was told: what is too long loses its middle,
//! for names differ at their ends.

/// Width of a character in hundredths of the font's size.
fn hundredths(char: char) -> i32 {
    match char {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 34,
        ' ' | '-' | '/' | 'f' | 't' | 'r' | '(' | ')' | 's' | '"' => 44,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 100,
        'A'..='Z' => 78,
        '\0'..='\u{7f}' => 65,
        // Signs, and scripts whose letters are square.
        _ => 105,
    }
}

/// How wide a text is, in pixels, rounded up.
pub(super) fn width(text: &str, size: i32) -> i32 {
    let hundredths: i64 = text.chars().map(|char| i64::from(hundredths(char))).sum();
    i32::try_from((hundredths * i64::from(size) + 99) / 100).unwrap_or(i32::MAX)
}

/// The text, or as much of its ends as fits.
pub(super) fn fitted(text: &str, size: i32, width_max: i32) -> String {
    if width(text, size) <= width_max {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    // Two parts of the beginning for one of the end.
    (1..chars.len())
        .rev()
        .map(|kept| {
            let end = kept / 3;
            let mut short: String = chars[..kept - end].iter().collect();
            short.push('…');
            short.extend(&chars[chars.len() - end..]);
            short
        })
        .find(|short| width(short, size) <= width_max)
        .unwrap_or_else(|| "…".to_owned())
}

/// The text without what XML 1.0 (section 2.2) cannot hold.
pub(super) fn clean(text: &str) -> String {
    let held = |char: char| !char.is_control() && !matches!(char, '\u{fffe}' | '\u{ffff}');
    text.chars().map(|char| if held(char) { char } else { '\u{fffd}' }).collect()
}

/// A number as people read it: 12,345.
pub(super) fn number(count: usize) -> String {
    let digits = count.to_string();
    let mut words = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            words.push(',');
        }
        words.push(digit);
    }
    words
}
