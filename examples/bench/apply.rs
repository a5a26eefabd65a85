//! Sending: rows a second through the journal, beside a bare loop that makes the same requests (P12), and how full the line to
//! a slow service is kept (P13).
//!
//! Both sides talk to the same embedded service in this process, on a runtime of its own, and take turns. The journal is the
//! real one, in a file, at FULL. Ours runs on one thread beside the journal's, as `rosterm apply` does. Times are those on the wall: what is waited for counts.

use super::measure::line;
use rosterm::apply::choose::{Permits, Selection};
use rosterm::apply::{Control, Meter};
use rosterm::clock;
use rosterm::config::{Channel, Config};
use rosterm::demo::service::{Faults, Service, Writing};
use rosterm::engine::run::{Desk, Planned, Runner, prepare};
use rosterm::engine::{self, Job, Progress};
use rosterm::journal::run::RowState;
use rosterm::journal::{Journal, Mode};
use rosterm::plan::guard::Lifted;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn accounts(n: usize) -> Vec<Value> {
    let account = |i: usize| {
        json!({"id": format!("a{i}"), "userName": format!("p{i}"), "active": true, "title": "Old", "name": {"familyName": format!("Family{i}")},
            "emails": [{"value": format!("p{i}@example.com"), "type": "work", "primary": true}],
            "meta": {"resourceType": "User", "version": "W/\"1\""}})
    };
    (0..n).map(account).collect()
}

fn people(n: usize, title: &str) -> String {
    let mut ldif = "dn: dc=example,dc=test\nobjectClass: domain\ndc: example\n\ndn: ou=people,dc=example,dc=test\nobjectClass: organizationalUnit\nou: people\n".to_owned();
    for i in 0..n {
        let _ = writeln!(
            ldif,
            "\ndn: uid=p{i},ou=people,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: p{i}\nsn: Family{i}\ntitle: {title}\nmail: p{i}@example.com\nentryUUID: e-{i}"
        );
    }
    ldif
}

fn channel(folder: &Path, base_url: &str, concurrency: usize) -> Result<Channel> {
    let file = folder.join("rosterm.toml");
    std::fs::write(
        &file,
        format!(
            "format = 1\n[channels.bench.source]\ntype = \"ldif\"\npath = \"people.ldif\"\n\
             [channels.bench.source.location]\nbase_dn = \"ou=people,dc=example,dc=test\"\n\
             [channels.bench.target]\nconnector = \"scim2\"\nbase_url = \"{base_url}\"\nauth = \"none\"\nconcurrency = {concurrency}\n\
             [channels.bench.mapping]\nuserName = \"uid\"\nfamilyName = \"sn\"\ntitle = \"title\"\nemail = \"mail\"\n"
        ),
    )?;
    Ok(Config::read(&file)?.channel(None)?.clone())
}

/// One run: everybody gets another title. Gives the seconds that sending took.
async fn ours(folder: &Path, base_url: &str, n: usize, title: &str, concurrency: usize) -> Result<f64> {
    std::fs::write(folder.join("people.ldif"), people(n, title))?;
    let channel = channel(folder, base_url, concurrency)?;
    let now = clock::now();
    let mut ends = engine::open(&channel, now).await?;
    let journal = Journal::open(&folder.join("state.db"), Mode::Write)?;
    let job = Job { channel: &channel, others: &[], now, progress: &Progress::default() };
    let picture = engine::look(&job, &mut ends, &journal).await?;
    let mut planned = Planned::Fresh(&picture, now);
    let (selection, permits) = (Selection::default(), Permits { yes: true, lifted: Lifted::default() });
    let prepared = prepare(&mut planned, &journal, &channel, &selection, permits)?;
    let mut runner = Runner::take(&channel, &mut ends, journal, "bench", now).await?;
    let (control, meter) = (Control::default(), Meter::default());
    let desk = Desk { author: "bench", control: &control, meter: &meter, tell: &|_| () };
    let report = runner.send(&mut planned, &prepared, &selection, permits, desk).await?;
    let done: usize = report.counts.iter().filter(|c| c.state == RowState::Done).map(|c| c.rows).sum();
    if done != n {
        return Err(format!("{done} of {n} rows were done: {report:?}").into());
    }
    Ok(report.seconds)
}

/// The same requests, and nothing else.
async fn floor(base_url: &str, n: usize, title: &str, concurrency: usize, reads: bool, version: Option<usize>) -> Result<f64> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for lane in 0..concurrency {
        let (client, base, title) = (client.clone(), base_url.to_owned(), title.to_owned());
        tasks.spawn(async move {
            for i in (lane..n).step_by(concurrency) {
                let url = format!("{base}/Users/a{i}");
                if reads {
                    client.get(&url).send().await?.error_for_status()?.bytes().await?;
                }
                let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                    "Operations": [{"op": "replace", "path": "title", "value": title}]});
                let mut request = client.patch(&url).header("content-type", "application/scim+json").body(body.to_string());
                if let Some(version) = version {
                    request = request.header("if-match", format!("W/\"{version}\""));
                }
                request.send().await?.error_for_status()?.bytes().await?;
            }
            Ok::<(), reqwest::Error>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(begun.elapsed().as_secs_f64())
}

/// Requests in flight, of both: so many that neither waits for an answer.
const LANES: usize = 64;

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "a rate of rows")]
pub fn run(rows: usize, rounds: usize) -> Result<()> {
    let service_runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for (name, versions, goal) in [
        ("P12 rows sent by version (If-Match), the journal at FULL, against a bare loop", true, ">= 0.5"),
        ("P12 rows read again before they are sent, the journal at FULL, against a bare loop", false, ">= 0.4"),
    ] {
        let folder = tempfile::tempdir_in(std::env::var_os("ROSTERM_BENCH_FOLDER").unwrap_or_else(|| "target".into()))?;
        let writing = Box::new(Writing { versions, ..Writing::default() });
        let service = service_runtime.block_on(Service::start(accounts(rows), Faults { writing, ..Faults::default() }))?;
        let (mut our_times, mut floor_times) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            let base = service.base_url();
            our_times.push(runtime.block_on(Box::pin(ours(folder.path(), base, rows, &format!("Ours {round}"), LANES)))?);
            let version = versions.then_some(2 * round + 2);
            floor_times.push(runtime.block_on(floor(base, rows, &format!("Floor {round}"), LANES, !versions, version))?);
        }
        let (ours, floor) = (rows as f64 / median(our_times), rows as f64 / median(floor_times));
        line(name, &format!("{ours:.0}/s"), &format!("{floor:.0}/s"), &format!("{:.2}", ours / floor), goal);
    }
    let folder = tempfile::tempdir_in(std::env::var_os("ROSTERM_BENCH_FOLDER").unwrap_or_else(|| "target".into()))?;
    let slow = Box::new(Writing { versions: true, delay: 100, ..Writing::default() });
    let service = service_runtime.block_on(Service::start(accounts(rows), Faults { writing: slow, ..Faults::default() }))?;
    let seconds = runtime.block_on(Box::pin(ours(folder.path(), service.base_url(), rows, "Slow", 64)))?;
    let (ours, most) = (rows as f64 / seconds, 64.0 / 0.1);
    let name = "P13 rows a second, 100 ms a request, 64 in flight, against 64 / 100 ms";
    line(name, &format!("{ours:.0}/s"), &format!("{most:.0}/s"), &format!("{:.3}", ours / most), ">= 0.9");
    Ok(())
}
