//! People and their managers: shown, another one, without account, gone, out of scope.

use crate::demo::world::{BASE, Maker};
use crate::model::{Action, Reason, Situation};

impl Maker {
    /// Somebody in sync but for what is said about the manager; `boss` makes the manager, and tells their DN and account.
    fn managed(&mut self, case: &'static str, situation: Situation, action: Action, boss: fn(&mut Self) -> (String, Option<String>)) {
        if !self.plan.managers {
            return self.in_sync(true);
        }
        let (dn, shown) = boss(self);
        let dialect = self.plan.dialect;
        let (person, _) = self.fine(true, |person, resource| {
            person.manager = Some(dn);
            if let Some(shown) = shown {
                dialect.set_manager(resource, &shown);
            }
        });
        self.truth(case, &person, situation, None, action);
    }

    /// A manager in scope, linked or not, and their account.
    fn boss(&mut self, linked: bool) -> (String, String) {
        let (boss, account) = self.fine(linked, |_, _| ());
        let (case, action) = if linked { ("in sync, linked", Action::None) } else { ("in sync, by key", Action::Link) };
        self.truth(case, &boss, Situation::InSync, None, action);
        (boss.dn(), account)
    }

    pub(super) fn manager_is_shown(&mut self) {
        self.managed("the manager is shown", Situation::InSync, Action::None, |m| {
            let linked = m.rng.bool();
            let (dn, account) = m.boss(linked);
            (dn, Some(account))
        });
    }

    pub(super) fn manager_changed(&mut self) {
        self.managed("another manager is shown", Situation::Changed, Action::Update, |m| {
            let ((dn, _), (_, other)) = (m.boss(true), m.boss(true));
            (dn, Some(other))
        });
    }

    pub(super) fn manager_has_no_account(&mut self) {
        self.managed("the manager has no account yet: what is shown is kept", Situation::InSync, Action::None, |m| {
            let (_, other) = m.boss(true);
            let boss = m.person();
            m.entry(&boss, true);
            m.truth("new", &boss, Situation::New, Some(Reason::FirstSeen), Action::Create);
            (boss.dn(), Some(other))
        });
    }

    pub(super) fn manager_is_gone(&mut self) {
        self.managed("the manager is gone: what is shown is kept", Situation::InSync, Action::None, |m| {
            let (_, other) = m.boss(true);
            (format!("uid=long-gone,ou=people,{BASE}"), Some(other))
        });
    }

    pub(super) fn manager_is_not_in_scope(&mut self) {
        self.managed("the manager is another channel's, and not shown", Situation::Changed, Action::Update, |m| {
            let (_, other) = m.boss(true);
            let mut boss = m.person();
            boss.unit = "ou=former";
            m.entry(&boss, false);
            let resource = m.account(&boss);
            let account = m.add_account(resource);
            m.link_of("contractors", &boss.id, &account, &[&m.name(&boss.uid)]);
            m.truth_of_account("another channel's account", &account, Situation::Unmatched, Some(Reason::OtherChannel), Action::None);
            (boss.dn(), Some(other))
        });
    }
}
