//! Who is let in, and who isn't.

mod support;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use es_core::{Append, EventStore, Expected, Position, StoreError};
use es_nats::{NatsOptions, NatsStore};
use es_servers::Nats;
use nkeys::KeyPair;
use serde_json::{Value, json};
use support::{events, log, stream};

fn bank() -> NatsOptions {
    NatsStore::options().name("bank")
}

/// A server says no, and what it says shows none of these secrets.
async fn is_refused(options: NatsOptions, server: &Nats, secrets: &[&str]) {
    let refused = options.open(server.url()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Backend(_)), "{refused:?}");
    let told = format!("{refused:?}");
    assert!(
        secrets.iter().all(|secret| !told.contains(secret)),
        "{told}"
    );
}

/// A claim that somebody signs, as NATS writes it.
fn signed(by: &KeyPair, of: &KeyPair, name: &str, claim: &Value) -> String {
    let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({ "typ": "JWT", "alg": "ed25519-nkey" });
    let claims = json!({
        "jti": name, "iat": 1_700_000_000, "iss": by.public_key(), "sub": of.public_key(), "name": name, "nats": claim,
    });
    let text = format!("{}.{}", encode(header), encode(claims));
    let signature = by.sign(text.as_bytes()).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// An operator, the account of a bank and its user's credentials; and the lines by which a server knows the first two.
fn operated() -> (String, String) {
    let (operator, user) = (KeyPair::new_operator(), KeyPair::new_user());
    let (system, bank) = (KeyPair::new_account(), KeyPair::new_account());
    let limits = json!({
        "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1, "leaf": -1,
        "mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1,
    });
    let account = json!({ "type": "account", "version": 2, "limits": limits });
    // A server keeps no log for the account in which it speaks of itself.
    let silent = json!({ "type": "account", "version": 2, "limits": { "subs": -1, "conn": -1 } });
    let own = json!({ "type": "operator", "version": 2 });
    let lines = format!(
        "operator: {}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload {{\n {}: {}\n {}: {}\n}}",
        signed(&operator, &operator, "operator", &own),
        system.public_key(),
        system.public_key(),
        signed(&operator, &system, "system", &silent),
        bank.public_key(),
        signed(&operator, &bank, "bank", &account),
    );
    let claim = json!({ "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1 });
    (
        lines,
        credentials(&signed(&bank, &user, "ada", &claim), &user),
    )
}

/// The text of a credentials file.
fn credentials(jwt: &str, user: &KeyPair) -> String {
    format!(
        "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
        user.seed().unwrap()
    )
}

/// Whoever may not be told of new events looks for them.
async fn waits_without_being_told() {
    let lines = r#"authorization { users = [
        { user: teller, password: t }
        { user: clerk, password: c, permissions: { publish: { deny: ["$JS.API.CONSUMER.>"] } } }
    ] }"#;
    let server = Nats::start_with(lines, "", None).unwrap();
    let open = async |user, password| {
        let options = bank().password(user, password);
        options.open(server.url()).await.unwrap()
    };
    let (teller, clerk) = (open("teller", "t").await, open("clerk", "c").await);
    let waiting = tokio::spawn(async move { clerk.wait_past(Position::START).await });
    let append = Append::new(stream(1), Expected::NoStream, events(1));
    teller.append(append).await.unwrap();
    let waited = tokio::time::timeout(Duration::from_mins(1), waiting).await;
    waited
        .expect("it isn't told, and doesn't look")
        .unwrap()
        .unwrap();
}

es_servers::needs_own_nats! {
    #[tokio::test]
    async fn a_subscriber_that_the_server_tells_nothing_finds_what_is_new() {
        waits_without_being_told().await;
    }

    #[tokio::test]
    async fn who_logs_in_with_the_right_password_is_let_in() {
        let login = "authorization { user: ada, password: hunter2 }";
        let server = Nats::start_with(login, "", None).unwrap();
        let store = bank().password("ada", "hunter2").open(server.url()).await.unwrap();
        let append = Append::new(stream(1), Expected::NoStream, events(1));
        store.append(append).await.unwrap();
        let address = server.url().rsplit('/').next().unwrap();
        let by_url = bank().open(format!("nats://ada:hunter2@{address}")).await.unwrap();
        assert_eq!(log(&by_url).await.len(), 1);
        for options in [bank(), bank().password("ada", "hunter3"), bank().token("hunter3")] {
            let refused = options.open(server.url()).await.unwrap_err();
            assert!(matches!(refused, StoreError::Backend(_)), "{refused:?}");
            assert!(!format!("{refused:?}").contains("hunter"));
        }
    }

    #[tokio::test]
    async fn who_logs_in_with_the_right_token_is_let_in() {
        let server = Nats::start_with("authorization { token: hunter2 }", "", None).unwrap();
        let store = bank().token("hunter2").open(server.url()).await.unwrap();
        assert_eq!(store.head().await.unwrap(), Position::START);
        let refused = bank().token("hunter3").open(server.url()).await.unwrap_err();
        assert!(matches!(refused, StoreError::Backend(_)), "{refused:?}");
    }

    #[tokio::test]
    async fn who_holds_the_seed_of_a_known_nkey_is_let_in() {
        let (known, other) = (KeyPair::new_user(), KeyPair::new_user());
        let users = format!("authorization {{ users = [ {{ nkey: {} }} ] }}", known.public_key());
        let server = Nats::start_with(&users, "", None).unwrap();
        let store = bank().nkey(known.seed().unwrap()).open(server.url()).await.unwrap();
        store.append(Append::new(stream(1), Expected::NoStream, events(1))).await.unwrap();
        let seed = other.seed().unwrap();
        is_refused(bank().nkey(&seed), &server, &[&seed]).await;
        is_refused(bank().nkey("hunter2"), &server, &["hunter2"]).await;
        is_refused(bank(), &server, &[]).await;
        assert_eq!(log(&store).await.len(), 1);
    }

    #[tokio::test]
    async fn who_holds_credentials_of_a_known_account_is_let_in() {
        let (lines, known) = operated();
        let server = Nats::start_with(&lines, "", None).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ada.creds");
        std::fs::write(&file, &known).unwrap();
        let store = bank().credentials_file(&file).open(server.url()).await.unwrap();
        store.append(Append::new(stream(1), Expected::NoStream, events(1))).await.unwrap();
        let by_text = bank().credentials(&known).open(server.url()).await.unwrap();
        assert_eq!(log(&by_text).await.len(), 1);

        // Another operator's user, somebody else's seed, no credentials, and none at all.
        let (_, foreign) = operated();
        is_refused(bank().credentials(&foreign), &server, &[&foreign]).await;
        let jwt = known.lines().nth(1).unwrap();
        let stolen = credentials(jwt, &KeyPair::new_user());
        is_refused(bank().credentials(&stolen), &server, &[jwt]).await;
        is_refused(bank().credentials("hunter2"), &server, &["hunter2"]).await;
        is_refused(bank().credentials_file(folder.path().join("nobody.creds")), &server, &[]).await;
        is_refused(bank(), &server, &[]).await;
        assert_eq!(log(&store).await.len(), 1);
    }
}
