// CSR arrays from Python: their check, products with them, the choice of a format for them.
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include "bind.h"
#include "bind_types.h"
#include "build.h"
#include "choose_geometry.h"
#include "csr_spmv.h"
#include "product_threads.h"

namespace hbp {
namespace {

void py_check_csr(const AnyVector& indptr, const AnyVector& indices, int64_t n_rows,
                  int64_t n_cols) {
    require_csr_arrays(indptr, indices, n_rows, n_cols);
    const int64_t nnz = static_cast<int64_t>(indices.shape(0));
    with_index_type(indptr.dtype(), [&]<class I>(I) {
        without_gil([&] {
            check_indptr(static_cast<const I*>(indptr.data()), n_rows, nnz);
            check_indices(static_cast<const I*>(indices.data()), nnz, n_cols);
        });
    });
}

template <class In, class Out>
void py_csr_multiply(const AnyVector& indptr, const AnyVector& indices, const AnyVector& data,
                     int64_t n_cols, const In& X, const Out& Y, Scalar alpha, Scalar beta,
                     int n_threads) {
    const int64_t n_rows = static_cast<int64_t>(indptr.shape(0)) - 1;
    require_csr_arrays(indptr, indices, n_rows, n_cols);
    require_same_dtype(data.dtype(), X.dtype());
    require_same_dtype(data.dtype(), Y.dtype());
    require_length("x", static_cast<int64_t>(X.shape(0)), n_cols);
    require_length("y", static_cast<int64_t>(Y.shape(0)), n_rows);
    const int64_t n_vectors = X.ndim() == 2 ? static_cast<int64_t>(X.shape(1)) : 1;
    if (n_vectors == 0) {
        return;
    }
    with_index_type(indptr.dtype(), [&]<class I>(I) {
        with_value_type(data.dtype(), [&]<class T>(T) {
            without_gil([&] {
                const auto csr = csr_view<I, T>(indptr, indices, data, n_cols);
                const ProductThreads threads(n_threads, (csr.nnz() + csr.n_rows) * n_vectors);
                csr_multiply(csr, static_cast<const T*>(X.data()), static_cast<T*>(Y.data()),
                             n_vectors, scalar_of<T>(alpha), scalar_of<T>(beta), threads.count());
            });
        });
    });
}

std::tuple<int32_t, int32_t, int32_t> py_choose_geometry(int64_t n_rows, int64_t n_cols,
                                                         int itemsize) {
    const Geometry g = choose_geometry(n_rows, n_cols, itemsize);
    return {g.block_rows, g.block_cols, g.lanes};
}

}  // namespace

void bind_csr(nb::module_& module) {
    using namespace nb::literals;
    // InvalidCsr is an invalid_argument, which nanobind turns into ValueError.
    module.def("check_csr", &py_check_csr, "indptr"_a, "indices"_a, "n_rows"_a, "n_cols"_a);
    module.def("choose_geometry", &py_choose_geometry, "n_rows"_a, "n_cols"_a, "itemsize"_a);
    module.def("csr_spmv", &py_csr_multiply<AnyVector, AnyVectorOut>, "indptr"_a, "indices"_a,
               "data"_a, "n_cols"_a, "x"_a, "y"_a, "alpha"_a, "beta"_a, "num_threads"_a);
    module.def("csr_spmm", &py_csr_multiply<AnyMatrix, AnyMatrixOut>, "indptr"_a, "indices"_a,
               "data"_a, "n_cols"_a, "X"_a, "Y"_a, "alpha"_a, "beta"_a, "num_threads"_a);
}

}  // namespace hbp
