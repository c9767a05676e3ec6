"""twin: a year of a middling hall in simulation, by the rules that the running hall uses."""

import time
from pathlib import Path

from bench.result import Result, latencies, middle
from bench.scale import Scale
from bench.stage import Stage
from twin.sim.run import run
from twin.sim.scenario_file import parse_scenario

GOAL = 10.0
_SCENARIO = Path(__file__).parents[1] / "examples" / "scenarios" / "medium-normal.toml"
_RUNS = 3


def twin(_stage: Stage, scale: Scale) -> Result:
    """The same days so many times; the servers of the stage idle beside it."""
    scenario = parse_scenario(_SCENARIO.read_text(encoding="utf-8"))
    runs = _RUNS if scale.judged else 1
    seconds, arrivals = [], 0.0
    for _ in range(runs):
        began = time.perf_counter()
        figures = run(scenario, policy="promise", days=scale.twin_days, seed=1)
        seconds.append(time.perf_counter() - began)
        arrivals = figures["arrivals"]
    return Result(
        "twin",
        "s",
        ours=middle(seconds),
        goal=f"a hall-year ≤ {GOAL:.0f} s",
        meets=middle(seconds) <= GOAL if scale.judged else None,
        runs=runs,
        note=f"{scale.twin_days} days of medium-normal, {arrivals:,.0f} arrivals",
        facts={"arrivals": arrivals},
        **latencies(seconds),  # type: ignore[arg-type]  # by name
    )
