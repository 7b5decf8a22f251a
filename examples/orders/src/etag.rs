//! An order's revision as a tag, and what a request says of tags (RFC 9110, sections 8.8.3, 13.1.1 and 13.1.2).

use axum::http::HeaderMap;
use axum::http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use es_core::Revision;

use crate::problem::Problem;

/// The tag of a revision.
pub(crate) fn etag(revision: Revision) -> String {
    format!("\"{revision}\"")
}

/// What a request says of the tags that it knows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Tags {
    /// `*`: whichever there is.
    Any,
    /// One of these. A tag that is none of ours is none of these.
    Of(Vec<Tag>),
}

/// A tag of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag {
    revision: Revision,
    is_weak: bool,
}

impl Tags {
    /// What `If-Match` says, if it is there.
    pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        Self::read(headers, &IF_MATCH).map_err(|()| Problem::header("If-Match"))
    }

    /// What `If-None-Match` says, if it is there.
    pub(crate) fn if_none_match(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        Self::read(headers, &IF_NONE_MATCH).map_err(|()| Problem::header("If-None-Match"))
    }

    fn read(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Self>, ()> {
        let mut lines = headers.get_all(name).iter().peekable();
        if lines.peek().is_none() {
            return Ok(None);
        }
        let mut tags = Vec::new();
        for line in lines {
            let line = line.to_str().map_err(drop)?;
            if line.trim() == "*" {
                return Ok(Some(Self::Any));
            }
            // Ours have no comma within, and others' may be cut: they aren't ours either way.
            for text in line.split(',') {
                tags.extend(Tag::read(text.trim())?);
            }
        }
        Ok(Some(Self::Of(tags)))
    }

    /// Whether what the caller knows is this revision, to be spared the answer.
    pub(crate) fn know(&self, revision: Revision) -> bool {
        match self {
            Self::Any => true,
            Self::Of(tags) => tags.iter().any(|tag| tag.revision == revision),
        }
    }

    /// Whether something may be done at this revision: a weak tag allows nothing.
    pub(crate) fn allow(&self, revision: Revision) -> bool {
        match self {
            Self::Any => true,
            Self::Of(tags) => (tags.iter()).any(|tag| tag.revision == revision && !tag.is_weak),
        }
    }
}

impl Tag {
    fn read(text: &str) -> Result<Option<Self>, ()> {
        let (text, is_weak) = match text.strip_prefix("W/") {
            Some(text) => (text, true),
            None => (text, false),
        };
        let inner = text.strip_prefix('"').ok_or(())?;
        let number = inner.strip_suffix('"').and_then(|inner| inner.parse().ok());
        Ok(number.map(|number| Self {
            revision: Revision::new(number),
            is_weak,
        }))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use axum::http::header::IF_MATCH;
    use es_core::Revision;

    use super::Tags;

    fn read(lines: &[&'static str]) -> Option<Tags> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(IF_MATCH, line.parse().unwrap());
        }
        Tags::if_match(&headers).unwrap()
    }

    fn of(tags: &[&'static str], revision: u64) -> (bool, bool) {
        let tags = read(tags).unwrap();
        let revision = Revision::new(revision);
        (tags.know(revision), tags.allow(revision))
    }

    #[test]
    fn a_tag_is_one_of_those_that_are_listed() {
        assert_eq!(read(&[]), None);
        assert_eq!(of(&["\"1\""], 1), (true, true));
        assert_eq!(of(&["\"1\""], 2), (false, false));
        assert_eq!(of(&["\"7\" , \"2\"", "\"3\""], 3), (true, true));
        assert_eq!(of(&["*"], 3), (true, true));
        assert_eq!(of(&["\"somebody's\""], 3), (false, false));
    }

    #[test]
    fn a_weak_tag_spares_an_answer_and_allows_nothing() {
        assert_eq!(of(&["W/\"2\""], 2), (true, false));
    }

    #[test]
    fn what_is_no_tag_is_not_understood() {
        let mut headers = HeaderMap::new();
        headers.insert(IF_MATCH, "seven".parse().unwrap());
        assert!(Tags::if_match(&headers).is_err());
    }
}
