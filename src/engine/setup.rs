//! The first configuration: what is asked, what is tried with each answer, and the file that comes of it.
//!
//! Both faces use the same steps: the dialogue of `rosterm init` and the first screen. A [`Draft`] holds what was answered,
//! [`Found`] what was seen on the way; [`question`] words what is asked next, [`answer`] takes it, [`Desk::test`] tries it.
//! All but the last are pure. What must stay true: a draft never holds a secret, only where one is kept, and nothing is
//! written before both ends have answered.

mod ask;
mod desk;
mod draft;
mod file;
mod suggest;
mod words;

pub use ask::{Ask, Test, asks, test_of};
pub use desk::{Desk, Numbers, first_numbers};
pub use draft::{Draft, RuleDraft, answer, is_address, may_hold_secret};
pub use file::text;
pub use suggest::{Preview, preview};
pub use words::{Choice, Question, question, worth_telling};

use crate::source::explore::{Base, Groups};
use crate::source::ldif::Record;
use crate::source::vendor::Settings;
use std::sync::Arc;

/// What was seen on the way.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The settings of the directory.
    pub settings: Option<Settings>,
    /// Where people are.
    pub bases: Vec<Base>,
    /// Which of them is the smallest that holds everybody.
    pub base: usize,
    /// Groups to choose from.
    pub groups: Groups,
    /// Some people.
    pub samples: Arc<Vec<Record>>,
    /// User names of some accounts.
    pub accounts: Vec<String>,
    /// The connection failed on a certificate: an authority of one's own is asked for. The directory's, the service's.
    pub wants_authority: [bool; 2],
    /// Both ends have answered, one after the other.
    pub good: [bool; 2],
}
