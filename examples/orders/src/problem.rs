//! What went wrong, as HTTP says it: `application/problem+json` (RFC 9457).

use std::error::Error;

use axum::Json;
use axum::extract::rejection::{FormRejection, JsonRejection, QueryRejection};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use es_core::{Cause, ExecuteError, LoadError, StoreError, WaitError};
use serde_json::json;

/// What is answered instead.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: String,
}

impl Problem {
    fn new(status: StatusCode, detail: &(impl ToString + ?Sized)) -> Self {
        let detail = detail.to_string();
        Self { status, detail }
    }

    /// A header that isn't understood.
    pub(crate) fn header(name: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            &format!("`{name}` isn't understood"),
        )
    }

    /// A key that came with something else before.
    pub(crate) fn key_reused() -> Self {
        let detail = "another order was placed under this key";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// The order isn't any more what the caller saw.
    pub(crate) fn changed() -> Self {
        let detail = "the order isn't any more what you saw: look at it again";
        Self::new(StatusCode::PRECONDITION_FAILED, detail)
    }

    /// What isn't the caller's fault, and none of the caller's business.
    fn ours(status: StatusCode, error: &dyn Error) -> Self {
        eprintln!("{error}");
        let detail = status.canonical_reason().unwrap_or("failed");
        Self::new(status, detail)
    }
}

impl<E: Error + 'static> From<ExecuteError<E>> for Problem {
    fn from(error: ExecuteError<E>) -> Self {
        match error {
            ExecuteError::Rejected(reason) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, &reason),
            ExecuteError::NotFound { .. } => Self::new(StatusCode::NOT_FOUND, &error),
            ExecuteError::AlreadyExists { .. } => Self::new(StatusCode::CONFLICT, &error),
            // Others were faster again and again.
            ExecuteError::Conflict(_) => Self::ours(StatusCode::SERVICE_UNAVAILABLE, &error),
            ExecuteError::Store(error) => error.into(),
            error => Self::ours(StatusCode::INTERNAL_SERVER_ERROR, &error),
        }
    }
}

/// What can't be read of a request.
macro_rules! unreadable {
    ($($rejection:ty),*) => {$(
        impl From<$rejection> for Problem {
            fn from(rejection: $rejection) -> Self {
                Self::new(rejection.status(), &rejection.body_text())
            }
        }
    )*};
}

unreadable!(FormRejection, JsonRejection, QueryRejection);

impl From<LoadError> for Problem {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Store(error) => error.into(),
            error => Self::new(StatusCode::NOT_FOUND, &error),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Invalid(_) => Self::new(StatusCode::BAD_REQUEST, &error),
            StoreError::Unavailable(_) | StoreError::Unknown(_) => {
                Self::ours(StatusCode::SERVICE_UNAVAILABLE, &error)
            }
            error => Self::ours(StatusCode::INTERNAL_SERVER_ERROR, &error),
        }
    }
}

impl From<WaitError> for Problem {
    fn from(error: WaitError) -> Self {
        Self::ours(StatusCode::SERVICE_UNAVAILABLE, &error)
    }
}

impl From<Cause> for Problem {
    fn from(error: Cause) -> Self {
        Self::ours(StatusCode::INTERNAL_SERVER_ERROR, &*error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { status, detail } = self;
        let body = Json(json!({
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": detail,
        }));
        let response = (status, [(CONTENT_TYPE, "application/problem+json")], body);
        let retry = (status == StatusCode::SERVICE_UNAVAILABLE).then_some([(RETRY_AFTER, "1")]);
        match retry {
            Some(retry) => (retry, response).into_response(),
            None => response.into_response(),
        }
    }
}
