#include "agent/config/series_expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "agent/base/units.h"

namespace agent {
namespace {

using Complaint = std::optional<std::string>;

constexpr std::size_t kLongestPattern = 256;
// Characters, once every repetition that is counted is written out as the engine does.
constexpr std::size_t kLargestSize = 256;

// Each new state of the automaton is kept, about 2 KiB for each byte of a key in the worst case.
constexpr std::size_t kMatchedBytesKept = std::size_t{16} << 10;

// Walks over a pattern, and stops at what glibc would accept and either take for something else
// than its writer means, or let an attacker's key make expensive.
class DialectCheck {
 public:
  explicit DialectCheck(std::string_view pattern) : rest_(pattern) {}

  Complaint complaint() {
    while (!rest_.empty()) {
      if (auto found = step()) return found;
      if (levels_.back().size > kLargestSize) return "its repetitions, written out, are too long";
    }
    if (!has_group_) return "it has no group: put the part that names the series in ( )";
    return std::nullopt;
  }

 private:
  // The whole, or a group that is open.
  struct Level {
    std::size_t size = 0;
    bool branch_is_empty = true;       // what came since the last '|' may match nothing, ...
    bool before_atom_is_empty = true;  // ... and so may what came before its last atom,
    bool other_is_empty = false;       // ... or a branch before it
  };

  Complaint step() {
    const char c = rest_.front();
    const bool quantifier = c == '*' || c == '+' || c == '?' || c == '{';
    if (c == '?' && after_quantifier_) {
      return "there are no lazy repetitions: the longest match is always taken";
    }
    if (quantifier && after_quantifier_) return std::string(kRepeated);
    after_quantifier_ = quantifier;
    rest_.remove_prefix(1);
    if (c == '{') return count();
    if (c == '+') return repeat({2, true, false});  // as x+ is compiled to xx*
    if (c == '*') return repeat({1, true, true});
    if (c == '?') return repeat({1, false, true});
    if (c == '(') return open_group();
    if (c == ')') return close_group();
    if (c == '|') return next_branch();
    if (c == '\\') return escape();
    add_atom(1, c == '^' || c == '$');
    return c == '[' ? bracket() : std::nullopt;
  }

  void add_atom(std::size_t size, bool may_be_empty) {
    auto& level = levels_.back();
    atom_size_ = size;
    atom_is_empty_ = may_be_empty;
    level.size += size;
    level.before_atom_is_empty = level.branch_is_empty;
    level.branch_is_empty = level.branch_is_empty && may_be_empty;
  }

  Complaint next_branch() {
    auto& level = levels_.back();
    ++level.size;
    level.other_is_empty = level.other_is_empty || level.branch_is_empty;
    level.branch_is_empty = true;
    level.before_atom_is_empty = true;
    return std::nullopt;
  }

  Complaint open_group() {
    if (rest_.starts_with('?')) return "\"(?\" is not known: every group is a plain ( )";
    has_group_ = true;
    levels_.push_back({.size = 1});
    return std::nullopt;
  }

  Complaint close_group() {
    if (levels_.size() == 1) return "a ')' has no '('";
    const auto group = levels_.back();
    levels_.pop_back();
    add_atom(group.size, group.branch_is_empty || group.other_is_empty);
    return std::nullopt;
  }

  Complaint bracket() {
    if (rest_.starts_with('^')) rest_.remove_prefix(1);
    std::size_t end = rest_.starts_with(']') ? 1 : 0;
    for (; end < rest_.size() && rest_[end] != ']'; ++end) {
      const auto inner = rest_.substr(end);
      if (inner.front() == '\\') return "a '\\' within [ ] stands for itself; write [0-9] for \\d";
      if (inner.starts_with("[:") || inner.starts_with("[.") || inner.starts_with("[=")) {
        end += std::min(inner.find({inner.data() + 1, 1}, 2), inner.size() - 2) + 1;
      }
    }
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return std::nullopt;
  }

  Complaint escape() {
    if (rest_.empty()) return "it ends in a '\\'";
    const char c = rest_.front();
    rest_.remove_prefix(1);
    // Where a word begins or ends, and the like: nothing that is matched.
    constexpr std::string_view kPlaces = "bB<>`'";
    add_atom(1, kPlaces.find(c) != std::string_view::npos);
    const bool letter_or_digit =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    constexpr std::string_view kKnown = "wWsSbB";
    if (!letter_or_digit || kKnown.find(c) != std::string_view::npos) return std::nullopt;
    return fmt::format(R"("\{}" is not known{})", c,
                       c == 'd' || c == 'D' ? "; write [0-9] for a digit" : "");
  }

  Complaint count() {
    const auto end = std::min(rest_.find('}'), rest_.size());
    const auto times = most_of(rest_.substr(0, end));
    if (!times || end == rest_.size()) {
      return fmt::format(
          "after '{{' come one or two numbers up to {} and '}}'; write \\{{ for a "
          "brace",
          kLargestSize);
    }
    rest_.remove_prefix(end + 1);
    return repeat(*times);
  }

  // How often an atom is written out, and whether it may then come for ever, or not at all.
  struct Repetition {
    std::size_t times = 1;
    bool endless = false;
    bool from_none = false;
  };

  // "2", "2," or "2,5".
  static std::optional<Repetition> most_of(std::string_view text) {
    const auto comma = std::min(text.find(','), text.size());
    const auto second = text.substr(std::min(comma + 1, text.size()));
    const auto low = parse_number(text.substr(0, comma), 0, kLargestSize);
    const auto high = second.empty() ? low : parse_number(second, 0, kLargestSize);
    if (!low || !high) return std::nullopt;
    const bool open = comma < text.size() && second.empty();
    return Repetition{static_cast<std::size_t>(std::max(*low, *high)) + (open ? 1 : 0), open,
                      *low == 0};
  }

  // To repeat without end what may be nothing is what makes the engine's compiler double its work
  // with each level or copy; and it means no more than to repeat its content.
  Complaint repeat(const Repetition& repetition) {
    if (repetition.endless && atom_is_empty_) return std::string(kRepeated);
    const auto repeated = atom_size_ * std::max<std::size_t>(repetition.times, 1);
    auto& level = levels_.back();
    level.size += repeated - atom_size_;
    atom_size_ = repeated;
    atom_is_empty_ = atom_is_empty_ || repetition.from_none;
    level.branch_is_empty = level.before_atom_is_empty && atom_is_empty_;
    return std::nullopt;
  }

  static constexpr std::string_view kRepeated =
      "what is repeated may be nothing, or is a repetition; write (a*) for (a*)*";

  std::string_view rest_;
  bool has_group_ = false;
  bool after_quantifier_ = false;
  std::size_t atom_size_ = 0;   // of what a repetition here would repeat
  bool atom_is_empty_ = false;  // whether that may match nothing
  std::vector<Level> levels_ = {{}};
};

}  // namespace

Result<std::shared_ptr<SeriesExpression>> SeriesExpression::compile(const std::string& pattern) {
  const auto wrong = [&](std::string_view what) {
    return fmt::format(
        "\"{}\" is not auto, source or a POSIX extended regular expression with a group: {}",
        pattern, what);
  };
  if (pattern.size() > kLongestPattern) {
    return fmt::format("the regular expression is longer than {} bytes", kLongestPattern);
  }
  if (const auto complaint = DialectCheck(pattern).complaint()) return wrong(*complaint);
  regex_t compiled;
  const int status = ::regcomp(&compiled, pattern.c_str(), REG_EXTENDED);
  if (status != 0) {
    std::array<char, 128> text{};
    ::regerror(status, &compiled, text.data(), text.size());
    return wrong(text.data());
  }
  return std::shared_ptr<SeriesExpression>(new SeriesExpression(pattern, compiled));
}

SeriesExpression::SeriesExpression(std::string pattern, const regex_t& compiled)
    : pattern_(std::move(pattern)), compiled_(compiled) {}

SeriesExpression::~SeriesExpression() { ::regfree(&compiled_); }

std::string SeriesExpression::groups(std::string_view key) {
  // To the engine a NUL ends the text.
  std::string text(key);
  std::replace(text.begin(), text.end(), '\0', '\1');
  const std::lock_guard lock(mutex_);
  if (matched_bytes_ > kMatchedBytesKept) forget_states();
  matched_bytes_ += text.size();
  std::vector<regmatch_t> groups(compiled_.re_nsub + 1);
  if (::regexec(&compiled_, text.c_str(), groups.size(), groups.data(), 0) != 0) return {};
  std::string joined;
  bool any = false;
  regoff_t last_begin = -1;
  regoff_t last_end = -1;
  for (std::size_t i = 1; i < groups.size(); ++i) {
    const auto& group = groups[i];
    const bool within = group.rm_so >= last_begin && group.rm_eo <= last_end;
    if (within && group.rm_so >= 0 && group.rm_so < last_end) continue;
    if (any) joined += '/';
    any = true;
    // It has its place all the same, so that no other one is taken for it.
    if (group.rm_so < 0) continue;
    last_begin = group.rm_so;
    last_end = group.rm_eo;
    joined += key.substr(static_cast<std::size_t>(group.rm_so),
                         static_cast<std::size_t>(group.rm_eo - group.rm_so));
  }
  const bool nothing = joined.find_first_not_of('/') == std::string::npos;
  return nothing ? std::string() : joined;
}

// What was compiled once compiles again, unless memory is short: then the old one serves on.
void SeriesExpression::forget_states() {
  regex_t fresh;
  if (::regcomp(&fresh, pattern_.c_str(), REG_EXTENDED) != 0) return;
  ::regfree(&compiled_);
  compiled_ = fresh;
  matched_bytes_ = 0;
}

}  // namespace agent
