//! A shop: orders are paid, shipped or cancelled, and a page shows them.
//!
//! | file | what it shows |
//! |---|---|
//! | `order.rs`, `payment.rs`, `shipment.rs` | three aggregates, whose commands are data |
//! | `fulfilment.rs` | a process: payment, then shipment, with a deadline, and undone where it fails |
//! | `list.rs` | a read model in SQLite, exactly once |
//! | `shop.rs` | a log, its repositories and what reads it, put together |
//! | `web.rs`, `page.rs`, `etag.rs`, `problem.rs` | a page that reads its own writes, `Idempotency-Key`, `ETag` and `If-Match` |

mod etag;
pub mod fulfilment;
pub mod list;
pub mod order;
mod page;
pub mod payment;
mod problem;
pub mod shipment;
pub mod shop;
pub mod web;
