"""The files of a report: report.html, .csv and .md, each replaced in one step."""

from __future__ import annotations

from pathlib import Path

from hbpspmv.suite.output import write_atomically
from hbpspmv.suite.report.load import SuiteResults, load_results, result_file
from hbpspmv.suite.report.notes import condition_lines, storage_rows
from hbpspmv.suite.report.page import html_page
from hbpspmv.suite.report.sheet import csv_text
from hbpspmv.suite.text import markdown, markdown_rows

_STORAGE = ("contender", "bytes a nonzero", "least", "most", "over CSR", "most padding")
_BAD = ("matrix", "contender", "status", "why")


def write_report(path: Path) -> list[Path]:
    """Write the three forms of the report beside the results, and return their paths."""
    results = load_results(path)
    folder = result_file(path).parent
    texts = {
        "report.html": html_page(results),
        "report.csv": csv_text(results),
        "report.md": markdown_text(results),
    }
    for name, text in texts.items():
        write_atomically(folder / name, text.encode())
    return [folder / name for name in texts]


def markdown_text(results: SuiteResults) -> str:
    """Return the report as Markdown: the bench's tables, storage, failures and conditions."""
    left = [True] + [False] * (len(_STORAGE) - 1)
    storage = [*markdown_rows(_STORAGE, storage_rows(results), left)]
    bad = [
        [r["matrix"], r["title"], r["status"], r["message"].replace("|", "\\|")]
        for r in (cell.record for cell in results.bad())
    ]
    parts = [markdown(results.run), "## Storage", "", *storage, ""]
    if bad:
        rows = markdown_rows(_BAD, bad, [True] * len(_BAD))
        parts += ["## Cells without a result", "", *rows, ""]
    parts += ["## Conditions", "", *(f"- {line}" for line in condition_lines(results))]
    return "\n".join(parts) + "\n"
