#include "to_csr.h"

#include <algorithm>
#include <atomic>

#include "element_walk.h"
#include "scalar.h"
#include "thread_pool.h"
#include "value_at.h"
#include "value_encoding.h"

namespace hbp {
namespace {

template <class F>
void for_row_blocks(int64_t n_row_blocks, int n_threads, F&& f) {
    std::atomic<int64_t> ticket{0};
    run_on_threads(n_threads, [&](int) {
        for (int64_t rb; (rb = ticket++) < n_row_blocks;) {
            f(rb);
        }
    });
}

}  // namespace

template <class I, class T>
void to_csr(const HbpMatrix<T>& m, I* indptr, I* indices, T* data, int n_threads) {
    const HbpView<T> v = m.view();
    indptr[0] = 0;
    int64_t at = 0;
    std::vector<int64_t> row_length;
    for (int64_t rb = 0; rb < v.n_row_blocks; ++rb) {
        row_lengths(v, rb, row_length);
        I* to = indptr + v.row_block_ptr[rb] + 1;
        for (const int64_t n : row_length) {
            *to++ = static_cast<I>(at += n);
        }
    }
    for_row_blocks(v.n_row_blocks, n_threads, [&](int64_t rb) {
        for_each_element(m, rb, [&](const Block<T>& b, int64_t k, uint32_t j, int64_t place) {
            indices[place] = static_cast<I>(static_cast<int64_t>(b.col_block) * v.block_cols + j);
            data[place] = value_at(v, &b - v.block, k);
        });
    });
}

template <class T>
void update_values(HbpMatrix<T>& m, const T* data, int n_threads, const Encodings& use) {
    // Everything that can fail comes first, so that an error leaves the old values whole.
    HugeArray<T> value(static_cast<size_t>(m.nnz));
    std::vector<Block<T>> block = m.block;
    std::vector<T> table(block.size() * few_values);
    const HbpView<T> v = m.view();
    std::vector<std::vector<T>> power(static_cast<size_t>(v.n_row_blocks));
    for_row_blocks(v.n_row_blocks, n_threads, [&](int64_t rb) {
        for_each_element(m, rb, [&](const Block<T>& b, int64_t k, uint32_t, int64_t place) {
            value.data()[b.first_element + k] = data[place];
        });
        ValueEncoder<T> encoder(m.geometry, m.nnz, use);
        std::vector<T>& own = power[static_cast<size_t>(rb)];
        for (int64_t bi = v.block_ptr[rb]; bi < v.block_ptr[rb + 1]; ++bi) {
            Block<T>& b = block[static_cast<size_t>(bi)];
            b.first_value = b.first_element;
            b.first_power = static_cast<int64_t>(own.size());
            encoder.encode(value.data() + b.first_value, b.n_elements);
            b.encoding = encoder.encoding;
            b.constant = encoder.constant;
            std::copy(encoder.table.begin(), encoder.table.end(), table.begin() + bi * few_values);
            own.insert(own.end(), encoder.power.begin(), encoder.power.end());
        }
    });
    std::vector<T> powers;
    for (int64_t rb = 0; rb < v.n_row_blocks; ++rb) {
        for (int64_t bi = v.block_ptr[rb]; bi < v.block_ptr[rb + 1]; ++bi) {
            block[static_cast<size_t>(bi)].first_power += static_cast<int64_t>(powers.size());
        }
        const std::vector<T>& own = power[static_cast<size_t>(rb)];
        powers.insert(powers.end(), own.begin(), own.end());
    }
    m.value = std::move(value);
    m.block = std::move(block);
    m.table = std::move(table);
    m.power = std::move(powers);
}

#define HBP_TO_CSR(T)                                                       \
    template void to_csr(const HbpMatrix<T>&, int32_t*, int32_t*, T*, int); \
    template void to_csr(const HbpMatrix<T>&, int64_t*, int64_t*, T*, int); \
    template void update_values(HbpMatrix<T>&, const T*, int, const Encodings&);
HBP_TO_CSR(float)
HBP_TO_CSR(double)
HBP_TO_CSR(Complex<float>)
HBP_TO_CSR(Complex<double>)
#undef HBP_TO_CSR

}  // namespace hbp
