// The product kernel: who computes which task, and how a row block's sums become y.
//
// Y[n_rows, k] = alpha * A * X[n_cols, k] + beta * Y. A thread block owns the rows of its task's
// row block: their sums lie in its shared memory, and no other thread block writes these rows of Y.
// Of a split row block each part has partial results of its own, and the last part to arrive owns
// Y.
#pragma once
#include "block_product.cuh"
#include "combine.cuh"

namespace hbp::cuda {

template <class T>
HBP_DEVICE T scalar_of(double re, double im) {
    using Real = typename ScalarTraits<T>::Real;
    if constexpr (ScalarTraits<T>::is_complex) {
        return {static_cast<Real>(re), static_cast<Real>(im)};
    } else {
        return static_cast<Real>(re);
    }
}

template <class Stored, class T, int V>
class ProductKernel {
  public:
    HBP_DEVICE explicit ProductKernel(const Product& p)
        : p_(p), sum_(ticket_bytes), window_(ticket_bytes + p.max_rows * p.slice * sizeof(T)) {}

    // Every thread block has its fixed tasks, and then takes more by ticket. Tasks come by falling
    // cost. The last thread block to find none left resets the counters for the next product.
    HBP_DEVICE void run() const {
        for (uint32_t t = thread_block_index(); t < p_.n_fixed; t += n_thread_blocks()) {
            task(t);
        }
        const SharedArray<uint32_t> ticket(0);
        for (;;) {
            if (thread_index() == 0) {
                ticket.store(0, p_.n_fixed + atomic_add(p_.counter + ticket_counter, 1));
            }
            block_barrier();
            const uint32_t t = ticket.load(0);
            if (t >= p_.n_tasks) {
                break;
            }
            task(t);  // has barriers, behind which the ticket may be overwritten
        }
        if (thread_index() == 0) {
            fence();
            if (atomic_add(p_.counter + finished_counter, 1) == n_thread_blocks() - 1) {
                store(p_.counter + ticket_counter, 0u);
                store(p_.counter + finished_counter, 0u);
            }
        }
    }

  private:
    HBP_DEVICE void task(uint32_t t) const {
        const Task task = load_record(p_.task + t);
        const bool whole = task.n_parts == 1;
        for_each_slice([&](int64_t first, uint32_t n) {
            if (whole) {
                clear(task.row_block, n);
            }
            multiply_task(task, first, n);
            if (whole) {
                finish(task.row_block, first, n);
            }
        });
        if (!whole && arrives_last(task)) {
            for_each_slice([&](int64_t first, uint32_t n) {
                clear(task.row_block, n);
                combine(p_, task.row_block, first, RowSums<T>{sum_, n, nullptr, 0});
                finish(task.row_block, first, n);
            });
        }
    }

    // The sums of a row block, or the partial results of a part of one of its blocks.
    HBP_DEVICE void multiply_task(const Task& task, int64_t first, uint32_t n) const {
        const bool whole = task.n_parts == 1;
        int64_t bi = whole ? load_constant(p_.block_ptr + task.row_block) : task.block;
        const int64_t end = whole ? load_constant(p_.block_ptr + task.row_block + 1) : bi + 1;
#pragma unroll 1
        for (; bi < end; ++bi) {
            const DeviceBlock b = load_record(p_.block + bi);
            T* const partial =
                whole ? nullptr
                      : static_cast<T*>(p_.partial) + b.first_partial * p_.n_vectors + first;
            multiply_pieces<Stored, T, V>(p_, bi, b, task.first_piece,
                                          whole ? b.n_pieces : task.n_pieces, first,
                                          RowSums<T>{sum_, n, partial, p_.n_vectors}, window_);
            block_barrier();
        }
    }

    // f(first, n) for the vectors, as many at a time as shared memory has sums for.
    template <class F>
    HBP_DEVICE void for_each_slice(F&& f) const {
        if constexpr (V == 1) {
            f(int64_t{0}, 1u);
        } else {
            for (int64_t first = 0; first < p_.n_vectors; first += p_.slice) {
                const int64_t left = p_.n_vectors - first;
                f(first, left < p_.slice ? static_cast<uint32_t>(left) : p_.slice);
            }
        }
    }

    // Whether all other parts of the row block are complete; the same for all threads.
    HBP_DEVICE bool arrives_last(const Task& task) const {
        const SharedArray<uint32_t> last(0);
        fence();
        block_barrier();
        if (thread_index() == 0) {
            uint32_t* const arrivals = p_.counter + n_fixed_counters + task.arrivals;
            const bool is_last = atomic_add(arrivals, 1) == task.n_parts - 1;
            if (is_last) {
                store(arrivals, 0u);
                fence();
            }
            last.store(0, is_last);
        }
        block_barrier();
        const bool is_last = last.load(0) != 0;
        block_barrier();
        return is_last;
    }

    HBP_DEVICE uint32_t n_rows(int64_t rb) const {
        return static_cast<uint32_t>(load_constant(p_.row_block_ptr + rb + 1) -
                                     load_constant(p_.row_block_ptr + rb));
    }

    HBP_DEVICE void clear(int64_t rb, uint32_t n) const {
        const uint32_t n_sums = n_rows(rb) * n;
        for (uint32_t i = thread_index(); i < n_sums; i += n_threads()) {
            sum_.store(i, T{});
        }
        block_barrier();
    }

    // y = alpha * sum + beta * y for the rows of a row block; y is not read when beta is 0.
    HBP_DEVICE void finish(int64_t rb, int64_t first, uint32_t n) const {
        const T alpha = scalar_of<T>(p_.alpha_re, p_.alpha_im);
        const T beta = scalar_of<T>(p_.beta_re, p_.beta_im);
        T* const y =
            static_cast<T*>(p_.y) + load_constant(p_.row_block_ptr + rb) * p_.n_vectors + first;
        const uint32_t n_sums = n_rows(rb) * n;
        for (uint32_t i = thread_index(); i < n_sums; i += n_threads()) {
            T* const to = y + i / n * p_.n_vectors + i % n;
            T s = sum_.load(i);
            if (!is_zero(beta)) {
                s = add(multiply(alpha, s), multiply(beta, load_own(to)));
            } else if (!is_one(alpha)) {
                s = multiply(alpha, s);
            }
            store(to, s);
        }
        block_barrier();
    }

    const Product& p_;
    const SharedArray<T> sum_;
    const SharedArray<T> window_;
};

}  // namespace hbp::cuda
