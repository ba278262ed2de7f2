// Which instruction set the kernels of this process use.
#pragma once
#include <string>
#include <vector>

#include "encodings.h"
#include "kernel_table.h"
#include "scalar.h"

namespace hbp {

// The names of the instruction sets of this build that this CPU has, best first.
std::vector<std::string> available_isas();

// The one in use: HBPSPMV_ISA when set, else the best. Throws std::runtime_error when
// HBPSPMV_ISA names an unknown one or one that the CPU lacks. Decided at the first call.
const std::string& isa_in_use();

template <class T>
const KernelTable<T>& kernels();

// All encodings but those that slow the kernels in use down: without tables in registers decimals
// took 2.1 to 2.8 times as long as raw values (AVX2; portable: 1.9 to 2.2).
Encodings encodings_that_pay();

// Whether groups of eight suit the kernels in use, for values of this size, where rows are not
// short.
bool prefer_eight_lanes(int64_t itemsize);

}  // namespace hbp
