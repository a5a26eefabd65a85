//! The journal's file: what is kept, what is refused.

use super::*;

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

#[test]
fn links_move_along_with_what_they_belong_to() {
    let mut journal = Journal::in_memory().unwrap();
    let belonging = |url: &str| Belonging { base_url: url.into(), naming_context: "dc=x".into(), id_attribute: "entryUUID".into() };
    journal.set_belonging("lucid", &belonging("old")).unwrap();
    journal.add_links("old", &[link("e1", "a1")]).unwrap();
    journal.set_belonging("lucid", &belonging("new")).unwrap();
    assert_eq!(journal.links("new").unwrap().len(), 1);
    assert_eq!(journal.belonging("lucid").unwrap(), Some(belonging("new")));
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
