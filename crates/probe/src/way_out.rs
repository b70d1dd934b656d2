//! Whether this vantage still has its way out.
//!
//! A check that crosses the way out and fails says nothing of its target while the way out itself is
//! lost. So a failing one is reported only after the way out has been proved *after* the failure;
//! many failing at once share one proof. The loss, and its end, are news of their own.

use crate::ask::{Equipment, Memory, ask};
use crate::clock;
use crate::icmp::Echoes;
use crate::prober::Listener;
use blackstart_model::check::Question;
use blackstart_model::observation::Standing;
use blackstart_model::time::Duration;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// The deadline of each question that proves the way out.
const PROOF_WITHIN: Duration = Duration::from_secs(2);

/// How often it is proved when nothing fails.
pub(crate) const PROVE_EVERY: Duration = Duration::from_secs(5);

/// How often it is proved while it is lost.
pub(crate) const PROVE_LOST_EVERY: Duration = Duration::from_secs(1);

/// The way out of this vantage, shared by all threads that put checks.
pub(crate) struct WayOut {
    questions: RwLock<Arc<[Question]>>,
    open: AtomicBool,
    /// When the last proof began.
    proved: Mutex<Option<Instant>>,
}

impl WayOut {
    pub(crate) fn new() -> Self {
        Self {
            questions: RwLock::new(Arc::from([])),
            open: AtomicBool::new(true),
            proved: Mutex::new(None),
        }
    }

    /// True when there are questions that prove it.
    pub(crate) fn is_provable(&self) -> bool {
        !self.questions().is_empty()
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    fn questions(&self) -> Arc<[Question]> {
        self.questions.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Is proved by these from now on.
    pub(crate) fn set(&self, questions: &[Question], listener: &dyn Listener) {
        *self.questions.write().unwrap_or_else(PoisonError::into_inner) = Arc::from(questions);
        if questions.is_empty() && !self.open.swap(true, Ordering::AcqRel) {
            listener.way_out(true, "nothing proves it any more");
        }
    }

    /// Whether it is open, by a proof that began after `since`.
    pub(crate) async fn prove(
        &self,
        since: Instant,
        equipment: &Arc<Equipment>,
        echoes: &Echoes,
        listener: &dyn Listener,
    ) -> bool {
        let mut proved = self.proved.lock().await;
        if proved.is_some_and(|began| began >= since) {
            return self.is_open();
        }
        let questions = self.questions();
        if questions.is_empty() {
            return true;
        }
        let began = clock::now();
        let deadline = began + PROOF_WITHIN;
        let mut asking = tokio::task::JoinSet::new();
        for at in 0..questions.len() {
            let (equipment, echoes) = (equipment.clone(), echoes.clone());
            let questions = questions.clone();
            asking.spawn_local(async move {
                ask(&equipment, &echoes, &Memory::default(), &questions[at], deadline).await
            });
        }
        let mut failed = Vec::new();
        let mut open = false;
        while let Some(answer) = asking.join_next().await {
            let Ok(answer) = answer else { continue };
            match answer.outcome.standing() {
                Standing::Up | Standing::Degraded => {
                    open = true;
                    break;
                }
                Standing::Down => failed.push(answer.outcome.to_string()),
                Standing::Unknown => {}
            }
        }
        *proved = Some(began);
        let lost = !open && failed.len() == questions.len();
        if open && !self.open.swap(true, Ordering::AcqRel) {
            listener.way_out(true, "");
        } else if lost && self.open.swap(false, Ordering::AcqRel) {
            listener.way_out(false, &failed.join("; "));
        }
        self.is_open()
    }
}
