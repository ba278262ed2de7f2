"""A peer from a file of the user's own: a contender that no table of this package knows."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from pathlib import Path

from hbpspmv.suite.peers.contender import Contender

_PREFIX = "hbpspmv_peer_"


def load_peer(path: Path) -> type[Contender]:
    """Import a Python file and return the contender that it defines.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        It defines no contender, or several.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    name = _PREFIX + path.stem
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise ValueError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # other processes are told the classes by module and name
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    own = [
        value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, Contender) and value.__module__ == name
    ]
    if len(own) != 1:
        raise ValueError(f"{path}: defines {len(own)} contenders, expected one")
    return own[0]


def loaded_files() -> list[Path]:
    """Return the files that peers were loaded from in this process."""
    modules = [module for name, module in sys.modules.items() if name.startswith(_PREFIX)]
    return [Path(str(module.__file__)) for module in modules]
