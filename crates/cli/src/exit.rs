//! Exit codes: documented, and mapped in one place.

use crate::named::Unnamed;
use blackstart_model::finding::Severity;
use blackstart_model::netbox::NoSuchSite;
use blackstart_server::JournalError;
use blackstart_server::client::AskError;
use blackstart_server::plant_files::ReadError;
use blackstart_server::serve::ServeError;
use std::io::ErrorKind;
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// Done, and nothing is wrong.
    Fine,
    /// It could not be done.
    Failed,
    /// What was typed cannot be meant: it is in no form that is read, or names what is not there.
    Usage,
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
    (2, "wrong usage, or something named that is not there"),
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
            Self::Usage => 2,
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

/// What was typed cannot be meant, and how it is meant instead.
#[derive(Debug)]
pub(crate) struct WrongUsage(pub(crate) String);

impl std::fmt::Display for WrongUsage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongUsage {}

/// How a command ended that could not go on. Every file that a command reads is one that its words name, so one that
/// is not there is a wrong word.
pub(crate) fn of(error: &anyhow::Error) -> Exit {
    let is_of_words = |cause: &(dyn std::error::Error + 'static)| {
        if let Some(serve) = cause.downcast_ref() {
            return match serve {
                ServeError::Access(_)
                | ServeError::Plugins { .. }
                | ServeError::Plant(ReadError::NoFiles(_) | ReadError::TooMany(_)) => true,
                ServeError::Plant(ReadError::Unreadable { .. })
                | ServeError::Refused(_)
                | ServeError::Journal(_)
                | ServeError::Listen { .. }
                | ServeError::System { .. } => false,
            };
        }
        let kind = cause.downcast_ref().map(std::io::Error::kind);
        cause.is::<Unnamed>()
            || cause.is::<WrongUsage>()
            || cause.is::<NoSuchSite>()
            // The server has found the words wrong.
            || matches!(cause.downcast_ref(), Some(AskError::Refused { status: 400..=499, .. }))
            || matches!(cause.downcast_ref(), Some(ReadError::NoFiles(_) | ReadError::TooMany(_)))
            || matches!(cause.downcast_ref(), Some(JournalError::Absent { .. }))
            || matches!(
                kind,
                Some(ErrorKind::NotFound | ErrorKind::IsADirectory | ErrorKind::NotADirectory)
            )
    };
    if error.chain().any(is_of_words) { Exit::Usage } else { Exit::Failed }
}
