//! What NATS says, as a store's errors. No message holds a payload, an address or a secret.

use es_core::StoreError;
use serde::Deserialize;

/// What is wrong beside what the server itself says.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("`{0}` can't name a log: 1 to 64 letters, digits, `-` and `_` can")]
    Name(String),
    #[error("`{0}` can't name a log: a log's snapshots have its name with `-snapshots` behind it")]
    Reserved(String),
    #[error("the server's address isn't one")]
    Address,
    #[error("a credential can't be read")]
    Credential,
    #[error("a certificate for TLS, or its key, can't be read, or one isn't the other's")]
    Certificate,
    #[error("the server refuses us: {0}")]
    NotLetIn(&'static str),
    #[error("the server can't be reached: {0}")]
    NoConnection(&'static str),
    #[error("there is no connection to the server")]
    Disconnected,
    #[error("the connection broke")]
    ConnectionLost,
    #[error("no answer within {0:?}")]
    NoAnswer(std::time::Duration),
    #[error("not done within {0:?}")]
    Late(std::time::Duration),
    #[error("nobody there keeps the log")]
    NoResponders,
    #[error(
        "a message of {bytes} bytes and its headers is too large; the server takes at most {limit}"
    )]
    TooLarge { bytes: usize, limit: usize },
    #[error("the server's answer isn't understood")]
    NotUnderstood,
    #[error("the server has less than it acknowledged: {told}, after {acknowledged}")]
    Behind { told: u64, acknowledged: u64 },
    #[error("other appends to the stream are under way")]
    Contended,
    #[error("the stream `{stream}` has {setting} = {found}, and has to have {wanted}")]
    Setting {
        stream: String,
        setting: &'static str,
        found: String,
        wanted: String,
    },
    #[error(
        "the log has {0} replicas, and `Durability::Replicated` needs three: one that is acknowledged may be lost with \
         the power"
    )]
    TooFewReplicas(usize),
    #[error("message {0} of the log isn't one of ours")]
    Message(u64),
    #[error("message {sequence} of the log doesn't follow what its stream has")]
    OutOfOrder { sequence: u64 },
    #[error(
        "`{0}` can't begin a subject: tokens of 1 to 64 letters, digits, `-` and `_`, with dots between, can"
    )]
    Prefix(String),
    #[error("no JetStream stream keeps the subject `{0}`; make one that does")]
    Unkept(String),
    #[error("event {id} has {bytes} bytes outside; the server takes at most {limit}")]
    EventTooLarge {
        id: String,
        bytes: usize,
        limit: usize,
    },
    #[error("the snapshot of a stream is unreadable")]
    Snapshot,
    #[error("the snapshot has {bytes} bytes; the server takes at most {limit}")]
    SnapshotTooLarge { bytes: usize, limit: usize },
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Disconnected
            | Fault::NoConnection(_)
            | Fault::ConnectionLost
            | Fault::NoAnswer(_)
            | Fault::Late(_)
            | Fault::NoResponders
            | Fault::Behind { .. }
            | Fault::Contended => Self::Unavailable(fault.into()),
            Fault::Name(_)
            | Fault::Reserved(_)
            | Fault::Prefix(_)
            | Fault::Address
            | Fault::TooLarge { .. }
            | Fault::SnapshotTooLarge { .. } => {
                Self::invalid(es_core::Invalid::Store(fault.into()))
            }
            fault => Self::Backend(fault.into()),
        }
    }
}

/// Why there is no connection. What the driver says may hold the address, and with it a password: none of it is kept.
pub(crate) fn not_connected(error: &async_nats::ConnectError) -> Fault {
    use async_nats::ConnectErrorKind as Kind;
    match error.kind() {
        Kind::ServerParse => Fault::Address,
        Kind::Dns => Fault::NoConnection("its name isn't known"),
        Kind::Authentication => Fault::NotLetIn("the credentials don't sign"),
        Kind::AuthorizationViolation => Fault::NotLetIn("the credentials are wrong"),
        Kind::TimedOut => Fault::NoConnection("no answer"),
        Kind::Tls => Fault::NotLetIn("no common ground in TLS"),
        Kind::Io | Kind::MaxReconnects => match encryption(error) {
            Some(fault) => fault,
            None => Fault::NoConnection("nobody is there"),
        },
    }
}

/// What stopped the handshake, if that is what broke the connection.
fn encryption(error: &async_nats::ConnectError) -> Option<Fault> {
    use async_nats::rustls::Error;
    let io: &std::io::Error = std::error::Error::source(error)?.downcast_ref()?;
    Some(Fault::NotLetIn(match io.get_ref()?.downcast_ref()? {
        Error::InvalidCertificate(_) => "nobody whom we trust vouches for its certificate",
        Error::AlertReceived(_) => "it doesn't take our certificate, or asks for one",
        _ => "no common ground in TLS",
    }))
}

/// What the server answered instead of doing it.
#[derive(Debug, Clone, Deserialize, thiserror::Error)]
#[error("{description} (error {err_code})")]
pub(crate) struct Refusal {
    #[serde(default)]
    pub code: u16,
    #[serde(default)]
    pub err_code: u32,
    #[serde(default)]
    pub description: String,
}

impl Refusal {
    /// The stream has another last message than was expected; the server knows which, or it is being written.
    const WRONG_LAST_SEQUENCE: [u32; 2] = [10_071, 10_164];
    /// Another message with this id is being written.
    const ID_IN_PROCESS: u32 = 10_158;
    const TOO_MANY_REQUESTS: u32 = 10_167;
    pub(crate) const NO_MESSAGE: u32 = 10_037;
    pub(crate) const NO_STREAM: u32 = 10_059;
    const NAME_IN_USE: u32 = 10_058;

    /// Another message is the stream's last, or is about to be.
    pub(crate) fn is_overtaken(&self) -> bool {
        Self::WRONG_LAST_SEQUENCE.contains(&self.err_code) || self.err_code == Self::ID_IN_PROCESS
    }

    /// Another handle made it first.
    pub(crate) fn is_name_in_use(&self) -> bool {
        self.err_code == Self::NAME_IN_USE
    }

    /// Whether it may pass: a leader is being elected, or the server is starting or short of something.
    pub(crate) fn may_pass(&self) -> bool {
        self.code == 503 || self.err_code == Self::TOO_MANY_REQUESTS
    }
}

/// Why there is no answer, or not the one that was asked for.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) enum Trouble {
    /// The request wasn't sent, or nobody took it.
    NotSent(Fault),
    /// Perhaps it was done.
    Perhaps(Fault),
    /// It wasn't done.
    Refused(Refusal),
}

impl Trouble {
    /// The error of something that writes nothing, or that was never sent.
    pub(crate) fn into_error(self) -> StoreError {
        match self {
            Self::NotSent(fault) | Self::Perhaps(fault) => match fault.into() {
                StoreError::Backend(cause) => StoreError::Unavailable(cause),
                error => error,
            },
            Self::Refused(refusal) if refusal.may_pass() => StoreError::Unavailable(refusal.into()),
            Self::Refused(refusal) => StoreError::Backend(refusal.into()),
        }
    }

    pub(crate) fn may_pass(&self) -> bool {
        match self {
            // The same bytes are no fewer at the next try.
            Self::NotSent(Fault::TooLarge { .. }) => false,
            Self::NotSent(_) | Self::Perhaps(_) => true,
            Self::Refused(refusal) => refusal.may_pass(),
        }
    }
}

#[cfg(test)]
mod tests {
    use es_core::StoreError;

    use super::{Fault, Trouble};

    /// A server that was connected to meanwhile may take less than the one before.
    #[test]
    fn what_a_server_finds_too_large_is_invalid_and_not_tried_again() {
        let (bytes, limit) = (2_000, 1_000);
        let trouble = Trouble::NotSent(Fault::TooLarge { bytes, limit });
        assert!(!trouble.may_pass());
        let error = trouble.into_error();
        assert!(matches!(error, StoreError::Invalid(_)), "{error:?}");
        let told = std::error::Error::source(&error).unwrap().to_string();
        let told = format!("{told} {:?}", std::error::Error::source(&error));
        assert!(told.contains("2000") && told.contains("1000"), "{told}");
    }
}
