//! Loops at points: a `while` to a step.
//!
//! The points whose loop has not ended stand side by side: their state, what they capture, and which points they are. What is done at a
//! step of the loop is then done for them alone, and nothing needs a mask.

use super::lower::Lower;
use super::program::*;
use crate::ir::{Loop, Region, Value};
use crate::jit::Unsupported;

impl<'k> Lower<'k> {
    /// A loop on these arguments. Gives where the state is with which it has ended, in the order of its components.
    pub(super) fn iterate(
        &mut self,
        of: &'k Loop,
        args: &[Value],
        step: usize,
    ) -> Result<(Step, Vec<Place>), Unsupported> {
        let (start, max, outside) =
            of.parts(args).ok_or_else(|| Unsupported("a while without its arguments".into()))?;
        let finals: Vec<Place> = of.state.iter().map(|_| self.room(step)).collect();
        let [order, keep] = [(); 2].map(|()| self.room(step));
        let mut temporary = vec![order, keep];
        let mut own = |lower: &mut Self| {
            let place = lower.room(step);
            temporary.push(place);
            place
        };
        let (mut state, mut captured, mut params) = (Vec::new(), Vec::new(), Vec::new());
        for ((&v, ty), &dst) in start.iter().zip(&of.state).zip(&finals) {
            let now = own(self);
            state.push((self.source(v, step)?, Transfer { dst, src: now, size: ty.size() }));
            params.push(now);
        }
        for (&v, ty) in outside.iter().zip(&of.captured) {
            let source = self.source(v, step)?;
            if source.step == 0 {
                params.push(source.place);
                continue;
            }
            let place = own(self);
            captured.push((source, place, ty.size()));
            params.push(place);
        }
        let max = self.source(max, step)?;
        let own_max = (max.step > 0).then(|| own(self));
        let cond = match &of.cond {
            Some(cond) => {
                let (code, results) = self.apply(cond, &params, step, &mut temporary)?;
                let step = step.max(usize::from(matches!(results[0], Place::Slot(_))));
                Some((code, Source { place: results[0], step }))
            }
            None => None,
        };
        let (body, results) = self.apply(&of.body, &params, step, &mut temporary)?;
        let next = results.iter().zip(&state).map(|(&place, (_, now))| {
            let step = step.max(usize::from(matches!(place, Place::Slot(_))));
            (now.src, Source { place, step }, now.size)
        });
        let next = next.collect();
        self.release(temporary);
        let step = While { state, captured, max, own_max, order, keep, cond, body, next };
        Ok((Step::While(Box::new(step)), finals))
    }

    /// A region's code on these places, and where its results are: nowhere where a parameter is, for that may change before they are read.
    fn apply(
        &mut self,
        region: &'k Region,
        params: &[Place],
        step: usize,
        temporary: &mut Vec<Place>,
    ) -> Result<(Vec<Step>, Vec<Place>), Unsupported> {
        let mut code = Vec::new();
        let (mut results, own) = self.region(region, params, step, &mut code)?;
        temporary.extend(own);
        for (result, ty) in results.iter_mut().zip(region.results()) {
            let changes = matches!(result, Place::Slot(_)) || step == 1;
            if changes && params.contains(result) {
                let dst = self.room(step);
                temporary.push(dst);
                code.push(Step::Copy(Transfer { dst, src: *result, size: ty.size() }));
                *result = dst;
            }
        }
        Ok((code, results))
    }
}
