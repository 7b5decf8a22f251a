//! How we prove who we are.

use std::path::PathBuf;

use async_nats::{ConnectOptions, ServerAddr};

use crate::error::Fault;

#[derive(Clone)]
pub(crate) enum Login {
    None,
    Password(String, String),
    Token(String),
    Credentials(String),
    CredentialsFile(PathBuf),
    Nkey(String),
}

impl Login {
    /// What an address says: `user:password@`, or `token@`.
    pub(crate) fn of(address: &ServerAddr) -> Option<Self> {
        let user = unescaped(address.username()?);
        Some(match address.password() {
            Some(password) => Self::Password(user, unescaped(password)),
            None => Self::Token(user),
        })
    }

    /// Says it to the driver.
    pub(crate) async fn tell(self, options: ConnectOptions) -> Result<ConnectOptions, Fault> {
        let wrong = |_| Fault::Credential;
        Ok(match self {
            Self::None => options,
            Self::Password(user, password) => options.user_and_password(user, password),
            Self::Token(token) => options.token(token),
            Self::Nkey(seed) => options.nkey(seed),
            Self::Credentials(text) => options.credentials(&text).map_err(wrong)?,
            Self::CredentialsFile(file) => options.credentials_file(file).await.map_err(wrong)?,
        })
    }

    /// Its kind, which is no secret.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Password(..) => "password",
            Self::Token(_) => "token",
            Self::Credentials(_) | Self::CredentialsFile(_) => "credentials",
            Self::Nkey(_) => "nkey",
        }
    }
}

/// A part of an address without its escapes: `%40` is `@`.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = match rest {
            [b'%', high, low, ..] => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                digit(high).zip(digit(low))
            }
            _ => None,
        };
        let escaped = escaped.and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() {
            &after[2..]
        } else {
            after
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::unescaped;

    #[test]
    fn a_password_in_an_address_may_be_escaped() {
        for (escaped, password) in [
            ("hunter2", "hunter2"),
            ("p%40ss%2Fw%3aord", "p@ss/w:ord"),
            ("%C3%A9", "é"),
            ("100%", "100%"),
            ("%4", "%4"),
            ("%zz", "%zz"),
        ] {
            assert_eq!(unescaped(escaped), password);
        }
    }
}
