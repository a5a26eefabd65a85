//! The source pane beyond the location: how the directory is reached, the lasting id, and the policy, edited in place.

use super::desk::{Desk, event};
use super::{same_as_before, setting};
use crate::lab::Server;
use crate::support;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use rosterm::config::{Channel, Clause, Config, RemoveAction, Site};
use rosterm::demo::service::{Faults, Service};
use rosterm::demo::world::{self, World};
use rosterm::engine::News;
use rosterm::model::Action;
use rosterm::source::ldif::{Record, Value};
use rosterm::tui::{Effect, Model, Msg, Setting, update, view};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A directory server as a file has it.
const SERVER: &str = "[channels.demo.source]\ntype = \"ldap\"\nurl = [\"ldaps://dc1.example.com\"]  # the nearest\n\
    bind_dn = \"cn=reader,dc=example,dc=test\"\npassword = { command = [\"pass\", \"show\", \"hunter2\"] }\n\
    [channels.demo.source.location]\nbase_dn = \"ou=people,dc=example,dc=test\"\n\
    [channels.demo.target]\nconnector = \"scim2\"\nbase_url = \"https://x.test\"\nauth = \"none\"\n[channels.demo.mapping]\nuserName = \"uid\"\n";

/// Screens over the embedded world, with another channel.
pub(super) fn desk_with(world: &World, setting: Setting, change: impl FnOnce(&mut Channel)) -> Desk {
    let runtime = support::runtime();
    let service = Arc::new(runtime.block_on(Service::start(world.accounts.clone(), Faults::default())).unwrap());
    Desk::with(runtime, service, None, world, support::plan(150, 1), setting, change)
}

/// The embedded world where the configuration names a server.
fn of_server() -> Desk {
    let plan = support::plan(150, 1);
    desk_with(&world::make(plan), setting(), |channel| {
        let ldap = Config::parse(Path::new("/etc/rosterm.toml"), SERVER).unwrap().channels.remove(0);
        let location = channel.source.location.clone();
        channel.source = ldap.source;
        channel.source.location = location;
    })
}

/// Marks the line with this label, from anywhere.
pub(super) fn mark(desk: &mut Desk, label: &str) {
    desk.press("1");
    for _ in 0..40 {
        desk.press("k");
    }
    for _ in 0..40 {
        if desk.frame(160, 60).contains(&format!("▌{label:<10}")) {
            return;
        }
        desk.press("j");
    }
    panic!("there is no line {label}: {}", desk.frame(160, 60));
}

pub(super) fn clear(desk: &mut Desk) {
    for _ in 0..30 {
        desk.press("ctrl-w");
    }
    desk.press("ctrl-u");
}

/// Types another text for the line with this label, and Enter.
pub(super) fn edit(desk: &mut Desk, label: &str, text: &str) -> Vec<Effect> {
    mark(desk, label);
    desk.press("e");
    clear(desk);
    desk.type_in(text);
    desk.press("enter")
}

/// What the pane says, in one line.
pub(super) fn said(desk: &mut Desk) -> String {
    let frame = desk.frame(200, 60);
    let pane = frame.lines().map(|line| line.split('│').next().unwrap_or_default());
    pane.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// Waits until nothing is looked at.
pub(super) fn settled(desk: &mut Desk) {
    while ["reading the directory by this", "everybody is judged by this"].iter().any(|text| desk.frame(160, 60).contains(text)) {
        desk.next();
    }
}

/// Waits until everybody is judged by the policy that is tried.
pub(super) fn goes_by_it(desk: &mut Desk) {
    while !desk.snapshot.is_by_other_policy() {
        desk.next();
    }
}

/// Waits until everybody is judged by the configured policy again.
pub(super) fn back(desk: &mut Desk) {
    while desk.snapshot.is_by_other_policy() {
        desk.next();
    }
}

#[test]
fn the_cursor_begins_where_it_is_decided_who_is_in_scope_and_stays_where_it_is_put() {
    let mut desk = of_server();
    desk.press("1");
    let frame = desk.frame(160, 60);
    assert!(frame.contains("▌base") && frame.contains("server") && frame.contains("security"), "{frame}");
    same_as_before("server-160x60", &frame);
    desk.press("k k esc 1");
    assert!(desk.frame(160, 60).contains("▌server"));
}

#[test]
fn the_mark_stays_on_its_line_when_what_was_read_brings_others() {
    let desk = of_server();
    let ldap = Config::parse(Path::new("/etc/rosterm.toml"), SERVER).unwrap();
    let mut model = Model::new(setting());
    let mut tell = |msg: Msg| update::update(&mut model, msg);
    tell(Msg::News(News::Site(Arc::new(Site::of(&ldap.channels[0])))));
    // Nothing was read yet: the page size is the last line but two.
    tell(Msg::Key(event("1")));
    for _ in 0..40 {
        tell(Msg::Key(event("j")));
    }
    tell(Msg::Key(event("k")));
    tell(Msg::Key(event("k")));
    // No frame comes between what was read and the key.
    tell(Msg::News(News::Snapshot(Arc::clone(&desk.snapshot))));
    tell(Msg::Key(event("e")));
    let mut terminal = Terminal::new(TestBackend::new(160, 60)).unwrap();
    terminal.draw(|frame| view::draw(&mut model, frame)).unwrap();
    let shown = terminal.backend().to_string();
    assert!(shown.contains("page_size = 1000"), "{shown}");
}

#[test]
fn every_line_of_the_server_is_edited_and_what_is_wrong_is_told_before_anything_is_asked() {
    let mut desk = of_server();
    for (label, text, told) in [
        ("server", "", "the directory needs an address"),
        ("server", "http://dc1", "http:// is not known"),
        ("server", "ldap://me:geheim@dc1", "may not hold a user or a password"),
        ("reader", "cn=a,,", "\"cn=a,,\" is not a distinguished name"),
        ("password", "geheim", "a secret is not typed in here"),
        ("password", "env:geheim!", "stands the name of an environment variable"),
        ("password", "command:pw …", "the arguments of the program are not shown"),
        ("page size", "0", "is not a number from 1 to 100,000"),
        ("timeout", "0", "is not a number of seconds from 1 to 3,600"),
        ("timeout", "1h", "is not a number of seconds from 1 to 3,600"),
        ("product", "opnldap", "did you mean openldap"),
        ("groups", "a (b)", "is not the name of an object class"),
        ("look up", "nonsense", "is not a distinguished name"),
        ("changed", "a b", "is not the name of an attribute"),
        ("removals", "many", "\"many\" is not a limit"),
        ("protected", "ann, \"bob", "column 6: the quotes are not closed"),
    ] {
        assert_eq!(edit(&mut desk, label, text), [], "{label} {text}");
        let pane = said(&mut desk);
        assert!(pane.contains("· editing") && pane.contains(told), "{label}, {told}: {pane}");
        desk.press("esc");
        assert!(!desk.model.is_source_edited(), "{label} {text}");
    }
    for (label, clause, text, kept) in [
        ("server", Clause::Url, "dc2.example.com ldaps://dc1:1636", "ldaps://dc2.example.com, ldaps://dc1:1636"),
        ("reader", Clause::BindDn, "ann@example.com", "ann@example.com"),
        ("password", Clause::Password, "env:LDAP_PASSWORD", "env:LDAP_PASSWORD"),
        ("authority", Clause::Authority, "/etc/ca.pem", "/etc/ca.pem"),
        ("page size", Clause::PageSize, "500", "500"),
        ("timeout", Clause::Timeout, "30", "30"),
        ("product", Clause::Vendor, "389ds", "389ds"),
        ("groups", Clause::Groups, "group posixGroup", "group, posixGroup"),
        ("look up", Clause::LookUp, "dc=example,dc=test", "dc=example,dc=test"),
        ("changed", Clause::Time, "whenChanged", "whenChanged"),
    ] {
        let effects = edit(&mut desk, label, text);
        assert!(matches!(&effects[..], [Effect::Preview(_, edits)] if *edits == [(clause, kept.to_owned())]), "{label}: {effects:?}");
        settled(&mut desk);
        desk.press("R");
    }
}

#[test]
fn a_secret_that_is_typed_is_never_seen_and_what_a_program_is_told_is_not_shown() {
    let mut desk = of_server();
    mark(&mut desk, "password");
    let frame = desk.frame(160, 60);
    assert!(frame.contains("command:pass …") && !frame.contains("hunter2"), "{frame}");
    desk.press("e");
    clear(&mut desk);
    desk.type_in("geheim");
    desk.tell(Msg::Paste("hunter2".to_owned()));
    let frame = desk.frame(160, 60);
    assert!(frame.contains("*************") && !frame.contains("geheim") && !frame.contains("hunter2"), "{frame}");
    assert_eq!(desk.press("enter"), []);
    let frame = desk.frame(160, 60);
    assert!(frame.contains("a secret is not typed in here") && !frame.contains("***") && !frame.contains("geheim"), "{frame}");
    // A reference is seen while it is typed.
    desk.type_in("file:/run/secrets/l");
    assert!(desk.frame(160, 60).contains("file:/run/secrets/l"));
    desk.press("esc");
    // What a program is told is seen while it is typed, and nowhere afterwards.
    edit(&mut desk, "password", "command:vault read hunter2");
    settled(&mut desk);
    let frame = desk.frame(160, 60);
    assert!(frame.contains("command:vault …") && !frame.contains("hunter2"), "{frame}");
    desk.press("e");
    assert!(!desk.frame(160, 60).contains("hunter2"));
}

#[test]
fn a_password_in_an_address_is_seen_neither_while_it_is_typed_nor_afterwards() {
    let mut desk = of_server();
    for typed in ["ldaps://me:hunter2@dc1", "ldaps://dc1, ldaps://me:hunter2", "me:hunter2@dc1"] {
        mark(&mut desk, "server");
        desk.press("e");
        clear(&mut desk);
        for c in typed.chars() {
            desk.type_in(&c.to_string());
            let frame = desk.frame(160, 60);
            assert!(!frame.contains(":h") && !frame.contains("hu"), "{frame}");
        }
        assert!(desk.frame(160, 60).contains("*******"));
        assert_eq!(desk.press("enter"), []);
        let frame = desk.frame(160, 60);
        assert!(said(&mut desk).contains("an LDAP URL may not hold a user or a password"), "{frame}");
        assert!(!frame.contains("hunter2"), "{frame}");
        assert!(!frame.contains("***"), "it is held nowhere: {frame}");
        desk.press("esc");
    }
}

#[test]
fn what_does_not_go_together_is_told_without_asking_the_directory_and_is_not_saved() {
    let mut desk = of_server();
    for (label, text, told) in [
        ("server", "ldap://dc1.example.com", "the password would cross the network in clear text"),
        ("reader", "", "there is a password but no bind_dn"),
        ("password", "", "bind_dn needs a password"),
    ] {
        assert_eq!(edit(&mut desk, label, text), [Effect::StopLooking], "{label}");
        assert!(said(&mut desk).contains(told), "{told}: {}", said(&mut desk));
        assert!(desk.model.is_source_edited());
        desk.press("R");
    }
    mark(&mut desk, "security");
    assert_eq!(desk.press("e"), [Effect::StopLooking]);
    assert!(said(&mut desk).contains("start_tls is for ldap:// URLs"), "{}", said(&mut desk));
    // Together with another address it is right.
    let effects = edit(&mut desk, "server", "ldap://dc1.example.com");
    assert!(matches!(&effects[..], [Effect::Preview(_, edits)] if edits.len() == 2), "{effects:?}");
    settled(&mut desk);
    let frame = said(&mut desk);
    assert!(frame.contains("StartTLS · as cn=reader") && frame.contains("0 enter, 0 leave"), "{frame}");
}

/// A file with the configuration of a desk, and where it lies.
fn on_disk(change: impl FnOnce(String) -> String, world: &World) -> (tempfile::TempDir, PathBuf, Desk) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rosterm.toml");
    let desk = desk_with(world, Setting { file: Some(file.clone()), ..setting() }, |_| ());
    std::fs::write(&file, change(desk.config.clone())).unwrap();
    (folder, file, desk)
}

#[test]
fn the_lasting_id_stays_while_links_or_holds_go_by_it_whoever_asks() {
    let plan = support::plan(150, 1);
    let (_folder, file, mut desk) = on_disk(|text| text, &world::make(plan));
    mark(&mut desk, "id");
    assert_eq!(desk.press("e"), []);
    let told = desk.notice().to_owned();
    assert!(told.contains(" links and ") && told.contains(" go by entryUUID") && told.contains("rosterm link --migrate"), "{told}");
    let before = std::fs::read_to_string(&file).unwrap();
    // The journal has the last word, not what was shown.
    desk.live.relocate(file.clone(), vec![(Clause::Id, "employeeNumber".to_owned())]);
    desk.until(|model| model.notice().is_some_and(|text| text.contains("go by entryUUID")));
    // Nor is it only looked at.
    desk.live.preview(77, vec![(Clause::Id, "employeeNumber".to_owned())]);
    let refused = loop {
        match desk.inbox.recv_timeout(Duration::from_secs(60)).unwrap() {
            News::Refused(error) => break error,
            News::Previewed(..) => panic!("it was read by another id"),
            _ => {}
        }
    };
    assert!(refused.message().contains("go by entryUUID"), "{refused}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    // Nothing is remembered: then it can be another one.
    let mut world = world::make(plan);
    world.links.clear();
    world.holds.clear();
    let (_folder, file, mut desk) = on_disk(|text| text, &world);
    edit(&mut desk, "id", "cn");
    settled(&mut desk);
    assert!(said(&mut desk).contains("what was read before goes by other ids"), "{}", said(&mut desk));
    desk.press("ctrl-s");
    desk.until(|model| model.question().is_some());
    desk.press("enter");
    let era = desk.snapshot.era();
    while desk.snapshot.era() == era || desk.snapshot.is_busy() {
        desk.next();
    }
    assert!(std::fs::read_to_string(&file).unwrap().contains("id_attribute = \"cn\""));
    assert_eq!(desk.snapshot.source_facts().settings.id_attribute.as_str(), "cn");
}

#[test]
fn links_that_would_not_be_used_are_told_in_capitals_before_it_is_saved() {
    let plan = support::plan(150, 1);
    let mut world = world::make(plan);
    let text = |name: &str, value: &str| (name.into(), Value::Text(value.into()));
    let attributes = vec![text("objectClass", "inetOrgPerson"), text("cn", "Far Away"), text("entryUUID", "f-1")];
    world.records.push(Record { dn: "cn=Far Away,dc=elsewhere".to_owned(), attributes });
    let (folder, _, mut desk) = on_disk(|text| text, &world);
    edit(&mut desk, "group", "");
    settled(&mut desk);
    edit(&mut desk, "base", "dc=elsewhere");
    settled(&mut desk);
    let frame = said(&mut desk);
    assert!(frame.contains("ARE NOT USED THEN") && frame.contains("rosterm link --migrate"), "{frame}");
    desk.press("ctrl-s");
    desk.until(|model| model.question().is_some());
    let asked = desk.frame(120, 40);
    assert!(asked.contains("LINKS AND ") && asked.contains("ARE NOT USED THEN: the naming context was"), "{asked}");
    let name = folder.path().file_name().unwrap().to_string_lossy().into_owned();
    same_as_before("server-other-context-120x40", &asked.replace(&name, &"x".repeat(name.len())));
}

#[test]
fn another_policy_is_judged_for_everybody_shown_and_saved_and_approves_nothing() {
    let plan = support::plan(150, 1);
    let world = world::make(plan);
    // What a reading by such a policy comes to.
    let of = |change: fn(&mut Channel)| desk_with(&world, setting(), change).snapshot.facets().clone();
    let was = of(|_| ());
    let deleting = of(|channel| channel.policy.remove_action = RemoveAction::Delete);
    let provisioning = of(|channel| channel.policy.provision_disabled = true);
    let (_folder, file, mut desk) = on_disk(|text| format!("{text}\n# mine\n"), &world);
    mark(&mut desk, "who left");
    let effects = desk.press("e");
    let edits = vec![(Clause::Removal, "delete".to_owned())];
    assert!(matches!(&effects[..], [Effect::Preview(_, e), Effect::TryPolicy(t)] if *e == edits && *t == edits), "{effects:?}");
    settled(&mut desk);
    let n = deleting.for_action(Action::Delete);
    let frame = said(&mut desk);
    assert!(n > 0 && frame.contains(&format!("{n} accounts PROPOSED FOR DELETION, none of it approved")), "{n}: {frame}");
    assert!(frame.contains("accounts are DELETED"), "{frame}");
    desk.press("m");
    assert!(desk.notice().contains("nobody enters or leaves by another policy"), "{}", desk.notice());
    // Both together would create and delete the same people again and again.
    mark(&mut desk, "accounts");
    assert_eq!(desk.press("e"), [Effect::StopLooking, Effect::TryPolicy(Vec::new())]);
    assert!(said(&mut desk).contains("again and again"), "{}", said(&mut desk));
    assert_eq!(desk.press("ctrl-s"), [Effect::StopLooking]);
    assert!(desk.notice().contains("not saved"), "{}", desk.notice());
    desk.press("R");
    mark(&mut desk, "accounts");
    desk.press("e");
    settled(&mut desk);
    let more = provisioning.for_action(Action::Create) - was.for_action(Action::Create);
    let told = format!("{more} nothing → create");
    assert!(more > 0 && said(&mut desk).contains(&told), "{told}: {}", said(&mut desk));
    desk.press("R");
    // Both a clause and the policy: those who leave by the one would be deleted by the other, too.
    mark(&mut desk, "who left");
    desk.press("e");
    edit(&mut desk, "filter", "(sn=nobody at all)");
    settled(&mut desk);
    let told = format!("UP TO {} MORE, of those who leave", desk.snapshot.source().users);
    assert!(said(&mut desk).contains(&told), "{told}: {}", said(&mut desk));
    desk.press("ctrl-s");
    desk.until(|model| model.question().is_some());
    assert!(desk.frame(120, 40).contains(&told), "{}", desk.frame(120, 40));
    desk.press("esc R");
    // Everybody is as before once it is taken back.
    back(&mut desk);
    assert_eq!(desk.snapshot.facets(), &was);
    mark(&mut desk, "who left");
    desk.press("e");
    edit(&mut desk, "removals", "3");
    settled(&mut desk);
    edit(&mut desk, "clears", "none");
    desk.press("ctrl-s");
    desk.until(|model| model.question().is_some());
    let asked = desk.frame(120, 40);
    for told in [
        "remove_action: disable → delete",
        "limits.deprovision: 20 or 5% → 3",
        "limits.clear: 5% → none",
        &format!("{n} ACCOUNTS WILL BE PROPOSED FOR DELETION"),
        "None of it is",
    ] {
        assert!(asked.contains(told), "{told}: {asked}");
    }
    let name = file.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
    goes_by_it(&mut desk);
    // Wide enough that the question does not cut a time of day, which is another one every time.
    let wide = desk.frame(200, 60);
    same_as_before("server-policy-save-200x60", &wide.replace(&name, &"x".repeat(name.len())));
    let era = desk.snapshot.era();
    desk.press("enter");
    while desk.snapshot.era() == era || desk.snapshot.is_busy() {
        desk.next();
    }
    let text = std::fs::read_to_string(&file).unwrap();
    let policy = &Config::parse(&file, &text).unwrap().channels[0].policy.clone();
    assert_eq!((policy.remove_action, policy.limits.deprovision.to_string()), (RemoveAction::Delete, "3".to_owned()));
    assert!(text.contains("# mine\n"), "{text}");
    assert_eq!(desk.snapshot.facets().for_action(Action::Delete), n, "it is as it was judged");
    assert_eq!(desk.model.approvals().total(), 0);
}

#[test]
fn another_policy_is_not_written_over_what_somebody_else_changed() {
    let plan = support::plan(150, 1);
    let (_folder, file, mut desk) = on_disk(|text| text, &world::make(plan));
    mark(&mut desk, "who left");
    desk.press("e");
    settled(&mut desk);
    let other = format!("{}\n[channels.demo.policy]\ncreate = false\n", desk.config);
    std::fs::write(&file, &other).unwrap();
    desk.press("ctrl-s");
    desk.until(|model| model.question().is_some());
    desk.press("enter");
    desk.until_shown("changed by somebody else");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), other);
}

#[test]
#[ignore = "needs real servers: tests/run"]
fn another_server_is_tried_told_and_saved_and_both_ends_are_read_by_it() {
    let folders = "dn: dc=example,dc=test\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n\
        dn: ou=people,dc=example,dc=test\nobjectClass: organizationalUnit\nou: people\n\n";
    let person = |n: usize| {
        let lines = format!("objectClass: inetOrgPerson\ncn: c{n}\nsn: s{n}\nuid: u{n}\nentryUUID: 00000000-0000-4000-8000-{n:012}\n\n");
        format!("dn: uid=u{n},ou=people,dc=example,dc=test\n{lines}")
    };
    let ldif: String = std::iter::once(folders.to_owned()).chain((1..=30).map(person)).collect();
    let slapd = Server::slapd(&ldif);
    let runtime = support::runtime();
    let service = runtime.block_on(Service::start(Vec::new(), Faults::default())).unwrap();
    let source = slapd.source(&slapd.text("ldap"), "reader");
    let config = format!(
        "[channels.lab.source]\ntype = \"ldap\"\n{source}[channels.lab.source.location]\nbase_dn = \"ou=people,dc=example,dc=test\" # all\n\
        [channels.lab.target]\nconnector = \"scim2\"\nbase_url = \"{}\"\nauth = \"none\"\n[channels.lab.mapping]\nuserName = \"uid\"\n",
        service.base_url()
    );
    let file = slapd.folder.path().join("rosterm.toml");
    std::fs::write(&file, &config).unwrap();
    let mut desk = Desk::real(runtime, config.clone(), Setting { file: Some(file.clone()), ..setting() });
    assert_eq!(desk.snapshot.source().users, 30);
    // Encrypted, by an authority that nobody here knows; then by the one that has signed it.
    edit(&mut desk, "server", &slapd.text("ldaps"));
    settled(&mut desk);
    assert!(said(&mut desk).contains("invalid peer certificate: UnknownIssuer"), "{}", said(&mut desk));
    edit(&mut desk, "authority", &slapd.text("ca_file"));
    settled(&mut desk);
    assert!(said(&mut desk).contains("0 enter, 0 leave 30 in scope"), "{}", said(&mut desk));
    // Somebody else reads, and sees nobody.
    let blind = &slapd.told["identities"]["blind"];
    let secret = slapd.folder.path().join("blind");
    std::fs::write(&secret, blind["password"].as_str().unwrap()).unwrap();
    edit(&mut desk, "reader", blind["dn"].as_str().unwrap());
    settled(&mut desk);
    assert!(said(&mut desk).contains("result 49 (invalid credentials)"), "{}", said(&mut desk));
    edit(&mut desk, "password", &format!("file:{}", secret.display()));
    settled(&mut desk);
    assert!(said(&mut desk).contains("0 IN SCOPE") && said(&mut desk).contains("0 enter, 30 leave"), "{}", said(&mut desk));
    desk.press("R");
    edit(&mut desk, "server", &slapd.text("ldaps"));
    settled(&mut desk);
    edit(&mut desk, "authority", &slapd.text("ca_file"));
    desk.press("ctrl-s");
    desk.until(|model| model.question().is_some());
    let era = desk.snapshot.era();
    desk.press("enter");
    while desk.snapshot.era() == era || desk.snapshot.is_busy() {
        desk.next();
    }
    assert_eq!((desk.snapshot.source().users, desk.snapshot.source_facts().place.clone()), (30, slapd.text("ldaps")));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("base_dn = \"ou=people,dc=example,dc=test\" # all") && text.contains(&slapd.text("ldaps")), "{text}");
    mark(&mut desk, "security");
    assert!(said(&mut desk).contains("TLS · as cn=reader"), "{}", said(&mut desk));
}
