//! The thin binary: everything is in the library. Here the two faces meet, the commands and the screens.

use rosterm::cli::{self, First, Next, Opening};
use rosterm::clock::Zone;
use rosterm::error::Result;
use rosterm::tui::setup::{self, Finished};
use rosterm::tui::theme::{Glyphs, Theme};
use rosterm::tui::{self, Setting, Stage};

fn main() -> std::process::ExitCode {
    rosterm::use_small_pages();
    let code = match cli::run() {
        Next::Done(code) => code,
        Next::Screens(opening) => cli::end(screens(None, *opening)),
        Next::First(first) => cli::end(begin(*first)),
    };
    code.into()
}

/// The first screen, and the screens on what came of it.
fn begin(first: First) -> Result<u8> {
    let theme = Theme::named(&first.theme, if first.ascii { Glyphs::Ascii } else { Glyphs::Lines })?;
    let mut stage = Stage::take(first.runtime.handle())?;
    let model = setup::Model::new(theme, first.path.clone(), first.name.as_deref());
    match setup::run(&mut stage, model, first.runtime.handle())? {
        Finished::Ended(code) => {
            drop(stage);
            // What is being tried is not waited for.
            first.runtime.shutdown_background();
            Ok(code)
        }
        Finished::Written => screens(Some(stage), first.open()?),
    }
}

fn screens(stage: Option<Stage>, opening: Opening) -> Result<u8> {
    let Opening { channel, source, target, theme, ascii, read_only, file, keys, runtime, start } = opening;
    let theme = Theme::named(&theme, if ascii { Glyphs::Ascii } else { Glyphs::Lines })?;
    let setting = Setting { source, target, theme, read_only, file, zone: Zone::here(), ..Setting::plain(&channel)? };
    let setting = match keys {
        None => setting,
        // Its name alone: a line at the bottom has little room, and there is one such file.
        Some((path, Ok(text))) => setting.with_keys(&path.file_name().unwrap_or_default().to_string_lossy(), &text),
        Some((path, Err(e))) => Setting { complaints: vec![format!("{} cannot be read: {e}", path.display())], ..setting },
    };
    let told = match stage {
        Some(stage) => tui::run_on(stage, setting, start),
        None => tui::run(setting, runtime.handle(), start),
    };
    // A read that is under way is not waited for.
    runtime.shutdown_background();
    told
}
