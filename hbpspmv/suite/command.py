"""``hbpspmv suite``: the arguments of run, report and compare, and what each of them does."""

from __future__ import annotations

import argparse
from pathlib import Path

from hbpspmv.suite.arguments import DTYPES, UsageError, memory_size, names, positive, seconds

DEFAULT_OUT = "hbpspmv-suite"
_TIME_LIMIT = 600.0
_PROCESSES = 2
_MEMORY_SHARE = 0.8  # of the memory that is free when the run begins


def add_suite(parser: argparse.ArgumentParser) -> None:
    """Add the three subcommands."""
    parser.description = (
        "Compare SpMV libraries on many matrices: each matrix and library in a process of its own,"
        " in a result file that can be continued, reported and compared."
    )
    commands = parser.add_subparsers(dest="suite_command", required=True, metavar="COMMAND")
    _add_run(commands.add_parser("run", help="measure, or go on where an earlier run stopped"))
    _add_report(commands.add_parser("report", help="make report.html, .csv and .md of results"))
    _add_compare(commands.add_parser("compare", help="tell two result files apart"))


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Measure every matrix with every contender and append one line for each to"
        " OUT/results.jsonl. A run that was stopped in any way goes on when it is started again."
    )
    add = parser.add_argument
    add(
        "matrices",
        nargs="+",
        metavar="SET|DIR|FILE|NAME",
        help="a named set, a directory, a matrix file (.mtx, also compressed, .npz), a .toml file"
        " that lists matrices, or a matrix of the collection",
    )
    add("--out", type=Path, default=Path(DEFAULT_OUT), metavar="OUT", help="default: %(default)s")
    add(
        "--peers",
        type=names,
        metavar="NAMES",
        help="comma-separated names and .py files that define a peer, or none (default: all that"
        " are installed)",
    )
    add("--device", choices=("cpu", "cuda"), default="cpu", help="default: %(default)s")
    add("--dtype", choices=DTYPES, default="float64", help="default: %(default)s")
    add("--threads", type=positive, help="threads of every contender (default: all CPUs)")
    add("--cold", action="store_true", help="empty the caches before each product")
    add("--quick", action="store_true", help="fewer rounds, in one process")
    add(
        "--processes",
        type=positive,
        metavar="N",
        help=f"processes that measure each cell, one after the other (default: {_PROCESSES})",
    )
    add(
        "--memory-limit",
        type=memory_size,
        metavar="SIZE",
        help="of each process, such as 8G (default: 80 %% of the memory that is free)",
    )
    add(
        "--time-limit",
        type=seconds,
        default=_TIME_LIMIT,
        metavar="SECONDS",
        help="of each process (default: %(default)g)",
    )
    add(
        "--retry",
        action="store_true",
        help="run those cells again that did not end well or that other processes disturbed",
    )


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.description = "Write OUT/report.html (one file, for any browser), report.csv, report.md."
    parser.add_argument("out", type=Path, metavar="OUT", help="what `suite run --out` was given")


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Say for every matrix and contender whether B is faster than A, slower, or the same within"
        " the noise."
    )
    for name in ("a", "b"):
        parser.add_argument(name, type=Path, metavar=name.upper(), help="folder or result file")
    parser.add_argument(
        "--contenders", type=names, metavar="NAMES", help="comma-separated (default: all)"
    )


def run_suite(options: argparse.Namespace) -> int:
    """Do what was asked for; return the exit status."""
    return {"run": _run, "report": _report, "compare": _compare}[options.suite_command](options)


def _run(options: argparse.Namespace) -> int:
    import hbpspmv
    from hbpspmv.suite.cells.progress import CellProgress
    from hbpspmv.suite.cells.result_log import DISTURBED, is_disturbed
    from hbpspmv.suite.cells.run import run_cells
    from hbpspmv.suite.cells.settings import CellSettings, Limits
    from hbpspmv.suite.gpu import current_gpu
    from hbpspmv.suite.machine import available_memory_bytes
    from hbpspmv.suite.peers import CONTENDERS
    from hbpspmv.suite.roster import assemble
    from hbpspmv.suite.sources import resolve

    if options.device == "cuda":
        if options.cold:
            raise UsageError("--cold empties the caches of the CPU only, not those of a device")
        current_gpu()  # raises where there is none
    settings = CellSettings(
        dtype=options.dtype,
        threads=options.threads or hbpspmv.get_num_threads(),
        device=options.device,
        quick=options.quick,
        cold=options.cold,
        processes=options.processes or (1 if options.quick else _PROCESSES),
    )
    memory = options.memory_limit or int(_MEMORY_SHARE * available_memory_bytes())
    sources = [source for word in options.matrices for source in resolve(word)]
    roster = assemble(options.peers, *CONTENDERS[settings.device])
    for line in roster.missing:
        print(line)
    progress = CellProgress()
    limits = Limits(memory, options.time_limit)
    try:
        with progress.shown():
            records = run_cells(
                sources, roster, settings, limits, options.out, progress, options.retry
            )
    except KeyboardInterrupt:
        print(f"the finished cells are kept in {options.out}; the same command goes on")
        raise
    bad = [r for r in records if r["status"] != "ok"]
    print(f"{len(records)} cells in {options.out}, {len(bad)} of them without a result")
    if disturbed := sum(map(is_disturbed, records)):
        print(
            f"warning: other processes used more than {DISTURBED * 100:.0f} % of the CPUs beside"
            f" {disturbed} cells; --retry measures them again"
        )
    return 1 if any(r["contender"] == roster.contenders[0].name for r in bad) else 0


def _report(options: argparse.Namespace) -> int:
    from hbpspmv.suite.report.output import write_report

    print("written:", *write_report(options.out))
    return 0


def _compare(options: argparse.Namespace) -> int:
    from hbpspmv.suite.report.compare import compare_files, comparison_text

    print(comparison_text(compare_files(options.a, options.b, options.contenders)))
    return 0
