//! From a URL to a guarded, encrypted, bound connection; or the reason why there is none.

use super::certificate::{self, Certificate};
use super::connection::Connection;
use super::failure::{Failure, INVALID_CREDENTIALS, short, words};
use crate::config::{LdapConfig, LdapUrl};
use crate::error::{Error, Result};
use crate::source::guard::{self, message};
use crate::text::clean;
use rustls::pki_types::ServerName;
use secrecy::{ExposeSecret, SecretString};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How long DNS, one address or a TLS handshake may take, if the configured time limit is not shorter.
const CONNECT: Duration = Duration::from_secs(10);

/// An idle connection is probed after this time, so that a path that was dropped silently is noticed.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// The StartTLS request (RFC 4511 section 4.14.1) as message 1.
const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// Everything that is needed to connect, again and again.
pub struct Dialer {
    config: LdapConfig,
    tls: Option<Arc<rustls::ClientConfig>>,
    password: Option<SecretString>,
}

/// Why one URL could not be used.
pub struct Unusable {
    /// What failed.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// True if trying the next server would only count one more wrong password.
    pub last: bool,
}

/// What was seen on the way to a connection: for the check.
#[derive(Default)]
pub struct Seen {
    /// How far it came.
    pub stage: Stage,
    /// The host's addresses.
    pub addresses: Vec<SocketAddr>,
    /// The address that accepted.
    pub connected: Option<SocketAddr>,
    /// The encryption, if there is one.
    pub tls: Option<Tls>,
}

/// What was negotiated.
pub struct Tls {
    /// `TLSv1.3`.
    pub protocol: String,
    /// The server's certificate, if it could be read.
    pub certificate: Option<Certificate>,
}

/// The stages of connecting, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Stage {
    /// The name.
    #[default]
    Resolve,
    /// The TCP connection.
    Connect,
    /// The encryption.
    Tls,
    /// The bind.
    Bind,
    /// All of them are behind us.
    Done,
}

impl Stage {
    /// The step of the check.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Resolve => "resolve",
            Stage::Connect => "connect",
            Stage::Tls => "TLS",
            Stage::Bind | Stage::Done => "bind",
        }
    }
}

impl Unusable {
    fn new(what: impl Into<String>, hint: &str) -> Self {
        Unusable { what: what.into(), hint: Some(hint.to_owned()).filter(|h| !h.is_empty()), last: false }
    }

    fn of(failure: &Failure, what: &str) -> Self {
        Unusable::new(format!("{what}{}", failure.detail), failure.hint().unwrap_or(""))
    }
}

impl Dialer {
    /// Fetches the password and loads the certificate authorities.
    ///
    /// # Errors
    /// Where one of these fails, or the password is empty.
    pub async fn new(config: &LdapConfig) -> Result<Self> {
        let encrypted = config.start_tls || config.urls.iter().any(|u| u.tls);
        let tls = encrypted.then(|| crate::tls::client_config(config.ca_file.as_deref())).transpose()?;
        let password = match config.password.clone() {
            // A program may be asked for it, so this may take its time.
            Some(secret) => Some(
                tokio::task::spawn_blocking(move || secret.fetch())
                    .await
                    .map_err(|_| Error::failure("the password could not be fetched"))??,
            ),
            None => None,
        };
        let anonymous_by_mistake = config.bind_dn.as_ref().is_some_and(|dn| dn.trim().is_empty())
            || (config.bind_dn.is_some() && password.as_ref().is_none_or(|p| p.expose_secret().is_empty()));
        if anonymous_by_mistake {
            return Err(Error::usage("bind_dn or its password is empty: the server would take that for an anonymous bind")
                .hint("set both, or leave both out"));
        }
        Ok(Dialer { config: config.clone(), tls, password })
    }

    /// The first server that connects and binds.
    ///
    /// # Errors
    /// Why none did, each with its URL.
    pub async fn connect(&self) -> Result<Connection> {
        let mut failures: Vec<(&LdapUrl, Unusable)> = Vec::new();
        for url in &self.config.urls {
            match self.try_url(url, &mut Seen::default()).await {
                Ok(connection) => {
                    if !failures.is_empty() {
                        tracing::warn!(used = url.text, passed_over = %clean(&words_of(&failures)), "an earlier server was passed over");
                    }
                    return Ok(connection);
                }
                Err(why) => {
                    let last = why.last;
                    failures.push((url, why));
                    if last {
                        break;
                    }
                }
            }
        }
        let hint = failures.iter().rev().find_map(|(_, why)| why.hint.clone());
        let error = Error::failure(words_of(&failures));
        Err(match hint {
            Some(hint) => error.hint(hint),
            None => error,
        })
    }

    /// Connects to one server and binds; `seen` tells how far it came.
    pub async fn try_url(&self, url: &LdapUrl, seen: &mut Seen) -> std::result::Result<Connection, Unusable> {
        let tcp = dial(url, self.patience(), seen).await?;
        let silence = Duration::from_secs(self.config.timeout);
        seen.stage = Stage::Tls;
        let guarded = if url.tls {
            guard::start(self.handshake(url, tcp, seen).await?, silence)
        } else if self.config.start_tls {
            let tcp = timeout(silence, start_tls(tcp))
                .await
                .map_err(|_| Unusable::new(format!("StartTLS: no answer for {} s", silence.as_secs()), "check the server"))??;
            guard::start(self.handshake(url, tcp, seen).await?, silence)
        } else {
            guard::start(tcp, silence)
        };
        let (socket, watch) = guarded.map_err(|e| Unusable::new(format!("no socket pair: {e}"), ""))?;
        seen.stage = Stage::Bind;
        let mut connection = Connection::over(socket, watch, url.text.clone()).await.map_err(|f| Unusable::of(&f, ""))?;
        if let (Some(dn), Some(password)) = (&self.config.bind_dn, &self.password) {
            connection.bind(dn, password).await.map_err(|f| {
                let mut why = Unusable::of(&f, &format!("cannot bind as {dn}: "));
                why.last = f.code == Some(INVALID_CREDENTIALS);
                why
            })?;
        }
        seen.stage = Stage::Done;
        Ok(connection)
    }

    fn patience(&self) -> Duration {
        CONNECT.min(Duration::from_secs(self.config.timeout))
    }

    async fn handshake(&self, url: &LdapUrl, tcp: TcpStream, seen: &mut Seen) -> std::result::Result<TlsStream<TcpStream>, Unusable> {
        let tls = self.tls.as_ref().ok_or_else(|| Unusable::new("TLS is not set up", ""))?;
        let name = ServerName::try_from(url.host.clone()).map_err(|_| {
            Unusable::new(format!("{} is not a name that a certificate can be for", url.host), "write the server's full name")
        })?;
        match timeout(self.patience(), TlsConnector::from(Arc::clone(tls)).connect(name, tcp)).await {
            Ok(Ok(stream)) => {
                let tls = stream.get_ref().1;
                let protocol =
                    tls.protocol_version().and_then(|v| v.as_str().map(|v| v.replace('_', "."))).unwrap_or_else(|| "TLS".to_owned());
                let certificate = tls.peer_certificates().and_then(|chain| certificate::read(chain.first()?));
                seen.tls = Some(Tls { protocol, certificate });
                Ok(stream)
            }
            // The words for an operator; the form for programmers names the kind of defect, which the hint goes by.
            Ok(Err(e)) => Err(Unusable::new(format!("TLS: {e}"), crate::tls::hint(&format!("{e:?} {e}")))),
            Err(_) => Err(Unusable::new("TLS: the handshake was not answered", crate::tls::hint(""))),
        }
    }
}

fn words_of(failures: &[(&LdapUrl, Unusable)]) -> String {
    failures.iter().map(|(url, why)| format!("{}: {}", url.text, why.what)).collect::<Vec<_>>().join("; ")
}

/// A TCP connection to the first address of the host that accepts.
async fn dial(url: &LdapUrl, patience: Duration, seen: &mut Seen) -> std::result::Result<TcpStream, Unusable> {
    let unknown = |e: String| Unusable::new(format!("the name {} is not known: {e}", url.host), "check the name in url, and DNS");
    let found = timeout(patience, tokio::net::lookup_host((url.host.as_str(), url.port))).await;
    let addresses: Vec<SocketAddr> = match found {
        Ok(Ok(found)) => found.collect(),
        Ok(Err(e)) => return Err(unknown(e.to_string())),
        Err(_) => return Err(unknown("no answer from DNS".to_owned())),
    };
    let mut why = unknown("it has no address".to_owned());
    seen.addresses.clone_from(&addresses);
    if !addresses.is_empty() {
        seen.stage = Stage::Connect;
    }
    for address in addresses {
        match timeout(patience, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                prepare(&stream).map_err(|e| Unusable::new(e.to_string(), ""))?;
                seen.connected = Some(address);
                return Ok(stream);
            }
            Ok(Err(e)) => why = unreachable(address, &e),
            Err(_) => why = Unusable::new(format!("{address} does not answer"), "check the host, the port and the firewalls between"),
        }
    }
    Err(why)
}

fn unreachable(address: SocketAddr, error: &io::Error) -> Unusable {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            Unusable::new(format!("{address} refused the connection"), "check the port, and that the server is running")
        }
        _ => Unusable::new(format!("{address} cannot be reached: {error}"), "check the host and the network between"),
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    socket2::SockRef::from(stream).set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(KEEPALIVE))
}

/// Asks for TLS on a plain connection. Nothing but the one response may come before the handshake: what an attacker adds
/// in plain text would otherwise be taken for what the server said under TLS.
async fn start_tls(mut tcp: TcpStream) -> std::result::Result<TcpStream, Unusable> {
    let broken = |why: &str| Unusable::new(format!("StartTLS: {why}"), "write ldaps:// if the server speaks TLS on its own port");
    tcp.write_all(START_TLS).await.map_err(|e| broken(&e.to_string()))?;
    let mut answer = Vec::with_capacity(512);
    let length = loop {
        if tcp.read_buf(&mut answer).await.map_err(|e| broken(&e.to_string()))? == 0 {
            return Err(broken("the server closed the connection"));
        }
        match message::length(&answer).map_err(broken)? {
            Some(length) if length > 64 * 1024 => return Err(broken(&format!("a response of {length} bytes"))),
            Some(length) if answer.len() >= length => break length,
            _ => {}
        }
    };
    if answer.len() > length {
        return Err(broken("the server sent more than its response before the handshake; somebody may have put it there"));
    }
    let response = message::check(&answer).map_err(broken)?;
    match (response.id, response.op, response.code) {
        (1, message::Op::Extended, Some(0)) => Ok(tcp),
        (1, message::Op::Extended, Some(code)) => Err(broken(&format!("result {code} ({}): {}", words(code), short(response.text)))),
        _ => Err(broken("an answer of another kind than the question")),
    }
}
