//! The law: what is walked is what the paths find among values.

use super::super::columns::Columns;
use super::*;
use crate::identity::population::Row;
use crate::model::field::Field;
use proptest::prelude::*;
use proptest::strategy::ValueTree;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn columns() -> Columns {
    let paths = [
        "userName".to_owned(),
        "externalId".to_owned(),
        "active".to_owned(),
        "title".to_owned(),
        "name.givenName".to_owned(),
        "name.familyName".to_owned(),
        "emails[type eq \"work\"].value".to_owned(),
        "emails[type eq \"home\"].display".to_owned(),
        "emails".to_owned(),
        "phoneNumbers[type eq \"work\"].value".to_owned(),
        "phoneNumbers[display eq \"a\"]".to_owned(),
        "roles.value".to_owned(),
        "roles.display".to_owned(),
        format!("{ENTERPRISE}:department"),
        format!("{ENTERPRISE}:manager.value"),
    ];
    let fields: Vec<Field> = paths.iter().map(|path| Field::of_path(path)).collect();
    Columns::new(fields.iter())
}

/// Rows as texts: id, name, whether it is off, and the values of each column.
fn told<'a>(rows: impl Iterator<Item = Row<'a>>, columns: &Columns) -> Vec<String> {
    let width = u16::try_from(columns.schema().columns().len()).unwrap();
    rows.map(|row| {
        let values: Vec<Vec<&str>> = (0..width).map(|column| row.all(column).collect()).collect();
        format!("{} {} {} {values:?}", row.id(), row.name(), row.is_off())
    })
    .collect()
}

fn walked(text: &str, columns: &Columns) -> Option<Vec<String>> {
    let mut rows = BatchBuilder::new(columns.schema());
    walk(text.as_bytes(), columns.wanted().unwrap(), &mut rows).map(|_| told(rows.seal().iter(), columns))
}

/// The same by values; nothing where an item is no account.
fn by_values(text: &str, columns: &Columns) -> Option<Vec<String>> {
    let page: Value = serde_json::from_str(text).ok()?;
    let resources = page.as_object()?.iter().find(|(k, _)| k.eq_ignore_ascii_case("resources"))?.1;
    let (mut rows, mut draft) = (BatchBuilder::new(columns.schema()), Draft::default());
    for item in resources.as_array()? {
        if !item.as_object().is_some_and(|resource| columns.fill(&mut draft, resource)) {
            return None;
        }
        rows.push(&mut draft);
    }
    Some(told(rows.seal().iter(), columns))
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[a-cé ]{0,3}".prop_map(|t| format!("\"{t}\"")),
        1 => prop::sample::select(
            &["null", "true", "false", "0", "-0", "7", "-7", "1.50", "0.0", "1e3", "18446744073709551615", "\"\\u00e9\\n\"", "\"False\"", "\"work\"", "\"WORK\"", "\"a\"", "\"\\\"\""][..]
        )
        .prop_map(str::to_owned),
    ]
}

/// An object of some of these names, rarely one of them in other letters or twice.
fn object(names: &'static [&'static str], value: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = String> {
    let member = (prop::sample::subsequence(names, 0..=names.len()), prop::collection::vec((value, 0u8..40), names.len()), 0u8..30);
    member.prop_map(|(names, values, again)| {
        let mut members: Vec<String> = names
            .iter()
            .zip(&values)
            .map(|(name, (value, case))| match case {
                0 => format!("\"{}\":{value}", name.to_uppercase()),
                1 => format!("\"{}\" : {value}", name.to_lowercase()),
                _ => format!("\"{name}\":{value}"),
            })
            .collect();
        if again == 0
            && let Some(first) = members.first().cloned()
        {
            members.push(first);
        }
        if again == 1
            && let Some(first) = members.first().cloned()
        {
            members.push(first.to_uppercase());
        }
        format!("{{{}}}", members.join(","))
    })
}

/// What an attribute may have: plain, complex, several of both.
fn value() -> impl Strategy<Value = String> {
    const SUBS: &[&str] = &["type", "value", "primary", "display", "givenName", "familyName", "version", "other"];
    let element = || prop_oneof![1 => scalar(), 4 => object(SUBS, prop_oneof![9 => scalar(), 1 => Just("[1,{\"value\":2}]".to_owned())])];
    prop_oneof![
        3 => scalar(),
        2 => object(SUBS, scalar()),
        3 => prop::collection::vec(prop_oneof![12 => element(), 1 => Just("[\"x\"]".to_owned())], 0..4).prop_map(|e| format!("[{}]", e.join(", "))),
    ]
}

fn account() -> impl Strategy<Value = String> {
    const NAMES: &[&str] =
        &["schemas", "userName", "externalId", "active", "title", "name", "emails", "phoneNumbers", "roles", "meta", ENTERPRISE, "x"];
    const EXTENDED: &[&str] = &["department", "manager", "title", "y"];
    let extension = prop_oneof![4 => object(EXTENDED, value()), 1 => scalar()];
    let id = prop_oneof![8 => "[0-9a-f]{1,4}".prop_map(|id| format!("\"id\":\"{id}\",")), 1 => Just("\"ID\":17,".to_owned()), 1 => Just("\"id\":\" \",".to_owned()), 1 => Just(String::new())];
    (id, object(NAMES, value()), extension).prop_map(|(id, rest, extension)| {
        let members = rest.strip_prefix('{').unwrap_or_default();
        let comma = if members == "}" { "" } else { "," };
        format!("{{{id}\"{}\":{extension}{comma}{members}", ENTERPRISE.replace("User", "user"))
    })
}

fn page() -> impl Strategy<Value = String> {
    (prop::collection::vec(account(), 0..3), prop::sample::select(&["Resources", "resources"][..]), any::<bool>()).prop_map(
        |(accounts, resources, total_first)| {
            let (total, list) = ("\"totalResults\":3", format!("\"{resources}\":[{}]", accounts.join(",")));
            if total_first { format!("{{{total},{list}}}") } else { format!("{{{list},\"other\":[{{}}],{total}}} ") }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_page_that_is_walked_gives_what_its_values_give(page in page()) {
        let columns = columns();
        if let Some(walked) = walked(&page, &columns) {
            prop_assert_eq!(Some(walked), by_values(&page, &columns), "{}", page);
        }
    }

    #[test]
    fn what_is_cut_or_broken_is_never_walked(page in page(), at in any::<prop::sample::Index>()) {
        let cut = page.trim_end();
        let cut: String = cut.chars().take(at.index(cut.chars().count())).collect();
        prop_assert_eq!(walked(&cut, &columns()), None);
        prop_assert_eq!(walked(&format!("{page}]"), &columns()), None);
    }
}

#[test]
fn most_generated_pages_are_walked() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let taken = (0..200).filter(|_| walked(&page().new_tree(&mut runner).unwrap().current(), &columns()).is_some()).count();
    assert!(taken > 60, "{taken} of 200");
}

#[test]
fn plain_pages_are_walked_and_odd_ones_are_not() {
    let columns = columns();
    for (page, is_plain) in [
        (r#"{"Resources":[]}"#, true),
        (r#"{"resources":[{"ID":"1","username":"ann"}],"totalResults":"1","nextCursor":null}"#, true),
        (r#"{"Resources":[{"id":7,"x":{"a":[1]},"emails":["e"],"roles":"r","name":null,"meta":[]}]}"#, true),
        (r#"{"Resources":[{"id":"1","id":"2"}]}"#, false),
        (r#"{"Resources":[{"id":"1","emails":[{"value":"a","VALUE":"b"}]}]}"#, false),
        (r#"{"Resources":[{"id":"1"}],"resources":[]}"#, false),
        (r#"{"Resources":[{"id":"1"}],"totalResults":1,"totalResults":2}"#, false),
        (r#"{"Resources":[{"userName":"ann"}]}"#, false),
        (r#"{"Resources":[{"id":""}]}"#, false),
        (r#"{"Resources":[7]}"#, false),
        (r#"{"Resources":{}}"#, false),
        (r#"{"Resources":null}"#, false),
        (r#"{"totalResults":0}"#, false),
        ("[]", false),
        ("", false),
    ] {
        assert_eq!(walked(page, &columns).is_some(), is_plain, "{page}");
        if is_plain {
            assert_eq!(walked(page, &columns), by_values(page, &columns), "{page}");
        }
    }
    assert!(
        walk(b"{\"Resources\":[{\"id\":\"1\",\"x\":\"\xff\"}]}", columns.wanted().unwrap(), &mut BatchBuilder::new(columns.schema()))
            .is_none()
    );
}

#[test]
fn paths_that_spell_a_name_in_two_ways_are_not_walked() {
    for (paths, plain) in [
        (&["title", "Title"][..], false),
        (&["username"], false),
        (&["emails[type eq \"work\"].value", "emails[Type eq \"home\"].value"], false),
        (&["name.givenName", "name.familyName"], true),
    ] {
        let fields: Vec<Field> = paths.iter().map(|path| Field::of_path(path)).collect();
        assert_eq!(Columns::new(fields.iter()).wanted().is_some(), plain, "{paths:?}");
    }
}
