"""A bank's day, call by call, as a day to replay: who came, for what, how long it took; who was there when.

Patience is known only of those who hung up waiting; it is left empty for the rest.
"""

from __future__ import annotations

import csv
from pathlib import Path
from statistics import fmean


def seconds(text: str) -> float:
    hours, minutes, rest = text.split(":")
    return int(hours) * 3600.0 + int(minutes) * 60.0 + float(rest)


def convert(day: Path, folder: Path) -> tuple[Path, Path]:
    """(day, scenario) in our own forms. Calls that ended in the menu are not of the queue and are left out."""
    with day.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["outcome"] in ("AGENT", "HANG")]
    waited = [row for row in rows if row["outcome"] == "AGENT" or float(row["q_time"]) > 0]
    services = [float(row["ser_time"]) for row in waited if row["outcome"] == "AGENT" and float(row["ser_time"]) > 0]
    lines = ["arrival_s,class,service_s,patience_s,waited_s"]
    shifts: dict[str, tuple[float, float]] = {}
    for row in waited:
        came = seconds(row["vru_exit"])
        served = row["outcome"] == "AGENT"
        service = float(row["ser_time"]) or fmean(services) if served else fmean(services)
        patience = "" if served else row["q_time"]
        lines.append(f"{came},{row['type']},{service},{patience},{row['q_time'] if served else ''}")
        if served:
            begun, ended = seconds(row["ser_start"]), seconds(row["ser_exit"])
            first, last = shifts.get(row["server"], (begun, ended))
            shifts[row["server"]] = min(first, begun), max(last, ended)
    target, scenario = folder / "day.csv", folder / "day.toml"
    target.write_text("\n".join(lines) + "\n")
    classes = "".join(
        f'[[class]]\nname = "{name}"\nservice = {{dist = "exponential", mean = {fmean(services)}}}\n'
        for name in sorted({row["type"] for row in waited})
    )
    people = "".join(f"[[agents]]\nfrom_s = {first}\nto_s = {last}\n" for first, last in shifts.values())
    scenario.write_text(f"seed = 1\n[queue]\ntarget_s = 20\nageing_per_s = 1.0\n{classes}{people}")
    return target, scenario
