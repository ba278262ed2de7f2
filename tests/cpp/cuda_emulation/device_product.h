// A product by the emulated kernels, from a matrix on the host to a result on the host.
#pragma once
#include <algorithm>
#include <memory>
#include <type_traits>
#include <vector>

#include "device_plan.h"
#include "emulated_device.h"
#include "product.cuh"

namespace device_product {

using cuda_emulation::DeviceArray;
using hbp::HbpMatrix;
using hbp::cuda::DeviceLimits;

// How a product is launched; a test's choice, as any must give the same bits.
struct Choice {
    uint32_t n_thread_blocks = 3;
    uint32_t n_threads = 64;
    uint32_t fixed_percent = 60;
    uint32_t max_slice = 64;
    cuda_emulation::Order order = cuda_emulation::Order::ascending;
    unsigned seed = 1;
};

// A matrix in the memory of the emulated device. Stored is the type of the value stream.
template <class T, class Stored = T>
class Matrix {
  public:
    Matrix(const HbpMatrix<T>& m, int64_t part_cost, uint32_t max_window)
        : n_rows_(m.n_rows),
          plan_(hbp::cuda::device_plan(m, DeviceLimits{part_cost, max_window, sizeof(Stored)})),
          piece_(plan_.piece),
          block_(plan_.block),
          task_(plan_.task),
          row_block_ptr_(m.row_block_ptr),
          block_ptr_(m.block_ptr),
          slot_row_(m.slot_row),
          slot_length_(m.slot_length),
          column_(m.column.data(), m.column.size()),
          value_(stored_values(m)),
          constant_(constants(m)),
          table_(m.table),
          counter_(std::vector<uint32_t>(hbp::cuda::n_fixed_counters + plan_.n_split)) {}

    const hbp::cuda::DevicePlan& plan() const { return plan_; }
    std::vector<uint32_t>& counters() { return counter_.host(); }

    // Y = alpha A X + beta Y
    void multiply(const std::vector<T>& X, std::vector<T>& Y, int64_t n_vectors, T alpha, T beta,
                  const Choice& choice) {
        const DeviceArray<T> x(X);
        DeviceArray<T> y(Y);
        const DeviceArray<T> partial(
            std::vector<T>(static_cast<size_t>(plan_.n_partials * n_vectors)));
        hbp::cuda::Product p{};
        p.piece = piece_.address();
        p.block = block_.address();
        p.task = task_.address();
        p.row_block_ptr = row_block_ptr_.address();
        p.block_ptr = block_ptr_.address();
        p.slot_row = slot_row_.address();
        p.slot_length = slot_length_.address();
        p.column = column_.address();
        p.value = value_.address();
        p.constant = constant_.address();
        p.table = table_.address();
        p.partial = partial.address();
        p.counter = counter_.address();
        p.x = x.address();
        p.y = y.address();
        set_scalar(alpha, p.alpha_re, p.alpha_im);
        set_scalar(beta, p.beta_re, p.beta_im);
        p.n_vectors = n_vectors;
        p.n_tasks = static_cast<uint32_t>(plan_.task.size());
        p.n_fixed = static_cast<uint32_t>(uint64_t{p.n_tasks} * choice.fixed_percent / 100);
        p.max_rows = plan_.max_rows;
        const bool one = n_vectors == 1;
        p.slice = one ? 1 : std::min(choice.max_slice, static_cast<uint32_t>(n_vectors));
        const uint32_t window = one ? plan_.max_window : 0;
        const uint32_t shared = hbp::cuda::ticket_bytes +
                                (p.max_rows * p.slice + window) * static_cast<uint32_t>(sizeof(T));
        cuda_emulation::launch(
            {choice.n_thread_blocks, choice.n_threads, shared, choice.order, choice.seed}, [&] {
                if (one) {
                    hbp::cuda::ProductKernel<Stored, T, 1>(p).run();
                } else {
                    hbp::cuda::ProductKernel<Stored, T, 4>(p).run();
                }
            });
        Y = y.host();
    }

  private:
    static std::vector<Stored> stored_values(const HbpMatrix<T>& m) {
        if constexpr (std::is_same_v<Stored, T>) {
            return {m.value.data(), m.value.data() + m.value.size()};
        } else {
            return hbp::cuda::narrow_values<Stored>(m);
        }
    }
    static std::vector<T> constants(const HbpMatrix<T>& m) {
        std::vector<T> c;
        for (const auto& b : m.block) {
            c.push_back(b.constant);
        }
        return c;
    }
    static void set_scalar(T a, double& re, double& im) {
        if constexpr (hbp::ScalarTraits<T>::is_complex) {
            re = a.re;
            im = a.im;
        } else {
            re = a;
        }
    }

    int64_t n_rows_;
    hbp::cuda::DevicePlan plan_;
    DeviceArray<hbp::cuda::Piece> piece_;
    DeviceArray<hbp::cuda::DeviceBlock> block_;
    DeviceArray<hbp::cuda::Task> task_;
    DeviceArray<int64_t> row_block_ptr_, block_ptr_;
    DeviceArray<uint16_t> slot_row_;
    DeviceArray<uint32_t> slot_length_;
    DeviceArray<uint16_t> column_;
    DeviceArray<Stored> value_;
    DeviceArray<T> constant_, table_;
    DeviceArray<uint32_t> counter_;
};

}  // namespace device_product
