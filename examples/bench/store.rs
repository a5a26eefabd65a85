//! `store`: a million users a side through the real readers, and then what an operator does with them (P2 to P7, P16, P17).
//!
//! Both ends stand in processes of their own; the engine is the one behind the screens. Work that belongs to the worker is
//! timed on its thread, beside hand-written code over the same rows in the same run.

use super::by_hand::{Columns, Pairs};
use super::measure::{line, middle, percentile};
use rosterm::clock;
use rosterm::config::{Channel, Config};
use rosterm::demo::crowd::{Crowd, Linked};
use rosterm::engine::location::OpenSource;
use rosterm::engine::store::{Dirty, Store};
use rosterm::engine::view::SortBy;
use rosterm::engine::{self, Errand, Live, Memory, News, Seat, Snapshot, Spec, View};
use rosterm::identity::population::{BatchBuilder, Draft, RowIx};
use rosterm::journal::{Belonging, Journal};
use rosterm::mapping::Rules;
use rosterm::model::Subject;
use rosterm::source::Source;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

type Failure = Box<dyn std::error::Error>;

/// Another end, in a process that ends with this value.
struct Stand {
    child: Child,
    address: String,
}

impl Stand {
    fn start(what: &str, users: usize) -> Result<Self, Failure> {
        let program = std::env::current_exe()?.with_file_name("stand");
        let mut child = Command::new(program)
            .args([what, "--users", &users.to_string(), "--seed", "1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        BufReader::new(child.stdout.take().ok_or("no stdout")?).read_line(&mut address)?;
        Ok(Stand { child, address: address.trim().to_owned() })
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// A channel that is read, and what the engine tells.
pub struct Bench {
    live: Live,
    news: Receiver<(Instant, News)>,
    /// When the worker began what is timed.
    begun: Arc<Mutex<Option<Instant>>>,
    pub snapshot: Arc<Snapshot>,
    channel: Channel,
    final_after: Duration,
    runtime: tokio::runtime::Runtime,
    _stands: (Stand, Stand),
}

impl Bench {
    /// Reads everybody.
    pub fn start(users: usize, linked: Linked) -> Result<Self, Failure> {
        let (service, ldap) = (Stand::start("service", users)?, Stand::start("ldap", users)?);
        let program = std::env::current_exe()?.with_file_name("stand");
        let text = Command::new(program).args(["config", "--ldap", &ldap.address, "--service", &service.address]).output()?.stdout;
        let config = Config::parse(Path::new("bench.toml"), &String::from_utf8(text)?)?;
        let channel_config = config.channel(None)?.clone();
        let crowd = Crowd::new(users, 1, linked);
        let mut journal = Journal::in_memory()?;
        let context = "dc=example,dc=test".to_owned();
        let belonging = Belonging { base_url: service.address.clone(), naming_context: context, id_attribute: "entryUUID".into() };
        journal.set_belonging(&channel_config.name, &belonging)?;
        let links: Vec<_> = crowd.links().collect();
        journal.add_links(&service.address, &links)?;
        drop(links);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let open = |errand: Errand| async move { errand.open().await };
        let open_source: OpenSource = Arc::new(|config, now| Box::pin(async move { Source::open(&config, now).await }));
        let seat = Seat {
            runtime: runtime.handle().clone(),
            channel: Arc::new(channel_config.clone()),
            file: None,
            state: None,
            others: Vec::new(),
            open,
            open_source,
            memory: Memory::Kept(Some(journal)),
            may_write: false,
        };
        let (tell, news) = channel();
        let live = Live::start(seat, move |news| {
            let _ = tell.send((Instant::now(), news));
        });
        let (mut last_page, mut stored) = (Instant::now(), 0);
        let (count, counted) = channel();
        let (snapshot, at) = loop {
            // How many are stored is asked all the time: the last change of it is the last page.
            let count = count.clone();
            live.with(move |store| {
                let _ = count.send((Instant::now(), store.picture().entries().len() + store.picture().accounts().len()));
            });
            for (at, n) in counted.try_iter() {
                if n != stored {
                    (last_page, stored) = (at, n);
                }
            }
            match news.recv_timeout(Duration::from_millis(1)) {
                Err(RecvTimeoutError::Disconnected) => return Err("the engine has ended".into()),
                Ok((_, News::Failed(error))) => return Err(error.to_string().into()),
                Ok((at, News::Snapshot(snapshot))) => {
                    let done = snapshot.source().state.is_complete() && snapshot.target().state.is_complete();
                    if done && !snapshot.is_reading() {
                        break (snapshot, at);
                    }
                }
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            }
        };
        let final_after = at.saturating_duration_since(last_page);
        let mut bench =
            Bench { live, news, begun: Arc::default(), snapshot, channel: channel_config, final_after, runtime, _stands: (service, ldap) };
        bench.settle();
        Ok(bench)
    }

    /// Waits until nothing more is told.
    pub fn settle(&mut self) {
        while let Ok((_, news)) = self.news.recv_timeout(Duration::from_millis(1500)) {
            if let News::Snapshot(snapshot) = news {
                self.snapshot = snapshot;
            }
        }
    }

    /// Lets the store do something on the worker's thread.
    fn on_worker<R: Send + 'static>(&self, work: impl FnOnce(&mut Store) -> R + Send + 'static) -> Result<R, Failure> {
        let (tell, told) = channel();
        self.live.with(move |store| {
            let _ = tell.send(work(store));
        });
        Ok(told.recv_timeout(Duration::from_secs(120))?)
    }

    /// The rules with another expression for one field.
    fn rules(&self, field: &str, expression: &str) -> Result<Rules, Failure> {
        let mut channel = self.channel.clone();
        let rule = channel.mapping.iter_mut().find(|r| r.field.value == field).ok_or("no such rule")?;
        if let Some(value) = &mut rule.value {
            value.value = expression.to_owned();
        }
        let schema = self.snapshot.picture().entries().schema().clone();
        Ok(engine::compile_over(&channel, schema)?.1)
    }

    /// The list that is asked for, whole.
    pub fn list(&self, spec: &Spec) -> Result<Arc<View>, Failure> {
        self.live.look(spec.clone());
        loop {
            if let (_, News::View(view)) = self.news.recv_timeout(Duration::from_secs(60))?
                && view.spec == *spec
                && view.complete
            {
                return Ok(view);
            }
        }
    }

    /// Asks for a list; how long until its first rows, and until all of them.
    fn look(&self, spec: &Spec) -> Result<(Duration, Duration, usize), Failure> {
        let begun = Instant::now();
        self.live.look(spec.clone());
        let mut first = None;
        loop {
            if let (at, News::View(view)) = self.news.recv_timeout(Duration::from_secs(60))?
                && view.spec == *spec
            {
                first.get_or_insert(at - begun);
                if view.complete {
                    return Ok((first.unwrap_or_default(), at - begun, view.rows.len()));
                }
            }
        }
    }
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

fn micros(time: Duration) -> String {
    format!("{:.1} us", time.as_secs_f64() * 1e6)
}

fn ratio(ours: Duration, floor: Duration) -> String {
    format!("{:.2}", ours.as_secs_f64() / floor.as_secs_f64())
}

fn timed<R>(work: impl FnOnce() -> R) -> (Duration, R) {
    let begun = Instant::now();
    let result = work();
    (begun.elapsed(), result)
}

/// Runs every figure of this page.
pub fn run(users: usize, rounds: usize) -> Result<(), Failure> {
    let mut bench = Bench::start(users, Linked::Nobody)?;
    line("P17 last page stored to the final diff, proof of the end included", &millis(bench.final_after), "", "", "<= 100 ms");
    whole(&bench, rounds)?;
    edits(&bench, rounds)?;
    bench.settle();
    singles(&mut bench, "no links", false)?;
    lists(&bench)?;
    drop(bench);
    let mut bench = Bench::start(users, Linked::Everybody)?;
    line("P17 the same with everybody linked", &millis(bench.final_after), "", "", "<= 100 ms");
    singles(&mut bench, "everybody linked", true)?;
    Ok(())
}

/// P4 and P2: everybody at once, against closures over the same rows.
fn whole(bench: &Bench, rounds: usize) -> Result<(), Failure> {
    let (mut ours, mut floors) = (Vec::new(), Vec::new());
    let same = bench.on_worker(move |store| {
        let mut same = None;
        for round in 0..=rounds {
            let (time, ()) = timed(|| store.evaluate_all());
            let columns = Columns::of(store.picture());
            let pairs = Pairs::of(store.picture());
            let (floor, differing) = timed(|| pairs.differing(store.picture(), &columns));
            if differing != pairs.differing_by_verdict(store.picture()) {
                same = pairs.disputed(store.picture(), &columns);
            }
            if round > 0 {
                ours.push(time);
                floors.push(floor);
            }
        }
        (middle(&mut ours), middle(&mut floors), same)
    })?;
    if let Some(disputed) = same.2 {
        return Err(format!("closures and the store do not agree on who differs: {disputed}").into());
    }
    line("P4 every rule and verdict of everybody, against closures", &millis(same.0), &millis(same.1), &ratio(same.0, same.1), "<= 2.0");
    // The same key for everybody, written otherwise: everybody is keyed and paired anew, and ends where they were.
    let (one, other) = (self::rules_of(bench, "uid | upper")?, self::rules_of(bench, "uid | lower")?);
    let (time, floor) = bench.on_worker(move |store| {
        let (mut ours, mut floors) = (Vec::new(), Vec::new());
        for round in 0..=rounds {
            let rules = if round % 2 == 0 { one.clone() } else { other.clone() };
            let (time, ()) = timed(|| {
                let dirty = store.set_rules(rules).unwrap_or(Dirty::NOTHING);
                finish(store, dirty);
            });
            let columns = Columns::of(store.picture());
            let (floor, joined) = timed(|| {
                let pairs = Pairs::join(store.picture(), &columns);
                pairs.differing(store.picture(), &columns)
            });
            std::hint::black_box(joined);
            if round > 0 {
                ours.push(time);
                floors.push(floor);
            }
        }
        (middle(&mut ours), middle(&mut floors))
    })?;
    line("P2 match rule edited, against keys, join and closures", &millis(time), &millis(floor), &ratio(time, floor), "<= 1.5");
    // Another key for everybody: all pairs come apart, and come together again.
    let (nobody, everybody) = (self::rules_of(bench, "'nobody-' ~ uid")?, self::rules_of(bench, "uid | lower")?);
    let (mut apart, mut together) = bench.on_worker(move |store| {
        let mut edit = |rules: &Rules| {
            let (time, ()) = timed(|| {
                let dirty = store.set_rules(rules.clone()).unwrap_or(Dirty::NOTHING);
                finish(store, dirty);
            });
            time
        };
        (0..rounds).map(|_| (edit(&nobody), edit(&everybody))).unzip::<_, _, Vec<_>, Vec<_>>()
    })?;
    line("P2 match rule edited, all pairs come apart", &millis(middle(&mut apart)), "", "", "");
    line("P2 match rule edited, everybody is paired anew", &millis(middle(&mut together)), "", "", "");
    Ok(())
}

fn rules_of(bench: &Bench, expression: &str) -> Result<Rules, Failure> {
    bench.rules("userName", expression)
}

fn finish(store: &mut Store, dirty: Dirty) {
    let mut from = 0;
    while let Some(next) = store.redo(dirty, from) {
        from = next;
    }
}

/// P3: one rule edited.
fn edits(bench: &Bench, rounds: usize) -> Result<(), Failure> {
    for (field, one, other) in [
        ("title", "title | trim", "title"),
        ("email", "mail | upper", "mail | lower"),
        ("displayName", "givenName ~ ', ' ~ sn", "givenName ~ ' ' ~ sn"),
        ("managerName", "manager | dn_rdn | upper", "manager | dn_rdn"),
    ] {
        let (one, other) = (bench.rules(field, one)?, bench.rules(field, other)?);
        let seen: Vec<Subject> = (0..60).map(|n| Subject::of_entry(RowIx(n * 1000 % 50_000))).collect();
        let (first, all) = bench.on_worker(move |store| {
            let (mut first, mut all) = (Vec::new(), Vec::new());
            for round in 0..2 * rounds {
                let rules = if round % 2 == 0 { one.clone() } else { other.clone() };
                let begun = Instant::now();
                let dirty = store.set_rules(rules).unwrap_or(Dirty::NOTHING);
                store.redo_first(&seen);
                first.push(begun.elapsed());
                finish(store, dirty);
                all.push(begun.elapsed());
            }
            (middle(&mut first), middle(&mut all))
        })?;
        line(&format!("P3 {field} edited: visible rows"), &millis(first), "", "", "<= 16 ms");
        line(&format!("P3 {field} edited: final counts"), &millis(all), "", "", "<= 100 ms");
    }
    Ok(())
}

/// P6: one user changed, until the snapshot is published.
fn singles(bench: &mut Bench, told: &str, whole_group: bool) -> Result<(), Failure> {
    let users = u32::try_from(bench.snapshot.picture().entries().slots())?;
    one_by_one(bench, &format!("P6 one user changed, {told}"), users, |n, value| (n, "title", format!("Title {value}")))?;
    let uid = |bench: &Bench, row: u32| {
        let entries = bench.snapshot.picture().entries();
        let column = entries.schema().column("uid").unwrap_or_default();
        entries.row(RowIx(row)).first(column).unwrap_or_default().to_owned()
    };
    let names: Vec<String> = (0..200).map(|n| uid(bench, n * 7 % users)).collect();
    one_by_one(bench, &format!("P6 a key enters and leaves a group of 2, {told}"), 200, move |n, value| {
        let name = if value % 2 == 0 { names[(n as usize + 1) % 200].clone() } else { names[n as usize % 200].clone() };
        (n * 7 % users, "uid", name)
    })?;
    if whole_group {
        return Ok(());
    }
    let rules = bench.rules("userName", "'everybody' if title != 'Nobody' else uid")?;
    bench.on_worker(move |store| {
        let dirty = store.set_rules(rules).unwrap_or(Dirty::NOTHING);
        finish(store, dirty);
    })?;
    let name = format!("P6 a key enters and leaves a group of {users}, {told}");
    one_by_one(bench, &name, 200, |n, value| (n, "title", if value % 2 == 0 { "Nobody".to_owned() } else { "Somebody".to_owned() }))?;
    let rules = bench.rules("userName", "uid | lower")?;
    bench.on_worker(move |store| {
        let dirty = store.set_rules(rules).unwrap_or(Dirty::NOTHING);
        finish(store, dirty);
    })?;
    bench.settle();
    Ok(())
}

/// Changes one attribute of one user after the other; `change` gives row, attribute and value for a row below `rows`.
fn one_by_one(bench: &mut Bench, name: &str, rows: u32, change: impl Fn(u32, u32) -> (u32, &'static str, String)) -> Result<(), Failure> {
    bench.settle();
    let mut times = Vec::new();
    let mut random = 12_345u32;
    for turn in 0..1000u32 {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (row, attribute, value) = change(if rows > 200 { random % rows } else { turn / 2 % rows }, turn);
        let picture = bench.snapshot.picture();
        let entries = picture.entries();
        let (stored, schema) = (entries.row(RowIx(row)), entries.schema().clone());
        let mut draft = Draft::default();
        let mut builder = BatchBuilder::new(&schema);
        draft.begin(stored.id(), stored.name());
        draft.set_off(stored.is_off());
        let changed = schema.column(attribute).ok_or("no such column")?;
        for column in (0u16..).take(schema.columns().len()) {
            if column == changed {
                draft.push(column, &value);
            } else {
                stored.all(column).for_each(|v| draft.push(column, v));
            }
        }
        builder.push(&mut draft);
        let batch = builder.seal();
        let begun = Arc::clone(&bench.begun);
        let before = bench.snapshot.generation();
        bench.live.with(move |store| {
            if let Ok(mut begun) = begun.lock() {
                *begun = Some(Instant::now());
            }
            store.absorb_entries(&batch);
        });
        let published = loop {
            if let (at, News::Snapshot(snapshot)) = bench.news.recv_timeout(Duration::from_secs(30))?
                && snapshot.generation() > before
            {
                bench.snapshot = snapshot;
                break at;
            }
        };
        let begun = bench.begun.lock().ok().and_then(|b| *b).ok_or("nothing began")?;
        times.push(published - begun);
    }
    line(&format!("{name}, p50"), &micros(percentile(&mut times, 50)), "", "", "");
    line(&format!("{name}, p99"), &micros(percentile(&mut times, 99)), "", "", "<= 50 us");
    Ok(())
}

/// P7 and P16: searches typed letter by letter, and orders.
fn lists(bench: &Bench) -> Result<(), Failure> {
    // The text that is searched is made when there is nothing else to do; that is waited for.
    bench.look(&Spec { search: "~~~".to_owned(), ..Spec::default() })?;
    let (mut first, mut all) = (Vec::new(), Vec::new());
    let queries = ["anna", "smith", "jensen b", "e1234", "müller", "director", "example", "maria garcia", "zz", "lee k", "ops", "4711"];
    // Three times: of fewer than a hundred keys the slowest would be the hundredth.
    for query in queries.iter().cycle().take(3 * queries.len()) {
        let ends: Vec<usize> = query.char_indices().map(|(i, c)| i + c.len_utf8()).collect();
        for end in ends {
            let (one, complete, _) = bench.look(&Spec { search: query[..end].to_owned(), ..Spec::default() })?;
            first.push(one);
            all.push(complete);
        }
    }
    line("P7 key in the search to the first screen, p99", &millis(percentile(&mut first, 99)), "", "", "<= 16 ms");
    line("P7 key in the search to all rows, p50", &millis(percentile(&mut all, 50)), "", "", "");
    line("P7 key in the search to all rows, p99", &millis(percentile(&mut all, 99)), "", "", "<= 25 ms");
    for sort in [SortBy::UserName, SortBy::Name, SortBy::Situation] {
        let mut times = Vec::new();
        for round in 0..5 {
            let (_, time, _) = bench.look(&Spec { sort, descending: round % 2 == 1, ..Spec::default() })?;
            times.push(time);
        }
        line(&format!("P16 sorted by {}", sort.words()), &millis(middle(&mut times)), "", "", "<= 600 ms");
    }
    let _ = (&bench.runtime, clock::now());
    Ok(())
}
