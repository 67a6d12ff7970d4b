//! Reductions: a monoid's fragments to steps on lanes.

use super::loops;
use super::lower::{Lower, in_memory};
use super::program::*;
use crate::dtype::DType;
use crate::ir::{self, LANES, Monoid};
use crate::jit::Unsupported;

impl Lower<'_> {
    /// An accumulator of this monoid over arguments that are chunks.
    pub(super) fn accumulator(&mut self, monoid: &Monoid, args: &[Place]) -> Result<Accumulator, Unsupported> {
        let state: Vec<Component> = monoid
            .state
            .iter()
            .zip(&monoid.init)
            .map(|(ty, init)| Component { cell: self.lanes(), init: in_memory(*init), size: ty.size() })
            .collect();
        let lanes: Vec<Place> = state.iter().map(|c| Place::Cell(c.cell)).collect();
        let fold = match (monoid.step.code.as_slice(), state.len(), args) {
            ([(op, on, ty)], 1, &[arg]) if on.as_slice() == [0, 1] && monoid.step.results == [2] => {
                loops::fold(self.isa, *op, *ty).map(|code| Stepper::Fold { code, arg })
            }
            _ => None,
        };
        let step = match fold {
            Some(fold) => fold,
            None => {
                let args: Vec<(Place, u32, usize)> =
                    args.iter().zip(&monoid.args).map(|(&arg, ty)| (arg, self.cursor(), ty.size())).collect();
                let params: Vec<Place> =
                    lanes.iter().copied().chain(args.iter().map(|arg| Place::Cursor(arg.1))).collect();
                let code = self.fragment(&monoid.step, params, &state)?;
                Stepper::Code { args, code }
            }
        };
        let later: Vec<u32> = state.iter().map(|_| self.cursor()).collect();
        let params: Vec<Place> = lanes.iter().copied().chain(later.iter().map(|&c| Place::Cursor(c))).collect();
        let merge = self.fragment(&monoid.merge, params, &state)?;
        Ok(Accumulator { state, step, merge, later })
    }

    /// A fragment on places of up to eight elements, its results going into the state.
    fn fragment(
        &mut self,
        fragment: &ir::Fragment,
        params: Vec<Place>,
        state: &[Component],
    ) -> Result<Fragment, Unsupported> {
        let mut places = params;
        let mut types: Vec<DType> = fragment.params.clone();
        let mut code = Vec::new();
        let place_of = |places: &[Place], i: u32| {
            places.get(i as usize).copied().ok_or_else(|| Unsupported("a fragment reads what it has not".into()))
        };
        for (op, on, ty) in &fragment.code {
            let mut args = [Place::Cell(0); 3];
            for (arg, &i) in args.iter_mut().zip(on) {
                *arg = place_of(&places, i)?;
            }
            let last = on.last().and_then(|&i| types.get(i as usize)).copied().unwrap_or(*ty);
            let dst = Place::Cell(self.lanes());
            code.push(Step::Compute { code: loops::compute(self.isa, *op, last, *ty, 0)?, dst, args });
            places.push(dst);
            types.push(*ty);
        }
        let mut commit = Vec::new();
        for (&result, component) in fragment.results.iter().zip(state) {
            let (mut src, size) = (place_of(&places, result)?, component.size);
            if (result as usize) < fragment.params.len() {
                // A parameter may be a component that is overwritten before this one is.
                let kept = Place::Cell(self.lanes());
                code.push(Step::Copy(Transfer { dst: kept, src, size }));
                src = kept;
            }
            commit.push(Transfer { dst: Place::Cell(component.cell), src, size });
        }
        Ok(Fragment { code, commit })
    }

    /// The first of eight new cells.
    fn lanes(&mut self) -> u32 {
        let first = self.program.cells;
        self.program.cells += LANES as u32;
        first
    }
}
