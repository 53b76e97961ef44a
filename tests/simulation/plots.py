"""`make plots`: the pictures of ARCHITECTURE.md that come from simulation, as Mermaid text."""

from __future__ import annotations

import random
import sys

from acd.estimate import Staff, limited_lines, separate_queues
from acd.simulate import Estimate, simulate
from tests.simulation.models import CALLS_PER_S, SERVICE_S, six_classes


def skills_an_agent(contacts: int = 150_000) -> str:
    """Mean wait in the six-class model by the number of skills each agent has; both ends also exactly."""
    waits = []
    for skills in range(1, 7):
        found = simulate(six_classes(skills, contacts), random.Random(7)).of()["mean_wait_s"]
        assert isinstance(found, Estimate)
        assert found.mean is not None
        waits.append(found.mean)
    one, _ = separate_queues([(CALLS_PER_S, Staff(15, SERVICE_S))] * 6, 120, 30.0)
    six = limited_lines(6 * CALLS_PER_S, SERVICE_S, 90, 120, 30.0)
    figures = ", ".join(f"{wait:.1f}" for wait in waits)
    return "\n".join(
        [
            "```mermaid",
            "xychart-beta",
            '    title "Six classes, 90 agents, 120 lines: mean wait by skills an agent has"',
            '    x-axis "skills an agent" [1, 2, 3, 4, 5, 6]',
            '    y-axis "seconds" 0 --> 200',
            f"    bar [{figures}]",
            "```",
            f"Simulated: {figures} s; exactly {one.mean_wait_s:.1f} s with one, {six.mean_wait_s:.1f} s with all six.",
        ]
    )


if __name__ == "__main__":
    sys.stdout.write(skills_an_agent() + "\n")
