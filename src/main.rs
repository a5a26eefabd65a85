//! The thin binary: everything is in the library. Here the two faces meet, the commands and the screens.

use rosterm::cli::{self, Next, Opening};
use rosterm::clock::Zone;
use rosterm::error::Result;
use rosterm::tui::theme::{Glyphs, Theme};
use rosterm::tui::{self, Setting};

fn main() -> std::process::ExitCode {
    rosterm::use_small_pages();
    let code = match cli::run() {
        Next::Done(code) => code,
        Next::Screens(opening) => cli::end(screens(*opening)),
    };
    code.into()
}

fn screens(opening: Opening) -> Result<u8> {
    let Opening { channel, source, target, theme, ascii, read_only, file, runtime, start } = opening;
    let theme = Theme::named(&theme, if ascii { Glyphs::Ascii } else { Glyphs::Lines })?;
    let setting = Setting { source, target, theme, read_only, file, zone: Zone::here(), ..Setting::plain(&channel)? };
    let told = tui::run(setting, runtime.handle(), start);
    // A read that is under way is not waited for.
    runtime.shutdown_background();
    told
}
