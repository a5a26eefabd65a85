//! The journal's file: what is kept, what is refused.

use super::*;
use crate::error::Kind;
use crate::journal::Belonging;
use crate::journal::run::{Ending, FrozenRow, NewRun, RowState};
use crate::model::Action;

fn link(entry: &str, account: &str) -> Link {
    Link {
        entry: EntryId::new(entry),
        account: AccountId::new(account),
        channel: "lucid".into(),
        origin: LinkOrigin::ByHand,
        since: Instant(7),
        remembered: vec!["ann".into()],
        last_active: true,
    }
}

#[test]
fn links_are_kept_between_two_starts_and_no_end_is_linked_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/rosterm.db");
    let mut journal = Journal::open(&path, Mode::Write).unwrap();
    journal.add_links("s", &[link("e1", "a1"), link("e2", "a2")]).unwrap();
    let error = journal.add_links("s", &[link("e3", "a3"), link("e4", "a1")]).unwrap_err().to_string();
    assert!(error.starts_with("entry e1 is linked to account a1 already"), "{error}");
    drop(journal);
    let journal = Journal::open(&path, Mode::Read).unwrap();
    assert_eq!(journal.links("s").unwrap(), [link("e1", "a1"), link("e2", "a2")], "all or none");
    assert_eq!(journal.links("other").unwrap(), []);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_state_that_is_not_there_is_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(&folder.path().join("none.db"), Mode::Read).unwrap();
    assert_eq!(journal.links("s").unwrap(), []);
    assert_eq!(journal.holds("s", Instant(0)).unwrap(), []);
    assert_eq!(journal.belonging("x").unwrap(), None);
    assert!(!folder.path().join("none.db").exists());
}

#[test]
fn a_hold_ends_when_it_says() {
    let mut journal = Journal::in_memory().unwrap();
    let on = HoldOn::Account(AccountId::new("a1"));
    let hold = Hold { reason: "service account".into(), author: "op".into(), since: Instant(1), until: Some(Instant(10)) };
    journal.set_hold("s", &on, &hold).unwrap();
    assert_eq!(journal.holds("s", Instant(9)).unwrap(), [(on.clone(), hold)]);
    assert_eq!(journal.holds("s", Instant(10)).unwrap(), []);
    assert!(journal.remove_hold("s", &on).unwrap());
    assert!(!journal.remove_hold("s", &on).unwrap());
}

fn belonging(url: &str) -> Belonging {
    Belonging { base_url: url.into(), naming_context: "dc=x".into(), id_attribute: "entryUUID".into() }
}

fn run_to(service: &str) -> NewRun {
    NewRun {
        channel: "lucid".into(),
        service: service.into(),
        plan: String::new(),
        undo_of: None,
        author: "ann".into(),
        started: Instant(8),
        terms: "{}".into(),
    }
}

#[test]
fn what_is_remembered_moves_along_where_somebody_says_so_and_by_nothing_else() {
    let mut journal = Journal::in_memory().unwrap();
    journal.set_belonging("lucid", &belonging("old")).unwrap();
    // Nothing is remembered yet: nothing can be taken for somebody else's.
    journal.set_belonging("lucid", &belonging("older")).unwrap();
    journal.set_belonging("lucid", &belonging("old")).unwrap();
    journal.link_by_hand("old", &link("e1", "a1"), "ann").unwrap();
    let run = journal.begin_run(&run_to("old")).unwrap();
    let rows = [FrozenRow {
        n: 1,
        action: Action::Disable,
        user_name: None,
        entry: Some(EntryId::new("e1")),
        account: Some(AccountId::new("a1")),
        state: RowState::Waiting,
        content: "{}".into(),
    }];
    journal.add_rows(run, &rows).unwrap();
    journal.freeze(run).unwrap();
    // A run is finished where it began, whatever somebody says.
    for refused in [journal.set_belonging("lucid", &belonging("new")), journal.migrate("lucid", &belonging("new"))] {
        let refused = refused.unwrap_err();
        assert!(refused.kind() == Kind::Refused && refused.message().contains("to old is not finished"), "{refused}");
    }
    journal.end_run(run, Instant(9), Ending::Done, None).unwrap();

    let refused = journal.set_belonging("lucid", &belonging("new")).unwrap_err().to_string();
    assert!(refused.contains("the service was old and is now new") && refused.contains("link --migrate"), "{refused}");
    assert_eq!((journal.links("old").unwrap().len(), journal.links("new").unwrap().len()), (1, 0));
    journal.migrate("lucid", &belonging("new")).unwrap();
    assert_eq!((journal.links("old").unwrap().len(), journal.links("new").unwrap().len()), (0, 1));
    assert_eq!(journal.belonging("lucid").unwrap(), Some(belonging("new")));
    // Who decided it, and what was sent, is found there too: the run can be taken back.
    let e1 = EntryId::new("e1");
    assert_eq!(journal.decisions_of("new", Some(&e1), None, 9).unwrap().len(), 1);
    assert_eq!(journal.rows_of("new", Some(&e1), None, 9).unwrap().len(), 1);
    assert_eq!(journal.run(run).unwrap().unwrap().what.service, "new");
}

#[test]
fn two_memories_are_never_made_one() {
    let mut journal = Journal::in_memory().unwrap();
    journal.set_belonging("lucid", &belonging("old")).unwrap();
    journal.add_links("old", &[link("e1", "a1")]).unwrap();
    journal.add_links("new", &[link("e1", "a2")]).unwrap();
    let refused = journal.migrate("lucid", &belonging("new")).unwrap_err();
    assert!(refused.kind() == Kind::Refused && refused.message().contains("new are remembered already"), "{refused}");
    assert_eq!(journal.links("old").unwrap(), [link("e1", "a1")]);
    assert_eq!(journal.links("new").unwrap(), [link("e1", "a2")]);
    // Nor is that of two channels parted.
    journal.set_belonging("other", &belonging("old")).unwrap();
    let refused = journal.migrate("lucid", &belonging("third")).unwrap_err().to_string();
    assert!(refused.contains("channel other uses"), "{refused}");
}

#[test]
fn a_newer_state_and_a_foreign_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    drop(Journal::open(&path, Mode::Write).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    for mode in [Mode::Read, Mode::Write] {
        assert!(Journal::open(&path, mode).err().unwrap().to_string().contains("newer rosterm"));
    }
    let text = folder.path().join("y.db");
    std::fs::write(&text, "not a database, but long enough to be looked at as one by SQLite").unwrap();
    assert!(Journal::open(&text, Mode::Write).is_err());
}
