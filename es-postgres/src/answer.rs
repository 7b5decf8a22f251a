//! What the database's answer to appends means.

use std::collections::HashMap;

use es_core::{
    Append, Appended, Digest, EventId, Placement, Position, Revision, StoreError, Timestamp,
    Verdict,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::call::Call;
use crate::chains::Chains;
use crate::error::Fault;
use crate::row::{Hash, Micros, unsigned};

/// What the database answers.
pub(crate) struct Answer {
    recorded_at: Timestamp,
    met: Vec<i64>,
    firsts: Vec<i64>,
    /// The hash of each stream's last event before, where events are hashed and that wasn't what was assumed.
    had: Option<Vec<Hash>>,
    /// The hash of a lone event.
    hash: Option<Hash>,
    found: HashMap<(usize, EventId), Placement>,
}

impl Answer {
    pub(crate) fn read(row: &Row, call: &Call<'_>) -> Result<Self, Fault> {
        Self::columns(row, call).ok_or(Fault::Answer)
    }

    fn columns(row: &Row, call: &Call<'_>) -> Option<Self> {
        let mut found = HashMap::new();
        if let Some(appends) = row.try_get::<_, Option<Vec<i32>>>("found_append").ok()? {
            let ids: Vec<Uuid> = row.try_get("found_id").ok()?;
            let revisions: Vec<i64> = row.try_get("found_revision").ok()?;
            let positions: Vec<i64> = row.try_get("found_position").ok()?;
            let recorded: Vec<Micros> = row.try_get("found_recorded").ok()?;
            for (index, append) in appends.iter().enumerate() {
                let placement = Placement::new(
                    Revision::new(unsigned(*revisions.get(index)?)?),
                    Position::new(unsigned(*positions.get(index)?)?),
                    recorded.get(index)?.timestamp()?,
                );
                let append = usize::try_from(*append).ok()?.checked_sub(1)?;
                found.insert((append, (*ids.get(index)?).into()), placement);
            }
        }
        Some(Self {
            recorded_at: row.try_get::<_, Micros>("recorded").ok()?.timestamp()?,
            met: row.try_get("met").ok()?,
            firsts: match row.try_get("before").ok()? {
                Some(before) => call.one_after_the_other(before),
                None => row.try_get("firsts").ok()?,
            },
            had: row.try_get("had").ok()?,
            hash: None,
            found,
        })
    }

    /// What the statement for a lone event answers.
    pub(crate) fn read_one(row: &Row) -> Result<Self, Fault> {
        let columns = || {
            Some(Self {
                recorded_at: row.try_get::<_, Micros>("recorded").ok()?.timestamp()?,
                met: vec![row.try_get("met").ok()?],
                firsts: vec![row.try_get("first").ok()?],
                had: None,
                hash: row.try_get("hash").ok()?,
                found: HashMap::new(),
            })
        };
        columns().ok_or(Fault::Answer)
    }

    /// What became of the append at this place of the call.
    pub(crate) fn of(&self, index: usize, append: &Append) -> Result<Appended, StoreError> {
        let number = |of: &[i64]| {
            of.get(index)
                .copied()
                .and_then(unsigned)
                .ok_or(Fault::Answer)
        };
        let (met, first) = (number(&self.met)?, number(&self.firsts)?);
        if first > 0 {
            let placement = |place| {
                let (revision, position) =
                    (Revision::new(met + 1 + place), Position::new(first + place));
                Placement::new(revision, position, self.recorded_at)
            };
            let events = append.events.len() as u64;
            return Ok(Appended::new((0..events).map(placement).collect()));
        }
        // It was refused, or is a repeat: which of these is for the rule of all stores to say.
        let find = |id| Ok(self.found.get(&(index, id)).copied());
        match append.judge(Revision::new(met), find)? {
            Verdict::Repeated(appended) => Ok(appended),
            Verdict::Accepted => Err(Fault::Answer.into()),
        }
    }

    /// Notes the last hash of each stream that was appended to.
    pub(crate) fn teach(
        &self,
        call: &Call<'_>,
        appends: &[&Append],
        chains: &mut Chains,
    ) -> Option<()> {
        let mut had = self.had.clone();
        let mut digests = call.digests.as_deref()?;
        let mut hashes = (call.chained.as_ref()).map_or(&[][..], |chained| &chained.hashes);
        for (index, append) in appends.iter().enumerate() {
            let of_it;
            (of_it, digests) = digests.split_at_checked(append.events.len())?;
            let chained = hashes.split_off(..append.events.len().min(hashes.len()));
            if *self.firsts.get(index)? <= 0 {
                continue;
            }
            let met = Revision::new(unsigned(*self.met.get(index)?)?);
            let hash = if let Some(hash) = self.hash {
                hash.0
            } else if let Some(had) = &mut had {
                let stream = usize::try_from(*call.of_stream.get(index)?).ok()?;
                let last = had.get_mut(stream.checked_sub(1)?)?;
                let behind =
                    |(revision, hash): (_, Digest), digest: &Hash| digest.behind(revision, hash);
                *last = Hash(of_it.iter().fold((met, last.0), behind).1);
                last.0
            } else {
                (*chained?.last()?)?.0
            };
            chains.learn(&append.stream, met.plus(append.events.len() as u64), hash);
        }
        Some(())
    }
}
