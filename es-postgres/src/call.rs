//! What the database is asked for appends, and what its answer means.

use std::collections::HashMap;

use es_core::{
    Append, Appended, Digest, EventId, Expected, Metadata, NewEvent, Placement, Position, Revision,
    StoreError, StreamId, Timestamp, Verdict,
};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Row};
use uuid::Uuid;

use crate::error::{Fault, is_there_already};
use crate::hashed::Hashed;
use crate::lone::Lone;
use crate::row::{Hash, Micros, signed, unsigned};
use crate::schema::Schema;
use crate::session::Session;

/// What each parameter is, in their order.
pub(crate) const TYPES: [Type; 15] = [
    Type::TEXT_ARRAY,
    Type::INT4_ARRAY,
    Type::INT8_ARRAY,
    Type::INT4_ARRAY,
    Type::INT4_ARRAY,
    Type::INT4_ARRAY,
    Type::TEXT_ARRAY,
    Type::UUID_ARRAY,
    Type::TEXT_ARRAY,
    Type::INT8_ARRAY,
    Type::TIMESTAMPTZ_ARRAY,
    Type::TEXT_ARRAY,
    Type::TEXT_ARRAY,
    Type::BYTEA_ARRAY,
    Type::BOOL,
];

/// The statements of a connection that appends, by their place in [`statements`].
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asked {
    /// The call of the function.
    Function,
    /// The one for a lone event.
    Lone,
}

pub(crate) fn statements(schema: &Schema) -> [String; 2] {
    [sql(schema), schema.append_lone()]
}

pub(crate) fn sql(schema: &Schema) -> String {
    format!(
        "SELECT recorded, met, before, firsts, found_append, found_id, found_revision, found_position, found_recorded \
         FROM {}.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        schema.identifier()
    )
}

/// What the function is given: of each stream, of each append and of each event a value.
#[derive(Default)]
pub(crate) struct Call<'a> {
    numbers: HashMap<&'a str, i32>,
    streams: Vec<&'a str>,
    of_stream: Vec<i32>,
    expected: Vec<i64>,
    counts: Vec<i32>,
    appends: Vec<i32>,
    places: Vec<i32>,
    names_of_streams: Vec<&'a str>,
    ids: Vec<Uuid>,
    names: Vec<&'a str>,
    versions: Vec<i64>,
    effective: Vec<Option<Micros>>,
    payloads: Vec<&'a str>,
    metadata: Vec<Option<&'a str>>,
    /// Where events are hashed.
    digests: Option<Vec<Hash>>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(appends: impl IntoIterator<Item = &'a Append>, hashed: bool) -> Self {
        let mut call = Self {
            digests: hashed.then(Vec::new),
            ..Self::default()
        };
        for append in appends {
            call.add(append);
        }
        call
    }

    fn add(&mut self, append: &'a Append) {
        let stream = append.stream.as_str();
        let next = number(self.streams.len() + 1);
        let of_stream = *self.numbers.entry(stream).or_insert(next);
        if of_stream == next {
            self.streams.push(stream);
        }
        self.of_stream.push(of_stream);
        self.expected.push(match append.expected {
            Expected::Any => -1,
            Expected::StreamExists => -2,
            Expected::NoStream => 0,
            Expected::Exact(revision) => signed(revision.number()),
        });
        self.counts.push(number(append.events.len()));
        let append_number = number(self.counts.len());
        for (place, event) in (0..).zip(&append.events) {
            self.appends.push(append_number);
            self.places.push(place);
            self.names_of_streams.push(stream);
            self.add_event(&append.stream, event);
        }
    }

    fn add_event(&mut self, stream: &StreamId, event: &'a NewEvent) {
        let metadata = event.metadata.as_str();
        self.ids.push(event.id.into());
        self.names.push(&event.name);
        self.versions.push(event.version.into());
        self.effective.push(event.effective_at.map(Micros::from));
        self.payloads.push(event.payload.as_str());
        self.metadata
            .push((metadata != Metadata::EMPTY).then_some(metadata));
        if let Some(digests) = &mut self.digests {
            digests.push(Hash(Digest::of_content(stream, event)));
        }
    }

    /// What the statement for a lone event is given, in its order, if it is one.
    pub(crate) fn parameters_of_one(&self) -> Option<[&(dyn ToSql + Sync); 9]> {
        let digest: &(dyn ToSql + Sync) = match &self.digests {
            Some(digests) => digests.first()?,
            None => &None::<Hash>,
        };
        (self.ids.len() == 1).then(|| -> [&(dyn ToSql + Sync); 9] {
            [
                &self.streams[0],
                &self.expected[0],
                &self.ids[0],
                &self.names[0],
                &self.versions[0],
                &self.effective[0],
                &self.payloads[0],
                &self.metadata[0],
                digest,
            ]
        })
    }

    /// The position of each append's first event, where all are placed after this position.
    fn one_after_the_other(&self, before: i64) -> Vec<i64> {
        let mut next = before + 1;
        let place = |count: &i32| {
            let first = next;
            next += i64::from(*count);
            first
        };
        self.counts.iter().map(place).collect()
    }

    /// What the function is given, in its order.
    ///
    /// Who isn't careful saves a look for each event id, and has to ask again, carefully, if one is there already.
    pub(crate) fn parameters<'c>(&'c self, careful: &'c bool) -> [&'c (dyn ToSql + Sync); 15] {
        [
            &self.streams,
            &self.of_stream,
            &self.expected,
            &self.counts,
            &self.appends,
            &self.places,
            &self.names_of_streams,
            &self.ids,
            &self.names,
            &self.versions,
            &self.effective,
            &self.payloads,
            &self.metadata,
            &self.digests,
            careful,
        ]
    }
}

/// Asks the database: first in the hope that no event id is there already, as mostly none is, and that the log isn't
/// tamper-evident, unless it is known to be.
pub(crate) async fn ask(
    session: &Session,
    appends: &[&Append],
    lone: &mut Lone,
    hashed: &Hashed,
) -> Result<Result<Answer, Fault>, Error> {
    let mut call = Call::new(appends.iter().copied(), hashed.known());
    let mut careful = false;
    loop {
        let asked = match lone.ask(session, &call).await {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) => {
                let parameters = call.parameters(&careful);
                session
                    .client
                    .query_one(&session.statements[Asked::Function as usize], &parameters)
                    .await
            }
            Err(error) => Err(error),
        };
        match asked {
            Ok(row) => return Ok(Answer::read(&row, &call)),
            Err(error) if is_there_already(&error) && !careful => careful = true,
            Err(error) if hashed.learn(&error) && call.digests.is_none() => {
                call = Call::new(appends.iter().copied(), true);
            }
            Err(error) => return Err(error),
        }
    }
}

/// What the database answers.
pub(crate) struct Answer {
    recorded_at: Timestamp,
    met: Vec<i64>,
    firsts: Vec<i64>,
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
}

/// A count or a place in a batch, which its bounds keep far below two milliards.
fn number(of: usize) -> i32 {
    i32::try_from(of).unwrap_or(i32::MAX)
}
