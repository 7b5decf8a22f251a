//! The page, as HTML.

use maud::{DOCTYPE, Markup, html};
use uuid::Uuid;

use crate::list::Row;

/// The list of orders, and a form for another one, which is sent under this key however often it is.
pub(crate) fn list(rows: &[Row], key: Uuid, late: bool) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { "Orders" }
                style { (STYLE) }
            }
            body {
                h1 { "Orders" }
                @if late { p.late { "The list is behind; what you have just done will be here soon." } }
                table {
                    tr { th { "order" } th { "customer" } th { "sum" } th { "status" } th {} }
                    @for row in rows {
                        tr {
                            td { a href={ "/orders/" (row.id) } { (row.id) } }
                            td { (row.customer) }
                            td { (row.cents / 100) "." (format!("{:02}", row.cents % 100)) }
                            td { (row.status) }
                            td { (actions(row)) }
                        }
                    }
                }
                (form(key))
            }
        }
    }
}

/// What may be done with an order as it is shown.
fn actions(row: &Row) -> Markup {
    let to = |what| format!("/orders/{}/{what}", row.id);
    html! {
        @if row.status == "placed" {
            form method="post" action=(to("pay")) { button { "pay" } }
        }
        @if row.status == "paid" {
            form method="post" action=(to("dispatch")) { button { "dispatch" } }
            form method="post" action=(to("fail")) {
                input type="hidden" name="reason" value="out of stock";
                button { "out of stock" }
            }
        }
        @if row.status == "placed" || row.status == "paid" {
            form method="post" action=(to("cancel")) {
                input type="hidden" name="revision" value=(row.revision);
                input type="hidden" name="reason" value="changed my mind";
                button { "cancel" }
            }
        }
    }
}

fn form(key: Uuid) -> Markup {
    html! {
        form method="post" action="/" {
            input type="hidden" name="key" value=(key);
            input name="customer" placeholder="customer" required;
            input name="article" placeholder="article" required;
            input name="quantity" type="number" min="1" value="1" required;
            input name="cents" type="number" min="0" value="1999" required;
            button { "place an order" }
        }
    }
}

const STYLE: &str = "body { font: 16px/1.5 sans-serif; margin: 2em auto; max-width: 60em }
table { border-collapse: collapse; width: 100% } td, th { padding: 0.2em 0.6em; text-align: left }
td form { display: inline } .late { color: #a00 }";
