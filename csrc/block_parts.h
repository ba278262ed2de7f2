// Row blocks cut into parts, so that the end of a product can be shared out finely.
//
// The groups and slots of a block have rows of their own. Where a row block has one block only,
// threads may therefore multiply different groups of it at the same time.
#pragma once
#include <cstdint>
#include <vector>

#include "hbp_view.h"

namespace hbp {

struct BlockPart {
    int64_t row_block;
    uint32_t n_runs;  // of `run`, from first_run on; 0 for a row block as a whole
    int64_t first_run;
    // Places of the block's streams before the part.
    int64_t value, column, slot, length;
};

struct BlockParts {
    std::vector<BlockPart> part;
    std::vector<Run> run;
    std::vector<int64_t> ptr;  // [row blocks + 1] first part of each row block
};

// The parts of all row blocks, of `enough` elements or the few more of a group or a long row.
// O(runs + lengths).
template <class T>
BlockParts cut_into_parts(const HbpView<T>& v, int64_t enough);

// The same with as many elements as pay; no parts where there are so many row blocks that the last
// one hardly counts.
template <class T>
BlockParts cut_into_parts(const HbpView<T>& v);

}  // namespace hbp
