//! The help page: commands by what one wants to do, exit codes, and tips for what is often typed wrongly.

use super::Cli;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory};
use std::fmt::Write as _;

/// Which command stands under which heading, in this order. A command that is not there yet is left out.
const GROUPS: [(&str, &[&str]); 4] = [
    ("Look", &["demo", "check", "plan", "explain", "doctor", "history", "owed"]),
    ("Decide", &["link", "unlink", "hold", "release", "approve", "unapprove", "act", "apply", "undo"]),
    ("Files", &["init", "channels", "connectors", "fields", "functions", "state"]),
    ("About rosterm", &["completions", "man", "help"]),
];

const AFTER: &str = "\
Exit codes:
  0  done, nothing left to do
  1  a failure: an end can't be reached, a step of a check failed
  2  the command line or the configuration is wrong
  3  changes are pending (plan)
  4  refused by a guard, or by --read-only
  5  a read was incomplete
  6  applied, and some rows failed or were stale
  7  an approval or a confirmation is needed
If several hold: the first of 2, 1, 5, 4, 6, 7, 3, 0.

Without a command the screens open on the channel. Data goes to stdout, everything else to stderr. New here? rosterm demo";

/// The command line with its exit codes, without the grouped help page.
pub(super) fn bare_command() -> Command {
    Cli::command().after_help(AFTER).max_term_width(100)
}

/// The same, with what clap adds itself.
fn plain_command() -> Command {
    let mut command = bare_command();
    command.build();
    command
}

/// The command line as it is parsed and explained.
pub(super) fn command() -> Command {
    let command = plain_command();
    let template = format!("{{about}}\n\n{{usage-heading}} {{usage}}\n{}\nOptions:\n{{options}}{{after-help}}", commands(&command));
    command.help_template(template)
}

/// The commands under their headings; whatever has none stands at the end, so that nothing is hidden by a forgotten line.
fn commands(command: &Command) -> String {
    let visible = |name: &str| command.get_subcommands().find(|c| c.get_name() == name && !c.is_hide_set());
    let widest = command.get_subcommands().map(|c| c.get_name().len()).max().unwrap_or(0);
    let mut out = String::new();
    let mut list = |heading: &str, names: &mut dyn Iterator<Item = &str>| {
        let lines: Vec<String> = names
            .filter_map(visible)
            .map(|c| format!("  {:widest$}  {}\n", c.get_name(), c.get_about().map(ToString::to_string).unwrap_or_default()))
            .collect();
        if !lines.is_empty() {
            let _ = write!(out, "\n{heading}:\n{}", lines.concat());
        }
    };
    for (heading, names) in GROUPS {
        list(heading, &mut names.iter().copied());
    }
    let grouped = |name: &&str| GROUPS.iter().any(|(_, names)| names.contains(name));
    list("More", &mut command.get_subcommands().map(Command::get_name).filter(|name| !grouped(name)));
    out
}

/// What other programs call it.
const ELSEWHERE: [(&[&str], &str); 6] = [
    (&["diff", "status", "preview", "dry-run", "list", "users", "show", "match", "report"], "plan"),
    (&["test", "verify", "validate", "ping", "config", "lint"], "check"),
    (&["mapping", "attributes", "schema"], "fields"),
    (&["version"], "--version"),
    (&["export", "import", "reset", "backup", "restore"], "state"),
    (&["skip", "ignore", "lock"], "hold"),
];

/// What to do about a command line that clap refused, where clap does not know it.
pub(super) fn tip(error: &clap::Error) -> Option<String> {
    let value = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let word = match error.kind() {
        ErrorKind::InvalidSubcommand => value(ContextKind::InvalidSubcommand)?,
        ErrorKind::UnknownArgument => value(ContextKind::InvalidArg)?,
        _ => return None,
    };
    let word = crate::text::clean(word);
    if std::path::Path::new(&*word).extension().is_some_and(|e| e.eq_ignore_ascii_case("toml")) {
        return Some(format!("a configuration is named by an option: --config {word}"));
    }
    if error.kind() == ErrorKind::InvalidSubcommand {
        let known = ELSEWHERE.iter().find(|(words, _)| words.contains(&word.as_ref()));
        return known.map(|(_, ours)| format!("that is here: rosterm {ours}"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_stands_under_one_heading_and_has_a_line() {
        let command = plain_command();
        let all: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        for sub in command.get_subcommands() {
            assert_eq!(all.iter().filter(|name| **name == sub.get_name()).count(), 1, "{}: a heading in help.rs", sub.get_name());
            assert!(sub.get_about().is_some(), "{}", sub.get_name());
        }
        for (words, ours) in ELSEWHERE {
            assert!(ours.starts_with('-') || command.find_subcommand(ours).is_some(), "{ours}");
            assert!(words.iter().all(|w| command.find_subcommand(w).is_none()), "{words:?}");
        }
    }

    #[test]
    fn every_command_that_the_screens_name_is_one_that_is_understood() {
        use clap::FromArgMatches as _;
        for entry in crate::tui::action::TABLE {
            let Some(line) = entry.twin.command() else { continue };
            let words = line.split_whitespace().map(|word| match word {
                "SITUATION" => "leaving",
                "RUN" => "1",
                word => word,
            });
            // Help is an error to clap, and none here.
            let parsed = command().try_get_matches_from(words).and_then(|found| Cli::from_arg_matches(&found));
            let fault = parsed.err().filter(|e| e.kind() != ErrorKind::DisplayHelp);
            assert!(fault.is_none(), "{:?}: {line}: {}", entry.verb, fault.map(|e| e.to_string()).unwrap_or_default());
        }
    }

    #[test]
    fn every_option_of_every_command_has_a_line() {
        fn look(command: &Command) {
            for argument in command.get_arguments().filter(|a| !a.is_hide_set()) {
                assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
            }
            command.get_subcommands().for_each(look);
        }
        look(&plain_command());
    }

    #[test]
    fn no_command_has_two_groups_of_one_name() {
        // Only a debug build of clap looks, and then it ends the program.
        for command in plain_command().get_subcommands() {
            let mut groups: Vec<String> = command.get_groups().map(|g| g.get_id().to_string()).collect();
            let all = groups.len();
            groups.sort_unstable();
            groups.dedup();
            assert_eq!(groups.len(), all, "{}", command.get_name());
        }
    }

    #[test]
    fn the_help_page_fits_eighty_columns() {
        let page = command().term_width(80).render_help().to_string();
        let long: Vec<&str> = page.lines().filter(|l| crate::text::width(l) > 80).collect();
        assert!(long.is_empty(), "{long:#?}");
    }
}
