//! The first words of a session: who we are, and the proof of it.
//!
//! In: a connected line and the settings. Out: a session that is ready for a query, with the key that cancels its queries
//! if the server gives one, or the server's reason against it.
//! The proofs (MD5, SCRAM-SHA-256) are computed by `postgres-protocol`; a password in clear is sent when the server asks
//! for it, as every client does, so who cares demands TLS that verifies.

use std::io;

use bytes::BytesMut;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;

use fallible_iterator::FallibleIterator;

use super::cancel::Key;
use super::connection::ConnectionSettings;
use super::fault::{Failure, ServerError};
use super::wire::Wire;

/// How the server's statistics and logs call us.
pub(super) const APPLICATION_NAME: &str = concat!("rosterpack/", env!("CARGO_PKG_VERSION"));

/// Logs in. What stands in front of a database without being one may give no key.
pub(super) fn log_in(wire: &mut Wire, settings: &ConnectionSettings) -> Result<Option<Key>, Failure> {
    // Poolers refuse start-up parameters that they do not know: these are the ones that all of them know.
    let parameters = [
        ("user", settings.user.as_str()),
        ("database", settings.database.as_str()),
        ("application_name", APPLICATION_NAME),
        ("client_encoding", "UTF8"),
        ("DateStyle", "ISO, MDY"),
        ("TimeZone", "UTC"),
    ];
    wire.send(|buffer| frontend::startup_message(parameters, buffer))?;
    let password = settings.password.as_ref().map_or("", |password| password.expose()).as_bytes();
    let mut scram: Option<ScramSha256> = None;
    let mut key = None;
    loop {
        let frame = wire.message()?;
        // The version of the protocol may be negotiated downwards, and what we use is the oldest of it.
        if frame.tag == b'v' {
            continue;
        }
        match parse(frame.whole)? {
            Message::ReadyForQuery(_) => return Ok(key),
            Message::ErrorResponse(body) => return Err(ServerError::read(body.fields()).into()),
            Message::BackendKeyData(body) => {
                key = Some(Key { process: body.process_id(), secret: body.secret_key() });
            }
            Message::AuthenticationOk | Message::ParameterStatus(_) | Message::NoticeResponse(_) => {}
            Message::AuthenticationCleartextPassword => {
                wire.send(|buffer| frontend::password_message(password, buffer))?;
            }
            Message::AuthenticationMd5Password(body) => {
                let proof = md5_hash(settings.user.as_bytes(), password, body.salt());
                wire.send(|buffer| frontend::password_message(proof.as_bytes(), buffer))?;
            }
            Message::AuthenticationSasl(body) => {
                let mut offered = body.mechanisms();
                while offered.next().map_err(damaged)?.ok_or_else(unsupported)? != SCRAM_SHA_256 {}
                let proof = ScramSha256::new(password, ChannelBinding::unsupported());
                wire.send(|buffer| frontend::sasl_initial_response(SCRAM_SHA_256, proof.message(), buffer))?;
                scram = Some(proof);
            }
            Message::AuthenticationSaslContinue(body) => {
                let proof = scram.as_mut().ok_or_else(unexpected)?;
                proof.update(body.data()).map_err(damaged)?;
                wire.send(|buffer| frontend::sasl_response(proof.message(), buffer))?;
            }
            // The server proves in turn that it knows the password.
            Message::AuthenticationSaslFinal(body) => {
                scram.as_mut().ok_or_else(unexpected)?.finish(body.data()).map_err(damaged)?;
            }
            Message::AuthenticationGss
            | Message::AuthenticationKerberosV5
            | Message::AuthenticationScmCredential
            | Message::AuthenticationSspi => return Err(unsupported()),
            _ => return Err(unexpected()),
        }
    }
}

/// A message in the library's form; for those that come rarely.
pub(super) fn parse(whole: &[u8]) -> Result<Message, Failure> {
    Message::parse(&mut BytesMut::from(whole)).map_err(damaged)?.ok_or_else(unexpected)
}

fn damaged(error: io::Error) -> Failure {
    Failure::Protocol(error.to_string())
}

/// An answer that does not belong to the question.
pub(super) fn unexpected() -> Failure {
    Failure::Protocol("a message that does not belong here".to_owned())
}

fn unsupported() -> Failure {
    Failure::Login("it asks for a way of logging in that rosterpack does not know".to_owned())
}
