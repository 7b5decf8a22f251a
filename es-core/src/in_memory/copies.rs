use std::sync::Arc;

use crate::temporal::Step;
use crate::{DecodeError, Fold};

/// Two copies of a state, so that readers hold one while the other is folded.
///
/// The one that readers had before is brought up to date with the events that it lacks and folded on, so that nothing
/// is copied as long as every reader lets go in time.
pub(super) struct Copies<P> {
    /// What readers get.
    shown: Arc<P>,
    /// What is folded on, if it is ahead of what is shown.
    working: Option<P>,
    /// What was shown before.
    retired: Option<Arc<P>>,
    /// What `shown` (with `working`, once it is shown) has and `retired` hasn't.
    missing: Vec<Step>,
}

/// A copy that lacks more events than this is thrown away: folding them again would cost more than a new copy.
const MISSING: usize = 4_096;

impl<P: Fold + Clone> Copies<P> {
    pub(super) fn new(state: P) -> Self {
        Self {
            shown: Arc::new(state),
            working: None,
            retired: None,
            missing: Vec::new(),
        }
    }

    /// Folds an event or a correction; what is shown stays as it is.
    pub(super) fn fold(&mut self, step: Step) -> Result<(), DecodeError> {
        let mut working = match self.working.take() {
            Some(working) => working,
            None => self.caught_up(),
        };
        let folded = step.fold_into(&mut working);
        self.working = Some(working);
        folded?;
        if self.missing.len() <= MISSING {
            self.missing.push(step);
        }
        Ok(())
    }

    /// What was folded so far, shown or not.
    pub(super) fn newest(&self) -> &P {
        self.working.as_ref().unwrap_or(&self.shown)
    }

    /// A copy of what is shown: the one before it, if no reader has it any more.
    fn caught_up(&mut self) -> P {
        let missing = std::mem::take(&mut self.missing);
        let retired = self.retired.take().and_then(Arc::into_inner);
        match retired {
            Some(mut state) if missing.len() <= MISSING => {
                let up_to_date = missing
                    .iter()
                    .try_for_each(|step| step.fold_into(&mut state));
                // They were folded before, and are folded again to the same effect.
                if up_to_date.is_ok() {
                    return state;
                }
                P::clone(&self.shown)
            }
            _ => P::clone(&self.shown),
        }
    }

    /// Shows what was folded, if anything was since.
    pub(super) fn show(&mut self) -> Option<Arc<P>> {
        let working = Arc::new(self.working.take()?);
        self.retired = Some(std::mem::replace(&mut self.shown, Arc::clone(&working)));
        Some(working)
    }

    pub(super) fn shown(&self) -> &Arc<P> {
        &self.shown
    }
}
