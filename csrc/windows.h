// Windows: the columns of a group whose slots, in every pass, lie close together.
//
// A pass has n_windows windows of x, of 64 bytes each. It stores the column each begins at, then a
// byte for every slot: the window its column is in times the window's width, plus the place there.
// A kernel loads whole windows and picks from registers, instead of loading x slot by slot.
#pragma once
#include <cstdint>

#include "scalar.h"

namespace hbp {

// Three and four were 4 to 10 % slower where they cover more, and slower still elsewhere.
inline constexpr int n_windows = 2;

// Elements of x in a window.
template <class T>
inline constexpr int window_width = 64 / static_cast<int>(sizeof(T));

// Places of the column stream that one pass of a group takes.
template <class Index>
constexpr int window_places(int lanes) {
    return n_windows + lanes / static_cast<int>(sizeof(Index));
}

// The codes of a pass.
template <class Index>
HBP_INLINE const uint8_t* window_codes(const Index* pass) {
    return reinterpret_cast<const uint8_t*>(pass + n_windows);
}

// The column of a slot whose code is `code`.
template <class T, class Index>
HBP_INLINE int64_t window_column(const Index* pass, uint8_t code) {
    return static_cast<int64_t>(pass[code / window_width<T>]) + code % window_width<T>;
}

}  // namespace hbp
