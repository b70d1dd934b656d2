//! The first look: everything that may be asked is asked once, so that a starter plant begins with what is true.

use crate::host::{Host, Listening, is_of};
use crate::plant::{Answered, Answers, Looked, Plant};
use blackstart_model::check::Question;
use blackstart_model::observation::{Outcome, Standing};
use blackstart_model::plantfile;
use blackstart_model::time::Duration;
use blackstart_probe::certificate::presented;
use blackstart_probe::{Equipment, ask_once};
use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;

/// How long the first look waits for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Questions that are put at one time: half of the files that a process may open on Debian.
const AT_ONCE: usize = 512;

/// Questions that are put in all; what is beyond is not asked. Chosen by hand: forty seconds where nothing answers.
const ASKED_MAX: usize = 10_000;

impl Plant<'_> {
    /// The plant file, of which every question is asked once from here, and of each thing the first is taken that is
    /// answered well. Blocks until the last has answered, or two seconds for each 512 of them.
    ///
    /// # Errors
    /// When the system gives no runtime.
    pub fn look(&self) -> io::Result<Looked> {
        let written: BTreeSet<&String> = self.candidates().take(ASKED_MAX).collect();
        let put: Vec<(&String, Question)> =
            written.into_iter().filter_map(|it| Some((it, question(it)?))).collect();
        let mut answers = Answers::new();
        for some in put.chunks(AT_ONCE) {
            let questions: Vec<Question> =
                some.iter().map(|(_, question)| question.clone()).collect();
            let answered = ask_once(&Equipment::bare(), &questions, PATIENCE)?;
            for ((written, _), answer) in some.iter().zip(answered) {
                answers.insert((*written).clone(), judged(&answer.outcome));
            }
        }
        Ok(self.written(&answers))
    }

    /// The plant file of what is said; nothing is asked.
    #[must_use]
    pub fn unasked(&self) -> Looked {
        self.written(&Answers::new())
    }
}

fn judged(outcome: &Outcome) -> Answered {
    match outcome.standing() {
        Standing::Up | Standing::Degraded => Answered::Well,
        Standing::Down => Answered::Not(outcome.to_string()),
        Standing::Unknown => Answered::NotPut(outcome.to_string()),
    }
}

/// A question as it is written in a plant; `None` where that is none.
pub(crate) fn question(written: &str) -> Option<Question> {
    let text = format!("blackstart: 1\nservices: {{ x: {{ checks: [ {{ {written} }} ] }} }}\n");
    let (plant, _) = plantfile::parse_str(&text);
    plant.and_then(|plant| plant.checks().first().map(|check| (*check.question).clone()))
}

/// Ports on which TLS is spoken from the first byte: HTTPS, submission, IMAP, POP (IANA).
const TLS_PORTS: [u16; 5] = [443, 8443, 465, 993, 995];

/// Asks the services of this machine which certificates they really present, and keeps with each of its files one
/// that is another. Blocks for two seconds at most.
///
/// # Errors
/// When the system gives no runtime.
pub fn compare(host: &mut Host) -> io::Result<()> {
    let mut asked: Vec<(SocketAddr, String)> = Vec::new();
    let mut of: Vec<usize> = Vec::new();
    for (nth, file) in host.certificates.iter().enumerate() {
        // Whoever is asked for a name by a wildcard answers with the wildcard.
        let Some(name) = file.certificate.names.first().map(|name| name.replace('*', "www")) else {
            continue;
        };
        let is_his = |it: &&Listening| {
            let program = it.program.as_deref().unwrap_or_default();
            // What speaks of mail in the clear first is not to be greeted in TLS.
            let is_web = matches!(file.program, "nginx" | "apache2" | "haproxy") && it.port != 80;
            (is_web || TLS_PORTS.contains(&it.port)) && is_of(file.program, program)
        };
        for listening in host.listening.iter().filter(is_his) {
            if asked.len() < AT_ONCE {
                asked.push((listening.reached(), name.clone()));
                of.push(nth);
            }
        }
    }
    if asked.is_empty() {
        return Ok(());
    }
    let presented = presented(&asked, PATIENCE)?;
    for (((address, _), nth), presented) in asked.iter().zip(of).zip(presented) {
        let Some(presented) = presented else { continue };
        // One of several files may be for another of the program's names.
        let is_of_a_file =
            host.certificates.iter().any(|file| file.certificate.der == presented.der);
        let file = &mut host.certificates[nth];
        let is_for_it = presented.names.iter().any(|name| file.certificate.names.contains(name));
        if !is_of_a_file && is_for_it {
            file.presented.get_or_insert((address.to_string(), presented));
        }
    }
    Ok(())
}
