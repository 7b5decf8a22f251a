//! What the database is asked for appends.

use std::collections::HashMap;

use es_core::{Append, Digest, Expected, Metadata, NewEvent, StreamId};
use tokio_postgres::Error;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use crate::answer::Answer;
use crate::chains::{Chained, Chains};
use crate::error::{Fault, is_there_already};
use crate::hashed::Hashed;
use crate::lone::Lone;
use crate::row::{Hash, Micros, signed};
use crate::schema::Schema;
use crate::session::Session;

/// What each parameter is, in their order.
pub(crate) const TYPES: [Type; 17] = [
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
    Type::BYTEA_ARRAY,
    Type::BYTEA_ARRAY,
    Type::BOOL,
];

const NONE: Option<Vec<Hash>> = None;

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
        "SELECT recorded, met, before, firsts, had, found_append, found_id, found_revision, found_position, found_recorded \
         FROM {}.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        schema.identifier()
    )
}

/// What the function is given: of each stream, of each append and of each event a value.
#[derive(Default)]
pub(crate) struct Call<'a> {
    numbers: HashMap<&'a str, i32>,
    streams: Vec<&'a str>,
    pub of_stream: Vec<i32>,
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
    pub digests: Option<Vec<Hash>>,
    pub chained: Option<Chained>,
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

    /// Computes the hashes behind those that are known. Only appends that each have a stream of their own can be as all of
    /// them expect; and one event has its own statement.
    fn chain(&mut self, appends: &[&Append], chains: &Chains) {
        if let Some(digests) = &self.digests
            && self.streams.len() == appends.len()
            && digests.len() > 1
        {
            self.chained = chains.chain(appends, digests);
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
    pub(crate) fn one_after_the_other(&self, before: i64) -> Vec<i64> {
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
    pub(crate) fn parameters<'c>(&'c self, careful: &'c bool) -> [&'c (dyn ToSql + Sync); 17] {
        let (assumed, chained): (&(dyn ToSql + Sync), &(dyn ToSql + Sync)) = match &self.chained {
            Some(chained) => (&chained.assumed, &chained.hashes),
            None => (&NONE, &NONE),
        };
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
            assumed,
            chained,
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
    chains: &mut Chains,
) -> Result<Result<Answer, Fault>, Error> {
    let mut call = Call::new(appends.iter().copied(), hashed.known());
    call.chain(appends, chains);
    let mut careful = false;
    loop {
        match ask_once(session, lone, &call, careful).await {
            Ok(answer) => {
                if let Ok(answer) = &answer {
                    answer.teach(&call, appends, chains);
                }
                return Ok(answer);
            }
            Err(error) if is_there_already(&error) && !careful => careful = true,
            Err(error) if hashed.learn(&error) && call.digests.is_none() => {
                call = Call::new(appends.iter().copied(), true);
            }
            Err(error) => return Err(error),
        }
    }
}

async fn ask_once(
    session: &Session,
    lone: &mut Lone,
    call: &Call<'_>,
    careful: bool,
) -> Result<Result<Answer, Fault>, Error> {
    if let Some(answer) = lone.ask(session, call).await? {
        return Ok(answer);
    }
    let function = &session.statements[Asked::Function as usize];
    let parameters = call.parameters(&careful);
    let row = session.client.query_one(function, &parameters).await?;
    Ok(Answer::read(&row, call))
}

/// A count or a place in a batch, which its bounds keep far below two milliards.
fn number(of: usize) -> i32 {
    i32::try_from(of).unwrap_or(i32::MAX)
}
