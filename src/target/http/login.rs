//! Which of the logins a channel has, in words: what is refused and what to check is said of that one.

use crate::config::Auth;

/// How we prove who we are, without what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// Not at all.
    None,
    /// A token, and where it is kept.
    Token(String),
    /// A user, and where the password is kept.
    Password {
        /// The user.
        user: String,
        /// Where the password is kept.
        place: String,
    },
    /// A token that is granted to a client.
    Client {
        /// The client id.
        id: String,
        /// Where the secret is kept.
        place: String,
        /// The host that grants the token.
        granter: String,
    },
}

impl Login {
    pub(super) fn of(auth: &Auth) -> Self {
        match auth {
            Auth::None => Login::None,
            Auth::Bearer(secret) => Login::Token(secret.place_words()),
            Auth::Basic { user, password } => Login::Password { user: user.clone(), place: password.place_words() },
            Auth::ClientCredentials(granted) => Login::Client {
                id: granted.client_id.clone(),
                place: granted.client_secret.place_words(),
                granter: super::host_of(&granted.token_url.value),
            },
        }
    }

    /// What it is called.
    #[must_use]
    pub fn what(&self) -> &'static str {
        match self {
            Login::None | Login::Token(_) => "the token",
            Login::Password { .. } => "the user and the password",
            Login::Client { .. } => "the token that was granted",
        }
    }

    /// What is said where the service lets us in.
    #[must_use]
    pub fn good(&self) -> String {
        match self {
            Login::None => "the service asks for none".to_owned(),
            Login::Token(_) => "the service lets us in".to_owned(),
            Login::Password { user, .. } => format!("none: the service lets the user {user} in by a password"),
            Login::Client { id, granter, .. } => format!("the service lets us in by the one that {granter} grants to {id}"),
        }
    }

    /// What to check where the service refuses us with this status: 401 where it does not know us, 403 where it does (RFC 9110
    /// section 15.5.4), though some make no difference.
    #[must_use]
    pub fn refused(&self, status: u16) -> String {
        let or = |who: &str| if status == 403 { format!(" Or may {who} not list users?") } else { String::new() };
        match self {
            Login::None => {
                "the service wants a login: set token in the target, or auth for a user and a password or client credentials".to_owned()
            }
            Login::Token(place) => format!("check the token in {place}: expired, revoked, or for another service?{}", or("it")),
            Login::Password { user, place } => format!(
                "we log in by user and password (auth.basic): check the user {user} and the password in {place}: misspelt, changed, or locked? Or does the service want a token?{}",
                or("the user")
            ),
            Login::Client { id, place, granter } => format!(
                "we log in by client credentials, and {granter} does grant a token: check that it is meant for this service (scope), and the rights of the client {id}; its secret, in {place}, was accepted there"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_blames_the_login_that_is_used() {
        let place = || "$S".to_owned();
        for (login, status, told, never) in [
            (Login::None, 401, "the service wants a login", "check the token"),
            (Login::Token(place()), 401, "check the token in $S", "may it not list users"),
            (Login::Token(place()), 403, "Or may it not list users?", "password"),
            (Login::Password { user: "op".to_owned(), place: place() }, 401, "the user op and the password in $S", "check the token"),
            (Login::Password { user: "op".to_owned(), place: place() }, 403, "Or may the user not list users?", "check the token"),
            (
                Login::Client { id: "c1".to_owned(), place: place(), granter: "login.test".to_owned() },
                401,
                "login.test does grant a token",
                "check the token",
            ),
        ] {
            let hint = login.refused(status);
            assert!(hint.contains(told) && !hint.contains(never), "{hint}");
        }
    }
}
