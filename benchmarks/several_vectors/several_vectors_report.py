"""The tables and the picture of products with several vectors."""

from __future__ import annotations

import io
from typing import Any

from hbpspmv.suite.machine import machine_line
from hbpspmv.suite.mean import geometric_mean

HBP = "HBP"
COLOURS = ("#2f7fb8", "#c8553d", "#5b9a4a", "#8a6fb0")

Run = dict[str, Any]


def peers(run: Run) -> list[str]:
    """Return the contenders that HBP is compared with."""
    seconds = run["matrices"][0]["seconds"]
    return [title for title in next(iter(seconds.values())) if title != HBP]


def widths(run: Run) -> list[str]:
    """Return the numbers of vectors."""
    return list(run["matrices"][0]["seconds"])


def ratios(run: Run, k: str, peer: str) -> list[float]:
    """Return how many times as long as HBP the peer took for k vectors, by matrix."""
    return [m["seconds"][k][peer] / m["seconds"][k][HBP] for m in run["matrices"]]


def conditions(run: Run) -> str:
    """Return what the product was made with."""
    tuned = ", HBP's plans tuned for the vectors" if run.get("tuned") else ""
    return f"{run['dtype']}, {run['threads']} threads{tuned}"


def markdown(run: Run) -> str:
    """Return the table of means, then that of all matrices."""
    versions = ", ".join(f"{title} {version}" for title, version in run["versions"].items())
    lines = [
        "# Products with several vectors",
        "",
        machine_line(run["machine"]) + ".",
        "",
        f"{conditions(run)}; {versions}. Ratios are times of the peer over those of HBP.",
        "",
        "| vectors | against | matrices | geometric mean | min | max | losses |",
        "|--:|:--|--:|--:|--:|--:|--:|",
    ]
    for k in widths(run):
        for peer in peers(run):
            found = ratios(run, k, peer)
            lines.append(
                f"| {k} | {peer} | {len(found)} | {geometric_mean(found):.2f} | {min(found):.2f} "
                f"| {max(found):.2f} | {sum(r < 1 for r in found)} |"
            )
    titles = [f"{k}: {name}" for k in widths(run) for name in ("HBP ms", *peers(run))]
    lines += [
        "",
        f"| matrix | nnz | {' | '.join(titles)} |",
        "|:--" + "|--:" * (len(titles) + 1) + "|",
    ]
    for i, m in enumerate(run["matrices"]):
        cells = []
        for k in widths(run):
            cells.append(f"{m['seconds'][k][HBP] * 1e3:.3f}")
            cells += [f"{ratios(run, k, peer)[i]:.2f}" for peer in peers(run)]
        lines.append(f"| {m['name']} | {m['nnz']:,} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def draw(run: Run) -> bytes:
    """Return a PNG file: the ratios of all matrices by the number of vectors, with their means."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5), layout="constrained")
    panels = figure.subplots(1, len(peers(run)), sharey=True, squeeze=False)[0]
    for axes, peer, colour in zip(panels, peers(run), COLOURS, strict=False):
        for place, k in enumerate(widths(run)):
            found = sorted(ratios(run, k, peer))
            spread = [place - 0.3 + 0.6 * (i + 0.5) / len(found) for i in range(len(found))]
            axes.plot(spread, found, "o", color=colour, ms=4)
            mean = geometric_mean(found)
            axes.plot([place - 0.35, place + 0.35], [mean, mean], color="black", lw=1.5)
            axes.annotate(
                f"{mean:.2f}",
                (place, mean),
                (0, 4),
                textcoords="offset points",
                ha="center",
                fontsize=9,
                weight="bold",
            )
        axes.axhline(1, color="grey", lw=0.8, ls="--")
        axes.set_yscale("log", base=2)
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_xticks(range(len(widths(run))), widths(run))
        axes.set_xlabel("vectors")
        axes.set_title(f"against {peer}; each matrix a point, bars the means", fontsize=10)
        axes.grid(alpha=0.3, axis="y")
    panels[0].set_ylabel("times as fast as the peer")
    figure.suptitle(
        f"HBP's product with several vectors, {conditions(run)}\n{machine_line(run['machine'])}",
        fontsize=10,
    )
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=130)
    return out.getvalue()
