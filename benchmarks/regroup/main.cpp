// Checks, rates and times every method on the blocks of one matrix: `regroup FILE ROUNDS
// REHEARSALS`.
//
// FILE has, in the machine's byte order: int64 n_rows, n_cols, nnz; int64 indptr[n_rows + 1];
// int32 indices[nnz]. Prints one JSON object.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "choose_geometry.h"
#include "hbp_matrix.h"
#include "methods.h"
#include "partition.h"
#include "quality.h"
#include "tuning.h"
#include "turns.h"

using namespace hbp::regroup;

namespace {

template <class T>
void read(std::ifstream& in, std::vector<T>& to) {
    in.read(reinterpret_cast<char*>(to.data()),
            static_cast<std::streamsize>(to.size() * sizeof(T)));
}

Pattern read_pattern(const char* path) {
    std::ifstream in(path, std::ios::binary);
    std::vector<int64_t> head(3);
    read(in, head);
    if (!in || head[0] < 0 || head[1] < 0 || head[2] < 0) {
        throw std::runtime_error(std::string(path) + ": not a pattern");
    }
    Pattern a{head[0], head[1], std::vector<int64_t>(static_cast<size_t>(head[0]) + 1),
              std::vector<int32_t>(static_cast<size_t>(head[2]))};
    read(in, a.indptr);
    read(in, a.indices);
    if (!in || a.indptr.front() != 0 || a.indptr.back() != head[2] ||
        !std::is_sorted(a.indptr.begin(), a.indptr.end())) {
        throw std::runtime_error(std::string(path) + ": shorter than it says, or no CSR arrays");
    }
    return a;
}

struct Experiment {
    const char* name;
    hbp::Geometry geometry;
    std::vector<int64_t> first_row;
    int64_t max_rows;  // of the blocks that are measured
};

std::vector<int64_t> every(int64_t block_rows, int64_t n_rows) {
    std::vector<int64_t> first;
    for (int64_t row = 0; row < n_rows; row += block_rows) {
        first.push_back(row);
    }
    first.push_back(n_rows);
    return first;
}

std::vector<Experiment> experiments(const Pattern& a) {
    const auto nnz = static_cast<int64_t>(a.indices.size());
    const hbp::Geometry ours = hbp::choose_geometry(a.n_rows, a.n_cols, sizeof(double));
    const int n_cpus = static_cast<int>(std::max(std::thread::hardware_concurrency(), 1u));
    // The published hash probes O(rows^2) slots of a block, so fewer of the larger blocks.
    return {
        {"paper", {512, 4096, 32}, every(512, a.n_rows), 512 * 512},
        {"default", ours,
         hbp::partition_rows(a.indptr.data(), a.n_rows, nnz, ours.block_rows, n_cpus), 8 * 8192}};
}

// The rows of a block have orders: each non-empty row once, the same whoever asks.
void check_orders(const Blocks& blocks, const NamedMethod& named, uint32_t lanes) {
    const auto used = named.make();
    for (size_t b = 0; b < blocks.size(); ++b) {
        used->arrange(blocks[b], lanes);
        const std::vector<uint16_t> order = used->order();
        const auto fresh = named.make();
        fresh->arrange(blocks[b], lanes);
        if (order != fresh->order()) {
            throw std::runtime_error(std::string(named.name) + ": two runs differ");
        }
        NaturalOrder natural;
        natural.arrange(blocks[b], lanes);
        std::vector<uint16_t> rows = order;
        std::sort(rows.begin(), rows.end());
        if (rows != natural.order()) {
            throw std::runtime_error(std::string(named.name) + ": not a permutation of the rows");
        }
    }
}

struct Rating {
    Quality all;      // every non-empty row in a group
    Quality grouped;  // without rows of at least tuning::long_row, which HBP does not group
    Quality own;      // in the method's own groups, if it has any
    int64_t probes = 0;
};

Rating rate(const Blocks& blocks, Method& method, uint32_t lanes) {
    Rating rating;
    for (size_t b = 0; b < blocks.size(); ++b) {
        const RowLengths block = blocks[b];
        method.arrange(block, lanes);
        std::vector<uint16_t> order = method.order();
        rating.all.add(block, order, lanes);
        rating.own.add(block, order, method.cuts());
        std::erase_if(order, [&](uint16_t r) { return block.length[r] >= hbp::tuning::long_row; });
        rating.grouped.add(block, order, lanes);
    }
    rating.probes = method.probes();
    return rating;
}

void print(const char* name, const Quality& q) {
    std::printf(
        "\"%s\": {\"elements\": %lld, \"padded\": %lld, \"groups\": %lld, \"spread\": %lld}", name,
        static_cast<long long>(q.elements), static_cast<long long>(q.padded),
        static_cast<long long>(q.groups), static_cast<long long>(q.spread));
}

void print(const Rating& r) {
    print("all", r.all);
    std::printf(", ");
    print("grouped", r.grouped);
    std::printf(", ");
    print("own", r.own);
    std::printf(", \"probes\": %lld", static_cast<long long>(r.probes));
}

void run(const Pattern& a, const Experiment& e, int rounds, int rehearsals) {
    const Blocks blocks(a, e.first_row, e.geometry.block_cols, e.max_rows);
    const auto lanes = static_cast<uint32_t>(e.geometry.lanes);
    int64_t rows = 0;  // non-empty ones
    for (size_t b = 0; b < blocks.size(); ++b) {
        rows += static_cast<int64_t>(blocks[b].n);
    }
    std::vector<std::unique_ptr<Method>> made;
    std::vector<Pass> passes;
    for (const NamedMethod& m : methods) {
        check_orders(blocks, m, lanes);
        made.push_back(m.make());
        passes.emplace_back(*made.back(), blocks, lanes);
    }
    const auto seconds = time_in_turns(passes, rounds, rehearsals);

    NaturalOrder natural;
    std::printf(
        "{\"geometry\": \"%s\", \"block_rows\": %d, \"block_cols\": %d, \"lanes\": %d, "
        "\"blocks\": %lld, \"measured_blocks\": %zu, \"rows\": %lld,\n \"natural\": {",
        e.name, e.geometry.block_rows, e.geometry.block_cols, e.geometry.lanes,
        static_cast<long long>(blocks.n_all()), blocks.size(), static_cast<long long>(rows));
    print(rate(blocks, natural, lanes));
    std::printf("},\n \"methods\": {");
    for (size_t m = 0; m < methods.size(); ++m) {
        std::printf("%s\n  \"%s\": {", m > 0 ? "," : "", methods[m].name);
        print(rate(blocks, *methods[m].make(), lanes));
        std::printf(", \"seconds\": [");
        for (size_t i = 0; i < seconds[m].size(); ++i) {
            std::printf("%s%.9g", i > 0 ? ", " : "", seconds[m][i]);
        }
        std::printf("]}");
    }
    std::printf("}}");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: regroup FILE ROUNDS REHEARSALS\n");
        return EXIT_FAILURE;
    }
    try {
        const Pattern a = read_pattern(argv[1]);
        std::printf(
            "{\"rows\": %lld, \"cols\": %lld, \"nnz\": %zu, \"long_row\": %u, "
            "\"experiments\": [\n",
            static_cast<long long>(a.n_rows), static_cast<long long>(a.n_cols), a.indices.size(),
            hbp::tuning::long_row);
        bool first = true;
        for (const Experiment& e : experiments(a)) {
            std::printf("%s", first ? "" : ",\n");
            first = false;
            run(a, e, std::atoi(argv[2]), std::atoi(argv[3]));
        }
        std::printf("]}\n");
    } catch (const std::exception& error) {
        std::fprintf(stderr, "regroup: %s\n", error.what());
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
