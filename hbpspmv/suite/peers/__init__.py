"""The table of contenders: one line each, ours first, then the peers in the order of the report."""

from __future__ import annotations

from hbpspmv.suite.peers.contender import Contender
from hbpspmv.suite.peers.cusparse import Cusparse
from hbpspmv.suite.peers.graphblas_csr import GraphblasCsr
from hbpspmv.suite.peers.hbp import Hbp
from hbpspmv.suite.peers.librsb import Librsb
from hbpspmv.suite.peers.mkl_inspector import MklInspector
from hbpspmv.suite.peers.numba_csr import NumbaCsr
from hbpspmv.suite.peers.scipy_csr import ScipyCsr
from hbpspmv.suite.peers.torch_csr import TorchCsr

OURS: type[Contender] = Hbp
PEERS: tuple[type[Contender], ...] = (
    MklInspector,
    NumbaCsr,
    Librsb,
    GraphblasCsr,
    TorchCsr,
    ScipyCsr,
)

# On a CUDA device; a contender of ours goes first.
CUDA_PEERS: tuple[type[Contender], ...] = (Cusparse,)

__all__ = ["CUDA_PEERS", "OURS", "PEERS", "Contender"]
