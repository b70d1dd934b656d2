//! `schema`: the plant language for editors.

use crate::exit::Exit;
use crate::output;

#[expect(clippy::unnecessary_wraps, reason = "every verb returns alike")]
pub(crate) fn run() -> anyhow::Result<Exit> {
    output::say(&blackstart_model::plantfile::schema());
    Ok(Exit::Fine)
}
