//! Why: for every case of the demo's world the steps say what is true of it; and as a command.

use crate::commands::{LDIF, accounts, with_service};
use crate::support::{self, NOW};
use rosterm::demo::service::{Faults, Service};
use rosterm::demo::world::{self, Plan, Truth, World};
use rosterm::engine::{self, Ends, Job, Named, Picture, Progress, User, why};
use rosterm::explain::{Explanation, Facts, Whose, explain};
use rosterm::identity::{AccountId, EntryId};
use rosterm::journal::Journal;
use rosterm::model::{Action, Situation, Verdicts};
use rosterm::source::memory::Directory;
use rosterm::source::{Source, vendor};
use rosterm::target::{Columns, Target};
use std::path::Path;

struct Desk {
    picture: Picture,
    ends: Ends,
    journal: Journal,
    _service: Service,
}

impl Desk {
    async fn at(world: &World, plan: Plan) -> Desk {
        let service = Service::start(world.accounts.clone(), Faults::default()).await.unwrap();
        let channel = world::channel(plan, service.base_url(), Path::new("(in memory)")).unwrap();
        let (connector, rules) = engine::compile(&channel).unwrap();
        let mut settings = vendor::presets().iter().find(|p| p.0.vendor == "openldap").unwrap().0.clone();
        vendor::override_with(&mut settings, &channel.source.settings);
        let directory = Directory::new("memory", "memory".into(), world.records.clone(), settings, &channel.source.location, NOW).unwrap();
        let columns = Columns::new(rules.rules().iter().map(|r| &r.field));
        let target = Target::open(&channel.target, &connector, columns).await.unwrap();
        let mut ends = Ends { source: Source::Memory(Box::new(directory)), target, connector, rules };
        let journal = support::remember(world, service.base_url(), &ends.source);
        let job = Job { channel: &channel, others: &[], now: NOW, progress: &Progress::default() };
        let picture = Box::pin(engine::look(&job, &mut ends, &journal)).await.unwrap();
        Desk { picture, ends, journal, _service: service }
    }

    fn user(&self, truth: &Truth) -> User {
        let is = |user: &&User| match (&truth.entry, &truth.account) {
            (Some(id), _) => user.entry.is_some_and(|e| self.picture.entries().row(e).id() == id),
            (None, Some(id)) => user.entry.is_none() && user.account.is_some_and(|a| self.picture.accounts().row(a).id() == id),
            (None, None) => false,
        };
        self.picture.users().iter().find(is).unwrap().clone()
    }

    async fn why(&mut self, user: &User) -> (Facts, Explanation) {
        let mut facts = self.picture.facts(user);
        let row = facts.row.clone().unwrap();
        let entry = row.entry.map(|e| EntryId::new(e.id));
        if let Some(id) = &entry {
            facts.looked = why::ask(&mut self.ends.source, id, NOW).await;
        }
        let named = Named { entry, account: row.account.map(|a| AccountId::new(a.id)) };
        if let Some(account) = self.picture.ownerless(user) {
            facts.whose = why::whose(&mut self.ends.source, &account, NOW).await;
        }
        facts.past = Some(Ok(why::past(&self.journal, self.picture.base_url(), &named).unwrap()));
        facts.near = self.picture.might_be(user, 5, &|| false);
        let told = explain(&facts);
        (facts, told)
    }
}

/// The text of a step's line that begins so, and its verdict.
fn line<'e>(told: &'e Explanation, about: &str, begins: &str) -> Option<(&'e str, &'e str)> {
    let mut lines = told.steps.iter().filter(|s| s.about == about).flat_map(|s| &s.lines);
    lines.find(|l| l.text.contains(begins)).map(|l| (l.text.as_str(), l.verdict.word()))
}

/// What the steps must say of a case: step, a part of the text, the verdict.
type Told = &'static [(&'static str, &'static str, &'static str)];

const CASES: &[(&str, Told)] = &[
    (
        "in sync, linked",
        &[("match", "linked to account", "yes"), ("so", "in sync → nothing would be sent", ""), ("scope", "member of", "yes")],
    ),
    ("in sync, by key", &[("match", "carries the person's id as externalId", "yes"), ("so", "the pair is remembered", "")]),
    ("changed, linked", &[("so", "changed → update", ""), ("so", "→ Chief of Something", ""), ("so", "it waits for an approval", "waits")]),
    ("a value to clear", &[("so", "title: Was something → nothing", ""), ("request", "\"op\":\"remove\"", "")]),
    ("renamed, linked", &[("match", "a linked pair stays one", ""), ("so", "userName: ", "")]),
    ("new", &[("match", "no account has the userName", "nobody"), ("so", "new → create", ""), ("request", "POST ", "")]),
    (
        "the linked account is gone",
        &[("match", "linked to account gone-", "gone"), ("so", "new (the linked account is gone) → create", "")],
    ),
    ("disabled, no account", &[("status", "the value that disables", "disabled"), ("so", "skipped", "")]),
    (
        "disabled, linked",
        &[
            ("directory", "in the last read: ", "ok"),
            ("status", "pwdAccountLockedTime = 000001010000Z", "disabled"),
            ("so", "leaving (is disabled in the directory) → disable, by the policy", ""),
            ("so", "limit: ", "limit"),
        ],
    ),
    ("deleted", &[("directory", "not found by its id", "NO"), ("scope", "under ou=people", "nobody"), ("so", "leaving (not found", "")]),
    (
        "left the group",
        &[
            ("directory", "found by its id: ", "ok"),
            ("scope", "under ou=people", "yes"),
            ("scope", "member of", "NO"),
            ("so", "leaving (left the group) → disable", ""),
        ],
    ),
    (
        "moved out of the base",
        &[("scope", "under ou=people", "NO"), ("scope", "member of", "yes"), ("so", "leaving (moved out of the base)", "")],
    ),
    ("does not match the filter any more", &[("scope", "(employeeType=external)", "NO"), ("so", "does not match the filter any more", "")]),
    (
        "disabled and moved away",
        &[("scope", "under ou=people", "NO"), ("status", "pwdAccountLockedTime", "disabled"), ("so", "leaving (is disabled", "")],
    ),
    ("disabled, account inactive", &[("match", "the account is inactive", ""), ("so", "left (is disabled", "")]),
    ("back, linked", &[("status", "has no value, so enabled", "enabled"), ("so", "returning → enable", "")]),
    (
        "two people with one user name",
        &[("match", "2 people have the userName", "not clear"), ("match", "person cn=", ""), ("so", "link them by hand", "")],
    ),
    ("two accounts with one user name", &[("match", "several accounts could be", "not clear"), ("might be", "the same user name", "")]),
    ("deleted and created anew", &[("match", "is linked to somebody else", "not clear")]),
    ("deleted and created anew: the account", &[("directory", "not found by its id", "NO"), ("might be", "the same user name", "")]),
    ("renamed to a name that is taken", &[("match", "linked to account", "yes"), ("match", "is taken by another account", "not clear")]),
    (
        "the linked account is somebody else's",
        &[("match", "linked to account stranger-", "yes"), ("match", "shows none of the names", "not clear")],
    ),
    ("a rule fails", &[("so", "employeeNumber: ", "problem"), ("so", "invalid (a rule failed) → nothing", "")]),
    ("no e-mail address", &[("so", "email is required", "problem")]),
    (
        "an account of nobody's",
        &[
            ("directory", "nobody in the last read has this account", "nobody"),
            ("match", "nobody in scope has the userName", "nobody"),
            ("so", "unmatched", ""),
            ("scope", "under ou=people", "nobody"),
        ],
    ),
    ("another channel's account", &[("match", "by channel contractors", "yes"), ("so", "belongs to another channel", "")]),
    ("held, would leave", &[("so", "else it would be leaving", ""), ("so", "held by ", "held")]),
];

#[test]
fn every_case_of_the_world_is_explained_by_what_is_true_of_it() {
    let plan = support::plan(150, 1);
    let world = world::make(plan);
    support::runtime().block_on(async {
        let mut desk = Box::pin(Desk::at(&world, plan)).await;
        let mut wrong = Vec::new();
        for (case, wanted) in CASES {
            let truth = world.truth.iter().find(|t| t.case == *case).unwrap_or_else(|| panic!("nobody is {case}"));
            let user = desk.user(truth);
            let (_, told) = desk.why(&user).await;
            for (about, part, word) in *wanted {
                let found = line(&told, about, part);
                if found.map(|l| l.1) != Some(*word) {
                    wrong.push(format!("{case}: {about} should say {part:?} {word:?}, found {found:?}\n{}", told.plain().join("\n")));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    });
}

#[test]
fn whose_an_account_may_be_that_nobody_in_scope_has_is_told_and_nothing_follows_from_it() {
    let plan = support::plan(150, 1);
    let mut world = world::make(plan);
    let out: Told = &[
        ("left the group", "by its externalId and its userName: that person ", "is not in the group cn=example-cloud"),
        ("does not match the filter any more", "by its externalId and its userName: that person ", "does not match (&(objectClass"),
        ("moved out of the base", "by its externalId and its userName: that person ", "is not under ou=people,dc="),
        ("deleted", "nobody is found in the directory", ""),
        ("an account of nobody's", "nobody is found in the directory", ""),
    ];
    let of = |world: &World, case: &str| world.truth.iter().find(|t| t.case == case).unwrap().clone();
    // Nobody remembers whose they are any more.
    for (case, ..) in out {
        let truth = of(&world, case);
        world.links.retain(|link| Some(link.account.as_str()) != truth.account.as_deref());
    }
    // And somebody who is linked, and not in scope, seems to have a second one.
    let former = of(&world, "disabled and moved away");
    let theirs = world.links.iter().find(|link| Some(link.account.as_str()) == former.account.as_deref()).unwrap().entry.to_string();
    let mut twin = world.accounts.iter().find(|a| a["id"] == former.account.clone().unwrap()).unwrap().clone();
    (twin["id"], twin["userName"]) = ("twin-1".into(), "a-twin".into());
    world.accounts.push(twin);
    support::runtime().block_on(async {
        let mut desk = Box::pin(Desk::at(&world, plan)).await;
        for (case, part, who) in out {
            let truth = Truth { entry: None, ..of(&world, case) };
            let user = desk.user(&truth);
            let (facts, told) = desk.why(&user).await;
            let row = facts.row.unwrap();
            assert_eq!((row.situation, row.action), (Situation::Unmatched, Action::None), "{case}");
            let (text, word) = line(&told, "match", part).unwrap_or_else(|| panic!("{case}: {}", told.plain().join("\n")));
            assert!(text.contains(who), "{case}: {text}");
            assert_eq!(word, if who.is_empty() { "" } else { "outside" }, "{case}");
            assert_eq!(
                line(&told, "match", "nobody is linked and nothing is removed because of that").is_some(),
                !who.is_empty(),
                "{case}"
            );
        }
        let user = desk.user(&Truth { entry: None, account: Some("twin-1".into()), ..former.clone() });
        assert_eq!((user.verdict.situation, user.verdict.action), (Situation::Unmatched, Action::None));
        // That much is known without asking, and is told in the details too.
        let known = desk.picture.owner(&user).unwrap();
        assert_eq!((Some(known.id), known.account, known.is_read), (Some(theirs), former.account.clone(), false));
        let (mut facts, told) = desk.why(&user).await;
        let (text, word) = line(&told, "match", "by its externalId: that person ").unwrap();
        assert!(text.contains("and is disabled") && word == "outside", "{text}");
        assert!(line(&told, "match", &format!("and has another account: {}", former.account.unwrap())).is_some());
        // Whoever has come back since is not taken for one who is out of scope.
        let Whose::Answer(answer) = &mut facts.whose else { panic!("it has answered") };
        answer.owners[0].verdicts = Some(Verdicts { base: Some(true), filter: Some(true), group: Some(true) });
        let told = explain(&facts);
        assert_eq!(line(&told, "match", "is in scope by now, and was not in the last read: read again").unwrap().1, "moved");
        // What is known without asking is told beside what can't be asked, and is not said to be more than that.
        facts.whose = Whose::Failed("no route to the server".to_owned());
        let told = explain(&facts);
        assert_eq!(line(&told, "match", "whose it may be could not be looked up: no route to the server").unwrap().1, "not known");
        assert!(line(&told, "match", "by its externalId: that person ").is_some(), "{}", told.plain().join("\n"));
    });
}

#[test]
fn everybody_has_steps_that_fit_the_row_and_nothing_is_left_open() {
    let plan = support::plan(300, 2);
    let world = world::make(plan);
    support::runtime().block_on(async {
        let mut desk = Box::pin(Desk::at(&world, plan)).await;
        for user in desk.picture.users().to_vec() {
            let (facts, told) = desk.why(&user).await;
            let row = facts.row.unwrap();
            let text = told.plain().join("\n");
            let document = serde_json::to_value(&told).unwrap();
            assert_eq!(crate::schema::violations("rosterm-explain-1.schema.json", &document), Vec::<String>::new(), "{document}");
            assert!(text.starts_with("Why ") && text.contains(row.situation.words()), "{text}");
            assert!(!text.contains('…') || text.contains("more"), "nothing is asked for any more: {text}");
            // Whoever has no account and none would be made belongs to nobody; whoever is in scope meets every clause.
            let clauses: Vec<&str> =
                told.steps.iter().filter(|s| s.about == "scope").flat_map(|s| &s.lines).map(|l| l.verdict.word()).collect();
            assert_eq!(user.entry.is_some(), clauses.iter().all(|w| *w == "yes"), "{text}");
            let sends = row.action != rosterm::model::Action::None && row.action != rosterm::model::Action::Link;
            assert_eq!(sends, told.steps.iter().any(|s| s.about == "request"), "{text}");
        }
    });
}

#[test]
fn what_would_come_of_a_link_is_what_comes_of_it() {
    let plan = support::plan(300, 4);
    let world = world::make(plan);
    support::runtime().block_on(async {
        let desk = Box::pin(Desk::at(&world, plan)).await;
        let picture = &desk.picture;
        let linked: Vec<&User> = picture
            .users()
            .iter()
            .filter(|u| u.entry.is_some() && u.account.is_some() && picture.any_link(u).is_some())
            .filter(|u| !matches!(u.verdict.situation, rosterm::model::Situation::Ambiguous))
            .collect();
        assert!(linked.len() > 20);
        for user in linked {
            let preview = picture.preview(user.entry.unwrap(), user.account.unwrap());
            assert_eq!(preview.verdict, user.verdict, "{:?}", picture.row(user));
        }
    });
}

#[test]
fn the_command_explains_one_user_and_lists_several() {
    with_service(accounts(), &Faults::default(), |desk, service| {
        let clean = |text: String| text.replace(service.base_url(), "URL");
        // When the directory was asked is another minute each time.
        let minute = |line: &str| if line.contains("asked 20") { line[..line.len() - 20].to_owned() } else { line.to_owned() };
        let timeless = |text: String| clean(text).lines().map(minute).collect::<Vec<_>>().join("\n");
        let (code, out, talk) = desk.rosterm(&["explain", "BOB"]);
        assert_eq!((code, talk.as_str()), (0, ""));
        let told = "\
Why is bob changed?

1 directory   ok          in the last read: uid=bob,ou=people,dc=example,dc=test
                          asked 
              ok          the read was complete: 3 people in scope
2 scope       yes         under ou=people,dc=example,dc=test
              yes         (objectClass=inetOrgPerson)
3 status      enabled     pwdAccountLockedTime has no value, so enabled (disabled when it is 000001010000Z)
4 match       yes         account bob (a2) has the same userName: bob; nobody else has, and it is not linked yet
                          the account is active
5 so                      changed → update
                          familyName: Rey → Ray
              waits       it waits for an approval
  history                 nothing was sent for this user before
  request                 GET URL/Users/a2
                          # the account is read first: if it is not as in the plan by then, nothing is sent
                          PATCH URL/Users/a2
                          {\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:PatchOp\"],\"Operations\":[{\"op\":\"replace\",\"path\":\"name.familyName\",\"value\":\"Ray\"}]}";
        assert_eq!(timeless(out), told);
        // Any name that is theirs alone, in any letter case.
        for name in ["A2", "E-BOB", "UID=Bob, OU=people,dc=example,dc=test", "Bob@Example.com"] {
            let (code, out, talk) = desk.rosterm(&["explain", name]);
            assert_eq!((code, timeless(out), talk.as_str()), (0, told.to_owned(), ""), "{name}");
        }
        let (code, json, _) = desk.rosterm(&["explain", "svc-backup", "--json"]);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((code, json["format"].as_str(), json["row"]["situation"].as_str()), (0, Some("rosterm-explain/1"), Some("unmatched")));
        assert_eq!(json["steps"][0]["lines"][0]["verdict"], "nobody");
        assert_eq!(crate::schema::violations("rosterm-explain-1.schema.json", &json), Vec::<String>::new());
        assert_eq!(
            desk.rosterm(&["explain", "svc-backup", "--format", "json"]).1.len(),
            serde_json::to_string_pretty(&json).unwrap().len() + 1
        );
        let (code, out, talk) = desk.rosterm(&["explain", "svc-bakup"]);
        assert_eq!((code, out.as_str(), talk.as_str()), (2, "", "rosterm: there is no user svc-bakup\n  hint: did you mean svc-backup?\n"));
    });
}

#[test]
fn the_command_lists_several_and_finds_whom_no_plan_has() {
    let mut users = accounts();
    users[2]["emails"] = serde_json::json!([{"value": "BOB@example.com"}]);
    with_service(users, &Faults::default(), |desk, _| {
        let (code, out, talk) = desk.rosterm(&["explain", "bob@example.com"]);
        assert_eq!(
            (code, out.as_str()),
            (
                2,
                "e-bob  bob         changed    uid=bob,ou=people,dc=example,dc=test\na3     svc-backup  unmatched  account without a person in scope\n"
            )
        );
        assert_eq!(talk, "rosterm: 2 users have the name bob@example.com\n  hint: name one by the id in front\n");
        // Somebody who is in the plan under another name is found by it, too.
        let called = |uid: &str, id: &str| {
            format!(
                "\ndn: cn={id},ou=former,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: Twin Roe\nsn: Roe\nentryUUID: {id}\n"
            )
        };
        desk.write(
            "people.ldif",
            &format!("{}{}{}", LDIF.replace("sn: Fox", "cn: Cat Fox\nsn: Fox"), called("x1", "e-1"), called("x2", "e-2")),
        );
        assert!(desk.rosterm(&["explain", "cat fox"]).1.starts_with("Why is cat new?"));
        let (code, out, talk) = desk.rosterm(&["explain", "twin roe"]);
        assert_eq!((code, out.as_str()), (2, "e-1  cn=e-1,ou=former,dc=example,dc=test\ne-2  cn=e-2,ou=former,dc=example,dc=test\n"));
        assert_eq!(talk, "rosterm: 2 users have the name twin roe\n  hint: name one by the id in front\n");
        let former = "\ndn: uid=dan,ou=former,dc=example,dc=test\nobjectClass: inetOrgPerson\nuid: dan\nsn: Roe\nentryUUID: e-dan\n";
        desk.write("people.ldif", &format!("{LDIF}{former}"));
        for name in ["uid=dan,ou=former,dc=example,dc=test", "e-dan", "DAN"] {
            let (code, out, _) = desk.rosterm(&["explain", name]);
            assert_eq!(code, 0);
            for told in ["Why is", "not here?", "NO          under ou=people,dc=example,dc=test", "nothing would be sent"] {
                assert!(out.contains(told), "{out}");
            }
        }
    });
}

#[test]
fn a_link_by_hand_is_told_with_who_made_it_and_an_incomplete_read_is_told_by_the_exit_code() {
    with_service(accounts(), &Faults::default(), |desk, _| {
        assert_eq!(desk.rosterm(&["link", "cat", "a3"]).0, 0);
        assert_eq!(desk.rosterm(&["unlink", "cat"]).0, 0);
        assert_eq!(desk.rosterm(&["link", "cat", "a3"]).0, 0);
        let (_, out, _) = desk.rosterm(&["explain", "cat"]);
        assert_eq!(out.matches("person e-cat linked with account a3 by op, by hand").count(), 2, "{out}");
        assert!(out.contains("person e-cat unlinked from account a3 by op") && out.contains(", by hand\n"), "{out}");
        assert!(out.contains("its userName is svc-backup, the rule gives cat by now: a linked pair stays one"), "{out}");
    });
    with_service(accounts(), &Faults { total_off_by: 3, ..Faults::default() }, |desk, _| {
        let (code, out, _) = desk.rosterm(&["explain", "cat"]);
        assert!(code == 5 && out.contains("Why is cat blocked?") && out.contains("INCOMPLETE  the listing was INCOMPLETE"), "{code} {out}");
    });
}

#[test]
fn a_run_is_told_in_the_history_and_hostile_names_are_cleaned() {
    let mut users = accounts();
    users[1]["userName"] = "bob".into();
    users[2]["userName"] = "evil\u{1b}[2J\u{202e}name".into();
    with_service(users, &Faults::default(), |desk, _| {
        assert_eq!(desk.rosterm(&["apply", "--yes", "--only", "changed"]).0, 3);
        let (_, out, _) = desk.rosterm(&["explain", "bob"]);
        assert!(out.contains("update by op, run 1: done"), "{out}");
        for format in ["text", "json"] {
            let (code, out, _) = desk.rosterm(&["explain", "a3", "--format", format]);
            assert!(code == 0 && out.contains("evil") && !out.contains(['\u{1b}', '\u{202e}']), "{out:?}");
        }
    });
}
