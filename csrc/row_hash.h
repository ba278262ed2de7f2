// The nonlinear hash of a row's length in its block: rows of one class form groups together.
#pragma once
#include <cstdint>

#include "hbp_view.h"
#include "scalar.h"
#include "tuning.h"

namespace hbp {

// Classes are ordered: a longer row never has a smaller class. Short rows, of which there are
// many, get exact classes; long ones, of which there are few of any one length, saturate to the
// last class, as they are multiplied one by one.
HBP_INLINE constexpr uint32_t row_class(uint32_t length) {
    return length < tuning::long_row ? length : tuning::long_row;
}

inline constexpr uint32_t n_length_classes = tuning::long_row + 1;

// The class of a slot: tiles of one height stay together, and long slots come last.
inline constexpr uint32_t slot_class(uint32_t height, uint32_t length) {
    return length >= tuning::long_row ? max_height * n_length_classes + height - 1
                                      : (height - 1) * n_length_classes + row_class(length);
}
inline constexpr uint32_t n_slot_classes = max_height * (n_length_classes + 1);

}  // namespace hbp
