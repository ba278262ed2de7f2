"""The CUDA layer of Python on an emulated device: the bits of the CPU, and what it refuses."""

import numpy as np
import pytest
import scipy.sparse
from closeness import assert_close
from emulated_device import DeviceCsr, EmulatedDevice, build_library, compiler
from matrices import CASES, DTYPES, one_case

import hbpspmv
from hbpspmv import cuda
from hbpspmv.cuda._array import rounded
from hbpspmv.cuda._device_build import BUILD
from hbpspmv.cuda._device_plan import PRODUCT
from hbpspmv.cuda._launch import THREADS, build_shared_bytes

pytestmark = pytest.mark.emulated

GEOMETRY = hbpspmv.Geometry(512, 4096, 8)


def planned(A):
    """A with plans in the HBP format: the CSR kernel has bits of its own."""
    A.plan(geometry=GEOMETRY)
    A.T.plan(geometry=GEOMETRY)
    return A


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    if compiler() is None:
        pytest.skip("there is no C++ compiler to build the emulated kernels with (set CXX)")
    return build_library(tmp_path_factory.mktemp("emulated"))


@pytest.fixture
def device(library):
    return EmulatedDevice(library)


def array(name, dtype="float64"):
    a = one_case(name).astype(dtype)
    A = hbpspmv.hbp_array((a.data, a.indices, a.indptr), shape=a.shape)
    return a, A


def same_bits(a, b):
    assert a.dtype == b.dtype
    assert a.shape == b.shape
    return a.tobytes() == b.tobytes()


def sample(dtype="float64", shape=(700, 500)):
    rng = np.random.default_rng(5)
    S = scipy.sparse.random_array(shape, density=0.03, rng=rng, format="csr")
    S = S.astype(dtype)
    if S.dtype.kind == "c":
        S.data += 1j * rng.random(S.nnz)
    return planned(hbpspmv.hbp_array(S))


def vector(n, dtype="float64", seed=1):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n)
    return (x + 1j * rng.standard_normal(n) if np.dtype(dtype).kind == "c" else x).astype(dtype)


# ---- products ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_products_have_the_bits_of_the_cpu(name, device):
    dtype = DTYPES[sorted(CASES).index(name) % len(DTYPES)]
    a, A = array(name, dtype)
    A.plan(geometry=GEOMETRY)
    B = cuda.hbp_array(A, _device=device)
    x = a.vector(dtype)
    y = B @ x
    assert same_bits(y, A @ x)
    assert_close(y, a, x, what=name)


@pytest.mark.parametrize("dtype", DTYPES)
def test_transposed_products(dtype, device):
    A = sample(dtype)
    B = cuda.hbp_array(A, _device=device)
    y = vector(700, dtype)
    assert same_bits(B.T @ y, A.T @ y)
    assert same_bits(B.rmatvec(y), (A.T @ y.conj()).conj())
    assert B.T.T is B
    assert B.T.shape == (500, 700)


def test_products_from_the_left(device):
    A = sample()
    B = cuda.hbp_array(A, _device=device)
    y, Y = vector(700), vector(2100).reshape(3, 700)
    assert same_bits(y @ B, y @ A)
    np.testing.assert_array_equal(Y @ B, Y @ A)


@pytest.mark.parametrize("k", [1, 2, 5, 64, 65])
def test_several_vectors(k, device):
    A = sample()
    X = vector(500 * k).reshape(500, k)
    assert same_bits(cuda.hbp_array(A, _device=device) @ X, A @ X)


@pytest.mark.parametrize("dtype", DTYPES)
def test_out_alpha_beta(dtype, device):
    A = sample(dtype)
    B = cuda.hbp_array(A, _device=device)
    x = vector(500, dtype)
    expected = vector(700, dtype, 2)
    out = expected.copy()
    hbpspmv.spmv(A, x, out=expected, alpha=-1.5, beta=0.25)
    assert cuda.spmv(B, x, out, -1.5, 0.25) is out
    assert same_bits(out, expected)
    cuda.spmv(B, x, out)
    assert same_bits(out, A @ x)


@pytest.mark.parametrize(
    ("a_dtype", "x_dtype"),
    [
        ("float32", "float64"),
        ("float64", "float32"),
        ("float64", "complex128"),
        ("float32", "complex64"),
        ("complex64", "float64"),
        ("float64", "int32"),
    ],
)
def test_mixed_dtypes(a_dtype, x_dtype, device):
    A = sample(a_dtype)
    B = cuda.hbp_array(A, _device=device)
    x = (10 * vector(500, x_dtype if x_dtype != "int32" else "float64")).astype(x_dtype)
    assert same_bits(B @ x, A @ x)
    X = np.stack([x, 2 * x], axis=1)
    assert same_bits(B @ X, A @ X)


def test_complex_scalars_with_a_real_matrix(device):
    A = sample()
    B = cuda.hbp_array(A, _device=device)
    x = vector(500, "complex128")
    y = vector(700, "complex128", 2)
    out = y.copy()
    cuda.spmv(B, x, out, 1 + 2j, 3j)
    np.testing.assert_allclose(out, (1 + 2j) * (A @ x) + 3j * y, rtol=1e-13)


@pytest.mark.parametrize("storage", ["float16", "bfloat16"])
def test_values_in_16_bits(storage, device):
    A = sample("float32")
    B = cuda.hbp_array(A, storage=storage, _device=device)
    R = A.copy()
    R.data[...] = rounded(A.data, storage)
    assert not np.array_equal(R.data, A.data)
    x = vector(500, "float32")
    assert same_bits(B @ x, planned(hbpspmv.hbp_array(R)) @ x)
    assert same_bits(B.get().data, R.data)
    assert B.nbytes < cuda.hbp_array(A, _device=device).nbytes


def test_bfloat16_rounds_to_nearest_and_ties_to_even():
    one = 0x3F800000
    bits = np.array([one, one + 0x7FFF, one + 0x8000, one + 0x18000, one + 0x8001], np.uint32)
    expected = np.array([one, one, one, one + 0x20000, one + 0x10000], np.uint32)
    assert np.array_equal(rounded(bits.view(np.float32), "bfloat16").view(np.uint32), expected)
    special = np.array([np.nan, np.inf, -np.inf, -0.0], np.float32)
    special = np.append(special, np.uint32(0x7F800001).view(np.float32))
    assert np.array_equal(
        rounded(special, "bfloat16"), [np.nan, np.inf, -np.inf, -0.0, np.nan], equal_nan=True
    )


def test_out_may_be_x(device):
    A = sample(shape=(500, 500))
    x = vector(500)
    expected = A @ x
    assert same_bits(cuda.spmv(cuda.hbp_array(A, _device=device), x, x), expected)


def test_same_bits_in_every_call(device):
    # The seed of the order in which thread blocks run changes from launch to launch.
    A, x = sample(), vector(500)
    B = cuda.hbp_array(A, _device=device)
    first = B @ x
    assert all(same_bits(B @ x, first) for _ in range(5))


# ---- the matrix on the device ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["unsorted", "duplicates", "negative_zeros", "no_rows", "dense"])
def test_get_gives_the_matrix_back_bit_for_bit(name, device):
    _, A = array(name)
    back = cuda.hbp_array(A, _device=device).get()
    assert isinstance(back, hbpspmv.hbp_array)
    assert back.shape == A.shape
    for ours, theirs in zip(
        (back.indptr, back.indices, back.data), (A.indptr, A.indices, A.data), strict=True
    ):
        assert same_bits(ours, theirs)


def test_scipy_matrices_are_taken(device):
    A = sample()
    x = vector(500)
    for S in (scipy.sparse.csr_array(A), scipy.sparse.coo_matrix(A), A.tocsc()):
        np.testing.assert_allclose(cuda.hbp_array(S, _device=device) @ x, A @ x, rtol=1e-13)


def test_it_is_a_linear_operator(device):
    A = sample(shape=(500, 500))
    B = cuda.hbp_array(A, _device=device)
    op = scipy.sparse.linalg.aslinearoperator(B)
    x = vector(500)
    assert same_bits(op.matvec(x), A @ x)
    assert same_bits(op.rmatvec(x), A.T @ x)
    assert same_bits(op.matmat(x[:, None]), A @ x[:, None])
    assert "500 x 500" in repr(B)


def test_later_products_allocate_only_their_result(device):
    A = sample()
    B = cuda.hbp_array(A, _device=device)
    x, out = vector(500), np.empty(700)
    cuda.spmv(B, x, out)
    before = device.allocations
    cuda.spmv(B, x, out)
    cuda.spmv(B, x, out, 2.0, 1.0)
    assert device.allocations == before
    B @ x
    assert device.allocations == before + 1


def test_streams_have_rooms_of_their_own(device):
    A = sample()
    B = cuda.hbp_array(A, _device=device)
    x = vector(500)
    B @ x
    device.stream_now = 7
    before = device.allocations
    assert same_bits(B @ x, A @ x)
    assert device.allocations > before + 1


def test_out_of_memory_says_how_much_and_leaves_the_rest_usable(library):
    device = EmulatedDevice(library, room=300_000)
    A, x = sample(), vector(500)
    B = cuda.hbp_array(A, _device=device)
    big = hbpspmv.hbp_array(scipy.sparse.random_array((1000, 1000), density=0.1))
    with pytest.raises(MemoryError, match=r"the matrix needs [\d,]+ bytes on the device"):
        cuda.hbp_array(big, _device=device)
    assert same_bits(B @ x, A @ x)


# ---- plans built on the device -----------------------------------------------------------------


def test_records_and_sizes_are_those_of_the_kernels(library):
    assert library.emulated_product_bytes() == PRODUCT.itemsize
    assert library.emulated_build_bytes() == BUILD.itemsize
    expected = library.emulated_build_shared_bytes(37, 1000, THREADS // 32)
    assert build_shared_bytes(37, 1000) == expected


def ascending(a):
    inside = np.ones(a.nnz, bool)
    inside[a.indptr[1:-1][a.indptr[1:-1] < a.nnz]] = False
    return bool((np.diff(a.indices)[inside[1:]] >= 0).all())


@pytest.mark.parametrize("name", [name for name in sorted(CASES) if ascending(one_case(name))])
def test_plans_built_on_the_device(name, device):
    number = sorted(CASES).index(name)
    dtype = DTYPES[number % len(DTYPES)]
    a, A = array(name, dtype)
    block_cols = 65_536 if number % 2 else 3000
    A.plan(geometry=hbpspmv.Geometry(512, block_cols, 8))
    B = cuda.hbp_array(DeviceCsr(A), block_cols=block_cols, _device=device)
    assert a.shape[0] == 0 or device.launches == ["hbp_count", "hbp_fill"]
    x = a.vector(dtype)
    assert same_bits(B @ x, A @ x)
    X = np.stack([x, -x, x], axis=1)
    assert same_bits(B @ X, A @ X)
    back = B.get()
    for ours, theirs in zip(
        (back.indptr, back.indices, back.data), (A.indptr, A.indices, A.data), strict=True
    ):
        assert same_bits(ours, theirs)


def test_heavy_row_blocks_built_on_the_device_are_split(device):
    rng = np.random.default_rng(2)
    S = scipy.sparse.lil_array((400, 20_000))
    for i in range(0, 400, 3):
        columns = np.sort(rng.choice(20_000, 20 + 3000 * (i < 12), replace=False))
        S[i, columns] = rng.standard_normal(len(columns))
    A = hbpspmv.hbp_array(S.tocsr())
    A.plan(geometry=hbpspmv.Geometry(512, 4096, 8))
    B = cuda.hbp_array(DeviceCsr(A), block_cols=4096, _device=device)
    layout = B._plans[B.dtype]._layout
    assert layout.n_split > 0
    tasks = layout.arrays["task"].size // 32
    assert tasks == layout.n_tasks > 4
    x = vector(20_000)
    for _ in range(3):
        assert same_bits(B @ x, A @ x)
    X = vector(100_000).reshape(20_000, 5)
    assert same_bits(B @ X, A @ X)


def test_too_many_column_blocks_are_laid_out_on_the_host(device):
    A = sample(shape=(50, 5000))
    A.plan(geometry=hbpspmv.Geometry(512, 4, 8))
    B = cuda.hbp_array(DeviceCsr(A), block_cols=4, _device=device)
    assert device.launches == []
    x = vector(5000)
    assert same_bits(B @ x, A @ x)


# ---- what is refused ---------------------------------------------------------------------------


def test_refusals(device):
    A = sample()
    B = cuda.hbp_array(A, _device=device)
    x, out = vector(500), np.empty(700)
    with pytest.raises(ValueError, match=r"x has shape \(4,\), expected \(500,\) for A of shape"):
        B @ np.ones(4)
    with pytest.raises(TypeError, match="on the device, not list"):
        B @ [1.0]
    with pytest.raises(TypeError, match="x has dtype float128"):
        B @ np.ones(500, np.longdouble)
    with pytest.raises(ValueError, match=r"out has shape \(3,\), expected \(700,\)"):
        cuda.spmv(B, x, np.empty(3))
    with pytest.raises(TypeError, match="out has dtype float32, expected float64"):
        cuda.spmv(B, x, np.empty(700, np.float32))
    with pytest.raises(ValueError, match="out is not contiguous"):
        cuda.spmv(B, x, np.empty(1400)[::2])
    with pytest.raises(TypeError, match="out must be an array on the device, not list"):
        cuda.spmv(B, x, [0.0] * 700)
    with pytest.raises(ValueError, match=r"beta is 1\.0, but there is no out"):
        cuda.spmv(B, x, beta=1.0)
    with pytest.raises(TypeError, match="alpha is complex"):
        cuda.spmv(B, x, out, alpha=1j)
    with pytest.raises(TypeError, match=r"A must be an hbpspmv\.cuda\.hbp_array, not ndarray"):
        cuda.spmv(np.eye(3), x)
    with pytest.raises(TypeError, match="A has dtype int64, expected float32"):
        cuda.hbp_array(hbpspmv.hbp_array([[1, 2]]), _device=device)
    with pytest.raises(TypeError, match="storage is 'float16' for A of dtype float64"):
        cuda.hbp_array(A, storage="float16", _device=device)
    with pytest.raises(TypeError, match="A must be a sparse array"):
        cuda.hbp_array(np.eye(3), _device=device)


def test_a_product_that_leaves_its_arrays_is_found(device):
    # What these tests stand on: an error of the kernels would show.
    B = cuda.hbp_array(sample(), _device=device)
    plan = B._plans[B.dtype]
    arrays = plan._layout.arrays
    arrays["column"] = arrays["column"][:-1].copy()  # before its first product
    with pytest.raises(RuntimeError, match="of an array of"):
        B @ vector(500)
