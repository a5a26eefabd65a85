use super::*;
use proptest::prelude::*;

struct Person(&'static [(&'static str, &'static str)]);

impl Entry for Person {
    fn any_value(&self, name: &str, test: &mut dyn FnMut(&str) -> bool) -> bool {
        self.0.iter().any(|(n, v)| n.eq_ignore_ascii_case(name) && test(v))
    }
}

#[test]
fn filters_match_as_a_directory_would() {
    let ann = Person(&[
        ("objectClass", "inetOrgPerson"),
        ("cn", "Ann  Lee"),
        ("mail", "ann@example.com"),
        ("mail", "a.lee@example.com"),
        ("employeeNumber", "41"),
        ("userAccountControl", "66050"),
        ("memberOf", "CN=Lucid, OU=Groups,DC=x"),
        ("title", "a*b"),
    ]);
    for (text, wanted) in [
        ("(CN=ann lee)", Some(true)),
        ("cn=ann lee", Some(true)),
        ("(&(objectclass=INETORGPERSON)(mail=a.*))", Some(true)),
        ("(&(objectclass=inetorgperson)(!(mail=*)))", Some(false)),
        ("(|(sn=x)(cn=A*n*Lee))", Some(true)),
        ("(cn=*lee)", Some(true)),
        ("(cn=*n  l*)", Some(true)),
        ("(cn=lee*)", Some(false)),
        ("(mail=*@example.com)", Some(true)),
        ("(employeeNumber>=5)", Some(true)),
        ("(employeeNumber<=5)", Some(false)),
        ("(userAccountControl:1.2.840.113556.1.4.803:=2)", Some(true)),
        ("(userAccountControl:1.2.840.113556.1.4.803:=16)", Some(false)),
        ("(userAccountControl:1.2.840.113556.1.4.804:=18)", Some(true)),
        ("(memberOf:1.2.840.113556.1.4.1941:=cn=x)", None),
        ("(!(memberOf:1.2.840.113556.1.4.1941:=cn=x))", None),
        ("(|(cn=ann lee)(memberOf:1.2.840.113556.1.4.1941:=cn=x))", Some(true)),
        ("(memberOf=cn=lucid,ou=groups,dc=x)", Some(true)),
        (r"(title=a\2ab)", Some(true)),
        ("(title=a*b)", Some(true)),
        ("(&)", Some(true)),
        ("(|)", Some(false)),
        (" ( & (cn=ann lee) (mail=*) ) ", Some(true)),
    ] {
        assert_eq!(Filter::parse(text).map(|f| f.matches(&ann)), Ok(wanted), "{text}");
    }
}

#[test]
fn a_wrong_filter_is_told_with_a_caret() {
    for (text, told) in [
        ("(cn=a", "this parenthesis is not closed\n    (cn=a\n    ^"),
        ("(cn)", "a comparison such as attribute=value is wanted here\n    (cn)\n     ^^"),
        ("(&(cn=a)(sn=b)", "this parenthesis is not closed\n    (&(cn=a)(sn=b)\n    ^"),
        ("(cn=a)(sn=b)", "there is more text after the filter; wrap both in (&...)\n    (cn=a)(sn=b)\n          ^^^^^^"),
        (r"(cn=a\zz)", "a backslash must be followed by two hex digits (RFC 4515): \\2a for a star\n    (cn=a\\zz)\n         ^"),
        ("(c n=a)", "this is not an attribute's name\n    (c n=a)\n     ^^^"),
        ("", "a comparison such as attribute=value is wanted here"),
        ("\t", "a comparison such as attribute=value is wanted here"),
        ("(cn=a**b)", "two stars follow each other"),
    ] {
        let error = Filter::parse(text).unwrap_err().into_error(text).to_string();
        assert!(error.starts_with(&format!("the filter is not valid: {told}")), "{error}");
    }
    let deep = format!("{}(cn=a){}", "(!".repeat(100_000), ")".repeat(100_000));
    assert!(Filter::parse(&deep).unwrap_err().message.contains("64 levels"));
}

fn any_filter() -> impl Strategy<Value = Filter> {
    let name = "[a-z][a-zA-Z0-9-]{0,6}".prop_map(AttributeName::new);
    let leaf = prop_oneof![
        name.clone().prop_map(Filter::Present),
        (name.clone(), ".{1,6}").prop_map(|(n, v)| Filter::Equals(n, v)),
        (name.clone(), ".{1,6}").prop_map(|(n, v)| Filter::AtLeast(n, v)),
        (name.clone(), ".{1,6}").prop_map(|(n, v)| Filter::AtMost(n, v)),
        (name.clone(), ".{1,4}", ".{1,4}", ".{1,4}")
            .prop_map(|(n, a, b, c)| Filter::Substring(n, vec![Part::Initial(a), Part::Any(b), Part::Final(c)])),
        (name, ".{1,4}").prop_map(|(n, v)| Filter::Extensible { attribute: Some(n), dn: false, rule: Some(BIT_AND.to_owned()), value: v }),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::Or),
            inner.prop_map(|f| Filter::Not(Box::new(f))),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_is_parsed_back(filter in any_filter()) {
        let text = filter.to_string();
        prop_assert_eq!(Filter::parse(&text), Ok(filter));
    }

    #[test]
    fn no_text_panics(text in ".{0,40}") {
        if let Err(error) = Filter::parse(&text) {
            let _ = error.into_error(&text).to_string();
        }
    }
}
