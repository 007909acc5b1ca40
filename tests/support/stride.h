#pragma once

#include <cstdint>

namespace test {

/// Which steps of a torture are tried: `first`, and from there every `every`-th.
///
/// All of them; but with the address sanitizer every eighth, which is enough for what it looks for,
/// beginning with another one each day. HOLDFAST_TORTURE_OFFSET (0, 1, ...) says where to begin
/// instead, and HOLDFAST_TORTURE_EVERY how many to go on by. Said once on stdout where it is not 1.
struct Stride {
  int first = 1;
  int every = 1;
};

const Stride& stride();

/// Of cases that are too many for each run: whose turn it is, from 0 to `parts` - 1. Another each
/// day, unless HOLDFAST_TORTURE_OFFSET says which.
unsigned turn_of(unsigned parts);

}  // namespace test
