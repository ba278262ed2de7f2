#include "build.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <mutex>
#include <string>

#include "block_builder.h"
#include "partition.h"
#include "scalar.h"
#include "thread_pool.h"

namespace hbp {

template <class I>
void check_indptr(const I* indptr, int64_t n_rows, int64_t nnz) {
    if (indptr[0] != 0) {
        throw InvalidCsr("indptr[0] is " + std::to_string(indptr[0]) + ", expected 0");
    }
    for (int64_t i = 0; i < n_rows; ++i) {
        if (indptr[i + 1] < indptr[i]) {
            throw InvalidCsr("indptr falls from " + std::to_string(indptr[i]) + " to " +
                             std::to_string(indptr[i + 1]) + " at row " + std::to_string(i));
        }
    }
    if (indptr[n_rows] != nnz) {
        throw InvalidCsr("indptr[" + std::to_string(n_rows) + "] is " +
                         std::to_string(indptr[n_rows]) + ", expected " + std::to_string(nnz) +
                         ", the number of entries");
    }
}

template <class I>
void check_indices(const I* indices, int64_t nnz, int64_t n_cols) {
    for (int64_t k = 0; k < nnz; ++k) {
        const int64_t j = indices[k];
        if (j < 0 || j >= n_cols) {
            throw InvalidCsr("column index " + std::to_string(j) + " is out of range for " +
                             std::to_string(n_cols) + " columns");
        }
    }
}

namespace {

// Whether n values have the same bits. Mostly the first few tell, and no thread is woken.
template <class T>
bool all_equal(const T* data, int64_t n, int n_threads) {
    const auto equal_to_previous = [&](int64_t from, int64_t to) {
        return std::memcmp(data + from, data + from - 1,
                           static_cast<size_t>(to - from) * sizeof(T)) == 0;
    };
    constexpr int64_t chunk = 65536;
    if (!equal_to_previous(1, std::min(n, chunk))) {
        return false;
    }
    std::atomic<int64_t> ticket{1};
    std::atomic<bool> equal{true};
    run_on_threads(n > 4 * chunk ? n_threads : 1, [&](int) {
        for (int64_t c; equal && (c = ticket++) * chunk < n;) {
            if (!equal_to_previous(c * chunk, std::min(n, (c + 1) * chunk))) {
                equal = false;
            }
        }
    });
    return equal;
}

// Moves the used parts of a stream together, in place: fresh memory would cost more than the
// copies. Piece p uses size(p) places from first(p) on, and moved(p, by) is told.
template <class T, class Piece, class First, class Size, class Moved>
void close_gaps(HugeArray<T>& stream, std::vector<Piece>& piece, First first, Size size,
                Moved moved) {
    int64_t at = 0;
    for (Piece& p : piece) {
        if (at != first(p) && size(p) > 0) {
            std::memmove(stream.data() + at, stream.data() + first(p),
                         static_cast<size_t>(size(p)) * sizeof(T));
        }
        moved(p, at - first(p));
        at += size(p);
    }
    stream.shrink(static_cast<size_t>(at));
}

// Tiles, shifted groups and encoded values leave gaps in the streams.
template <class T>
void close_gaps(std::vector<RowBlockPiece<T>>& piece, HbpMatrix<T>& m) {
    using Piece = RowBlockPiece<T>;
    const int64_t width = is_wide(m.geometry.block_cols) ? 2 : 1;
    close_gaps(
        m.column, piece, [=](const Piece& p) { return p.first_column * width; },
        [=](const Piece& p) { return p.n_columns * width; },
        [=](Piece& p, int64_t by) {
            for (Block<T>& b : p.block) {
                b.first_column += by / width;
            }
        });
    close_gaps(
        m.value, piece, [](const Piece& p) { return p.first_value; },
        [](const Piece& p) { return p.n_values; },
        [](Piece& p, int64_t by) {
            for (Block<T>& b : p.block) {
                b.first_value += by;
            }
        });
}

// The row blocks together have each entry once. Each has checked its own rows; where they meet,
// another thread may have changed indptr between two readings.
template <class T>
void check_entries(const std::vector<RowBlockPiece<T>>& piece, int64_t nnz) {
    int64_t entries = 0;
    for (const auto& p : piece) {
        if (p.first_entry != entries) {
            throw InvalidCsr("indptr has " + std::to_string(p.first_entry) + ", expected " +
                             std::to_string(entries) + ": it was changed by another thread");
        }
        entries += p.n_entries;
    }
    if (entries != nnz) {
        throw InvalidCsr("indptr ends at " + std::to_string(entries) + ", expected " +
                         std::to_string(nnz));
    }
}

// Appends the pieces of the row blocks in order.
template <class T>
void assemble(std::vector<RowBlockPiece<T>>& piece, HbpMatrix<T>& m) {
    size_t blocks = 0, runs = 0, slots = 0, lengths = 0;
    for (const auto& p : piece) {
        blocks += p.block.size();
        runs += p.run.size();
        slots += p.slot_row.size();
        lengths += p.slot_length.size();
    }
    m.block.reserve(blocks);
    m.run.reserve(runs);
    m.slot_row.reserve(slots);
    m.slot_length.reserve(lengths);
    const bool any_table = std::any_of(piece.begin(), piece.end(), [](const auto& p) {
        return std::any_of(p.block.begin(), p.block.end(),
                           [](const Block<T>& b) { return b.encoding == Encoding::few; });
    });
    m.block_ptr.assign(1, 0);
    m.cost_ptr.assign(1, 0);
    for (size_t rb = 0; rb < piece.size(); ++rb) {
        RowBlockPiece<T>& p = piece[rb];
        int64_t cost = m.row_block_ptr[rb + 1] - m.row_block_ptr[rb];
        for (Block<T>& b : p.block) {
            b.first_slot += static_cast<int64_t>(m.slot_row.size());
            b.first_run += static_cast<int64_t>(m.run.size());
            b.first_length += static_cast<int64_t>(m.slot_length.size());
            b.first_power += static_cast<int64_t>(m.power.size());
            m.block.push_back(b);
            cost += tuning::cost_per_element * b.n_elements + tuning::cost_per_slot * b.n_slots;
        }
        m.run.insert(m.run.end(), p.run.begin(), p.run.end());
        m.slot_row.insert(m.slot_row.end(), p.slot_row.begin(), p.slot_row.end());
        m.slot_length.insert(m.slot_length.end(), p.slot_length.begin(), p.slot_length.end());
        if (any_table) {
            m.table.insert(m.table.end(), p.table.begin(), p.table.end());
        }
        m.power.insert(m.power.end(), p.power.begin(), p.power.end());
        for (ScrambledRow& s : p.scrambled) {
            m.scrambled.push_back(std::move(s));
        }
        m.block_ptr.push_back(static_cast<int64_t>(m.block.size()));
        m.cost_ptr.push_back(m.cost_ptr.back() + cost);
        p = RowBlockPiece<T>();
    }
}

}  // namespace

template <class I, class T>
HbpMatrix<T> build(const CsrView<I, T>& csr, int64_t nnz, const Geometry& geometry, int n_threads,
                   const std::function<bool()>& interrupted, const Encodings& use) {
    using clock = std::chrono::steady_clock;
    const auto start = clock::now();
    HbpMatrix<T> m;
    m.geometry = geometry;
    m.n_rows = csr.n_rows;
    m.n_cols = csr.n_cols;
    m.nnz = nnz;
    m.n_col_blocks = (csr.n_cols + geometry.block_cols - 1) / geometry.block_cols;
    m.index_is_64_bit = sizeof(I) == 8;
    if (csr.indptr[0] != 0 || csr.indptr[csr.n_rows] != nnz) {
        check_indptr(csr.indptr, csr.n_rows, nnz);
    }
    m.row_block_ptr =
        partition_rows(csr.indptr, csr.n_rows, nnz, geometry.block_rows, available_cpus());
    if (m.n_row_blocks() > INT32_MAX || m.n_col_blocks > INT32_MAX) {
        throw std::invalid_argument(
            "a matrix of " + std::to_string(csr.n_rows) + " x " + std::to_string(csr.n_cols) +
            " has more than 2^31 row blocks or column blocks in this geometry");
    }
    const bool constant = use.constant && nnz > 0 && all_equal(csr.data, nnz, n_threads);
    const bool wide = is_wide(geometry.block_cols);
    m.column = HugeArray<uint16_t>(static_cast<size_t>(wide ? 2 * nnz : nnz));
    m.value = HugeArray<T>(constant ? 0 : static_cast<size_t>(nnz));

    const int64_t n_row_blocks = m.n_row_blocks();
    std::vector<RowBlockPiece<T>> piece(static_cast<size_t>(n_row_blocks));
    std::atomic<int64_t> ticket{0};
    std::atomic<bool> stop{false};
    std::exception_ptr error;
    std::mutex error_lock;
    const auto take_row_blocks = [&]<class C>(C, int thread) {
        try {
            BlockBuilder<I, T, C> builder(csr, nnz, m, constant, use);
            auto next_poll = clock::now() + std::chrono::milliseconds(50);
            for (int64_t rb; !stop && (rb = ticket++) < n_row_blocks;) {
                builder.row_block(rb, piece[static_cast<size_t>(rb)]);
                if (thread == 0 && clock::now() > next_poll) {
                    if (interrupted()) {
                        throw Interrupted();
                    }
                    next_poll = clock::now() + std::chrono::milliseconds(50);
                }
            }
        } catch (...) {
            const std::lock_guard<std::mutex> guard(error_lock);
            if (!error) {
                error = std::current_exception();
            }
            stop = true;
        }
    };
    run_on_threads(n_threads, [&](int thread) {
        if (wide) {
            take_row_blocks(uint32_t{}, thread);
        } else {
            take_row_blocks(uint16_t{}, thread);
        }
    });
    if (error) {
        std::rethrow_exception(error);
    }
    check_entries(piece, nnz);
    close_gaps(piece, m);
    assemble(piece, m);
    m.parts = cut_into_parts(m.view());
    m.build_seconds = std::chrono::duration<double>(clock::now() - start).count();
    return m;
}

template void check_indptr(const int32_t*, int64_t, int64_t);
template void check_indptr(const int64_t*, int64_t, int64_t);
template void check_indices(const int32_t*, int64_t, int64_t);
template void check_indices(const int64_t*, int64_t, int64_t);

#define HBP_BUILD(I, T)                                                              \
    template HbpMatrix<T> build(const CsrView<I, T>&, int64_t, const Geometry&, int, \
                                const std::function<bool()>&, const Encodings&);
#define HBP_BUILD_BOTH(T) HBP_BUILD(int32_t, T) HBP_BUILD(int64_t, T)
HBP_BUILD_BOTH(float)
HBP_BUILD_BOTH(double)
HBP_BUILD_BOTH(Complex<float>)
HBP_BUILD_BOTH(Complex<double>)
#undef HBP_BUILD_BOTH
#undef HBP_BUILD

}  // namespace hbp
