// Matrices of more than 2^31 entries, without one: the arithmetic on offsets, on addresses that
// are reserved and hardly ever touched.
#include <sys/mman.h>

#include <atomic>
#include <numeric>
#include <vector>

#include "check.h"
#include "element_walk.h"
#include "partition.h"
#include "samples.h"
#include "scheduler.h"
#include "spmv.h"

namespace {

constexpr int64_t billion = int64_t{1} << 30;

// A block of the rows 0 .. 7, entries (i, 2 i), whose elements start at `first_element`.
hbp::HbpMatrix<double> one_block_at(int64_t first_element) {
    hbp::HbpMatrix<double> m;
    m.geometry = {8, 65'536, 8};
    m.n_rows = 8;
    m.n_cols = 16;
    m.n_col_blocks = 1;
    m.nnz = first_element + 8;
    m.row_block_ptr = {0, 8};
    m.block_ptr = {0, 1};
    m.cost_ptr = {0, m.nnz};
    hbp::Block<double> b{};
    b.first_element = first_element;
    b.first_value = first_element;
    b.first_column = first_element;
    b.n_slots = 8;
    b.n_runs = 1;
    b.n_elements = 8;
    b.encoding = hbp::Encoding::constant;
    b.constant = 3.0;
    m.block = {b};
    m.run = {{static_cast<uint32_t>(hbp::RunKind::full), 1, 1, 1}};
    m.slot_row = {0, 1, 2, 3, 4, 5, 6, 7};
    return m;
}

}  // namespace

TEST("rows are cut where entries are counted beyond 2^31") {
    const int64_t n_rows = 1000;
    std::vector<int64_t> indptr(n_rows + 1);
    for (int64_t i = 0; i <= n_rows; ++i) {
        indptr[static_cast<size_t>(i)] = i * 5 * billion;
    }
    const int64_t nnz = indptr.back();
    const std::vector<int64_t> cut =
        hbp::partition_rows<int64_t>(indptr.data(), n_rows, nnz, 65'536, 2);
    CHECK_EQUAL(cut.front(), 0);
    CHECK_EQUAL(cut.back(), n_rows);
    for (size_t rb = 0; rb + 1 < cut.size(); ++rb) {
        CHECK(cut[rb] < cut[rb + 1]);
        const int64_t entries =
            indptr[static_cast<size_t>(cut[rb + 1])] - indptr[static_cast<size_t>(cut[rb])];
        CHECK(entries <= 2 * (nnz / hbp::n_equal_row_blocks(nnz, 2)) || cut[rb + 1] == cut[rb] + 1);
    }
    CHECK(static_cast<int64_t>(cut.size()) >= hbp::tuning::max_equal_row_blocks);
}

TEST("work is shared out by costs beyond 2^31") {
    std::vector<int64_t> ptr(101);
    for (size_t i = 0; i < ptr.size(); ++i) {
        ptr[i] = static_cast<int64_t>(i) * (billion << 25);  // up to 2^62
    }
    std::vector<std::atomic<int>> visits(100);
    std::vector<std::atomic<int64_t>> first(4);
    for (auto& f : first) {
        f = -1;
    }
    hbp::share_out(ptr.data(), 100, 4, [&](int64_t item, int thread) {
        ++visits[static_cast<size_t>(item)];
        int64_t none = -1;
        first[static_cast<size_t>(thread)].compare_exchange_strong(none, item);
    });
    for (const auto& count : visits) {
        CHECK_EQUAL(count.load(), 1);
    }
    for (int t = 0; t < 4; ++t) {
        CHECK_EQUAL(first[static_cast<size_t>(t)].load(), 25 * t);
    }
}

TEST("places in CSR are right beyond 2^32") {
    const int64_t start = 5 * billion + 3;
    hbp::HbpMatrix<double> m = one_block_at(start);
    m.block[0].first_column = 0;
    m.column = hbp::HugeArray<uint16_t>(8);
    std::fill_n(m.column.data(), 8, uint16_t{5});
    std::vector<int64_t> places;
    hbp::for_each_element(m, 0, [&](const hbp::Block<double>&, int64_t, int64_t, int64_t place) {
        places.push_back(place);
    });
    CHECK_EQUAL(places.size(), size_t{8});
    for (int64_t i = 0; i < 8; ++i) {
        CHECK_EQUAL(places[static_cast<size_t>(i)], start + i);
    }
}

TEST("a block's elements are found beyond 2^31") {
    const int64_t start = 2 * billion + 1001;
    hbp::HbpMatrix<double> m = one_block_at(start);
    try {
        // 4 GiB of addresses, of which one page is touched.
        m.column = hbp::HugeArray<uint16_t>(static_cast<size_t>(start) + 8);
    } catch (const std::bad_alloc&) {
        std::printf("        not run: no 4 GiB of address space\n");
        return;
    }
    for (int64_t i = 0; i < 8; ++i) {
        m.column.data()[start + i] = static_cast<uint16_t>(2 * i);
    }
    std::vector<double> x(16), y(8);
    std::iota(x.begin(), x.end(), 1.0);
    for (int n_threads : {1, 2}) {
        hbp::multiply(m, x.data(), y.data(), 1, 1.0, 0.0, n_threads);
        for (int64_t i = 0; i < 8; ++i) {
            CHECK_EQUAL(y[static_cast<size_t>(i)], 3.0 * static_cast<double>(2 * i + 1));
        }
    }
}
