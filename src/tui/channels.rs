//! The list of channels: where a configuration has several and none was named, and to go to another one.

use super::layout::fits;
use super::theme::{Role, Theme};
use super::view::too_small;
use super::widget::field::Field;
use super::widget::grid::{Column, fit, window};
use super::widget::ink::{Ink, cells};
use super::widget::page::wrap;
use super::{AT_ONCE, Heard, Left, Msg, Stage, gone};
use crate::error::{Result, exit};
use crate::identity::value::key_form;
use crate::text::width;
use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;

/// A channel to choose. Nothing of it is cleaned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Where people come from, in a word or two.
    pub source: String,
    /// The service, in a word or two.
    pub target: String,
    /// False for a parked channel.
    pub active: bool,
}

/// Everything that the list knows.
pub struct Model {
    theme: Theme,
    lines: Vec<Line>,
    field: Field,
    at: usize,
    top: usize,
    /// Why the last one that was chosen could not be opened.
    wrong: Option<String>,
}

/// What a key comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Open this channel.
    Open(String),
    /// End.
    End,
    /// Draw everything anew.
    Redraw,
    /// Back to the shell until it brings us back.
    Suspend,
}

impl Model {
    /// The list with a channel marked; `wrong` is why that one could not be opened.
    #[must_use]
    pub fn new(theme: Theme, lines: Vec<Line>, marked: Option<&str>, wrong: Option<String>) -> Self {
        let at = marked.and_then(|name| lines.iter().position(|l| l.name == name)).unwrap_or(0);
        Model { theme, lines, field: Field::default(), at, top: 0, wrong }
    }

    fn fitting(&self) -> Vec<&Line> {
        let text = key_form(self.field.text()).into_owned();
        let words: Vec<&str> = text.split_whitespace().collect();
        let all = |line: &Line| key_form(&format!("{} {} {}", line.name, line.source, line.target)).into_owned();
        self.lines.iter().filter(|line| words.iter().all(|w| all(line).contains(w))).collect()
    }

    /// Does what a key means.
    pub fn press(&mut self, key: &KeyEvent) -> Option<Effect> {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let last = self.fitting().len().saturating_sub(1);
        match key.code {
            KeyCode::Char('c') if ctrl => return Some(Effect::End),
            KeyCode::Char('z') if ctrl => return Some(Effect::Suspend),
            KeyCode::Char('l') if ctrl => return Some(Effect::Redraw),
            KeyCode::Esc if self.field.text().is_empty() => return Some(Effect::End),
            KeyCode::Esc => self.field = Field::default(),
            KeyCode::Up | KeyCode::BackTab => self.at = self.at.saturating_sub(1),
            KeyCode::Down | KeyCode::Tab => self.at = (self.at + 1).min(last),
            KeyCode::Enter => return self.fitting().get(self.at).map(|line| Effect::Open(line.name.clone())),
            _ => {
                if self.field.key(key) {
                    self.at = 0;
                }
            }
        }
        None
    }
}

/// Draws the list.
pub fn draw(model: &mut Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let theme = model.theme.clone();
    let mut ink = Ink::new(frame.buffer_mut(), &theme);
    ink.style(area, Role::Text);
    if !fits(area.width, area.height) {
        return too_small(&mut ink, area);
    }
    let used = ink.put(area.x + 1, area.y, area.width - 1, "rosterm · ", Role::Quiet);
    ink.put(area.x + 1 + used, area.y, area.width - 1 - used, "which channel?", Role::Strong);
    ink.rule(area.x, area.y + 1, area.width, &[], false);
    let used = ink.put(area.x + 1, area.y + 2, area.width - 1, "type to narrow: ", Role::Quiet);
    let place = Rect { x: area.x + 1 + used, y: area.y + 2, width: area.width - 1 - used, height: 1 };
    let cursor = model.field.draw(&mut ink, place);
    let wrong = model.wrong.as_ref().map(|w| wrap(w, usize::from(area.width - 2))).unwrap_or_default();
    let list = Rect { x: area.x + 1, y: area.y + 4, width: area.width - 2, height: (area.height - 5).saturating_sub(cells(wrong.len())) };
    rows(model, &mut ink, list);
    for (y, line) in (list.bottom()..).zip(&wrong) {
        ink.put(list.x, y, list.width, line, Role::Bad);
    }
    let mut x = area.x + 1;
    for (key, words) in [("up down", "choose"), ("enter", "open it"), ("esc", "end")] {
        x += ink.put(x, area.bottom() - 1, area.right().saturating_sub(x), key, Role::Key) + 1;
        x += ink.put(x, area.bottom() - 1, area.right().saturating_sub(x), words, Role::Text) + 3;
    }
    frame.set_cursor_position((cursor, area.y + 2));
}

fn rows(model: &mut Model, ink: &mut Ink<'_>, area: Rect) {
    let fitting: Vec<Line> = model.fitting().into_iter().cloned().collect();
    model.top = window(model.top, model.at, usize::from(area.height), fitting.len());
    if fitting.is_empty() {
        ink.put(area.x, area.y, area.width, "no channel has that in it; esc takes it away", Role::Quiet);
    }
    let widest = |part: fn(&Line) -> &str| cells(model.lines.iter().map(|l| width(part(l))).max().unwrap_or(0));
    let column = |wants: u16| Column { wants, least: 8, most: 60 };
    let columns = fit(area.width - 2, &[column(widest(|l| &l.name)), column(widest(|l| &l.source)), column(widest(|l| &l.target))]);
    for (y, (i, line)) in (area.y..area.bottom()).zip(fitting.iter().enumerate().skip(model.top)) {
        let parked = if line.active { "" } else { " · parked" };
        let mut x = area.x + 2;
        for (text, (room, role)) in [line.name.as_str(), &line.source, &format!("{}{parked}", line.target)]
            .into_iter()
            .zip(columns.iter().zip([if line.active { Role::Strong } else { Role::Quiet }, Role::Text, Role::Text]))
        {
            if *room > 0 {
                ink.put(x, y, *room, text, role);
                x += room + 2;
            }
        }
        if i == model.at {
            ink.put(area.x, y, 1, ">", Role::Accent);
            ink.style(Rect { y, height: 1, ..area }, Role::Cursor);
        }
    }
}

/// Shows the list until a channel is chosen: its name; nothing if somebody ended it, with the exit code.
///
/// # Errors
/// Where the terminal goes away.
pub fn run(stage: &mut Stage, mut model: Model) -> Result<std::result::Result<String, Left>> {
    stage.screen.draw(|frame| draw(&mut model, frame)).map_err(gone)?;
    while let Ok(first) = stage.inbox.recv() {
        for heard in std::iter::once(first).chain(stage.inbox.try_iter().take(AT_ONCE)) {
            // Engines that were left have nothing to tell here.
            let Heard::Msg(msg) = heard else { continue };
            let effect = match *msg {
                Msg::Key(key) => model.press(&key),
                Msg::Paste(text) => {
                    model.field.insert(&text);
                    model.wrong = model.field.wrong().or(model.wrong.take());
                    None
                }
                Msg::End(code) => return Ok(Err(Left::Ended(code))),
                Msg::Resumed => Some(Effect::Redraw),
                Msg::Resize(..) | Msg::Mouse(_) | Msg::News(_) | Msg::Seek => None,
            };
            match effect {
                Some(Effect::Open(name)) => return Ok(Ok(name)),
                Some(Effect::End) => return Ok(Err(Left::Ended(exit::DONE))),
                Some(Effect::Redraw) => stage.screen.retake().map_err(gone)?,
                Some(Effect::Suspend) => stage.screen.suspend().map_err(gone)?,
                None => {}
            }
        }
        stage.screen.draw(|frame| draw(&mut model, frame)).map_err(gone)?;
    }
    Ok(Err(Left::Ended(exit::DONE)))
}
