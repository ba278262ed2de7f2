// Four 16-bit indices by one load: it saves load slots, of which a core has two a cycle (Zen 5).
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __BMI__
#include <immintrin.h>
#endif

#include "scalar.h"

namespace hbp {

struct Four {
    size_t i[4];
};

HBP_INLINE Four four_indices(const uint16_t* index) {
    if constexpr (std::endian::native != std::endian::little) {
        return {{index[0], index[1], index[2], index[3]}};
    }
    uint64_t packed;
    std::memcpy(&packed, index, sizeof packed);
#ifdef __BMI__
    // One instruction each, where a copy, a shift and an extension make three.
    return {
        {packed & 0xffff, _bextr_u64(packed, 16, 16), _bextr_u64(packed, 32, 16), packed >> 48}};
#else
    return {{packed & 0xffff, (packed >> 16) & 0xffff, (packed >> 32) & 0xffff, packed >> 48}};
#endif
}

}  // namespace hbp
