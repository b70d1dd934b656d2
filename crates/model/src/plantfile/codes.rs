//! The findings a plant file can have: one list. Each has a page under `docs/findings/` and a case
//! in the tests.

use crate::finding::Severity;

/// A kind of finding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Code {
    /// Stable: `BS` and four digits.
    pub id: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// What it means, in a few words.
    pub title: &'static str,
}

/// A list of findings: a constant each, for the module above, and all of them.
macro_rules! findings {
    ($($name:ident = $id:literal, $severity:ident, $title:literal;)*) => {
        $(pub(super) const $name: Code =
            Code { id: $id, severity: Severity::$severity, title: $title };)*

        /// Every finding there is.
        pub const ALL: &[Code] = &[$($name,)*];
    };
}

pub(crate) use findings;

findings! {
    SYNTAX = "BS0101", Error, "the text is not YAML";
    LIMIT = "BS0102", Error, "the text is larger or deeper than a plant file may be";
    DUPLICATE_KEY = "BS0103", Error, "a key stands twice in one map";
    DOCUMENTS = "BS0104", Error, "a file holds more than one document";
    SHAPE = "BS0105", Error, "another shape is expected here";
    UNKNOWN_KEY = "BS0106", Error, "this key has no meaning here";
    MISSING_KEY = "BS0107", Error, "a key is missing";
    VERSION = "BS0108", Error, "the version of the plant language is not known";
    ALIAS = "BS0109", Error, "anchors, aliases and tags are not part of the plant language";
    NO_FILE = "BS0110", Error, "there is no plant file";
    MORE = "BS0111", Note, "there are more findings than are shown";
    DANGLING = "BS0201", Error, "nothing in the plant has this name";
    DUPLICATE_NAME = "BS0202", Error, "two components have one name";
    BAD_NAME = "BS0203", Error, "this cannot be a name";
    BAD_RANGE = "BS0204", Error, "this range of names cannot be expanded";
    WRONG_KIND = "BS0205", Error, "a component of this kind cannot stand here";
    SEGMENT = "BS0206", Error, "the segment is not one of the switch's";
    VANTAGE = "BS0207", Error, "no vantage has this name";
    QUANTITY = "BS0301", Error, "this is not a quantity with a unit";
    NEGATIVE = "BS0302", Error, "this quantity cannot be negative or reversed";
    TIME = "BS0303", Error, "this is not a time";
    AMBIGUOUS_TIME = "BS0304", Error, "this local time does not exist, or exists twice";
    WINDOW = "BS0305", Error, "the window ends before it begins";
    ADDRESS = "BS0306", Error, "this is not an address";
    URL = "BS0307", Error, "this is not a URL that can be checked";
    IMPOSSIBLE_K = "BS0308", Error, "so many of so few cannot be";
    LITERAL_SECRET = "BS0309", Error, "a secret is written out";
    CHOICE = "BS0310", Error, "this is not one of the choices";
    BOUNDS = "BS0311", Error, "this number is out of bounds";
    CYCLE = "BS0401", Error, "components need each other in a circle";
    BARE_LIST = "BS0402", Error, "a list here must say any or all";
    EMPTY = "BS0403", Error, "an empty requirement says nothing";
    DOUBLED = "BS0404", Warning, "the same member stands twice in one choice";
    UNWATCHED = "BS0405", Note, "nobody checks this";
    NOTHING = "BS0406", Warning, "the plant has no components";
}
