// What all bindings share: array arguments, the table of value types, checks, the GIL.
#pragma once
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/complex.h>

#include <complex>
#include <string>

#include "csr_view.h"
#include "scalar.h"
#include "thread_pool.h"

namespace nb = nanobind;

namespace hbp {

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

// The same for the name of a dtype.
template <class F>
auto with_value_name(const std::string& name, F&& f) {
    if (name == Dtype<float>::name) return f(float{});
    if (name == Dtype<double>::name) return f(double{});
    if (name == Dtype<Complex<float>>::name) return f(Complex<float>{});
    if (name == Dtype<Complex<double>>::name) return f(Complex<double>{});
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

inline void require_same_dtype(nb::dlpack::dtype a, nb::dlpack::dtype b) {
    if (a != b) {
        throw nb::type_error("the dtypes of the arguments differ");
    }
}

inline void require_length(const char* name, int64_t length, int64_t expected) {
    if (length != expected) {
        const std::string message = std::string(name) + " has length " + std::to_string(length) +
                                    ", expected " + std::to_string(expected);
        throw nb::value_error(message.c_str());
    }
}

inline int threads_or_default(int n) { return n > 0 ? n : num_threads(); }

// True when Ctrl-C waits to be raised. Called without the GIL.
inline bool interrupted() {
    const nb::gil_scoped_acquire gil;
    return PyErr_CheckSignals() != 0;
}

template <class F>
auto without_gil(F&& f) {
    const nb::gil_scoped_release release;
    return f();
}

// ---- CSR arguments ------------------------------------------------------------------------------

template <class I, class T>
CsrView<I, T> csr_view(const AnyVector& indptr, const AnyVector& indices, const AnyVector& data,
                       int64_t n_cols) {
    return {static_cast<int64_t>(indptr.shape(0)) - 1, n_cols, static_cast<const I*>(indptr.data()),
            static_cast<const I*>(indices.data()), static_cast<const T*>(data.data())};
}

inline void require_csr_arrays(const AnyVector& indptr, const AnyVector& indices, int64_t n_rows,
                               int64_t n_cols) {
    if (n_rows < 0 || n_cols < 0) {
        throw nb::value_error("the numbers of rows and columns must not be negative");
    }
    require_same_dtype(indptr.dtype(), indices.dtype());
    require_length("indptr", static_cast<int64_t>(indptr.shape(0)), n_rows + 1);
}

}  // namespace hbp
