//! The thin binary: everything is in the library. Here the two faces meet, the commands and the screens.

use rosterm::cli::{self, First, Listed, Next, Opening, Several};
use rosterm::clock::Zone;
use rosterm::error::{Result, exit};
use rosterm::telemetry::redacted;
use rosterm::tui::channels::{self, Line};
use rosterm::tui::setup::{self, Finished};
use rosterm::tui::theme::{Glyphs, Theme};
use rosterm::tui::{self, Left, Setting, Stage};

fn main() -> std::process::ExitCode {
    rosterm::use_small_pages();
    let code = match cli::run() {
        Next::Done(code) => code,
        Next::Screens(opening) => cli::end(alone(*opening)),
        Next::Several(several) => cli::end(choose(*several)),
        Next::First(first) => cli::end(begin(*first)),
    };
    code.into()
}

fn theme_of(name: &str, ascii: bool) -> Result<Theme> {
    Theme::named(name, if ascii { Glyphs::Ascii } else { Glyphs::Lines })
}

/// The terminal, with the mouse where that was asked for.
fn stage(runtime: &tokio::runtime::Handle, mouse: bool) -> Result<Stage> {
    let stage = Stage::take(runtime)?;
    if mouse { stage.with_mouse() } else { Ok(stage) }
}

/// The screens on the one channel that there is.
fn alone(opening: Opening) -> Result<u8> {
    theme_of(&opening.theme, opening.ascii)?;
    let mut stage = stage(opening.runtime.handle(), opening.mouse)?;
    screens(&mut stage, opening).map(code)
}

/// The first screen, and the screens on what came of it.
fn begin(first: First) -> Result<u8> {
    let theme = theme_of(&first.theme, first.ascii)?;
    let mut stage = stage(first.runtime.handle(), first.mouse)?;
    let model = setup::Model::new(theme, first.path.clone(), first.name.as_deref());
    match setup::run(&mut stage, model, first.runtime.handle())? {
        Finished::Ended(code) => {
            drop(stage);
            // What is being tried is not waited for.
            first.runtime.shutdown_background();
            Ok(code)
        }
        Finished::Written => screens(&mut stage, first.open()?).map(code),
    }
}

/// The list of channels, the screens on one of them, and back, until somebody ends it.
fn choose(several: Several) -> Result<u8> {
    let theme = theme_of(&several.theme, several.ascii)?;
    // What is wrong with a channel that was named is told before the terminal is taken.
    let mut opening = several.named.as_deref().map(|name| several.open(name)).transpose()?;
    let (mut marked, mut wrong) = (several.named.clone(), None);
    let mut stage = stage(several.runtime.handle(), several.mouse)?;
    let code = loop {
        if let Some(opening) = opening.take()
            && let Left::Ended(code) = screens(&mut stage, opening)?
        {
            break code;
        }
        let line = |(name, source, target, active): Listed| Line { name, source, target, active };
        let lines = several.list()?.into_iter().map(line).collect();
        match channels::run(&mut stage, channels::Model::new(theme.clone(), lines, marked.as_deref(), wrong.take()))? {
            Err(left) => break self::code(left),
            Ok(name) => {
                match several.open(&name) {
                    Ok(opened) => opening = Some(opened),
                    Err(error) => wrong = Some(redacted(&error.to_string())),
                }
                marked = Some(name);
            }
        }
    };
    drop(stage);
    several.runtime.shutdown_background();
    Ok(code)
}

fn code(left: Left) -> u8 {
    match left {
        Left::Ended(code) => code,
        Left::Channels => exit::DONE,
    }
}

fn screens(stage: &mut Stage, opening: Opening) -> Result<Left> {
    let Opening { channel, source, target, theme, ascii, read_only, file, keys, channels, runtime, start, .. } = opening;
    let theme = theme_of(&theme, ascii)?;
    let setting = Setting { source, target, theme, read_only, file, channels, zone: Zone::here(), ..Setting::plain(&channel)? };
    let setting = match keys {
        None => setting,
        // Its name alone: a line at the bottom has little room, and there is one such file.
        Some((path, Ok(text))) => setting.with_keys(&path.file_name().unwrap_or_default().to_string_lossy(), &text),
        Some((path, Err(e))) => Setting { complaints: vec![format!("{} cannot be read: {e}", path.display())], ..setting },
    };
    let left = tui::run(stage, setting, start);
    // A read that is under way is not waited for.
    runtime.shutdown_background();
    left
}
