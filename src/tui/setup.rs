//! The first screen: where there is no configuration yet, it asks for one, tries each answer, and writes it at the end.
//!
//! A small loop of its own in the same shape as the screens: [`update::update`] takes a message in, [`view::draw`] shows the
//! model, whatever waits for servers or disks works on a thread and only sends. What must stay true: until the last step
//! nothing is written, no secret is held or shown, and ctrl-c ends at any time.

pub mod model;
pub mod update;
pub mod view;

pub use model::Model;
pub use update::{Effect, Msg, update};

use super::{Heard, Msg as Outer, Stage, gone};
use crate::clock;
use crate::config::create;
use crate::engine::setup::{Desk, Draft, Found, Test};
use crate::error::Result;
use crate::model::step::Step;
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// How the first screen ended.
pub enum Finished {
    /// With this exit code, and nothing written.
    Ended(u8),
    /// There is a configuration now.
    Written,
}

/// What is worked on for the screen.
enum Job {
    Test(Test),
    Seek(String),
}

/// Whatever waits for servers: one thing at a time, and broken off when nobody waits for it any more.
struct Bench {
    desk: Arc<Mutex<Desk>>,
    runtime: Handle,
    sender: Sender<Heard>,
    stop: Option<oneshot::Sender<()>>,
}

impl Bench {
    fn start(&mut self, number: u64, job: Job, draft: Draft, mut found: Found) {
        let (stop, stopped) = oneshot::channel();
        // The one before hears that nobody waits for it.
        self.stop = Some(stop);
        let (desk, runtime, sender) = (Arc::clone(&self.desk), self.runtime.clone(), self.sender.clone());
        let send = move |msg: Msg| drop(sender.send(Heard::Setup(Box::new(msg))));
        let work = move || {
            let mut desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
            let tell = |step: Step| send(Msg::Step(number, step));
            let work = async {
                let good = match &job {
                    Job::Test(test) => desk.test(*test, &draft, &mut found, clock::now(), tell).await,
                    Job::Seek(word) => match desk.seek_groups(&draft, &mut found, word, clock::now()).await {
                        Ok(any) => any,
                        Err(error) => {
                            tell(Step::failed("groups", &error));
                            true
                        }
                    },
                };
                send(match job {
                    Job::Test(_) => Msg::Tested(number, good, Box::new(found)),
                    Job::Seek(_) => Msg::Sought(number, good, Box::new(found)),
                });
            };
            runtime.block_on(async {
                tokio::select! {
                    () = work => {}
                    _ = stopped => {}
                }
            });
        };
        let begun = std::thread::Builder::new().name("setup".to_owned()).spawn(work);
        debug_assert!(begun.is_ok());
    }

    fn write(&self, path: PathBuf, text: String) {
        let sender = self.sender.clone();
        let work = move || {
            let written = create::write(&path, &text);
            let _ = sender.send(Heard::Setup(Box::new(Msg::Written(written))));
        };
        let begun = std::thread::Builder::new().name("write".to_owned()).spawn(work);
        debug_assert!(begun.is_ok());
    }
}

/// Shows the first screen until there is a configuration, or somebody ends it.
///
/// # Errors
/// Where the terminal goes away.
pub fn run(stage: &mut Stage, mut model: Model, runtime: &Handle) -> Result<Finished> {
    let mut bench = Bench { desk: Arc::default(), runtime: runtime.clone(), sender: stage.sender.clone(), stop: None };
    stage.screen.draw(|frame| view::draw(&mut model, frame)).map_err(gone)?;
    while let Ok(first) = stage.inbox.recv() {
        let mut wanted = Vec::new();
        for heard in std::iter::once(first).chain(stage.inbox.try_iter().take(super::AT_ONCE)) {
            match heard {
                Heard::Setup(msg) => wanted.extend(update(&mut model, *msg)),
                Heard::Msg(msg) => match *msg {
                    Outer::Key(key) => wanted.extend(update(&mut model, Msg::Key(key))),
                    Outer::Paste(text) => wanted.extend(update(&mut model, Msg::Paste(text))),
                    Outer::End(code) => return Ok(Finished::Ended(code)),
                    Outer::Resumed => wanted.push(Effect::Redraw),
                    Outer::Resize(..) | Outer::Mouse(_) | Outer::News(_) | Outer::Seek => {}
                },
                Heard::News(..) | Heard::Begun(..) => {}
            }
        }
        for effect in wanted {
            match effect {
                Effect::Test(number, test, draft, found) => bench.start(number, Job::Test(test), *draft, *found),
                Effect::Seek(number, word, draft, found) => bench.start(number, Job::Seek(word), *draft, *found),
                Effect::Stop => bench.stop = None,
                Effect::Write(text) => bench.write(model.path.clone(), text),
                Effect::Redraw => stage.screen.retake().map_err(gone)?,
                Effect::Suspend => stage.screen.suspend().map_err(gone)?,
                Effect::End(code) => return Ok(Finished::Ended(code)),
                Effect::Open => return Ok(Finished::Written),
            }
        }
        stage.screen.draw(|frame| view::draw(&mut model, frame)).map_err(gone)?;
    }
    Ok(Finished::Ended(crate::error::exit::DONE))
}
