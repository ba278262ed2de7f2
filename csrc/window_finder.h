// Finds the windows of passes.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "windows.h"

namespace hbp {

// Passes have as many columns as a window has elements: `width`. C: of the column stream.
template <class C, int width>
class WindowFinder {
  public:
    static constexpr uint32_t at_once = 16 / sizeof(C);
    // A number for each of `at_once` passes: every x86-64 and aarch64 has such vectors.
    typedef C Passes __attribute__((vector_size(16)));

    // No window begins after column `last`.
    void set_last(int64_t last) { last_ = static_cast<C>(std::min(last, most_column)); }

    // Where n windows of each of `at_once` passes begin, as far as they cover its columns: these
    // are row[0 .. width - 1][pass]. Returns the largest column of each pass that no window covers,
    // or 0. They begin at multiples of their width where such ones cover a pass, too: if x begins
    // at a multiple of 64 bytes, a load of one takes 0.7 times as long as where it crosses cache
    // lines.
    template <int n>
    Passes find(const C* const* row, Passes (&begin)[n]) const {
        Signed low = to_signed(~Passes{}), high = to_signed(Passes{});
        for (int i = 0; i < width; ++i) {
            const Signed c = to_signed(columns(row[i]));
            low = c < low ? c : low;
            high = c > high ? c : high;
        }
        const Passes least = to_unsigned(low), most = to_unsigned(high);
        Passes aligned[n];
        const Passes aligned_end = cover<true>(row, least, most, aligned);
        const Passes end = cover<false>(row, least, most, begin);
        for (int w = 0; w < n; ++w) {
            begin[w] = most > aligned_end ? begin[w] : aligned[w];
        }
        return most > end ? most : Passes{};
    }

    // Stores a pass with windows that begin at begin[n] and cover column[width].
    template <int n>
    void put(const C* column, const C* begin, C* pass) const {
        typedef C Columns __attribute__((vector_size(8 * sizeof(C))));
        typedef uint8_t Codes __attribute__((vector_size(8)));
        std::copy_n(begin, n, pass);
        uint8_t* code = reinterpret_cast<uint8_t*>(pass + n);
        for (int i = 0; i < width; i += 8) {
            Columns c;
            std::memcpy(&c, column + i, sizeof c);
            Columns codes = c - begin[n - 1] + C{(n - 1) * width};
            for (int w = n - 2; w >= 0; --w) {
                const Columns place = c - begin[w];
                codes = place < C{width} ? place + static_cast<C>(w * width) : codes;
            }
            const Codes bytes = __builtin_convertvector(codes, Codes);
            std::memcpy(code + i, &bytes, sizeof bytes);
        }
    }

  private:
    typedef std::make_signed_t<C> Signed __attribute__((vector_size(16)));
    static constexpr C half = C{1} << (8 * sizeof(C) - 1);
    static constexpr int64_t most_column = std::numeric_limits<C>::max();

    static Passes min(Passes a, Passes b) { return a < b ? a : b; }
    // In the order of unsigned numbers: x86-64 has no smaller one of two unsigned 16-bit numbers.
    static Signed to_signed(Passes a) { return reinterpret_cast<Signed>(a + half); }
    static Passes to_unsigned(Signed a) { return reinterpret_cast<Passes>(a) - half; }
    static Passes columns(const C* row) {
        Passes c;
        std::memcpy(&c, row, sizeof c);
        return c;
    }

    // Lets each window begin at the least column that is not covered, the first one at `least`, or
    // at the multiple of its width before. Returns the last one's end.
    template <bool aligned, int n>
    Passes cover(const C* const* row, Passes least, Passes most, Passes (&begin)[n]) const {
        constexpr C mask = aligned ? static_cast<C>(~C{width - 1}) : static_cast<C>(~C{0});
        const Passes last = Passes{} + last_;
        begin[0] = min(least & mask, last);
        Passes end = end_of(begin[0]);
        for (int w = 1; w < n; ++w) {
            // Of covered columns the differences wrap around and become larger than all others.
            const Passes next = end + 1;
            Signed low = to_signed(~Passes{});
            for (int i = 0; i < width; ++i) {
                const Signed above = to_signed(columns(row[i]) - next);
                low = above < low ? above : low;
            }
            begin[w] = most > end ? min((to_unsigned(low) + next) & mask, last) : begin[w - 1];
            end = end_of(begin[w]);
        }
        return end;
    }

    // The last column of windows that begin at `column`.
    Passes end_of(Passes column) const {
        const C more = C{width - 1};
        return min(column, Passes{} + static_cast<C>(most_column - more)) + more;
    }

    C last_ = 0;
};

}  // namespace hbp
