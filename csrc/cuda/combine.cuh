// How the partial results of a split row block are added up: in ascending order of its blocks.
#pragma once
#include "row_sums.cuh"

namespace hbp::cuda {

// sum[rows of the row block * slice] += the partial results of one piece. Only rows that the block
// has are read.
template <class T>
HBP_DEVICE void add_partials(const Product& p, const DeviceBlock& b, const Piece& piece,
                             int64_t first_vector, const RowSums<T>& sums) {
    const Run& run = piece.run;
    const RunKind kind = static_cast<RunKind>(run.kind);
    const bool grouped = kind == RunKind::full || kind == RunKind::shifted;
    const uint32_t lanes = grouped ? warp_size : 1;
    const uint32_t n_rows = run.n * lanes * run.height;
    const uint16_t* slot_row = p.slot_row + piece.slot;
    const T* partial = static_cast<const T*>(p.partial) +
                       (b.first_partial + piece.row) * p.n_vectors + first_vector;
    for (uint32_t i = lane_index(); i < n_rows * sums.slice; i += warp_size) {
        const uint32_t place = i / sums.slice;
        const uint32_t vector = i % sums.slice;
        const uint32_t tile = place / (lanes * run.height);  // a group's, or a slot's
        const uint32_t h = place / lanes % run.height;
        const uint32_t slot = tile * lanes + place % lanes;
        const uint32_t at = (load_once(slot_row + slot) + h) * sums.slice + vector;
        sums.sum.store(
            at, add(sums.sum.load(at), load_written(partial + place * p.n_vectors + vector)));
    }
}

// Adds the partial results of all blocks of a row block to its sums, which are 0 before.
template <class T>
HBP_DEVICE void combine(const Product& p, int64_t row_block, int64_t first_vector,
                        const RowSums<T>& sums) {
    const int64_t end = load_constant(p.block_ptr + row_block + 1);
    for (int64_t bi = load_constant(p.block_ptr + row_block); bi < end; ++bi) {
        const DeviceBlock b = load_record(p.block + bi);
        for (uint32_t i = warp_index(); i < b.n_pieces; i += n_warps()) {
            add_partials(p, b, load_record(p.piece + b.first_piece + i), first_vector, sums);
        }
        block_barrier();
    }
}

}  // namespace hbp::cuda
