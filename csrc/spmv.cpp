#include "spmv.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>

#include "dispatch.h"
#include "isa/relax.h"
#include "scale_and_add.h"
#include "scheduler.h"

namespace hbp {
namespace {

template <class T>
struct Product {
    const HbpMatrix<T>& m;
    const HbpView<T> v;
    const KernelTable<T>& kernel;
    const T* X;
    T* Y;
    const int64_t n_vectors;
    const T alpha, beta;
    const bool near = static_cast<int64_t>(m.value.size() * sizeof(T) + m.column.size() * 2) <=
                      tuning::near_bytes;

    int64_t first_row(int64_t rb) const { return v.row_block_ptr[rb]; }
    int64_t cells(int64_t rb) const {
        return (v.row_block_ptr[rb + 1] - v.row_block_ptr[rb]) * n_vectors;
    }
    bool in_place() const { return is_one(alpha) && is_zero(beta); }

    BlockArgs<T> args(const Block<T>& b, T* sum) const {
        BlockArgs<T> a;
        a.run = v.run + b.first_run;
        a.n_runs = b.n_runs;
        a.slot_row = v.slot_row + b.first_slot;
        a.slot_length = v.slot_length + b.first_length;
        const bool wide = is_wide(v.block_cols);
        a.column = v.column + b.first_column * (wide ? 2 : 1);
        a.value = b.encoding == Encoding::constant ? nullptr : v.value + b.first_value;
        a.table = b.encoding == Encoding::few ? v.table + (&b - v.block) * few_values
                  : is_decimal(b.encoding)    ? v.power + b.first_power
                                              : nullptr;
        a.constant = b.constant;
        a.x = X + static_cast<int64_t>(b.col_block) * v.block_cols * n_vectors;
        a.y = sum;
        a.n_vectors = n_vectors;
        a.lanes = static_cast<uint32_t>(v.lanes);
        a.value_ahead = near ? tuning::near_values : tuning::far_values;
        a.column_ahead = near ? tuning::near_columns : tuning::far_columns;
        a.untouched = false;
        return a;
    }

    void call_kernel(Encoding of, const BlockArgs<T>& a) const {
        const bool wide = is_wide(v.block_cols);
        const size_t encoding = static_cast<size_t>(of);
        if (n_vectors == 1 && near && !wide && of == Encoding::raw) {
            kernel.cached_spmv[lane_choice(v.lanes)](a);
        } else if (n_vectors == 1) {
            (wide ? kernel.wide_spmv : kernel.spmv)[encoding][lane_choice(v.lanes)](a);
        } else {
            (wide ? kernel.wide_spmm : kernel.spmm)[encoding](a);
        }
    }

    // sum[rows of b's row block] += block * X
    void add_block(const Block<T>& b, T* sum) const { call_kernel(b.encoding, args(b, sum)); }

    // The same for some of its rows, which count as 0 if `untouched`.
    void add_part(const BlockPart& p, bool untouched, T* sum) const {
        const Block<T>& b = v.block[v.block_ptr[p.row_block]];
        BlockArgs<T> a = args(b, sum);
        a.untouched = untouched;
        a.run = m.parts.run.data() + p.first_run;
        a.n_runs = p.n_runs;
        a.slot_row += p.slot;
        a.slot_length += p.length;
        a.column = static_cast<const char*>(a.column) + p.column * (is_wide(v.block_cols) ? 4 : 2);
        if (b.encoding != Encoding::constant) {
            a.value = reinterpret_cast<const T*>(reinterpret_cast<const char*>(a.value) +
                                                 p.value * value_bytes(b.encoding, sizeof(T)));
        }
        call_kernel(b.encoding, a);
    }

    void finish(int64_t rb, const T* sum) const {
        scale_and_add(Y + first_row(rb) * n_vectors, sum, cells(rb), alpha, beta);
    }

    // Sets the sums of a row block to zero, unless its first block has elements in all rows: then
    // they may stay untouched, and the result is true.
    bool zero_unless_needless(int64_t rb, T* sum) const {
        int64_t rows = 0;
        // For one vector zeros that are read again cost less than finding out.
        if (n_vectors > 1 && v.block_ptr[rb] < v.block_ptr[rb + 1]) {
            const Block<T>& b = v.block[v.block_ptr[rb]];
            for (uint32_t i = 0; i < b.n_runs; ++i) {
                rows += rows_of(v.run[b.first_run + i], v.lanes);
            }
        }
        const bool needless = rows == v.row_block_ptr[rb + 1] - v.row_block_ptr[rb];
        if (!needless) {
            std::fill_n(sum, cells(rb), T{});
        }
        return needless;
    }

    // A whole row block by one thread; `scratch` has room for its cells unless in_place().
    void row_block(int64_t rb, T* scratch) const {
        T* sum = in_place() ? Y + first_row(rb) * n_vectors : scratch;
        bool untouched = zero_unless_needless(rb, sum);
        for (int64_t b = v.block_ptr[rb]; b < v.block_ptr[rb + 1]; ++b) {
            BlockArgs<T> a = args(v.block[b], sum);
            a.untouched = std::exchange(untouched, false);
            call_kernel(v.block[b].encoding, a);
        }
        if (!in_place()) {
            finish(rb, sum);
        }
    }
};

// Sets the sums of row blocks to zero, each once, whichever thread comes first.
class Zeroes {
  public:
    // What zero() returned, whether the rows are still untouched.
    template <class Zero>
    bool once(int64_t row_block, Zero&& zero) {
        std::atomic<int>& state = state_[row_block];
        int now = unknown;
        if (state.compare_exchange_strong(now, begun, std::memory_order_acquire)) {
            now = zero() ? untouched : zeros;
            state.store(now, std::memory_order_release);
        }
        for (int spins = 0; now <= begun; now = state.load(std::memory_order_acquire), ++spins) {
            if (spins < 4096) {
                relax();
            } else {
                std::this_thread::yield();
            }
        }
        return now == untouched;
    }

  private:
    enum State : int { unknown = 0, begun, zeros, untouched };
    std::atomic<int> state_[tuning::max_cut_row_blocks] = {};
};

// A product into Y itself; all row blocks that are not heavy.
template <class T>
void multiply_in_parts(const Product<T>& p, int n_threads) {
    const HbpMatrix<T>& m = p.m;
    Zeroes zeroes;
    const auto do_row_block = [&](int64_t rb, int) {
        if (!m.is_heavy(rb, n_threads)) {
            p.row_block(rb, nullptr);
        }
    };
    const auto do_part = [&](int64_t i, int thread) {
        const BlockPart& part = m.parts.part[static_cast<size_t>(i)];
        const int64_t rb = part.row_block;
        if (part.n_runs == 0) {
            do_row_block(rb, thread);
        } else {
            T* sum = p.Y + p.first_row(rb) * p.n_vectors;
            p.add_part(part, zeroes.once(rb, [&] { return p.zero_unless_needless(rb, sum); }), sum);
        }
    };
    share_out(m.cost_ptr.data(), p.v.n_row_blocks, m.parts.ptr.data(), n_threads, do_row_block,
              do_part);
}

// The blocks of heavy row blocks, each with partial results of its own, then added up in
// ascending order of the column blocks: the same additions as Product::row_block makes.
template <class T>
void multiply_heavy(const Product<T>& p, const std::vector<int64_t>& heavy, T* partial,
                    int n_threads) {
    std::vector<int64_t> block_index, cost_ptr{0};
    std::vector<T*> cell;
    T* next = partial;
    for (const int64_t rb : heavy) {
        for (int64_t b = p.v.block_ptr[rb]; b < p.v.block_ptr[rb + 1]; ++b) {
            block_index.push_back(b);
            cell.push_back(next);
            next += p.cells(rb);
            cost_ptr.push_back(cost_ptr.back() + p.v.block[b].n_elements);
        }
    }
    share_out(cost_ptr.data(), static_cast<int64_t>(block_index.size()), n_threads,
              [&](int64_t i, int) {
                  const Block<T>& b = p.v.block[block_index[static_cast<size_t>(i)]];
                  std::fill_n(cell[static_cast<size_t>(i)], p.cells(b.row_block), T{});
                  p.add_block(b, cell[static_cast<size_t>(i)]);
              });
    size_t i = 0;
    for (const int64_t rb : heavy) {
        T* sum = cell[i++];
        for (int64_t b = p.v.block_ptr[rb] + 1; b < p.v.block_ptr[rb + 1]; ++b, ++i) {
            for (int64_t k = 0; k < p.cells(rb); ++k) {
                sum[k] = add(sum[k], cell[i][k]);
            }
        }
        if (p.in_place()) {
            std::copy_n(sum, p.cells(rb), p.Y + p.first_row(rb) * p.n_vectors);
        } else {
            p.finish(rb, sum);
        }
    }
}

}  // namespace

template <class T>
void multiply(const HbpMatrix<T>& m, const T* X, T* Y, int64_t n_vectors, T alpha, T beta,
              int n_threads) {
    const Product<T> p{m, m.view(), kernels<T>(), X, Y, n_vectors, alpha, beta};
    const int64_t worth = m.nnz * n_vectors / tuning::min_nnz_per_thread;
    const int threads = static_cast<int>(std::clamp<int64_t>(worth, 1, n_threads));
    const int64_t n = p.v.n_row_blocks;

    std::vector<int64_t> heavy;
    int64_t heavy_cells = 0;
    int64_t most_cells = 0;
    for (int64_t rb = 0; rb < n; ++rb) {
        if (m.is_heavy(rb, threads)) {
            heavy.push_back(rb);
            heavy_cells += p.cells(rb) * (p.v.block_ptr[rb + 1] - p.v.block_ptr[rb]);
        }
        most_cells = std::max(most_cells, p.cells(rb));
    }
    const int64_t scratch_cells = p.in_place() ? 0 : most_cells;
    const std::unique_ptr<T[]> room(
        new T[static_cast<size_t>(heavy_cells + scratch_cells * threads)]);
    T* scratch = room.get() + heavy_cells;

    if (p.in_place() && !m.parts.part.empty()) {
        multiply_in_parts(p, threads);
    } else {
        share_out(m.cost_ptr.data(), n, threads, [&](int64_t rb, int thread) {
            if (!m.is_heavy(rb, threads)) {
                p.row_block(rb, scratch + scratch_cells * thread);
            }
        });
    }
    if (!heavy.empty()) {
        multiply_heavy(p, heavy, room.get(), threads);
    }
}

template void multiply(const HbpMatrix<float>&, const float*, float*, int64_t, float, float, int);
template void multiply(const HbpMatrix<double>&, const double*, double*, int64_t, double, double,
                       int);
template void multiply(const HbpMatrix<Complex<float>>&, const Complex<float>*, Complex<float>*,
                       int64_t, Complex<float>, Complex<float>, int);
template void multiply(const HbpMatrix<Complex<double>>&, const Complex<double>*, Complex<double>*,
                       int64_t, Complex<double>, Complex<double>, int);

}  // namespace hbp
