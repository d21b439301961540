//! Encrypted connection strings, as the Ed-Fi ODS API writes them into EdFi_Admin.
//!
//! In: a text and a key. Out: the connection string behind it, or why there is none. The form: initialization vector,
//! ciphertext and authentication code, each in base64, separated by `|`; AES-256 in CBC mode with PKCS #7 padding; HMAC-SHA256
//! over the ciphertext, under the same key. The code is checked, in constant time, before anything is decrypted. It does not
//! cover the initialization vector: ADR 0055 says what follows. No error holds anything of a text or a key.

use std::fmt;

use aes::Aes256;
use base64ct::{Base64, Encoding};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::secret::Secret;

/// A key, used for the cipher and for its authentication code alike. Printing it gives `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct EncryptionKey([u8; 32]);

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoKey {
    /// It is something else.
    #[error("it is not base64")]
    NotBase64,
    /// It is too short or too long.
    #[error("it has {0} bytes, and a key has 32")]
    Length(usize),
}

impl EncryptionKey {
    /// Reads a key as the ODS API is configured with it: 32 bytes in base64.
    ///
    /// # Errors
    /// [`NoKey`].
    pub fn parse(text: &Secret) -> Result<EncryptionKey, NoKey> {
        let bytes = Base64::decode_vec(text.expose().trim()).map_err(|_| NoKey::NotBase64)?;
        let length = bytes.len();
        bytes.try_into().map(EncryptionKey).map_err(|_| NoKey::Length(length))
    }
}

/// Why an encrypted text gives no connection string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Sealed {
    /// Its authentication code is not that of its ciphertext under this key.
    #[error("the key is another one than it was encrypted with, or it was altered since")]
    NotAuthentic,
    /// Its parts do not have the form of a text that was encrypted.
    #[error("it was cut or altered")]
    Malformed,
}

/// Whether a text is encrypted: three parts of base64. Everything else is a connection string as it stands, as the Alliance's
/// products take it.
pub fn is_encrypted(text: &str) -> bool {
    let mut parts = text.trim().split('|');
    let three = [parts.next(), parts.next(), parts.next()];
    parts.next().is_none() && three.into_iter().all(|part| part.is_some_and(looks_like_base64))
}

fn looks_like_base64(part: &str) -> bool {
    let bare = part.trim_end_matches('=');
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    !bare.is_empty() && part.len() - bare.len() <= 2 && bare.bytes().all(sign)
}

/// The connection string behind an encrypted text.
///
/// # Errors
/// [`Sealed`].
pub fn decrypt(text: &str, key: &EncryptionKey) -> Result<Secret, Sealed> {
    let parts: Vec<Vec<u8>> = text
        .trim()
        .split('|')
        .map(Base64::decode_vec)
        .collect::<Result<_, _>>()
        .map_err(|_| Sealed::Malformed)?;
    let [vector, ciphertext, code] = <[Vec<u8>; 3]>::try_from(parts).map_err(|_| Sealed::Malformed)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.0).map_err(|_| Sealed::Malformed)?;
    mac.update(&ciphertext);
    // Compares in constant time, and all of the code: a shorter one does not fit.
    mac.verify_slice(&code).map_err(|_| Sealed::NotAuthentic)?;
    let cipher = cbc::Decryptor::<Aes256>::new_from_slices(&key.0, &vector).map_err(|_| Sealed::Malformed)?;
    let mut plain = ciphertext;
    let plain = cipher.decrypt_padded::<Pkcs7>(&mut plain).map_err(|_| Sealed::Malformed)?;
    std::str::from_utf8(plain).map(Secret::new).map_err(|_| Sealed::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The public test vector of the ODS repository.
    const KEY: &str = "t3OD+5YCKzCdGSaWBAvkQ9+d9R4ZbZnC9YG8L/ar8vA=";
    const TEXT: &str =
        "Gx5FXSHSelzRF2quaCOaNw==|RlK3dR28TP/dbslPezxa4w==|D7VcBfHXG0iPkPR36QDvv9W7SGiGWUUe7WBu5neV/fo=";

    fn key(text: &str) -> EncryptionKey {
        EncryptionKey::parse(&Secret::new(text)).unwrap()
    }

    fn decrypted(text: &str) -> Result<String, Sealed> {
        decrypt(text, &key(KEY)).map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn the_vector_of_the_ods_api_is_decrypted() {
        assert!(is_encrypted(TEXT));
        assert_eq!(decrypted(TEXT).as_deref(), Ok("Hello World"));
        assert_eq!(decrypted(&format!(" {TEXT}\n")).as_deref(), Ok("Hello World"));
    }

    #[test]
    fn a_forged_text_and_a_wrong_key_are_refused() {
        // The vector of the ODS repository for a code that was changed.
        assert_eq!(decrypted(&TEXT.replace("/fo=", "/f0=")), Err(Sealed::NotAuthentic));
        assert_eq!(decrypted(&TEXT.replace("RlK3", "RlK4")), Err(Sealed::NotAuthentic));
        let wrong = key("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        assert_eq!(decrypt(TEXT, &wrong), Err(Sealed::NotAuthentic));
        // A code that is the beginning of the right one, and none.
        let (rest, _) = TEXT.rsplit_once('|').unwrap();
        assert_eq!(decrypted(&format!("{rest}|D7VcBfHXG0iPkPR36QDvvw==")), Err(Sealed::NotAuthentic));
        assert_eq!(decrypted(&format!("{rest}|")), Err(Sealed::NotAuthentic));
        for cut in [&TEXT[1..], &TEXT[..TEXT.len() - 1], "AA==|AA==", "a|b|c", "||", ""] {
            assert!(decrypted(cut).is_err(), "{cut}");
        }
        // A vector of another length, with a code that fits.
        let short = TEXT.replace("Gx5FXSHSelzRF2quaCOaNw==", "Gx5FXSHSelzRF2quaCM=");
        assert_eq!(decrypted(&short), Err(Sealed::Malformed));
    }

    #[test]
    fn every_single_altered_sign_behind_the_vector_is_noticed() {
        for at in TEXT.find('|').unwrap() + 1..TEXT.len() {
            let old = TEXT.as_bytes()[at];
            if old == b'|' || old == b'=' {
                continue;
            }
            let new = if old == b'A' { 'B' } else { 'A' };
            let forged = format!("{}{new}{}", &TEXT[..at], &TEXT[at + 1..]);
            assert!(decrypted(&forged).is_err(), "{at}");
        }
    }

    #[test]
    fn other_texts_are_connection_strings_as_they_stand() {
        for plain in [
            "Host=db;Username=reader;Database=ods;Password=a|b|c",
            "Host=db;Password=x",
            "a|b",
            "a|b|c|d",
            "a||c",
            "a|b|c=d=",
            "a|b|===",
            "",
        ] {
            assert!(!is_encrypted(plain), "{plain}");
        }
        assert!(is_encrypted("a|b|c="));
    }

    #[test]
    fn keys_have_32_bytes_and_are_never_shown() {
        let fault = |text: &str| EncryptionKey::parse(&Secret::new(text)).unwrap_err();
        assert_eq!(fault("hunter2!"), NoKey::NotBase64);
        assert_eq!(fault("aHVudGVyMg=="), NoKey::Length(7));
        assert_eq!(format!("{:?}", key(KEY)), "***");
        assert_eq!(key(&format!("{KEY}\n")), key(KEY));
    }
}
