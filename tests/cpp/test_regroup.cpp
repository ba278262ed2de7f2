// The ways of ordering rows that benchmarks/regroup compares: what each of them promises.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "../../benchmarks/regroup/methods.h"
#include "../../benchmarks/regroup/quality.h"
#include "check.h"

using namespace hbp::regroup;

namespace {

constexpr uint32_t lanes = 8;

// Named lengths of the rows of a block.
const std::map<std::string, std::vector<uint32_t>>& samples() {
    static const auto made = [] {
        std::map<std::string, std::vector<uint32_t>> s{
            {"no row", {}},
            {"one empty row", {0}},
            {"one row", {5}},
            {"all empty", std::vector<uint32_t>(40, 0)},
            {"all equal", std::vector<uint32_t>(512, 7)},
            {"one long row", {1, 2, 60'000, 3, 0, 1}},
            {"lengths of one, two and three bytes", {70'000, 1, 300, 255, 256, 65'536, 2}},
        };
        std::mt19937 random(3);
        std::vector<uint32_t> skewed(512), distinct(512);
        for (uint32_t& n : skewed) {
            n = (random() % 100) * (random() % 100) / 400 * (random() % 3);
        }
        std::iota(distinct.begin(), distinct.end(), 0);
        std::shuffle(distinct.begin(), distinct.end(), random);
        s["skewed"] = skewed;
        s["all distinct"] = distinct;
        return s;
    }();
    return made;
}

std::vector<uint16_t> order_of(Method& method, const OwnedLengths& rows) {
    method.arrange(rows.view(), lanes);
    return method.order();
}

int64_t padded(const std::vector<uint16_t>& order, const OwnedLengths& rows) {
    Quality q;
    q.add(rows.view(), order, lanes);
    return q.padded;
}

}  // namespace

TEST("every method orders each non-empty row once, whatever it ordered before") {
    for (const NamedMethod& named : methods) {
        const auto used = named.make();
        for (const auto& [name, length] : samples()) {
            const OwnedLengths rows(length);
            const std::vector<uint16_t> order = order_of(*used, rows);
            CHECK(order == order_of(*named.make(), rows));
            std::vector<uint16_t> sorted = order;
            std::sort(sorted.begin(), sorted.end());
            NaturalOrder natural;
            CHECK(sorted == order_of(natural, rows));
        }
    }
}

TEST("all but the hashes order by length, and the stable ones keep the order of equal rows") {
    for (const NamedMethod& named : methods) {
        const std::string name = named.name;
        if (name == "published-hash" || name == "hash") {
            continue;
        }
        const bool stable = name != "sort" && name != "dynamic-program";
        for (const auto& [sample, length] : samples()) {
            const std::vector<uint16_t> order = order_of(*named.make(), OwnedLengths(length));
            for (size_t i = 1; i < order.size(); ++i) {
                const uint32_t before = length[order[i - 1]];
                const uint32_t here = length[order[i]];
                CHECK(before < here || (before == here && (!stable || order[i - 1] < order[i])));
            }
        }
    }
}

TEST("the hash orders by class, then by row") {
    for (const auto& [sample, length] : samples()) {
        HashOrder hash;
        const std::vector<uint16_t> order = order_of(hash, OwnedLengths(length));
        for (size_t i = 1; i < order.size(); ++i) {
            const uint32_t before = hbp::row_class(length[order[i - 1]]);
            const uint32_t here = hbp::row_class(length[order[i]]);
            CHECK(before < here || (before == here && order[i - 1] < order[i]));
        }
    }
}

TEST("the published hash probes a, a + 1, a - 1, a + 2 and gives the rest the highest slots") {
    // 260 slots: 20 entries want slot 256, 40 want slot 512, which the table does not have.
    std::vector<uint32_t> length(260, 1);
    length[0] = length[1] = length[2] = 20;
    length[3] = length[4] = 40;
    PublishedHash hash;
    const std::vector<uint16_t> order = order_of(hash, OwnedLengths(length));
    CHECK_EQUAL(order[256], 0);
    CHECK_EQUAL(order[257], 1);
    CHECK_EQUAL(order[255], 2);
    CHECK_EQUAL(order[259], 3);
    CHECK_EQUAL(order[258], 4);
    for (uint16_t slot = 0; slot < 255; ++slot) {
        CHECK_EQUAL(order[slot], slot + 5);  // all want slot 0
    }
}

TEST("the published hash is the identity when every row has fewer than 16 entries") {
    PublishedHash hash;
    const std::vector<uint16_t> order = order_of(hash, OwnedLengths({3, 15, 1, 0, 2, 9}));
    CHECK(order == (std::vector<uint16_t>{0, 1, 2, 4, 5}));
}

TEST("both dynamic programs find groups of the least cost") {
    for (const auto& [sample, length] : samples()) {
        const OwnedLengths rows(length);
        DynamicProgram direct;
        FastDynamicProgram fast;
        order_of(direct, rows);
        order_of(fast, rows);
        CHECK_EQUAL(direct.cost(), fast.cost());
        for (const Method* method : {static_cast<Method*>(&direct), static_cast<Method*>(&fast)}) {
            Quality own;
            own.add(rows.view(), method->order(), method->cuts());
            CHECK_EQUAL(own.padded + own.groups * group_cost(lanes), direct.cost());
        }
    }
}

TEST("a dynamic program puts rows together where a group costs more than their padding") {
    DynamicProgram program;
    order_of(program, OwnedLengths({3, 3, 2, 50, 50, 49}));
    CHECK(program.cuts() == (std::vector<uint32_t>{0, 3}));
    CHECK_EQUAL(program.cost(), 3 * 3 + 3 * 50 + 2 * group_cost(lanes));
}

TEST("below the long rows the hash pads no more than a sort") {
    for (const auto& [sample, length] : samples()) {
        std::vector<uint32_t> shorter_rows = length;
        for (uint32_t& n : shorter_rows) {
            n = std::min(n, hbp::tuning::long_row - 1);
        }
        const OwnedLengths rows(shorter_rows);
        HashOrder hash;
        Sort sort;
        CHECK_EQUAL(padded(order_of(hash, rows), rows), padded(order_of(sort, rows), rows));
    }
}
