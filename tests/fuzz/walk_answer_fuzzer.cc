#include "agent/proof/walk_answer.h"
#include "tests/fuzz/fuzz.h"

// What a process in a cage answers, which may have been taken over by what it read.

using fuzz::demand;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const auto text = fuzz::text_of(data, size_bytes);
  const auto answer = agent::parse_answer(text);
  if (!answer) return 0;
  demand(text.size() <= agent::kMaxAnswerBytes, "a long answer is none", text);
  demand(agent::parse_answer(agent::text_of(*answer)) == answer,
         "an answer is written as it is read", text);
  using Verdict = agent::WalkAnswer::Verdict;
  demand((answer->verdict == Verdict::kSound) == answer->why.empty(), "why is said", text);
  demand(!agent::name_of(answer->form).empty(), "every form has a name", text);
  for (const auto& said : {answer->why, answer->proved}) {
    for (const char c : said) demand(c >= ' ' && c <= '~', "what it says can be printed", said);
  }
  return 0;
}
