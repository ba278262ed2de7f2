#include "block_parts.h"

#include <algorithm>

#include "scalar.h"
#include "tuning.h"
#include "windows.h"

namespace hbp {
namespace {

class PartCutter {
  public:
    PartCutter(BlockParts& out, int lanes, bool wide)
        : out_(out),
          lanes_(lanes),
          window_places_(wide ? window_places<uint32_t>(lanes) : window_places<uint16_t>(lanes)) {}

    // Cuts one block; a part ends when it has `enough` elements.
    template <class T>
    void cut(const HbpView<T>& v, const Block<T>& b, int64_t enough) {
        at_ = {b.row_block, 0, 0, 0, 0, 0, 0};
        enough_ = enough;
        begin();
        const uint32_t* slot_length = v.slot_length + b.first_length;
        for (const Run* run = v.run + b.first_run; run != v.run + b.first_run + b.n_runs; ++run) {
            switch (static_cast<RunKind>(run->kind)) {
                case RunKind::full:
                case RunKind::shifted:
                case RunKind::windowed:
                    groups(*run);
                    break;
                case RunKind::ragged: {
                    int64_t n = int64_t{run->length} * run->n;
                    for (uint32_t i = 0; i < run->n; ++i) {
                        n += slot_length[i];
                    }
                    slot_length += run->n;
                    add(*run, run->n, n, n, run->n, run->n);
                    break;
                }
                case RunKind::along_windowed:
                    for (uint32_t i = 0; i < run->n; ++i) {
                        const int64_t n = *slot_length;
                        const int64_t lengths = 1 + WindowChunks::words(n);
                        slot_length += lengths;
                        add(*run, 1, n, n, 1, lengths);
                    }
                    break;
                case RunKind::along:
                    for (uint32_t i = 0; i < run->n; ++i) {
                        const int64_t n = *slot_length++;
                        add(*run, 1, n * run->height, n, 1, 1);
                    }
                    break;
            }
        }
        end();
    }

  private:
    void groups(const Run& run) {
        const RunKind kind = static_cast<RunKind>(run.kind);
        const int64_t columns = int64_t{run.length} * (kind == RunKind::shifted    ? 1
                                                       : kind == RunKind::windowed ? window_places_
                                                                                   : lanes_);
        const int64_t elements = int64_t{run.length} * lanes_ * run.height;
        for (uint32_t g = 0; g < run.n;) {
            const int64_t wanted = (enough_ - elements_ + elements - 1) / elements;
            const uint32_t n =
                static_cast<uint32_t>(std::clamp<int64_t>(wanted, 1, int64_t{run.n} - g));
            add(run, n, n * elements, n * columns, n * lanes_, 0);
            g += n;
        }
    }

    // n groups or slots of a run.
    void add(Run run, uint32_t n, int64_t elements, int64_t columns, int64_t slots,
             int64_t lengths) {
        const RunKind kind = static_cast<RunKind>(run.kind);
        std::vector<Run>& runs = out_.run;
        const bool goes_on = (kind == RunKind::along || kind == RunKind::along_windowed) &&
                             static_cast<int64_t>(runs.size()) > first_run_ &&
                             runs.back().kind == run.kind && runs.back().height == run.height;
        if (goes_on) {
            runs.back().n += n;
        } else {
            run.n = n & 0xffffffu;
            runs.push_back(run);
        }
        elements_ += elements;
        at_.value += elements;
        at_.column += columns;
        at_.slot += slots;
        at_.length += lengths;
        if (elements_ >= enough_) {
            end();
            begin();
        }
    }

    void begin() {
        first_run_ = static_cast<int64_t>(out_.run.size());
        start_ = at_;
        elements_ = 0;
    }

    void end() {
        const int64_t n = static_cast<int64_t>(out_.run.size()) - first_run_;
        if (n > 0) {
            start_.first_run = first_run_;
            start_.n_runs = static_cast<uint32_t>(n);
            out_.part.push_back(start_);
        }
    }

    BlockParts& out_;
    const int64_t lanes_;
    const int64_t window_places_;  // of a pass
    int64_t enough_ = 0;
    BlockPart at_{};
    BlockPart start_{};
    int64_t first_run_ = 0;
    int64_t elements_ = 0;  // of the part so far
};

}  // namespace

template <class T>
BlockParts cut_into_parts(const HbpView<T>& v, int64_t enough) {
    BlockParts out;
    PartCutter cutter(out, v.lanes, is_wide(v.block_cols));
    for (int64_t rb = 0; rb < v.n_row_blocks; ++rb) {
        out.ptr.push_back(static_cast<int64_t>(out.part.size()));
        if (v.block_ptr[rb + 1] - v.block_ptr[rb] == 1) {
            cutter.cut(v, v.block[v.block_ptr[rb]], enough);
        } else {
            out.part.push_back({rb, 0, 0, 0, 0, 0, 0});
        }
    }
    out.ptr.push_back(static_cast<int64_t>(out.part.size()));
    return out;
}

template <class T>
BlockParts cut_into_parts(const HbpView<T>& v) {
    if (v.n_row_blocks > tuning::max_cut_row_blocks) {
        return {};
    }
    return cut_into_parts(v, std::max(v.nnz / tuning::parts, tuning::min_part_nnz));
}

#define HBP_CUT(T)                                                  \
    template BlockParts cut_into_parts(const HbpView<T>&, int64_t); \
    template BlockParts cut_into_parts(const HbpView<T>&);
HBP_CUT(float)
HBP_CUT(double)
HBP_CUT(Complex<float>)
HBP_CUT(Complex<double>)
#undef HBP_CUT

}  // namespace hbp
