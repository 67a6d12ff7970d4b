//! One element as text: exact, so that reading it gives the element again.

use num_complex::Complex;

/// An element that is shown.
pub trait Cell: Copy {
    /// As NumPy prints it alone.
    fn text(self) -> String;

    /// As a cell of a CSV file.
    fn csv(self) -> String;

    /// As JSON; what that has no number for is a string: "NaN", "Infinity", "-Infinity".
    fn json(self) -> String;

    /// Several as NumPy prints them in an array: of one width.
    fn aligned(all: &[Self]) -> Vec<String> {
        right(all.iter().map(|element| element.text()).collect())
    }
}

/// Texts as long as the longest, which stand to the right.
fn right(all: Vec<String>) -> Vec<String> {
    let width = all.iter().map(String::len).max().unwrap_or(0);
    all.into_iter().map(|text| format!("{text:>width$}")).collect()
}

macro_rules! integers {
    ($($t:ty)*) => { $(
        impl Cell for $t {
            fn text(self) -> String {
                self.to_string()
            }

            fn csv(self) -> String {
                self.to_string()
            }

            fn json(self) -> String {
                self.to_string()
            }
        }
    )* };
}

integers! { i8 i16 i32 i64 u8 u16 u32 u64 }

impl Cell for bool {
    fn text(self) -> String {
        if self { "True".into() } else { "False".into() }
    }

    fn csv(self) -> String {
        self.to_string()
    }

    fn json(self) -> String {
        self.to_string()
    }
}

macro_rules! floats {
    ($($t:ty)*) => { $(
        impl Cell for $t {
            fn text(self) -> String {
                if self.is_nan() { "nan".into() } else { format!("{self:?}") }
            }

            fn csv(self) -> String {
                self.text()
            }

            fn json(self) -> String {
                match self {
                    _ if self.is_nan() => "\"NaN\"".into(),
                    <$t>::INFINITY => "\"Infinity\"".into(),
                    <$t>::NEG_INFINITY => "\"-Infinity\"".into(),
                    _ => format!("{self:?}"),
                }
            }

            fn aligned(all: &[$t]) -> Vec<String> {
                let numbers = all.iter().map(|x| Number { value: f64::from(*x), shortest: format!("{x}"), scientific: format!("{x:e}") });
                right(pointed(&numbers.collect::<Vec<_>>()))
            }
        }

        impl Cell for Complex<$t> {
            fn text(self) -> String {
                format!("({}{}j)", self.re.text(), signed(self.im.text()))
            }

            fn csv(self) -> String {
                format!("{}{}j", self.re.text(), signed(self.im.text()))
            }

            fn json(self) -> String {
                format!("[{}, {}]", self.re.json(), self.im.json())
            }

            fn aligned(all: &[Complex<$t>]) -> Vec<String> {
                let parts: [Vec<$t>; 2] = [all.iter().map(|x| x.re).collect(), all.iter().map(|x| x.im).collect()];
                let [re, im] = parts.map(|part| <$t>::aligned(&part));
                right(re.iter().zip(im).map(|(re, im)| format!("{re}{}j", signed(im.trim().into()))).collect())
            }
        }
    )* };
}

floats! { f32 f64 }

/// A number with its sign, also if it has none.
fn signed(number: String) -> String {
    if number.starts_with('-') { number } else { format!("+{number}") }
}

/// A float with its shortest texts that are exact.
struct Number {
    value: f64,
    shortest: String,
    scientific: String,
}

/// Digits behind the point, at most: NumPy's default.
const PRECISION: usize = 8;

/// Floats with their points below each other: as decimals where they are of similar size, else with exponents.
fn pointed(all: &[Number]) -> Vec<String> {
    let sizes = || all.iter().map(|x| x.value.abs()).filter(|x| *x > 0.0 && x.is_finite());
    let (least, most) = (sizes().fold(f64::INFINITY, f64::min), sizes().fold(0.0, f64::max));
    let exponents = most >= 1e8 || (most > 0.0 && (least < 1e-4 || most / least > 1000.0));
    // Before the point, behind it, and the exponent.
    let split: Vec<(String, String, String)> = all.iter().map(|x| x.split(exponents)).collect();
    let behind = split.iter().map(|(_, digits, _)| digits.len()).max().unwrap_or(0);
    let join = |(x, (before, digits, exponent)): (&Number, (String, String, String))| {
        let fill = if exponents { '0' } else { ' ' };
        match x.value.is_finite() {
            true if exponents => format!("{before}.{digits:0<behind$}{exponent}"),
            true => format!("{before}.{digits}{}", fill.to_string().repeat(behind - digits.len())),
            false => before,
        }
    };
    all.iter().zip(split).map(join).collect()
}

impl Number {
    fn split(&self, exponent: bool) -> (String, String, String) {
        if !self.value.is_finite() {
            let name = if self.value.is_nan() { "nan" } else { &self.shortest };
            return (name.into(), String::new(), String::new());
        }
        if exponent {
            let digits = self.scientific.find('e').unwrap_or(self.scientific.len());
            let (digits, power) = if mantissa(&self.scientific[..digits]).1.len() > PRECISION {
                let rounded = format!("{:.*e}", PRECISION, self.value);
                let (digits, power) = rounded.split_once('e').unwrap_or((&rounded, "0"));
                (digits.to_string(), power.to_string())
            } else {
                (self.scientific[..digits].to_string(), self.scientific[digits..].trim_start_matches('e').to_string())
            };
            let (before, behind) = mantissa(&digits);
            let sign = if power.starts_with('-') { '-' } else { '+' };
            let power = format!("e{sign}{:0>2}", power.trim_start_matches('-'));
            return (before.into(), behind.trim_end_matches('0').into(), power);
        }
        let (before, behind) = mantissa(&self.shortest);
        if behind.len() <= PRECISION {
            return (before.into(), behind.into(), String::new());
        }
        let rounded = format!("{:.*}", PRECISION, self.value);
        let (before, behind) = mantissa(&rounded);
        (before.into(), behind.trim_end_matches('0').into(), String::new())
    }
}

/// What stands before the point, and behind it.
fn mantissa(digits: &str) -> (&str, &str) {
    digits.split_once('.').unwrap_or((digits, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As NumPy 2.4 prints these arrays.
    #[test]
    fn floats_in_an_array() {
        let show = |all: &[f64]| f64::aligned(all).join(" ");
        assert_eq!(show(&[1.0, 2.5, 10.25]), " 1.    2.5  10.25");
        assert_eq!(show(&[1.0 / 3.0, -2.0]), " 0.33333333 -2.        ");
        assert_eq!(show(&[1.0, 2.0]), "1. 2.");
        assert_eq!(show(&[1e-5, 1.0]), "1.e-05 1.e+00");
        assert_eq!(show(&[123456789.0, 0.5]), "1.23456789e+08 5.00000000e-01");
        assert_eq!(show(&[f64::NAN, 1.5, f64::NEG_INFINITY]), " nan  1.5 -inf");
        assert_eq!(show(&[0.0, -0.0]), " 0. -0.");
        assert_eq!(f32::aligned(&[0.1, 0.2]).join(" "), "0.1 0.2");
        assert_eq!(
            Complex::<f64>::aligned(&[Complex::new(1.0, -2.0), Complex::new(0.5, 3.0)]).join(" "),
            "1. -2.j 0.5+3.j"
        );
    }

    #[test]
    fn alone_and_in_files() {
        assert_eq!(
            [0.1.text(), f64::NAN.text(), (-f64::INFINITY).text(), 1e300.text()],
            ["0.1", "nan", "-inf", "1e300"]
        );
        assert_eq!([f64::NAN.json(), f32::NEG_INFINITY.json(), 1.5_f32.json()], ["\"NaN\"", "\"-Infinity\"", "1.5"]);
        assert_eq!([true.text(), true.csv(), false.json()], ["True", "true", "false"]);
        let z = Complex::new(1.0, -0.5);
        assert_eq!([z.text(), z.csv(), z.json()], ["(1.0-0.5j)", "1.0-0.5j", "[1.0, -0.5]"]);
    }
}
