"""The report as one HTML page that needs nothing but a browser."""

from __future__ import annotations

import re
from html import escape
from importlib.resources import files

from hbpspmv.suite.cells.result_log import DISTURBED
from hbpspmv.suite.machine import machine_line
from hbpspmv.suite.mean import geometric_mean
from hbpspmv.suite.report.charts_cost import bytes_chart, payback_chart, strip_chart
from hbpspmv.suite.report.charts_speed import (
    Figure,
    profile_chart,
    ratio_chart,
    roofline_chart,
    scatter_chart,
)
from hbpspmv.suite.report.load import SuiteResults
from hbpspmv.suite.report.notes import condition_lines, storage_rows
from hbpspmv.suite.report.pictures import spy_image
from hbpspmv.suite.report.svg import SERIES, si, symbol
from hbpspmv.suite.report.table import html_table
from hbpspmv.suite.text import settings_line


def html_page(results: SuiteResults) -> str:
    """Return the whole page."""
    run = results.run
    charts = [
        profile_chart(results),
        ratio_chart(results),
        scatter_chart(results, spread=False),
        scatter_chart(results, spread=True),
        roofline_chart(results),
        payback_chart(results),
        strip_chart(results, "build"),
        strip_chart(results, "break-even"),
        bytes_chart(results),
    ]
    title = f"SpMV on {len(run.matrices)} matrices, {run.settings['dtype']}"
    links = [("table", "Table"), *((f.key, f.title) for f in charts)]
    links += [("pictures", "Matrices"), ("conditions", "Conditions")]
    nav = "".join(f'<a href="#{key}">{escape(words)}</a>' for key, words in links)
    parts = [
        f"<header><h1>{escape(title)}</h1>",
        f"<p>{escape(machine_line(run.machine))}. {escape(settings_line(run))}.</p>",
        _warnings(results),
        _tiles(results),
        f"</header><nav aria-label='Sections'>{nav}</nav>{_switches(results)}<main>",
        _table_section(results),
        *(_figure(f, _storage_table(results) if f.key == "bytes" else "") for f in charts),
        _gallery(results),
        _bad_cells(results),
        _conditions(results),
        "</main>",
    ]
    return _document(title, "\n".join(part for part in parts if part))


def _document(title: str, body: str) -> str:
    folder = files("hbpspmv.suite.report")
    style, script = (folder.joinpath(name).read_text("utf-8") for name in ("page.css", "page.js"))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n{body}\n"
        '<div id="tip" role="status" hidden></div>\n'
        f"<script>\n{script}</script>\n</body>\n</html>\n"
    )


def _warnings(results: SuiteResults) -> str:
    lines = []
    if not results.run.complete:
        lines.append("Some cells were not run yet: the run was stopped or is going on.")
    wrong = [c for c in results.bad() if c.record["status"] == "wrong"]
    if wrong:
        lines.append(f"{len(wrong)} products were wrong: see the cells without a result.")
    if disturbed := results.disturbed():
        lines.append(
            f"Other processes used more than {DISTURBED * 100:.0f} % of the CPUs while "
            f"{len(disturbed)} of {len(results.cells)} cells were measured: threaded contenders "
            "suffer most, some beyond all measure. To measure those again: suite run --retry."
        )
    return "".join(f'<p class="warning">{escape(line)}</p>' for line in lines)


def _tiles(results: SuiteResults) -> str:
    run = results.run
    own = run.title(run.ours)
    tiles = []
    for summary in run.summaries():
        tiles.append(
            (
                f"{mean:.2f}×" if (mean := summary.geometric_mean) < 100 else f"{si(mean)}×",
                f"{own} against {summary.opponent}",
                f"{si(summary.minimum)} to {si(summary.maximum)}, slower on {summary.losses} "
                f"of {summary.count}",
            )
        )
    rates = [m.measurements[run.ours].gflops for m in run.matrices]
    speed = geometric_mean([rate for rate in rates if rate])
    if speed is not None:
        tiles.append((f"{speed:.1f}", "GFLOP/s", f"{own}, geometric mean"))
    bad = results.bad()
    ok = len(results.cells) - len(bad)
    tiles.append(
        (f"{ok}/{len(results.cells)}", "cells with a correct result", "matrix by contender")
    )
    return (
        '<div class="tiles">'
        + "".join(
            f"<div><b>{escape(big)}</b><span>{escape(what)}</span><small>{escape(small)}</small></div>"
            for big, what, small in tiles
        )
        + "</div>"
    )


def _switches(results: SuiteResults) -> str:
    boxes = "".join(
        f'<label><input type="checkbox" checked data-series="{i % SERIES}">{symbol(i)}'
        f"{escape(results.run.title(name))}</label>"
        for i, name in enumerate(results.run.contenders)
    )
    return (
        f'<div class="switches" role="group" aria-label="Contenders shown">{boxes}'
        '<button type="button" id="theme">Light / dark</button></div>'
    )


def _table_section(results: SuiteResults) -> str:
    return (
        '<section id="table"><h2>All matrices</h2><p>GFLOP/s of each contender (medians). A click '
        "on a heading sorts, a second one turns the order around.</p>"
        '<p class="filter"><label>Filter <input id="filter" type="search" '
        'placeholder="name or kind"></label> <output id="count"></output></p>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="Table of results">'
        f"{html_table(results)}</div></section>"
    )


def _figure(figure: Figure, below: str = "") -> str:
    return (
        f'<section id="{figure.key}"><h2>{escape(figure.title)}</h2><p>{escape(figure.text)}</p>'
        f'<figure class="chart">{figure.svg}</figure>{below}</section>'
    )


def _storage_table(results: SuiteResults) -> str:
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in storage_rows(results)
    )
    return (
        '<table class="small"><thead><tr><th>contender</th><th>median bytes a nonzero</th>'
        "<th>least</th><th>most</th><th>over CSR (geometric mean)</th><th>most padding</th></tr>"
        f"</thead><tbody>{rows}</tbody></table>"
    )


def _gallery(results: SuiteResults) -> str:
    pictures = []
    for m in sorted(results.run.matrices, key=lambda m: m.name.lower()):
        words = f"{m.rows:,} × {m.cols:,}, {si(m.nnz)} nonzeros"
        image = spy_image(results.facts[m.name]["spy"], f"Picture of {escape(m.name)}", "spy")
        pictures.append(
            f"<figure>{image}<figcaption><b>{escape(m.name)}</b><br>{escape(words)}</figcaption>"
            "</figure>"
        )
    return (
        '<section id="pictures"><h2>The matrices</h2><p>Where the nonzeros lie; the darker, the '
        "more (logarithmic).</p>"
        f'<div class="gallery">{"".join(pictures)}</div></section>'
    )


def _bad_cells(results: SuiteResults) -> str:
    bad = results.bad()
    if not bad:
        return ""
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td>{escape(str(text))}</td>"
            for text in (r["matrix"], r["title"], r["status"], r["message"])
        )
        + "</tr>"
        for r in (cell.record for cell in bad)
    )
    return (
        '<section id="bad"><h2>Cells without a result</h2><table class="small"><thead><tr>'
        "<th>matrix</th><th>contender</th><th>status</th><th>why</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></section>"
    )


def _with_code(words: str) -> str:
    """Return words with what stands between double backquotes set as code."""
    return re.sub("``(.+?)``", r"<code>\1</code>", escape(words))


def _conditions(results: SuiteResults) -> str:
    run = results.run
    rows = "".join(
        f"<tr><td>{escape(about['title'])}</td><td>{escape(about['version'])}</td>"
        f"<td>{_with_code(about['method'])}</td></tr>"
        for about in run.contenders.values()
    )
    items = "".join(f"<li>{escape(line)}</li>" for line in condition_lines(results))
    return (
        '<section id="conditions"><h2>Conditions</h2><table class="small"><thead><tr>'
        "<th>contender</th><th>version</th><th>what is timed</th></tr></thead>"
        f"<tbody>{rows}</tbody></table><ul>{items}</ul></section>"
    )
