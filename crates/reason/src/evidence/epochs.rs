//! Cutting an outage into epochs, at the instants where the picture lastingly changed.
//!
//! Every regime of every check that begins is a change. Changes that lie closer together than the slowest
//! of those checks needs to speak are one: each saw it at its own phase of the grid. Where there are more
//! changes than epochs, those that fewest checks saw are passed over, and what changed at them is counted
//! instead. It knows no circuit. Tested through `step`.

use crate::history::later;
use blackstart_model::time::{Duration, Timestamp};

/// Epochs of one outage at most (chosen by hand: nobody tells an outage in more chapters).
pub(crate) const EPOCHS_MAX: usize = 8;

/// What was dark takes up to so long to come back once what took it down has, for it has to start (chosen by hand: most
/// machines boot within three minutes).
const STARTS: Duration = Duration::from_secs(180);

/// A change of the picture.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Change {
    pub(super) at: Timestamp,
    pub(super) how: How,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum How {
    /// Something is worse than before; what begins to fail in turns may do so for so long before all who
    /// ask have seen it.
    Worse(Duration),
    /// Something is better, or otherwise.
    Better,
    /// Something that was dark for a while is back.
    Back,
    /// Somebody did something, which shows within so long.
    Deed(Duration),
}

/// A stretch in which the picture lasts.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Epoch {
    pub(crate) since: Timestamp,
    /// When the next one began; for the newest one, now.
    pub(crate) until: Timestamp,
    /// Until then what it began with was still being noticed: what ended so soon is of the time before.
    pub(super) settling_until: Timestamp,
    /// Until then what comes back does so with what came back when it began.
    pub(super) returning_until: Timestamp,
    /// Good answers of before this say nothing: something failed later.
    pub(super) worse_at: Timestamp,
    /// Failures of before this may be over: something was mended later.
    pub(super) better_at: Option<Timestamp>,
    seen_by: usize,
    by_deed: bool,
}

/// The epochs from `from` until `now`, oldest first; at least one.
pub(super) fn epochs(
    mut changes: Vec<Change>,
    from: Timestamp,
    now: Timestamp,
    slowest: Duration,
) -> Vec<Epoch> {
    changes.retain(|change| change.at > from && change.at <= now);
    changes.sort();
    let begin = |since: Timestamp| Epoch {
        since,
        until: now,
        settling_until: later(since, slowest),
        returning_until: since,
        worse_at: since,
        better_at: None,
        seen_by: 0,
        by_deed: false,
    };
    let mut all = vec![begin(from)];
    for change in changes {
        let last = all.last().expect("it begins with one");
        let deed = matches!(change.how, How::Deed(_));
        let is_better = matches!(change.how, How::Better | How::Back);
        let returns = is_better && change.at <= last.returning_until;
        if (change.at > last.settling_until && !returns)
            || (deed && change.at > last.since && !last.by_deed)
        {
            all.last_mut().expect("as above").until = change.at;
            all.push(begin(change.at));
        }
        let epoch = all.last_mut().expect("as above");
        epoch.seen_by += 1;
        match change.how {
            How::Worse(shows) => {
                epoch.worse_at = epoch.worse_at.max(change.at);
                let shown = later(change.at, shows);
                if shows > Duration::ZERO {
                    epoch.settling_until = epoch.settling_until.max(later(shown, slowest));
                }
            }
            How::Better | How::Back => {
                if change.how == How::Back && epoch.returning_until == epoch.since {
                    epoch.returning_until = later(change.at, STARTS);
                }
                let all_back = epoch.returning_until.max(change.at);
                epoch.better_at = epoch.better_at.max(Some(all_back));
            }
            How::Deed(settles) => {
                let shown = later(change.at, settles);
                epoch.by_deed = true;
                epoch.better_at = epoch.better_at.max(Some(shown));
                epoch.settling_until = epoch.settling_until.max(later(shown, slowest));
            }
        }
    }
    while all.len() > EPOCHS_MAX {
        // The first is where it began, the last is now.
        let least = (1..all.len() - 1)
            .min_by_key(|&at| (all[at].by_deed, all[at].seen_by, all[at].since))
            .expect("there are more than two");
        let passed_over = all.remove(least);
        all[least - 1].until = passed_over.until;
    }
    all
}
