//! `completions`: a script by which a shell completes this command, of the arguments that this version has.

use crate::exit::Exit;
use crate::output;
use clap_complete::Shell;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The shell that reads it.
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments, mut command: clap::Command) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "blackstart", &mut script);
    output::say(&String::from_utf8_lossy(&script));
    Exit::Fine
}
