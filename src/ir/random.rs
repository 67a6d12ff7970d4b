//! Random valid kernels, for tests of the passes and of the executors.
//!
//! Comes in: a seed and a [`Config`]. Goes out: a kernel that the verifier accepts, the same for the same seed, made
//! by [`Builder::verbatim`] and so neither folded nor simplified. Each output has an operand of its own, an operand
//! that is read and written is accessed at one point alone, and no float's bits are looked at unless asked for: so
//! every executor must give the same bits (a NaN equals any NaN), whatever the order of the points.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::builder::Builder;
use super::examples;
use super::kernel::helper::Helper;
use super::kernel::*;
use super::monoid::Monoid;
use super::op::Op;
use crate::dtype::{DType, Scalar, with_type};

/// A small generator of random numbers (splitmix64).
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// A generator that gives the same numbers for the same seed.
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, which must not be 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of these, of which there must be one.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// Any order of these.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }

    /// A value of this type: often a special one (zeros, infinities, NaNs, limits, subnormals, powers of two).
    pub fn scalar(&mut self, dtype: DType) -> Scalar {
        match self.below(4) {
            0 => Scalar::from_bits(dtype, self.bits()),
            1 if dtype == DType::Bool => self.once_in(2).into(),
            1 if dtype.is_int() => Scalar::from_bits(dtype, (self.below(41) as i64 - 20) as u64),
            1 => {
                let x = (self.below(401) as f64 - 200.0) / 8.0;
                with_type!(dtype, T: Float; (x as T).into()).unwrap_or(false.into())
            }
            _ => *self.pick(&specials(dtype)),
        }
    }
}

/// The values of a type at which operations have their corners.
pub fn specials(dtype: DType) -> Vec<Scalar> {
    match dtype {
        DType::Bool => vec![false.into(), true.into()],
        dtype if dtype.is_int() => {
            let width = 8 * dtype.size() as u32;
            let (top, last) = (1i128 << (width - 1), i128::from(width) - 1);
            // The ends of this type and of its half, small numbers, shift counts, and the first that a float rounds.
            let all = [0, 1, -1, 2, -2, 3, 4, 7, 8, last, last + 1, top - 1, -top, 1 - top, 2 * top - 1, 2 * top - 2];
            let more = [top, top + 1, 1 << (width / 2 - 1), 1 << (width / 2), (1 << 24) + 1, (1 << 53) + 1, -(1 << 31)];
            all.into_iter().chain(more).filter_map(|x| Scalar::from_int(dtype, x)).collect()
        }
        DType::F32 => {
            let odd_nan = f32::from_bits(0xffc0_1234);
            let (tiny, max) = (f32::from_bits(1), f32::MAX);
            let most_subnormal = f32::from_bits(0x007f_ffff);
            [0.0, 1.0, 2.0, 0.5, 3.0, 0.1, 2.5, f32::INFINITY, f32::MIN_POSITIVE, tiny, max, most_subnormal, 1e10, 4e18]
                .into_iter()
                .flat_map(|x| [x, -x])
                .chain([f32::NAN, odd_nan])
                .map(Scalar::from)
                .collect()
        }
        _ => {
            let odd_nan = f64::from_bits(0xfff8_0000_0000_1234);
            let (tiny, max) = (f64::from_bits(1), f64::MAX);
            let most_subnormal = f64::from_bits(0x000f_ffff_ffff_ffff);
            [0.0, 1.0, 2.0, 0.5, 3.0, 0.1, 2.5, f64::INFINITY, f64::MIN_POSITIVE, tiny, max, most_subnormal, 1e10, 1e19]
                .into_iter()
                .flat_map(|x| [x, -x])
                .chain([f64::NAN, odd_nan, 1e-40, 2f64.powi(1023)])
                .map(Scalar::from)
                .collect()
        }
    }
}

/// What kernels to make.
#[derive(Clone, Debug)]
pub struct Config {
    /// How many loops.
    pub loops: RangeInclusive<usize>,
    /// How many operations at the most (patches, faults and reductions among them).
    pub ops: usize,
    /// The types of operands, constants and conversions. Comparisons give bools all the same.
    pub dtypes: Vec<DType>,
    /// Whether there are patches.
    pub helpers: bool,
    /// Whether there are faults.
    pub faults: bool,
    /// Whether there are reductions.
    pub reductions: bool,
    /// Whether there are loops at points.
    pub iterations: bool,
    /// The offsets of loads.
    pub offsets: RangeInclusive<i32>,
    /// Whether floats may be cast to integers bit by bit, which shows what NaN it was.
    pub float_bits: bool,
}

impl Default for Config {
    /// Everything but the bits of floats, in small.
    fn default() -> Config {
        Config {
            loops: 1..=3,
            ops: 20,
            dtypes: DType::REAL.to_vec(),
            helpers: true,
            faults: true,
            reductions: true,
            iterations: true,
            offsets: -2..=3,
            float_bits: false,
        }
    }
}

/// The random kernel of a seed.
pub fn kernel(seed: u64, config: &Config) -> Kernel {
    let mut rng = Rng::new(seed);
    let span = config.loops.end() - config.loops.start() + 1;
    let loops = config.loops.start() + rng.below(span);
    let mut maker =
        Maker { rng, config, loops, b: Builder::verbatim(loops), operands: Vec::new(), pool: Vec::new(), after: false };
    maker.make();
    maker.b.finish()
}

/// The least and the greatest coordinate at which a kernel accesses a dimension of an operand, with these trip counts
/// and all loops counted from 0: what a test must make room for. `None` where it is not accessed at all.
pub fn reach(kernel: &Kernel, operand: OperandId, dim: usize, trips: &[usize]) -> Option<(i64, i64)> {
    let coordinate = |inst: &Inst| match inst {
        Inst::Load(a) | Inst::Store(a, _) if a.operand == operand => a.map.get(dim).copied(),
        _ => None,
    };
    let ends = kernel.insts.iter().filter_map(coordinate).map(|Coordinate { follows, offset }| {
        let trip = follows.and_then(|l| trips.get(usize::from(l.0))).map_or(1, |&t| t as i64);
        (i64::from(offset), i64::from(offset) + trip.max(1) - 1)
    });
    ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

/// A value that later ones may use.
struct Item {
    value: Value,
    /// The level at which it is known; one past the innermost if it is reduced.
    level: usize,
    used: bool,
}

impl Item {
    /// Whether it can be used in the body, or after it.
    fn is_known(&self, after: bool, loops: usize) -> bool {
        if after { self.level != loops } else { self.level <= loops }
    }
}

struct Maker<'a> {
    rng: Rng,
    config: &'a Config,
    loops: usize,
    b: Builder,
    /// The arrays to load from, with their types and numbers of dimensions.
    operands: Vec<(OperandId, DType, usize)>,
    pool: Vec<Item>,
    /// Whether the innermost loop has ended.
    after: bool,
}

impl Maker<'_> {
    fn make(&mut self) {
        for _ in 0..1 + self.rng.below(4) {
            let dims = self.rng.below(self.loops + 2);
            let dtype = *self.rng.pick(&self.config.dtypes);
            let mut strides = self.strides(dims);
            self.read(dtype, &strides);
            if strides.last() == Some(&Stride::First) && !self.rng.once_in(3) {
                strides[dims - 1] = Stride::Partner;
                self.read(dtype, &strides);
            }
        }
        let in_place = self.rng.once_in(3).then(|| self.in_place());
        let epilogue = self.config.reductions && self.loops > 0 && self.rng.once_in(2);
        let ops = 1 + self.rng.below(self.config.ops.max(1));
        for _ in 0..ops {
            self.step();
        }
        self.stores(if epilogue { 1 } else { 3 }, in_place);
        if epilogue {
            for _ in 0..1 + self.rng.below(3) {
                self.accumulate();
            }
            self.after = true;
            for _ in 0..self.rng.below(self.config.ops / 2 + 1) {
                self.operation();
            }
            self.stores(3, None);
        }
    }

    /// Declares an array that is read, and reads an element.
    fn read(&mut self, dtype: DType, strides: &[Stride]) {
        let at = self.operands.len();
        let id = self.b.operand(format!("x{at}"), dtype, Role::In, strides);
        self.operands.push((id, dtype, strides.len()));
        self.load(at);
    }

    /// Classes for an array's dimensions: at most one is the unit, or the last one that of halves of pairs.
    fn strides(&mut self, dims: usize) -> Vec<Stride> {
        let unit = self.rng.below(dims + 1);
        let near = match self.rng.below(6) {
            0 | 1 if unit + 1 == dims => Stride::First,
            2 if unit + 1 == dims => Stride::Second,
            _ => Stride::Unit,
        };
        (0..dims).map(|d| if d == unit { near } else { Stride::Any }).collect()
    }

    fn step(&mut self) {
        match self.rng.below(10) {
            0 => {
                let at = self.rng.below(self.operands.len());
                self.load(at);
            }
            1 => {
                let l = self.rng.below(self.loops.max(1));
                if l < self.loops {
                    let v = self.b.index(LoopId(l as u8));
                    self.add(v, l + 1);
                }
            }
            2 if self.config.helpers => self.patch(),
            3 if self.config.faults && self.rng.once_in(3) => self.fault(),
            4 if self.config.iterations && self.rng.once_in(4) => self.iterate(),
            _ => self.operation(),
        }
    }

    fn add(&mut self, value: Value, level: usize) {
        self.pool.push(Item { value, level, used: false });
    }

    /// The loops whose index may be used here: all in the body, all but the innermost after it.
    fn open_loops(&self) -> usize {
        if self.after { self.loops - 1 } else { self.loops }
    }

    fn load(&mut self, at: usize) {
        let (operand, _, dims) = self.operands[at];
        let (least, span) = (*self.config.offsets.start(), self.config.offsets.end() - self.config.offsets.start() + 1);
        let map = (0..dims).map(|_| {
            let l = self.rng.below(self.loops + 1);
            if l == self.loops {
                return Coordinate { follows: None, offset: self.rng.below(3) as i32 };
            }
            let offset = if self.rng.once_in(2) { 0 } else { least + self.rng.below(span as usize) as i32 };
            Coordinate { follows: Some(LoopId(l as u8)), offset }
        });
        let access = Access { map: map.collect(), ..Access::plain(operand, []) };
        let level = usize::from(access.level());
        let v = self.b.load(access);
        self.add(v, level);
    }

    /// An array that is read, and written at the end.
    fn in_place(&mut self) -> (Access, DType) {
        let dtype = *self.rng.pick(&self.config.dtypes);
        let access = self.whole("xy", dtype, Role::InOut);
        let v = self.b.load(access.clone());
        self.add(v, self.loops);
        (access, dtype)
    }

    /// A new array with a dimension for each open loop, and the access that meets each of its points once.
    fn whole(&mut self, name: &str, dtype: DType, role: Role) -> Access {
        self.array(name, dtype, role).0
    }

    /// The same with the classes of its dimensions.
    fn array(&mut self, name: &str, dtype: DType, role: Role) -> (Access, Vec<Stride>) {
        let open = self.open_loops();
        let mut order: Vec<LoopId> = (0..open as u8).map(LoopId).collect();
        if self.rng.once_in(3) {
            self.rng.shuffle(&mut order);
        }
        let strides = self.strides(open);
        let id = self.b.operand(name, dtype, role, &strides);
        (Access::plain(id, order), strides)
    }

    /// What goes into the second halves of pairs whose first halves have just been declared, now and then.
    fn partner(&mut self, first: &Access, mut dims: Vec<Stride>, dtype: DType, name: &str) -> Option<(Access, Value)> {
        if dims.last() != Some(&Stride::First) || self.rng.once_in(4) {
            return None;
        }
        *dims.last_mut()? = Stride::Partner;
        let id = self.b.operand(format!("{name}_too"), dtype, Role::Out, &dims);
        let (v, _) = self.value(dtype);
        Some((Access { operand: id, map: first.map.clone() }, v))
    }

    /// A value of this type that is known here: mostly one that there is, else one converted or a constant.
    fn value(&mut self, dtype: DType) -> (Value, usize) {
        let fits = |item: &Item| item.is_known(self.after, self.loops) && self.b.ty(item.value) == dtype;
        let fit: Vec<usize> = (0..self.pool.len()).filter(|&i| fits(&self.pool[i])).collect();
        if fit.is_empty() && !self.rng.once_in(4) {
            let known = |item: &Item| item.is_known(self.after, self.loops);
            if let Some(item) = self.pool.iter_mut().rev().find(|item| known(item)) {
                item.used = true;
                let (from, level) = (item.value, item.level);
                let v = self.b.convert(from, dtype);
                self.add(v, level);
                return (v, level);
            }
        }
        if fit.is_empty() || self.rng.once_in(6) {
            let c = self.rng.scalar(dtype);
            return (self.b.constant(c), 0);
        }
        // The latest are taken more often, so that the code becomes deep.
        let at = fit[self.rng.below(fit.len()).max(self.rng.below(fit.len()))];
        self.pool[at].used = true;
        (self.pool[at].value, self.pool[at].level)
    }

    fn operation(&mut self) {
        let op = *self.rng.pick(Op::ALL);
        let mut types = self.config.dtypes.clone();
        types.push(DType::Bool);
        types.retain(|&t| op.takes(t));
        if types.is_empty() {
            return;
        }
        let dtype = *self.rng.pick(&types);
        let mut args = [dtype; 3];
        if op == Op::Select {
            args[0] = DType::Bool;
        }
        let args = &args[..op.arity()];
        let named = matches!(op, Op::Convert | Op::Bitcast).then(|| *self.rng.pick(&self.config.dtypes));
        let shows_bits = op == Op::Bitcast && dtype.is_float() && !self.config.float_bits;
        if shows_bits || op.result(args, named).is_none() {
            return;
        }
        let args: Vec<(Value, usize)> = args.iter().map(|&t| self.value(t)).collect();
        let level = args.iter().map(|a| a.1).max().unwrap_or(0);
        let args: Vec<Value> = args.iter().map(|a| a.0).collect();
        let v = self.b.typed_op(op, &args, named);
        self.add(v, level);
    }

    fn patch(&mut self) {
        let fit: Vec<&Helper> =
            examples::all().filter(|h| h.args().iter().all(|t| self.config.dtypes.contains(t))).collect();
        if fit.is_empty() {
            return;
        }
        let helper = *self.rng.pick(&fit);
        let mut args = vec![self.value(DType::Bool), self.value(helper.result())];
        for &t in helper.args() {
            args.push(self.value(t));
        }
        let level = args.iter().map(|a| a.1).max().unwrap_or(0);
        let args: Vec<Value> = args.iter().map(|a| a.0).collect();
        let v = self.b.patch(args[0], args[1], helper, &args[2..]);
        self.add(v, level);
    }

    fn fault(&mut self) {
        let (mask, _) = self.value(DType::Bool);
        let number = self.rng.below(FaultCode::COUNT.into());
        self.b.fault(mask, FaultCode::of(number));
    }

    /// A loop at each point, of a few steps.
    fn iterate(&mut self) {
        let types = |maker: &mut Self, least: usize| -> Vec<DType> {
            let count = least + maker.rng.below(3);
            let mut all = maker.config.dtypes.clone();
            all.push(DType::Bool);
            (0..count).map(|_| *maker.rng.pick(&all)).collect()
        };
        let (state, captured) = (types(self, 1), types(self, 0));
        let params = [state.clone(), captured.clone()].concat();
        let cond = (!self.rng.once_in(3)).then(|| self.region(&params, &[DType::Bool]));
        let body = self.region(&params, &state);
        let body = Arc::new(Loop::new(cond, body));
        let mut args: Vec<(Value, usize)> = state.iter().map(|&ty| self.value(ty)).collect();
        args.push(self.most_steps());
        args.extend(captured.iter().map(|&ty| self.value(ty)));
        let level = args.iter().map(|arg| arg.1).max().unwrap_or(0);
        let args: Vec<Value> = args.into_iter().map(|arg| arg.0).collect();
        for v in self.b.iterate(&body, &args) {
            self.add(v, level);
        }
    }

    /// A number of steps: a small one, or one that depends on data and is bounded.
    fn most_steps(&mut self) -> (Value, usize) {
        let bound = self.rng.below(12) as i64 - 2;
        let bound = self.b.constant(bound);
        if !self.config.dtypes.contains(&DType::I64) || self.rng.once_in(2) {
            return (bound, 0);
        }
        let (v, level) = self.value(DType::I64);
        (self.b.op(Op::Min, &[v, bound]), level)
    }

    /// A region of these parameters and results.
    fn region(&mut self, params: &[DType], results: &[DType]) -> Region {
        let (b, args) = Builder::verbatim(0).function(params);
        let pool = args.into_iter().map(|value| Item { value, level: 0, used: false }).collect();
        let rng = Rng::new(self.rng.bits());
        let mut inner = Maker { rng, config: self.config, loops: 0, b, operands: Vec::new(), pool, after: false };
        for _ in 0..1 + inner.rng.below(6) {
            match inner.rng.below(8) {
                0 if self.config.helpers => inner.patch(),
                1 if self.config.faults && inner.rng.once_in(3) => inner.fault(),
                _ => inner.operation(),
            }
        }
        let results: Vec<Value> = results.iter().map(|&ty| inner.value(ty).0).collect();
        inner.b.results(&results)
    }

    fn accumulate(&mut self) {
        let mut types = self.config.dtypes.clone();
        types.push(DType::Bool);
        let fit: Vec<&Monoid> = Monoid::all().filter(|m| m.args.iter().all(|t| types.contains(t))).collect();
        if fit.is_empty() {
            return;
        }
        let monoid = *self.rng.pick(&fit);
        let args: Vec<Value> = monoid.args.iter().map(|&t| self.value(t).0).collect();
        let state = self.b.accumulate(monoid, &args);
        let parts = if self.rng.once_in(2) { self.b.fragment(&monoid.finish, &state) } else { state };
        for v in parts {
            self.add(v, self.loops + 1);
        }
    }

    /// Stores up to `most` values, of which those that nothing uses are chosen first.
    fn stores(&mut self, most: usize, in_place: Option<(Access, DType)>) {
        if let Some((access, dtype)) = in_place {
            let (v, _) = self.value(dtype);
            self.b.store(access, v);
        }
        for at in 0..1 + self.rng.below(most) {
            let (after, loops) = (self.after, self.loops);
            let unused = self.pool.iter_mut().rev().find(|item| !item.used && item.is_known(after, loops));
            let v = match unused {
                Some(item) => {
                    item.used = true;
                    item.value
                }
                None => {
                    let dtype = *self.rng.pick(&self.config.dtypes);
                    self.value(dtype).0
                }
            };
            let name = if self.after { format!("z{at}") } else { format!("y{at}") };
            let dtype = self.b.ty(v);
            let (access, dims) = self.array(&name, dtype, Role::Out);
            let partner = self.partner(&access, dims, dtype, &name);
            self.b.store(access, v);
            if let Some((access, v)) = partner {
                self.b.store(access, v);
            }
        }
    }
}
