//! Real servers, one of a test's own: `tests/lab/lab`.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A running server; it stops when this is dropped, because its stdin closes.
pub struct Server {
    pub process: Child,
    /// What the server told about itself when it was ready.
    pub told: serde_json::Value,
    pub folder: TempDir,
}

impl Server {
    /// An OpenLDAP that holds these entries.
    pub fn slapd(ldif: &str) -> Self {
        Self::slapd_with(ldif, &[])
    }

    /// The same with options of the lab.
    pub fn slapd_with(ldif: &str, options: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("people.ldif");
        std::fs::write(&file, ldif).unwrap();
        let mut arguments = vec!["slapd".to_owned(), folder.path().join("slapd").display().to_string(), file.display().to_string()];
        arguments.extend(options.iter().map(ToString::to_string));
        Self::start(folder, &arguments)
    }

    /// A scim2-server with one of the lab's profiles, empty.
    pub fn scim(profile: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let arguments = ["scim".to_owned(), profile.to_owned(), folder.path().join("scim").display().to_string()];
        Self::start(folder, &arguments)
    }

    /// A SCIM server with knobs from the environment (SCIMMY's).
    pub fn scim_with(profile: &str, knobs: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let arguments = ["scim".to_owned(), profile.to_owned(), folder.path().join("scim").display().to_string()];
        Self::start_with(folder, &arguments, knobs)
    }

    fn start(folder: TempDir, arguments: &[String]) -> Self {
        Self::start_with(folder, arguments, &[])
    }

    fn start_with(folder: TempDir, arguments: &[String], knobs: &[(&str, &str)]) -> Self {
        let lab = rosterm::config::paths::variable("ROSTERM_LAB_BIN")
            .unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/lab").to_owned());
        let mut process =
            Command::new(lab).args(arguments).envs(knobs.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told = serde_json::from_str(&line).expect("the server started; tests/run installs what it needs");
        Server { process, told, folder }
    }

    pub fn text(&self, key: &str) -> String {
        self.told[key].as_str().unwrap_or_default().to_owned()
    }

    /// Lines of a source configuration that binds as one of the lab's identities.
    pub fn source(&self, url: &str, who: &str) -> String {
        let who = &self.told["identities"][who];
        let secret = self.folder.path().join(format!("secret-{}", who["password"].as_str().unwrap()));
        std::fs::write(&secret, who["password"].as_str().unwrap()).unwrap();
        let mut lines = format!("url = [\"{url}\"]\npassword = {{ file = \"{}\" }}\n", secret.display());
        writeln!(lines, "bind_dn = {}\ntimeout = 20\npage_size = 100", who["dn"]).unwrap();
        lines
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
