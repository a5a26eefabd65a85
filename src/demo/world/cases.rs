//! Every line of the table of situations, as somebody to whom it happened: entry, account, link, hold, and the truth.

mod managers;

use super::people::Person;
use super::{Inactive, Maker};
use crate::clock::Instant;
use crate::identity::{AccountId, EntryId};
use crate::model::{Action, Hold, HoldOn, Reason, Situation};
use serde_json::json;

pub(super) type Case = fn(&mut Maker);

/// Every case, in turn.
pub(super) const CASES: &[Case] = &[
    |m| m.in_sync(true),
    |m| m.in_sync(false),
    Maker::in_sync_but_for_case,
    |m| m.changed(true),
    |m| m.changed(false),
    Maker::cleared,
    Maker::renamed,
    Maker::renamed_by_external_id,
    Maker::new_person,
    Maker::account_gone,
    Maker::skipped,
    |m| m.leaving_disabled(true),
    |m| m.leaving_disabled(false),
    Maker::leaving_with_a_broken_mapping,
    Maker::leaving_deleted,
    Maker::leaving_out_of_group,
    Maker::leaving_out_of_base,
    Maker::leaving_out_of_filter,
    Maker::leaving_disabled_elsewhere,
    |m| m.left_disabled(true),
    |m| m.left_disabled(false),
    Maker::left_deleted,
    |m| m.returning(true),
    |m| m.returning(false),
    Maker::duplicates_in_source,
    Maker::duplicates_in_target,
    Maker::created_anew,
    Maker::twin_of_a_linked_person,
    Maker::rename_collision,
    Maker::link_suspect,
    Maker::mapping_error,
    Maker::missing_required,
    Maker::invalid_value,
    Maker::several_values,
    Maker::immutable_changed,
    Maker::unmatched,
    Maker::other_channel,
    Maker::held_entry,
    Maker::held_account,
    Maker::outside,
    Maker::manager_is_shown,
    Maker::manager_changed,
    Maker::manager_has_no_account,
    Maker::manager_is_gone,
    Maker::manager_is_not_in_scope,
];

impl Maker {
    pub(super) fn in_sync(&mut self, linked: bool) {
        let (person, _) = self.fine(linked, |_, _| ());
        let (case, action) = if linked { ("in sync, linked", Action::None) } else { ("in sync, by key", Action::Link) };
        self.truth(case, &person, Situation::InSync, None, action);
    }

    pub(super) fn in_sync_but_for_case(&mut self) {
        let dialect = self.plan.dialect;
        let (person, _) = self.fine(false, |person, resource| {
            let name = dialect.name(&person.uid);
            resource.insert("userName".to_owned(), json!(name.to_uppercase()));
            resource.insert("emails".to_owned(), json!([{"value": person.mail.to_uppercase(), "type": "WORK"}, {"value": "home@example.net", "type": "home", "primary": true}]));
            resource.insert("nickName".to_owned(), json!(""));
        });
        self.truth("in sync but for letter case", &person, Situation::InSync, None, Action::Link);
    }

    pub(super) fn changed(&mut self, linked: bool) {
        let (person, _) = self.fine(linked, |person, _| person.title = Some("Chief of Something".to_owned()));
        self.truth(if linked { "changed, linked" } else { "changed, by key" }, &person, Situation::Changed, None, Action::Update);
    }

    pub(super) fn cleared(&mut self) {
        let (person, _) = self.fine(true, |person, resource| {
            resource.insert("title".to_owned(), json!("Was something"));
            person.title = None;
        });
        self.truth("a value to clear", &person, Situation::Changed, None, Action::Update);
    }

    pub(super) fn renamed(&mut self) {
        let (person, _) = self.fine(true, |person, _| person.uid = format!("{}-married", person.uid));
        self.truth_of_name("renamed, linked", &person);
    }

    pub(super) fn renamed_by_external_id(&mut self) {
        if !self.plan.external_ids {
            return self.in_sync(false);
        }
        let (person, _) = self.fine(false, |person, _| person.uid = format!("{}-moved", person.uid));
        self.truth_of_name("renamed, found by externalId", &person);
    }

    /// Only the user name differs, which not every service lets be changed.
    fn truth_of_name(&mut self, case: &'static str, person: &Person) {
        if self.plan.dialect.fixes_names() {
            self.truth(case, person, Situation::Invalid, Some(Reason::ImmutableChanged), Action::None);
        } else {
            self.truth(case, person, Situation::Changed, None, Action::Update);
        }
    }

    pub(super) fn new_person(&mut self) {
        let person = self.person();
        self.entry(&person, true);
        self.truth("new", &person, Situation::New, Some(Reason::FirstSeen), Action::Create);
    }

    pub(super) fn account_gone(&mut self) {
        let person = self.person();
        self.entry(&person, true);
        self.account_ids += 1;
        let gone = format!("gone-{}", self.account_ids);
        self.link(&person.id, &gone, &[&self.name(&person.uid)]);
        self.truth("the linked account is gone", &person, Situation::New, Some(Reason::AccountGone), Action::Create);
    }

    pub(super) fn skipped(&mut self) {
        let mut person = self.person();
        person.disabled = true;
        self.entry(&person, true);
        self.truth("disabled, no account", &person, Situation::Skipped, Some(Reason::Disabled), Action::None);
    }

    pub(super) fn leaving_disabled(&mut self, linked: bool) {
        let (person, _) = self.fine(linked, |person, _| person.disabled = true);
        self.truth(
            if linked { "disabled, linked" } else { "disabled, by key" },
            &person,
            Situation::Leaving,
            Some(Reason::Disabled),
            Action::Disable,
        );
    }

    pub(super) fn leaving_with_a_broken_mapping(&mut self) {
        let (person, _) = self.fine(true, |person, _| {
            person.disabled = true;
            person.number = "none".to_owned();
            person.mail = String::new();
        });
        self.truth("disabled, mapping broken", &person, Situation::Leaving, Some(Reason::Disabled), Action::Disable);
    }

    /// Somebody with a linked account who is not in scope; `change` says where they are, `None` that they are nowhere.
    pub(super) fn leaver(&mut self, case: &'static str, reason: Reason, active: bool, change: Option<fn(&mut Person) -> bool>) {
        let mut person = self.person();
        let mut resource = self.account(&person);
        if !active {
            resource.insert("active".to_owned(), json!(false));
        }
        let account = self.add_account(resource);
        self.link(&person.id, &account, &[&self.name(&person.uid), &person.mail]);
        if !active && self.plan.inactive != Inactive::Listed {
            // Neither in the directory nor in the listing: nobody has a row to be seen in.
            return;
        }
        if let Some(change) = change {
            let in_group = change(&mut person);
            self.entry(&person, in_group);
        }
        let (situation, action) = if active { (Situation::Leaving, Action::Disable) } else { (Situation::Left, Action::None) };
        self.truth_of_account(case, &account, situation, Some(reason), action);
    }

    pub(super) fn leaving_deleted(&mut self) {
        self.leaver("deleted", Reason::Deleted, true, None);
    }

    pub(super) fn leaving_out_of_group(&mut self) {
        self.leaver("left the group", Reason::OutOfScope, true, Some(|_| false));
    }

    pub(super) fn leaving_out_of_base(&mut self) {
        self.leaver(
            "moved out of the base",
            Reason::OutOfScope,
            true,
            Some(|p| {
                p.unit = "ou=former";
                true
            }),
        );
    }

    pub(super) fn leaving_out_of_filter(&mut self) {
        self.leaver(
            "does not match the filter any more",
            Reason::OutOfScope,
            true,
            Some(|p| {
                p.external = true;
                true
            }),
        );
    }

    pub(super) fn leaving_disabled_elsewhere(&mut self) {
        self.leaver(
            "disabled and moved away",
            Reason::Disabled,
            true,
            Some(|p| {
                p.unit = "ou=former";
                p.disabled = true;
                false
            }),
        );
    }

    pub(super) fn left_deleted(&mut self) {
        self.leaver("deleted, account inactive", Reason::Deleted, false, None);
    }

    pub(super) fn left_disabled(&mut self, linked: bool) {
        let (person, _) = self.fine(linked, |person, resource| {
            person.disabled = true;
            resource.insert("active".to_owned(), json!(false));
        });
        if !linked && self.plan.inactive != Inactive::Listed {
            return self.truth("disabled, account hidden", &person, Situation::Skipped, Some(Reason::Disabled), Action::None);
        }
        let action = if linked { Action::None } else { Action::Link };
        self.truth(
            if linked { "disabled, account inactive" } else { "disabled, account inactive, by key" },
            &person,
            Situation::Left,
            Some(Reason::Disabled),
            action,
        );
    }

    pub(super) fn returning(&mut self, linked: bool) {
        let (person, _) = self.fine(linked, |_, resource| {
            resource.insert("active".to_owned(), json!(false));
        });
        if !linked && self.plan.inactive > Inactive::Filtered {
            return self.truth("back, account hidden", &person, Situation::New, Some(Reason::FirstSeen), Action::Create);
        }
        self.truth(if linked { "back, linked" } else { "back, by key" }, &person, Situation::Returning, None, Action::Enable);
    }

    pub(super) fn duplicates_in_source(&mut self) {
        let first = self.person();
        let mut second = self.person();
        second.uid = first.uid.to_uppercase();
        // With an account that has neither's id, nobody can say whose it is.
        if self.rng.bool() {
            let mut resource = self.account(&first);
            resource.remove("externalId");
            self.add_account(resource);
        }
        for person in [&first, &second] {
            self.entry(person, true);
            self.truth("two people with one user name", person, Situation::Ambiguous, Some(Reason::DuplicateInSource), Action::None);
        }
    }

    pub(super) fn duplicates_in_target(&mut self) {
        let person = self.person();
        if !self.plan.twin_accounts {
            self.entry(&person, true);
            self.truth("new", &person, Situation::New, Some(Reason::FirstSeen), Action::Create);
            return;
        }
        for name in [self.name(&person.uid), self.name(&person.uid).to_uppercase()] {
            let mut resource = self.account(&person);
            resource.remove("externalId");
            resource.insert("userName".to_owned(), json!(name));
            self.add_account(resource);
        }
        self.entry(&person, true);
        self.truth("two accounts with one user name", &person, Situation::Ambiguous, Some(Reason::DuplicateInTarget), Action::None);
    }

    pub(super) fn created_anew(&mut self) {
        let before = self.person();
        let resource = self.account(&before);
        let account = self.add_account(resource);
        self.link(&before.id, &account, &[&self.name(&before.uid)]);
        self.truth_of_account(
            "deleted and created anew: the account",
            &account,
            Situation::Leaving,
            Some(Reason::Deleted),
            Action::Disable,
        );
        let mut after = self.person();
        after.uid.clone_from(&before.uid);
        self.entry(&after, true);
        self.truth("deleted and created anew", &after, Situation::Ambiguous, Some(Reason::LinkedElsewhere), Action::None);
    }

    pub(super) fn twin_of_a_linked_person(&mut self) {
        let (person, _) = self.fine(true, |_, _| ());
        self.truth("in sync, linked, has a twin", &person, Situation::InSync, None, Action::None);
        let mut twin = self.person();
        twin.uid.clone_from(&person.uid);
        self.entry(&twin, true);
        self.truth("twin of a linked person", &twin, Situation::Ambiguous, Some(Reason::LinkedElsewhere), Action::None);
    }

    pub(super) fn rename_collision(&mut self) {
        let stranger = self.person();
        let mut resource = self.account(&stranger);
        resource.remove("externalId");
        self.add_account(resource);
        let (person, _) = self.fine(true, |person, _| person.uid.clone_from(&stranger.uid));
        self.truth("renamed to a name that is taken", &person, Situation::Ambiguous, Some(Reason::RenameCollision), Action::None);
    }

    pub(super) fn link_suspect(&mut self) {
        let person = self.person();
        let mut resource = self.account(&person);
        resource.insert("userName".to_owned(), json!(self.name(&format!("stranger-{}", person.number))));
        resource.insert("emails".to_owned(), json!([{"value": format!("stranger-{}@example.net", person.number), "type": "work"}]));
        resource.remove("externalId");
        let account = self.add_account(resource);
        self.link(&person.id, &account, &[&self.name(&person.uid), &person.mail]);
        self.entry(&person, true);
        self.truth("the linked account is somebody else's", &person, Situation::Ambiguous, Some(Reason::LinkSuspect), Action::None);
    }

    pub(super) fn mapping_error(&mut self) {
        let (person, _) = self.fine(true, |person, _| person.number = "n/a".to_owned());
        self.truth("a rule fails", &person, Situation::Invalid, Some(Reason::MappingError), Action::None);
    }

    pub(super) fn missing_required(&mut self) {
        let mut person = self.person();
        person.mail = String::new();
        self.entry(&person, true);
        self.truth("no e-mail address", &person, Situation::Invalid, Some(Reason::MissingRequired), Action::None);
    }

    pub(super) fn invalid_value(&mut self) {
        let (person, _) = self.fine(true, |person, _| person.mail = "not an address".to_owned());
        self.truth("an e-mail address that is none", &person, Situation::Invalid, Some(Reason::InvalidValue), Action::None);
    }

    pub(super) fn several_values(&mut self) {
        let mut person = self.person();
        person.second_uid = Some(format!("{}-2", person.uid));
        self.entry(&person, true);
        self.truth("two values of the match attribute", &person, Situation::Invalid, Some(Reason::SeveralValues), Action::None);
    }

    pub(super) fn immutable_changed(&mut self) {
        let (person, _) = self.fine(true, |person, _| person.number = format!("9{}", person.number));
        if self.plan.dialect.fixes_numbers() {
            self.truth("only a field differs that can't change", &person, Situation::Invalid, Some(Reason::ImmutableChanged), Action::None);
        } else {
            self.truth("another number", &person, Situation::Changed, None, Action::Update);
        }
    }

    pub(super) fn unmatched(&mut self) {
        let person = self.person();
        let mut resource = self.account(&person);
        resource.insert("userName".to_owned(), json!(self.name(&format!("svc-{}", person.uid))));
        let account = self.add_account(resource);
        self.truth_of_account("an account of nobody's", &account, Situation::Unmatched, Some(Reason::NeverLinked), Action::None);
    }

    pub(super) fn other_channel(&mut self) {
        let person = self.person();
        let resource = self.account(&person);
        let account = self.add_account(resource);
        self.link_of("contractors", &person.id, &account, &[&self.name(&person.uid)]);
        self.truth_of_account("another channel's account", &account, Situation::Unmatched, Some(Reason::OtherChannel), Action::None);
    }

    pub(super) fn hold(&mut self, on: HoldOn) {
        let hold = Hold { reason: "asked for by HR".to_owned(), author: "op".to_owned(), since: Instant(1_760_000_000), until: None };
        self.world.holds.push((on, hold));
    }

    pub(super) fn held_entry(&mut self) {
        let (person, _) = self.fine(true, |person, _| person.disabled = true);
        self.hold(HoldOn::Entry(EntryId::new(person.id.as_str())));
        self.truth("held, would leave", &person, Situation::Held, Some(Reason::Disabled), Action::None);
    }

    pub(super) fn held_account(&mut self) {
        let person = self.person();
        let mut resource = self.account(&person);
        resource.insert("userName".to_owned(), json!(self.name(&format!("svc-{}", person.uid))));
        let account = self.add_account(resource);
        self.hold(HoldOn::Account(AccountId::new(account.as_str())));
        self.truth_of_account("held, unmatched", &account, Situation::Held, Some(Reason::NeverLinked), Action::None);
    }

    /// Somebody who never was in scope: no row at all.
    pub(super) fn outside(&mut self) {
        let mut person = self.person();
        person.external = self.rng.bool();
        let in_group = person.external;
        self.entry(&person, in_group);
    }
}
