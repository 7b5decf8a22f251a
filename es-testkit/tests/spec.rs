//! Given-when-then says what it should, and fails when it should, at the caller's line.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use es_core::{
    Aggregate, Apply, Command, Create, Event, Handle, HandleCreate, Recorded, Timestamp,
};
use es_testkit::Spec;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {
    owner: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.deposited", version = 2)]
struct Deposited {
    #[event(since = 2, renamed_from = "amt")]
    cents: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.withdrawn")]
struct Withdrawn {
    cents: i64,
}

/// An event that doesn't survive storage: serde forgets a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.noted")]
struct Noted {
    #[serde(skip)]
    note: String,
}

/// An event that can be written and not read.
#[derive(Debug, Clone, PartialEq, Event)]
#[event(name = "account.sealed")]
struct Sealed;

impl Serialize for Sealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(1)
    }
}

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bool::deserialize(deserializer).map(|_| Self)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.rated")]
struct Rated {
    rate: f64,
}

#[derive(Debug, PartialEq, Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = Refusal)]
#[event(Opened, initial)]
#[event(Deposited, recorded)]
#[event(Withdrawn)]
#[event(Noted)]
#[event(Sealed)]
#[event(Rated)]
#[event(retired = "account.gift-granted")]
struct Account {
    balance: i64,
    deposited: Option<(Timestamp, Timestamp, Option<String>)>,
}

#[derive(Debug, PartialEq)]
enum Refusal {
    TooMuch { balance: i64 },
    Closed,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooMuch { balance } => write!(f, "only {balance} there"),
            Self::Closed => f.write_str("closed"),
        }
    }
}

impl std::error::Error for Refusal {}

impl Create<Opened> for Account {
    fn create(_: Opened) -> Self {
        Self {
            balance: 0,
            deposited: None,
        }
    }
}

impl Apply<Recorded<Deposited>> for Account {
    fn apply(&mut self, event: Recorded<Deposited>) {
        self.balance += event.cents;
        self.deposited = Some((event.recorded_at, event.effective_at, event.metadata.actor));
    }
}

impl Apply<Withdrawn> for Account {
    fn apply(&mut self, event: Withdrawn) {
        self.balance -= event.cents;
    }
}

impl Apply<Noted> for Account {
    fn apply(&mut self, _: Noted) {}
}

impl Apply<Sealed> for Account {
    fn apply(&mut self, _: Sealed) {}
}

impl Apply<Rated> for Account {
    fn apply(&mut self, _: Rated) {}
}

impl Account {
    fn open(owner: &str) -> Opened {
        let owner = owner.to_owned();
        Opened { owner }
    }

    fn withdraw(&self, cents: i64) -> Result<Withdrawn, Refusal> {
        if cents > self.balance {
            Err(Refusal::TooMuch {
                balance: self.balance,
            })
        } else {
            Ok(Withdrawn { cents })
        }
    }
}

#[derive(Command)]
#[command(aggregate = Account, creates)]
struct Open {
    #[command(id)]
    account: String,
}

impl HandleCreate<Open> for Account {
    type Events = Opened;

    fn handle_create(command: &Open) -> Result<Opened, Refusal> {
        Ok(Account::open(&command.account))
    }
}

#[derive(Command)]
#[command(aggregate = Account)]
struct Withdraw {
    #[command(id)]
    account: String,
    cents: i64,
}

impl Handle<Withdraw> for Account {
    type Events = Withdrawn;

    fn handle(&self, command: &Withdraw) -> Result<Withdrawn, Refusal> {
        self.withdraw(command.cents)
    }
}

fn withdraw(cents: i64) -> Withdraw {
    let account = "ada".to_owned();
    Withdraw { account, cents }
}

#[test]
fn a_chain_of_decisions_is_tested() {
    Account::given((Account::open("ada"), Deposited { cents: 50 }))
        .when(|account| account.withdraw(80))
        .then_rejected(Refusal::TooMuch { balance: 50 })
        .when(|account| account.withdraw(30))
        .then(Withdrawn { cents: 30 })
        .when(|account| account.withdraw(30))
        .then_rejected_with(|refusal| matches!(refusal, Refusal::TooMuch { .. }))
        .when(|_| ())
        .then_nothing()
        .when_sent(withdraw(20))
        .then_state_with(|account| account.balance == 0)
        .given(Deposited { cents: 1 })
        .then_state_with(|account| account.balance == 1);
}

#[test]
fn a_creation_is_tested() {
    Account::given(())
        .when_created(Account::open("ada"))
        .then(Account::open("ada"))
        .then_state(Account {
            balance: 0,
            deposited: None,
        });
    Account::given(())
        .when_sent(Open {
            account: "ada".to_owned(),
        })
        .then(Account::open("ada"));
}

#[test]
fn old_bytes_are_given_as_they_were_stored() {
    Account::given_stored("account.opened", 1, r#"{"owner":"ada"}"#)
        .given_stored("account.deposited", 1, r#"{"amt":5}"#)
        .given_stored("account.gift-granted", 7, "nobody reads this")
        .given_stored("account.deposited", 2, r#"{"cents":6}"#)
        .then_state_with(|account| account.balance == 11);
}

#[test]
fn times_and_the_actor_are_given() {
    let (recorded, effective) = (
        Timestamp::from_micros(7).unwrap(),
        Timestamp::from_micros(3).unwrap(),
    );
    let actor = Some("teller-7".to_owned());
    Account::given(Account::open("ada"))
        .recorded_at(recorded)
        .effective_at(effective)
        .by("teller-7")
        .given(Deposited { cents: 50 })
        .then_state_with(|account| account.deposited == Some((recorded, effective, actor.clone())));
}

/// The message of a failure, after a check that it names a line of this file.
fn failure(test: impl FnOnce()) -> String {
    static HOOK: Mutex<()> = Mutex::new(());
    static PLACE: Mutex<Option<String>> = Mutex::new(None);
    let _one_at_a_time = HOOK
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|location| location.file().to_owned());
        *PLACE
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = place;
    }));
    let result = catch_unwind(AssertUnwindSafe(test));
    std::panic::set_hook(before);
    let payload = result.expect_err("the test should fail");
    let place = PLACE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .take();
    assert!(
        place.is_some_and(|place| place.ends_with("spec.rs")),
        "it fails elsewhere"
    );
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => (*payload.downcast::<&str>().unwrap()).to_owned(),
    }
}

fn ada() -> es_testkit::Scenario<Account> {
    Account::given((Account::open("ada"), Deposited { cents: 50 }))
}

#[test]
fn other_events_are_shown_beside_the_expected() {
    let message = failure(|| {
        let _ = ada().when(|a| a.withdraw(30)).then(Withdrawn { cents: 31 });
    });
    assert!(message.contains("other events happened"), "{message}");
    assert!(message.contains("-             cents: 31,"), "{message}");
    assert!(message.contains("+             cents: 30,"), "{message}");
}

#[test]
fn an_event_too_many_or_too_few_fails() {
    for fails in [
        || {
            drop(
                ada()
                    .when(|_| [Withdrawn { cents: 1 }; 0])
                    .then(Withdrawn { cents: 1 }),
            );
        },
        || drop(ada().when(|a| a.withdraw(1)).then_nothing()),
        || {
            drop(
                ada()
                    .when(|a| (a.withdraw(1), a.withdraw(1)))
                    .then(Withdrawn { cents: 1 }),
            );
        },
    ] {
        failure(fails);
    }
}

#[test]
fn an_unexpected_rejection_or_acceptance_fails() {
    let message = failure(|| drop(ada().when(|a| a.withdraw(80)).then(Withdrawn { cents: 80 })));
    assert!(message.contains("only 50 there"), "{message}");
    let message = failure(|| drop(ada().when(|a| a.withdraw(80)).then_nothing()));
    assert!(message.contains("it was rejected"), "{message}");
    let message = failure(|| {
        drop(
            ada()
                .when(|a| a.withdraw(10))
                .then_rejected(Refusal::Closed),
        );
    });
    assert!(message.contains("it wasn't rejected"), "{message}");
    let message = failure(|| {
        drop(
            ada()
                .when(|a| a.withdraw(80))
                .then_rejected(Refusal::Closed),
        );
    });
    assert!(message.contains("another reason"), "{message}");
    failure(|| drop(ada().when(|a| a.withdraw(80)).then_rejected_with(|_| false)));
    failure(|| drop(ada().when(|a| a.withdraw(80)).then_state_with(|_| true)));
}

#[test]
fn another_state_fails() {
    let message = failure(|| {
        let _ = ada().then_state(Account {
            balance: 51,
            deposited: None,
        });
    });
    assert!(message.contains("-     balance: 51,"), "{message}");
    failure(|| drop(ada().then_state_with(|account| account.balance == 51)));
    failure(|| drop(Account::given(()).then_state_with(|_| true)));
}

#[test]
fn an_event_that_does_not_survive_storage_fails_wherever_it_comes_from() {
    let noted = || Noted {
        note: "lost".to_owned(),
    };
    let message = failure(|| drop(ada().given(noted())));
    assert!(message.contains("comes back as another"), "{message}");
    failure(|| drop(ada().when(|_| noted())));
    let message = failure(|| drop(ada().given(Sealed)));
    assert!(message.contains("can't be read back"), "{message}");
    let message = failure(|| drop(ada().when(|_| Rated { rate: f64::NAN })));
    assert!(message.contains("can't be stored"), "{message}");
}

#[test]
fn a_stream_that_begins_wrong_fails() {
    let message = failure(|| drop(Account::given(Withdrawn { cents: 1 })));
    assert!(message.contains("can't begin a stream"), "{message}");
    let message = failure(|| drop(ada().given(Account::open("eve"))));
    assert!(message.contains("can't come later"), "{message}");
    let message = failure(|| drop(Account::given(()).when(|a| a.withdraw(1))));
    assert!(message.contains("when_created"), "{message}");
    let message = failure(|| drop(ada().when_created(Account::open("eve"))));
    assert!(message.contains("exists already"), "{message}");
    let message = failure(|| drop(ada().given_stored("account.unheard-of", 1, "{}")));
    assert!(message.contains("account.unheard-of"), "{message}");
    assert!(
        message.contains("no event of this name is known"),
        "{message}"
    );
}
