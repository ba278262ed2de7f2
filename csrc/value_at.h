// Single values of a block, whatever their encoding.
#pragma once
#include <cstdint>
#include <type_traits>

#include "decimal.h"
#include "hbp_view.h"

namespace hbp {

// The k-th value of block bi's value stream.
template <class T>
inline T value_at(const HbpView<T>& v, int64_t bi, int64_t k) {
    const Block<T>& b = v.block[bi];
    const T* value = v.value + b.first_value;
    if constexpr (std::is_same_v<T, double>) {
        const int16_t* code = reinterpret_cast<const int16_t*>(value);
        const T* power = v.power + b.first_power;
        if (b.encoding == Encoding::decimal_16) {
            return decimal_value<decimal_16_bits>(code[k], power);
        }
        if (b.encoding == Encoding::decimal_32) {
            return decimal_value<decimal_32_bits>(code[k], power);
        }
    }
    return b.encoding == Encoding::constant ? b.constant
           : b.encoding == Encoding::few
               ? v.table[bi * few_values + reinterpret_cast<const uint8_t*>(value)[k]]
               : value[k];
}

}  // namespace hbp
