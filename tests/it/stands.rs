//! The directory that stands at the other end when something is measured, read by the real source: what is measured must be
//! whole and true.

#[path = "../../examples/stand/ber.rs"]
mod ber;
#[path = "../../examples/stand/ldap.rs"]
mod ldap;

use super::fake_ldap::{NOW, configured, read};
use rosterm::demo::crowd::{Crowd, Linked};
use rosterm::identity::EntryId;
use rosterm::model::{EntryEvidence, Identified};
use rosterm::source::Source;
use std::net::TcpListener;

fn stand(crowd: Crowd) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || ldap::serve(&listener, crowd));
    url
}

async fn open(url: &str, page: usize, location: &str) -> Source {
    let config = configured(&format!("url = \"{url}\"\npage_size = {page}"), location, "id_attribute = \"entryUUID\"");
    Source::open(&config, NOW).await.unwrap()
}

const PEOPLE: &str = "base_dn = \"ou=people,dc=example,dc=test\"\nfilter = \"(objectClass=inetOrgPerson)\"";

#[tokio::test]
async fn everybody_is_read_in_pages_of_any_size_with_what_was_asked_for() {
    let crowd = Crowd::new(1_300, 2, Linked::Nobody);
    let url = stand(crowd);
    let there: Vec<usize> = (0..crowd.users()).filter(|n| crowd.is_entry(*n)).collect();
    for page in [1_300, 97, 1] {
        let mut source = open(&url, page, PEOPLE).await;
        let got = read(&mut source, &["uid", "sn", "manager"]).await;
        assert_eq!(got.told(), "complete");
        assert_eq!(got.people.len(), there.len(), "pages of {page}");
        for n in &there {
            let row = got.people.row(got.people.by_id(&crowd.entry_id(*n)).unwrap());
            let record = crowd.person(*n).unwrap();
            assert_eq!(row.name(), record.dn);
            for (column, name) in ["uid", "sn", "manager"].iter().enumerate() {
                assert_eq!(row.first(u16::try_from(column).unwrap()), record.first_text(name), "{} {name}", record.dn);
            }
            assert_eq!(row.is_off(), record.first_text("pwdAccountLockedTime").is_some());
        }
    }
}

#[tokio::test]
async fn a_filter_and_a_base_choose_the_same_people_as_the_filter_here() {
    let crowd = Crowd::new(1_000, 3, Linked::Nobody);
    let url = stand(crowd);
    let tokyo = "ou=tokyo,ou=people,dc=example,dc=test";
    for (location, chosen) in [
        ("(&(objectClass=inetOrgPerson)(title=*engineer)(!(c=US)))", |dn: &str, title: &str, c: &str| {
            !dn.is_empty() && title.ends_with("Engineer") && c != "US"
        }),
        ("(|(uid=nobody)(&(title=Sen*)(c=JP)))", |_: &str, title: &str, c: &str| title.starts_with("Sen") && c == "JP"),
    ] as [(&str, fn(&str, &str, &str) -> bool); 2]
    {
        for base in ["ou=people,dc=example,dc=test", tokyo] {
            let mut source = open(&url, 50, &format!("base_dn = \"{base}\"\nfilter = \"{location}\"")).await;
            let got = read(&mut source, &["uid"]).await;
            assert_eq!(got.told(), "complete");
            let all = (0..crowd.users()).filter_map(|n| crowd.person(n)).filter(|r| r.dn.ends_with(base));
            let text = |r: &rosterm::source::ldif::Record, name: &str| r.first_text(name).unwrap_or_default().to_owned();
            let mut wanted: Vec<String> = all.filter(|r| chosen(&r.dn, &text(r, "title"), &text(r, "c"))).map(|r| r.dn).collect();
            let mut names: Vec<String> = got.names().into_iter().map(str::to_owned).collect();
            wanted.sort();
            names.sort();
            assert_eq!(names, wanted, "{location} {base}");
            assert!(!wanted.is_empty() || base == tokyo);
        }
    }
}

#[tokio::test]
async fn people_are_found_by_their_ids_and_their_names() {
    let crowd = Crowd::new(1_000, 4, Linked::Nobody);
    let mut source = open(&stand(crowd), 500, PEOPLE).await;
    let of = |case: &str| (0..1_000).find(|n| crowd.truth(*n).case == case).unwrap();
    let (there, off, gone) = (of("in sync"), of("disabled"), of("deleted, never linked"));
    let told = source.find(&[there, off, gone].map(|n| EntryId::new(crowd.entry_id(n)))).await;
    for (n, disabled, evidence) in [(there, false, &told[0].1), (off, true, &told[1].1)] {
        let EntryEvidence::Found { dn, disabled: is_off, verdicts } = evidence else { panic!("{evidence:?}") };
        assert_eq!((dn, *is_off, verdicts.in_scope()), (&crowd.person(n).unwrap().dn, disabled, true));
    }
    assert!(matches!(&told[2].1, EntryEvidence::NotFound { .. }), "{told:?}");
    let dns = [crowd.person(there).unwrap().dn, "cn=nobody 1,ou=tokyo,ou=people,dc=example,dc=test".to_owned()];
    let who: Vec<Identified> = source.identify(&dns).await.into_iter().map(|(_, who)| who).collect();
    assert_eq!(who, [Identified::Entry(EntryId::new(crowd.entry_id(there))), Identified::NotFound]);
}
