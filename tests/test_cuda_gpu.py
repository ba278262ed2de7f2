"""Products on a real device: the bits of the CPU, and what goes with CuPy. Skipped without one.

Under compute-sanitizer, for memcheck, racecheck and initcheck in turn:

    for tool in memcheck racecheck initcheck; do
        compute-sanitizer --tool $tool --error-exitcode 1 pytest -m gpu -k bits_of_the_cpu || break
    done
"""

import numpy as np
import pytest
import scipy.sparse
from matrices import CASES, DTYPES, one_case

import hbpspmv
from hbpspmv import cuda
from hbpspmv.cuda._array import rounded
from hbpspmv.cuda._device import require_cupy

pytestmark = pytest.mark.gpu

GEOMETRY = hbpspmv.Geometry(512, 4096, 8)


@pytest.fixture(scope="module")
def cupy():
    try:
        return require_cupy()
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"no CUDA device: {error}")


def same_bits(found, expected):
    found = found.get()
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    return found.tobytes() == expected.tobytes()


def sample(dtype="float64", shape=(7000, 5000), density=0.01):
    rng = np.random.default_rng(5)
    S = scipy.sparse.random_array(shape, density=density, rng=rng, format="csr").astype(dtype)
    if S.dtype.kind == "c":
        S.data += 1j * rng.random(S.nnz)
    A = hbpspmv.hbp_array(S)
    A.plan(geometry=GEOMETRY)  # the CSR kernel has bits of its own
    return A


def symmetric(n=500):
    S = scipy.sparse.random_array((n, n), density=0.02, rng=np.random.default_rng(3))
    return hbpspmv.hbp_array(S + S.T + 20 * scipy.sparse.eye_array(n))


def vector(n, dtype="float64", seed=1):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n)
    return (x + 1j * rng.standard_normal(n) if np.dtype(dtype).kind == "c" else x).astype(dtype)


# ---- bits --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_products_have_the_bits_of_the_cpu(name, dtype, cupy):
    a = one_case(name).astype(dtype)
    A = hbpspmv.hbp_array((a.data, a.indices, a.indptr), shape=a.shape)
    A.plan(geometry=GEOMETRY)
    B = A.to_cuda()
    x = a.vector(dtype)
    assert same_bits(B @ cupy.asarray(x), A @ x)
    X = np.stack([x, -x, 2 * x], axis=1)
    assert same_bits(B @ cupy.asarray(X), A @ X)


@pytest.mark.parametrize("dtype", DTYPES)
def test_transposed_products_have_the_bits_of_the_cpu(dtype, cupy):
    A = sample(dtype)
    y = vector(7000, dtype)
    B = A.to_cuda()
    A.T.plan(geometry=hbpspmv.Geometry(512, B.T._block_cols, 8))
    assert same_bits(B.T @ cupy.asarray(y), A.T @ y)
    assert same_bits(cupy.asarray(y) @ B, y @ A)


@pytest.mark.parametrize("k", [2, 7, 32, 64, 65])
def test_several_vectors_have_the_bits_of_the_cpu(k, cupy):
    A = sample()
    X = vector(5000 * k).reshape(5000, k)
    assert same_bits(A.to_cuda() @ cupy.asarray(X), A @ X)


@pytest.mark.parametrize("dtype", DTYPES)
def test_alpha_and_beta_have_the_bits_of_the_cpu(dtype, cupy):
    A = sample(dtype)
    B = A.to_cuda()
    x, expected = vector(5000, dtype), vector(7000, dtype, 2)
    out = cupy.asarray(expected)
    hbpspmv.spmv(A, x, out=expected, alpha=-1.5, beta=0.25)
    assert cuda.spmv(B, cupy.asarray(x), out, -1.5, 0.25) is out
    assert same_bits(out, expected)


@pytest.mark.parametrize("storage", ["float16", "bfloat16"])
def test_values_in_16_bits_have_the_bits_of_the_cpu(storage, cupy):
    A = sample("float32")
    R = A.copy()
    R.plan(geometry=GEOMETRY)
    R.data[...] = rounded(A.data, storage)
    R.refresh()
    x = vector(5000, "float32")
    assert same_bits(A.to_cuda(storage=storage) @ cupy.asarray(x), R @ x)


def test_a_heavy_matrix_has_the_bits_of_the_cpu(cupy):
    # Split row blocks: a few rows hold nearly all entries.
    rng = np.random.default_rng(1)
    rows = np.minimum((rng.pareto(0.5, 2_000_000)).astype(np.int64), 29_999)
    S = scipy.sparse.coo_array(
        (rng.standard_normal(len(rows)), (rows, rng.integers(0, 200_000, len(rows)))),
        shape=(30_000, 200_000),
    )
    A = hbpspmv.hbp_array(S.tocsr())
    A.plan(geometry=GEOMETRY)
    B = A.to_cuda()
    assert B._plans[B.dtype]._layout.n_partials > 0
    x = vector(200_000)
    expected = A @ x
    for _ in range(20):
        assert same_bits(B @ cupy.asarray(x), expected)


# ---- CuPy --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_plans_built_on_the_device_have_the_bits_of_the_cpu(name, dtype, cupy):
    from cupyx.scipy.sparse import csr_matrix

    a = one_case(name).astype(dtype)
    if 0 in a.shape:
        pytest.skip("CuPy has no empty matrices")
    A = hbpspmv.hbp_array((a.data, a.indices, a.indptr), shape=a.shape)
    A.plan(geometry=GEOMETRY)
    arrays = (cupy.asarray(array) for array in (A.data, A.indices, A.indptr))
    B = cuda.hbp_array(csr_matrix(tuple(arrays), shape=A.shape), block_cols=4096)
    x = a.vector(dtype)
    assert same_bits(B @ cupy.asarray(x), A @ x)
    assert B.get().data.tobytes() == A.data.tobytes()


def test_cupy_sparse_matrices_and_back(cupy):
    from cupyx.scipy.sparse import csr_matrix

    A = sample()
    B = cuda.hbp_array(csr_matrix(scipy.sparse.csr_matrix(A)), block_cols=4096)
    x = vector(5000)
    assert same_bits(B @ cupy.asarray(x), A @ x)
    back = B.get()
    assert back.data.tobytes() == A.data.tobytes()
    assert np.array_equal(back.indices, A.indices)
    assert np.array_equal(back.indptr, A.indptr)


def test_solvers(cupy):
    from cupyx.scipy.sparse import linalg

    A = symmetric()
    B = A.to_cuda()
    b = cupy.asarray(vector(500))
    for solver in (linalg.cg, linalg.gmres):
        x, info = solver(B, b, tol=1e-10)
        assert info == 0
        cupy.testing.assert_allclose(B @ x, b, rtol=1e-6, atol=1e-8)
    largest = linalg.eigsh(linalg.aslinearoperator(B), k=3, return_eigenvectors=False)
    expected = scipy.sparse.linalg.eigsh(A, k=3, return_eigenvectors=False)
    cupy.testing.assert_allclose(cupy.sort(largest), np.sort(expected), rtol=1e-8)
    singular = linalg.svds(linalg.aslinearoperator(B), k=3, return_singular_vectors=False)
    cupy.testing.assert_allclose(cupy.sort(singular), np.sort(np.abs(expected)), rtol=1e-6)


def test_streams_overlap_without_harm(cupy):
    A = sample()
    B = A.to_cuda()
    x = vector(5000)
    expected = A @ x
    on_device = cupy.asarray(x)
    cupy.cuda.Device().synchronize()
    streams = [cupy.cuda.Stream(non_blocking=True) for _ in range(4)]
    results = []
    for _ in range(10):
        for stream in streams:
            with stream:
                results.append(B @ on_device)
    for stream in streams:
        stream.synchronize()
    assert all(same_bits(y, expected) for y in results)


def test_a_graph_captures_products(cupy):
    A = sample()
    B = A.to_cuda()
    x, out = cupy.asarray(vector(5000)), cupy.empty(7000)
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        cuda.spmv(B, x, out)  # the room of this stream
        stream.begin_capture()
        cuda.spmv(B, x, out)
        graph = stream.end_capture()
        for seed in (1, 2, 3):
            y = vector(5000, seed=seed)
            x.set(y)
            graph.launch(stream)
            stream.synchronize()
            assert same_bits(out, A @ y)


def test_dlpack(cupy):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("this torch has no CUDA")
    A = sample()
    x = vector(5000)
    y = A.to_cuda() @ torch.as_tensor(x, device="cuda")
    assert same_bits(y, A @ x)


def test_operands_on_the_host_are_refused(cupy):
    B = sample().to_cuda()
    with pytest.raises(TypeError, match="on the device, not ndarray"):
        B @ np.ones(5000)


def test_out_of_memory_leaves_the_rest_usable(cupy):
    A = sample()
    B = A.to_cuda()
    pool = cupy.get_default_memory_pool()
    before = pool.get_limit()
    pool.free_all_blocks()
    pool.set_limit(size=pool.total_bytes() + 100_000)
    try:
        with pytest.raises(MemoryError, match=r"the matrix needs [\d,]+ bytes on the device"):
            sample(shape=(5000, 5000)).to_cuda()
    finally:
        pool.set_limit(size=before)
    x = vector(5000)
    assert same_bits(B @ cupy.asarray(x), A @ x)
