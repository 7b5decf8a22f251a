use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio_postgres::{GenericClient, Statement};

/// How many statements a connection keeps prepared; when there are more, it begins anew.
const STATEMENTS: usize = 256;

/// The statements that handlers had prepared on a connection, by their text.
#[derive(Default)]
pub(crate) struct Statements(Mutex<HashMap<String, Statement>>);

impl Statements {
    pub(crate) async fn prepare(
        &self,
        client: &impl GenericClient,
        sql: &str,
    ) -> Result<Statement, tokio_postgres::Error> {
        let known = self.lock(|statements| statements.get(sql).cloned());
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = client.prepare(sql).await?;
        self.lock(|statements| {
            if statements.len() >= STATEMENTS {
                statements.clear();
            }
            statements.insert(sql.to_owned(), statement.clone());
        });
        Ok(statement)
    }

    fn lock<T>(&self, job: impl FnOnce(&mut HashMap<String, Statement>) -> T) -> T {
        job(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
