#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/base/output.h"
#include "agent/custody/prune.h"
#include "store/content/key_path.h"

namespace agent {

/// Prints what `prune --dry-run` shows: each stream, and in it each content with its set and with
/// the rules that keep it.
class PruneExplanation {
 public:
  PruneExplanation(std::string source, store::NameRules rules, bool json, const Print& print)
      : source_(std::move(source)), rules_(rules), json_(json), print_(print) {}

  void tell(const store::Candidate& candidate, PruneDecision decision, Keeps keeps);
  /// Ends the last stream, and returns sentences for a person on what looks as if the names had not
  /// been understood.
  std::vector<std::string> warnings();

 private:
  void count(const store::Candidate& candidate, Keeps keeps);
  void end_stream();
  std::string json_of(const store::Candidate& candidate, PruneDecision decision, Keeps keeps) const;
  std::string text_of(const store::Candidate& candidate, PruneDecision decision, Keeps keeps) const;

  const std::string source_;
  const store::NameRules rules_;
  const bool json_;
  const Print& print_;
  std::string stream_;
  bool began_ = false;
  std::uint64_t streams_ = 0;
  std::uint64_t in_stream_ = 0;
  std::int64_t last_set_ = 0;
  std::string last_key_;
  std::uint64_t lonely_ = 0;  ///< streams of one content
  std::string lonely_example_;
  std::uint64_t doubled_ = 0;  ///< streams with several keys for the same time
  bool is_doubled_ = false;
  std::string doubled_example_;
  std::uint64_t untouched_ = 0;
  std::string untouched_example_;
};

}  // namespace agent
