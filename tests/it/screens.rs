//! The screens on the real engine: what they show in several sizes, what keys do, and that nothing makes them fall over.
//!
//! Pictures of frames lie in tests/snapshots/screens; `UPDATE_SNAPSHOTS=1 cargo test` writes them anew, to be looked at.

mod anew;
mod channels;
mod decide;
mod desk;
mod details;
mod keys;
mod mapping;
mod marks;
mod meanwhile;
mod monkey;
mod moves;
mod pictures;
mod pointer;
mod policy;
mod retry;
mod rules;
mod search;
mod server;
mod setup;
mod source;
mod waiting;
mod why;

use crate::support;
use desk::{Desk, event, hostile};
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use rosterm::config::{Channel, Located, SourceKind};
use rosterm::demo::service::{Faults, Service};
use rosterm::demo::world::{self, Plan};
use rosterm::engine::location::Site;
use rosterm::engine::{News, Snapshot, Spec, View};
use rosterm::error::Error;
use rosterm::identity::population::RowIx;
use rosterm::model::Subject;
use rosterm::text;
use rosterm::tui::theme::{Glyphs, Theme};
use rosterm::tui::{Effect, Model, Msg, Setting, update, view};
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// The number of a user's row on their side.
fn number(subject: Subject) -> u32 {
    subject.entry().or(subject.account()).map_or(0, |row| row.0)
}

/// As read: rows in the order of the directory.
fn setting() -> Setting {
    Setting { spec: Spec::default(), ..Setting::plain("demo").unwrap() }
}

/// The same picture whenever and wherever it is taken: times of day and ports are left out.
fn timeless(frame: &str) -> String {
    let time = |c: &[char]| c.iter().enumerate().all(|(i, c)| if i % 3 == 2 { *c == ':' } else { c.is_ascii_digit() });
    let mut chars: Vec<char> = frame.chars().collect();
    for i in 0..chars.len().saturating_sub(8) {
        if time(&chars[i..i + 8]) {
            chars.splice(i..i + 8, "12:00:00".chars());
        }
    }
    let text: String = chars.into_iter().collect();
    let mut parts = text.split("127.0.0.1:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        format!("{text}127.0.0.1:{}{rest}", "9".repeat(part.len() - rest.len()))
    })
}

fn same_as_before(name: &str, frame: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/screens").join(format!("{name}.txt"));
    let frame = timeless(frame);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        return std::fs::write(&path, frame).unwrap();
    }
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(before == frame, "{} shows something else now (UPDATE_SNAPSHOTS=1 keeps it):\n{frame}", path.display());
}

#[test]
fn panes_and_overlays_look_as_before_in_three_sizes_and_without_colour() {
    let mut desk = Desk::small(setting());
    for (name, width, height, keys) in [
        ("diff-80x24", 80, 24, ""),
        ("diff-120x40", 120, 40, ""),
        ("diff-200x60", 200, 60, ""),
        ("leaving-120x40", 120, 40, "tab"),
        ("leaving-detail-80x24", 80, 24, "enter"),
        ("leaving-detail-200x60", 200, 60, "j"),
        ("invalid-detail-120x40", 120, 40, "esc tab tab enter"),
        ("invalid-detail-80x24", 80, 24, "G"),
        ("changed-160x48", 160, 48, "esc tab tab"),
        ("new-detail-160x48", 160, 48, "tab enter"),
        ("help-80x24", 80, 24, "esc esc ?"),
        ("help-120x40", 120, 40, "s o r t"),
        ("facets-80x24", 80, 24, "esc f"),
        ("facets-200x60", 200, 60, ""),
        ("ends-120x40", 120, 40, "esc i"),
        ("search-80x24", 80, 24, "esc / g a r"),
        ("nobody-80x24", 80, 24, "x x x enter"),
        ("nobody-120x40", 120, 40, ""),
        ("small-59x15", 59, 15, "esc"),
        ("least-60x15", 60, 15, ""),
    ] {
        if !keys.is_empty() {
            desk.press(keys);
        }
        same_as_before(name, &desk.frame(width, height));
    }
    let plain = Setting { theme: Theme::named("none", Glyphs::Ascii).unwrap(), ..setting() };
    let mut desk = Desk::small(plain);
    desk.press("tab");
    let frame = desk.frame(120, 40);
    same_as_before("leaving-ascii-120x40", &frame);
    let ours = frame.lines().filter(|l| l.starts_with(['=', '-']));
    assert!(ours.clone().count() == 2 && ours.flat_map(str::chars).all(|c| c.is_ascii() || c.is_alphabetic()));
}

#[test]
fn before_anything_is_read_and_after_a_failure_it_says_what_to_do() {
    let mut model = Model::new(setting());
    let draw = |model: &mut Model, width, height| {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| view::draw(model, frame)).unwrap();
        terminal.backend().to_string()
    };
    let first = draw(&mut model, 80, 24);
    assert!(first.contains("Reading the directory and the service …") && first.contains("? every key"), "{first}");
    let error = Error::failure("dc1.example.com refused the bind: \u{1b}[31mno").hint("check bind_dn and password");
    update::update(&mut model, Msg::News(News::Failed(error)));
    let failed = draw(&mut model, 80, 24);
    for told in
        ["FAILED: dc1.example.com refused the bind: \u{fffd}[31mno", "check bind_dn and password · r tries again", "Nothing could be read."]
    {
        assert!(failed.contains(told), "{told}: {failed}");
    }
    let effects = update::update(&mut model, Msg::Key(event("r")));
    assert_eq!(effects, [Effect::Refresh]);
    assert!(draw(&mut model, 80, 24).contains("Reading the directory"));
    // Once is enough.
    assert_eq!(update::update(&mut model, Msg::Key(event("r"))), []);
    assert!(model.notice().unwrap().contains("are being read already"));
}

#[test]
fn a_channel_that_wants_it_is_read_again_by_itself_and_the_cursor_stays() {
    let plan = support::plan(150, 1);
    let world = world::make(plan);
    let runtime = support::runtime();
    let service = Arc::new(runtime.block_on(Service::start(world.accounts.clone(), Faults::default())).unwrap());
    let often = |channel: &mut Channel| channel.refresh = Some(Duration::from_millis(20));
    let mut desk = Desk::with(runtime, service, None, &world, plan, setting(), often);
    desk.press("j j j");
    let (cursor, mut readings, mut before) = (desk.model.cursor(), 0, desk.snapshot.is_busy());
    while readings < 3 {
        desk.next();
        readings += usize::from(before && !desk.snapshot.is_busy());
        before = desk.snapshot.is_busy();
    }
    assert!(cursor.is_some() && desk.model.cursor() == cursor);
}

#[test]
fn what_was_read_stays_when_an_end_is_lost_and_the_banner_goes_when_something_newer_comes() {
    let mut desk = Desk::small(setting());
    desk.tell(Msg::News(News::Failed(Error::failure("the service cannot be reached"))));
    let frame = desk.frame(120, 40);
    assert!(frame.contains("FAILED: the service cannot be reached") && frame.contains("what was read before stays"), "{frame}");
    assert!(frame.contains("awilson1"), "{frame}");
    assert_eq!(desk.press("r"), [Effect::Refresh]);
    desk.live.refresh();
    let newer = loop {
        match desk.inbox.recv_timeout(Duration::from_secs(60)).unwrap() {
            News::Snapshot(s) if s.generation() > desk.snapshot.generation() && !s.source().reading && !s.target().reading => break s,
            _ => {}
        }
    };
    desk.tell(Msg::News(News::Snapshot(newer)));
    let frame = desk.frame(120, 40);
    assert!(!frame.contains("FAILED") && !frame.contains("reading"), "{frame}");
}

#[test]
fn an_incomplete_side_is_told_above_everything_with_what_it_means() {
    let plan = Plan { lifelike: true, ..support::plan(100, 1) };
    let faults = Faults { total_off_by: 3, ..Faults::default() };
    let mut desk = Desk::open(&world::make(plan), plan, faults, setting());
    for (width, height) in [(80, 24), (160, 48)] {
        let frame = desk.frame(width, height);
        let banner = frame.lines().position(|l| l.contains("INCOMPLETE: the service")).unwrap();
        assert!(banner < 4 && frame.contains("What rests on it is blocked"), "{frame}");
    }
    let frame = desk.frame(160, 48);
    assert!(frame.lines().next().unwrap().contains("INCOMPLETE") && frame.contains("blocked"), "{frame}");
}

/// A list over some of the users, as the engine would tell it.
fn list(desk: &Desk, generation: u64, rows: impl IntoIterator<Item = Subject>) -> Msg {
    let rows: Vec<Subject> = rows.into_iter().collect();
    Msg::News(News::View(Arc::new(View { spec: desk.model.spec().clone(), generation, rows: Arc::new(rows), complete: true, wrong: None })))
}

#[test]
fn rows_that_come_and_go_never_move_the_cursor_off_its_user() {
    let mut desk = Desk::small(setting());
    let at = desk.model.cursor().unwrap();
    let all: Vec<Subject> = (0..60).map(|n| Subject::of_entry(RowIx(number(at) + n))).collect();
    let msg = list(&desk, 2, all.iter().copied().skip(20));
    desk.tell(msg);
    desk.frame(110, 40);
    desk.press("j j j");
    let cursor = desk.model.cursor().unwrap();
    assert_eq!(cursor, all[23]);
    let line_of = |frame: &str| frame.lines().position(|l| l.starts_with('▌')).unwrap();
    let before = line_of(&desk.frame(110, 40));
    // Rows come above: the user stays, and on the same line of the screen.
    let msg = list(&desk, 3, all.iter().copied());
    desk.tell(msg);
    assert_eq!(desk.model.cursor(), Some(cursor));
    assert_eq!(line_of(&desk.frame(110, 40)), before);
    // Rows go above and below.
    let msg = list(&desk, 4, all.iter().copied().filter(|s| number(*s).is_multiple_of(3) || *s == cursor));
    desk.tell(msg);
    assert_eq!(desk.model.cursor(), Some(cursor));
    assert!(desk.model.notice().is_none());
    // The user goes: the cursor stays where it was, and it is said.
    let msg = list(&desk, 5, all.iter().copied().filter(|s| *s != cursor));
    desk.tell(msg);
    assert_ne!(desk.model.cursor(), Some(cursor));
    assert!(desk.model.notice().unwrap().contains("no longer in this list"), "{:?}", desk.model.notice());
    // A list that nobody asked for any more changes nothing.
    let now = desk.model.cursor();
    let old = View { spec: Spec { search: "old".into(), ..Spec::default() }, ..View::default() };
    desk.tell(Msg::News(News::View(Arc::new(old))));
    assert_eq!(desk.model.cursor(), now);
    let msg = list(&desk, 6, []);
    desk.tell(msg);
    assert_eq!(desk.model.cursor(), None);
    assert!(desk.frame(80, 24).contains("Nobody here"));
}

#[test]
fn keys_do_what_the_table_says() {
    let mut desk = Desk::small(setting());
    desk.frame(120, 40);
    let first = desk.model.cursor();
    desk.press("j j k");
    assert_ne!(desk.model.cursor(), first);
    desk.press("g");
    assert_eq!(desk.model.cursor(), first);
    desk.press("G");
    let last = desk.model.cursor();
    desk.press("j pagedown end");
    assert_eq!(desk.model.cursor(), last);
    desk.press("home");
    let by_name = Spec { sort: rosterm::engine::view::SortBy::UserName, ..Spec::default() };
    assert_eq!(desk.press("s"), [Effect::Look(by_name)]);
    desk.press("S");
    assert!(desk.model.spec().descending);
    desk.press("S s s s s");
    assert_eq!(*desk.model.spec(), Spec::default());
    // Round through the situations and back to everybody.
    let mut steps = 0;
    while desk.press("tab") != [Effect::Look(Spec::default())] {
        steps += 1;
        assert!(desk.model.spec().filter.situation.is_some() && steps < 13);
    }
    desk.press("backtab");
    assert_eq!(desk.model.spec().filter.situation, Some(rosterm::model::Situation::InSync));
    assert_eq!(desk.press("esc"), [Effect::Look(Spec::default())]);
    // Nothing is set any more: nothing is asked for, and it is said why.
    assert_eq!(desk.press("esc"), []);
    assert!(desk.model.notice().unwrap().contains("neither a search nor a filter is set"));
    assert!(matches!(&desk.press("y")[..], [Effect::Copy(dn)] if dn.starts_with("cn=")));
    assert_eq!(desk.press("ctrl-z"), [Effect::Suspend]);
    assert_eq!(desk.press("ctrl-l"), [Effect::Redraw]);
    assert_eq!(desk.press("q"), [Effect::End(0)]);
    // Where something is typed, a letter is a letter, and ctrl-c still ends.
    assert_eq!(desk.press("/ q"), [Effect::Look(Spec { search: "q".into(), ..Spec::default() })]);
    assert_eq!(desk.press("ctrl-c"), [Effect::End(0)]);
}

#[test]
fn a_search_follows_what_is_typed_and_esc_goes_back_to_where_it_began() {
    let mut desk = Desk::small(setting());
    desk.frame(110, 40);
    desk.press("j j j");
    let before = desk.model.cursor();
    desk.press("/");
    desk.type_in("zzz");
    assert!(desk.frame(110, 40).contains("Nobody here: search “zzz”."));
    desk.press("ctrl-w");
    desk.type_in("gar");
    desk.tell(Msg::Paste("cia\n".into()));
    assert_eq!(desk.model.spec().search, "garcia");
    let frame = desk.frame(110, 40);
    let rows: Vec<&str> = frame
        .lines()
        .skip_while(|l| !l.contains("what and why"))
        .skip(1)
        .take_while(|l| !l.starts_with(['━', '─']))
        .filter(|l| !l.is_empty())
        .collect();
    assert!(!rows.is_empty() && rows.iter().all(|r| r.to_lowercase().contains("garcia")), "{frame}");
    desk.press("esc");
    assert_eq!((desk.model.spec().search.as_str(), desk.model.cursor()), ("", before));
    // Enter keeps it, and then esc takes it away in the list.
    desk.press("/ g a r enter j");
    assert_eq!(desk.model.spec().search, "gar");
    desk.press("esc");
    assert_eq!(desk.model.spec().search, "");
    // A paste where nothing is typed is not taken for keys.
    assert_eq!(desk.tell(Msg::Paste("q".into())), []);
}

#[test]
fn the_help_finds_and_runs_an_action_and_a_facet_narrows_the_list() {
    let mut desk = Desk::small(setting());
    desk.frame(120, 40);
    desk.press("?");
    desk.type_in("read both ends");
    assert!(desk.frame(120, 40).contains("read both ends again"));
    assert_eq!(desk.press("enter"), [Effect::Refresh]);
    let mut desk = Desk::small(setting());
    desk.frame(120, 40);
    desk.press("f");
    desk.type_in("reason disabled");
    desk.press("enter");
    assert_eq!(desk.model.spec().filter.reason, Some(rosterm::model::Reason::Disabled));
    let frame = desk.frame(120, 40);
    assert!(frame.contains("is disabled in the directory · ") || frame.contains("is disabled in the directory ━"), "{frame}");
    // Choosing it once more takes it back.
    desk.press("f");
    desk.type_in("reason disabled");
    desk.press("enter");
    assert!(desk.model.spec().filter.is_open());
    // A problem is found, also from the other side.
    desk.press("g n");
    let found = desk.model.cursor().unwrap();
    let line = desk.snapshot.line(found).unwrap();
    assert!(line.problem || line.situation == rosterm::model::Situation::Ambiguous, "{line:?}");
    desk.press("j N");
    assert_eq!(desk.model.cursor(), Some(found));
}

#[test]
fn a_frame_evaluates_what_is_visible_however_many_there_are_and_nothing_twice() {
    let mut counts = Vec::new();
    for users in [300, 3_000] {
        let plan = Plan { lifelike: true, ..support::plan(users, 1) };
        let mut desk = Desk::open(&world::make(plan), plan, Faults::default(), setting());
        desk.frame(240, 60);
        let first = desk.model.evaluated();
        desk.frame(240, 60);
        let again = desk.model.evaluated();
        desk.press("pagedown");
        desk.frame(240, 60);
        counts.push((first, again, desk.model.evaluated()));
    }
    assert_eq!(counts[0], counts[1]);
    let (first, again, page) = counts[0];
    assert!(first > 20 && first < 61 && again == 0 && page < 61, "{counts:?}");
}

#[test]
fn hostile_names_come_out_clean_in_every_pane() {
    let (world, plan) = hostile(60);
    let mut desk = Desk::open(&world, plan, Faults::default(), setting());
    for (width, height) in [(60, 15), (80, 24), (120, 40), (200, 60)] {
        for keys in
            ["g", "j", "j", "j", "j", "j", "j", "j", "enter", "j", "j", "pagedown", "J", "J", "J", "esc", "f", "esc", "i", "esc", "y"]
        {
            desk.press(keys);
            // The frame itself looks at every cell.
            let frame = desk.frame(width, height);
            assert!(frame.lines().all(|l| text::width(l) <= usize::from(width)));
        }
    }
}

#[test]
fn without_a_terminal_it_says_what_to_run_instead() {
    let desk = crate::commands::Desk::new();
    desk.write(
        "rosterm.toml",
        "[channels.cloud.source]\ntype = \"ldif\"\npath = \"people.ldif\"\n[channels.cloud.source.location]\nbase_dn = \"dc=x\"\n\
         [channels.cloud.target]\nconnector = \"scim2\"\nbase_url = \"https://cloud.example.com/scim\"\ntoken = { env = \"TOKEN\" }\n\
         [channels.cloud.mapping]\nuserName = \"uid\"\n",
    );
    for (arguments, instead) in
        [(&["demo"][..], "rosterm demo --plain"), (&["--config", "rosterm.toml", "--state", "state"], "rosterm plan")]
    {
        let output = desk.run(arguments);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("stdout is not a terminal") && told.contains(instead) && output.stdout.is_empty(), "{told}");
    }
    // An option about printing means printing.
    let output = desk.run(&["demo", "--users", "50", "--format", "json"]);
    assert!(output.stdout.starts_with(b"{"), "{}", String::from_utf8_lossy(&output.stderr));
}

static SITE: LazyLock<Arc<Site>> = LazyLock::new(|| {
    let plan = support::plan(5, 1);
    let mut site = Site::of(&world::channel(plan, "http://127.0.0.1:1", Path::new("x")).unwrap());
    site.source.kind = SourceKind::Ldif { path: "\u{1b}[2Jx".into() };
    site.source.location.group_dn = Some(Located::nowhere("\u{202e}漢\n".repeat(90)));
    Arc::new(site)
});

static DESK: LazyLock<(Arc<Snapshot>, Vec<Subject>)> = LazyLock::new(|| {
    let (world, plan) = hostile(80);
    let desk = Desk::open(&world, plan, Faults::default(), setting());
    let rows = (0..200)
        .flat_map(|n| [Subject::of_entry(RowIx(n)), Subject::of_account(RowIx(n))])
        .filter(|s| desk.snapshot.line(*s).is_some())
        .collect();
    (desk.snapshot, rows)
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]
    #[test]
    fn no_size_no_key_and_no_news_makes_it_fall_over(steps in prop::collection::vec((0usize..72, any::<u8>(), 1u16..230, 1u16..70), 1..60)) {
        let (snapshot, rows) = &*DESK;
        let keys = ["j", "k", "g", "G", "tab", "backtab", "f", "?", "i", "s", "S", "/", "n", "N", "esc", "enter", "up", "down", "left",
            "right", "pagedown", "pageup", "home", "end", "backspace", "ctrl-w", "1", "2", "4", "J", "K", "y", "r", "a", "é", "ctrl-l", "space", "A", "U", "P", "X", "h", "H", "5", "c", "u", "3", "e", "R", "ctrl-s", "w", "m", "v", "M", "L", "B", "d", "t"];
        let mut model = Model::new(setting());
        for (step, dice, width, height) in steps {
            let msg = match step.wrapping_sub(keys.len()) {
                0 => Msg::News(News::Snapshot(Arc::clone(snapshot))),
                1 | 2 => {
                    let rows = rows.iter().copied().filter(|s| !number(*s).is_multiple_of(u32::from(dice % 7) + 1) || dice % 3 == 0).collect();
                    let view = View { spec: model.spec().clone(), generation: 1, rows: Arc::new(rows), complete: dice.is_multiple_of(2), wrong: None };
                    Msg::News(News::View(Arc::new(view)))
                }
                3 => Msg::News(News::Failed(Error::failure("x".repeat(usize::from(dice) * 20)).hint("\u{1b}y"))),
                5 => Msg::News(News::Site(Arc::clone(&SITE))),
                6 => Msg::News(News::Counted(u64::from(dice % 4), Ok(source::some_counts(usize::from(dice / 4))))),
                7 => Msg::News(News::Previewed(u64::from(dice % 4), source::some_preview(usize::from(dice / 4)))),
                8 => Msg::News(News::Tried(u64::from(dice % 8), rules::some_answer(dice / 8))),
                9 => Msg::News(News::Saved),
                10 => Msg::Key(event("a")),
                4 => Msg::Paste("a\u{1b}[2J\n".repeat(usize::from(dice))),
                _ => Msg::Key(event(keys.get(step).unwrap_or(&"esc"))),
            };
            update::update(&mut model, msg);
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            terminal.draw(|frame| view::draw(&mut model, frame)).unwrap();
            let buffer = terminal.backend().buffer();
            prop_assert!(buffer.content().iter().all(|c| text::clean(c.symbol()) == c.symbol()));
        }
    }
}
