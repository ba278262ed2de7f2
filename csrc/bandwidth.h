// How fast this machine reads: the ceilings of every product.
#pragma once
#include <cstdint>

namespace hbp {

// Bytes per second at which n_threads read nbytes over and over, each its own part: the best of
// what was seen in `seconds`. The first of nbytes that no cache holds gives memory bandwidth.
double read_bandwidth(int64_t nbytes, int n_threads, double seconds);

// Reads per second of independent random words, one per cache line, that n_threads make together
// in one array of nbytes, as the gathers from x of a matrix without any order do.
double random_read_rate(int64_t nbytes, int n_threads, double seconds);

}  // namespace hbp
