// Finds the windows of a group's passes.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "interleave.h"
#include "tuning.h"
#include "windows.h"

namespace hbp {

// C: of the column stream. Rows are read 16 bytes at a time, so up to 14 bytes past their ends.
template <class C>
class WindowFinder {
  public:
    // Windows of `width` elements for groups of `lanes` slots.
    WindowFinder(int lanes, int width) : lanes_(lanes), width_(static_cast<C>(width)) {}

    // No window begins after column `last`.
    void set_last(int64_t last) { last_ = static_cast<C>(std::min(last, most_column)); }

    // Whether all passes of a group have windows; row[lanes] are its slots' columns. Then where the
    // windows begin is appended to `begin`, pass by pass.
    bool find(const C* const* row, uint32_t length, std::vector<C>& begin) const {
        const size_t n_before = begin.size();
        for (uint32_t k = 0; k < length; k += at_once) {
            Passes first, second;
            const Passes left = find(row, k, first, second);
            for (uint32_t j = 0; j < at_once && k + j < length; ++j) {
                if (left[j] != 0) {
                    begin.resize(n_before);
                    return false;
                }
                begin.push_back(first[j]);
                begin.push_back(second[j]);
            }
        }
        return true;
    }

    // Stores the passes of a group whose windows begin at `begin`; returns their end.
    C* put(const C* const* row, uint32_t length, const C* begin, C* to) const {
        typedef C Columns __attribute__((vector_size(8 * sizeof(C))));
        typedef uint8_t Codes __attribute__((vector_size(8)));
        constexpr int most_lanes = window_width<float>;
        C column[tuning::long_row * most_lanes];
        interleave<true>(row, static_cast<uint32_t>(lanes_), length, column,
                         static_cast<size_t>(lanes_));
        const C* pass = column;
        for (uint32_t k = 0; k < length; ++k, begin += n_windows, pass += lanes_) {
            std::copy_n(begin, n_windows, to);
            uint8_t* code = reinterpret_cast<uint8_t*>(to + n_windows);
            for (int i = 0; i < lanes_; i += 8) {
                Columns c;
                std::memcpy(&c, pass + i, sizeof c);
                const Columns place = c - begin[0];
                const Columns codes = place < width_ ? place : c - begin[1] + width_;
                const Codes bytes = __builtin_convertvector(codes, Codes);
                std::memcpy(code + i, &bytes, sizeof bytes);
            }
            to += window_places<C>(lanes_);
        }
        return to;
    }

  private:
    static_assert(n_windows == 2);
    static constexpr int64_t most_column = std::numeric_limits<C>::max();
    static constexpr uint32_t at_once = 16 / sizeof(C);
    // A number for each of `at_once` passes: every x86-64 and aarch64 has such vectors.
    typedef C Passes __attribute__((vector_size(16)));

    static Passes min(Passes a, Passes b) { return a < b ? a : b; }
    static Passes max(Passes a, Passes b) { return a > b ? a : b; }
    static Passes columns(const C* row, uint32_t k) {
        Passes c;
        std::memcpy(&c, row + k, sizeof c);
        return c;
    }

    // Where the windows of passes k to k + at_once - 1 begin. Returns the largest column of each
    // pass that lies behind both, or 0.
    Passes find(const C* const* row, uint32_t k, Passes& first, Passes& second) const {
        const Passes last = Passes{} + last_;
        Passes most{};
        first = second = last;
        for (int i = 0; i < lanes_; ++i) {
            const Passes c = columns(row[i], k);
            first = min(first, c);
            most = max(most, c);
        }
        const Passes first_end = end_of(first);
        for (int i = 0; i < lanes_; ++i) {
            const Passes c = columns(row[i], k);
            second = min(second, c > first_end ? c : last);
        }
        second = most > first_end ? second : first;
        return most > end_of(second) ? most : Passes{};
    }

    // The last column of windows that begin at `column`.
    Passes end_of(Passes column) const {
        const C more = static_cast<C>(width_ - 1);
        return min(column, Passes{} + static_cast<C>(most_column - more)) + more;
    }

    const int lanes_;
    const C width_;
    C last_ = 0;
};

}  // namespace hbp
