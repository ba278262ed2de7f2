// An HBP matrix as named arrays, and back: what a plan file holds.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "hbp_matrix.h"
#include "validate_hbp.h"

namespace hbp {

// Goes up with every change of the format's meaning or of the table in plan_arrays.cpp.
inline constexpr int plan_format_version = 5;

enum class ElementType { uint8, uint16, uint32, int32, int64, value };

struct NamedArray {
    std::string name;
    ElementType type;
    size_t n;
    HugeArray<std::byte> bytes;
};

struct ArrayView {
    ElementType type;
    size_t n;
    const void* data;
};

// What a matrix has beside its arrays.
struct PlanHeader {
    Geometry geometry;
    int64_t n_rows, n_cols, nnz;
    bool index_is_64_bit;
    double build_seconds;
};

template <class T>
PlanHeader header_of(const HbpMatrix<T>& m);

// Copies of all arrays. The same matrix gives the same bytes: memory that no kernel reads, in the
// value stream between the blocks' values, is copied as zeros.
template <class T>
std::vector<NamedArray> to_arrays(const HbpMatrix<T>& m);

// The matrix again, from copies of the arrays that `find` has by name. Throws InvalidHbp unless
// they are a valid matrix; nothing in them is trusted. O(nnz + rows).
template <class T>
HbpMatrix<T> from_arrays(const PlanHeader& header,
                         const std::function<ArrayView(const char* name)>& find);

}  // namespace hbp
