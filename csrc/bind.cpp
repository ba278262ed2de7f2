// The Python module _hbpspmv_core: arrays in and out, the GIL, and nothing else.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/complex.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <complex>
#include <mutex>
#include <shared_mutex>
#include <variant>

#include "build.h"
#include "choose_geometry.h"
#include "cpu_info.h"
#include "csr_spmv.h"
#include "describe.h"
#include "dispatch.h"
#include "spmv.h"
#include "thread_pool.h"
#include "to_csr.h"
#include "tuning.h"

namespace nb = nanobind;

namespace hbp {
namespace {

using AnyVector = nb::ndarray<nb::ro, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using AnyMatrix = nb::ndarray<nb::ro, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using AnyVectorOut = nb::ndarray<nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using AnyMatrixOut = nb::ndarray<nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Scalar = std::complex<double>;

// ---- the table of value types ------------------------------------------------------------------

template <class T>
struct Dtype;
template <>
struct Dtype<float> {
    static constexpr const char* name = "float32";
    using Numpy = float;
};
template <>
struct Dtype<double> {
    static constexpr const char* name = "float64";
    using Numpy = double;
};
template <>
struct Dtype<Complex<float>> {
    static constexpr const char* name = "complex64";
    using Numpy = std::complex<float>;
};
template <>
struct Dtype<Complex<double>> {
    static constexpr const char* name = "complex128";
    using Numpy = std::complex<double>;
};

// Calls f(T{}) for the scalar type of a dtype.
template <class F>
auto with_value_type(nb::dlpack::dtype type, F&& f) {
    if (type == nb::dtype<float>()) return f(float{});
    if (type == nb::dtype<double>()) return f(double{});
    if (type == nb::dtype<std::complex<float>>()) return f(Complex<float>{});
    if (type == nb::dtype<std::complex<double>>()) return f(Complex<double>{});
    throw nb::type_error("values must be float32, float64, complex64 or complex128");
}

template <class F>
auto with_index_type(nb::dlpack::dtype type, F&& f) {
    if (type == nb::dtype<int32_t>()) return f(int32_t{});
    if (type == nb::dtype<int64_t>()) return f(int64_t{});
    throw nb::type_error("indices must be int32 or int64");
}

template <class T>
T scalar_of(Scalar a) {
    if constexpr (ScalarTraits<T>::is_complex) {
        using Real = typename ScalarTraits<T>::Real;
        return {static_cast<Real>(a.real()), static_cast<Real>(a.imag())};
    } else {
        return static_cast<T>(a.real());
    }
}

// ---- checks of what the Python layer promises ---------------------------------------------------

void require_same_dtype(nb::dlpack::dtype a, nb::dlpack::dtype b) {
    if (a != b) {
        throw nb::type_error("the dtypes of the arguments differ");
    }
}

void require_length(const char* name, int64_t length, int64_t expected) {
    if (length != expected) {
        throw nb::value_error((std::string(name) + " has length " + std::to_string(length) +
                               ", expected " + std::to_string(expected))
                                  .c_str());
    }
}

int threads_or_default(int n) { return n > 0 ? n : num_threads(); }

// True when Ctrl-C waits to be raised. Called without the GIL.
bool interrupted() {
    const nb::gil_scoped_acquire gil;
    return PyErr_CheckSignals() != 0;
}

template <class F>
auto without_gil(F&& f) {
    const nb::gil_scoped_release release;
    return f();
}

// ---- CSR ----------------------------------------------------------------------------------------

template <class I, class T>
CsrView<I, T> csr_view(const AnyVector& indptr, const AnyVector& indices, const AnyVector& data,
                       int64_t n_cols) {
    return {static_cast<int64_t>(indptr.shape(0)) - 1, n_cols,
            static_cast<const I*>(indptr.data()), static_cast<const I*>(indices.data()),
            static_cast<const T*>(data.data())};
}

void require_csr_arrays(const AnyVector& indptr, const AnyVector& indices, int64_t n_rows,
                        int64_t n_cols) {
    if (n_rows < 0 || n_cols < 0) {
        throw nb::value_error("the numbers of rows and columns must not be negative");
    }
    require_same_dtype(indptr.dtype(), indices.dtype());
    require_length("indptr", static_cast<int64_t>(indptr.shape(0)), n_rows + 1);
}

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
                csr_multiply(csr_view<I, T>(indptr, indices, data, n_cols),
                             static_cast<const T*>(X.data()), static_cast<T*>(Y.data()),
                             n_vectors, scalar_of<T>(alpha), scalar_of<T>(beta),
                             threads_or_default(n_threads));
            });
        });
    });
}

// ---- plans --------------------------------------------------------------------------------------

// An HBP matrix of any of the value types. Products share the lock; new values take it alone.
class CorePlan {
  public:
    template <class T>
    explicit CorePlan(HbpMatrix<T>&& m) : matrix_(std::move(m)) {}

    template <class F>
    auto visit(F&& f) const {
        return std::visit(f, matrix_);
    }

    template <class In, class Out>
    void multiply_any(const In& X, const Out& Y, Scalar alpha, Scalar beta, int n_threads) const {
        visit([&]<class T>(const HbpMatrix<T>& m) {
            if (X.dtype() != nb::dtype<typename Dtype<T>::Numpy>()) {
                throw nb::type_error(
                    (std::string("x must be ") + Dtype<T>::name + ", the dtype of the plan").c_str());
            }
            require_same_dtype(X.dtype(), Y.dtype());
            require_length("x", static_cast<int64_t>(X.shape(0)), m.n_cols);
            require_length("y", static_cast<int64_t>(Y.shape(0)), m.n_rows);
            const int64_t n_vectors = X.ndim() == 2 ? static_cast<int64_t>(X.shape(1)) : 1;
            if (n_vectors == 0) {
                return;
            }
            without_gil([&] {
                const std::shared_lock<std::shared_mutex> lock(values_);
                multiply(m, static_cast<const T*>(X.data()), static_cast<T*>(Y.data()), n_vectors,
                         scalar_of<T>(alpha), scalar_of<T>(beta), threads_or_default(n_threads));
            });
        });
    }

    void update(const AnyVector& data) {
        std::visit(
            [&]<class T>(HbpMatrix<T>& m) {
                if (data.dtype() != nb::dtype<typename Dtype<T>::Numpy>()) {
                    throw nb::type_error((std::string("data must be ") + Dtype<T>::name +
                                          ", the dtype of the plan")
                                             .c_str());
                }
                require_length("data", static_cast<int64_t>(data.shape(0)), m.nnz);
                without_gil([&] {
                    const std::unique_lock<std::shared_mutex> lock(values_);
                    update_values(m, static_cast<const T*>(data.data()), num_threads());
                });
            },
            matrix_);
    }

    nb::tuple to_csr_arrays() const {
        return visit([&]<class T>(const HbpMatrix<T>& m) {
            return m.index_is_64_bit ? csr_arrays<int64_t>(m) : csr_arrays<int32_t>(m);
        });
    }

    nb::dict info() const {
        return visit([&]<class T>(const HbpMatrix<T>& m) {
            const Description d = describe(m);
            nb::dict r;
            r["n_row_blocks"] = d.n_row_blocks;
            r["n_col_blocks"] = d.n_col_blocks;
            r["blocks"] = d.blocks;
            r["slots"] = d.slots;
            r["groups"] = d.groups;
            r["nbytes"] = d.nbytes;
            r["csr_nbytes"] = d.csr_nbytes;
            r["padding"] = 0.0;  // the format has none
            r["tail_elements"] = d.tail_elements;
            r["tiled_elements"] = d.tiled_elements;
            r["shifted_elements"] = d.shifted_elements;
            r["long_rows"] = d.long_rows;
            r["length_spread_before"] = d.length_spread_before;
            r["length_spread_after"] = d.length_spread_after;
            nb::dict encodings;
            encodings["raw"] = d.blocks_of[static_cast<int>(Encoding::raw)];
            encodings["constant"] = d.blocks_of[static_cast<int>(Encoding::constant)];
            r["encodings"] = encodings;
            r["units"] = d.n_row_blocks;
            r["build_seconds"] = m.build_seconds;
            return r;
        });
    }

  private:
    template <class U>
    static nb::object owned_array(size_t n, U*& data) {
        data = new U[n];
        const nb::capsule owner(data, [](void* p) noexcept { delete[] static_cast<U*>(p); });
        return nb::cast(nb::ndarray<nb::numpy, U, nb::ndim<1>>(data, {n}, owner));
    }

    template <class I, class T>
    nb::tuple csr_arrays(const HbpMatrix<T>& m) const {
        using Numpy = typename Dtype<T>::Numpy;
        I* indptr;
        I* indices;
        Numpy* data;
        const nb::object a = owned_array(static_cast<size_t>(m.n_rows) + 1, indptr);
        const nb::object b = owned_array(static_cast<size_t>(m.nnz), indices);
        const nb::object c = owned_array(static_cast<size_t>(m.nnz), data);
        without_gil([&] {
            const std::shared_lock<std::shared_mutex> lock(values_);
            to_csr(m, indptr, indices, reinterpret_cast<T*>(data), num_threads());
        });
        return nb::make_tuple(a, b, c);
    }

    std::variant<HbpMatrix<float>, HbpMatrix<double>, HbpMatrix<Complex<float>>,
                 HbpMatrix<Complex<double>>>
        matrix_;
    mutable std::shared_mutex values_;
};

void require_geometry(int64_t block_rows, int64_t block_cols, int64_t lanes) {
    const auto side = [](const char* name, int64_t n) {
        if (n < 1 || n > tuning::max_block_side) {
            throw nb::value_error((std::string(name) + " is " + std::to_string(n) +
                                   ", expected 1 to " + std::to_string(tuning::max_block_side))
                                      .c_str());
        }
    };
    side("block_rows", block_rows);
    side("block_cols", block_cols);
    if (lanes != 8 && lanes != 16 && lanes != 32) {
        throw nb::value_error(
            ("lanes is " + std::to_string(lanes) + ", expected 8, 16 or 32").c_str());
    }
}

CorePlan* py_build(const AnyVector& indptr, const AnyVector& indices, const AnyVector& data,
                   int64_t n_rows, int64_t n_cols, int64_t block_rows, int64_t block_cols,
                   int64_t lanes, int n_threads) {
    require_csr_arrays(indptr, indices, n_rows, n_cols);
    require_geometry(block_rows, block_cols, lanes);
    const int64_t nnz = static_cast<int64_t>(indices.shape(0));
    require_length("data", static_cast<int64_t>(data.shape(0)), nnz);
    const Geometry geometry{static_cast<int32_t>(block_rows), static_cast<int32_t>(block_cols),
                            static_cast<int32_t>(lanes)};
    return with_index_type(indptr.dtype(), [&]<class I>(I) {
        return with_value_type(data.dtype(), [&]<class T>(T) {
            try {
                return without_gil([&] {
                    return new CorePlan(build(csr_view<I, T>(indptr, indices, data, n_cols), nnz,
                                              geometry, threads_or_default(n_threads),
                                              interrupted));
                });
            } catch (const Interrupted&) {
                throw nb::python_error();
            }
        });
    });
}

nb::dict config() {
    const CpuInfo& cpu = cpu_info();
    nb::dict r;
    r["version"] = HBPSPMV_VERSION;
    r["isa"] = isa_in_use();
    r["isas"] = available_isas();
    r["num_threads"] = num_threads();
    r["cpu"] = cpu.name;
    r["l1d_bytes"] = cpu.l1d_bytes;
    r["l2_bytes"] = cpu.l2_bytes;
    r["l3_bytes"] = cpu.l3_bytes;
    r["compiler"] = __VERSION__;
    return r;
}

}  // namespace
}  // namespace hbp

NB_MODULE(_hbpspmv_core, module) {
    using namespace hbp;
    using namespace nb::literals;
    module.doc() = "Native kernels of hbpspmv. Use the package hbpspmv instead.";

    // InvalidCsr is an invalid_argument, which nanobind turns into ValueError.
    module.def("check_csr", &py_check_csr, "indptr"_a, "indices"_a, "n_rows"_a, "n_cols"_a);
    module.def(
        "choose_geometry",
        [](const AnyVector& indptr, const AnyVector& indices, int64_t n_rows, int64_t n_cols,
           int itemsize) {
            require_csr_arrays(indptr, indices, n_rows, n_cols);
            const Geometry g = choose_geometry(
                n_rows, n_cols, static_cast<int64_t>(indices.shape(0)), itemsize);
            return std::make_tuple(g.block_rows, g.block_cols, g.lanes);
        },
        "indptr"_a, "indices"_a, "n_rows"_a, "n_cols"_a, "itemsize"_a);
    module.def(
        "prefer_csr",
        [](int64_t nnz, int64_t n_rows, int64_t n_cols, int) {
            return prefer_csr(n_rows, n_cols, nnz);
        },
        "nnz"_a, "n_rows"_a, "n_cols"_a, "itemsize"_a);
    module.def("csr_spmv", &py_csr_multiply<AnyVector, AnyVectorOut>, "indptr"_a, "indices"_a,
               "data"_a, "n_cols"_a, "x"_a, "y"_a, "alpha"_a, "beta"_a, "num_threads"_a);
    module.def("csr_spmm", &py_csr_multiply<AnyMatrix, AnyMatrixOut>, "indptr"_a, "indices"_a,
               "data"_a, "n_cols"_a, "X"_a, "Y"_a, "alpha"_a, "beta"_a, "num_threads"_a);
    module.def("build", &py_build, "indptr"_a, "indices"_a, "data"_a, "n_rows"_a, "n_cols"_a,
               "block_rows"_a, "block_cols"_a, "lanes"_a, "num_threads"_a,
               nb::rv_policy::take_ownership);

    nb::class_<CorePlan>(module, "CorePlan")
        .def("spmv", &CorePlan::multiply_any<AnyVector, AnyVectorOut>, "x"_a, "y"_a, "alpha"_a,
             "beta"_a, "num_threads"_a)
        .def("spmm", &CorePlan::multiply_any<AnyMatrix, AnyMatrixOut>, "X"_a, "Y"_a, "alpha"_a,
             "beta"_a, "num_threads"_a)
        .def("update", &CorePlan::update, "data"_a)
        .def("to_csr", &CorePlan::to_csr_arrays)
        .def("info", &CorePlan::info)
        .def_prop_ro("n_rows", [](const CorePlan& p) { return p.visit([](auto& m) { return m.n_rows; }); })
        .def_prop_ro("n_cols", [](const CorePlan& p) { return p.visit([](auto& m) { return m.n_cols; }); })
        .def_prop_ro("nnz", [](const CorePlan& p) { return p.visit([](auto& m) { return m.nnz; }); })
        .def_prop_ro("nbytes", [](const CorePlan& p) { return p.visit([](auto& m) { return describe(m).nbytes; }); })
        .def_prop_ro("dtype", [](const CorePlan& p) {
            return p.visit([]<class T>(const HbpMatrix<T>&) { return Dtype<T>::name; });
        })
        .def_prop_ro("block_rows", [](const CorePlan& p) { return p.visit([](auto& m) { return m.geometry.block_rows; }); })
        .def_prop_ro("block_cols", [](const CorePlan& p) { return p.visit([](auto& m) { return m.geometry.block_cols; }); })
        .def_prop_ro("lanes", [](const CorePlan& p) { return p.visit([](auto& m) { return m.geometry.lanes; }); });

    module.def(
        "set_num_threads",
        [](int n) {
            if (n < 1) {
                throw nb::value_error(
                    ("the number of threads is " + std::to_string(n) + ", expected 1 or more")
                        .c_str());
            }
            set_num_threads(n);
        },
        "n"_a);
    module.def("get_num_threads", &num_threads);
    module.def("isa", [] { return isa_in_use(); });
    module.def("available_isas", &available_isas);
    module.def("config", &config);
}
