//! Logging in: keys, agent, password, and where their secrets come from.
//!
//! In: [`Login`], the environment, and a connection to a server whose host key was the right one. Out: a session that
//! is let in, or every method that was tried. Secrets are found before anything is connected and shown to nobody but the
//! server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse};
use russh::keys::agent::client::AgentClient;
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg};
use russh::{MethodKind, MethodSet};

use super::error::{Fault, SftpError};
use super::session::Checker;
use crate::secret::{Environment, Secret, SecretPlace, Unfound};

/// How to log in; methods are tried in this order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Login {
    /// Files with private keys (OpenSSH, PEM or PuTTY).
    pub identities: Vec<PathBuf>,
    /// Their passphrase.
    pub passphrase: SecretPlace,
    /// Socket of an agent; its keys are tried when those of the files were refused.
    pub agent: Option<PathBuf>,
    /// A password, also for servers that ask for it interactively.
    pub password: SecretPlace,
}

/// What is needed to log in, all of it found.
pub(super) struct Credentials {
    keys: Vec<(PathBuf, Arc<PrivateKey>)>,
    agent: Option<PathBuf>,
    password: Option<Secret>,
}

impl Login {
    /// Finds keys and secrets.
    pub(super) fn find(&self, environment: &Environment<'_>) -> Result<Credentials, SftpError> {
        let unfound = |what: &'static str| {
            move |Unfound { place, reason }| SftpError::Setting {
                what: format!("the {what} from {place}"),
                reason,
            }
        };
        let passphrase = self.passphrase.find(environment).map_err(unfound("passphrase"))?;
        let keys = self
            .identities
            .iter()
            .map(|file| Ok((file.clone(), Arc::new(read_key(file, passphrase.as_ref())?))));
        let keys = keys.collect::<Result<Vec<_>, SftpError>>()?;
        let password = self.password.find(environment).map_err(unfound("password"))?;
        if keys.is_empty() && password.is_none() && self.agent.is_none() {
            let reason = "there is no key, no agent and no password".to_owned();
            return Err(SftpError::Setting { what: "the login".to_owned(), reason });
        }
        Ok(Credentials { keys, agent: self.agent.clone(), password })
    }
}

fn read_key(file: &Path, passphrase: Option<&Secret>) -> Result<PrivateKey, SftpError> {
    let fault = |reason: String| SftpError::Setting { what: format!("the key {}", file.display()), reason };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(file).map_err(|e| fault(e.to_string()))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(fault(format!("others may read it: chmod 600 {}", file.display())));
        }
    }
    let text = std::fs::read_to_string(file).map_err(|e| fault(e.to_string()))?;
    if text.trim_start().starts_with("ssh-") {
        return Err(fault("it is the public half: name the file without .pub".into()));
    }
    russh::keys::decode_secret_key(&text, passphrase.map(Secret::expose)).map_err(|error| {
        match (error, passphrase) {
            (russh::keys::Error::KeyIsEncrypted, None) => {
                fault("it has a passphrase, and none was given".into())
            }
            (_, Some(_)) => fault("it cannot be read with this passphrase".into()),
            (error, None) => fault(error.to_string()),
        }
    })
}

/// Tries every method that there is, in order, until the server lets us in.
pub(super) async fn log_in(
    handle: &mut Handle<Checker>,
    server: &str,
    user: &str,
    with: &Credentials,
) -> Result<(), Fault> {
    let mut attempts = Attempts { tried: Vec::new(), accepts: None };
    for (file, key) in &with.keys {
        let name = format!("key {}", file.display());
        let hashes = if key.algorithm().is_rsa() { rsa_hashes(handle).await? } else { vec![None] };
        for hash in hashes {
            let key = PrivateKeyWithHashAlg::new(key.clone(), hash);
            let outcome = handle.authenticate_publickey(user, key).await;
            if attempts.end(&name, alive(handle, outcome))? {
                return Ok(());
            }
        }
    }
    if let Some(socket) = &with.agent
        && with_agent(handle, user, socket, &mut attempts).await?
    {
        return Ok(());
    }
    if let Some(password) = &with.password {
        let outcome = handle.authenticate_password(user, password.expose()).await;
        if attempts.end("password", alive(handle, outcome))? {
            return Ok(());
        }
        let interactive =
            attempts.accepts.as_ref().is_some_and(|m| m.contains(&MethodKind::KeyboardInteractive));
        if interactive && answer_prompts(handle, user, password, &mut attempts).await? {
            return Ok(());
        }
    }
    let named = |methods: &MethodSet| {
        methods.iter().map(|m| <&str>::from(m).to_owned()).collect::<Vec<_>>().join(", ")
    };
    Err(SftpError::Login {
        server: server.to_owned(),
        user: user.to_owned(),
        tried: if attempts.tried.is_empty() { "nothing".into() } else { attempts.tried.join(", ") },
        accepts: attempts
            .accepts
            .as_ref()
            .map(named)
            .filter(|n| !n.is_empty())
            .unwrap_or("nothing more".into()),
    }
    .into())
}

/// The library takes a connection that breaks for a refusal without any method left: that is no answer of the server's.
fn alive<E: std::fmt::Display>(
    handle: &Handle<Checker>,
    outcome: Result<AuthResult, E>,
) -> Result<AuthResult, String> {
    match outcome {
        Ok(AuthResult::Failure { remaining_methods, .. })
            if remaining_methods.is_empty() && handle.is_closed() =>
        {
            Err("the connection ended during the login".to_owned())
        }
        outcome => outcome.map_err(|error| error.to_string()),
    }
}

/// What was tried, and what the server would take.
struct Attempts {
    tried: Vec<String>,
    accepts: Option<MethodSet>,
}

impl Attempts {
    /// Notes an attempt; true when it let us in.
    fn end(&mut self, name: &str, outcome: Result<AuthResult, String>) -> Result<bool, Fault> {
        match outcome {
            Ok(AuthResult::Success) => Ok(true),
            Ok(AuthResult::Failure { remaining_methods, .. }) => {
                if !self.tried.iter().any(|tried| tried == name) {
                    self.tried.push(name.to_owned());
                }
                self.accepts = Some(remaining_methods);
                Ok(false)
            }
            // A server that hangs up after it refused something has had enough of us: that is an answer.
            Err(_) if !self.tried.is_empty() => Ok(false),
            Err(reason) => Err(Fault::Broken(reason)),
        }
    }
}

/// Hashes for RSA in the order to try: what the server names, else both. SHA-1 is never used.
async fn rsa_hashes(handle: &Handle<Checker>) -> Result<Vec<Option<HashAlg>>, Fault> {
    let best = handle.best_supported_rsa_hash().await.map_err(|e| Fault::Broken(e.to_string()))?;
    Ok(match best {
        Some(Some(hash)) => vec![Some(hash)],
        _ => vec![Some(HashAlg::Sha512), Some(HashAlg::Sha256)],
    })
}

#[cfg(unix)]
async fn with_agent(
    handle: &mut Handle<Checker>,
    user: &str,
    socket: &Path,
    attempts: &mut Attempts,
) -> Result<bool, Fault> {
    let fault =
        |reason: String| SftpError::Setting { what: format!("the agent {}", socket.display()), reason };
    let mut agent = AgentClient::connect_uds(socket).await.map_err(|e| fault(e.to_string()))?;
    let identities = agent.request_identities().await.map_err(|e| fault(e.to_string()))?;
    for identity in identities {
        let key = identity.public_key().into_owned();
        let name = format!("agent's key {}", super::host_key::fingerprint(&key));
        let hash = if key.algorithm().is_rsa() {
            rsa_hashes(handle).await?.into_iter().next().flatten()
        } else {
            None
        };
        let outcome = handle.authenticate_publickey_with(user, key, hash, &mut agent).await;
        if attempts.end(&name, alive(handle, outcome))? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(not(unix))]
async fn with_agent(
    _handle: &mut Handle<Checker>,
    _user: &str,
    socket: &Path,
    _attempts: &mut Attempts,
) -> Result<bool, Fault> {
    let reason = "agents are supported on Unix alone".to_owned();
    Err(SftpError::Setting { what: format!("the agent {}", socket.display()), reason }.into())
}

/// Answers a server that asks for the password instead of taking it: one hidden prompt gets it, anything else nothing.
async fn answer_prompts(
    handle: &mut Handle<Checker>,
    user: &str,
    password: &Secret,
    attempts: &mut Attempts,
) -> Result<bool, Fault> {
    let broken = |error: russh::Error| Fault::Broken(error.to_string());
    let mut reply = handle.authenticate_keyboard_interactive_start(user, None).await.map_err(broken)?;
    // More rounds than that are no login of a machine.
    for _ in 0..5 {
        match reply {
            KeyboardInteractiveAuthResponse::Success => return Ok(true),
            KeyboardInteractiveAuthResponse::Failure { .. } => break,
            KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => {
                let answer = |echo: bool| if echo { String::new() } else { password.expose().to_owned() };
                let answers = prompts.iter().map(|prompt| answer(prompt.echo)).collect();
                reply = handle.authenticate_keyboard_interactive_respond(answers).await.map_err(broken)?;
            }
        }
    }
    attempts.tried.push("keyboard-interactive".to_owned());
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_needs_something_to_log_in_with_and_does_not_tell_what_it_found() {
        let told = |login: Login| login.find(&|_| None).err().unwrap().to_string();
        assert!(told(Login::default()).contains("no key, no agent and no password"));
        let password =
            SecretPlace { command: Some("echo hunter2; exit 1".to_owned()), ..SecretPlace::default() };
        let said = told(Login { password, ..Login::default() });
        assert!(said.contains("the password from a command") && !said.contains("hunter2"), "{said}");
    }
}
