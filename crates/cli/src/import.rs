//! `import`: a plant file from what another system knows. One file for each such system.

mod netbox;

use crate::Format;
use crate::exit::Exit;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    from: From,
}

#[derive(clap::Subcommand)]
enum From {
    /// From NetBox: a dump of its database, or its live API.
    Netbox(netbox::Arguments),
}

pub(crate) fn run(arguments: &Arguments, format: Format) -> anyhow::Result<Exit> {
    match &arguments.from {
        From::Netbox(arguments) => netbox::run(arguments, format),
    }
}
