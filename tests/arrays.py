"""Sparse arrays of the battery, a sample matrix, and a record of the plans that a test builds."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse
from matrices import Csr
from recipes import random_values

from hbpspmv import hbp_array
from hbpspmv._plan import Plan


def as_array(a: Csr, container: type[Any] = hbp_array) -> Any:
    """A case of the battery as a sparse array."""
    return container((a.data, a.indices, a.indptr), shape=a.shape)


def transposed(a: Csr) -> Csr:
    """The transpose of a case."""
    t = as_array(a, scipy.sparse.csr_array).T.tocsr()
    return Csr(t.indptr, t.indices, t.data, t.shape)


def sample(
    shape: tuple[int, int] = (300, 200),
    density: float = 0.15,
    dtype: str = "float64",
    seed: int = 5,
) -> scipy.sparse.csr_array:
    """A random CSR array; its default size is enough for the HBP format to be chosen."""
    rng = np.random.default_rng(seed)
    n_cells = shape[0] * shape[1]
    cells = rng.choice(n_cells, round(density * n_cells), replace=False)
    data = random_values(rng, len(cells), dtype)
    return scipy.sparse.csr_array((data, np.divmod(cells, shape[1])), shape=shape)


def record_builds(monkeypatch: Any) -> list[Plan]:
    """The plans built from now on in a test."""
    plans: list[Plan] = []
    create = Plan.__init__

    def record(self: Plan, *args: Any, **kwargs: Any) -> None:
        create(self, *args, **kwargs)
        plans.append(self)

    monkeypatch.setattr(Plan, "__init__", record)
    return plans
