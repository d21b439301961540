//! The three spellings of a connection string, taken apart into keys and values.
//!
//! In: a URL, libpq's `key=value` list, or a .NET (Npgsql) string. Out: [`Pair`]s in their order; keys folded
//! to lower case without spaces and underscores, so that `SSL Mode` and `sslmode` are one. Knows no key by
//! meaning, and its errors repeat no value.

use super::connection::ConnectionError;

/// A key, folded, and its value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) key: String,
    pub(super) value: String,
}

fn pair(key: &str, value: impl Into<String>) -> Pair {
    let key = key.chars().filter(|c| !c.is_whitespace() && *c != '_').flat_map(char::to_lowercase).collect();
    Pair { key, value: value.into() }
}

fn syntax(reason: &str) -> ConnectionError {
    ConnectionError::Syntax { reason: reason.to_owned() }
}

/// The part behind `postgres://` or `postgresql://`, if this is such a URL.
pub(super) fn url_rest(text: &str) -> Option<&str> {
    ["postgres://", "postgresql://"].into_iter().find_map(|scheme| {
        text.get(..scheme.len()).filter(|start| start.eq_ignore_ascii_case(scheme))?;
        text.get(scheme.len()..)
    })
}

/// Takes a connection string of any spelling apart.
pub(super) fn pairs(text: &str) -> Result<Vec<Pair>, ConnectionError> {
    let text = text.trim();
    if let Some(rest) = url_rest(text) {
        url(rest)
    } else if text.contains(';') {
        dotnet(text)
    } else {
        libpq(text)
    }
}

/// `user:password@host:port/database?key=value&...`
fn url(rest: &str) -> Result<Vec<Pair>, ConnectionError> {
    if rest.contains('#') {
        return Err(syntax("a URL must not contain `#`: write it as %23"));
    }
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, address) = authority.rsplit_once('@').unwrap_or(("", authority));
    let mut pairs = Vec::new();
    if !user.is_empty() {
        let (user, password) = user.split_once(':').map_or((user, None), |(u, p)| (u, Some(p)));
        pairs.push(pair("user", decoded(user)?));
        if let Some(password) = password {
            pairs.push(pair("password", decoded(password)?));
        }
    }
    // IPv6 addresses stand in brackets because of their colons.
    let (host, port) = match address.strip_prefix('[').map(|inner| inner.split_once(']')) {
        Some(Some((host, port))) => (host, port),
        Some(None) => return Err(syntax("the address lacks its closing bracket")),
        None => address.split_at(address.find(':').unwrap_or(address.len())),
    };
    if !host.is_empty() {
        pairs.push(pair("host", decoded(host)?));
    }
    match (port, port.strip_prefix(':')) {
        ("" | ":", _) => {}
        (_, Some(port)) => pairs.push(pair("port", port)),
        (_, None) => return Err(syntax("something else than a port follows the address")),
    }
    if !database.is_empty() {
        pairs.push(pair("database", decoded(database)?));
    }
    for parameter in query.split('&').filter(|p| !p.is_empty()) {
        let Some((key, value)) = parameter.split_once('=') else {
            return Err(syntax("a parameter of the URL has no `=`"));
        };
        pairs.push(pair(&decoded(key)?, decoded(value)?));
    }
    Ok(pairs)
}

/// Percent-decoding; `+` stays itself, as in libpq.
fn decoded(text: &str) -> Result<String, ConnectionError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(syntax("`%` in a URL must be followed by two hexadecimal digits (write % as %25)"));
        };
        bytes.push((high * 16 + low) as u8);
    }
    String::from_utf8(bytes).map_err(|_| syntax("the URL is not UTF-8 once decoded"))
}

/// `key = 'value' key=value`: blanks separate, single quotes hold blanks, a backslash escapes.
fn libpq(text: &str) -> Result<Vec<Pair>, ConnectionError> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let Some((key, tail)) = rest.split_once('=') else {
            return Err(syntax("a word without `=`"));
        };
        let key = key.trim();
        if key.is_empty() {
            return Err(syntax("a value without its key"));
        }
        let mut characters = tail.trim_start().chars();
        let quoted = characters.as_str().starts_with('\'');
        if quoted {
            characters.next();
        }
        let mut value = String::new();
        let mut closed = !quoted;
        while let Some(character) = characters.next() {
            match character {
                '\\' => value.extend(characters.next()),
                '\'' if quoted => {
                    closed = true;
                    break;
                }
                c if c.is_whitespace() && !quoted => break,
                c => value.push(c),
            }
        }
        if !closed {
            return Err(syntax("a quoted value lacks its closing quote"));
        }
        // Two words before the `=` are a .NET key such as `SSL Mode`, which needs its semicolons.
        if key.contains(char::is_whitespace) && !pairs.is_empty() {
            return Err(syntax("a word without `=`"));
        }
        pairs.push(pair(key, value));
        rest = characters.as_str().trim_start();
    }
    Ok(pairs)
}

/// `Key=value;Key="value; with a semicolon";...`: quotes of either kind, doubled to stand for themselves.
fn dotnet(text: &str) -> Result<Vec<Pair>, ConnectionError> {
    let mut pairs = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c == ';' || c.is_whitespace());
        if rest.is_empty() {
            return Ok(pairs);
        }
        let Some((key, tail)) = rest.split_once('=') else {
            return Err(syntax("a word without `=`"));
        };
        let tail = tail.trim_start();
        let value = match tail.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let mut value = String::new();
                let mut characters = tail[1..].chars().peekable();
                let mut taken = 1;
                loop {
                    let Some(character) = characters.next() else {
                        return Err(syntax("a quoted value lacks its closing quote"));
                    };
                    taken += character.len_utf8();
                    if character == quote {
                        if characters.peek() != Some(&quote) {
                            break;
                        }
                        characters.next();
                        taken += quote.len_utf8();
                    }
                    value.push(character);
                }
                rest = tail[taken..].trim_start();
                if !rest.is_empty() && !rest.starts_with(';') {
                    return Err(syntax("something follows a quoted value before its semicolon"));
                }
                value
            }
            _ => {
                let (value, tail) = tail.split_once(';').unwrap_or((tail, ""));
                rest = tail;
                value.trim_end().to_owned()
            }
        };
        if key.trim().is_empty() || key.contains(';') {
            return Err(syntax("a word without `=`"));
        }
        pairs.push(pair(key, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> Vec<(String, String)> {
        pairs(text).unwrap().into_iter().map(|p| (p.key, p.value)).collect()
    }

    fn expected(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn urls() {
        assert_eq!(
            shown(
                "postgresql://re%40der:p%3Aw@db.example:5433/EdFi_Ods?sslmode=verify-full&ssl_root_cert=%2Fca.pem"
            ),
            expected(&[
                ("user", "re@der"),
                ("password", "p:w"),
                ("host", "db.example"),
                ("port", "5433"),
                ("database", "EdFi_Ods"),
                ("sslmode", "verify-full"),
                ("sslrootcert", "/ca.pem"),
            ])
        );
        assert_eq!(
            shown("postgres://[::1]:5433/ods"),
            expected(&[("host", "::1"), ("port", "5433"), ("database", "ods")])
        );
        assert_eq!(shown("postgres://[::1]/ods"), expected(&[("host", "::1"), ("database", "ods")]));
        assert_eq!(
            shown("POSTGRES:///ods?host=/var/run"),
            expected(&[("database", "ods"), ("host", "/var/run")])
        );
        for bad in [
            "postgres://[::1/ods",
            "postgres://[::1]x/ods",
            "postgres://h/d?x",
            "postgres://h/%zz",
            "postgres://h/%f",
            "postgres://h/%ff",
            "postgres://u:a#b@h/d",
        ] {
            assert!(pairs(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn libpq_lists() {
        assert_eq!(
            shown(r"host=db.example port = 5433 dbname='EdFi Ods' user='O\'Brien' options="),
            expected(&[
                ("host", "db.example"),
                ("port", "5433"),
                ("dbname", "EdFi Ods"),
                ("user", "O'Brien"),
                ("options", "")
            ])
        );
        for bad in ["host", "=x", "host='x", "host=a user"] {
            assert!(pairs(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn dotnet_strings() {
        assert_eq!(
            shown(
                "Host=db.example; Username=reader ;Database=\"EdFi;Ods\"; SSL Mode=VerifyFull;Password='it''s';;"
            ),
            expected(&[
                ("host", "db.example"),
                ("username", "reader"),
                ("database", "EdFi;Ods"),
                ("sslmode", "VerifyFull"),
                ("password", "it's"),
            ])
        );
        for bad in ["Host=a;b", "Host='a;", "Host='a' b;", ";=x"] {
            assert!(pairs(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,40}") {
            for prefix in ["", "postgres://", "host=a;", "host='"] {
                let _ = pairs(&format!("{prefix}{text}"));
            }
        }
    }
}
