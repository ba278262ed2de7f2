// The nonlinear hash: exact for short rows, saturating, ordered.
#include "check.h"
#include "row_hash.h"

using hbp::row_class;
namespace tuning = hbp::tuning;

TEST("a longer row never has a smaller class") {
    for (uint32_t length = 1; length < 200'000; ++length) {
        CHECK(row_class(length) >= row_class(length - 1));
    }
}

TEST("short rows have classes of their own") {
    for (uint32_t length = 0; length < tuning::long_row; ++length) {
        CHECK_EQUAL(row_class(length), length);
    }
}

TEST("long rows share the last class") {
    CHECK_EQUAL(row_class(tuning::long_row), hbp::n_length_classes - 1);
    CHECK_EQUAL(row_class(65'536), hbp::n_length_classes - 1);
    CHECK_EQUAL(row_class(0xFFFF'FFFFu), hbp::n_length_classes - 1);
    CHECK(row_class(tuning::long_row - 1) < row_class(tuning::long_row));
}

TEST("slots of one height and short length come before others, long ones last") {
    for (uint32_t height = 1; height <= hbp::max_height; ++height) {
        for (uint32_t length = 2; length < tuning::long_row; ++length) {
            CHECK(hbp::slot_class(height, length) >= hbp::slot_class(height, length - 1));
            CHECK(hbp::slot_class(height, length) < hbp::slot_class(1, tuning::long_row));
            if (height > 1) {
                CHECK(hbp::slot_class(height, 1) > hbp::slot_class(height - 1, length));
            }
        }
        CHECK(hbp::slot_class(height, tuning::long_row) < hbp::n_slot_classes);
    }
}
