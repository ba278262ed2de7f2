// What a bounded number of rows tells of a CSR matrix: the counts that the cost model needs.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

namespace hbp {

// Widths of column blocks for which slots are counted.
inline constexpr std::array<int64_t, 3> sampled_widths{4096, 16384, 65536};

// Rows are read in places of eight neighbours, of each row at most 32 entries: 8,192 entries in
// all, which takes 10 to 70 us.
inline constexpr int64_t sampled_places = 32;
inline constexpr int64_t rows_of_place = 8;
inline constexpr int64_t sampled_entries = 32;

struct MatrixSample {
    int64_t n_rows, n_cols, nnz;
    int64_t itemsize;     // of the values of a plan
    bool is_complex;      // these values
    int64_t index_bytes;  // of one CSR index

    int64_t rows_read = 0;
    int64_t entries_read = 0;
    double filled_rows = 0;  // rows with entries
    // Of blocks as wide as sampled_widths: slots, and the share of the entries in long rows.
    std::array<double, sampled_widths.size()> slots{}, long_share{};
    double length_classes = 0;  // distinct lengths of the short rows that were read
    double repeated = 0;        // share of the entries in rows with the columns of the row before
    double shifted = 0;         // share in neighbours that have these columns plus one
    double uneven_rows = 0;     // share of the rows that are not as long as the row before
    double lone_entries = 0;    // share beyond the shortest of four neighbouring rows
    // Share of the entries in the later rows of a place that name a cache line of x that neither
    // the place has named before nor a prefetcher fetches: the misses of a cache for a few rows.
    double fresh = 0;
    // growth[k]: entries read until 2^k lines of x had been named.
    std::vector<int64_t> growth;
    int64_t lines_named = 0;
    int distinct_values = 0;  // of the values read; few_values + 1 for any more

    // Share of reads of x that miss a cache of so many lines if rows have nothing to do with their
    // neighbours: the rate at which a working set of that size grows (P. J. Denning).
    double growth_rate(double lines) const;

    // Slots in column blocks of any width.
    double slots_of(double block_cols) const;
    double long_share_of(double block_cols) const;
};

// Reads O(1) rows and entries. Trusts neither indptr nor indices: whatever they hold, nothing
// outside indptr[n_rows + 1], indices[nnz] and values[nnz] is read. `values` are items of
// value_bytes, told apart by their bits.
template <class I>
MatrixSample sample_matrix(const I* indptr, const I* indices, const void* values,
                           int64_t value_bytes, int64_t n_rows, int64_t n_cols, int64_t nnz,
                           int64_t itemsize, bool is_complex);

}  // namespace hbp
