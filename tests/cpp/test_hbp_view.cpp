// The invariants of hbp_view.h, each by its own words.
#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "check.h"
#include "row_hash.h"
#include "samples.h"

using hbp::Block;
using hbp::HbpMatrix;
using hbp::HbpView;
using hbp::Run;
using hbp::RunKind;
using samples::Entry;

namespace {

// A block taken apart by the letter of hbp_view.h: the rows and the entries of its slots.
struct Slot {
    int64_t row;
    std::vector<Entry> entries;
};

std::vector<Slot> slots(const HbpView<double>& v, const Block<double>& b, bool decode = true) {
    std::vector<Slot> out;
    const int64_t first_row = v.row_block_ptr[b.row_block];
    const int64_t first_col = static_cast<int64_t>(b.col_block) * v.block_cols;
    for (uint32_t s = 0; s < b.n_slots; ++s) {
        out.push_back({first_row + v.slot_row[b.first_slot + s], {}});
    }
    if (!decode) {
        return out;
    }
    int64_t at = b.first_element;
    const auto take = [&](size_t slot) {
        const double value = b.encoding == hbp::Encoding::constant ? b.constant : v.value[at];
        out.at(slot).entries.push_back({first_col + v.column[at], value});
        ++at;
    };
    size_t slot = 0;
    const uint32_t* length = v.slot_length + b.first_length;
    for (const Run* run = v.run + b.first_run; run != v.run + b.first_run + b.n_runs; ++run) {
        const uint32_t lanes = static_cast<uint32_t>(v.lanes);
        switch (static_cast<RunKind>(run->kind)) {
            case RunKind::full:
                for (uint32_t g = 0; g < run->n; ++g, slot += lanes) {
                    for (uint32_t k = 0; k < run->length; ++k) {
                        for (uint32_t i = 0; i < lanes; ++i) {
                            take(slot + i);
                        }
                    }
                }
                break;
            case RunKind::ragged:
                for (uint32_t k = 0; k < run->length; ++k) {
                    for (uint32_t i = 0; i < run->n; ++i) {
                        take(slot + i);
                    }
                }
                for (uint32_t i = 0; i < run->n; ++i, ++slot) {
                    for (uint32_t k = 0; k < *length; ++k) {
                        take(slot);
                    }
                    ++length;
                }
                break;
            case RunKind::along:
                for (uint32_t i = 0; i < run->n; ++i, ++slot) {
                    for (uint32_t k = 0; k < *length; ++k) {
                        take(slot);
                    }
                    ++length;
                }
                break;
        }
    }
    if (slot != b.n_slots || at != b.first_element + b.n_elements) {
        throw check::Failure("runs cover " + std::to_string(slot) + " slots and " +
                             std::to_string(at - b.first_element) + " elements, the block has " +
                             std::to_string(b.n_slots) + " and " + std::to_string(b.n_elements));
    }
    return out;
}

// f(view, block) for every block of every sample in every geometry; failures name both.
template <class F>
void for_each_block(F&& f) {
    samples::for_each(
        [&](const samples::Csr& a, const HbpMatrix<double>& m, const std::string& what) {
            const HbpView<double> v = m.view();
            for (int64_t b = 0; b < v.n_blocks; ++b) {
                try {
                    f(a, v, v.block[b]);
                } catch (const std::exception& error) {
                    throw check::Failure(what + error.what());
                }
            }
        });
}

}  // namespace

TEST("Every block holds at least one entry.") {
    for_each_block([](const auto&, const HbpView<double>&, const Block<double>& b) {
        CHECK(b.n_elements >= 1);
        CHECK(b.n_slots >= 1);
        CHECK(b.n_runs >= 1);
    });
}

TEST("Every slot holds at least one entry.") {
    for_each_block([](const auto&, const HbpView<double>& v, const Block<double>& b) {
        for (const Slot& slot : slots(v, b)) {
            CHECK(!slot.entries.empty());
        }
    });
}

TEST("Blocks are ordered by row block, then by column block.") {
    samples::for_each([](const samples::Csr&, const HbpMatrix<double>& m, const std::string&) {
        const HbpView<double> v = m.view();
        for (int64_t b = 1; b < v.n_blocks; ++b) {
            CHECK(std::pair(v.block[b - 1].row_block, v.block[b - 1].col_block) <
                  std::pair(v.block[b].row_block, v.block[b].col_block));
        }
        CHECK_EQUAL(v.block_ptr[0], 0);
        CHECK_EQUAL(v.block_ptr[v.n_row_blocks], v.n_blocks);
        for (int64_t rb = 0; rb < v.n_row_blocks; ++rb) {
            for (int64_t b = v.block_ptr[rb]; b < v.block_ptr[rb + 1]; ++b) {
                CHECK_EQUAL(v.block[b].row_block, rb);
            }
        }
    });
}

TEST("Slots of a block are distinct rows.") {
    for_each_block([](const auto&, const HbpView<double>& v, const Block<double>& b) {
        std::set<int64_t> rows;
        for (const Slot& slot : slots(v, b, false)) {
            CHECK(rows.insert(slot.row).second);
            CHECK(slot.row < v.row_block_ptr[b.row_block + 1]);
        }
    });
}

TEST("Slots are ordered by class, then by row.") {
    for_each_block([](const auto&, const HbpView<double>& v, const Block<double>& b) {
        std::pair<uint32_t, int64_t> before{0, -1};
        for (const Slot& slot : slots(v, b)) {
            const uint32_t n = static_cast<uint32_t>(slot.entries.size());
            const std::pair<uint32_t, int64_t> here{hbp::row_class(n), slot.row};
            CHECK(before < here);
            before = here;
        }
    });
}

TEST("The lengths of all slots add up to the entries of the block.") {
    for_each_block([](const auto&, const HbpView<double>& v, const Block<double>& b) {
        int64_t total = 0;
        for (const Slot& slot : slots(v, b)) {
            total += static_cast<int64_t>(slot.entries.size());
        }
        CHECK_EQUAL(total, b.n_elements);
    });
}

TEST("Elements of a row keep the order they had in CSR.") {
    for_each_block([](const samples::Csr& a, const HbpView<double>& v, const Block<double>& b) {
        for (const Slot& slot : slots(v, b)) {
            std::vector<Entry> expected;
            for (int64_t k = a.indptr[slot.row]; k < a.indptr[slot.row + 1]; ++k) {
                if (a.indices[k] / v.block_cols == b.col_block) {
                    expected.push_back({a.indices[k], a.data[k]});
                }
            }
            CHECK(slot.entries == expected);
        }
    });
}

TEST("All entries of the matrix are in its blocks.") {
    samples::for_each(
        [](const samples::Csr& a, const HbpMatrix<double>& m, const std::string& what) {
            const HbpView<double> v = m.view();
            int64_t total = 0;
            for (int64_t b = 0; b < v.n_blocks; ++b) {
                total += v.block[b].n_elements;
            }
            if (total != a.nnz() || v.nnz != a.nnz()) {
                check::fail(__FILE__, __LINE__, what, total, " of ", a.nnz(), " entries");
            }
        });
}

TEST("Row blocks cover all rows, in order, none with more than block_rows.") {
    samples::for_each([](const samples::Csr& a, const HbpMatrix<double>& m, const std::string&) {
        const HbpView<double> v = m.view();
        CHECK_EQUAL(v.row_block_ptr[0], 0);
        CHECK_EQUAL(v.row_block_ptr[v.n_row_blocks], a.n_rows);
        for (int64_t rb = 0; rb < v.n_row_blocks; ++rb) {
            const int64_t rows = v.row_block_ptr[rb + 1] - v.row_block_ptr[rb];
            CHECK(rows >= 1);
            CHECK(rows <= m.geometry.block_rows);
        }
    });
}

TEST("A block of one value stores it once.") {
    for_each_block([](const samples::Csr& a, const HbpView<double>& v, const Block<double>& b) {
        if (a.name == "constant values") {
            CHECK(b.encoding == hbp::Encoding::constant);
            CHECK_EQUAL(b.constant, 0.1);
            CHECK(v.value == nullptr);
        }
    });
}

TEST("The form does not depend on the number of threads or the index type.") {
    for (const samples::Csr& a : samples::all()) {
        for (const hbp::Geometry& g : samples::geometries()) {
            const HbpMatrix<double> one = samples::build(a, g, 1);
            for (const HbpMatrix<double>& other :
                 {samples::build(a, g, 3), samples::build<int32_t>(a, g, 2)}) {
                CHECK(one.row_block_ptr == other.row_block_ptr);
                CHECK(one.block_ptr == other.block_ptr);
                CHECK(one.slot_row == other.slot_row);
                CHECK(one.slot_length == other.slot_length);
                CHECK(std::equal(one.column.data(), one.column.data() + one.column.size(),
                                 other.column.data()));
            }
        }
    }
}
