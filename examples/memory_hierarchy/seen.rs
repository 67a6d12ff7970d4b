//! What the figures show, in sentences.

use super::{NAMES, Row};
use crate::common::machine::caches;
use crate::common::prose::{bytes, listed, say};

/// A storey of memory: its name, and the figures of the working set that stands for it.
struct Storey<'a> {
    name: String,
    row: &'a Row,
}

impl Storey<'_> {
    fn of(&self, variant: &str) -> f64 {
        NAMES.iter().position(|name| *name == variant).map_or(f64::NAN, |at| self.row.figures[at])
    }
}

/// Each cache by the largest working set that half fills it, and memory by the largest of all.
fn storeys(rows: &[Row]) -> Vec<Storey<'_>> {
    let mut below = 0;
    let mut storeys = Vec::new();
    for (name, size) in caches() {
        let fits = |row: &&Row| row.bytes as u64 > below && row.bytes as u64 <= size / 2;
        storeys.extend(rows.iter().rfind(fits).map(|row| Storey { name, row }));
        below = size;
    }
    storeys.extend(
        rows.last().filter(|row| row.bytes as u64 > below).map(|row| Storey { name: "memory".to_owned(), row }),
    );
    storeys
}

pub fn say_all(rows: &[Row], huge: u64, threads: usize) {
    let storeys = storeys(rows);
    let (Some(near), Some(far)) = (storeys.first(), storeys.last()) else { return };
    let each = |variant: &str, unit: &str| {
        let figure = |storey: &Storey| format!("{:.1} {unit} from {}", storey.of(variant), storey.name);
        listed(&storeys.iter().map(figure).collect::<Vec<_>>())
    };
    let sets: Vec<String> = storeys.iter().map(|s| format!("{} for {}", bytes(s.row.bytes as u64), s.name)).collect();
    say(&format!(
        "Working sets of {}: a core reads {}. One access is answered after {}.",
        listed(&sets),
        each("read", "GB/s"),
        each("latency", "ns")
    ));
    let (slower, later) = (near.of("read") / far.of("read"), far.of("latency") / near.of("latency"));
    if storeys.len() > 1 && slower > 1.5 && later > 1.5 {
        say(&format!(
            "From {} to {} the bandwidth falls to 1/{slower:.1} and the latency grows {later:.0} times: they are two things. Who reads in order \
             pays the bandwidth, as the hardware fetches ahead; who jumps pays the latency each time. In the time of one jump \
             to {}, {:.0} numbers are read from {} in order. So long arrays are worked on in tiles that stay in a cache.",
            near.name,
            far.name,
            far.name,
            far.of("latency") * near.of("read") / 8.0,
            near.name,
        ));
    }
    let halved = |s: &Storey| s.of("write") < 0.75 * s.of("read");
    say(&format!(
        "Writing: {}.{}",
        each("write", "GB/s"),
        match halved(far) {
            true =>
                " In memory that is slower than reading: each line is fetched first, though all of it is about to be overwritten.",
            false => "",
        }
    ));
    shared_cache(rows, &storeys);
    pages(far, huge);
    let (one, all) = (far.of("tilexpr_serial"), far.of("tilexpr"));
    if far.name == "memory" && threads > 1 {
        say(&format!(
            "a*b + c in {} runs at {one:.1} GB/s on one thread and at {all:.1} on {threads}: {:.1} times as fast. {}",
            far.name,
            all / one,
            match all / one {
                gain if gain < 0.75 * threads as f64 =>
                    "Memory is shared: once its bandwidth is used up, more threads wait like the rest.",
                _ => "One core cannot use up the bandwidth of this machine's memory, so threads still help.",
            }
        ));
    }
}

/// Where the last cache ends before its mark.
fn shared_cache(rows: &[Row], storeys: &[Storey]) {
    let [.., near, last, memory] = storeys else { return };
    let Some((_, size)) = caches().into_iter().find(|(name, _)| *name == last.name) else { return };
    // Halfway between the caches before it and memory, as ratios go.
    let answered = |row: &&Row| Storey { name: String::new(), row }.of("latency");
    let middle = (near.of("latency") * memory.of("latency")).sqrt();
    let fits = rows.iter().take_while(|row| answered(row) < middle).last();
    if let Some(fits) = fits.filter(|row| (row.bytes as u64) < size / 2) {
        say(&format!(
            "{} has {}, but answers slowly from working sets of more than {} on: others use it, too (programs, or guests on the same host).",
            last.name,
            bytes(size),
            bytes(fits.bytes as u64)
        ));
    }
}

/// What pages do to the latency.
fn pages(far: &Storey, huge: u64) {
    let (small, large) = (far.of("latency"), far.of("latency_huge"));
    if huge < far.row.bytes as u64 / 2 {
        say(
            "The system gave no huge pages (/sys/kernel/mm/transparent_hugepage), so `latency_huge` is `latency` once more.",
        );
        return;
    }
    let why = if small / large > 1.1 {
        "A page's address must be looked up before the access: the core remembers that of some thousand pages (its TLB), and walks \
         through tables in memory for all others. A huge page stands for 512 small ones."
    } else {
        "Here looking up the addresses of pages costs little."
    };
    say(&format!(
        "A jump to {} takes {small:.1} ns with pages of 4 KiB and {large:.1} with pages of 2 MiB. {why}",
        far.name
    ));
}
