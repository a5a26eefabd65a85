//! The check of a directory: everything that a read needs, one step after the other, each with what was seen.
//!
//! Nothing here is another way of doing what a read does: the same connection is made, the same group is read, and the last
//! steps are a read. Only counting is added, and that with names only.

use super::count::{Counted, count_of};
use super::dial::{Dialer, Seen, Stage, Tls, Unusable};
use super::failure::Failure;
use super::session::Session;
use super::{Ldap, check_base, check_group, checked_filter, reader};
use crate::clock::Instant;
use crate::config::{LdapConfig, LdapUrl, SettingsConfig, SourceConfig};
use crate::error::{Error, Kind};
use crate::identity::dn::DnKey;
use crate::model::step::{Step, StepVerdict};
use crate::source::survey::{Teller, survey};
use crate::source::{Source, vendor};
use crate::text::count;

/// A certificate that ends within so many days is worth a warning.
const SOON: i64 = 30;

/// A session with a server, and what is known about it.
pub(super) struct Arrived {
    pub session: Session,
    pub dialer: Dialer,
    pub settings: vendor::Settings,
}

/// The first steps: from what the configuration names to a bound session and its vendor.
pub(super) async fn arrive<T: FnMut(Step)>(
    ldap: &LdapConfig,
    overrides: &SettingsConfig,
    now: Instant,
    teller: &mut Teller<T>,
) -> Option<Arrived> {
    let dialer = match Dialer::new(ldap).await {
        Ok(dialer) => dialer,
        Err(error) => {
            teller.fail("prepare", &error);
            return None;
        }
    };
    teller.tell(Step::good("prepare", prepared(ldap)));
    let connection = reach(ldap, &dialer, now, teller).await?;
    let session = match Session::over(connection).await {
        Ok(session) => session,
        Err(error) => {
            teller.fail("vendor", &error);
            return None;
        }
    };
    let settings = match vendor::settings(&ldap.vendor, overrides, |name, part| session.root.shows(name, part)) {
        Ok(settings) => settings,
        Err(error) => {
            teller.fail("vendor", &error);
            return None;
        }
    };
    teller.tell(if session.root.is_hidden() {
        Step::warning(
            "vendor",
            format!("the server shows nothing of itself: {}", settings.words()),
            "set vendor, so that nothing is guessed",
        )
    } else {
        Step::good("vendor", settings.words())
    });
    Some(Arrived { session, dialer, settings })
}

/// See [`Source::check`].
pub async fn check<T: FnMut(Step)>(ldap: &LdapConfig, config: &SourceConfig, now: Instant, teller: &mut Teller<T>) -> Option<Source> {
    let Arrived { mut session, dialer, settings } = arrive(ldap, &config.settings, now, teller).await?;
    let url = session.connection.url.clone();
    let base = &config.location.base_dn;
    let who = reader(ldap);
    if let Err(error) = check_base(&mut session, base, &who).await {
        teller.fail("base", &error);
        return None;
    }
    let under_base = count_of(&mut session, &Counted::of(&config.location, "(objectClass=*)", ldap.page_size)).await;
    let unseen = under_base.as_ref().is_ok_and(|count| config.location.scope.shows_nothing(*count)).then(|| blind(&who));
    let under_base = counted(under_base);
    let mut session = usable(session, &dialer, "filter", teller).await?;
    teller.tell(match &unseen {
        Some(hint) => {
            Step::warning("base", format!("{}: nothing is seen below it, not even with (objectClass=*)", base.value), hint.clone())
        }
        None => Step::good("base", format!("{}: {under_base} entries", base.value)),
    });

    let filter = match checked_filter(config, &settings) {
        Ok(filter) => filter,
        Err(error) => {
            teller.fail("filter", &error);
            return None;
        }
    };
    let matching = match count_of(&mut session, &Counted::of(&config.location, &filter, ldap.page_size)).await {
        // Whether a limit stands in the way of the read, the read tells.
        Err(failure) if failure.code.is_some_and(|code| ![3, 4, 11].contains(&code)) => {
            teller.fail("filter", &failure.into_error(&url, &format!("the filter {filter}")));
            return None;
        }
        other => counted(other),
    };
    teller.tell(Step::good("filter", format!("{filter}: {matching} entries match")));
    let mut session = usable(session, &dialer, "group", teller).await?;

    let mut before = vec![format!("under the base {under_base}"), format!("match the filter {matching}")];
    if let Some(group) = &config.location.group_dn
        && let Err(error) = check_group(&mut session, group, &settings).await
    {
        teller.fail("group", &error);
        return None;
    }
    let mut opened = Ldap::over(session, dialer, ldap, config, settings, filter, now);
    match &config.location.group_dn {
        None => teller.tell(Step::skipped("group", "the location names no group")),
        Some(group) => match opened.check_members().await {
            Ok(members) => {
                let outside = members.outside(&DnKey::of(&base.value), config.location.scope);
                let mut told = vec![format!("{} has {} members", group.value, count(members.len()))];
                told.extend(members.ways().map(str::to_owned));
                told.push(format!("{} outside of the base", count(outside)));
                before.push(format!("in the group {}", count(members.len())));
                teller.tell(if members.is_empty() {
                    Step::warning("group", told.join("; "), "nobody is in the group: check group_dn and nested_groups")
                } else {
                    Step::good("group", told.join("; "))
                });
            }
            Err(failure) => {
                let error = Error::new(Kind::Incomplete, format!("{}: {}", failure.cause.words(), failure.detail));
                teller.fail("group", &error.hint("check that bind_dn may read the group, the groups in it and what tells membership"));
                return None;
            }
        },
    }
    let mut source = Source::Ldap(Box::new(opened));
    survey(&mut source, &before, unseen.as_deref(), teller).await.then_some(source)
}

/// The session, or another one where a count was broken off.
async fn usable<T: FnMut(Step)>(mut session: Session, dialer: &Dialer, step: &'static str, teller: &mut Teller<T>) -> Option<Session> {
    if session.connection.is_usable() {
        return Some(session);
    }
    Session::open(dialer).await.map_err(|error| teller.fail(step, &error)).ok()
}

/// What the configuration names besides the server.
fn prepared(ldap: &LdapConfig) -> String {
    let password = ldap.password.as_ref().map(|p| format!("the password was read from {}", p.place_words()));
    let authority = ldap.ca_file.as_ref().map(|f| format!("certificates are checked against {}", f.display()));
    let told: Vec<String> = [password, authority].into_iter().flatten().collect();
    if told.is_empty() { "neither password nor certificate authorities are named".to_owned() } else { told.join("; ") }
}

/// Tries every URL; tells the steps of the first that works, and the others as warnings.
async fn reach<T: FnMut(Step)>(
    ldap: &LdapConfig,
    dialer: &Dialer,
    now: Instant,
    teller: &mut Teller<T>,
) -> Option<super::connection::Connection> {
    let (mut used, mut others) = (None, Vec::new());
    for url in &ldap.urls {
        let mut seen = Seen::default();
        match dialer.try_url(url, &mut seen).await {
            Ok(connection) if used.is_none() => used = Some((url, seen, connection)),
            Ok(_) => others.push((url, seen, None)),
            Err(why) => {
                let last = why.last;
                others.push((url, seen, Some(why)));
                if last {
                    // Each try counts towards the lock-out of the account.
                    break;
                }
            }
        }
    }
    if let Some((url, seen, connection)) = used {
        for step in passed(ldap, url, &seen, now, Stage::Done) {
            teller.tell(step);
        }
        for (url, seen, why) in others {
            teller.tell(match why {
                Some(why) => Step::warning(
                    seen.stage.name(),
                    format!("{}: {}; another server was used", url.text, why.what),
                    why.hint.unwrap_or_else(|| "it would be missed if the other failed".to_owned()),
                ),
                None => Step::good("bind", format!("{} can be used too", url.text)),
            });
        }
        return Some(connection);
    }
    let mut failed = None;
    for (url, seen, why) in others {
        for step in passed(ldap, url, &seen, now, seen.stage) {
            teller.tell(step);
        }
        let Unusable { what, hint, .. } = why?;
        teller.tell(Step { name: seen.stage.name(), verdict: StepVerdict::Failed, detail: format!("{}: {what}", url.text), hint });
        failed = Some(seen.stage.name());
    }
    let failed = failed?;
    teller.skip_after("bind", &format!("{failed} failed"));
    None
}

/// The steps that went well before `stage`.
fn passed(ldap: &LdapConfig, url: &LdapUrl, seen: &Seen, now: Instant, stage: Stage) -> Vec<Step> {
    let mut steps = Vec::new();
    if stage > Stage::Resolve {
        let addresses: Vec<String> = seen.addresses.iter().map(|a| a.ip().to_string()).collect();
        let told = match url.host.parse::<std::net::IpAddr>() {
            Ok(_) => format!("{} is an address, not a name", url.host),
            Err(_) => format!("{} is {}", url.host, addresses.join(", ")),
        };
        steps.push(Step::good("resolve", told));
    }
    if stage > Stage::Connect {
        let at = seen.connected.map_or_else(String::new, |a| a.to_string());
        steps.push(Step::good("connect", format!("{}: {at} accepted the connection", url.text)));
    }
    if stage > Stage::Tls {
        steps.push(match &seen.tls {
            Some(tls) => encrypted(tls, now),
            None if seen.connected.is_some_and(|a| a.ip().is_loopback()) => {
                Step::skipped("TLS", "the connection is not encrypted; it does not leave this machine")
            }
            None => Step::warning(
                "TLS",
                "the connection is not encrypted: what is read crosses the network in clear text, and nothing proves who answers",
                "write ldaps://, or set start_tls = true",
            ),
        });
    }
    if stage > Stage::Bind {
        let told = ldap.bind_dn.as_ref().map_or_else(
            || "anonymous, because there is no bind_dn: the server decides what anybody may see".to_owned(),
            |dn| format!("as {dn}"),
        );
        steps.push(Step::good("bind", told));
    }
    steps
}

/// What to do where a reader sees nothing.
fn blind(who: &str) -> String {
    format!(
        "the filter is not to blame: nothing is there, or {who} may not see it: whoever runs the directory tells which rights it has there"
    )
}

fn encrypted(tls: &Tls, now: Instant) -> Step {
    let Some(certificate) = &tls.certificate else { return Step::good("TLS", format!("{}; the certificate was accepted", tls.protocol)) };
    let days = (certificate.ends.0 - now.0).div_euclid(24 * 3600);
    let date = certificate.ends.rfc3339();
    let date = date.get(..10).unwrap_or(&date);
    let told =
        format!("{}; the certificate is for {}, signed by {}, and ends on {date}", tls.protocol, certificate.subject, certificate.issuer);
    if days < SOON {
        return Step::warning(
            "TLS",
            format!("{told}, in {days} days"),
            "have the certificate renewed: when it has ended, nothing can be read",
        );
    }
    Step::good("TLS", told)
}

fn counted(count: Result<(u64, bool), Failure>) -> String {
    let thousands = |n: u64| crate::text::count(usize::try_from(n).unwrap_or(usize::MAX));
    match count {
        Ok((n, true)) => thousands(n),
        Ok((n, false)) => format!("at least {}", thousands(n)),
        Err(failure) => format!("an unknown number of ({})", failure.detail),
    }
}
