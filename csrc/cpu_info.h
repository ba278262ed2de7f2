// What this machine is: its name and cache sizes.
#pragma once
#include <cstdint>
#include <string>

namespace hbp {

struct CpuInfo {
    std::string name;
    int64_t l1d_bytes, l2_bytes, l3_bytes;  // one core's L1 and L2, all of L3; 0 where unknown
};

const CpuInfo& cpu_info();

}  // namespace hbp
