#include <algorithm>

#include "agent/proof/soundness_verdict.h"
#include "tests/fuzz/fuzz.h"

// A key on the first line, the size of the whole in two bytes, and then a content. Where the size
// is larger than what follows, that is its tail.

using fuzz::demand;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  auto content = fuzz::text_of(data, size_bytes);
  const auto key = fuzz::next_line(content);
  std::uint64_t size = 0;
  for (int i = 0; i < 2 && !content.empty(); ++i, content.remove_prefix(1)) {
    size = size << 8U | static_cast<unsigned char>(content.front());
  }
  using agent::ContentEnds;
  size = std::max<std::uint64_t>(size, content.size());
  const bool is_all = size <= ContentEnds::kTailBytes;
  if (is_all) size = content.size();
  const ContentEnds ends{content.substr(0, ContentEnds::kHeadBytes), content, size};
  const auto look = agent::look_at(ends);
  demand(look == agent::look_at(ends), "a content looks the same twice", key);
  demand(look.bits_per_byte >= 0 && look.bits_per_byte <= 8, "a byte has eight bits", key);
  demand(!agent::name_of(look.form).empty(), "every form has a name", key);
  using Verdict = agent::Soundness::Verdict;
  const auto judged = agent::weigh_soundness(key, look, std::nullopt);
  demand((judged.verdict == Verdict::kUnsound) == !judged.why.empty(), "why is said", judged.why);
  demand(!agent::claim_of(key).empty() || judged.verdict == Verdict::kUnknown,
         "without a claim nothing is said", key);
  const agent::FormHabit habit{look.form, look.is_cut, agent::kSteadySets};
  demand(agent::weigh_soundness(key, look, habit).verdict != Verdict::kUnsound,
         "what a stream always was is not unsound", key);
  return 0;
}
