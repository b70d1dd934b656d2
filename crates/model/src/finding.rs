//! Findings: what is wrong with a text an operator wrote, all of it at once.

use crate::codes::codes;
use std::ops::Range;

codes! {
    /// How grave a finding is; decides the exit code.
    Severity {
        /// Worth knowing.
        Note = "note",
        /// Probably not meant.
        Warning = "warning",
        /// The plant cannot be loaded.
        Error = "error",
    }
}

codes! {
    /// How sure a finding is.
    Confidence {
        /// It may be meant so.
        Low = "low",
        /// Likely wrong.
        Medium = "medium",
        /// Certain.
        High = "high",
    }
}

/// One finding about a plant file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The stable code, `BS0101`; its page is `docs/findings/BS0101.md`.
    pub code: &'static str,
    /// How grave.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// What is wrong, as a sentence fragment in lower case.
    pub message: String,
    /// Where, the first being the place to underline.
    pub labels: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
}

/// A place in a source text, with words to put under it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// Which file, an index into the sources that were read.
    pub file: usize,
    /// Byte range in it.
    pub bytes: Range<usize>,
    /// The words; may be empty.
    pub text: String,
}
