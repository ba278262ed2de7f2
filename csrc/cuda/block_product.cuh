// The product of pieces of one block by the warps of a thread block.
#pragma once
#include "piece_product.cuh"

namespace hbp::cuda {

// The product of one piece. V is the number of vectors of a lane.
template <class Stored, class T, int V>
HBP_DEVICE void multiply_piece(const PieceProduct<Stored, T, V>& product) {
    switch (static_cast<RunKind>(product.run.kind)) {
        case RunKind::full:
        case RunKind::shifted:
            // Sums of more than four 8-byte numbers a lane do not fit its registers.
            if constexpr (V == 1 && sizeof(T) <= 8) {
                switch (product.run.height) {
                    case 2:
                        return product.template groups<2>();
                    case 3:
                        return product.template groups<3>();
                    case 4:
                        return product.template groups<4>();
                }
            }
            return product.template groups<1>();
        case RunKind::ragged:
            return product.ragged();
        case RunKind::along: {
            // All lanes work on one row, so all have the same vectors, V at a time.
            const XSource<T, V>& x = product.x;
            const uint32_t slice = product.sums.slice;
#pragma unroll 1
            for (uint32_t first = 0; first < slice; first += V) {
                const uint32_t n = slice - first < V ? slice - first : V;
                product.template along<1>({x.x - product.share.vector + first, x.stride, n},
                                          {1, 0, first, n});
            }
            return;
        }
        case RunKind::windowed:  // never: there are no windows with 32 lanes
        case RunKind::along_windowed:
            return;
    }
}

// sums += the product of n pieces of block bi, from its piece `first` on, with the vectors of a
// slice. The last pieces have the longest rows, so they go first.
template <class Stored, class T, int V>
HBP_DEVICE void multiply_pieces(const Product& p, int64_t bi, const DeviceBlock& b, uint32_t first,
                                uint32_t n, int64_t first_vector, const RowSums<T>& sums,
                                const SharedArray<T>& window) {
    const Share share = share_of_lane<V>(sums.slice);
    const T* x = static_cast<const T*>(p.x) + b.first_column * p.n_vectors + first_vector;
    if (V == 1 && b.window_n > 0) {
        for (uint32_t i = thread_index(); i < b.window_n; i += n_threads()) {
            window.store(i, load_constant(x + b.window_first + i));
        }
        block_barrier();
        x = window.address() - b.window_first;
    }
#pragma unroll 1
    for (uint32_t i = warp_index(); i < n; i += n_warps()) {
        const Piece piece = load_record(p.piece + b.first_piece + first + (n - 1 - i));
        multiply_piece(PieceProduct<Stored, T, V>{piece.run,
                                                  p.slot_row + piece.slot,
                                                  p.slot_length + piece.length,
                                                  p.column + piece.column,
                                                  piece.row,
                                                  Values<Stored, T>(p, bi, piece),
                                                  {x + share.vector, p.n_vectors, share.n_vectors},
                                                  sums,
                                                  share});
    }
}

}  // namespace hbp::cuda
