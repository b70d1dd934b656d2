//! Conditions on texts, as several kinds of check have them.

use blackstart_model::check::TextCondition;

/// What is wrong with these texts by these conditions, in words: the first that does not hold.
pub(crate) fn broken(conditions: &[TextCondition], texts: &[&[u8]]) -> Option<String> {
    let condition = conditions.iter().find(|condition| !holds(condition, texts))?;
    Some(expected(condition))
}

/// Whether it holds: one of the texts contains it, or none does.
pub(crate) fn holds(condition: &TextCondition, texts: &[&[u8]]) -> bool {
    let contains = |needle: &str| texts.iter().any(|text| find(text, needle.as_bytes()));
    match condition {
        TextCondition::Contains(needle) => contains(needle),
        TextCondition::Lacks(needle) => !contains(needle),
    }
}

/// Quick enough for the one MiB that is read at most by default.
fn find(text: &[u8], needle: &[u8]) -> bool {
    needle.is_empty() || text.windows(needle.len()).any(|window| window == needle)
}

/// What was expected, in words.
pub(crate) fn expected(condition: &TextCondition) -> String {
    match condition {
        TextCondition::Contains(needle) => format!("`{needle}` is missing"),
        TextCondition::Lacks(needle) => format!("`{needle}` is there"),
    }
}
