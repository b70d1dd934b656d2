//! The mirror of a plugin question: a name and words; what they mean is in the agent's own configuration.

use super::{CannotPut, cannot};
use blackstart_model::check;
use serde::{Deserialize, Serialize};

/// Mirrors [`check::PluginQuestion`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PluginQuestion {
    /// The name that the agent's own configuration gives a command.
    pub plugin: String,
    /// Words for the places that the command leaves open; neither options nor paths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<(String, String)>,
}

impl From<&check::PluginQuestion> for PluginQuestion {
    fn from(check::PluginQuestion { plugin, with }: &check::PluginQuestion) -> Self {
        let with = with.iter().map(|(name, word)| (name.to_string(), word.to_string())).collect();
        Self { plugin: plugin.to_string(), with }
    }
}

impl TryFrom<PluginQuestion> for check::PluginQuestion {
    type Error = CannotPut;

    fn try_from(PluginQuestion { plugin, with }: PluginQuestion) -> Result<Self, CannotPut> {
        let fits = Self::is_name(&plugin)
            && with.len() <= Self::WORDS_MAX
            && with.iter().all(|(name, word)| Self::is_name(name) && Self::is_word(word));
        if !fits {
            return Err(cannot(
                "a plugin goes by a name, and its words are neither options nor paths",
            ));
        }
        let with = with.into_iter().map(|(name, word)| (name.into(), word.into())).collect();
        Ok(Self { plugin: plugin.into(), with })
    }
}
