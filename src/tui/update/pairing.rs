//! Why a user is where they are, and linking or unlinking them by hand: each link is asked about in plain words first.

use crate::engine::why::Learnt;
use crate::engine::{Choice, Seen, Snapshot};
use crate::identity::value::Datum;
use crate::identity::{AccountId, EntryId};
use crate::model::Subject;
use crate::text::cut;
use crate::tui::action::Verb;
use crate::tui::model::{Model, Tone};
use crate::tui::msg::Effect;
use crate::tui::overlay::Overlay;
use crate::tui::overlay::pick::Pick;
use crate::tui::overlay::question::{Answer, Question, Then};
use crate::tui::overlay::why::Why;
use crate::tui::theme::Role;
use crate::tui::widget::picker::Picker;
use std::sync::Arc;

/// Fields that are named in a question.
const FIELDS: usize = 8;

/// Opens the explanation of the user under the cursor.
pub(super) fn why(model: &mut Model) -> Vec<Effect> {
    let (Some(snapshot), Some(subject)) = (model.snapshot.clone(), model.list.subject) else { return Vec::new() };
    let Some(named) = snapshot.named(subject).map(|named| snapshot.whole(subject, named)) else {
        model.say(Tone::Warn, "there is nobody to explain any more");
        return Vec::new();
    };
    // Whoever is explained stays under the cursor.
    model.list.moved = true;
    model.search = None;
    model.overlay = Some(Overlay::Why(Box::new(Why::new(named, subject))));
    vec![Effect::Why(subject)]
}

/// A part of an explanation has come.
pub(super) fn learnt(model: &mut Model, learnt: Learnt) {
    model.detail.learn(&learnt);
    if let Some(Overlay::Why(why)) = &mut model.overlay {
        why.learn(learnt);
    }
}

/// Does what a key of the list means for whoever is explained; nothing is done about anybody else.
pub(super) fn in_why(model: &mut Model, why: Box<Why>, verb: Verb) -> Vec<Effect> {
    match verb {
        Verb::Why | Verb::Quit => return Vec::new(),
        Verb::Copy => {
            let text = super::as_comment(&why.plain());
            model.overlay = Some(Overlay::Why(why));
            model.say(Tone::Plain, "copied, if the terminal allows it");
            return vec![Effect::Copy(text)];
        }
        Verb::Approve | Verb::Hold | Verb::Release | Verb::Link | Verb::Unlink => {}
        _ => {
            model.overlay = Some(Overlay::Why(why));
            return Vec::new();
        }
    }
    if why.subject.is_none() || why.subject != model.list.subject {
        model.overlay = Some(Overlay::Why(why));
        model.say(Tone::Warn, "not now, this user is not in the list any more");
        return Vec::new();
    }
    let stays = matches!(verb, Verb::Approve | Verb::Release);
    // What is done here is about whoever is explained, not about who is marked.
    let marks = std::mem::take(&mut model.list.marks);
    let effects = super::perform(model, verb);
    model.list.marks = marks;
    if stays || model.overlay.is_none() {
        model.overlay = Some(Overlay::Why(why));
    }
    effects
}

/// Opens the choice of whom the user under the cursor is to be linked with.
pub(super) fn link(model: &mut Model) -> Vec<Effect> {
    let (Some(snapshot), Some(subject)) = (model.snapshot.clone(), model.list.subject) else { return Vec::new() };
    let (Some(user), Some(named), Some(line)) = (snapshot.picture().user_of(subject), snapshot.named(subject), snapshot.line(subject))
    else {
        return Vec::new();
    };
    if let Err(why) = snapshot.picture().may_link(&user) {
        let key = model.setting.keymap.key(Verb::Unlink);
        let way = if why.ends_with("already") { format!("; {key} unlinks") } else { String::new() };
        model.say(Tone::Warn, format!("{} {why}{way}", line.user_name));
        return Vec::new();
    }
    model.list.moved = true;
    model.search = None;
    model.searches += 1;
    let called = if line.name.is_empty() { line.user_name } else { line.name };
    model.overlay = Some(Overlay::Pick(Box::new(Pick {
        named,
        subject,
        called,
        wants_account: user.entry.is_some(),
        picker: Picker::default(),
        number: model.searches,
        choices: None,
    })));
    vec![Effect::Choices { subject, typed: String::new(), number: model.searches }]
}

/// Something else is typed into a choice: it is looked for again.
pub(super) fn typed(model: &mut Model, pick: &mut Pick) -> Vec<Effect> {
    model.searches += 1;
    pick.number = model.searches;
    pick.picker.at = 0;
    // Where everybody has another number it is about nobody; the answer is empty then.
    let subject = model.snapshot.as_ref().and_then(|s| s.subject_of(&pick.named)).unwrap_or(pick.subject);
    vec![Effect::Choices { subject, typed: pick.picker.field.text().trim().to_owned(), number: pick.number }]
}

/// Who could be chosen is known.
pub(super) fn found(model: &mut Model, number: u64, choices: Arc<Vec<Choice>>) {
    if let Some(Overlay::Pick(pick)) = &mut model.overlay
        && pick.number == number
    {
        pick.choices = Some(choices);
    }
}

/// Somebody was chosen: it is asked about.
pub(super) fn chosen(model: &mut Model, pick: &Pick, place: usize) {
    let Some(choice) = pick.choices.as_ref().and_then(|c| c.get(place)) else { return };
    let Some(snapshot) = model.snapshot.clone() else { return };
    let (entry, account) = if pick.wants_account {
        (pick.named.entry.clone(), Some(AccountId::new(choice.id.as_str())))
    } else {
        (Some(EntryId::new(choice.id.as_str())), pick.named.account.clone())
    };
    let (Some(entry), Some(account)) = (entry, account) else { return };
    match to_link(snapshot, entry, account, choice) {
        Some(question) => model.overlay = Some(Overlay::Question(Box::new(question))),
        None => model.say(Tone::Warn, "one of the two is not there any more"),
    }
}

/// The question before two are linked; nothing if one of them is gone.
fn to_link(snapshot: Arc<Snapshot>, entry: EntryId, account: AccountId, choice: &Choice) -> Option<Question> {
    let picture = snapshot.picture();
    let (person, other) = (picture.entries().by_id(entry.as_str())?, picture.accounts().by_id(account.as_str())?);
    let preview = picture.preview(person, other);
    let name = snapshot.line(Subject::of_entry(person)).map(|l| if l.name.is_empty() { l.user_name } else { l.name })?;
    let shown = picture.shown_name(other);
    let mut words = vec![
        (Role::Strong, format!("Link {name} to account {shown}?")),
        (Role::Quiet, format!("the person   {}", picture.entries().row(person).name())),
        (Role::Quiet, format!("the account  {}, {}", account, if preview.active { "active" } else { "inactive" })),
        (Role::Text, format!("They belong together from then on, whatever their names say: {}.", preview.consequence())),
    ];
    let signs: Vec<&str> = choice.signs.iter().map(|s| s.words()).collect();
    words.insert(
        3,
        if signs.is_empty() {
            (Role::Warn, "No e-mail, number, user name or whole name is alike: look twice.".to_owned())
        } else {
            (Role::Quiet, format!("alike        {}", signs.join(", ")))
        },
    );
    let value = |datum: &Datum| if datum.is_unassigned() { "nothing".to_owned() } else { cut(&datum.plain(), 40).into_owned() };
    for change in preview.changes.iter().take(FIELDS) {
        words.push((Role::Text, format!("  {}: {} → {}", change.field, value(&change.from), value(&change.to))));
    }
    if preview.changes.len() > FIELDS {
        words.push((Role::Text, format!("  and {} more fields", preview.changes.len() - FIELDS)));
    }
    words.push((Role::Quiet, "Nothing is sent by this. It is written down with your name, and can be unlinked again.".to_owned()));
    Some(Question::new("Link by hand", words, Answer::Yes, Then::Pair { entry, account, linked: true, seen: Seen(snapshot) }))
}

/// Asks before the pair of the user under the cursor is parted.
pub(super) fn unlink(model: &mut Model) {
    let (Some(snapshot), Some(subject)) = (model.snapshot.clone(), model.list.subject) else { return };
    let picture = snapshot.picture();
    let (Some(user), Some(line)) = (picture.user_of(subject), snapshot.line(subject)) else { return };
    let Some(link) = picture.any_link(&user) else {
        return model.say(Tone::Warn, format!("{} is not linked", line.user_name));
    };
    if user.entry.is_none() && picture.may_link(&user).is_err_and(|why| why.contains("channel")) {
        return model.say(Tone::Warn, format!("{} is linked by another channel: unlink it there", line.user_name));
    }
    model.list.moved = true;
    let remembered = picture.links().link(link);
    let account = picture.accounts().by_id(remembered.account.as_str());
    let shown = account.map_or_else(|| remembered.account.to_string(), |row| picture.shown_name(row));
    let person = picture.entries().by_id(remembered.entry.as_str());
    let called = if line.name.is_empty() { line.user_name.clone() } else { line.name.clone() };
    let mut words = vec![
        (Role::Strong, format!("Unlink {called} from account {shown}?")),
        (Role::Quiet, format!("linked since {}", &remembered.since.rfc3339()[..10])),
    ];
    words.push(match (picture.binds_without_link(link), person, account) {
        (Some(what), _, _) => {
            (Role::Warn, format!("They are matched again at once: {what}. Hold one of them to keep them apart, or mend the value."))
        }
        (None, Some(_), Some(_)) => (
            Role::Text,
            "The account is nobody's then, and is left alone: nothing disables or deletes it. The person is matched by the key like everybody, and would be created where no account has it."
                .to_owned(),
        ),
        (None, None, Some(_)) => (
            Role::Text,
            "The person is not in scope. The account is nobody's then, and is left alone: nothing disables or deletes it.".to_owned(),
        ),
        (None, _, None) => (Role::Text, "The service does not list the account: the person counts as one without an account.".to_owned()),
    });
    words.push((Role::Quiet, "Nothing is sent by this. It is written down with your name, and can be linked again.".to_owned()));
    let then = Then::Pair { entry: remembered.entry, account: remembered.account, linked: false, seen: Seen(Arc::clone(&snapshot)) };
    model.overlay = Some(Overlay::Question(Box::new(Question::new("Unlink by hand", words, Answer::Yes, then))));
}
