// Values stored in 16 bits and computed in float32: their bits, decoded exactly.
#pragma once
#include <cstdint>

#include "../scalar.h"

namespace hbp::cuda {

struct Float16 {
    uint16_t bits;
};
struct BFloat16 {
    uint16_t bits;
};

template <class Stored>
inline constexpr bool is_16_bit = false;
template <>
inline constexpr bool is_16_bit<Float16> = true;
template <>
inline constexpr bool is_16_bit<BFloat16> = true;

HBP_INLINE float float_of_bits(uint32_t bits) {
    union {
        uint32_t bits;
        float value;
    } u = {bits};
    return u.value;
}

// The value of a stored one, as the scalar type that the kernel computes in.
template <class T>
HBP_INLINE T decode(T stored) {
    return stored;
}

template <class T>
HBP_INLINE T decode(BFloat16 stored) {
    return float_of_bits(static_cast<uint32_t>(stored.bits) << 16);
}

// The exponent has 5 bits and bias 15 in one, 8 bits and bias 127 in the other: shifted into
// place, the value is 2^112 too small, subnormal ones included. Infinity and NaN have the highest
// exponent in both.
template <class T>
HBP_INLINE T decode(Float16 stored) {
    const uint32_t sign = static_cast<uint32_t>(stored.bits & 0x8000u) << 16;
    const uint32_t rest = static_cast<uint32_t>(stored.bits & 0x7fffu) << 13;
    if (rest >= 0x0f800000u) {
        return float_of_bits(sign | 0x70000000u | rest);
    }
    return float_of_bits(sign | rest) * 0x1p112f;
}

}  // namespace hbp::cuda
