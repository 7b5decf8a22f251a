//! For authors of stores: whoever waits for the next event is woken when it is there.
//!
//! A store keeps one [`Head`] and [tells](Head::tell) it what it appends, and what it learns that others appended: from a
//! notification, or by looking now and then. How it learns is the store's own business.
//!
//! ```
//! use es_core::Position;
//! use es_core::wake::{Closed, Head};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Closed> {
//! let head = Head::default();
//! // Waiting begins before the look into the database, so that no append falls between the two.
//! let mut waiting = head.wait();
//! head.tell(Position::new(7));
//! // Whoever was slower tells what is known already.
//! head.tell(Position::new(5));
//! assert!(waiting.is_past(Position::new(6)));
//! waiting.past(Position::new(6)).await?;
//! # Ok(())
//! # }
//! ```

use tokio::sync::watch;

use crate::Position;

/// The highest position that this process was told of. Clones share it.
#[derive(Debug, Clone)]
pub struct Head(watch::Sender<Position>);

impl Default for Head {
    fn default() -> Self {
        Self(watch::Sender::new(Position::START))
    }
}

impl Head {
    /// Tells a position, and wakes whoever waits for one past an earlier one. A position that isn't higher than those
    /// told before says nothing.
    pub fn tell(&self, position: Position) {
        self.0.send_if_modified(|told| {
            let later = position > *told;
            if later {
                *told = position;
            }
            later
        });
    }

    /// Begins to wait.
    pub fn wait(&self) -> Waiting {
        Waiting(self.0.subscribe())
    }
}

/// Somebody who waits for a position to be passed.
#[derive(Debug)]
pub struct Waiting(watch::Receiver<Position>);

impl Waiting {
    /// Whether an event past this position is already known of.
    pub fn is_past(&self, position: Position) -> bool {
        *self.0.borrow() > position
    }

    /// Waits until an event past this position is known of.
    ///
    /// # Errors
    ///
    /// [`Closed`] when every [`Head`] that could tell it is gone.
    pub async fn past(&mut self, position: Position) -> Result<(), Closed> {
        let told = self.0.wait_for(|head| *head > position).await;
        told.map(drop).map_err(|_| Closed)
    }
}

/// The store is closed: nobody will tell of new events any more.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the store is closed")]
pub struct Closed;
