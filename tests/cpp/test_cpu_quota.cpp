// The limits of control groups, read from files made for the test.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "check.h"
#include "cpu_quota.h"
#include "thread_pool.h"

namespace {

namespace fs = std::filesystem;

// A directory with a list of groups and a mount, removed at the end.
struct Groups {
    fs::path root;

    explicit Groups(const std::string& list) {
        std::string name = (fs::temp_directory_path() / "hbpspmv-groups-XXXXXX").string();
        CHECK(mkdtemp(name.data()) != nullptr);
        root = name;
        write("groups", list);
    }
    ~Groups() { fs::remove_all(root); }
    void write(const std::string& path, const std::string& text) {
        fs::create_directories((root / path).parent_path());
        std::ofstream(root / path) << text;
    }
    int quota() const {
        return hbp::cpu_quota((root / "groups").string(), (root / "mount").string());
    }
};

}  // namespace

TEST("CPU quota of version 2, rounded up") {
    for (const auto& [text, expected] : {std::pair{"200000 100000\n", 2},
                                         {"150000 100000\n", 2},
                                         {"1000 100000\n", 1},
                                         {"100001 100000\n", 2},
                                         {"max 100000\n", 0},
                                         {"", 0},
                                         {"0 0\n", 0},
                                         {"junk\n", 0},
                                         {"-1 100000\n", 0},
                                         {"200000\n", 0},
                                         {"9000000000000000000 1\n", 2147483647}}) {
        Groups groups("0::/\n");
        groups.write("mount/cpu.max", text);
        CHECK_EQUAL(groups.quota(), expected);
    }
}

TEST("CPU quota of version 2: the least of a group and those above it") {
    Groups groups("0::/a/b/c\n");
    groups.write("mount/a/cpu.max", "800000 100000\n");
    groups.write("mount/a/b/cpu.max", "300000 100000\n");
    groups.write("mount/a/b/c/cpu.max", "max 100000\n");
    CHECK_EQUAL(groups.quota(), 3);
    groups.write("mount/cpu.max", "100000 100000\n");
    CHECK_EQUAL(groups.quota(), 1);
}

TEST("CPU quota of version 1, also where the path is the host's") {
    Groups groups("5:memory:/x\n4:cpu,cpuacct:/docker/1\n0::/\n");
    CHECK_EQUAL(groups.quota(), 0);
    groups.write("mount/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
    groups.write("mount/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    CHECK_EQUAL(groups.quota(), 0);
    groups.write("mount/cpu/cpu.cfs_quota_us", "400000\n");
    groups.write("mount/cpu/cpu.cfs_period_us", "100000\n");
    CHECK_EQUAL(groups.quota(), 4);
    groups.write("mount/memory/x/cpu.max", "100000 100000\n");
    CHECK_EQUAL(groups.quota(), 4);
}

TEST("CPU quota without groups, or with a list that makes no sense: none") {
    CHECK_EQUAL(hbp::cpu_quota("/does/not/exist", "/does/not/exist"), 0);
    for (const char* list : {"", "\n\n", "0\n", "0:\n", "0::\n", "0::relative\n", ":::::\n"}) {
        Groups groups(list);
        groups.write("mount/cpu.max", "100000 100000\n");
        CHECK_EQUAL(groups.quota(), 0);
    }
}

TEST("CPU quota bounds the CPUs that there are") {
    CHECK(hbp::available_cpus() >= 1);
    const int quota = hbp::cpu_quota();
    CHECK(quota == 0 || hbp::available_cpus() <= quota);
}
