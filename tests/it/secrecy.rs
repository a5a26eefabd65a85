//! Secrets stay where they are kept: no proxy, no message, no log ever has one.

use crate::commands::{Desk, accounts, with_service};
use rosterm::demo::service::Faults;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Answers every request with this body; gives the port and how many connections came.
fn answering(body: &'static str) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let came = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&came);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            counter.fetch_add(1, Ordering::Relaxed);
            let _ = stream.read(&mut [0; 4096]);
            let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        }
    });
    (port, came)
}

#[test]
fn a_token_in_an_answer_of_another_form_is_never_repeated() {
    for body in ["access_token=0123-granted-secret&token_type=bearer", "[\"0123-granted-secret\"]", "<html>0123-granted-secret</html>"] {
        let (port, _) = answering(body);
        let desk = Desk::new();
        desk.write("people.ldif", crate::commands::LDIF);
        desk.write(
            "rosterm.toml",
            &format!(
                "[channels.test.source]\ntype = \"ldif\"\npath = \"people.ldif\"\n[channels.test.source.location]\nbase_dn = \"dc=example,dc=test\"\n\
                 [channels.test.target]\nconnector = \"scim2\"\nbase_url = \"http://127.0.0.1:{port}/scim\"\n\
                 auth = {{ client_credentials = {{ token_url = \"http://127.0.0.1:{port}/token\", client_id = \"r\", client_secret = {{ env = \"TOKEN\" }} }} }}\n\
                 [channels.test.mapping]\nuserName = \"uid\"\n"
            ),
        );
        for arguments in [&["plan"][..], &["check"], &["plan", "-vv", "--log", "log.txt"]] {
            let (code, out, talk) = desk.rosterm(arguments);
            assert_eq!(code, 1, "{out} {talk}");
            let log = std::fs::read_to_string(desk.path("log.txt")).unwrap_or_default();
            let all = format!("{out}{talk}{log}");
            assert!(
                all.contains("does not answer as a token") && !all.contains("granted-secret") && !all.contains("s3cret-token"),
                "{all}"
            );
        }
    }
}

#[test]
fn without_tls_a_token_never_goes_by_way_of_a_proxy() {
    let (port, came) = answering("{}");
    with_service(accounts(), &Faults::default(), |desk, _| {
        let proxy = format!("http://127.0.0.1:{port}");
        let output = Command::new(env!("CARGO_BIN_EXE_rosterm"))
            .current_dir(desk.folder.path())
            .env_clear()
            .env("HOME", desk.folder.path())
            .env("TOKEN", "s3cret-token")
            .envs(["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].map(|name| (name, proxy.as_str())))
            .args(["plan", "--config", "rosterm.toml", "--state", "state.db"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    });
    assert_eq!(came.load(Ordering::Relaxed), 0);
}
