//! A secret that another program prints: one that the operator names, or the platform's key ring.
//!
//! The program gets no terminal input (it would wait for ever behind the screens) and a limited time; what it prints is
//! limited too. Nothing secret is among its arguments, because every user of the machine can list those.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long a program may take to print a secret: long enough for somebody to touch a token.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest secret, in bytes; also of what is kept of the program's complaints.
const LONGEST: u64 = 64 * 1024;

/// How often a running program is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// Why there is no secret.
pub enum Trouble {
    /// The program could not be started.
    NotStarted(std::io::Error),
    /// It failed, or printed something else than a secret: in words.
    Failed(String),
}

/// What the program prints.
pub fn output(program: &str, arguments: &[&str]) -> Result<String, Trouble> {
    output_within(program, arguments, PATIENCE)
}

fn output_within(program: &str, arguments: &[&str], patience: Duration) -> Result<String, Trouble> {
    let failed = |why: String| Trouble::Failed(format!("{program}: {why}"));
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(Trouble::NotStarted)?;
    let deadline = Instant::now() + patience;
    let (printed, said) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let late = || failed(format!("no answer for {} s; it was stopped", patience.as_secs()));
    let Some(status) = wait(&mut child, deadline).map_err(|e| failed(e.to_string()))? else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(late());
    };
    // Something that it left behind may hold the pipe open.
    let rest = deadline.saturating_duration_since(Instant::now()).max(Duration::from_secs(1));
    if !status.success() {
        let said = said.recv_timeout(rest.min(Duration::from_secs(1))).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let said = said.trim().lines().last().map(|l| format!(": {}", crate::text::cut(l, 120))).unwrap_or_default();
        return Err(failed(format!("{status}{said}")));
    }
    let printed = printed.recv_timeout(rest).map_err(|_| late())?;
    if printed.len() as u64 > LONGEST {
        return Err(failed(format!("it printed more than {LONGEST} bytes")));
    }
    String::from_utf8(printed).map_err(|_| failed("it printed something that is not text".to_owned()))
}

fn wait(child: &mut Child, deadline: Instant) -> std::io::Result<Option<std::process::ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        std::thread::sleep(LOOK);
    }
}

/// Reads a pipe to its end, beside us: who fills one pipe while we read the other would wait for ever.
fn collect(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.by_ref().take(LONGEST + 1).read_to_end(&mut bytes);
            // Who prints more than a secret is read to the end all the same, so that it can end.
            let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        }
        let _ = send.send(bytes);
    });
    receive
}

/// The key ring's entry: `NAME`, or `SERVICE/ACCOUNT`; a plain name is an account of the service `rosterm`.
pub fn from_keyring(tool: &KeyringTool, entry: &str) -> Result<String, Trouble> {
    let (service, account) = entry.split_once('/').unwrap_or(("rosterm", entry));
    let arguments: Vec<&str> = tool
        .arguments
        .iter()
        .map(|a| {
            if *a == SERVICE {
                service
            } else if *a == ACCOUNT {
                account
            } else {
                a
            }
        })
        .collect();
    output(tool.program, &arguments)
}

/// The program that reads the platform's key ring.
pub struct KeyringTool {
    /// Its name, found by `PATH`.
    pub program: &'static str,
    arguments: &'static [&'static str],
    /// How to get it.
    pub install: &'static str,
    /// How to put a secret into the key ring; it is asked for, not written on the command line.
    pub store: &'static str,
}

const SERVICE: &str = "{service}";
const ACCOUNT: &str = "{account}";

/// macOS: the keychain, by the program that comes with the system.
#[cfg(target_os = "macos")]
pub const KEYRING: KeyringTool = KeyringTool {
    program: "security",
    arguments: &["find-generic-password", "-w", "-s", SERVICE, "-a", ACCOUNT],
    install: "it is part of macOS: check PATH",
    store: "security add-generic-password -s SERVICE -a ACCOUNT -w",
};

/// Elsewhere: the Secret Service (GNOME Keyring, KWallet, KeePassXC), by libsecret's program. A library for it would bring
/// a D-Bus client along that is half as large as the rest of this program.
#[cfg(not(target_os = "macos"))]
pub const KEYRING: KeyringTool = KeyringTool {
    program: "secret-tool",
    arguments: &["lookup", "service", SERVICE, "account", ACCOUNT],
    install: "install libsecret-tools (Debian, Ubuntu) or libsecret (Fedora, Arch)",
    store: "secret-tool store --label=rosterm service SERVICE account ACCOUNT",
};

#[cfg(test)]
mod tests {
    use super::*;

    fn words(result: Result<String, Trouble>) -> String {
        match result {
            Ok(text) => text,
            Err(Trouble::NotStarted(e)) => e.to_string(),
            Err(Trouble::Failed(why)) => why,
        }
    }

    #[test]
    fn a_program_has_a_time_no_input_and_a_limit_and_its_complaint_is_told() {
        for (script, told) in [
            (r"printf 's3cret\n'", "s3cret\n"),
            ("cat; printf after", "after"),
            ("echo 'no such token' >&2; exit 3", "sh: exit status: 3: no such token"),
            ("exec sleep 30", "sh: no answer for 1 s; it was stopped"),
            ("sleep 5 & printf kept", "sh: no answer for 1 s; it was stopped"),
            (r"printf '\377'", "sh: it printed something that is not text"),
            ("head -c 200000 /dev/zero", "sh: it printed more than 65536 bytes"),
            ("head -c 200000 /dev/zero >&2; printf ok", "ok"),
        ] {
            assert_eq!(words(output_within("sh", &["-c", script], Duration::from_secs(1))), told, "{script}");
        }
        assert!(matches!(output("no-such-program-here", &[]), Err(Trouble::NotStarted(_))));
    }

    #[test]
    fn a_key_ring_entry_is_an_account_of_ours_or_names_its_service() {
        let echo = KeyringTool { program: "echo", arguments: &["lookup", SERVICE, ACCOUNT], install: "", store: "" };
        for (entry, told) in [("ldap", "lookup rosterm ldap\n"), ("corp/ldap/reader", "lookup corp ldap/reader\n")] {
            assert_eq!(words(from_keyring(&echo, entry)), told);
        }
    }
}
