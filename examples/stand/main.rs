//! What stands at the other end of a channel, in a process of its own: for measuring.
//!
//!     cargo run --release --example stand -- service --users N [--seed S] [--delay MS] [--page N]
//!     cargo run --release --example stand -- ldap --users N [--seed S]
//!     cargo run --release --example stand -- config --ldap URL --service URL [--page N]
//!
//! `service` and `ldap` print their address and serve until stdin is closed; both make the same people from the same seed.
//! `config` prints a configuration of a channel between them.
#![expect(clippy::print_stdout, reason = "it is what this program is for")]

mod ber;
mod ldap;

use rosterm::demo::crowd::{Crowd, Linked, config_text};
use rosterm::demo::service::{Accounts, Faults, Service};
use std::io::Read;
use std::net::TcpListener;
use std::sync::Arc;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The options, as they were given: `--name value`.
struct Options(Vec<String>);

impl Options {
    fn text(&self, name: &str) -> Option<&str> {
        let at = self.0.iter().position(|option| option.strip_prefix("--") == Some(name))?;
        self.0.get(at + 1).map(String::as_str)
    }

    fn number(&self, name: &str, otherwise: u64) -> Result<u64> {
        self.text(name).map_or(Ok(otherwise), |text| text.parse().map_err(|_| format!("--{name} is not a number: {text}").into()))
    }

    fn crowd(&self) -> Result<Crowd> {
        Ok(Crowd::new(usize::try_from(self.number("users", 100_000)?)?, self.number("seed", 1)?, Linked::Nobody))
    }
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_default();
    let options = Options(arguments.collect());
    match what.as_str() {
        "service" => service(&options),
        "ldap" => {
            let (listener, crowd) = (TcpListener::bind("127.0.0.1:0")?, options.crowd()?);
            println!("ldap://{}", listener.local_addr()?);
            std::thread::spawn(move || ldap::serve(&listener, crowd));
            until_stdin_ends()
        }
        "config" => {
            let page = options.number("page", 1000)?;
            let (Some(ldap), Some(service)) = (options.text("ldap"), options.text("service")) else {
                return Err("config --ldap URL --service URL [--page N]".into());
            };
            let source = format!(
                "type = \"ldap\"\nurl = [\"{ldap}\"]\nbind_dn = \"cn=reader,dc=example,dc=test\"\n\
                 password = {{ env = \"ROSTERM_BENCH_PASSWORD\" }}\npage_size = {page}\nvendor = \"openldap\""
            );
            let text = config_text(&source, service);
            print!("{}", text.replace("auth = \"none\"", &format!("auth = \"none\"\npage_size = {page}")));
            Ok(())
        }
        _ => Err("service | ldap | config, and their options".into()),
    }
}

fn service(options: &Options) -> Result<()> {
    let page = options.text("page").map(str::parse).transpose()?;
    let faults = Faults { delay: options.number("delay", 0)?, page_cap: page, ..Faults::default() };
    let accounts = Arc::new(Accounts::new(options.crowd()?));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let service = runtime.block_on(Service::start_crowd(accounts, faults))?;
    println!("{}", service.base_url());
    until_stdin_ends()
}

/// Whoever started this process closes its stdin, or ends and closes it so.
fn until_stdin_ends() -> Result<()> {
    let mut nothing = [0; 64];
    while std::io::stdin().read(&mut nothing)? > 0 {}
    Ok(())
}
