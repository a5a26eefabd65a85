//! The operator's own keys on the screens: they hold, and what is wrong with them is said where one looks.

use super::desk::Desk;
use super::{same_as_before, setting};
use rosterm::tui::Effect;

#[test]
fn own_keys_hold_and_what_is_wrong_is_said_at_the_start_and_in_the_help() {
    let own = "[diff]\nsort = [\"o\"]\nsrot = [\"x\"]\ndown = [\"n\"]\n";
    let mut desk = Desk::small(setting().with_keys("keymap.toml", own));
    let first = desk.frame(80, 24);
    assert!(first.contains("1 of 2, ? lists all: keymap.toml:3: there is no action"), "{first}");
    same_as_before("own-keys-80x24", &first);
    assert!(matches!(&desk.press("o")[..], [Effect::Look(_)]), "o sorts now");
    assert!(desk.press("s").is_empty() && desk.model.notice().is_none(), "s means nothing any more");
    let before = desk.model.cursor();
    desk.press("n");
    assert_ne!(desk.model.cursor(), before);
    desk.press("?");
    desk.type_in("keymap");
    let help = desk.frame(80, 24);
    assert!(help.contains("keymap.toml:3:") && help.contains("keymap.toml:4: n is down now"), "{help}");
    same_as_before("own-keys-help-80x24", &help);
    // They explain, and do nothing.
    assert!(desk.press("enter").is_empty());
    desk.press("ctrl-u");
    desk.type_in("sort by the next");
    let help = desk.frame(80, 24);
    assert!(help.lines().any(|l| l.contains(" o ") && l.contains("sort by")), "{help}");
}
