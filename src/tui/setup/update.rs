//! What happens on the first screen: a message goes in, the model changes, what is to be done outside comes out.

use super::model::{Line, Model};
use crate::engine::setup::{Ask, Draft, Found, Test, answer, asks, may_hold_secret, question, test_of};
use crate::error::{Error, Result, exit};
use crate::model::step::Step;
use crate::tui::widget::field::Field;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Something happened.
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// A text was pasted.
    Paste(String),
    /// A step of what is tried, by its number.
    Step(u64, Step),
    /// What was tried is over: whether it was good, and what was found.
    Tested(u64, bool, Box<Found>),
    /// Groups were looked for: false if there is none.
    Sought(u64, bool, Box<Found>),
    /// The file was written, or why not.
    Written(Result<()>),
}

/// Something is to be done outside.
#[derive(Debug)]
pub enum Effect {
    /// Try what was answered; tell it with this number.
    Test(u64, Test, Box<Draft>, Box<Found>),
    /// Look for groups with this in their names.
    Seek(u64, String, Box<Draft>, Box<Found>),
    /// Nobody waits for what is tried any more.
    Stop,
    /// Write this configuration.
    Write(String),
    /// Draw everything, whatever is on the terminal.
    Redraw,
    /// Back to the shell until it brings us back.
    Suspend,
    /// End with this exit code.
    End(u8),
    /// Open the screens on what was written.
    Open,
}

/// Takes a message in.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(key) => return press(model, &key),
        Msg::Paste(text) if model.testing.is_none() && model.ask != Ask::File => {
            model.field.insert(&text);
            typed(model);
        }
        Msg::Step(number, step) if model.testing == Some(number) => note(model, step),
        Msg::Tested(number, good, found) if model.testing == Some(number) => tested(model, good, *found),
        Msg::Sought(number, any, found) if model.testing == Some(number) => sought(model, any, *found),
        // There is no room for it, or nobody waits for it any more.
        Msg::Paste(_) | Msg::Step(..) | Msg::Tested(..) | Msg::Sought(..) => {}
        Msg::Written(Ok(())) => return vec![Effect::Open],
        Msg::Written(Err(error)) => {
            model.writing = false;
            model.wrong = Some(words(&error));
        }
    }
    Vec::new()
}

fn words(error: &Error) -> String {
    let hint = error.hint_text().map(|h| format!(". {h}")).unwrap_or_default();
    format!("{}{hint}", error.message())
}

fn press(model: &mut Model, key: &KeyEvent) -> Vec<Effect> {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    model.notice = None;
    match key.code {
        KeyCode::Char('c') if ctrl => return vec![Effect::End(exit::DONE)],
        KeyCode::Char('z') if ctrl => return vec![Effect::Suspend],
        KeyCode::Char('l') if ctrl => return vec![Effect::Redraw],
        KeyCode::Esc => return back(model),
        _ if model.writing => {}
        _ if model.testing.is_some() => model.notice = Some("it is being tried; esc breaks it off".to_owned()),
        KeyCode::Enter => return enter(model),
        KeyCode::Up | KeyCode::BackTab => go(model, -1),
        KeyCode::Down | KeyCode::Tab => go(model, 1),
        KeyCode::PageUp => go(model, -page(model)),
        KeyCode::PageDown => go(model, page(model)),
        _ if model.ask == Ask::File => {}
        _ => {
            if model.field.key(key) {
                typed(model);
            }
        }
    }
    Vec::new()
}

fn page(model: &Model) -> isize {
    isize::try_from(model.height.max(1)).unwrap_or(1)
}

/// What follows from another text.
fn typed(model: &mut Model) {
    model.wrong = model.field.wrong();
    // With nothing typed any more the mark is where it was before.
    model.at = if model.field.text().trim().is_empty() { model.untyped } else { 0 };
    model.top = 0;
    model.look();
}

fn go(model: &mut Model, by: isize) {
    if model.ask == Ask::File {
        let most = model.file.len().saturating_sub(model.height);
        model.top = model.top.saturating_add_signed(by).min(most);
    } else {
        model.at = model.at.saturating_add_signed(by).min(model.lines().len().saturating_sub(1));
        if model.field.text().trim().is_empty() {
            model.untyped = model.at;
        }
    }
}

fn back(model: &mut Model) -> Vec<Effect> {
    if model.writing {
        return Vec::new();
    }
    if model.testing.take().is_some() {
        model.notice = Some("broken off".to_owned());
        return vec![Effect::Stop];
    }
    match model.before() {
        Some(ask) => model.put(ask),
        None => model.notice = Some("this is the first question; ctrl-c ends, and nothing is written".to_owned()),
    }
    Vec::new()
}

fn enter(model: &mut Model) -> Vec<Effect> {
    if model.ask == Ask::File {
        model.writing = true;
        model.wrong = None;
        return vec![Effect::Write(model.text())];
    }
    if let Some(wrong) = model.field.wrong() {
        model.wrong = Some(wrong);
        return Vec::new();
    }
    let said = match model.lines().into_iter().nth(model.at) {
        Some(Line::Of(choice)) => choice.value,
        Some(Line::Nothing(_)) => String::new(),
        Some(Line::Seek) => {
            let word = model.field.text().trim().to_owned();
            let number = begin(model);
            return vec![Effect::Seek(number, word, Box::new(model.draft.clone()), Box::new(model.found.clone()))];
        }
        Some(Line::Typed) | None => model.field.text().trim().to_owned(),
    };
    if said.is_empty() && model.question.empty.is_none() && !matches!(model.ask, Ask::Rule(_)) {
        model.wrong = Some("this needs an answer".to_owned());
        return Vec::new();
    }
    if let Err(error) = answer(model.ask, &said, &mut model.draft, &mut model.found) {
        if may_hold_secret(model.ask, model.field.text(), &model.draft) {
            // It is not held any longer.
            model.field = Field::default();
            typed(model);
        }
        model.wrong = Some(words(&error));
        return Vec::new();
    }
    model.question.usual = said;
    if model.question.is_secret {
        // What a program is told is seen while it is typed, and nowhere afterwards.
        model.question.usual = question(model.ask, &model.draft, &model.found).usual;
        model.field = Field::of(&model.question.usual);
    }
    if let Some(test) = test_of(model.ask, &model.draft) {
        let number = begin(model);
        return vec![Effect::Test(number, test, Box::new(model.draft.clone()), Box::new(model.found.clone()))];
    }
    let ask = model.ask;
    model.told.retain(|(a, _)| *a != ask);
    on(model);
    Vec::new()
}

fn begin(model: &mut Model) -> u64 {
    let ask = model.ask;
    model.number += 1;
    model.testing = Some(model.number);
    model.wrong = None;
    model.told.retain(|(a, _)| *a != ask);
    model.number
}

fn note(model: &mut Model, step: Step) {
    match model.told.iter_mut().find(|(ask, _)| *ask == model.ask) {
        Some((_, steps)) => steps.push(step),
        None => model.told.push((model.ask, vec![step])),
    }
}

fn tested(model: &mut Model, good: bool, found: Found) {
    model.testing = None;
    model.found = found;
    if good {
        // What the same test came to with fewer answers does not count any more.
        let (now, test) = (model.ask, test_of(model.ask, &model.draft));
        let draft = model.draft.clone();
        model.told.retain(|(ask, _)| *ask == now || test_of(*ask, &draft) != test);
        if model.found.good[1] && model.draft.rules.is_empty() {
            // The connector was read a moment ago.
            if let Err(error) = model.draft.suggest(&model.found) {
                model.wrong = Some(words(&error));
                return;
            }
        }
        on(model);
        return;
    }
    // An authority is asked for where its lack was the trouble.
    let asks = asks(&model.draft, &model.found);
    let next = asks.iter().position(|a| *a == model.ask).and_then(|at| asks.get(at + 1)).copied();
    if let Some(next @ (Ask::Authority | Ask::ServiceAuthority)) = next {
        model.put(next);
    }
}

fn sought(model: &mut Model, any: bool, found: Found) {
    model.testing = None;
    model.found = found;
    let word = std::mem::take(&mut model.field);
    model.put(model.ask);
    if !any {
        model.wrong = Some(format!("no group is called anything like {}", word.text()));
        model.field = word;
    }
}

/// To the next question.
fn on(model: &mut Model) {
    let asks = asks(&model.draft, &model.found);
    let at = asks.iter().position(|a| *a == model.ask).unwrap_or(0);
    model.put(asks.get(at + 1).copied().unwrap_or(Ask::File));
}
