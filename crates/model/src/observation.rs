//! What a check saw: the answer, how long each phase took, and nothing about why.
//!
//! The three words stay apart: this is how a fault *shows*. What is *unusable*, and what *broke*, is for
//! `reason` to say. Silence is [`Outcome::Unknown`]; it is never health and never recovery.

use crate::codes::codes;
use crate::id::{CheckKey, VantageName};
use crate::time::Timestamp;
use std::fmt;

/// The answer to a check.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Every condition of the check held.
    Up,
    /// It answers, and something about the answer is not as it should be.
    Degraded(Symptom),
    /// It does not answer, or answers wrongly.
    Down(Symptom),
    /// The check could not be put, or its answer proves nothing.
    Unknown(NoAnswer),
}

impl Outcome {
    /// The outcome without its particulars, for counting and for comparing.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match self {
            Self::Up => Standing::Up,
            Self::Degraded(_) => Standing::Degraded,
            Self::Down(_) => Standing::Down,
            Self::Unknown(_) => Standing::Unknown,
        }
    }

    /// The stable code of the symptom or of the reason for no answer; `up` when up.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded(symptom) | Self::Down(symptom) => symptom.code.as_str(),
            Self::Unknown(why) => why.code.as_str(),
        }
    }

    /// The particulars as text; empty when up.
    #[must_use]
    pub fn detail(&self) -> &str {
        match self {
            Self::Up => "",
            Self::Degraded(symptom) | Self::Down(symptom) => &symptom.detail,
            Self::Unknown(why) => &why.detail,
        }
    }

    /// How many of so many tries were bad when each of them had this outcome. A try without an answer is
    /// none.
    #[must_use]
    pub const fn failures_of(&self, tries: u32) -> u32 {
        match self {
            Self::Up | Self::Unknown(_) => 0,
            Self::Degraded(_) | Self::Down(_) => tries,
        }
    }

    /// Shorthand for a [`Down`](Self::Down) outcome.
    #[must_use]
    pub fn down(code: SymptomCode, detail: impl Into<Box<str>>) -> Self {
        Self::Down(Symptom { code, detail: detail.into() })
    }

    /// Shorthand for a [`Degraded`](Self::Degraded) outcome.
    #[must_use]
    pub fn degraded(code: SymptomCode, detail: impl Into<Box<str>>) -> Self {
        Self::Degraded(Symptom { code, detail: detail.into() })
    }

    /// Shorthand for an [`Unknown`](Self::Unknown) outcome.
    #[must_use]
    pub fn unknown(code: NoAnswerCode, detail: impl Into<Box<str>>) -> Self {
        Self::Unknown(NoAnswer { code, detail: detail.into() })
    }
}

impl fmt::Display for Outcome {
    /// `up`, `down(refused: 127.0.0.1:80)`, `unknown(late)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let standing = self.standing();
        match (standing, self.detail()) {
            (Standing::Up, _) => f.write_str("up"),
            (_, "") => write!(f, "{standing}({})", self.code()),
            (_, detail) => write!(f, "{standing}({}: {detail})", self.code()),
        }
    }
}

codes! {
    /// An outcome without its particulars.
    Standing {
        /// See [`Outcome::Up`].
        Up = "up",
        /// See [`Outcome::Degraded`].
        Degraded = "degraded",
        /// See [`Outcome::Down`].
        Down = "down",
        /// See [`Outcome::Unknown`].
        Unknown = "unknown",
    }
}

/// How a fault shows in one check.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Symptom {
    /// Which symptom, from a closed list.
    pub code: SymptomCode,
    /// The particulars a person wants to read (address, status, words of the error), without secrets;
    /// at most [`Symptom::DETAIL_BYTES_MAX`] bytes.
    pub detail: Box<str>,
}

impl Symptom {
    /// The longest detail kept, bytes: one line of a phone in portrait, four times over (chosen by hand).
    pub const DETAIL_BYTES_MAX: usize = 240;
}

codes! {
    /// The closed list of symptoms.
    SymptomCode {
        /// The name of the target did not resolve: NXDOMAIN, no address, or no answer from any resolver.
        NoAddress = "no-address",
        /// The connection was refused (RST, or ICMP port unreachable).
        Refused = "refused",
        /// No route, host or network unreachable.
        Unreachable = "unreachable",
        /// The connection was not established before the deadline.
        ConnectTimeout = "connect-timeout",
        /// Connected, and the answer did not come whole before the deadline.
        AnswerTimeout = "answer-timeout",
        /// The connection was closed or reset in the middle.
        Closed = "closed",
        /// The TLS handshake failed for another reason than the certificate.
        TlsFailed = "tls-failed",
        /// The certificate is expired, not yet valid, for another name, or of an unknown issuer.
        CertificateInvalid = "certificate-invalid",
        /// A certificate of the chain expires within the check's warning time.
        CertificateExpires = "certificate-expires",
        /// An HTTP status outside the expected set.
        WrongStatus = "wrong-status",
        /// A body condition did not hold.
        WrongBody = "wrong-body",
        /// A header condition did not hold.
        WrongHeader = "wrong-header",
        /// No echo came back.
        NoEcho = "no-echo",
        /// Some echoes came back, fewer than the check allows to be lost.
        EchoLoss = "echo-loss",
        /// A DNS answer with another response code than expected (SERVFAIL, REFUSED, NXDOMAIN).
        WrongRcode = "wrong-rcode",
        /// A record condition did not hold.
        WrongRecord = "wrong-record",
        /// What a server greets with is not what the check expects.
        WrongGreeting = "wrong-greeting",
        /// What a server says that it can do is not what the check expects.
        WrongCapability = "wrong-capability",
        /// A server has no `STARTTLS`, or refuses it.
        NoStartTls = "no-starttls",
        /// It refuses the account: the name, its password, or where it comes from.
        WrongLogin = "wrong-login",
        /// It has as many sessions as it takes.
        TooManyConnections = "too-many-connections",
        /// It is there and takes no sessions now: it starts, recovers, or ends.
        NotAccepting = "not-accepting",
        /// The database is not there.
        NoDatabase = "no-database",
        /// The query ended with an error.
        QueryFailed = "query-failed",
        /// The value that a query gave, or what was said in a talk, is not as it should be.
        WrongAnswer = "wrong-answer",
        /// A standby where a primary is expected, or the other way round.
        WrongRole = "wrong-role",
        /// A value is not what the check says it should be.
        WrongValue = "wrong-value",
        /// A clock is further from ours than the check allows.
        ClockOffset = "clock-offset",
        /// A time server says that it does not have the time.
        Unsynchronised = "unsynchronised",
        /// A plugin says `WARNING`.
        PluginWarning = "plugin-warning",
        /// A plugin says `CRITICAL`.
        PluginCritical = "plugin-critical",
        /// It works, slower than the check's `slow` bound.
        Slow = "slow",
        /// A job did not tell that it ran.
        NotTold = "not-told",
        /// A job told that it failed.
        JobFailed = "job-failed",
        /// Somebody says so.
        Reported = "reported",
        /// It works and fails in turns.
        Flapping = "flapping",
    }
}

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoAnswer {
    /// Which reason, from a closed list.
    pub code: NoAnswerCode,
    /// The particulars, with the remedy where there is one; limits as for [`Symptom::detail`].
    pub detail: Box<str>,
}

codes! {
    /// The closed list of reasons for no answer.
    NoAnswerCode {
        /// Nobody has asked yet.
        NotAsked = "not-asked",
        /// We were too slow to ask, or to hear the answer, in time: our fault and not the target's.
        Late = "late",
        /// The vantage lost its way out, and the path of this check crosses what it lost.
        CutOff = "cut-off",
        /// Nothing has been heard from the vantage for longer than it may be silent.
        Silent = "silent",
        /// Our own process was paused or not running.
        Blind = "blind",
        /// The privilege for this kind of check is missing.
        NoPermission = "no-permission",
        /// The vantage's own configuration does not allow this kind of check.
        NotAllowed = "not-allowed",
        /// The answer could not be read as what it should be.
        Unparsable = "unparsable",
        /// Something this check stands on is missing here: trust roots, a resolver, a secret.
        NotEquipped = "not-equipped",
        /// Our own limit was reached: sockets, memory, a full queue.
        Exhausted = "exhausted",
        /// The target says that it is asked too often.
        RateLimited = "rate-limited",
        /// The target has no such value, or does not show it to us.
        NoSuchValue = "no-such-value",
        /// A counter was read once, or has been reset: there is no rate yet.
        NoRate = "no-rate",
        /// A plugin did not end by the deadline, and was killed.
        Unfinished = "unfinished",
        /// A plugin says `UNKNOWN`.
        SaidUnknown = "said-unknown",
    }
}

/// One outcome that the judgement is told of: a change, or the result of a verification. Steady
/// samples are told in [`Counted`](crate::record::Counted) batches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Observation {
    /// Which check.
    pub check: CheckKey,
    /// From where it was put.
    pub vantage: VantageName,
    /// What it saw.
    pub outcome: Outcome,
    /// When the answer was complete, by the server's clock (an agent reports an age).
    pub at: Timestamp,
    /// True when the judgement asked for it (a verification), false when the grid did.
    pub asked: bool,
    /// How often the check was tried with the same standing since it last changed, this one included; at least 1.
    pub tries: u32,
    /// How many of these tries were bad: for one that fails in turns its count, else [`Outcome::failures_of`].
    pub failures: u32,
}

/// Where the time of one check went, microseconds; 0 where a phase did not happen. A `u32` holds 71 minutes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Timing {
    /// Resolving the target's name.
    pub resolve_us: u32,
    /// Establishing the connection; for ICMP the median round trip.
    pub connect_us: u32,
    /// The TLS handshake.
    pub tls_us: u32,
    /// From the request sent to the first byte of the answer.
    pub wait_us: u32,
    /// Reading the rest of the answer.
    pub read_us: u32,
    /// All of it, from the start of the check.
    pub total_us: u32,
}
