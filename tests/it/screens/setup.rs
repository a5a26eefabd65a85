//! The first screen: what keys do, what it shows, and that it ends in a configuration or in nothing.

use super::{event, same_as_before};
use crate::commands::{LDIF, accounts};
use crate::support::{NOW, runtime};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use rosterm::config::{Auth, Config, create};
use rosterm::demo::service::{Clients, Faults, Service};
use rosterm::engine::setup::{Ask, Desk, Draft, Found, Test, question};
use rosterm::error::Error;
use rosterm::model::step::{Step, StepVerdict};
use rosterm::tui::setup::{Effect, Model, Msg, update, view};
use rosterm::tui::theme::{Glyphs, Theme};
use std::path::Path;
use tokio::runtime::Runtime;

fn model(path: &Path) -> Model {
    Model::new(Theme::named("dark", Glyphs::Lines).unwrap(), path.to_owned(), None)
}

fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    keys.split_whitespace().flat_map(|key| update(model, Msg::Key(event(key)))).collect()
}

fn type_in(model: &mut Model, text: &str) {
    for c in text.chars() {
        update(model, Msg::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)));
    }
}

fn frame(model: &mut Model, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| view::draw(model, frame)).unwrap();
    terminal.backend().to_string()
}

/// What the loop does with what is to be done outside, one thing after the other.
struct Bench {
    runtime: Runtime,
    desk: Desk,
}

impl Bench {
    /// Types a text, presses Enter, and lets everything come to its end.
    fn say(&mut self, model: &mut Model, text: &str) -> Vec<Effect> {
        if !text.is_empty() {
            press(model, "ctrl-u");
            type_in(model, text);
        }
        let mut left = Vec::new();
        for effect in press(model, "enter") {
            match effect {
                Effect::Test(number, test, draft, mut found) => {
                    let mut steps = Vec::new();
                    let work = self.desk.test(test, &draft, &mut found, NOW, |step| steps.push(step));
                    let good = self.runtime.block_on(work);
                    for step in steps {
                        update(model, Msg::Step(number, step));
                    }
                    update(model, Msg::Tested(number, good, found));
                }
                Effect::Seek(number, word, draft, mut found) => {
                    let any = self.runtime.block_on(self.desk.seek_groups(&draft, &mut found, &word, NOW)).unwrap();
                    update(model, Msg::Sought(number, any, found));
                }
                other => left.push(other),
            }
        }
        left
    }
}

/// The same picture wherever it is taken.
fn placeless(frame: &str, folder: &Path, url: &str) -> String {
    let fill = |text: &str, by: char| by.to_string().repeat(text.chars().count());
    let (folder, url) = (folder.display().to_string(), url.to_owned());
    let mut text = frame.replace(&folder, &fill(&folder, 'F')).replace(&url, &fill(&url, 'U'));
    // How long a request took is another thing every time.
    for (from, left) in [(" answers, after ", " answers"), (" accounts of 3 in ", " accounts of 3")] {
        while let Some(at) = text.find(from) {
            let end = text[at..].find(['\n', '"']).map_or(text.len(), |n| at + n);
            let wide = text[at..end].chars().count();
            text.replace_range(at..end, &format!("{left:wide$}"));
        }
    }
    text
}

#[test]
fn from_the_first_question_to_the_file_and_how_each_step_looks() {
    let runtime = runtime();
    let faults = Faults { token: Some("s3cret-token".into()), ..Faults::default() };
    let service = runtime.block_on(Service::start(accounts(), faults)).unwrap();
    // Of one length wherever it is made.
    let folder = tempfile::Builder::new().prefix("setup-").rand_bytes(6).tempdir_in("/tmp").unwrap();
    let group = "\ndn: cn=cloud,dc=example,dc=test\nobjectClass: groupOfNames\ncn: cloud\nmember: uid=ann,ou=people,dc=example,dc=test\n";
    std::fs::write(folder.path().join("people.ldif"), format!("{LDIF}{group}")).unwrap();
    std::fs::write(folder.path().join("token"), "s3cret-token\n").unwrap();
    let path = folder.path().join("rosterm.toml");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let mut bench = Bench { runtime, desk: Desk::default() };
    let mut model = model(&path);
    let url = service.base_url().to_owned();
    let shown = |model: &mut Model, name: &str, width, height| {
        let frame = frame(model, width, height);
        assert!(!frame.contains("s3cret") && !frame.contains("hunter2"), "{frame}");
        same_as_before(&format!("setup-{name}-{width}x{height}"), &placeless(&frame, folder.path(), &url));
    };
    shown(&mut model, "kind", 80, 24);
    bench.say(&mut model, "ldi");
    assert_eq!((model.ask, model.draft.kind.as_str()), (Ask::Place, "ldif"));
    bench.say(&mut model, &file("none.ldif"));
    assert!(model.ask == Ask::Place && model.wrong.as_ref().unwrap().contains("cannot read"));
    bench.say(&mut model, &file("people.ldif"));
    assert_eq!(model.ask, Ask::Base);
    // The smallest base that holds everybody is marked.
    shown(&mut model, "base", 80, 24);
    bench.say(&mut model, "");
    assert_eq!(model.draft.base, "ou=people,dc=example,dc=test");
    // What is looked for and not there takes nothing away.
    bench.say(&mut model, "zzz");
    assert!(model.wrong.as_ref().unwrap().contains("anything like zzz") && model.found.groups.list.len() == 1);
    press(&mut model, "ctrl-u");
    type_in(&mut model, "clou");
    shown(&mut model, "group", 160, 48);
    bench.say(&mut model, "");
    assert_eq!((model.ask, model.draft.group.as_str()), (Ask::Connector, "cn=cloud,dc=example,dc=test"));
    bench.say(&mut model, "scim2");
    bench.say(&mut model, &url);
    assert_eq!(model.ask, Ask::Login);
    shown(&mut model, "login", 80, 24);
    bench.say(&mut model, "bearer");
    assert_eq!(model.ask, Ask::Token);
    type_in(&mut model, "hunter2");
    shown(&mut model, "token-typed", 80, 24);
    bench.say(&mut model, "");
    assert!(model.field.text().is_empty() && model.wrong.as_ref().unwrap().contains("say where it is kept"), "{:?}", model.wrong);
    bench.say(&mut model, "env:NO_SUCH_VARIABLE");
    assert_eq!(model.ask, Ask::Token);
    bench.say(&mut model, &format!("file:{}", file("token")));
    assert_eq!(model.ask, Ask::Rule(0));
    shown(&mut model, "rule", 160, 48);
    press(&mut model, "ctrl-u");
    type_in(&mut model, "uid | uper");
    let typed = frame(&mut model, 160, 48);
    assert!(typed.contains("uper"), "{typed}");
    bench.say(&mut model, "uid | lower");
    for _ in 0..3 {
        bench.say(&mut model, "");
    }
    assert_eq!(model.ask, Ask::Name);
    bench.say(&mut model, "my channel");
    assert!(model.wrong.is_some() && model.ask == Ask::Name);
    bench.say(&mut model, "staff");
    assert_eq!(model.ask, Ask::File);
    shown(&mut model, "file", 80, 24);
    model.theme = Theme::named("none", Glyphs::Ascii).unwrap();
    shown(&mut model, "file-ascii", 160, 48);
    assert!(!path.exists());
    let effects = press(&mut model, "down enter");
    let [Effect::Write(text)] = &effects[..] else { panic!("{effects:?}") };
    create::write(&path, text).unwrap();
    let config = Config::read(&path).unwrap();
    rosterm::engine::compile(config.channel(Some("staff")).unwrap()).unwrap();
    assert!(matches!(update(&mut model, Msg::Written(Ok(())))[..], [Effect::Open]));
    // Somebody was faster.
    let error = create::write(&path, text).unwrap_err();
    assert!(update(&mut model, Msg::Written(Err(error))).is_empty());
    assert!(frame(&mut model, 80, 24).contains("is left as it is"));
}

#[test]
fn keys_go_back_break_off_and_end_with_nothing_written() {
    let mut model = model(Path::new("/tmp/rosterm.toml"));
    assert!(press(&mut model, "esc").is_empty() && model.notice.as_ref().unwrap().contains("first question"));
    assert!(matches!(press(&mut model, "ctrl-z")[..], [Effect::Suspend]));
    assert!(matches!(press(&mut model, "ctrl-l")[..], [Effect::Redraw]));
    press(&mut model, "down down up enter");
    assert_eq!((model.ask, model.draft.kind.as_str()), (Ask::Place, "samba"));
    press(&mut model, "esc");
    assert_eq!((model.ask, model.at), (Ask::Kind, 1));
    press(&mut model, "enter");
    update(&mut model, Msg::Paste("ldap://user:hunter2@dc1\n".into()));
    press(&mut model, "enter");
    assert!(model.ask == Ask::Place && model.wrong.clone().unwrap().contains("may not hold a user"));
    assert!(model.field.text().is_empty() && !frame(&mut model, 100, 30).contains("hunter2"));
    type_in(&mut model, "dc1.example.com, dc2.example.com");
    assert!(matches!(press(&mut model, "enter")[..], [Effect::Test(1, Test::Reach, ..)]));
    assert_eq!(model.draft.place, ["ldaps://dc1.example.com", "ldaps://dc2.example.com"]);
    // It is tried as soon as it is known; what its certificate lacks is told there, and asked for next.
    update(&mut model, Msg::Step(1, Step::failed("TLS", &Error::failure("UnknownIssuer").hint("name yours with ca_file"))));
    update(&mut model, Msg::Tested(1, false, Box::new(Found { wants_authority: [true, false], ..Found::default() })));
    assert_eq!(model.ask, Ask::Authority);
    assert!(frame(&mut model, 100, 30).contains("UnknownIssuer"), "{}", frame(&mut model, 100, 30));
    press(&mut model, "esc");
    assert_eq!(model.ask, Ask::Place);
    press(&mut model, "enter");
    update(&mut model, Msg::Tested(2, false, Box::new(Found { wants_authority: [true, false], ..Found::default() })));
    assert!(matches!(press(&mut model, "enter")[..], [Effect::Test(3, Test::Reach, ..)]));
    update(&mut model, Msg::Tested(3, true, Box::new(Found { wants_authority: [true, false], ..Found::default() })));
    assert_eq!(model.ask, Ask::BindDn);
    // Nobody: an anonymous bind, which is tried at once.
    assert!(matches!(press(&mut model, "enter")[..], [Effect::Test(4, Test::Source, ..)]));
    update(&mut model, Msg::Step(4, Step::good("bind", "nobody")));
    assert!(press(&mut model, "x enter down").is_empty() && model.notice.as_ref().unwrap().contains("being tried"));
    assert!(matches!(press(&mut model, "esc")[..], [Effect::Stop]));
    // What comes too late changes nothing.
    update(&mut model, Msg::Tested(4, true, Box::default()));
    assert_eq!(model.ask, Ask::BindDn);
    assert!(matches!(press(&mut model, "ctrl-c")[..], [Effect::End(0)]));
}

#[test]
fn a_filter_that_is_emptied_puts_the_choice_back() {
    let mut model = model(Path::new("/tmp/rosterm.toml"));
    press(&mut model, "down down");
    let (at, before) = (model.at, model.lines());
    assert!(at > 0 && before.len() > at);
    type_in(&mut model, "a");
    assert_eq!(model.at, 0);
    press(&mut model, "down ctrl-u");
    assert_eq!((model.at, model.lines()), (at, before));
    // Letter by letter, too; and where the usual answer is marked from the beginning.
    type_in(&mut model, "ab");
    press(&mut model, "backspace backspace");
    assert_eq!(model.at, at);
    press(&mut model, "enter esc");
    assert_eq!((model.ask, model.at), (Ask::Kind, at));
    type_in(&mut model, "z");
    press(&mut model, "ctrl-u");
    assert_eq!(model.at, at);
}

#[test]
fn a_user_with_a_password_and_a_client_with_a_secret_are_ways_in_and_are_tried_at_once() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("people.ldif"), LDIF).unwrap();
    let secret = format!("file:{}", folder.path().join("secret").display());
    std::fs::write(folder.path().join("secret"), "s3cret\n").unwrap();
    for (login, answers, last, told, written) in [
        (
            "basic",
            &["op:x", "op", "hunter2"][..],
            Ask::UserPassword,
            "Password",
            format!("auth = {{ basic = {{ user = \"op\", password = {{ file = \"{}", folder.path().display()),
        ),
        (
            "client_credentials",
            &["https://me:hunter2@login.test", "http://127.0.0.1:1/token", "", "me", "scim", "hunter2"],
            Ask::ClientSecret,
            "Client secret",
            "auth = { client_credentials = { token_url = \"http://127.0.0.1:1/token\", client_id = \"me\", client_secret = { file".into(),
        ),
    ] {
        let mut model = model(&folder.path().join("rosterm.toml"));
        let mut bench = Bench { runtime: runtime(), desk: Desk::default() };
        for answer in ["ldif", &folder.path().join("people.ldif").display().to_string(), "", "", "scim2", "http://127.0.0.1:1/scim", login]
        {
            bench.say(&mut model, answer);
        }
        for answer in answers {
            bench.say(&mut model, answer);
            let frame = frame(&mut model, 120, 40);
            assert!(!frame.contains("hunter2"), "{answer}: {frame}");
        }
        // The secret itself is refused, and held nowhere.
        assert!(model.ask == last && model.wrong.as_ref().unwrap().contains("not typed in here"), "{:?}", model.ask);
        bench.say(&mut model, &secret);
        // Nobody is there: that is told beside it, and the question stays.
        assert_eq!(model.ask, last);
        let shown = frame(&mut model, 120, 40);
        assert!(
            shown.contains(told) && shown.contains("127.0.0.1:1") && model.steps(last).iter().any(|s| s.detail.contains("127.0.0.1:1")),
            "{shown}"
        );
        let text = model.text();
        assert!(text.contains(&written) && !text.contains("s3cret"), "{text}");
        assert_eq!(text.contains("scope = \"scim\""), login == "client_credentials");
        // Another way in forgets what was said for the first.
        press(&mut model, "esc esc esc esc esc");
        while model.ask != Ask::Login {
            bench.say(&mut model, "");
        }
        bench.say(&mut model, "none");
        assert!(model.ask == Ask::Login && model.text().contains("auth = \"none\""), "{:?}", model.ask);
    }
}

#[test]
fn a_password_in_an_address_is_on_the_screen_no_longer_once_it_is_refused() {
    let mut model = model(Path::new("/tmp/rosterm.toml"));
    for (ask, kind, typed) in [
        (Ask::Kind, "", "ldaps://me:hunter2@dc"),
        (Ask::Place, "auto", "me:hunter2@dc"),
        (Ask::Place, "ldif", "ldaps://me:hunter2@dc"),
        (Ask::BindDn, "auto", "ldaps://me:hunter2@dc"),
        (Ask::Base, "auto", "ldaps://me:hunter2@dc"),
        (Ask::Connector, "auto", "https://me:hunter2@app.test"),
        (Ask::Service, "auto", "https://me:hunter2@app.test"),
        (Ask::TokenUrl, "auto", "https://me:hunter2@login.test/token"),
    ] {
        (model.draft.kind, model.draft.login) = (kind.to_owned(), "client_credentials".to_owned());
        model.ask = ask;
        model.question = question(ask, &model.draft, &model.found);
        press(&mut model, "ctrl-u");
        // Nor is it seen while it is typed.
        for c in typed.chars() {
            type_in(&mut model, &c.to_string());
            let frame = frame(&mut model, 120, 40);
            assert!(!frame.contains(":h") && !frame.contains("hu"), "{ask:?}: {frame}");
        }
        let seen = frame(&mut model, 120, 40);
        assert!(seen.contains("*******") && seen.contains(typed.rsplit('@').next().unwrap()), "{ask:?}: {seen}");
        // Behind what there is to choose stands what is typed.
        press(&mut model, "pagedown pagedown enter");
        assert!(model.ask == ask && model.wrong.is_some(), "{ask:?}");
        let frame = frame(&mut model, 120, 40);
        assert!(model.field.text().is_empty() && !frame.contains("hunter2"), "{ask:?}: {frame}");
    }
}

#[test]
fn what_a_program_is_told_is_not_shown_when_one_comes_back_and_is_kept_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("people.ldif"), LDIF).unwrap();
    let people = folder.path().join("people.ldif").display().to_string();
    let (mut model, mut bench) = (model(&folder.path().join("rosterm.toml")), Bench { runtime: runtime(), desk: Desk::default() });
    for answer in ["ldif", &people, "", "", "scim2", "http://127.0.0.1:1/scim", "bearer"] {
        bench.say(&mut model, answer);
    }
    bench.say(&mut model, "command:echo read hunter2");
    let kept = model.draft.token.clone();
    assert!(model.ask == Ask::Token && kept.1.contains("hunter2"), "{kept:?}");
    // Nobody is there: the question stays, and what was typed is not seen any more.
    let shown = frame(&mut model, 120, 40);
    assert!(shown.contains("> command:echo …") && !shown.contains("hunter2"), "{shown}");
    press(&mut model, "esc");
    bench.say(&mut model, "");
    let shown = frame(&mut model, 120, 40);
    assert!(model.ask == Ask::Token && shown.contains("command:echo …") && !shown.contains("hunter2"), "{shown}");
    bench.say(&mut model, "");
    assert_eq!(model.draft.token, kept);
    assert!(!model.steps(Ask::Token).is_empty() && !frame(&mut model, 120, 40).contains("hunter2"));
    // It stands above the next question in the same way.
    model.ask = Ask::Name;
    let shown = frame(&mut model, 120, 40);
    assert!(shown.contains("command:echo …") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_client_is_granted_a_token_as_soon_as_its_secret_is_named() {
    let clients = Clients { id: "me".into(), secret: "cl!ent".into(), seconds: Some(3600), in_body: false, good_for: None };
    let runtime = runtime();
    let service = runtime.block_on(Service::start(accounts(), Faults { clients: Some(clients), ..Faults::default() })).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).display().to_string()
    };
    let (people, wrong, right) = (file("people.ldif", LDIF), file("wrong", "0ther-one"), file("right", "cl!ent"));
    let (mut model, mut bench) = (model(&folder.path().join("rosterm.toml")), Bench { runtime, desk: Desk::default() });
    let (url, tokens) = (service.base_url().to_owned(), service.token_url());
    for answer in ["ldif", &people, "", "", "scim2", &url, "client_credentials", &tokens, "me", ""] {
        bench.say(&mut model, answer);
    }
    bench.say(&mut model, &format!("file:{wrong}"));
    let refused = model.steps(Ask::ClientSecret).last().cloned().unwrap();
    assert!(model.ask == Ask::ClientSecret && refused.name == "login" && refused.verdict == StepVerdict::Failed, "{refused:?}");
    bench.say(&mut model, &format!("file:{right}"));
    assert_eq!((model.ask, model.found.accounts.len(), service.granted()), (Ask::Rule(0), 3, 1));
    let config = Config::parse(Path::new("rosterm.toml"), &Model::text(&model)).unwrap();
    assert!(
        matches!(&config.channels[0].target.auth, Auth::ClientCredentials(client) if client.client_id == "me" && client.scope.is_none())
    );
}

#[test]
fn what_stands_in_the_way_of_reaching_the_directory_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("ca.pem");
    std::fs::write(&bad, "no certificate").unwrap();
    for (authority, step, told) in [(None, "connect", "127.0.0.1:1"), (Some(bad), "prepare", "ca.pem")] {
        let draft = Draft { kind: "auto".into(), place: vec!["ldaps://127.0.0.1:1".into()], authority, ..Draft::default() };
        let (mut found, mut steps) = (Found::default(), Vec::new());
        let good = runtime().block_on(Desk::default().test(Test::Reach, &draft, &mut found, NOW, |step| steps.push(step)));
        let last = steps.last().unwrap();
        assert!(!good && !found.wants_authority[0] && last.name == step && last.verdict == StepVerdict::Failed, "{steps:?}");
        assert!(last.detail.contains(told), "{steps:?}");
    }
}

#[test]
fn no_size_and_no_value_makes_it_fall_over() {
    let mut model = model(Path::new("/tmp/\u{1b}[2J/rosterm.toml"));
    model.found.bases = vec![rosterm::source::explore::Base { dn: "ou=\u{1b}[31m\u{202e},dc=x".into(), people: None }];
    for keys in ["", "enter", "d c 1 enter", "enter"] {
        for effect in press(&mut model, keys) {
            if let Effect::Test(number, _, _, mut found) = effect {
                found.bases.clone_from(&vec![rosterm::source::explore::Base { dn: "ou=\u{1b}[31m\u{202e},dc=x".into(), people: None }]);
                update(&mut model, Msg::Step(number, Step::good("bind", "\u{1b}[2J".repeat(400))));
                update(&mut model, Msg::Tested(number, true, found));
            }
        }
        for (width, height) in [(1, 1), (59, 15), (60, 15), (80, 24), (300, 90)] {
            let frame = frame(&mut model, width, height);
            assert!(!frame.contains('\u{1b}') && !frame.contains('\u{202e}'), "{frame}");
        }
    }
    assert_eq!(model.ask, Ask::Base);
}
