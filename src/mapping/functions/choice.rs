//! Functions that choose, and those that may see a missing value. Most are nodes of their own, because what is not chosen
//! is not evaluated.

use super::{Example, Function, Prepared, Run, Syntax, any, taken, text};
use crate::mapping::value::{Type, Value};
use std::borrow::Cow;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "coalesce",
        doc: "the first value that is there; missing and blank ones are passed over",
        example: Example {
            expression: "coalesce(mobile, telephoneNumber, '-')",
            attributes: &[("telephoneNumber", &["555"])],
            result: "'555'",
        },
        params: &[any("value").and_more()],
        result: Type::Any,
        run: Run::Syntax(Syntax::Coalesce),
    },
    Function {
        name: "default",
        doc: "the value, or the second one if the first is missing or blank",
        example: Example { expression: "department | default('Unassigned')", attributes: &[], result: "'Unassigned'" },
        params: &[any("value"), any("otherwise")],
        result: Type::Any,
        run: Run::Syntax(Syntax::Coalesce),
    },
    Function {
        name: "if",
        doc: "the second value if the condition holds, else the third; the same as `a if condition else b`",
        example: Example { expression: "if(c == 'DE', 'Berlin', 'London')", attributes: &[("c", &["DE"])], result: "'Berlin'" },
        params: &[any("condition"), any("then"), any("otherwise").or_none()],
        result: Type::Any,
        run: Run::Syntax(Syntax::If),
    },
    Function {
        name: "switch",
        doc: "the value behind the key that equals the first argument; a last one without a key is for all others",
        example: Example {
            expression: "switch(employeeType, 'E', 'employee', 'C', 'contractor', 'other')",
            attributes: &[("employeeType", &["C"])],
            result: "'contractor'",
        },
        params: &[any("value"), any("key"), any("result"), any("...").or_none().and_more()],
        result: Type::Any,
        run: Run::Syntax(Syntax::Switch),
    },
    Function {
        name: "lookup",
        doc: "another name of switch",
        example: Example { expression: "l | lookup('BER', 'Berlin', 'LON', 'London')", attributes: &[("l", &["LON"])], result: "'London'" },
        params: &[any("value"), any("key"), any("result"), any("...").or_none().and_more()],
        result: Type::Any,
        run: Run::Syntax(Syntax::Switch),
    },
    Function {
        name: "lookup_file",
        doc: "the value behind the key in a file of two columns; missing, or the third argument, if the key is not there",
        example: Example { expression: "l | lookup_file('cities.csv', 'elsewhere')", attributes: &[("l", &["BER"])], result: "'Berlin'" },
        params: &[text("key"), text("file"), any("otherwise").or_none()],
        result: Type::Text,
        run: Run::Table(|args, prepared, _| {
            let Prepared::Table(table) = prepared else { return Err("there is no table".to_owned()) };
            let value = table.get(&taken(&mut args[0])).filter(|value| !value.is_empty());
            Ok(value.map_or(Value::Missing, |value| Value::Text(Cow::Borrowed(value))))
        }),
    },
    Function {
        name: "present",
        doc: "true if there is a value that is not blank",
        example: Example { expression: "present(mail)", attributes: &[("mail", &["ann@example.com"])], result: "true" },
        params: &[any("value")],
        result: Type::Bool,
        run: Run::Syntax(Syntax::Present),
    },
    Function {
        name: "empty",
        doc: "true if there is no value, or only blanks",
        example: Example { expression: "empty(mail)", attributes: &[("mail", &["  "])], result: "true" },
        params: &[any("value")],
        result: Type::Bool,
        run: Run::Syntax(Syntax::Empty),
    },
    Function {
        name: "require",
        doc: "the value; an error with this message if it is missing or blank",
        example: Example { expression: "require(mail, 'no mail address')", attributes: &[], result: "error: no mail address" },
        params: &[any("value"), text("message").or_none()],
        result: Type::Any,
        run: Run::Syntax(Syntax::Require),
    },
    Function {
        name: "fail",
        doc: "an error with this message",
        example: Example {
            expression: "mail if ends(mail, '@example.com') else fail('foreign mail')",
            attributes: &[("mail", &["ann@other.example"])],
            result: "error: foreign mail",
        },
        params: &[text("message")],
        result: Type::Any,
        run: Run::Eager(|args, _, _| Err(taken(&mut args[0]).into_owned())),
    },
    Function {
        name: "keep",
        doc: "leaves the account's value as it is",
        example: Example { expression: "title if present(title) else keep()", attributes: &[], result: "keep" },
        params: &[],
        result: Type::Any,
        run: Run::Syntax(Syntax::Keep),
    },
    Function {
        name: "clear",
        doc: "removes the account's value",
        example: Example { expression: "clear() if title == 'none' else title", attributes: &[("title", &["none"])], result: "clear" },
        params: &[],
        result: Type::Any,
        run: Run::Syntax(Syntax::Clear),
    },
];
