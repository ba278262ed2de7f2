// CorePlan: an HBP matrix of any of the value types, as Python sees it.
#pragma once
#include <mutex>
#include <shared_mutex>
#include <utility>
#include <variant>

#include "bind_plain_vector.h"
#include "bind_types.h"
#include "describe.h"
#include "dispatch.h"
#include "product_threads.h"
#include "spmv.h"
#include "to_csr.h"

namespace hbp {

// Products share the lock; new values take it alone.
class CorePlan {
  public:
    template <class T>
    explicit CorePlan(HbpMatrix<T>&& m) : matrix_(std::move(m)) {}

    template <class F>
    auto visit(F&& f) const {
        return std::visit(f, matrix_);
    }

    // f(matrix) without the GIL, while no other thread changes the values.
    template <class F>
    auto read(F&& f) const {
        return visit([&](const auto& m) {
            return without_gil([&] {
                const std::shared_lock<std::shared_mutex> lock(values_);
                return f(m);
            });
        });
    }

    template <class In, class Out>
    void multiply_any(const In& X, const Out& Y, Scalar alpha, Scalar beta, int n_threads) const {
        visit([&]<class T>(const HbpMatrix<T>& m) {
            if (X.dtype() != nb::dtype<typename Dtype<T>::Numpy>()) {
                throw nb::type_error(
                    (std::string("x must be ") + Dtype<T>::name + ", the dtype of the plan")
                        .c_str());
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
                const ProductThreads threads(n_threads, m.nnz * n_vectors);
                multiply(m, static_cast<const T*>(X.data()), static_cast<T*>(Y.data()), n_vectors,
                         scalar_of<T>(alpha), scalar_of<T>(beta), threads.count());
            });
        });
    }

    // y = alpha A x + beta y, if x and y are vectors that need no conversion and do not overlap;
    // else nothing. Returns whether it was done.
    bool multiply_plain(nb::handle x, nb::handle y, double alpha, double beta,
                        int n_threads) const {
        return visit([&]<class T>(const HbpMatrix<T>& m) {
            const PlainVector<T> from(x, m.n_cols, false);
            const PlainVector<T> to(y, m.n_rows, true);
            if (!from.fits() || !to.fits() || from.overlaps(to)) {
                return false;
            }
            without_gil([&] {
                const std::shared_lock<std::shared_mutex> lock(values_);
                const ProductThreads threads(n_threads, m.nnz);
                multiply(m, static_cast<const T*>(from.data()), to.data(), 1, scalar_of<T>(alpha),
                         scalar_of<T>(beta), threads.count());
            });
            return true;
        });
    }

    void update(const AnyVector& data) {
        std::visit(
            [&]<class T>(HbpMatrix<T>& m) {
                if (data.dtype() != nb::dtype<typename Dtype<T>::Numpy>()) {
                    throw nb::type_error(
                        (std::string("data must be ") + Dtype<T>::name + ", the dtype of the plan")
                            .c_str());
                }
                require_length("data", static_cast<int64_t>(data.shape(0)), m.nnz);
                without_gil([&] {
                    const std::unique_lock<std::shared_mutex> lock(values_);
                    update_values(m, static_cast<const T*>(data.data()), num_threads(),
                                  encodings_that_pay());
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
            r["windowed_elements"] = d.windowed_elements;
            r["long_rows"] = d.long_rows;
            r["length_spread_before"] = d.length_spread_before;
            r["length_spread_after"] = d.length_spread_after;
            nb::dict encodings;
            encodings["raw"] = d.blocks_of[static_cast<int>(Encoding::raw)];
            encodings["constant"] = d.blocks_of[static_cast<int>(Encoding::constant)];
            encodings["few"] = d.blocks_of[static_cast<int>(Encoding::few)];
            encodings["decimal"] = d.blocks_of[static_cast<int>(Encoding::decimal_16)] +
                                   d.blocks_of[static_cast<int>(Encoding::decimal_32)];
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

}  // namespace hbp
