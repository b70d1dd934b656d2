//! What the connection knows of the server, for whoever watches its silence.
//!
//! It notes and decides nothing. The server is heard when it has done something that only a server at work does: it
//! took what was told to it, answered that we are here, or greeted us and has nothing left to take, or refused us.

use crate::clock;
use blackstart_model::check::Question;
use blackstart_model::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is known.
#[derive(Debug, Default)]
pub(crate) struct Centre(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// When it was heard, if that was not asked for yet.
    heard_at: Option<Duration>,
    /// Why there is no connection, in words.
    trouble: Option<String>,
    /// What the server says proves our way out.
    way_out: Vec<Question>,
}

impl Centre {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is at work now.
    pub(crate) fn heard(&self) {
        let mut known = self.known();
        known.heard_at = Some(clock::since_boot());
        known.trouble = None;
    }

    /// When it was heard, since the last time this was asked.
    pub(crate) fn take_heard(&self) -> Option<Duration> {
        self.known().heard_at.take()
    }

    /// The connection ended, or did not come about.
    pub(crate) fn lost(&self, why: &str) {
        self.known().trouble = Some(why.to_owned());
    }

    /// Why there is no connection.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.known().trouble.clone()
    }

    /// These prove our way out from now on.
    pub(crate) fn set_way_out(&self, questions: &[Question]) {
        self.known().way_out = questions.to_vec();
    }

    /// What proves our way out, as far as the server has said.
    pub(crate) fn way_out(&self) -> Vec<Question> {
        self.known().way_out.clone()
    }
}
