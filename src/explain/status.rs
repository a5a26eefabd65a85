//! Whether the entry is disabled, by which rule and which value.

use super::facts::{Answer, Facts, Looked};
use super::{Line, Said};
use crate::config::{StatusRule, StatusTest};
use crate::model::EntryEvidence;
use crate::source::status::{holds, time};

/// Step 3.
pub(super) fn status(facts: &Facts) -> Vec<Line> {
    let word = |disabled: bool| if disabled { Said::Bad("disabled") } else { Said::Good("enabled") };
    if let Looked::Answer(answer) = &facts.looked
        && let EntryEvidence::Found { disabled, .. } = &answer.evidence
    {
        let default = if facts.settings.default_enabled { "enabled" } else { "disabled" };
        let has = |rule: &StatusRule| answer.values.iter().any(|(name, _)| rule.attribute.is(name));
        if let [rule] = &facts.settings.status[..]
            && !has(rule)
        {
            let text = format!("{} has no value, so {default} ({})", rule.attribute, test(rule, "it"));
            return vec![Line::said(text, word(*disabled))];
        }
        let mut lines: Vec<Line> = facts.settings.status.iter().map(|rule| line(answer, rule)).collect();
        if lines.iter().all(|l| l.verdict == Said::Nothing) {
            lines.push(Line::said(format!("no rule says anything; then everybody is {default}"), word(*disabled)));
        }
        if facts.read.as_ref().is_some_and(|read| read.disabled != *disabled) {
            lines.push(Line::said("the last read said otherwise: read again", Said::Open("changed")));
        }
        return lines;
    }
    let rules: Vec<String> = facts.settings.status.iter().map(|rule| test(rule, rule.attribute.as_str())).collect();
    let rules = if rules.is_empty() { "there is no status rule".to_owned() } else { rules.join("; ") };
    match (&facts.read, &facts.evidence) {
        (Some(read), _) => vec![Line::said(format!("by the last read ({rules})"), word(read.disabled))],
        (None, Some(EntryEvidence::Found { disabled, .. })) => vec![Line::said(format!("by the look-up ({rules})"), word(*disabled))],
        _ => Vec::new(),
    }
}

/// What one rule says of a value.
fn line(answer: &Answer, rule: &StatusRule) -> Line {
    let name = rule.attribute.as_str();
    let value = answer.values.iter().find(|(n, _)| rule.attribute.is(n)).map(|(_, value)| value.as_str());
    let Some(value) = value else {
        return Line::new(format!("{name} has no value ({})", test(rule, "it")));
    };
    let holds = holds(&rule.test, value, answer.at);
    let said = match &rule.test {
        StatusTest::Equals(_) if holds => format!("the value that {}", if rule.enables { "enables" } else { "disables" }),
        StatusTest::Equals(text) => format!("not {text}"),
        StatusTest::Bits(mask) => format!("bit {mask} {}", if holds { "is set" } else { "not set" }),
        StatusTest::Present => if holds { "it has a value" } else { "it is empty" }.to_owned(),
        StatusTest::Past => past(value, holds),
    };
    let disables = holds != rule.enables;
    Line::said(format!("{name} = {value}, {said}"), if disables { Said::Bad("disabled") } else { Said::Good("enabled") })
}

fn past(value: &str, holds: bool) -> String {
    let when = time(value).map(|t| format!(" ({})", super::directory::moment(t))).unwrap_or_default();
    match (time(value), holds) {
        (None, _) => "that is never".to_owned(),
        (_, true) => format!("that has passed{when}"),
        (_, false) => format!("that is to come{when}"),
    }
}

/// What a rule asks of an attribute, in words.
fn test(rule: &StatusRule, name: &str) -> String {
    let verb = if rule.enables { "enabled" } else { "disabled" };
    match &rule.test {
        StatusTest::Equals(text) => format!("{verb} when {name} is {text}"),
        StatusTest::Bits(mask) => format!("{verb} when {name} has bit {mask}"),
        StatusTest::Present => format!("{verb} when {name} has a value"),
        StatusTest::Past => format!("{verb} when {name} has passed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Instant;
    use crate::identity::AttributeName;

    #[test]
    fn each_rule_tells_what_it_looked_at_and_what_that_means() {
        let rule = |attribute: &str, test, enables| StatusRule { attribute: AttributeName::new(attribute), test, enables };
        let control = || rule("userAccountControl", StatusTest::Bits(2), false);
        let expires = || rule("accountExpires", StatusTest::Past, false);
        let active = || rule("active", StatusTest::Equals("yes".into()), true);
        let left = || rule("leftOn", StatusTest::Present, false);
        for (rule, value, told, word) in [
            (control(), Some("512"), "userAccountControl = 512, bit 2 not set", "enabled"),
            (control(), Some("514"), "userAccountControl = 514, bit 2 is set", "disabled"),
            (control(), None, "userAccountControl has no value (disabled when it has bit 2)", ""),
            (expires(), Some("9223372036854775807"), "accountExpires = 9223372036854775807, that is never", "enabled"),
            (expires(), Some("20200101000000Z"), "accountExpires = 20200101000000Z, that has passed (2020-01-01 00:00 UTC)", "disabled"),
            (expires(), Some("20990101000000Z"), "accountExpires = 20990101000000Z, that is to come (2099-01-01 00:00 UTC)", "enabled"),
            (active(), Some("YES"), "active = YES, the value that enables", "enabled"),
            (active(), Some("no"), "active = no, not yes", "disabled"),
            (left(), Some("x"), "leftOn = x, it has a value", "disabled"),
        ] {
            let answer = Answer {
                evidence: EntryEvidence::NotFound { base: String::new() },
                values: value.map(|v| (rule.attribute.to_string(), v.to_owned())).into_iter().collect(),
                changed: None,
                at: Instant(1_795_315_222),
            };
            let line = line(&answer, &rule);
            assert_eq!((line.text.as_str(), line.verdict.word()), (told, word));
        }
    }
}
