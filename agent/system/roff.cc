#include "agent/system/roff.h"

#include <fmt/format.h>

namespace agent {
namespace {

constexpr std::size_t kWidth = 78;

// '-' is a hyphen to roff, and would not be found or pasted as the sign that options begin with.
std::string escaped(char c) {
  switch (c) {
    case '\\':
      return "\\e";
    case '-':
      return "\\-";
    case '\'':
      return "\\(aq";
    case '^':
      return "\\(ha";
    case '~':
      return "\\(ti";
    case '`':
      return "\\(ga";
    default:
      // NOLINTNEXTLINE(modernize-return-braced-init-list): that would be two characters
      return std::string(1, c);
  }
}

// Words of one text: which font they are in goes on from one to the next.
class Words {
 public:
  std::string emphasize(std::string_view word) {
    std::string out;
    for (std::size_t i = 0; i < word.size(); ++i) {
      if (word[i] == '`') {
        code_ = !code_;
        out += code_ ? "\\fB" : "\\fR";
      } else if (!code_ && word.substr(i, 2) == "**") {
        strong_ = !strong_;
        out += strong_ ? "\\fB" : "\\fR";
        ++i;
      } else {
        out += escaped(word[i]);
      }
    }
    return out;
  }

 private:
  bool code_ = false;
  bool strong_ = false;
};

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) out += escaped(c);
  return out;
}

bool ends_a_sentence(std::string_view word) {
  return !word.empty() && (word.back() == '.' || word.back() == '?') && !word.ends_with("...");
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

class Page {
 public:
  std::string convert(std::string_view page) {
    while (!page.empty()) {
      const auto end = std::min(page.find('\n'), page.size());
      add_line(page.substr(0, end));
      page.remove_prefix(std::min(page.size(), end + 1));
    }
    end_block();
    end_code();
    return std::move(out_);
  }

 private:
  void add_line(std::string_view line) {
    const auto text = trimmed(line);
    in_table_ = in_table_ && text.starts_with('|');
    const bool indented = line.starts_with("    ");
    if (text.empty()) return end_block();
    if (in_code_ && !indented) end_code();
    if (indented && block_.empty()) return add_code(line.substr(4));
    if (line.starts_with("## ")) return heading(".SS", line.substr(3));
    if (line.starts_with("# ")) return heading(".SH", line.substr(2));
    if (line.starts_with("| ")) return add_row(line);
    if (line.starts_with("- ")) return begin_item("\\(bu", line.substr(2));
    const auto dot = line.find(". ");
    if (dot < 3 && line.find_first_not_of("0123456789") == dot) {
      return begin_item(line.substr(0, dot + 1), line.substr(dot + 2));
    }
    block_ += (block_.empty() ? "" : " ") + std::string(text);
  }

  void heading(std::string_view request, std::string_view text) {
    end_block();
    out_ += fmt::format("{} {}\n", request, escaped(text));
    fresh_ = true;
  }
  void begin_item(std::string_view tag, std::string_view text) {
    end_block();
    item_ = fmt::format(".IP {} 4\n", tag);
    block_ = text;
  }
  // The first row is the table's head, which a list of tags has not.
  void add_row(std::string_view line) {
    end_block();
    const bool is_first = !in_table_;
    in_table_ = true;
    if (is_first || line.starts_with("| ---")) return;
    const auto bar = line.find(" | ", 2);
    if (bar == std::string_view::npos) return;
    auto rest = trimmed(line.substr(bar + 3));
    if (rest.ends_with('|')) rest.remove_suffix(1);
    Words words;
    out_ += roff_item(words.emphasize(trimmed(line.substr(2, bar - 2))), roff_text(trimmed(rest)));
    fresh_ = true;
  }
  void add_code(std::string_view line) {
    if (!in_code_) out_ += fresh_ ? ".RS 4\n.nf\n" : ".PP\n.RS 4\n.nf\n";
    for (; in_code_ && gap_ > 0; --gap_) out_ += "\n";
    in_code_ = true;
    gap_ = 0;
    if (line.starts_with('.') || line.starts_with('\'')) out_ += "\\&";
    out_ += escaped(line.substr(0, line.find_last_not_of(' ') + 1)) + "\n";
  }
  void end_code() {
    if (in_code_) out_ += ".fi\n.RE\n";
    in_code_ = false;
    fresh_ = false;
  }
  void end_block() {
    if (in_code_) ++gap_;
    if (block_.empty()) return;
    out_ += item_.empty() ? (fresh_ ? "" : ".PP\n") : item_;
    out_ += roff_text(block_);
    block_.clear();
    item_.clear();
    fresh_ = false;
  }

  std::string out_;
  std::string block_;  ///< the paragraph or item that goes on
  std::string item_;   ///< what it begins with; empty: it is a paragraph
  bool in_table_ = false;
  bool in_code_ = false;
  int gap_ = 0;        ///< empty lines in the code
  bool fresh_ = true;  ///< a heading stands right before, which makes the paragraph itself
};

}  // namespace

std::string roff_text(std::string_view text) {
  std::string out;
  std::string line;
  Words words;
  const auto end_line = [&] {
    if (line.empty()) return;
    // A request begins with one of these.
    if (line.front() == '.') out += "\\&";
    out += line + "\n";
    line.clear();
  };
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const auto raw = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + 1));
    const auto word = words.emphasize(raw);
    if (!line.empty() && line.size() + 1 + word.size() > kWidth) end_line();
    if (!line.empty()) line += ' ';
    line += word;
    if (ends_a_sentence(raw)) end_line();
  }
  end_line();
  return out;
}

std::string roff_bold(std::string_view word) { return fmt::format("\\fB{}\\fR", escaped(word)); }

std::string roff_item(std::string_view tag, std::string_view body) {
  return fmt::format(".TP\n{}\n{}", tag, body);
}

std::string roff_from_markdown(std::string_view page) { return Page().convert(page); }

}  // namespace agent
