// The product of one piece by one warp.
//
// Order of the additions, that of the CPU (kernel.h): a row's elements in stored order into one
// accumulator by fused multiply-add; a long row's element k into partial sum k mod 32, which is a
// lane's, then halves added: 16, 8, 4, 2, 1.
#pragma once
#include "row_sums.cuh"
#include "values.cuh"
#include "x_source.cuh"

namespace hbp::cuda {

// n elements of one lane for each of H rows: the k-th has its column at column + k * column_stride,
// plus column_add, and its value for row h at k * value_stride + h * row_stride.
template <class Stored, class T>
struct Elements {
    uint32_t n;
    Values<Stored, T> value;
    uint32_t value_stride, row_stride;
    const uint16_t* column;
    uint32_t column_stride, column_add;
};

// sum[H] += the products of elements k .. k + n - 1. All loads are under way at a time.
template <int n, int H, class Stored, class T, int V>
HBP_DEVICE void add_few(Several<T, V> (&sum)[H], const Elements<Stored, T>& e, uint32_t k,
                        const XSource<T, V>& x) {
    uint32_t column[n];
#pragma unroll
    for (int u = 0; u < n; ++u) {
        column[u] = load_once(e.column + (k + u) * e.column_stride) + e.column_add;
    }
    T value[n][H];
    e.value.load(value, k, e.value_stride, e.row_stride);
    Several<T, V> x_of[n];
#pragma unroll
    for (int u = 0; u < n; ++u) {
        x_of[u] = x.load(column[u]);
    }
#pragma unroll
    for (int u = 0; u < n; ++u) {
#pragma unroll
        for (int h = 0; h < H; ++h) {
            fused_multiply_add_to(sum[h], value[u][h], x_of[u]);
        }
    }
}

// sum[H] += the products of all elements, in ascending order.
template <int H, class Stored, class T, int V>
HBP_DEVICE void add_elements(Several<T, V> (&sum)[H], const Elements<Stored, T>& e,
                             const XSource<T, V>& x) {
    constexpr int at_once = H * V > 2 ? 1 : 4 / (H * V);
    uint32_t k = 0;
#pragma unroll 1
    for (; k + at_once <= e.n; k += at_once) {
        add_few<at_once>(sum, e, k, x);
    }
#pragma unroll 1
    for (; k < e.n; ++k) {
        add_few<1>(sum, e, k, x);
    }
}

// A piece with what its product needs.
template <class Stored, class T, int V>
struct PieceProduct {
    const Run run;
    const uint16_t* row;     // at its first slot
    const uint32_t* length;  // at its first length
    const uint16_t* column;  // at its first column
    const uint32_t place;    // rows of the block's slots before it
    const Values<Stored, T> values;
    const XSource<T, V> x;
    const RowSums<T> sums;
    const Share share;

    template <int H>
    HBP_DEVICE void put(uint32_t row_of_first, uint32_t place_of_first, uint32_t apart,
                        const Share& whose, const Several<T, V> (&sum)[H]) const {
#pragma unroll
        for (int h = 0; h < H; ++h) {
            sums.put(row_of_first + h, place + place_of_first + h * apart, whose, sum[h]);
        }
    }

    // n groups of 32 slots. Rows of a tile are multiplied together, H at a time.
    template <int H>
    HBP_DEVICE void groups() const {
        const bool shifted = static_cast<RunKind>(run.kind) == RunKind::shifted;
        const uint32_t n = run.length;
        const uint32_t height = run.height;
        const uint32_t columns = shifted ? n : n * warp_size;  // of a group
#pragma unroll 1
        for (uint32_t g = 0; g < run.n; ++g) {
#pragma unroll 1
            for (uint32_t first = 0; first < warp_size; first += share.rows_at_once) {
                const uint32_t slot = first + share.row;
                const uint32_t to = load_once(row + g * warp_size + slot);
#pragma unroll 1
                for (uint32_t h = 0; h < height; h += H) {
                    Several<T, V> sum[H] = {};
                    const int64_t value_at =
                        (static_cast<int64_t>(g) * n * height + h) * warp_size + slot;
                    const Elements<Stored, T> e{
                        n,
                        values.from(value_at),
                        height * warp_size,
                        warp_size,
                        column + static_cast<int64_t>(g) * columns + (shifted ? 0 : slot),
                        shifted ? 1u : warp_size,
                        shifted ? slot : 0};
                    add_elements(sum, e, x);
                    put(to + h, (g * height + h) * warp_size + slot, warp_size, share, sum);
                }
            }
        }
    }

    // One group of n <= 32 slots: common elements pass by pass, then the tails slot by slot.
    HBP_DEVICE void ragged() const {
        const uint32_t lane = lane_index();
        const uint32_t own_tail = lane < run.n ? load_once(length + lane) : 0;
        uint32_t tails = own_tail;  // of this lane's slot and those before it
#pragma unroll
        for (uint32_t distance = 1; distance < warp_size; distance *= 2) {
            const uint32_t before = shuffle_up(tails, distance);
            tails += lane >= distance ? before : 0;
        }
        const uint32_t common = run.length * run.n;
#pragma unroll 1
        for (uint32_t first = 0; first < run.n; first += share.rows_at_once) {
            const uint32_t slot = first + share.row;
            const uint32_t end = common + shuffle(tails, slot);
            const uint32_t n_tail = shuffle(own_tail, slot);
            if (slot < run.n) {
                Several<T, V> sum[1] = {};
                Elements<Stored, T> e{run.length, values.from(slot), run.n, 0, column + slot, run.n,
                                      0};
#pragma unroll 1
                for (int part = 0; part < 2; ++part) {
                    add_elements(sum, e, x);
                    const uint32_t tail = end - n_tail;
                    e = {n_tail, values.from(tail), 1, 0, column + tail, 1, 0};
                }
                put(load_once(row + slot), slot, 0, share, sum);
            }
        }
    }

    // n slots of long rows, each by the whole warp; rows of a tile are multiplied together, H at a
    // time. `all` are vectors that all lanes have, which `all_x` reads; lane 0 puts the sums.
    template <int H>
    HBP_DEVICE void along(const XSource<T, V>& all_x, const Share& all) const {
        const uint32_t lane = lane_index();
        const uint32_t height = run.height;
        int64_t value_at = lane;
        const uint16_t* column_at = column + lane;
#pragma unroll 1
        for (uint32_t i = 0; i < run.n; ++i) {
            const uint32_t n = load_once(length + i);
            const uint32_t to = load_once(row + i);
#pragma unroll 1
            for (uint32_t h = 0; h < height; h += H) {
                Several<T, V> sum[H] = {};
                const Elements<Stored, T> e{(n - lane - 1) / warp_size + 1,
                                            values.from(value_at + static_cast<int64_t>(h) * n),
                                            warp_size,
                                            n,
                                            column_at,
                                            warp_size,
                                            0};
                add_elements(sum, e, all_x);
#pragma unroll
                for (int j = 0; j < H; ++j) {
#pragma unroll
                    for (int v = 0; v < V; ++v) {
#pragma unroll
                        for (uint32_t half = warp_size / 2; half > 0; half /= 2) {
                            sum[j].v[v] = add(sum[j].v[v], shuffle_down(sum[j].v[v], half));
                        }
                    }
                }
                if (lane == 0) {
                    put(to + h, i * height + h, 1, all, sum);
                }
            }
            value_at += static_cast<int64_t>(n) * height;
            column_at += n;
        }
    }
};

}  // namespace hbp::cuda
