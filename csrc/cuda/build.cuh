// CSR to HBP on the device: one thread block builds one row block.
//
// The plan is a simple one: no tiles, no shifted groups, all values stored. Its products have the
// bits of any other plan with the same block_cols. Rows are ordered as on the CPU, by the hash of
// their length and within a class by row, which is a counting sort of 129 classes: O(rows).
#pragma once
#include "../row_hash.h"
#include "build_view.h"
#include "lanes.cuh"

namespace hbp::cuda {

// The sum of `a` over the lanes before this one.
HBP_DEVICE uint32_t sum_before(uint32_t a) {
    uint32_t sum = a;
#pragma unroll
    for (uint32_t distance = 1; distance < warp_size; distance *= 2) {
        const uint32_t before = shuffle_up(sum, distance);
        sum += lane_index() >= distance ? before : 0;
    }
    return sum - a;
}

template <class I, class T>
class RowBlockBuilder {
  public:
    HBP_DEVICE explicit RowBlockBuilder(const Build& b)
        : b_(b),
          first_row_(static_cast<int64_t>(thread_block_index()) * b.block_rows),
          n_rows_(static_cast<uint32_t>(b.n_rows - first_row_ < b.block_rows ? b.n_rows - first_row_
                                                                             : b.block_rows)),
          total_(0),
          n_single_(at(4)),
          n_long_(at(4 + b.n_column_blocks)),
          n_elements_(at(4 + 2 * b.n_column_blocks)),
          done_(at(4 + 3 * b.n_column_blocks)),
          length_(at(4 + 3 * b.n_column_blocks + b.block_rows)),
          sorted_(at(4 + 3 * b.n_column_blocks + 2 * b.block_rows)),
          chunk_(at(4 + 3 * b.n_column_blocks + 3 * b.block_rows)),
          class_(at(4 + 3 * b.n_column_blocks + 3 * b.block_rows + warp_size)) {}

    // How many blocks, pieces and slots the row block has.
    HBP_DEVICE void count() const {
        count_columns();
        for (uint32_t cb = thread_index(); cb < b_.n_column_blocks; cb += n_threads()) {
            const uint32_t singles = n_single_.load(cb);
            const uint32_t longs = n_long_.load(cb);
            if (singles + longs > 0) {
                total_.atomic_add(0, 1u);
                total_.atomic_add(1, (singles + warp_size - 1) / warp_size + longs);
                total_.atomic_add(2, singles + longs);
            }
        }
        block_barrier();
        if (thread_index() == 0) {
            const uint32_t rb = thread_block_index();
            store(b_.n_blocks + rb, static_cast<int64_t>(total_.load(0)));
            store(b_.n_pieces + rb, static_cast<int64_t>(total_.load(1)));
            store(b_.n_slots + rb, static_cast<int64_t>(total_.load(2)));
        }
    }

    // Fills in its blocks, pieces, slots and elements.
    HBP_DEVICE void fill() const {
        count_columns();
        for (uint32_t i = thread_index(); i < n_rows_; i += n_threads()) {
            done_.store(i, 0u);
        }
        const uint32_t rb = thread_block_index();
        Place place{load_constant(b_.n_blocks + rb), load_constant(b_.n_pieces + rb),
                    load_constant(b_.n_slots + rb), row_start(0)};
#pragma unroll 1
        for (uint32_t cb = 0; cb < b_.n_column_blocks; ++cb) {
            const uint32_t n = n_elements_.load(cb);
            if (n > 0) {
                const uint32_t singles = n_single_.load(cb);
                const uint32_t longs = n_long_.load(cb);
                fill_block(cb, singles, longs, place);
                ++place.block;
                place.piece += (singles + warp_size - 1) / warp_size + longs;
                place.slot += singles + longs;
                place.element += n;
            }
        }
    }

  private:
    // Where the next block goes.
    struct Place {
        int64_t block, piece, slot, element;
    };

    HBP_DEVICE static uint32_t at(uint32_t word) {
        return word * static_cast<uint32_t>(sizeof(uint32_t));
    }

    HBP_DEVICE int64_t row_start(uint32_t row) const {
        return load_constant(static_cast<const I*>(b_.indptr) + first_row_ + row);
    }
    HBP_DEVICE int64_t column_at(int64_t k) const {
        return load_constant(static_cast<const I*>(b_.indices) + k);
    }

    // The end of the entries from k on, before `end`, that are in column block cb.
    HBP_DEVICE int64_t segment_end(int64_t k, int64_t end, int64_t cb) const {
        const int64_t limit = (cb + 1) * b_.block_cols;
        if (k == end || column_at(end - 1) < limit) {
            return end;
        }
        int64_t below = k - 1;  // entries up to here are in the block, or none is
        while (end - below > 1) {
            const int64_t middle = below + (end - below) / 2;
            (column_at(middle) < limit ? below : end) = middle;
        }
        return end;
    }

    // n_single_, n_long_ and n_elements_ of all column blocks.
    HBP_DEVICE void count_columns() const {
        for (uint32_t cb = thread_index(); cb < b_.n_column_blocks; cb += n_threads()) {
            n_single_.store(cb, 0u);
            n_long_.store(cb, 0u);
            n_elements_.store(cb, 0u);
        }
        if (thread_index() < 4) {
            total_.store(thread_index(), 0u);
        }
        block_barrier();
        for (uint32_t i = thread_index(); i < n_rows_; i += n_threads()) {
            const int64_t end = row_start(i + 1);
            for (int64_t k = row_start(i); k < end;) {
                const int64_t cb = column_at(k) / b_.block_cols;
                const int64_t next = segment_end(k, end, cb);
                const uint32_t n = static_cast<uint32_t>(next - k);
                (n < tuning::long_row ? n_single_ : n_long_)
                    .atomic_add(static_cast<uint32_t>(cb), 1u);
                n_elements_.atomic_add(static_cast<uint32_t>(cb), n);
                k = next;
            }
        }
        block_barrier();
    }

    HBP_DEVICE void fill_block(uint32_t cb, uint32_t singles, uint32_t longs,
                               const Place& place) const {
        for (uint32_t i = thread_index(); i < n_rows_; i += n_threads()) {
            const int64_t k = row_start(i) + done_.load(i);
            const int64_t end = row_start(i + 1);
            length_.store(i, static_cast<uint32_t>(segment_end(k, end, cb) - k));
        }
        sort_rows();
        find_chunks(singles + longs);
        const uint32_t n_chunks = (singles + longs + warp_size - 1) / warp_size;
#pragma unroll 1
        for (uint32_t c = warp_index(); c < n_chunks; c += n_warps()) {
            fill_chunk(c, cb, singles, longs, place);
        }
        if (thread_index() == 0) {
            DeviceBlock d{};
            d.first_piece = place.piece;
            d.first_column = static_cast<int64_t>(cb) * b_.block_cols;
            d.n_pieces = (singles + warp_size - 1) / warp_size + longs;
            store_record(b_.block + place.block, d);
        }
        block_barrier();
        for (uint32_t i = thread_index(); i < n_rows_; i += n_threads()) {
            done_.store(i, done_.load(i) + length_.load(i));
        }
    }

    // sorted_: the rows of the block by class, then by row. Each warp has consecutive rows; a row
    // goes behind those of its class in the warps before, and in the lanes before.
    HBP_DEVICE void sort_rows() const {
        const uint32_t n = n_warps() * n_length_classes;
        for (uint32_t i = thread_index(); i < n; i += n_threads()) {
            class_.store(i, 0u);
        }
        block_barrier();
        const uint32_t of_warp =
            (n_rows_ + n_threads() - 1) / n_threads() * warp_size;  // rows, a multiple of 32
        const uint32_t begin = warp_index() * of_warp;
        const auto length_of = [&](uint32_t row) { return row < n_rows_ ? length_.load(row) : 0; };
        for (uint32_t i = 0; i < of_warp; i += warp_size) {
            const uint32_t length = length_of(begin + i + lane_index());
            if (length > 0) {
                class_.atomic_add(place_of(warp_index(), row_class(length)), 1u);
            }
        }
        block_barrier();
        if (warp_index() == 0) {
            start_classes();
        }
        block_barrier();
        for (uint32_t i = 0; i < of_warp; i += warp_size) {
            const uint32_t row = begin + i + lane_index();
            const uint32_t length = length_of(row);
            const uint32_t c = row_class(length);  // 0 has no rows
            const uint32_t same = match(c);
            const uint32_t before = count_bits(same & ((1u << lane_index()) - 1));
            const uint32_t first_lane = count_bits((same & (~same + 1)) - 1);
            uint32_t to = 0;
            if (before == 0 && length > 0) {
                to = class_.atomic_add(place_of(warp_index(), c), count_bits(same));
            }
            to = shuffle(to, first_lane) + before;
            if (length > 0) {
                sorted_.store(to, row);
            }
        }
        block_barrier();
    }

    // By class, then by warp.
    HBP_DEVICE uint32_t place_of(uint32_t warp, uint32_t c) const { return c * n_warps() + warp; }

    // class_: from how many rows of a class a warp has to where the first of them goes.
    HBP_DEVICE void start_classes() const {
        const uint32_t n = n_warps() * n_length_classes;
        const uint32_t of_lane = (n + warp_size - 1) / warp_size;
        const uint32_t begin = lane_index() * of_lane;
        uint32_t sum = 0;
        for (uint32_t i = begin; i < begin + of_lane && i < n; ++i) {
            sum += class_.load(i);
        }
        sum = sum_before(sum);
        for (uint32_t i = begin; i < begin + of_lane && i < n; ++i) {
            const uint32_t here = class_.load(i);
            class_.store(i, sum);
            sum += here;
        }
    }

    HBP_DEVICE uint32_t sorted_length(uint32_t slot, uint32_t n_slots) const {
        return slot < n_slots ? length_.load(sorted_.load(slot)) : 0;
    }

    // chunk_: elements in the chunks of 32 slots before each.
    HBP_DEVICE void find_chunks(uint32_t n_slots) const {
        const uint32_t n_chunks = (n_slots + warp_size - 1) / warp_size;
        for (uint32_t c = warp_index(); c < n_chunks; c += n_warps()) {
            const uint32_t length = sorted_length(c * warp_size + lane_index(), n_slots);
            const uint32_t before = sum_before(length);
            if (lane_index() == warp_size - 1) {
                chunk_.store(c, before + length);
            }
        }
        block_barrier();
        if (warp_index() == 0) {
            const bool used = lane_index() < n_chunks;
            const uint32_t before = sum_before(used ? chunk_.load(lane_index()) : 0);
            if (used) {
                chunk_.store(lane_index(), before);
            }
        }
        block_barrier();
    }

    // 32 slots by one warp: a group of single rows, long rows behind them, or both.
    HBP_DEVICE void fill_chunk(uint32_t c, uint32_t cb, uint32_t singles, uint32_t longs,
                               const Place& place) const {
        const uint32_t lane = lane_index();
        const uint32_t first = c * warp_size;
        const uint32_t slot = first + lane;
        const uint32_t n_slots = singles + longs;
        const uint32_t length = sorted_length(slot, n_slots);
        const uint32_t row = slot < n_slots ? sorted_.load(slot) : 0;
        const uint32_t before = sum_before(length);
        const int64_t base = place.element + chunk_.load(c);
        const int64_t from = slot < n_slots ? row_start(row) + done_.load(row) : 0;
        const int64_t first_column = static_cast<int64_t>(cb) * b_.block_cols;
        const uint32_t n = singles <= first              ? 0
                           : singles - first < warp_size ? singles - first
                                                         : warp_size;  // of the group
        // Slots are sorted by length, up to long ones.
        const uint32_t shortest = shuffle(length, 0);
        const uint32_t longest = shuffle(length, n > 0 ? n - 1 : 0);
        const uint32_t in_group = shuffle(before + length, n > 0 ? n - 1 : 0);
        if (lane < n) {
            const int64_t tail = base + shortest * n + (before - shortest * lane);
            for (uint32_t k = 0; k < length; ++k) {
                const int64_t to = k < shortest ? base + k * n + lane : tail + (k - shortest);
                copy_element(from + k, to, first_column);
            }
        }
        if (slot < n_slots) {
            store(b_.slot_row + place.slot + slot, static_cast<uint16_t>(row));
            store(b_.slot_length + place.slot + slot, lane < n ? length - shortest : length);
        }
        if (lane == 0 && n > 0) {
            const bool full = n == warp_size && shortest == longest;
            put_piece(place, c, first, base, full ? RunKind::full : RunKind::ragged, full ? 1 : n,
                      shortest, in_group, n);
        }
#pragma unroll 1
        for (uint32_t i = n; i < warp_size && first + i < n_slots; ++i) {
            const uint32_t long_length = shuffle(length, i);
            const int64_t long_to = base + shuffle(before, i);
            const int64_t long_from = row_start(shuffle(row, i)) + done_.load(shuffle(row, i));
            for (uint32_t k = lane; k < long_length; k += warp_size) {
                copy_element(long_from + k, long_to + k, first_column);
            }
            if (lane == 0) {
                const uint32_t nth = (singles + warp_size - 1) / warp_size + first + i - singles;
                put_piece(place, nth, first + i, long_to, RunKind::along, 1, 0, long_length, 1);
            }
        }
    }

    HBP_DEVICE void copy_element(int64_t from, int64_t to, int64_t first_column) const {
        store(b_.column + to, static_cast<uint16_t>(column_at(from) - first_column));
        store(static_cast<T*>(b_.value) + to, load_once(static_cast<const T*>(b_.data) + from));
    }

    HBP_DEVICE void put_piece(const Place& place, uint32_t nth, uint32_t slot, int64_t element,
                              RunKind kind, uint32_t n, uint32_t length, uint32_t n_elements,
                              uint32_t n_slots) const {
        Piece p{};
        p.value = p.column = element;
        p.slot = p.length = place.slot + slot;
        p.run.kind = static_cast<uint32_t>(kind);
        p.run.height = 1;
        p.run.n = n;
        p.run.length = length;
        p.row = static_cast<uint16_t>(slot);
        p.encoding = Encoding::raw;
        store_record(b_.piece + place.piece + nth, p);
        store(b_.piece_cost + place.piece + nth,
              tuning::cost_per_element * n_elements + tuning::cost_per_slot * n_slots);
    }

    const Build& b_;
    const int64_t first_row_;
    const uint32_t n_rows_;
    const SharedArray<uint32_t> total_;
    const SharedArray<uint32_t> n_single_, n_long_, n_elements_;  // of each column block
    const SharedArray<uint32_t> done_;    // entries of each row in earlier blocks
    const SharedArray<uint32_t> length_;  // of each row in this block
    const SharedArray<uint32_t> sorted_;  // row of each slot of this block
    const SharedArray<uint32_t> chunk_;   // [32]
    const SharedArray<uint32_t> class_;   // [classes * warps]
};

}  // namespace hbp::cuda
