// The cost model: seconds of one product of a matrix in HBP with some geometry, and in CSR.
//
// Both are call + (work^3 + memory^3)^(1/3): the work of the kernels and the bytes of the streams
// overlap, but not quite where they take equally long. README.md of benchmarks/cost_model has the
// formulas in words and what the model is worth on real matrices.
#pragma once
#include <cstdint>
#include <utility>

#include "hbp_matrix.h"
#include "matrix_sample.h"

namespace hbp {

// What the model knows of a machine: nanoseconds, bytes, and bytes per nanosecond of one thread.
// The defaults are those of AMD Zen 5 with AVX-512: fitted, from such measurements on, to the
// products of 31 real matrices on two threads, in all column blocks. The first ten can be measured
// by `random_read_rate` and `read_bandwidth`; the others belong to our kernels.
struct Machine {
    double l1_bytes = 49152;
    double l2_bytes = 1048576;
    double l3_bytes = 33554432;  // of all threads together
    double l1_read = 0.19;       // index and x of one entry, x in L1
    double l2_read = 0.38;
    double l3_read = 0.77;
    double memory_read = 5.1;
    double l2_rate = 150;
    double l3_rate = 52;
    double memory_rate = 17;

    double x_share = 0.5;  // of a cache that x has to itself: the streams pass through it, too
    double full = 0.85;    // of a cache that can be used before some of it is lost
    double call = 800;
    double threads = 1200;      // to hand work over to other threads, and to wait for them
    double cheap_entry = 0.07;  // one whose column another one has brought along
    double slot = 0.25;         // y's read, addition and write
    double long_slot = 9;       // the sum of a long row's partial sums
    double ragged_slot = 1;     // a row outside full groups
    double run = 2.2;           // a mispredicted branch
    double block = 30;
    double row = 0.1;           // y's zero
    double complex_factor = 2;  // of the work on complex entries
    double rare_factor = 8;     // kernels that go row by row: see kernel_make_table.h
    double csr_entry = 0.25;    // three loads and a multiply-add
    double csr_lone = 1.05;     // one whose addition waits for the row's one before
    double csr_row = 1.5;
    double csr_uneven = 2.3;  // a row of another length than the row before: a wrong prediction
    double csr_long = 0.34;   // an entry of a long row, vectorised along the row
    double csr_rate = 0.48;   // share of the rates that short rows reach
};

// The names of the fields, for those who measure them.
inline constexpr std::pair<const char*, double Machine::*> machine_fields[] = {
    {"l1_bytes", &Machine::l1_bytes},
    {"l2_bytes", &Machine::l2_bytes},
    {"l3_bytes", &Machine::l3_bytes},
    {"l1_read", &Machine::l1_read},
    {"l2_read", &Machine::l2_read},
    {"l3_read", &Machine::l3_read},
    {"memory_read", &Machine::memory_read},
    {"l2_rate", &Machine::l2_rate},
    {"l3_rate", &Machine::l3_rate},
    {"memory_rate", &Machine::memory_rate},
    {"x_share", &Machine::x_share},
    {"full", &Machine::full},
    {"call", &Machine::call},
    {"threads", &Machine::threads},
    {"cheap_entry", &Machine::cheap_entry},
    {"slot", &Machine::slot},
    {"long_slot", &Machine::long_slot},
    {"ragged_slot", &Machine::ragged_slot},
    {"run", &Machine::run},
    {"block", &Machine::block},
    {"row", &Machine::row},
    {"complex_factor", &Machine::complex_factor},
    {"rare_factor", &Machine::rare_factor},
    {"csr_entry", &Machine::csr_entry},
    {"csr_lone", &Machine::csr_lone},
    {"csr_row", &Machine::csr_row},
    {"csr_uneven", &Machine::csr_uneven},
    {"csr_long", &Machine::csr_long},
    {"csr_rate", &Machine::csr_rate},
};

// Seconds of y = A x. O(1).
double hbp_seconds(const MatrixSample& s, const Geometry& g, int n_threads, const Machine& m = {});
double csr_seconds(const MatrixSample& s, int n_threads, const Machine& m = {});

}  // namespace hbp
