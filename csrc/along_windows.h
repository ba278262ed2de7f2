// Which chunks of a long row have windows.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "interleave.h"
#include "window_finder.h"

namespace hbp {

// C: of the column stream, T: of the values.
template <class C, class T>
class AlongWindows {
  public:
    // The next rows are of a block; its columns and those behind it are n_columns.
    void begin(int64_t n_columns) {
        n_columns_ = n_columns;
        finder_.set_last(n_columns - width);
    }

    // Finds the windows of a row of n columns; whether they pay.
    bool find(const C* column, int64_t n) {
        if (n_columns_ < width) {
            return false;
        }
        const int64_t n_chunks = n / chunk;
        const int64_t n_passes = n_chunks * passes_of_chunk;
        begin_.resize(static_cast<size_t>(n_passes + at_once) * n_windows);
        uncovered_.assign(static_cast<size_t>(n_chunks + chunks_at_once), 0);
        // The middle of the row tells most rows that have none.
        const int64_t middle = n_passes / 2 / at_once * at_once;
        if (n_passes >= 2 * at_once && find_passes(column + middle * width, middle) == 0) {
            return false;
        }
        const int64_t needed = (n_chunks * tuning::min_windowed_percent + 99) / 100;
        int64_t may_be_covered = n_chunks;
        int64_t p = 0;
        for (; p + at_once <= n_passes && may_be_covered >= needed; p += at_once) {
            may_be_covered -= chunks_at_once - find_passes(column + p * width, p);
        }
        if (p < n_passes && may_be_covered >= needed) {
            C rest[at_once * width] = {};
            std::copy(column + p * width, column + n_passes * width, rest);
            find_passes(rest, p);
        }
        words_.assign(static_cast<size_t>(WindowChunks::words(n)), 0);
        int64_t n_covered = 0;
        for (int64_t c = 0; c < n_chunks && may_be_covered >= needed; ++c) {
            const bool covered = uncovered_[static_cast<size_t>(c)] == 0;
            words_[static_cast<size_t>(c / 32)] |= uint32_t{covered} << (c % 32);
            n_covered += covered;
        }
        return n_covered >= needed;
    }

    // The bits of the row's chunks.
    const std::vector<uint32_t>& words() const { return words_; }

    // Stores the row that was asked for last; returns its end.
    C* put(const C* column, int64_t n, C* to) const {
        const WindowChunks chunks(words_.data());
        for (int64_t c = 0; c < n / chunk; ++c) {
            if (chunks.has(c)) {
                constexpr int used = window_places<C, n_windows>(width);
                for (int64_t p = c * passes_of_chunk; p < (c + 1) * passes_of_chunk; ++p) {
                    C* pass = to + p * width;
                    finder_.template put<n_windows>(column + p * width,
                                                    begin_.data() + p * n_windows, pass);
                    std::fill(pass + used, pass + width, C{0});
                }
            } else {
                std::copy_n(column + c * chunk, chunk, to + c * chunk);
            }
        }
        const int64_t rest = n / chunk * chunk;
        return std::copy(column + rest, column + n, to + rest);
    }

  private:
    static constexpr int width = window_width<T>;
    static constexpr int n_windows = n_along_windows<T>;
    using Finder = WindowFinder<C, width>;
    static constexpr int64_t chunk = WindowChunks::chunk;
    static constexpr int64_t at_once = Finder::at_once;
    static constexpr int64_t passes_of_chunk = chunk / width;
    static constexpr int64_t chunks_at_once = at_once / passes_of_chunk;

    // Passes p to p + at_once - 1, whose columns are consecutive. Returns how many of their chunks
    // are covered.
    int64_t find_passes(const C* column, int64_t p) {
        const C* pass[at_once];
        const C* nth[width];
        C nth_columns[width * at_once];
        for (int64_t i = 0; i < at_once; ++i) {
            pass[i] = column + i * width;
        }
        interleave(pass, static_cast<uint32_t>(at_once), static_cast<uint32_t>(width), nth_columns,
                   static_cast<size_t>(at_once));
        for (int i = 0; i < width; ++i) {
            nth[i] = nth_columns + i * at_once;
        }
        typename Finder::Passes begin[n_windows];
        const typename Finder::Passes left = finder_.find(nth, begin);
        for (int64_t i = 0; i < at_once; ++i) {
            for (int w = 0; w < n_windows; ++w) {
                begin_[static_cast<size_t>((p + i) * n_windows + w)] = begin[w][i];
            }
            uncovered_[static_cast<size_t>((p + i) / passes_of_chunk)] |= left[i];
        }
        return std::count(uncovered_.begin() + p / passes_of_chunk,
                          uncovered_.begin() + p / passes_of_chunk + chunks_at_once, 0);
    }

    Finder finder_;
    int64_t n_columns_ = 0;
    std::vector<C> begin_;         // where the windows begin, pass by pass
    std::vector<C> uncovered_;     // chunk by chunk: 0 if windows cover it
    std::vector<uint32_t> words_;  // a bit for each chunk
};

}  // namespace hbp
