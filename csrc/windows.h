// Windows: how columns that lie close together are stored, for kernels that load whole vectors of x
// and pick from registers, in place of loading x entry by entry.
//
// A pass is a vector of columns: the k-th ones of a group's slots, or consecutive ones of a long
// row. It has some windows of x, of 64 bytes each, and stores the column each begins at, then a
// byte for every entry: its window times the window's width, plus the place there.
#pragma once
#include <cstdint>

#include "scalar.h"
#include "tuning.h"

namespace hbp {

// Elements of x in a window.
template <class T>
inline constexpr int window_width = 64 / static_cast<int>(sizeof(T));

// Of a pass of a group. Three and four cover more, but were 1 to 10 % slower over 13 matrices.
inline constexpr int n_windows = 2;

// Of a pass of a long row: a third one takes more time than it saves of eight loads, not of
// sixteen.
template <class T>
inline constexpr int n_along_windows = sizeof(T) == 8 ? 2 : 3;

// Places of the column stream that a pass of n windows takes.
template <class Index, int n = n_windows>
constexpr int window_places(int entries) {
    return n + entries / static_cast<int>(sizeof(Index));
}

// The codes of a pass of n windows.
template <int n, class Index>
HBP_INLINE const uint8_t* window_codes(const Index* pass) {
    return reinterpret_cast<const uint8_t*>(pass + n);
}

// The column of an entry whose code is `code`.
template <class T, class Index>
HBP_INLINE int64_t window_column(const Index* pass, uint8_t code) {
    return static_cast<int64_t>(pass[code / window_width<T>]) + code % window_width<T>;
}

// A long row has windows, or not, in chunks of 32 elements: a chunk takes 32 places either way.
// With windows a pass begins at every window_width-th one, and zeros follow it. These are whether
// chunks have windows, a bit each.
class WindowChunks {
  public:
    static constexpr int64_t chunk = tuning::long_row_partials;

    // Words of the bits of a row of n elements. What is left after whole chunks has a bit, too: 0.
    static constexpr int64_t words(int64_t n) { return n / chunk / 32 + 1; }

    explicit WindowChunks(const uint32_t* word) : word_(word) {}

    HBP_INLINE bool has(int64_t c) const { return word_[c / 32] >> (c % 32) & 1; }

    // The column of the row's k-th element; `column` has the row's columns.
    template <class T, class Index>
    HBP_INLINE int64_t column(const Index* column, int64_t k) const {
        if (!has(k / chunk)) {
            return static_cast<int64_t>(column[k]);
        }
        const Index* pass = column + k / window_width<T> * window_width<T>;
        return window_column<T>(pass, window_codes<n_along_windows<T>>(pass)[k % window_width<T>]);
    }

    // The columns of a chunk that has windows.
    template <class T, class Index>
    static HBP_INLINE void unpack(const Index* pass, Index* column) {
        constexpr int width = window_width<T>;
        for (int first = 0; first < chunk; first += width, pass += width) {
            const uint8_t* code = window_codes<n_along_windows<T>>(pass);
            for (int i = 0; i < width; ++i) {
                Index begin = pass[0];
                for (int w = 1; w < n_along_windows<T>; ++w) {
                    const Index here = static_cast<Index>(pass[w] - w * width);
                    begin = code[i] >= w * width ? here : begin;
                }
                column[first + i] = static_cast<Index>(begin + code[i]);
            }
        }
    }

  private:
    const uint32_t* word_;
};

}  // namespace hbp
