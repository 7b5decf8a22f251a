//! An append of one event that nothing else waits beside: a statement of its own, as most of what a call of the function
//! costs is the function.
//!
//! It sees the log as it was before it had the lock, so its word counts only where the table's unique indexes agree: a
//! position, or a revision, that another process took meanwhile is refused by them. Then, and where it inserts nothing,
//! the function is to judge.

use tokio_postgres::Error;

use crate::answer::Answer;
use crate::call::{Asked, Call};
use crate::error::{Fault, is_there_already};
use crate::session::Session;

/// How many lone events the function appends after one that another process was faster than. Whoever shares the log with
/// busy writers hardly ever asks in vain, which costs a round trip and a line in the server's log.
const BACK_OFF: u32 = 64;

/// Whether a lone event may go its own way.
#[derive(Default)]
pub(crate) struct Lone {
    /// So many more go through the function.
    back_off: u32,
}

impl Lone {
    /// What became of the call, if it is of one event and was appended.
    pub(crate) async fn ask(
        &mut self,
        session: &Session,
        call: &Call<'_>,
    ) -> Result<Option<Result<Answer, Fault>>, Error> {
        let Some(parameters) = call.parameters_of_one() else {
            return Ok(None);
        };
        if self.back_off > 0 {
            self.back_off -= 1;
            return Ok(None);
        }
        let statement = &session.statements[Asked::Lone as usize];
        match session.client.query_opt(statement, &parameters).await {
            Ok(row) => Ok(row.map(|row| Answer::read_one(&row))),
            Err(error) if is_there_already(&error) => {
                self.back_off = BACK_OFF;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
