//! The shop on `http://127.0.0.1:8080`, or where the second argument says, in `orders.db`, or where the first one says.

use std::path::PathBuf;

use es_core::Cause;
use orders::shop::Shop;
use orders::web::routes;

#[tokio::main]
async fn main() -> Result<(), Cause> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "orders.db".to_owned());
    let address = arguments
        .next()
        .unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let shop = Shop::open(&PathBuf::from(path)).await?;
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}", listener.local_addr()?);
    let stopped = async {
        // Where no signal can be waited for, it runs on.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let serving = axum::serve(listener, routes(shop.clone()));
    serving.with_graceful_shutdown(stopped).await?;
    shop.close().await
}
