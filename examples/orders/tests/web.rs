//! The shop as the web sees it, without a network.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use es_core::{Cause, EventStore, Filter, LogQuery};
use http_body_util::BodyExt;
use orders::shop::Shop;
use orders::web::routes;
use serde_json::{Value, json};
use tower::ServiceExt;

struct Web {
    shop: Shop,
    routes: Router,
    _folder: tempfile::TempDir,
}

/// What was answered.
struct Answer {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Web {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shop = Shop::open(&folder.path().join("orders.db")).await.unwrap();
        let routes = routes(shop.clone());
        Self {
            shop,
            routes,
            _folder: folder,
        }
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        let answer = self.routes.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask(request("GET", path, headers, String::new())).await
    }

    async fn form(&self, path: &str, headers: &[(&str, &str)], form: &str) -> Answer {
        let form_type = ("content-type", "application/x-www-form-urlencoded");
        let headers = [headers, &[form_type]].concat();
        let request = request("POST", path, &headers, form.to_owned());
        self.ask(request).await
    }

    async fn place(&self, key: &str, customer: &str) -> Answer {
        let line = json!({ "article": "tea", "quantity": 2, "cents": 350 });
        let order = json!({ "customer": customer, "lines": [line] });
        let headers = [
            ("idempotency-key", key),
            ("content-type", "application/json"),
        ];
        let request = request("POST", "/orders", &headers, order.to_string());
        self.ask(request).await
    }

    /// How many events of orders the log holds.
    async fn events(&self) -> usize {
        let orders = LogQuery::all().filter(Filter::all().category("order"));
        let page = self.shop.orders.store().read_log(orders);
        page.await.unwrap().events.len()
    }
}

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: String) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}

#[tokio::test]
async fn the_page_shows_an_order_at_once_to_whoever_placed_it() {
    let web = Web::new().await;
    for number in 0..20 {
        let form =
            format!("key=k{number}&customer=ada%3Cb%3E{number}&article=tea&quantity=2&cents=350");
        let placed = web.form("/", &[], &form).await;
        assert_eq!(placed.status, StatusCode::SEE_OTHER);
        let page = web.get(placed.header("location"), &[]).await;
        assert_eq!(page.status, StatusCode::OK);
        let row = format!("<td>ada&lt;b&gt;{number}</td><td>7.00</td><td>placed</td>");
        assert!(page.body.contains(&row), "{}", page.body);
    }
}

#[tokio::test]
async fn an_order_is_placed_once_for_each_key() {
    let web = Web::new().await;
    let (first, again) = (web.place("k1", "ada").await, web.place("k1", "ada").await);
    assert_eq!(
        (first.status, again.status),
        (StatusCode::CREATED, StatusCode::CREATED)
    );
    assert_eq!(first.header("location"), again.header("location"));
    assert_eq!((first.json(), web.events().await), (again.json(), 1));

    let other = web.place("k1", "bob").await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(other.header("content-type"), "application/problem+json");
    assert_eq!(web.events().await, 1);
    let second = web.place("k2", "ada").await;
    assert_ne!(second.header("location"), first.header("location"));
}

#[tokio::test]
async fn who_knows_an_order_gets_it_again_only_when_it_has_changed() {
    let web = Web::new().await;
    let placed = web.place("k1", "ada").await;
    let order = placed.header("location").to_owned();
    let seen = web.get(&order, &[]).await;
    assert_eq!(
        (seen.header("etag"), seen.json()["status"].as_str()),
        ("\"1\"", Some("placed"))
    );
    assert_eq!(placed.header("etag"), "\"1\"");
    let again = web.get(&order, &[("if-none-match", "\"1\"")]).await;
    assert_eq!((again.status, &*again.body), (StatusCode::NOT_MODIFIED, ""));

    web.form(&format!("{order}/cancel"), &[], "reason=no").await;
    let changed = web.get(&order, &[("if-none-match", "\"1\"")]).await;
    assert_eq!(
        (changed.status, changed.header("etag")),
        (StatusCode::OK, "\"2\"")
    );
    assert_eq!(changed.json()["status"], "cancelled");
}

#[tokio::test]
async fn who_saw_an_older_order_does_not_cancel_it() {
    let web = Web::new().await;
    let order = web.place("k1", "ada").await.header("location").to_owned();
    let cancel = format!("{order}/cancel");
    for (headers, form) in [
        (&[("if-match", "\"7\"")][..], "reason=no"),
        (&[], "reason=no&revision=7"),
    ] {
        let refused = web.form(&cancel, headers, form).await;
        assert_eq!(refused.status, StatusCode::PRECONDITION_FAILED, "{form}");
    }
    let weak = web.form(&cancel, &[("if-match", "W/\"1\"")], "").await;
    assert_eq!(weak.status, StatusCode::PRECONDITION_FAILED);
    let unclear = web.form(&cancel, &[("if-match", "seven")], "").await;
    assert_eq!(unclear.status, StatusCode::BAD_REQUEST);
    assert_eq!(web.events().await, 1);

    let done = web
        .form(&cancel, &[("if-match", "\"7\", \"1\"")], "reason=no")
        .await;
    assert_eq!(
        (done.status, done.header("etag")),
        (StatusCode::SEE_OTHER, "\"2\"")
    );
}

#[tokio::test]
async fn what_is_wrong_is_a_problem_that_says_what() {
    let web = Web::new().await;
    let rejected = web.place("k1", "  ").await;
    assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(rejected.json()["detail"], "an order names a customer");
    let missing = web.get("/orders/none", &[]).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert_eq!(missing.json()["detail"], "order/none doesn't exist");
    let json = ("content-type", "application/json");
    for (path, headers, body) in [
        ("/orders", &[json][..], "{\"customer\":"),
        ("/orders", &[json], "{\"customer\":\"ada\"}"),
        ("/orders", &[], "{}"),
        ("/", &[json], "{}"),
    ] {
        let unread = request("POST", path, headers, body.to_owned());
        let unread = web.ask(unread).await;
        assert!(unread.status.is_client_error(), "{path} {body}");
        assert_eq!(unread.header("content-type"), "application/problem+json");
    }
    let asked = web.get("/?at=soon", &[]).await;
    assert_eq!(asked.status, StatusCode::BAD_REQUEST);
    assert_eq!(asked.header("content-type"), "application/problem+json");
    assert_eq!(web.events().await, 0);
}

#[tokio::test]
async fn a_shop_that_was_closed_opens_with_its_orders() -> Result<(), Cause> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("orders.db");
    let shop = Shop::open(&path).await?;
    let web = Web {
        routes: routes(shop.clone()),
        shop,
        _folder: folder,
    };
    web.place("k1", "ada").await;
    let Web {
        shop,
        routes: open,
        _folder,
    } = web;
    drop(open);
    shop.close().await?;
    let rows = Shop::open(&path).await?.list.newest(10).await?;
    assert_eq!((rows.len(), &*rows[0].customer), (1, "ada"));
    Ok(())
}

/// Waits until an order is seen like this.
async fn becomes(web: &Web, order: &str, status: &str) {
    let waiting = async {
        while web.get(order, &[]).await.json()["status"] != status {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(std::time::Duration::from_mins(1), waiting).await;
    waited.unwrap_or_else(|_| panic!("{order} doesn't become {status}"));
}

/// Says what came of a payment or a shipment, once that was asked for.
async fn once_asked_for(web: &Web, path: &str, form: &str) {
    let waiting = async {
        while web.form(path, &[], form).await.status == StatusCode::NOT_FOUND {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(std::time::Duration::from_mins(1), waiting).await;
    waited.unwrap_or_else(|_| panic!("{path} is never asked for"));
}

#[tokio::test]
async fn an_order_that_is_paid_is_shipped() {
    let web = Web::new().await;
    let order = web.place("k1", "ada").await.header("location").to_owned();
    once_asked_for(&web, &format!("{order}/pay"), "").await;
    becomes(&web, &order, "paid").await;
    once_asked_for(&web, &format!("{order}/dispatch"), "").await;
    becomes(&web, &order, "shipped").await;
    let late = web.form(&format!("{order}/cancel"), &[], "reason=no").await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(late.json()["detail"], "the order is shipped");
}

#[tokio::test]
async fn goods_that_are_out_of_stock_are_paid_back() {
    let web = Web::new().await;
    let order = web.place("k1", "ada").await.header("location").to_owned();
    once_asked_for(&web, &format!("{order}/pay"), "").await;
    once_asked_for(&web, &format!("{order}/fail"), "reason=out+of+stock").await;
    becomes(&web, &order, "cancelled").await;
    let id = order.rsplit('/').next().unwrap().to_owned();
    let payment = web.shop.payments.audit(&id).await.unwrap();
    let names: Vec<_> = payment.entries().iter().map(|entry| &*entry.name).collect();
    assert_eq!(
        names,
        ["payment.requested", "payment.received", "payment.refunded"]
    );
    // The refund names the money that it sends back.
    let (received, refunded) = (&payment.entries()[1], &payment.entries()[2]);
    assert_eq!(refunded.compensates, Some(received.id));
}

#[tokio::test]
async fn an_order_that_nobody_pays_is_cancelled_when_the_time_is_up() {
    let clock = std::sync::Arc::new(es_testkit::FixedClock::at(es_core::Timestamp::EPOCH));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders.db");
    let shop = Shop::open_by(&path, std::sync::Arc::clone(&clock))
        .await
        .unwrap();
    let web = Web {
        routes: routes(shop.clone()),
        shop,
        _folder: folder,
    };
    let order = web.place("k1", "ada").await.header("location").to_owned();
    // A time that is up by any clock.
    clock.set("2999-01-01T00:00:00Z".parse().unwrap());
    becomes(&web, &order, "cancelled").await;
    let refused = web.form(&format!("{order}/pay"), &[], "").await;
    assert_eq!(
        refused.json()["detail"],
        "nobody waits for this payment any more"
    );
}
