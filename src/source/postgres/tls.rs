//! TLS towards a PostgreSQL server.
//!
//! In: the demanded [`SslMode`] and the PEM files of the settings. Out: the configuration of one client, and the
//! handshake over a connected socket. What each mode verifies is libpq's definition: a named root certificate replaces
//! the system's authorities, it does not join them. Knows nothing of PostgreSQL's messages.

use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme,
    StreamOwned,
};

use super::connection::{ConnectionSettings, SslMode};
use super::fault::Failure;

/// A socket behind TLS.
pub(super) type TlsStream = StreamOwned<ClientConnection, TcpStream>;

fn unusable(path: &Path, what: &str, reason: &dyn std::fmt::Display) -> Failure {
    Failure::Configuration(format!("{what} {}: {reason}", path.display()))
}

fn certificates(path: &Path, what: &str) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let certificates: Vec<_> = read.map_err(|error| unusable(path, what, &error))?;
    match certificates.is_empty() {
        true => Err(unusable(path, what, &"it holds no certificate in PEM form")),
        false => Ok(certificates),
    }
}

/// The authorities to trust: those of the named file, else those of the system.
fn authorities(root: Option<&Path>) -> Result<RootCertStore, Failure> {
    let mut store = RootCertStore::empty();
    match root {
        Some(path) => {
            for certificate in certificates(path, "the root certificate")? {
                store.add(certificate).map_err(|error| unusable(path, "the root certificate", &error))?;
            }
        }
        // Systems carry a few certificates that no verifier can use; the others count.
        None => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(store)
}

/// What is looked at beyond the handshake's own signatures.
#[derive(Debug)]
enum Trust {
    /// Nothing: encryption without knowing with whom.
    Anybody,
    /// The authorities have signed, whatever name the certificate bears.
    Authorities(Arc<WebPkiServerVerifier>),
}

/// The verifier of the modes that accept a certificate of another name.
#[derive(Debug)]
struct Lenient {
    trust: Trust,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Trust::Authorities(verifier) = &self.trust else { return Ok(ServerCertVerified::assertion()) };
        match verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is looked at last, when the chain and its dates have been accepted.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn configuration(settings: &ConnectionSettings) -> Result<ClientConfig, Failure> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::Tls(error.to_string()))?;
    let trusted = || authorities(settings.ssl_root_cert.as_deref());
    let lenient =
        |trust| Arc::new(Lenient { trust, provider: provider.clone() }) as Arc<dyn ServerCertVerifier>;
    let builder = match settings.ssl_mode {
        SslMode::VerifyFull => builder.with_root_certificates(trusted()?),
        SslMode::VerifyCa => {
            let verifier =
                WebPkiServerVerifier::builder_with_provider(Arc::new(trusted()?), provider.clone())
                    .build()
                    .map_err(|error| Failure::Configuration(format!("the root certificate: {error}")))?;
            builder.dangerous().with_custom_certificate_verifier(lenient(Trust::Authorities(verifier)))
        }
        SslMode::Disable | SslMode::Prefer | SslMode::Require => {
            builder.dangerous().with_custom_certificate_verifier(lenient(Trust::Anybody))
        }
    };
    match (&settings.ssl_cert, &settings.ssl_key) {
        (Some(certificate), Some(key)) => {
            let chain = certificates(certificate, "the client certificate")?;
            let private = PrivateKeyDer::from_pem_file(key)
                .map_err(|error| unusable(key, "the key of the client certificate", &error))?;
            builder
                .with_client_auth_cert(chain, private)
                .map_err(|error| unusable(certificate, "the client certificate", &error))
        }
        _ => Ok(builder.with_no_client_auth()),
    }
}

/// Encrypts a connected socket. The socket's own time-outs limit the handshake.
///
/// # Errors
/// [`Failure::Configuration`] for files that cannot be used, [`Failure::Tls`] and [`Failure::Io`] for a handshake that
/// failed.
pub(super) fn encrypt(settings: &ConnectionSettings, mut socket: TcpStream) -> Result<TlsStream, Failure> {
    let name = ServerName::try_from(settings.host.clone())
        .map_err(|_| Failure::Tls(format!("`{}` cannot be the name of a certificate", settings.host)))?;
    let mut client = ClientConnection::new(Arc::new(configuration(settings)?), name)
        .map_err(|error| Failure::Tls(error.to_string()))?;
    while client.is_handshaking() {
        client.complete_io(&mut socket).map_err(Failure::Io)?;
    }
    Ok(StreamOwned::new(client, socket))
}
