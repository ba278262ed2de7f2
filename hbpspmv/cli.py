"""The `hbpspmv` command: ``bench``, ``suite``, ``fetch`` and ``info``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from hbpspmv.suite.arguments import DTYPES, UsageError, count, names, positive, seconds
from hbpspmv.suite.command import add_suite, run_suite
from hbpspmv.suite.fetch.command import add_fetch, run_fetch

DEFAULT_OUT = "hbpspmv-bench"
INTERRUPTED = 130  # 128 + SIGINT, as shells report it


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the command's name; ``sys.argv[1:]`` when left out.

    Returns
    -------
    int
        0 when all went well, 1 after an error or a wrong product of ours, 2 after options that do
        not go together or need a device that is not there, 130 after Ctrl-C.
    """
    try:
        options = _parser().parse_args(arguments)
        commands = {"bench": _bench, "suite": run_suite, "fetch": run_fetch, "info": _info}
        return commands[options.command](options)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader went away (`| head`): nothing more can be said on this stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, OSError, RuntimeError, ImportError, MemoryError) as error:
        print(f"hbpspmv: error: {str(error) or type(error).__name__}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1


def _parser() -> argparse.ArgumentParser:
    from hbpspmv import show_config

    version = (show_config(mode="dicts") or {})["version"]
    parser = argparse.ArgumentParser(
        prog="hbpspmv",
        description="Sparse matrix-vector products in the HBP format.",
    )
    parser.add_argument("--version", action="version", version=f"hbpspmv {version}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_bench(commands.add_parser("bench", help="measure HBP against other libraries"))
    add_suite(commands.add_parser("suite", help="compare libraries on many matrices"))
    add_fetch(commands.add_parser("fetch", help="download or build matrices of the collection"))
    _add_info(commands.add_parser("info", help="describe a matrix and the plan for it"))
    return parser


def _add_bench(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Convert matrices to HBP, check every product against one of higher precision, and time it"
        " against the peers that are installed. Without FILE: matrices that are built on the spot."
    )
    add = parser.add_argument
    add(
        "paths",
        nargs="*",
        metavar="FILE|DIRECTORY|NAME|SET",
        help="Matrix Market (.mtx, also .gz .bz2 .xz) or SciPy .npz files, directories of them, or"
        " what `hbpspmv fetch` fetched",
    )
    add("--dtype", choices=DTYPES, default="float64", help="default: %(default)s")
    add("--threads", type=positive, help="threads of every contender (default: all CPUs)")
    add(
        "--peers",
        type=names,
        metavar="NAMES",
        help="comma-separated: mkl, numba, librsb, graphblas, torch, scipy, or none"
        " (default: all that are installed); on a CUDA device cusparse_alg1, cusparse_alg2,"
        " cusparse_coo, cupy, cub_merge",
    )
    add("--device", choices=("cpu", "cuda"), default="cpu", help="default: %(default)s")
    add(
        "--large",
        action="store_true",
        help="measure generated matrices of 100 million nonzeros and more too",
    )
    add("--quick", action="store_true", help="smaller embedded matrices and fewer rounds")
    add("--cold", action="store_true", help="empty the caches before each product")
    add(
        "--turn",
        type=seconds,
        metavar="SECONDS",
        help="let each contender repeat its product for this long before it is the next one's turn:"
        " 4 to 64 times in 0.002 s, the default",
    )
    add(
        "--min-nnz",
        type=count,
        default=0,
        metavar="N",
        help="leave out matrices with fewer nonzeros",
    )
    add(
        "--out",
        type=Path,
        default=Path(DEFAULT_OUT),
        metavar="DIR",
        help="where results.json, .csv, .md, ratios.png and roofline.png go (default: %(default)s)",
    )


def _add_info(parser: argparse.ArgumentParser) -> None:
    parser.description = "Describe a matrix, the plan for it, and which kernel is advised."
    parser.add_argument("matrix", metavar="FILE|NAME", help="a file, or a matrix by its name")
    parser.add_argument("--dtype", choices=DTYPES, default="float64", help="default: %(default)s")
    parser.add_argument("--out", type=Path, metavar="DIR", help="also draw it, into DIR/NAME.png")


def _bench(options: argparse.Namespace) -> int:
    import hbpspmv
    from hbpspmv.suite.bench import Settings, run_bench
    from hbpspmv.suite.gpu import current_gpu
    from hbpspmv.suite.large import large_sources
    from hbpspmv.suite.machine import busy_share, describe_machine
    from hbpspmv.suite.output import write_json, write_results
    from hbpspmv.suite.peers import CONTENDERS
    from hbpspmv.suite.roster import assemble
    from hbpspmv.suite.sources import embedded_sources, resolve
    from hbpspmv.suite.terminal import Terminal
    from hbpspmv.suite.timing import Schedule

    if options.cold and options.device == "cuda":
        raise UsageError("--cold is for the CPU: on a device the L2 cache is flushed in any case")
    gpu = current_gpu() if options.device == "cuda" else None
    settings = Settings(
        dtype=options.dtype,
        threads=options.threads or hbpspmv.get_num_threads(),
        quick=options.quick,
        cold=options.cold,
        min_nnz=options.min_nnz,
        turn_seconds=options.turn or Schedule.turn_seconds,
        device=options.device,
    )
    sources = [source for word in options.paths for source in resolve(word)]
    sources += large_sources() if options.large else []
    sources = sources or embedded_sources(options.quick)
    roster = assemble(options.peers, *CONTENDERS[options.device])
    options.out.mkdir(parents=True, exist_ok=True)
    terminal = Terminal(len(sources))
    busy = busy_share()
    terminal.opening(describe_machine(), roster.missing, busy)
    with terminal.progress():
        run = run_bench(
            sources,
            roster,
            settings,
            terminal,
            keep=lambda run: write_json(run, options.out),
            busy_share=busy,
            gpu=gpu,
        )
    terminal.report(run)
    written, notes = write_results(run, options.out)
    for note in notes:
        print(note)
    print("written:", *written)
    if not run.complete:
        return INTERRUPTED
    return 1 if run.errors or run.wrong(run.ours) else 0


def _info(options: argparse.Namespace) -> int:
    from hbpspmv.suite.describe import describe_matrix, planned
    from hbpspmv.suite.plan_picture import write_picture
    from hbpspmv.suite.sources import resolve

    sources = resolve(options.matrix)
    if len(sources) != 1:
        raise ValueError(f"{options.matrix} stands for {len(sources)} matrices, expected one")
    loaded = sources[0].load()
    matrix, plan = planned(loaded, options.dtype)
    print(*describe_matrix(matrix, plan, sources[0].name, loaded.dtype), sep="\n")
    if options.out is not None:
        print("written:", write_picture(matrix, plan, sources[0].name, options.out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
