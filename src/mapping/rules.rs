//! The rules of a channel: one a field, in order, with what happens around the expression.
//!
//! The order is fixed: read, expression, `default` or `when_missing`, field rules of the connector. A failing expression is
//! a problem even with a default; a missing source value takes the default, else removes the value or keeps it.

mod key;

use super::table::Files;
use super::{Attributes, Context, Program, Value};
use crate::config::{RuleConfig, WhenMissing};
use crate::error::{Error, Kind, Result};
use crate::identity::population::Schema;
use crate::identity::value::{Datum, exact_form, key_form, truth};
use crate::model::field::{Field, FieldKind};
use crate::model::{Problem, ProblemCode};
use std::borrow::Cow;
use std::fmt::Write as _;

/// One rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The field that it fills.
    pub field: Field,
    /// The expression, if there is one.
    pub program: Option<Program>,
    /// What takes the place of a missing value.
    pub default: Option<Datum>,
    /// What happens where nothing is left to send.
    pub when_missing: WhenMissing,
    /// The field must have a value.
    pub required: bool,
    /// Sent with a create, never afterwards.
    pub create_only: bool,
    /// Never shown in full.
    pub masked: bool,
    /// Overrides whether letter case matters in comparison.
    pub case_exact: Option<bool>,
}

impl Rule {
    /// True if an account is known by this field: whether a link is believed, and whom the policy protects, hangs on it.
    #[must_use]
    pub fn is_telling(&self) -> bool {
        let path = &self.field.path;
        path.eq_ignore_ascii_case("userName")
            || path.eq_ignore_ascii_case("externalId")
            || path.get(..6).is_some_and(|head| head.eq_ignore_ascii_case("emails"))
    }

    /// True if it does the same as another rule for the same field.
    #[must_use]
    pub fn is_same(&self, other: &Rule) -> bool {
        let source = |rule: &Rule| rule.program.as_ref().map(|p| p.source().to_owned());
        // A file may have another content by now.
        if source(self).is_some_and(|text| text.contains("lookup_file")) {
            return false;
        }
        source(self) == source(other) && self.is_same_around(other)
    }

    /// True if it fills the same field in the same way as another rule, whatever the two expressions are.
    #[must_use]
    pub fn is_same_around(&self, other: &Rule) -> bool {
        let rest = |r: &Rule| (r.default.clone(), r.when_missing, r.required, r.create_only, r.masked, r.case_exact);
        self.field.path == other.field.path && rest(self) == rest(other)
    }

    /// True if letter case makes no difference to its values.
    #[must_use]
    pub fn folds(&self) -> bool {
        !self.case_exact.unwrap_or(self.field.case_exact)
    }
}

/// All rules of a channel.
#[derive(Debug, Clone)]
pub struct Rules {
    list: Vec<Rule>,
    match_rule: usize,
    external_id: Option<usize>,
    user_name: Option<usize>,
    schema: Schema,
}

/// What a rule wants for one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Desired {
    /// This value.
    Value(Datum),
    /// No value: one that is there is removed.
    Clear,
    /// Whatever is there.
    Keep,
    /// It can't be told.
    Problem(Problem),
}

impl Rules {
    /// Compiles the rules. `field` gives the connector's field of a name; `match_field` is the field of the match rule; `files`
    /// gives the text of a file that a rule looks values up in.
    ///
    /// # Errors
    /// A usage error with the place in the file and a caret under what is wrong; for an unknown field the nearest known one.
    pub fn compile(
        configs: &[RuleConfig],
        match_field: &str,
        field: impl Fn(&str) -> std::result::Result<Field, String>,
        files: Files<'_>,
    ) -> Result<Self> {
        Self::compile_over(Schema::default(), configs, match_field, field, files)
    }

    /// The same over columns that are there already: rules that are edited keep the columns that were read, and whatever else
    /// they name comes after these.
    ///
    /// # Errors
    /// As [`Self::compile`].
    pub fn compile_over(
        mut schema: Schema,
        configs: &[RuleConfig],
        match_field: &str,
        field: impl Fn(&str) -> std::result::Result<Field, String>,
        files: Files<'_>,
    ) -> Result<Self> {
        let mut rules: Vec<Rule> = Vec::new();
        for config in configs {
            let name = &config.field.value;
            let field = field(name).map_err(|hint| config.field.error(format!("there is no field {name}")).hint(hint))?;
            if rules.iter().any(|r| r.field.path.eq_ignore_ascii_case(&field.path)) {
                return Err(config.field.error(format!("a second rule fills {}", field.path)));
            }
            let program = config
                .value
                .as_ref()
                .map(|text| {
                    Program::compile_with(&text.value, &mut schema, files).map_err(|e| e.into_error(&text.value, name).at(text.at.clone()))
                })
                .transpose()?;
            let default = config
                .default
                .as_ref()
                .map(|text| {
                    typed(&field, Value::Text(Cow::Borrowed(text)))
                        .map_err(|why| config.field.error(format!("the default of {name}: {why}")))
                })
                .transpose()?;
            rules.push(Rule {
                program,
                default,
                when_missing: config.when_missing,
                required: config.required.unwrap_or(field.required),
                create_only: config.create_only || field.create_only || field.write_only,
                masked: config.masked || field.write_only,
                case_exact: config.case_exact,
                field,
            });
        }
        let by_name = |wanted: &str| {
            rules.iter().position(|r| r.field.name.eq_ignore_ascii_case(wanted) || r.field.path.eq_ignore_ascii_case(wanted))
        };
        let match_rule = by_name(match_field).ok_or_else(|| {
            Error::new(Kind::Usage, format!("the mapping has no rule for {match_field}, by which people and accounts are matched"))
                .hint(format!("add {match_field} = \"...\" to the mapping, or name another field with `match` in the target"))
        })?;
        let external_id = by_name("externalId");
        let user_name = rules.iter().position(|r| r.field.path.eq_ignore_ascii_case("userName"));
        Ok(Rules { list: rules, match_rule, external_id, user_name, schema })
    }

    /// The rules, in the order of the file.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.list
    }

    /// The place of the match rule.
    #[must_use]
    pub fn match_rule(&self) -> usize {
        self.match_rule
    }

    /// The place of the rule for `userName`, if there is one.
    #[must_use]
    pub fn user_name(&self) -> Option<usize> {
        self.user_name
    }

    /// The place of the rule for `externalId`, if there is one.
    #[must_use]
    pub fn external_id(&self) -> Option<usize> {
        self.external_id
    }

    /// The attributes that the rules read.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// What rule number `index` wants for an entry, before the field's own rules are asked.
    pub fn desired<'a>(&'a self, index: usize, entry: impl Attributes<'a>, cx: &'a Context) -> Desired {
        let rule = &self.list[index];
        let problem = |code, message| Desired::Problem(Problem { field: Some(rule.field.name.clone()), code, message });
        let value = match &rule.program {
            None => Value::Missing,
            Some(program) => match program.eval(entry, cx) {
                Ok(value) => value,
                Err(error) => return problem(ProblemCode::MappingError, located(program.source(), &error)),
            },
        };
        let datum = match value {
            Value::Keep => return Desired::Keep,
            Value::Clear => Datum::Unassigned,
            value => match typed(&rule.field, value) {
                Ok(Datum::Unassigned) => match (&rule.default, rule.when_missing) {
                    (Some(default), _) => default.clone(),
                    (None, WhenMissing::Keep) => return Desired::Keep,
                    (None, WhenMissing::Clear) => Datum::Unassigned,
                },
                Ok(datum) => datum,
                Err(why) => return problem(ProblemCode::InvalidValue, why),
            },
        };
        match datum {
            Datum::Unassigned if rule.required => problem(ProblemCode::MissingRequired, missing(rule)),
            Datum::Unassigned => Desired::Clear,
            datum => Desired::Value(datum),
        }
    }

    /// The key of an entry in its comparison form: the value of the match rule. Nothing where it has none.
    ///
    /// # Errors
    /// The problem that keeps it from having one: a failing rule, or an attribute with several values.
    pub fn key<'a>(&'a self, entry: impl Attributes<'a>, cx: &'a Context) -> std::result::Result<Option<Cow<'a, str>>, Problem> {
        let rule = &self.list[self.match_rule];
        let problem = |code, message| Problem { field: Some(rule.field.name.clone()), code, message };
        let Some(program) = &rule.program else { return Ok(None) };
        for slot in program.firsts() {
            if entry.count(*slot) > 1 {
                let mut forms: Vec<Cow<'a, str>> = entry.all(*slot).map(key_form).filter(|v| !v.is_empty()).collect();
                forms.sort();
                forms.dedup();
                if forms.len() > 1 {
                    let name = &self.schema.columns()[usize::from(*slot)];
                    let message = format!(
                        "{name} has {} values ({}): say which one is the user name, for example {name} | first, all(\"{name}\") | pick_prefix(...)",
                        forms.len(),
                        forms.join(", ")
                    );
                    return Err(problem(ProblemCode::SeveralValues, message));
                }
            }
        }
        match program.eval(entry, cx) {
            Err(error) => Err(problem(ProblemCode::MappingError, located(program.source(), &error))),
            Ok(Value::Text(Cow::Borrowed(text))) => Ok(self.form(text)),
            Ok(value) => match typed(&rule.field, value) {
                Ok(Datum::Unassigned) => Ok(rule.default.as_ref().and_then(|d| self.form(&d.plain()).map(|k| Cow::Owned(k.into_owned())))),
                Ok(datum) => Ok(self.form(&datum.plain()).map(|k| Cow::Owned(k.into_owned()))),
                Err(why) => Err(problem(ProblemCode::InvalidValue, why)),
            },
        }
    }

    /// The comparison form of a value of the match field; nothing for an empty one.
    #[must_use]
    pub fn form<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        let rule = &self.list[self.match_rule];
        let exact = rule.case_exact.unwrap_or(rule.field.case_exact);
        let form = if exact { exact_form(text) } else { key_form(text) };
        (!form.is_empty()).then_some(form)
    }
}

fn missing(rule: &Rule) -> String {
    let mut message = format!("{} is required", rule.field.name);
    if let Some(program) = &rule.program {
        let _ = write!(message, ", and {} gives nothing", program.source());
    }
    message
}

/// The message of a failed evaluation, with the part of the expression that it is about.
fn located(source: &str, error: &super::EvalError) -> String {
    match source.get(error.span.clone()) {
        Some(part) if part.len() < source.len() => format!("{} (in {part})", error.message),
        _ => error.message.clone(),
    }
}

/// An expression's value in the type that the field takes.
fn typed(field: &Field, value: Value<'_>) -> std::result::Result<Datum, String> {
    let texts: Vec<String> = match value {
        Value::Missing | Value::Keep | Value::Clear => return Ok(Datum::Unassigned),
        Value::Bool(b) if field.kind == FieldKind::Bool => return Ok(Datum::Bool(b)),
        Value::Int(n) if field.kind == FieldKind::Int => return Ok(Datum::Int(n)),
        Value::Bool(b) => vec![b.to_string()],
        Value::Int(n) => vec![n.to_string()],
        Value::Text(text) => vec![text.trim().to_owned()],
        Value::List(list) => list.into_iter().map(|v| v.trim().to_owned()).collect(),
    };
    let texts: Vec<String> = texts.into_iter().filter(|t| !t.is_empty()).collect();
    if field.multi {
        return Ok(if texts.is_empty() { Datum::Unassigned } else { Datum::Many(texts) });
    }
    let mut texts = texts.into_iter();
    let Some(text) = texts.next() else { return Ok(Datum::Unassigned) };
    if texts.next().is_some() {
        return Err(format!("{} takes one value, the rule gives several; choose with first or join", field.name));
    }
    match field.kind {
        FieldKind::Bool => truth(&text).map(Datum::Bool).ok_or_else(|| format!("{} takes true or false, not \"{text}\"", field.name)),
        FieldKind::Int => text.parse().map(Datum::Int).map_err(|_| format!("{} takes a whole number, not \"{text}\"", field.name)),
        FieldKind::Text | FieldKind::Reference => Ok(Datum::Text(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::mapping::Sample;
    use std::path::Path;

    fn rules(mapping: &str) -> Result<Rules> {
        let text = format!(
            "[channels.x.source]\ntype = \"ldif\"\npath = \"x\"\n[channels.x.source.location]\nbase_dn = \"dc=x\"\n[channels.x.target]\nconnector = \"scim2\"\nbase_url = \"https://x\"\nauth = \"none\"\n[channels.x.mapping]\n{mapping}"
        );
        let config = Config::parse(Path::new("r.toml"), &text)?;
        Rules::compile(
            &config.channels[0].mapping,
            "userName",
            |name| match name {
                "userName" => Ok(Field { required: true, case_exact: false, ..Field::of_path("userName") }),
                "active" => Ok(Field { kind: FieldKind::Bool, ..Field::of_path("active") }),
                "roles" => Ok(Field { multi: true, ..Field::of_path("roles") }),
                "title" | "externalId" => Ok(Field::of_path(name)),
                other => Err(format!("no {other} here")),
            },
            &crate::mapping::table::no_files,
        )
    }

    #[test]
    fn a_rule_gives_its_value_its_default_a_clear_or_a_problem() {
        let text = |t: &str| Desired::Value(Datum::Text(t.into()));
        for (rule, attributes, wanted) in [
            ("title = \"title\"", &[("title", &["Boss"][..])][..], text("Boss")),
            ("title = \"title\"", &[], Desired::Clear),
            ("title = { value = \"title\", when_missing = \"keep\" }", &[], Desired::Keep),
            ("title = { value = \"title\", default = \"None\" }", &[], text("None")),
            ("title = { default = \"Staff\" }", &[], text("Staff")),
            ("title = \"'a ' ~ title\"", &[], Desired::Clear),
            ("active = \"flag\"", &[("flag", &["TRUE"])], Desired::Value(Datum::Bool(true))),
            ("roles = \"all('role')\"", &[("role", &["a", "b"])], Desired::Value(Datum::Many(vec!["a".into(), "b".into()]))),
        ] {
            let rules = rules(&format!("userName = \"uid\"\n{rule}")).unwrap();
            let mut schema = rules.schema().clone();
            let sample = Sample::new(&mut schema, attributes);
            let cx = Context { now: crate::clock::Instant(0) };
            assert_eq!(rules.desired(1, &sample, &cx), wanted, "{rule}");
        }
        for (rule, attributes, code) in [
            ("active = \"flag\"", &[("flag", &["perhaps"][..])][..], ProblemCode::InvalidValue),
            ("title = \"all('title')\"", &[("title", &["a", "b"])], ProblemCode::InvalidValue),
            ("title = { value = \"title\", required = true }", &[], ProblemCode::MissingRequired),
            ("title = { value = \"to_int(title) + 1\", default = \"x\" }", &[("title", &["abc"])], ProblemCode::MappingError),
        ] {
            let rules = rules(&format!("userName = \"uid\"\n{rule}")).unwrap();
            let mut schema = rules.schema().clone();
            let sample = Sample::new(&mut schema, attributes);
            let cx = Context { now: crate::clock::Instant(0) };
            let Desired::Problem(problem) = rules.desired(1, &sample, &cx) else { panic!("{rule}") };
            assert_eq!(problem.code, code, "{rule}");
        }
    }

    #[test]
    fn the_key_is_folded_and_several_values_are_a_problem() {
        for (rule, attributes, wanted) in [
            ("mail | lower", &[("mail", &["Ann@X"][..])][..], Ok(Some("ann@x"))),
            ("mail", &[("mail", &["Ann@X"])], Ok(Some("ann@x"))),
            ("mail", &[], Ok(None)),
            ("mail", &[("mail", &["a@x", "A@X"])], Ok(Some("a@x"))),
            ("mail", &[("mail", &["a@x", "b@x"])], Err(ProblemCode::SeveralValues)),
            ("mail | lower", &[("mail", &["a@x", "b@x"])], Err(ProblemCode::SeveralValues)),
            ("first(all('mail'))", &[("mail", &["a@x", "b@x"])], Ok(Some("a@x"))),
            ("to_int(uid) + 1", &[("uid", &["x"])], Err(ProblemCode::MappingError)),
        ] {
            let rules = rules(&format!("userName = \"{rule}\"")).unwrap();
            let mut schema = rules.schema().clone();
            let sample = Sample::new(&mut schema, attributes);
            let cx = Context { now: crate::clock::Instant(0) };
            let got = rules.key(&sample, &cx).map(|k| k.map(Cow::into_owned)).map_err(|p| p.code);
            assert_eq!(got, wanted.map(|k| k.map(str::to_owned)), "{rule} {attributes:?}");
        }
    }

    #[test]
    fn a_wrong_mapping_is_told_with_its_place() {
        for (mapping, told) in [
            ("title = \"title\"", "the mapping has no rule for userName"),
            ("userName = \"uid | lowr\"", "r.toml:11:12: "),
            ("userName = \"uid\"\ntitel = \"title\"", "r.toml:12:1: there is no field titel"),
            ("userName = \"uid\"\ntitle = \"a\"\n\"Title\" = \"b\"", "r.toml:13:1: there is no field Title"),
            ("userName = \"uid\"\nactive = { default = \"perhaps\" }", "r.toml:12:1: the default of active: active takes true or false"),
        ] {
            let error = rules(mapping).unwrap_err().to_string();
            assert!(error.starts_with(told), "{error}");
        }
    }
}
