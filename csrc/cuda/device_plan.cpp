#include "device_plan.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "../scalar.h"
#include "../tuning.h"

namespace hbp::cuda {
namespace {

// Places of `size` bytes that a block's values take.
int64_t places(Encoding encoding, int64_t n_elements, int64_t size) {
    return encoding == Encoding::raw   ? n_elements
           : encoding == Encoding::few ? (n_elements + size - 1) / size
                                       : 0;
}

// Where each block's values begin in a stream of values of `size` bytes, in such values.
template <class T>
std::vector<int64_t> first_values(const HbpMatrix<T>& m, int64_t size) {
    std::vector<int64_t> first;
    first.reserve(m.block.size());
    int64_t next = 0;
    for (const Block<T>& b : m.block) {
        first.push_back(size == sizeof(T) ? b.first_value : next);
        next += places(b.encoding, b.n_elements, size);
    }
    return first;
}

int64_t piece_cost(int64_t n_elements, int64_t n_slots) {
    return tuning::cost_per_element * n_elements + tuning::cost_per_slot * n_slots;
}

// Cuts the runs of one block into pieces.
class PieceCutter {
  public:
    PieceCutter(std::vector<Piece>& piece, std::vector<int64_t>& cost)
        : piece_(piece), cost_(cost) {}

    // `at` is the place of the block's first element. Returns the rows of its slots.
    int64_t cut(const Run* run, uint32_t n_runs, const uint32_t* slot_length, Piece at) {
        at_ = at;
        rows_ = 0;
        for (const Run* end = run + n_runs; run != end; ++run) {
            switch (static_cast<RunKind>(run->kind)) {
                case RunKind::full:
                case RunKind::shifted:
                    groups(*run);
                    break;
                case RunKind::ragged: {
                    int64_t n = int64_t{run->length} * run->n;
                    n = std::accumulate(slot_length, slot_length + run->n, n);
                    put(*run, run->n, run->n, n, n);
                    at_.length += run->n;
                    slot_length += run->n;
                    break;
                }
                case RunKind::along:
                    slot_length = along(*run, slot_length);
                    break;
                case RunKind::windowed:  // never: there are no windows with 32 lanes
                case RunKind::along_windowed:
                    break;
            }
        }
        return rows_;
    }

    // The end of the block's columns, in the column stream.
    int64_t end_column() const { return at_.column; }

  private:
    void groups(const Run& run) {
        const bool shifted = static_cast<RunKind>(run.kind) == RunKind::shifted;
        const int64_t columns = int64_t{run.length} * (shifted ? 1 : warp_size);
        const int64_t elements = int64_t{run.length} * warp_size * run.height;
        const uint32_t at_once =
            static_cast<uint32_t>(std::max<int64_t>(piece_entries / elements, 1));
        for (uint32_t g = 0; g < run.n; g += at_once) {
            const uint32_t n = std::min(at_once, run.n - g);
            put(run, n, n * warp_size, n * elements, n * columns);
        }
    }

    const uint32_t* along(const Run& run, const uint32_t* slot_length) {
        for (uint32_t i = 0; i < run.n;) {
            int64_t columns = 0;
            uint32_t n = 0;
            while (i + n < run.n && columns * run.height < piece_entries) {
                columns += slot_length[n++];
            }
            put(run, n, n, columns * run.height, columns);
            at_.length += n;
            slot_length += n;
            i += n;
        }
        return slot_length;
    }

    // A piece of n groups or slots.
    void put(const Run& run, uint32_t n, uint32_t n_slots, int64_t n_elements, int64_t n_columns) {
        Piece p = at_;
        p.run = run;
        p.run.n = n & 0xffffffu;
        p.row = static_cast<uint16_t>(rows_);
        piece_.push_back(p);
        cost_.push_back(piece_cost(n_elements, n_slots));
        at_.value += n_elements;
        at_.column += n_columns;
        at_.slot += n_slots;
        rows_ += int64_t{n_slots} * run.height;
    }

    std::vector<Piece>& piece_;
    std::vector<int64_t>& cost_;
    Piece at_{};
    int64_t rows_ = 0;
};

// The columns that a block has, if copying them to shared memory pays.
template <class T>
void find_window(const HbpMatrix<T>& m, const Block<T>& b, int64_t n_columns, bool any_shifted,
                 uint32_t max_window, DeviceBlock& d) {
    if (max_window == 0 || b.n_elements < window_uses) {
        return;
    }
    const uint16_t* column = m.column.data() + b.first_column;
    const auto [least, most] = std::minmax_element(column, column + n_columns);
    // Of shifted groups the columns of their first slot are stored.
    const uint32_t n = uint32_t{*most} - *least + (any_shifted ? warp_size : 1);
    const int64_t left = m.n_cols - d.first_column - *least;
    const uint32_t within = static_cast<uint32_t>(std::min<int64_t>(n, left));
    if (within <= max_window && b.n_elements >= window_uses * within) {
        d.window_first = *least;
        d.window_n = within;
    }
}

class TaskList {
  public:
    TaskList(DevicePlan& plan, const std::vector<int64_t>& cost, int64_t part_cost)
        : plan_(plan), cost_(cost), part_cost_(part_cost) {}

    // The tasks of one row block of `rows` rows, blocks from first to end - 1.
    void add(int64_t row_block, int64_t rows, int64_t first, int64_t end,
             const std::vector<int64_t>& block_rows) {
        const size_t first_task = plan_.task.size();
        int64_t cost = rows;
        for (int64_t b = first; b < end; ++b) {
            cost += cost_of(block(b), 0, block(b).n_pieces);
        }
        if (cost > part_cost_) {
            for (int64_t b = first; b < end; ++b) {
                cut(row_block, b);
            }
        }
        const uint32_t n_parts = static_cast<uint32_t>(plan_.task.size() - first_task);
        if (n_parts < 2) {
            plan_.task.resize(first_task);
            task_cost_.resize(first_task);
            plan_.task.push_back({row_block, 0, 0, 0, 1, 0});
            task_cost_.push_back(cost);
            return;
        }
        for (size_t t = first_task; t < plan_.task.size(); ++t) {
            plan_.task[t].n_parts = n_parts;
            plan_.task[t].arrivals = plan_.n_split;
        }
        ++plan_.n_split;
        for (int64_t b = first; b < end; ++b) {
            plan_.block[static_cast<size_t>(b)].first_partial = plan_.n_partials;
            plan_.n_partials += block_rows[static_cast<size_t>(b)];
        }
    }

    // Heavy tasks first: a thread block that takes one late would keep all others waiting.
    void sort() {
        std::vector<size_t> order(plan_.task.size());
        std::iota(order.begin(), order.end(), size_t{0});
        std::stable_sort(order.begin(), order.end(),
                         [&](size_t a, size_t b) { return task_cost_[a] > task_cost_[b]; });
        std::vector<Task> sorted;
        sorted.reserve(order.size());
        for (const size_t t : order) {
            sorted.push_back(plan_.task[t]);
        }
        plan_.task.swap(sorted);
    }

  private:
    const DeviceBlock& block(int64_t b) const { return plan_.block[static_cast<size_t>(b)]; }

    int64_t cost_of(const DeviceBlock& b, uint32_t first, uint32_t n) const {
        const auto from = cost_.begin() + b.first_piece + first;
        return std::accumulate(from, from + n, int64_t{0});
    }

    void cut(int64_t row_block, int64_t bi) {
        const DeviceBlock& b = block(bi);
        for (uint32_t first = 0; first < b.n_pieces;) {
            uint32_t n = 0;
            int64_t cost = 0;
            while (first + n < b.n_pieces && cost < part_cost_) {
                cost += cost_of(b, first + n++, 1);
            }
            plan_.task.push_back({row_block, bi, first, n, 0, 0});
            task_cost_.push_back(cost);
            first += n;
        }
    }

    DevicePlan& plan_;
    const std::vector<int64_t>& cost_;  // of the pieces
    const int64_t part_cost_;
    std::vector<int64_t> task_cost_;
};

}  // namespace

template <class T>
DevicePlan device_plan(const HbpMatrix<T>& m, const DeviceLimits& limits) {
    if (is_wide(m.geometry.block_cols)) {
        throw std::invalid_argument("the plan has blocks of " +
                                    std::to_string(m.geometry.block_cols) +
                                    " columns, the device kernels need 65536 or fewer");
    }
    if (m.geometry.lanes != warp_size) {
        throw std::invalid_argument("the plan has groups of " + std::to_string(m.geometry.lanes) +
                                    " lanes, expected 32 for CUDA");
    }
    DevicePlan plan;
    std::vector<int64_t> cost;        // of the pieces
    std::vector<int64_t> block_rows;  // of the blocks' slots
    PieceCutter cutter(plan.piece, cost);
    const std::vector<int64_t> first_value = first_values(m, limits.stored_size);
    for (size_t i = 0; i < m.block.size(); ++i) {
        const Block<T>& b = m.block[i];
        const Run* const run = m.run.data() + b.first_run;
        DeviceBlock d{};
        d.first_piece = static_cast<int64_t>(plan.piece.size());
        d.first_column = static_cast<int64_t>(b.col_block) * m.geometry.block_cols;
        Piece at{};
        at.value =
            b.encoding == Encoding::few ? first_value[i] * limits.stored_size : first_value[i];
        at.column = b.first_column;
        at.slot = b.first_slot;
        at.length = b.first_length;
        at.encoding = b.encoding;
        block_rows.push_back(cutter.cut(run, b.n_runs, m.slot_length.data() + b.first_length, at));
        const int64_t n_pieces = static_cast<int64_t>(plan.piece.size()) - d.first_piece;
        d.n_pieces = static_cast<uint32_t>(n_pieces);
        const bool any_shifted = std::any_of(run, run + b.n_runs, [](const Run& r) {
            return static_cast<RunKind>(r.kind) == RunKind::shifted;
        });
        find_window(m, b, cutter.end_column() - b.first_column, any_shifted, limits.max_window, d);
        plan.max_window = std::max(plan.max_window, d.window_n);
        plan.block.push_back(d);
    }
    TaskList tasks(plan, cost, limits.part_cost);
    for (size_t rb = 0; rb + 1 < m.row_block_ptr.size(); ++rb) {
        const int64_t rows = m.row_block_ptr[rb + 1] - m.row_block_ptr[rb];
        plan.max_rows = std::max(plan.max_rows, static_cast<uint32_t>(rows));
        tasks.add(static_cast<int64_t>(rb), rows, m.block_ptr[rb], m.block_ptr[rb + 1], block_rows);
    }
    tasks.sort();
    if (plan.task.size() > std::numeric_limits<uint32_t>::max() / 2) {
        throw std::invalid_argument("the matrix has more than 2^31 tasks in this geometry");
    }
    return plan;
}

namespace {

template <class Stored>
Stored narrow(float value) {
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    Stored stored;
    if constexpr (std::is_same_v<Stored, BFloat16>) {
        stored.bits = static_cast<uint16_t>(bits >> 16);
    } else {
        const uint32_t sign = bits >> 16 & 0x8000u;
        const uint32_t exponent = bits >> 23 & 0xffu;
        const uint32_t fraction = bits >> 13 & 0x3ffu;
        const uint32_t rest = exponent == 0xff  ? 0x7c00u | fraction
                              : exponent < 113  ? static_cast<uint32_t>(static_cast<int32_t>(
                                                      value * (value < 0 ? -0x1p24f : 0x1p24f)))
                              : exponent <= 142 ? (exponent - 112) << 10 | fraction
                                                : 0;
        stored.bits = static_cast<uint16_t>(sign | rest);
    }
    if (std::bit_cast<uint32_t>(decode<float>(stored)) != bits) {
        throw std::invalid_argument("the value " + std::to_string(value) +
                                    " does not fit its 16-bit type exactly");
    }
    return stored;
}

}  // namespace

template <class Stored>
std::vector<Stored> narrow_values(const HbpMatrix<float>& m) {
    const std::vector<int64_t> first = first_values(m, sizeof(Stored));
    std::vector<Stored> narrowed;
    for (size_t i = 0; i < m.block.size(); ++i) {
        const Block<float>& b = m.block[i];
        const float* from = m.value.data() + b.first_value;
        narrowed.resize(
            static_cast<size_t>(first[i] + places(b.encoding, b.n_elements, sizeof(Stored))));
        Stored* to = narrowed.data() + first[i];
        if (b.encoding == Encoding::raw) {
            std::transform(from, from + b.n_elements, to, narrow<Stored>);
        } else if (b.encoding == Encoding::few) {
            std::memcpy(static_cast<void*>(to), from, static_cast<size_t>(b.n_elements));
        }
    }
    return narrowed;
}

template DevicePlan device_plan(const HbpMatrix<float>&, const DeviceLimits&);
template DevicePlan device_plan(const HbpMatrix<double>&, const DeviceLimits&);
template DevicePlan device_plan(const HbpMatrix<Complex<float>>&, const DeviceLimits&);
template DevicePlan device_plan(const HbpMatrix<Complex<double>>&, const DeviceLimits&);
template std::vector<Float16> narrow_values(const HbpMatrix<float>&);
template std::vector<BFloat16> narrow_values(const HbpMatrix<float>&);

}  // namespace hbp::cuda
