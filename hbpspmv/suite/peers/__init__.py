"""The table of contenders: one line each, ours first, then the peers in the order of the report."""

from __future__ import annotations

from hbpspmv.suite.peers.contender import Contender
from hbpspmv.suite.peers.cub_merge import CubMerge
from hbpspmv.suite.peers.cupy_csr import CupyCsr
from hbpspmv.suite.peers.cusparse import CusparseAlg1, CusparseAlg2, CusparseCoo
from hbpspmv.suite.peers.graphblas_csr import GraphblasCsr
from hbpspmv.suite.peers.hbp import Hbp
from hbpspmv.suite.peers.hbp_cuda import HbpCuda
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

CUDA_OURS: type[Contender] = HbpCuda
CUDA_PEERS: tuple[type[Contender], ...] = (
    CusparseAlg1,
    CusparseAlg2,
    CusparseCoo,
    CupyCsr,
    CubMerge,
)

# By ``--device``: the peers, then ours.
CONTENDERS = {"cpu": (PEERS, OURS), "cuda": (CUDA_PEERS, CUDA_OURS)}

__all__ = ["CONTENDERS", "CUDA_OURS", "CUDA_PEERS", "OURS", "PEERS", "Contender"]
