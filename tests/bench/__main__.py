"""`make bench [ONLY=acd]`: a table on the screen and `.run/bench.json` with stable names."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.bench import acd, desks, ivr, link, sounds
from tests.bench.machine import described

OUT = Path(".run/bench.json")
RUNS = 3


class Figure(NamedTuple):
    """`goal`: what is to be reached, in the same unit; "" where there is none."""

    name: str
    value: float
    unit: str
    goal: str = ""


BENCHES: dict[str, Callable[[], Iterator[tuple[str, float, str, str]]]] = {
    "acd": acd.bench,
    "desks": desks.bench,
    "sounds": sounds.bench,
    "ivr": ivr.bench,
    "link": link.bench,
}


def main(only: list[str]) -> None:
    wanted = {name: bench for name, bench in BENCHES.items() if not only or name in only}
    found: dict[str, dict[str, object]] = {}
    for name, bench in wanted.items():
        runs: dict[str, list[Figure]] = {}
        for number in range(RUNS):
            print(f"{name}: run {number + 1} of {RUNS} ...", file=sys.stderr, flush=True)
            for figure in map(Figure._make, bench()):
                runs.setdefault(figure.name, []).append(figure)
        for key, figures in runs.items():
            values = sorted(figure.value for figure in figures)
            found[key] = {
                "median": median(values), "min": values[0], "max": values[-1], "runs": len(values),
                "unit": figures[0].unit, "goal": figures[0].goal,
            }  # fmt: skip
    OUT.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(OUT.read_text("utf-8"))["figures"] if OUT.exists() else {}
    told = {"machine": described(), "at": time.time(), "figures": {**known, **found}}
    OUT.write_text(json.dumps(told, indent=1, ensure_ascii=False), "utf-8")
    print(f"{'':<44}{'median':>12}{'min':>12}{'max':>12}  unit")
    for key, one in found.items():
        print(f"{key:<44}{one['median']:>12,.4g}{one['min']:>12,.4g}{one['max']:>12,.4g}  {one['unit']}  {one['goal']}")
    print(f"{told['machine']}; written to {OUT}")


if __name__ == "__main__":
    main(sys.argv[1:])
