"""The plot: how many times better Slipway is in each comparison, on a logarithmic scale; readable in light and in dark."""

import math
from html import escape

from bench.figures import Figure, Result

WIDTH, LEFT, RIGHT, LINE, TOP = 900, 470, 60, 22, 46
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 } .scale { fill: #656d76; font-size: 12px }
  line { stroke: #d0d7de } .one { stroke: #656d76; stroke-width: 2 } .aim { stroke: #1f2328; stroke-width: 2 }
  .met { fill: #2f81f7 } .unmet { fill: #d29922 } .told { fill: #8b949e }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .scale { fill: #9da7b3 } line { stroke: #30363d } .aim { stroke: #e6edf3 } .one { stroke: #9da7b3 }
  }
"""


def drawn(results: list[Result]) -> str:
    """Return the plot as SVG."""
    bars = [(result.rung, figure) for result in results for figure in result.figures if figure.ratio]
    ratios = [figure.ratio or 1.0 for _, figure in bars]
    aims = [figure.aim or 1.0 for _, figure in bars]
    low, high = min([0.5, *ratios, *aims]), max([10.0, *ratios, *aims])
    scale = _Scale(low, high)
    height = TOP + LINE * len(bars) + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        "<title>How many times better Slipway is than what it is compared with</title>",
        f"<style>{STYLE}</style>",
        f'<text x="{LEFT}" y="18">times better than what is beside it (logarithmic); the tick is the aim</text>',
    ]
    for mark in scale.marks():
        x = scale.x(mark)
        kind = ' class="one"' if mark == 1 else ""
        parts.append(f'<line{kind} x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{height - 28}"/>')
        parts.append(f'<text class="scale" x="{x:.1f}" y="{height - 12}" text-anchor="middle">{mark:g}</text>')
    for number, (rung, figure) in enumerate(bars):
        parts += _bar(rung, figure, TOP + LINE * number, scale)
    return "\n".join([*parts, "</svg>", ""])


class _Scale:
    def __init__(self, low: float, high: float) -> None:
        self._low, self._high = math.log10(low), math.log10(high)

    def x(self, ratio: float) -> float:
        return LEFT + (math.log10(ratio) - self._low) / (self._high - self._low) * (WIDTH - LEFT - RIGHT)

    def marks(self) -> list[float]:
        candidates = [digit * 10.0**power for power in range(-2, 4) for digit in (1, 2, 5)]
        return [each for each in candidates if self._low <= math.log10(each) <= self._high]


def _bar(rung: str, figure: Figure, y: int, scale: _Scale) -> list[str]:
    ratio = figure.ratio or 1.0
    start, end = sorted((scale.x(1.0), scale.x(ratio)))
    kind = {True: "met", False: "unmet", None: "told"}[figure.met]
    named = escape(f"{rung}  {figure.name}, beside {figure.beside}")
    parts = [
        f'<text x="{LEFT - 12}" y="{y + 14}" text-anchor="end">{named}</text>',
        f'<rect class="{kind}" x="{start:.1f}" y="{y + 3}" width="{max(1.0, end - start):.1f}" height="14" rx="2"/>',
        f'<text x="{max(end, scale.x(1.0)) + 6:.1f}" y="{y + 14}">{ratio:.2g}</text>',
    ]
    if figure.aim is not None:
        at = scale.x(figure.aim)
        parts.append(f'<line class="aim" x1="{at:.1f}" x2="{at:.1f}" y1="{y + 1}" y2="{y + 19}"/>')
    return parts
