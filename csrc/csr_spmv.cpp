#include "csr_spmv.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <vector>

#include "dispatch.h"
#include "scale_and_add.h"
#include "scheduler.h"

namespace hbp {
namespace {

constexpr int64_t chunks_per_thread = 8;

template <class T>
void run_kernel(const KernelTable<T>& k, const CsrArgs<int32_t, T>& a) {
    k.csr32(a);
}
template <class T>
void run_kernel(const KernelTable<T>& k, const CsrArgs<int64_t, T>& a) {
    k.csr64(a);
}

}  // namespace

template <class I, class T>
void csr_multiply(const CsrView<I, T>& csr, const T* X, T* Y, int64_t n_vectors, T alpha, T beta,
                  int n_threads) {
    const KernelTable<T>& kernel = kernels<T>();
    const int64_t nnz = csr.nnz();
    const int64_t worth = (nnz + csr.n_rows) * n_vectors / tuning::min_nnz_per_thread;
    const int threads = static_cast<int>(std::clamp<int64_t>(worth, 1, n_threads));
    const bool in_place = is_one(alpha) && is_zero(beta);

    const auto rows = [&](int64_t first, int64_t end, T* y) {
        run_kernel(kernel, CsrArgs<I, T>{csr.indptr + first, csr.indices, csr.data, X, y,
                                         end - first, n_vectors});
    };
    const std::unique_ptr<T[]> sum(in_place ? nullptr
                                            : new T[static_cast<size_t>(csr.n_rows * n_vectors)]);
    const auto chunk = [&](int64_t first, int64_t end) {
        T* y = Y + first * n_vectors;
        if (in_place) {
            rows(first, end, y);
        } else {
            T* s = sum.get() + first * n_vectors;
            rows(first, end, s);
            scale_and_add(y, s, (end - first) * n_vectors, alpha, beta);
        }
    };
    if (threads == 1) {
        chunk(0, csr.n_rows);
        return;
    }
    // Chunks of equal nonzeros, as near as whole rows allow.
    const int64_t n_chunks = chunks_per_thread * threads;
    std::vector<int64_t> first_row(static_cast<size_t>(n_chunks) + 1, 0);
    for (int64_t c = 1; c < n_chunks; ++c) {
        const int64_t entry = nnz / n_chunks * c;
        const I* at = std::lower_bound(csr.indptr, csr.indptr + csr.n_rows, entry,
                                       [](I a, int64_t b) { return a < b; });
        first_row[static_cast<size_t>(c)] =
            std::max<int64_t>(at - csr.indptr, first_row[static_cast<size_t>(c) - 1]);
    }
    first_row.back() = csr.n_rows;
    std::vector<int64_t> cost_ptr(static_cast<size_t>(n_chunks) + 1);
    std::iota(cost_ptr.begin(), cost_ptr.end(), 0);
    share_out(cost_ptr.data(), n_chunks, threads, [&](int64_t c, int) {
        chunk(first_row[static_cast<size_t>(c)], first_row[static_cast<size_t>(c) + 1]);
    });
}

#define HBP_CSR(T)                                                                            \
    template void csr_multiply(const CsrView<int32_t, T>&, const T*, T*, int64_t, T, T, int); \
    template void csr_multiply(const CsrView<int64_t, T>&, const T*, T*, int64_t, T, T, int);
HBP_CSR(float)
HBP_CSR(double)
HBP_CSR(Complex<float>)
HBP_CSR(Complex<double>)
#undef HBP_CSR

}  // namespace hbp
