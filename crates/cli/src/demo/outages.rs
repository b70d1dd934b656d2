//! The outages that the program carries with it, as files of `scenarios/`.

use blackstart_sim::scenario::Scenario;
use clap::builder::PossibleValuesParser;

/// What is played when nothing is asked for.
pub(crate) const DEFAULT: &str = "seed-6";

/// A scenario and the files beside it.
struct Outage {
    name: &'static str,
    scenario: &'static str,
    files: &'static [(&'static str, &'static str)],
}

macro_rules! outages {
    ($($name:literal in $folder:literal with $($file:literal),+;)*) => {
        &[$(Outage {
            name: $name,
            scenario: include_str!(concat!("../../../../scenarios/", $folder, "/scenario.yaml")),
            files: &[$((
                $file,
                include_str!(concat!("../../../../scenarios/", $folder, "/", $file)),
            )),+],
        },)*]
    };
}

const ALL: &[Outage] = outages! {
    "seed-1" in "seed-1-kernel-panic" with "plant.yaml";
    "seed-2" in "seed-2-upstream-misroute" with "watched.yaml";
    "seed-3" in "seed-3-mail-maintenance" with "plant.yaml";
    "seed-4" in "seed-4-aliases-permission" with "plant.yaml";
    "seed-5" in "seed-5-storm-and-nic" with "plant.yaml";
    "seed-6" in "seed-6-power-feed" with "believed.yaml", "plant.yaml";
};

/// What can be asked for.
pub(crate) fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(ALL.iter().map(|outage| outage.name))
}

/// The outage of this name.
///
/// # Errors
/// When there is none, or it is no scenario for this version.
pub(crate) fn built_in(name: &str) -> anyhow::Result<Scenario> {
    let outage = ALL.iter().find(|outage| outage.name == name);
    let outage = outage.ok_or_else(|| anyhow::anyhow!("no outage is called `{name}`"))?;
    let open = |file: &str| {
        let found = outage.files.iter().find(|(own, _)| *own == file);
        found.map(|(_, text)| (*text).to_owned())
    };
    super::scenario(outage.scenario, name, open)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outage_can_be_played() {
        for outage in ALL {
            built_in(outage.name).expect(outage.name);
        }
    }
}
