//! The shop on the web.
//!
//! | request | does |
//! |---|---|
//! | `GET /?at=POSITION` | the page with the list, once that shows everything up to the position |
//! | `POST /` (a form) | places an order and leads to the page that shows it |
//! | `POST /orders` (JSON, `Idempotency-Key`) | places an order, once for each key |
//! | `GET /orders/ID` (`If-None-Match`) | the order, with its revision as `ETag` |
//! | `POST /orders/ID/cancel` (`If-Match`) | cancels it, if it still is what the caller saw |
//! | `POST /orders/ID/pay`, `/dispatch`, `/fail` | says what came of its payment or its shipment |

use std::time::Duration;

use axum::extract::rejection::{FormRejection, JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header::{ETAG, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use es_core::{ExecuteError, Executed, Position, Revision};
use maud::Markup;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::etag::{Tags, etag};
use crate::order::{CancelOrder, Line, Order, OrderPlaced, PlaceOrder, Status};
use crate::page;
use crate::payment::ReceivePayment;
use crate::problem::Problem;
use crate::shipment::{DispatchShipment, FailShipment};
use crate::shop::Shop;

/// How long a page waits for the list to show what its reader has written.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many orders a page shows.
const SHOWN: u32 = 100;
/// The namespace of the ids of orders that are placed under a key.
const KEYS: Uuid = Uuid::from_u128(0x7f7a_7c52_6ad3_4b0e_9a5b_0f4d_2d1c_9e11);

/// The shop's routes.
pub fn routes(shop: Shop) -> Router {
    Router::new()
        .route("/", get(list).post(place_form))
        .route("/orders", post(place))
        .route("/orders/{id}", get(order))
        .route("/orders/{id}/cancel", post(cancel))
        .route("/orders/{id}/pay", post(pay))
        .route("/orders/{id}/dispatch", post(dispatch))
        .route("/orders/{id}/fail", post(fail))
        .with_state(shop)
}

/// Up to where the list has to show the log.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    at: Option<u64>,
}

async fn list(
    State(shop): State<Shop>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Markup, Problem> {
    let Query(asked) = asked?;
    let mut late = false;
    if let Some(at) = asked.at {
        let shown = shop.listing.wait_for(Position::new(at));
        match tokio::time::timeout(PATIENCE, shown).await {
            Ok(shown) => drop(shown?),
            Err(_) => late = true,
        }
    }
    let rows = shop.list.newest(SHOWN).await?;
    Ok(page::list(&rows, Uuid::now_v7(), late))
}

/// An order as the page's form sends it.
#[derive(Debug, Deserialize)]
struct Filled {
    key: String,
    customer: String,
    article: String,
    quantity: u32,
    cents: u32,
}

async fn place_form(
    State(shop): State<Shop>,
    filled: Result<Form<Filled>, FormRejection>,
) -> Result<Redirect, Problem> {
    let Form(filled) = filled?;
    let Filled {
        key,
        customer,
        article,
        quantity,
        cents,
    } = filled;
    let lines = vec![Line {
        article,
        quantity,
        cents,
    }];
    let (_, executed) = place_once(&shop, &key, Placing { customer, lines }).await?;
    Ok(back(&executed))
}

/// An order as a program sends it.
#[derive(Debug, Deserialize)]
struct Placing {
    customer: String,
    lines: Vec<Line>,
}

async fn place(
    State(shop): State<Shop>,
    headers: HeaderMap,
    placing: Result<Json<Placing>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(placing) = placing?;
    let key = match headers.get("idempotency-key") {
        Some(key) => key
            .to_str()
            .map_err(|_| Problem::header("Idempotency-Key"))?,
        None => &Uuid::now_v7().to_string(),
    };
    let (id, _) = place_once(&shop, key, placing).await?;
    let order = shop.orders.load(&id).await?;
    let headers = [
        (LOCATION, format!("/orders/{id}")),
        (ETAG, etag(order.revision())),
    ];
    Ok((StatusCode::CREATED, headers, Json(Seen::of(&order))).into_response())
}

/// Places an order under a key. The key makes its id, and whatever comes again with it is the same order.
async fn place_once(
    shop: &Shop,
    key: &str,
    Placing { customer, lines }: Placing,
) -> Result<(String, Executed<Order>), Problem> {
    let order = Uuid::new_v5(&KEYS, key.as_bytes()).to_string();
    let placed = OrderPlaced {
        customer: customer.trim().to_owned(),
        lines: lines.clone(),
    };
    let command = PlaceOrder {
        order: order.clone(),
        customer,
        lines,
    };
    let executed = shop.orders.send(command).once("place").await?;
    if executed.is_repeated() && *executed.events() != [placed.into()] {
        return Err(Problem::key_reused());
    }
    Ok((order, executed))
}

/// An order as the web sees it.
#[derive(Debug, Serialize)]
struct Seen {
    order: String,
    customer: String,
    cents: u64,
    status: Status,
}

impl Seen {
    fn of(order: &es_core::Loaded<Order>) -> Self {
        Self {
            order: order.id().clone(),
            customer: order.customer().to_owned(),
            cents: order.cents(),
            status: order.status(),
        }
    }
}

async fn order(
    State(shop): State<Shop>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let order = shop.orders.load(&id).await?;
    let tag = etag(order.revision());
    let known = Tags::if_none_match(&headers)?;
    if known.is_some_and(|known| known.know(order.revision())) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response());
    }
    Ok(([(ETAG, tag)], Json(Seen::of(&order))).into_response())
}

/// Why an order is cancelled, and what its reader saw where no header says it.
#[derive(Debug, Default, Deserialize)]
struct Cancelling {
    #[serde(default)]
    reason: String,
    revision: Option<u64>,
}

async fn cancel(
    State(shop): State<Shop>,
    Path(order): Path<String>,
    headers: HeaderMap,
    cancelling: Result<Form<Cancelling>, FormRejection>,
) -> Result<Response, Problem> {
    let Form(Cancelling { reason, revision }) = cancelling?;
    let expected = match Tags::if_match(&headers)? {
        Some(Tags::Any) => None,
        Some(tags) => {
            let seen = shop.orders.load(&order).await?.revision();
            Some(
                tags.allow(seen)
                    .then_some(seen)
                    .ok_or_else(Problem::changed)?,
            )
        }
        None => revision.map(Revision::new),
    };
    let mut execution = shop.orders.send(CancelOrder { order, reason });
    if let Some(expected) = expected {
        execution = execution.expecting(expected);
    }
    let executed = match execution.await {
        Err(ExecuteError::Conflict(_)) if expected.is_some() => return Err(Problem::changed()),
        executed => executed?,
    };
    let tag = etag(executed.revision());
    Ok(([(ETAG, tag)], back(&executed)).into_response())
}

async fn pay(State(shop): State<Shop>, Path(order): Path<String>) -> Result<Redirect, Problem> {
    let executed = shop.payments.send(ReceivePayment { order }).await?;
    Ok(back(&executed))
}

async fn dispatch(
    State(shop): State<Shop>,
    Path(order): Path<String>,
) -> Result<Redirect, Problem> {
    let executed = shop.shipments.send(DispatchShipment { order }).await?;
    Ok(back(&executed))
}

async fn fail(
    State(shop): State<Shop>,
    Path(order): Path<String>,
    failing: Result<Form<Cancelling>, FormRejection>,
) -> Result<Redirect, Problem> {
    let Form(Cancelling { reason, .. }) = failing?;
    let executed = shop.shipments.send(FailShipment { order, reason }).await?;
    Ok(back(&executed))
}

/// To the page, once that shows what was done.
fn back<A: es_core::Aggregate>(executed: &Executed<A>) -> Redirect {
    match executed.position() {
        Some(position) => Redirect::to(&format!("/?at={position}")),
        None => Redirect::to("/"),
    }
}
