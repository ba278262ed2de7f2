// Which encodings a build may use.
#pragma once
#include <cstdint>

#include "tuning.h"

namespace hbp {

// Plans are built with all of them; without one to measure what it is worth. The products have
// the same bits either way, but for `along`, which decides the order of the additions.
struct Encodings {
    bool tiles = true;    // consecutive rows with equal columns store them once
    bool shifted = true;  // groups with columns that rise by one from slot to slot store one slot's
    bool windows = true;  // columns close together are places in windows of x
    bool along = true;    // long rows are stored and multiplied along the row, not in groups
    bool constant = true;  // a block of equal values stores one
    bool few = true;       // a block of few distinct values stores bytes
    bool decimal = true;   // a block of short decimals stores 16-bit codes
    // Entries of a matrix from which decimals are tried, and those of up to 32 powers of ten.
    int64_t decimals_from = tuning::decimals_from;
    int64_t many_powers_from = tuning::many_powers_from;
};

}  // namespace hbp
