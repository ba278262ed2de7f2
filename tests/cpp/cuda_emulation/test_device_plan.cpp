// The plan for the device: every element in one piece, every piece in one task.
#include <cmath>
#include <limits>
#include <map>

#include "check.h"
#include "device_plan.h"
#include "samples.h"

using hbp::HbpMatrix;
using hbp::Run;
using hbp::RunKind;
using hbp::cuda::BFloat16;
using hbp::cuda::DevicePlan;
using hbp::cuda::Float16;
using hbp::cuda::Piece;
using hbp::cuda::Task;
using samples::Csr;

namespace {

constexpr hbp::Geometry geometry{64, 128, 32};

template <class F>
void for_each_plan(F&& f) {
    for (const Csr& a : samples::all()) {
        const HbpMatrix<double> m = samples::build(a, geometry);
        for (const int64_t part_cost : {int64_t{500}, int64_t{20'000}, int64_t{1} << 60}) {
            f(m, hbp::cuda::device_plan(m, {part_cost, 0, 8}), part_cost);
        }
    }
}

int64_t n_elements(const HbpMatrix<double>& m, const Piece& p) {
    const uint32_t* length = m.slot_length.data() + p.length;
    int64_t n = 0;
    switch (static_cast<RunKind>(p.run.kind)) {
        case RunKind::full:
        case RunKind::shifted:
            return int64_t{p.run.n} * 32 * p.run.height * p.run.length;
        case RunKind::ragged:
            n = int64_t{p.run.n} * p.run.length;
            break;
        case RunKind::along:
        case RunKind::windowed:
        case RunKind::along_windowed:
            break;
    }
    for (uint32_t i = 0; i < p.run.n; ++i) {
        n += int64_t{length[i]} * p.run.height;
    }
    return n;
}

}  // namespace

TEST("the pieces of a block have its elements one after the other") {
    for_each_plan([](const HbpMatrix<double>& m, const DevicePlan& plan, int64_t) {
        CHECK_EQUAL(plan.block.size(), m.block.size());
        int64_t next_piece = 0;
        for (size_t b = 0; b < plan.block.size(); ++b) {
            CHECK_EQUAL(plan.block[b].first_piece, next_piece);
            int64_t element = 0;
            for (uint32_t i = 0; i < plan.block[b].n_pieces; ++i) {
                const Piece& p = plan.piece[static_cast<size_t>(next_piece++)];
                if (p.encoding == hbp::Encoding::raw) {
                    CHECK_EQUAL(p.value, m.block[b].first_value + element);
                }
                element += n_elements(m, p);
            }
            CHECK_EQUAL(element, m.block[b].n_elements);
        }
        CHECK_EQUAL(static_cast<size_t>(next_piece), plan.piece.size());
    });
}

TEST("every row block is one task, or its pieces are in parts once each") {
    for_each_plan([](const HbpMatrix<double>& m, const DevicePlan& plan, int64_t) {
        std::map<int64_t, uint32_t> tasks_of;              // row block -> tasks seen
        std::map<int64_t, int64_t> pieces_of;              // row block -> pieces of its parts
        std::map<std::pair<int64_t, uint32_t>, int> seen;  // block, piece
        for (const Task& t : plan.task) {
            ++tasks_of[t.row_block];
            for (uint32_t i = 0; t.n_parts > 1 && i < t.n_pieces; ++i) {
                CHECK_EQUAL((++seen[{t.block, t.first_piece + i}]), 1);
                CHECK_EQUAL(int64_t{m.block[static_cast<size_t>(t.block)].row_block}, t.row_block);
                ++pieces_of[t.row_block];
            }
        }
        CHECK_EQUAL(static_cast<int64_t>(tasks_of.size()), m.n_row_blocks());
        for (const Task& t : plan.task) {
            CHECK_EQUAL(tasks_of[t.row_block], t.n_parts);
            if (t.n_parts > 1) {
                int64_t pieces = 0;
                const size_t rb = static_cast<size_t>(t.row_block);
                for (int64_t b = m.block_ptr[rb]; b < m.block_ptr[rb + 1]; ++b) {
                    pieces += plan.block[static_cast<size_t>(b)].n_pieces;
                }
                CHECK_EQUAL(pieces_of[t.row_block], pieces);
                CHECK(t.arrivals < plan.n_split);
            }
        }
    });
}

TEST("only rows that a block has get partial results") {
    bool any = false;
    for_each_plan([&](const HbpMatrix<double>& m, const DevicePlan& plan, int64_t) {
        std::map<int64_t, bool> is_split;
        for (const Task& t : plan.task) {
            is_split[t.row_block] = t.n_parts > 1;
        }
        int64_t expected = 0;
        for (const auto& b : m.block) {
            if (!is_split[b.row_block]) {
                continue;
            }
            any = true;
            const Run* run = m.run.data() + b.first_run;
            for (uint32_t r = 0; r < b.n_runs; ++r) {
                const bool grouped = static_cast<RunKind>(run[r].kind) == RunKind::full ||
                                     static_cast<RunKind>(run[r].kind) == RunKind::shifted;
                expected += int64_t{run[r].n} * run[r].height * (grouped ? 32 : 1);
            }
        }
        CHECK_EQUAL(plan.n_partials, expected);
    });
    CHECK(any);
}

TEST("a matrix without much work in one row block is not split") {
    for_each_plan([](const HbpMatrix<double>&, const DevicePlan& plan, int64_t part_cost) {
        if (part_cost == int64_t{1} << 60) {
            CHECK_EQUAL(plan.n_split, 0u);
            CHECK_EQUAL(plan.n_partials, 0);
        }
    });
}

TEST("a plan for the device has groups of 32 lanes") {
    const HbpMatrix<double> m = samples::build(samples::all()[6], {512, 4096, 8});
    try {
        hbp::cuda::device_plan(m, {1000, 0, 8});
    } catch (const std::invalid_argument& error) {
        CHECK_EQUAL(std::string(error.what()),
                    "the plan has groups of 8 lanes, expected 32 for CUDA");
        return;
    }
    CHECK(false);
}

namespace {

// The bits of a value by its definition.
double float16_value(uint16_t bits) {
    const int exponent = bits >> 10 & 31;
    const double fraction = bits & 1023;
    const double size = exponent == 31  ? (fraction == 0 ? std::numeric_limits<double>::infinity()
                                                         : std::numeric_limits<double>::quiet_NaN())
                        : exponent == 0 ? std::ldexp(fraction, -24)
                                        : std::ldexp(1024 + fraction, exponent - 25);
    return (bits & 0x8000) != 0 ? -size : size;
}

}  // namespace

TEST("all float16 values are decoded and stored exactly") {
    std::vector<double> finite;
    for (uint32_t bits = 0; bits < 65'536; ++bits) {
        const double expected = float16_value(static_cast<uint16_t>(bits));
        const float found = hbp::cuda::decode<float>(Float16{static_cast<uint16_t>(bits)});
        if (std::isnan(expected) ? !std::isnan(found) : found != expected) {
            check::fail(__FILE__, __LINE__, "bits ", bits, " are decoded as ", found);
        }
        CHECK_EQUAL(std::signbit(found), (bits & 0x8000) != 0);
        if (std::isfinite(expected)) {
            finite.push_back(expected);
        }
    }
    Csr a{"all float16 values", 1, static_cast<int64_t>(finite.size()), {0}, {}, finite};
    for (int64_t j = 0; j < a.n_cols; ++j) {
        a.indices.push_back(j);
    }
    a.indptr.push_back(a.n_cols);
    const std::vector<float> data(finite.begin(), finite.end());
    const HbpMatrix<float> m =
        hbp::build<int64_t, float>({1, a.n_cols, a.indptr.data(), a.indices.data(), data.data()},
                                   a.nnz(), {1, 65'536, 32}, 1, [] { return false; });
    const std::vector<Float16> stored = hbp::cuda::narrow_values<Float16>(m);
    CHECK_EQUAL(stored.size(), finite.size());
    for (size_t k = 0; k < stored.size(); ++k) {
        CHECK_EQUAL(hbp::cuda::decode<float>(stored[k]), data[k]);
        CHECK_EQUAL(std::signbit(hbp::cuda::decode<float>(stored[k])), std::signbit(data[k]));
    }
}

TEST("a value that 16 bits do not hold is refused") {
    for (const float value : {0.1f, 65'536.0f, 0x1p-25f, 1e30f}) {
        const std::vector<int64_t> indptr{0, 10}, indices{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
        const std::vector<float> data{1, 2, 3, 4, 5, 6, 7, 8, 9, value};
        const HbpMatrix<float> m =
            hbp::build<int64_t, float>({1, 10, indptr.data(), indices.data(), data.data()}, 10,
                                       {1, 16, 32}, 1, [] { return false; });
        bool refused = false;
        try {
            hbp::cuda::narrow_values<Float16>(m);
        } catch (const std::invalid_argument&) {
            refused = true;
        }
        CHECK(refused);
    }
}
