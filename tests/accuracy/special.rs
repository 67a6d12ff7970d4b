//! Special values: zeros with their signs, infinities, NaN, poles, ends of the domains, as C99's annex F has them; NumPy's
//! or SciPy's where C99 has no such function.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, LN_2, PI};

use tilexpr::math::Elementary;
use tilexpr::{IntoArg, Out};

use crate::executors;
use crate::floats::{Float, expression, forms, ordered, same, show, values};

/// A line for each function, or several: arguments and results. `±` stands for two rows, one with every `±` a plus, one with
/// every `±` a minus. `max` and `least` are the greatest and the least positive number, 2^`top` is the first power of two that
/// overflows, 2^`bottom` is `least`. `pi`, `pi/2`, `pi/4`, `3pi/4`, `ln2`, `sqrtpi` and `lnsqrtpi` may be the number beside;
/// everything else must be met exactly.
const TABLE: &str = "
exp:     ±0 -> 1; ±least -> 1; inf -> inf; -inf -> 0; max -> inf; -max -> 0; nan -> nan
exp2:    ±0 -> 1; ±least -> 1; inf -> inf; -inf -> 0; max -> inf; -max -> 0; nan -> nan
exp2:    1 -> 2; -1 -> 0.5; 10 -> 1024; -3 -> 0.125; 20 -> 1048576; top -> inf; bottom -> least; -1e4 -> 0
expm1:   ±0 -> ±0; ±least -> ±least; inf -> inf; -inf -> -1; max -> inf; -max -> -1; -100 -> -1; nan -> nan
log:     ±0 -> -inf; 1 -> 0; inf -> inf; -1 -> nan; -least -> nan; -max -> nan; -inf -> nan; nan -> nan
log2:    ±0 -> -inf; 1 -> 0; inf -> inf; -1 -> nan; -least -> nan; -max -> nan; -inf -> nan; nan -> nan
log2:    2 -> 1; 0.5 -> -1; 8 -> 3; 0.125 -> -3; 1024 -> 10; least -> bottom
log10:   ±0 -> -inf; 1 -> 0; inf -> inf; -1 -> nan; -least -> nan; -max -> nan; -inf -> nan; nan -> nan
log10:   10 -> 1; 100 -> 2; 1000 -> 3; 1e10 -> 10
log1p:   ±0 -> ±0; ±least -> ±least; -1 -> -inf; inf -> inf; -1.5 -> nan; -max -> nan; -inf -> nan; nan -> nan
sin:     ±0 -> ±0; ±least -> ±least; ±inf -> nan; nan -> nan
cos:     ±0 -> 1; ±least -> 1; ±inf -> nan; nan -> nan
tan:     ±0 -> ±0; ±least -> ±least; ±inf -> nan; nan -> nan
arcsin:  ±0 -> ±0; ±least -> ±least; ±1 -> ±pi/2; ±1.0000002 -> nan; ±max -> nan; ±inf -> nan; nan -> nan
arccos:  ±0 -> pi/2; 1 -> 0; -1 -> pi; ±1.0000002 -> nan; ±max -> nan; ±inf -> nan; nan -> nan
arctan:  ±0 -> ±0; ±least -> ±least; ±1 -> ±pi/4; ±max -> ±pi/2; ±inf -> ±pi/2; nan -> nan
sinh:    ±0 -> ±0; ±least -> ±least; ±max -> ±inf; ±inf -> ±inf; nan -> nan
cosh:    ±0 -> 1; ±least -> 1; ±max -> inf; ±inf -> inf; nan -> nan
tanh:    ±0 -> ±0; ±least -> ±least; ±50 -> ±1; ±max -> ±1; ±inf -> ±1; nan -> nan
arcsinh: ±0 -> ±0; ±least -> ±least; ±inf -> ±inf; nan -> nan
arccosh: 1 -> 0; inf -> inf; 0.9999999 -> nan; ±0 -> nan; -1 -> nan; -100 -> nan; -1e8 -> nan; -max -> nan; -inf -> nan
arccosh: nan -> nan
arctanh: ±0 -> ±0; ±least -> ±least; ±1 -> ±inf; ±1.0000002 -> nan; ±max -> nan; ±inf -> nan; nan -> nan
cbrt:    ±0 -> ±0; ±1 -> ±1; ±8 -> ±2; ±27 -> ±3; ±0.125 -> ±0.5; ±inf -> ±inf; nan -> nan
erf:     ±0 -> ±0; ±10 -> ±1; ±max -> ±1; ±inf -> ±1; nan -> nan
erfc:    ±0 -> 1; ±least -> 1; 30 -> 0; -9 -> 2; max -> 0; -max -> 2; inf -> 0; -inf -> 2; nan -> nan
ndtri:   ±0 -> -inf; 1 -> inf; 0.5 -> 0; -1 -> nan; -least -> nan; 1.0000002 -> nan; ±max -> nan; ±inf -> nan; nan -> nan
gamma:   ±0 -> ±inf; ±least -> ±inf; 1 -> 1; 2 -> 1; 172 -> inf; max -> inf; inf -> inf; nan -> nan
gamma:   -1 -> nan; -2 -> nan; -1e6 -> nan; -max -> nan; -inf -> nan; 0.5 -> sqrtpi; -200.5 -> -0; -201.5 -> 0; -9001.5 -> 0
lgamma:  ±0 -> inf; 1 -> 0; 2 -> 0; 3 -> ln2; 0.5 -> lnsqrtpi; ±max -> inf; ±inf -> inf; nan -> nan
lgamma:  -1 -> inf; -2 -> inf; -1e6 -> inf

pow:     2, ±0 -> 1; 0, ±0 -> 1; -0, ±0 -> 1; inf, ±0 -> 1; -inf, ±0 -> 1; nan, ±0 -> 1; -3, ±0 -> 1; max, ±0 -> 1
pow:     1, 0.5 -> 1; 1, ±max -> 1; 1, ±inf -> 1; 1, nan -> 1; -1, ±inf -> 1; -1, max -> 1
pow:     2, 1 -> 2; ±max, 1 -> ±max; ±least, 1 -> ±least; nan, 1 -> nan; nan, 2 -> nan; 2, nan -> nan; 0, nan -> nan
pow:     inf, nan -> nan; -1, nan -> nan; nan, inf -> nan; nan, nan -> nan; nan, -1 -> nan
pow:     ±0, -1 -> ±inf; ±0, -3 -> ±inf; ±0, -2 -> inf; ±0, -0.5 -> inf; ±0, -1.5 -> inf; ±0, -inf -> inf; ±0, -max -> inf
pow:     ±0, 1 -> ±0; ±0, 3 -> ±0; ±0, 2 -> 0; ±0, 0.5 -> 0; ±0, 2.5 -> 0; ±0, inf -> 0; ±0, max -> 0
pow:     -0, 16777215 -> -0; -0, 16777216 -> 0; -0, -16777215 -> -inf; -0, -16777216 -> inf
pow:     ±0.5, inf -> 0; ±0.5, -inf -> inf; ±2, inf -> inf; ±2, -inf -> 0; ±0, inf -> 0; ±inf, inf -> inf; ±inf, -inf -> 0
pow:     ±least, inf -> 0; ±least, -inf -> inf; ±max, inf -> inf; ±max, -inf -> 0
pow:     inf, 0.5 -> inf; inf, 3 -> inf; inf, -0.5 -> 0; inf, -3 -> 0; inf, least -> inf; inf, -least -> 0
pow:     -inf, 3 -> -inf; -inf, 2 -> inf; -inf, 2.5 -> inf; -inf, -3 -> -0; -inf, -2 -> 0; -inf, -2.5 -> 0; -inf, max -> inf
pow:     -2, 0.5 -> nan; -2, -0.5 -> nan; -least, 1.5 -> nan; -max, 0.25 -> nan; -1, 0.5 -> nan; -1, least -> nan
pow:     -2, 3 -> -8; -2, 2 -> 4; -2, -1 -> -0.5; -1, 16777215 -> -1; -1, 16777216 -> 1; -1, -3 -> -1; 2, 10 -> 1024
pow:     -2, 10001 -> -inf; -2, 10000 -> inf; -0.5, 10001 -> -0; -0.5, 10000 -> 0; -2, -10001 -> -0; -2, -10000 -> 0
pow:     2, top -> inf; 2, bottom -> least; 2, max -> inf; 2, -max -> 0; 0.5, max -> 0; 0.5, -max -> inf
pow:     max, 2 -> inf; max, -2 -> 0; least, 2 -> 0; least, -2 -> inf; 4, 0.5 -> 2; 9, 0.5 -> 3; 4, -0.5 -> 0.5

arctan2: ±0, 0 -> ±0; ±0, -0 -> ±pi; ±0, 1 -> ±0; ±0, -1 -> ±pi; ±0, least -> ±0; ±0, -least -> ±pi; ±0, max -> ±0
arctan2: ±0, inf -> ±0; ±0, -inf -> ±pi; ±1, 0 -> ±pi/2; ±1, -0 -> ±pi/2; ±least, 0 -> ±pi/2; ±max, -0 -> ±pi/2
arctan2: ±1, inf -> ±0; ±1, -inf -> ±pi; ±max, inf -> ±0; ±max, -inf -> ±pi; ±least, inf -> ±0; ±least, -inf -> ±pi
arctan2: ±inf, 1 -> ±pi/2; ±inf, -1 -> ±pi/2; ±inf, 0 -> ±pi/2; ±inf, -0 -> ±pi/2; ±inf, max -> ±pi/2; ±inf, -max -> ±pi/2
arctan2: ±inf, inf -> ±pi/4; ±inf, -inf -> ±3pi/4; ±1, 1 -> ±pi/4; ±1, -1 -> ±3pi/4; ±max, max -> ±pi/4; ±least, least -> ±pi/4
arctan2: ±max, least -> ±pi/2; ±least, max -> ±0; ±least, -max -> ±pi; ±max, -least -> ±pi/2; ±least, -least -> ±3pi/4
arctan2: nan, 1 -> nan; 1, nan -> nan; nan, inf -> nan; inf, nan -> nan; nan, 0 -> nan; 0, nan -> nan; nan, nan -> nan

hypot:   0, ±0 -> 0; -0, ±0 -> 0; 1, ±0 -> 1; ±0, -1 -> 1; ±3, 4 -> 5; 4, ±3 -> 5; ±least, 0 -> least; 0, ±max -> max
hypot:   ±inf, 1 -> inf; 1, ±inf -> inf; ±inf, nan -> inf; nan, ±inf -> inf; ±inf, inf -> inf; ±inf, 0 -> inf; max, ±inf -> inf
hypot:   ±max, max -> inf; ±max, least -> max; least, ±least -> least; nan, 1 -> nan; 0, nan -> nan; nan, nan -> nan

fmod:    ±0, 1 -> ±0; ±0, -1 -> ±0; ±0, inf -> ±0; ±0, least -> ±0; ±0, max -> ±0; ±0, nan -> nan; nan, 1 -> nan; 1, nan -> nan
fmod:    1, ±0 -> nan; 0, ±0 -> nan; -0, ±0 -> nan; inf, ±0 -> nan; ±inf, 1 -> nan; ±inf, inf -> nan; ±inf, max -> nan
fmod:    ±1, inf -> ±1; ±1, -inf -> ±1; ±max, inf -> ±max; ±least, inf -> ±least; nan, inf -> nan; inf, nan -> nan
fmod:    ±5, 3 -> ±2; ±5, -3 -> ±2; ±6, 3 -> ±0; ±6, -3 -> ±0; ±1, 1 -> ±0; ±5.5, 2 -> ±1.5; ±1, least -> ±0; ±max, least -> ±0
fmod:    ±least, max -> ±least; ±least, least -> ±0; ±max, max -> ±0; ±1, max -> ±1; ±least, -1 -> ±least

logaddexp: 0, 0 -> ln2; -0, ±0 -> ln2; 1, -inf -> 1; -inf, -1 -> -1; -inf, -inf -> -inf; ±0, -inf -> 0; -inf, ±0 -> 0
logaddexp: inf, 1 -> inf; -1, inf -> inf; inf, inf -> inf; inf, -inf -> inf; -inf, inf -> inf; 1e4, 0 -> 1e4; 0, -1e4 -> 0
logaddexp: max, max -> max; max, -max -> max; -max, -max -> -max; -1e4, 1e4 -> 1e4; inf, max -> inf; -inf, max -> max
logaddexp: nan, 1 -> nan; 1, nan -> nan; nan, inf -> nan; -inf, nan -> nan; nan, nan -> nan
";

/// A row: arguments, result, whether the number beside will do.
struct Row<T> {
    args: [T; 2],
    result: T,
    beside: bool,
}

/// A number of the table.
fn number<T: Float>(text: &str) -> (T, bool) {
    let (sign, size) = text.strip_prefix('-').map_or((1.0, text), |size| (-1.0, size));
    let irrational = match size {
        "pi" => PI,
        "pi/2" => FRAC_PI_2,
        "pi/4" => FRAC_PI_4,
        "3pi/4" => 3.0 * FRAC_PI_4,
        "ln2" => LN_2,
        "sqrtpi" => PI.sqrt(),
        "lnsqrtpi" => PI.sqrt().ln(),
        _ => 0.0,
    };
    let exact = match size {
        "max" => T::MAX.wide(),
        "least" => T::of(1).wide(),
        "top" => f64::from(T::MOST + 1),
        "bottom" => f64::from(T::LEAST),
        _ if irrational != 0.0 => irrational,
        _ => size.parse().unwrap_or_else(|e| panic!("`{text}`: {e}")),
    };
    (T::nearest(sign * exact), irrational != 0.0)
}

/// The rows of a function.
fn rows<T: Float>(function: Elementary) -> Vec<Row<T>> {
    let mut rows = Vec::new();
    for line in TABLE.lines().filter(|line| !line.is_empty()) {
        let (name, line) = line.split_once(':').unwrap_or_else(|| panic!("`{line}`"));
        for row in line.split(';').filter(|_| name == function.name()) {
            let signs = if row.contains('±') { &["", "-"][..] } else { &[""] };
            for sign in signs {
                let row = row.replace('±', sign);
                let (args, result) = row.split_once("->").unwrap_or_else(|| panic!("`{row}`"));
                let args: Vec<T> = args.split(',').map(|arg| number(arg.trim()).0).collect();
                assert_eq!(args.len(), function.row().arity, "{name}: `{row}`");
                let (result, beside) = number(result.trim());
                rows.push(Row { args: [args[0], args[args.len() - 1]], result, beside });
            }
        }
    }
    rows
}

fn check<T: Float>(wrong: &mut Vec<String>)
where
    for<'a> &'a [T]: IntoArg<'a>,
    [T]: Out,
{
    for &function in Elementary::ALL {
        let rows = rows::<T>(function);
        assert!(!rows.is_empty(), "{} has no special values", function.name());
        let [x, y] = [0, 1].map(|at| rows.iter().map(|row| row.args[at]).collect::<Vec<T>>());
        for (accuracy, _) in forms::<T>(function) {
            for executor in executors::all() {
                let found = values(&expression(function, accuracy, executor), &x, &y);
                for (row, found) in rows.iter().zip(found) {
                    let distance = (ordered(found) - ordered(row.result)).abs();
                    if !(same(found, row.result) || row.beside && distance <= 1 && !found.wide().is_nan()) {
                        let args: Vec<String> = row.args[..function.row().arity].iter().map(|&x| show(x)).collect();
                        wrong.push(format!(
                            "{}({}) of {} is {found:?}, not {:?} ({executor:?}, {accuracy:?})",
                            function.name(),
                            args.join(", "),
                            T::NAME,
                            row.result
                        ));
                    }
                }
            }
        }
    }
}

#[test]
fn special_values() {
    let mut wrong = Vec::new();
    check::<f32>(&mut wrong);
    check::<f64>(&mut wrong);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
