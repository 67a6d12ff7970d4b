//! Sentences: what an example says of its figures.

/// The longest line.
const WIDTH: usize = 96;

/// Prints a paragraph after an empty line, broken between words.
pub fn say(text: &str) {
    println!();
    let mut length = 0;
    for word in text.split_whitespace() {
        let word_length = word.chars().count();
        if length > 0 && length + 1 + word_length > WIDTH {
            println!();
            length = 0;
        }
        print!("{}{word}", if length > 0 { " " } else { "" });
        length += word_length + usize::from(length > 0);
    }
    println!();
}

/// How one time stands to another, to be followed by the other's name: `3.1 times as long as`.
pub fn beside(time: f64, other: f64) -> String {
    match time / other {
        ratio if ratio >= 9.95 => format!("{ratio:.0} times as long as"),
        ratio if ratio >= 1.1 => format!("{ratio:.1} times as long as"),
        ratio if ratio > 0.9 => "about as long as".to_owned(),
        ratio => format!("{ratio:.2} of the time of"),
    }
}

/// Names in a row: `a, b and c`.
pub fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// A number of bytes as caches are counted: `32 KiB`.
pub fn bytes(bytes: u64) -> String {
    match bytes {
        b if b >= 1 << 30 => format!("{} GiB", round(b as f64 / (1_u64 << 30) as f64)),
        b if b >= 1 << 20 => format!("{} MiB", round(b as f64 / (1 << 20) as f64)),
        b if b >= 1 << 10 => format!("{} KiB", round(b as f64 / 1024.0)),
        b => format!("{b} B"),
    }
}

fn round(x: f64) -> f64 {
    if x >= 10.0 { x.round() } else { (x * 10.0).round() / 10.0 }
}
