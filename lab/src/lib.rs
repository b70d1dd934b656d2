//! The real world, small: hosts in network namespaces, real daemons on them, real faults; our
//! binaries are driven as processes, as an operator would.
//!
//! It judges nothing and knows nothing of the program's insides: what it asserts on is what the console's
//! API, the journal and a real mailbox say. It needs root and some Debian packages; a test without
//! them says so and passes, unless `BLACKSTART_LAB=required` (as under `cargo xtask test` where they
//! can be had).
#![forbid(unsafe_code)]

mod namespace;
mod certificate;
mod daemons;
mod blackstart;
mod plant_world;
mod clock;
mod play;
mod bare;

pub use bare::{Bare, PERSON};
pub use blackstart::{Agent, Console, Server, agent_binary, binary};
pub use certificate::certificate;
pub use daemons::{Daemon, Listen, Mailbox, Strip, neighbours};
pub use namespace::{Host, Lab};
pub use plant_world::PlantWorld;
pub use play::{Cause, PLAY_NEEDS, Play};

use std::fmt::Display;
use std::time::Duration;

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Looks before a condition is given up: a minute and a half, far more than anything here takes.
const LOOKS_MAX: usize = 1_800;

/// Waits until `look` gives something.
///
/// # Panics
/// When it does not for very long; `what` says what was waited for.
pub fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    wait_to_see(what, || look().ok_or("nothing of it"))
}

/// Waits until `look` gives something, and tells what else it saw when it does not.
///
/// # Panics
/// When it does not for very long; `what` says what was waited for.
pub fn wait_to_see<T, E: Display>(what: &str, mut look: impl FnMut() -> Result<T, E>) -> T {
    let mut seen = None;
    for _ in 0..LOOKS_MAX {
        match look() {
            Ok(found) => return found,
            Err(other) => seen = Some(other),
        }
        pause();
    }
    panic!("waited in vain for {what}; seen was {}", seen.expect("it was looked at"));
}

/// Between two looks. (Parking would end early: the threads that enter namespaces unpark us.)
fn pause() {
    let nobody = std::sync::Mutex::new(());
    let guard = nobody.lock().expect("nobody else holds it");
    let _ = std::sync::Condvar::new().wait_timeout(guard, LOOK_EVERY);
}

/// Whether the lab can be built here; says why not.
///
/// # Panics
/// When it must be possible (`BLACKSTART_LAB=required`) and is not.
#[must_use]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub fn is_possible(programs: &[&str]) -> bool {
    let mut missing: Vec<String> = programs
        .iter()
        .filter(|program| daemons::find(program).is_none())
        .map(|program| format!("the program {program}"))
        .collect();
    if !rustix_is_root() {
        missing.push("root".to_owned());
    }
    if missing.is_empty() {
        return true;
    }
    let words = format!("this test needs {}", missing.join(", "));
    assert!(std::env::var_os("BLACKSTART_LAB").is_none_or(|word| word != "required"), "{words}");
    eprintln!("skipped: {words}");
    false
}

fn rustix_is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| {
        use std::os::unix::fs::MetadataExt as _;
        own.uid() == 0
    })
}
