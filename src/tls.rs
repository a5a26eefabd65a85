//! TLS for both ends: one provider, always verified, the platform's roots or the operator's own.

use crate::error::{Error, Result};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::BuilderVerifierExt;
use std::path::Path;
use std::sync::Arc;

/// A client configuration that trusts the platform's roots, or only those in `ca_file` (PEM, one or more certificates).
///
/// # Errors
/// Where the file can't be read or holds no certificate.
pub fn client_config(ca_file: Option<&Path>) -> Result<Arc<rustls::ClientConfig>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::failure(format!("TLS cannot be set up: {e}")))?;
    let Some(path) = ca_file else {
        let builder = builder.with_platform_verifier().map_err(|e| {
            Error::failure(format!("the platform's certificate authorities cannot be used: {e}"))
                .hint("name a file of your own with ca_file")
        })?;
        return Ok(Arc::new(builder.with_no_client_auth()));
    };
    let wrong =
        |why: String| Error::usage(format!("ca_file {}: {why}", path.display())).hint("it must hold one or more certificates in PEM form");
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|e| wrong(e.to_string()))? {
        let certificate = certificate.map_err(|e| wrong(e.to_string()))?;
        roots.add(certificate).map_err(|e| wrong(e.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("there is no certificate in it".to_owned()));
    }
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

/// What an operator can do about a failed TLS handshake, from what went wrong.
#[must_use]
pub fn hint(failure: &str) -> &'static str {
    if failure.contains("UnknownIssuer") || failure.contains("BadSignature") {
        "the certificate is not signed by an authority that is trusted here; name yours with ca_file"
    } else if failure.contains("Expired") {
        "the certificate has expired; renew it on the server"
    } else if failure.contains("NotValidForName") || failure.contains("not valid for name") {
        "the certificate is for another name; use the name that is in it"
    } else if failure.contains("InvalidContentType") || failure.contains("corrupt message") {
        "this port does not speak TLS: check the port, or the scheme of the address"
    } else {
        "check that the port speaks TLS, and name your certificate authority with ca_file"
    }
}
