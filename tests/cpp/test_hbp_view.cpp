// The invariants of hbp_view.h, each by its own words.
#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "check.h"
#include "row_hash.h"
#include "samples.h"

using hbp::Block;
using hbp::HbpMatrix;
using hbp::HbpView;
using hbp::Run;
using hbp::RunKind;
using samples::Entry;

namespace {

// A block taken apart by the letter of hbp_view.h: for each slot its rows, and their entries.
struct Slot {
    int64_t first_row;
    uint32_t height;
    std::vector<std::vector<Entry>> row;  // [height]
};

class Decoder {
  public:
    Decoder(const HbpView<double>& v, const Block<double>& b)
        : v_(v),
          b_(b),
          block_index_(&b - v.block),
          column_(b.first_column),
          slot_row_(v.slot_row + b.first_slot),
          slot_length_(v.slot_length + b.first_length) {}

    std::vector<Slot> slots() {
        for (const Run* run = v_.run + b_.first_run; run != v_.run + b_.first_run + b_.n_runs;
             ++run) {
            switch (static_cast<RunKind>(run->kind)) {
                case RunKind::full:
                    groups(*run, false);
                    break;
                case RunKind::shifted:
                    groups(*run, true);
                    break;
                case RunKind::ragged:
                    ragged(*run);
                    break;
                case RunKind::along:
                    along(*run);
                    break;
                case RunKind::windowed:
                    windowed(*run);
                    break;
                case RunKind::along_windowed:
                    along_windowed(*run);
                    break;
            }
        }
        CHECK_EQUAL(out_.size(), size_t{b_.n_slots});
        CHECK_EQUAL(element_, b_.n_elements);
        return std::move(out_);
    }

  private:
    // The next n slots, of one height.
    Slot* take(uint32_t n, uint32_t height) {
        const size_t first = out_.size();
        for (uint32_t i = 0; i < n; ++i) {
            out_.push_back({v_.row_block_ptr[b_.row_block] + *slot_row_++, height,
                            std::vector<std::vector<Entry>>(height)});
        }
        return &out_[first];
    }

    // The value of the block's next element.
    double next_value() {
        const int64_t k = element_++;
        const double* stream = v_.value + b_.first_value;
        switch (b_.encoding) {
            case hbp::Encoding::raw:
                return stream[k];
            case hbp::Encoding::constant:
                return b_.constant;
            case hbp::Encoding::few: {
                const uint8_t place = reinterpret_cast<const uint8_t*>(stream)[k];
                CHECK(place < hbp::few_values);
                return v_.table[block_index_ * hbp::few_values + place];
            }
            case hbp::Encoding::decimal_16:
                return decimal(stream, k, 16);
            case hbp::Encoding::decimal_32:
                return decimal(stream, k, 32);
        }
        throw check::Failure("unknown encoding");
    }

    // The mantissa times the power of ten that a 16-bit code has.
    double decimal(const double* stream, int64_t k, int powers) const {
        const int code = reinterpret_cast<const int16_t*>(stream)[k];
        const int place = ((code % powers) + powers) % powers;
        const double* power = v_.power + b_.first_power;
        const double mantissa = (code - place) / powers;
        return std::fma(mantissa, power[place], mantissa * power[place + powers]);
    }

    int64_t column_at(int64_t k) const { return hbp::column_at(v_, column_ + k); }

    void add(std::vector<Entry>& row, int64_t column) {
        row.push_back({int64_t{b_.col_block} * v_.block_cols + column, next_value()});
    }

    void groups(const Run& run, bool shifted) {
        const uint32_t lanes = static_cast<uint32_t>(v_.lanes);
        for (uint32_t g = 0; g < run.n; ++g) {
            Slot* slot = take(lanes, run.height);
            for (uint32_t k = 0; k < run.length; ++k) {
                for (uint32_t h = 0; h < run.height; ++h) {
                    for (uint32_t i = 0; i < lanes; ++i) {
                        add(slot[i].row[h], shifted ? column_at(0) + i : column_at(i));
                    }
                }
                column_ += shifted ? 1 : lanes;
            }
        }
    }

    // A pass: the first columns of two windows of eight, then a byte for each slot.
    void windowed(const Run& run) {
        CHECK_EQUAL(run.height, 1u);
        const uint32_t lanes = static_cast<uint32_t>(v_.lanes);
        const int64_t places_of_codes = hbp::is_wide(v_.block_cols) ? lanes / 4 : lanes / 2;
        const int64_t x_from_here = v_.n_cols - int64_t{b_.col_block} * v_.block_cols;
        for (uint32_t g = 0; g < run.n; ++g) {
            Slot* slot = take(lanes, 1);
            for (uint32_t k = 0; k < run.length; ++k) {
                const int64_t begin[] = {column_at(0), column_at(1)};
                CHECK(begin[0] <= begin[1] && begin[1] + 8 <= x_from_here);
                column_ += 2;
                for (uint32_t i = 0; i < lanes; ++i) {
                    const uint8_t code = code_at(i);
                    CHECK(code < 16);
                    add(slot[i].row[0], begin[code / 8] + code % 8);
                }
                column_ += places_of_codes;
            }
        }
    }

    // Long rows whose chunks of 32 columns have four passes of two windows of eight, or none.
    void along_windowed(const Run& run) {
        CHECK_EQUAL(run.height, 1u);
        const int64_t x_from_here = v_.n_cols - int64_t{b_.col_block} * v_.block_cols;
        for (uint32_t i = 0; i < run.n; ++i) {
            Slot* slot = take(1, 1);
            const uint32_t n = *slot_length_++;
            const uint32_t* bits = slot_length_;
            slot_length_ += n / 1024 + 1;
            for (uint32_t k = 0; k < n; ++k) {
                const bool windowed = k / 32 < n / 32 && (bits[k / 1024] >> (k / 32 % 32)) % 2 == 1;
                if (!windowed) {
                    add(slot->row[0], column_at(0));
                } else {
                    const int64_t pass = -static_cast<int64_t>(k % 8);
                    const int64_t begin[] = {column_at(pass), column_at(pass + 1)};
                    CHECK(begin[0] <= begin[1] && begin[1] + 8 <= x_from_here);
                    column_ += pass + 2;
                    const uint8_t code = code_at(k % 8);
                    column_ -= pass + 2;
                    CHECK(code < 16);
                    add(slot->row[0], begin[code / 8] + code % 8);
                }
                ++column_;
            }
        }
    }

    // Byte i of the column stream from here on.
    uint8_t code_at(uint32_t i) const {
        const int64_t bytes = hbp::is_wide(v_.block_cols) ? 4 : 2;
        return reinterpret_cast<const uint8_t*>(v_.column)[column_ * bytes + i];
    }

    void ragged(const Run& run) {
        CHECK_EQUAL(run.height, 1u);
        Slot* slot = take(run.n, 1);
        for (uint32_t k = 0; k < run.length; ++k) {
            for (uint32_t i = 0; i < run.n; ++i) {
                add(slot[i].row[0], column_at(0));
                ++column_;
            }
        }
        for (uint32_t i = 0; i < run.n; ++i) {
            for (uint32_t k = *slot_length_++; k > 0; --k) {
                add(slot[i].row[0], column_at(0));
                ++column_;
            }
        }
    }

    void along(const Run& run) {
        for (uint32_t i = 0; i < run.n; ++i) {
            Slot* slot = take(1, run.height);
            const uint32_t n = *slot_length_++;
            for (uint32_t h = 0; h < run.height; ++h) {
                for (uint32_t k = 0; k < n; ++k) {
                    add(slot->row[h], column_at(k));
                }
            }
            column_ += n;
        }
    }

    const HbpView<double>& v_;
    const Block<double>& b_;
    const int64_t block_index_;
    int64_t column_;  // place in the column stream
    int64_t element_ = 0;
    const uint16_t* slot_row_;
    const uint32_t* slot_length_;
    std::vector<Slot> out_;
};

std::vector<Slot> slots(const HbpView<double>& v, const Block<double>& b) {
    return Decoder(v, b).slots();
}

// f(view, block) for every block of every sample in every geometry; failures name both.
template <class F>
void for_each_block(F&& f) {
    samples::for_each(
        [&](const samples::Csr& a, const HbpMatrix<double>& m, const std::string& what) {
            const HbpView<double> v = m.view();
            for (int64_t b = 0; b < v.n_blocks; ++b) {
                try {
                    f(a, v, v.block[b]);
                } catch (const std::exception& error) {
                    throw check::Failure(what + error.what());
                }
            }
        });
}

}  // namespace

TEST("Every block holds at least one element.") {
    for_each_block([](const auto&, const HbpView<double>&, const Block<double>& b) {
        CHECK(b.n_elements >= 1);
        CHECK(b.n_slots >= 1);
        CHECK(b.n_runs >= 1);
    });
}

TEST("Every slot holds at least one element.") {
    for_each_block([](const auto&, const HbpView<double>& v, const Block<double>& b) {
        for (const Slot& slot : slots(v, b)) {
            for (const std::vector<Entry>& row : slot.row) {
                CHECK(!row.empty());
            }
        }
    });
}

TEST("Blocks are ordered by row block, then by column block.") {
    samples::for_each([](const samples::Csr&, const HbpMatrix<double>& m, const std::string&) {
        const HbpView<double> v = m.view();
        for (int64_t b = 1; b < v.n_blocks; ++b) {
            CHECK(std::pair(v.block[b - 1].row_block, v.block[b - 1].col_block) <
                  std::pair(v.block[b].row_block, v.block[b].col_block));
        }
        CHECK_EQUAL(v.block_ptr[0], 0);
        CHECK_EQUAL(v.block_ptr[v.n_row_blocks], v.n_blocks);
        for (int64_t rb = 0; rb < v.n_row_blocks; ++rb) {
            for (int64_t b = v.block_ptr[rb]; b < v.block_ptr[rb + 1]; ++b) {
                CHECK_EQUAL(v.block[b].row_block, rb);
            }
        }
    });
}

TEST("Slots of a block cover distinct rows.") {
    for_each_block([](const auto&, const HbpView<double>& v, const Block<double>& b) {
        std::set<int64_t> rows;
        for (const Slot& slot : slots(v, b)) {
            for (uint32_t h = 0; h < slot.height; ++h) {
                CHECK(rows.insert(slot.first_row + h).second);
                CHECK(slot.first_row + h < v.row_block_ptr[b.row_block + 1]);
            }
        }
    });
}

TEST("Slots are ordered by class, then by row.") {
    for_each_block([](const auto&, const HbpView<double>& v, const Block<double>& b) {
        std::pair<uint32_t, int64_t> before{0, -1};
        for (const Slot& slot : slots(v, b)) {
            const uint32_t n = static_cast<uint32_t>(slot.row[0].size());
            const std::pair<uint32_t, int64_t> here{hbp::slot_class(slot.height, n),
                                                    slot.first_row};
            CHECK(before < here);
            before = here;
        }
    });
}

TEST("The lengths of all rows of a block add up to its elements.") {
    for_each_block([](const auto&, const HbpView<double>& v, const Block<double>& b) {
        int64_t total = 0;
        for (const Slot& slot : slots(v, b)) {
            for (const std::vector<Entry>& row : slot.row) {
                total += static_cast<int64_t>(row.size());
            }
        }
        CHECK_EQUAL(total, b.n_elements);
    });
}

TEST("Elements of a row keep the order they had in CSR.") {
    for_each_block([](const samples::Csr& a, const HbpView<double>& v, const Block<double>& b) {
        for (const Slot& slot : slots(v, b)) {
            for (uint32_t h = 0; h < slot.height; ++h) {
                const int64_t row = slot.first_row + h;
                std::vector<Entry> expected;
                for (int64_t k = a.indptr[row]; k < a.indptr[row + 1]; ++k) {
                    if (a.indices[k] / v.block_cols == b.col_block) {
                        expected.push_back({a.indices[k], a.data[k]});
                    }
                }
                CHECK(slot.row[h] == expected);
            }
        }
    });
}

TEST("The samples reach every kind of run, every height and every encoding.") {
    std::set<std::pair<uint32_t, uint32_t>> seen;
    std::set<hbp::Encoding> encodings;
    for_each_block([&](const auto&, const HbpView<double>& v, const Block<double>& b) {
        encodings.insert(b.encoding);
        for (uint32_t r = 0; r < b.n_runs; ++r) {
            const Run& run = v.run[b.first_run + r];
            seen.insert({run.kind, run.height});
        }
    });
    CHECK_EQUAL(encodings.size(), size_t{hbp::n_encodings});
    for (uint32_t height = 1; height <= hbp::max_height; ++height) {
        CHECK(seen.contains({static_cast<uint32_t>(RunKind::full), height}));
        CHECK(seen.contains({static_cast<uint32_t>(RunKind::along), height}));
    }
    CHECK(seen.contains({static_cast<uint32_t>(RunKind::shifted), 1}));
    CHECK(seen.contains({static_cast<uint32_t>(RunKind::ragged), 1}));
    CHECK(seen.contains({static_cast<uint32_t>(RunKind::windowed), 1}));
    CHECK(seen.contains({static_cast<uint32_t>(RunKind::along_windowed), 1}));
}

TEST("All entries of the matrix are in its blocks.") {
    samples::for_each(
        [](const samples::Csr& a, const HbpMatrix<double>& m, const std::string& what) {
            const HbpView<double> v = m.view();
            int64_t total = 0;
            for (int64_t b = 0; b < v.n_blocks; ++b) {
                total += v.block[b].n_elements;
            }
            if (total != a.nnz() || v.nnz != a.nnz()) {
                check::fail(__FILE__, __LINE__, what, total, " of ", a.nnz(), " entries");
            }
        });
}

TEST("Row blocks cover all rows, in order, none with more than block_rows.") {
    samples::for_each([](const samples::Csr& a, const HbpMatrix<double>& m, const std::string&) {
        const HbpView<double> v = m.view();
        CHECK_EQUAL(v.row_block_ptr[0], 0);
        CHECK_EQUAL(v.row_block_ptr[v.n_row_blocks], a.n_rows);
        for (int64_t rb = 0; rb < v.n_row_blocks; ++rb) {
            const int64_t rows = v.row_block_ptr[rb + 1] - v.row_block_ptr[rb];
            CHECK(rows >= 1);
            CHECK(rows <= m.geometry.block_rows);
        }
    });
}

TEST("A block of one value stores it once.") {
    for_each_block([](const samples::Csr& a, const HbpView<double>& v, const Block<double>& b) {
        if (a.name == "constant values") {
            CHECK(b.encoding == hbp::Encoding::constant);
            CHECK_EQUAL(b.constant, 0.1);
            CHECK(v.value == nullptr);
        }
    });
}

TEST("A block of short decimals stores 16-bit codes, in geometries that have kernels for them.") {
    int64_t found[2] = {};
    for_each_block([&](const samples::Csr& a, const HbpView<double>& v, const Block<double>& b) {
        const bool many = a.name == "decimals of 30 powers of ten";
        if (many || a.name == "decimals of 12 powers of ten") {
            const bool stores = v.lanes == 8 && !hbp::is_wide(v.block_cols) && b.n_elements >= 1024;
            const auto codes = many ? hbp::Encoding::decimal_32 : hbp::Encoding::decimal_16;
            CHECK(b.encoding == (stores ? codes : hbp::Encoding::raw) || b.n_elements < 200);
            found[many] += stores;
        }
    });
    CHECK(found[0] > 0 && found[1] > 0);
}

TEST("Value streams of the blocks do not overlap.") {
    samples::for_each([](const samples::Csr&, const HbpMatrix<double>& m, const std::string&) {
        const HbpView<double> v = m.view();
        std::vector<std::pair<int64_t, int64_t>> used;
        for (int64_t b = 0; b < v.n_blocks; ++b) {
            if (const int64_t n = hbp::value_places(v.block[b]); n > 0) {
                used.emplace_back(v.block[b].first_value, v.block[b].first_value + n);
            }
        }
        std::sort(used.begin(), used.end());
        for (size_t i = 0; i < used.size(); ++i) {
            CHECK(used[i].first >= (i > 0 ? used[i - 1].second : 0));
            CHECK(used[i].second <= static_cast<int64_t>(m.value.size()));
        }
    });
}

TEST("The form does not depend on the number of threads or the index type.") {
    for (const samples::Csr& a : samples::all()) {
        for (const hbp::Geometry& g : samples::geometries()) {
            const HbpMatrix<double> one = samples::build(a, g, 1);
            for (const HbpMatrix<double>& other :
                 {samples::build(a, g, 3), samples::build<int32_t>(a, g, 2)}) {
                CHECK(one.row_block_ptr == other.row_block_ptr);
                CHECK(one.block_ptr == other.block_ptr);
                CHECK(one.slot_row == other.slot_row);
                CHECK(one.slot_length == other.slot_length);
                CHECK(std::equal(one.column.data(), one.column.data() + one.column.size(),
                                 other.column.data()));
            }
        }
    }
}
