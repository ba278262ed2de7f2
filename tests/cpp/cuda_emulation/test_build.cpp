// Plans built on the emulated device: valid, lossless, and with products of the bits of the CPU.
#include <algorithm>
#include <cstring>
#include <limits>
#include <map>

#include "build.cuh"
#include "check.h"
#include "device_product.h"
#include "reference.h"
#include "samples.h"
#include "spmv.h"

using cuda_emulation::DeviceArray;
using cuda_emulation::Order;
using namespace hbp::cuda;
using samples::Csr;

namespace {

// A plan as the device has built it.
struct Built {
    std::vector<int64_t> row_block_ptr, block_ptr;
    std::vector<Piece> piece;
    std::vector<int64_t> piece_cost;
    std::vector<DeviceBlock> block;
    std::vector<uint16_t> slot_row, column;
    std::vector<uint32_t> slot_length;
    std::vector<double> value;
};

template <class T>
T running_sum(DeviceArray<T>& counts) {
    T sum = 0;
    for (T& n : counts.host()) {
        const T here = n;
        n = sum;
        sum += here;
    }
    return sum;
}

template <class I>
Built build_on_device(const Csr& a, int64_t block_cols, uint32_t block_rows, uint32_t n_threads,
                      Order order) {
    const DeviceArray<I> indptr(std::vector<I>(a.indptr.begin(), a.indptr.end()));
    const DeviceArray<I> indices(std::vector<I>(a.indices.begin(), a.indices.end()));
    const DeviceArray<double> data(a.data);
    Build b{};
    b.indptr = indptr.address();
    b.indices = indices.address();
    b.data = data.address();
    b.n_rows = a.n_rows;
    b.block_cols = block_cols;
    b.block_rows = block_rows;
    b.n_column_blocks = static_cast<uint32_t>((a.n_cols + block_cols - 1) / block_cols);
    const uint32_t n_row_blocks = static_cast<uint32_t>((a.n_rows + block_rows - 1) / block_rows);
    const std::vector<int64_t> none(n_row_blocks + 1);
    DeviceArray<int64_t> n_blocks(none), n_pieces(none), n_slots(none);
    b.n_blocks = n_blocks.address();
    b.n_pieces = n_pieces.address();
    b.n_slots = n_slots.address();
    const uint32_t shared =
        build_shared_bytes(b.n_column_blocks, block_rows, n_threads / warp_size);
    const cuda_emulation::Launch launch{n_row_blocks, n_threads, shared, order};
    cuda_emulation::launch(launch, [&] { RowBlockBuilder<I, double>(b).count(); });
    const size_t blocks = static_cast<size_t>(running_sum(n_blocks));
    const size_t pieces = static_cast<size_t>(running_sum(n_pieces));
    const size_t slots = static_cast<size_t>(running_sum(n_slots));
    DeviceArray<Piece> piece{std::vector<Piece>(pieces)};
    DeviceArray<int64_t> piece_cost{std::vector<int64_t>(pieces)};
    DeviceArray<DeviceBlock> block{std::vector<DeviceBlock>(blocks)};
    DeviceArray<uint16_t> slot_row{std::vector<uint16_t>(slots)};
    DeviceArray<uint32_t> slot_length{std::vector<uint32_t>(slots)};
    DeviceArray<uint16_t> column{std::vector<uint16_t>(a.indices.size())};
    DeviceArray<double> value{
        std::vector<double>(a.data.size(), std::numeric_limits<double>::quiet_NaN())};
    b.piece = piece.address();
    b.piece_cost = piece_cost.address();
    b.block = block.address();
    b.slot_row = slot_row.address();
    b.slot_length = slot_length.address();
    b.column = column.address();
    b.value = value.address();
    cuda_emulation::launch(launch, [&] { RowBlockBuilder<I, double>(b).fill(); });
    Built built{{},           n_blocks.host(), piece.host(),  piece_cost.host(),
                block.host(), slot_row.host(), column.host(), slot_length.host(),
                value.host()};
    for (uint32_t rb = 0; rb <= n_row_blocks; ++rb) {
        built.row_block_ptr.push_back(std::min(static_cast<int64_t>(rb) * block_rows, a.n_rows));
    }
    return built;
}

// y = A x by the kernels, from a plan that was built on the device; each row block is a task.
std::vector<double> product(const Built& m, int64_t n_rows, const std::vector<double>& X) {
    std::vector<Task> tasks;
    uint32_t max_rows = 0;
    for (size_t rb = 0; rb + 1 < m.row_block_ptr.size(); ++rb) {
        tasks.push_back({static_cast<int64_t>(rb), 0, 0, 0, 1, 0});
        max_rows = std::max(max_rows,
                            static_cast<uint32_t>(m.row_block_ptr[rb + 1] - m.row_block_ptr[rb]));
    }
    const DeviceArray<Piece> piece(m.piece);
    const DeviceArray<DeviceBlock> block(m.block);
    const DeviceArray<Task> task(tasks);
    const DeviceArray<int64_t> row_block_ptr(m.row_block_ptr), block_ptr(m.block_ptr);
    const DeviceArray<uint16_t> slot_row(m.slot_row), column(m.column);
    const DeviceArray<uint32_t> slot_length(m.slot_length);
    const DeviceArray<uint32_t> counter{std::vector<uint32_t>(n_fixed_counters)};
    const DeviceArray<double> value(m.value), x(X);
    DeviceArray<double> y(
        std::vector<double>(static_cast<size_t>(n_rows), std::numeric_limits<double>::quiet_NaN()));
    Product p{};
    p.piece = piece.address();
    p.block = block.address();
    p.task = task.address();
    p.row_block_ptr = row_block_ptr.address();
    p.block_ptr = block_ptr.address();
    p.slot_row = slot_row.address();
    p.slot_length = slot_length.address();
    p.column = column.address();
    p.value = value.address();
    p.counter = counter.address();
    p.x = x.address();
    p.y = y.address();
    p.alpha_re = 1;
    p.n_vectors = 1;
    p.n_tasks = static_cast<uint32_t>(tasks.size());
    p.max_rows = max_rows;
    p.slice = 1;
    cuda_emulation::launch({2, 64, ticket_bytes + max_rows * 8},
                           [&] { ProductKernel<double, double, 1>(p).run(); });
    return y.host();
}

template <class T>
bool same_bytes(const std::vector<T>& a, const std::vector<T>& b) {
    return a.size() == b.size() &&
           (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

// What can be built on the device: the columns of every row ascend.
std::vector<Csr> sorted_samples() {
    std::vector<Csr> sorted;
    for (const Csr& a : samples::all()) {
        bool ascend = true;
        for (int64_t i = 0; i < a.n_rows; ++i) {
            ascend &= std::is_sorted(a.indices.begin() + a.indptr[i],
                                     a.indices.begin() + a.indptr[i + 1]);
        }
        if (ascend) {
            sorted.push_back(a);
        }
    }
    return sorted;
}

}  // namespace

TEST("products of a plan built on the device have the bits of the CPU") {
    const struct {
        int64_t block_cols;
        uint32_t block_rows, n_threads;
        Order order;
    } choices[] = {{65'536, 1024, 128, Order::ascending},
                   {512, 100, 64, Order::descending},
                   {4096, 512, 128, Order::interleaved}};
    for (const Csr& a : sorted_samples()) {
        const std::vector<double> x = reference::random_vector(a.n_cols);
        for (const auto& c : choices) {
            const Built built =
                build_on_device<int64_t>(a, c.block_cols, c.block_rows, c.n_threads, c.order);
            const hbp::HbpMatrix<double> m =
                samples::build(a, {512, static_cast<int32_t>(c.block_cols), 32});
            std::vector<double> expected(static_cast<size_t>(a.n_rows));
            hbp::multiply(m, x.data(), expected.data(), 1, 1.0, 0.0, 1);
            const std::vector<double> found = product(built, a.n_rows, x);
            for (size_t i = 0; i < expected.size(); ++i) {
                if (std::memcmp(&found[i], &expected[i], sizeof(double)) != 0) {
                    check::fail(__FILE__, __LINE__, a.name, ", blocks of ", c.block_cols,
                                " columns: row ", i, " is ", found[i], ", expected ", expected[i]);
                }
            }
        }
    }
}

TEST("a plan built on the device does not depend on the order of threads or the index type") {
    for (const Csr& a : sorted_samples()) {
        const Built one = build_on_device<int64_t>(a, 600, 160, 64, Order::ascending);
        const Built two = build_on_device<int32_t>(a, 600, 160, 128, Order::interleaved);
        CHECK(one.slot_row == two.slot_row);
        CHECK(one.slot_length == two.slot_length);
        CHECK(one.column == two.column);
        CHECK(same_bytes(one.value, two.value));
        CHECK(one.block_ptr == two.block_ptr);
        CHECK(one.piece_cost == two.piece_cost);
        CHECK(same_bytes(one.piece, two.piece));
    }
}

TEST("slots of a plan built on the device are ordered by class, then by row") {
    for (const Csr& a : sorted_samples()) {
        const Built built = build_on_device<int32_t>(a, 65'536, 256, 128, Order::ascending);
        for (size_t rb = 0; rb + 1 < built.row_block_ptr.size(); ++rb) {
            for (int64_t bi = built.block_ptr[rb]; bi < built.block_ptr[rb + 1]; ++bi) {
                const DeviceBlock& b = built.block[static_cast<size_t>(bi)];
                const int64_t first = built.piece[static_cast<size_t>(b.first_piece)].slot;
                const bool last = bi + 1 == static_cast<int64_t>(built.block.size());
                const int64_t end =
                    last ? static_cast<int64_t>(built.slot_row.size())
                         : built
                               .piece[static_cast<size_t>(
                                   built.block[static_cast<size_t>(bi) + 1].first_piece)]
                               .slot;
                std::pair<uint32_t, uint16_t> before{0, 0};
                for (int64_t s = first; s < end; ++s) {
                    const uint16_t row = built.slot_row[static_cast<size_t>(s)];
                    const size_t i = static_cast<size_t>(built.row_block_ptr[rb] + row);
                    const auto begin = a.indices.begin() + a.indptr[i];
                    const auto stop = a.indices.begin() + a.indptr[i + 1];
                    const auto length = std::count_if(begin, stop, [&](int64_t j) {
                        return j / 65'536 * 65'536 == b.first_column;
                    });
                    const std::pair<uint32_t, uint16_t> here{
                        hbp::row_class(static_cast<uint32_t>(length)), row};
                    CHECK(length > 0);
                    CHECK(before.first == 0 || before < here);
                    before = here;
                }
            }
        }
    }
}
