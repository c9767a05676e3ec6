"""PURE: a comparison as one HTML page with plots drawn here as SVG; it loads nothing from elsewhere."""

from html import escape

from twin.sim.compare import COMPARED, Comparison, Interval, verdict, written

_WIDTH, _ROW, _LEFT, _RIGHT = 720, 26, 150, 90
_COLOURS = ("#07c160", "#576b95", "#fa9d3b", "#c44", "#888")

_STYLE = """
body{font:15px/1.5 system-ui,"Noto Sans SC",sans-serif;max-width:60rem;margin:2rem auto;
padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0;font-size:13px}
div{overflow-x:auto}
td,th{padding:.25rem .6rem;border-bottom:1px solid #ddd;text-align:right;white-space:nowrap}
tr>:first-child{text-align:left}tbody th{font-weight:normal}
.better{color:#067a3e}.worse{color:#b00020}
svg{max-width:100%;height:auto}h2{font-size:1.05rem;margin:1.6rem 0 .3rem}
"""


def html(comparison: Comparison) -> str:
    """The whole page."""
    policies = list(comparison.by_policy)
    title = f"{comparison.scenario}: {', '.join(policies)}"
    days, seeds = comparison.days, ", ".join(map(str, comparison.seeds))
    many = len(comparison.seeds) > 1
    means = "Means over seeds with 95 % intervals (Student’s t)" if many else "One seed has no interval"
    plots = "".join(f"<h2>{escape(figure)}</h2>{_plot(comparison, figure)}" for figure, _ in COMPARED[:10])
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>"
        f"<p>{days} simulated days for each of the seeds {escape(seeds)}. Every policy meets the same people"
        f" on the same days. {means}; simulation, not a field result.</p>"
        f"{_levels(comparison)}{_differences(comparison)}{plots}</main></body></html>\n"
    )


def _levels(comparison: Comparison) -> str:
    policies = list(comparison.by_policy)
    rows = {
        figure: "".join(f"<td>{written(comparison.level(policy, figure))}</td>" for policy in policies)
        for figure, _ in COMPARED
    }
    return _table("Means", policies, rows)


def _differences(comparison: Comparison) -> str:
    """Nothing where one policy is alone."""
    first, *others = comparison.by_policy
    if not others:
        return ""
    rows = {}
    for figure, less in COMPARED:
        cells = []
        for policy in others:
            difference = comparison.difference(policy, figure)
            said = verdict(difference, less_is_better=less)
            cells.append(f'<td class="{said if said != "=" else "same"}">{written(difference)} {said}</td>')
        rows[figure] = "".join(cells)
    return _table(f"{first} minus the other policy, in pairs", others, rows)


def _table(title: str, policies: list[str], rows: dict[str, str]) -> str:
    """A column for each policy and a row for each figure; it scrolls where the screen is narrow."""
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in ["figure", *policies])
    body = "".join(f'<tr><th scope="row">{escape(figure)}</th>{cells}</tr>' for figure, cells in rows.items())
    name = escape(title)
    return (
        f'<h2>{name}</h2><div role="region" tabindex="0" aria-label="{name}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _plot(comparison: Comparison, figure: str) -> str:
    """One bar per policy from 0 (shares: from the smallest, rounded down), with its interval."""
    levels = {policy: comparison.level(policy, figure) for policy in comparison.by_policy}
    base = _base(levels, share=figure.endswith("_share"))
    top = max((level.mean + level.drawn for level in levels.values()), default=1.0)
    scale = (_WIDTH - _LEFT - _RIGHT) / ((top - base) or 1.0)
    rows = [
        _bar(policy, level, _LEFT + (level.mean - base) * scale, level.drawn * scale, row)
        for row, (policy, level) in enumerate(levels.items())
    ]
    height = _ROW * len(rows) + 18
    axis = f'<text x="{_LEFT}" y="{height - 4}" font-size="11" fill="#777">{base:g}</text>'
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" role="img" aria-label="{escape(figure)}">'
        f"{''.join(rows)}{axis}</svg>"
    )


def _base(levels: dict[str, Interval], *, share: bool) -> float:
    if not share:
        return 0.0
    least = min(level.mean - level.drawn for level in levels.values())
    return max(0.0, int(least * 20 - 0.2) / 20)


def _bar(policy: str, level: Interval, end: float, half: float, row: int) -> str:
    top, middle = row * _ROW + 4, row * _ROW + 13
    colour = _COLOURS[row % len(_COLOURS)]
    return (
        f'<text x="{_LEFT - 8}" y="{middle + 4}" text-anchor="end" font-size="13">{escape(policy)}</text>'
        f'<rect x="{_LEFT}" y="{top}" width="{max(0.0, end - _LEFT):.1f}" height="18" fill="{colour}"/>'
        f'<line x1="{max(_LEFT, end - half):.1f}" x2="{end + half:.1f}" y1="{middle}" y2="{middle}"'
        ' stroke="#222" stroke-width="2"/>'
        f'<text x="{end + half + 6:.1f}" y="{middle + 4}" font-size="12">{level.mean:.3g}</text>'
    )
