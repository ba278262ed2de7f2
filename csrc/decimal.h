// Decimals of few digits as 16-bit codes: a mantissa above the place of a power of ten in a table.
//
// With 16 powers mantissas reach 2047, with 32 they reach 1023. A value is mantissa * 10^e, rounded
// once: a power is the sum of two doubles, and mantissa * high + mantissa * low is rounded by the
// multiply-add. tests/cpp/test_decimal.cpp compares every code with the C library's reading of its
// digits.
//
// Doubles only: floats take half as much to read, and raw ones were faster in the matrices
// measured.
#pragma once
#include <cstdint>

#include "hbp_view.h"
#include "scalar.h"

namespace hbp {

inline constexpr int largest_mantissa(int power_bits) { return (1 << (15 - power_bits)) - 1; }

// The value of a code; `power` has all high parts, then all low ones.
template <int power_bits>
HBP_INLINE double decimal_value(int16_t code, const double* power) {
    const int place = code & (n_powers(power_bits) - 1);
    const double mantissa = code >> power_bits;
    return fused_multiply_add(mantissa, power[place],
                              mantissa * power[place + n_powers(power_bits)]);
}

}  // namespace hbp
