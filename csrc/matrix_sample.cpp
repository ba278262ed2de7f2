#include "matrix_sample.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "hbp_view.h"
#include "tuning.h"

namespace hbp {
namespace {

constexpr int line_shift = 6;  // lines of 64 bytes

// Values that are read of each row: all that differ have shown up by then.
constexpr int64_t values_of_row = 8;

constexpr bool is_long(int64_t length) { return length >= int64_t{tuning::long_row}; }

// The lines of x that were named, each with the last place that did: open addressing. Lines 2^27
// apart (8 GB of x) are taken for each other, which makes no odds.
class NamedLines {
  public:
    NamedLines() : slot_(size) {}

    struct Found {
        bool anywhere, here;
    };
    // Whether the line was named before; from now on it is.
    Found name(uint64_t line, uint32_t place) {
        uint32_t& entry = slot_[index_of(line)];
        const Found found{entry != 0, entry == (key(line) | place)};
        entry = key(line) | place;
        return found;
    }
    bool here(uint64_t line, uint32_t place) const {
        return slot_[index_of(line)] == (key(line) | place);
    }

  private:
    // At most half full: sampled_places * rows_of_place * sampled_entries lines. 64 KiB.
    static constexpr uint64_t size = 2 * sampled_places * rows_of_place * sampled_entries;
    static constexpr int place_bits = 5;
    static_assert(sampled_places <= 1 << place_bits && std::has_single_bit(size));

    static uint32_t key(uint64_t line) { return static_cast<uint32_t>(line + 1) << place_bits; }

    size_t index_of(uint64_t line) const {
        uint64_t at = (line * 0x9E3779B97F4A7C15u) >> (64 - std::countr_zero(size));
        while (slot_[at] != 0 && (slot_[at] ^ key(line)) >> place_bits != 0) {
            at = (at + 1) % size;
        }
        return at;
    }
    std::vector<uint32_t> slot_;
};

struct SampledRow {
    int64_t length = 0;
    int64_t n = 0;  // columns read
    std::array<int64_t, sampled_entries> column;
};

// The k-th of the n entries that are read of a row: all, every few, or of a long row four runs of
// eight, which show its neighbouring entries.
int64_t place_in_row(int64_t k, int64_t length) {
    if (length <= sampled_entries) {
        return k;
    }
    if (!is_long(length)) {
        return k * length / sampled_entries;
    }
    return k / 8 * ((length - 8) / 3) + k % 8;
}

double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

// Adds up over the rows what becomes shares in the end.
class Sampler {
  public:
    explicit Sampler(MatrixSample& s) : s_(s) {}

    void begin_place(uint32_t place) {
        place_ = place;
        row_of_place_ = 0;
        shifted_place_ = true;
        entries_of_place_ = 0;
    }

    void add(const SampledRow& row) {
        const double n = static_cast<double>(row.length);
        ++s_.rows_read;
        s_.entries_read += row.n;
        filled_ += row.length > 0;
        if (is_long(row.length)) {
            long_entries_ += n;
        } else {
            short_entries_ += n;
            entries_of_place_ += n;
            lengths_[static_cast<size_t>(row.length)] = true;
        }
        count_slots(row);
        name_lines(row);
        if (row_of_place_ > 0) {
            compare(row);
        }
        count_lone(row);
        before_ = row;
        ++row_of_place_;
    }

    void end_place() {
        if (shifted_place_ && row_of_place_ > 1) {
            shifted_ += entries_of_place_;
        }
    }

    void finish() {
        const double rows = static_cast<double>(s_.rows_read);
        const double all_rows = static_cast<double>(s_.n_rows);
        const double nnz = static_cast<double>(s_.nnz);
        s_.filled_rows = share(filled_, rows) * all_rows;
        // Few long rows can hold most entries, and the sample meets too many of them or none. What
        // the short rows do not hold is known better.
        const double missing = std::max(1 - share(short_entries_, rows) * all_rows / nnz, 0.0);
        const double in_long = long_entries_ > 0 || missing > 0.2 ? missing : 0;
        for (size_t w = 0; w < sampled_widths.size(); ++w) {
            s_.slots[w] = std::min(share(slots_[w], rows) * all_rows, nnz);
            s_.long_share[w] = in_long * (long_entries_ > 0 ? long_[w] / long_entries_ : 1);
        }
        s_.length_classes =
            static_cast<double>(std::count(lengths_.begin() + 1, lengths_.end(), true));
        s_.repeated = (1 - in_long) * share(repeated_[0], compared_[0]) +
                      in_long * share(repeated_[1], compared_[1]);
        s_.shifted = (1 - in_long) * share(shifted_, short_entries_);
        s_.uneven_rows = share(uneven_, compared_rows_);
        s_.lone_entries = share(lone_, fours_);
        s_.fresh = share(fresh_, late_);
    }

  private:
    void count_slots(const SampledRow& row) {
        for (size_t w = 0; w < sampled_widths.size(); ++w) {
            // One block holds all columns: the row has one slot.
            if (sampled_widths[w] >= s_.n_cols) {
                slots_[w] += row.length > 0;
                long_[w] += is_long(row.length) ? static_cast<double>(row.length) : 0;
                continue;
            }
            const int shift = std::countr_zero(static_cast<uint64_t>(sampled_widths[w]));
            int64_t last = -1, runs = 0;
            for (int64_t k = 0; k < row.n; ++k) {
                const int64_t block = row.column[static_cast<size_t>(k)] >> shift;
                runs += block != last;
                last = block;
            }
            // Most of a long row's blocks are not seen: as many as its entries would hit at random.
            double blocks = static_cast<double>(runs);
            if (is_long(row.length)) {
                const auto [low, high] =
                    std::minmax_element(row.column.begin(), row.column.begin() + row.n);
                const double span = static_cast<double>((*high >> shift) - (*low >> shift) + 1);
                const double hit = span * -std::expm1(-static_cast<double>(row.length) / span);
                blocks = std::max(blocks, hit);
            }
            slots_[w] += blocks;
            if (static_cast<double>(row.length) >= blocks * tuning::long_row) {
                long_[w] += static_cast<double>(row.length);
            }
        }
    }

    // Entries that a CSR product adds without those of other rows in between: see kernel_csr.h.
    void count_lone(const SampledRow& row) {
        if (row_of_place_ % 4 == 0) {
            shortest_ = row.length;
            of_four_ = 0;
            long_in_four_ = false;
        }
        shortest_ = std::min(shortest_, row.length);
        of_four_ += is_long(row.length) ? 0 : static_cast<double>(row.length);
        long_in_four_ |= is_long(row.length);
        if (row_of_place_ % 4 == 3) {
            fours_ += of_four_;
            lone_ += of_four_ - (long_in_four_ ? 0 : 4 * static_cast<double>(shortest_));
        }
    }

    void name_lines(const SampledRow& row) {
        const bool late = row_of_place_ >= rows_of_place / 2;
        uint64_t last = UINT64_MAX;
        for (int64_t k = 0; k < row.n; ++k) {
            const uint64_t line = static_cast<uint64_t>(row.column[static_cast<size_t>(k)]) *
                                      static_cast<uint64_t>(s_.itemsize) >>
                                  line_shift;
            ++entries_named_;
            late_ += late;
            if (line == last) {
                continue;
            }
            last = line;
            const NamedLines::Found found = lines_.name(line, place_);
            if (late && !found.here) {
                fresh_ +=
                    !lines_.here(line + 1, place_) && !(line > 0 && lines_.here(line - 1, place_));
            }
            if (!found.anywhere) {
                ++s_.lines_named;
                if (std::has_single_bit(static_cast<uint64_t>(s_.lines_named))) {
                    s_.growth.push_back(entries_named_);
                }
            }
        }
    }

    void compare(const SampledRow& row) {
        const double n = static_cast<double>(row.length);
        ++compared_rows_;
        compared_[is_long(row.length)] += n;
        bool same = row.length == before_.length;
        uneven_ += !same;
        bool plus_one = same;
        for (int64_t k = 0; k < row.n && (same || plus_one); ++k) {
            const int64_t step =
                row.column[static_cast<size_t>(k)] - before_.column[static_cast<size_t>(k)];
            same = same && step == 0;
            plus_one = plus_one && step == 1;
        }
        if (same && row.length >= int64_t{tuning::min_tile_length}) {
            repeated_[is_long(row.length)] += n;
        }
        shifted_place_ = shifted_place_ && plus_one;
    }

    MatrixSample& s_;
    NamedLines lines_;
    SampledRow before_;
    uint32_t place_ = 0;
    int64_t row_of_place_ = 0, shortest_ = 0, entries_named_ = 0;
    bool shifted_place_ = true, long_in_four_ = false;
    double short_entries_ = 0, long_entries_ = 0, entries_of_place_ = 0, filled_ = 0;
    double of_four_ = 0, fours_ = 0, lone_ = 0, shifted_ = 0, compared_rows_ = 0, uneven_ = 0;
    double repeated_[2] = {}, compared_[2] = {};  // of short rows, of long ones
    double fresh_ = 0, late_ = 0;
    std::array<double, sampled_widths.size()> slots_{}, long_{};
    std::array<bool, tuning::long_row> lengths_{};
};

// Distinct values by their bits, no more than few_values + 1.
class DistinctValues {
  public:
    explicit DistinctValues(int64_t bytes) : bytes_(static_cast<size_t>(bytes)) {}

    void add(const unsigned char* value) {
        if (n_ > few_values) {
            return;
        }
        for (int i = 0; i < n_; ++i) {
            if (std::memcmp(known_[static_cast<size_t>(i)], value, bytes_) == 0) {
                return;
            }
        }
        known_[static_cast<size_t>(n_++)] = value;
    }
    int count() const { return n_; }

  private:
    size_t bytes_;
    int n_ = 0;
    std::array<const unsigned char*, few_values + 1> known_{};
};

// Between the counts at the sampled widths, straight lines over the logarithm of the width.
double interpolated(const std::array<double, sampled_widths.size()>& at, double width,
                    double narrowest) {
    double x0 = 1, y0 = narrowest;
    for (size_t w = 0; w < sampled_widths.size(); ++w) {
        const double x1 = static_cast<double>(sampled_widths[w]);
        if (width <= x1) {
            return y0 + (at[w] - y0) * std::log(std::max(width, 1.0) / x0) / std::log(x1 / x0);
        }
        x0 = x1;
        y0 = at[w];
    }
    return y0;
}

}  // namespace

double MatrixSample::growth_rate(double lines) const {
    if (growth.empty()) {
        return 0;
    }
    const size_t last = growth.size() - 1;
    const size_t wanted =
        lines < 2 ? 0 : static_cast<size_t>(std::bit_width(static_cast<uint64_t>(lines)) - 1);
    if (wanted < last) {
        return static_cast<double>(int64_t{1} << wanted) /
               static_cast<double>(growth[wanted + 1] - growth[wanted]);
    }
    // Beyond what the sample has named: the rate at its end.
    const size_t from = last > 0 ? last - 1 : 0;
    return share(static_cast<double>(lines_named - (int64_t{1} << from)),
                 static_cast<double>(entries_read - growth[from]));
}

double MatrixSample::slots_of(double block_cols) const {
    if (block_cols >= static_cast<double>(n_cols)) {
        return filled_rows;
    }
    return interpolated(slots, block_cols, static_cast<double>(nnz));
}

double MatrixSample::long_share_of(double block_cols) const {
    return interpolated(long_share, block_cols, 0);
}

template <class I>
MatrixSample sample_matrix(const I* indptr, const I* indices, const void* values,
                           int64_t value_bytes, int64_t n_rows, int64_t n_cols, int64_t nnz,
                           int64_t itemsize, bool is_complex) {
    MatrixSample s{};
    s.n_rows = n_rows;
    s.n_cols = n_cols;
    s.nnz = nnz;
    s.itemsize = itemsize;
    s.is_complex = is_complex;
    s.index_bytes = sizeof(I);
    if (n_rows == 0 || n_cols == 0 || nnz == 0) {
        return s;
    }
    Sampler sampler(s);
    DistinctValues distinct(value_bytes);
    const auto* bytes = static_cast<const unsigned char*>(values);
    const int64_t rows = std::min(rows_of_place, n_rows);
    const auto places = static_cast<int64_t>(std::bit_floor(
        static_cast<uint64_t>(std::clamp<int64_t>(n_rows / rows, 1, sampled_places))));
    for (int64_t k = 0; k < places; ++k) {
        // Far apart, one after the other: an odd stride visits all of a power of two.
        const int64_t place = k * 13 % places;
        const int64_t first = places > 1 ? (n_rows - rows) / (places - 1) * place : 0;
        sampler.begin_place(static_cast<uint32_t>(place));
        for (int64_t i = first; i < first + rows; ++i) {
            const int64_t begin = std::clamp<int64_t>(indptr[i], 0, nnz);
            SampledRow row;
            row.length = std::clamp<int64_t>(indptr[i + 1], begin, nnz) - begin;
            row.n = std::min(row.length, sampled_entries);
            for (int64_t e = 0; e < row.n; ++e) {
                const int64_t at = begin + place_in_row(e, row.length);
                row.column[static_cast<size_t>(e)] =
                    std::clamp<int64_t>(indices[at], 0, n_cols - 1);
                if (e < values_of_row) {
                    distinct.add(bytes + at * value_bytes);
                }
            }
            sampler.add(row);
        }
        sampler.end_place();
    }
    sampler.finish();
    s.distinct_values = distinct.count();
    return s;
}

template MatrixSample sample_matrix(const int32_t*, const int32_t*, const void*, int64_t, int64_t,
                                    int64_t, int64_t, int64_t, bool);
template MatrixSample sample_matrix(const int64_t*, const int64_t*, const void*, int64_t, int64_t,
                                    int64_t, int64_t, int64_t, bool);

}  // namespace hbp
