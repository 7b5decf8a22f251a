//! Read models that are split by key: each event once and each key in order, whoever runs which part, and from version to
//! version.

#[path = "../read_models/domain.rs"]
#[allow(dead_code, reason = "its projection is that of other tests")]
mod domain;
mod entries;
mod killed;
mod sharing;
#[path = "../support/mod.rs"]
mod support;
mod switching;
