"""show_config: what this installation is and what it found on this machine."""

from __future__ import annotations

from typing import Any

import hbpspmv._hbpspmv_core as core


def show_config(mode: str = "stdout") -> dict[str, Any] | None:
    """Show the version, instruction set, threads, cache sizes and compiler.

    Parameters
    ----------
    mode : {"stdout", "dicts"}, optional
        Print a table, or return a dict instead.

    Returns
    -------
    dict or None
        With ``mode="dicts"``: version, isa (the one in use), isas (those this CPU can run),
        num_threads, cpu, l1d_bytes, l2_bytes, l3_bytes, compiler.

    Raises
    ------
    ValueError
        If `mode` is neither of the two.
    RuntimeError
        If ``HBPSPMV_ISA`` forces an instruction set that is unknown or that the CPU lacks.

    Examples
    --------
    >>> import hbpspmv
    >>> hbpspmv.show_config()  # doctest: +SKIP
    version      0.1.0
    isa          avx512 (of avx512, avx2, portable)
    num_threads  2
    ...
    >>> hbpspmv.show_config(mode="dicts")["num_threads"] >= 1
    True
    """
    if mode not in ("stdout", "dicts"):
        raise ValueError(f"mode is {mode!r}, expected 'stdout' or 'dicts'")
    config: dict[str, Any] = dict(core.config())
    if mode == "dicts":
        return config
    shown = {**config, "isa": f"{config['isa']} (of {', '.join(config['isas'])})"}
    del shown["isas"]
    width = max(map(len, shown))
    for name, value in shown.items():
        if name.endswith("_bytes"):
            name, value = name.removesuffix("_bytes"), f"{value // 1024} KiB"
        print(f"{name:{width}}  {value}")
    return None
