#include "cpu_quota.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <sstream>

namespace hbp {
namespace {

// The first numbers of a file; false where there are fewer, as in "max 100000".
bool read_numbers(const std::string& path, int64_t& first, int64_t* second = nullptr) {
    std::ifstream file(path);
    return bool(file >> first) && (second == nullptr || bool(file >> *second));
}

// Of the group in one directory; 0 for none.
int quota_of_group(const std::string& directory) {
    int64_t quota = 0, period = 0;
    const bool found = read_numbers(directory + "/cpu.max", quota, &period) ||
                       (read_numbers(directory + "/cpu.cfs_quota_us", quota) &&
                        read_numbers(directory + "/cpu.cfs_period_us", period));
    if (!found || quota <= 0 || period <= 0) {
        return 0;
    }
    return static_cast<int>(std::min<int64_t>((quota - 1) / period + 1, INT32_MAX));
}

int lower(int a, int b) { return a == 0 ? b : b == 0 ? a : std::min(a, b); }

// Of a group and those above it, up to where they are mounted. In a container the path may be the
// host's and not exist; what limits the container is at the mount itself then.
int quota_of_path(const std::string& mount, std::string path) {
    int least = quota_of_group(mount);
    for (; path.size() > 1; path.erase(path.find_last_of('/'))) {
        least = lower(least, quota_of_group(mount + path));
    }
    return least;
}

bool is_cpu_controller(const std::string& controllers) {
    return ("," + controllers + ",").find(",cpu,") != std::string::npos;
}

}  // namespace

int cpu_quota(const std::string& groups, const std::string& mount) {
    std::ifstream file(groups);
    int least = 0;
    // "0::/path" of version 2, "4:cpu,cpuacct:/path" of version 1.
    for (std::string line; std::getline(file, line);) {
        std::istringstream fields(line);
        std::string number, controllers, path;
        if (!std::getline(fields, number, ':') || !std::getline(fields, controllers, ':') ||
            !std::getline(fields, path) || path.empty() || path[0] != '/') {
            continue;
        }
        if (controllers.empty()) {
            least = lower(least, quota_of_path(mount, path));
        } else if (is_cpu_controller(controllers)) {
            for (const std::string& directory : {controllers, std::string("cpu")}) {
                least = lower(least, quota_of_path(mount + "/" + directory, path));
            }
        }
    }
    return least;
}

}  // namespace hbp
