//! The screens without a terminal: the real engine over an embedded world, keys by their names, frames as text.

use crate::support;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use rosterm::config::{Channel, Config, SourceConfig};
use rosterm::demo::service::{Faults, Service};
use rosterm::demo::world::{self, Plan, World};
use rosterm::engine::location::OpenSource;
use rosterm::engine::{Ends, Errand, Live, Memory, News, Seat, Snapshot};
use rosterm::journal::{Journal, Mode};
use rosterm::model::Subject;
use rosterm::source::ldif::Value;
use rosterm::source::memory::Directory;
use rosterm::source::{Source, vendor};
use rosterm::target::{Columns, Target};
use rosterm::text;
use rosterm::tui::{self, Effect, Model, Msg, Setting, update, view};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::Runtime;

/// Screens with an engine behind them, without a terminal.
pub struct Desk {
    pub model: Model,
    pub live: Live,
    pub inbox: Receiver<News>,
    pub snapshot: Arc<Snapshot>,
    _runtime: Runtime,
    /// Whoever holds it keeps both ends from being opened.
    pub gate: Arc<Mutex<()>>,
    /// A directory that is opened alone gives no answer.
    pub silent: Arc<AtomicBool>,
    /// About whom it was asked what was done before, in this order. It goes with whatever message brings somebody into the details,
    /// so it stands here and not among what a key does.
    pub asked: Vec<Subject>,
    /// The configuration as a file would have it.
    pub config: String,
}

impl Desk {
    /// Reads a world and shows it.
    pub fn open(world: &World, plan: Plan, faults: Faults, setting: Setting) -> Desk {
        let runtime = support::runtime();
        let service = Arc::new(runtime.block_on(Service::start(world.accounts.clone(), faults)).unwrap());
        Desk::at(runtime, service, None, world, plan, setting)
    }

    /// The same at a service that others use too; with a state that lies in this file and outlives the screens.
    pub fn at(runtime: Runtime, service: Arc<Service>, state: Option<&Path>, world: &World, plan: Plan, setting: Setting) -> Desk {
        Desk::with(runtime, service, state, world, plan, setting, |_| ())
    }

    /// The same with another channel.
    pub fn with(
        runtime: Runtime,
        service: Arc<Service>,
        state: Option<&Path>,
        world: &World,
        plan: Plan,
        setting: Setting,
        change: impl FnOnce(&mut Channel),
    ) -> Desk {
        let config = world::config_text(plan, service.base_url(), "(in memory)");
        let mut channel = world::channel(plan, service.base_url(), Path::new("(in memory)")).unwrap();
        change(&mut channel);
        let settings = vendor::presets().iter().find(|p| p.0.vendor == "openldap").unwrap().0.clone();
        let records = world.records.clone();
        let directory = Arc::new(move |config: &SourceConfig, now| {
            let mut settings = settings.clone();
            vendor::override_with(&mut settings, &config.settings);
            let location = &config.location;
            let directory = Directory::new("memory", "the embedded directory".into(), records.clone(), settings, location, now)?;
            Ok::<Source, rosterm::error::Error>(Source::Memory(Box::new(directory)))
        });
        let source = directory(&channel.source, support::NOW).unwrap();
        let memory = match state.map(Path::to_owned) {
            None => Memory::Kept(Some(support::remember(world, service.base_url(), &source))),
            Some(path) => {
                if !path.exists() {
                    let mut journal = Journal::open(&path, Mode::Write).unwrap();
                    support::fill(&mut journal, world, service.base_url(), &source);
                }
                Memory::Opened(Arc::new(move |mode| Journal::open(&path, mode)))
            }
        };
        let aside = Arc::clone(&directory);
        let (gate, silent): (Arc<Mutex<()>>, Arc<AtomicBool>) = Default::default();
        let (entered, is_silent) = (Arc::clone(&gate), Arc::clone(&silent));
        let open_source: OpenSource = Arc::new(move |config, now| {
            let (source, is_silent) = (aside(&config, now), is_silent.load(Ordering::SeqCst));
            Box::pin(async move { if is_silent { std::future::pending().await } else { source } })
        });
        let channel = Arc::new(channel);
        let open = move |errand: Errand| {
            let (source, _alive) = (directory(&errand.channel.source, errand.now), service.base_url().len());
            let entered = Arc::clone(&entered);
            async move {
                drop(entered.lock());
                let channel = &errand.channel;
                let (connector, rules) = errand.compile()?;
                let columns = Columns::new(rules.rules().iter().map(|r| &r.field));
                let target = Target::open(&channel.target, &connector, columns).await?;
                Ok(Ends { source: source?, target, connector, rules })
            }
        };
        let seat = Seat {
            runtime: runtime.handle().clone(),
            channel,
            file: setting.file.clone(),
            state: None,
            others: Vec::new(),
            open,
            open_source,
            memory,
            may_write: true,
        };
        Desk { gate, silent, ..Desk::seated(runtime, seat, setting, config) }
    }

    /// The same with the ends that a configuration names, as the program opens them.
    pub fn real(runtime: Runtime, config: String, setting: Setting) -> Desk {
        let channel = Arc::new(Config::parse(Path::new("rosterm.toml"), &config).unwrap().channels.remove(0));
        let open = |errand: Errand| async move { errand.open().await };
        let open_source: OpenSource = Arc::new(|config, now| Box::pin(async move { Source::open(&config, now).await }));
        let memory = Memory::Kept(Some(Journal::in_memory().unwrap()));
        let seat = Seat {
            runtime: runtime.handle().clone(),
            channel,
            file: setting.file.clone(),
            state: None,
            others: Vec::new(),
            open,
            open_source,
            memory,
            may_write: true,
        };
        Desk::seated(runtime, seat, setting, config)
    }

    fn seated<O, F>(runtime: Runtime, seat: Seat<O>, setting: Setting, config: String) -> Desk
    where
        O: Fn(Errand) -> F + Send + 'static,
        F: Future<Output = rosterm::error::Result<Ends>> + Send,
    {
        let (tell, inbox) = mpsc::channel();
        let live = Live::start(seat, move |news| drop(tell.send(news)));
        let mut model = Model::new(setting);
        live.look(model.spec().clone());
        let snapshot = loop {
            match inbox.recv_timeout(Duration::from_secs(60)).unwrap() {
                News::Snapshot(s) if !s.is_busy() => break s,
                News::Failed(error) => panic!("{error}"),
                News::Snapshot(_) | News::View(_) => {}
                other => drop(update::update(&mut model, Msg::News(other))),
            }
        };
        update::update(&mut model, Msg::News(News::Snapshot(Arc::clone(&snapshot))));
        let mut desk = Desk {
            model,
            live,
            inbox,
            snapshot,
            _runtime: runtime,
            gate: Arc::default(),
            silent: Arc::default(),
            asked: Vec::new(),
            config,
        };
        desk.live.look(desk.model.spec().clone());
        desk.answer();
        desk
    }

    /// A world in which every case comes about equally often.
    pub fn small(setting: Setting) -> Desk {
        let plan = support::plan(150, 1);
        Desk::open(&world::make(plan), plan, Faults::default(), setting)
    }

    /// Waits for the list that was asked for.
    pub fn answer(&mut self) {
        loop {
            match self.inbox.recv_timeout(Duration::from_secs(60)).unwrap() {
                // A list over an earlier moment is followed by one over the present.
                News::View(view) if view.spec == *self.model.spec() && view.complete && view.generation >= self.snapshot.generation() => {
                    self.hear(News::View(view));
                    return;
                }
                News::Failed(error) => panic!("{error}"),
                News::Snapshot(_) | News::View(_) => {}
                other => self.hear(other),
            }
        }
    }

    /// Takes in what the engine tells, and asks what was done about whoever is shown by it.
    fn hear(&mut self, news: News) {
        if let News::Snapshot(snapshot) = &news {
            self.snapshot = Arc::clone(snapshot);
        }
        for effect in update::update(&mut self.model, Msg::News(news)) {
            if let Effect::Past(subject) = effect {
                self.asked.push(subject);
            }
            let is_asked = matches!(effect, Effect::Past(_) | Effect::Try(_) | Effect::TryPolicy(_) | Effect::Preview(..));
            if is_asked || matches!(effect, Effect::Unsave(_) | Effect::Approve(..)) {
                tui::order(&self.live, &self.model, effect);
            }
        }
    }

    /// Does what a message leads to, and waits for the answer.
    pub fn tell(&mut self, msg: Msg) -> Vec<Effect> {
        let mut effects = update::update(&mut self.model, msg);
        while let Some(at) = effects.iter().position(|e| *e == Effect::Seek) {
            effects.remove(at);
            effects.extend(update::update(&mut self.model, Msg::Seek));
        }
        for effect in &effects {
            tui::order(&self.live, &self.model, effect.clone());
        }
        let is_past = |e: &mut Effect| matches!(e, Effect::Past(_));
        self.asked.extend(effects.extract_if(.., is_past).filter_map(|e| if let Effect::Past(subject) = e { Some(subject) } else { None }));
        if let Some(Effect::Look(spec)) = effects.iter().rfind(|e| matches!(e, Effect::Look(_))) {
            self.live.look(spec.clone());
            self.answer();
        }
        effects
    }

    /// Hears the next word of the engine.
    pub fn next(&mut self) {
        let news = self.inbox.recv_timeout(Duration::from_secs(60)).unwrap();
        if let News::Failed(error) = &news {
            panic!("{error}");
        }
        self.hear(news);
    }

    /// Hears what the engine tells until something is shown, where an end is expected to fail.
    pub fn until_failed(&mut self, text: &str) {
        while !self.frame(110, 40).contains(text) {
            let Ok(news) = self.inbox.recv_timeout(Duration::from_secs(60)) else { panic!("{text}: {}", self.frame(110, 40)) };
            self.hear(news);
        }
    }

    /// Hears what the engine tells until something is shown.
    pub fn until_shown(&mut self, text: &str) {
        while !self.frame(110, 40).contains(text) {
            self.next();
        }
    }

    /// Hears what the engine tells until something is so.
    pub fn until(&mut self, what: impl Fn(&Model) -> bool) {
        while !what(&self.model) {
            self.next();
        }
    }

    /// The sentence at the bottom.
    pub fn notice(&self) -> &str {
        self.model.notice().unwrap_or_default()
    }

    pub fn press(&mut self, keys: &str) -> Vec<Effect> {
        keys.split(' ').flat_map(|key| self.tell(Msg::Key(event(key)))).collect()
    }

    pub fn type_in(&mut self, text: &str) {
        for c in text.chars() {
            self.tell(Msg::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)));
        }
    }

    /// The next frame, cell by cell.
    pub fn buffer(&mut self, width: u16, height: u16) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| view::draw(&mut self.model, frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// The next frame as text.
    pub fn frame(&mut self, width: u16, height: u16) -> String {
        let buffer = self.buffer(width, height);
        let mut out = String::new();
        for y in 0..height {
            let mut x = 0;
            let mut line = String::new();
            while x < width {
                let symbol = buffer[(x, y)].symbol();
                assert_eq!(text::clean(symbol), symbol, "something uncleaned is on the screen");
                line.push_str(symbol);
                x += u16::try_from(text::width(symbol).max(1)).unwrap();
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

/// A key as a terminal sends it.
pub fn event(key: &str) -> KeyEvent {
    let (code, held) = match key {
        "enter" => (KeyCode::Enter, KeyModifiers::NONE),
        "esc" => (KeyCode::Esc, KeyModifiers::NONE),
        "tab" => (KeyCode::Tab, KeyModifiers::NONE),
        "backtab" => (KeyCode::BackTab, KeyModifiers::SHIFT),
        "up" => (KeyCode::Up, KeyModifiers::NONE),
        "down" => (KeyCode::Down, KeyModifiers::NONE),
        "left" => (KeyCode::Left, KeyModifiers::NONE),
        "right" => (KeyCode::Right, KeyModifiers::NONE),
        "pagedown" => (KeyCode::PageDown, KeyModifiers::NONE),
        "pageup" => (KeyCode::PageUp, KeyModifiers::NONE),
        "end" => (KeyCode::End, KeyModifiers::NONE),
        "home" => (KeyCode::Home, KeyModifiers::NONE),
        "backspace" => (KeyCode::Backspace, KeyModifiers::NONE),
        "ctrl-c" => (KeyCode::Char('c'), KeyModifiers::CONTROL),
        "ctrl-z" => (KeyCode::Char('z'), KeyModifiers::CONTROL),
        "ctrl-l" => (KeyCode::Char('l'), KeyModifiers::CONTROL),
        "ctrl-s" => (KeyCode::Char('s'), KeyModifiers::CONTROL),
        "ctrl-w" => (KeyCode::Char('w'), KeyModifiers::CONTROL),
        "ctrl-u" => (KeyCode::Char('u'), KeyModifiers::CONTROL),
        "space" => (KeyCode::Char(' '), KeyModifiers::NONE),
        one => (KeyCode::Char(one.chars().next().unwrap()), KeyModifiers::NONE),
    };
    KeyEvent::new(code, held)
}

/// A world in which names and titles are what nobody wishes to see on a terminal.
pub fn hostile(users: usize) -> (World, Plan) {
    let plan = Plan { lifelike: true, ..support::plan(users, 1) };
    let mut world = world::make(plan);
    let values = [
        "\u{1b}[2J\u{1b}]0;owned\u{7}".to_owned(),
        "\u{202e}evil\u{2066}\u{200b}".to_owned(),
        "👩‍👩‍👧‍👦🇩🇪👍🏽".to_owned(),
        "x".repeat(10_000),
        "a".to_owned() + &"\u{301}".repeat(10_000),
        "name\nwith\r\nlines\tand\0nothing".to_owned(),
        "\u{9b}31m".to_owned(),
        "漢字".repeat(500),
    ];
    for (i, record) in world.records.iter_mut().enumerate() {
        for (name, value) in &mut record.attributes {
            if ["givenname", "sn", "title", "departmentnumber", "mail"].contains(&name.to_lowercase().as_str()) {
                *value = Value::Text(values[i % values.len()].clone().into_boxed_str());
            }
        }
    }
    (world, plan)
}
