//! Rules that fit: for each field of the connector the first expression that gives most of the sampled people a value.

use super::RuleDraft;
use crate::clock;
use crate::error::{Error, Result};
use crate::identity::population::Schema;
use crate::mapping::{Context, Program, Sample, Value};
use crate::model::field::{Field, FieldFormat};
use crate::source::ldif::{Record, Value as Stored};
use crate::target::Connector;

/// What could fill a field, best first. Attributes of Active Directory come before those that it leaves empty.
const CANDIDATES: [(&str, &[&str]); 15] = [
    ("externalId", &["entry_id"]),
    ("email", &["mail | lower", "userPrincipalName | lower", "email | lower"]),
    ("givenName", &["givenName", "cn | before(' ')", "displayName | before(' ')", "first_name", "firstName"]),
    ("familyName", &["sn", "last_name", "lastName"]),
    ("displayName", &["displayName", "cn", "givenName ~ ' ' ~ sn", "name"]),
    ("formattedName", &["displayName", "cn", "givenName ~ ' ' ~ sn", "name"]),
    ("title", &["title"]),
    ("department", &["department", "departmentNumber", "ou"]),
    ("workPhone", &["telephoneNumber"]),
    ("mobilePhone", &["mobile"]),
    ("employeeNumber", &["employeeNumber", "employeeID"]),
    ("organization", &["company", "o"]),
    ("city", &["l"]),
    ("country", &["c | upper"]),
    ("manager", &["manager"]),
];

/// User names that are e-mail addresses, and those that are not.
const MAIL_NAMES: &[&str] = &["mail | lower", "userPrincipalName | lower", "email | lower"];
const PLAIN_NAMES: &[&str] = &["sAMAccountName | lower", "uid | lower", "userName | lower", "mail | lower", "cn | lower"];

/// Fields that are asked for even where they are not required: an account without them is hard to know again.
const USUAL: [&str; 3] = ["givenName", "familyName", "email"];

/// What an expression gives for the sampled people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// How many of them have a value.
    pub have: usize,
    /// How many they are.
    pub of: usize,
    /// Some of them: DN and value (not cleaned).
    pub examples: Vec<(String, String)>,
    /// Why somebody has none: the first failure of the expression.
    pub failed: Option<String>,
}

/// Tries an expression on the sampled people.
///
/// # Errors
/// Where it is no expression, or the connector has no such field.
pub fn preview(expression: &str, field: &str, connector: &Connector, samples: &[Record]) -> Result<Preview> {
    connector.field(field).map_err(|hint| Error::usage(format!("there is no field {field}")).hint(hint))?;
    let mut schema = Schema::default();
    let program = Program::compile(expression, &mut schema).map_err(|e| e.into_error(expression, field))?;
    let names: Vec<String> = schema.columns().iter().map(ToString::to_string).collect();
    let cx = Context { now: clock::now() };
    let mut preview = Preview { have: 0, of: samples.len(), examples: Vec::new(), failed: None };
    for record in samples {
        let sample = sample_of(record, &names, &mut schema);
        match program.eval(&sample, &cx) {
            Ok(Value::Missing | Value::Keep | Value::Clear) => {}
            Ok(value) => {
                let text = plain(&value);
                if !text.trim().is_empty() {
                    preview.have += 1;
                    if preview.examples.len() < 3 {
                        preview.examples.push((record.dn.clone(), text));
                    }
                }
            }
            Err(error) if preview.failed.is_none() => preview.failed = Some(error.message),
            Err(_) => {}
        }
    }
    Ok(preview)
}

fn plain(value: &Value<'_>) -> String {
    match value {
        Value::Text(text) => text.trim().to_owned(),
        Value::List(list) => list.join(", "),
        other => other.shown(),
    }
}

fn sample_of(record: &Record, names: &[String], schema: &mut Schema) -> Sample {
    let values = |name: &str| -> Vec<&str> {
        let of = record.attributes.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        of.filter_map(|(_, value)| if let Stored::Text(text) = value { Some(&**text) } else { None }).collect()
    };
    let held: Vec<(&str, Vec<&str>)> = names.iter().map(|name| (name.as_str(), values(name))).collect();
    let lists: Vec<(&str, &[&str])> = held.iter().map(|(name, values)| (*name, values.as_slice())).collect();
    let mut sample = Sample::new(schema, &lists);
    sample.dn.clone_from(&record.dn);
    // What it is does not matter to an example.
    "(lasting id)".clone_into(&mut sample.id);
    sample
}

/// The first of the candidates that gives most people a value; nothing where none gives half of them one.
fn best(candidates: &[&str], field: &Field, connector: &Connector, samples: &[Record]) -> Option<String> {
    let have = |text: &str| preview(text, &field.name, connector, samples).map_or(0, |p| p.have);
    let fits = |text: &&&str| {
        let looks_right = field.format != Some(FieldFormat::Email)
            || preview(text, &field.name, connector, samples).is_ok_and(|p| p.examples.iter().all(|(_, v)| v.contains('@')));
        looks_right && have(text) * 2 > samples.len()
    };
    let mut found: Option<(&str, usize)> = None;
    for text in candidates.iter().filter(fits) {
        let n = have(text);
        if found.is_none_or(|(_, most)| n > most) {
            found = Some((text, n));
        }
    }
    found.map(|(text, _)| text.to_owned())
}

/// True if the service's user names are e-mail addresses: by those that are there, else by the connector's word.
fn names_are_addresses(field: &Field, accounts: &[String]) -> bool {
    if accounts.is_empty() {
        return field.about.contains("e-mail");
    }
    accounts.iter().filter(|name| name.contains('@')).count() * 2 > accounts.len()
}

/// The rule that fits a field, if one does.
fn rule_for(field: &Field, connector: &Connector, samples: &[Record], accounts: &[String]) -> Option<String> {
    let candidates = if field.name == "userName" {
        if names_are_addresses(field, accounts) { MAIL_NAMES } else { PLAIN_NAMES }
    } else {
        CANDIDATES.iter().find(|(name, _)| *name == field.name)?.1
    };
    best(candidates, field, connector, samples)
}

/// The rules that are asked for: the match rule, what is required, what an account is known by, and what was given.
///
/// # Errors
/// Where the connector has no field of a name that was given.
pub(super) fn rules(connector: &Connector, samples: &[Record], accounts: &[String], given: &[(String, String)]) -> Result<Vec<RuleDraft>> {
    let mut wanted: Vec<Field> = Vec::new();
    let asked = |f: &&Field| !f.read_only && (f.required || f.name == "userName");
    wanted.extend(connector.fields.iter().filter(asked).cloned());
    for name in USUAL {
        let usual = connector.fields.iter().find(|f| f.name == name && !f.read_only && !f.write_only);
        wanted.extend(usual.filter(|f| wanted.iter().all(|w| w.name != f.name)).cloned());
    }
    for (name, _) in given {
        let field = connector.field(name).map_err(|hint| Error::usage(format!("{} has no field {name}", connector.title)).hint(hint))?;
        if wanted.iter().all(|w| w.name != field.name) {
            wanted.push(field);
        }
    }
    let made = wanted.into_iter().map(|field| {
        let said = given.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case(&field.name));
        let text = said.map(|(_, text)| text.clone()).or_else(|| rule_for(&field, connector, samples, accounts)).unwrap_or_default();
        RuleDraft { required: field.required || field.name == "userName", about: field.about, field: field.name, text }
    });
    // What nobody has is not asked for.
    Ok(made.filter(|rule| rule.required || !rule.text.is_empty()).collect())
}

/// Fields that are not asked for, with what would fill them: they are written as comments.
pub(super) fn more(connector: &Connector, samples: &[Record], mapped: &[RuleDraft]) -> Vec<(String, String)> {
    let left = connector.fields.iter().filter(|f| !f.read_only && !f.write_only && mapped.iter().all(|r| r.field != f.name));
    left.filter_map(|f| rule_for(f, connector, samples, &[]).map(|text| (f.name.clone(), text))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(uid: &str, attributes: &[(&str, &str)]) -> Record {
        let text = |t: &str| Stored::Text(t.into());
        let attributes = attributes.iter().map(|(n, v)| ((*n).into(), text(v))).collect();
        Record { dn: format!("uid={uid},dc=x"), attributes }
    }

    fn people() -> Vec<Record> {
        let ann = person("ann", &[("uid", "Ann"), ("mail", "Ann@X.test"), ("sn", "Lee"), ("givenName", "Ann"), ("cn", "Ann Lee")]);
        vec![ann.clone(), person("bob", &[("uid", "bob"), ("sn", "Ray"), ("cn", "Bob Ray"), ("mail", "bob@x.test")]), ann]
    }

    #[test]
    fn required_fields_get_the_rule_that_most_people_have_a_value_by() {
        let texts = |connector: &str, accounts: &[&str], given: &[(&str, &str)]| -> Vec<(String, String)> {
            let connector = Connector::built_in_of(connector).unwrap().unwrap();
            let accounts: Vec<String> = accounts.iter().map(ToString::to_string).collect();
            let given: Vec<(String, String)> = given.iter().map(|(f, t)| ((*f).into(), (*t).into())).collect();
            rules(&connector, &people(), &accounts, &given).unwrap().into_iter().map(|r| (r.field, r.text)).collect()
        };
        let of = |rules: &[(String, String)], field: &str| rules.iter().find(|r| r.0 == field).map(|r| r.1.clone());
        let lucid = texts("lucidchart", &[], &[]);
        // By the connector's word user names are addresses; by those that are there they are not.
        assert_eq!(of(&lucid, "userName").as_deref(), Some("mail | lower"));
        assert_eq!(of(&texts("lucidchart", &["ann", "bob"], &[]), "userName").as_deref(), Some("uid | lower"));
        assert_eq!(of(&texts("scim2", &["a@x", "b@x"], &[]), "userName").as_deref(), Some("mail | lower"));
        // All have a cn, not all a givenName.
        assert_eq!(of(&lucid, "givenName").as_deref(), Some("cn | before(' ')"));
        assert_eq!(of(&lucid, "familyName").as_deref(), Some("sn"));
        let given = texts("scim2", &[], &[("title", "'Staff'"), ("username", "uid")]);
        assert_eq!(of(&given, "title").as_deref(), Some("'Staff'"));
        assert_eq!(of(&given, "userName").as_deref(), Some("uid"));
        let scim = Connector::built_in_of("scim2").unwrap().unwrap();
        assert!(rules(&scim, &people(), &[], &[("nope".into(), "uid".into())]).is_err());
        assert!(more(&scim, &people(), &[]).contains(&("externalId".into(), "entry_id".into())));
    }

    #[test]
    fn an_expression_is_tried_on_real_people() {
        let scim = Connector::built_in_of("scim2").unwrap().unwrap();
        let seen = preview("givenName | upper", "givenName", &scim, &people()).unwrap();
        assert_eq!((seen.have, seen.of), (2, 3));
        assert_eq!(seen.examples[0], ("uid=ann,dc=x".to_owned(), "ANN".to_owned()));
        assert!(preview("givenName |", "givenName", &scim, &people()).is_err());
        assert!(preview("uid", "groups", &scim, &people()).is_err());
        assert!(preview("to_int(uid)", "givenName", &scim, &people()).unwrap().failed.is_some());
    }
}
