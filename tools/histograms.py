#!/usr/bin/env python3
"""Writes tests/data/histograms.txt.gz: in which bin NumPy's `histogram` puts values at its edges and beside them.

    tools/histograms.py | gzip -9n > tests/data/histograms.txt.gz

A line: the type, bins, lo and hi as bits of f64 in hexadecimal; then values as their bits, each with its bin, or - where it is in none.
"""
import struct
import sys

import numpy as np

print(f"# NumPy {np.__version__}, made by tools/histograms.py")
bounds = [(0.0, 1.0), (0.1, 0.7), (-1.0, 1.0), (-3.3, 9.1), (1e-3, 1e3), (0.0, 256.0), (-1e15, 1e15 + 3), (2.0**-1040, 2.0**-1030), (100.0, 100.001)]
for dtype, bits in (("f64", "u8"), ("f32", "u4")):
    numpy = np.dtype("f8" if dtype == "f64" else "f4")
    for lo, hi in bounds:
        for bins in (1, 2, 3, 7, 10, 49):
            try:
                with np.errstate(all="ignore"):
                    edges = np.histogram(np.zeros(0, numpy), bins, (lo, hi))[1].astype(numpy)
            except ValueError:
                continue
            values = np.concatenate([edges, np.nextafter(edges, numpy.type(-np.inf)), np.nextafter(edges, numpy.type(np.inf)), edges[:-1] / 2 + edges[1:] / 2])
            line = [dtype, str(bins), *(struct.pack(">d", b).hex() for b in (lo, hi))]
            for value in values:
                with np.errstate(all="ignore"):
                    counts = np.histogram(np.array([value], numpy), bins, (lo, hi))[0]
                found = np.flatnonzero(counts)
                line.append(f"{int(value.view(bits)):x}:{found[0] if len(found) else '-'}")
            print(*line)
