"""The table and the chart of what was measured.

Comes in: the dictionary that `bench.py` makes. Goes out: `peers.md` and `peers.svg` in a folder. A row's ratio is
tilexpr's time over that of the best other engine: below 1 tilexpr is the fastest.
"""

import math

INSTALL = 'pip install numpy numexpr numba "jax[cpu]" torch symjit matplotlib'
OURS = "tilexpr"
INTRODUCTION = """# Beside other engines

{warning}tilexpr and array engines of Python on the same formulas and arrays, in one process: `benches/peers/`, whose
README says how to run it. Engines take turns in blocks while the threads of the others sleep; a figure is the median of
{rounds} blocks. Each writes into an array that is given where it can (JAX into the memory of its last result), is bound
to its arguments beforehand where it can, and gives NumPy's result but for rounding, which is checked first. numexpr
comes from its package, so without VML unless the versions say so.

- {threads} threads of: {cpu}. Take the ratios rather than the figures.
- Python {python}, {versions}; {date}.
- `{install}`

![time over the best other engine]({chart})"""
MEANS = """## Geometric means

tilexpr's time over that of the best other engine on each row, and over that of each engine; below 1 tilexpr is faster.

"""
AXIS = (
    "tilexpr's time over that of the best other engine, whose name stands at the bar\n"
    "(shorter is better, green: tilexpr is the fastest)"
)
AMD = {23: "Zen 1 or 2", 25: "Zen 3 or 4", 26: "Zen 5"}


def geometric(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


def others(row):
    return {name: time for name, time in row["times"].items() if name != OURS}


def best_other(row):
    return min(others(row), key=others(row).get)


def ratio(row):
    return row["times"][OURS] / min(others(row).values())


def compared(found):
    """The rows that have a ratio."""
    return [row for row in found["rows"] if OURS in row["times"] and others(row)]


def cpu(machine):
    """The CPU's family in words."""
    name = ""
    if machine["vendor"] == "AuthenticAMD" and machine["family"] in AMD:
        name = AMD[machine["family"]]
        if machine["family"] == 25:  # Of these two, Zen 4 alone has AVX-512.
            name = "Zen 4" if machine["vectors"] == "AVX-512" else "Zen 3"
        name = f" ({name})"
    return f"{machine['model']}, family {machine['family']}{name}, {machine['vectors']}"


def table(head, rows):
    """In Markdown; the first two columns are words, the others numbers."""
    align = ["---", "---"] + ["---:"] * (len(head) - 2)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, align, *rows))


def number(value):
    """Three digits; nothing where there is no number."""
    if math.isnan(value):
        return ""
    return f"{value:,.0f}" if value >= 1000 else f"{value:#.3g}".rstrip(".")


def rows_of_size(found, size, names):
    lines = []
    for row in found["rows"]:
        if row["n"] != size:
            continue
        times = row["times"]
        least = min(times.values(), default=None)
        shown = {name: f"**{number(time)}**" if time == least else number(time) for name, time in times.items()}
        cells = [shown.get(name, "") for name in names]
        lines.append([row["name"], row["dtype"], *cells, f"{ratio(row):.2f}" if row in compared(found) else ""])
    return lines


def means(found, names):
    """Geometric means: over the best other, of short and of long formulas, and over each engine."""
    from formulas import FORMULAS

    short = {formula.name for formula in FORMULAS if formula.short}
    sizes = sorted({row["n"] for row in found["rows"]})
    lines = []
    for title, some in [(f"{size:,}", [size]) for size in sizes] + ([("all", sizes)] if len(sizes) > 1 else []):
        rows = [row for row in compared(found) if row["n"] in some]
        cells = [
            geometric(map(ratio, rows)),
            geometric(ratio(r) for r in rows if r["name"] in short),
            geometric(ratio(r) for r in rows if r["name"] not in short),
        ]
        cells += [
            geometric(r["times"][OURS] / r["times"][name] for r in rows if name in r["times"])
            for name in names
            if name != OURS
        ]
        worst = max(rows, key=ratio, default=None)
        lines.append(
            [
                title,
                f"{worst['name']} {worst['dtype']} {ratio(worst):.2f}" if worst else "",
                *map(number, cells),
                f"{sum(ratio(r) <= 1.15 for r in rows)} of {len(rows)}",
            ]
        )
    head = [
        "elements",
        "worst row",
        "the best other",
        "one-liners",
        "long formulas",
        *(n for n in names if n != OURS),
        "rows at most 1.15",
    ]
    return table(head, lines)


def left_out(found):
    """Which engine could not do what, each reason once."""
    reasons = {}
    for row in found["rows"]:
        for name, reason in row["skipped"].items():
            reasons.setdefault((name, reason), []).append(f"{row['name']} {row['dtype']}")
    return [f"- {name} {reason}: {', '.join(dict.fromkeys(rows))}." for (name, reason), rows in reasons.items()]


def markdown(found, chart):
    from formulas import FORMULAS

    names = [OURS, *(name for name in found["versions"] if name != OURS)]
    introduction = INTRODUCTION.format(
        warning="**A quick run: these figures only show that the program works.**\n\n" if found["quick"] else "",
        cpu=cpu(found["machine"]),
        versions=", ".join(f"{name} {version}" for name, version in found["versions"].items()),
        install=INSTALL,
        chart=chart,
        **{key: found[key] for key in ("rounds", "threads", "python", "date")},
    )
    parts = [introduction, MEANS + means(found, names)]
    for size in sorted({row["n"] for row in found["rows"]}):
        head = ["formula", "type", *names, "over the best other"]
        parts.append(
            f"## {size:,} elements\n\nNanoseconds an element; the least is bold.\n\n"
            + table(head, rows_of_size(found, size, names))
        )
    if left_out(found):
        parts.append("## Left out\n\n" + "\n".join(left_out(found)))
    present = {row["name"] for row in found["rows"]}
    lines = [
        [f.name, f.about if not f.short else f"`{f.text}`", str(f.operations())] for f in FORMULAS if f.name in present
    ]
    parts.append(
        "## The formulas\n\nTheir texts are in `benches/peers/formulas.py`.\n\n"
        + table(["name", "formula", "operations"], lines)
    )
    return "\n\n".join(parts) + "\n"


def draw(found, path):
    """Bars from 1 to each row's ratio on a logarithmic axis, a panel for each size."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "peers", "font.size": 8})
    import matplotlib.pyplot as plt

    rows = compared(found)
    if not rows:
        return
    sizes = sorted({row["n"] for row in rows})
    labels = list(dict.fromkeys((row["name"], row["dtype"]) for row in rows))
    figure, axes = plt.subplots(
        1,
        len(sizes),
        sharey=True,
        sharex=True,
        squeeze=False,
        layout="constrained",
        figsize=(2.0 + 2.6 * len(sizes), 1.2 + 0.19 * len(labels)),
    )
    low = min(0.5, *(ratio(row) for row in rows)) / 1.3
    high = max(2.0, *(ratio(row) for row in rows)) * 2.2
    for axis, size in zip(axes[0], sizes, strict=True):
        for row in rows:
            if row["n"] != size:
                continue
            at, value = labels.index((row["name"], row["dtype"])), ratio(row)
            color = "#2a7f62" if value <= 1 else "#c8553d"
            axis.barh(at, value - 1, left=1, height=0.7, color=color)
            axis.text(max(value, 1) * 1.06, at, best_other(row), va="center", fontsize=6, color="#777777")
        axis.set_xscale("log")
        axis.set_xlim(low, high)
        axis.axvline(1, color="black", linewidth=0.8)
        mean = geometric(ratio(row) for row in rows if row["n"] == size)
        axis.set_title(f"{size:,} elements\ngeometric mean {mean:.2f}", fontsize=8)
        ticks = [tick for tick in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if low <= tick <= high]
        axis.set_xticks(ticks, map(str, ticks))
        axis.minorticks_off()
        axis.grid(axis="x", color="#dddddd", linewidth=0.5)
        axis.set_axisbelow(True)
        axis.spines[["top", "right", "left"]].set_visible(False)
        axis.tick_params(axis="y", length=0)
    axes[0][0].set_yticks(range(len(labels)), [f"{name} {dtype}" for name, dtype in labels])
    axes[0][0].set_ylim(len(labels) - 0.5, -0.5)
    figure.supxlabel(AXIS, fontsize=8)
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    plt.close(figure)


def write(found, folder):
    """Writes both, and says where."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "peers.md").write_text(markdown(found, "peers.svg"))
    try:
        draw(found, folder / "peers.svg")
    except ImportError as error:
        return f"{folder / 'peers.md'}; no chart: {error}"
    return f"{folder / 'peers.md'}\n{folder / 'peers.svg'}"
