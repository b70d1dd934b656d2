//! What is asked of a Nagios plugin.

/// A plugin, by the name that the configuration of the vantage's host gives a meaning.
///
/// There is no command here, and no path: which program a name stands for is written where it runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PluginQuestion {
    /// The name.
    pub plugin: Box<str>,
    /// Words for the places that its command leaves open, by their names, sorted.
    pub with: Vec<(Box<str>, Box<str>)>,
}

impl PluginQuestion {
    /// Words of one check at most.
    pub const WORDS_MAX: usize = 16;

    /// The longest word, and the longest name, bytes: a host name (RFC 1035, section 2.3.4).
    pub const WORD_BYTES_MAX: usize = 255;

    /// Whether a text can be the name of a plugin, or of a place in its command.
    #[must_use]
    pub fn is_name(text: &str) -> bool {
        (1..=Self::WORD_BYTES_MAX).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    }

    /// Whether a word may be put into a command: never an option (it does not begin with `-`), never a path (no `/`,
    /// not `..`), and nothing that a plugin which hands it on to a shell could be made to run.
    #[must_use]
    pub fn is_word(text: &str) -> bool {
        (1..=Self::WORD_BYTES_MAX).contains(&text.len())
            && !text.starts_with('-')
            && !text.contains("..")
            && text.bytes().all(|b| {
                b.is_ascii_alphanumeric()
                    || matches!(b, b'.' | b'-' | b'_' | b':' | b'@' | b',' | b'%' | b'+' | b'=')
            })
    }
}
