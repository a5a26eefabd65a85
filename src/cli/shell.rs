//! `rosterm completions SHELL` and `rosterm man`: made from the command line's own description, so they can't be out of date.

use super::print;
use crate::error::{Error, Result, exit};
use clap::{Args, Command};
use clap_complete::Shell;
use std::path::PathBuf;

#[derive(Debug, Clone, Args)]
pub(super) struct CompletionOptions {
    /// The shell
    shell: Shell,
}

#[derive(Debug, Clone, Args)]
pub(super) struct ManOptions {
    /// Write a page for every command into this folder, instead of the main one to stdout
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn completions(options: &CompletionOptions) -> Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut super::help::command(), "rosterm", &mut script);
    print::data(|out| out.write_all(&script))?;
    Ok(exit::DONE)
}

pub(super) fn man(options: &ManOptions) -> Result<u8> {
    // clap_mangen lists the commands itself, and has no use for a page about help.
    let command = super::help::bare_command().disable_help_subcommand(true);
    match &options.out {
        None => {
            let page = page(command)?;
            print::data(|out| out.write_all(&page))?;
        }
        Some(folder) => {
            let wrong = |e: &dyn std::fmt::Display| Error::failure(format!("the pages cannot be written into {}: {e}", folder.display()));
            std::fs::create_dir_all(folder).map_err(|e| wrong(&e))?;
            clap_mangen::generate_to(command.clone(), folder).map_err(|e| wrong(&e))?;
            let written = pages(&command);
            super::report::talk(&format!("{} in {}", crate::text::counted(written, "page"), folder.display()));
        }
    }
    Ok(exit::DONE)
}

fn page(command: Command) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .section("1")
        .manual("rosterm")
        .render(&mut page)
        .map_err(|e| Error::failure(format!("the page cannot be made: {e}")))?;
    Ok(page)
}

/// How many commands there are, this one and all below it.
fn pages(command: &Command) -> usize {
    1 + command.get_subcommands().filter(|c| !c.is_hide_set()).map(pages).sum::<usize>()
}
