//! Folding a stream of 1,000 stored events of about 150 bytes from memory, beside bare `serde_json` and a `match`.
//!
//! `cargo bench -p es-core --bench fold`. Both sides run in turn, many rounds; the figure is the median of the rounds'
//! ratios, as the machine's speed drifts.

use std::hint::black_box;
use std::time::{Duration, Instant};

use es_core::{Aggregate, Apply, Create, Event, NoError, Repository};
use es_memory::MemoryStore;
use serde::{Deserialize, Serialize};

const EVENTS: u64 = 1_000;
const ROUNDS: usize = 201;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.opened")]
struct Opened {
    owner: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.deposited")]
struct Deposited {
    cents: i64,
    currency: String,
    reference: String,
    counterparty: String,
    note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "account.withdrawn")]
struct Withdrawn {
    cents: i64,
    currency: String,
    reference: String,
    counterparty: String,
    note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Aggregate)]
#[aggregate(name = "account", id = String, event = AccountEvent, error = NoError)]
#[event(Opened, initial)]
#[event(Deposited)]
#[event(Withdrawn)]
struct Account {
    owner: String,
    balance: i64,
    last: String,
}

impl Create<Opened> for Account {
    fn create(event: Opened) -> Self {
        Self {
            owner: event.owner,
            balance: 0,
            last: String::new(),
        }
    }
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited) {
        self.balance += event.cents;
        self.last = event.reference;
    }
}

impl Apply<Withdrawn> for Account {
    fn apply(&mut self, event: Withdrawn) {
        self.balance -= event.cents;
        self.last = event.reference;
    }
}

fn events() -> Vec<AccountEvent> {
    let text = |prefix: &str, n: u64| format!("{prefix}-{n:012}");
    let event = |n: u64| {
        let (cents, currency) = (i64::try_from(n).unwrap_or(0), "EUR".to_owned());
        let (reference, counterparty) =
            (text("transaction", n), text("DE89-3704-0044-0532", n % 97));
        let note = n
            .is_multiple_of(2)
            .then(|| "thank you for your purchase".to_owned());
        match n {
            0 => Opened {
                owner: "Ada".to_owned(),
            }
            .into(),
            n if n.is_multiple_of(3) => Withdrawn {
                cents,
                currency,
                reference,
                counterparty,
                note,
            }
            .into(),
            _ => Deposited {
                cents,
                currency,
                reference,
                counterparty,
                note,
            }
            .into(),
        }
    };
    (0..EVENTS).map(event).collect()
}

/// The same fold without the library: what a careful program would write by hand.
fn bare(stored: &[(String, String)]) -> Option<Account> {
    let mut state: Option<Account> = None;
    for (name, payload) in stored {
        match (name.as_str(), &mut state) {
            ("account.opened", None) => {
                let event: Opened = serde_json::from_str(payload).ok()?;
                state = Some(Account {
                    owner: event.owner,
                    balance: 0,
                    last: String::new(),
                });
            }
            ("account.deposited", Some(account)) => {
                let event: Deposited = serde_json::from_str(payload).ok()?;
                account.balance += event.cents;
                account.last = event.reference;
            }
            ("account.withdrawn", Some(account)) => {
                let event: Withdrawn = serde_json::from_str(payload).ok()?;
                account.balance -= event.cents;
                account.last = event.reference;
            }
            _ => return None,
        }
    }
    state
}

fn timed<T>(run: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = black_box(run());
    (start.elapsed(), result)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let accounts = Repository::<Account, _>::new(MemoryStore::new());
    let id = "ada".to_owned();
    let events = events();
    runtime.block_on(accounts.create(&id, events.clone()).into_future())?;
    let stored: Vec<(String, String)> = events
        .iter()
        .map(|event| {
            let descriptor = es_core::EventSet::descriptor(event);
            Ok((
                descriptor.name.to_owned(),
                es_core::EventSet::encode(event)?.as_str().to_owned(),
            ))
        })
        .collect::<Result<_, es_core::EncodeError>>()?;
    let bytes: usize = stored.iter().map(|(_, payload)| payload.len()).sum();

    let (mut ours, mut bares, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (bare_time, bare_state) = timed(|| bare(black_box(&stored)));
        let (our_time, our_state) = timed(|| runtime.block_on(accounts.load(&id)));
        assert_eq!(bare_state.as_ref(), Some(&*our_state?));
        ours.push(our_time.as_secs_f64());
        bares.push(bare_time.as_secs_f64());
        ratios.push(bare_time.as_secs_f64() / our_time.as_secs_f64());
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of a thousand")]
    let per_second = |seconds: f64| EVENTS as f64 / seconds;
    println!(
        "folding {EVENTS} events, {} bytes each on average, {ROUNDS} rounds",
        bytes / stored.len()
    );
    println!("| side | events/s (median) |\n|---|---|");
    println!(
        "| bare serde_json + match | {:.0} |",
        per_second(median(bares))
    );
    println!("| Repository::load | {:.0} |", per_second(median(ours)));
    println!(
        "ratio (ours to bare, median of rounds): {:.2}",
        median(ratios)
    );
    Ok(())
}
