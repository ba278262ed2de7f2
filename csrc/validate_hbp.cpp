#include "validate_hbp.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "element_walk.h"
#include "row_hash.h"
#include "scalar.h"
#include "tuning.h"

namespace hbp {
namespace {

[[noreturn]] void refuse(std::string_view what, int64_t is, const std::string& expected) {
    throw InvalidHbp(std::string(what) + " is " + std::to_string(is) + ", expected " + expected);
}

// low <= n <= high
void require_range(std::string_view what, int64_t n, int64_t low, int64_t high) {
    if (n < low || n > high) {
        refuse(what, n, std::to_string(low) + " to " + std::to_string(high));
    }
}

void require_equal(std::string_view what, int64_t n, int64_t expected) {
    if (n != expected) {
        refuse(what, n, std::to_string(expected));
    }
}

// ptr[n + 1] runs from 0 to `last` in steps of least .. most.
void require_ptr(const std::string& what, const std::vector<int64_t>& ptr, int64_t n, int64_t last,
                 int64_t least, int64_t most) {
    require_equal("the length of " + what, static_cast<int64_t>(ptr.size()), n + 1);
    require_equal(what + "[0]", ptr[0], 0);
    for (size_t i = 1; i < ptr.size(); ++i) {
        const int64_t before = ptr[i - 1];
        if (ptr[i] < before || ptr[i] - before < least || ptr[i] - before > most) {
            refuse(what + "[" + std::to_string(i) + "]", ptr[i],
                   std::to_string(least) + " to " + std::to_string(most) + " more than " +
                       std::to_string(before));
        }
    }
    require_equal("the last of " + what, ptr.back(), last);
}

// One place in each of the arrays that blocks share; blocks follow each other without gaps.
struct Place {
    int64_t element = 0, value = 0, column = 0, slot = 0, run = 0, length = 0, power = 0;
};

template <class T>
class Validation {
  public:
    explicit Validation(const HbpMatrix<T>& m) : m_(m) {}

    void run() {
        sizes();
        const int64_t n_blocks = static_cast<int64_t>(m_.block.size());
        require_range("the number of row blocks", m_.n_row_blocks(), 0, INT32_MAX);
        require_ptr("row_block_ptr", m_.row_block_ptr, m_.n_row_blocks(), m_.n_rows, 1,
                    m_.geometry.block_rows);
        require_ptr("block_ptr", m_.block_ptr, m_.n_row_blocks(), n_blocks, 0, m_.n_col_blocks);
        require_ptr("cost_ptr", m_.cost_ptr, m_.n_row_blocks(),
                    m_.cost_ptr.empty() ? 0 : m_.cost_ptr.back(), 0, INT64_MAX);
        for (int64_t rb = 0; rb < m_.n_row_blocks(); ++rb) {
            int64_t col_block = -1;
            for (int64_t b = at(m_.block_ptr, rb); b < at(m_.block_ptr, rb + 1); ++b) {
                try {
                    block(at(m_.block, b), rb, col_block);
                } catch (const InvalidHbp& error) {
                    throw InvalidHbp("block " + std::to_string(b) + ": " + error.what());
                }
                col_block = at(m_.block, b).col_block;
            }
        }
        require_equal("the number of elements of all blocks", place_.element, m_.nnz);
        // New values for an old structure keep the room of its entries.
        if (size_of(m_.value) != m_.nnz) {
            require_equal("the number of values stored", size_of(m_.value), place_.value);
        }
        require_equal("the length of column", size_of(m_.column),
                      place_.column * (is_wide(m_.geometry.block_cols) ? 2 : 1));
        require_equal("the number of slots", size_of(m_.slot_row), place_.slot);
        require_equal("the number of runs", size_of(m_.run), place_.run);
        require_equal("the number of slot lengths", size_of(m_.slot_length), place_.length);
        require_equal("the number of powers", size_of(m_.power), place_.power);
        scrambled();
    }

  private:
    template <class V>
    static decltype(auto) at(const V& v, int64_t i) {
        return v[static_cast<size_t>(i)];
    }
    template <class V>
    static int64_t size_of(const V& v) {
        return static_cast<int64_t>(v.size());
    }

    void sizes() {
        const Geometry& g = m_.geometry;
        require_range("block_rows", g.block_rows, 1, tuning::max_block_side);
        require_range("block_cols", g.block_cols, 1, INT32_MAX);
        if (g.lanes != 8 && g.lanes != 16 && g.lanes != 32) {
            refuse("lanes", g.lanes, "8, 16 or 32");
        }
        // Room for every sum below, and for sizes in bytes.
        constexpr int64_t most = int64_t{1} << 56;
        require_range("the number of rows", m_.n_rows, 0, most);
        require_range("the number of columns", m_.n_cols, 0, most);
        require_range("the number of entries", m_.nnz, 0, m_.index_is_64_bit ? most : INT32_MAX);
        if (!m_.index_is_64_bit) {
            require_range("the number of columns, with 32-bit indices", m_.n_cols, 0,
                          int64_t{INT32_MAX} + 1);
        }
        require_equal("the number of column blocks", m_.n_col_blocks,
                      (m_.n_cols + g.block_cols - 1) / g.block_cols);
        require_range("the length of row_block_ptr", size_of(m_.row_block_ptr), 1, most);
        if (!m_.table.empty()) {
            require_equal("the length of table", size_of(m_.table), size_of(m_.block) * few_values);
        }
    }

    void block(const Block<T>& b, int64_t rb, int64_t col_block_before) {
        require_equal("row_block", b.row_block, rb);
        require_range("col_block", b.col_block, col_block_before + 1, m_.n_col_blocks - 1);
        require_equal("first_element", b.first_element, place_.element);
        require_equal("first_column", b.first_column, place_.column);
        require_equal("first_slot", b.first_slot, place_.slot);
        require_equal("first_run", b.first_run, place_.run);
        require_equal("first_length", b.first_length, place_.length);
        require_equal("first_power", b.first_power, place_.power);
        require_range("n_elements", b.n_elements, 1, m_.nnz - place_.element);
        require_range("n_slots", b.n_slots, 1, size_of(m_.slot_row) - place_.slot);
        require_range("n_runs", b.n_runs, 1, size_of(m_.run) - place_.run);
        constexpr int64_t last_plain = static_cast<int64_t>(Encoding::few);
        require_range("encoding", static_cast<int64_t>(b.encoding), 0,
                      may_be_decimal<T>(m_.geometry) ? n_encodings - 1 : last_plain);
        values(b);
        n_rows_ = at(m_.row_block_ptr, rb + 1) - at(m_.row_block_ptr, rb);
        n_cols_left_ = m_.n_cols - int64_t{b.col_block} * m_.geometry.block_cols;
        n_cols_ = std::min<int64_t>(m_.geometry.block_cols, n_cols_left_);
        covered_.assign(static_cast<size_t>(n_rows_), false);
        order_before_ = -1;
        const int64_t end_element = place_.element + b.n_elements;
        const int64_t end_slot = place_.slot + b.n_slots;
        for (uint32_t r = 0; r < b.n_runs; ++r) {
            one_run(at(m_.run, place_.run), end_element, end_slot);
            ++place_.run;
        }
        require_equal("the number of elements of all runs", place_.element, end_element);
        require_equal("the number of slots of all runs", place_.slot, end_slot);
    }

    void values(const Block<T>& b) {
        require_range("first_value", b.first_value, place_.value,
                      size_of(m_.value) - value_places(b));
        place_.value = b.first_value + value_places(b);
        powers(b.encoding);
        if (b.encoding == Encoding::few) {
            require_equal("the length of table", size_of(m_.table), size_of(m_.block) * few_values);
            const uint8_t* code = reinterpret_cast<const uint8_t*>(m_.value.data() + b.first_value);
            for (int64_t k = 0; k < b.n_elements; ++k) {
                require_range("the code of a value", code[k], 0, few_values - 1);
            }
        }
    }

    // The kernels read code 0 past the end of a row, which must be 0.
    void powers(Encoding encoding) {
        const int64_t first = place_.power;
        place_.power += n_block_powers(encoding);
        require_range("the powers of a block", place_.power, 0, size_of(m_.power));
        if constexpr (std::is_same_v<T, double>) {
            for (int64_t i = first; i < place_.power; ++i) {
                const double power = at(m_.power, i);
                const bool is_high = i - first < n_block_powers(encoding) / 2;
                if (!std::isfinite(power) || (is_high && std::signbit(power))) {
                    throw InvalidHbp("power[" + std::to_string(i) + "] is " +
                                     std::to_string(power) + ", which is no power of ten");
                }
            }
        }
    }

    void one_run(const Run& run, int64_t end_element, int64_t end_slot) {
        const int64_t lanes = m_.geometry.lanes;
        const int64_t n = run.n;
        const int64_t length = run.length;
        const int64_t height = run.height;
        const RunKind last_kind =
            may_have_windows<T>(lanes) ? RunKind::along_windowed : RunKind::along;
        require_range("the kind of a run", run.kind, 0, static_cast<int64_t>(last_kind));
        const RunKind kind = static_cast<RunKind>(run.kind);
        const bool windowed = kind == RunKind::windowed;
        const bool groups = kind == RunKind::full || kind == RunKind::shifted || windowed;
        const bool tiles = kind == RunKind::full || kind == RunKind::along;
        require_range("the height of a run", height, 1, tiles ? max_height : 1);
        require_range("the n of a run", n, 1, kind == RunKind::ragged ? lanes : UINT32_MAX);
        if (kind == RunKind::along_windowed) {
            along_windowed(n, end_element, end_slot);
            return;
        }
        const int64_t slots = groups ? n * lanes : n;
        require_range("the slots of a run", slots, 1, end_slot - place_.slot);
        // Below 2^63: n has 24 bits, length 32, lanes 6 and height 3, of which 5 and 2 are zero.
        const int64_t common = groups                    ? n * lanes * height * length
                               : kind == RunKind::ragged ? n * length
                                                         : 0;
        require_range("the elements of a run", common, 0, end_element - place_.element);
        const int64_t lengths = groups ? 0 : n;
        require_range("the slot lengths of a run", lengths, 0,
                      size_of(m_.slot_length) - place_.length);

        int64_t elements = common;
        int64_t columns = kind == RunKind::shifted ? n * length
                          : windowed               ? n * length * window_places_of_pass()
                                                   : common / height;
        for (int64_t i = 0; i < lengths; ++i) {
            const int64_t own = at(m_.slot_length, place_.length + i);
            // Each term is below 2^35, and there are at most 2^24.
            elements += own * height;
            columns += own;
        }
        require_range("the elements of a run", elements, 0, end_element - place_.element);
        require_range("the columns of a run", columns, 0, m_.n_columns() - place_.column);

        for (int64_t i = 0; i < slots; ++i) {
            const int64_t own = groups ? 0 : at(m_.slot_length, place_.length + i);
            slot(at(m_.slot_row, place_.slot + i), height,
                 kind == RunKind::along ? own : length + own, kind);
        }
        if (windowed) {
            windows<n_windows>(place_.column, n * length, window_places_of_pass());
        } else {
            largest_column(place_.column, columns, kind == RunKind::shifted ? lanes - 1 : 0);
        }
        place_.element += elements;
        place_.column += columns;
        place_.slot += slots;
        place_.length += lengths;
    }

    int64_t window_places_of_pass() const {
        const int lanes = m_.geometry.lanes;
        return is_wide(m_.geometry.block_cols) ? window_places<uint32_t>(lanes)
                                               : window_places<uint16_t>(lanes);
    }

    // n columns from place `first` on, of which each stands for columns up to `more` behind it.
    void largest_column(int64_t first, int64_t n, int64_t more) const {
        uint32_t most = 0;
        const HbpView<T> view = m_.view();
        for (int64_t k = first; k < first + n; ++k) {
            most = std::max(most, column_at(view, k));
        }
        require_range("the largest column of a run", most + more, 0, n_cols_ - 1);
    }

    // Passes of n windows from place `first` on, every so many places.
    template <int n>
    void windows(int64_t first, int64_t n_passes, int64_t places) const {
        const auto check = [&](const auto* pass) {
            for (int64_t i = 0; i < n_passes; ++i, pass += places) {
                one_pass<n>(pass);
                using Index = std::decay_t<decltype(*pass)>;
                for (int64_t k = window_places<Index, n>(window_width<T>); k < places; ++k) {
                    require_equal("a place behind a pass", pass[k], 0);
                }
            }
        };
        if (is_wide(m_.geometry.block_cols)) {
            check(reinterpret_cast<const uint32_t*>(m_.column.data()) + first);
        } else {
            check(m_.column.data() + first);
        }
    }

    // A window may reach into the next column block. Groups and long rows have passes of as many
    // entries as a window.
    template <int n, class Index>
    void one_pass(const Index* pass) const {
        for (int w = 0; w < n; ++w) {
            require_range("the first column of a window", pass[w], 0,
                          n_cols_left_ - window_width<T>);
        }
        for (int i = 0; i < window_width<T>; ++i) {
            const uint8_t code = window_codes<n>(pass)[i];
            require_range("the code of a column", code, 0, n * window_width<T> - 1);
            require_range("the column of a code", window_column<T>(pass, code), 0, n_cols_ - 1);
        }
    }

    // n long rows with bits of the chunks that have windows.
    void along_windowed(int64_t n, int64_t end_element, int64_t end_slot) {
        constexpr int64_t chunk = WindowChunks::chunk;
        require_range("the slots of a run", n, 1, end_slot - place_.slot);
        for (int64_t i = 0; i < n; ++i) {
            const int64_t lengths_left = size_of(m_.slot_length) - place_.length;
            require_range("the slot lengths of a run", 1, 0, lengths_left);
            const int64_t own = at(m_.slot_length, place_.length);
            const int64_t words = WindowChunks::words(own);
            require_range("the elements of a run", own, 0, end_element - place_.element);
            require_range("the columns of a run", own, 0, m_.n_columns() - place_.column);
            require_range("the slot lengths of a run", 1 + words, 0, lengths_left);
            slot(at(m_.slot_row, place_.slot), 1, own, RunKind::along);
            const WindowChunks chunks(m_.slot_length.data() + place_.length + 1);
            for (int64_t c = 0; c < words * 32; ++c) {
                const int64_t first = place_.column + c * chunk;
                if (c >= own / chunk) {
                    require_equal("the bit of a chunk past the end", chunks.has(c), 0);
                } else if (chunks.has(c)) {
                    constexpr int64_t width = window_width<T>;
                    windows<n_along_windows<T>>(first, chunk / width, width);
                } else {
                    largest_column(first, chunk, 0);
                }
            }
            largest_column(place_.column + own / chunk * chunk, own % chunk, 0);
            place_.element += own;
            place_.column += own;
            place_.length += 1 + words;
            ++place_.slot;
        }
    }

    void slot(int64_t row, int64_t height, int64_t length, RunKind kind) {
        require_range("the length of a slot", length,
                      kind == RunKind::along ? int64_t{tuning::long_row} : 1,
                      kind == RunKind::along ? int64_t{UINT32_MAX} : tuning::long_row - 1);
        require_range("the row of a slot", row, 0, n_rows_ - height);
        for (int64_t h = 0; h < height; ++h) {
            if (at(covered_, row + h)) {
                throw InvalidHbp("two slots cover row " + std::to_string(row + h));
            }
            covered_[static_cast<size_t>(row + h)] = true;
        }
        const int64_t c = slot_class(static_cast<uint32_t>(height), static_cast<uint32_t>(length));
        const int64_t order = c * tuning::max_block_side + row;
        if (order <= order_before_) {
            throw InvalidHbp("the slot of row " + std::to_string(row) +
                             " is out of order: slots are ordered by class, then by row");
        }
        order_before_ = order;
    }

    // After all blocks: walks them.
    void scrambled() {
        const HbpView<T> v = m_.view();
        int64_t row_before = -1;
        int64_t rb = 0;
        int64_t rb_of_lengths = -1;
        std::vector<int64_t> row_length;
        std::vector<bool> seen;
        for (const ScrambledRow& s : m_.scrambled) {
            require_range("a scrambled row", s.row, row_before + 1, m_.n_rows - 1);
            row_before = s.row;
            while (at(m_.row_block_ptr, rb + 1) <= s.row) {
                ++rb;
            }
            if (rb != rb_of_lengths) {
                row_lengths(v, rb, row_length);
                rb_of_lengths = rb;
            }
            const std::string what = "the order of row " + std::to_string(s.row);
            require_equal("the length of " + what, size_of(s.order),
                          at(row_length, s.row - at(m_.row_block_ptr, rb)));
            seen.assign(s.order.size(), false);
            for (const int64_t k : s.order) {
                require_range("a place in " + what, k, 0, size_of(s.order) - 1);
                if (at(seen, k)) {
                    throw InvalidHbp(what + " has place " + std::to_string(k) + " twice");
                }
                seen[static_cast<size_t>(k)] = true;
            }
        }
    }

    const HbpMatrix<T>& m_;
    Place place_;
    int64_t n_rows_ = 0;       // of the row block
    int64_t n_cols_ = 0;       // of the column block
    int64_t n_cols_left_ = 0;  // from its first one to the matrix's last
    std::vector<bool> covered_;
    int64_t order_before_ = -1;
};

}  // namespace

template <class T>
void validate(const HbpMatrix<T>& m) {
    Validation<T>(m).run();
}

template void validate(const HbpMatrix<float>&);
template void validate(const HbpMatrix<double>&);
template void validate(const HbpMatrix<Complex<float>>&);
template void validate(const HbpMatrix<Complex<double>>&);

}  // namespace hbp
