// The HBP format: its arrays, their lengths, the invariants they obey.
//
// The matrix is cut into row blocks (row_block_ptr) and column blocks (block_cols wide). A block
// stores its non-empty rows as slots. A slot is a tile: `height` consecutive rows that have the
// same columns in this block, which are then stored once; most tiles of most matrices have height
// 1. Slots are ordered by class, a hash of height and length (row_hash.h), and within a class by
// row. Consecutive slots of one height and length form groups of `lanes`. An example with one
// block, 2 lanes, letters for values:
//
//      a . b .        slots            row 1: c     row 2: e    | row 0: a b   row 4: i j
//      . c . .                         row 3: f g h (left over)
//      . . . e        runs             full, 1 group, length 1  | full, 1 group, length 2
//      f g . h                         ragged, 1 slot, common length 0, tail 3
//      i . . j        value stream     c e | a i b j | f g h      (pass by pass, no padding)
//      . . . .        column stream    1 3 | 0 0 2 3 | 0 1 3
//
// Symbols of the paper: output_hash is slot_row, begin_ptr is implied by the runs, zero_row and
// add_sign do not exist: empty rows have no slot and a full group needs no end marks.
//
// Invariants (each has a test of the same wording):
//  1. Every block holds at least one element.
//  2. Every slot holds at least one element.
//  3. Blocks are ordered by row block, then by column block.
//  4. Slots of a block cover distinct rows.
//  5. Slots are ordered by class, then by row.
//  6. The lengths of all rows of a block add up to its elements.
//  7. Elements of a row keep the order they had in CSR.
#pragma once
#include <cstdint>

namespace hbp {

enum class RunKind : uint32_t {
    full = 0,      // n groups of `lanes` slots, all of `height` and `length`. Pass k holds the
                   // k-th columns of all slots, and for each row of the tiles the k-th values
    shifted = 1,   // as full, height 1, and in every pass slot i has the column of slot 0 plus i:
                   // only slot 0's columns are stored
    ragged = 2,    // one group of n <= lanes slots, height 1: `length` common elements pass by
                   // pass, then the tails slot by slot; slot_length has the n tail lengths
    along = 3,     // n slots of long rows, stored slot by slot, a tile's rows one after the other;
                   // slot_length has their n lengths
    windowed = 4,  // as full, height 1, and each pass stores its columns by windows (windows.h)
    along_windowed = 5,  // as along, height 1. A slot has its length in slot_length, then a bit for
                         // each 32 of its elements: whether these have windows
};

struct Run {
    uint32_t kind : 3;
    uint32_t height : 5;
    uint32_t n : 24;
    uint32_t length;
};

inline constexpr int max_height = 4;

// Rows of a run; `lanes` of the matrix.
inline int64_t rows_of(const Run& run, int64_t lanes) {
    const RunKind kind = static_cast<RunKind>(run.kind);
    const bool in_groups =
        kind == RunKind::full || kind == RunKind::shifted || kind == RunKind::windowed;
    return int64_t{run.n} * run.height * (in_groups ? lanes : 1);
}

enum class Encoding : uint8_t {
    raw = 0,         // a value stream
    constant = 1,    // one value for the whole block
    few = 2,         // a stream of bytes, each the place of a value in a table of few_values
    decimal_16 = 3,  // a stream of 16-bit codes of decimals (decimal.h), of 16 powers of ten
    decimal_32 = 4,  // the same of 32 powers
};
inline constexpr int n_encodings = 5;
inline constexpr int few_values = 8;
inline constexpr int decimal_16_bits = 4, decimal_32_bits = 5;  // of a code, to choose a power
inline constexpr int n_powers(int power_bits) { return 1 << power_bits; }

inline constexpr bool is_decimal(Encoding e) {
    return e == Encoding::decimal_16 || e == Encoding::decimal_32;
}

// Entries of `power` that a block has.
inline constexpr int64_t n_block_powers(Encoding e) {
    return e == Encoding::decimal_16   ? 2 * n_powers(decimal_16_bits)
           : e == Encoding::decimal_32 ? 2 * n_powers(decimal_32_bits)
                                       : 0;
}

// Bytes of one stored value, where values as they are have `size`.
inline constexpr int64_t value_bytes(Encoding e, int64_t size) {
    return e == Encoding::raw ? size : e == Encoding::constant ? 0 : e == Encoding::few ? 1 : 2;
}

template <class T>
struct Block {
    int32_t row_block;
    int32_t col_block;
    int64_t first_element;  // elements of all blocks before it
    int64_t first_value;    // into value
    int64_t first_column;   // into column
    int64_t first_slot;     // into slot_row
    int64_t first_run;      // into run
    int64_t first_length;   // into slot_length
    int64_t first_power;    // into power
    uint32_t n_slots;
    uint32_t n_runs;
    int64_t n_elements;
    Encoding encoding;
    T constant;  // the value of an Encoding::constant block
};

template <class T>
struct HbpView {
    int64_t n_rows;
    int64_t n_cols;
    int64_t nnz;
    int32_t block_cols;
    int32_t lanes;
    int64_t n_row_blocks;
    int64_t n_blocks;
    const int64_t* row_block_ptr;  // [n_row_blocks + 1] first row of each row block
    const int64_t* block_ptr;      // [n_row_blocks + 1] first block of each row block
    const Block<T>* block;         // [n_blocks]
    const Run* run;                // [sum of n_runs]
    const uint16_t* slot_row;      // [sum of n_slots] first row - first row of the row block
    const uint32_t* slot_length;   // [slots of ragged and along runs, bits of along_windowed ones]
    const uint16_t* column;        // [column_size] column - first column of the column block;
                                   // 32 bits each where is_wide(block_cols): see column_at.
                                   // Windowed runs have passes there: see windows.h
    const T* value;                // [value_size] values; of other encodings, their codes
    const T* table;                // [n_blocks * few_values], or null when no block needs one
    const T* power;                // [sum of n_block_powers] high parts, then low parts of a block
};

// Columns within a block take 16 bits, or 32 where a block has more columns.
inline constexpr int64_t max_narrow_block_cols = 65536;
inline constexpr bool is_wide(int64_t block_cols) { return block_cols > max_narrow_block_cols; }

// The k-th column of the column stream.
template <class T>
inline uint32_t column_at(const HbpView<T>& v, int64_t k) {
    return is_wide(v.block_cols) ? reinterpret_cast<const uint32_t*>(v.column)[k] : v.column[k];
}

// Places of the value stream that a block uses, from first_value on.
template <class T>
inline int64_t value_places(const Block<T>& b) {
    const int64_t size = static_cast<int64_t>(sizeof(T));
    return (b.n_elements * value_bytes(b.encoding, size) + size - 1) / size;
}

}  // namespace hbp
