// The constants of the format and of the scheduler, each with its reason.
#pragma once
#include <cstdint>

namespace hbp::tuning {

// Most rows of a block, as local row indices are 16 bits wide, and columns of a default one.
inline constexpr int64_t max_block_side = 65536;

// A row with at least this many entries in its block is multiplied along the row: a reduction of
// its partial sums then costs less than the uneven lengths of such rows in one group. Part of
// the format: it decides the order of the additions, so it is the same on every device.
inline constexpr uint32_t long_row = 128;

// Partial sums of a long row: entry k goes to partial sum k mod 32 (a CUDA warp; four AVX-512
// vectors of doubles).
inline constexpr int long_row_partials = 32;

// Work per thread below which another thread that spins costs more than it brings: an order and
// a wait take about 1.5 us, the time of about 4,000 entries.
inline constexpr int64_t min_nnz_per_thread = 4000;

// The same of a thread that sleeps. To wake one took 25 us on a virtual machine: two threads took
// 1.15 times as long as one for 100,000 entries, 0.84 times for 200,000.
inline constexpr int64_t min_nnz_to_wake = 65536;

// Entries of a row block. Smaller blocks leave more groups ragged: 32,768 cost 5 % in the geometric
// mean over 11 real matrices of 0.9 to 9.4 M entries, 28 % on the worst. But there are at least 8
// blocks and four a CPU, where that leaves each 4,096, and not more than 64 for this reason.
inline constexpr int64_t row_block_nnz = 131072;
inline constexpr int64_t min_row_block_nnz = 4096;
inline constexpr int64_t row_blocks_per_cpu = 4;
inline constexpr int64_t max_equal_row_blocks = 64;

// What the scheduler counts a row block by, in quarters of a stored element's time: a slot's
// addition to y costs about two elements, an empty row's zero a quarter.
inline constexpr int64_t cost_per_element = 4;
inline constexpr int64_t cost_per_slot = 8;

// A row block with more than this share of one thread's work is computed block by block, on all
// threads: for one half. The partial results cost time (NotreDame_www took 1.7 times as long where
// every row block was heavy).
inline constexpr int64_t heavy_share = 2;

// The competitive part of a product goes by parts of row blocks, of which a matrix of up to 32 row
// blocks has about 64: by whole row blocks, two threads waited for each other 0.6 to 15 us of
// products of 12 to 118 us (15 matrices), by parts 0.2 to 2. Smaller parts than 4096 elements cost
// more in calls.
inline constexpr int64_t max_cut_row_blocks = 32;
inline constexpr int64_t parts = 64;
inline constexpr int64_t min_part_nnz = 4096;

// Rows of a row block unless the caller chooses.
inline constexpr int64_t default_block_rows = 65536;

// Rows shorter than this form no tiles: their few columns are not worth storing once.
inline constexpr uint32_t min_tile_length = 3;

// Passes of consecutive shifted groups below which they are stored as plain ones: the change
// from one kind of run to another costs a mispredicted branch.
inline constexpr uint32_t min_shifted_passes = 24;

// Share of a long row's chunks of 32 entries from which it has windows.
inline constexpr int64_t min_windowed_percent = 50;

// Matrices with fewer entries are multiplied from CSR: a product takes less than the call either
// way (156 entries: 0.6 us against 0.9 us), and the conversion does not pay.
inline constexpr int64_t min_nnz_for_hbp = 100;

// Entries of a slot, on average over blocks of 65,536 columns, below which rows are not cut:
// columns then take 32 bits. mdual (1.9 entries): 1.46 times as fast in float64, 1.52 in float32;
// uniformly random rows over 1 M columns (1.2): 1.20; hypersparse rows over 4 M (1.1): 1.23. Slower
// from about 4 entries on (circuits: 0.91, cnr-2000: 0.90).
inline constexpr double few_slot_entries = 2;

// The same for short rows of which cutting makes many more slots: this many more an entry, and at
// most so many entries a row that has any. NotreDame_www (0.13 and 6.7): 1.00 to 1.24 times as
// fast, by process; ch8-8-b4 (0.12 and 5): 0.92 to 1.07; generated rows of 3 to 6 entries over
// 100,000 or 200,000 columns: 1.04 to 1.9, of 8: 0.84 to 1.26, of 10 to 14: 0.73 to 1.13.
inline constexpr double cut_slots = 0.06;
inline constexpr double short_row_entries = 8;

// Share of the entries in rows with the columns of the row before from which most are in tiles.
inline constexpr double tile_share = 0.4;

// Entries a row from which groups have eight lanes where the kernels prefer that, unless more than
// this share of the entries shares a column with all of its group. Floats with AVX2 on Zen 3, in
// place of sixteen lanes, as fewer rows are left over: 1.03 and 1.06 times as fast over 11 matrices
// in two runs (cage10 1.18, sunpinyin_bigram 1.12, soc-Slashdot0902 0.94); 0.87 to 1.04 over 7 of
// shorter rows, and 0.87 on maros-r7, of which 97 % is shifted.
inline constexpr double eight_lanes_entries = 12;
inline constexpr double eight_lanes_shifted = 0.4;

// Share of the time that the cost model must expect to save before it leaves the default layout: it
// is right to about 20 %.
inline constexpr double least_gain = 0.08;

// Bytes of a block's streams to what is prefetched: for matrices that stay in a cache, and for
// others, whose lines come from further away. Near: 1.03 times as fast as far in the geometric mean
// over 16 matrices of up to 10 MB; over 15 others, most of them larger, 0.93 times
// (sunpinyin_bigram, 25 MB: 0.61). Kernels with single loads of x do not prefetch near values at
// all (CachedValues): 1.025 times as fast over 13 matrices with AVX-512; with AVX2 1.04 (float64)
// and 1.06 (float32) over 11.
inline constexpr int64_t near_bytes = 8 << 20;
inline constexpr int32_t near_values = 512, near_columns = 256;
inline constexpr int32_t far_values = 4096, far_columns = 1024;

// Values of a block from which they may be stored as decimals: with fewer the powers of ten take as
// much as is saved.
inline constexpr int64_t min_decimals = 1024;

// Entries of a matrix from which its values may be decimals of up to 16 powers of ten, and of up to
// 32: where reading the values takes longer than decoding them, 0.02 and 0.1 ns each. Generated
// rows of 40 entries on two threads, 4, 16 and 28 MB of values: 1.02 to 1.06, 1.1 to 1.6 and 1.1 to
// 2.0 times as fast with 16 powers; 28 MB with 32: 0.96 to 1.3. scrna_chickenplot (3.7 MB): 0.9.
inline constexpr int64_t decimals_from = int64_t{512} << 10;
inline constexpr int64_t many_powers_from = int64_t{2560} << 10;

// Share of a thread's blocks that it owns; the rest is handed out by ticket.
inline constexpr int fixed_percent = 60;

// A worker spins this long for the next product before it sleeps, as a solver calls again soon.
inline constexpr int spin_microseconds = 60;

}  // namespace hbp::tuning
