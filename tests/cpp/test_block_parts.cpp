// Parts of row blocks: together they are the row block.
#include "block_parts.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "check.h"
#include "row_pieces.h"
#include "samples.h"

using hbp::BlockPart;
using hbp::BlockParts;
using hbp::HbpMatrix;
using hbp::HbpView;
using hbp::RowPiece;

namespace {

// Where some elements of a row lie: row, whether it is long, number, value and column with strides.
using Place =
    std::tuple<uint32_t, bool, int64_t, int64_t, int64_t, int64_t, int64_t, uint32_t, bool>;

template <class Index>
void append_rows(std::vector<Place>& out, const HbpView<double>& v, const hbp::Run* run,
                 uint32_t n_runs, const BlockPart& at) {
    const hbp::Block<double>& b = v.block[v.block_ptr[at.row_block]];
    hbp::for_each_row<Index>(
        run, n_runs, static_cast<uint32_t>(v.lanes), v.slot_row + b.first_slot + at.slot,
        v.slot_length + b.first_length + at.length,
        [&](uint32_t row, const RowPiece& common, const RowPiece& tail, bool is_long) {
            for (const RowPiece& p : {common, tail}) {
                out.emplace_back(row, is_long, p.n, p.n > 0 ? at.value + p.value : 0,
                                 p.value_stride, p.n > 0 ? at.column + p.column : 0,
                                 p.column_stride, p.column_add, p.windowed);
            }
        });
}

void append_rows(std::vector<Place>& out, const HbpView<double>& v, const hbp::Run* run,
                 uint32_t n_runs, const BlockPart& at) {
    hbp::is_wide(v.block_cols) ? append_rows<uint32_t>(out, v, run, n_runs, at)
                               : append_rows<uint16_t>(out, v, run, n_runs, at);
}

}  // namespace

TEST("the parts of a row block have its rows, in its order, or are the row block as a whole") {
    samples::for_each([](const samples::Csr&, const HbpMatrix<double>& m, const std::string& what) {
        const HbpView<double> v = m.view();
        for (int64_t enough : {1, 50, 1000, 1'000'000}) {
            const BlockParts parts = hbp::cut_into_parts(v, enough);
            CHECK_EQUAL(static_cast<int64_t>(parts.ptr.size()), v.n_row_blocks + 1);
            CHECK_EQUAL(parts.ptr.back(), static_cast<int64_t>(parts.part.size()));
            for (int64_t rb = 0; rb < v.n_row_blocks; ++rb) {
                const auto first = parts.part.begin() + parts.ptr[static_cast<size_t>(rb)];
                const auto end = parts.part.begin() + parts.ptr[static_cast<size_t>(rb) + 1];
                CHECK(first < end);
                if (v.block_ptr[rb + 1] - v.block_ptr[rb] != 1) {
                    CHECK_EQUAL(end - first, 1);
                    CHECK_EQUAL(first->row_block, rb);
                    CHECK_EQUAL(first->n_runs, 0u);
                    continue;
                }
                const hbp::Block<double>& b = v.block[v.block_ptr[rb]];
                std::vector<Place> whole, pieced;
                append_rows(whole, v, v.run + b.first_run, b.n_runs, {rb, 0, 0, 0, 0, 0, 0});
                for (auto p = first; p < end; ++p) {
                    CHECK_EQUAL(p->row_block, rb);
                    CHECK(p->n_runs > 0);
                    append_rows(pieced, v, parts.run.data() + p->first_run, p->n_runs, *p);
                }
                if (whole != pieced) {
                    check::fail(__FILE__, __LINE__, what, "parts of ", enough,
                                " elements differ from row block ", rb);
                }
            }
        }
    });
}

TEST("parts have about as many elements as they should") {
    const samples::Csr a = samples::spread("equal lengths", 40'000, 300, [](int64_t) { return 7; });
    const HbpMatrix<double> m = samples::build(a, {65'536, 65'536, 8});
    const int64_t group = 7 * 8;
    const BlockParts parts = hbp::cut_into_parts(m.view(), 1000);
    for (const BlockPart& p : parts.part) {
        int64_t elements = 0;
        for (uint32_t r = 0; r < p.n_runs; ++r) {
            const hbp::Run& run = parts.run[static_cast<size_t>(p.first_run) + r];
            elements += int64_t{run.n} * run.length *
                        (static_cast<hbp::RunKind>(run.kind) == hbp::RunKind::ragged ? 1 : 8);
        }
        CHECK(elements < 1000 + group);
    }
    CHECK(parts.part.size() >= 40'000 * 7 / (1000 + group));
}

TEST("matrices of many row blocks are not cut") {
    const samples::Csr a = samples::spread("short rows", 4000, 300, [](int64_t) { return 3; });
    const HbpMatrix<double> m = samples::build(a, {100, 65'536, 8});
    CHECK(m.n_row_blocks() > hbp::tuning::max_cut_row_blocks);
    CHECK(m.parts.part.empty());
}
