//! `rosterm init`: the dialogue, options alone, and what it never does.

use crate::commands::{Desk, LDIF, accounts};
use crate::fake_ldap::{Reply, done, entry, result, serve};
use crate::lab::Server;
use crate::support::runtime;
use rosterm::config::Config;
use rosterm::demo::service::{Faults, Service};
use std::io::Write;
use std::process::{Command, Stdio};

const GROUP: &str = "\ndn: cn=cloud,ou=people,dc=example,dc=test\nobjectClass: groupOfNames\ncn: cloud\ndescription: who may\n\
    member: uid=ann,ou=people,dc=example,dc=test\nmember: uid=bob,ou=people,dc=example,dc=test\n";

fn with_ends(test: impl FnOnce(&Desk, &str)) {
    let runtime = runtime();
    let faults = Faults { token: Some("s3cret-token".into()), ..Faults::default() };
    let service = runtime.block_on(Service::start(accounts(), faults)).unwrap();
    let desk = Desk::new();
    desk.write("people.ldif", &format!("{LDIF}{GROUP}"));
    test(&desk, service.base_url());
}

/// Runs `rosterm init` with these lines to answer; code, what is data, what is said.
fn init(desk: &Desk, arguments: &[&str], lines: &str) -> (i32, String, String) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_rosterm"))
        .current_dir(desk.folder.path())
        .env_clear()
        .env("HOME", desk.folder.path())
        .env("USER", "op")
        .env("TOKEN", "s3cret-token")
        .env("LDAP_PASSWORD", "reader-secret")
        .arg("init")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Whoever has ended already reads nothing more.
    let _ = process.stdin.take().unwrap().write_all(lines.as_bytes());
    let output = process.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn by_options<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let all = ["--file", "new.toml", "--ldif", "people.ldif", "--base", "ou=people,dc=example,dc=test"];
    [&all[..], &["--connector", "scim2", "--target-url", url, "--token", "env:TOKEN"], more].concat()
}

fn same_as_before(name: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/init").join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        return std::fs::write(&path, text).unwrap();
    }
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(before == text, "{} is something else now (UPDATE_SNAPSHOTS=1 keeps it):\n{text}", path.display());
}

fn timeless(text: &str, desk: &Desk, url: &str) -> String {
    // Where there are links on the way, the working folder is told without them.
    let folder = desk.folder.path().canonicalize().unwrap();
    let text = text.replace(url, "URL").replace(&folder.display().to_string(), "DESK");
    let text = text.replace(&desk.folder.path().display().to_string(), "DESK");
    let mut out: Vec<String> = Vec::new();
    for line in text.lines() {
        // How long a request took is another thing every time.
        let line = line.split(", after ").next().unwrap();
        let line = line.split(" in ").next().filter(|_| line.starts_with("ok page")).unwrap_or(line);
        out.push(line.trim_end().to_owned());
    }
    out.join("\n") + "\n"
}

#[test]
fn by_options_alone_nothing_is_asked_and_check_is_content() {
    with_ends(|desk, url| {
        let (code, out, talk) = init(desk, &by_options(url, &["--group", "cn=cloud,ou=people,dc=example,dc=test"]), "");
        assert_eq!(code, 0, "{out}{talk}");
        same_as_before("options", &timeless(&format!("{out}---\n{talk}"), desk, url));
        let text = std::fs::read_to_string(desk.path("new.toml")).unwrap();
        same_as_before("file", &timeless(&text, desk, url));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(desk.path("new.toml")).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let config = Config::read(&desk.path("new.toml")).unwrap();
        let channel = config.channel(Some("scim2")).unwrap();
        assert!(channel.source.location.nested_groups && channel.source.location.group_dn.is_some());
        for (command, expected) in [("check", 0), ("plan", 3)] {
            let output = desk.run(&[command, "--config", "new.toml", "--state", "state.db"]);
            let told = String::from_utf8_lossy(&output.stdout).into_owned();
            assert_eq!(output.status.code(), Some(expected), "{command}: {told}");
            assert!(!told.contains("! warning    required"), "{told}");
        }
        assert!(!desk.path("state.db").exists() && !format!("{text}{out}{talk}").contains("s3cret-token"));
        // And once more: it is left as it is.
        let (code, _, talk) = init(desk, &by_options(url, &[]), "");
        assert!(code == 2 && talk.contains("is left as it is"), "{talk}");
        assert_eq!(std::fs::read_to_string(desk.path("new.toml")).unwrap(), text);
    });
}

#[test]
fn what_is_missing_is_named_by_its_option_where_nobody_answers() {
    with_ends(|desk, url| {
        let all = by_options(url, &[]);
        for option in ["--ldif", "--base", "--connector", "--target-url", "--token"] {
            let at = all.iter().position(|a| *a == option).unwrap();
            let less: Vec<&str> = all.iter().enumerate().filter(|(i, _)| *i != at && *i != at + 1).map(|(_, a)| *a).collect();
            let (code, out, talk) = init(desk, &less, "");
            let wanted = if option == "--ldif" { "--url, --ldif or --csv" } else { option };
            assert!(code == 2 && talk.contains(&format!("say it with {wanted}")) && out.is_empty(), "{option}: {talk}");
            assert!(!desk.path("new.toml").exists());
        }
        let strict = by_options(url, &["--channel", "cloud", "--map", "nope=uid"]);
        let (code, _, talk) = init(desk, &strict, "");
        assert!(code == 2 && talk.contains("has no field nope"), "{talk}");
        let lucid: Vec<&str> = all.iter().map(|a| if *a == "scim2" { "workplace" } else { *a }).collect();
        desk.write("people.ldif", &LDIF.replace("sn: ", "x: "));
        let (code, _, talk) = init(desk, &lucid, "");
        assert!(code == 2 && talk.contains("--map familyName=RULE"), "{talk}");
        let (code, _, talk) = init(desk, &[&lucid[..], &["--map", "familyName='Staff'"]].concat(), "");
        assert_eq!(code, 0, "{talk}");
        assert!(std::fs::read_to_string(desk.path("new.toml")).unwrap().contains("familyName = \"'Staff'\""));
    });
}

#[test]
fn a_secret_is_refused_and_said_nowhere_and_what_fails_writes_nothing() {
    with_ends(|desk, url| {
        let with = |from: &str, to: &str| -> Vec<String> {
            by_options(url, &[]).into_iter().map(|a| if a == from { to.to_owned() } else { a.to_owned() }).collect()
        };
        for (from, to, code, told) in [
            ("env:TOKEN", "hunter2", 2, "say where it is kept"),
            ("env:TOKEN", "env:LDAP_PASSWORD", 1, "login: "),
            ("env:TOKEN", "env:NO_SUCH", 1, "NO_SUCH is not set"),
            ("ou=people,dc=example,dc=test", "ou=none,dc=example,dc=test", 1, "base: there is nothing"),
            ("ou=people,dc=example,dc=test", "people", 2, "is not a distinguished name"),
            ("people.ldif", "none.ldif", 2, "cannot read"),
            (url, "http://127.0.0.1:9/scim", 1, "service: "),
        ] {
            let arguments = with(from, to);
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let (ended, out, talk) = init(desk, &arguments, "");
            assert_eq!(ended, code, "{to}: {talk}");
            assert!(talk.contains(told), "{to}: {talk}");
            assert!(!format!("{out}{talk}").contains("hunter2") && !desk.path("new.toml").exists(), "{to}: {talk}");
        }
        // Other ways in are tried and refused in the same way.
        let all = by_options(url, &[]);
        let rest = &all[..all.len() - 2];
        for (more, code, told) in [
            (&["--user", "op"][..], 2, "say it with --user-password"),
            (&["--user", "op", "--user-password", "hunter2"], 2, "say where it is kept"),
            (&["--user", "op", "--user-password", "env:TOKEN"], 1, "login: "),
            (&["--token-url", "https://login.test/token", "--client-id", "me"], 2, "say it with --client-secret"),
            (
                &["--token-url", "https://me:hunter2@login.test", "--client-id", "me", "--client-secret", "env:TOKEN"],
                2,
                "may not hold a user",
            ),
            (
                &["--token-url", "https://login.test/t?client_secret=hunter2", "--client-id", "me", "--client-secret", "env:TOKEN"],
                2,
                "the query of the token URL may not hold a secret, and client_secret is one",
            ),
            (&["--token-url", "http://127.0.0.1:1/t", "--client-id", "me", "--client-secret", "env:TOKEN"], 1, "login: "),
            (&["--user", "op", "--token", "env:TOKEN"], 2, "cannot be used with"),
        ] {
            let (ended, out, talk) = init(desk, &[rest, more].concat(), "");
            assert!(ended == code && talk.contains(told), "{more:?}: {talk}");
            assert!(!format!("{out}{talk}").contains("hunter2") && !desk.path("new.toml").exists(), "{more:?}: {talk}");
        }
        let (code, _, talk) = init(desk, &[&by_options(url, &[])[..], &["--read-only"]].concat(), "");
        assert!(code == 4 && talk.contains("--read-only"), "{talk}");
    });
}

#[test]
fn the_dialogue_lists_tests_takes_back_and_writes_what_was_answered() {
    with_ends(|desk, url| {
        // ldif; a file that is not there, then the one; the second base by its number; back, and the same again; a part of a
        // group's name, then the group by its number; the service; a token; a secret, refused, then where it is; the rules; a name; yes.
        let lines = [
            "ldif",
            "none.ldif",
            "people.ldif",
            "?",
            "2",
            "<",
            "",
            "clo",
            "1",
            "",
            url,
            "1",
            "hunter2",
            "env:TOKEN",
            "",
            "",
            "sn ~ '!' |",
            "sn | upper",
            "-",
            "staff",
            "yes",
        ];
        let (code, out, talk) = init(desk, &["--file", "new.toml"], &(lines.join("\n") + "\n"));
        assert_eq!(code, 0, "{out}{talk}");
        same_as_before("dialogue", &timeless(&format!("{out}---\n{talk}"), desk, url));
        assert!(!talk.contains("hunter2"));
        let text = std::fs::read_to_string(desk.path("new.toml")).unwrap();
        assert!(text.contains("[channels.staff.mapping]") && text.contains("familyName = \"sn | upper\""), "{text}");
        assert!(!text.lines().any(|l| l.starts_with("email =")), "{text}");
        let output = desk.run(&["check", "--config", "new.toml", "--state", "state.db"]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
        // Whoever says no keeps nothing.
        let ends = ["--file", "other.toml", "--ldif", "people.ldif", "--connector", "scim2", "--target-url", url];
        let (code, out, talk) = init(desk, &ends, "\n\n\nenv:TOKEN\n\n\n\n\n\nno\n");
        assert!(code == 7 && out.is_empty() && !desk.path("other.toml").exists(), "{talk}");
    });
}

#[test]
fn a_table_is_a_source_too() {
    with_ends(|desk, url| {
        desk.write("people.csv", "number,uid,mail,givenName,sn\n1,ann,ann@example.com,Ann,Lee\n2,bob,bob@example.com,Bob,Ray\n");
        let arguments = ["--file", "new.toml", "--csv", "people.csv", "--connector", "scim2", "--target-url", url, "--token", "env:TOKEN"];
        let (code, _, talk) = init(desk, &arguments, "");
        assert!(code == 2 && talk.contains("say it with --id"), "{talk}");
        let (code, _, talk) = init(desk, &[&arguments[..], &["--id", "nope"]].concat(), "");
        assert!(code == 1 && talk.contains("there is no column nope"), "{talk}");
        let (code, out, talk) = init(desk, &[&arguments[..], &["--id", "number"]].concat(), "");
        assert!(code == 0 && out.contains("people in scope: 2"), "{out}{talk}");
        assert!(std::fs::read_to_string(desk.path("new.toml")).unwrap().contains("email = \"mail | lower\""));
    });
}

#[test]
fn a_directory_tells_its_bases_and_groups_and_a_hidden_one_is_typed() {
    let group: &[(&str, &[&[u8]])] = &[("objectClass", &[b"groupOfNames"]), ("description", &[b"a\x1b[31mb\nok bind: x"])];
    let ldap = serve(move |_, request| {
        let ann = entry(
            request.id,
            b"uid=ann,ou=people,dc=x",
            &[("uid", &[b"ann"]), ("mail", &[b"ann@x.test"]), ("entryUUID", &[b"id-ann"]), ("userPassword", &[b"hunter2"])],
        );
        let end = done(request.id, 0, "");
        Reply::Send(match (request.op, request.scope) {
            // Nobody is turned away: the address is good all the same.
            (0x60, _) => result(request.id, 0x61, if request.contains("cn=reader") { 0 } else { 48 }, "anonymous bind disallowed"),
            (0x63, 0) if request.base.is_empty() => {
                let root: &[(&str, &[&[u8]])] = &[("namingContexts", &[b"cn=config", b"dc=x"]), ("objectClass", &[b"OpenLDAProotDSE"])];
                [entry(request.id, b"", root), end].concat()
            }
            (0x63, 0) => [entry(request.id, request.base.as_bytes(), &[("objectClass", &[b"top"])]), end].concat(),
            (0x63, 1) if request.base == "dc=x" => [entry(request.id, b"ou=people,dc=x", &[]), end].concat(),
            (0x63, 2) if request.contains("groupOfNames") => [entry(request.id, b"cn=g,dc=x", group), done(request.id, 4, "")].concat(),
            (0x63, 2) => [ann, end].concat(),
            _ => end,
        })
    });
    with_ends(|desk, url| {
        let lines = format!("\n{ldap}\ncn=reader,dc=x\nhunter2\nenv:LDAP_PASSWORD\n\n\nscim2\n{url}\n\nenv:TOKEN\n\n\n\nyes\n");
        let (code, out, talk) = init(desk, &["--file", "new.toml"], &lines);
        assert_eq!(code, 0, "{out}{talk}");
        for told in [
            "ok vendor: openldap",
            "  2  ou=people,dc=x  1 person",
            "Base [ou=people,dc=x]",
            "  1  cn=g,dc=x  a\u{fffd}[31mb ok bind: x\n",
            "type a part of a name",
            "mail | lower: 1 of 1 have one, for example ann@x.test",
        ] {
            assert!(talk.contains(told), "{told}: {talk}");
        }
        assert!(!talk.contains("FAILED bind") && !talk.contains("warning bind"), "{talk}");
        assert!(!talk.contains("hunter2") && !talk.contains("cn=config") && !talk.contains("reader-secret"));
        let text = std::fs::read_to_string(desk.path("new.toml")).unwrap();
        assert!(text.contains("password = { env = \"LDAP_PASSWORD\" }") && text.contains("base_dn = \"ou=people,dc=x\""), "{text}");
    });
}

#[test]
#[ignore = "needs real servers: tests/run"]
fn a_real_pair_is_set_up_by_options_and_check_and_plan_are_content() {
    let mut world = format!("{LDIF}{GROUP}").replace("objectClass: domain", "objectClass: dcObject\nobjectClass: organization\no: x");
    for (name, n) in [("ann", 1), ("bob", 2), ("cat", 3)] {
        world = world.replace(&format!("entryUUID: e-{name}"), &format!("cn: {name}\nentryUUID: 00000000-0000-4000-8000-{n:012}"));
    }
    let (slapd, scim) = (Server::slapd(&(world + "\n")), Server::scim("full"));
    let desk = Desk::new();
    let reader = &slapd.told["identities"]["reader"];
    let secret = desk.write("secret", reader["password"].as_str().unwrap());
    let token = desk.write("token", &scim.text("token"));
    let (url, ca_file) = (slapd.text("ldaps"), slapd.text("ca_file"));
    let (secret, token) = (format!("file:{}", secret.display()), format!("file:{}", token.display()));
    let (dn, base_url) = (reader["dn"].as_str().unwrap(), scim.text("base"));
    let arguments = [
        "--file",
        "new.toml",
        "--url",
        &url,
        "--ca-file",
        &ca_file,
        "--bind-dn",
        dn,
        "--password",
        &secret,
        "--base",
        "ou=people,dc=example,dc=test",
        "--group",
        "cn=cloud,ou=people,dc=example,dc=test",
        "--connector",
        "scim2",
        "--target-url",
        &base_url,
        "--token",
        &token,
    ];
    let (code, out, talk) = init(&desk, &arguments, "");
    assert!(code == 0 && out.contains("people in scope: 2") && out.contains("2 new"), "{out}{talk}");
    // By questions: that the certificate is not trusted is told beside the address, and its authority is asked for next. The
    // wrong one is told too, and nobody is asked for a password before that.
    let other = slapd.text("other_ca_file");
    let (_, _, talk) = init(&desk, &["--file", "asked.toml"], &format!("\n{url}\n{other}\n{ca_file}\n{dn}\n"));
    let at = |text: &str| talk.find(text).unwrap_or_else(|| panic!("{text}: {talk}"));
    assert!(at("FAILED TLS: ") < at("Authority: ") && at("Authority: ") < at("TLS: TLSv1") && at("TLS: TLSv1") < at("Reader: "), "{talk}");
    assert_eq!(talk.matches("FAILED TLS: ").count(), 2, "{talk}");
    assert!(at("Reader: ") < at("Password: "), "{talk}");
    for (command, expected) in [("check", 0), ("plan", 3)] {
        let output = desk.run(&[command, "--config", "new.toml", "--state", "state.db"]);
        let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(expected), "{command}: {told}");
    }
}
