"""Every symbol that an instruction set's file defines must carry that set's namespace.

A shared inline function compiled with AVX-512 flags may be the copy that the linker keeps for
everybody, and then an older CPU meets an unknown instruction. Usage: check_isa_symbols.py NM
OBJECT...
"""

import re
import subprocess
import sys
from pathlib import Path

# Defined and visible to the linker: text, data, read-only, bss, weak, unique.
DEFINED = re.compile(r"^(?:[0-9a-f]*\s+)(?P<kind>[TDRBWVu])\s+(?P<name>.*)$")
# What may be there without the namespace: the unwinder's personality reference.
ALLOWED = re.compile(r"^DW\.ref\.")


def strangers(nm: str, object_file: Path, namespace: str) -> list[str]:
    listing = subprocess.run([nm, "-C", object_file], capture_output=True, text=True, check=True)
    matches = map(DEFINED.match, listing.stdout.splitlines())
    defined = [match["name"] for match in matches if match]
    if not defined:
        raise SystemExit(f"{object_file}: nm lists no defined symbol")
    return [name for name in defined if namespace not in name and not ALLOWED.match(name)]


def main(nm: str, *objects: str) -> None:
    checked = 0
    failed = False
    for path in map(Path, objects):
        isa = path.name.split(".")[0].removesuffix("_gather")
        if path.parent.name != "isa" or isa not in ("avx512", "avx2", "portable"):
            continue
        checked += 1
        for name in strangers(nm, path, f"hbp::{isa}::"):
            failed = True
            print(f"{path.name}: outside hbp::{isa}: {name}")
    print(f"{checked} instruction set files checked")
    if failed or not checked:
        raise SystemExit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
