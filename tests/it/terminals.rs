//! The program on a terminal of its own: a pty, read by an emulator, as somebody would see it.

use rosterm::demo::service::{Faults, Service};
use rosterm::tui::terminal::Screen;
use rustix::fd::OwnedFd;
use rustix::process::{Pid, Signal};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::num::NonZero;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use vt100::{MouseProtocolEncoding, MouseProtocolMode};

/// The name of the variable that tells a test to be the program that falls over.
const FALLS: &str = "ROSTERM_TEST_FALLS";

/// A terminal, and what runs on it.
pub struct Terminal {
    keys: File,
    /// The other end, kept open to ask for its modes.
    line: OwnedFd,
    heard: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    child: Child,
}

impl Terminal {
    pub fn open(width: u16, height: u16, program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Terminal {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
        let line = OpenOptions::new().read(true).write(true).open(name).unwrap();
        tcsetwinsize(&ours, size(width, height)).unwrap();
        let end = || Stdio::from(line.try_clone().unwrap());
        // A session of its own with this as its terminal, as a terminal's window makes it.
        let child = Command::new("setsid")
            .args(["--ctty", "--wait", program])
            .args(arguments)
            .env_remove("NO_COLOR")
            .env("TERM", "xterm-256color")
            .env("LC_ALL", "C.UTF-8")
            .envs(variables.iter().copied())
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        let keys = File::from(ours);
        let mut from = keys.try_clone().unwrap();
        let (tell, heard) = channel();
        std::thread::spawn(move || {
            let mut bytes = vec![0; 64 * 1024];
            while let Ok(n) = from.read(&mut bytes) {
                if n == 0 || tell.send(bytes[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        Terminal { keys, line: line.into(), heard, screen: vt100::Parser::new(cells(height), cells(width), 0), child }
    }

    fn demo(width: u16, height: u16) -> Terminal {
        let mut terminal = Terminal::open(width, height, env!("CARGO_BIN_EXE_rosterm"), &["demo", "--users", "300"], &[]);
        terminal.until(|t| t.shows("in sync") && t.shows("every key"));
        terminal
    }

    pub fn shows(&self, text: &str) -> bool {
        self.screen.screen().contents().contains(text)
    }

    /// Reads on until something is so.
    pub fn until(&mut self, what: impl Fn(&Terminal) -> bool) {
        while !what(self) {
            let bytes = self.heard.recv_timeout(Duration::from_secs(60));
            let Ok(bytes) = bytes else { panic!("it never came; the terminal shows:\n{}", self.screen.screen().contents()) };
            self.screen.process(&bytes);
        }
    }

    /// Reads on until a text is shown.
    pub fn wait_for(&mut self, text: &str) {
        self.until(|t| t.shows(text));
    }

    /// What is shown.
    pub fn contents(&self) -> String {
        self.screen.screen().contents()
    }

    pub fn type_in(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    fn resize(&mut self, width: u16, height: u16) {
        self.screen.screen_mut().set_size(cells(height), cells(width));
        tcsetwinsize(&self.keys, size(width, height)).unwrap();
    }

    /// Waits for the end, and reads what was written until then.
    pub fn ended(mut self) -> (ExitStatus, Terminal) {
        let mut rounds = 0;
        let status = loop {
            while let Ok(bytes) = self.heard.recv_timeout(Duration::from_millis(100)) {
                self.screen.process(&bytes);
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            rounds += 1;
            assert!(rounds < 300, "it does not end; the terminal shows:\n{}", self.screen.screen().contents());
        };
        while let Ok(bytes) = self.heard.recv_timeout(Duration::from_millis(100)) {
            self.screen.process(&bytes);
        }
        (status, self)
    }

    /// True if one can type on it as before: lines are edited and echoed, the cursor is there, the first screen is shown.
    fn is_given_back(&self) -> bool {
        let modes = tcgetattr(&self.line).unwrap().local_modes;
        let screen = self.screen.screen();
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
            && !screen.alternate_screen()
            && !screen.hide_cursor()
            && !screen.bracketed_paste()
            && screen.mouse_protocol_mode() == MouseProtocolMode::None
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn cells(n: u16) -> NonZero<u16> {
    NonZero::new(n).unwrap()
}

fn size(width: u16, height: u16) -> Winsize {
    Winsize { ws_col: width, ws_row: height, ws_xpixel: 0, ws_ypixel: 0 }
}

#[test]
fn it_starts_on_the_other_screen_and_leaves_the_terminal_as_it_was() {
    let mut terminal = Terminal::demo(120, 40);
    assert!(terminal.screen.screen().alternate_screen() && terminal.screen.screen().hide_cursor() && !terminal.is_given_back());
    terminal.type_in("?");
    terminal.until(|t| t.shows("Every key and every word") && t.shows("type to find"));
    terminal.type_in("\x1b");
    // Together the two would be another key.
    terminal.until(|t| !t.shows("type to find"));
    terminal.type_in("q");
    let (status, terminal) = terminal.ended();
    assert!(status.success() && terminal.is_given_back(), "{status}");
}

#[test]
fn a_paste_is_text_and_no_keys() {
    let mut terminal = Terminal::demo(100, 30);
    terminal.type_in("/");
    // A `q` outside of a search would end it, and a line break would keep the search.
    terminal.type_in("\x1b[200~situation:leaving\rq\x1b[201~");
    terminal.until(|t| t.shows("/ situation:leaving"));
    assert!(terminal.child.try_wait().unwrap().is_none());
}

#[test]
fn it_fits_whatever_size_the_terminal_gets() {
    let mut terminal = Terminal::demo(120, 40);
    for (width, height) in [(200, 60), (80, 24), (60, 15), (61, 70), (160, 48)] {
        terminal.resize(width, height);
        let last = move |t: &Terminal| t.screen.screen().contents_between(height - 1, 0, height - 1, width).contains("every key");
        terminal.until(last);
    }
    terminal.resize(40, 10);
    terminal.until(|t| t.shows("rosterm needs"));
    // Many in a row: the last one counts.
    for width in (60..120).chain((80..119).rev()) {
        terminal.resize(width, 24);
    }
    terminal.until(|t| t.screen.screen().contents_between(23, 0, 23, 80).contains("every key"));
    terminal.type_in("q");
    assert!(terminal.ended().0.success());
}

#[test]
fn a_key_that_comes_with_a_new_size_counts() {
    let mut terminal = Terminal::demo(100, 24);
    for round in 0..150 {
        // A window that is dragged wider while somebody types: each key lies there together with the news of a size.
        let resize = |t: &mut Terminal| (0..4).for_each(|n| t.resize(80 + (round * 4 + n) % 40, 24));
        resize(&mut terminal);
        terminal.type_in("/");
        resize(&mut terminal);
        terminal.until(|t| t.shows("enter keeps"));
        resize(&mut terminal);
        terminal.type_in("\x1b");
        resize(&mut terminal);
        terminal.until(|t| !t.shows("enter keeps"));
    }
}

#[test]
fn whoever_cannot_see_what_a_key_does_does_nothing_by_it() {
    let mut terminal = Terminal::demo(100, 30);
    terminal.until(|t| t.contents().lines().any(|line| line.starts_with('▌') && line.contains("leaving")));
    terminal.type_in(" ");
    terminal.wait_for("approved: 1");
    terminal.resize(40, 10);
    terminal.wait_for("rosterm needs");
    // What is approved would be asked about, its number typed, and sent.
    terminal.type_in("P1\r?");
    terminal.type_in("\x1b[200~/text\x1b[201~");
    // A size is heard of once the keys before it were read.
    terminal.resize(41, 11);
    terminal.wait_for("is 41x11");
    terminal.resize(100, 30);
    terminal.until(|t| t.shows("approved: 1") && t.shows("every key"));
    assert!(!terminal.shows("Every key and every word") && !terminal.shows("Send") && !terminal.shows("/ "), "{}", terminal.contents());
    terminal.type_in(" ");
    terminal.until(|t| !t.shows("approved: 1"));
    terminal.resize(40, 10);
    terminal.wait_for("rosterm needs");
    terminal.type_in("\x03");
    assert!(terminal.ended().0.success());
}

#[test]
fn many_keys_at_once_all_count() {
    let mut terminal = Terminal::demo(100, 30);
    // More than is read at once, as a terminal sends a paste that knows of no brackets; then ^U.
    terminal.type_in(&format!("/{}\x15the last word", "many words ".repeat(300)));
    terminal.wait_for("the last word");
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_brings_everything_back() {
    let shell = ["--norc", "--noprofile", "-i"];
    let mut terminal = Terminal::open(100, 30, "bash", &shell, &[("PS1", "shell> "), ("HISTFILE", "/dev/null")]);
    terminal.until(|t| t.shows("shell>"));
    terminal.type_in(&format!("{} demo --users 300\r", env!("CARGO_BIN_EXE_rosterm")));
    terminal.until(|t| t.shows("in sync") && t.shows("every key"));
    terminal.type_in("/");
    terminal.until(|t| t.shows("enter keeps"));
    terminal.type_in("\x1a");
    terminal.until(|t| t.shows("Stopped") && !t.screen.screen().alternate_screen());
    // The shell echoes what is typed, and its cursor is there.
    terminal.type_in("echo still-$((40 + 2))\r");
    terminal.until(|t| t.shows("still-42") && !t.screen.screen().hide_cursor());
    terminal.type_in("fg\r");
    terminal.until(|t| t.screen.screen().alternate_screen() && t.shows("in sync") && t.shows("enter keeps"));
    terminal.type_in("\x03");
    terminal.until(|t| !t.screen.screen().alternate_screen() && t.screen.screen().contents().trim_end().ends_with("shell>"));
    terminal.type_in("exit\r");
    terminal.ended();
}

#[test]
fn the_mouse_is_taken_only_when_asked_for_and_given_back_with_the_terminal() {
    let has_mouse = |t: &Terminal| t.screen.screen().mouse_protocol_mode() != MouseProtocolMode::None;
    assert!(!has_mouse(&Terminal::demo(100, 30)));
    let shell = ["--norc", "--noprofile", "-i"];
    let mut terminal = Terminal::open(120, 30, "bash", &shell, &[("PS1", "shell> "), ("HISTFILE", "/dev/null")]);
    terminal.until(|t| t.shows("shell>"));
    terminal.type_in(&format!("{} demo --users 300 --mouse\r", env!("CARGO_BIN_EXE_rosterm")));
    terminal.until(|t| t.shows("in sync") && t.shows("every key") && has_mouse(t));
    // Clicks and the wheel, not every movement; in columns beyond 223 too.
    let screen = terminal.screen.screen();
    assert_eq!(
        (screen.mouse_protocol_mode(), screen.mouse_protocol_encoding()),
        (MouseProtocolMode::PressRelease, MouseProtocolEncoding::Sgr)
    );
    let rows: Vec<String> = screen.rows(0, 120).collect();
    let row = rows.iter().position(|r| r.contains("2 Mapping")).unwrap();
    terminal.type_in(&format!("\x1b[<0;10;{}M\x1b[<0;10;{}m", row + 1, row + 1));
    terminal.until(|t| t.shows("e edit"));
    terminal.type_in("\x1a");
    terminal.until(|t| t.shows("Stopped") && !has_mouse(t));
    terminal.type_in("fg\r");
    terminal.until(|t| t.screen.screen().alternate_screen() && t.shows("in sync") && has_mouse(t));
    terminal.type_in("\x03");
    terminal.until(|t| !t.screen.screen().alternate_screen() && t.contents().trim_end().ends_with("shell>") && !has_mouse(t));
    terminal.type_in("exit\r");
    terminal.ended();
}

#[test]
fn a_file_that_somebody_else_changed_is_gone_by_without_a_restart() {
    let runtime = crate::support::runtime();
    let service = runtime.block_on(Service::start(Vec::new(), Faults::default())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let person = |name: &str| {
        format!("dn: uid={name},dc=x\nobjectClass: inetOrgPerson\nuid: {name}\ncn: C {name}\nsn: S {name}\nentryUUID: {name}\n\n")
    };
    std::fs::write(path("people.ldif"), ["ann", "bob"].map(person).concat()).unwrap();
    let text = format!(
        "[channels.lab.source]\ntype = \"ldif\"\npath = \"people.ldif\"\n[channels.lab.source.location]\nbase_dn = \"dc=x\" # all\n\
         [channels.lab.target]\nconnector = \"scim2\"\nbase_url = \"{}\"\nauth = \"none\"\n[channels.lab.mapping]\nuserName = \"uid\"\nfamilyName = \"sn\"\n",
        service.base_url()
    );
    let file = path("rosterm.toml");
    std::fs::write(&file, &text).unwrap();
    let (state, home) = (path("state.db"), path(""));
    let arguments = ["--config", file.as_str(), "--state", &state];
    let mut terminal = Terminal::open(150, 44, env!("CARGO_BIN_EXE_rosterm"), &arguments, &[("HOME", &home), ("XDG_CONFIG_HOME", &home)]);
    terminal.until(|t| t.shows("new 2") && t.shows("every key"));
    // A rule that cannot be saved any more.
    terminal.type_in("2je");
    terminal.wait_for("enter keeps");
    terminal.type_in(" | upper\r");
    terminal.until(|t| t.shows("mapping edited, not saved") && t.shows("sn | upper"));
    std::fs::write(&file, text.replace("= \"sn\"", "= \"cn\"").replace("dc=x\" # all", "uid=bob,dc=x\" # one")).unwrap();
    terminal.type_in("\x13");
    terminal.wait_for("Save the mapping");
    terminal.type_in("\r");
    terminal.wait_for("was changed by somebody else meanwhile");
    terminal.type_in("\x1b");
    terminal.until(|t| !t.shows("was changed by somebody else meanwhile"));
    terminal.type_in("F");
    terminal.until(|t| {
        let told = ["mapping · familyName: sn → cn", "location · base_dn: dc=x → uid=bob,dc=x", "familyName: sn → sn | upper"];
        told.iter().all(|text| t.shows(text)) && t.shows("enter does it")
    });
    terminal.type_in("\r");
    terminal.until(|t| t.shows("new 1") && t.shows("C bob") && !t.shows("not saved") && !t.shows("S bob") && !t.shows("reading"));
    // What is edited now is written there.
    terminal.type_in("e");
    terminal.wait_for("enter keeps");
    terminal.type_in(" | lower\r");
    terminal.until(|t| t.shows("mapping edited, not saved") && t.shows("cn | lower"));
    terminal.type_in("\x13");
    terminal.wait_for("Save the mapping");
    terminal.type_in("\r");
    terminal.wait_for("saved: what is shown and sent goes by these rules");
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.contains("familyName = \"cn | lower\"") && written.contains("uid=bob,dc=x\" # one"), "{written}");
    terminal.type_in("q");
    let (status, terminal) = terminal.ended();
    assert!(status.success() && terminal.is_given_back(), "{status}");
}

#[test]
fn a_secret_that_is_typed_where_its_place_is_asked_for_is_never_on_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("people.ldif"), "dn: uid=u,dc=x\nobjectClass: inetOrgPerson\nuid: u\ncn: u\nsn: u\nentryUUID: 1\n").unwrap();
    let (file, people) = (path("new.toml"), path("people.ldif"));
    let arguments =
        ["init", "--file", &file, "--ldif", &people, "--base", "dc=x", "--connector", "scim2", "--target-url", "http://127.0.0.1:9/scim"];
    let mut terminal = Terminal::open(120, 40, env!("CARGO_BIN_EXE_rosterm"), &arguments, &[("HOME", &path(""))]);
    let ends_with = |t: &Terminal, prompt: &str| t.contents().trim_end().ends_with(prompt);
    terminal.until(|t| ends_with(t, "Group [everybody under the base]:"));
    terminal.type_in("\r");
    terminal.until(|t| ends_with(t, "Login [token]:"));
    terminal.type_in("\r");
    terminal.until(|t| ends_with(t, "\nToken:"));
    let is_echoed = |t: &Terminal| tcgetattr(&t.line).unwrap().local_modes.contains(LocalModes::ECHO);
    assert!(!is_echoed(&terminal));
    terminal.type_in("hunter2");
    terminal.until(|t| ends_with(t, "\nToken: *******"));
    terminal.type_in("\x7f");
    terminal.until(|t| ends_with(t, "\nToken: ******"));
    terminal.type_in("2\r");
    terminal.wait_for("a secret is not typed in here");
    // The place of one is seen once it was taken.
    terminal.until(|t| ends_with(t, "\nToken:"));
    terminal.type_in("env:NOBODY_HAS_SET_THIS\r");
    terminal.wait_for("  env:NOBODY_HAS_SET_THIS");
    terminal.wait_for("NOBODY_HAS_SET_THIS is not set");
    terminal.until(|t| t.contents().contains("Answer again") && ends_with(t, "\nToken [env:NOBODY_HAS_SET_THIS]:"));
    assert!(!terminal.contents().contains("hunter"), "{}", terminal.contents());
    // Breaking off gives the terminal back, here too.
    terminal.type_in("hunt\x03");
    let (status, terminal) = terminal.ended();
    assert!(!status.success() && terminal.is_given_back(), "{status}");
    assert!(!terminal.contents().contains("hunt") && !std::path::Path::new(&file).exists());
}

#[test]
fn a_signal_gives_the_terminal_back_and_is_the_exit_code() {
    for (name, signal) in [("TERM", Signal::TERM), ("HUP", Signal::HUP)] {
        let terminal = Terminal::demo(100, 30);
        // What made the session has become the program.
        rustix::process::kill_process(Pid::from_child(&terminal.child), signal).unwrap();
        let (status, terminal) = terminal.ended();
        assert!(terminal.is_given_back(), "{name}");
        assert_eq!(status.code(), Some(128 + signal.as_raw()), "{name}");
    }
}

#[test]
fn a_panic_in_any_thread_gives_the_terminal_back_and_says_where() {
    if std::env::var_os(FALLS).is_some() {
        let mut screen = Screen::take().unwrap();
        screen.take_mouse().unwrap();
        screen.draw(|frame| frame.render_widget("all is well", frame.area())).unwrap();
        std::thread::spawn(|| panic!("out of \u{1b}[31mluck")).join().unwrap_err();
        unreachable!("the panic ends the process");
    }
    let ours = std::env::current_exe().unwrap();
    let name = "terminals::a_panic_in_any_thread_gives_the_terminal_back_and_says_where";
    let terminal = Terminal::open(120, 30, ours.to_str().unwrap(), &["--exact", name, "--nocapture"], &[(FALLS, "1")]);
    let (status, terminal) = terminal.ended();
    assert_eq!(status.code(), Some(101));
    assert!(terminal.is_given_back());
    let told = terminal.screen.screen().contents();
    for part in ["rosterm: a fault of the program ended it at ", "terminals.rs:", "luck", "hint: whatever was sent is written down"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains("all is well"));
}
