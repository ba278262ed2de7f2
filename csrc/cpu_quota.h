// The CPU time that the control groups of this process allow, as a container's limit is written.
#pragma once
#include <string>

namespace hbp {

// CPUs that this process may use at a time on average, rounded up; 0 where nothing limits them.
// The least quota counts of its group and the groups above, of version 1 and 2 (kernel
// documentation, admin-guide/cgroup-v2 and scheduler/sched-bwc). What cannot be read is no limit.
int cpu_quota(const std::string& groups = "/proc/self/cgroup",
              const std::string& mount = "/sys/fs/cgroup");

}  // namespace hbp
