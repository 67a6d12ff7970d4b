//! Which threads run tiles.

use std::fmt;
use std::sync::Arc;

use rayon::ThreadPool;

/// The threads that an expression runs on. The results do not depend on them.
///
/// ```
/// use std::sync::Arc;
/// use tilexpr::{Expr, Threads, args};
/// let a = [1.0, 2.0, 3.0];
/// let sum = Expr::compile("sum(a)")?;
/// let pool = Threads::Pool(Arc::new(rayon::ThreadPoolBuilder::new().num_threads(2).build()?));
/// assert_eq!(pool.count(), 2);
/// let (one, two): (f64, f64) = (sum.with_threads(Threads::Serial).eval(args![a])?, sum.with_threads(pool).eval(args![a])?);
/// assert_eq!(one.to_bits(), two.to_bits());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Threads {
    /// rayon's global pool, or the pool whose worker makes the call.
    #[default]
    Global,
    /// This pool.
    Pool(Arc<ThreadPool>),
    /// The calling thread alone.
    Serial,
}

impl Threads {
    /// How many threads there are.
    pub fn count(&self) -> usize {
        match self {
            Threads::Global => rayon::current_num_threads(),
            Threads::Pool(pool) => pool.current_num_threads(),
            Threads::Serial => 1,
        }
    }

    /// Runs `f` where [`rayon::join`] uses these threads.
    pub(crate) fn enter<R: Send>(&self, f: impl FnOnce() -> R + Send) -> R {
        match self {
            Threads::Pool(pool) => pool.install(f),
            Threads::Global | Threads::Serial => f(),
        }
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Threads::Global => f.write_str("Global"),
            Threads::Pool(pool) => write!(f, "Pool({})", pool.current_num_threads()),
            Threads::Serial => f.write_str("Serial"),
        }
    }
}
