//! A CSV file as the source: read, looked up, and replaced by tomorrow's export.

use super::fake_ldap::{NOW, read};
use rosterm::config::{Config, SourceConfig};
use rosterm::identity::EntryId;
use rosterm::model::step::{Step, StepVerdict};
use rosterm::model::{EntryEvidence, Identified, Verdicts};
use rosterm::source::Source;
use std::path::Path;

const TABLE: &str = "nr;mail;groups;state\r\n1;ann@x.test;a|b;active\r\n2;bob@x.test;;left\r\n3;\"cat;c@x.test\";a;active\r\n";

fn configured(folder: &Path, source: &str, rest: &str) -> SourceConfig {
    let text = format!(
        "[channels.c.source]\ntype = \"csv\"\npath = \"people.csv\"\n{source}\n[channels.c.source.settings]\nid_attribute = \"nr\"\n{rest}\n\
         [channels.c.target]\nconnector = \"scim2\"\nbase_url = \"https://users.example.com\"\ntoken = {{ env = \"TOKEN\" }}\n\
         [channels.c.mapping]\nuserName = \"mail\"\n"
    );
    Config::parse(&folder.join("rosterm.toml"), &text).unwrap().channels.remove(0).source
}

const STATUS: &str = "status = [{ attribute = \"state\", disabled_when = { equals = \"left\" } }]";
const FILTER: &str = "[channels.c.source.location]\nfilter = \"(!(nr=3))\"";

#[tokio::test]
async fn a_table_is_read_and_looked_up_like_a_directory() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("people.csv"), TABLE).unwrap();
    let config = configured(folder.path(), "multi_separator = \"|\"", &format!("{STATUS}\n{FILTER}"));
    let mut source = Source::open(&config, NOW).await.unwrap();
    let context = format!("csv:{}", folder.path().join("people.csv").display());
    assert_eq!((source.facts().kind, source.facts().naming_context.as_str()), ("csv", context.as_str()));
    let got = read(&mut source, &["mail", "groups"]).await;
    let row = |r| (got.people.row(r).name(), got.people.row(r).is_off(), got.people.row(r).all(1).collect::<Vec<_>>());
    let rows: Vec<_> = got.people.rows().map(row).collect();
    assert_eq!((got.told().as_str(), rows), ("complete", vec![("nr=1", false, vec!["a", "b"]), ("nr=2", true, vec![])]));

    let asked = ["1", "3", "4"].map(EntryId::new);
    let told = source.find(&asked).await;
    let found = |filter| Verdicts { base: Some(true), filter: Some(filter), group: None };
    assert_eq!(told[0].1, EntryEvidence::Found { dn: "nr=1".into(), disabled: false, verdicts: found(true) });
    assert_eq!(told[1].1, EntryEvidence::Found { dn: "nr=3".into(), disabled: false, verdicts: found(false) }, "in the file, out of scope");
    assert_eq!(told[2].1, EntryEvidence::NotFound { base: context.clone() });
    let managers = source.identify(&["nr=3".to_owned(), "nr=9".to_owned(), "Ann".to_owned()]).await;
    assert_eq!(managers[0].1, Identified::Entry(EntryId::new("3")));
    assert_eq!(managers[1].1, Identified::NotFound);
    assert!(matches!(&managers[2].1, Identified::Unknown { .. }));

    // Another way to name the same place, and another file in it.
    std::fs::write(folder.path().join("people.csv"), "nr,mail,state\n1,ann@x.test,left\n").unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    let roundabout = folder.path().join("sub/..");
    let mut source = Source::open(&configured(&roundabout, "", STATUS), NOW).await.unwrap();
    assert_eq!(source.facts().naming_context, context);
    assert_eq!(read(&mut source, &["mail"]).await.people.len(), 1);
}

#[tokio::test]
async fn what_is_wrong_with_a_table_is_told_before_anybody_is_missed() {
    let folder = tempfile::tempdir().unwrap();
    for (table, rest, told) in [
        ("nr,mail,state\n1,a,b\n2,c\n", STATUS, "people.csv:3:1: this row has 2 cells, and the header has 3"),
        ("nr,mail,sate\n1,a,b\n", STATUS, "has no column state, which a status rule asks\n  hint: did you mean sate?"),
        (
            "nr,mail,state\n1,a,b\n",
            "[channels.c.source.location]\nfilter = \"(|(nr=1)(!(stat=x)))\"",
            "has no column stat, which the filter asks\n  hint: did you mean state?",
        ),
        ("number,mail\n1,a\n", "", "there is no column nr, which id_attribute names\n  hint: the columns are: number, mail"),
        ("nr,mail\n1,a\n", "[channels.c.source.location]\nfilter = \"(nr=\"", "the filter is not valid"),
    ] {
        std::fs::write(folder.path().join("people.csv"), table).unwrap();
        let error = Source::open(&configured(folder.path(), "", rest), NOW).await.map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
    // A column may be called like an attribute of bytes.
    std::fs::write(folder.path().join("people.csv"), "GUID,mail\n0123456789abcdef,a\n").unwrap();
    let text = Config::parse(
        &folder.path().join("rosterm.toml"),
        "[channels.c.source]\ntype = \"csv\"\npath = \"people.csv\"\n[channels.c.source.settings]\nid_attribute = \"guid\"\n\
         [channels.c.target]\nconnector = \"scim2\"\nbase_url = \"https://x.test\"\ntoken = { env = \"T\" }\n[channels.c.mapping]\nuserName = \"mail\"\n",
    );
    let mut source = Source::open(&text.unwrap().channels[0].source, NOW).await.unwrap();
    let got = read(&mut source, &["mail"]).await;
    assert!(got.people.by_id("0123456789abcdef").is_some(), "{:?}", got.names());

    std::fs::write(folder.path().join("people.csv"), "nr,mail\n1,a\n,b\n").unwrap();
    let mut source = Source::open(&configured(folder.path(), "", ""), NOW).await.unwrap();
    assert_eq!(read(&mut source, &["mail"]).await.told(), "id_missing: 1 of the entries have no nr, for one line 3");
}

async fn checked(config: &SourceConfig) -> (Vec<Step>, bool) {
    let mut steps = Vec::new();
    let usable = Source::check(config, NOW, |step| steps.push(step)).await.is_some();
    (steps, usable)
}

#[tokio::test]
async fn the_check_of_a_file_counts_and_says_what_is_doubtful() {
    let folder = tempfile::tempdir().unwrap();
    let told = |steps: &[Step]| steps.iter().map(|s| format!("{} {:?}: {}", s.name, s.verdict, s.detail)).collect::<Vec<_>>();
    std::fs::write(folder.path().join("people.csv"), TABLE).unwrap();
    let (steps, usable) = checked(&configured(folder.path(), "", STATUS)).await;
    let place = folder.path().join("people.csv").display().to_string();
    assert_eq!(
        (told(&steps), usable),
        (
            vec![
                format!("file Good: {place}"),
                "vendor Good: csv (configuration); id_attribute = nr (configuration); status = { attribute = \"state\", disabled_when = { equals = \"left\" } } (configuration); default_status = enabled (preset)".to_owned(),
                "counts Good: in scope 3, disabled 1".to_owned(),
                "id Good: every one of 3 has nr".to_owned(),
                "status Good: of 3 people: state on 3".to_owned(),
            ],
            true
        )
    );
    let (steps, _) = checked(&configured(folder.path(), "", "")).await;
    assert_eq!(
        steps.last().map(|s| (s.verdict, s.detail.as_str())),
        Some((StepVerdict::Warning, "no rule tells who is disabled: everybody counts as enabled"))
    );
    let (steps, usable) = checked(&configured(folder.path(), "", "[channels.c.source.location]\nfilter = \"(nr=9)\"")).await;
    assert!(usable && steps[2].verdict == StepVerdict::Warning && steps[2].hint.is_some(), "{steps:?}");
    assert_eq!(steps[3], Step::skipped("id", "not tried: nobody is in scope"));
    std::fs::write(folder.path().join("people.csv"), "nr,mail\n1,a\n,b\n").unwrap();
    let (steps, usable) = checked(&configured(folder.path(), "", "")).await;
    assert!(!usable && steps[3].verdict == StepVerdict::Failed && steps[4].verdict == StepVerdict::Skipped, "{steps:?}");
    std::fs::remove_file(folder.path().join("people.csv")).unwrap();
    let (steps, usable) = checked(&configured(folder.path(), "", "")).await;
    assert!(!usable && steps[0].detail.starts_with(&format!("cannot read the CSV file {place}")), "{steps:?}");
}
