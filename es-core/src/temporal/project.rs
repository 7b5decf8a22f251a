use super::corrected::Struck;
use super::fact::Key;
use crate::{At, EventStore, Fold, Invalid, Known, LogQuery, Position, StoreError};

/// A projection as it was, or would have been: folded from the log as known at a position or an instant, of what is
/// effective by another instant. The log is read up to there.
///
/// An event counts if its effective time isn't later, and is folded in the order of the log. One that follows corrections
/// follows those that are known then.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// # use es_core::{Apply, Event, EventStore, Projection, Recorded, StoreError, Timestamp, project};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "account.opened")]
/// # struct AccountOpened {}
/// # #[derive(Debug, Clone, Default, Projection)]
/// # #[projection(name = "accounts", version = 1)]
/// # #[event(AccountOpened)]
/// # struct Accounts { count: u64 }
/// # impl Apply<Recorded<AccountOpened>> for Accounts {
/// #     fn apply(&mut self, _: Recorded<AccountOpened>) { self.count += 1; }
/// # }
/// async fn accounts_at(store: impl EventStore, instant: Timestamp) -> Result<u64, StoreError> {
///     Ok(project::<Accounts, _>(&store, instant).await?.count)
/// }
/// # }
/// ```
///
/// # Errors
///
/// [`Invalid::RevisionOfLog`] if what is known is said by a revision; those of reading and of decoding.
pub async fn project<P: Fold + Default, S: EventStore + ?Sized>(
    store: &S,
    at: impl Into<At>,
) -> Result<P, StoreError> {
    let at = at.into();
    let known = at.known_point();
    let until = match known {
        Known::Position(position) => position,
        Known::Revision(_) => return Err(Invalid::RevisionOfLog.into()),
        Known::Head | Known::Instant(_) => Position::END,
    };
    let mut state = P::default();
    let mut query = LogQuery::all().filter(P::filter()).until(until);
    loop {
        let page = store.read_log(query.clone()).await?;
        for event in &page.events {
            // Record time never goes back.
            if !known.includes(&event.envelope, event.position) {
                return Ok(state);
            }
            let folded = if let Some(struck) = Struck::by(store, event).await? {
                let struck = match at.effective_instant() {
                    Some(instant) => struck.effective(instant),
                    None => struck,
                };
                state.correct(struck.before.as_ref(), struck.after.as_ref())
            } else {
                let instant = at.effective_instant();
                if instant.is_some_and(|instant| Key::of(event).effective_at > instant) {
                    continue;
                }
                state.fold(event)
            };
            folded.map_err(|reason| event.undecodable(reason))?;
        }
        if page.end {
            return Ok(state);
        }
        query.after = page.looked_to;
    }
}
