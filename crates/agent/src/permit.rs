//! What the server may have this host do: the agent's own configuration decides, never the server.
//!
//! What is not permitted, or cannot be put by this version, is not asked of the world; its answer is
//! `unknown` with the reason, so that the judgement knows that nobody looked. Tested on assignments.

use blackstart_model::CheckKey;
use blackstart_model::check::{self, CheckKind};
use blackstart_model::observation::{NoAnswerCode, Outcome};
use blackstart_probe::Assignment;
use blackstart_probe::wire::v1::{self, CannotPut, Question};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is permitted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Permit {
    /// These kinds of checks.
    pub(crate) kinds: Vec<CheckKind>,
    /// These files of trust roots may be opened.
    pub(crate) roots: Vec<String>,
}

/// What an assignment comes to.
#[derive(Debug, Default)]
pub(crate) struct Share {
    /// What is put on the grid.
    pub(crate) assignments: Vec<Assignment>,
    /// What proves the way out.
    pub(crate) way_out: Vec<check::Question>,
    /// What is not put, and its answer.
    pub(crate) refused: BTreeMap<CheckKey, Outcome>,
}

impl Permit {
    /// Takes of an assignment what is permitted.
    pub(crate) fn share(&self, checks: Vec<v1::Assignment>, way_out: Vec<Question>) -> Share {
        let mut share = Share::default();
        for check in checks {
            let key = CheckKey::from(check.check.as_str());
            match self.put(check) {
                Ok(assignment) => share.assignments.push(assignment),
                Err(outcome) => {
                    share.refused.insert(key, outcome);
                }
            }
        }
        for question in way_out {
            match self.look_at(&question).and_then(|()| question.try_into().map_err(not_put)) {
                Ok(question) => share.way_out.push(question),
                Err(outcome) => {
                    tracing::warn!("a question that proves the way out is not put: {outcome}");
                }
            }
        }
        share
    }

    fn put(&self, check: v1::Assignment) -> Result<Assignment, Outcome> {
        self.look_at(&check.question)?;
        let (every, deadline) = check.pace().map_err(not_put)?;
        let v1::Assignment { check: key, every_us: _, deadline_us: _, question, crosses_way_out } =
            check;
        let question = Arc::new(question.try_into().map_err(not_put)?);
        Ok(Assignment { key: key.into(), every, deadline, question, crosses_way_out })
    }

    fn look_at(&self, question: &Question) -> Result<(), Outcome> {
        let kind = question.kind();
        if !self.kinds.contains(&kind) {
            return Err(not_allowed(format!(
                "this agent's `allow` does not name `{}`",
                kind.as_str()
            )));
        }
        if let Some(path) = question.roots()
            && !self.roots.iter().any(|own| own == path)
        {
            return Err(not_allowed(format!("this agent's `roots` does not name {path}")));
        }
        Ok(())
    }
}

fn not_allowed(why: String) -> Outcome {
    Outcome::unknown(NoAnswerCode::NotAllowed, why)
}

fn not_put(why: CannotPut) -> Outcome {
    Outcome::unknown(NoAnswerCode::NotEquipped, why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use blackstart_probe::wire::v1::{
        DnsQuestion, Host, HostPort, HttpQuestion, TcpQuestion, TlsQuestion,
    };

    fn target() -> HostPort {
        HostPort { host: Host::Address([127, 0, 0, 1].into()), port: 9 }
    }

    fn assigned(key: &str, question: Question) -> v1::Assignment {
        let (every_us, deadline_us) = (1_000_000, 500_000);
        v1::Assignment {
            check: key.to_owned(),
            every_us,
            deadline_us,
            question,
            crosses_way_out: false,
        }
    }

    fn tcp() -> Question {
        Question::Tcp(TcpQuestion { target: target(), slow_us: None })
    }

    fn https(roots: &str) -> Question {
        Question::Http(HttpQuestion {
            method: "GET".to_owned(),
            authority: target(),
            path: "/".to_owned(),
            connect: None,
            headers: Vec::new(),
            tls: Some(TlsQuestion { expires_within_us: 0, roots: Some(roots.to_owned()) }),
            status: vec![(200, 399)],
            body: Vec::new(),
            response_headers: Vec::new(),
            body_bytes_max: 1_000,
            slow_us: None,
        })
    }

    fn dns(record_type: &str) -> Question {
        Question::Dns(DnsQuestion {
            server: target(),
            name: "example.net".to_owned(),
            record_type: record_type.to_owned(),
            rcode: "NOERROR".to_owned(),
            records: Vec::new(),
            recursion: true,
        })
    }

    #[test]
    fn only_what_the_configuration_names_is_put() {
        let permit = Permit {
            kinds: vec![CheckKind::Http, CheckKind::Dns],
            roots: vec!["/etc/ours.pem".to_owned()],
        };
        let mut hasty = assigned("d/hasty", dns("A"));
        (hasty.every_us, hasty.deadline_us) = (1_000, 500);
        let share = permit.share(
            vec![
                assigned("a/tcp", tcp()),
                assigned("b/https", https("/etc/ours.pem")),
                assigned("c/https", https("/etc/shadow")),
                assigned("d/dns", dns("A")),
                assigned("e/dns", dns("WKS")),
                hasty,
            ],
            vec![tcp(), dns("A")],
        );
        let put: Vec<&str> = share.assignments.iter().map(|put| put.key.as_str()).collect();
        assert_eq!(put, ["b/https", "d/dns"]);
        assert_eq!(share.way_out.len(), 1, "what is not permitted proves nothing");
        let told: Vec<String> =
            share.refused.iter().map(|(key, outcome)| format!("{key} {outcome}")).collect();
        assert_eq!(told.len(), 4);
        assert_eq!(told[0], "a/tcp unknown(not-allowed: this agent's `allow` does not name `tcp`)");
        assert_eq!(
            told[1],
            "c/https unknown(not-allowed: this agent's `roots` does not name /etc/shadow)"
        );
        assert!(told[2].starts_with("d/hasty unknown(not-equipped: this agent"), "{}", told[2]);
        assert!(told[3].contains("the record type `WKS` is not known"), "{}", told[3]);
    }
}
