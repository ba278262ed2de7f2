// Which instruction set the kernels of this process use.
#pragma once
#include <string>
#include <vector>

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

}  // namespace hbp
