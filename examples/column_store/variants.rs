//! A table of trades, stored in several ways, and one query: the mean of `price*volume` where `volume > least`.

// A `Vec` of boxes is what this is about.
#![allow(clippy::vec_box)]

use ndarray::Array1;
use tilexpr::{Expr, Threads, args};

use crate::common::cli::Failure;
use crate::common::random::Random;

/// A trade, with what the query does not ask for.
#[allow(dead_code)]
#[derive(Clone, Copy)]
pub struct Trade {
    pub id: u64,
    pub time: f64,
    pub price: f64,
    pub volume: f64,
    pub buyer: u32,
    pub seller: u32,
}

/// Trade `i`. Prices are multiples of 1/8 and volumes whole, so that sums of their products are exact in any order.
pub fn trade(i: usize) -> Trade {
    let random = Random::new(1);
    let below = |column: u64, n: u64| random.below(4 * i as u64 + column, n);
    Trade {
        id: i as u64,
        time: i as f64 * 0.01,
        price: 100.0 + below(0, 800) as f64 / 8.0,
        volume: below(1, 1000) as f64,
        buyer: below(2, 5000) as u32,
        seller: below(3, 5000) as u32,
    }
}

/// The text of the query.
pub const TEXT: &str = "sum(where(volume > least, price*volume, 0))/sum(volume > least)";

/// A stored table that can be asked.
pub trait Stored {
    fn query(&self, least: f64) -> Result<f64, Failure>;
}

/// Stores so many trades.
pub type Store = fn(usize) -> Result<Box<dyn Stored>, Failure>;

pub const ALL: [(&str, Store); 10] = [
    ("boxed_results", |n| Ok(Box::new(ObjectResults(Boxed::new(n, scattered))))),
    ("boxed_far", |n| Ok(Box::new(Boxed::new(n, scattered)))),
    ("boxed_near", |n| Ok(Box::new(Boxed::new(n, in_order)))),
    ("converted", |n| Ok(Box::new(Converted::new(n)))),
    ("row_pointers", |n| Ok(Box::new(RowPointers(scattered(n, trade))))),
    ("rows", |n| Ok(Box::new(Rows((0..n).map(trade).collect())))),
    ("columns", |n| Ok(Box::new(Columns::new(n)))),
    ("columns_apart", |n| Ok(Box::new(Apart(Columns::new(n))))),
    ("tilexpr_serial", |n| Ok(Box::new(Formula::new(n, Threads::Serial)?))),
    ("tilexpr", |n| Ok(Box::new(Formula::new(n, Threads::Global)?))),
];

/// The query, wherever prices and volumes come from. A factor of 0 or 1 and no branch: which trades count, no CPU can foresee.
fn mean(trades: impl Iterator<Item = (f64, f64)>, least: f64) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for (price, volume) in trades {
        let counts = if volume > least { 1.0 } else { 0.0 };
        sum += price * volume * counts;
        count += counts;
    }
    sum / count
}

/// What a variable of a dynamic language holds: a type, and a value.
pub enum Object {
    Integer(i64),
    Float(f64),
}

impl Object {
    fn float(&self) -> f64 {
        match self {
            Object::Integer(x) => *x as f64,
            Object::Float(x) => *x,
        }
    }
}

/// Two lists of pointers to objects, as a list of Python is. For each number: the pointer, the type, the value, and what the
/// allocator keeps beside it.
struct Boxed {
    price: Vec<Box<Object>>,
    volume: Vec<Box<Object>>,
}

type Place<T> = fn(usize, fn(usize) -> T) -> Vec<Box<T>>;

impl Boxed {
    fn new(n: usize, place: Place<Object>) -> Boxed {
        let price = place(n, |i| Object::Float(trade(i).price));
        Boxed { price, volume: place(n, |i| Object::Integer(trade(i).volume as i64)) }
    }
}

/// Objects that were made one after another lie so, as a rule: the next pointer leads to the neighbour.
fn in_order<T>(n: usize, make: fn(usize) -> T) -> Vec<Box<T>> {
    (0..n).map(|i| Box::new(make(i))).collect()
}

/// Made in another order than that of the list, as after sorting, or in memory that has been used for a while: each pointer
/// leads somewhere else, and nothing can be fetched ahead.
fn scattered<T>(n: usize, make: fn(usize) -> T) -> Vec<Box<T>> {
    let mut order: Vec<usize> = (0..n).collect();
    Random::new(2).shuffle(&mut order);
    let mut objects: Vec<Option<Box<T>>> = (0..n).map(|_| None).collect();
    for i in order {
        objects[i] = Some(Box::new(make(i)));
    }
    let mut objects: Vec<Box<T>> = objects.into_iter().flatten().collect();
    objects.shrink_to_fit();
    objects
}

impl Stored for Boxed {
    fn query(&self, least: f64) -> Result<f64, Failure> {
        Ok(mean(self.price.iter().zip(&self.volume).map(|(price, volume)| (price.float(), volume.float())), least))
    }
}

/// The same lists, with an object for each result, too, as an interpreter makes them.
struct ObjectResults(Boxed);

impl Stored for ObjectResults {
    fn query(&self, least: f64) -> Result<f64, Failure> {
        let (mut sum, mut count) = (Box::new(Object::Float(0.0)), Box::new(Object::Integer(0)));
        for (price, volume) in self.0.price.iter().zip(&self.0.volume) {
            if volume.float() > least {
                sum = apply(&sum, &apply(price, volume, |a, b| a * b), |a, b| a + b);
                count = apply(&count, &Object::Integer(1), |a, b| a + b);
            }
        }
        Ok(sum.float() / count.float())
    }
}

/// A new object for the result of an operation. (Not to be put in where it is called: no interpreter could.)
#[inline(never)]
fn apply(a: &Object, b: &Object, operation: fn(f64, f64) -> f64) -> Box<Object> {
    Box::new(Object::Float(operation(a.float(), b.float())))
}

/// Two arrays of bytes, as Python's `array`: dense, but each access makes an object of eight of them.
struct Converted {
    price: Vec<u8>,
    volume: Vec<u8>,
}

impl Converted {
    fn new(n: usize) -> Converted {
        let bytes = |column: fn(Trade) -> f64| (0..n).flat_map(|i| column(trade(i)).to_le_bytes()).collect();
        Converted { price: bytes(|t| t.price), volume: bytes(|t| t.volume) }
    }
}

#[inline(never)]
fn get(bytes: &[u8], i: usize) -> Box<Object> {
    let mut eight = [0; 8];
    eight.copy_from_slice(&bytes[8 * i..8 * i + 8]);
    Box::new(Object::Float(f64::from_le_bytes(eight)))
}

impl Stored for Converted {
    fn query(&self, least: f64) -> Result<f64, Failure> {
        let n = self.price.len() / 8;
        Ok(mean((0..n).map(|i| (get(&self.price, i).float(), get(&self.volume, i).float())), least))
    }
}

/// A list of pointers to whole trades.
struct RowPointers(Vec<Box<Trade>>);

impl Stored for RowPointers {
    fn query(&self, least: f64) -> Result<f64, Failure> {
        Ok(mean(self.0.iter().map(|trade| (trade.price, trade.volume)), least))
    }
}

/// Trades in one piece of memory: the neighbours are there, but whole cache lines come in for two fields of six.
struct Rows(Vec<Trade>);

impl Stored for Rows {
    fn query(&self, least: f64) -> Result<f64, Failure> {
        Ok(mean(self.0.iter().map(|trade| (trade.price, trade.volume)), least))
    }
}

/// A piece of memory for each column: what is read is what is asked for.
struct Columns {
    price: Array1<f64>,
    volume: Array1<f64>,
}

impl Columns {
    fn new(n: usize) -> Columns {
        let column = |field: fn(Trade) -> f64| (0..n).map(|i| field(trade(i))).collect();
        Columns { price: column(|t| t.price), volume: column(|t| t.volume) }
    }
}

impl Stored for Columns {
    fn query(&self, least: f64) -> Result<f64, Failure> {
        Ok(mean(self.price.iter().copied().zip(self.volume.iter().copied()), least))
    }
}

/// Columns, with eight sums side by side: vector code, as dense numbers allow it, and no addition waits for the one before.
struct Apart(Columns);

impl Stored for Apart {
    fn query(&self, least: f64) -> Result<f64, Failure> {
        let (price, volume) =
            (self.0.price.as_slice().unwrap_or_default(), self.0.volume.as_slice().unwrap_or_default());
        let ((prices, _), (volumes, _)) = (price.as_chunks::<8>(), volume.as_chunks::<8>());
        let (mut sums, mut counts) = ([0.0; 8], [0.0; 8]);
        let mut add = |price: &[f64], volume: &[f64]| {
            for (((sum, count), price), volume) in sums.iter_mut().zip(&mut counts).zip(price).zip(volume) {
                let counts = if *volume > least { 1.0 } else { 0.0 };
                *sum += price * volume * counts;
                *count += counts;
            }
        };
        prices.iter().zip(volumes).for_each(|(price, volume)| add(price, volume));
        let done = 8 * prices.len();
        add(&price[done..], &volume[done..]);
        Ok(sums.iter().sum::<f64>() / counts.iter().sum::<f64>())
    }
}

/// Columns, and the query as a text.
struct Formula {
    columns: Columns,
    formula: Expr,
}

impl Formula {
    fn new(n: usize, threads: Threads) -> Result<Formula, Failure> {
        Ok(Formula { columns: Columns::new(n), formula: Expr::compile(TEXT)?.with_threads(threads) })
    }
}

impl Stored for Formula {
    fn query(&self, least: f64) -> Result<f64, Failure> {
        Ok(self.formula.eval(args![price = &self.columns.price, volume = &self.columns.volume, least])?)
    }
}
