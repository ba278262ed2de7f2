#include "cpu_info.h"

#include <fstream>

namespace hbp {
namespace {

std::string read_line(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

// "48K" or "32M" as the kernel writes it.
int64_t parse_size(const std::string& text) {
    int64_t n = 0;
    for (const char c : text) {
        if (c >= '0' && c <= '9') {
            n = n * 10 + (c - '0');
        } else {
            return c == 'K' ? n << 10 : c == 'M' ? n << 20 : n;
        }
    }
    return n;
}

CpuInfo read() {
    CpuInfo info{"", 0, 0, 0};
    const std::string base = "/sys/devices/system/cpu/cpu0/cache/index";
    for (int i = 0; i < 8; ++i) {
        const std::string at = base + std::to_string(i);
        const std::string level = read_line(at + "/level");
        const std::string type = read_line(at + "/type");
        const int64_t bytes = parse_size(read_line(at + "/size"));
        if (level == "1" && type == "Data") info.l1d_bytes = bytes;
        if (level == "2") info.l2_bytes = bytes;
        if (level == "3") info.l3_bytes = bytes;
    }
    std::ifstream cpuinfo("/proc/cpuinfo");
    for (std::string line; info.name.empty() && std::getline(cpuinfo, line);) {
        if (line.rfind("model name", 0) == 0 && line.find(": ") != std::string::npos) {
            info.name = line.substr(line.find(": ") + 2);
        }
    }
    return info;
}

}  // namespace

const CpuInfo& cpu_info() {
    static const CpuInfo info = read();
    return info;
}

}  // namespace hbp
