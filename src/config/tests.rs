use super::*;

const WHOLE: &str = r#"
format = 1
[channels.lucid.source]
type = "ldap"
url = ["ldaps://dc1.example.com", "ldaps://[::1]:6360"]
bind_dn = "cn=reader,dc=example,dc=com"
password = { env = "LDAP_PASSWORD" }
[channels.lucid.source.location]
base_dn = "ou=people,dc=example,dc=com"
scope = "one"
filter = "(objectClass=inetOrgPerson)"
group_dn = "cn=lucid,ou=groups,dc=example,dc=com"
nested_groups = true
[channels.lucid.source.settings]
status = [{ attribute = "userAccountControl", disabled_when = { bits = 2 } }, { attribute = "active", enabled_when = { equals = "yes" } }]
[channels.lucid.target]
connector = "scim2"
base_url = "https://users.example.com/scim/v2/"
token = { env = "TOKEN" }
[channels.lucid.mapping]
userName = "uid | lower"
department = { value = "department", default = "Unassigned", create_only = true }
[channels.lucid.policy]
limits = { deprovision = "20 or 5%", create = "none" }
"#;

#[test]
fn a_whole_file_reads_into_its_parts() {
    let config = Config::parse(Path::new("x/rosterm.toml"), WHOLE).unwrap();
    let channel = config.channel(None).unwrap();
    let SourceKind::Ldap(ldap) = &channel.source.kind else { panic!("it is an LDAP source") };
    assert_eq!((ldap.urls[1].host.as_str(), ldap.urls[1].port, ldap.page_size), ("::1", 6360, 1000));
    assert_eq!(channel.source.location.scope, Scope::OneLevel);
    assert_eq!(channel.source.settings.status.as_ref().unwrap().len(), 2);
    assert_eq!(channel.target.base_url.value, "https://users.example.com/scim/v2");
    assert_eq!(channel.mapping[0].field.value, "userName");
    assert_eq!(channel.mapping[1].default.as_deref(), Some("Unassigned"));
    assert_eq!(channel.policy.limits.deprovision, Limit { count: Some(20), percent: Some(5.0) });
    assert_eq!(channel.policy.limits.clear, Limit { count: None, percent: Some(5.0) });
}

#[test]
fn each_mistake_is_told_with_its_place_and_a_way_out() {
    for (from, to, told) in [
        (
            "scope = \"one\"",
            "scop = \"one\"",
            "rosterm.toml:10:1: there is no key scop in channels.lucid.source.location\n    scop = …\n    ^^^^\n  hint: did you mean scope?",
        ),
        (
            "scope = \"one\"",
            "scope = \"two\"",
            "rosterm.toml:10:9: channels.lucid.source.location.scope cannot be \"two\"\n    scope = \"two\"\n            ^^^^^\n  hint: it is one of: sub, one",
        ),
        (
            "format = 1",
            "format = 7",
            "rosterm.toml:2:10: format 7 is not known to this version\n    format = 7\n             ^\n  hint: a newer rosterm wrote this file; this one reads format = 1",
        ),
        (
            "nested_groups = true",
            "nested_groups = \"yes\"",
            "rosterm.toml:13:17: channels.lucid.source.location.nested_groups must be true or false, not a text\n    nested_groups = \"yes\"\n                    ^^^^^",
        ),
        (
            "password = { env = \"LDAP_PASSWORD\" }",
            "password = \"hunter2\"",
            "rosterm.toml:7:12: a secret must not stand in the configuration in plain text\n  hint: say where it is kept: { env = \"NAME\" }, { file = \"path\" }, { command = [\"program\", \"argument\"] } or { keyring = \"name\" }",
        ),
        (
            "password = { env = \"LDAP_PASSWORD\" }",
            "pasword = \"hunter2\"",
            "rosterm.toml:7:1: there is no key pasword in channels.lucid.source\n    pasword = …\n    ^^^^^^^\n  hint: did you mean password?",
        ),
        (
            "token = { env = \"TOKEN\" }",
            "token = { env = \"TOKEN\", file = \"x\" }",
            "rosterm.toml:19:9: a secret is kept in exactly one place\n  hint: say where it is kept: { env = \"NAME\" }, { file = \"path\" }, { command = [\"program\", \"argument\"] } or { keyring = \"name\" }",
        ),
        (
            "token = { env = \"TOKEN\" }",
            "token = \"abc\"\ntokn = 1",
            "rosterm.toml:19:9: a secret must not stand in the configuration in plain text\n  hint: say where it is kept: { env = \"NAME\" }, { file = \"path\" }, { command = [\"program\", \"argument\"] } or { keyring = \"name\" }",
        ),
        (
            "20 or 5%",
            "20%%",
            "rosterm.toml:24:26: \"20%%\" is not a limit\n    limits = …\n             ^\n  hint: write \"20\", \"5%\", \"20 or 5%\" (the smaller of both) or \"none\"",
        ),
        (
            "base_dn = \"ou=people,dc=example,dc=com\"",
            "base_dn = \"people\"",
            "rosterm.toml:9:11: \"people\" is not a distinguished name\n    base_dn = \"people\"\n              ^^^^^^^^\n  hint: write it as ou=people,dc=example,dc=com",
        ),
        (
            "base_url = \"https://users",
            "base_url = \"users",
            "rosterm.toml:18:12: the base URL must begin with https://\n    base_url = \"users.example.com/scim/v2/\"\n               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  hint: copy it from the service's provisioning page",
        ),
        (
            "[channels.lucid.policy]",
            "[channels.lucid.policy]\nprovision_disabled = true\nremove_action = \"delete\"",
            "rosterm.toml:25:17: provision_disabled with remove_action = \"delete\" would delete people and create them anew, again and again\n    remove_action = \"delete\"\n                    ^^^^^^^^\n  hint: set provision_disabled = false, or remove_action = \"disable\"",
        ),
        ("userName = \"uid | lower\"", "userName = \"uid | lower", "rosterm.toml:21:"),
    ] {
        let text = WHOLE.replace(from, to);
        assert_ne!(text, WHOLE, "{from}");
        let error = Config::parse(Path::new("rosterm.toml"), &text).expect_err(to).to_string();
        assert!(error == told || (told.ends_with(":21:") && error.starts_with(told)), "\n{error}\n-- wanted --\n{told}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn a_misspelt_required_key_is_pointed_to_instead_of_being_missed() {
    for (from, to, told) in [
        (
            "url = [",
            "urll = [",
            "rosterm.toml:5:1: there is no key urll in channels.lucid.source\n    urll = …\n    ^^^^\n  hint: did you mean url?",
        ),
        (
            "type = ",
            "typ = ",
            "rosterm.toml:4:1: there is no key typ in channels.lucid.source\n    typ = …\n    ^^^\n  hint: did you mean type?",
        ),
        ("base_dn", "bsae_dn", "rosterm.toml:9:1: there is no key bsae_dn in channels.lucid.source.location"),
        ("source.location]", "source.locaton]", "there is no key locaton in channels.lucid.source"),
        ("lucid.mapping]", "lucid.maping]", "there is no key maping in channels.lucid"),
        (
            "bind_dn",
            "bind_nd",
            "there is no key bind_nd in channels.lucid.source\n    bind_nd = …\n    ^^^^^^^\n  hint: did you mean bind_dn?",
        ),
        ("disabled_when", "disable_when", "there is no key disable_when"),
        ("url = [\"ldaps://dc1.example.com\", \"ldaps://[::1]:6360\"]\n", "", "rosterm.toml:3:17: channels.lucid.source needs a url"),
    ] {
        let text = WHOLE.replacen(from, to, 1);
        assert_ne!(text, WHOLE, "{from}");
        let error = Config::parse(Path::new("rosterm.toml"), &text).expect_err(to).to_string();
        assert!(error.contains(told), "\n{error}\n-- wanted --\n{told}");
    }
}

#[test]
fn a_csv_source_knows_its_id_column_and_neither_tree_nor_groups() {
    let csv = |source: &str, rest: &str| {
        format!(
            "[channels.c.source]\ntype = \"csv\"\n{source}\n{rest}\n[channels.c.target]\nconnector = \"scim2\"\n\
             base_url = \"https://users.example.com\"\ntoken = {{ env = \"T\" }}\n[channels.c.mapping]\nuserName = \"mail\"\n"
        )
    };
    let settings = "[channels.c.source.settings]\nid_attribute = \"nr\"";
    let location = |key: &str| format!("[channels.c.source.location]\n{key}\n{settings}");
    for (source, rest, told) in [
        ("path = \"p.csv\"\nseparator = \"\\t\"\nmulti_separator = \"|\"", settings.to_owned(), ""),
        ("path = \"p.csv\"", location("filter = \"(city=Ulm)\""), ""),
        ("pth = \"p.csv\"", settings.to_owned(), "there is no key pth in channels.c.source"),
        ("path = \"p.csv\"", String::new(), "channels.c.source is a CSV file and needs to know its column with the lasting id"),
        ("path = \"p.csv\"", "[channels.c.source.settings]".to_owned(), "channels.c.source.settings needs id_attribute"),
        ("path = \"p.csv\"", location("base_dn = \"dc=x\""), "base_dn is not for CSV: a CSV file has no tree"),
        ("path = \"p.csv\"", location("group_dn = \"cn=g\""), "group_dn is not for CSV: a CSV file has no groups"),
        ("path = \"p.csv\"", format!("{settings}\nmember_attribute = \"member\""), "member_attribute is not for CSV"),
        ("path = \"p.csv\"\nseparator = \"ab\"", settings.to_owned(), "this is not a separator of cells"),
        ("path = \"p.csv\"\nmulti_separator = \" \"", settings.to_owned(), "multi_separator must not be empty or blank"),
        ("path = \"p.csv\"\nurl = \"ldaps://x\"", settings.to_owned(), "there is no key url in channels.c.source"),
    ] {
        let told_by = Config::parse(Path::new("/etc/rosterm.toml"), &csv(source, &rest)).map_or_else(|e| e.to_string(), |_| String::new());
        assert_eq!(told_by.is_empty(), told.is_empty(), "{source} {rest}: {told_by}");
        assert!(told_by.contains(told), "{told_by}");
    }
}

#[test]
fn a_misspelt_secret_key_does_not_show_the_secret() {
    let good = "token = { env = \"T\" }\n";
    for (line, told) in [
        (format!("{good}tokenn = \"hunter2\""), "did you mean token?"),
        (format!("{good}bindpw = \"hunter2\""), "the keys here are: "),
        ("token = [\n\"hunter2\",\n\"x\"]".to_owned(), "plain text"),
        ("auth = { bearer = \"hunter2\" }".to_owned(), "plain text"),
        ("auth = { baerer = \"hunter2\" }".to_owned(), "did you mean bearer?"),
        ("token = \"hunter2".to_owned(), ""),
        ("token = hunter2".to_owned(), ""),
    ] {
        let text = WHOLE.replace("token = { env = \"TOKEN\" }", &line);
        let error = Config::parse(Path::new("rosterm.toml"), &text).unwrap_err().to_string();
        assert!(error.contains(told) && !error.contains("hunter2"), "{error}");
    }
    // In wrong places: at the top, in the policy, on one line with good keys, in the place of a table.
    for (from, to) in [
        ("format = 1", "format = 1\ntoken = \"hunter2\""),
        ("format = 1", "format = 1\nstate = { token = \"hunter2\" }"),
        ("format = 1", "format = \"x\"\ntoken = \"hunter2\""),
        ("[channels.lucid.policy]", "[channels.lucid.policy]\ntoken = \"hunter2\""),
        ("limits = { deprovision = \"20 or 5%\"", "limits = { deprovision = \"20%%\", token = \"hunter2\""),
        ("limits = { deprovision = \"20 or 5%\"", "limits = { deprovision = \"20\", token = \"hunter2\""),
        ("[channels.lucid.policy]", "[channels.lucid]\npolicy = \"hunter2\"\n[channels.other.policy]"),
        ("scope = \"one\"", "password = \"hunter2\""),
        ("department = { value = \"department\"", "department = { value = 7, token = \"hunter2\""),
        ("department = { value = \"department\"", "department = { valu = \"department\", token = \"hunter2\""),
        ("status = [{ attribute = \"userAccountControl\"", "status = [{ password = \"hunter2\", attribute = 7"),
        ("[channels.lucid.source.settings]", "[channels.lucid.source.settings]\npassword = \"hunter2\""),
        ("[channels.lucid.policy]", "[channels.lucid.secrets]\ntoken = \"hunter2\"\n[channels.lucid.policy]"),
    ] {
        let text = WHOLE.replace(from, to);
        assert_ne!(text, WHOLE, "{from}");
        let error = Config::parse(Path::new("rosterm.toml"), &text).expect_err(to).to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
    let url = WHOLE.replace("https://users", "https://u:hunter2@users");
    let error = Config::parse(Path::new("rosterm.toml"), &url).unwrap_err().to_string();
    assert!(error.contains("may not hold a user or a password") && !error.contains("hunter2"), "{error}");
}

#[test]
fn nothing_secret_crosses_a_network_in_clear_text() {
    let ldap = |url: &str| WHOLE.replace("\"ldaps://dc1.example.com\"", &format!("\"{url}\""));
    let scim = |url: &str| WHOLE.replace("https://users.example.com/scim/v2/", url);
    for (text, told) in [
        (ldap("ldap://dc1.example.com"), Some("the password would cross the network in clear text")),
        (ldap("ldap://u:hunter2@dc1.example.com"), Some("an LDAP URL may not hold a user or a password")),
        (ldap("ldap://127.0.0.1:3890"), None),
        (ldap("ldap://[::1]"), None),
        (scim("http://users.example.com/v2"), Some("the token would cross the network in clear text")),
        (scim("http://localhost.example.com/v2"), Some("the token would cross the network in clear text")),
        (scim("http://localhost:8080/v2"), None),
        (scim("http://[::1]:8080/v2"), None),
        (scim("HTTPS://Users.Example.com:443/v2"), None),
    ] {
        let error = Config::parse(Path::new("rosterm.toml"), &text).err().map(|e| e.to_string());
        assert_eq!(error.is_some(), told.is_some(), "{error:?}");
        if let (Some(error), Some(told)) = (error, told) {
            assert!(error.contains(told) && !error.contains("hunter2"), "{error}");
        }
    }
    let config = Config::parse(Path::new("rosterm.toml"), &scim("HTTPS://Users.Example.com:443/V2/")).unwrap();
    assert_eq!(config.channels[0].target.base_url.value, "https://users.example.com/V2");
}

#[test]
fn the_channel_is_the_only_one_or_must_be_named() {
    let two = format!("{WHOLE}{}", WHOLE.replace("format = 1", "").replace("channels.lucid", "channels.other"));
    let config = Config::parse(Path::new("rosterm.toml"), &two).unwrap();
    assert!(config.channel(None).unwrap_err().to_string().contains("name one with --channel: lucid, other"));
    assert_eq!(config.channel(Some("other")).unwrap().name, "other");
    assert!(config.channel(Some("lucd")).unwrap_err().to_string().contains("did you mean lucid?"));
}

#[test]
fn the_fingerprint_follows_values_and_not_comments() {
    let read = |text: &str| Config::parse(Path::new("rosterm.toml"), text).unwrap().channels[0].fingerprint.clone();
    let commented = WHOLE.replace("scope = \"one\"", "# only here\nscope   =   \"one\" # one level");
    assert_eq!(read(WHOLE), read(&commented));
    assert_ne!(read(WHOLE), read(&WHOLE.replace("scope = \"one\"", "scope = \"sub\"")));
}
