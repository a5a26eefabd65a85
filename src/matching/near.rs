//! Who else it might be: people and accounts that nothing pairs and that look alike. For a human to choose from; nothing is ever
//! paired by likeness.

use crate::identity::value::key_form;

/// What somebody is known by. Empty texts are nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The user name.
    pub user_name: String,
    /// E-mail addresses.
    pub mails: Vec<String>,
    /// Numbers that tell people apart: `externalId`, `employeeNumber`.
    pub numbers: Vec<String>,
    /// The person's name.
    pub name: String,
}

/// In what two are alike, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sign {
    /// An e-mail address.
    Mail,
    /// A number.
    Number,
    /// The user name.
    UserName,
    /// The person's name.
    Name,
    /// The user name of one is what stands before the @ of the other's address.
    MailLocal,
    /// The letters of the user names.
    Letters,
    /// The user names, but for a slip of the finger.
    NearUserName,
    /// The persons' names, but for a slip of the finger.
    NearName,
}

impl Sign {
    /// The words for an operator.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Sign::Mail => "the same e-mail",
            Sign::Number => "the same number",
            Sign::UserName => "the same user name",
            Sign::Name => "the same name",
            Sign::MailLocal => "the user name is in the e-mail",
            Sign::Letters => "the user name but for digits and signs",
            Sign::NearUserName => "nearly the same user name",
            Sign::NearName => "nearly the same name",
        }
    }

    fn weight(self) -> u32 {
        match self {
            Sign::Mail => 100,
            Sign::Number => 90,
            Sign::UserName => 80,
            Sign::Name => 60,
            Sign::MailLocal => 50,
            Sign::Letters => 45,
            Sign::NearUserName => 35,
            Sign::NearName => 25,
        }
    }
}

/// The same in the forms in which they are compared.
#[derive(Debug, Clone, Default)]
pub struct Compared {
    user_name: String,
    letters: String,
    mails: Vec<String>,
    locals: Vec<String>,
    numbers: Vec<String>,
    name: String,
}

impl Compared {
    /// The comparison forms.
    #[must_use]
    pub fn of(known: &Known) -> Self {
        let forms = |texts: &[String]| texts.iter().map(|t| key_form(t).into_owned()).filter(|t| !t.is_empty()).collect::<Vec<_>>();
        let user_name = key_form(&known.user_name).into_owned();
        let local = |text: &String| text.split_once('@').map(|(local, _)| local.to_owned()).filter(|l| !l.is_empty());
        let mails = forms(&known.mails);
        // Whoever has an address for a user name has the same before the @.
        let own = local(&user_name).unwrap_or_else(|| user_name.clone());
        Compared {
            letters: own.chars().filter(|c| c.is_alphabetic()).collect(),
            locals: mails.iter().filter_map(local).collect(),
            user_name: own,
            mails,
            numbers: forms(&known.numbers),
            name: words_of(&known.name),
        }
    }

    /// In what two are alike, the strongest first.
    #[must_use]
    pub fn signs(&self, other: &Compared) -> Vec<Sign> {
        let share = |a: &[String], b: &[String]| a.iter().any(|x| b.contains(x));
        let same = |a: &str, b: &str, least: usize| a.len() >= least && a == b;
        let mut signs = Vec::new();
        let mut say = |holds: bool, sign: Sign| {
            if holds {
                signs.push(sign);
            }
            holds
        };
        say(share(&self.mails, &other.mails), Sign::Mail);
        say(share(&self.numbers, &other.numbers), Sign::Number);
        let named = say(same(&self.user_name, &other.user_name, 1), Sign::UserName);
        let called = say(same(&self.name, &other.name, 3), Sign::Name);
        if !named {
            let in_mail = other.locals.contains(&self.user_name) || self.locals.contains(&other.user_name);
            let letters = say(in_mail, Sign::MailLocal) | say(same(&self.letters, &other.letters, 3), Sign::Letters);
            if !letters {
                say(is_slip(&self.user_name, &other.user_name, 5), Sign::NearUserName);
            }
        }
        if !called {
            say(is_slip(&self.name, &other.name, 8), Sign::NearName);
        }
        signs
    }
}

/// How much signs weigh together.
#[must_use]
pub fn weight(signs: &[Sign]) -> u32 {
    signs.iter().map(|s| s.weight()).sum()
}

/// The words of a name in their own order: whether the family name comes first says nothing.
fn words_of(name: &str) -> String {
    let form = key_form(name);
    let mut words: Vec<&str> = form.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    words.sort_unstable();
    words.join(" ")
}

/// The longest text that is looked at letter by letter.
const LONGEST: usize = 64;

/// One letter too many, too few, or in the wrong place, in texts of at least so many letters.
fn is_slip(a: &str, b: &str, least: usize) -> bool {
    let long = |t: &str| t.len() >= least && t.len() <= LONGEST;
    long(a) && long(b) && a.len().abs_diff(b.len()) <= 2 && a != b && strsim::damerau_levenshtein(a, b) == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(user_name: &str, mail: &str, number: &str, name: &str) -> Compared {
        let list = |text: &str| if text.is_empty() { Vec::new() } else { vec![text.to_owned()] };
        Compared::of(&Known { user_name: user_name.into(), mails: list(mail), numbers: list(number), name: name.into() })
    }

    #[test]
    fn what_is_alike_is_told_and_what_is_not_is_nothing() {
        let kim = known("kwong", "Kim.Wong@example.com", "4711", "Kim Wong");
        for (other, signs) in [
            (known("KWONG", "", "", ""), vec![Sign::UserName]),
            (known("kwong-2", "", "", "Wong, Kim"), vec![Sign::Name, Sign::Letters]),
            (known("x", "kim.wong@EXAMPLE.com", "", ""), vec![Sign::Mail]),
            (known("kim.wong", "", "", ""), vec![Sign::MailLocal]),
            (known("kim.wong@example.net", "", "", ""), vec![Sign::MailLocal]),
            (known("kwnog", "", "4711", "Kim Wonng"), vec![Sign::Number, Sign::NearUserName, Sign::NearName]),
            (known("kwang1", "", "", ""), vec![]),
            (known("jdoe", "j.doe@example.com", "1", "John Doe"), vec![]),
            (known("", "", "", ""), vec![]),
        ] {
            assert_eq!(kim.signs(&other), signs, "{other:?}");
            assert_eq!(other.signs(&kim), signs, "likeness has no direction");
            assert!(signs.is_sorted() && (weight(&signs) > 0) != signs.is_empty());
        }
        assert_eq!(known("", "", "", "").signs(&known("", "", "", "")), vec![]);
    }
}
