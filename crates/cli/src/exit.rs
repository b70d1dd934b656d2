//! Exit codes: documented, and mapped in one place.

use blackstart_model::finding::Severity;
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// Done, and nothing is wrong.
    Fine,
    /// It could not be done.
    Failed,
    /// There was nothing to do, or nothing to show.
    Nothing,
    /// Findings, the gravest being this.
    Findings(Severity),
    /// Something is broken: an incident is open, or a diagnosis names a cause or knows of none.
    Outage,
    /// A replay came to something else.
    Differs,
    /// What was asked for cannot be started.
    CannotStart,
}

/// Each code, and what it means: docs/commands.md has the same, and so has every manual page.
pub(crate) const CODES: [(u8, &str); 10] = [
    (0, "fine"),
    (1, "failed unexpectedly"),
    (2, "wrong usage"),
    (3, "nothing to do"),
    (10, "findings, notes only"),
    (11, "findings, warnings"),
    (12, "findings, errors"),
    (20, "something is broken"),
    (21, "a replay differs"),
    (22, "it cannot be started"),
];

/// What `--help` says about them.
pub(crate) fn help() -> String {
    let codes = CODES.map(|(code, meaning)| format!("{code} {meaning}"));
    format!("Exit codes: {}", codes.join("; "))
}

impl Exit {
    pub(crate) fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Fine => 0,
            Self::Failed => 1,
            Self::Nothing => 3,
            Self::Findings(Severity::Note) => 10,
            Self::Findings(Severity::Warning) => 11,
            Self::Findings(Severity::Error) => 12,
            Self::Outage => 20,
            Self::Differs => 21,
            Self::CannotStart => 22,
        })
    }
}
