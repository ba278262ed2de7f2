// How the values of a block are read: the one place that decodes their encodings and their storage.
#pragma once
#include "device.cuh"
#include "plan_view.h"
#include "stored_types.h"

namespace hbp::cuda {

static_assert(n_encodings == 5, "an encoding is not decoded here");
// Decimals are not: groups of 32 lanes have none (may_be_decimal).

template <class Stored>
HBP_DEVICE Stored load_stored(const Stored* from) {
    if constexpr (is_16_bit<Stored>) {
        return {load_once(&from->bits)};
    } else {
        return load_once(from);
    }
}

// A place in the values of a block. The encoding is the same for all lanes of a warp.
template <class Stored, class T>
class Values {
  public:
    // At the first value of a piece of block bi.
    HBP_DEVICE Values(const Product& p, int64_t bi, const Piece& piece)
        : encoding_(piece.encoding), at_(p.value), constant_(), table_(nullptr) {
        switch (encoding_) {
            case Encoding::raw:
                at_ = static_cast<const Stored*>(p.value) + piece.value;
                break;
            case Encoding::constant:
                constant_ = load_constant(static_cast<const T*>(p.constant) + bi);
                break;
            case Encoding::few:
                at_ = static_cast<const uint8_t*>(p.value) + piece.value;
                table_ = static_cast<const T*>(p.table) + bi * few_values;
                break;
            case Encoding::decimal_16:  // never, see above
            case Encoding::decimal_32:
                break;
        }
    }

    HBP_DEVICE Values from(int64_t offset) const {
        Values moved = *this;
        if (encoding_ == Encoding::raw) {
            moved.at_ = static_cast<const Stored*>(at_) + offset;
        } else if (encoding_ == Encoding::few) {
            moved.at_ = static_cast<const uint8_t*>(at_) + offset;
        }
        return moved;
    }

    // value[u][h] is the one at (k + u) * stride + h * row_stride. One branch for all.
    template <int n, int H>
    HBP_DEVICE void load(T (&value)[n][H], uint32_t k, uint32_t stride, uint32_t row_stride) const {
        const auto each = [&](auto&& value_at) {
#pragma unroll
            for (int u = 0; u < n; ++u) {
#pragma unroll
                for (int h = 0; h < H; ++h) {
                    value[u][h] = value_at((k + u) * stride, static_cast<uint32_t>(h));
                }
            }
        };
        switch (encoding_) {
            case Encoding::constant:
                each([&](uint32_t, uint32_t) { return constant_; });
                break;
            case Encoding::few: {
                const uint8_t* const at = static_cast<const uint8_t*>(at_);
                each([&](uint32_t i, uint32_t h) {
                    return load_constant(table_ +
                                         load_once(at + static_cast<int64_t>(h) * row_stride + i));
                });
                break;
            }
            default: {  // raw
                const Stored* const at = static_cast<const Stored*>(at_);
                each([&](uint32_t i, uint32_t h) {
                    return decode<T>(load_stored(at + static_cast<int64_t>(h) * row_stride + i));
                });
            }
        }
    }

  private:
    Encoding encoding_;
    const void* at_;  // of Stored, or bytes
    T constant_;
    const T* table_;
};

}  // namespace hbp::cuda
